package graph

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/shopfloor-iiot/shopfloor/model"
)

func tags(n int) []string {
	ids := make([]string, n)
	for i := range ids {
		ids[i] = tag(i + 1).String()
	}
	return ids
}

func TestNodesReadOnce(t *testing.T) {
	p := newPlatform(HandlerConfig{})
	a := p.ask(t, `query($ids: [NodeId!]!) { nodes(server: "press", nodeIds: $ids) {
		displayName { text } description { text }
		... on VariableNode { value { value status { name } } first: value(indexRange: "0") { value } dataType accessLevel }
	} }`, "ids", tags(500))
	if len(a.Errors) > 0 {
		t.Fatal(a.Errors)
	}
	nodes := a.Data.(map[string]any)["nodes"].([]any)
	if len(nodes) != 500 {
		t.Fatalf("%d nodes", len(nodes))
	}
	a.Data = nodes[6]
	a.wantData(t, `{"displayName": {"text": "Variable 7"}, "description": {"text": "Variable 7"}, "value": {"value": 3.5, "status": {"name": "Good"}},
		"first": {"value": "range 0"}, "dataType": "i=11", "accessLevel": ["CURRENT_READ", "HISTORY_READ"]}`)
	if n := p.commands.reads.Load(); n != 1 {
		t.Errorf("%d reads, want 1", n)
	}
	// Identity (4), description, value, its first element, data type and access level.
	if n := p.commands.items.Load(); n != 500*9 {
		t.Errorf("%d attributes were read, want %d", n, 500*9)
	}
}

func TestAliasesOfRootFieldsReadOnce(t *testing.T) {
	p := newPlatform(HandlerConfig{})
	a := p.ask(t, `{
		a: node(server: "press", nodeId: "ns=2;i=7") { id nodeId displayName { text } }
		b: node(server: "press", nodeId: "nsu=urn:plant;i=8") { ...f }
		c: path(server: "press", path: "Objects/V9") { ...f }
		d: nodes(server: "press", nodeIds: "nsu=urn:plant;i=8") { ...f }
	} fragment f on Node { nodeId ... on VariableNode { value { value } } }`)
	a.wantData(t, `{"a": {"id": "press/nsu=urn:plant;i=7", "nodeId": "nsu=urn:plant;i=7", "displayName": {"text": "Variable 7"}},
		"b": {"nodeId": "nsu=urn:plant;i=8", "value": {"value": 4}}, "c": {"nodeId": "nsu=urn:plant;i=9", "value": {"value": 4.5}},
		"d": [{"nodeId": "nsu=urn:plant;i=8", "value": {"value": 4}}]}`)
	if r, tr := p.commands.reads.Load(), p.commands.translates.Load(); r != 1 || tr != 1 {
		t.Errorf("%d reads and %d translates, want 1 and 1", r, tr)
	}
	// Tag 8 is asked for twice and read once: 3 nodes with identity, 2 of them with a value.
	if n := p.commands.items.Load(); n != 3*4+2 {
		t.Errorf("%d attributes were read, want 14", n)
	}
}

func TestChildrenReadOncePerLevel(t *testing.T) {
	p := newPlatform(HandlerConfig{})
	a := p.ask(t, `{ server(id: "press") { objects { children(first: 200) { edges { node {
		browseName { name }
		... on VariableNode { value { value } }
		children(first: 10) { edges { node { nodeId ... on VariableNode { value { value } historizing } } } }
	} } } } } }`)
	if len(a.Errors) > 0 {
		t.Fatal(a.Errors)
	}
	// Objects itself, 200 variables, 400 below them: a read each; a browse each for the first two.
	if r, b := p.commands.reads.Load(), p.commands.browses.Load(); r != 3 || b != 2 {
		t.Errorf("%d reads and %d browses, want 3 and 2", r, b)
	}
	if n := p.commands.items.Load(); n != 4+200+400*2 {
		t.Errorf("%d attributes were read, want %d", n, 4+200+400*2)
	}
}

