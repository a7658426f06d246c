package ingest

import (
	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/uajson"
)

// unfold makes JSON of structures whose types the metadata describes. One that does not fit its description stays as it is.
func (l *layout) unfold(v *model.DataValue) {
	switch {
	case v.Value.Type() != model.TypeExtensionObject:
	case v.Value.IsArray():
		from := model.Elements[model.ExtensionObject](v.Value)
		to := make([]model.ExtensionObject, len(from))
		for i := range from {
			to[i] = l.unfolded(from[i])
		}
		v.Value = model.ArrayValue(to, v.Value.Dimensions()...)
	default:
		e := l.unfolded(v.Value.ExtensionObject())
		v.Value = model.ExtensionObjectValue(&e)
	}
}

func (l *layout) unfolded(e model.ExtensionObject) model.ExtensionObject {
	if e.Encoding != model.ExtensionBinary || !l.codec.Knows(e.TypeID) {
		return e
	}
	body, err := l.codec.AppendJSON(nil, e.TypeID, e.Body)
	if err != nil {
		return e
	}
	return model.ExtensionObject{TypeID: e.TypeID, Encoding: model.ExtensionJSON, Body: body}
}

// structure takes the numeric members of a structure, as far as they are few; the names of members are the elements of the series.
func (m *rowMaker) structure(l *layout, f *field, v *model.DataValue, ms int64) {
	e := v.Value.ExtensionObject()
	if e.Encoding != model.ExtensionJSON || m.elementLimit <= 0 {
		return
	}
	grown := false
	uajson.NumericMembers(e.Body, m.elementLimit, func(path string, n float64) {
		member := f.members[path]
		if member == nil {
			if len(f.members) >= m.elementLimit || m.live.size() >= m.maxSeries {
				return
			}
			if f.members == nil {
				f.members = map[string]*element{}
			}
			member = l.addElement(f, path, m.store, m.live.slot)
			f.members[path] = member
			grown = true
		}
		if n == n {
			m.points.add(&member.value, ms, n)
		}
		if m.repeat && m.time <= member.slot.time {
			return
		}
		live := model.DataValue{Value: model.DoubleValue(n), Status: v.Status, SourceTimestamp: v.SourceTimestamp, ServerTimestamp: v.ServerTimestamp}
		member.slot.set(&live, m.time, m.clock)
	})
	if grown && l.writer.current == l {
		m.live.show(l)
	}
}
