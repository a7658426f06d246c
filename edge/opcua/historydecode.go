package opcua

import (
	"fmt"
	"slices"

	"github.com/gopcua/opcua/id"

	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/uadp"
)

const (
	// maxHistoryPage bounds the values or events of one node in one answer of a server, whatever it was asked for.
	maxHistoryPage = 1 << 20
	// minModification is what a ModificationInfo takes at least: time, type and user name.
	minModification = 16
	// minHistoryResult is what a HistoryReadResult takes at least: status, continuation point and history data.
	minHistoryResult = 8 + minExtensionObject
	// minUpdateResult is what a HistoryUpdateResult takes at least: status and two arrays.
	minUpdateResult = 12
)

// The types of history (Part 11, 6.6).
var (
	typeHistoryData         = model.NumericID(0, id.HistoryData_Encoding_DefaultBinary)
	typeHistoryModifiedData = model.NumericID(0, id.HistoryModifiedData_Encoding_DefaultBinary)
	typeHistoryEvent        = model.NumericID(0, id.HistoryEvent_Encoding_DefaultBinary)
)

// historyPage is a HistoryReadResult (Part 4, 5.11.3) that owns its memory.
type historyPage struct {
	status        model.StatusCode
	point         []byte // the continuation point, nil for none
	values        []model.DataValue
	modifications []model.HistoryModification
	events        [][]model.Variant
}

// historyDecoder reads the pages of a response.
type historyDecoder struct{ response, body uadp.Binary }

// pages reads the results of a HistoryReadResponse behind its header.
func (d *historyDecoder) pages(nodes int) ([]historyPage, error) {
	r := &d.response
	n := r.Count(minHistoryResult)
	if n != nodes && n != 1 && r.Err() == nil {
		return nil, fmt.Errorf("%d results for %d nodes: %w", n, nodes, model.StatusBadUnknownResponse)
	}
	pages := make([]historyPage, max(n, 0))
	for i := range pages {
		p := &pages[i]
		p.status = r.StatusCode()
		if point := r.Bytes(); len(point) > 0 {
			p.point = append([]byte(nil), point...)
		}
		x := r.ExtensionObject()
		err := r.Err()
		if err == nil && x.Encoding == model.ExtensionBinary {
			err = d.data(p, &x)
		}
		if err != nil {
			return nil, fmt.Errorf("decode history: %w: %w", err, model.StatusBadDecodingError)
		}
	}
	switch {
	case r.Err() != nil:
		return nil, fmt.Errorf("decode history: %w: %w", r.Err(), model.StatusBadDecodingError)
	case n == nodes:
		return pages, nil
	case pages[0].status.IsBad(): // node-opcua says once what is wrong with all
		return slices.Repeat(pages, nodes), nil
	}
	return nil, fmt.Errorf("1 result for %d nodes: %w", nodes, model.StatusBadUnknownResponse)
}

// data reads the history in an ExtensionObject.
func (d *historyDecoder) data(p *historyPage, x *model.ExtensionObject) error {
	r := &d.body
	r.Nest(x.Body, &d.response)
	switch x.TypeID.NodeID {
	case typeHistoryData:
		p.readValues(r)
	case typeHistoryModifiedData:
		p.readValues(r)
		p.readModifications(r)
	case typeHistoryEvent:
		p.readEvents(r)
	default:
		return fmt.Errorf("history of type %s", x.TypeID)
	}
	return r.Err()
}

// count reads the length of an array of history.
func historyCount(r *uadp.Binary, size int) int {
	n := max(r.Count(size), 0)
	if n > maxHistoryPage {
		r.Fail(fmt.Errorf("%w: %d entries in one answer", uadp.ErrMalformed, n))
		return 0
	}
	return n
}

func (p *historyPage) readValues(r *uadp.Binary) {
	var v model.DataValue
	for range historyCount(r, 1) {
		if r.DataValue(&v); r.Err() != nil {
			return
		}
		p.values = append(p.values, v.Clone())
	}
}

func (p *historyPage) readModifications(r *uadp.Binary) {
	for range historyCount(r, minModification) {
		m := model.HistoryModification{Time: r.DateTime(), Kind: model.HistoryUpdateType(r.Uint32())}
		m.UserName = string(append([]byte(nil), r.String()...))
		if r.Err() != nil {
			return
		}
		p.modifications = append(p.modifications, m)
	}
	// asyncua tells no modifications at all
	if n := len(p.modifications); n != 0 && n != len(p.values) && r.Err() == nil {
		r.Fail(fmt.Errorf("%w: %d modifications of %d values", uadp.ErrMalformed, len(p.modifications), len(p.values)))
	}
}

func (p *historyPage) readEvents(r *uadp.Binary) {
	for range historyCount(r, 4) {
		var event []model.Variant
		for range historyCount(r, 1) {
			v := r.Variant()
			if r.Err() != nil {
				return
			}
			event = append(event, v.Clone())
		}
		if r.Err() != nil {
			return
		}
		p.events = append(p.events, event)
	}
}

// updateResult is a HistoryUpdateResult (Part 4, 5.11.5).
type updateResult struct {
	status     model.StatusCode
	operations []model.StatusCode
}

// updateResults reads the results of a HistoryUpdateResponse behind its header.
func updateResults(r *uadp.Binary, items int) ([]updateResult, error) {
	if n := r.Count(minUpdateResult); n != items && r.Err() == nil {
		return nil, fmt.Errorf("%d results for %d updates: %w", n, items, model.StatusBadUnknownResponse)
	}
	results := make([]updateResult, items)
	for i := range results {
		results[i].status = r.StatusCode()
		for range max(r.Count(4), 0) {
			results[i].operations = append(results[i].operations, r.StatusCode())
		}
		for range max(r.Count(1), 0) {
			if r.DiagnosticInfo(); r.Err() != nil {
				break
			}
		}
	}
	if r.Err() != nil {
		return nil, fmt.Errorf("decode history update: %w: %w", r.Err(), model.StatusBadDecodingError)
	}
	return results, nil
}
