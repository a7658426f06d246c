package model

// Node is a node of an address space as the rest of the platform keeps it, whether it came out of a file or out of a server: its ids
// are in their nsu= form and mean the same in every session (Part 3, 5). Attributes that its class does not have are zero.
type Node struct {
	NodeID ExpandedNodeID
	Class  NodeClass
	// BrowseName carries its NamespaceURI, which is empty in namespace 0; its Namespace is 0.
	BrowseName  QualifiedName
	DisplayName LocalizedText
	Description LocalizedText
	// IsAbstract is an attribute of types.
	IsAbstract bool
	// Symmetric and InverseName are attributes of ReferenceTypes.
	Symmetric   bool
	InverseName LocalizedText
	// EventNotifier is the bit mask of Objects and Views (Part 3, 8.59).
	EventNotifier uint8
	// DataType, ValueRank and ArrayDimensions are attributes of Variables and VariableTypes.
	DataType        ExpandedNodeID
	ValueRank       int32
	ArrayDimensions []uint32
	// AccessLevel is an attribute of Variables.
	AccessLevel AccessLevel
	// Value is that of a Variable or a VariableType, as far as it is known.
	Value Variant
	// Arguments are the value of a method's properties InputArguments and OutputArguments.
	Arguments []ArgumentDescription
	// Definition is that of a DataType; nil where it has none.
	Definition *DataTypeDefinition
	// References are those that its source lists with the node, in either direction.
	References []NodeReference
}

// NodeReference is a reference from one node to another.
type NodeReference struct {
	Type   ExpandedNodeID
	Target ExpandedNodeID
	// Inverse means that the reference goes from Target to the node.
	Inverse bool
}

// ArgumentDescription describes an argument of a method (Part 3, 8.6).
type ArgumentDescription struct {
	Name            string
	Description     LocalizedText
	DataType        ExpandedNodeID
	ValueRank       int32
	ArrayDimensions []uint32
}

// DataTypeDefinition is the attribute of a DataType that tells how its values are made up (Part 3, 8.47), in the form that means the
// same in every session. StructureDescription and EnumDescription are its forms in messages.
type DataTypeDefinition struct {
	// Kind tells what Fields are.
	Kind DefinitionKind
	// Structure is the form of a structure.
	Structure StructureType
	Fields    []DefinitionField
}

// DefinitionKind tells definitions apart.
type DefinitionKind uint8

// The kinds of definitions. The fields of an option set are bits (Part 3, 8.40).
const (
	DefinesStructure DefinitionKind = iota
	DefinesEnumeration
	DefinesOptionSet
)

// DefinitionField is a member of a structure (Part 3, 8.51), a value of an enumeration or a bit of an option set (Part 3, 8.52).
type DefinitionField struct {
	Name        string
	DisplayName LocalizedText
	Description LocalizedText
	// DataType, ValueRank, ArrayDimensions, MaxStringLength, Optional and AllowSubtypes are those of a member.
	DataType        ExpandedNodeID
	ValueRank       int32
	ArrayDimensions []uint32
	MaxStringLength uint32
	Optional        bool
	AllowSubtypes   bool
	// Value is that of an enumeration's value, or the number of a bit.
	Value int64
}
