package graph

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
)

func TestEntities(t *testing.T) {
	p := newPlatform(HandlerConfig{})
	representations := json.RawMessage(`[
		{"__typename": "VariableNode", "id": "press/nsu=urn:plant;i=7"},
		{"__typename": "Server", "id": "press"},
		{"__typename": "Server", "id": "none"},
		{"__typename": "VariableNode", "id": "press/nsu=urn:plant;i=8"},
		{"__typename": "ObjectNode", "id": "press/nsu=urn:plant;i=9"},
		{"__typename": "VariableNode", "id": "none/i=1"},
		{"__typename": "VariableNode", "id": "press"},
		{"__typename": "PageInfo", "id": "1"},
		{"__typename": "Server"}
	]`)
	a := p.ask(t, `query($r: [_Any!]!) { _entities(representations: $r) {
		__typename ... on Server { name } ... on Node { nodeId } ... on VariableNode { value { value } }
	} }`, "r", representations)
	errs := a.Errors
	a.Errors = nil
	a.wantData(t, `{"_entities": [
		{"__typename": "VariableNode", "nodeId": "nsu=urn:plant;i=7", "value": {"value": 3.5}}, {"__typename": "Server", "name": "Press 1"}, null,
		{"__typename": "VariableNode", "nodeId": "nsu=urn:plant;i=8", "value": {"value": 4}}, null, null, null, null, null]}`)
	got := map[string]string{}
	for _, e := range errs {
		got[fmt.Sprint(e.Path)] = fmt.Sprintf("%v %s", e.Extensions["code"], e.Message)
	}
	for at, want := range map[int]string{
		2: `NOT_FOUND server "none": not found`, 4: "NOT_FOUND not found: node nsu=urn:plant;i=9 of server \"press\" is of type VariableNode, not ObjectNode",
		5: `NOT_FOUND server "none": not found`, 6: `BAD_USER_INPUT representations[6].id: "press" is no id of a node; want "<server>/<nodeId>"`,
		7: `BAD_USER_INPUT representations[7].__typename: "PageInfo" is no entity of this subgraph`, 8: "BAD_USER_INPUT representations[8]: it has no __typename or no id",
	} {
		if e := got[fmt.Sprintf("[_entities %d]", at)]; !strings.HasPrefix(e, want) {
			t.Errorf("representation %d: %q, want %q", at, e, want)
		}
	}
	if n := p.commands.reads.Load(); n != 1 || len(errs) != 6 {
		t.Errorf("%d reads, want 1; errors %v", n, errs)
	}
}

// Each entity has the field by which others refer to it.
func TestSubgraph(t *testing.T) {
	a := newPlatform(HandlerConfig{}).ask(t, `{ _service { sdl } }`)
	sdl := a.Data.(map[string]any)["_service"].(map[string]any)["sdl"].(string)
	doc, err := parser.ParseSchema(&ast.Source{Input: sdl})
	if err != nil {
		t.Fatal(err)
	}
	keyed := 0
	for _, e := range doc.Extensions {
		if e.Directives.ForName("key") == nil {
			continue
		}
		keyed++
		if d := doc.Definitions.ForName(e.Name); d == nil || d.Fields.ForName("id") == nil {
			t.Errorf("%s has no id", e.Name)
		}
	}
	if keyed < 10 || strings.Contains(sdl, "_entities") {
		t.Errorf("%d entities in\n%s", keyed, sdl)
	}
	hidden := newPlatform(HandlerConfig{DisableIntrospection: true}).ask(t, `{ _service { sdl } }`)
	if len(hidden.Errors) != 1 || hidden.Errors[0].Extensions["code"] != "INTROSPECTION_DISABLED" {
		t.Errorf("with introspection switched off: %+v", hidden)
	}
}
