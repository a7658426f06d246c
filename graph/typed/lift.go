package typed

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/typemodel"
)

// A node of the fixed schema is given as the object of its type where a query has a fragment for that:
//
//	node(server: "press", nodeId: "…") { browseName { name } ... on DI_DeviceType { SerialNumber } }
//
// Generated code does not know those types. So it is asked at such a place for what tells the node and its type; then nodes of types that a
// fragment is for are resolved as instances, and the others are asked again, for all that is selected of them. Where no fragment is for a node's
// type it stays what it is without typed schemas, an ObjectNode for example: clients that do not ask for types see no difference.

// liftedType is the alias of what is asked besides.
const (
	liftedType = "__liftedType"
	typeName   = "__typename"
)

// lifter rewrites selections of one operation.
type lifter struct {
	x    *Executable
	memo map[*ast.Field]bool
	// generics are what generic made, so that what is asked of many nodes is known to be the same.
	generics []genericSet
}

type genericSet struct{ of, set ast.SelectionSet }

func (x *Executable) lifter() *lifter { return &lifter{x: x, memo: map[*ast.Field]bool{}} }

// liftsAny tells whether one of the fields has such a place.
func (l *lifter) liftsAny(fields []graphql.CollectedField) bool {
	for _, f := range fields {
		if l.liftsNode(f.Field, f.Selections) || l.liftsBelow(f.Selections) {
			return true
		}
	}
	return false
}

// isTyped tells whether a type is of the typed part.
func (x *Executable) isTyped(name string) bool {
	d := x.merged.Types[name]
	return d != nil && d.Position != nil && d.Position.Src.Name == sourceName
}

// typedFragments tells whether a selection has fragments for types of the typed part.
func (x *Executable) typedFragments(set ast.SelectionSet) bool {
	for _, s := range set {
		switch s := s.(type) {
		case *ast.InlineFragment:
			if x.isTyped(s.TypeCondition) || x.typedFragments(s.SelectionSet) {
				return true
			}
		case *ast.FragmentSpread:
			if x.isTyped(s.Definition.TypeCondition) || x.typedFragments(s.Definition.SelectionSet) {
				return true
			}
		}
	}
	return false
}

// liftsNode tells whether a field of the fixed schema gives nodes, and types are asked of them.
func (l *lifter) liftsNode(f *ast.Field, set ast.SelectionSet) bool {
	return f.Definition.Type.Name() == nodeInterface && l.x.typedFragments(set)
}

// lifts tells whether there is such a place in a field or below it.
func (l *lifter) lifts(f *ast.Field) bool {
	if len(f.SelectionSet) == 0 || f.Definition == nil {
		return false
	}
	found, known := l.memo[f]
	if !known {
		found = l.liftsNode(f, f.SelectionSet) || l.liftsBelow(f.SelectionSet)
		l.memo[f] = found
	}
	return found
}

func (l *lifter) liftsBelow(set ast.SelectionSet) bool {
	for _, s := range set {
		switch s := s.(type) {
		case *ast.Field:
			if l.lifts(s) {
				return true
			}
		case *ast.InlineFragment:
			if l.liftsBelow(s.SelectionSet) {
				return true
			}
		case *ast.FragmentSpread:
			if l.liftsBelow(s.Definition.SelectionSet) {
				return true
			}
		}
	}
	return false
}

// rewritten is what generated code is asked of a field.
func (l *lifter) rewritten(f *ast.Field, set ast.SelectionSet) ast.SelectionSet {
	if l.liftsNode(f, set) {
		return l.identity()
	}
	out := l.selections(set)
	if d := l.x.merged.Types[f.Definition.Type.Name()]; d != nil && (d.Kind == ast.Interface || d.Kind == ast.Union) {
		out = append(out, &ast.Field{
			Alias: liftedType, Name: typeName, ObjectDefinition: d, Definition: &ast.FieldDefinition{Name: typeName, Type: ast.NonNullNamedType("String", nil)},
		})
	}
	return out
}

func (l *lifter) selections(set ast.SelectionSet) ast.SelectionSet {
	out := make(ast.SelectionSet, 0, len(set)+1)
	for _, s := range set {
		switch s := s.(type) {
		case *ast.Field:
			if l.lifts(s) {
				own := *s
				own.SelectionSet = l.rewritten(s, s.SelectionSet)
				out = append(out, &own)
				continue
			}
		case *ast.InlineFragment:
			if l.liftsBelow(s.SelectionSet) {
				own := *s
				own.SelectionSet = l.selections(s.SelectionSet)
				out = append(out, &own)
				continue
			}
		case *ast.FragmentSpread:
			if l.liftsBelow(s.Definition.SelectionSet) {
				out = append(out, inlined(s, l.selections(s.Definition.SelectionSet)))
				continue
			}
		}
		out = append(out, s)
	}
	return out
}

