package typemodel

import (
	"cmp"
	"slices"
	"strings"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// The bounds of declarations.
const (
	// MaxDepth bounds how deep declarations are nested; those of published specifications go 5 deep.
	MaxDepth = 16
	// MaxMembers bounds the declarations of one type, those below declarations counted with it.
	MaxMembers = 10_000
	// MaxInheritance bounds the supertypes of a type, one above the other; published specifications have some 10.
	MaxInheritance = 100
)

// Builder collects nodes.
type Builder struct {
	nodes   map[model.ExpandedNodeID]*model.Node
	skipped Skipped
}

// NewBuilder returns an empty one.
func NewBuilder() *Builder { return &Builder{nodes: map[model.ExpandedNodeID]*model.Node{}} }

// Add adds nodes, which are not changed and become part of the model. Of several nodes with the same id the first one stays: add newer
// versions of a namespace first.
func (b *Builder) Add(nodes []*model.Node) {
	for _, n := range nodes {
		if b.nodes[n.NodeID] != nil {
			b.skipped.Duplicates++
			continue
		}
		b.nodes[n.NodeID] = n
	}
}

// Build makes the model of the nodes that were added. It may be called again after more were added.
func (b *Builder) Build() *Model {
	s := &build{nodes: b.nodes, forward: map[model.ExpandedNodeID][]edge{}, model: &Model{types: map[model.ExpandedNodeID]*Type{}, Skipped: b.skipped}}
	s.ids = sortedIDs(b.nodes)
	s.link()
	s.makeTypes()
	for _, t := range s.model.ordered {
		s.left, s.events = MaxMembers, t.NodeID.NamespaceURI != "" && t.IsA(BaseEventType)
		t.Members = s.members(t.Node, nil)
	}
	s.dropRepeated()
	return s.model
}

// sortedIDs are the ids of nodes in the order of their texts.
func sortedIDs(nodes map[model.ExpandedNodeID]*model.Node) []model.ExpandedNodeID {
	type entry struct {
		text string
		id   model.ExpandedNodeID
	}
	entries := make([]entry, 0, len(nodes))
	for id := range nodes {
		entries = append(entries, entry{id.String(), id})
	}
	slices.SortFunc(entries, func(a, b entry) int { return strings.Compare(a.text, b.text) })
	ids := make([]model.ExpandedNodeID, len(entries))
	for i, e := range entries {
		ids[i] = e.id
	}
	return ids
}

// edge is a forward reference to a node that is there.
type edge struct {
	kind model.ExpandedNodeID
	to   *model.Node
}

// build is one run of Build.
type build struct {
	model *Model
	nodes map[model.ExpandedNodeID]*model.Node
	// ids are sorted, so that nothing depends on the order of nodes.
	ids     []model.ExpandedNodeID
	forward map[model.ExpandedNodeID][]edge
	// referenceTypes are their supertypes.
	referenceTypes map[model.ExpandedNodeID]model.ExpandedNodeID
	left           int
	// events tells that the type is one of events, and not of the standard.
	events bool
}

// link gathers the references of both directions as forward ones.
func (s *build) link() {
	for _, id := range s.ids {
		n := s.nodes[id]
		for _, r := range n.References {
			target := s.nodes[r.Target]
			switch {
			case target == nil:
			case r.Inverse:
				s.forward[r.Target] = append(s.forward[r.Target], edge{r.Type, n})
			default:
				s.forward[id] = append(s.forward[id], edge{r.Type, target})
			}
		}
	}
	s.referenceTypes = map[model.ExpandedNodeID]model.ExpandedNodeID{}
	for _, id := range s.ids {
		for _, e := range s.forward[id] {
			if e.kind == HasSubtype && e.to.Class == model.NodeClassReferenceType {
				if _, known := s.referenceTypes[e.to.NodeID]; !known {
					s.referenceTypes[e.to.NodeID] = id
				}
			}
		}
	}
}

// isReference tells whether a reference type is base or one of its subtypes.
func (s *build) isReference(kind, base model.ExpandedNodeID) bool {
	for range 64 { // longer chains are cycles
		if kind == base {
			return true
		}
		up, ok := s.referenceTypes[kind]
		if !ok {
			return false
		}
		kind = up
	}
	return false
}

func (s *build) makeTypes() {
	for _, id := range s.ids {
		n := s.nodes[id]
		switch n.Class {
		case model.NodeClassObjectType, model.NodeClassVariableType, model.NodeClassDataType:
			t := &Type{Node: n}
			s.model.types[id] = t
			s.model.ordered = append(s.model.ordered, t)
		}
	}
	for _, t := range s.model.ordered {
		for _, e := range s.forward[t.NodeID] {
			other := s.model.types[e.to.NodeID]
			if other == nil {
				continue
			}
			switch {
			case e.kind == HasSubtype && other.Class == t.Class && other.Super == nil && other != t:
				other.Super = t
			case e.kind == HasInterface && t.Class == model.NodeClassObjectType && other.Class == t.Class && !slices.Contains(t.Interfaces, other):
				t.Interfaces = append(t.Interfaces, other)
			}
		}
	}
	s.breakCycles()
	for _, t := range s.model.ordered {
		if t.Super != nil {
			t.Super.Subtypes = append(t.Super.Subtypes, t)
		}
		sortByName(t.Interfaces, func(i *Type) *model.Node { return i.Node })
	}
}

// breakCycles cuts supertypes and interfaces that lead back to the type, and chains that are too long.
func (s *build) breakCycles() {
	const onTheWay = -1
	height := map[*Type]int{} // over the base; not there before a visit
	var visit func(t *Type, below int)
	// keep tells whether a type may have up above it.
	keep := func(up *Type, below int) bool {
		if _, visited := height[up]; !visited && below < MaxInheritance {
			visit(up, below+1)
		}
		switch h, visited := height[up]; {
		case h == onTheWay:
			s.model.Skipped.Cycles++
			return false
		case !visited || h >= MaxInheritance:
			s.model.Skipped.Deep++
			return false
		}
		return true
	}
	visit = func(t *Type, below int) {
		height[t] = onTheWay
		h := 0
		if t.Super != nil && !keep(t.Super, below) {
			t.Super = nil
		}
		if t.Super != nil {
			h = height[t.Super] + 1
		}
		t.Interfaces = slices.DeleteFunc(t.Interfaces, func(i *Type) bool { return !keep(i, below) })
		for _, i := range t.Interfaces {
			h = max(h, height[i]+1)
		}
		height[t] = h
	}
	for _, t := range s.model.ordered {
		if _, visited := height[t]; !visited {
			visit(t, 0)
		}
	}
}

// members are the declarations below n; above are the nodes on the way to it.
func (s *build) members(n *model.Node, above []*model.Node) []*Member {
	if len(above) == MaxDepth {
		s.model.Skipped.Deep++
		return nil
	}
	above = append(above, n)
	var out []*Member
	seen := map[model.ExpandedNodeID]bool{}
	for _, e := range s.forward[n.NodeID] {
		rule, declared := s.rule(e.to)
		if s.events && !declared && e.to.Class == model.NodeClassVariable {
			rule, declared = Optional, true // it has hardly any for itself, and not all servers give them rules
		}
		switch {
		case !declared || seen[e.to.NodeID] || !s.isReference(e.kind, Aggregates) && !s.isReference(e.kind, Organizes):
			continue
		case slices.Contains(above, e.to):
			s.model.Skipped.Cycles++
			continue
		case s.left == 0:
			s.model.Skipped.Deep++
			continue
		}
		seen[e.to.NodeID] = true
		s.left--
		if m := s.member(e, rule, above); m != nil {
			out = append(out, m)
		}
	}
	sortByName(out, func(m *Member) *model.Node { return m.Node })
	return out
}

// member makes one declaration; nil if it is none of an instance.
func (s *build) member(e edge, rule Rule, above []*model.Node) *Member {
	m := &Member{Node: e.to, Rule: rule}
	switch e.to.Class {
	case model.NodeClassMethod:
		m.Input, m.Output = s.arguments(e.to, "InputArguments"), s.arguments(e.to, "OutputArguments")
		return m
	case model.NodeClassObject, model.NodeClassVariable:
	default:
		return nil
	}
	for _, d := range s.forward[e.to.NodeID] {
		if d.kind == HasTypeDefinition {
			m.Type = s.model.types[d.to.NodeID]
		}
	}
	if m.Type == nil {
		s.model.Skipped.Untyped++
	}
	m.Property = e.to.Class == model.NodeClassVariable && (e.kind == HasProperty || m.Type.IsA(PropertyType))
	if !m.Property {
		m.Members = s.members(e.to, above)
	}
	return m
}

// rule is the modelling rule of a declaration; false for nodes that have none and belong to the type alone.
func (s *build) rule(n *model.Node) (Rule, bool) {
	for _, r := range n.References { // the rule's own node need not be there
		if r.Type != HasModellingRule || r.Inverse {
			continue
		}
		switch r.Target {
		case ruleMandatory:
			return Mandatory, true
		case ruleOptional:
			return Optional, true
		case ruleMandatoryPlaceholder:
			return MandatoryPlaceholder, true
		case ruleOptionalPlaceholder:
			return OptionalPlaceholder, true
		case ruleExposesItsArray:
			return ExposesItsArray, true
		}
		return Optional, true // a vendor's rule promises nothing that we know
	}
	return 0, false
}

// arguments are those of a method's property; nil when it has none.
func (s *build) arguments(method *model.Node, name string) []model.ArgumentDescription {
	for _, e := range s.forward[method.NodeID] {
		if e.kind == HasProperty && e.to.BrowseName == (model.QualifiedName{Name: name}) {
			return e.to.Arguments
		}
	}
	return nil
}

// dropRepeated removes from below declarations what the type definition says in the same way, so that what is left is what the
// declaration adds or narrows.
func (s *build) dropRepeated() {
	var walk func(members []*Member)
	walk = func(members []*Member) {
		for _, m := range members {
			walk(m.Members)
			m.Members = slices.DeleteFunc(m.Members, func(below *Member) bool { return m.Type.repeats(below) })
		}
	}
	for _, t := range s.model.ordered {
		walk(t.Members)
	}
}

// repeats tells whether t, a supertype or an interface of it declares the member in the same way.
func (t *Type) repeats(m *Member) bool {
	if len(m.Members) > 0 {
		return false
	}
	for up := range t.Ancestors() {
		for _, own := range up.Members {
			if own.key() == m.key() {
				return own.Type == m.Type && own.DataType == m.DataType && own.ValueRank == m.ValueRank && own.Rule.Placeholder() == m.Rule.Placeholder()
			}
		}
		for _, i := range up.Interfaces {
			if i.repeats(m) {
				return true
			}
		}
	}
	return false
}

func sortByName[T any](list []T, node func(T) *model.Node) {
	slices.SortStableFunc(list, func(a, b T) int {
		x, y := node(a), node(b)
		return cmp.Or(strings.Compare(x.BrowseName.Name, y.BrowseName.Name), strings.Compare(x.BrowseName.NamespaceURI, y.BrowseName.NamespaceURI),
			strings.Compare(x.NodeID.String(), y.NodeID.String()))
	})
}
