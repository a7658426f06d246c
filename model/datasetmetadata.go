package model

// DataSetMetaDataType is the metadata of a DataSet as Part 14, 6.2.3.2.3 defines it for the wire. DataSetMetaData is what the
// platform makes of it: names instead of numbers, and what is known of the nodes.
type DataSetMetaDataType struct {
	DataTypeSchema
	// Name is that of the DataSet.
	Name           string
	Description    LocalizedText
	Fields         []FieldMetaDataType
	DataSetClassID GUID
	Version        ConfigurationVersion
}

// FieldMetaDataType describes one field (Part 14, 6.2.3.2.4). The NodeIds of DataType and of Properties' names are indices into
// Namespaces of the schema.
type FieldMetaDataType struct {
	Name        string
	Description LocalizedText
	// Flags has bit 0 set for a promoted field.
	Flags           uint16
	BuiltInType     BuiltInType
	DataType        NodeID
	ValueRank       int32
	ArrayDimensions []uint32
	// MaxStringLength is 0 where there is no limit.
	MaxStringLength uint32
	FieldID         GUID
	Properties      []KeyValuePair
}

// KeyValuePair is a named value (Part 5, 12.21).
type KeyValuePair struct {
	Key   QualifiedName
	Value Variant
}

// DataTypeSchema describes the data types that a message uses beyond the built-in ones: DataTypeSchemaHeader (Part 5, 12.31).
type DataTypeSchema struct {
	// Namespaces begins with index 1 where the standard says so: index 0, the OPC UA namespace, is not among them.
	Namespaces []string                `json:"namespaces,omitempty"`
	Structures []StructureDescription  `json:"structures,omitempty"`
	Enums      []EnumDescription       `json:"enums,omitempty"`
	Simple     []SimpleTypeDescription `json:"simple,omitempty"`
}

// StructureType tells the forms of structures apart (Part 3, 8.49).
type StructureType uint32

// The forms of structures.
const (
	StructurePlain               StructureType = 0
	StructureWithOptionalFields  StructureType = 1
	StructureUnion               StructureType = 2
	StructureWithSubtypedValues  StructureType = 3
	StructureUnionSubtypedValues StructureType = 4
)

// StructureDescription describes a structured DataType (Part 5, 12.33; its definition Part 3, 8.48).
type StructureDescription struct {
	DataType NodeID        `json:"dataType"`
	Name     QualifiedName `json:"name"`
	// EncodingID is the node of the binary encoding.
	EncodingID   NodeID           `json:"encodingId"`
	BaseDataType NodeID           `json:"baseDataType"`
	Type         StructureType    `json:"type"`
	Fields       []StructureField `json:"fields"`
}

// StructureField is one member of a structure (Part 3, 8.51).
type StructureField struct {
	Name            string        `json:"name"`
	Description     LocalizedText `json:"description"`
	DataType        NodeID        `json:"dataType"`
	ValueRank       int32         `json:"valueRank"`
	ArrayDimensions []uint32      `json:"arrayDimensions,omitempty"`
	MaxStringLength uint32        `json:"maxStringLength,omitempty"`
	// Optional means that the member may be absent; in the forms with subtyped values, that subtypes are allowed.
	Optional bool `json:"optional,omitempty"`
}

// EnumDescription describes an enumeration (Part 5, 12.34; its definition Part 3, 8.50).
type EnumDescription struct {
	DataType    NodeID        `json:"dataType"`
	Name        QualifiedName `json:"name"`
	Fields      []EnumField   `json:"fields"`
	BuiltInType BuiltInType   `json:"builtInType"`
}

// EnumField is one value of an enumeration (Part 3, 8.52).
type EnumField struct {
	Value       int64         `json:"value"`
	DisplayName LocalizedText `json:"displayName"`
	Description LocalizedText `json:"description"`
	Name        string        `json:"name"`
}

// SimpleTypeDescription describes a DataType that is a built-in type under another name (Part 5, 12.35).
type SimpleTypeDescription struct {
	DataType     NodeID        `json:"dataType"`
	Name         QualifiedName `json:"name"`
	BaseDataType NodeID        `json:"baseDataType"`
	BuiltInType  BuiltInType   `json:"builtInType"`
}