// identity selects what an instance is made of. The type definition comes as the reference to it.
func (l *lifter) identity() ast.SelectionSet {
	node := l.x.merged.Types[nodeInterface]
	names := func(typeName string, fields ...string) (set ast.SelectionSet) {
		for _, name := range fields {
			set = append(set, l.field(l.x.merged.Types[typeName], name, name, nil))
		}
		return set
	}
	definition := l.field(node, liftedType, "references", ast.SelectionSet{
		l.field(l.x.merged.Types["ReferenceConnection"], "edges", "edges", ast.SelectionSet{
			l.field(l.x.merged.Types["ReferenceEdge"], "node", "node", names(nodeInterface, "nodeId")),
		}),
	})
	definition.Arguments = ast.ArgumentList{{Name: "referenceType", Value: &ast.Value{
		Kind: ast.StringValue, Raw: typemodel.HasTypeDefinition.String(), Definition: l.x.merged.Types["NodeId"],
	}}}
	return ast.SelectionSet{
		l.field(node, "id", "id", nil), l.field(node, "nodeClass", "nodeClass", nil),
		l.field(node, "browseName", "browseName", names("QualifiedName", "namespaceUri", "name")),
		l.field(node, "displayName", "displayName", names("LocalizedText", "locale", "text")),
		definition,
	}
}

func (l *lifter) field(of *ast.Definition, alias, name string, set ast.SelectionSet) *ast.Field {
	return &ast.Field{Alias: alias, Name: name, SelectionSet: set, Definition: of.Fields.ForName(name), ObjectDefinition: of}
}

// lift resolves the fields of which generated code answered what was rewritten.
func (x *Executable) lift(ctx context.Context, op *graphql.OperationContext, l *lifter, fields []graphql.CollectedField, got []json.RawMessage) ([]json.RawMessage, bool) {
	r := x.newRun(ctx, op)
	slots := make([]*slot, len(fields))
	var level []*pending
	for i, f := range fields {
		slots[i] = rootSlot(f)
		level = append(level, r.lift(l, slots[i], f, got[i])...)
	}
	r.expand(level)
	r.fetch()
	return r.finish(slots)
}

// tellLifted tells the errors of what was rewritten, without what was asked besides in their paths.
func tellLifted(ctx context.Context, errs gqlerror.List) {
	for _, e := range errs {
		moved := *e
		for i, part := range moved.Path {
			if part == ast.PathName(liftedType) {
				moved.Path = moved.Path[:i:i]
				break
			}
		}
		graphql.AddError(ctx, &moved)
	}
}

// liftedNode is what generated code tells of a node at such a place.
type liftedNode struct {
	ID          string
	NodeClass   string
	BrowseName  struct{ NamespaceURI, Name string }
	DisplayName struct{ Locale, Text string }
	Type        struct {
		Edges []struct {
			Node *struct{ NodeID model.ExpandedNodeID }
		}
	} `json:"__liftedType"`
}

// instance is the node, if it is an object.
func (n *liftedNode) instance() (*instance, error) {
	server, id, err := parseKey(n.ID)
	if err != nil {
		return nil, err
	}
	i := &instance{
		server: server, id: id, browseName: model.QualifiedName{NamespaceURI: n.BrowseName.NamespaceURI, Name: n.BrowseName.Name},
		displayName: model.LocalizedText{Locale: n.DisplayName.Locale, Text: n.DisplayName.Text},
	}
	if i.browseName.NamespaceURI == namespaceZero {
		i.browseName.NamespaceURI = ""
	}
	if n.NodeClass == "OBJECT" {
		i.class = model.NodeClassObject
	}
	if len(n.Type.Edges) > 0 && n.Type.Edges[0].Node != nil {
		i.definition = n.Type.Edges[0].Node.NodeID
	}
	return i, nil
}

