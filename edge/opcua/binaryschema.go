package opcua

import (
	"encoding/xml"
	"errors"
	"fmt"
	"strings"

	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/uajson"
)

// binarySchema is a type dictionary in the OPC Binary type description system (Part 3, Annex C), with which servers described their types before they had the
// DataTypeDefinition attribute.
type binarySchema struct {
	TargetNamespace string           `xml:"TargetNamespace,attr"`
	Structured      []structuredType `xml:"StructuredType"`
	Enumerated      []enumeratedType `xml:"EnumeratedType"`
}

type structuredType struct {
	Name     string        `xml:"Name,attr"`
	BaseType string        `xml:"BaseType,attr"`
	Fields   []schemaField `xml:"Field"`
}

type schemaField struct {
	Name        string `xml:"Name,attr"`
	TypeName    string `xml:"TypeName,attr"`
	Length      uint32 `xml:"Length,attr"`
	LengthField string `xml:"LengthField,attr"`
	SwitchField string `xml:"SwitchField,attr"`
	SwitchValue uint32 `xml:"SwitchValue,attr"`
	Operand     string `xml:"SwitchOperand,attr"`
	Terminator  string `xml:"Terminator,attr"`
}

type enumeratedType struct {
	Name   string            `xml:"Name,attr"`
	Bits   uint32            `xml:"LengthInBits,attr"`
	Values []enumeratedValue `xml:"EnumeratedValue"`
}

type enumeratedValue struct {
	Name  string `xml:"Name,attr"`
	Value int64  `xml:"Value,attr"`
}

// parseBinarySchema reads a dictionary.
func parseBinarySchema(text []byte) (*binarySchema, error) {
	var s binarySchema
	if err := xml.Unmarshal(text, &s); err != nil {
		return nil, fmt.Errorf("type dictionary: %w", err)
	}
	return &s, nil
}

// described are the ids of a type in a dictionary: of the data type, and of its binary encoding.
type described struct{ dataType, encoding model.NodeID }

// schema makes the descriptions of all types of the dictionary that have the forms which OPC UA gives structures; others are left out. ids are those of the types
// that have nodes, by their names; the others get ids that made, for a name, makes up.
func (s *binarySchema) schema(ids map[string]described, made func(name string) model.NodeID) *model.DataTypeSchema {
	types := map[string]model.NodeID{}
	id := func(name string) model.NodeID {
		if d, ok := ids[name]; ok {
			return d.dataType
		}
		return made(name)
	}
	for i := range s.Structured {
		types[s.Structured[i].Name] = id(s.Structured[i].Name)
	}
	result := &model.DataTypeSchema{}
	for i := range s.Enumerated {
		e := &s.Enumerated[i]
		types[e.Name] = id(e.Name)
		if e.Bits != 0 && e.Bits != 32 {
			continue
		}
		d := model.EnumDescription{DataType: types[e.Name], Name: model.QualifiedName{Name: e.Name}, BuiltInType: model.TypeInt32}
		for _, v := range e.Values {
			d.Fields = append(d.Fields, model.EnumField{Value: v.Value, Name: v.Name, DisplayName: model.LocalizedText{Text: v.Name}})
		}
		result.Enums = append(result.Enums, d)
	}
	for i := range s.Structured {
		t := &s.Structured[i]
		d := model.StructureDescription{DataType: types[t.Name], Name: model.QualifiedName{Name: t.Name}, EncodingID: ids[t.Name].encoding}
		if t.describe(&d, types) == nil {
			result.Structures = append(result.Structures, d)
		}
	}
	return result
}

// errSchema tells that a structure is not one of those that OPC UA encodes (Part 6, 5.2.6 to 5.2.8).
var errSchema = errors.New("no structure of OPC UA")

// describe makes the members of a structure: lengths of arrays and the bits that say which optional members are there are none.
func (t *structuredType) describe(d *model.StructureDescription, types map[string]model.NodeID) error {
	lengths, switches := map[string]bool{}, map[string]bool{}
	for i := range t.Fields {
		f := &t.Fields[i]
		if f.LengthField != "" {
			lengths[f.LengthField] = true
		}
		if f.SwitchField != "" {
			switches[f.SwitchField] = true
		}
	}
	bits := uint32(0)
	for i := range t.Fields {
		f := &t.Fields[i]
		switch _, kind, _ := strings.Cut(f.TypeName, ":"); {
		case kind == "Bit":
			bits += max(f.Length, 1)
			if len(d.Fields) > 0 {
				return errSchema
			}
			continue
		case lengths[f.Name]:
			continue
		case switches[f.Name] && kind == "UInt32" && i == 0:
			d.Type = model.StructureUnion
			continue
		}
		member, err := f.member(types)
		if err != nil {
			return err
		}
		member.Optional = f.SwitchField != "" && d.Type != model.StructureUnion
		if d.Type == model.StructureUnion && f.SwitchValue != uint32(len(d.Fields))+1 {
			return errSchema
		}
		d.Fields = append(d.Fields, member)
	}
	switch {
	case bits == 32:
		d.Type = model.StructureWithOptionalFields
	case bits != 0:
		return errSchema
	}
	return nil
}

// member describes one member.
func (f *schemaField) member(types map[string]model.NodeID) (model.StructureField, error) {
	prefix, name, ok := strings.Cut(f.TypeName, ":")
	m := model.StructureField{Name: f.Name, ValueRank: model.ValueRankScalar}
	if f.LengthField != "" {
		m.ValueRank = 1
	}
	switch {
	case !ok || f.Operand != "" || f.Terminator != "" || f.Length != 0:
		return m, errSchema
	case prefix == "opc" || prefix == "ua":
		if m.DataType, ok = standardName(name); ok {
			return m, nil
		}
	default:
		if m.DataType, ok = types[name]; ok {
			return m, nil
		}
	}
	return m, fmt.Errorf("%w: member %s has the type %s", errSchema, f.Name, f.TypeName)
}

// standardName is the type that a dictionary calls by a name of the standard.
func standardName(name string) (model.NodeID, bool) {
	switch name {
	case "CharArray", "WideString", "WideCharArray":
		name = "String"
	case "Variant":
		return model.NumericID(0, uint32(model.TypeVariant)), true
	case "ExtensionObject":
		return model.NumericID(0, uint32(model.TypeExtensionObject)), true
	}
	for t := model.TypeBoolean; t <= model.TypeDiagnosticInfo; t++ {
		if t.String() == name {
			return model.NumericID(0, uint32(t)), true
		}
	}
	return uajson.StandardStructure(name)
}
