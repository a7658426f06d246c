//go:build unix

package main

import (
	"bufio"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/shopfloor-iiot/shopfloor/edge/opcua/opcuatest"
)

// motors is how many instances of MotorType the server has, each with four variables.
const motors = 500

type fleetValue[T any] struct {
	NodeID  string
	Value   T
	Status  struct{ Name string }
	Unit    *struct{ DisplayName string }
	History struct {
		Points []struct{ Value *T }
	}
}

// last is the last value of the history, nil when it has none.
func (v fleetValue[T]) last() *T {
	if n := len(v.History.Points); n > 0 {
		return v.History.Points[n-1].Value
	}
	return nil
}

type fleetMotor struct {
	ID                        string
	BrowseName                struct{ Name string }
	Speed, Power, Temperature fleetValue[float64]
	Running                   fleetValue[bool]
}

// number is that of the motor in its name.
func (m *fleetMotor) number(t *testing.T) int {
	t.Helper()
	n, err := strconv.Atoi(strings.TrimPrefix(m.BrowseName.Name, "Motor"))
	if err != nil {
		t.Fatalf("motor %+v: %v", m, err)
	}
	return n
}

type fleetPage struct {
	Motors struct {
		Nodes    []fleetMotor
		PageInfo struct {
			HasNextPage bool
			EndCursor   string
		}
	}
}

// TestTypedFleet asks a real server for 500 instances of a type of its own with four variables each, by the typed root field, their stored history with them: a
// handful of OPC UA requests and one query to VictoriaMetrics.
func TestTypedFleet(t *testing.T) {
	t.Parallel()
	peer := opcuatest.Start(t, opcuatest.Options{Env: []string{fmt.Sprintf("MOTORS=%d", motors)}})
	p := startProcess(t, "--server-types")
	p.MustQuery(nil, `mutation($url: String!) { addServer(input: {id: "plant", name: "Plant", endpointUrl: $url, securityMode: NONE}) { id } }`, map[string]any{"url": peer.Endpoint()})
	p.waitFor(time.Minute, "the motors are there", func() error {
		var got fleetPage
		errs, err := p.Query(&got, `{ Motors: ShopfloorPlant_MotorType(server: "plant") { nodes { id } } }`, nil)
		if err == nil && (len(errs) > 0 || len(got.Motors.Nodes) == 0) {
			err = fmt.Errorf("%d motors, %+v", len(got.Motors.Nodes), errs)
		}
		return err
	})
	ids := pagesThroughFleet(t, p)
	filtersFleet(t, p)
	readsHistoryOfFleet(t, p, ids)
	readsServerHistoryOfFleet(t, p)
}

// pagesThroughFleet reads all values in two pages, and returns the nodes of the variables.
func pagesThroughFleet(t *testing.T, p *process) (ids []string) {
	const query = `query($after: String) { Motors: ShopfloorPlant_MotorType(server: "plant", path: "Objects/Plant/Motors", first: 250, after: $after) {
		nodes { id browseName { name } Speed { ...analog } Power { ...analog } Temperature { ...analog } Running { nodeId value status { name } } } pageInfo { hasNextPage endCursor } } }
		fragment analog on UA_AnalogItemType_of_Float { nodeId value status { name } unit { displayName } }`
	seen := map[int]bool{}
	var after any
	for more := true; more; {
		var got fleetPage
		c := p.counted(&got, query, map[string]any{"after": after})
		t.Logf("%d motors: %+v", len(got.Motors.Nodes), c)
		// The path and what it leads to, the variables and their properties, and 250 times four values and three units.
		if c.Requests == 0 || c.Requests > 7 {
			t.Errorf("%d motors took %+v", len(got.Motors.Nodes), c)
		}
		for i := range got.Motors.Nodes {
			m := &got.Motors.Nodes[i]
			n := m.number(t)
			seen[n] = true
			if m.Speed.Value != float64(1000+n) || m.Power.Value != float64(n)/2 || m.Temperature.Value != float64(20+n%50) || m.Running.Value != (n%2 == 0) || m.Running.Status.Name != "Good" {
				t.Errorf("motor %+v", m)
			}
			if m.Speed.Unit == nil || m.Speed.Unit.DisplayName != "r/min" || m.Temperature.Unit == nil || m.Temperature.Unit.DisplayName != "°C" {
				t.Errorf("units of motor %d: %+v %+v", n, m.Speed.Unit, m.Temperature.Unit)
			}
			ids = append(ids, m.Speed.NodeID, m.Power.NodeID, m.Temperature.NodeID, m.Running.NodeID)
		}
		more, after = got.Motors.PageInfo.HasNextPage, got.Motors.PageInfo.EndCursor
	}
	if len(seen) != motors || len(ids) != 4*motors {
		t.Fatalf("%d motors with %d variables", len(seen), len(ids))
	}
	return ids
}

func filtersFleet(t *testing.T, p *process) {
	var got fleetPage
	c := p.counted(&got, `{ Motors: ShopfloorPlant_MotorType(server: "plant", filter: {browseName: "Motor321"}) { nodes { id browseName { name } Speed { value } } pageInfo { hasNextPage } } }`, nil)
	if n := got.Motors.Nodes; len(n) != 1 || n[0].number(t) != 321 || n[0].Speed.Value != 1321 || got.Motors.PageInfo.HasNextPage || c.Requests > 3 {
		t.Errorf("%+v for %+v", got, c)
	}
}

