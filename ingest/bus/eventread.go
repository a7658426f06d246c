package bus

import (
	"bytes"
	"container/heap"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/shopfloor-iiot/shopfloor/model"
)

const (
	// maxEventLimit bounds one answer of Events in events, maxEventPage in bytes.
	maxEventLimit = 10_000
	maxEventPage  = 16 << 20
	// maxEventScan is how many events one call looks at, but for those of the hour that it is at. It bounds what a filter costs that
	// selects few.
	maxEventScan = 100_000
	// minEventPiece is how many events are read with the first consumer at least, each later one reads more, up to maxEventPiece; and
	// eventFilters of how many hours at most.
	minEventPiece = 256
	maxEventPiece = 8192
	eventFilters  = 48
)

// Events returns stored events, the newest first, each once. An answer of fewer events than the limit may have a Next: then it
// looked at 100,000 events, or found 16 MiB, and goes on from there when asked to.
//
// It reads whole hours, newest first, since the subjects of the stream tell those apart; within one hour events may have been stored in
// any order.
func (c *Conn) Events(ctx context.Context, q model.EventQuery) (model.EventPage, error) {
	if q.Limit < 1 || q.Limit > maxEventLimit {
		return model.EventPage{}, fmt.Errorf("read events: limit %d: use 1 to %d", q.Limit, maxEventLimit)
	}
	a := eventAnswer{query: q, limit: q.Limit}
	hours, err := c.eventHours(ctx, &q)
	if err != nil {
		return model.EventPage{}, fmt.Errorf("read events: %w", err)
	}
	want := uint64(max(q.Limit, minEventPiece))
	for !a.full() && a.scanned < maxEventScan && hours.more() {
		piece, err := hours.next(ctx, want)
		want = min(2*want, maxEventPiece)
		if err == nil && len(piece) > 0 {
			err = c.readHours(ctx, piece, hours, &a)
			a.upTo = piece[len(piece)-1].begin
		}
		if err != nil {
			return model.EventPage{}, fmt.Errorf("read events: %w", err)
		}
	}
	return a.page(hours.more()), nil
}

// eventAnswer collects the newest events of a query.
type eventAnswer struct {
	query   model.EventQuery
	limit   int
	found   eventHeap
	known   map[string]bool
	head    []byte // memory of decode
	bytes   int
	scanned int
	cut     bool      // something that was found had no room
	upTo    time.Time // all events from here on were looked at
}

func (a *eventAnswer) full() bool { return a.cut || len(a.found) > a.limit }

// add takes a payload, if it is among the newest. What does not decode was published by another program, past this package.
func (a *eventAnswer) add(payload []byte) {
	a.scanned++
	var e storedEvent
	if e.decode(payload, &a.head) != nil {
		return
	}
	p, q := e.Position(), &a.query
	switch {
	case q.From > 0 && e.At < q.From, q.To > 0 && e.At >= q.To, !q.After.IsZero() && p.Compare(q.After) >= 0, a.known[e.ID]:
		return
	case len(a.found) > a.limit && p.Compare(a.found[0].Position()) < 0, !q.Filter.Matches(&e.Event):
		return
	}
	if a.known == nil {
		a.known = map[string]bool{}
	}
	a.known[e.ID] = true
	e.size = len(payload)
	a.bytes += e.size
	heap.Push(&a.found, &e)
	for len(a.found) > a.limit+1 || a.bytes > maxEventPage && len(a.found) > 1 {
		a.cut = a.cut || len(a.found) <= a.limit+1
		// Should it come again, it is still too old.
		oldest := heap.Pop(&a.found).(*storedEvent)
		delete(a.known, oldest.ID)
		a.bytes -= oldest.size
		if a.cut {
			a.limit = min(a.limit, len(a.found))
		}
	}
}

