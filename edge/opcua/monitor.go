package opcua

import (
	"context"
	"fmt"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

const (
	// maxWatched bounds the items of one Monitor, maxWatchedQueue the queue of one of them.
	maxWatched      = 10_000
	maxWatchedQueue = 10_000
	defaultWatched  = 500 * time.Millisecond // publishing interval when none is asked for
	minWatched      = 10 * time.Millisecond
	// watchedSettle is how long a delivery waits for the rest of a message of the server.
	watchedSettle = 5 * time.Millisecond
	// watchedFirst is how long the first delivery waits for items that have not answered, beside two publishing intervals.
	watchedFirst = time.Second
)

// Monitor implements edge.Monitor. All who monitor the same of a node share one item at the server; requests with the same publishing interval share a
// subscription. It outlives reconnects, and goes on while there is no connection, which it tells. It returns nil when ctx has ended.
func (s *Source) Monitor(ctx context.Context, r model.MonitorRequest, deliver func(model.ValueChanges)) error {
	keys, err := watchedKeys(&r)
	if err != nil {
		return err
	}
	w := newWatcher(keys, &s.watched.skipped)
	items := s.watched.acquire(keys, w)
	defer s.watched.release(items, w)
	first := time.NewTimer(watchedFirst + 2*keys[0].sub.interval)
	defer first.Stop()
	var sequence uint64
	for ctx.Err() == nil {
		status, changed := s.status.follow()
		w.connection(&status)
		if d, ok := w.take(); ok {
			sequence++
			d.Sequence = sequence
			s.unfoldChanges(ctx, d.Changes)
			deliver(d)
		}
		select {
		case <-ctx.Done():
		case <-w.wake:
			sleep(ctx, watchedSettle)
		case <-first.C:
			w.noLonger()
		case <-changed:
		}
	}
	return nil
}

// watchedKeys are what a request asks for, item by item.
func watchedKeys(r *model.MonitorRequest) ([]watchedKey, error) {
	n := r.Count()
	if n == 0 || n > maxWatched {
		return nil, fmt.Errorf("monitor: %d items, want 1 to %d: %w", n, maxWatched, model.StatusBadTooManyMonitoredItems)
	}
	sub := subscriptionKey{interval: r.PublishingInterval, live: true}
	if sub.interval <= 0 {
		sub.interval = defaultWatched
	}
	sub.interval = max(sub.interval, minWatched)
	keys := make([]watchedKey, n)
	for i := range keys {
		m := r.Item(i)
		spec := itemSpec{
			attribute: m.Attribute, indexRange: m.IndexRange, sampling: max(m.SamplingInterval, 0), queue: min(max(m.QueueSize, 1), maxWatchedQueue),
			discardNew: m.DiscardNewest, on: m.Trigger,
		}
		if spec.attribute == model.AttributeValue {
			spec.attribute = 0
		}
		if spec.on == model.TriggerStatusValue {
			spec.on = ""
		}
		if m.Deadband != nil {
			spec.deadband = *m.Deadband
		}
		keys[i] = watchedKey{sub, monitored{m.NodeID, spec}}
	}
	return keys, nil
}

// unfoldChanges makes the structures among changes JSON. Where that fails, as without a connection, they stay as they came.
func (s *Source) unfoldChanges(ctx context.Context, changes []model.ValueChange) {
	var folded []*model.Variant
	for i := range changes {
		if v := &changes[i].Value.Value; mayBeFolded(v) {
			folded = append(folded, v)
		}
	}
	err := s.unfoldValues(ctx, folded)
	for i := range changes {
		if message := undescribed(changes[i].Value.Value); message != "" && changes[i].Message == "" {
			changes[i].Message = message
			if err != nil {
				changes[i].Message += ": " + err.Error()
			}
		}
	}
}
