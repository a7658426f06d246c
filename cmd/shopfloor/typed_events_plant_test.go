package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

const (
	kettleAlarm = "nsu=urn:shopfloor:plant;s=KettleAlarm"
	// What is asked of the kettle's events, wherever they come from.
	kettleFragments = `__typename message { text } ... on ShopfloorPlant_PlantEvent { machine number }
		... on ShopfloorPlant_KettleTripEvent { tripReason place { X Y Z } temperature { value sensor } }
		... on AlarmConditionEvent { activeState { id } } ... on ShopfloorPlant_KettleAlarmEvent { batch stage highLimit }`
	kettleTripped = `"__typename":"ShopfloorPlant_KettleTripEvent_Object","message":{"text":"kettle tripped"},"machine":"kettle-1","number":1,` +
		`"tripReason":"Tripped","place":{"X":1,"Y":2,"Z":3},"temperature":{"value":118.5,"sensor":"TI-7"}`
	kettleHot = `"activeState":{"id":true},"batch":"B-17","stage":"Tripped","highLimit":95`
)

func (p *process) tripKettle() {
	p.MustQuery(nil, `mutation { call(input: [{server: "plant", objectId: "nsu=urn:shopfloor:plant;s=Kettle", methodId: "nsu=urn:shopfloor:plant;s=TripKettle",
		inputArguments: [3, 118.5]}]) { status { name } } }`, nil)
}

// awaitAnswer asks a query until its answer has all of the texts.
func (p *process) awaitAnswer(what, query string, texts ...string) {
	p.t.Helper()
	p.waitFor(time.Minute, what, func() error {
		var answer json.RawMessage
		errs, err := p.Query(&answer, query, nil)
		for _, text := range texts {
			if err != nil || len(errs) > 0 || !strings.Contains(string(answer), text) {
				return fmt.Errorf("no %s in %s %+v %w", text, answer, errs, err)
			}
		}
		return nil
	})
}

// Events and conditions of types that a real server defines itself have their own fields: as they come, as they are stored, and as state. When the
// server is gone its types are, which the schema tells, and what is stored of them is what they derived from.
func TestEventsOfThePlantsOwnTypes(t *testing.T) {
	t.Parallel()
	p := startProcess(t, "--server-types")
	addPlant(t, p)
	p.awaitAnswer("the server's types of events are possible ones", `{ __type(name: "Event") { possibleTypes { name } } alarm: __type(name: "ShopfloorPlant_KettleAlarmEvent") { interfaces { name } } }`,
		`{"name":"ShopfloorPlant_KettleTripEvent_Object"}`, `{"name":"ExclusiveLimitAlarmEvent"}`)
	p.MustQuery(nil, `mutation { applyConfiguration(input: { gateway: "local", items: [
		{ putWriter: { group: "line", name: "trips", server: "plant", publishingInterval: "100ms", events: { notifier: "i=2253", typeDefinition: "nsu=urn:shopfloor:plant;s=KettleTripEventType" } } } ] }) { applied } }`, nil)

	live := subscribe(t, p, `subscription { serverEvents(server: "plant", publishingInterval: "100ms", filter: {typeNames: ["ShopfloorPlant_PlantEvent", "ShopfloorPlant_KettleAlarmEvent"]}) { events { `+kettleFragments+` } } }`)
	stored := subscribe(t, p, `subscription { events(filter: {typeNames: ["ShopfloorPlant_PlantEvent"]}) { `+kettleFragments+` } }`)
	waitFor(t, 30*time.Second, "the trip", func() error {
		p.tripKettle()
		if got := live.all(); !strings.Contains(got, kettleTripped) {
			return fmt.Errorf("got %s", got)
		}
		return nil
	})
	p.tripKettle()
	stored.await(t, kettleTripped)
	p.awaitAnswer("the trip is stored", `{ events(first: 5, filter: {typeNames: ["ShopfloorPlant_PlantEvent"]}) { edges { node { `+kettleFragments+` } } } }`, kettleTripped)
	p.awaitAnswer("a client that does not ask for the plant's types", `{ events(first: 1, filter: {eventTypes: ["i=2041"], server: "plant"}) { edges { node { __typename } } } }`, `"__typename":"BaseEventType"`)

	p.MustQuery(nil, `mutation { write(input: [{server: "plant", nodeId: "nsu=urn:shopfloor:plant;s=KettleTemperature", value: 120}]) { status { name } } }`, nil)
	live.await(t, `"__typename":"ShopfloorPlant_KettleAlarmEvent_Object"`, kettleHot)
	p.awaitAnswer("the alarm as a condition", `{ server(id: "plant") { conditions(filter: {typeNames: ["ExclusiveLimitAlarmType"]}) { edges { node { eventTypeName event { `+kettleFragments+` } } } } } }`,
		`"eventTypeName":"KettleAlarmType"`, `"__typename":"ShopfloorPlant_KettleAlarmEvent_Object"`, kettleHot)
	watched := subscribe(t, p, `subscription { conditions(server: "plant", filter: {typeNames: ["ShopfloorPlant_KettleAlarmEvent"]}) { conditions { event { eventTypeName `+kettleFragments+` } } } }`)
	watched.await(t, `"eventTypeName":"KettleAlarmType","__typename":"ShopfloorPlant_KettleAlarmEvent_Object"`, kettleHot)
	p.awaitAnswer("one condition", `{ condition(server: "plant", id: "`+kettleAlarm+`") { event { ... on ShopfloorPlant_KettleAlarmEvent { batch } } } }`, `{"batch":"B-17"}`)

	p.MustQuery(nil, `mutation { removeServer(id: "plant") }`, nil)
	p.waitFor(time.Minute, "the types went with their server", func() error {
		change := p.schema().Schema.LastChange
		if change == nil || !slices.ContainsFunc(change.Breaking, func(b struct{ Kind, Description string }) bool {
			return b.Kind == "TYPE_REMOVED" && b.Description == "ShopfloorPlant_KettleTripEvent was removed."
		}) {
			return fmt.Errorf("last change %+v", change)
		}
		return nil
	})
	p.awaitAnswer("what is stored", `{ events(first: 1, filter: {text: "kettle tripped"}) { edges { node { __typename fields(names: ["Temperature/Sensor"]) { value } } } } }`,
		`"__typename":"BaseEventType","fields":[{"value":"TI-7"}]`)
}
