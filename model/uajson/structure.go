package uajson

import (
	"fmt"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// StructureCodec turns structures in the binary encoding (Part 6, 5.2.6 to 5.2.8) into JSON text, and back, by the descriptions of their types. It
// knows those of its schema and a few of the standard that machines use: Range, EUInformation, the 3D types and their like. It is
// read-only once made, and may be used by several goroutines.
//
// The text is Verbose (Part 6, 5.4): members by name, nested structures as objects, optional members only where they are there, a union as
// an object of one member. It departs from that in two points so that the numbers in it are numbers: enumerations and 64-bit integers
// are written as such.
type StructureCodec struct {
	types map[model.NodeID]*structureType // by the ids of the types and of their binary encodings
	ns    model.NamespaceTable
}

// structureType is a type made ready.
type structureType struct {
	name       string
	dataType   model.NodeID
	encodingID model.NodeID // of the binary encoding; null if it is not known
	form       model.StructureType
	members    []structureMember
}

// structureMember is one member of a structure.
type structureMember struct {
	plain string
	name  []byte // as it stands in JSON: "\"Name\":"
	// builtIn is the type on the wire; for a structure it is TypeExtensionObject and structure is not nil.
	builtIn   model.BuiltInType
	structure *structureType
	rank      int32
	// bit is that of an optional member in the encoding mask, else 0.
	bit uint32
	// names are those of the values of an enumeration, else nil.
	names map[string]int64
	// unknown is the type if nothing is known of it.
	unknown string
}

// NewStructureCodec makes the codec for the types of a schema. A type that a structure uses and the schema does not describe is an error
// of AppendJSON only, where a value has a member of it.
func NewStructureCodec(schema *model.DataTypeSchema) *StructureCodec {
	c := &StructureCodec{types: make(map[model.NodeID]*structureType), ns: namespaceTable(schema.Namespaces)}
	all := append(standardStructures(), schema.Structures...)
	for i := range all {
		d := &all[i]
		t := &structureType{name: d.Name.Name, dataType: d.DataType, encodingID: d.EncodingID, form: d.Type}
		c.types[d.DataType] = t
		if !d.EncodingID.IsNull() {
			c.types[d.EncodingID] = t
		}
	}
	known, values := builtIns(schema), valueNames(schema)
	for i := range all {
		c.types[all[i].DataType].compile(c, &all[i], known, values)
	}
	return c
}

// valueNames are the names of the values of enumerations.
func valueNames(schema *model.DataTypeSchema) map[model.NodeID]map[string]int64 {
	enums := make(map[model.NodeID]map[string]int64)
	for i := range schema.Enums {
		e := &schema.Enums[i]
		enums[e.DataType] = make(map[string]int64, len(e.Fields))
		for _, f := range e.Fields {
			enums[e.DataType][f.Name] = f.Value
		}
	}
	return enums
}

// builtIns are the built-in types that enumerations and simple types are on the wire.
func builtIns(schema *model.DataTypeSchema) map[model.NodeID]model.BuiltInType {
	names := make(map[model.NodeID]model.BuiltInType)
	for i := range schema.Enums {
		t := schema.Enums[i].BuiltInType
		if !t.Numeric() {
			t = model.TypeInt32
		}
		names[schema.Enums[i].DataType] = t
	}
	for i := range schema.Simple {
		names[schema.Simple[i].DataType] = schema.Simple[i].BuiltInType
	}
	return names
}

// compile makes the members ready.
func (t *structureType) compile(
	c *StructureCodec, d *model.StructureDescription, builtIns map[model.NodeID]model.BuiltInType, values map[model.NodeID]map[string]int64,
) {
	t.members = nil // a schema may describe a type twice: the last one counts
	subtyped := d.Type == model.StructureWithSubtypedValues || d.Type == model.StructureUnionSubtypedValues
	bit := uint32(1)
	for i := range d.Fields {
		f := &d.Fields[i]
		m := structureMember{plain: f.Name, name: append(appendText(nil, f.Name), ':'), rank: f.ValueRank, names: values[f.DataType]}
		if known, ok := builtIns[f.DataType]; ok && known.Valid() {
			m.builtIn = known
		} else if s, ok := c.types[f.DataType]; ok {
			m.builtIn, m.structure = model.TypeExtensionObject, s
		} else if m.builtIn = standardType(f.DataType); m.builtIn == model.TypeNull {
			m.unknown = f.DataType.String()
		}
		switch {
		case f.Optional && subtyped && m.builtIn == model.TypeExtensionObject:
			m.structure = nil // travels with its type
		case f.Optional && subtyped:
			m.builtIn = model.TypeVariant
		case f.Optional && d.Type == model.StructureWithOptionalFields:
			m.bit = bit
			bit <<= 1
		}
		t.members = append(t.members, m)
	}
}

// find returns a type by its own id or that of its binary encoding.
func (c *StructureCodec) find(id model.ExpandedNodeID) *structureType {
	n := id.NodeID
	if id.NamespaceURI != "" {
		for i, uri := range c.ns {
			if uri == id.NamespaceURI {
				return c.types[n.WithNamespace(uint16(i))]
			}
		}
		return nil
	}
	return c.types[n]
}

// Knows tells whether the codec has the description of a type, given by its own id or that of its binary encoding.
func (c *StructureCodec) Knows(id model.ExpandedNodeID) bool { return c.find(id) != nil }

// DataType is the id of a type that is given by either id; null if it is not known.
func (c *StructureCodec) DataType(id model.ExpandedNodeID) model.NodeID {
	t := c.find(id)
	if t == nil {
		return model.NodeID{}
	}
	return t.dataType
}

// Encoding is the id of a type's binary encoding, the type given by either id; false if it is not known.
func (c *StructureCodec) Encoding(id model.ExpandedNodeID) (model.NodeID, bool) {
	t := c.find(id)
	if t == nil || t.encodingID.IsNull() {
		return model.NodeID{}, false
	}
	return t.encodingID, true
}

// maxStructureJSON is the most bytes of JSON that one structure may become; names of members take more room than their values.
const maxStructureJSON = 16 << 20

// AppendJSON appends a structure as JSON text to dst and returns the result. id is that of its type or of its binary encoding, body the
// structure in the binary encoding. On an error, an *Error whose Offset is in body, dst is returned as it was.
func (c *StructureCodec) AppendJSON(dst []byte, id model.ExpandedNodeID, body []byte) ([]byte, error) {
	text, _, err := c.Decode(dst, id, body)
	return text, err
}

// Decode is AppendJSON that also tells the encodings of structures within the structure whose types are not described: they stand in the text as their
// encoded bytes.
func (c *StructureCodec) Decode(dst []byte, id model.ExpandedNodeID, body []byte) (text []byte, missing []model.ExpandedNodeID, err error) {
	t := c.find(id)
	if t == nil {
		return dst, nil, &Error{Offset: -1, Err: fmt.Errorf("%w: no description of the type %s", ErrType, id)}
	}
	r := structureReader{codec: c, buf: body, out: dst, limit: len(dst) + maxStructureJSON}
	r.structure(t)
	if r.err == nil && r.off != len(body) {
		r.failf(ErrMalformed, "%d bytes more than type %s has", len(body)-r.off, t.name)
	}
	if r.err != nil {
		return dst, nil, &Error{Path: t.name, Offset: r.off, Err: r.err}
	}
	return r.out, r.missing, nil
}

// standardType is the built-in type of a DataType of the standard, TypeNull if it is not known here (Part 3, 8; Part 5, 12).
func standardType(id model.NodeID) model.BuiltInType {
	if id.Namespace() != 0 || id.Type() != model.IDNumeric {
		return model.TypeNull
	}
	switch n := id.Numeric(); n {
	case 26, 27, 28: // Number, Integer, UInteger
		return model.TypeVariant
	case 29, 120, 256, 257, 302, 303, 307, 851, 852: // Enumeration and some of them
		return model.TypeInt32
	case 30, 2000, 2001, 2002, 2003: // Image and its kinds
		return model.TypeByteString
	case 288, 289, 20998: // IntegerId, Counter, VersionTime
		return model.TypeUInt32
	case 290: // Duration
		return model.TypeDouble
	case 294, 293: // UtcTime, Date
		return model.TypeDateTime
	case 295, 291, 12877, 12878, 12879, 12880, 12881: // LocaleId, NumericRange, NormalizedString … DateString
		return model.TypeString
	default:
		if t := model.BuiltInType(n); n <= uint32(model.TypeDiagnosticInfo) && t.Valid() {
			return t
		}
	}
	return model.TypeNull
}

// StandardStructure is the data type of a structure of the standard that every StructureCodec knows, by its name.
func StandardStructure(name string) (model.NodeID, bool) {
	for _, d := range standardStructures() {
		if d.Name.Name == name {
			return d.DataType, true
		}
	}
	return model.NodeID{}, false
}

// standardStructures are the structures of the standard that are found within those of machines (Part 3, 8; Part 5, 12; Part 8, 5.6).
func standardStructures() []model.StructureDescription {
	describe := func(name string, id, encoding uint32, fields ...model.StructureField) model.StructureDescription {
		return model.StructureDescription{
			DataType: model.NumericID(0, id), EncodingID: model.NumericID(0, encoding), Name: model.QualifiedName{Name: name}, Fields: fields,
		}
	}
	field := func(name string, dataType uint32) model.StructureField {
		return model.StructureField{Name: name, DataType: model.NumericID(0, dataType), ValueRank: model.ValueRankScalar}
	}
	array := func(name string, dataType uint32) model.StructureField {
		return model.StructureField{Name: name, DataType: model.NumericID(0, dataType), ValueRank: 1}
	}
	const boolean, int16, int32, uint32, int64, float, double, text, nodeID, localized = 1, 4, 6, 7, 8, 10, 11, 12, 17, 21
	dimensions := array("ArrayDimensions", uint32)
	return []model.StructureDescription{
		describe("Range", 884, 886, field("Low", double), field("High", double)),
		describe("EUInformation", 887, 889, field("NamespaceUri", text), field("UnitId", int32), field("DisplayName", localized), field("Description", localized)),
		describe("Argument", 296, 298, field("Name", text), field("DataType", nodeID), field("ValueRank", int32), dimensions, field("Description", localized)),
		describe("EnumValueType", 7594, 8251, field("Value", int64), field("DisplayName", localized), field("Description", localized)),
		// What the attributes RolePermissions and DataTypeDefinition hold.
		describe("RolePermissionType", 96, 128, field("RoleId", nodeID), field("Permissions", uint32)),
		describe("StructureField", 101, 14844, field("Name", text), field("Description", localized), field("DataType", nodeID), field("ValueRank", int32), dimensions,
			field("MaxStringLength", uint32), field("IsOptional", boolean)),
		describe("StructureDefinition", 99, 122, field("DefaultEncodingId", nodeID), field("BaseDataType", nodeID), field("StructureType", int32), array("Fields", 101)),
		describe("EnumField", 102, 14845, field("Value", int64), field("DisplayName", localized), field("Description", localized), field("Name", text)),
		describe("EnumDefinition", 100, 123, array("Fields", 102)),
		describe("TimeZoneDataType", 8912, 8917, field("Offset", int16), field("DaylightSavingInOffset", boolean)),
		describe("KeyValuePair", 14533, 14846, field("Key", 20), field("Value", 24)),
		describe("XVType", 12080, 12090, field("X", double), field("Value", float)),
		describe("ComplexNumberType", 12171, 12181, field("Real", float), field("Imaginary", float)),
		describe("DoubleComplexNumberType", 12172, 12182, field("Real", double), field("Imaginary", double)),
		describe("3DVector", 18808, 18817, field("X", double), field("Y", double), field("Z", double)),
		describe("3DCartesianCoordinates", 18810, 18819, field("X", double), field("Y", double), field("Z", double)),
		describe("3DOrientation", 18812, 18821, field("A", double), field("B", double), field("C", double)),
		describe("3DFrame", 18814, 18823, field("CartesianCoordinates", 18810), field("Orientation", 18812)),
	}
}
