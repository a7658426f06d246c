package demoplant

import (
	"fmt"
	"time"

	"github.com/gopcua/opcua/id"
	"github.com/gopcua/opcua/ua"

	"github.com/shopfloor-iiot/shopfloor/cmd/shopfloor/demoplant/uaserver"
)

const (
	plantNamespace   = 2 // index of NamespaceURI; index 1 is the local server (Part 5, 6.3.1)
	samplingInterval = 100 * time.Millisecond
)

// objectType declares an ObjectType for machines of type M. The type node and every instance are made from the same
// declarations, so they cannot differ.
type objectType[M any] struct {
	name, description string
	variables         []variable[M]
	methods           []method[M]
	alarms            []alarm[M]
}

// alarm declares an alarm of the machines. value is called under the plant's lock.
type alarm[M any] struct {
	limits
	value func(*M) float64
}

// watch is an alarm of a machine with the value that it looks at.
type watch struct {
	*limitAlarm
	value func() float64
}

// variable declares one InstanceDeclaration (Part 3, 6.2.7). Which VariableType it gets follows from the fields set.
type variable[M any] struct {
	name, description string
	dataType          *ua.NodeID
	dimension         uint32             // elements of an array; 0: scalar
	unit              *ua.EUInformation  // with span: AnalogItemType, and historized when scalar
	span              ua.Range           // EURange
	states            []string           // EnumStrings: MultiStateDiscreteType
	binary            [2]string          // FalseState, TrueState: TwoStateDiscreteType
	property          bool               // PropertyType, by HasProperty
	read              func(*M) any       // called under the plant's lock; the result must not change later
	write             func(*M, any) bool // called under the plant's lock; false: out of range. nil: read-only
}

// method declares a method (Part 3, 5.7). call runs under the plant's lock and gets arguments of the declared types.
type method[M any] struct {
	name, description string
	inputs, outputs   []*ua.Argument
	call              func(m *M, in []any, now time.Time) (out []any, args []ua.StatusCode, status ua.StatusCode)
}

// builder fills the address space and collects the bindings of variables to the simulation.
type builder struct {
	space    *uaserver.Space
	plant    *Plant
	bindings []*binding
	err      error // the first one; later steps still run on the nodes they have
}

func nodeID(name string) *ua.NodeID { return ua.NewStringNodeID(plantNamespace, name) }

func builtin(number uint32) *ua.NodeID { return ua.NewNumericNodeID(0, number) }

func name(text string) *ua.QualifiedName {
	return &ua.QualifiedName{NamespaceIndex: plantNamespace, Name: text}
}

func (b *builder) add(n *uaserver.Node) *uaserver.Node {
	if err := b.space.Add(n); err != nil && b.err == nil {
		b.err = err
	}
	return n
}

// addType adds the ObjectType node with its InstanceDeclarations.
func addType[M any](b *builder, t objectType[M]) *uaserver.Node {
	node := b.add(&uaserver.Node{ID: nodeID(t.name), Class: ua.NodeClassObjectType, BrowseName: name(t.name), Description: ua.NewLocalizedText(t.description)})
	b.space.Link(b.space.Standard(id.BaseObjectType), id.HasSubtype, node)
	for _, v := range t.variables {
		b.mandatory(addVariable(b, node, t.name, v, nil))
	}
	for _, m := range t.methods {
		b.mandatory(addMethod(b, node, t.name, m, nil))
	}
	for _, a := range t.alarms {
		b.mandatory(b.addAlarm(node, t.name, a.name, nil))
	}
	return node
}

// mandatory gives InstanceDeclarations the ModellingRule (Part 3, 6.4.4.4).
func (b *builder) mandatory(nodes []*uaserver.Node) {
	for _, n := range nodes {
		b.space.Link(n, id.HasModellingRule, b.space.Standard(id.ModellingRule_Mandatory))
	}
}

// addInstance adds an object of type t under parent, bound to machine.
func addInstance[M any](b *builder, parent, typeNode *uaserver.Node, t objectType[M], instance, description string, machine *M) {
	node := b.add(&uaserver.Node{ID: nodeID(instance), Class: ua.NodeClassObject, BrowseName: name(instance), Description: ua.NewLocalizedText(description)})
	b.space.Link(parent, id.Organizes, node)
	b.space.Link(node, id.HasTypeDefinition, typeNode)
	for _, v := range t.variables {
		addVariable(b, node, instance, v, machine)
	}
	for _, m := range t.methods {
		addMethod(b, node, instance, m, machine)
	}
	for _, a := range t.alarms {
		w := watch{newLimitAlarm(instance, a.limits, b.plant.sim.now), func() float64 { return a.value(machine) }}
		b.addAlarm(node, instance, a.name, w.limitAlarm)
		b.plant.alarms = append(b.plant.alarms, w)
	}
}