// lift takes what generated code answered to a rewritten field into a slot. What is to be resolved yet is returned.
func (r *run) lift(l *lifter, s *slot, f graphql.CollectedField, raw json.RawMessage) (level []*pending) {
	if isNull(raw) {
		s.raw, s.told = nil, true
		return nil
	}
	if s.typ.Elem != nil {
		var items []json.RawMessage
		if err := json.Unmarshal(raw, &items); err != nil {
			s.err = fmt.Errorf("list of %s: %w", f.Name, err)
			return nil
		}
		s.list = true
		for _, item := range items {
			level = append(level, r.lift(l, s.item(), f, item)...)
		}
		return level
	}
	if l.liftsNode(f.Field, f.Selections) {
		return r.liftNode(l, s, f, raw)
	}
	if !l.liftsBelow(f.Selections) {
		s.raw = raw
		return nil
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(raw, &members); err != nil {
		s.err = fmt.Errorf("object of %s: %w", f.Name, err)
		return nil
	}
	definition := r.x.merged.Types[f.Definition.Type.Name()]
	if own, given := members[liftedType]; given {
		var name string
		if err := json.Unmarshal(own, &name); err == nil && r.x.merged.Types[name] != nil {
			definition = r.x.merged.Types[name]
		}
	}
	s.object = true
	for _, c := range graphql.CollectFields(r.op, f.Selections, append([]string{definition.Name}, definition.Interfaces...)) {
		if c.Name == typeName {
			s.kid(c, ast.NonNullNamedType("String", nil)).raw = members[c.Alias]
			continue
		}
		k := s.kid(c, definition.Fields.ForName(c.Name).Type)
		level = append(level, r.lift(l, k, c, members[c.Alias])...)
	}
	return level
}

// liftNode resolves a node as the object of its type, or has the fixed schema asked for all of it.
func (r *run) liftNode(l *lifter, s *slot, f graphql.CollectedField, raw json.RawMessage) []*pending {
	var n liftedNode
	err := json.Unmarshal(raw, &n)
	if err == nil {
		var i *instance
		if i, err = n.instance(); err == nil {
			if typ := r.x.objects[i.definition]; i.class == model.NodeClassObject && typ != nil && r.x.asked(typ, f.Selections) {
				return []*pending{{instance: i, typ: typ, selections: f.Selections, slot: s}}
			}
			set := l.generic(f)
			if len(set) == 0 {
				s.object = true
				return nil
			}
			d := r.delegation("node", i.server, set, f.Position)
			d.ids, d.slots = append(d.ids, i.id), append(d.slots, s)
			return nil
		}
	}
	s.err = fmt.Errorf("node of %s: %w", f.Name, err)
	return nil
}

// asked tells whether a selection has a fragment of the typed part that is for objects of a type.
func (x *Executable) asked(typ *Type, set ast.SelectionSet) bool {
	for _, s := range set {
		var condition string
		var below ast.SelectionSet
		switch s := s.(type) {
		case *ast.InlineFragment:
			condition, below = s.TypeCondition, s.SelectionSet
		case *ast.FragmentSpread:
			condition, below = s.Definition.TypeCondition, s.Definition.SelectionSet
		default:
			continue
		}
		fits := condition == ""
		for _, name := range x.satisfies[typ.Name] {
			fits = fits || name == condition
		}
		if fits && (x.isTyped(condition) || x.asked(typ, below)) {
			return true
		}
	}
	return false
}

// generic is a selection without its fragments for types of the typed part: what is asked of nodes of other types.
func (l *lifter) generic(f graphql.CollectedField) ast.SelectionSet {
	for _, g := range l.generics {
		if sameSelections(g.of, f.Selections) {
			return g.set
		}
	}
	g := genericSet{f.Selections, l.withoutTyped(f.Selections)}
	l.generics = append(l.generics, g)
	return g.set
}

func (l *lifter) withoutTyped(set ast.SelectionSet) (out ast.SelectionSet) {
	for _, s := range set {
		switch s := s.(type) {
		case *ast.InlineFragment:
			if l.x.isTyped(s.TypeCondition) {
				continue
			}
			if l.x.typedFragments(s.SelectionSet) {
				own := *s
				if own.SelectionSet = l.withoutTyped(s.SelectionSet); len(own.SelectionSet) > 0 {
					out = append(out, &own)
				}
				continue
			}
		case *ast.FragmentSpread:
			if l.x.isTyped(s.Definition.TypeCondition) {
				continue
			}
			if l.x.typedFragments(s.Definition.SelectionSet) {
				if below := l.withoutTyped(s.Definition.SelectionSet); len(below) > 0 {
					out = append(out, inlined(s, below))
				}
				continue
			}
		}
		out = append(out, s)
	}
	return out
}

// inlined is a fragment where it is spread, with another selection.
func inlined(s *ast.FragmentSpread, set ast.SelectionSet) *ast.InlineFragment {
	return &ast.InlineFragment{
		TypeCondition: s.Definition.TypeCondition, Directives: s.Directives, SelectionSet: set, ObjectDefinition: s.ObjectDefinition, Position: s.Position,
	}
}
