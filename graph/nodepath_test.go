package graph

import (
	"fmt"
	"strings"
	"testing"

	"github.com/shopfloor-iiot/shopfloor/model"
)

func TestPaths(t *testing.T) {
	p := newPlatform(HandlerConfig{})
	a := p.ask(t, `{
		paths(server: "press", paths: ["Objects/V7", "Objects/X", "Objects/V8", "Objects/V20000"]) { path status { name } message node { nodeId ... on VariableNode { value { value } } } }
		path(server: "press", path: "Objects/V9") { ... on VariableNode { value { value } } }
		one: paths(server: "press", paths: "Objects/V7") { node { __typename } }
		none: paths(server: "press", paths: []) { path }
		away: paths(server: "lathe", paths: ["Objects/V7"]) { path status { name } message node { id } }
	}`)
	a.wantData(t, `{"paths": [
		{"path": "Objects/V7", "status": {"name": "Good"}, "message": null, "node": {"nodeId": "nsu=urn:plant;i=7", "value": {"value": 3.5}}},
		{"path": "Objects/X", "status": {"name": "BadNoMatch"}, "message": "nothing of that name below Objects", "node": null},
		{"path": "Objects/V8", "status": {"name": "Good"}, "message": null, "node": {"nodeId": "nsu=urn:plant;i=8", "value": {"value": 4}}},
		{"path": "Objects/V20000", "status": {"name": "BadNodeIdUnknown"}, "message": "node nsu=urn:plant;i=20000 of server \"press\": BadNodeIdUnknown", "node": null}],
		"path": {"value": {"value": 4.5}}, "one": [{"node": {"__typename": "VariableNode"}}], "none": [],
		"away": [{"path": "Objects/V7", "status": {"name": "BadNotFound"}, "message": "server \"lathe\": not found", "node": null}]}`)
	if r, tr := p.commands.reads.Load(), p.commands.translates.Load(); r != 1 || tr != 1 {
		t.Errorf("%d reads and %d translates, want 1 and 1", r, tr)
	}
}

func TestPathsOfServerThatIsAway(t *testing.T) {
	p := newPlatform(HandlerConfig{})
	p.commands.AwayFunc = func(string) error { return fmt.Errorf("gateway edge1: %w", ErrUnavailable) }
	a := p.ask(t, `{ paths(server: "press", paths: ["Objects/V7", "Objects/V8"]) { status { name } node { id } } }`)
	a.wantData(t, `{"paths": [{"status": {"name": "BadServerNotConnected"}, "node": null}, {"status": {"name": "BadServerNotConnected"}, "node": null}]}`)
}

func TestPathsBegin(t *testing.T) {
	p := newPlatform(HandlerConfig{})
	var asked []model.BrowsePath
	p.commands.PathsFunc = func(paths []model.BrowsePath) { asked = append(asked, paths...) }
	p.ask(t, `query($start: NodeId = "nsu=urn:plant;i=5", $paths: [String!]! = ["Objects/V2"]) {
		paths(server: "press", paths: $paths, startingNode: $start) { node { id } } path(server: "press", path: "Objects/V1", startingNode: "i=85") { id } }`,
		"paths", []string{"Objects/V3", "Objects/V4"})
	got := map[string]string{}
	for _, b := range asked {
		got[b.Path] = b.StartingNode.String()
	}
	want := map[string]string{"Objects/V3": "nsu=urn:plant;i=5", "Objects/V4": "nsu=urn:plant;i=5", "Objects/V1": "i=85"}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("asked for %v, want %v", got, want)
	}
}

func TestRefusedPaths(t *testing.T) {
	p := newPlatform(HandlerConfig{})
	for _, field := range []string{
		`paths(server: "press", paths: [""]) { path }`, `path(server: "press", path: "") { id }`, `paths(server: "press", paths: ["Objects/V1"], startingNode: "x") { path }`,
		`paths(server: "press", paths: [` + strings.Repeat(`"a" `, 1001) + `]) { path }`,
	} {
		a := p.ask(t, `{ `+field+` }`)
		if len(a.Errors) != 1 || a.codes()[0] != "BAD_USER_INPUT" && a.codes()[0] != "GRAPHQL_VALIDATION_FAILED" {
			t.Errorf("%.80s: %v", field, a.Errors)
		}
	}
	p.commands.TranslateFunc = func(string) model.TranslateResult {
		return model.TranslateResult{Status: model.StatusBadSyntaxError, Message: "at byte 9"}
	}
	p.ask(t, `{ path(server: "press", path: "/Objects//V1") { id } }`).wantCodes(t, "BAD_USER_INPUT")
}
