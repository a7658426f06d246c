//go:build unix

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/shopfloor-iiot/shopfloor/edge/opcua/opcuatest"
	"github.com/shopfloor-iiot/shopfloor/model"
)

// serviceCounts is extensions.opcua of an answer.
type serviceCounts struct {
	Requests uint64
	Commands int
	Services map[string]model.ServiceCount
}

// counted is a query that has no errors, with what it cost the server.
func (p *process) counted(out any, query string, variables map[string]any) serviceCounts {
	p.t.Helper()
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		p.t.Fatal(err)
	}
	r, err := http.Post(p.URL+"/graphql", "application/json", bytes.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	defer r.Body.Close()
	var answer struct {
		Data       json.RawMessage
		Errors     []graphError
		Extensions struct{ OPCUA *serviceCounts }
	}
	if err := json.NewDecoder(r.Body).Decode(&answer); err != nil || len(answer.Errors) > 0 {
		p.t.Fatalf("%v %+v", err, answer.Errors)
	}
	if answer.Extensions.OPCUA == nil {
		p.t.Fatal("the answer does not tell what it cost")
	}
	if out != nil {
		if err := json.Unmarshal(answer.Data, out); err != nil {
			p.t.Fatal(err)
		}
	}
	return *answer.Extensions.OPCUA
}

// However many values a query asks for, the server gets a handful of requests, and the answer says how many.
func TestRequestCounts(t *testing.T) {
	const values = 500
	peer := opcuatest.Start(t, opcuatest.Options{Vars: values, Env: []string{"COMPANION=di", "DEVICES=100"}})
	p := startProcess(t, "--server-types")
	p.MustQuery(nil, `mutation($url: String!) { addServer(input: {id: "plant", name: "Plant", endpointUrl: $url, securityMode: NONE}) { id } }`, map[string]any{"url": peer.Endpoint()})
	p.waitFor(time.Minute, "the server is connected", func() error {
		var got struct{ Server struct{ State string } }
		p.MustQuery(&got, `{ server(id: "plant") { state } }`, nil)
		if got.Server.State != "CONNECTED" {
			return fmt.Errorf("state %s", got.Server.State)
		}
		return nil
	})
	ids := make([]string, values)
	for i := range ids {
		ids[i] = fmt.Sprintf("%sV%d", plantNodes, i)
	}
	t.Run("values", func(t *testing.T) {
		own := *p
		own.t = t
		for _, warm := range []bool{false, true} {
			var got struct {
				Nodes []struct{ Value struct{ Value float64 } }
			}
			c := own.counted(&got, `query($ids: [NodeId!]!) { nodes(server: "plant", nodeIds: $ids) { displayName { text } ... on VariableNode { value { value status { name } } } } }`,
				map[string]any{"ids": ids})
			if len(got.Nodes) != values || warm && c.Requests > 3 || c.Requests == 0 {
				t.Errorf("%d values (warm: %v): %+v", len(got.Nodes), warm, c)
			}
			t.Logf("values, warm %v: %+v", warm, c)
		}
	})
	t.Run("typed", func(t *testing.T) {
		own := *p
		own.t = t
		var got struct {
			DI_SoftwareType struct {
				Nodes []struct {
					SoftwareRevision string
					Manufacturer     *struct{ Text string }
				}
			}
		}
		const query = `{ DI_SoftwareType(server: "plant", path: "Objects/Plant/Devices", first: 200) { nodes { id SoftwareRevision Manufacturer { text } } } }`
		p.waitFor(time.Minute, "the server's types are in the schema", func() error {
			errs, err := p.Query(&got, query, nil)
			if err != nil || len(errs) > 0 {
				return fmt.Errorf("%w %+v", err, errs)
			}
			return nil
		})
		c := own.counted(&got, query, nil)
		if n := got.DI_SoftwareType.Nodes; len(n) != 100 || n[99].SoftwareRevision == "" || c.Requests > 5 || c.Requests == 0 {
			t.Errorf("%d instances for %+v", len(n), c)
		}
		t.Logf("typed: %+v", c)
	})
	t.Run("no server asked", func(t *testing.T) {
		r, err := http.Post(p.URL+"/graphql", "application/json", bytes.NewReader([]byte(`{"query": "{ servers { totalCount } }"}`)))
		if err != nil {
			t.Fatal(err)
		}
		defer r.Body.Close()
		var answer map[string]json.RawMessage
		if err := json.NewDecoder(r.Body).Decode(&answer); err != nil || answer["extensions"] != nil {
			t.Errorf("%v: %s", err, answer["extensions"])
		}
	})
}
