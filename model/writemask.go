package model

// writeMaskBits are the attributes that the bits of the attributes WriteMask and UserWriteMask stand for, from bit 0 on (Part 3, 8.60).
var writeMaskBits = [...]AttributeID{
	AttributeAccessLevel, AttributeArrayDimensions, AttributeBrowseName, AttributeContainsNoLoops, AttributeDataType, AttributeDescription,
	AttributeDisplayName, AttributeEventNotifier, AttributeExecutable, AttributeHistorizing, AttributeInverseName, AttributeIsAbstract,
	AttributeMinimumSamplingInterval, AttributeNodeClass, AttributeNodeID, AttributeSymmetric, AttributeUserAccessLevel, AttributeUserExecutable,
	AttributeUserWriteMask, AttributeValueRank, AttributeWriteMask, AttributeValue, AttributeDataTypeDefinition, AttributeRolePermissions,
	AttributeAccessRestrictions, AttributeAccessLevelEx,
}

// WritableAttributes are the attributes of the bits that are set in a WriteMask or UserWriteMask, in the order of the bits. Value is that of a
// VariableType: whether that of a Variable can be written is in its AccessLevel. Bits that the standard does not define are left out.
func WritableAttributes(mask uint32) []AttributeID {
	attributes := []AttributeID{}
	for bit, a := range writeMaskBits {
		if mask&(1<<bit) != 0 {
			attributes = append(attributes, a)
		}
	}
	return attributes
}
