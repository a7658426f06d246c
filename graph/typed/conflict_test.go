package typed_test

import (
	"testing"

	"github.com/shopfloor-iiot/shopfloor/edge/opcua/opcuatest"
	"github.com/shopfloor-iiot/shopfloor/graph"
	"github.com/shopfloor-iiot/shopfloor/graph/typed"
	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/nodeset"
	"github.com/shopfloor-iiot/shopfloor/model/typemodel"
)

const vendor = "urn:vendor"

func vendorID(n uint32) model.ExpandedNodeID {
	return model.ExpandedNodeID{NodeID: model.NumericID(0, n), NamespaceURI: vendor}
}

func standardID(n uint32) model.ExpandedNodeID { return model.Expanded(model.NumericID(0, n)) }

func vendorNode(n uint32, class model.NodeClass, name string, references ...model.NodeReference) *model.Node {
	return &model.Node{
		NodeID: vendorID(n), Class: class, BrowseName: model.QualifiedName{Name: name, NamespaceURI: vendor}, ValueRank: model.ValueRankScalar, References: references,
	}
}

func to(kind, target uint32) model.NodeReference {
	return model.NodeReference{Type: standardID(kind), Target: vendorID(target)}
}

func from(kind, standard uint32) model.NodeReference {
	return model.NodeReference{Type: standardID(kind), Target: standardID(standard), Inverse: kind == 45}
}

// property is a declared property of a built-in type.
func property(n uint32, name string, dataType model.BuiltInType) *model.Node {
	p := vendorNode(n, model.NodeClassVariable, name, from(40, 68), from(37, 78))
	p.DataType = standardID(uint32(dataType))
	return p
}

// A vendor's model in which interfaces contradict each other still makes a valid schema.
func TestContradictions(t *testing.T) {
	ua, err := nodeset.ReadFile(opcuatest.NodeSet(t, "Opc.Ua.NodeSet2.xml"))
	if err != nil {
		t.Fatal(err)
	}
	b := typemodel.NewBuilder()
	b.Add(ua.Nodes)
	b.Add([]*model.Node{
		vendorNode(1, model.NodeClassObjectType, "INumber", from(45, 17602), to(46, 11)), property(11, "Level", model.TypeDouble),
		vendorNode(2, model.NodeClassObjectType, "IText", from(45, 17602), to(46, 12)), property(12, "Level", model.TypeString),
		vendorNode(3, model.NodeClassObjectType, "ITextToo", model.NodeReference{Type: standardID(45), Target: vendorID(2), Inverse: true}),
		vendorNode(4, model.NodeClassObjectType, "TankType", from(45, 58), to(17603, 1), to(17603, 3)),
		// Names that are the same when they are clean, and one that looks generated.
		vendorNode(5, model.NodeClassObjectType, "Tank-Type", from(45, 58)),
		vendorNode(6, model.NodeClassObjectType, "TankType_Object", from(45, 58)),
		vendorNode(7, model.NodeClassObjectType, "", from(45, 58)),
		vendorNode(8, model.NodeClassDataType, "Int", from(45, 6)),
		// A structure without a supertype, an enumeration without values, a type that is its own member.
		vendorNode(9, model.NodeClassDataType, "Lost"),
		vendorNode(10, model.NodeClassDataType, "EmptyEnum", from(45, 29)),
		vendorNode(13, model.NodeClassObjectType, "Loop", from(45, 58), to(47, 14)),
		vendorNode(14, model.NodeClassObject, "Again", model.NodeReference{Type: standardID(40), Target: vendorID(13)}, from(37, 78), to(47, 14)),
	})
	s, err := typed.Generate(b.Build(), typed.Options{})
	if err != nil {
		t.Fatal(err)
	}
	merged, err := typed.Merge(graph.Sources(), s.SDL())
	if err != nil {
		t.Fatal(err)
	}
	tank := merged.Types["Vendor_TankType"]
	if tank == nil || tank.Fields.ForName("Level").Type.String() != "Float" {
		t.Fatalf("TankType %+v", tank)
	}
	for _, i := range tank.Interfaces {
		if i == "Vendor_IText" || i == "Vendor_ITextToo" {
			t.Errorf("TankType implements %s, whose Level is a String", i)
		}
	}
	if s.Stats.Conflicts == 0 || s.Stats.Collisions == 0 {
		t.Errorf("stats %+v", s.Stats)
	}
}

func TestNothingIsASchemaToo(t *testing.T) {
	s, err := typed.Generate(typemodel.NewBuilder().Build(), typed.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := typed.Merge(graph.Sources(), s.SDL()); err != nil {
		t.Error(err)
	}
}

func BenchmarkEveryNodeSet(b *testing.B) {
	m := loadModel(b, opcuatest.NodeSets(b)...)
	b.Run("generate", func(b *testing.B) {
		for b.Loop() {
			if _, err := typed.Generate(m, typed.Options{}); err != nil {
				b.Fatal(err)
			}
		}
	})
	s, err := typed.Generate(m, typed.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Run("sdl", func(b *testing.B) {
		for b.Loop() {
			_ = s.SDL()
		}
	})
	sdl := s.SDL()
	b.Run("merge", func(b *testing.B) {
		for b.Loop() {
			if _, err := typed.Merge(graph.Sources(), sdl); err != nil {
				b.Fatal(err)
			}
		}
	})
}
