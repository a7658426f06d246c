package graph

import (
	"fmt"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// attribute is one thing to read of a node.
type attribute struct {
	id         model.AttributeID
	indexRange string
}

// attributeOfField is the attribute that a field of a node type shows. Fields that are not here need no read.
var attributeOfField = map[string]model.AttributeID{
	"description":             model.AttributeDescription,
	"writeMask":               model.AttributeWriteMask,
	"userWriteMask":           model.AttributeUserWriteMask,
	"rolePermissions":         model.AttributeRolePermissions,
	"userRolePermissions":     model.AttributeUserRolePermissions,
	"accessRestrictions":      model.AttributeAccessRestrictions,
	"eventNotifier":           model.AttributeEventNotifier,
	"value":                   model.AttributeValue,
	"dataType":                model.AttributeDataType,
	"valueRank":               model.AttributeValueRank,
	"arrayDimensions":         model.AttributeArrayDimensions,
	"accessLevel":             model.AttributeAccessLevel,
	"userAccessLevel":         model.AttributeUserAccessLevel,
	"accessLevelEx":           model.AttributeAccessLevelEx,
	"minimumSamplingInterval": model.AttributeMinimumSamplingInterval,
	"historizing":             model.AttributeHistorizing,
	"executable":              model.AttributeExecutable,
	"userExecutable":          model.AttributeUserExecutable,
	"dataTypeDefinition":      model.AttributeDataTypeDefinition,
	"isAbstract":              model.AttributeIsAbstract,
	"symmetric":               model.AttributeSymmetric,
	"inverseName":             model.AttributeInverseName,
	"containsNoLoops":         model.AttributeContainsNoLoops,
}

// identity is read of nodes of which only the id is known.
var identity = []attribute{
	{id: model.AttributeNodeID}, {id: model.AttributeNodeClass}, {id: model.AttributeBrowseName}, {id: model.AttributeDisplayName},
}

// attributeValue is the attribute's value, null when the node does not have the attribute. The error is that of the whole read, or says why the server does not
// give the attribute.
func attributeValue(n *node, id model.AttributeID) (model.Variant, error) {
	r, err := n.level.attribute(n, attribute{id: id})
	switch {
	case err != nil:
		return model.Variant{}, err
	case r.Status == model.StatusBadAttributeIdInvalid:
		return model.Variant{}, nil
	case r.Status.IsBad():
		return model.Variant{}, &statusError{about: aboutAttribute(n, id), status: r.Status, message: r.Message}
	}
	return r.Value, nil
}

// aboutAttribute is what an error with an attribute is about.
func aboutAttribute(n *node, id model.AttributeID) string {
	name := fmt.Sprint(uint32(id))
	for field, a := range attributeOfField {
		if a == id {
			name = field
		}
	}
	return fmt.Sprintf("%s of node %s of server %q", name, n.id, n.server.ID)
}

func boolean(n *node, id model.AttributeID) (*bool, error) {
	v, err := attributeValue(n, id)
	if err != nil || v.Type() != model.TypeBoolean || v.IsArray() {
		return nil, err
	}
	b := v.Bool()
	return &b, nil
}

func number(n *node, id model.AttributeID) (*float64, error) {
	v, err := attributeValue(n, id)
	f, ok := v.Number()
	if err != nil || !ok {
		return nil, err
	}
	return &f, nil
}

func integer(n *node, id model.AttributeID) (*int, error) {
	f, err := number(n, id)
	if f == nil {
		return nil, err
	}
	i := int(*f)
	return &i, nil
}

func localizedText(n *node, id model.AttributeID) (*model.LocalizedText, error) {
	v, err := attributeValue(n, id)
	t := v.LocalizedText()
	if err != nil || t == (model.LocalizedText{}) {
		return nil, err
	}
	return &t, nil
}

func nodeID(n *node, id model.AttributeID) (*model.ExpandedNodeID, error) {
	v, err := attributeValue(n, id)
	e := expandedNodeID(v)
	if err != nil || e.IsNull() {
		return nil, err
	}
	return &e, nil
}

// expandedNodeID is the NodeId in v, which a gateway may have made expanded.
func expandedNodeID(v model.Variant) model.ExpandedNodeID {
	if v.Type() == model.TypeNodeID {
		return model.Expanded(v.NodeID())
	}
	return v.ExpandedNodeID()
}

func arrayDimensions(n *node) ([]int, error) {
	v, err := attributeValue(n, model.AttributeArrayDimensions)
	if err != nil || v.Type() != model.TypeUInt32 || !v.IsArray() || v.IsNull() {
		return nil, err
	}
	dims := make([]int, 0, v.Len())
	for _, d := range model.Elements[uint32](v) {
		dims = append(dims, int(d))
	}
	return dims, nil
}

// bits are the values of an enumeration for the bits that are set in an attribute, in the order of known.
func bits[T ~uint16 | ~uint32](n *node, id model.AttributeID, known []T) ([]T, error) {
	mask, err := number(n, id)
	if mask == nil {
		return nil, err
	}
	return setBits(T(*mask), known), nil
}

func setBits[T ~uint16 | ~uint32](mask T, known []T) []T {
	set := []T{}
	for _, bit := range known {
		if mask&bit != 0 {
			set = append(set, bit)
		}
	}
	return set
}

var (
	accessLevelBits = []model.AccessLevel{
		model.AccessCurrentRead, model.AccessCurrentWrite, model.AccessHistoryRead, model.AccessHistoryWrite, model.AccessSemanticChange,
		model.AccessStatusWrite, model.AccessTimestampWrite, model.AccessNonatomicRead, model.AccessNonatomicWrite, model.AccessWriteFullArrayOnly,
		model.AccessNoSubDataTypes, model.AccessNonVolatile, model.AccessConstant,
	}
	permissionBits = []model.Permission{
		model.PermissionBrowse, model.PermissionReadRolePermissions, model.PermissionWriteAttribute, model.PermissionWriteRolePermissions,
		model.PermissionWriteHistorizing, model.PermissionRead, model.PermissionWrite, model.PermissionReadHistory, model.PermissionInsertHistory,
		model.PermissionModifyHistory, model.PermissionDeleteHistory, model.PermissionReceiveEvents, model.PermissionCall, model.PermissionAddReference,
		model.PermissionRemoveReference, model.PermissionDeleteNode, model.PermissionAddNode,
	}
	restrictionBits = []model.AccessRestriction{
		model.RestrictionSigningRequired, model.RestrictionEncryptionRequired, model.RestrictionSessionRequired, model.RestrictionAppliesToBrowse,
	}
)

func writeMask(n *node, id model.AttributeID) ([]model.AttributeID, error) {
	mask, err := number(n, id)
	if mask == nil {
		return nil, err
	}
	return model.WritableAttributes(uint32(*mask)), nil
}
