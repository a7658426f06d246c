package typemodel

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/shopfloor-iiot/shopfloor/edge/opcua/opcuatest"
	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/nodeset"
)

const di = "http://opcfoundation.org/UA/DI/"

func inDI(n uint32) model.ExpandedNodeID {
	return model.ExpandedNodeID{NodeID: model.NumericID(0, n), NamespaceURI: di}
}

func load(t testing.TB, files ...string) *Model {
	t.Helper()
	b := NewBuilder()
	for _, f := range files {
		d, err := nodeset.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		b.Add(d.Nodes)
	}
	return b.Build()
}

// describe writes a model as text, for comparison.
func describe(m *Model) string {
	var b strings.Builder
	var members func(indent string, list []*Member)
	members = func(indent string, list []*Member) {
		for _, m := range list {
			fmt.Fprintf(&b, "%s%v %v %v %v %d %d\n", indent, m.BrowseName, m.NodeID, m.Rule, m.Property, len(m.Input), len(m.Output))
			members(indent+" ", m.Members)
		}
	}
	for _, class := range []model.NodeClass{model.NodeClassObjectType, model.NodeClassVariableType, model.NodeClassDataType} {
		for t := range m.Types(class) {
			fmt.Fprintf(&b, "%v %v", t.BrowseName, t.NodeID)
			for up := range t.Ancestors() {
				fmt.Fprintf(&b, " < %s", up.BrowseName)
			}
			fmt.Fprintln(&b, len(t.Subtypes), len(t.Interfaces))
			members(" ", t.Members)
		}
	}
	return b.String()
}

func member(t *testing.T, list []*Member, name string) *Member {
	t.Helper()
	for _, m := range list {
		if m.BrowseName.Name == name {
			return m
		}
	}
	t.Fatalf("no member %s", name)
	return nil
}

func TestDI(t *testing.T) {
	m := load(t, opcuatest.NodeSet(t, "Opc.Ua.NodeSet2.xml"), opcuatest.NodeSet(t, "Opc.Ua.Di.NodeSet2.xml"))
	device := m.Type(inDI(1002))
	var up []string
	for a := range device.Ancestors() {
		up = append(up, a.BrowseName.Name)
	}
	if want := []string{"DeviceType", "ComponentType", "TopologyElementType", "BaseObjectType"}; !slices.Equal(up, want) {
		t.Errorf("supertypes %v, want %v", up, want)
	}
	if !device.IsA(BaseObjectType) || device.IsA(BaseEventType) {
		t.Error("IsA")
	}
	if len(device.Interfaces) != 2 || device.Interfaces[0].BrowseName.Name != "IDeviceHealthType" {
		t.Errorf("interfaces %v", device.Interfaces)
	}
	serial := member(t, device.Members, "SerialNumber")
	if !serial.Property || serial.Rule != Mandatory || serial.DataType != model.Expanded(model.NumericID(0, 12)) {
		t.Errorf("SerialNumber %+v", serial)
	}
	if rule := member(t, device.Members, "<CPIdentifier>").Rule; rule != OptionalPlaceholder || !rule.Placeholder() {
		t.Errorf("rule of <CPIdentifier> is %v", rule)
	}
	lock := member(t, m.Type(inDI(6388)).Members, "InitLock")
	if lock.Class != model.NodeClassMethod || len(lock.Input) != 1 || lock.Input[0].Name != "Context" || len(lock.Output) != 1 {
		t.Errorf("InitLock %+v", lock)
	}
	// TransferResultDataDataType is a structure below FetchResultDataType, which has no fields.
	if f := m.Type(inDI(15889)).Fields(); len(f) != 3 || f[0].Name != "SequenceNumber" {
		t.Errorf("fields of TransferResultDataDataType: %+v", f)
	}
}

func TestOrderDoesNotMatter(t *testing.T) {
	files := opcuatest.NodeSets(t)
	m := load(t, files...)
	if m.Len() < 1500 {
		t.Errorf("%d types in all node sets", m.Len())
	}
	want := describe(m)
	files = slices.Clone(files)
	slices.Reverse(files)
	if got := describe(load(t, files...)); got != want {
		t.Error("the model depends on the order of the files")
	}
}

// node makes a node with forward references, "i=45 i=7".
func node(t *testing.T, id uint32, class model.NodeClass, references ...[2]uint32) *model.Node {
	t.Helper()
	n := &model.Node{NodeID: standard(id), Class: class, BrowseName: model.QualifiedName{Name: fmt.Sprintf("N%d", id)}}
	for _, r := range references {
		n.References = append(n.References, model.NodeReference{Type: standard(r[0]), Target: standard(r[1])})
	}
	return n
}

