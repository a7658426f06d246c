package opcua

import (
	"context"
	"sync"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// maxConditionChanges bounds the conditions of one delivery.
const maxConditionChanges = 200

// MonitorConditions implements edge.ConditionServer. While there is no connection nothing is delivered; after it what changed meanwhile.
func (s *Source) MonitorConditions(ctx context.Context, r model.ConditionMonitorRequest, deliver func(model.ConditionChanges)) error {
	state, done, err := s.conditions.use(ctx)
	if err != nil {
		return err
	}
	defer done()
	w := state.watch(r.Filter)
	defer state.unwatch(w)
	for first := true; ; first = false {
		complete, message := state.standing()
		status := state.refusal()
		w.deliver(first, complete, status, message, func(c model.ConditionChanges) {
			s.unfoldConditions(ctx, c.Changes)
			deliver(c)
		})
		select {
		case <-ctx.Done():
			return nil
		case <-w.wake:
		}
	}
}

func (s *conditionState) refusal() model.StatusCode {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.status
}

// watch begins with all conditions that are retained.
func (s *conditionState) watch(f model.ConditionFilter) *conditionWatcher {
	w := &conditionWatcher{filter: f, wake: make(chan struct{}, 1), pending: map[model.ConditionKey]*model.Event{}, shown: map[model.ConditionKey]bool{}}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.retained() {
		w.note(s.event(c.event))
	}
	s.watchers[w] = struct{}{}
	return w
}

func (s *conditionState) unwatch(w *conditionWatcher) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.watchers, w)
}

// conditionWatcher gathers the newest states of conditions for one MonitorConditions.
type conditionWatcher struct {
	filter model.ConditionFilter
	wake   chan struct{}

	mu      sync.Mutex
	pending map[model.ConditionKey]*model.Event
	order   []model.ConditionKey // of pending
	lost    bool                 // there was no room in pending

	// Of the deliveries:
	sequence uint64
	shown    map[model.ConditionKey]bool
	complete bool
	status   model.StatusCode
	message  string
}

// note has a state delivered.
func (w *conditionWatcher) note(e *model.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	key := model.ConditionKeyOf(e)
	if w.pending[key] == nil {
		if len(w.order) >= 2*maxConditions { // ended ones come on top of those that are kept
			w.lost = true
			return
		}
		w.order = append(w.order, key)
	}
	w.pending[key] = e
	notify(w.wake)
}

// pop takes some of what is to be delivered; more tells that there is more.
func (w *conditionWatcher) pop() (events []*model.Event, lost, more bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := min(len(w.order), maxConditionChanges)
	for _, key := range w.order[:n] {
		events = append(events, w.pending[key])
		delete(w.pending, key)
	}
	w.order = append(w.order[:0], w.order[n:]...)
	lost, w.lost = w.lost, false
	return events, lost, len(w.order) > 0
}

// deliver hands over what is pending, and how the state stands when that is new. The first delivery comes in any case.
func (w *conditionWatcher) deliver(first, complete bool, status model.StatusCode, message string, hand func(model.ConditionChanges)) {
	for {
		events, lost, more := w.pop()
		c := model.ConditionChanges{Overflow: lost, Status: status, Message: message, Complete: complete && !more}
		for _, e := range events {
			w.sort(e, &c)
		}
		news := c.Complete != w.complete || status != w.status || message != w.message
		if len(c.Changes) > 0 || len(c.Removed) > 0 || lost || first || news {
			w.sequence++
			c.Sequence = w.sequence
			w.complete, w.status, w.message = c.Complete, status, message
			hand(c)
		}
		if !more {
			return
		}
		first = false
	}
}

// sort puts a state where it belongs in a delivery.
func (w *conditionWatcher) sort(e *model.Event, c *model.ConditionChanges) {
	key, state := model.ConditionKeyOf(e), model.ConditionOf(e)
	switch {
	case e.Retain != nil && *e.Retain && w.filter.Matches(&state):
		w.shown[key] = true
		c.Changes = append(c.Changes, *e)
	case w.shown[key]:
		delete(w.shown, key)
		c.Removed = append(c.Removed, key)
	}
}
