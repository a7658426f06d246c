package graph

import "github.com/shopfloor-iiot/shopfloor/model"

// DataTypeDefinition is a *StructureDefinition or an *EnumDefinition (Part 3, 8.47).
type DataTypeDefinition interface{ IsDataTypeDefinition() }

// StructureDefinition is that of a structure (Part 3, 8.48).
type StructureDefinition struct {
	StructureType                   model.StructureType
	BaseDataType, DefaultEncodingID *model.ExpandedNodeID
	Fields                          []StructureField
}

// StructureField is a member of a structure (Part 3, 8.51).
type StructureField struct {
	Name            string
	Description     *model.LocalizedText
	DataType        model.ExpandedNodeID
	ValueRank       int
	ArrayDimensions []int
	MaxStringLength float64
	IsOptional      bool
	AllowSubTypes   bool
}

// EnumDefinition is that of an enumeration or an option set (Part 3, 8.50).
type EnumDefinition struct{ Fields []EnumField }

// EnumField is a value of an enumeration, or a bit of an option set (Part 3, 8.52).
type EnumField struct {
	Value       int64
	Name        string
	DisplayName *model.LocalizedText
	Description *model.LocalizedText
}

// IsDataTypeDefinition marks the definitions.
func (*StructureDefinition) IsDataTypeDefinition() {}

// IsDataTypeDefinition marks the definitions.
func (*EnumDefinition) IsDataTypeDefinition() {}

// definitionText is the JSON that gateways make of either definition.
type definitionText struct {
	DefaultEncodingID model.ExpandedNodeID `json:"DefaultEncodingId"`
	BaseDataType      model.ExpandedNodeID
	StructureType     *model.StructureType // of structures alone
	Fields            []struct {
		Name                     string
		Description, DisplayName model.LocalizedText
		DataType                 model.ExpandedNodeID
		ValueRank                int
		ArrayDimensions          []int
		MaxStringLength          uint32
		IsOptional               bool
		Value                    int64
	}
}

func dataTypeDefinition(n *node) (DataTypeDefinition, error) {
	v, err := attributeValue(n, model.AttributeDataTypeDefinition)
	if err != nil || v.Type() != model.TypeExtensionObject || v.IsArray() {
		return nil, err
	}
	x := v.ExtensionObject()
	if x.Encoding == model.ExtensionNoBody {
		return nil, nil
	}
	var d definitionText
	if err := decodeStructure(n, model.AttributeDataTypeDefinition, x, &d); err != nil {
		return nil, err
	}
	if d.StructureType == nil {
		return d.enum(), nil
	}
	return d.structure(), nil
}

func (d *definitionText) structure() *StructureDefinition {
	s := &StructureDefinition{
		StructureType: *d.StructureType, BaseDataType: optional(d.BaseDataType), DefaultEncodingID: optional(d.DefaultEncodingID),
		Fields: make([]StructureField, len(d.Fields)),
	}
	subtyped := s.StructureType == model.StructureWithSubtypedValues || s.StructureType == model.StructureUnionSubtypedValues
	for i, f := range d.Fields {
		s.Fields[i] = StructureField{
			Name: f.Name, Description: optional(f.Description), DataType: f.DataType, ValueRank: f.ValueRank, ArrayDimensions: f.ArrayDimensions,
			MaxStringLength: float64(f.MaxStringLength), IsOptional: f.IsOptional && !subtyped, AllowSubTypes: f.IsOptional && subtyped,
		}
	}
	return s
}

func (d *definitionText) enum() *EnumDefinition {
	e := &EnumDefinition{Fields: make([]EnumField, len(d.Fields))}
	for i, f := range d.Fields {
		e.Fields[i] = EnumField{Value: f.Value, Name: f.Name, DisplayName: optional(f.DisplayName), Description: optional(f.Description)}
	}
	return e
}