func TestHostileNodes(t *testing.T) {
	b := NewBuilder()
	object, objectType := model.NodeClassObject, model.NodeClassObjectType
	b.Add([]*model.Node{
		// Two types that are each other's supertype, an interface of itself.
		node(t, 1001, objectType, [2]uint32{45, 1002}, [2]uint32{17603, 1001}), node(t, 1002, objectType, [2]uint32{45, 1001}),
		// Declarations that contain each other.
		node(t, 1003, objectType, [2]uint32{47, 1004}),
		node(t, 1004, object, [2]uint32{37, 78}, [2]uint32{47, 1005}), node(t, 1005, object, [2]uint32{37, 78}, [2]uint32{47, 1004}),
		node(t, 1003, objectType),
		// Reference types that are each other's supertype.
		node(t, 1006, model.NodeClassReferenceType, [2]uint32{45, 1007}), node(t, 1007, model.NodeClassReferenceType, [2]uint32{45, 1006}),
		node(t, 1008, objectType, [2]uint32{1006, 1004}),
		// The standard's own, without which nothing is a component.
		node(t, 44, model.NodeClassReferenceType, [2]uint32{45, 47}), node(t, 47, model.NodeClassReferenceType),
	})
	for i := range uint32(3 * MaxInheritance) {
		b.Add([]*model.Node{node(t, 2000+i, objectType, [2]uint32{45, 2001 + i})})
	}
	m := b.Build()
	for t := range m.Types(objectType) {
		for range t.Ancestors() { // ends
		}
	}
	// Of the mutual supertypes one stays; an interface of itself does not.
	if s := m.Skipped; s.Duplicates != 1 || s.Cycles != 3 || s.Deep == 0 || s.Untyped != 2 {
		t.Errorf("skipped %+v", s)
	}
	if got := m.Type(standard(1003)).Members; len(got) != 1 || len(got[0].Members) != 1 || len(got[0].Members[0].Members) != 0 {
		t.Errorf("members %+v", got)
	}
}

func BenchmarkBuild(b *testing.B) {
	builder := NewBuilder()
	for _, f := range opcuatest.NodeSets(b) {
		d, err := nodeset.ReadFile(f)
		if err != nil {
			b.Fatal(err)
		}
		builder.Add(d.Nodes)
	}
	for b.Loop() {
		builder.Build()
	}
}

// A server may leave the modelling rules of its types of events out: their variables are declarations all the same, methods and those of other types not.
func TestEventFieldsWithoutRules(t *testing.T) {
	base := &model.Node{NodeID: BaseEventType, Class: model.NodeClassObjectType, BrowseName: model.QualifiedName{Name: "BaseEventType"}}
	node := func(n uint32, class model.NodeClass, name string, references ...model.NodeReference) *model.Node {
		return &model.Node{NodeID: inDI(n), Class: class, BrowseName: model.QualifiedName{Name: name, NamespaceURI: di}, References: references}
	}
	super := func(of model.ExpandedNodeID) model.NodeReference {
		return model.NodeReference{Type: HasSubtype, Target: of, Inverse: true}
	}
	of := func(n uint32) model.NodeReference {
		return model.NodeReference{Type: HasProperty, Target: inDI(n), Inverse: true}
	}
	b := NewBuilder()
	b.Add([]*model.Node{
		{NodeID: Aggregates, Class: model.NodeClassReferenceType},
		{NodeID: HasProperty, Class: model.NodeClassReferenceType, References: []model.NodeReference{super(Aggregates)}},
		base, node(1, model.NodeClassObjectType, "TripEventType", super(BaseEventType)), node(2, model.NodeClassVariable, "Reason", of(1)), node(3, model.NodeClassMethod, "Free", of(1)),
		node(4, model.NodeClassObjectType, "PressType"), node(5, model.NodeClassVariable, "Static", of(4)),
	})
	m := b.Build()
	if got := m.Type(inDI(1)).Members; len(got) != 1 || got[0].BrowseName.Name != "Reason" || got[0].Rule != Optional {
		t.Errorf("the type of events declares %+v", got)
	}
	if got := m.Type(inDI(4)).Members; len(got) != 0 {
		t.Errorf("the other type declares %+v", got)
	}
}
