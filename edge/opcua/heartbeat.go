package opcua

import (
	"container/heap"
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/shopfloor-iiot/shopfloor/edge"
	"github.com/shopfloor-iiot/shopfloor/model"
)

// minHeartbeat is the shortest interval of a heartbeat; a shorter one is raised to it.
const minHeartbeat = 10 * time.Millisecond

// beat sends the last value of one field again (see model.HeartbeatBehavior). It stands between the field's values and its DataSet, so that
// neither overtakes the other.
type beat struct {
	interval time.Duration
	periodic bool // sends at each interval, else when nothing came for the interval
	good     bool // keeps Good and Uncertain values only
	drop     bool // hands nothing on but heartbeats
	move     bool // moves the timestamps on
	silent   bool // only counts

	mu      sync.Mutex
	dataSet edge.DataSet
	field   int
	last    model.DataValue // the one to send again
	has     bool
	arrived time.Time        // of last
	touched time.Time        // when a value was handed on or a heartbeat was due
	refused model.StatusCode // why there are no values

	// Under heartbeats.mu:
	due   time.Time
	place int // in the queue; -1 outside
}

// newBeat returns the heartbeat of a field, nil for one without.
func newBeat(h *model.Heartbeat, dataSet edge.DataSet, field int, now time.Time) *beat {
	if h == nil || h.Interval <= 0 {
		return nil
	}
	b := &beat{interval: max(h.Interval, minHeartbeat), dataSet: dataSet, field: field, touched: now, place: -1}
	switch h.Behavior {
	case model.HeartbeatWatchdogLKG:
		b.good = true
	case model.HeartbeatPeriodicLKV:
		b.periodic = true
	case model.HeartbeatPeriodicLKG:
		b.periodic, b.good = true, true
	case model.HeartbeatPeriodicLKVDropValue:
		b.periodic, b.drop = true, true
	case model.HeartbeatPeriodicLKGDropValue:
		b.periodic, b.good, b.drop = true, true, true
	case model.HeartbeatUpdatedTimestamps:
		b.move = true
	case model.HeartbeatDiagnosticsOnly:
		b.silent = true
	}
	return b
}

// put takes a value and hands it on; one that is to be skipped is only kept. It does not allocate for numbers.
func (b *beat) put(v *model.DataValue, skip bool) {
	now := time.Now()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.touched, b.refused = now, 0
	if !b.good || !v.Status.IsBad() {
		b.last, b.has, b.arrived = v.Clone(), true, now
	}
	if !skip && !b.drop {
		b.dataSet.Put(b.field, v)
	}
}

// refuse notes why there are no values, 0 that they will come.
func (b *beat) refuse(status model.StatusCode) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.refused = status
}

// fire sends a heartbeat if it is due, tells whether it did, and when it is due next.
func (b *beat) fire(now time.Time, connected bool) (fired bool, next time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if due := b.touched.Add(b.interval); !b.periodic && now.Before(due) {
		return false, due
	}
	v, ok := b.value(now, connected)
	if ok && !b.silent {
		b.dataSet.Put(b.field, &v)
	}
	b.touched = now
	return ok, now.Add(b.interval)
}

// value is what a heartbeat has in it. A status that is the gateway's own has the time of the heartbeat: under that of a value it would take the
// value's place in the history.
func (b *beat) value(now time.Time, connected bool) (v model.DataValue, ok bool) {
	switch t := model.DateTimeOf(now); {
	case b.refused.IsBad():
		return model.DataValue{Status: b.refused, SourceTimestamp: t}, true
	case !connected:
		return model.DataValue{Value: b.last.Value, Status: model.StatusBadNoCommunication, SourceTimestamp: t}, true
	}
	v = b.last
	if b.move {
		passed := model.DateTime(now.Sub(b.arrived) / 100) // in units of 100 ns
		for _, t := range []*model.DateTime{&v.SourceTimestamp, &v.ServerTimestamp} {
			if !t.IsZero() {
				*t += passed
			}
		}
	}
	return v, b.has
}

// heartbeats fires the beats of a Source, all with one timer.
type heartbeats struct {
	connected func() bool
	wake      chan struct{}
	sent      atomic.Uint64 // also those that are only counted

	mu    sync.Mutex
	queue beatQueue
}

func newHeartbeats(connected func() bool) *heartbeats {
	return &heartbeats{connected: connected, wake: make(chan struct{}, 1)}
}

// add begins beats.
func (h *heartbeats) add(beats []*beat) {
	if len(beats) == 0 {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, b := range beats {
		b.due = time.Now().Add(b.interval)
		heap.Push(&h.queue, b)
	}
	notify(h.wake)
}

// remove ends beats. One that is being fired may still come.
func (h *heartbeats) remove(beats []*beat) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, b := range beats {
		if b.place >= 0 {
			heap.Remove(&h.queue, b.place)
		}
	}
}

// run fires beats until ctx ends.
func (h *heartbeats) run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-h.wake:
		case <-timer.C:
		}
		connected := h.connected()
		b, wait := h.next()
		for ; b != nil && ctx.Err() == nil; b, wait = h.next() {
			fired, next := b.fire(time.Now(), connected)
			if fired {
				h.sent.Add(1)
			}
			h.later(b, next)
		}
		timer.Reset(wait)
	}
}

// next returns a beat that is due, or nil and how long there is none.
func (h *heartbeats) next() (*beat, time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.queue) == 0 {
		return nil, time.Hour
	}
	if wait := time.Until(h.queue[0].due); wait > 0 {
		return nil, wait
	}
	return h.queue[0], 0
}

// later sets when a beat is due next, unless it was removed.
func (h *heartbeats) later(b *beat, due time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if b.place >= 0 {
		b.due = due
		heap.Fix(&h.queue, b.place)
	}
}

// beatQueue is a heap with the beat that is due first at its top.
type beatQueue []*beat

func (q beatQueue) Len() int           { return len(q) }
func (q beatQueue) Less(i, j int) bool { return q[i].due.Before(q[j].due) }
func (q beatQueue) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].place, q[j].place = i, j
}

// Push implements heap.Interface.
func (q *beatQueue) Push(x any) {
	b := x.(*beat)
	b.place = len(*q)
	*q = append(*q, b)
}

// Pop implements heap.Interface.
func (q *beatQueue) Pop() any {
	old := *q
	b := old[len(old)-1]
	old[len(old)-1] = nil
	*q = old[:len(old)-1]
	b.place = -1
	return b
}
