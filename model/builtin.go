package model

import "fmt"

// BuiltInType is the id of one of the 25 built-in types on the wire (Part 6, 5.1.2, Table 1). Their NodeIds in
// namespace 0 carry the same numbers.
type BuiltInType uint8

// The built-in types. TypeNull is the type of an empty Variant.
const (
	TypeNull            BuiltInType = 0
	TypeBoolean         BuiltInType = 1
	TypeSByte           BuiltInType = 2
	TypeByte            BuiltInType = 3
	TypeInt16           BuiltInType = 4
	TypeUInt16          BuiltInType = 5
	TypeInt32           BuiltInType = 6
	TypeUInt32          BuiltInType = 7
	TypeInt64           BuiltInType = 8
	TypeUInt64          BuiltInType = 9
	TypeFloat           BuiltInType = 10
	TypeDouble          BuiltInType = 11
	TypeString          BuiltInType = 12
	TypeDateTime        BuiltInType = 13
	TypeGUID            BuiltInType = 14
	TypeByteString      BuiltInType = 15
	TypeXMLElement      BuiltInType = 16
	TypeNodeID          BuiltInType = 17
	TypeExpandedNodeID  BuiltInType = 18
	TypeStatusCode      BuiltInType = 19
	TypeQualifiedName   BuiltInType = 20
	TypeLocalizedText   BuiltInType = 21
	TypeExtensionObject BuiltInType = 22
	TypeDataValue       BuiltInType = 23
	TypeVariant         BuiltInType = 24
	TypeDiagnosticInfo  BuiltInType = 25
)

var builtInTypeNames = [...]string{
	"Null", "Boolean", "SByte", "Byte", "Int16", "UInt16", "Int32", "UInt32", "Int64", "UInt64", "Float", "Double", "String",
	"DateTime", "Guid", "ByteString", "XmlElement", "NodeId", "ExpandedNodeId", "StatusCode", "QualifiedName", "LocalizedText",
	"Structure", "DataValue", "BaseDataType", "DiagnosticInfo",
}

// String returns the BrowseName of the type's DataType node, "Double" for example.
func (t BuiltInType) String() string {
	if int(t) < len(builtInTypeNames) {
		return builtInTypeNames[t]
	}
	return fmt.Sprintf("BuiltInType(%d)", uint8(t))
}

// Valid tells whether t is one of the 25 built-in types.
func (t BuiltInType) Valid() bool { return t >= TypeBoolean && t <= TypeDiagnosticInfo }

// Numeric tells whether t is an integer or a floating-point type.
func (t BuiltInType) Numeric() bool { return t >= TypeSByte && t <= TypeDouble }

// NodeClass is the class of a node (Part 3, 8.29); the values are bits of NodeClassMask.
type NodeClass uint32

// The node classes.
const (
	NodeClassUnspecified   NodeClass = 0
	NodeClassObject        NodeClass = 1
	NodeClassVariable      NodeClass = 2
	NodeClassMethod        NodeClass = 4
	NodeClassObjectType    NodeClass = 8
	NodeClassVariableType  NodeClass = 16
	NodeClassReferenceType NodeClass = 32
	NodeClassDataType      NodeClass = 64
	NodeClassView          NodeClass = 128
)

// String returns the name of the class, "Variable" for example.
func (c NodeClass) String() string {
	switch c {
	case NodeClassUnspecified:
		return "Unspecified"
	case NodeClassObject:
		return "Object"
	case NodeClassVariable:
		return "Variable"
	case NodeClassMethod:
		return "Method"
	case NodeClassObjectType:
		return "ObjectType"
	case NodeClassVariableType:
		return "VariableType"
	case NodeClassReferenceType:
		return "ReferenceType"
	case NodeClassDataType:
		return "DataType"
	case NodeClassView:
		return "View"
	}
	return fmt.Sprintf("NodeClass(%d)", uint32(c))
}

// AttributeID names an attribute of a node (Part 6, A.1).
type AttributeID uint32

// The attributes.
const (
	AttributeNodeID                  AttributeID = 1
	AttributeNodeClass               AttributeID = 2
	AttributeBrowseName              AttributeID = 3
	AttributeDisplayName             AttributeID = 4
	AttributeDescription             AttributeID = 5
	AttributeWriteMask               AttributeID = 6
	AttributeUserWriteMask           AttributeID = 7
	AttributeIsAbstract              AttributeID = 8
	AttributeSymmetric               AttributeID = 9
	AttributeInverseName             AttributeID = 10
	AttributeContainsNoLoops         AttributeID = 11
	AttributeEventNotifier           AttributeID = 12
	AttributeValue                   AttributeID = 13
	AttributeDataType                AttributeID = 14
	AttributeValueRank               AttributeID = 15
	AttributeArrayDimensions         AttributeID = 16
	AttributeAccessLevel             AttributeID = 17
	AttributeUserAccessLevel         AttributeID = 18
	AttributeMinimumSamplingInterval AttributeID = 19
	AttributeHistorizing             AttributeID = 20
	AttributeExecutable              AttributeID = 21
	AttributeUserExecutable          AttributeID = 22
	AttributeDataTypeDefinition      AttributeID = 23
	AttributeRolePermissions         AttributeID = 24
	AttributeUserRolePermissions     AttributeID = 25
	AttributeAccessRestrictions      AttributeID = 26
	AttributeAccessLevelEx           AttributeID = 27
)

// AccessLevel is the bit mask of the attributes AccessLevel and UserAccessLevel, which have the lower 8 bits (Part 3, 8.57), and AccessLevelEx, which
// has all (Part 3, 8.58).
type AccessLevel uint32

// The bits of AccessLevel.
const (
	AccessCurrentRead    AccessLevel = 1 << 0
	AccessCurrentWrite   AccessLevel = 1 << 1
	AccessHistoryRead    AccessLevel = 1 << 2
	AccessHistoryWrite   AccessLevel = 1 << 3
	AccessSemanticChange AccessLevel = 1 << 4
	AccessStatusWrite    AccessLevel = 1 << 5
	AccessTimestampWrite AccessLevel = 1 << 6
)

// The bits of AccessLevelEx alone.
const (
	AccessNonatomicRead      AccessLevel = 1 << 8
	AccessNonatomicWrite     AccessLevel = 1 << 9
	AccessWriteFullArrayOnly AccessLevel = 1 << 10
	AccessNoSubDataTypes     AccessLevel = 1 << 11
	AccessNonVolatile        AccessLevel = 1 << 12
	AccessConstant           AccessLevel = 1 << 13
)

// The values of the ValueRank attribute that are no number of dimensions (Part 3, 5.6.2).
const (
	ValueRankScalarOrOneDimension = -3
	ValueRankAny                  = -2
	ValueRankScalar               = -1
	ValueRankOneOrMoreDimensions  = 0
)
