//go:build unix

package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/shopfloor-iiot/shopfloor/edge/opcua/opcuatest"
)

const (
	plantVars   = 1000
	plantPeriod = 100 * time.Millisecond
	plantNodes  = "nsu=urn:shopfloor:plant;s="
)

// plant is a shopfloor connected to a real OPC UA server that wants signing, encryption and a user.
type plant struct {
	*process
	peer       *opcuatest.Server
	thumbprint string
}

// itemResult is what a mutation says of one node, call or argument.
type itemResult struct {
	NodeID  string
	Field   *string
	Status  struct{ Name string }
	Message *string
}

func (r itemResult) message() string {
	if r.Message == nil {
		return ""
	}
	return *r.Message
}

// TestPlant takes a server from its first connection to the loss of its power. Each step builds on those before.
func TestPlant(t *testing.T) {
	t.Parallel()
	peer := opcuatest.Start(t, opcuatest.Options{Vars: plantVars, Period: plantPeriod, Continuing: true, NoAnonymous: true, AutoAccept: true})
	sum := sha1.Sum(peer.CertificateDER())
	p := startProcess(t)
	for _, step := range []struct {
		name string
		run  func(*testing.T, plant)
	}{
		{"an unknown certificate is refused", refusesUnknownCertificate},
		{"a trusted certificate connects", connectsWhenTrusted},
		{"path", findsNodeByPath},
		{"built-in types", readsBuiltInTypes},
		{"publish", publishesAndNamesUnknownNode},
		{"write", writesPerItem},
		{"call", callsPerItem},
		{"values", deliversChanges},
		{"node trace", tracesNode},
		{"every variable is stored", storesEveryVariable},
		{"structures are stored", storesStructures},
		{"a wrong password is refused", refusesWrongPassword},
		{"the server loses its power", goesOnAfterPowerCut},
	} {
		ok := t.Run(step.name, func(t *testing.T) {
			own := *p
			own.t = t // a query that fails ends this step, not the whole test from within it
			step.run(t, plant{process: &own, peer: peer, thumbprint: hex.EncodeToString(sum[:])})
		})
		if !ok {
			return
		}
	}
}

type plantConnection struct {
	State        string
	Error        *string
	Thumbprint   *string
	SecurityMode *string
}

// waitState waits until a server's connection is in a state.
func (p plant) waitState(server, state string) plantConnection {
	p.t.Helper()
	var got struct {
		Server struct{ Connection plantConnection }
	}
	p.waitFor(15*time.Second, server+" is "+state, func() error {
		errs, err := p.Query(&got, `query($id: ID!) { server(id: $id) { connection { state error thumbprint securityMode } } }`, map[string]any{"id": server})
		if err != nil || len(errs) > 0 {
			return fmt.Errorf("%w %+v", err, errs)
		}
		if c := got.Server.Connection; c.State != state {
			reason := ""
			if c.Error != nil {
				reason = *c.Error
			}
			return fmt.Errorf("%s %s", c.State, reason)
		}
		return nil
	})
	return got.Server.Connection
}

func (p plant) addServer(id, user, password string, trusted ...string) {
	p.t.Helper()
	p.MustQuery(nil, `mutation($in: AddServerInput!) { addServer(input: $in) { id } }`, map[string]any{"in": map[string]any{
		"id": id, "name": id, "endpointUrl": p.peer.Endpoint(), "securityMode": "SIGN_AND_ENCRYPT", "securityPolicy": "Basic256Sha256",
		"userName": user, "password": password, "trustedThumbprints": trusted,
	}})
}

func refusesUnknownCertificate(t *testing.T, p plant) {
	p.addServer("plant", "op", "op-pass")
	c := p.waitState("plant", "REFUSED")
	if c.Error == nil || !strings.Contains(*c.Error, p.thumbprint) {
		t.Errorf("error %v does not name the thumbprint %s", c.Error, p.thumbprint)
	}
	if c.Thumbprint == nil || *c.Thumbprint != p.thumbprint {
		t.Errorf("thumbprint %v, want %s", c.Thumbprint, p.thumbprint)
	}
}

func connectsWhenTrusted(t *testing.T, p plant) {
	p.MustQuery(nil, `mutation($t: String!) { trustServerCertificate(server: "plant", thumbprint: $t) { id } }`, map[string]any{"t": p.thumbprint})
	c := p.waitState("plant", "CONNECTED")
	if c.SecurityMode == nil || *c.SecurityMode != "SIGN_AND_ENCRYPT" || c.Error != nil {
		t.Errorf("connected with %+v", c)
	}
}

