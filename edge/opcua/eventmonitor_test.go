package opcua

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// Events are delivered as they come, with the conditions that were there before, also after the server was away.
func TestMonitorEvents(t *testing.T) {
	server := eventServer(t)
	source := run(t, config(server.Endpoint(), &recorder{}))
	connected(t, source)
	writeValue(t, source, "TankLevel", 99)
	ctx, cancel := context.WithCancel(t.Context())
	var mu sync.Mutex
	var got []string
	done := make(chan error)
	go func() {
		var sequence uint64
		done <- source.MonitorEvents(ctx, model.EventMonitorRequest{PublishingInterval: 100 * time.Millisecond, Events: model.EventSource{
			Notifier: serverObject, Select: []model.SelectClause{{BrowsePath: []string{"Message"}}, {BrowsePath: []string{"SourceName"}}},
			Conditions: &model.ConditionSnapshots{RefreshOnStart: true},
		}}, func(e model.MonitoredEvents) {
			mu.Lock()
			defer mu.Unlock()
			if sequence++; e.Sequence != sequence || len(e.Names) != 7 || e.Names[0] != "Message" {
				t.Errorf("delivery %d of fields %q", e.Sequence, e.Names)
			}
			for _, event := range e.Events {
				got = append(got, event[1].Text()+": "+event[0].LocalizedText().Text)
			}
		})
	}()
	await := func(text string) {
		t.Helper()
		eventually(t, eventWait, func() bool { mu.Lock(); defer mu.Unlock(); return slices.Contains(got, text) }, func() string {
			mu.Lock()
			defer mu.Unlock()
			return fmt.Sprintf("%q is among %q", text, got)
		})
	}
	await("1:Tank: Condition is 99.000 and state is HighHigh")
	invoke(t, source, "RaiseEvent", "first", 1)
	await("Plant: first")
	server.Restart()
	eventually(t, eventWait, func() bool {
		_, err := source.Call(t.Context(), []model.CallRequest{{ObjectID: plant("Plant"), MethodID: plant("RaiseEvent"), InputArguments: raws(`"second"`, `1`)}})
		mu.Lock()
		defer mu.Unlock()
		return err == nil && slices.Contains(got, "Plant: second")
	}, func() string { return fmt.Sprintf("events go on after a restart: %+v", source.Status()) })
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	eventually(t, eventWait, func() bool { return len(source.publishing.all()) == 0 }, func() string { return "the subscription is removed" })

	err := source.MonitorEvents(t.Context(), model.EventMonitorRequest{Events: model.EventSource{Notifier: plant("V0"), TypeDefinition: baseEventType}}, nil)
	if !errors.Is(err, model.StatusBadAttributeIdInvalid) {
		t.Errorf("events of a variable: %v", err)
	}
}

func raws(list ...string) (r []json.RawMessage) {
	for _, s := range list {
		r = append(r, json.RawMessage(s))
	}
	return r
}

// Who is too slow misses the oldest events, and is told.
func TestEventWatcherIsBounded(t *testing.T) {
	f := conditionFilter()
	w := &eventWatcher{filter: f, wake: make(chan struct{}, 1)}
	for i := range maxWatchedEvents + 5 {
		w.take(alarmEvent(idBaseEventType, "", fmt.Sprint(i), false))
	}
	e, ok := w.pop()
	if !ok || !e.Overflow || len(e.Events) != maxWatchedEvents || e.Events[0][5].Text() != "5" {
		t.Errorf("%d events, the first is %v, overflow %t", len(e.Events), e.Events[0], e.Overflow)
	}
	if _, ok := w.pop(); ok {
		t.Error("something is left")
	}
	w.refused(model.StatusBadEventFilterInvalid, "no")
	if e, ok := w.pop(); !ok || e.Status != model.StatusBadEventFilterInvalid || e.Message != "no" {
		t.Errorf("refusal %+v", e)
	}
}
