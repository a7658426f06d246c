package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopfloor-iiot/shopfloor/edge/opcua/opcuatest"
)

// TestEventsOfAServer publishes the events of a real server and calls for some: alarms with their states, and events of a type of the server's
// own, are stored with all fields and delivered as they come.
func TestEventsOfAServer(t *testing.T) {
	t.Parallel()
	plant := opcuatest.Start(t, opcuatest.Options{Vars: 1, Env: []string{"EVENT_MS=0", "TANK_MS=0"}})
	p := startProcess(t)
	watch := watchEvents(t, p, map[string]any{"server": "plant"})
	p.MustQuery(nil, `mutation($url: String!) { addServer(input: {id: "plant", name: "Plant", endpointUrl: $url, securityMode: NONE}) { id } }`, map[string]any{"url": plant.Endpoint()})
	var applied struct {
		ApplyConfiguration struct {
			Applied bool
			Results []struct {
				Problems []struct{ Field, Message string }
			}
		}
	}
	p.MustQuery(&applied, `mutation { applyConfiguration(input: { gateway: "local", items: [
		{ putWriter: { group: "line", name: "alarms", server: "plant", publishingInterval: "100ms",
			events: { notifier: "i=2253", typeDefinition: "i=2915", conditions: { snapshotInterval: "300ms" } } } },
		{ putWriter: { group: "line", name: "all", server: "plant", publishingInterval: "100ms", events: { notifier: "i=2253", typeDefinition: "i=2041" } } } ] }) {
		applied results { problems { field message } } } }`, nil)
	if !applied.ApplyConfiguration.Applied {
		t.Fatalf("%+v", applied)
	}
	p.waitFor(30*time.Second, "writers are active", func() error {
		var got struct {
			Writers struct {
				Edges []struct {
					Node struct{ Status struct{ Active int } }
				}
			}
		}
		if errs, err := p.Query(&got, `{ writers { edges { node { status { active } } } } }`, nil); err != nil || len(errs) > 0 {
			return fmt.Errorf("%w %v", err, errs)
		}
		for _, w := range got.Writers.Edges {
			if w.Node.Status.Active == 0 {
				return fmt.Errorf("writers are %+v", got)
			}
		}
		return nil
	})
	p.MustQuery(nil, `mutation { call(input: [{server: "plant", objectId: "nsu=urn:shopfloor:plant;s=Plant", methodId: "nsu=urn:shopfloor:plant;s=RaiseEvent",
		inputArguments: ["part finished", 300]}]) { status { name } } }`, nil)
	p.MustQuery(nil, `mutation { write(input: [{server: "plant", nodeId: "nsu=urn:shopfloor:plant;s=TankLevel", value: 99}]) { status { name } } }`, nil)

	type node struct {
		ID, SourceName, EventTypeName, ConditionID string
		Severity                                   int
		Time                                       time.Time
		Retain                                     *bool
		Message                                    struct{ Text string }
		Fields                                     []struct {
			Name, DataType string
			Value          any
		}
	}
	find := func(filter map[string]any) (found []node, err error) {
		var got struct {
			Events struct{ Edges []struct{ Node node } }
		}
		errs, err := p.Query(&got, `query($f: EventFilter) { events(filter: $f, first: 500) { edges { node {
			id sourceName eventTypeName conditionId severity time retain message { text } fields { name value dataType } } } } }`, map[string]any{"f": filter})
		if err != nil || len(errs) > 0 {
			return nil, fmt.Errorf("events: %w %v", err, errs)
		}
		for _, e := range got.Events.Edges {
			found = append(found, e.Node)
		}
		return found, nil
	}
	field := func(e *node, name string) string {
		for _, f := range e.Fields {
			if f.Name == name {
				return fmt.Sprint(f.DataType, " ", f.Value)
			}
		}
		return "none"
	}
	var alarms []node
	p.waitFor(30*time.Second, "the alarm and the event are stored", func() (err error) {
		if alarms, err = find(map[string]any{"writer": "alarms", "condition": "nsu=urn:shopfloor:plant;s=TankAlarm", "retain": true}); err != nil {
			return err
		}
		events, err := find(map[string]any{"writer": "all", "text": "part finished", "minSeverity": 300, "maxSeverity": 300})
		if err != nil || len(alarms) == 0 || len(events) != 1 {
			return fmt.Errorf("%d alarms, %d events, %w", len(alarms), len(events), err)
		}
		if e := &events[0]; e.SourceName != "Plant" || field(e, "Severity") != "UInt16 300" || time.Since(e.Time) > 5*time.Minute {
			t.Fatalf("event %+v", e)
		}
		return nil
	})
	newest := &alarms[0]
	if newest.EventTypeName != "ExclusiveLimitAlarmType" || !strings.Contains(newest.SourceName, "Tank") || newest.Severity == 0 ||
		field(newest, "ActiveState/Id") != "Boolean true" || field(newest, "AckedState/Id") != "Boolean false" {
		t.Errorf("alarm %+v", newest)
	}
	// Snapshots repeat the alarm again and again: it is stored once.
	before := p.metric("shopfloor_event_repeated_total")
	p.waitFor(30*time.Second, "snapshots repeat the alarm", func() error {
		if n := p.metric("shopfloor_event_repeated_total"); n < before+3 {
			return fmt.Errorf("%d repeats", n)
		}
		return nil
	})
	again, err := find(map[string]any{"writer": "alarms", "retain": true})
	if err != nil || len(again) != len(alarms) {
		t.Errorf("%d alarms after the snapshots, %v, want %d", len(again), err, len(alarms))
	}
	waitFor(t, 30*time.Second, "events are delivered", func() error {
		got, err := watch.sorted()
		if err == nil && !slices.Contains(got, "part finished") {
			err = fmt.Errorf("delivered %q", got)
		}
		return err
	})
	if n := p.metric("shopfloor_ingest_dead_frames_total"); n != 0 {
		t.Errorf("%d dead frames", n)
	}
}
