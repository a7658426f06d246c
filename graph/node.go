package graph

import (
	"errors"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// Node is a node of a server's address space, of one of the eight types of this file. All that a query asks of it was read
// before it was handed out (see nodeloader.go), so its methods look things up and never wait.
type Node interface{ IsNode() }

// The types of nodes, one for each NodeClass (Part 3, 5).
type (
	ObjectNode        struct{ *node }
	VariableNode      struct{ *node }
	MethodNode        struct{ *node }
	ObjectTypeNode    struct{ *node }
	VariableTypeNode  struct{ *node }
	ReferenceTypeNode struct{ *node }
	DataTypeNode      struct{ *node }
	ViewNode          struct{ *node }
)

// node is what nodes of all classes have.
type node struct {
	server *model.Server
	// asked is the id by which the node is found in level, id the same in its nsu= form.
	asked, id   model.ExpandedNodeID
	class       model.NodeClass
	browseName  model.QualifiedName
	displayName model.LocalizedText
	level       *level
}

// errNotPlanned says that a query got at something that its plan left out.
var errNotPlanned = errors.New("node: a field was not planned")

// typed puts n into the type of its class; nil if it is no class of the standard.
func (n *node) typed() Node {
	switch n.class {
	case model.NodeClassObject:
		return &ObjectNode{n}
	case model.NodeClassVariable:
		return &VariableNode{n}
	case model.NodeClassMethod:
		return &MethodNode{n}
	case model.NodeClassObjectType:
		return &ObjectTypeNode{n}
	case model.NodeClassVariableType:
		return &VariableTypeNode{n}
	case model.NodeClassReferenceType:
		return &ReferenceTypeNode{n}
	case model.NodeClassDataType:
		return &DataTypeNode{n}
	case model.NodeClassView:
		return &ViewNode{n}
	}
	return nil
}

// IsNode marks the types of nodes.
func (n *node) IsNode() {}

// ID is "<server>/<nodeId>".
func (n *node) ID() string { return n.server.ID + "/" + n.id.String() }

// Server is the server that the node belongs to.
func (n *node) Server() *model.Server { return n.server }

// NodeID is the node's id in its nsu= form.
func (n *node) NodeID() model.ExpandedNodeID { return n.id }

// NodeClass is the class of the node.
func (n *node) NodeClass() model.NodeClass { return n.class }

// BrowseName is the name of the node in browse paths.
func (n *node) BrowseName() model.QualifiedName { return n.browseName }

// DisplayName is the name of the node for people.
func (n *node) DisplayName() model.LocalizedText { return n.displayName }

// Description explains the node, nil when it has none.
func (n *node) Description() (*model.LocalizedText, error) {
	return localizedText(n, model.AttributeDescription)
}

// WriteMask are the attributes that clients may write.
func (n *node) WriteMask() ([]model.AttributeID, error) {
	return writeMask(n, model.AttributeWriteMask)
}

// UserWriteMask are the attributes that the session's user may write.
func (n *node) UserWriteMask() ([]model.AttributeID, error) {
	return writeMask(n, model.AttributeUserWriteMask)
}

// RolePermissions are what each role may do.
func (n *node) RolePermissions() ([]RolePermission, error) {
	return rolePermissions(n, model.AttributeRolePermissions)
}

// UserRolePermissions are what the roles of the session's user may do.
func (n *node) UserRolePermissions() ([]RolePermission, error) {
	return rolePermissions(n, model.AttributeUserRolePermissions)
}

// AccessRestrictions are the conditions for access to the node.
func (n *node) AccessRestrictions() ([]model.AccessRestriction, error) {
	return bits(n, model.AttributeAccessRestrictions, restrictionBits)
}

// References are the references of the node that the arguments select.
func (n *node) References(
	direction *model.BrowseDirection, referenceType *model.ExpandedNodeID, includeSubtypes *bool,
	nodeClasses []model.NodeClass, view *model.ExpandedNodeID, first *int, after *string,
) (*ReferenceConnection, error) {
	q := referenceQuery{includeSubtypes: includeSubtypes == nil || *includeSubtypes, classes: classMask(nodeClasses), view: valueOrZero(view)}
	if direction != nil {
		q.direction = *direction
	}
	if referenceType != nil {
		q.referenceType = *referenceType
	}
	if err := q.page(first, after); err != nil {
		return nil, err
	}
	return n.level.references(n, q)
}

// Children are the nodes below.
func (n *node) Children(nodeClasses []model.NodeClass, view *model.ExpandedNodeID, first *int, after *string) (*ReferenceConnection, error) {
	q := childrenQuery(nodeClasses, valueOrZero(view))
	if err := q.page(first, after); err != nil {
		return nil, err
	}
	return n.level.references(n, q)
}

// Value is the value now.
func (n *VariableNode) Value(indexRange *string) (*DataValue, error) { return n.value(indexRange) }

// Value is the default of the type's variables.
func (n *VariableTypeNode) Value(indexRange *string) (*DataValue, error) { return n.value(indexRange) }

func (n *node) value(indexRange *string) (*DataValue, error) {
	key := attribute{id: model.AttributeValue}
	if indexRange != nil {
		key.indexRange = *indexRange
	}
	r, err := n.level.attribute(n, key)
	if err != nil {
		return nil, err
	}
	return &DataValue{value: r.DataValue, message: r.Message}, nil
}

// EventNotifier is the bit mask of Part 3, 8.59.
func (n *ObjectNode) EventNotifier() (*int, error) {
	return integer(n.node, model.AttributeEventNotifier)
}

// EventNotifier is the bit mask of Part 3, 8.59.
func (n *ViewNode) EventNotifier() (*int, error) {
	return integer(n.node, model.AttributeEventNotifier)
}

// ContainsNoLoops tells whether following references within the view never comes back to a node.
func (n *ViewNode) ContainsNoLoops() (*bool, error) {
	return boolean(n.node, model.AttributeContainsNoLoops)
}

// DataType is the node of the value's type.
func (n *VariableNode) DataType() (*model.ExpandedNodeID, error) {
	return nodeID(n.node, model.AttributeDataType)
}

// DataType is the node of the value's type.
func (n *VariableTypeNode) DataType() (*model.ExpandedNodeID, error) {
	return nodeID(n.node, model.AttributeDataType)
}

// ValueRank is -1 for scalars, 1 for arrays, more for matrices (Part 3, 5.6.2).
func (n *VariableNode) ValueRank() (*int, error) { return integer(n.node, model.AttributeValueRank) }

// ValueRank is -1 for scalars, 1 for arrays, more for matrices (Part 3, 5.6.2).
func (n *VariableTypeNode) ValueRank() (*int, error) {
	return integer(n.node, model.AttributeValueRank)
}

// ArrayDimensions are the lengths of an array, 0 for one that may vary.
func (n *VariableNode) ArrayDimensions() ([]int, error) { return arrayDimensions(n.node) }

// ArrayDimensions are the lengths of an array, 0 for one that may vary.
func (n *VariableTypeNode) ArrayDimensions() ([]int, error) { return arrayDimensions(n.node) }

// AccessLevel is what the variable allows.
func (n *VariableNode) AccessLevel() ([]model.AccessLevel, error) {
	return bits(n.node, model.AttributeAccessLevel, accessLevelBits)
}

// UserAccessLevel is what the variable allows the session's user.
func (n *VariableNode) UserAccessLevel() ([]model.AccessLevel, error) {
	return bits(n.node, model.AttributeUserAccessLevel, accessLevelBits)
}

// AccessLevelEx is AccessLevel with how the value is read and written.
func (n *VariableNode) AccessLevelEx() ([]model.AccessLevel, error) {
	return bits(n.node, model.AttributeAccessLevelEx, accessLevelBits)
}

// MinimumSamplingInterval is in milliseconds, -1 if the server does not know it.
func (n *VariableNode) MinimumSamplingInterval() (*float64, error) {
	return number(n.node, model.AttributeMinimumSamplingInterval)
}

// Historizing tells whether the server collects history of the variable.
func (n *VariableNode) Historizing() (*bool, error) {
	return boolean(n.node, model.AttributeHistorizing)
}

// Executable tells whether the method can be called now.
func (n *MethodNode) Executable() (*bool, error) { return boolean(n.node, model.AttributeExecutable) }

// UserExecutable tells whether the session's user may call the method.
func (n *MethodNode) UserExecutable() (*bool, error) {
	return boolean(n.node, model.AttributeUserExecutable)
}

// IsAbstract tells that there are no instances of the type itself.
func (n *ObjectTypeNode) IsAbstract() (*bool, error) {
	return boolean(n.node, model.AttributeIsAbstract)
}

// IsAbstract tells that there are no instances of the type itself.
func (n *VariableTypeNode) IsAbstract() (*bool, error) {
	return boolean(n.node, model.AttributeIsAbstract)
}

// IsAbstract tells that there are no references of the type itself.
func (n *ReferenceTypeNode) IsAbstract() (*bool, error) {
	return boolean(n.node, model.AttributeIsAbstract)
}

// IsAbstract tells that there are no values of the type itself.
func (n *DataTypeNode) IsAbstract() (*bool, error) { return boolean(n.node, model.AttributeIsAbstract) }

// DataTypeDefinition tells how values of the type are made up, nil when the server does not say.
func (n *DataTypeNode) DataTypeDefinition() (DataTypeDefinition, error) {
	return dataTypeDefinition(n.node)
}

// Symmetric tells that the reference means the same in both directions.
func (n *ReferenceTypeNode) Symmetric() (*bool, error) {
	return boolean(n.node, model.AttributeSymmetric)
}

// InverseName is what the reference means in the other direction.
func (n *ReferenceTypeNode) InverseName() (*model.LocalizedText, error) {
	return localizedText(n.node, model.AttributeInverseName)
}
