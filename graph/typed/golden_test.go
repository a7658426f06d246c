package typed_test

import (
	"encoding/json"
	"flag"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/shopfloor-iiot/shopfloor/edge/opcua/opcuatest"
	"github.com/shopfloor-iiot/shopfloor/graph"
	"github.com/shopfloor-iiot/shopfloor/graph/typed"
	"github.com/shopfloor-iiot/shopfloor/model"
)

var update = flag.Bool("update", false, "write testdata/plant.graphql anew")

// fixedInterfaces is a fixed schema, as far as typed ones look at it.
var fixedInterfaces = &ast.Source{Name: "fixed", Input: `interface Event { eventId: String! server: ID! fields(first: Int = 10): [String!]! }
interface TripEvent implements Event { eventId: String! server: ID! fields(first: Int = 10): [String!]! normalState: NodeId }
type TwoState { id: Boolean }
interface Node { id: ID! nodeId: NodeId! children(first: Int = 100, after: String): [Node!]! State: Int }
scalar NodeId
type Query { event: Event node: Node }`}

var fixedEvents = typed.EventSchema{
	Interfaces: map[model.ExpandedNodeID]string{standard(2041): "Event", standard(10751): "TripEvent"},
	Objects:    map[model.ExpandedNodeID]string{standard(8995): "TwoState"},
}

func standard(id uint32) model.ExpandedNodeID { return model.Expanded(model.NumericID(0, id)) }

func plant(t testing.TB) *typed.Schema {
	t.Helper()
	fixed, err := gqlparser.LoadSchema(fixedInterfaces)
	if err != nil {
		t.Fatal(err)
	}
	o := typed.Options{Prefixes: map[string]string{"urn:acme:base": "Acme"}, Fixed: fixed, Events: fixedEvents}
	return generate(t, o, opcuatest.NodeSet(t, "Opc.Ua.NodeSet2.xml"), "testdata/plant.NodeSet2.xml")
}

// definitions are those of an SDL whose names begin with one of the prefixes, and the root fields that do.
func definitions(sdl string, prefixes ...string) string {
	wanted := func(name string) bool {
		for _, p := range prefixes {
			if strings.HasPrefix(name, p) {
				return true
			}
		}
		return false
	}
	var b strings.Builder
	description, printing, root := "", false, false
	for line := range strings.Lines(sdl) {
		words := strings.Fields(line)
		switch {
		case strings.HasPrefix(line, "extend type"):
			root, printing = true, false
			b.WriteString(line)
		case line == "}\n" && (root || printing):
			b.WriteString(line)
			printing, root, description = false, false, ""
		case printing:
			b.WriteString(line)
		case strings.HasPrefix(strings.TrimSpace(line), `"`):
			description = line
		case root && wanted(words[0]):
			b.WriteString(description + line)
		case !root && !strings.HasPrefix(line, " ") && len(words) > 1 && wanted(words[1]):
			b.WriteString(description + line)
			printing = true
		default:
			description = ""
		}
	}
	return b.String()
}

func TestGolden(t *testing.T) {
	s := plant(t)
	const file = "testdata/plant.graphql"
	got := definitions(s.SDL(), "Plant_", "Acme_", "UA_BaseEventType", "write_Plant_")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("the schema differs from %s; look at it, then go test ./graph/typed -update\n%s", file, got)
	}
	merged, err := typed.Merge(graph.Sources(), generate(t, typed.Options{}, opcuatest.NodeSet(t, "Opc.Ua.NodeSet2.xml"), "testdata/plant.NodeSet2.xml").SDL())
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range merged.PossibleTypes["TypedNode"] {
		if d.Kind != ast.Object {
			t.Errorf("%s is a possible type of TypedNode", d.Name)
		}
	}
}

func TestTable(t *testing.T) {
	text, err := json.Marshal(plant(t).Table())
	if err != nil {
		t.Fatal(err)
	}
	var table typed.Table
	if err := json.Unmarshal(text, &table); err != nil {
		t.Fatal(err)
	}
	const ns = "nsu=http://acme.com/UA/Plant/;"
	press := table.Types["Plant_PressType_Object"]
	serial := press.Fields["Serial_Plant"]
	if press.NodeID.String() != ns+"i=100" || serial.BrowseName != ns+"Serial" || serial.NodeID.String() != ns+"i=102" || serial.DataType.String() != "i=7" {
		t.Errorf("PressType %+v, serial %+v", press, serial)
	}
	if f := press.Fields["Serial"]; f.BrowseName != "nsu=urn:acme:base;Serial" {
		t.Errorf("inherited serial %+v", f)
	}
	if f := table.Types["Mutation"].Fields["Plant_PressType_Press"]; f.NodeID.String() != ns+"i=107" || f.Args["id_0"].BrowseName != "id" {
		t.Errorf("method %+v", f)
	}
	if v := table.Types["Plant_Mode"].Values; v["true_1"] != 1 || v["a_b_4"] != 4 {
		t.Errorf("values %v", v)
	}
	if f := table.Types["Plant_PressType_Parameters"].Fields["Pressure"]; f.NodeID.String() != ns+"i=111" {
		t.Errorf("pressure %+v", f)
	}
}

// A member with the name of a field of the fixed schema has another name, which is recorded and stays when the other field is gone.
func TestRenamedFieldsStay(t *testing.T) {
	files := []string{opcuatest.NodeSet(t, "Opc.Ua.NodeSet2.xml"), "testdata/plant.NodeSet2.xml"}
	has := func(s *typed.Schema, name string) bool {
		return slices.ContainsFunc(s.Type("Acme_MachineType").Fields, func(f *typed.Field) bool { return f.Name == name && f.Member != nil })
	}
	prefixes := map[string]string{"urn:acme:base": "Acme"}
	renamed := plant(t)
	if !has(renamed, "State_Acme") || has(renamed, "State") {
		t.Error("State of the fixed Node and State of the type are not told apart")
	}
	if again := generate(t, typed.Options{Names: renamed.Names, Prefixes: prefixes}, files...); !has(again, "State_Acme") || has(again, "State") {
		t.Error("the field was renamed when the name was free again")
	}
	if anew := generate(t, typed.Options{Prefixes: prefixes}, files...); !has(anew, "State") {
		t.Error("the field has not its BrowseName")
	}
}