func TestNamesOfReferencesNeedNoRead(t *testing.T) {
	p := newPlatform(HandlerConfig{})
	p.ask(t, `{ node(server: "press", nodeId: "i=85") { children(first: 2) { edges { cursor referenceType isForward typeDefinition
		node { id nodeId nodeClass browseName { name namespaceUri } displayName { text locale } server { id } } } } } }`).wantData(t,
		`{"node": {"children": {"edges": [
			{"cursor": "`+cursor("1")+`", "referenceType": "i=47", "isForward": true, "typeDefinition": "i=63", "node": {"id": "press/nsu=urn:plant;i=1",
			 "nodeId": "nsu=urn:plant;i=1", "nodeClass": "VARIABLE", "browseName": {"name": "V1", "namespaceUri": "urn:plant"},
			 "displayName": {"text": "V 1", "locale": ""}, "server": {"id": "press"}}},
			{"cursor": "`+cursor("2")+`", "referenceType": "i=47", "isForward": true, "typeDefinition": "i=63", "node": {"id": "press/nsu=urn:plant;i=2",
			 "nodeId": "nsu=urn:plant;i=2", "nodeClass": "VARIABLE", "browseName": {"name": "V2", "namespaceUri": "urn:plant"},
			 "displayName": {"text": "V 2", "locale": ""}, "server": {"id": "press"}}}]}}}`)
	if n := p.commands.items.Load(); n != 4 {
		t.Errorf("%d attributes were read, want the identity of Objects only", n)
	}
}

func TestEveryNodeClass(t *testing.T) {
	p := newPlatform(HandlerConfig{})
	var ids []string
	for c := model.NodeClassObject; c <= model.NodeClassView; c <<= 1 {
		ids = append(ids, ofClass(c).String())
	}
	const variableType = `"value": {"value": 5008, "dataType": "Double", "message": null, "sourceTimestamp": "2026-01-02T03:04:05Z", "serverTimestamp": "2026-01-02T03:04:05Z",
		"status": {"code": 0, "name": "Good", "severity": "GOOD"}}, "dataType": "i=11", "valueRank": 1, "arrayDimensions": [3, 0]`
	p.ask(t, `query($ids: [NodeId!]!) { nodes(server: "press", nodeIds: $ids) { __typename
		... on ObjectNode { eventNotifier }
		... on VariableNode { valueRank arrayDimensions userAccessLevel minimumSamplingInterval historizing }
		... on MethodNode { executable userExecutable }
		... on ObjectTypeNode { isAbstract }
		... on VariableTypeNode { value { value dataType message sourceTimestamp serverTimestamp status { code name severity } } dataType valueRank arrayDimensions isAbstract }
		... on ReferenceTypeNode { isAbstract symmetric inverseName { text } }
		... on DataTypeNode { isAbstract }
		... on ViewNode { containsNoLoops eventNotifier }
	} }`, "ids", ids).wantData(t, `{"nodes": [
		{"__typename": "ObjectNode", "eventNotifier": 1},
		{"__typename": "VariableNode", "valueRank": 1, "arrayDimensions": [3, 0], "userAccessLevel": ["CURRENT_READ", "HISTORY_READ"], "minimumSamplingInterval": 250, "historizing": true},
		{"__typename": "MethodNode", "executable": true, "userExecutable": true},
		{"__typename": "ObjectTypeNode", "isAbstract": true},
		{"__typename": "VariableTypeNode", `+variableType+`, "isAbstract": true},
		{"__typename": "ReferenceTypeNode", "isAbstract": true, "symmetric": false, "inverseName": {"text": "ReferenceType 10032"}},
		{"__typename": "DataTypeNode", "isAbstract": true},
		{"__typename": "ViewNode", "containsNoLoops": true, "eventNotifier": 1}]}`)
	if n := p.commands.reads.Load(); n != 1 {
		t.Errorf("%d reads, want 1", n)
	}
}

