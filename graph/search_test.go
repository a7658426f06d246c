package graph

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/graph/addressspace"
	"github.com/shopfloor-iiot/shopfloor/model"
)

// spaceHost has the fake platform browsed: press is connected.
type spaceHost struct {
	typedServices
	status func(server string) model.ServerStatus
}

func (h spaceHost) Connected(server string) (time.Time, bool) {
	st := h.status(server)
	return st.Since, st.State == model.StateConnected
}

// Read knows the namespaces of every server besides what the plant has.
func (h spaceHost) Read(_ context.Context, _ string, nodes []model.ReadValueID) ([]model.ReadResult, error) {
	results := make([]model.ReadResult, len(nodes))
	for i, n := range nodes {
		if results[i].Status = model.StatusBadNodeIdUnknown; n.NodeID == model.Expanded(model.NumericID(0, 2255)) {
			results[i].DataValue = model.DataValue{Value: model.StringValue("urn:plant")}
		}
	}
	return results, nil
}

func (h spaceHost) ModelChanges(context.Context, string, model.ModelMonitorRequest) (<-chan model.ModelChanges, error) {
	return nil, ErrUnavailable
}

// noStore stores nothing.
type noStore struct{}

func (noStore) Load(string) ([]byte, error) { return nil, nil }
func (noStore) Save(string, []byte) error   { return nil }
func (noStore) Keep([]string) error         { return nil }

// searchable is a platform whose press is browsed: Objects with V1 to V250.
func searchable(t *testing.T) *platform {
	t.Helper()
	p := newPlatform(HandlerConfig{})
	p.commands.BrowseFunc = func(nodes []model.BrowseDescription) ([]model.BrowseResult, error) {
		results := make([]model.BrowseResult, len(nodes))
		plant := &fakeCommands{}
		for i, n := range nodes {
			switch n.NodeID {
			case model.Expanded(model.NumericID(0, 84)):
				results[i].References = []model.Reference{{
					ReferenceType: model.Expanded(model.NumericID(0, 35)), IsForward: true, NodeID: objectsFolder, BrowseName: model.QualifiedName{Name: "Objects"},
					DisplayName: model.LocalizedText{Text: "Objects"}, NodeClass: model.NodeClassObject,
				}}
			case objectsFolder:
				n.MaxReferences = 250
				list, err := plant.Browse(context.Background(), "press", []model.BrowseDescription{n})
				if err != nil {
					return nil, err
				}
				results[i] = list[0]
			}
		}
		return results, nil
	}
	cache := addressspace.NewCache(addressspace.Config{Limits: addressspace.Limits{MaxNodes: 1000, MaxDepth: 10}},
		spaceHost{typedServices{p.resolver}, p.registry.ServerStatus}, noStore{}, zerolog.Nop())
	p.resolver.AddressSpaces = cache
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- cache.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	for deadline := time.Now().Add(30 * time.Second); cache.Status("press").State != addressspace.Current; {
		if time.Now().After(deadline) {
			t.Fatalf("the press is not browsed: %+v", cache.Status("press"))
		}
		time.Sleep(5 * time.Millisecond)
	}
	p.commands.browses.Store(0)
	p.commands.reads.Store(0)
	return p
}

func TestSearchFindsNodes(t *testing.T) {
	p := searchable(t)
	p.ask(t, `{ search(text: "v 25", nodeClasses: VARIABLE, first: 2) {
		totalCount pageInfo { hasNextPage hasPreviousPage } unknownServers { id }
		edges { path typeDefinition typeName unit server { name } node { nodeId nodeClass browseName { name } displayName { text } } }
	} }`).wantData(t, `{"search": {"totalCount": 4, "pageInfo": {"hasNextPage": true, "hasPreviousPage": false}, "unknownServers": [{"id": "oven"}], "edges": [
		{"path": "Objects/V25", "typeDefinition": "i=63", "typeName": null, "unit": null, "server": {"name": "Press 1"},
			"node": {"nodeId": "nsu=urn:plant;i=25", "nodeClass": "VARIABLE", "browseName": {"name": "V25"}, "displayName": {"text": "V 25"}}},
		{"path": "Objects/V250", "typeDefinition": "i=63", "typeName": null, "unit": null, "server": {"name": "Press 1"},
			"node": {"nodeId": "nsu=urn:plant;i=250", "nodeClass": "VARIABLE", "browseName": {"name": "V250"}, "displayName": {"text": "V 250"}}}]}}`)
	if r, b := p.commands.reads.Load(), p.commands.browses.Load(); r+b != 0 {
		t.Errorf("%d reads and %d browses for what is known", r, b)
	}
	a := p.ask(t, `{ search(text: "V", nodeClasses: VARIABLE) { edges { node { ... on VariableNode { value { value } dataType } } } } }`)
	if len(a.Errors) > 0 || strings.Count(fmt.Sprint(a.Data), "dataType") != 100 {
		t.Errorf("got %v, %v", a.Data, a.Errors)
	}
	if r := p.commands.reads.Load(); r != 1 {
		t.Errorf("%d reads for the values of a page", r)
	}
}

