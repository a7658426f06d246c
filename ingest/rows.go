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

// rowMaker turns decoded messages into rows and live values. It belongs to one goroutine and does not allocate per value,
// except to clone the live values of arrays and structures.
type rowMaker struct {
	live         *Live
	store        Store
	maxBackfill  int64 // milliseconds
	elementLimit int
	maxSeries    int

	rows []Row
	// serial numbers frames, so that a series knows whether its newest row is of this one.
	serial uint64
	// start is where the rows of this frame begin.
	start int
	// earliest and latest are the bounds of times in this frame, in milliseconds.
	earliest, latest int64
	// unordered says that the time of a series went back within this frame.
	unordered bool
	// superseded counts samples that a later one of the same millisecond and frame replaced.
	superseded int
	seen       map[rowKey]struct{}
}

// rowKey names a row by its series, whose name is in memory once, and its time.
type rowKey struct {
	name *byte
	time int64
}

// frame appends the rows of a decoded frame and brings its live values up to date. repeat says that newer frames of the gateway
// may have been processed already: older values do not replace newer live ones then. It returns how many values the frame
// had and how many of them were screened.
func (m *rowMaker) frame(f *Frame, d *frameDecoder, repeat bool) (values, screened int) {
	m.serial++
	m.start, m.unordered = len(m.rows), false
	arrival := f.Time.UnixMilli()
	m.earliest, m.latest = arrival-m.maxBackfill, arrival+maxFuture.Milliseconds()
	for i := range d.messages {
		msg := &d.messages[i]
		screened += m.message(msg, d.fields[values:msg.end], repeat)
		values = msg.end
	}
	if m.unordered {
		m.dropSuperseded()
	}
	return values, screened
}

func (m *rowMaker) message(msg *message, fields []uadp.Field, repeat bool) (screened int) {
	w := msg.layout.writer
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.current != msg.layout && (w.current == nil || !repeat) {
		m.live.show(msg.layout)
	}
	clock := w.clock.Load() + 1
	for i := range fields {
		index, v := int(fields[i].Index), &fields[i].Value
		t := v.Time()
		if t.IsZero() {
			t = msg.time
		}
		if why := m.value(msg.layout, index, v, t.UnixMilli()); why != stored {
			w.screened[why]++
			screened++
		}
		if f := &msg.layout.fields[index]; !repeat || t > f.slot.time {
			f.slot.set(v, t, clock)
			if len(f.elements) > 0 {
				setElements(f.elements, v, t, clock)
			}
		}
	}
	w.values += uint64(len(fields))
	w.clock.Store(clock)
	return screened
}

// value appends the rows of one value at time ms.
func (m *rowMaker) value(l *layout, index int, v *model.DataValue, ms int64) reason {
	switch {
	case ms > m.latest:
		return reasonFuture
	case ms < m.earliest:
		return reasonOld
	}
	f := &l.fields[index]
	if !f.hasStatus || f.lastStatus != v.Status {
		f.lastStatus, f.hasStatus = v.Status, true
		m.row(&f.status, ms, float64(v.Status))
	}
	switch {
	case v.Status.IsBad():
		if f.value.name != nil {
			m.row(&f.value, ms, staleMarker)
		}
		m.staleElements(f.elements, ms)
	case v.Value.IsArray():
		return m.array(l, index, v.Value, ms)
	case f.value.name != nil:
		n, ok := v.Value.Number()
		if n != n {
			return reasonNaN
		}
		if ok {
			m.row(&f.value, ms, n)
		}
	}
	return stored
}

// array appends a row per element of a small numeric array, and ends the series of elements that are no longer there.
func (m *rowMaker) array(l *layout, index int, v model.Variant, ms int64) (why reason) {
	n := v.Len()
	if t := v.Type(); !t.Numeric() && t != model.TypeBoolean && t != model.TypeDateTime && t != model.TypeStatusCode {
		n = 0
	}
	f := &l.fields[index]
	if n > len(f.elements) && n <= m.elementLimit && m.live.size()+n <= m.maxSeries {
		l.addElements(index, n, m.store, m.live.slot)
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
		m.row(&f.elements[i].value, ms, number)
	}
	m.staleElements(f.elements[n:], ms)
	return why
}

func (m *rowMaker) staleElements(elements []element, ms int64) {
	for i := range elements {
		m.row(&elements[i].value, ms, staleMarker)
	}
}

// setElements brings the live values of elements up to date with the field's value.
func setElements(elements []element, v *model.DataValue, t model.DateTime, clock uint64) {
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

// row appends a sample, or replaces the one that the series has at the same millisecond in this frame.
func (m *rowMaker) row(s *series, ms int64, v float64) {
	if s.serial == m.serial {
		if s.time == ms {
			m.rows[s.row].Value = v
			m.superseded++
			return
		}
		m.unordered = m.unordered || ms < s.time
	}
	s.serial, s.time, s.row = m.serial, ms, len(m.rows)
	m.rows = append(m.rows, Row{Name: s.name, Time: ms, Value: v})
}

// dropSuperseded removes all but the last sample of each series and millisecond of this frame. Only a frame in which the time of
// a series goes back can have samples that row did not find.
func (m *rowMaker) dropSuperseded() {
	if m.seen == nil {
		m.seen = map[rowKey]struct{}{}
	}
	clear(m.seen)
	keep := len(m.rows)
	for i := len(m.rows) - 1; i >= m.start; i-- {
		r := m.rows[i]
		key := rowKey{&r.Name[0], r.Time}
		if _, later := m.seen[key]; later {
			m.superseded++
			continue
		}
		m.seen[key] = struct{}{}
		keep--
		m.rows[keep] = r
	}
	m.rows = append(m.rows[:m.start], m.rows[keep:]...)
}

// reset forgets the rows, which were appended to the store.
func (m *rowMaker) reset() {
	m.rows = m.rows[:0]
	m.start = 0
}