func TestUnknownNodeIsNullWithErrorAtItsPlace(t *testing.T) {
	p := newPlatform(HandlerConfig{})
	a := p.ask(t, `{ nodes(server: "press", nodeIds: ["nsu=urn:plant;i=1", "nsu=urn:plant;s=nope"]) { nodeId children { edges { cursor } } } }`)
	if got := fmt.Sprint(a.Data); !strings.HasSuffix(got, " <nil>]]") {
		t.Errorf("data %s, want null in the second place", got)
	}
	a.wantCodes(t, "NOT_FOUND")
	e := a.Errors[0]
	if fmt.Sprint(e.Path) != "[nodes 1]" || e.Extensions["statusCode"] != "BadNodeIdUnknown" ||
		!strings.Contains(e.Message, "nsu=urn:plant;s=nope") || !strings.Contains(e.Message, `"press"`) {
		t.Errorf("error %+v does not name place, status, node and server", e)
	}
}

func TestNodeErrors(t *testing.T) {
	ids := tags(maxPageSize + 1)
	for _, tt := range []struct{ name, query, data, code, message string }{
		{"server", `{ node(server: "no", nodeId: "i=85") { id } }`, `{"node": null}`, "NOT_FOUND", `server "no"`},
		{"path", `{ path(server: "press", path: "Objects/X") { id } }`, `{"path": null}`, "NOT_FOUND", `path "Objects/X" of server "press": BadNoMatch: nothing of that name`},
		{"empty path", `{ path(server: "press", path: "") { id } }`, `{"path": null}`, "BAD_USER_INPUT", "path: it is empty"},
		{"node id", `{ node(server: "press", nodeId: "x") { id } }`, `{"node": null}`, "BAD_USER_INPUT", `node id "x"`},
		{"too many", `query($ids: [NodeId!]!) { nodes(server: "press", nodeIds: $ids) { id } }`, `null`, "BAD_USER_INPUT", "nodeIds: 1001 items are more than 1000"},
		{"first", `{ node(server: "press", nodeId: "i=85") { children(first: 1001) { edges { cursor } } } }`, `{"node": null}`, "BAD_USER_INPUT", "first: 1001 is not from 0 to 1000"},
		{"after", `{ node(server: "press", nodeId: "i=85") { references(after: "x") { edges { cursor } } } }`, `{"node": null}`, "BAD_USER_INPUT", "no cursor"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := newPlatform(HandlerConfig{}).ask(t, tt.query, "ids", ids)
			a.wantPartial(t, tt.data)
			a.wantCodes(t, tt.code)
			if !strings.Contains(a.Errors[0].Message, tt.message) {
				t.Errorf("message %q, want %q in it", a.Errors[0].Message, tt.message)
			}
		})
	}
}

func TestBadAttributesAndValues(t *testing.T) {
	p := newPlatform(HandlerConfig{})
	p.commands.ReadFunc = func(_ context.Context, ids []model.ReadValueID) ([]model.ReadResult, error) {
		results := make([]model.ReadResult, len(ids))
		for i, id := range ids {
			if results[i] = plantRead(id); id.Attribute == model.AttributeDataType || id.Attribute == model.AttributeDescription ||
				id.Attribute == model.AttributeAccessLevel {
				results[i] = model.ReadResult{DataValue: model.DataValue{Status: model.StatusBadUserAccessDenied}}
			}
		}
		return results, nil
	}
	a := p.ask(t, `{ node(server: "press", nodeId: "nsu=urn:plant;i=13") { description { text } ... on VariableNode { dataType accessLevel
		value { value dataType message sourceTimestamp status { name severity } } } } }`)
	a.wantPartial(t, `{"node": {"description": null, "dataType": null, "accessLevel": null, "value": {"value": null, "dataType": null, "message": "cable is cut",
		"sourceTimestamp": null, "status": {"name": "BadSensorFailure", "severity": "BAD"}}}}`)
	a.wantCodes(t, "UNAVAILABLE", "UNAVAILABLE", "UNAVAILABLE")
}

