package graph

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// Whatever goes wrong with a service of a server: the error stands at its path with a code and says what to do, and the rest of the answer is there. What goes wrong
// with one item of a batch is in its result.
func TestServiceErrors(t *testing.T) {
	p := newPlatform(HandlerConfig{})
	p.resolver.Connections = &fakeConnections{err: fmt.Errorf("%w: gateway %q is not connected", ErrUnavailable, "edge1")}
	p.commands.AwayFunc = func(server string) error {
		if server == "oven" {
			return fmt.Errorf("%w: gateway %q is not connected", ErrUnavailable, "edge2")
		}
		return nil
	}
	p.commands.DescribeFunc = func(methods []model.ExpandedNodeID) ([]model.MethodDescription, error) {
		return []model.MethodDescription{{Status: model.StatusBadUserAccessDenied}}, nil
	}
	p.commands.WriteFunc = func(_ string, values []model.WriteValue) ([]model.WriteResult, error) {
		return nil, errors.New("a fault of ours")
	}
	method := fmt.Sprintf("nsu=urn:plant;i=%d", plantSize+int(model.NodeClassMethod))
	const alive = ` alive: node(server: "press", nodeId: "nsu=urn:plant;i=1") { nodeId }`
	for _, c := range []struct {
		name, query string
		path, code  string // path is "" when nothing is executed
	}{
		{"unknown server of a node", `{ bad: node(server: "no", nodeId: "i=1") { nodeId }` + alive + `}`, "[bad]", "NOT_FOUND"},
		{"unknown node", `{ bad: node(server: "press", nodeId: "nsu=urn:plant;i=999999") { nodeId }` + alive + `}`, "[bad]", "NOT_FOUND"},
		{"unknown node of several", `{ bad: nodes(server: "press", nodeIds: ["nsu=urn:plant;i=1", "nsu=urn:plant;i=999999"]) { nodeId }` + alive + `}`, "[bad 1]", "NOT_FOUND"},
		{"unknown path", `{ bad: path(server: "press", path: "Objects/Nowhere") { nodeId }` + alive + `}`, "[bad]", "NOT_FOUND"},
		{"empty path", `{ bad: path(server: "press", path: "") { nodeId }` + alive + `}`, "[bad]", "BAD_USER_INPUT"},
		{"malformed node id", `{ bad: node(server: "press", nodeId: "x=1") { nodeId }` + alive + `}`, "[bad nodeId]", "BAD_USER_INPUT"},
		{"server that is away", `{ bad: node(server: "oven", nodeId: "i=85") { nodeId }` + alive + `}`, "[bad]", "UNAVAILABLE"},
		{"unreadable arguments", `{ bad: node(server: "press", nodeId: "` + method + `") { ... on MethodNode { inputArguments { name } } }` + alive + `}`, "[bad inputArguments]", "UNAVAILABLE"},
		{"capabilities of a server that is away", `{ bad: server(id: "oven") { name capabilities { maxSessions } }` + alive + `}`, "[bad capabilities]", "UNAVAILABLE"},
		{"diagnostics of a server that is away", `{ bad: server(id: "oven") { name diagnostics { serviceLevel } }` + alive + `}`, "[bad diagnostics]", "UNAVAILABLE"},
		{"registered nodes of a server that is away", `{ bad: server(id: "oven") { name registeredNodes }` + alive + `}`, "[bad registeredNodes]", "UNAVAILABLE"},
		{"certificate", `{ bad: endpointCertificate(server: "press") { subject }` + alive + `}`, "[bad]", "UNAVAILABLE"},
		{"certificate of an unknown server", `{ bad: endpointCertificate(server: "no") { subject }` + alive + `}`, "[bad]", "NOT_FOUND"},
		{"certificate of nothing", `{ bad: endpointCertificate { subject }` + alive + `}`, "[bad]", "BAD_USER_INPUT"},
		{"malformed argument", `{ bad: endpointCertificate(server: 1.5) { subject } }`, "", "GRAPHQL_VALIDATION_FAILED"},
		{"unknown field", `{ read(input: []) { colour } }`, "", "GRAPHQL_VALIDATION_FAILED"},
		{"unknown attribute", `{ read(input: [{server: "press", nodeId: "i=1", attribute: COLOUR}]) { nodeId } }`, "", "GRAPHQL_VALIDATION_FAILED"},
		{"no query", `{ read(`, "", "GRAPHQL_PARSE_FAILED"},
		{"too much", `{ server(id: "press") { objects { children(first: 1000) { edges { node { children(first: 1000) { edges { node { nodeId } } } } } } } } }`, "", "COMPLEXITY_LIMIT_EXCEEDED"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := p.ask(t, c.query)
			a.wantCodes(t, c.code)
			e := a.Errors[0]
			if remedy, _ := e.Extensions["remedy"].(string); remedy == "" || e.Message == "" {
				t.Errorf("error %+v", e)
			}
			if c.path == "" {
				if a.Data != nil {
					t.Errorf("data %v", a.Data)
				}
				return
			}
			if fmt.Sprint(e.Path) != c.path {
				t.Errorf("path %v, want %s", e.Path, c.path)
			}
			data, ok := a.Data.(map[string]any)
			if !ok || fmt.Sprint(data["alive"]) != "map[nodeId:nsu=urn:plant;i=1]" {
				t.Errorf("the rest of the answer is %v", a.Data)
			}
			if server, ok := data["bad"].(map[string]any); ok && strings.Contains(c.query, "name") && server["name"] == nil && strings.Contains(c.query, "server(id") {
				t.Errorf("the rest of the server is %v", server)
			}
		})
	}
}

