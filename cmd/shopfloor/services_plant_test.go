//go:build unix

package main

import (
	"bytes"
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
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

// The services of a server over GraphQL: what they answer, and what each answer cost the server.
func TestServerServices(t *testing.T) {
	t.Parallel()
	peer := opcuatest.Start(t, opcuatest.Options{Vars: 500, AutoAccept: true, Env: []string{"COMPANION=di", "DEVICES=100"}})
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
	for _, step := range []struct {
		name string
		run  func(*testing.T, *process)
	}{
		{"values", countsValues},
		{"typed", countsTyped},
		{"no server asked", countsNothing},
		{"method arguments", describesMethods},
		{"verified write", verifiesWrites},
		{"capabilities", tellsCapabilities},
		{"diagnostics", tellsDiagnostics},
		{"connection", func(t *testing.T, p *process) { testsConnections(t, p, peer) }},
	} {
		t.Run(step.name, func(t *testing.T) {
			own := *p
			own.t = t
			step.run(t, &own)
		})
	}
}

// testsConnections tests one to the registered server, and others to the same address with security and users that the registry does not know.
func testsConnections(t *testing.T, p *process, peer *opcuatest.Server) {
	sum := sha1.Sum(peer.CertificateDER())
	thumbprint := hex.EncodeToString(sum[:])
	type result struct {
		OK    bool
		Steps []struct {
			Step, Outcome  string
			Detail, Remedy *string
		}
		RoundTripTime *float64
		Certificate   *struct {
			Thumbprint string
			Trusted    bool
		}
	}
	var got struct{ Registered, Untrusted, Secure, Password, Port result }
	p.MustQuery(&got, `mutation($url: String!, $t: String!) {
		Registered: testConnection(input: {server: "plant"}) { ...report }
		Untrusted: testConnection(input: {endpointUrl: $url}) { ...report }
		Secure: testConnection(input: {endpointUrl: $url, userName: "op", password: "op-pass", trustedThumbprints: [$t]}) { ...report }
		Password: testConnection(input: {endpointUrl: $url, userName: "op", password: "wrong", trustedThumbprints: [$t]}) { ...report }
		Port: testConnection(input: {endpointUrl: "opc.tcp://127.0.0.1:1"}) { ...report }
	} fragment report on ConnectionTest { ok steps { step outcome detail remedy } roundTripTime certificate { thumbprint trusted } }`, map[string]any{"url": peer.Endpoint(), "t": thumbprint})
	for name, c := range map[string]struct {
		result result
		failed string
	}{
		"registered": {got.Registered, ""}, "untrusted": {got.Untrusted, "CERTIFICATE"}, "secure": {got.Secure, ""}, "password": {got.Password, "ACTIVATE"}, "port": {got.Port, "TCP"},
	} {
		failed := ""
		for _, s := range c.result.Steps {
			if s.Outcome == "FAILED" {
				failed = s.Step
				if s.Detail == nil || s.Remedy == nil {
					t.Errorf("%s: %+v", name, s)
				}
			}
		}
		if failed != c.failed || c.result.OK != (c.failed == "") || len(c.result.Steps) != 11 || c.result.OK != (c.result.RoundTripTime != nil) {
			t.Errorf("%s: failed at %q, want %q: %+v", name, failed, c.failed, c.result)
		}
	}
	if c := got.Secure.Certificate; c == nil || !c.Trusted || c.Thumbprint != thumbprint {
		t.Errorf("certificate %+v", c)
	}
	var shown struct {
		EndpointCertificate struct {
			Pem, Thumbprint, ApplicationURI string
			KeySize                         int
		}
	}
	p.MustQuery(&shown, `{ endpointCertificate(server: "plant") { pem thumbprint applicationUri keySize } }`, nil)
	block, _ := pem.Decode([]byte(shown.EndpointCertificate.Pem))
	if block == nil || !bytes.Equal(block.Bytes, peer.CertificateDER()) || shown.EndpointCertificate.Thumbprint != thumbprint || shown.EndpointCertificate.KeySize != 2048 {
		t.Errorf("certificate %+v", shown)
	}
}

// However many values a query asks for, the server gets a handful of requests, and the answer says how many.
func countsValues(t *testing.T, p *process) {
	ids := make([]string, 500)
	for i := range ids {
		ids[i] = fmt.Sprintf("%sV%d", plantNodes, i)
	}
	for _, warm := range []bool{false, true} {
		var got struct {
			Nodes []struct{ Value struct{ Value float64 } }
		}
		c := p.counted(&got, `query($ids: [NodeId!]!) { nodes(server: "plant", nodeIds: $ids) { displayName { text } ... on VariableNode { value { value status { name } } } } }`,
			map[string]any{"ids": ids})
		if len(got.Nodes) != len(ids) || warm && c.Requests > 3 || c.Requests == 0 {
			t.Errorf("%d values (warm: %v): %+v", len(got.Nodes), warm, c)
		}
	}
	var inputs []any
	for _, id := range ids {
		inputs = append(inputs, map[string]any{"server": "plant", "nodeId": id})
	}
	var got struct {
		Read []struct{ Value struct{ Value *float64 } }
	}
	c := p.counted(&got, `query($in: [ReadInput!]!) { read(input: $in) { value { value } } }`, map[string]any{"in": inputs})
	if len(got.Read) != len(ids) || got.Read[499].Value.Value == nil || c.Requests != 1 || c.Services["Read"].Items != 500 {
		t.Errorf("read of %d: %+v", len(got.Read), c)
	}
}

func countsTyped(t *testing.T, p *process) {
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
	c := p.counted(&got, query, nil)
	if n := got.DI_SoftwareType.Nodes; len(n) != 100 || n[99].SoftwareRevision == "" || c.Requests > 5 || c.Requests == 0 {
		t.Errorf("%d instances for %+v", len(n), c)
	}
}

func countsNothing(t *testing.T, p *process) {
	r, err := http.Post(p.URL+"/graphql", "application/json", bytes.NewReader([]byte(`{"query": "{ servers { totalCount } }"}`)))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	var answer map[string]json.RawMessage
	if err := json.NewDecoder(r.Body).Decode(&answer); err != nil || answer["extensions"] != nil {
		t.Errorf("%v: %s", err, answer["extensions"])
	}
}

func describesMethods(t *testing.T, p *process) {
	type argument struct {
		Name, DataType, BuiltInType string
		ValueRank                   int
		Description                 *struct{ Text string }
	}
	var got struct {
		Path struct {
			Children struct {
				Edges []struct {
					Node struct {
						BrowseName                      struct{ Name string }
						InputArguments, OutputArguments []argument
					}
				}
			}
		}
	}
	c := p.counted(&got, `{ path(server: "plant", path: "Objects/Plant") { children(nodeClasses: [METHOD]) { edges { node { browseName { name }
		... on MethodNode { inputArguments { name dataType builtInType valueRank description { text } } outputArguments { name dataType builtInType valueRank } } } } } } }`, nil)
	found := false
	for _, e := range got.Path.Children.Edges {
		if n := e.Node; n.BrowseName.Name == "Add" {
			found = true
			if len(n.InputArguments) != 2 || n.InputArguments[1].Description == nil || n.InputArguments[1].Description.Text != "second addend" ||
				n.InputArguments[1].BuiltInType != "Double" || n.OutputArguments[0] != (argument{"sum", "i=11", "Double", -1, nil}) {
				t.Errorf("%+v", n)
			}
		}
	}
	if !found || c.Commands != 4 {
		t.Errorf("%d methods, %+v", len(got.Path.Children.Edges), c)
	}
}

func verifiesWrites(t *testing.T, p *process) {
	var got struct {
		Write []struct {
			Status       struct{ Name string }
			Remedy       *string
			Verification *struct {
				Outcome    string
				Difference *string
				Value      struct{ Value float64 }
			}
		}
	}
	c := p.counted(&got, `mutation($a: NodeId!, $b: NodeId!, $c: NodeId!) { write(input: [
		{server: "plant", nodeId: $a, value: 1.25, verify: true, status: "UncertainLastUsableValue", sourceTimestamp: "2026-01-02T03:04:05Z"},
		{server: "plant", nodeId: $b, value: 1000, verify: true}, {server: "plant", nodeId: $c, value: "x", verify: true}
	]) { status { name } remedy verification { outcome difference value { value } } } }`,
		map[string]any{"a": plantNodes + "Scalar_Double", "b": plantNodes + "Clamped", "c": plantNodes + "Scalar_Byte"})
	w := got.Write
	if w[0].Verification == nil || w[0].Verification.Outcome != "VERIFIED" || w[1].Verification == nil || w[1].Verification.Outcome != "DIFFERENT" ||
		w[1].Verification.Difference == nil || *w[1].Verification.Difference != "wrote 1000, the node has 100" || w[2].Status.Name != "BadTypeMismatch" || w[2].Remedy == nil {
		t.Errorf("%+v", w)
	}
	if c.Services["Write"] != (model.ServiceCount{Requests: 1, Items: 2}) || c.Services["Read"].Requests > 2 {
		t.Errorf("cost %+v", c)
	}
}

func tellsCapabilities(t *testing.T, p *process) {
	var got struct {
		Server struct {
			Capabilities struct {
				ServerProfiles, Locales []string
				MaxSessions             *int
				OperationLimits         struct{ MaxNodesPerRead *int }
				AggregateFunctions      []struct{ BrowseName struct{ Name string } }
			}
		}
	}
	c := p.counted(&got, `{ server(id: "plant") { capabilities { serverProfiles locales maxSessions operationLimits { maxNodesPerRead } aggregateFunctions { browseName { name } } } } }`, nil)
	k := got.Server.Capabilities
	if len(k.ServerProfiles) == 0 || len(k.Locales) == 0 || k.MaxSessions == nil || *k.MaxSessions != 50 || k.OperationLimits.MaxNodesPerRead == nil || *k.OperationLimits.MaxNodesPerRead != 1000 || len(k.AggregateFunctions) == 0 {
		t.Errorf("%+v", k)
	}
	if c.Requests != 2 {
		t.Errorf("cost %+v", c)
	}
}

func tellsDiagnostics(t *testing.T, p *process) {
	var got struct {
		Server struct {
			Diagnostics struct {
				Status struct {
					State     string
					StartTime time.Time
					BuildInfo struct{ ProductName string }
				}
				Summary  struct{ CurrentSessionCount string }
				Sessions []struct {
					SessionName   string
					TotalRequests struct{ Total string }
					Requests      []struct{ Service, Total string }
				}
				Redundancy struct{ Support string }
			}
		}
	}
	const query = `{ server(id: "plant") { diagnostics { status { state startTime buildInfo { productName } } summary { currentSessionCount }
		sessions { sessionName totalRequests { total } requests { service total } } subscriptions { subscriptionId } redundancy { support } } } }`
	p.counted(&got, query, nil) // reads what the structures consist of
	c := p.counted(&got, query, nil)
	d := got.Server.Diagnostics
	if d.Status.State != "RUNNING" || time.Since(d.Status.StartTime).Abs() > time.Hour || d.Status.BuildInfo.ProductName != "Shopfloor test plant" || d.Summary.CurrentSessionCount != "2" ||
		len(d.Sessions) != 2 || d.Sessions[0].TotalRequests.Total == "" || len(d.Sessions[0].Requests) == 0 || d.Redundancy.Support != "NONE" {
		t.Errorf("%+v", d)
	}
	if c.Requests != 1 {
		t.Errorf("cost %+v", c)
	}
}