func findsNodeByPath(t *testing.T, p plant) {
	var got struct {
		Path struct{ NodeID, NodeClass string }
	}
	p.MustQuery(&got, `{ path(server: "plant", path: "Objects/Plant/Types/Scalar_Double") { nodeId nodeClass } }`, nil)
	if got.Path.NodeID != plantNodes+"Scalar_Double" || got.Path.NodeClass != "VARIABLE" {
		t.Errorf("got %+v", got.Path)
	}
}

// builtInTypes are the values that the server starts with, as JSON.
var builtInTypes = []struct {
	dataType string
	want     any
}{
	{"Boolean", true},
	{"SByte", -5.0},
	{"Byte", 200.0},
	{"Int16", -30000.0},
	{"UInt16", 60000.0},
	{"Int32", -2000000000.0},
	{"UInt32", 4000000000.0},
	{"Int64", "-9007199254740993"},
	{"UInt64", "18446744004990074895"},
	{"Float", 1.5},
	{"Double", 3.141592653589793},
	{"String", "høj ✓ test"},
	{"DateTime", "2026-01-02T03:04:05.678Z"},
	{"Guid", "72962b91-fa75-4ae6-8d28-b404dc7daf63"},
	{"ByteString", "AAEC/w=="},
	{"XmlElement", "<a><b>1</b></a>"},
	{"NodeId", plantNodes + "Plant"},
	{"ExpandedNodeId", "i=2258"}, // node-opcua sends the namespace URI of such a scalar in arrays only
	{"StatusCode", map[string]any{"code": 2150891520.0, "name": "BadNodeIdUnknown"}},
	{"QualifiedName", map[string]any{"name": "Q", "namespaceUri": "urn:shopfloor:plant"}},
	{"LocalizedText", map[string]any{"locale": "de", "text": "Pumpe läuft"}},
}

type plantValue struct {
	Value    any
	DataType string
	Status   struct{ Name string }
}

// read reads values of scalars.
func (p plant) read(names ...string) []plantValue {
	p.t.Helper()
	ids := make([]string, len(names))
	for i, name := range names {
		ids[i] = plantNodes + name
	}
	var got struct{ Nodes []struct{ Value plantValue } }
	p.MustQuery(&got, `query($ids: [NodeId!]!) { nodes(server: "plant", nodeIds: $ids) { ... on VariableNode { value { value dataType status { name } } } } }`,
		map[string]any{"ids": ids})
	if len(got.Nodes) != len(names) {
		p.t.Fatalf("%d nodes, want %d", len(got.Nodes), len(names))
	}
	values := make([]plantValue, len(names))
	for i := range got.Nodes {
		values[i] = got.Nodes[i].Value
	}
	return values
}

func readsBuiltInTypes(t *testing.T, p plant) {
	var names []string
	for _, b := range builtInTypes {
		names = append(names, "Scalar_"+b.dataType)
	}
	for i, v := range p.read(names...) {
		b := builtInTypes[i]
		wantType := b.dataType
		if wantType == "NodeId" {
			wantType = "ExpandedNodeId" // so that its namespace means the same outside the session
		}
		if diff := cmp.Diff(b.want, v.Value); diff != "" || v.DataType != wantType || v.Status.Name != "Good" {
			t.Errorf("%s: type %s, status %s, value (-want +got):\n%s", b.dataType, v.DataType, v.Status.Name, diff)
		}
	}
}

func publishesAndNamesUnknownNode(t *testing.T, p plant) {
	const unknown = plantVars / 2 // in the middle: what stands behind it must be added too
	var nodes []map[string]any
	for i := range plantVars {
		if i == unknown {
			nodes = append(nodes, map[string]any{"nodeId": plantNodes + "NoSuchNode"})
		}
		nodes = append(nodes, map[string]any{"nodeId": plantNodes + "V" + strconv.Itoa(i)})
	}
	var got struct {
		Publish struct {
			Writer  struct{ FieldCount int }
			Results []itemResult
		}
	}
	p.MustQuery(&got, `mutation($in: PublishInput!) { publish(input: $in) { writer { fieldCount } results { nodeId field status { name } message } } }`,
		map[string]any{"in": map[string]any{"server": "plant", "nodes": nodes, "samplingInterval": "0s", "publishingInterval": "200ms"}})
	if n := got.Publish.Writer.FieldCount; n != plantVars || len(got.Publish.Results) != len(nodes) {
		t.Fatalf("%d fields and %d results, want %d and %d", n, len(got.Publish.Results), plantVars, len(nodes))
	}
	for i, r := range got.Publish.Results {
		if i == unknown {
			if r.Status.Name != "BadNodeIdUnknown" || r.Field != nil {
				t.Errorf("unknown node: %+v", r)
			}
		} else if r.Status.Name != "Good" || r.Field == nil || r.NodeID != nodes[i]["nodeId"] {
			t.Errorf("node %v: %+v", nodes[i]["nodeId"], r)
		}
	}
}

