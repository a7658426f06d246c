package opcua

import (
	"context"
	"fmt"
	"strings"

	"github.com/gopcua/opcua/ua"

	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/uadp"
)

// maxShown bounds a value in a message, in bytes.
const maxShown = 120

// verify reads back what was written and is to be verified: all of it in as few requests as reading takes. What the server keeps it from is told by item; the
// writes stand.
func (w *writing) verify(ctx context.Context) {
	var reads []*ua.ReadValueID
	var which []int // read → request
	for j, i := range w.whose {
		if w.values[i].Verify && !w.results[i].Status.IsBad() {
			r := w.requests[j]
			reads = append(reads, &ua.ReadValueID{NodeID: r.NodeID, AttributeID: r.AttributeID, IndexRange: r.IndexRange})
			which = append(which, j)
		}
	}
	if len(reads) == 0 {
		return
	}
	values, err := w.session.readValues(ctx, reads)
	for k, j := range which {
		if err != nil {
			w.results[w.whose[j]].Verification = unreadable(statusOf(err, model.StatusBadUnexpectedError), err.Error())
			continue
		}
		w.results[w.whose[j]].Verification = w.compare(ctx, w.requests[j], &w.values[w.whose[j]], &values[k])
	}
}

func unreadable(status model.StatusCode, reason string) *model.Verification {
	v := &model.Verification{Outcome: model.VerifiedUnreadable, Difference: "cannot be read back: " + reason}
	v.Read.Status = status
	return v
}

// compare compares the encoded value, which is what was written after all coercion, with what the node has.
func (w *writing) compare(ctx context.Context, sent *valueToWrite, asked *model.WriteValue, now *model.DataValue) *model.Verification {
	if now.Status.IsBad() && now.Status != asked.Quality {
		v := unreadable(now.Status, now.Status.Name())
		v.Read.DataValue = *now
		return v
	}
	var r uadp.Binary
	r.Reset(sent.Value.encodedVariant, w.session.namespaces)
	wrote := r.Variant().Clone()
	if r.Err() != nil {
		return unreadable(model.StatusBadDecodingError, r.Err().Error())
	}
	equal := wrote.Equal(now.Value)
	// Structures were compared as their bytes and are told by their members. Where that fails they stay as they came.
	_ = w.session.unfold(ctx, []*model.Variant{&wrote, &now.Value})
	v := &model.Verification{Outcome: model.Verified, Read: model.ReadResult{DataValue: *now}}
	switch {
	case !equal:
		v.Difference = difference(wrote, now.Value)
	case asked.Quality != 0 && now.Status != asked.Quality:
		v.Difference = fmt.Sprintf("wrote status %s, the node has %s", asked.Quality.Name(), now.Status.Name())
	case asked.SourceTimestamp != 0 && now.SourceTimestamp != asked.SourceTimestamp:
		v.Difference = fmt.Sprintf("wrote source timestamp %s, the node has %s", asked.SourceTimestamp, now.SourceTimestamp)
	default:
		return v
	}
	v.Outcome = model.VerifiedDifferent
	return v
}

// difference tells how two values differ: of arrays of the same length by their first elements that do.
func difference(wrote, now model.Variant) string {
	if wrote.Type() != now.Type() || wrote.IsArray() != now.IsArray() {
		return fmt.Sprintf("wrote %s %s, the node has %s %s", wrote.TypeName(), shown(wrote), now.TypeName(), shown(now))
	}
	if !wrote.IsArray() {
		return fmt.Sprintf("wrote %s, the node has %s", shown(wrote), shown(now))
	}
	if wrote.Len() != now.Len() {
		return fmt.Sprintf("wrote %d elements, the node has %d", wrote.Len(), now.Len())
	}
	for i := range wrote.Len() {
		if a, b := wrote.Element(i), now.Element(i); !a.Equal(b) {
			return fmt.Sprintf("element %d: wrote %s, the node has %s", i, shown(a), shown(b))
		}
	}
	return fmt.Sprintf("wrote dimensions %v, the node has %v", wrote.Dimensions(), now.Dimensions())
}

func shown(v model.Variant) string {
	text := string(v.AppendJSON(nil))
	if len(text) > maxShown {
		text = strings.ToValidUTF8(text[:maxShown], "") + "…"
	}
	return text
}
