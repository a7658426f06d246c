package edge

import (
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/uadp"
)

// EventSet takes the events of one writer. It is the DataSet that *Publisher opens for a DataSetWriter with Events.
type EventSet interface {
	DataSet
	// PutEvent appends one event to the writer's open frame: a DataSetMessage of kind Event (Part 14, 7.2.4.5.7) with the values of all
	// fields, in the order of the metadata; what an event lacks is null. A value that cannot be encoded goes out as a StatusCode that says so, and is
	// counted as refused. Otherwise it is as Put.
	PutEvent(fields []model.Variant)
}

var (
	_ EventSet = eventSet{}
	_ Durable  = eventSet{}
)

// eventSet is a dataSet whose DataSetMessages are events: the frame is closed, numbered and stored in the same way.
type eventSet struct{ *dataSet }

// newEventSet makes d one of events.
func newEventSet(d *dataSet) eventSet {
	d.message.Kind, d.message.Encoding = uadp.Event, uadp.EncodingVariant
	d.message.Content |= uadp.DataSetTimestamp
	return eventSet{d}
}

// Put implements DataSet: an event has no single values.
func (e eventSet) Put(int, *model.DataValue) { e.publisher.dropped.Add(1) }

// PutEvent implements EventSet.
func (e eventSet) PutEvent(fields []model.Variant) {
	d := e.dataSet
	d.mu.Lock()
	if d.replaced {
		next := d.next
		d.mu.Unlock()
		if !next.putEvent(fields) {
			d.publisher.dropped.Add(1)
		}
		return
	}
	defer d.mu.Unlock()
	if len(fields) != len(d.counts) {
		d.publisher.dropped.Add(1)
		return
	}
	d.event = e.encode(d.event[:0], fields)
	if len(d.messages) == maxMessages || d.values > 0 && d.bytes+len(d.event) > maxJoined {
		d.close()
	}
	d.message.Timestamp = model.DateTimeOf(time.Now())
	m := d.delta(len(d.messages))
	m.body = append(m.body, d.event...)
	m.end, m.fields = len(m.body), uint16(len(fields))
	d.values++
	d.bytes += len(d.event)
	if d.bytes >= d.publisher.cfg.MaxFrameBytes || d.values >= d.publisher.cfg.MaxFrameValues {
		d.close()
	}
}

// encode appends the fields to dst.
func (e eventSet) encode(dst []byte, fields []model.Variant) []byte {
	for i := range fields {
		next, err := uadp.AppendField(dst, &model.DataValue{Value: fields[i]}, uadp.EncodingVariant)
		if err != nil {
			e.publisher.refused.Add(1)
			// A status has no way to fail.
			next, _ = uadp.AppendField(dst, &model.DataValue{Status: model.StatusBadEncodingError}, uadp.EncodingVariant)
		}
		dst = next
	}
	return dst
}