// readsHistoryOfFleet publishes all variables, and reads their values and their history in one query.
func readsHistoryOfFleet(t *testing.T, p *process, ids []string) {
	nodes := make([]map[string]any, len(ids))
	for i, id := range ids {
		nodes[i] = map[string]any{"nodeId": id}
	}
	p.MustQuery(nil, `mutation($nodes: [PublishNodeInput!]!) { publish(input: {server: "plant", nodes: $nodes}) { results { status { name } } } }`, map[string]any{"nodes": nodes})
	const query = `{ Motors: ShopfloorPlant_MotorType(server: "plant", first: 500) { nodes { id browseName { name } Speed { ...analog } Power { ...analog } Temperature { ...analog }
		Running { value history(last: "1h", step: "10m", aggregate: LAST) { points { value } } } } } }
		fragment analog on UA_AnalogItemType_of_Float { value history(last: "1h", step: "10m", aggregate: LAST) { points { value } } }`
	var got fleetPage
	p.waitFor(time.Minute, "all values are stored", func() error {
		got = fleetPage{}
		p.MustQuery(&got, query, nil)
		for i := range got.Motors.Nodes {
			if m := &got.Motors.Nodes[i]; m.Speed.last() == nil || m.Power.last() == nil || m.Temperature.last() == nil || m.Running.last() == nil {
				return errors.New("not of " + m.ID)
			}
		}
		return nil
	})
	got = fleetPage{}
	before := p.storeQueries()
	began := time.Now()
	c := p.counted(&got, query, nil)
	took, queries := time.Since(began), p.storeQueries()-before
	t.Logf("%d values with their history in %v: %+v, %d queries to the store", len(ids), took, c, queries)
	if c.Requests == 0 || c.Requests > 4 || queries != 1 {
		t.Errorf("OPC UA %+v, %d queries to the store", c, queries)
	}
	for i := range got.Motors.Nodes {
		m := &got.Motors.Nodes[i]
		n := m.number(t)
		if *m.Speed.last() != float64(1000+n) || *m.Power.last() != float64(n)/2 || *m.Temperature.last() != float64(20+n%50) || m.Running.last() == nil || *m.Running.last() != (n%2 == 0) {
			t.Errorf("history of motor %d: %+v", n, m)
		}
		if m.Speed.Value != float64(1000+n) {
			t.Errorf("motor %d: %+v", n, m)
		}
	}
	if len(got.Motors.Nodes) != motors {
		t.Errorf("%d motors", len(got.Motors.Nodes))
	}
}

// readsServerHistoryOfFleet reads what the server itself keeps, of which it takes 100 nodes in a HistoryRead.
func readsServerHistoryOfFleet(t *testing.T, p *process) {
	const motor7 = `{ Motors: ShopfloorPlant_MotorType(server: "plant", filter: {browseName: "Motor7"}) { nodes { id browseName { name } Speed { value } Temperature { history(last: "1h", source: SERVER) {
		series truncated points { value status { name } } } } } } }`
	p.MustQuery(nil, `mutation { write_ShopfloorPlant_MotorType(ids: ["plant/`+plantNodes+`Motor7"], input: {Temperature: 99.5}) { status { name } } }`, nil)
	var got fleetPage
	p.MustQuery(&got, motor7, nil)
	var values []float64
	for _, point := range got.Motors.Nodes[0].Temperature.History.Points {
		values = append(values, *point.Value)
	}
	if !slices.Equal(values, []float64{0, 27, 99.5}) { // the first is that of the type
		t.Errorf("history of motor 7 at the server: %v", values)
	}
	got = fleetPage{}
	before := p.storeQueries()
	c := p.counted(&got, `{ Motors: ShopfloorPlant_MotorType(server: "plant", first: 500) { nodes { id browseName { name } Temperature { history(last: "1h", step: "1h", aggregate: MAX, source: SERVER) {
		points { value } } } } } }`, nil)
	t.Logf("aggregates of %d variables at the server: %+v", len(got.Motors.Nodes), c)
	if queries := p.storeQueries() - before; c.Services["HistoryRead"].Requests != motors/100 || c.Requests > motors/100+2 || queries != 0 {
		t.Errorf("OPC UA %+v, %d queries to the store", c, queries)
	}
	for i := range got.Motors.Nodes {
		m := &got.Motors.Nodes[i]
		n := m.number(t)
		want := float64(20 + n%50)
		if n == 7 {
			want = 99.5
		}
		if last := m.Temperature.last(); last == nil || *last != want {
			t.Errorf("motor %d: %+v, want %v", n, m.Temperature.History, want)
		}
	}
	errs, err := p.Query(&got, `{ Motors: ShopfloorPlant_MotorType(server: "plant", filter: {browseName: "Motor7"}) { nodes { Speed { value history(source: SERVER) { truncated } } } } }`, nil)
	if err != nil || len(errs) != 1 || errs[0].Extensions["statusCode"] != "BadHistoryOperationUnsupported" || got.Motors.Nodes[0].Speed.Value != 1007 {
		t.Errorf("a variable without history: %v %+v, %+v", err, errs, got.Motors.Nodes)
	}
}

// storeQueries is how many queries for samples the embedded VictoriaMetrics has had, by its own counters.
func (p *process) storeQueries() (n int) {
	p.t.Helper()
	_, text := p.Get("/metrics")
	found := 0
	for lines := bufio.NewScanner(strings.NewReader(text)); lines.Scan(); {
		rest, ok := strings.CutPrefix(lines.Text(), `vm_http_requests_total{path="/api/v1/`)
		if !ok {
			continue
		}
		path, value, _ := strings.Cut(rest, `"} `)
		switch path {
		case "query", "query_range", "series", "export":
			count, err := strconv.Atoi(value)
			if err != nil {
				p.t.Fatalf("%s: %v", lines.Text(), err)
			}
			n += count
			found++
		}
	}
	if found != 4 {
		p.t.Fatalf("/metrics has %d of the four counters of queries", found)
	}
	return n
}
