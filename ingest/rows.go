package ingest

import (
	"math"

	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/uadp"
)

// staleMarker is Prometheus' StaleNaN: the series has no value from here on.
var staleMarker = math.Float64frombits(0x7ff0000000000002)

// reason tells why a value was not stored.
type reason int

const (
	reasonNaN    reason = iota // NaN, which the store drops silently
	reasonFuture               // a time too far ahead of the frame's arrival
	reasonOld                  // a time before what the store keeps
	reasons
	stored = reasons
)

var reasonNames = [reasons]string{"nan", "future", "old"}

// rowMaker turns decoded messages into samples, text and live values. It belongs to one goroutine and does not allocate per
// value, except to clone the live values of arrays and structures, and text.
type rowMaker struct {
	live         *Live
	store        Store
	maxBackfill  int64 // milliseconds
	elementLimit int
	maxSeries    int
	// keepText says that values which are no numbers have a place to go to.
	keepText bool

	points points
	texts  []TextValue
	// earliest and latest are the bounds of times in this frame, in milliseconds.
	earliest, latest int64
	// late is that of this frame, and repeat tells whether newer ones came before.
	late   uint64
	repeat bool
	// time and clock are those of the current value, for its live elements.
	time  model.DateTime
	clock uint64
}

// frame takes the values of a decoded frame and brings the live values up to date. repeat says that newer frames of the gateway
// may have been processed already: older values do not replace newer live ones then. It returns how many values the frame
// had and how many of them were screened.
func (m *rowMaker) frame(f *Frame, d *frameDecoder, repeat bool) (values, screened int) {
	m.points.begin()
	m.late, m.repeat = f.Late, repeat
	arrival := f.Time.UnixMilli()
	m.earliest, m.latest = arrival-m.maxBackfill, arrival+maxFuture.Milliseconds()
	for i := range d.messages {
		msg := &d.messages[i]
		screened += m.message(msg, d.fields[values:msg.end])
		values = msg.end
	}
	m.points.end()
	return values, screened
}

func (m *rowMaker) message(msg *message, fields []uadp.Field) (screened int) {
	w := msg.layout.writer
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.current != msg.layout && (w.current == nil || !m.repeat) || w.current == msg.layout && msg.layout.grown {
		m.live.show(msg.layout)
	}
	clock := w.clock.Load() + 1
	for i := range fields {
		index, v := int(fields[i].Index), &fields[i].Value
		if msg.key && msg.layout.fields[index].slot.repeats(v) {
			continue
		}
		t := v.Time()
		if t.IsZero() {
			t = msg.time
		}
		m.time, m.clock = t, clock
		if why := m.value(msg.layout, index, v, t.UnixMilli()); why != stored {
			w.screened[why]++
			screened++
		}
		if f := msg.layout.fields[index]; !m.repeat || t > f.slot.time {
			f.slot.set(v, t, clock)
			if len(f.elements) > 0 && f.members == nil {
				setElements(f.elements, v, t, clock)
			}
		}
	}
	w.values += uint64(len(fields))
	w.clock.Store(clock)
	return screened
}

// value takes one value at time ms.
func (m *rowMaker) value(l *layout, index int, v *model.DataValue, ms int64) reason {
	switch {
	case ms > m.latest:
		return reasonFuture
	case ms < m.earliest:
		return reasonOld
	}
	f := l.fields[index]
	if m.newStatus(f, v.Status) {
		m.points.add(&f.status, ms, float64(v.Status))
	}
	// A field that has no series of numbers shows a gap in its history by its Bad values.
	if m.keepText && (isText(v) || f.kind == fieldOther && v.Status.IsBad()) {
		m.texts = append(m.texts, TextValue{Series: f.slot.id, Time: ms, Value: cloneValue(v)})
	}
	switch {
	case v.Status.IsBad():
		if f.value.name != nil {
			m.points.add(&f.value, ms, staleMarker)
		}
		m.staleElements(f.elements, ms)
	case v.Value.IsArray():
		return m.array(l, f, v.Value, ms)
	case v.Value.Type() == model.TypeExtensionObject:
		m.structure(l, f, v, ms)
	case f.value.name != nil:
		n, ok := v.Value.Number()
		if n != n {
			return reasonNaN
		}
		if ok {
			m.points.add(&f.value, ms, n)
		}
	}
	return stored
}

