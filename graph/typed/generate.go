package typed

import (
	"cmp"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/typemodel"
)

// Options of Generate.
type Options struct {
	// Names are those of before; nil for none.
	Names *Names
	// Prefixes are wanted ones for namespaces, by URI; those in Names stay.
	Prefixes map[string]string
	// Fixed is the schema that the result extends: objects implement its interface Node.
	Fixed *ast.Schema
	// Events are those of Fixed; without them the plant's types of events get none of their own.
	Events EventSchema
}

// Generate makes the schema of a model. It depends on nothing but the model and the options. The error is about names.
func Generate(m *typemodel.Model, o Options) (*Schema, error) {
	table, err := o.Names.clone(o.Prefixes)
	if err != nil {
		return nil, err
	}
	g := &generator{
		model: m, table: table, options: o, names: map[*typemodel.Type]string{}, named: map[string]*typemodel.Type{}, members: map[*typemodel.Type][]*Field{},
		extended: map[string]*extension{}, interfaces: map[*typemodel.Type][]string{},
		out: &Schema{Names: table, byName: map[string]*Type{}, model: m},
	}
	g.nameTypes()
	for t := range m.Types(model.NodeClassDataType) {
		g.dataType(t)
	}
	for t := range m.Types(model.NodeClassVariableType) {
		g.variableType(t)
	}
	for t := range m.Types(model.NodeClassObjectType) {
		g.objectType(t)
	}
	g.eventTypes()
	// Types that fields refer to refer to further ones.
	for len(g.later) > 0 {
		make := g.later[0]
		g.later = g.later[1:]
		make()
	}
	g.settle()
	g.writes()
	g.finish()
	return g.out, nil
}

// generator is one run of Generate.
type generator struct {
	model   *typemodel.Model
	table   *Names
	options Options
	out     *Schema
	names   map[*typemodel.Type]string
	named   map[string]*typemodel.Type
	// members are the fields of types that are complete, or on the way.
	members map[*typemodel.Type][]*Field
	// interfaces are what types implement, themselves included.
	interfaces map[*typemodel.Type][]string
	// extended are the types of declarations, by name.
	extended map[string]*extension
	// objectBase are the fields that all objects have.
	objectBase []*Field
	// later makes types once the fields of all others are known.
	later []func()
}

// nameTypes gives the names before anything refers to them, so that what is derived from a name yields to it.
func (g *generator) nameTypes() {
	for _, class := range []model.NodeClass{model.NodeClassObjectType, model.NodeClassVariableType, model.NodeClassDataType} {
		for t := range g.model.Types(class) {
			g.names[t] = g.table.node(t.NodeID, "", g.table.prefix(t.BrowseName.NamespaceURI)+"_"+clean(t.BrowseName.Name))
			g.named[g.names[t]] = t
		}
	}
}

func (g *generator) add(t *Type) {
	if g.out.byName[t.Name] != nil {
		return
	}
	g.out.byName[t.Name] = t
	g.out.Types = append(g.out.Types, t)
}

func (g *generator) finish() {
	byName := func(a, b *Field) int { return strings.Compare(a.Name, b.Name) }
	s := g.out
	slices.SortFunc(s.Types, func(a, b *Type) int { return strings.Compare(a.Name, b.Name) })
	slices.SortFunc(s.Query, byName)
	slices.SortFunc(s.Mutation, byName)
	slices.SortFunc(s.Subscription, byName)
	for _, t := range s.Types {
		switch t.Kind {
		case Interface:
			s.Stats.Interfaces++
		case Object:
			s.Stats.Objects++
		case Enum:
			s.Stats.Enums++
		default:
			s.Stats.Inputs++
		}
	}
	s.Stats.Query, s.Stats.Mutation, s.Stats.Subscription = len(s.Query), len(s.Mutation), len(s.Subscription)
	s.Stats.Collisions += g.table.collisions
}

// object makes the object of an interface, for instances of the type itself.
func (g *generator) object(i *Type) {
	o := *i
	o.Kind, o.Implements = Object, append([]string{i.Name}, i.Implements...)
	id, kind := i.Source, "object"
	if i.Declaration != nil {
		kind = "object of " + i.Name
	}
	o.Name = g.table.node(id.NodeID, kind, i.Name+"_Object")
	i.Object = &o
	g.add(&o)
}

// fieldName is what a member becomes: its BrowseName, with the prefix of its namespace behind it where that is taken, by a field of the fixed
// interfaces for example. A name that differs is recorded, and stays when what took the other one is gone.
func (g *generator) fieldName(taken taker, f *Field) string {
	cleaned := clean(f.Key.Name)
	wanted := cleaned
	if f.Member != nil {
		wanted = cmp.Or(g.table.Fields[f.Member.NodeID.String()], cleaned)
	}
	if taken[wanted] {
		g.out.Stats.Collisions++
	}
	name := taken.take(wanted, g.table.prefix(f.Key.NamespaceURI))
	if f.Member != nil && name != cleaned {
		g.table.Fields[f.Member.NodeID.String()] = name
	}
	return name
}

// implemented tells whether a type of that name is, or implements, an interface.
func (g *generator) implemented(name, by string) bool {
	if name == by {
		return true
	}
	if t := g.out.byName[by]; t != nil {
		return slices.Contains(t.Implements, name)
	}
	if x := g.extended[by]; x != nil {
		return slices.Contains(x.implements, name)
	}
	t := g.named[by] // may not be made yet
	return t != nil && t.Class != model.NodeClassDataType && slices.Contains(g.interfacesOf(t), name)
}

// narrows tells whether a field of type old may have type new in a subtype.
func (g *generator) narrows(old, new Ref) bool {
	if old.List != new.List || old.NonNull && !new.NonNull || old.ItemNonNull && !new.ItemNonNull {
		return false
	}
	return g.implemented(old.Name, new.Name)
}

// merge adds a field to those that are inherited. A redeclared member keeps its name and gets the new type where that is narrower.
func (g *generator) merge(fields []*Field, f *Field, taken taker) []*Field {
	for i, have := range fields {
		if have.Role == RoleIdentity || have.Role == RoleValue || have.Key != f.Key {
			continue
		}
		if have.Type == f.Type {
			if have.Description == "" || f.Description != "" {
				renamed := *f
				renamed.Name = have.Name
				fields[i] = &renamed
			}
			return fields
		}
		if g.narrows(have.Type, f.Type) {
			renamed := *f
			renamed.Name, renamed.Description = have.Name, cmp.Or(f.Description, have.Description)
			fields[i] = &renamed
		} else if !g.narrows(f.Type, have.Type) {
			g.out.Stats.Kept++
		}
		return fields
	}
	f.Name = g.fieldName(taken, f)
	return append(fields, f)
}

func namesOf(fields []*Field) taker {
	t := taker{}
	for _, f := range fields {
		t[f.Name] = true
	}
	return t
}