// addVariable adds a variable with its properties and returns them all. Without a machine it is a declaration.
func addVariable[M any](b *builder, owner *uaserver.Node, prefix string, v variable[M], machine *M) []*uaserver.Node {
	path := prefix + "." + v.name
	attrs := &uaserver.Variable{DataType: v.dataType, ValueRank: -1, MinimumSamplingInterval: samplingInterval}
	if v.dimension > 0 {
		attrs.ValueRank, attrs.ArrayDimensions = 1, []uint32{v.dimension}
	}
	node := b.add(&uaserver.Node{ID: nodeID(path), Class: ua.NodeClassVariable, BrowseName: name(v.name), Description: ua.NewLocalizedText(v.description), Variable: attrs})
	if v.property {
		b.space.Link(owner, id.HasProperty, node)
	} else {
		b.space.Link(owner, id.HasComponent, node)
	}
	nodes := append([]*uaserver.Node{node}, describeVariable(b, node, path, v)...)
	if machine != nil {
		bind(b, attrs, v, machine)
	}
	return nodes
}

// bind connects the attributes of a variable to a machine.
func bind[M any](b *builder, attrs *uaserver.Variable, v variable[M], machine *M) {
	bound := &binding{read: func() any { return v.read(machine) }}
	if v.unit != nil && v.dimension == 0 {
		bound.history = new(history)
		attrs.History = bound.history
	}
	attrs.Read = bound.value.Load
	if v.write != nil {
		attrs.Write = func(value *ua.Variant) ua.StatusCode {
			ok := false
			b.plant.change(func(time.Time) { ok = v.write(machine, value.Value()) })
			if !ok {
				return ua.StatusBadOutOfRange
			}
			return ua.StatusOK
		}
	}
	b.bindings = append(b.bindings, bound)
}

// describeVariable links the VariableType and adds the properties it asks for (Part 8, 5.3).
func describeVariable[M any](b *builder, node *uaserver.Node, path string, v variable[M]) []*uaserver.Node {
	property := func(propertyName string, dataType uint32, rank int32, value any) *uaserver.Node {
		return b.property(node, path, propertyName, dataType, rank, value)
	}
	variableType, properties := uint32(id.BaseDataVariableType), []*uaserver.Node(nil)
	switch {
	case v.property:
		variableType = id.PropertyType
	case v.unit != nil:
		variableType = id.AnalogItemType
		properties = []*uaserver.Node{
			property("EURange", id.Range, -1, ua.NewExtensionObject(&v.span)),
			property("EngineeringUnits", id.EUInformation, -1, ua.NewExtensionObject(v.unit)),
		}
	case v.states != nil:
		variableType = id.MultiStateDiscreteType
		texts := make([]*ua.LocalizedText, len(v.states))
		for i, s := range v.states {
			texts[i] = ua.NewLocalizedTextWithLocale(s, "en")
		}
		properties = []*uaserver.Node{property("EnumStrings", id.LocalizedText, 1, texts)}
	case v.binary[0] != "":
		variableType = id.TwoStateDiscreteType
		properties = []*uaserver.Node{
			property("FalseState", id.LocalizedText, -1, ua.NewLocalizedTextWithLocale(v.binary[0], "en")),
			property("TrueState", id.LocalizedText, -1, ua.NewLocalizedTextWithLocale(v.binary[1], "en")),
		}
	}
	b.space.Link(node, id.HasTypeDefinition, b.space.Standard(variableType))
	return properties
}

// property adds a standard property with a constant value.
func (b *builder) property(owner *uaserver.Node, path, propertyName string, dataType uint32, rank int32, value any) *uaserver.Node {
	attrs := &uaserver.Variable{DataType: builtin(dataType), ValueRank: rank, Read: uaserver.Constant(value)}
	if rank == 1 {
		attrs.ArrayDimensions = []uint32{uint32(attrs.Read().Value.ArrayLength())}
	}
	node := b.add(&uaserver.Node{ID: nodeID(path + "." + propertyName), Class: ua.NodeClassVariable, BrowseName: &ua.QualifiedName{Name: propertyName}, Variable: attrs})
	b.space.Link(owner, id.HasProperty, node)
	b.space.Link(node, id.HasTypeDefinition, b.space.Standard(id.PropertyType))
	return node
}

