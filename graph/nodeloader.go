package graph

import (
	"context"
	"fmt"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"golang.org/x/sync/errgroup"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// maxReadBatch bounds the items of one Read; a level that needs more reads takes several.
const maxReadBatch = 10_000

// nodeGroup are nodes of one server of which a query asks the same.
type nodeGroup struct {
	nodes      []*node
	selections []ast.SelectionSet
}

// level is what was read and browsed for all nodes at one depth of a query: with one Read and one Browse for all of them,
// whatever their number, their aliases and their parents. It is filled before anybody looks into it and not changed after.
type level struct {
	reads     map[model.ReadValueID]*model.ReadResult
	readErr   error
	browses   map[model.BrowseDescription]*model.BrowseResult
	browseErr error
	pages     map[pageKey]*ReferenceConnection
	methods   map[model.ExpandedNodeID]*model.MethodDescription
	methodErr error
	history   historyLevel
	explored  exploreLevel
}

func newLevel() *level {
	return &level{
		reads: map[model.ReadValueID]*model.ReadResult{}, browses: map[model.BrowseDescription]*model.BrowseResult{},
		pages: map[pageKey]*ReferenceConnection{}, methods: map[model.ExpandedNodeID]*model.MethodDescription{},
		explored: exploreLevel{},
	}
}

type pageKey struct {
	node  model.ExpandedNodeID
	query referenceQuery
}

// loadNodes reads everything that the query asks of the nodes, and of the nodes below them, level by level. Nodes of class
// NodeClassUnspecified get their identity; identify then tells whether they are there.
func loadNodes(ctx context.Context, commands Commands, server *model.Server, groups []nodeGroup) error {
	op := graphql.GetOperationContext(ctx)
	for len(groups) > 0 {
		l := newLevel()
		var todo []plannedGroup
		for _, g := range groups {
			todo = append(todo, l.plan(op, g)...)
		}
		if err := l.fetch(ctx, commands, server, todo); err != nil {
			return err
		}
		groups = l.next(server, todo)
	}
	return nil
}

// plannedGroup are nodes of one class with what is to be had of them.
type plannedGroup struct {
	nodes []*node
	plan  *nodePlan
}

// plan splits a group by class, since each class has fields of its own.
func (l *level) plan(op *graphql.OperationContext, g nodeGroup) (todo []plannedGroup) {
	place := map[model.NodeClass]int{}
	for _, n := range g.nodes {
		n.level = l
		i, ok := place[n.class]
		if !ok {
			i = len(todo)
			place[n.class] = i
			todo = append(todo, plannedGroup{plan: planNodes(op, g.selections, n.class)})
		}
		todo[i].nodes = append(todo[i].nodes, n)
	}
	return todo
}

// wanted are the reads and the browses that groups need, each once.
func (l *level) wanted(todo []plannedGroup) (reads []model.ReadValueID, browses []model.BrowseDescription) {
	for _, g := range todo {
		for _, n := range g.nodes {
			for _, a := range g.plan.attributes {
				id := model.ReadValueID{NodeID: n.asked, Attribute: a.id, IndexRange: a.indexRange}
				if _, ok := l.reads[id]; !ok {
					l.reads[id] = nil
					reads = append(reads, id)
				}
			}
			for _, r := range g.plan.references {
				d := r.query.description(n.asked)
				if _, ok := l.browses[d]; !ok {
					l.browses[d] = nil
					browses = append(browses, d)
				}
			}
		}
	}
	return reads, browses
}

// fetch reads and browses at the same time, and then reads history, of nodes of which it is known that they can have it. The error is a panic of the commands;
// theirs are kept for those who ask.
func (l *level) fetch(ctx context.Context, commands Commands, to *model.Server, todo []plannedGroup) error {
	reads, browses := l.wanted(todo)
	server := to.ID
	var work errgroup.Group
	beside := func(do func()) {
		work.Go(func() error {
			return guarded(ctx, func() error {
				do()
				return nil
			})
		})
	}
	beside(func() { l.explored.fetch(ctx, commands, to, todo) })
	beside(func() { l.readErr = l.read(ctx, commands, server, reads) })
	beside(func() { l.browseErr = l.browse(ctx, commands, server, browses) })
	beside(func() { l.methodErr = l.describe(ctx, commands, server, todo) })
	if err := work.Wait(); err != nil {
		return err
	}
	return guarded(ctx, func() error {
		l.history.fetch(ctx, commands, server, todo, l.classOf)
		return nil
	})
}

// classOf is the class of a node, as it was read when it was not known before.
func (l *level) classOf(n *node) model.NodeClass {
	if n.class != model.NodeClassUnspecified {
		return n.class
	}
	if r := l.reads[model.ReadValueID{NodeID: n.asked, Attribute: model.AttributeNodeClass}]; r != nil && !r.Status.IsBad() {
		class, _ := r.Value.Number()
		return model.NodeClass(class)
	}
	return model.NodeClassUnspecified
}

func (l *level) read(ctx context.Context, commands Commands, server string, ids []model.ReadValueID) error {
	for len(ids) > 0 {
		batch := ids[:min(maxReadBatch, len(ids))]
		ids = ids[len(batch):]
		results, err := commands.Read(ctx, server, batch)
		if err != nil {
			return fmt.Errorf("read from server %q: %w", server, err)
		}
		if len(results) != len(batch) {
			return fmt.Errorf("read from server %q: %d results for %d attributes", server, len(results), len(batch))
		}
		for i := range results {
			l.reads[batch[i]] = &results[i]
		}
	}
	return nil
}

func (l *level) browse(ctx context.Context, commands Commands, server string, nodes []model.BrowseDescription) error {
	if len(nodes) == 0 {
		return nil
	}
	results, err := commands.Browse(ctx, server, nodes)
	if err != nil {
		return fmt.Errorf("browse server %q: %w", server, err)
	}
	if len(results) != len(nodes) {
		return fmt.Errorf("browse server %q: %d results for %d nodes", server, len(results), len(nodes))
	}
	for i := range results {
		l.browses[nodes[i]] = &results[i]
	}
	return nil
}

// next makes the pages of references, and groups the nodes on them by what the query asks.
func (l *level) next(server *model.Server, todo []plannedGroup) (groups []nodeGroup) {
	for _, g := range todo {
		for _, r := range g.plan.references {
			below := nodeGroup{selections: r.selections}
			for _, n := range g.nodes {
				result := l.browses[r.query.description(n.asked)]
				if result == nil || result.Status.IsBad() {
					continue
				}
				key := pageKey{n.asked, r.query}
				if l.pages[key] == nil {
					l.pages[key] = referencePage(server, r.query, result)
				}
				for _, e := range l.pages[key].Edges {
					if e.node != nil {
						below.nodes = append(below.nodes, e.node)
					}
				}
			}
			if len(below.nodes) > 0 && len(below.selections) > 0 {
				groups = append(groups, below)
			}
		}
	}
	return append(groups, l.explored.next(todo)...)
}

// attribute is what was read for n. The error is that of the whole read.
func (l *level) attribute(n *node, a attribute) (*model.ReadResult, error) {
	r, planned := l.reads[model.ReadValueID{NodeID: n.asked, Attribute: a.id, IndexRange: a.indexRange}]
	switch {
	case r != nil:
		return r, nil
	case !planned:
		return nil, errNotPlanned
	}
	return nil, l.readErr
}

// references is the page of n's references that q asks for.
func (l *level) references(n *node, q referenceQuery) (*ReferenceConnection, error) {
	r, planned := l.browses[q.description(n.asked)]
	switch {
	case !planned:
		return nil, errNotPlanned
	case r == nil:
		return nil, l.browseErr
	case r.Status.IsBad():
		return nil, browseError(n, r)
	}
	return l.pages[pageKey{n.asked, q}], nil
}

// identify fills in what makes n a node, out of what was read, and gives it its type. The error says why it is none.
func (n *node) identify() (Node, error) {
	about := fmt.Sprintf("node %s of server %q", n.asked, n.server.ID)
	class, err := n.level.attribute(n, attribute{id: model.AttributeNodeClass})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", about, err)
	}
	if class.Status.IsBad() {
		return nil, &statusError{about: about, status: class.Status, message: class.Message}
	}
	number, _ := class.Value.Number()
	n.class = model.NodeClass(number)
	if v, err := attributeValue(n, model.AttributeNodeID); err == nil && !expandedNodeID(v).IsNull() {
		n.id = expandedNodeID(v)
	}
	if v, err := attributeValue(n, model.AttributeBrowseName); err == nil {
		n.browseName = v.QualifiedName()
	}
	if v, err := attributeValue(n, model.AttributeDisplayName); err == nil {
		n.displayName = v.LocalizedText()
	}
	t := n.typed()
	if t == nil {
		return nil, &statusError{about: fmt.Sprintf("%s: node class %d", about, n.class), status: model.StatusBadNodeClassInvalid}
	}
	return t, nil
}
