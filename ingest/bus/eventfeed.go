package bus

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/model"
)

const (
	// eventsAhead is how many events wait for a slow subscriber of an EventFeed.
	eventsAhead = 256
	// missedInterval is how often a subscriber is told that it missed events, while no others come.
	missedInterval = time.Second
)

// EventFeed delivers events as they are stored, by whatever process: it reads the stream UA_EVENT behind its end. The server sends each
// event once, for all subscribers.
type EventFeed struct {
	conn *Conn
	log  zerolog.Logger

	mu          sync.Mutex
	subscribers map[*eventSubscriber]struct{}
	head        []byte // memory of decode

	delivered, missed, damaged atomic.Uint64
}

// eventSubscriber is guarded by the feed's mu; out is sent to without waiting.
type eventSubscriber struct {
	filter model.EventFilter
	out    chan model.Event
	missed uint64 // since the subscriber was told last
}

// NewEventFeed makes an EventFeed. Nothing is delivered before Run.
func NewEventFeed(c *Conn, log zerolog.Logger) *EventFeed {
	return &EventFeed{conn: c, log: log, subscribers: map[*eventSubscriber]struct{}{}}
}

// Subscribe delivers the events that filter selects and that are stored from now on, until ctx ends; then the channel is closed. At most
// 256 wait for a slow receiver: then further ones are left out, and an event of type EventQueueOverflowEventType says how many.
func (f *EventFeed) Subscribe(ctx context.Context, filter model.EventFilter) <-chan model.Event {
	s := &eventSubscriber{filter: filter, out: make(chan model.Event, eventsAhead)}
	f.mu.Lock()
	f.subscribers[s] = struct{}{}
	f.mu.Unlock()
	context.AfterFunc(ctx, func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.subscribers, s)
		close(s.out)
	})
	return s.out
}

// Run reads until ctx ends, or the connection is closed. While the stream cannot be read it tries again, and goes on behind the last
// event.
func (f *EventFeed) Run(ctx context.Context) error {
	var told sync.WaitGroup
	defer told.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	told.Go(func() { f.tellMissed(ctx) })
	next := uint64(0) // the sequence to go on from, once it is known
	for wait := minBackOff; ctx.Err() == nil; {
		err := f.read(ctx, &next)
		if ctx.Err() != nil {
			break
		}
		if f.conn.nc.IsClosed() {
			return fmt.Errorf("deliver events: %w", nats.ErrConnectionClosed)
		}
		f.log.Warn().Err(err).Msg("events are not delivered, trying again")
		wait = sleep(ctx, wait, err)
	}
	return nil
}

// read delivers what is stored from the sequence next on, 0 for the end of the stream, and keeps next up to date, until something goes
// wrong. It never asks for new messages: when such a consumer is made again by the client, what came in between is lost.
func (f *EventFeed) read(ctx context.Context, next *uint64) error {
	st, err := f.conn.StreamState(ctx, StreamEvent)
	if err != nil {
		return err
	}
	if *next == 0 || *next > st.Last+1 { // the stream was made anew
		*next = st.Last + 1
	}
	cons, err := f.conn.js.OrderedConsumer(ctx, StreamEvent, jetstream.OrderedConsumerConfig{
		DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: *next,
	})
	if err != nil {
		return err
	}
	defer f.conn.forget(cons, StreamEvent)
	messages, err := cons.Messages(jetstream.PullMaxMessagesWithBytesLimit(pullFrames, pullBytes))
	if err != nil {
		return err
	}
	defer messages.Stop()
	for untilDone := jetstream.NextContext(ctx); ; {
		m, err := messages.Next(untilDone)
		if err != nil {
			return err
		}
		d, err := parseDelivery(m.Reply())
		if err != nil {
			return err
		}
		*next = d.sequence + 1
		f.deliver(m.Data())
	}
}

// deliver gives an event to those who want it. Its fields are decoded once, if anybody does.
func (f *EventFeed) deliver(payload []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.subscribers) == 0 {
		return
	}
	var e storedEvent
	if e.decode(payload, &f.head) != nil {
		f.damaged.Add(1) // published by another program, past this package
		return
	}
	for s := range f.subscribers {
		if !s.filter.Matches(&e.Event) {
			continue
		}
		if e.Fields != nil {
			if e.complete() != nil {
				f.damaged.Add(1)
				return
			}
			e.Fields = nil
		}
		f.put(s, e.Event)
	}
}

// put sends e if there is room, behind the word that others were left out.
func (f *EventFeed) put(s *eventSubscriber, e model.Event) {
	if !f.tell(s) {
		s.missed++
		f.missed.Add(1)
		return
	}
	select {
	case s.out <- e:
		f.delivered.Add(1)
	default:
		s.missed++
		f.missed.Add(1)
	}
}

// tell says that events were left out, if some were. It returns false when there is no room to say so.
func (f *EventFeed) tell(s *eventSubscriber) bool {
	if s.missed == 0 {
		return true
	}
	select {
	case s.out <- overflow(s.missed, time.Now()):
		s.missed = 0
		return true
	default:
		return false
	}
}

// tellMissed tells slow subscribers what they missed, although no event comes.
func (f *EventFeed) tellMissed(ctx context.Context) {
	tick := time.NewTicker(missedInterval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		f.mu.Lock()
		for s := range f.subscribers {
			f.tell(s)
		}
		f.mu.Unlock()
	}
}

// eventQueueOverflow is the type of the event that says that events were left out (Part 4, 7.22.3).
var eventQueueOverflow = model.Expanded(model.NumericID(0, 3035))

// overflow is the event that says that n events were left out.
func overflow(n uint64, now time.Time) model.Event {
	at := model.DateTimeOf(now)
	e := model.Event{
		ID: "overflow-" + newID(), At: at, EventType: eventQueueOverflow, SourceName: "Shopfloor", Time: at, ReceiveTime: at, Severity: 500,
		Message: model.LocalizedText{Locale: "en", Text: fmt.Sprintf("%d events were not delivered, because the subscriber is too slow. They are stored: query events", n)},
	}
	e.Fields = []model.EventField{{Name: "Missed", Value: model.DataValue{Value: model.UInt64Value(n)}}}
	return e
}

// EventFeedStats are running totals, and the subscribers now.
type EventFeedStats struct {
	Subscribers int
	Delivered   uint64 // to all subscribers together
	Missed      uint64 // left out because a subscriber was too slow
	Damaged     uint64 // passed because they cannot be decoded
}

// Stats returns the totals. It may be called at any time.
func (f *EventFeed) Stats() EventFeedStats {
	f.mu.Lock()
	defer f.mu.Unlock()
	return EventFeedStats{Subscribers: len(f.subscribers), Delivered: f.delivered.Load(), Missed: f.missed.Load(), Damaged: f.damaged.Load()}
}
