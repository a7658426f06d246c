package opcua

import (
	"sync"
	"time"

	"github.com/gopcua/opcua/ua"

	"github.com/shopfloor-iiot/shopfloor/edge"
	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/uadp"
)

// eventTaker is a sink of an item of events.
type eventTaker interface {
	// take takes one event: the values of all select clauses. They are valid during the call only. refresh asks for a ConditionRefresh.
	take(event []model.Variant) (refresh bool)
}

// eventList delivers the events of one notification (Part 4, 7.25.3).
func (s *subscription) eventList(r *uadp.Binary) {
	n, now := max(r.Count(minEvent), 0), time.Now()
	if r.Err() != nil {
		s.undecodable(r.Err(), 1)
	}
	if !s.live {
		s.p.figures.arrived(now, n)
	}
	for i := range n {
		it := s.item(r.Uint32())
		s.readEvent(r, it)
		if r.Err() != nil {
			s.undecodable(r.Err(), n-i)
			return
		}
		if it == nil || it.events == nil || !s.passes(it) { // it was removed meanwhile, or the server mixes up its items
			continue
		}
		status := model.StatusCode(0)
		if isEventType(s.decoder.event[it.events.eventType], idEventQueueOverflow) {
			status = overflowStatus
			s.p.figures.overflows.Add(1)
			s.overflowed(it, &model.DataValue{}, now)
		}
		it.counts.arrived(now, status)
		if to, ok := it.sink.(eventTaker); ok {
			refresh := to.take(s.decoder.event[:len(it.events.selects)])
			s.stores.add(it.sink)
			if refresh {
				s.refresh(it)
			}
		}
	}
}

// overflowStatus is Good with the overflow bit (Part 4, 7.39.1), which is how the count of an item learns of an EventQueueOverflowEvent.
const overflowStatus model.StatusCode = 0x0480

// readEvent reads the fields of one event. What an item did not ask for is skipped, what it lacks is null.
func (s *subscription) readEvent(r *uadp.Binary, it *item) {
	want := 0
	if it != nil && it.events != nil {
		want = len(it.events.selects)
		if local := it.localWhere(); local != nil {
			want += len(local.extra)
		}
	}
	event := s.decoder.event[:0]
	for range max(r.Count(1), 0) {
		v := r.Variant()
		if r.Err() != nil {
			return
		}
		if len(event) < want {
			event = append(event, v)
		}
	}
	for len(event) < want {
		event = append(event, model.Variant{})
	}
	s.decoder.event = event
}

// isEventType tells whether an EventType is a type of namespace 0.
func isEventType(v model.Variant, id uint32) bool {
	switch v.Type() {
	case model.TypeExpandedNodeID:
		e := v.ExpandedNodeID()
		return e.NamespaceURI == "" && e.NodeID == model.NumericID(0, id)
	case model.TypeNodeID:
		return v.NodeID() == model.NumericID(0, id)
	}
	return false
}

// judge notes what the server says of an item's filter.
func (s *subscription) judge(it *item, x *ua.ExtensionObject) {
	if it.events == nil {
		return
	}
	r := it.events.result(x)
	s.mu.Lock()
	defer s.mu.Unlock()
	it.notifier.filter = r
}

// eventSink puts events into the DataSet of a writer.
type eventSink struct {
	key    model.WriterKey
	filter *eventFilter

	mu         sync.Mutex // held while events are handed over, so that a state of conditions does not overtake its event
	set        edge.EventSet
	conditions *conditions // nil for a writer without; never changed
}

var (
	_ sink       = (*eventSink)(nil)
	_ eventTaker = (*eventSink)(nil)
)

func (e *eventSink) take(event []model.Variant) (refresh bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case e.conditions != nil:
		return e.conditions.take(event)
	case !isRefresh(event[e.filter.eventType]): // which another writer of the subscription wants
		e.hand(event)
	}
	return false
}

// hand puts an event into the DataSet. mu is held.
func (e *eventSink) hand(event []model.Variant) { e.set.PutEvent(event[:e.filter.fields]) }

// snapshot sends what is due of the state of conditions, and returns when something is due next; the zero time for never.
func (e *eventSink) snapshot(now time.Time, connected bool) time.Time {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.conditions.send(now, connected)
}

// replace gives the sink another DataSet.
func (e *eventSink) replace(set edge.EventSet, c *model.ConditionSnapshots) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.set = set
	if e.conditions != nil {
		e.conditions.configure(c, time.Now())
	}
}

// put is for values. Some servers send that of the attribute EventNotifier when a subscription is taken over.
func (e *eventSink) put(*model.DataValue) {}

// refused and accepted are shown by the status of the writer.
func (e *eventSink) refused(model.StatusCode, string) {}
func (e *eventSink) accepted()                        {}

// author is the writer of the events.
func (e *eventSink) author() model.WriterKey { return e.key }

// durable is the DataSet, nil when it does not tell what is stored.
func (e *eventSink) durable() edge.Durable {
	e.mu.Lock()
	defer e.mu.Unlock()
	d, _ := e.set.(edge.Durable)
	return d
}
