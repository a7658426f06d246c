package graph

import (
	"context"

	"github.com/99designs/gqlgen/graphql"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// The types of references that fields stand for (Part 5, 11).
var (
	hasModellingRule  = model.Expanded(model.NumericID(0, 37))
	hasTypeDefinition = model.Expanded(model.NumericID(0, 40))
)

// singleReferences are fields that show the node at the end of one reference. Their limit is that of a page, so that they share its request.
var singleReferences = map[string]referenceQuery{
	"typeDefinition": {referenceType: hasTypeDefinition, includeSubtypes: true, limit: defaultPageSize},
	"modellingRule":  {referenceType: hasModellingRule, includeSubtypes: true, limit: defaultPageSize},
	"supertype":      {referenceType: hasSubtype, includeSubtypes: true, direction: model.BrowseInverse, limit: defaultPageSize},
}

// allParents are the nodes above.
var allParents = referenceQuery{
	direction: model.BrowseInverse, referenceType: model.Expanded(model.NumericID(0, hierarchicalReferences)), includeSubtypes: true,
}

// single is the node that the field shows, nil when there is no such reference.
func (n *node) single(field string) (Node, error) {
	c, err := n.level.references(n, singleReferences[field])
	if err != nil {
		return nil, err
	}
	for i := range c.Edges {
		if c.Edges[i].Node != nil {
			return c.Edges[i].Node, nil
		}
	}
	return nil, nil
}

// Parents are the nodes above, with the references that lead from them to the node.
func (n *node) Parents(first *int, after *string) (*ReferenceConnection, error) {
	q := allParents
	if err := q.page(first, after); err != nil {
		return nil, err
	}
	return n.level.references(n, q)
}

// TypeDefinition is the type of the object.
func (n *ObjectNode) TypeDefinition() (Node, error) { return n.single("typeDefinition") }

// TypeDefinition is the type of the variable.
func (n *VariableNode) TypeDefinition() (Node, error) { return n.single("typeDefinition") }

// ModellingRule tells what becomes of the object in instances of the type that it belongs to.
func (n *ObjectNode) ModellingRule() (Node, error) { return n.single("modellingRule") }

// ModellingRule tells what becomes of the variable in instances of the type that it belongs to.
func (n *VariableNode) ModellingRule() (Node, error) { return n.single("modellingRule") }

// ModellingRule tells what becomes of the method in instances of the type that it belongs to.
func (n *MethodNode) ModellingRule() (Node, error) { return n.single("modellingRule") }

// Supertype is the type that this one specialises.
func (n *ObjectTypeNode) Supertype() (Node, error) { return n.single("supertype") }

// Supertype is the type that this one specialises.
func (n *VariableTypeNode) Supertype() (Node, error) { return n.single("supertype") }

// Supertype is the type that this one specialises.
func (n *ReferenceTypeNode) Supertype() (Node, error) { return n.single("supertype") }

// Supertype is the type that this one specialises.
func (n *DataTypeNode) Supertype() (Node, error) { return n.single("supertype") }

// viewsFolder is the node that all Views of a server hang from (Part 5, 8.2.5).
var viewsFolder = model.Expanded(model.NumericID(0, 87))

// views are the Views of a server.
func (r *Resolver) views(ctx context.Context, server *model.Server, first *int, after *string) (*ReferenceConnection, error) {
	q := childrenQuery([]model.NodeClass{model.NodeClassView}, model.ExpandedNodeID{})
	if err := q.page(first, after); err != nil {
		return nil, err
	}
	op := graphql.GetOperationContext(ctx)
	folder := &node{server: server, asked: viewsFolder, id: viewsFolder, class: model.NodeClassObject, level: newLevel()}
	todo := []plannedGroup{{
		nodes: []*node{folder}, plan: &nodePlan{references: []plannedReferences{{q, nodeSelections(op, graphql.GetFieldContext(ctx).Field.Selections)}}},
	}}
	if err := folder.level.fetch(ctx, r.Commands, server, todo); err != nil {
		return nil, err
	}
	if err := loadNodes(ctx, r.Commands, server, folder.level.next(server, todo)); err != nil {
		return nil, err
	}
	return folder.level.references(folder, q)
}
