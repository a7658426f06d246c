package graph

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/shopfloor-iiot/shopfloor/model"
)

func TestReferencePaging(t *testing.T) {
	p := newPlatform(HandlerConfig{})
	var asked []string
	plant := &fakeCommands{}
	p.commands.BrowseFunc = func(nodes []model.BrowseDescription) ([]model.BrowseResult, error) {
		asked = append(asked, fmt.Sprintf("%d+%d", nodes[0].Skip, nodes[0].MaxReferences))
		return plant.Browse(context.Background(), "", nodes)
	}
	seen := map[string]bool{}
	after := any(nil)
	for range 3 {
		a := p.ask(t, `query($after: String) { node(server: "press", nodeId: "i=85") { references(first: 100, after: $after) {
			edges { node { id } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }`, "after", after)
		if len(a.Errors) > 0 {
			t.Fatal(a.Errors)
		}
		c := a.Data.(map[string]any)["node"].(map[string]any)["references"].(map[string]any)
		for _, e := range c["edges"].([]any) {
			seen[fmt.Sprint(e)] = true
		}
		info := c["pageInfo"].(map[string]any)
		if info["hasNextPage"] != (len(seen) < 250) || info["hasPreviousPage"] != (after != nil) {
			t.Errorf("after %d: pageInfo %v", len(seen), info)
		}
		after = info["endCursor"]
	}
	if len(seen) != 250 {
		t.Errorf("saw %d nodes, want 250", len(seen))
	}
	if fmt.Sprint(asked) != "[0+100 100+100 200+100]" {
		t.Errorf("asked for the references %v", asked)
	}
}

func TestReferenceArgumentsReachTheServer(t *testing.T) {
	p := newPlatform(HandlerConfig{})
	var got []model.BrowseDescription
	p.commands.BrowseFunc = func(nodes []model.BrowseDescription) ([]model.BrowseResult, error) {
		got = append(got, nodes...)
		return make([]model.BrowseResult, len(nodes)), nil
	}
	p.ask(t, `query($classes: [NodeClass!], $n: Int) { node(server: "press", nodeId: "i=85") {
		a: references { edges { cursor } }
		b: references(direction: BOTH, referenceType: "i=47", includeSubtypes: false, nodeClasses: $classes, first: $n) { edges { cursor } }
		c: children(nodeClasses: METHOD, first: 5) { edges { cursor } }
	} }`, "classes", []string{"OBJECT", "VIEW"}, "n", 7).wantData(t, `{"node": {"a": {"edges": []}, "b": {"edges": []}, "c": {"edges": []}}}`)
	want := []model.BrowseDescription{
		{NodeID: objectsFolder, IncludeSubtypes: true, MaxReferences: 100},
		{NodeID: objectsFolder, Direction: model.BrowseBoth, ReferenceType: model.Expanded(model.NumericID(0, 47)), NodeClassMask: 129, MaxReferences: 7},
		{NodeID: objectsFolder, ReferenceType: model.Expanded(model.NumericID(0, 33)), IncludeSubtypes: true, NodeClassMask: 4, MaxReferences: 5},
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("asked %v, want %v", got, want)
	}
}

func TestReferenceToAnotherServerHasNoNode(t *testing.T) {
	p := newPlatform(HandlerConfig{})
	p.commands.BrowseFunc = func([]model.BrowseDescription) ([]model.BrowseResult, error) {
		away := tag(1)
		away.ServerIndex = 3
		return []model.BrowseResult{{References: []model.Reference{{NodeID: away, ReferenceType: model.Expanded(model.NumericID(0, 35))}}}}, nil
	}
	p.ask(t, `{ node(server: "press", nodeId: "i=85") { references { edges { referenceType isForward typeDefinition node { id description { text } } } } } }`).
		wantData(t, `{"node": {"references": {"edges": [{"referenceType": "i=35", "isForward": false, "typeDefinition": null, "node": null}]}}}`)
}

func TestBrowseErrors(t *testing.T) {
	const query = `{ node(server: "press", nodeId: "i=85") { nodeId } bad: node(server: "press", nodeId: "i=85") { children(first: 2) { edges { node { nodeId } } } } }`
	for _, tt := range []struct {
		name, code, statusCode string
		result                 model.BrowseResult
		err                    error
	}{
		{"unavailable", "UNAVAILABLE", "", model.BrowseResult{}, fmt.Errorf("gateway edge1: %w", ErrUnavailable)},
		{"denied", "UNAVAILABLE", "BadUserAccessDenied", model.BrowseResult{Status: model.StatusBadUserAccessDenied}, nil},
		{"reference type", "BAD_USER_INPUT", "BadReferenceTypeIdInvalid", model.BrowseResult{Status: model.StatusBadReferenceTypeIdInvalid, Message: "no such type"}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newPlatform(HandlerConfig{})
			p.commands.BrowseFunc = func([]model.BrowseDescription) ([]model.BrowseResult, error) {
				return []model.BrowseResult{tt.result}, tt.err
			}
			a := p.ask(t, query)
			a.wantPartial(t, `{"node": {"nodeId": "i=85"}, "bad": null}`)
			a.wantCodes(t, tt.code)
			if status, _ := a.Errors[0].Extensions["statusCode"].(string); status != tt.statusCode || fmt.Sprint(a.Errors[0].Path) != "[bad children]" {
				t.Errorf("error %+v", a.Errors[0])
			}
		})
	}
}

