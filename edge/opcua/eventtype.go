package opcua

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/gopcua/opcua/ua"

	"github.com/shopfloor-iiot/shopfloor/model"
)

const (
	// maxEventDepth bounds the levels of an event type below the type itself: ShelvingState/CurrentState/Id are three.
	maxEventDepth = 8
	// maxEventFields bounds the fields of an event, as the validation of a writer does.
	maxEventFields = 1000
	// maxEventNodes bounds what is browsed for a type; a server could make a loop.
	maxEventNodes = 10_000
)

var baseEventType = model.Expanded(model.NumericID(0, idBaseEventType))

// eventField is a variable that the events of a type have: an instance declaration (Part 3, 6.3).
type eventField struct {
	declaredBy model.ExpandedNodeID // the type, the one nearest to BaseEventType
	path       []model.QualifiedName
	node       model.NodeID
}

// name is the path's names, joined: "AckedState/Id".
func (f *eventField) name() string {
	names := make([]string, len(f.path))
	for i := range f.path {
		names[i] = f.path[i].Name
	}
	return strings.Join(names, "/")
}

// eventType is what a server tells of a type of events.
type eventType struct {
	chain  []model.NodeID // the type's supertypes, BaseEventType first, and the type
	fields []eventField   // those of the supertypes first
	nodes  int            // that were browsed
}

// eventType reads a type with all that it inherits. The error has a Bad status of the server where it has one.
func (s *session) eventType(ctx context.Context, id model.ExpandedNodeID) (*eventType, error) {
	node, err := s.namespaces.Resolve(id)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", model.StatusBadNodeIdUnknown, err)
	}
	t := &eventType{}
	if t.chain, err = s.supertypes(ctx, node); err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	unseen := func(_ model.NodeID, path []model.QualifiedName) bool {
		key := fmt.Sprint(path)
		was := seen[key]
		seen[key] = true
		return !was
	}
	for _, n := range t.chain {
		if err := s.declarations(ctx, t, []model.NodeID{n}, unseen); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// supertypes goes up from a type of events to BaseEventType.
func (s *session) supertypes(ctx context.Context, node model.NodeID) ([]model.NodeID, error) {
	chain := []model.NodeID{node}
	for at := node; at != baseEventType.NodeID; {
		found, err := s.browse(ctx, inverse([]model.NodeID{at}, idHasSubtype), maxParents)
		switch {
		case err != nil:
			return nil, fmt.Errorf("browse supertypes: %w", err)
		case found[0].status.IsBad():
			return nil, found[0].status
		case len(chain) == maxTypeDepth || len(found[0].references) == 0 || s.local(found[0].references[0].NodeID) == nil:
			return nil, fmt.Errorf("%w: it is no subtype of BaseEventType (i=2041)", model.StatusBadTypeDefinitionInvalid)
		}
		at = nodeID(s.local(found[0].references[0].NodeID))
		chain = append(chain, at)
	}
	slices.Reverse(chain)
	return chain, nil
}

// declaring is a node within a type.
type declaring struct {
	by, node model.NodeID
	path     []model.QualifiedName
}

// declarations adds those fields that types declare which are wanted.
func (s *session) declarations(ctx context.Context, t *eventType, types []model.NodeID, wanted func(by model.NodeID, path []model.QualifiedName) bool) error {
	level := make([]declaring, len(types))
	for i, by := range types {
		level[i] = declaring{by: by, node: by}
	}
	for depth := 0; len(level) > 0 && depth < maxEventDepth; depth++ {
		nodes := make([]model.NodeID, len(level))
		for i := range level {
			nodes[i] = level[i].node
		}
		found, err := s.browse(ctx, forward(nodes, idAggregates), maxEventFields)
		if err != nil {
			return fmt.Errorf("browse event type: %w", err)
		}
		var next []declaring
		for i, f := range found {
			for _, r := range f.references {
				local := s.local(r.NodeID)
				if local == nil || r.BrowseName == nil || r.NodeClass != ua.NodeClassVariable && r.NodeClass != ua.NodeClassObject {
					continue
				}
				d := declaring{level[i].by, nodeID(local), append(slices.Clone(level[i].path), qualifiedName(s.namespaces, r.BrowseName))}
				if r.NodeClass == ua.NodeClassVariable && wanted(d.by, d.path) {
					t.fields = append(t.fields, eventField{declaredBy: s.namespaces.Expand(d.by), path: d.path, node: d.node})
				}
				next = append(next, d)
			}
		}
		if t.nodes += len(level); len(t.fields) > maxEventFields || t.nodes+len(next) > maxEventNodes {
			return fmt.Errorf("%w: the type has more than %d fields: select those that are wanted", model.StatusBadTooManyOperations, maxEventFields)
		}
		level = next
	}
	return nil
}

// find returns the field that a path of names leads to, nil when the type has none. A name without a namespace fits in any.
func (t *eventType) find(path []string, namespaces model.NamespaceTable) *eventField {
	if t == nil {
		return nil
	}
	for i := range t.fields {
		f := &t.fields[i]
		if slices.EqualFunc(f.path, path, func(q model.QualifiedName, name string) bool { return fits(q, name, namespaces) }) {
			return f
		}
	}
	return nil
}

// fits tells whether a qualified name is what "16:CycleId", "nsu=urn:x;CycleId" or "CycleId" stands for.
func fits(q model.QualifiedName, name string, namespaces model.NamespaceTable) bool {
	if q.Name == name {
		return true
	}
	want, err := eventName(name, namespaces)
	return err == nil && want == q
}

// eventName reads a name of a path as it is, in namespace 0 when it names none.
func eventName(name string, namespaces model.NamespaceTable) (model.QualifiedName, error) {
	if uri, bare, ok := cutNamespace(name); ok {
		i := slices.Index(namespaces, uri)
		if i < 0 {
			return model.QualifiedName{}, fmt.Errorf("%q: the server has no namespace %q; take the URI from its address space", name, uri)
		}
		return qualifiedName(namespaces, &ua.QualifiedName{NamespaceIndex: uint16(i), Name: bare}), nil
	}
	q, err := model.ParseQualifiedName(name)
	if err != nil {
		return q, err
	}
	return qualifiedName(namespaces, &ua.QualifiedName{NamespaceIndex: q.Namespace, Name: q.Name}), nil
}
