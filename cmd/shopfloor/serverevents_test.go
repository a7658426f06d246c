package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/shopfloor-iiot/shopfloor/edge/opcua/opcuatest"
)

// deliveries are the responses of a subscription, by Server-Sent Events.
type deliveries struct {
	mu   sync.Mutex
	seen []string
}

// subscribe gathers the responses of a subscription until the test ends.
func subscribe(t *testing.T, p *process, query string) *deliveries {
	t.Helper()
	body, err := json.Marshal(map[string]any{"query": query})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.URL+"/graphql", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "text/event-stream")
	r, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	d := &deliveries{}
	var ended sync.WaitGroup
	ended.Go(func() {
		defer r.Body.Close()
		lines := bufio.NewScanner(r.Body)
		lines.Buffer(nil, 4<<20)
		for lines.Scan() {
			if data, ok := strings.CutPrefix(lines.Text(), "data:"); ok && strings.TrimSpace(data) != "" {
				d.mu.Lock()
				d.seen = append(d.seen, strings.TrimSpace(data))
				d.mu.Unlock()
			}
		}
	})
	t.Cleanup(func() {
		cancel()
		ended.Wait()
	})
	return d
}

// all are the responses so far, one a line.
func (d *deliveries) all() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return strings.Join(d.seen, "\n")
}

// await waits until a response has all of the texts.
func (d *deliveries) await(t *testing.T, texts ...string) {
	t.Helper()
	waitFor(t, 30*time.Second, "a delivery", func() error {
		for line := range strings.Lines(d.all()) {
			found := true
			for _, text := range texts {
				found = found && strings.Contains(line, text)
			}
			if found {
				return nil
			}
		}
		return fmt.Errorf("no delivery has %q: %s", texts, d.all())
	})
}

// addPlant starts a plant whose alarm stands still until its level is written, and connects the process to it.
func addPlant(t *testing.T, p *process) *opcuatest.Server {
	t.Helper()
	server := opcuatest.Start(t, opcuatest.Options{Vars: 1, Env: []string{"EVENT_MS=0", "TANK_MS=0"}})
	p.MustQuery(nil, `mutation($url: String!) { addServer(input: {id: "plant", name: "Plant", endpointUrl: $url, securityMode: NONE}) { id } }`, map[string]any{"url": server.Endpoint()})
	p.waitFor(30*time.Second, "the plant is connected", func() error {
		var got struct{ Server struct{ State string } }
		if p.MustQuery(&got, `{ server(id: "plant") { state } }`, nil); got.Server.State != "CONNECTED" {
			return fmt.Errorf("state %s", got.Server.State)
		}
		return nil
	})
	return server
}

func (p *process) setLevel(level float64) {
	p.MustQuery(nil, `mutation($v: Variant) { write(input: [{server: "plant", nodeId: "nsu=urn:shopfloor:plant;s=TankLevel", value: $v}]) { status { name } } }`, map[string]any{"v": level})
}

func (p *process) raise(text string, severity int) {
	p.MustQuery(nil, `mutation($a: [Variant]!) { call(input: [{server: "plant", objectId: "nsu=urn:shopfloor:plant;s=Plant", methodId: "nsu=urn:shopfloor:plant;s=RaiseEvent",
		inputArguments: $a}]) { status { name } } }`, map[string]any{"a": []any{text, severity}})
}

// TestServerEvents has a real server send events that it filters itself, with the fields that the subscription selects, without a writer.
func TestServerEvents(t *testing.T) {
	t.Parallel()
	p := startProcess(t)
	addPlant(t, p)
	plantType := find(t, p, "Types/EventTypes/BaseEventType/PlantEventType")
	urgent := subscribe(t, p, `subscription { serverEvents(server: "plant", publishingInterval: "100ms", filter: {minSeverity: 500, eventTypes: ["`+plantType+`"],
		where: [{operator: "Not", operands: [{element: 1}]}, {operator: "Equals", operands: [{attribute: {browsePath: ["Message"]}}, {value: {text: "not this", locale: "en"}}]}]}) {
		sequence overflow status { name } events { __typename id severity sourceName message { text } time fields(names: ["Machine", "Number"]) { name value dataType } } } }`)
	alarms := subscribe(t, p, `subscription { serverEvents(server: "plant", publishingInterval: "100ms", conditions: true, filter: {eventTypes: ["i=2915"]}) { events {
		__typename conditionId retain ... on AlarmConditionEvent { conditionName ackedState { id } activeState { id effectiveDisplayName { text } } }
		... on ExclusiveLimitAlarmEvent { highLimit limitState { currentState { text { text } } } } } } }`)
	wrong := subscribe(t, p, `subscription { serverEvents(server: "plant", filter: {sourceName: "x", where: [{operator: "OfType", operands: [{value: "no node"}]}]}) { sequence } }`)
	wrong.await(t, "filter.where[0].operands[0]", "BAD_USER_INPUT")
	// A subscription is at the server some time after it was asked for: events are raised until one comes.
	waitFor(t, 30*time.Second, "an event", func() error {
		p.raise("part finished", 100)
		p.raise("not this", 600)
		p.raise("jam", 600)
		if got := urgent.all(); !strings.Contains(got, "jam") {
			return fmt.Errorf("got %s", got)
		}
		return nil
	})
	urgent.await(t, `"__typename":"BaseEventType"`, `"severity":600,"sourceName":"Plant","message":{"text":"jam"}`, `{"name":"Machine","value":"press-1","dataType":"String"}`, `"dataType":"UInt32"`)
	if got := urgent.all(); strings.Contains(got, "part finished") || strings.Contains(got, "not this") || strings.Contains(got, `"overflow":true`) {
		t.Errorf("the filter let pass %s", got)
	}
	p.setLevel(99)
	alarms.await(t, `"__typename":"ExclusiveLimitAlarmType","conditionId":"nsu=urn:shopfloor:plant;s=TankAlarm","retain":true`, `"conditionName":"Unset Condition Name"`,
		`"ackedState":{"id":false}`, `"activeState":{"id":true`, `"highLimit":80`, `"limitState":{"currentState":{"text":{"text":"HighHigh"}}}`)
	// Who comes later learns of the alarm all the same.
	late := subscribe(t, p, `subscription { serverEvents(server: "plant", conditions: true, filter: {minSeverity: 1}) { events { conditionId retain } } }`)
	late.await(t, `{"conditionId":"nsu=urn:shopfloor:plant;s=TankAlarm","retain":true}`)
}

// find is the node of a path.
func find(t *testing.T, p *process, path string) string {
	t.Helper()
	var got struct{ Path struct{ NodeID string } }
	p.MustQuery(&got, `query($p: String!) { path(server: "plant", path: $p) { nodeId } }`, map[string]any{"p": path})
	return got.Path.NodeID
}
