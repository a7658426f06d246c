package opcua

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

func number(v float64) *model.DataValue { return &model.DataValue{Value: model.DoubleValue(v)} }

// A watcher delivers the newest value of an item, of one with a queue as many as fit, and says what it left out.
func TestWatcherQueues(t *testing.T) {
	var skipped atomic.Uint64
	keys := []watchedKey{
		{item: monitored{plant("A"), itemSpec{queue: 1}}},
		{item: monitored{plant("B"), itemSpec{queue: 3}}},
		{item: monitored{plant("C"), itemSpec{queue: 2, discardNew: true}}},
		{item: monitored{plant("D"), itemSpec{queue: 1}}},
	}
	w := newWatcher(keys, &skipped)
	w.connection(&model.ServerStatus{State: model.StateConnected})
	for v := range 5 {
		for i := range 3 {
			w.set(i, number(float64(v)))
		}
	}
	if _, ok := w.take(); ok {
		t.Error("the first delivery does not wait for the fourth item")
	}
	w.noLonger()
	d, ok := w.take()
	var got []string
	for _, c := range d.Changes {
		got = append(got, fmt.Sprint(c.Item, "=", c.Value.Value.Float()))
	}
	if want := []string{"0=4", "1=2", "1=3", "1=4", "2=0", "2=4"}; !ok || !slices.Equal(got, want) {
		t.Errorf("changes %q, want %q", got, want)
	}
	if !d.Overflow || skipped.Load() != 4+2+3 || d.Connection == nil || d.Connection.State != model.StateConnected {
		t.Errorf("overflow %v, skipped %d, connection %+v", d.Overflow, skipped.Load(), d.Connection)
	}
	if len(d.States) != 1 || d.States[0].NodeID != plant("D") || d.States[0].Status != model.StatusBadWaitingForInitialData {
		t.Errorf("states %+v", d.States)
	}
	if _, ok := w.take(); ok {
		t.Error("there is a delivery without news")
	}
	w.set(3, number(1))
	if d, _ := w.take(); d.Overflow || len(d.Changes) != 1 || len(d.States) != 1 || d.States[0].Status != 0 {
		t.Errorf("delivery %+v", d)
	}
}

// monitor runs a Monitor until the end of the test or the call of stop.
func monitor(t *testing.T, s *Source, r model.MonitorRequest) (deliveries chan model.ValueChanges, stop func()) {
	t.Helper()
	deliveries = make(chan model.ValueChanges, 10_000)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := s.Monitor(ctx, r, func(c model.ValueChanges) { deliveries <- c }); err != nil {
			t.Error(err)
		}
	}()
	stop = func() { cancel(); <-done }
	t.Cleanup(stop)
	return deliveries, stop
}

// until takes deliveries until one is as wanted.
func until(t *testing.T, what string, deliveries <-chan model.ValueChanges, is func(*model.ValueChanges) bool) model.ValueChanges {
	t.Helper()
	deadline := time.After(eventWait)
	for {
		select {
		case d := <-deliveries:
			if is(&d) {
				return d
			}
		case <-deadline:
			t.Fatalf("not delivered: %s", what)
		}
	}
}

// Monitors share items; a node that is not there is named, and again when it is there; the way to the server is told.
func TestMonitorsShareItems(t *testing.T) {
	server := eventServer(t)
	source := run(t, config(server.Endpoint(), &recorder{}))
	connected(t, source)
	request := model.MonitorRequest{
		NodeIDs: []model.ExpandedNodeID{plant("V0"), plant("press-3.Speed")}, PublishingInterval: 50 * time.Millisecond,
		Items: []model.MonitoredItem{{NodeID: plant("V0"), Attribute: model.AttributeDisplayName}},
	}
	all := func(d *model.ValueChanges) bool { return len(d.Changes) == 3 }
	a, _ := monitor(t, source, request)
	first := until(t, "the first delivery", a, func(d *model.ValueChanges) bool { return d.Sequence == 1 })
	if !all(&first) || first.Connection == nil || first.Connection.State != model.StateConnected || first.Changes[2].Value.Value.LocalizedText().Text == "" {
		t.Errorf("first delivery %+v", first)
	}
	if len(first.States) != 1 || first.States[0].Item != 1 || first.States[0].Status != model.StatusBadNodeIdUnknown || first.States[0].Message == "" {
		t.Errorf("states %+v", first.States)
	}
	b, stop := monitor(t, source, request)
	if d := until(t, "the first delivery", b, func(d *model.ValueChanges) bool { return d.Sequence == 1 }); !all(&d) || len(d.States) != 1 {
		t.Errorf("first delivery of the second %+v", d)
	}
	if monitors, items := source.watched.counts(); monitors != 2 || items != 3 {
		t.Errorf("%d monitors of %d items, want 2 of 3", monitors, items)
	}
	invoke(t, source, "AddMachine", "press-3")
	appears := func(d *model.ValueChanges) bool {
		return slices.ContainsFunc(d.States, func(s model.MonitoredItemState) bool { return s.Item == 1 && s.Status == 0 })
	}
	until(t, "that the node appeared", a, appears)
	until(t, "that the node appeared", b, appears)
	stop()
	server.Restart()
	link := func(up bool) func(*model.ValueChanges) bool {
		return func(d *model.ValueChanges) bool {
			return d.Connection != nil && (d.Connection.State == model.StateConnected) == up
		}
	}
	if d := until(t, "that the server is away", a, link(false)); d.Connection.Message == "" {
		t.Error("it is not said why the server is away")
	}
	// The two are told in any order: values come by another session than commands.
	back, gone := false, false
	until(t, "that the server is back and the node gone", a, func(d *model.ValueChanges) bool {
		back = back || link(true)(d)
		gone = gone || slices.ContainsFunc(d.States, func(s model.MonitoredItemState) bool { return s.Item == 1 && s.Status == model.StatusBadNodeIdUnknown })
		return back && gone
	})
}

// Who monitors a server that is away is told, and gets the values when it comes.
func TestMonitorBeforeConnection(t *testing.T) {
	source := run(t, config("opc.tcp://127.0.0.1:1/plant", &recorder{}))
	d, _ := monitor(t, source, model.MonitorRequest{NodeIDs: []model.ExpandedNodeID{plant("V0")}})
	until(t, "that the server is away", d, func(d *model.ValueChanges) bool {
		return d.Connection != nil && d.Connection.State == model.StateConnecting
	})
}
