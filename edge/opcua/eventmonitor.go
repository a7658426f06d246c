package opcua

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// maxWatchedEvents bounds the events that wait for one EventMonitor; the oldest go first.
const maxWatchedEvents = 1000

// MonitorEvents implements edge.EventMonitor, as Monitor does for values.
func (s *Source) MonitorEvents(ctx context.Context, r model.EventMonitorRequest, deliver func(model.MonitoredEvents)) error {
	ses, err := s.asks.session(ctx)
	if err != nil {
		return err
	}
	node, err := ses.notifierOf(ctx, &r.Events)
	if err != nil {
		return fmt.Errorf("monitor events: %w", err)
	}
	if _, err := ses.quiet(ctx, node); err != nil {
		return fmt.Errorf("monitor events: %w", err)
	}
	filter, fields, err := ses.compileEvents(ctx, &r.Events, node)
	if err != nil {
		return fmt.Errorf("monitor events: %w", err)
	}
	key := subscriptionKey{interval: r.PublishingInterval, live: true}
	if key.interval <= 0 {
		key.interval = defaultWatched
	}
	key.interval = max(key.interval, minWatched)
	w := &eventWatcher{filter: filter, names: namesOf(fields), wake: make(chan struct{}, 1)}
	n := &notifier{retry: backoff{first: refreshRetry, max: refreshMax}}
	if c := r.Events.Conditions; c != nil {
		w.conditions = newConditions(filter, &model.ConditionSnapshots{}, time.Now())
		w.conditions.put = w.keep
		n.conditions, n.onStart = w.conditions, c.RefreshOnStart
	}
	added := s.publishing.add([]wanted{{
		key: key, item: monitored{ses.namespaces.Expand(node), itemSpec{queue: maxWatchedEvents, events: filter}}, sink: w, notifier: n,
	}})
	defer s.publishing.remove(key, added)
	var sequence uint64
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-w.wake:
		}
		if events, ok := w.pop(); ok {
			sequence++
			events.Sequence = sequence
			s.unfoldEvents(ctx, events.Events)
			deliver(events)
		}
	}
}

// eventWatcher gathers events for one MonitorEvents.
type eventWatcher struct {
	filter *eventFilter
	names  []string
	wake   chan struct{}

	mu         sync.Mutex
	conditions *conditions // nil for one that does not ask for their state
	pending    model.MonitoredEvents
	news       bool
}

var _ eventTaker = (*eventWatcher)(nil)

// take implements eventTaker.
func (w *eventWatcher) take(event []model.Variant) (refresh bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	eventType := event[w.filter.eventType]
	if isEventType(eventType, idEventQueueOverflow) {
		w.pending.Overflow = true
	}
	if w.conditions != nil {
		return w.conditions.take(event)
	}
	if !isRefresh(eventType) {
		w.keep(event)
	}
	return false
}

// keep has an event delivered. mu is held.
func (w *eventWatcher) keep(event []model.Variant) {
	if len(w.pending.Events) == maxWatchedEvents {
		w.pending.Events = append(w.pending.Events[:0], w.pending.Events[1:]...)
		w.pending.Overflow = true
	}
	w.pending.Events = append(w.pending.Events, cloneEvent(event[:w.filter.fields]))
	w.tell()
}

func (w *eventWatcher) tell() {
	w.news = true
	notify(w.wake)
}

// pop takes what is to be delivered.
func (w *eventWatcher) pop() (model.MonitoredEvents, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	r, news := w.pending, w.news
	r.Names = w.names
	w.pending, w.news = model.MonitoredEvents{}, false
	return r, news
}

// put is for values, of which there are none.
func (w *eventWatcher) put(*model.DataValue) {}

func (w *eventWatcher) refused(status model.StatusCode, message string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pending.Status, w.pending.Message = status, message
	w.tell()
}

// accepted tells that the events come after all.
func (w *eventWatcher) accepted() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pending.Status, w.pending.Message = 0, ""
	w.tell()
}
