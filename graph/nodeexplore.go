package graph

import (
	"cmp"
	"context"
	"fmt"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// Fields that take more than one Browse for a node: paths to it, what is below a type, what a type declares. They are found out for all nodes of a level
// together, a step of all of them at a time.

const (
	// maxExplored bounds the nodes that one of these fields looks at, for all nodes of a level together.
	maxExplored = 20_000
	// maxExploreDepth bounds the steps from a node: a server could make a loop.
	maxExploreDepth = 32
	// exploreBatch bounds the nodes of one Browse.
	exploreBatch = 1000
)

// exploredKind is one of these fields.
type exploredKind uint8

const (
	exploreNothing exploredKind = iota
	explorePaths
	exploreSubtypes
	exploreDeclarations
)

// exploreQuery is what a field asks for. It is comparable; paging counts from offset.
type exploreQuery struct {
	kind          exploredKind
	depth         int
	offset, limit int
}

// plannedExplore is a query with the fields that are asked of the nodes that are found.
type plannedExplore struct {
	query      exploreQuery
	selections []ast.SelectionSet
}

type exploreKey struct {
	node  model.ExpandedNodeID
	query exploreQuery
}

// explored is what was found for one node.
type explored struct {
	err          error
	paths        []string
	subtypes     *SubtypeConnection
	declarations *InstanceDeclarationConnection
	nodes        []*node // of the page
}

// exploreLevel is what these fields show of the nodes of one level.
type exploreLevel map[exploreKey]*explored

// exploredFields are the fields with the types that lead from them to the nodes that they show.
var exploredFields = map[string]struct {
	kind             exploredKind
	connection, edge string
}{
	"browsePaths":          {explorePaths, "", ""},
	"subtypes":             {exploreSubtypes, "SubtypeConnection", "SubtypeEdge"},
	"instanceDeclarations": {exploreDeclarations, "InstanceDeclarationConnection", "InstanceDeclarationEdge"},
}

// exploreQueryOf makes the query of a field. depth is nil for fields without one.
func exploreQueryOf(kind exploredKind, depth, first *int, after *string) (q exploreQuery, err error) {
	var page referenceQuery
	if err := page.page(first, after); err != nil {
		return q, err
	}
	q = exploreQuery{kind: kind, depth: maxExploreDepth, offset: page.offset, limit: page.limit}
	if kind == exploreSubtypes {
		if q.depth = 1; depth != nil {
			q.depth = *depth
		}
		if q.depth < 1 || q.depth > maxExploreDepth {
			return q, fieldError("depth", "%d is not from 1 to %d", q.depth, maxExploreDepth)
		}
	}
	return q, nil
}

// addExplored plans a field of this file; false for any other.
func (p *nodePlan) addExplored(op *graphql.OperationContext, f graphql.CollectedField) bool {
	field, ok := exploredFields[f.Name]
	if !ok {
		return false
	}
	args := f.ArgumentMap(op.Variables)
	first, after, ok := pageArguments(args)
	if !ok {
		return true
	}
	var depth *int
	if v := args["depth"]; v != nil {
		n, err := graphql.UnmarshalInt(v)
		if err != nil {
			return true
		}
		depth = &n
	}
	q, err := exploreQueryOf(field.kind, depth, first, after)
	if err != nil {
		return true
	}
	var selections []ast.SelectionSet
	if field.connection != "" {
		selections = connectionSelections(op, f.Selections, field.connection, field.edge)
	}
	for i := range p.explored {
		if p.explored[i].query == q {
			p.explored[i].selections = append(p.explored[i].selections, selections...)
			return true
		}
	}
	p.explored = append(p.explored, plannedExplore{q, selections})
	return true
}

// fetch finds out what the plans ask for.
func (l exploreLevel) fetch(ctx context.Context, commands Commands, server *model.Server, todo []plannedGroup) {
	wanted := map[exploreQuery][]*node{}
	for _, g := range todo {
		for _, e := range g.plan.explored {
			for _, n := range g.nodes {
				key := exploreKey{n.asked, e.query}
				if l[key] == nil {
					l[key] = &explored{}
					wanted[e.query] = append(wanted[e.query], n)
				}
			}
		}
	}
	for q, nodes := range wanted {
		x := &explorer{ctx: ctx, commands: commands, server: server, refused: map[model.ExpandedNodeID]error{}}
		var err error
		switch q.kind {
		case explorePaths:
			err = x.paths(l, q, nodes)
		case exploreSubtypes:
			err = x.subtypes(l, q, nodes)
		case exploreDeclarations:
			err = x.declarations(l, q, nodes)
		}
		for _, n := range nodes {
			l[exploreKey{n.asked, q}].err = cmp.Or(err, x.refused[n.asked])
		}
	}
}

// next groups the nodes that were found by what the query asks of them.
func (l exploreLevel) next(todo []plannedGroup) (groups []nodeGroup) {
	for _, g := range todo {
		for _, e := range g.plan.explored {
			below := nodeGroup{selections: e.selections}
			for _, n := range g.nodes {
				below.nodes = append(below.nodes, l[exploreKey{n.asked, e.query}].nodes...)
			}
			if len(below.nodes) > 0 && len(below.selections) > 0 {
				groups = append(groups, below)
			}
		}
	}
	return groups
}

// explored is what was found for n.
func (n *node) explored(kind exploredKind, depth, first *int, after *string) (*explored, error) {
	q, err := exploreQueryOf(kind, depth, first, after)
	if err != nil {
		return nil, err
	}
	x := n.level.explored[exploreKey{n.asked, q}]
	if x == nil {
		return nil, errNotPlanned
	}
	return x, x.err
}

// explorer browses step by step.
type explorer struct {
	ctx      context.Context
	commands Commands
	server   *model.Server
	seen     int
	// refused are the nodes that the server does not show, with why.
	refused map[model.ExpandedNodeID]error
}

// browse asks for references; the results are in the order of the descriptions. One with a Bad status has none.
func (x *explorer) browse(nodes []model.BrowseDescription) ([]model.BrowseResult, error) {
	if x.seen += len(nodes); x.seen > maxExplored {
		return nil, &statusError{
			about: fmt.Sprintf("server %q", x.server.ID), status: model.StatusBadTooManyOperations,
			message: fmt.Sprintf("more than %d nodes are to be looked at; ask for fewer nodes, or of subtypes with less depth", maxExplored),
		}
	}
	var all []model.BrowseResult
	for len(nodes) > 0 {
		part := nodes[:min(exploreBatch, len(nodes))]
		nodes = nodes[len(part):]
		results, err := x.commands.Browse(x.ctx, x.server.ID, part)
		if err != nil {
			return nil, fmt.Errorf("browse server %q: %w", x.server.ID, err)
		}
		if len(results) != len(part) {
			return nil, fmt.Errorf("browse server %q: %d results for %d nodes", x.server.ID, len(results), len(part))
		}
		for i := range results {
			if results[i].Status.IsBad() {
				x.refused[part[i].NodeID] = browseError(&node{id: part[i].NodeID, server: x.server}, &results[i])
			}
		}
		all = append(all, results...)
	}
	return all, nil
}

// cut is the part of n items that a page shows.
func (q exploreQuery) cut(n int) (from, to int, info PageInfo) {
	from = min(q.offset, n)
	to = min(from+q.limit, n)
	return from, to, PageInfo{HasNextPage: to < n, HasPreviousPage: from > 0}
}

// end sets the cursors of a page.
func (p *PageInfo) end(from, to int) {
	if to > from {
		start, end := placeCursor(from), placeCursor(to-1)
		p.StartCursor, p.EndCursor = &start, &end
	}
}