// addMethod adds a method with its argument properties and returns them all. Without a machine it is a declaration.
func addMethod[M any](b *builder, owner *uaserver.Node, prefix string, m method[M], machine *M) []*uaserver.Node {
	path := prefix + "." + m.name
	run := &uaserver.Method{Inputs: m.inputs, Outputs: m.outputs}
	if machine != nil {
		run.Call = func(in []*ua.Variant) (out []*ua.Variant, args []ua.StatusCode, status ua.StatusCode) {
			values := make([]any, len(in))
			for i := range in {
				values[i] = in[i].Value()
			}
			var results []any
			b.plant.change(func(now time.Time) { results, args, status = m.call(machine, values, now) })
			for _, r := range results {
				out = append(out, ua.MustVariant(r))
			}
			return out, args, status
		}
	}
	node := b.add(&uaserver.Node{ID: nodeID(path), Class: ua.NodeClassMethod, BrowseName: name(m.name), Description: ua.NewLocalizedText(m.description), Method: run})
	b.space.Link(owner, id.HasComponent, node)
	nodes := []*uaserver.Node{node}
	if len(m.inputs) > 0 {
		nodes = append(nodes, b.property(node, path, "InputArguments", id.Argument, 1, extensionObjects(m.inputs)))
	}
	if len(m.outputs) > 0 {
		nodes = append(nodes, b.property(node, path, "OutputArguments", id.Argument, 1, extensionObjects(m.outputs)))
	}
	return nodes
}

func extensionObjects[T any](values []*T) []*ua.ExtensionObject {
	out := make([]*ua.ExtensionObject, len(values))
	for i, v := range values {
		out[i] = ua.NewExtensionObject(v)
	}
	return out
}

func argument(argumentName string, dataType uint32, description string) *ua.Argument {
	return &ua.Argument{
		Name: argumentName, DataType: builtin(dataType), ValueRank: -1, ArrayDimensions: []uint32{},
		Description: ua.NewLocalizedText(description),
	}
}

// unit returns EUInformation for a UNECE common code of up to three characters (Part 8, 5.6.3.3).
func unit(code, symbol, description string) *ua.EUInformation {
	var unitID int32
	for _, c := range []byte(code) {
		unitID = unitID<<8 | int32(c)
	}
	return &ua.EUInformation{
		NamespaceURI: "http://www.opcfoundation.org/UA/units/un/cefact", UnitID: unitID,
		DisplayName: ua.NewLocalizedText(symbol), Description: ua.NewLocalizedText(description),
	}
}

// addDataTypes adds the enumeration LineState and the structure BatchRecord with its encoding.
func addDataTypes(b *builder) {
	states := []string{"Idle", "Running", "Starved", "Fault"}
	definition := &ua.EnumDefinition{}
	texts := make([]*ua.LocalizedText, len(states))
	for i, s := range states {
		texts[i] = ua.NewLocalizedText(s)
		definition.Fields = append(definition.Fields, &ua.EnumField{Value: int64(i), Name: s, DisplayName: texts[i], Description: &ua.LocalizedText{}})
	}
	enum := b.add(&uaserver.Node{
		ID: lineStateType, Class: ua.NodeClassDataType, BrowseName: name("LineState"),
		Description: ua.NewLocalizedText("What a packaging line is doing"), Definition: ua.NewExtensionObject(definition),
	})
	b.space.Link(b.space.Standard(id.Enumeration), id.HasSubtype, enum)
	b.property(enum, "LineState", "EnumStrings", id.LocalizedText, 1, texts)

	record := b.add(&uaserver.Node{
		ID: batchRecordType, Class: ua.NodeClassDataType, BrowseName: name("BatchRecord"),
		Description: ua.NewLocalizedText("The figures of one batch"), Definition: ua.NewExtensionObject(batchRecordDefinition()),
	})
	b.space.Link(b.space.Standard(id.Structure), id.HasSubtype, record)
	encoding := b.add(&uaserver.Node{ID: batchRecordEncoding, Class: ua.NodeClassObject, BrowseName: &ua.QualifiedName{Name: "Default Binary"}})
	b.space.Link(record, id.HasEncoding, encoding)
	b.space.Link(encoding, id.HasTypeDefinition, b.space.Standard(id.DataTypeEncodingType))
	if b.err != nil {
		b.err = fmt.Errorf("add data types: %w", b.err)
	}
}
