package graph

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/shopfloor-iiot/shopfloor/edge/opcua/opcuatest"
	"github.com/shopfloor-iiot/shopfloor/graph/typed"
	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/nodeset"
	"github.com/shopfloor-iiot/shopfloor/model/typemodel"
)

const (
	acmePlant = "http://acme.com/UA/Plant/"
	acmeBase  = "urn:acme:base"
)

// plantTypes are the types of typed/testdata/plant.NodeSet2.xml, which all tests share.
var plantTypes = sync.OnceValues(func() (*typed.Schema, error) {
	b := typemodel.NewBuilder()
	for _, f := range plantFiles {
		d, err := nodeset.ReadFile(f)
		if err != nil {
			return nil, err
		}
		b.Add(d.Nodes)
	}
	return typed.Generate(b.Build(), typed.Options{Fixed: Fixed(), Events: EventSchema(), Prefixes: map[string]string{acmeBase: "Acme"}})
})

var plantFiles []string

func typesOfPlant(t testing.TB) *typed.Schema {
	t.Helper()
	if plantFiles == nil {
		plantFiles = []string{opcuatest.NodeSet(t, "Opc.Ua.NodeSet2.xml"), "typed/testdata/plant.NodeSet2.xml"}
	}
	s, err := plantTypes()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// pressPlant are presses 1 … n below Objects/Hall, each with all that Plant_PressType has.
type pressPlant struct {
	mu sync.Mutex // of nodes and what is in them, once something runs

	nodes map[model.ExpandedNodeID]*pressNode
}

type pressNode struct {
	reference model.Reference
	children  []*pressNode
	value     model.DataValue
	message   string
}

func (p *pressPlant) add(parent *pressNode, id, namespace, name string, class model.NodeClass, definition uint32, definitionNS string, v model.Variant) *pressNode {
	n := &pressNode{value: model.DataValue{Value: v, SourceTimestamp: model.DateTimeOf(testTime)}, reference: model.Reference{
		IsForward: true, NodeClass: class, NodeID: model.ExpandedNodeID{NodeID: model.StringID(0, id), NamespaceURI: "urn:press"},
		BrowseName: model.QualifiedName{Namespace: 3, Name: name, NamespaceURI: namespace}, DisplayName: model.LocalizedText{Text: name},
		TypeDefinition: model.ExpandedNodeID{NodeID: model.NumericID(0, definition), NamespaceURI: definitionNS},
	}}
	if namespace == "" {
		n.reference.BrowseName.Namespace = 0
	}
	p.nodes[n.reference.NodeID] = n
	if parent != nil {
		parent.children = append(parent.children, n)
	}
	return n
}

func structure(id uint32, body string) model.Variant {
	return model.ExtensionObjectValue(&model.ExtensionObject{
		TypeID: model.ExpandedNodeID{NodeID: model.NumericID(0, id), NamespaceURI: acmePlant}, Encoding: model.ExtensionJSON, Body: []byte(body),
	})
}

func standardStructure(id uint32, body string) model.Variant {
	return model.ExtensionObjectValue(&model.ExtensionObject{TypeID: model.Expanded(model.NumericID(0, id)), Encoding: model.ExtensionJSON, Body: []byte(body)})
}

func newPressPlant(presses int) *pressPlant {
	p := &pressPlant{nodes: map[model.ExpandedNodeID]*pressNode{}}
	objects := &pressNode{}
	p.nodes[model.Expanded(model.NumericID(0, 85))] = objects
	object, variable, method := model.NodeClassObject, model.NodeClassVariable, model.NodeClassMethod
	hall := p.add(objects, "Hall", "urn:press", "Hall", object, 61, "", model.Variant{})
	for i := 1; i <= presses; i++ {
		id := fmt.Sprintf("P%03d", i)
		press := p.add(hall, id, "urn:press", "Press"+fmt.Sprint(i), object, 100, acmePlant, model.Variant{})
		p.add(press, id+".Serial", acmeBase, "Serial", variable, 68, "", model.StringValue("SN-"+id))
		p.add(press, id+".SerialNumber", acmePlant, "Serial", variable, 68, "", model.UInt32Value(4_000_000_000+uint32(i)))
		p.add(press, id+".State", acmeBase, "State", variable, 63, "", model.Int32Value(int32(i%3)))
		p.add(press, id+".value", acmePlant, "value", variable, 63, "", model.UInt16Value(9))
		force := p.add(press, id+".Force", acmePlant, "Force", variable, 63, "", model.DoubleValue(float64(i)+0.5))
		p.add(force, id+".Limit", acmePlant, "Limit", variable, 68, "", structure(5, `{"Number":99.5}`))
		parameters := p.add(press, id+".Parameters", acmeBase, "Parameters", object, 58, "", model.Variant{})
		pressure := p.add(parameters, id+".Pressure", acmePlant, "Pressure", variable, 17497, "", model.DoubleValue(float64(i)))
		p.add(pressure, id+".EURange", "", "EURange", variable, 68, "", standardStructure(884, `{"Low":0,"High":200}`))
		for tool := 1; tool <= 2; tool++ {
			p.add(press, fmt.Sprintf("%s.T%d", id, tool), "urn:press", fmt.Sprintf("Tool%d", tool), object, 2, acmeBase, model.Variant{})
		}
		p.add(press, id+".Other", "urn:press", "Other", object, 58, "", model.Variant{})
		p.add(press, id+".Press", acmePlant, "Press", method, 0, "", model.Variant{})
	}
	return p
}

func (p *pressPlant) browse(nodes []model.BrowseDescription) ([]model.BrowseResult, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	results := make([]model.BrowseResult, len(nodes))
	for i, d := range nodes {
		n := p.nodes[d.NodeID]
		if n == nil {
			results[i].Status = model.StatusBadNodeIdUnknown
			continue
		}
		if d.ReferenceType == typemodel.HasTypeDefinition {
			results[i].References = []model.Reference{{
				ReferenceType: d.ReferenceType, IsForward: true, NodeID: n.reference.TypeDefinition, NodeClass: model.NodeClassObjectType,
			}}
			continue
		}
		for _, c := range n.children {
			if d.NodeClassMask == 0 || d.NodeClassMask&c.reference.NodeClass != 0 {
				results[i].References = append(results[i].References, c.reference)
			}
		}
	}
	return results, nil
}

func (p *pressPlant) read(_ context.Context, ids []model.ReadValueID) ([]model.ReadResult, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	results := make([]model.ReadResult, len(ids))
	for i, id := range ids {
		n := p.nodes[id.NodeID]
		switch {
		case n == nil:
			results[i].Status = model.StatusBadNodeIdUnknown
		case id.Attribute == model.AttributeValue:
			results[i] = model.ReadResult{DataValue: n.value, Message: n.message}
		case id.Attribute == model.AttributeNodeClass:
			results[i].Value = model.Int32Value(int32(n.reference.NodeClass))
		case id.Attribute == model.AttributeBrowseName:
			results[i].Value = model.QualifiedNameValue(&n.reference.BrowseName)
		case id.Attribute == model.AttributeDisplayName:
			results[i].Value = model.LocalizedTextValue(&n.reference.DisplayName)
		default:
			results[i].Status = model.StatusBadAttributeIdInvalid
		}
	}
	return results, nil
}

func (p *pressPlant) set(id string, change func(*pressNode)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change(p.nodes[model.ExpandedNodeID{NodeID: model.StringID(0, id), NamespaceURI: "urn:press"}])
}

// pressPlatform is a platform with server "press" as the plant and its types in the schema; the server "oven" is away.
func pressPlatform(t testing.TB, presses int) (*platform, *pressPlant) {
	t.Helper()
	p, plant := newPlatform(HandlerConfig{}), newPressPlant(presses)
	p.commands.ReadFunc = plant.read
	p.commands.BrowseFunc = plant.browse
	p.commands.TranslateFunc = func(path string) model.TranslateResult {
		plant.mu.Lock()
		defer plant.mu.Unlock()
		at := plant.nodes[model.Expanded(model.NumericID(0, 85))]
		for _, name := range strings.Split(path, "/")[1:] {
			i := slices.IndexFunc(at.children, func(c *pressNode) bool { return c.reference.BrowseName.Name == name })
			if i < 0 {
				return model.TranslateResult{Status: model.StatusBadNoMatch, Message: "no " + name}
			}
			at = at.children[i]
		}
		return model.TranslateResult{NodeID: at.reference.NodeID}
	}
	p.commands.AwayFunc = func(server string) error {
		if server == "oven" {
			return fmt.Errorf("%w: oven is not connected", ErrUnavailable)
		}
		return nil
	}
	if err := p.Handler.(*Handler).SetTypes(typesOfPlant(t)); err != nil {
		t.Fatal(err)
	}
	return p, plant
}

// compact is an answer's data as JSON in the order of the query.
func (p *platform) data(t testing.TB, query string, variables map[string]any) (data string, errors []string) {
	t.Helper()
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		t.Fatal(err)
	}
	var a struct {
		Data   json.RawMessage
		Errors []struct {
			Message    string
			Path       []any
			Extensions map[string]any
		}
	}
	w := p.send("POST", "/graphql", body)
	if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil {
		t.Fatalf("answer %q: %v", w.Body, err)
	}
	for _, e := range a.Errors {
		errors = append(errors, fmt.Sprintf("%v %v: %s", e.Path, e.Extensions["code"], e.Message))
	}
	slices.Sort(errors)
	return string(a.Data), errors
}
