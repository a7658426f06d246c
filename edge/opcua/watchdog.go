package opcua

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

const (
	// watchPeriod is the longest time between two looks at the writers; one is looked at four times in its timeout.
	watchPeriod    = time.Second
	minWatchPeriod = 50 * time.Millisecond
	maxLateShown   = 10 // names in the log
)

// WatchdogEvent is that fields of a writer were late, see model.Watchdog.
type WatchdogEvent struct {
	Writer   model.WriterKey
	Behavior model.WatchdogBehavior
	// Reason says how many fields are late, for how long, and names some.
	Reason string
}

// watchState is what the watchdog of a writer knows. It belongs to the watching goroutine, but late and acted are under writers.mu.
type watchState struct {
	since time.Time // values before it do not count: the connection or the subscription is not older
	alarm bool      // acted, and values have not come again since
	late  int
	acted uint64
}

// watch looks after the writers that have a watchdog until ctx ends.
func (w *writers) watch(ctx context.Context) {
	for ctx.Err() == nil {
		period := watchPeriod
		for _, e := range w.look(time.Now(), &period) {
			w.source.log.Warn().Stringer("writer", e.Writer).Str("reason", e.Reason).Str("behavior", string(e.Behavior)).Msg("values of a writer stopped coming")
			if w.source.cfg.OnWatchdog != nil && (e.Behavior == model.WatchdogFailFast || e.Behavior == model.WatchdogExitProcess) {
				w.source.cfg.OnWatchdog(e)
			}
		}
		sleep(ctx, max(period, minWatchPeriod))
	}
}

// look returns what is to be done, and brings period down to the time of the next look.
func (w *writers) look(now time.Time, period *time.Duration) []WatchdogEvent {
	w.mu.Lock()
	defer w.mu.Unlock()
	connected := w.source.status.connected(linkPublishing)
	var events []WatchdogEvent
	for key, o := range w.open {
		d := o.config.Watchdog
		if d == nil || d.Timeout <= 0 || o.set == nil {
			continue
		}
		*period = min(*period, d.Timeout/4)
		if !connected || o.watch.since.IsZero() {
			o.watch.since = now
		}
		late, watched := w.late(o, now, d.Timeout)
		o.watch.late = len(late)
		acts := len(late) > 0 && (len(late) == watched || d.Condition == model.WatchdogAnyLate)
		if !acts || o.watch.alarm {
			o.watch.alarm = acts
			continue
		}
		o.watch.alarm = true
		o.watch.acted++
		if d.Behavior == model.WatchdogReset {
			w.reset(o)
			o.watch.alarm, o.watch.since = false, now
		}
		reason := fmt.Sprintf("%d of %d fields had no value for %s: %s", len(late), watched, d.Timeout, strings.Join(late[:min(len(late), maxLateShown)], ", "))
		events = append(events, WatchdogEvent{Writer: key, Behavior: d.Behavior, Reason: reason})
	}
	return events
}

// late returns the names of the fields that had no value for the timeout, and how many could have had one: what the server refuses is not late.
func (w *writers) late(o *writer, now time.Time, timeout time.Duration) (late []string, watched int) {
	after := now.Add(-timeout)
	if after.Before(o.watch.since) {
		return nil, len(o.items)
	}
	if sub := w.source.publishing.subscription(o.key); sub != nil {
		sub.mu.Lock()
		defer sub.mu.Unlock()
	}
	for i := range o.items {
		var c *itemCounts
		switch it, r := o.items[i], o.read(i); {
		case r != nil:
			c = &r.counts
		case it != nil && it.state == itemActive:
			c = &it.counts
		default:
			continue
		}
		watched++
		if time.Unix(0, c.last.Load()).Before(after) {
			late = append(late, o.config.Fields[i].Name)
		}
	}
	return late, watched
}

// reset has the writer's subscription made anew.
func (w *writers) reset(o *writer) {
	if sub := w.source.publishing.subscription(o.key); sub != nil {
		sub.drop(model.GapSubscriptionLost, "the watchdog of writer "+o.config.Key().String()+" has the subscription made anew")
	}
}