// newStatus tells whether a status is to be written: when it changes. The changes of a backlog are none of those of the newer frames that went
// before it and are going on beside it.
func (m *rowMaker) newStatus(f *field, status model.StatusCode) bool {
	if m.late != 0 {
		same := f.late == m.late && f.lateStatus == status
		f.late, f.lateStatus = m.late, status
		return !same
	}
	same := f.hasStatus && f.lastStatus == status
	f.lastStatus, f.hasStatus = status, true
	return !same
}

// maxExact is the largest integer up to which a float64 holds every one.
const maxExact = 1 << 53

// isText tells whether a value cannot be stored as the number it is, or is none.
func isText(v *model.DataValue) bool {
	switch t := v.Value.Type(); {
	case v.Value.IsArray():
		return true
	case v.Value.IsNull() || t == model.TypeBoolean || t == model.TypeDateTime || t == model.TypeStatusCode:
		return false
	case t == model.TypeInt64:
		i := v.Value.Int()
		return i > maxExact || i < -maxExact
	case t == model.TypeUInt64:
		return v.Value.Uint() > maxExact
	default:
		return !t.Numeric()
	}
}

func cloneValue(v *model.DataValue) model.DataValue {
	c := *v
	c.Value = v.Value.Clone()
	return c
}

// array takes the elements of a small numeric array, and ends the series of elements that are no longer there.
func (m *rowMaker) array(l *layout, f *field, v model.Variant, ms int64) (why reason) {
	n := v.Len()
	if t := v.Type(); !t.Numeric() && t != model.TypeBoolean && t != model.TypeDateTime && t != model.TypeStatusCode {
		n = 0
	}
	if n > len(f.elements) && n <= m.elementLimit && m.live.size()+n <= m.maxSeries {
		l.addElements(f, n, m.store, m.live.slot)
		if l.writer.current == l {
			m.live.show(l)
		}
	}
	if n > len(f.elements) {
		n = 0 // too long
	}
	why = stored
	for i := range f.elements[:n] {
		number, _ := v.Element(i).Number()
		if number != number {
			why = reasonNaN
			continue
		}
		m.points.add(&f.elements[i].value, ms, number)
	}
	m.staleElements(f.elements[n:], ms)
	return why
}

func (m *rowMaker) staleElements(elements []*element, ms int64) {
	for _, e := range elements {
		m.points.add(&e.value, ms, staleMarker)
	}
}

// setElements brings the live values of elements up to date with the field's value.
func setElements(elements []*element, v *model.DataValue, t model.DateTime, clock uint64) {
	n := 0
	if v.Value.IsArray() {
		n = v.Value.Len()
	}
	for i := range elements {
		e := *v
		switch {
		case i < n:
			e.Value = v.Value.Element(i)
		case v.Status.IsBad():
			e.Value = model.Variant{}
		default:
			e.Value, e.Status = model.Variant{}, model.StatusBadIndexRangeNoData
		}
		elements[i].slot.set(&e, t, clock)
	}
}

// emit moves all that was taken into b.
func (m *rowMaker) emit(b *batch) {
	b.superseded += m.points.superseded
	m.points.superseded = 0
	b.rows = m.points.emit(b.rows)
	b.texts = append(b.texts, m.texts...)
	clear(m.texts)
	m.texts = m.texts[:0]
}

// reset forgets all that was taken.
func (m *rowMaker) reset() {
	m.points.reset()
	clear(m.texts)
	m.texts, m.points.superseded = m.texts[:0], 0
}
