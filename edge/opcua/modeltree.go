package opcua

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gopcua/opcua/ua"

	"github.com/shopfloor-iiot/shopfloor/model"
)

const (
	// maxModelNodes bounds the nodes that are kept of one address space, at about 200 bytes each.
	maxModelNodes = 200_000
	maxModelDepth = 100
	// idServerDiagnostics has nodes below it that come and go with each session and subscription.
	idServerDiagnostics = 2274
)

// modelTree is what hierarchical references lead to from a node, at one time.
type modelTree struct {
	namespaces model.NamespaceTable
	prefix     string // the path of the root
	root       model.NodeID
	nodes      map[model.NodeID]*modelNode
}

type modelNode struct {
	parent model.NodeID // the first one
	name   string
	class  ua.NodeClass
	typ    model.NodeID // the type definition
	refs   []modelRef
	blind  bool // the server did not tell its references
}

type modelRef struct{ typ, target model.NodeID }

// modelTree browses all that is below a node. It leaves the server as much time as it takes.
func (s *session) modelTree(ctx context.Context, root model.NodeID) (*modelTree, error) {
	t := &modelTree{namespaces: s.namespaces, root: root, nodes: map[model.NodeID]*modelNode{root: {}}}
	if root != model.NumericID(0, idRootFolder) {
		paths, err := s.paths(ctx, []model.NodeID{root})
		if err != nil {
			return nil, fmt.Errorf("find browse path: %w", err)
		}
		t.prefix = paths[0]
	}
	level := []model.NodeID{root}
	for depth := 0; len(level) > 0 && depth < maxModelDepth; depth++ {
		var next []model.NodeID
		for part := range slices.Chunk(level, browseAhead) {
			begin := time.Now()
			found, err := s.browse(ctx, forward(part, idHierarchicalReferences), maxChildren)
			if err != nil {
				return nil, fmt.Errorf("browse: %w", err)
			}
			for i := range found {
				next = t.take(s, part[i], &found[i], next)
			}
			if len(t.nodes) > maxModelNodes {
				return nil, fmt.Errorf("there are more than %d nodes below %s: %w: name a notifier that is nearer to what may change",
					maxModelNodes, s.namespaces.Expand(root), model.StatusBadTooManyOperations)
			}
			sleep(ctx, time.Since(begin))
		}
		level = next
	}
	return t, ctx.Err()
}

// take adds the references of a node, and those nodes to next that were not seen before.
func (t *modelTree) take(s *session, node model.NodeID, f *browsed, next []model.NodeID) []model.NodeID {
	n := t.nodes[node]
	n.blind = f.more || f.status.IsBad() && f.status != model.StatusBadNodeIdUnknown
	for _, r := range f.references {
		local := s.local(r.NodeID)
		if local == nil || r.BrowseName == nil {
			continue
		}
		id := nodeID(local)
		if id == model.NumericID(0, idServerDiagnostics) {
			continue
		}
		n.refs = append(n.refs, modelRef{nodeID(r.ReferenceTypeID), id})
		if t.nodes[id] != nil {
			continue
		}
		child := &modelNode{parent: node, name: r.BrowseName.Name, class: r.NodeClass}
		if typ := s.local(r.TypeDefinition); r.TypeDefinition != nil && typ != nil {
			child.typ = nodeID(typ)
		}
		t.nodes[id] = child
		next = append(next, id)
	}
	return next
}

// path is the browse path of a node.
func (t *modelTree) path(id model.NodeID) string {
	var names []string
	for range maxModelDepth {
		n := t.nodes[id]
		if n == nil || id == t.root {
			break
		}
		names = append(names, model.EscapeBrowseName(n.name))
		id = n.parent
	}
	if t.prefix != "" {
		names = append(names, t.prefix)
	}
	slices.Reverse(names)
	return strings.Join(names, "/")
}

// adopt takes over what old knew below nodes whose references were not told, so that they are not taken for deleted.
func (t *modelTree) adopt(old *modelTree) {
	var blind []model.NodeID
	for id, n := range t.nodes {
		if n.blind && old.nodes[id] != nil {
			blind = append(blind, id)
		}
	}
	for len(blind) > 0 {
		id := blind[len(blind)-1]
		blind = blind[:len(blind)-1]
		t.nodes[id].refs = old.nodes[id].refs
		for _, r := range old.nodes[id].refs {
			if n := old.nodes[r.target]; n != nil && t.nodes[r.target] == nil {
				kept := *n
				t.nodes[r.target] = &kept
				blind = append(blind, r.target)
			}
		}
	}
}

// renumber brings the tree to another namespace table. A node whose namespace is gone goes with it.
func (t *modelTree) renumber(to model.NamespaceTable) *modelTree {
	if slices.Equal(t.namespaces, to) {
		return t
	}
	id := func(n model.NodeID) (model.NodeID, bool) {
		r, err := to.Resolve(t.namespaces.Expand(n))
		return r, err == nil
	}
	r := &modelTree{namespaces: to, prefix: t.prefix, nodes: make(map[model.NodeID]*modelNode, len(t.nodes))}
	r.root, _ = id(t.root)
	for node, n := range t.nodes {
		at, ok := id(node)
		if !ok {
			continue
		}
		m := &modelNode{name: n.name, class: n.class}
		m.parent, _ = id(n.parent)
		m.typ, _ = id(n.typ)
		for _, ref := range n.refs {
			typ, ok1 := id(ref.typ)
			target, ok2 := id(ref.target)
			if ok1 && ok2 {
				m.refs = append(m.refs, modelRef{typ, target})
			}
		}
		r.nodes[at] = m
	}
	return r
}

// treeChange is one difference between two trees, or one that a server told.
type treeChange struct {
	modelChange
	path  string
	class ua.NodeClass
}

// diff is what differs between the tree and a later one, in the order of the paths.
func (t *modelTree) diff(later *modelTree) []treeChange {
	t = t.renumber(later.namespaces)
	later.adopt(t)
	var list []treeChange
	for id, n := range later.nodes {
		old := t.nodes[id]
		if old == nil {
			list = append(list, later.change(id, verbNodeAdded))
			continue
		}
		if slices.Equal(old.refs, n.refs) {
			continue
		}
		before, now := refSet(old.refs), refSet(n.refs)
		if slices.ContainsFunc(n.refs, func(r modelRef) bool { return !before[r] }) {
			list = append(list, later.change(id, verbReferenceAdded))
		}
		if slices.ContainsFunc(old.refs, func(r modelRef) bool { return !now[r] }) {
			list = append(list, later.change(id, verbReferenceDeleted))
		}
	}
	for id := range t.nodes {
		if later.nodes[id] == nil {
			list = append(list, t.change(id, verbNodeDeleted))
		}
	}
	slices.SortFunc(list, func(a, b treeChange) int { return cmp.Or(cmp.Compare(a.path, b.path), cmp.Compare(a.verb, b.verb)) })
	return list
}

func refSet(refs []modelRef) map[modelRef]bool {
	set := make(map[modelRef]bool, len(refs))
	for _, r := range refs {
		set[r] = true
	}
	return set
}

// change is one of a node of the tree.
func (t *modelTree) change(id model.NodeID, verb uint8) treeChange {
	n := t.nodes[id]
	return treeChange{
		modelChange: modelChange{affected: t.namespaces.Expand(id), affectedType: t.namespaces.Expand(n.typ), verb: verb}, path: t.path(id), class: n.class,
	}
}