// A child whose own references are denied is null; its neighbours are not.
func TestBrowseErrorBelow(t *testing.T) {
	p := newPlatform(HandlerConfig{})
	plant := &fakeCommands{}
	p.commands.BrowseFunc = func(nodes []model.BrowseDescription) ([]model.BrowseResult, error) {
		results, err := plant.Browse(context.Background(), "", nodes)
		if nodes[0].NodeID != objectsFolder {
			results[0] = model.BrowseResult{Status: model.StatusBadUserAccessDenied}
		}
		return results, err
	}
	a := p.ask(t, `{ node(server: "press", nodeId: "i=85") { children(first: 2) { edges { node { nodeId children { pageInfo { hasNextPage } } } } } } }`)
	a.wantPartial(t, `{"node": {"children": {"edges": [{"node": null}, {"node": {"nodeId": "nsu=urn:plant;i=2", "children": {"pageInfo": {"hasNextPage": false}}}}]}}}`)
	a.wantCodes(t, "UNAVAILABLE")
}

func TestPagingHasAnEnd(t *testing.T) {
	a := newPlatform(HandlerConfig{}).ask(t, `query($a: String) { node(server: "press", nodeId: "i=85") { children(after: $a) { edges { cursor } } } }`, "a", cursor("999901"))
	a.wantCodes(t, "BAD_USER_INPUT")
	if !strings.Contains(a.Errors[0].Message, "1000000") {
		t.Errorf("error %v does not name the bound", a.Errors[0])
	}
}

// What is planned from raw arguments must be what generated code makes of them, in whatever way they are given.
func TestPlanAgreesWithArguments(t *testing.T) {
	declarations := map[string]string{
		"$d": `BrowseDirection = INVERSE`, "$t": `NodeId = "i=33"`, "$sub": `Boolean = false`, "$c": `NodeClass! = VARIABLE`,
		"$list": `[NodeClass!] = [OBJECT, VARIABLE]`, "$n": `Int = 3`, "$a": `String`,
	}
	for _, tt := range []struct {
		arguments string
		variables []any
	}{
		{`direction: null, referenceType: null, includeSubtypes: null, nodeClasses: null, first: null, after: null`, nil},
		{`direction: $d, referenceType: $t, includeSubtypes: $sub, nodeClasses: $list, first: $n, after: $a`, nil},
		{`direction: $d, referenceType: $t, includeSubtypes: $sub, nodeClasses: [$c, OBJECT], first: $n, after: $a`, nil},
		{`nodeClasses: $list`, []any{"list", "VARIABLE"}},
		{`nodeClasses: []`, nil},
		{`nodeClasses: VARIABLE`, nil},
		{`direction: $d, referenceType: $t, includeSubtypes: $sub, nodeClasses: $list, first: $n, after: $a`, []any{
			"d", "BOTH", "t", "ns=0;i=47", "sub", true, "list", []string{"VARIABLE"}, "n", 5, "a", cursor("2"),
		}},
		{`direction: $d, referenceType: $t, includeSubtypes: $sub, nodeClasses: $list, first: $n, after: $a`, []any{
			"d", nil, "t", nil, "sub", nil, "list", nil, "n", nil, "a", nil,
		}},
	} {
		declared := `query($s: ID! = "press", $id: NodeId! = "i=85", $r: String = "1:2"`
		for name, declaration := range declarations {
			if regexp.MustCompile(`\` + name + `\b`).MatchString(tt.arguments) {
				declared += ", " + name + ": " + declaration
			}
		}
		p := newPlatform(HandlerConfig{})
		a := p.ask(t, declared+`) { one: node(server: $s, nodeId: $id) { references(`+tt.arguments+`) { ...page } }
			many: nodes(server: $s, nodeIds: [$id, "nsu=urn:plant;i=1"]) { references(`+tt.arguments+`) { ...page } ... on VariableNode { value(indexRange: $r) { value } } }
		} fragment page on ReferenceConnection { edges { node { id ... on VariableNode { value(indexRange: $r) { value } other: value(indexRange: null) { value } } } } }`, tt.variables...)
		if len(a.Errors) > 0 {
			t.Errorf("%s with %v: %v", tt.arguments, tt.variables, a.Errors)
		}
		if r, b := p.commands.reads.Load(), p.commands.browses.Load(); r != 2 || b != 1 {
			t.Errorf("%s with %v: %d reads and %d browses, want 2 and 1", tt.arguments, tt.variables, r, b)
		}
	}
}

func TestBadArgumentsAreTheUsersFault(t *testing.T) {
	p := newPlatform(HandlerConfig{})
	for _, arguments := range []string{
		`first: 3000000000`, `first: 99999999999999999999`, `first: 1.5`, `first: "1"`, `direction: UP`, `direction: "BOTH"`, `nodeClasses: [1]`, `referenceType: 5`,
		`referenceType: "x"`, `after: 1`, `after: "MTpY"`, `nodeClasses: [null]`,
	} {
		a := p.ask(t, `{ node(server: "press", nodeId: "i=85") { references(`+arguments+`) { edges { cursor } } } }`)
		if len(a.Errors) == 0 {
			t.Errorf("%s was taken", arguments)
		}
		for _, code := range a.codes() {
			if code != "BAD_USER_INPUT" && code != "GRAPHQL_VALIDATION_FAILED" {
				t.Errorf("%s: %v", arguments, a.Errors)
			}
		}
	}
	for _, n := range []any{3e9, 1.5, true, json.Number("99999999999999999999")} {
		a := p.ask(t, `query($n: Int) { node(server: "press", nodeId: "i=85") { references(first: $n) { edges { cursor } } } }`, "n", n)
		if len(a.Errors) == 0 || a.codes()[0] != "BAD_USER_INPUT" && a.codes()[0] != "GRAPHQL_VALIDATION_FAILED" {
			t.Errorf("first %v: %v", n, a.Errors)
		}
	}
	if p.log.Len() > 0 {
		t.Errorf("log %s", p.log)
	}
}
