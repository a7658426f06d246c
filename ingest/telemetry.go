package ingest

import (
	"context"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

const (
	// minTelemetryInterval is the shortest time between two deliveries.
	minTelemetryInterval = 10 * time.Millisecond
	// maxTelemetryBatch is the number of values from which on a delivery is sent; the values of one writer stay together.
	maxTelemetryBatch = 4096
)

// Telemetry delivers the newest value of each matching series that changed, first all there are, then not more often than
// every interval (at least 10 ms). Series that appear later are included. Many values are delivered in several batches. The
// channel is closed when ctx ends.
//
// A receiver that is slower gets fewer deliveries, each with the newest values: nothing is queued for it, and ingest does not
// know of it. It costs ingest nothing; the goroutine behind it looks for changes once per interval. Errors wrap ErrInvalid.
func (l *Live) Telemetry(ctx context.Context, f model.SeriesFilter, interval time.Duration) (<-chan model.TelemetryBatch, error) {
	c, err := newFilter(f)
	if err != nil {
		return nil, err
	}
	s := &subscription{live: l, filter: c, out: make(chan model.TelemetryBatch)}
	l.counters.subscriptions.Add(1)
	go func() {
		defer l.counters.subscriptions.Add(-1)
		defer close(s.out)
		s.run(ctx, max(interval, minTelemetryInterval))
	}()
	return s.out, nil
}

// subscription is one receiver of telemetry. It belongs to its own goroutine.
type subscription struct {
	live   *Live
	filter *filter
	out    chan model.TelemetryBatch
	// watched has an entry for each writer of Live, in the same order.
	watched  []watched
	batch    []model.TelemetryValue
	sequence uint64
}

// watched is what a subscription knows of one writer.
type watched struct {
	clock, generation uint64
	slots             []*slot
}

func (s *subscription) run(ctx context.Context, interval time.Duration) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for s.deliver(ctx) {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

// deliver sends all changes since the last time and returns false when ctx ended.
func (s *subscription) deliver(ctx context.Context) bool {
	writers := s.live.list()
	for len(s.watched) < len(writers) {
		s.watched = append(s.watched, watched{})
	}
	for i, w := range writers {
		if clock := w.clock.Load(); clock != s.watched[i].clock {
			s.collect(w, &s.watched[i])
		}
		if len(s.batch) >= maxTelemetryBatch && !s.send(ctx) {
			return false
		}
	}
	return len(s.batch) == 0 || s.send(ctx)
}

// collect appends what changed in one writer.
func (s *subscription) collect(w *writer, seen *watched) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.generation != seen.generation {
		seen.generation = w.generation
		seen.slots = nil
		if s.filter.writer(w.key, w.current.meta.Server) {
			for _, slot := range w.slots {
				if s.filter.series(slot.id, slot.meta) {
					seen.slots = append(seen.slots, slot)
				}
			}
		}
	}
	for _, slot := range seen.slots {
		if slot.changed > seen.clock {
			s.batch = append(s.batch, model.TelemetryValue{Series: slot.id, Path: slot.meta.Path, Value: slot.get()})
		}
	}
	seen.clock = w.clock.Load()
}

// send hands the batch over to the receiver, to whom it belongs then.
func (s *subscription) send(ctx context.Context) bool {
	s.sequence++
	select {
	case s.out <- model.TelemetryBatch{Sequence: s.sequence, Values: s.batch}:
		s.batch = nil
		return true
	case <-ctx.Done():
		return false
	}
}
