package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/model"
)

const (
	// MaxEvent is the largest event that EventStore takes, encoded, in bytes.
	MaxEvent = 512 << 10

	eventFrames  = 4096
	eventBytes   = 16 << 20
	contentEvent = "application/json"
)

// EventStore keeps events in the stream UA_EVENT, under the subject of their server and the hour of their time. The stream has limits of
// age and size: what goes beyond is dropped, oldest first, by design; see StreamMetrics. Conn.Events reads them back, an EventFeed
// delivers them as they come.
//
// An event that is appended again is not stored again, as far as it is among the last 32,768 of the store or of the stream: a gateway
// sends a frame again whose acknowledgement was lost, a core reads frames again after a crash, and a server reports its conditions again
// on request. Beyond that, Conn.Events drops the repeat.
//
// AppendEvents and Flush are for one goroutine, the other methods for any.
type EventStore struct {
	conn      *Conn
	log       zerolog.Logger
	publisher *Publisher
	onWay     onWay
	recent    recentIDs

	repeated atomic.Uint64
	tooLarge atomic.Uint64
	lastLog  time.Time
}

// EventStats are running totals.
type EventStats struct {
	Stored   uint64 // events acknowledged, also those that the stream had already
	Repeated uint64 // events passed because they were appended before
	TooLarge uint64 // events refused because they are above MaxEvent
	OnWay    int    // events accepted and not yet stored
}

// NewEventStore makes an EventStore. Nothing is stored before Run.
func NewEventStore(c *Conn, log zerolog.Logger) (*EventStore, error) {
	p, err := NewPublisher(c, PublisherConfig{Gateway: "event", MaxFrames: eventFrames, MaxBytes: eventBytes})
	if err != nil {
		return nil, err
	}
	return &EventStore{conn: c, publisher: p, log: log}, nil
}

// Run stores until ctx ends. Its owner calls Flush before. It is called once.
func (s *EventStore) Run(ctx context.Context) error { return s.publisher.Run(ctx) }

// Stats returns the totals. It may be called at any time.
func (s *EventStore) Stats() EventStats {
	return EventStats{Stored: s.publisher.Stats().Stored, Repeated: s.repeated.Load(), TooLarge: s.tooLarge.Load(), OnWay: s.onWay.count()}
}

// AppendEvents takes events and returns, mostly before they are stored; it blocks while 4,096 events or 16 MiB are on their way, until ctx
// ends. An event above MaxEvent is counted, logged and passed: no repeat could make it fit. After an error some events may be taken; all
// may be appended again.
func (s *EventStore) AppendEvents(ctx context.Context, events []model.Event) error {
	if err := s.learn(ctx); err != nil {
		return err
	}
	for i := range events {
		e := &events[i]
		if s.recent.has(e.ID) {
			s.repeated.Add(1)
			continue
		}
		payload, err := json.Marshal(e)
		if err != nil {
			return fmt.Errorf("encode event %s of %s: %w", e.ID, e.Server, err)
		}
		if len(payload) > min(MaxEvent, s.conn.MaxMessage()) {
			s.refuse(e, len(payload))
			continue
		}
		header := FrameHeader{ContentType: contentEvent, ID: e.ID}
		s.onWay.add()
		if err := s.publisher.PublishFrame(ctx, Event(e.Gateway, e.Server, e.At.Time()), header, payload, s.done); err != nil {
			s.onWay.settle(nil)
			return fmt.Errorf("store event %s of %s: %w", e.ID, e.Server, err)
		}
		s.recent.add(e.ID)
	}
	return nil
}

// learn reads which events the stream has, once, and again after an error.
func (s *EventStore) learn(ctx context.Context) error {
	if s.recent.learned() {
		return nil
	}
	st, err := s.conn.StreamState(ctx, StreamEvent)
	if err == nil && st.Messages > 0 {
		cfg := jetstream.OrderedConsumerConfig{
			DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: max(st.First, st.Last-min(st.Last, maxRecentIDs)+1), HeadersOnly: true,
		}
		err = s.conn.scan(ctx, StreamEvent, cfg, func(m jetstream.Msg, _ delivery) bool {
			s.recent.add(m.Headers().Get(headerMsgID))
			return true
		})
	}
	if err != nil {
		return fmt.Errorf("read which events are stored: %w", err)
	}
	s.recent.learn()
	return nil
}

func (s *EventStore) refuse(e *model.Event, size int) {
	s.tooLarge.Add(1)
	if time.Since(s.lastLog) < 10*time.Second {
		return
	}
	s.lastLog = time.Now()
	s.log.Warn().Str("server", e.Server).Str("source", e.SourceName).Int("bytes", size).Int("max_bytes", MaxEvent).
		Uint64("refused", s.tooLarge.Load()).Msg("event is too large to be stored: select fewer fields")
}

// done is called when an event's fate is known.
func (s *EventStore) done(err error) {
	if errors.Is(err, ErrTooLarge) { // by a bound of the stream
		s.tooLarge.Add(1)
		err = nil
	}
	if err != nil {
		s.recent.forget() // it is appended again, and must not count as stored
	}
	s.onWay.settle(err)
}

// Flush blocks until all that was appended is stored, or ctx ends. After an error some of it may not be: the caller appends
// everything since the last Flush again.
func (s *EventStore) Flush(ctx context.Context) error {
	if err := s.onWay.flush(ctx); err != nil {
		return fmt.Errorf("flush events: %w", err)
	}
	return nil
}

// maxRecentIDs is how many ids are remembered at least; up to twice as many, some 100 bytes each.
const maxRecentIDs = 1 << 15

// recentIDs are the ids met last, in two generations: when the younger one is full the older one goes. The zero value is ready for use.
type recentIDs struct {
	mu         sync.Mutex
	young, old map[string]struct{}
	complete   bool // those of the stream are among them
}

func (r *recentIDs) learned() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.complete
}

func (r *recentIDs) learn() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.complete = true
}

// has tells whether id was met, and keeps it for longer then.
func (r *recentIDs) has(id string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, ok := r.young[id]; ok {
		return true
	}
	_, ok := r.old[id]
	if ok {
		r.put(id)
	}
	return ok
}

func (r *recentIDs) add(id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.put(id)
}

func (r *recentIDs) put(id string) {
	if r.young == nil || len(r.young) >= maxRecentIDs {
		r.young, r.old = map[string]struct{}{}, r.young
	}
	r.young[id] = struct{}{}
}

func (r *recentIDs) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.young, r.old, r.complete = nil, nil, false
}
