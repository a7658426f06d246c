package typed

import (
	"cmp"
	"strconv"

	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/typemodel"
)

// scalars are the GraphQL types of built-in types, and of the abstract ones above them (Part 6, 5.1.2).
var scalars = map[model.BuiltInType]string{
	model.TypeBoolean: "Boolean", model.TypeSByte: "Int", model.TypeByte: "Int", model.TypeInt16: "Int", model.TypeUInt16: "Int",
	model.TypeInt32: "Int", model.TypeUInt32: "UInt32", model.TypeInt64: "Int64", model.TypeUInt64: "UInt64",
	model.TypeFloat: "Float", model.TypeDouble: "Float", model.TypeString: "String", model.TypeDateTime: "DateTime", model.TypeGUID: "Guid",
	model.TypeByteString: "ByteString", model.TypeXMLElement: "XmlElement", model.TypeNodeID: "NodeId", model.TypeExpandedNodeID: "NodeId",
	model.TypeStatusCode: "StatusCode", model.TypeQualifiedName: "QualifiedName", model.TypeLocalizedText: "LocalizedText",
}

// inputs are those of types that are objects in answers.
var inputs = map[string]string{"StatusCode": "UInt32", "QualifiedName": "QualifiedNameInput", "LocalizedText": "LocalizedTextInput"}

// builtIn is the built-in type that a DataType is or is derived from; TypeNull if none of those with a scalar.
func builtIn(t *typemodel.Type) model.BuiltInType {
	for up := range t.Ancestors() {
		id := up.NodeID
		if id.NamespaceURI == "" && id.Type() == model.IDNumeric && id.Numeric() <= uint32(model.TypeDiagnosticInfo) {
			if b := model.BuiltInType(id.Numeric()); scalars[b] != "" {
				return b
			}
			return model.TypeNull
		}
	}
	return model.TypeNull
}

// dataKind tells what becomes of a DataType.
type dataKind uint8

const (
	dataVariant dataKind = iota
	dataScalar
	dataStructure
	dataEnum
	dataOptionSet
)

func (g *generator) dataKind(t *typemodel.Type) dataKind {
	switch {
	case t == nil:
		return dataVariant
	case t.IsA(typemodel.Enumeration):
		if len(t.Fields()) == 0 {
			return dataScalar // an Int: its values are not known
		}
		return dataEnum
	case t.IsA(typemodel.Structure):
		if t.NodeID == typemodel.Structure || t.NodeID == typemodel.Union {
			return dataVariant
		}
		return dataStructure
	case builtIn(t) == model.TypeNull:
		return dataVariant
	case t.Definition != nil && t.Definition.Kind != model.DefinesStructure && len(t.Definition.Fields) > 0 && bits(builtIn(t)) > 0:
		return dataOptionSet
	}
	return dataScalar
}

// bits is how many bits an unsigned integer has.
func bits(t model.BuiltInType) int64 {
	switch t {
	case model.TypeByte:
		return 8
	case model.TypeUInt16:
		return 16
	case model.TypeUInt32:
		return 32
	case model.TypeUInt64:
		return 64
	}
	return 0
}

// value is the GraphQL type of values of a DataType and a ValueRank (Part 3, 5.6.2).
func (g *generator) value(dataType model.ExpandedNodeID, rank int32, input bool) Ref {
	t := g.model.Type(dataType)
	r := Ref{Name: "Variant"}
	switch g.dataKind(t) {
	case dataScalar:
		if r.Name = scalars[builtIn(t)]; r.Name == "" {
			r.Name = "Int"
		}
		if other := inputs[r.Name]; input && other != "" {
			r.Name = other
		}
	case dataEnum:
		r.Name = g.names[t]
	case dataOptionSet:
		if rank != model.ValueRankScalar {
			return Ref{Name: "Variant"}
		}
		return Ref{Name: g.names[t], List: true, ItemNonNull: true}
	case dataStructure:
		if r.Name = g.names[t]; input {
			if r.Name = g.inputName(t); t.IsAbstract {
				r.Name = "Variant"
			}
		}
	}
	switch rank {
	case model.ValueRankScalar:
		return r
	case 1:
		r.List = true
		return r
	}
	return named("Variant") // matrices, and what may be one or the other
}

func (g *generator) inputName(t *typemodel.Type) string {
	return g.table.node(t.NodeID, "input", g.names[t]+"_Input")
}

// dataType makes the types of a DataType.
func (g *generator) dataType(t *typemodel.Type) {
	switch g.dataKind(t) {
	case dataEnum, dataOptionSet:
		g.enumeration(t)
	case dataStructure:
		g.structure(t)
	}
}

func (g *generator) enumeration(t *typemodel.Type) {
	e := &Type{Name: g.names[t], Kind: Enum, Description: describe(t.Node), Source: t}
	names := taker{"true": true, "false": true, "null": true}
	for _, f := range t.Fields() {
		name := names.take(clean(f.Name), strconv.FormatInt(f.Value, 10))
		e.Values = append(e.Values, EnumValue{Name: name, Value: f.Value, Description: cmp.Or(f.Description.Text, otherText(f.DisplayName, f.Name))})
	}
	g.add(e)
}

// structure makes the type of a structure and that of its input. An abstract one is an interface with an object that stands for
// subtypes that are not known.
func (g *generator) structure(t *typemodel.Type) {
	out := &Type{Name: g.names[t], Description: describe(t.Node), Source: t}
	in := &Type{Kind: Input, Source: t}
	for up := range t.Super.Ancestors() {
		if up.IsAbstract && g.dataKind(up) == dataStructure {
			out.Implements = append(out.Implements, g.names[up])
		}
	}
	id := &Field{Name: "dataTypeId", Type: required("NodeId"), Description: "The structure's DataType.", Role: RoleIdentity}
	out.Fields = append(out.Fields, id)
	names := taker{id.Name: true}
	for i, f := range t.Fields() {
		field := &Field{
			Name: names.take(clean(f.Name), strconv.Itoa(i)), Description: f.Description.Text,
			Role: RoleStructure, Key: model.QualifiedName{Name: f.Name}, DataType: f.DataType, ValueRank: f.ValueRank,
		}
		given := *field
		field.Type, given.Type = g.value(f.DataType, f.ValueRank, false), g.value(f.DataType, f.ValueRank, true)
		if f.AllowSubtypes {
			field.Type, given.Type = named("Variant"), named("Variant")
		}
		out.Fields, in.Fields = append(out.Fields, field), append(in.Fields, &given)
	}
	if t.IsAbstract {
		out.Kind = Interface
		g.add(out)
		g.object(out)
		return
	}
	g.add(out)
	if len(in.Fields) == 0 {
		in.Fields = []*Field{{Name: "_", Type: named("Boolean"), Description: "The structure has no fields.", Role: RoleIdentity}}
	}
	if t.IsA(typemodel.Union) || t.Definition != nil && (t.Definition.Structure == model.StructureUnion || t.Definition.Structure == model.StructureUnionSubtypedValues) {
		in.Kind = OneOf
	}
	in.Name = g.inputName(t)
	g.add(in)
}