func writesPerItem(t *testing.T, p plant) {
	item := func(server, name string, value any) map[string]any {
		return map[string]any{"server": server, "nodeId": plantNodes + name, "value": value}
	}
	var got struct{ Write []itemResult }
	p.MustQuery(&got, `mutation($in: [WriteInput!]!) { write(input: $in) { nodeId status { name } message } }`, map[string]any{"in": []any{
		item("plant", "Scalar_Double", 2.75), item("plant", "Scalar_Int32", "not a number"), item("elsewhere", "Scalar_Double", 1),
	}})
	if len(got.Write) != 3 {
		t.Fatalf("got %+v", got.Write)
	}
	if r := got.Write[0]; r.Status.Name != "Good" {
		t.Errorf("Double: %s %s", r.Status.Name, r.message())
	}
	if r := got.Write[1]; r.Status.Name != "BadTypeMismatch" || r.message() == "" {
		t.Errorf("a text into Int32: %s %q", r.Status.Name, r.message())
	}
	if r := got.Write[2]; !strings.HasPrefix(r.Status.Name, "Bad") || !strings.Contains(r.message(), "elsewhere") {
		t.Errorf("unknown server: %s %q", r.Status.Name, r.message())
	}
	values := p.read("Scalar_Double", "Scalar_Int32")
	if values[0].Value != 2.75 || values[1].Value != -2000000000.0 {
		t.Errorf("read back %+v", values)
	}
}

func callsPerItem(t *testing.T, p plant) {
	call := func(arguments ...any) map[string]any {
		return map[string]any{"server": "plant", "objectId": plantNodes + "Plant", "methodId": plantNodes + "Add", "inputArguments": arguments}
	}
	var got struct {
		Call []struct {
			itemResult
			OutputArguments []struct {
				Name, DataType string
				Value          any
			}
		}
	}
	p.MustQuery(&got, `mutation($in: [CallInput!]!) { call(input: $in) { status { name } message outputArguments { name value dataType } } }`,
		map[string]any{"in": []any{call(2), call(2, 3), call(2, 3, 4)}})
	if len(got.Call) != 3 {
		t.Fatalf("got %+v", got.Call)
	}
	for i, want := range []string{"BadArgumentsMissing", "Good", "BadTooManyArguments"} {
		if r := got.Call[i]; r.Status.Name != want {
			t.Errorf("call %d: %s %q, want %s", i, r.Status.Name, r.message(), want)
		}
	}
	if out := got.Call[1].OutputArguments; len(out) != 1 || out[0].Name != "sum" || out[0].Value != 5.0 || out[0].DataType != "Double" {
		t.Errorf("2 + 3 = %+v", out)
	}
}

// deliversChanges reads a subscription over Server-Sent Events until V0 has changed a few times.
func deliversChanges(t *testing.T, p plant) {
	body, err := json.Marshal(map[string]any{"query": fmt.Sprintf(
		`subscription { values(server: "plant", nodeIds: [%q], samplingInterval: "100ms", publishingInterval: "100ms") { sequence changes { nodeId value { value } } } }`, plantNodes+"V0")})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
	defer cancel()
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
	defer r.Body.Close()
	seen, last := 0, 0.0
	lines := bufio.NewScanner(r.Body)
	for seen < 5 && lines.Scan() {
		data, ok := strings.CutPrefix(lines.Text(), "data:")
		if !ok || strings.TrimSpace(data) == "" {
			continue
		}
		var event struct {
			Data struct {
				Values struct {
					Changes []struct{ Value struct{ Value float64 } }
				}
			}
		}
		if err := json.Unmarshal([]byte(data), &event); err != nil {
			t.Fatalf("%s: %v", data, err)
		}
		for _, c := range event.Data.Values.Changes {
			if c.Value.Value <= last {
				t.Errorf("%v after %v", c.Value.Value, last)
			}
			seen, last = seen+1, c.Value.Value
		}
	}
	if seen < 5 {
		t.Errorf("%d changes, status %d, %v", seen, r.StatusCode, lines.Err())
	}
}
