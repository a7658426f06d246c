package graph

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/shopfloor-iiot/shopfloor/graph/typed"
	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/typemodel"
)

// smallTypes is a schema of a few types; with more it has one type more.
func smallTypes(t testing.TB, more bool) *typed.Schema {
	t.Helper()
	subtype := model.Expanded(model.NumericID(0, 45))
	node := func(id uint32, ns, name string, super uint32) *model.Node {
		n := &model.Node{
			Class: model.NodeClassObjectType, NodeID: model.ExpandedNodeID{NodeID: model.NumericID(0, id), NamespaceURI: ns},
			BrowseName: model.QualifiedName{Name: name, NamespaceURI: ns},
		}
		if super != 0 {
			n.References = []model.NodeReference{{Type: subtype, Target: model.Expanded(model.NumericID(0, super)), Inverse: true}}
		}
		return n
	}
	nodes := []*model.Node{node(58, "", "BaseObjectType", 0), node(61, "", "FolderType", 58), node(1, "urn:small", "PumpType", 58)}
	if more {
		nodes = append(nodes, node(2, "urn:small", "ValveType", 58))
	}
	b := typemodel.NewBuilder()
	b.Add(nodes)
	s, err := typed.Generate(b.Build(), typed.Options{Fixed: Fixed(), Events: EventSchema()})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Schemas change under clients: no request is lost, none gets an answer of another schema, and an operation that went away says so.
func TestSwapUnderLoad(t *testing.T) {
	p, _ := pressPlatform(t, 3)
	h := p.Handler.(*Handler)
	schemas := []*typed.Schema{smallTypes(t, true), smallTypes(t, false)}
	if err := h.SetTypes(schemas[0]); err != nil {
		t.Fatal(err)
	}
	const swaps, clients = 60, 4
	var swapped atomic.Int64
	var answers, gone atomic.Int64
	var wg sync.WaitGroup
	end := time.Now().Add(time.Minute)
	for client := range clients {
		wg.Go(func() {
			for i := 0; (swapped.Load() < swaps || i < 50) && time.Now().Before(end); i++ {
				// Texts are cached: each is one of a few.
				fixed := fmt.Sprintf(`{ s: server(id: "press") { id } n%d: platform { version } }`, i%3)
				both := fmt.Sprintf(`{ UA_FolderType(server: "press") { nodes { browseName { name } } } n%d: platform { version } }`, i%3)
				changing := `{ Small_ValveType(server: "press") { nodes { id } } UA_FolderType(server: "press") { nodes { id } } }`
				switch (i + client) % 3 {
				case 0:
					if data, errs := p.data(t, fixed, nil); len(errs) > 0 || !strings.Contains(data, `"s":{"id":"press"}`) {
						t.Errorf("fixed: %s %v", data, errs)
					}
				case 1:
					if data, errs := p.data(t, both, nil); len(errs) > 0 || !strings.Contains(data, `"UA_FolderType":{"nodes":[{"browseName":{"name":"Hall"}}]}`) {
						t.Errorf("both: %s %v", data, errs)
					}
				case 2:
					data, errs := p.data(t, changing, nil)
					switch {
					case len(errs) == 0 && strings.Contains(data, `"Small_ValveType":{"nodes":[]}`):
					case len(errs) == 1 && strings.Contains(errs[0], `GRAPHQL_VALIDATION_FAILED: Cannot query field "Small_ValveType"`):
						gone.Add(1)
					default:
						t.Errorf("changing: %s %v", data, errs)
					}
				}
				answers.Add(1)
			}
		})
	}
	for i := range swaps {
		if err := h.SetTypes(schemas[(i+1)%2]); err != nil {
			t.Fatal(err)
		}
		swapped.Add(1)
	}
	wg.Wait()
	t.Logf("%d answers, %d of them that the type is gone, over %d swaps", answers.Load(), gone.Load(), swapped.Load())
	if answers.Load() < 100 {
		t.Errorf("%d answers", answers.Load())
	}
}

func TestSetTypesRefusesWhatDoesNotGoTogether(t *testing.T) {
	p, _ := pressPlatform(t, 1)
	bad := smallTypes(t, false)
	bad.Query = append(bad.Query, &typed.Field{Name: "servers", Type: typed.Ref{Name: "Boolean"}})
	if err := p.Handler.(*Handler).SetTypes(bad); err == nil {
		t.Error("a field of the fixed schema was declared anew")
	}
	if data, errs := p.data(t, `{ Plant_PressType(server: "press") { nodes { Serial } } }`, nil); len(errs) > 0 {
		t.Errorf("the schema of before is gone: %s %v", data, errs)
	}
}

// A subscription goes on over a swap, and the next operation on its socket takes the new schema.
func TestSwapUnderSubscription(t *testing.T) {
	p, _ := pressPlatform(t, 1)
	in, asked, _ := monitored(p)
	c := connect(t, p)
	c.subscribe("1", `subscription { values(server: "press", nodeIds: ["i=1"]) { sequence } }`)
	<-asked
	in <- model.ValueChanges{Sequence: 1}
	c.want("next", `{"data":{"values":{"sequence":"1"}}}`)
	if err := p.Handler.(*Handler).SetTypes(smallTypes(t, true)); err != nil {
		t.Fatal(err)
	}
	in <- model.ValueChanges{Sequence: 2}
	c.want("next", `{"data":{"values":{"sequence":"2"}}}`)
	c.subscribe("2", `{ Small_ValveType(server: "press") { nodes { id } } }`)
	c.want("next", `{"data":{"Small_ValveType":{"nodes":[]}}}`)
}
