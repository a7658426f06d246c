//go:build unix

package main

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"github.com/shopfloor-iiot/shopfloor/edge/opcua/opcuatest"
)

// spaceAnswer is what is asked of the address space of a server.
type spaceAnswer struct {
	State, Version, Error string
	Nodes, Omitted        int
	Bytes                 string
	ChangesTold           bool
	BrowsedAt             time.Time
	Progress              *struct{ Browsed, Found int }
}

// waitForSpace waits until the address space is in a state and satisfies a condition, and returns it with how often it was seen to grow before.
func (p *process) waitForSpace(limit time.Duration, state string, ok func(*spaceAnswer) bool) (a spaceAnswer, progress int) {
	p.t.Helper()
	last := 0
	p.waitFor(limit, "the address space is "+state, func() error {
		var got struct {
			Server struct{ AddressSpace spaceAnswer }
		}
		errs, err := p.Query(&got, `{ server(id: "plant") { addressSpace { state version error nodes omitted bytes changesTold browsedAt progress { browsed found } } } }`, nil)
		if a = got.Server.AddressSpace; err != nil || len(errs) > 0 {
			return fmt.Errorf("%w, %v", err, errs)
		}
		if a.Progress != nil && a.Progress.Browsed > last {
			last = a.Progress.Browsed
			progress++
		}
		if a.State != state || ok != nil && !ok(&a) {
			return fmt.Errorf("%+v", a)
		}
		return nil
	})
	return a, progress
}

type searchAnswer struct {
	Search struct {
		TotalCount int
		Edges      []struct {
			Path, TypeName, Unit string
			Node                 struct{ Value struct{ Value any } }
		}
		UnknownServers []any
	}
}

func (p *process) search(args string) (a searchAnswer) {
	p.t.Helper()
	p.MustQuery(&a, `{ search(`+args+`) { totalCount unknownServers { id } edges { path typeName unit node { ... on VariableNode { value { value } } } } } }`, nil)
	return a
}

// The address space of node-opcua's server is browsed, searched, kept over a restart while the server is away, and browsed again when it is back.
func TestSearchOnARealServer(t *testing.T) {
	t.Parallel()
	peer := opcuatest.Start(t, opcuatest.Options{Env: []string{"COMPANION=di"}})
	p := startProcess(t)
	p.MustQuery(nil, `mutation($url: String!) { addServer(input: {id: "plant", name: "Plant", endpointUrl: $url, securityMode: NONE}) { id } }`, map[string]any{"url": peer.Endpoint()})
	first, _ := p.waitForSpace(2*time.Minute, "CURRENT", nil)
	if first.Nodes < 3000 || first.Omitted > 0 || first.Version == "" || first.Error != "" {
		t.Errorf("browsed: %+v", first)
	}
	t.Logf("%d nodes, %s bytes", first.Nodes, first.Bytes)

	found := p.search(`text: "currenttime", nodeClasses: VARIABLE, first: 3`)
	if e := found.Search.Edges; len(e) == 0 || e[0].Path != "Objects/Server/ServerStatus/CurrentTime" || e[0].Node.Value.Value == nil || e[0].TypeName != "BaseDataVariableType" {
		t.Errorf("found %+v", found)
	}
	if found = p.search(`typeDefinition: "i=2365", path: "Objects/**"`); found.Search.TotalCount == 0 { // DataItemType: those of the plant are AnalogItems
		t.Errorf("no items of a subtype: %+v", found)
	}
	units := 0
	for _, e := range found.Search.Edges {
		if e.Unit != "" {
			units++
			if by := p.search(`path: ` + strconv.Quote(e.Path) + `, unit: ` + strconv.Quote(e.Unit)); by.Search.TotalCount != 1 {
				t.Errorf("by unit %q: %+v", e.Unit, by)
			}
		}
	}
	if units == 0 {
		t.Errorf("no units: %+v", found)
	}

	p.Kill()
	peer.Stop()
	p.start()
	p.waitForSpace(time.Minute, "KEPT", func(a *spaceAnswer) bool { return a.Version == first.Version })
	if found = p.searchKept(); found.Search.TotalCount == 0 || len(found.Search.UnknownServers) > 0 {
		t.Errorf("kept: %+v", found)
	}
	peer.Restart()
	again, _ := p.waitForSpace(2*time.Minute, "CURRENT", func(a *spaceAnswer) bool { return a.BrowsedAt.After(first.BrowsedAt) })
	if again.Nodes != first.Nodes {
		t.Errorf("%d nodes after a restart, %d before", again.Nodes, first.Nodes)
	}
}

// searchKept asks nothing of the server.
func (p *process) searchKept() (a searchAnswer) {
	p.t.Helper()
	p.MustQuery(&a, `{ search(text: "currenttime") { totalCount unknownServers { id } edges { path node { nodeClass displayName { text } } } } }`, nil)
	return a
}

// A server with one folder of many variables is browsed whole, with progress to see, and searched.
func TestAddressSpaceOfALargeServer(t *testing.T) {
	nodes := long(20_000, 100_000)
	cmd := exec.Command(binary, "bench", "edge", "--serve", "--nodes", strconv.Itoa(nodes))
	input, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	output, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		input.Close()
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	})
	var ready loadReady
	if err := json.NewDecoder(output).Decode(&ready); err != nil {
		t.Fatal(err)
	}
	p := startProcess(t)
	begin := time.Now()
	p.MustQuery(nil, `mutation($url: String!) { addServer(input: {id: "plant", name: "Plant", endpointUrl: $url, securityMode: NONE}) { id } }`, map[string]any{"url": ready.Endpoint})
	a, progress := p.waitForSpace(5*time.Minute, "CURRENT", nil)
	bytes, err := strconv.Atoi(a.Bytes)
	if err != nil || a.Nodes < nodes || a.Omitted > 0 || progress < 2 {
		t.Errorf("%+v, progress seen %d times, %v", a, progress, err)
	}
	t.Logf("%d nodes in %s, %d bytes a node with their names, progress seen %d times", a.Nodes, time.Since(begin).Round(time.Millisecond), bytes/max(a.Nodes, 1), progress)
	begin = time.Now()
	found := p.search(`text: "v` + strconv.Itoa(nodes-1) + `", typeDefinition: "i=62", path: "Objects/Load/*"`)
	t.Logf("one node found with its value in %s", time.Since(begin).Round(time.Microsecond))
	if found.Search.TotalCount != 1 || found.Search.Edges[0].Path != "Objects/Load/V"+strconv.Itoa(nodes-1) || found.Search.Edges[0].Node.Value.Value == nil {
		t.Errorf("found %+v", found)
	}
}
