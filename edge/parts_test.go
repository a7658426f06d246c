package edge

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// liveLog notes deliveries, and refuses those above a size.
type liveLog struct {
	max  int
	seen []model.MonitoredEvents
	t    *testing.T
}

func (l *liveLog) PublishLive(_ string, body []byte) error {
	if len(body) > l.max {
		return errors.New("too large")
	}
	var e model.MonitoredEvents
	if err := json.Unmarshal(body, &e); err != nil {
		l.t.Error(err)
	}
	l.seen = append(l.seen, e)
	return nil
}

// A delivery that is too large comes in parts, in order; one that is too large by itself is told of in the next one.
func TestDeliveriesInParts(t *testing.T) {
	live := &liveLog{max: 1 << 20, t: t}
	m := &monitors{live: live}
	p := &parts[model.MonitoredEvents]{monitors: m, id: "1", number: numberEvents, halve: halveEvents}
	event := func(size int) []model.Variant {
		return []model.Variant{model.StringValue(strings.Repeat("x", size))}
	}
	p.deliver(model.MonitoredEvents{Overflow: true, Events: [][]model.Variant{event(1), event(300 << 10), event(300 << 10), event(2 << 20), event(2)}})
	p.deliver(model.MonitoredEvents{Ended: true})
	sizes, n := []int{}, 0
	for i, e := range live.seen {
		for _, values := range e.Events {
			sizes = append(sizes, len(values[0].Text()))
			n++
		}
		if overflow := e.Overflow; overflow != (i == 0 || e.Sequence == 4) {
			t.Errorf("delivery %d: overflow %t", e.Sequence, overflow)
		}
	}
	if n != 4 || sizes[0] != 1 || sizes[1] != 300<<10 || sizes[2] != 300<<10 || sizes[3] != 2 || m.lost.Load() != 1 {
		t.Errorf("events of %v bytes in %d deliveries, %d lost", sizes, len(live.seen), m.lost.Load())
	}
	if last := live.seen[len(live.seen)-1]; !last.Ended || live.seen[0].Ended {
		t.Errorf("the last is %+v", last)
	}
}

// Conditions that are removed come once, and only the last part is complete.
func TestConditionsInParts(t *testing.T) {
	c := model.ConditionChanges{Changes: make([]model.Event, 3), Removed: make([]model.ConditionKey, 2), Complete: true, Overflow: true}
	first, second, ok := halveConditions(c)
	if !ok || len(first.Changes) != 1 || len(second.Changes) != 2 || len(first.Removed) != 0 || len(second.Removed) != 2 || first.Complete || !second.Complete || second.Overflow {
		t.Errorf("%+v and %+v", first, second)
	}
	if _, _, ok := halveConditions(model.ConditionChanges{Changes: make([]model.Event, 1)}); ok {
		t.Error("one condition is split")
	}
	numberConditions(&second, 7, true)
	if second.Sequence != 7 || !second.Overflow {
		t.Errorf("%+v", second)
	}
}
