package graph

import (
	"fmt"
	"strconv"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// maxReferences bounds how far one can page through the references of a node: when the gateway does not keep the place any more, the server lists all
// before it again.
const maxReferences = 1_000_000

// referenceQuery is what references and children ask of a node. It is comparable.
type referenceQuery struct {
	direction       model.BrowseDirection
	referenceType   model.ExpandedNodeID
	includeSubtypes bool
	classes         model.NodeClass
	view            model.ExpandedNodeID
	offset, limit   int
}

// hierarchicalReferences is the type of all references that make up the tree (Part 3, 7.3).
const hierarchicalReferences = 33

func childrenQuery(classes []model.NodeClass, view model.ExpandedNodeID) referenceQuery {
	return referenceQuery{
		referenceType: model.Expanded(model.NumericID(0, hierarchicalReferences)), includeSubtypes: true, classes: classMask(classes), view: view,
	}
}

func classMask(classes []model.NodeClass) (mask model.NodeClass) {
	for _, c := range classes {
		mask |= c
	}
	return mask
}

// page sets offset and limit.
func (q *referenceQuery) page(first *int, after *string) (err error) {
	if q.limit, err = pageSize(first); err != nil {
		return err
	}
	if after == nil {
		return nil
	}
	key, err := cursorKey(*after)
	if err != nil {
		return err
	}
	if q.offset, err = strconv.Atoi(key); err != nil || q.offset < 1 {
		return fieldError("after", "%q is no cursor of this list; take one from pageInfo or an edge", *after)
	}
	if q.offset+q.limit > maxReferences {
		return fieldError("after", "paging ends at %d references; narrow the list by nodeClasses or referenceType", maxReferences)
	}
	return nil
}

// description asks for the references of the page, or for one to see whether there are any.
func (q *referenceQuery) description(id model.ExpandedNodeID) model.BrowseDescription {
	return model.BrowseDescription{
		NodeID: id, Direction: q.direction, ReferenceType: q.referenceType, IncludeSubtypes: q.includeSubtypes,
		NodeClassMask: q.classes, View: q.view, Skip: q.offset, MaxReferences: max(q.limit, 1),
	}
}

// ReferenceConnection is a page of the references of a node.
type ReferenceConnection struct {
	Edges    []ReferenceEdge
	PageInfo PageInfo
}

// ReferenceEdge is one reference and the node at its end.
type ReferenceEdge struct {
	Cursor         string
	ReferenceType  model.ExpandedNodeID
	IsForward      bool
	TypeDefinition *model.ExpandedNodeID
	// Node is nil for a node of another server, of which the class is not known.
	Node Node
	node *node
}

// referencePage makes the page that q asks for.
func referencePage(server *model.Server, q referenceQuery, r *model.BrowseResult) *ReferenceConnection {
	count := min(q.limit, len(r.References))
	c := &ReferenceConnection{Edges: make([]ReferenceEdge, 0, count)}
	for i, ref := range r.References[:count] {
		n := referencedNode(server, &ref)
		e := ReferenceEdge{Cursor: placeCursor(q.offset + i), ReferenceType: ref.ReferenceType, IsForward: ref.IsForward}
		if ref.NodeID.ServerIndex == 0 {
			if e.Node = n.typed(); e.Node != nil {
				e.node = n
			}
		}
		if !ref.TypeDefinition.IsNull() {
			e.TypeDefinition = &ref.TypeDefinition
		}
		c.Edges = append(c.Edges, e)
	}
	c.PageInfo = PageInfo{HasNextPage: len(r.References) > count || r.More, HasPreviousPage: q.offset > 0}
	if len(c.Edges) > 0 {
		c.PageInfo.StartCursor, c.PageInfo.EndCursor = &c.Edges[0].Cursor, &c.Edges[len(c.Edges)-1].Cursor
	}
	return c
}

// referencedNode is the node at the end of a reference.
func referencedNode(server *model.Server, ref *model.Reference) *node {
	return &node{
		server: server, asked: ref.NodeID, id: ref.NodeID, class: ref.NodeClass, browseName: ref.BrowseName, displayName: ref.DisplayName,
	}
}

// placeCursor is the cursor of the item at a place in its list, from 0 on.
func placeCursor(place int) string { return cursor(strconv.Itoa(place + 1)) }

// browseError is why a node's references could not be had.
func browseError(n *node, r *model.BrowseResult) error {
	return &statusError{
		about: fmt.Sprintf("references of node %s of server %q", n.id, n.server.ID), status: r.Status, message: r.Message,
	}
}
