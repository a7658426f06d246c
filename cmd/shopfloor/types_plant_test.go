//go:build unix

package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopfloor-iiot/shopfloor/edge/opcua/opcuatest"
)

// servedSchema is the schema that a process serves.
type servedSchema struct {
	Schema struct {
		Generation, Hash string
		Types            int
		LastChange       *struct {
			Causes []struct {
				Kind                                           string
				Server, NamespaceURI, Version, PreviousVersion *string
			}
			Added    []string
			Breaking []struct{ Kind, Description string }
		}
	}
	Software, Boiler *struct{ Kind string }
}

func (p *process) schema() (s servedSchema) {
	p.t.Helper()
	p.MustQuery(&s, `{ schema { generation hash types lastChange { causes { kind server namespaceUri version previousVersion } added breaking { kind description } } }
		Software: __type(name: "DI_SoftwareType") { kind } }`, nil)
	return s
}

// The types of a server are in the schema when it connects, follow it when it comes back with others, and are there at once after a restart,
// though the server is away.
func TestTypesFollowTheServer(t *testing.T) {
	t.Parallel()
	peer := opcuatest.Start(t, opcuatest.Options{})
	p := startProcess(t, "--server-types")
	p.MustQuery(nil, `mutation($url: String!) { addServer(input: {id: "plant", name: "Plant", endpointUrl: $url, securityMode: NONE}) { id } }`, map[string]any{"url": peer.Endpoint()})
	var first servedSchema
	p.waitFor(time.Minute, "the server's types are in the schema", func() error {
		if first = p.schema(); first.Schema.Types == 0 {
			return fmt.Errorf("schema %+v", first.Schema)
		}
		return nil
	})
	if c := first.Schema.LastChange.Causes; len(c) != 1 || c[0].Kind != "SERVER_ADDED" || *c[0].Server != "plant" || len(first.Schema.LastChange.Breaking) > 0 || first.Software != nil {
		t.Errorf("first schema: causes %+v, breaking %v, software %v", c, first.Schema.LastChange.Breaking, first.Software)
	}

	peer.Restart("COMPANION=di")
	var second servedSchema
	p.waitFor(2*time.Minute, "the types of DI are in the schema", func() error {
		if second = p.schema(); second.Software == nil {
			return fmt.Errorf("schema %+v", second.Schema)
		}
		return nil
	})
	change := second.Schema.LastChange
	di := slices.IndexFunc(change.Causes, func(c struct {
		Kind                                           string
		Server, NamespaceURI, Version, PreviousVersion *string
	},
	) bool {
		return c.NamespaceURI != nil && *c.NamespaceURI == "http://opcfoundation.org/UA/DI/"
	})
	if di < 0 || change.Causes[di].Kind != "MODEL_CHANGED" || change.Causes[di].Version == nil || !strings.HasPrefix(*change.Causes[di].Version, "1.") || change.Causes[di].PreviousVersion != nil {
		t.Errorf("causes %+v", change.Causes)
	}
	if !slices.Contains(change.Added, "DI_SoftwareType") || len(change.Breaking) > 0 {
		t.Errorf("%d added, breaking %v", len(change.Added), change.Breaking)
	}

	peer.Stop()
	p.Stop()
	p.Restart()
	third := p.schema()
	if third.Schema.Hash != second.Schema.Hash || third.Schema.Generation != "2" {
		t.Errorf("after a restart: generation %s, hash %s, was %s", third.Schema.Generation, third.Schema.Hash, second.Schema.Hash)
	}
	if code, page := p.Get("/metrics"); code != 200 || !strings.Contains(page, fmt.Sprintf("\nshopfloor_schema_types %d\n", third.Schema.Types)) {
		t.Errorf("metrics: %d, without %d types", code, third.Schema.Types)
	}

	p.MustQuery(nil, `mutation { removeServer(id: "plant") }`, nil)
	p.waitFor(time.Minute, "the types went with their server", func() error {
		if s := p.schema(); s.Software != nil {
			return fmt.Errorf("schema %+v", s.Schema.Generation)
		}
		return nil
	})
}

// Instances that come and go are found as soon as the server tells of them, though objects are remembered for long.
func TestInstancesFollowTheServer(t *testing.T) {
	peer := opcuatest.Start(t, opcuatest.Options{})
	p := startProcess(t, "--server-types")
	p.MustQuery(nil, `mutation($url: String!) { addServer(input: {id: "plant", name: "Plant", endpointUrl: $url, securityMode: NONE}) { id } }`, map[string]any{"url": peer.Endpoint()})
	find := func(want int) func() error {
		return func() error {
			var got struct {
				UA_BaseObjectType struct{ Nodes []struct{ ID string } }
			}
			errs, err := p.Query(&got, `{ UA_BaseObjectType(server: "plant", filter: {browseName: "Press9"}) { nodes { id } } }`, nil)
			switch {
			case err != nil:
				return err
			case len(errs) > 0:
				return fmt.Errorf("%+v", errs)
			case len(got.UA_BaseObjectType.Nodes) != want:
				return fmt.Errorf("%d found, want %d", len(got.UA_BaseObjectType.Nodes), want)
			}
			return nil
		}
	}
	p.waitFor(time.Minute, "the server's types are in the schema", find(0))
	call := func(method string) {
		t.Helper()
		var got struct {
			Call []struct{ Status struct{ Name string } }
		}
		p.MustQuery(&got, `mutation($object: NodeId!, $method: NodeId!) { call(input: [{server: "plant", objectId: $object, methodId: $method, inputArguments: ["Press9"]}]) { status { name } } }`,
			map[string]any{"object": plantNodes + "Machines", "method": plantNodes + method})
		if got.Call[0].Status.Name != "Good" {
			t.Fatalf("%s: %+v", method, got)
		}
	}
	call("AddMachine")
	p.waitFor(time.Minute, "the machine is found", find(1))
	call("RemoveMachine")
	p.waitFor(time.Minute, "the machine is gone", find(0))
}
