package graph

import "github.com/shopfloor-iiot/shopfloor/model"

// SubtypeConnection is a page of the subtypes of a type.
type SubtypeConnection struct {
	Edges      []SubtypeEdge
	PageInfo   PageInfo
	TotalCount int
}

// SubtypeEdge is a subtype, with how far below it is and the type that it specialises.
type SubtypeEdge struct {
	Cursor    string
	Depth     int
	Supertype model.ExpandedNodeID
	Node      Node
}

// Subtypes are the types below, the nearest first.
func (n *ObjectTypeNode) Subtypes(depth, first *int, after *string) (*SubtypeConnection, error) {
	return n.subtypes(depth, first, after)
}

// Subtypes are the types below, the nearest first.
func (n *VariableTypeNode) Subtypes(depth, first *int, after *string) (*SubtypeConnection, error) {
	return n.subtypes(depth, first, after)
}

// Subtypes are the types below, the nearest first.
func (n *ReferenceTypeNode) Subtypes(depth, first *int, after *string) (*SubtypeConnection, error) {
	return n.subtypes(depth, first, after)
}

// Subtypes are the types below, the nearest first.
func (n *DataTypeNode) Subtypes(depth, first *int, after *string) (*SubtypeConnection, error) {
	return n.subtypes(depth, first, after)
}

func (n *node) subtypes(depth, first *int, after *string) (*SubtypeConnection, error) {
	x, err := n.explored(exploreSubtypes, depth, first, after)
	if err != nil {
		return nil, err
	}
	return x.subtypes, nil
}

// foundSubtype is a type below another.
type foundSubtype struct {
	depth     int
	supertype model.ExpandedNodeID
	reference model.Reference
}

// subtypes goes down from types, level by level.
func (x *explorer) subtypes(l exploreLevel, q exploreQuery, nodes []*node) error {
	below := map[model.ExpandedNodeID][]model.Reference{} // of all types that were met
	var level []model.ExpandedNodeID
	for _, n := range nodes {
		level = append(level, n.asked)
	}
	for depth := 0; len(level) > 0 && depth < q.depth; depth++ {
		var asked []model.BrowseDescription
		for _, id := range level {
			if _, known := below[id]; !known {
				below[id] = nil
				asked = append(asked, model.BrowseDescription{NodeID: id, ReferenceType: hasSubtype, IncludeSubtypes: true})
			}
		}
		found, err := x.browse(asked)
		if err != nil {
			return err
		}
		level = level[:0]
		for i := range found {
			for _, r := range found[i].References {
				if r.NodeID.ServerIndex == 0 {
					below[asked[i].NodeID] = append(below[asked[i].NodeID], r)
					level = append(level, r.NodeID)
				}
			}
		}
	}
	for _, n := range nodes {
		to := l[exploreKey{n.asked, q}]
		to.subtypes, to.nodes = x.subtypePage(q, subtypesBelow(n.asked, below, q.depth))
	}
	return nil
}

// subtypesBelow are the types below one, each once.
func subtypesBelow(id model.ExpandedNodeID, below map[model.ExpandedNodeID][]model.Reference, depth int) (list []foundSubtype) {
	met := map[model.ExpandedNodeID]bool{id: true}
	level := []model.ExpandedNodeID{id}
	for d := 1; len(level) > 0 && d <= depth; d++ {
		var next []model.ExpandedNodeID
		for _, super := range level {
			for _, r := range below[super] {
				if !met[r.NodeID] {
					met[r.NodeID] = true
					list = append(list, foundSubtype{d, super, r})
					next = append(next, r.NodeID)
				}
			}
		}
		level = next
	}
	return list
}

func (x *explorer) subtypePage(q exploreQuery, list []foundSubtype) (*SubtypeConnection, []*node) {
	from, to, info := q.cut(len(list))
	c := &SubtypeConnection{PageInfo: info, TotalCount: len(list), Edges: []SubtypeEdge{}}
	var nodes []*node
	for i, f := range list[from:to] {
		n := referencedNode(x.server, &f.reference)
		e := SubtypeEdge{Cursor: placeCursor(from + i), Depth: f.depth, Supertype: f.supertype, Node: n.typed()}
		if e.Node == nil { // no class of the standard
			continue
		}
		c.Edges, nodes = append(c.Edges, e), append(nodes, n)
	}
	c.PageInfo.end(from, to)
	return c, nodes
}
