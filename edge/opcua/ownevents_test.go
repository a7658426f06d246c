package opcua

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// Clauses that a server need not know are left out where it does not, and structures are decoded.
func TestMonitorEventsOfOwnType(t *testing.T) {
	server := eventServer(t)
	source := run(t, config(server.Endpoint(), &recorder{}))
	connected(t, source)
	clause := func(typ model.ExpandedNodeID, path ...string) model.SelectClause {
		return model.SelectClause{TypeDefinition: typ, BrowsePath: path, Optional: true}
	}
	own, nowhere := plant("KettleTripEventType"), model.ExpandedNodeID{NodeID: model.NumericID(0, 1), NamespaceURI: "urn:nowhere"}
	selected := []model.SelectClause{
		clause(own, "nsu="+plantURI+";TripReason"), clause(own, "nsu="+plantURI+";Nothing"), clause(own, "nsu=urn:nowhere;TripReason"), clause(nowhere, "nsu=urn:nowhere;X"),
		clause(own, "nsu="+plantURI+";Temperature", "nsu="+plantURI+";Sensor"), clause(own, "nsu="+plantURI+";Place"), clause(own, "nsu="+plantURI+";Machine"),
	}
	ctx, cancel := context.WithCancel(t.Context())
	var mu sync.Mutex
	var got []string
	done := make(chan error)
	go func() {
		done <- source.MonitorEvents(ctx, model.EventMonitorRequest{PublishingInterval: 100 * time.Millisecond, Events: model.EventSource{Notifier: serverObject, Select: selected}}, func(e model.MonitoredEvents) {
			mu.Lock()
			defer mu.Unlock()
			for _, event := range e.Events {
				var text []string
				for i, name := range e.Names {
					text = append(text, name+"="+string(event[i].AppendJSON(nil)))
				}
				got = append(got, strings.Join(text, " "))
			}
		})
	}()
	const want = `TripReason=3 Sensor="TI-7" Place={"typeId":"nsu=urn:shopfloor:plant:types;i=3002","encoding":"json","body":{"X":1,"Y":2,"Z":3}} Machine="kettle-1"`
	eventually(t, eventWait, func() bool {
		r, err := source.Call(t.Context(), []model.CallRequest{{ObjectID: plant("Kettle"), MethodID: plant("TripKettle"), InputArguments: raws(`3`, `99.5`)}})
		if err != nil || r[0].Status.IsBad() {
			t.Fatalf("trip: %+v, %v", r, err)
		}
		mu.Lock()
		defer mu.Unlock()
		return slices.Contains(got, want)
	}, func() string {
		mu.Lock()
		defer mu.Unlock()
		return fmt.Sprintf("%s is among %q", want, got)
	})
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	// What is not optional is asked for, and refused here.
	selected[2].Optional = false
	err := source.MonitorEvents(t.Context(), model.EventMonitorRequest{Events: model.EventSource{Notifier: serverObject, Select: selected[2:3]}}, nil)
	if err == nil || !strings.Contains(err.Error(), `events.select[0]: browsePath[0] "nsu=urn:nowhere;TripReason": the server has no namespace`) {
		t.Errorf("a clause of another namespace: %v", err)
	}
}

// A condition has the fields of its own type, as an event tells them and as the address space has them.
func TestConditionOfOwnType(t *testing.T) {
	server := eventServer(t)
	source := run(t, config(server.Endpoint(), &recorder{}))
	connected(t, source)
	query := model.ConditionQuery{Filter: model.ConditionFilter{Conditions: []model.ExpandedNodeID{plant("KettleAlarm")}}}
	fieldsOf := func() (text string) {
		for _, c := range conditionsOf(t, source, query).Conditions {
			for _, f := range c.Fields {
				if slices.Contains([]string{"Batch", "Stage", "HighLimit", "Retain"}, f.Name) {
					text += fmt.Sprintf("%s=%s ", f.Name, f.Value.Value.AppendJSON(nil))
				}
			}
		}
		return text
	}
	if got := fieldsOf(); got != `Retain=false HighLimit=95 Batch="B-17" Stage=3 ` {
		t.Errorf("the condition of the address space has %s", got)
	}
	writeValue(t, source, "KettleTemperature", 120)
	const want = `Retain=true HighLimit=95 Batch="B-17" Stage=3 `
	var got string
	eventually(t, eventWait, func() bool {
		got = fieldsOf()
		return got == want
	}, func() string { return got + "is " + want })
}
