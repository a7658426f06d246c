package opcua

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

const (
	// maxWatched bounds the nodes of one Monitor.
	maxWatched     = 10_000
	defaultWatched = 500 * time.Millisecond // publishing interval when none is asked for
	minWatched     = 10 * time.Millisecond
	watchedQueue   = 1 // only the newest value is delivered
)

// Monitor implements edge.Monitor. Requests with the same publishing interval share a subscription. It outlives reconnects; while there is no
// connection nothing is delivered. It returns nil when ctx has ended, and an error when there is no connection to begin with.
func (s *Source) Monitor(ctx context.Context, r model.MonitorRequest, deliver func(model.ValueChanges)) error {
	if len(r.NodeIDs) > maxWatched {
		return fmt.Errorf("monitor: %d nodes are too many, want at most %d: %w", len(r.NodeIDs), maxWatched, model.StatusBadTooManyMonitoredItems)
	}
	if _, err := s.asks.session(ctx); err != nil {
		return err
	}
	key := subscriptionKey{interval: r.PublishingInterval, live: true}
	if key.interval <= 0 {
		key.interval = defaultWatched
	}
	key.interval = max(key.interval, minWatched)
	w := &watcher{pending: map[int]model.ValueChange{}, wake: make(chan struct{}, 1)}
	items := make([]wanted, len(r.NodeIDs))
	for i, id := range r.NodeIDs {
		m := monitored{id, itemSpec{sampling: max(r.SamplingInterval, 0), queue: watchedQueue}}
		items[i] = wanted{key: key, item: m, sink: &watched{w, i, id}}
	}
	added := s.publishing.add(items)
	defer s.publishing.remove(key, added)
	var sequence uint64
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-w.wake:
		}
		if changes := w.take(); len(changes.Changes) > 0 {
			sequence++
			changes.Sequence = sequence
			s.unfoldChanges(ctx, changes.Changes)
			deliver(changes)
		}
	}
}

// unfoldChanges makes the structures among changes JSON. Where that fails, as without a connection, they stay as they came.
func (s *Source) unfoldChanges(ctx context.Context, changes []model.ValueChange) {
	var folded []*model.Variant
	for i := range changes {
		switch v := &changes[i].Value.Value; v.Type() {
		case model.TypeExtensionObject, model.TypeVariant, model.TypeDataValue:
			folded = append(folded, v)
		}
	}
	if len(folded) == 0 {
		return
	}
	ses, err := s.asks.session(ctx)
	if err == nil {
		err = ses.unfold(ctx, folded)
	}
	for i := range changes {
		if message := undescribed(changes[i].Value.Value); message != "" && changes[i].Message == "" {
			changes[i].Message = message
			if err != nil {
				changes[i].Message += ": " + err.Error()
			}
		}
	}
}

// watcher gathers the newest values for one Monitor.
type watcher struct {
	wake chan struct{}

	mu       sync.Mutex
	pending  map[int]model.ValueChange // by index in the request
	overflow bool
}

func (w *watcher) set(i int, c model.ValueChange) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, skipped := w.pending[i]; skipped || c.Value.Status.Overflow() {
		w.overflow = true
	}
	w.pending[i] = c
	notify(w.wake)
}

// take returns what changed since the last time, in the order of the request.
func (w *watcher) take() model.ValueChanges {
	w.mu.Lock()
	defer w.mu.Unlock()
	r := model.ValueChanges{Overflow: w.overflow, Changes: make([]model.ValueChange, 0, len(w.pending))}
	order := make([]int, 0, len(w.pending))
	for i := range w.pending {
		order = append(order, i)
	}
	slices.Sort(order)
	for _, i := range order {
		r.Changes = append(r.Changes, w.pending[i])
	}
	clear(w.pending)
	w.overflow = false
	return r
}

// watched is one node of a watcher.
type watched struct {
	w    *watcher
	i    int
	node model.ExpandedNodeID
}

func (x *watched) put(v *model.DataValue) {
	x.w.set(x.i, model.ValueChange{NodeID: x.node, Value: v.Clone()})
}

func (x *watched) refused(status model.StatusCode, message string) {
	x.w.set(x.i, model.ValueChange{NodeID: x.node, Value: model.DataValue{Status: status}, Message: message})
}

// accepted needs nothing: a value follows.
func (x *watched) accepted() {}