func TestSearchPages(t *testing.T) {
	p := searchable(t)
	seen := map[string]bool{}
	after := any(nil)
	for range 3 {
		a := p.ask(t, `query($after: String) { search(path: "Objects/*", after: $after) { totalCount edges { path } pageInfo { hasNextPage hasPreviousPage endCursor } } }`,
			"after", after)
		if len(a.Errors) > 0 {
			t.Fatal(a.Errors)
		}
		c := a.Data.(map[string]any)["search"].(map[string]any)
		for _, e := range c["edges"].([]any) {
			seen[fmt.Sprint(e)] = true
		}
		info := c["pageInfo"].(map[string]any)
		if info["hasNextPage"] != (len(seen) < 250) || info["hasPreviousPage"] != (after != nil) || fmt.Sprint(c["totalCount"]) != "250" {
			t.Errorf("after %d: %v", len(seen), c["pageInfo"])
		}
		after = info["endCursor"]
	}
	if len(seen) != 250 {
		t.Errorf("saw %d nodes", len(seen))
	}
}

func TestSearchRefusesBadArguments(t *testing.T) {
	p := searchable(t)
	f := func(args, code, part string) {
		t.Helper()
		refused(t, p.ask(t, `{ search(`+args+`) { totalCount } }`), code, part)
	}
	f(`text: " / "`, "BAD_USER_INPUT", "has no words")
	f(`text: "`+strings.Repeat("x", 1001)+`"`, "BAD_USER_INPUT", "more than 1000")
	f(`server: "nowhere"`, "NOT_FOUND", "nowhere")
	f(`typeDefinition: "ns=2;i=7"`, "BAD_USER_INPUT", "write its namespace as a URI")
	f(`path: "/a"`, "BAD_USER_INPUT", "begins or ends with '/'")
	f(`first: 1001`, "BAD_USER_INPUT", "1001 is not from 0 to 1000")
	f(`after: "x"`, "BAD_USER_INPUT", "is no cursor")
	f(`after: "`+cursor("1 2 press")+`"`, "BAD_USER_INPUT", "is no cursor of a search")
}

func TestSearchHasAPrice(t *testing.T) {
	p := searchable(t)
	var b strings.Builder
	for i := range 500 {
		fmt.Fprintf(&b, "a%d: search(first: 1) { totalCount }\n", i)
	}
	refused(t, p.ask(t, "{"+b.String()+"}"), "COMPLEXITY_LIMIT_EXCEEDED", "complexity")
}

func TestAddressSpaceOfAServer(t *testing.T) {
	p := searchable(t)
	for end := time.Now().Add(10 * time.Second); ; { // the look that found it all ends a moment later
		var progress any
		a := p.ask(t, `{ server(id: "press") { addressSpace { progress { found } } } }`)
		if progress = a.Data.(map[string]any)["server"].(map[string]any)["addressSpace"].(map[string]any)["progress"]; progress == nil {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("still %v", progress)
		}
	}
	a := p.ask(t, `{ server(id: "press") { addressSpace { state nodes references bytes progress { found } version browsedAt changesTold omitted error } } }`)
	got := a.Data.(map[string]any)["server"].(map[string]any)["addressSpace"].(map[string]any)
	if len(a.Errors) > 0 || got["state"] != "CURRENT" || fmt.Sprint(got["nodes"]) != "252" || fmt.Sprint(got["references"]) != "251" || got["progress"] != nil ||
		got["version"] == nil || got["browsedAt"] == nil || got["error"] != nil {
		t.Errorf("got %v, %v", got, a.Errors)
	}
	p.ask(t, `{ server(id: "oven") { addressSpace { state nodes version browsedAt } } }`).
		wantData(t, `{"server": {"addressSpace": {"state": "WAITING", "nodes": 0, "version": null, "browsedAt": null}}}`)
	p.ask(t, `mutation { refreshAddressSpace(server: "press") { id } }`).wantData(t, `{"refreshAddressSpace": {"id": "press"}}`)
	refused(t, p.ask(t, `mutation { refreshAddressSpace(server: "nowhere") { id } }`), "NOT_FOUND", "nowhere")
}

func TestWithoutAddressSpaces(t *testing.T) {
	p := newPlatform(HandlerConfig{})
	p.ask(t, `{ server(id: "press") { addressSpace { state nodes } } }`).wantData(t, `{"server": {"addressSpace": {"state": "OFF", "nodes": 0}}}`)
	refused(t, p.ask(t, `{ search(text: "x") { totalCount } }`), "UNAVAILABLE", "addressSpace.enabled")
	refused(t, p.ask(t, `mutation { refreshAddressSpace(server: "press") { id } }`), "UNAVAILABLE", "addressSpace.enabled")
}

// refused tells whether the answer is one error with the code, whose text has the part.
func refused(t *testing.T, a *answer, code, part string) {
	t.Helper()
	if len(a.Errors) != 1 || a.Errors[0].Extensions["code"] != code || !strings.Contains(a.Errors[0].Message, part) {
		t.Errorf("got %v, want %s with %q", a.Errors, code, part)
	}
}