// The same of items of a batch: one that is bad has a status, a message and a remedy, and the others are carried out.
func TestServiceErrorsOfItems(t *testing.T) {
	p := newPlatform(HandlerConfig{})
	p.commands.ReadFunc = func(_ context.Context, ids []model.ReadValueID) ([]model.ReadResult, error) {
		results := make([]model.ReadResult, len(ids))
		for i, id := range ids {
			if results[i] = plantRead(id); results[i].Status.IsBad() {
				results[i].Message = "read " + id.NodeID.String()
			}
		}
		return results, nil
	}
	p.commands.WriteFunc = func(_ string, values []model.WriteValue) ([]model.WriteResult, error) {
		results := make([]model.WriteResult, len(values))
		for i, v := range values {
			if string(v.Value) == `"x"` {
				results[i] = model.WriteResult{Status: model.StatusBadTypeMismatch, Message: "want Double, got the string \"x\""}
			}
		}
		return results, nil
	}
	p.commands.CallFunc = func(_ string, calls []model.CallRequest) ([]model.CallResult, error) {
		results := make([]model.CallResult, len(calls))
		for i, c := range calls {
			if len(c.InputArguments) == 0 {
				results[i] = model.CallResult{Status: model.StatusBadArgumentsMissing, Message: "0 arguments given, want 2"}
			}
		}
		return results, nil
	}
	p.commands.RegisterFunc = func(string, bool, []model.ExpandedNodeID) ([]model.RegisterResult, error) {
		return []model.RegisterResult{{}, {Status: model.StatusBadNodeIdUnknown, Message: "no namespace"}}, nil
	}
	for name, query := range map[string]string{
		"read": `{ r: read(input: [{server: "press", nodeId: "nsu=urn:plant;i=1"}, {server: "press", nodeId: "nsu=urn:plant;i=999999"}]) {
			value { status { name severity } message } remedy } }`,
		"unreadable attribute": `{ r: read(input: [{server: "press", nodeId: "nsu=urn:plant;i=1"}, {server: "press", nodeId: "nsu=urn:plant;i=1", attribute: INVERSE_NAME}]) {
			value { status { name severity } message } remedy } }`,
		"wrong type":     `mutation { r: write(input: [{server: "press", nodeId: "i=1", value: 1}, {server: "press", nodeId: "i=1", value: "x"}]) { status { severity } message remedy } }`,
		"unknown server": `mutation { r: write(input: [{server: "press", nodeId: "i=1", value: 1}, {server: "no", nodeId: "i=1", value: 1}]) { status { severity } message remedy } }`,
		"bad argument": `mutation { r: call(input: [{server: "press", objectId: "i=1", methodId: "i=2", inputArguments: [1, 2]}, {server: "press", objectId: "i=1", methodId: "i=2"}]) {
			status { severity } message remedy } }`,
		"register": `mutation { r: registerNodes(input: [{server: "press", nodeId: "i=1"}, {server: "press", nodeId: "i=2"}]) { status { severity } message remedy } }`,
	} {
		t.Run(name, func(t *testing.T) {
			a := p.ask(t, query)
			if len(a.Errors) > 0 {
				t.Fatal(a.Errors)
			}
			type item struct {
				Status  *struct{ Severity string }
				Message *string
				Remedy  *string
				Value   *struct {
					Status  struct{ Severity string }
					Message *string
				}
			}
			var got struct{ R []item }
			text, err := json.Marshal(a.Data)
			if err == nil {
				err = json.Unmarshal(text, &got)
			}
			if err != nil || len(got.R) != 2 {
				t.Fatalf("%v: %s", err, text)
			}
			for i, bad := range []bool{false, true} {
				r := got.R[i]
				if r.Value != nil {
					r.Status, r.Message = &struct{ Severity string }{r.Value.Status.Severity}, r.Value.Message
				}
				if (r.Status.Severity == "BAD") != bad || (r.Message != nil) != bad || (r.Remedy != nil) != bad {
					t.Errorf("item %d: %s", i, text)
				}
			}
		})
	}
}
