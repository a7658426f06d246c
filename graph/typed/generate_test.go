package typed_test

import (
	"slices"
	"testing"

	"github.com/shopfloor-iiot/shopfloor/edge/opcua/opcuatest"
	"github.com/shopfloor-iiot/shopfloor/graph"
	"github.com/shopfloor-iiot/shopfloor/graph/typed"
	"github.com/shopfloor-iiot/shopfloor/model/nodeset"
	"github.com/shopfloor-iiot/shopfloor/model/typemodel"
)

func loadModel(t testing.TB, files ...string) *typemodel.Model {
	t.Helper()
	b := typemodel.NewBuilder()
	for _, f := range files {
		d, err := nodeset.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		b.Add(d.Nodes)
	}
	return b.Build()
}

// someNodeSets are those of a line of robots, in the order in which they need each other.
func someNodeSets(t testing.TB) (files []string) {
	for _, name := range []string{
		"Opc.Ua.NodeSet2.xml", "Opc.Ua.Di.NodeSet2.xml", "Opc.Ua.IA.NodeSet2.xml", "Opc.Ua.Machinery.NodeSet2.xml", "Opc.Ua.PackML.NodeSet2.xml",
		"Opc.Ua.Robotics.NodeSet2.xml",
	} {
		files = append(files, opcuatest.NodeSet(t, name))
	}
	return files
}

func generate(t testing.TB, o typed.Options, files ...string) *typed.Schema {
	t.Helper()
	if o.Fixed == nil {
		o.Fixed, o.Events = graph.Fixed(), graph.EventSchema()
	}
	s, err := typed.Generate(loadModel(t, files...), o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestEveryNodeSetMerges(t *testing.T) {
	s := generate(t, typed.Options{}, opcuatest.NodeSets(t)...)
	sdl := s.SDL()
	t.Logf("%d bytes of SDL, %d types, %+v", len(sdl), len(s.Types), s.Stats)
	if _, err := typed.Merge(graph.Sources(), sdl); err != nil {
		t.Fatal(err)
	}
	files := slices.Clone(opcuatest.NodeSets(t))
	slices.Reverse(files)
	if generate(t, typed.Options{}, files...).SDL() != sdl {
		t.Error("the schema depends on the order of the node sets")
	}
}
