package opcua

import (
	"github.com/gopcua/opcua/id"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// attributeType is what an attribute other than Value holds (Part 3, 5.2 to 5.8 and table 8 of Part 4, 7.1); ok is false for none of the standard. Whether a
// client may write it the node's WriteMask says, and the server.
func attributeType(a model.AttributeID) (t variableType, ok bool) {
	t.rank = model.ValueRankScalar
	switch a {
	case model.AttributeNodeID, model.AttributeDataType:
		t.builtIn = model.TypeNodeID
	case model.AttributeNodeClass, model.AttributeValueRank:
		t.builtIn = model.TypeInt32
	case model.AttributeBrowseName:
		t.builtIn = model.TypeQualifiedName
	case model.AttributeDisplayName, model.AttributeDescription, model.AttributeInverseName:
		t.builtIn = model.TypeLocalizedText
	case model.AttributeWriteMask, model.AttributeUserWriteMask, model.AttributeAccessLevelEx:
		t.builtIn = model.TypeUInt32
	case model.AttributeAccessRestrictions:
		t.builtIn = model.TypeUInt16
	case model.AttributeEventNotifier, model.AttributeAccessLevel, model.AttributeUserAccessLevel:
		t.builtIn = model.TypeByte
	case model.AttributeIsAbstract, model.AttributeSymmetric, model.AttributeContainsNoLoops, model.AttributeHistorizing,
		model.AttributeExecutable, model.AttributeUserExecutable:
		t.builtIn = model.TypeBoolean
	case model.AttributeMinimumSamplingInterval:
		t.builtIn = model.TypeDouble
	case model.AttributeArrayDimensions:
		t.builtIn, t.rank = model.TypeUInt32, 1
	case model.AttributeDataTypeDefinition: // a StructureDefinition or an EnumDefinition, as the value says
		t.builtIn, t.dataType = model.TypeExtensionObject, model.NumericID(0, id.Structure)
	case model.AttributeRolePermissions, model.AttributeUserRolePermissions:
		t.builtIn, t.rank, t.dataType = model.TypeExtensionObject, 1, model.NumericID(0, id.RolePermissionType)
	default:
		return variableType{}, false
	}
	return t, true
}