// page makes the answer. more says that there are hours that were not looked at.
func (a *eventAnswer) page(more bool) (page model.EventPage) {
	slices.SortFunc(a.found, func(x, y *storedEvent) int { return y.Position().Compare(x.Position()) })
	cut := a.cut || len(a.found) > a.limit
	for _, e := range a.found[:min(len(a.found), a.limit)] {
		if e.complete() == nil {
			page.Events = append(page.Events, e.Event)
		}
	}
	switch n := len(page.Events); {
	case cut && n > 0:
		page.Next = page.Events[n-1].Position()
	case more:
		page.Next = model.EventPosition{At: model.DateTimeOf(a.upTo)}
	}
	return page
}

// storedEvent is an event whose fields are decoded when it is known to be wanted.
type storedEvent struct {
	model.Event
	Fields json.RawMessage `json:"fields"` // in place of those of Event
	size   int
}

// beforeFields is what stands before the fields in the form of EventStore, where they are the last member. It cannot stand within a string.
var beforeFields = []byte(`,"fields":`)

// decode reads what a filter may ask for, and leaves the fields for complete: mostly they are the larger part. head is memory for it.
func (e *storedEvent) decode(payload []byte, head *[]byte) error {
	i := bytes.Index(payload, beforeFields)
	if i < 0 || payload[len(payload)-1] != '}' {
		return json.Unmarshal(payload, e)
	}
	*head = append(append((*head)[:0], payload[:i]...), '}')
	e.Fields = payload[i+len(beforeFields) : len(payload)-1]
	return json.Unmarshal(*head, &e.Event)
}

// complete decodes the fields.
func (e *storedEvent) complete() error {
	if err := json.Unmarshal(e.Fields, &e.Event.Fields); err != nil {
		return fmt.Errorf("fields of event %s: %w", e.ID, err)
	}
	return nil
}

// eventHeap has the oldest event on top.
type eventHeap []*storedEvent

func (h eventHeap) Len() int           { return len(h) }
func (h eventHeap) Less(i, j int) bool { return h[i].Position().Compare(h[j].Position()) < 0 }
func (h eventHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *eventHeap) Push(x any)        { *h = append(*h, x.(*storedEvent)) }
func (h *eventHeap) Pop() any {
	last := len(*h) - 1
	x := (*h)[last]
	*h = (*h)[:last]
	return x
}

// eventHour is one hour with events that a query may want.
type eventHour struct {
	begin  time.Time
	filter string
	events uint64
}

// eventHours goes over the hours of a query, newest first. Days are looked up one by one, but for months without events.
type eventHours struct {
	stream   jetstream.Stream
	subjects string    // "ua.event.<gateway>.<server>" with wildcards
	from, to time.Time // from <= hour < to
	day      time.Time // the day before which all is looked up
	found    []eventHour
	// left is how many of the events up to the sequence last were not read yet: with none the search ends before from.
	left, last uint64
}

// eventBacklog is how long a frame may have waited for the core, at most, so that none of its events is before the time from which on they
// are looked for.
const eventBacklog = 30 * 24 * time.Hour

// eventHours makes the span of a query: from the oldest event that the stream may have, to the newest one.
func (c *Conn) eventHours(ctx context.Context, q *model.EventQuery) (h *eventHours, err error) {
	h = &eventHours{subjects: prefixEvent + anyOrAll(q.Filter.Gateway) + "." + anyOrAll(q.Filter.Server)}
	if h.stream, err = c.js.Stream(ctx, StreamEvent); err != nil {
		return nil, fmt.Errorf("look up stream %s: %w", StreamEvent, err)
	}
	st := h.stream.CachedInfo().State
	if h.left, h.last = st.Msgs, st.LastSeq; st.Msgs == 0 {
		return h, nil
	}
	if q.Filter.Gateway != "" || q.Filter.Server != "" {
		if h.left, err = c.countMessages(ctx, StreamEvent, h.subjects+".>"); err != nil {
			return nil, err
		}
	}
	h.from, h.to = st.FirstTime.Add(-model.MaxEventAge-eventBacklog).UTC(), st.LastTime.Add(model.MaxEventAhead).UTC()
	if t := q.From.Time(); t.After(h.from) {
		h.from = t
	}
	for _, bound := range [...]model.DateTime{q.To, q.After.At} {
		if t := bound.Time().Add(time.Microsecond); bound > 0 && t.Before(h.to) {
			h.to = t
		}
	}
	h.day = h.to.Truncate(24 * time.Hour).Add(24 * time.Hour)
	return h, nil
}

