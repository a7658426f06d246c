package ingest

import (
	"cmp"
	"context"
	"math"
	"strings"

	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/uajson"
)

// defaultGroup is the group of writers whose publisher names none.
const defaultGroup = "default"

// decodeJSON is decode for a frame in JSON. Its messages name their fields, so that metadata is not waited for; if there is some, it gives
// values their types.
func (d *frameDecoder) decodeJSON(ctx context.Context, f *Frame, l *layouts) error {
	if err := d.json.Decode(f.Data); err != nil {
		return dead(err)
	}
	n := 0
	for d.json.Next() {
		h := d.json.DataSet()
		switch h.Kind {
		case uajson.KeepAlive, uajson.MetaDataOf:
			continue
		case uajson.Event:
			if !d.keepEvents {
				return dead(errEvent)
			}
		}
		lay, err := l.open(ctx, jsonWriter(f, h), h.Version)
		if err != nil {
			return err
		}
		if lay.bare && len(lay.fields) == 0 && h.EndpointURL != "" {
			lay.meta.Server = strings.Clone(h.EndpointURL)
		}
		if h.Kind == uajson.Event {
			d.jsonEvent(f, h, lay, n)
			continue
		}
		lay.jsonTypes()
		d.json.SetTypes(lay.types)
		start := n
		if n, err = d.jsonFields(n, h, lay, l); err != nil {
			return err
		}
		if n > start {
			t := h.Timestamp
			if t.IsZero() {
				t = model.DateTimeOf(f.Time)
			}
			d.messages = append(d.messages, message{layout: lay, end: n, time: t, key: h.Kind == uajson.KeyFrame})
		}
	}
	if err := d.json.Err(); err != nil {
		return dead(err)
	}
	return nil
}

// jsonWriter names the writer of a DataSetMessage: as the subject does, else as the message does. Samples of OPC Publisher may name no
// writer; theirs is the server.
func jsonWriter(f *Frame, h *uajson.DataSetHeader) model.WriterKey {
	writer := model.WriterKey{Gateway: f.Gateway, Group: cmp.Or(f.Group, h.WriterGroupName, defaultGroup), Writer: cmp.Or(f.Writer, h.WriterName)}
	switch {
	case writer.Writer != "":
	case h.WriterID != 0 || h.Kind != uajson.Sample:
		writer.Writer = indexName(int(h.WriterID))
	default:
		writer.Writer = cmp.Or(h.EndpointURL, h.ApplicationURI, "samples")
	}
	return writer
}

// jsonTypes makes the types of the fields.
func (l *layout) jsonTypes() {
	if l.types != nil {
		return
	}
	l.types = &uajson.Types{}
	for _, f := range l.fields {
		l.types.Add(f.meta.Name, jsonType(f.meta))
	}
}

func jsonType(fm *model.FieldMetaData) uajson.FieldType {
	if fm.BuiltInType == model.TypeVariant {
		return uajson.FieldType{ValueRank: model.ValueRankAny}
	}
	return uajson.FieldType{Type: fm.BuiltInType, ValueRank: fm.ValueRank}
}

// jsonFields reads the fields of one DataSetMessage behind the first n and returns how many there are then.
func (d *frameDecoder) jsonFields(n int, h *uajson.DataSetHeader, lay *layout, l *layouts) (int, error) {
	var f uajson.Field
	for d.json.Field(&f) {
		name := f.Name
		if h.Kind == uajson.Sample && h.NodeID != "" {
			name, f.Index = h.NodeID, -1 // display names are not unique
		}
		if f.Index < 0 {
			known := len(lay.fields)
			at, err := l.field(lay, name)
			if err != nil {
				return n, err
			}
			if at == known {
				lay.types.Add(lay.fields[at].meta.Name, jsonType(lay.fields[at].meta))
			}
			f.Index = at
		}
		if f.Index > math.MaxUint16 {
			return n, dead(errFieldIndex)
		}
		field := d.room(n)
		field.Index, field.Value = uint16(f.Index), f.Value
		if lay.codec != nil {
			lay.unfold(&field.Value)
		}
		n++
	}
	return n, nil
}