func TestUnavailableServer(t *testing.T) {
	p := newPlatform(HandlerConfig{})
	p.commands.ReadFunc = func(context.Context, []model.ReadValueID) ([]model.ReadResult, error) {
		return nil, fmt.Errorf("gateway edge1: %w", ErrUnavailable)
	}
	a := p.ask(t, `{ nodes(server: "press", nodeIds: ["i=85", "i=86"]) { id } server(id: "press") { name } }`)
	a.wantPartial(t, `{"nodes": [null, null], "server": {"name": "Press 1"}}`)
	a.wantCodes(t, "UNAVAILABLE", "UNAVAILABLE")
}

func TestReadTimesOut(t *testing.T) {
	p := newPlatform(HandlerConfig{QueryTimeout: 1})
	p.commands.ReadFunc = func(ctx context.Context, _ []model.ReadValueID) ([]model.ReadResult, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	p.ask(t, `{ node(server: "press", nodeId: "i=85") { id } }`).wantCodes(t, "UNAVAILABLE")
}

func TestLargeReadsAreSplit(t *testing.T) {
	p := newPlatform(HandlerConfig{})
	var values strings.Builder
	for i := range 7 {
		fmt.Fprintf(&values, "v%d: value(indexRange: \"%d\") { value } ", i, i)
	}
	a := p.ask(t, `query($ids: [NodeId!]!) { nodes(server: "press", nodeIds: $ids) { ... on VariableNode { `+values.String()+` } } }`, "ids", tags(1000))
	if len(a.Errors) > 0 {
		t.Fatal(a.Errors)
	}
	last := a.Data.(map[string]any)["nodes"].([]any)[999]
	if got := fmt.Sprint(last.(map[string]any)["v6"]); got != "map[value:range 6]" {
		t.Errorf("the last value is %s", got)
	}
	if r, n := p.commands.reads.Load(), p.commands.items.Load(); r != 2 || n != 11_000 {
		t.Errorf("%d reads of %d attributes, want 2 of 11,000", r, n)
	}
}

func TestSkippedFieldsAreNotRead(t *testing.T) {
	p := newPlatform(HandlerConfig{})
	p.ask(t, `query($no: Boolean!) { node(server: "press", nodeId: "nsu=urn:plant;i=1") { id ... on VariableNode @include(if: $no) { value { value } } description @include(if: $no) { text } } }`,
		"no", false).wantData(t, `{"node": {"id": "press/nsu=urn:plant;i=1"}}`)
	if n := p.commands.items.Load(); n != 4 {
		t.Errorf("%d attributes were read, want 4", n)
	}
}

func TestSingleIDStandsForAList(t *testing.T) {
	newPlatform(HandlerConfig{}).ask(t, `query($ids: [NodeId!]!) { nodes(server: "press", nodeIds: $ids) { nodeId } }`, "ids", "i=85").
		wantData(t, `{"nodes": [{"nodeId": "i=85"}]}`)
}

func TestDeferredFragmentsArePlanned(t *testing.T) {
	p := newPlatform(HandlerConfig{})
	p.ask(t, `{ node(server: "press", nodeId: "nsu=urn:plant;i=1") { id ... on VariableNode @defer { value { value } } } }`).wantData(t,
		`{"node": {"id": "press/nsu=urn:plant;i=1", "value": {"value": 0.5}}}`)
}

func BenchmarkNodes500(b *testing.B) {
	p := newPlatform(HandlerConfig{})
	request, err := json.Marshal(map[string]any{
		"query":     `query($ids: [NodeId!]!) { nodes(server: "press", nodeIds: $ids) { displayName { text } ... on VariableNode { value { value status { name } } dataType accessLevel } } }`,
		"variables": map[string]any{"ids": tags(500)},
	})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if w := p.send("POST", "/graphql", request); w.Code != 200 {
			b.Fatal(w.Body)
		}
	}
}