func anyOrAll(name string) string {
	if name == "" {
		return "*"
	}
	return anyName(name)
}

// countMessages returns how many messages of a subject a stream has.
func (c *Conn) countMessages(ctx context.Context, stream, subject string) (uint64, error) {
	cons, err := c.js.OrderedConsumer(ctx, stream, jetstream.OrderedConsumerConfig{FilterSubjects: []string{subject}})
	if err != nil {
		return 0, fmt.Errorf("count messages of %s: %w", subject, err)
	}
	defer c.forget(cons, stream)
	return cons.CachedInfo().NumPending, nil
}

func (h *eventHours) more() bool { return h.left > 0 && (len(h.found) > 0 || h.day.After(h.from)) }

// next takes the next hours that have events, until they have as many as are wanted; none at the end.
func (h *eventHours) next(ctx context.Context, want uint64) (piece []eventHour, err error) {
	for events := uint64(0); events < want && events < h.left && len(piece) < eventFilters; {
		if len(h.found) > 0 {
			events += h.found[0].events
			piece = append(piece, h.found[0])
			h.found = h.found[1:]
			continue
		}
		if !h.day.After(h.from) {
			break
		}
		if h.day.Day() == 1 {
			empty, err := h.emptyMonth(ctx, h.day.AddDate(0, -1, 0))
			if err != nil {
				return nil, err
			}
			if empty {
				h.day = h.day.AddDate(0, -1, 0)
				continue
			}
		}
		h.day = h.day.AddDate(0, 0, -1)
		if err := h.lookUp(ctx); err != nil {
			return nil, err
		}
	}
	return piece, nil
}

// emptyMonth tells whether a month has no events.
func (h *eventHours) emptyMonth(ctx context.Context, month time.Time) (bool, error) {
	_, err := h.stream.GetLastMsgForSubject(ctx, h.subjects+month.Format("."+eventMonthForm+".>"))
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("look up events of %s: %w", month.Format(eventMonthForm), err)
	}
	return false, nil
}

// lookUp finds the hours of the day that have events, newest first.
func (h *eventHours) lookUp(ctx context.Context) error {
	prefix := h.subjects + h.day.Format("."+eventMonthForm+"."+eventDayForm+".")
	info, err := h.stream.Info(ctx, jetstream.WithSubjectFilter(prefix+"*"))
	if err != nil {
		return fmt.Errorf("look up events of %s: %w", h.day.Format(time.DateOnly), err)
	}
	var hours [24]uint64
	for subject, n := range info.State.Subjects {
		if t, err := time.Parse(eventHourForm, subject[strings.LastIndexByte(subject, '.')+1:]); err == nil {
			hours[t.Hour()] += n
		}
	}
	for hour := 23; hour >= 0; hour-- {
		begin := h.day.Add(time.Duration(hour) * time.Hour)
		if hours[hour] > 0 && begin.Before(h.to) && begin.Add(time.Hour).After(h.from) {
			h.found = append(h.found, eventHour{begin, prefix + begin.Format(eventHourForm), hours[hour]})
		}
	}
	return nil
}

// readHours adds all events of some hours.
func (c *Conn) readHours(ctx context.Context, piece []eventHour, h *eventHours, a *eventAnswer) error {
	filters := make([]string, len(piece))
	for i := range piece {
		filters[i] = piece[i].filter
	}
	cfg := jetstream.OrderedConsumerConfig{DeliverPolicy: jetstream.DeliverAllPolicy, FilterSubjects: filters}
	return c.scan(ctx, StreamEvent, cfg, func(m jetstream.Msg, d delivery) bool {
		if d.sequence <= h.last && h.left > 0 {
			h.left--
		}
		a.add(m.Data())
		return true
	})
}
