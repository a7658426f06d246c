package typed

import (
	"slices"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/typemodel"
)

// maxExtension bounds how deep declarations get types of their own below one type.
const maxExtension = 6

// extension is the type of a declaration that has more below it than its type definition: DI's ParameterSet, for example.
type extension struct {
	name string
	// base is the type definition.
	base *typemodel.Type
	// from is the type of the same declaration in a supertype; nil if it has none of its own there.
	from *extension
	// implements are all interfaces of the type.
	implements  []string
	own         []*Field
	declaration *typemodel.Member
}

// identityFields are the fields of TypedNode.
func identityFields() []*Field {
	return []*Field{
		{Name: "id", Type: required("ID")},
		{Name: "nodeId", Type: required("NodeId")},
		{Name: "browseName", Type: required("QualifiedName")},
		{Name: "displayName", Type: required("LocalizedText")},
		{Name: "typeDefinition", Type: required("NodeId")},
		{Name: "server", Type: required("Server")},
		{Name: "node", Type: named("Node")},
	}
}

// conditionFields are the fields that conditions, as nodes, have before those of BaseEventType.
func conditionFields() []*Field {
	return []*Field{
		{Name: "id", Type: named("ID"), Description: "Of the condition's node: \"<server>/<nodeId>\"."},
		{Name: "nodeId", Type: named("NodeId"), Description: "Of the condition's node."},
	}
}

func refOf(t *ast.Type) Ref {
	if t.Elem != nil {
		return Ref{Name: t.Name(), List: true, ItemNonNull: t.Elem.NonNull, NonNull: t.NonNull}
	}
	return Ref{Name: t.NamedType, NonNull: t.NonNull}
}

func argsOf(list ast.ArgumentDefinitionList) (args []*Field) {
	for _, a := range list {
		arg := &Field{Name: a.Name, Type: refOf(a.Type)}
		if a.DefaultValue != nil {
			arg.Default = a.DefaultValue.String()
		}
		args = append(args, arg)
	}
	return args
}

// base is the interface of the fixed part that the types of a class begin with, and its fields.
func (g *generator) base(t *typemodel.Type) (fields []*Field, implements []string) {
	switch {
	case t.Class == model.NodeClassVariableType:
		return append(identityFields(), valueFields()...), []string{"TypedVariable", "TypedNode"}
	case t.IsA(typemodel.BaseEventType):
		return conditionFields(), nil
	}
	return g.objectFields()
}

// supertype is the one whose fields a type inherits: events begin anew, since they are no nodes.
func supertype(t *typemodel.Type) *typemodel.Type {
	if t.NodeID == typemodel.BaseEventType {
		return nil
	}
	return t.Super
}

// interfacesOf are the names of all interfaces that instances of a type have, its own first.
func (g *generator) interfacesOf(t *typemodel.Type) []string {
	if list, ok := g.interfaces[t]; ok {
		return list
	}
	var list []string
	add := func(names ...string) {
		for _, n := range names {
			if !slices.Contains(list, n) {
				list = append(list, n)
			}
		}
	}
	add(g.names[t])
	if up := supertype(t); up != nil {
		add(g.interfacesOf(up)...)
	}
	if !t.IsA(typemodel.BaseEventType) {
		for _, i := range t.Interfaces {
			if g.fits(t, i) {
				add(g.interfacesOf(i)...)
			}
		}
	}
	_, base := g.base(t)
	list = slices.DeleteFunc(list, func(n string) bool { return slices.Contains(base, n) })
	g.interfaces[t] = append(list, base...)
	return g.interfaces[t]
}

// fits tells whether a type can implement an OPC UA interface: what both declare under one name must be the same member.
func (g *generator) fits(t, i *typemodel.Type) bool {
	names := map[string]model.QualifiedName{}
	collect := func(t *typemodel.Type, into func(*typemodel.Member)) {
		for up := t; up != nil; up = supertype(up) {
			for _, m := range up.Members {
				into(m)
			}
		}
	}
	collect(t, func(m *typemodel.Member) { names[clean(m.BrowseName.Name)] = m.BrowseName })
	fits := true
	collect(i, func(m *typemodel.Member) {
		if have, ok := names[clean(m.BrowseName.Name)]; ok && have != m.BrowseName {
			fits = false
		}
	})
	if !fits {
		g.out.Stats.Conflicts++
	}
	return fits
}

// fieldsOf are the fields of a type: those of its supertype, then those of OPC UA interfaces, then its own.
func (g *generator) fieldsOf(t *typemodel.Type) []*Field {
	if f, ok := g.members[t]; ok {
		return f
	}
	fields, _ := g.base(t)
	if up := supertype(t); up != nil {
		fields = slices.Clone(g.fieldsOf(up))
	}
	g.members[t] = fields // what refers to the type while it is made
	taken := namesOf(fields)
	taken["value"] = taken["value"] || t.Class == model.NodeClassVariableType
	for _, i := range t.Interfaces {
		if !slices.Contains(g.interfacesOf(t), g.names[i]) {
			continue
		}
		for _, f := range g.fieldsOf(i) {
			if f.Role == RoleMember || f.Role == RolePlaceholder {
				inherited := *f
				fields = g.merge(fields, &inherited, taken)
			}
		}
	}
	fields = g.declare(g.names[t], t, t.Members, fields, 0)
	g.members[t] = fields
	return fields
}

// declare adds the fields of declarations below owner; methods become mutations.
func (g *generator) declare(owner string, t *typemodel.Type, members []*typemodel.Member, fields []*Field, depth int) []*Field {
	taken := namesOf(fields)
	taken["value"] = taken["value"] || t.Class == model.NodeClassVariableType
	for _, m := range members {
		if m.Class == model.NodeClassMethod {
			g.method(owner, t, m)
			continue
		}
		f := &Field{Role: RoleMember, Key: m.BrowseName, Member: m, DataType: m.DataType, ValueRank: m.ValueRank, Description: m.Description.Text}
		if f.Description == "" {
			f.Description = otherText(m.DisplayName, m.BrowseName.Name)
		}
		var inherited *Field
		for _, have := range fields {
			if have.Key == f.Key && (have.Role == RoleMember || have.Role == RolePlaceholder) {
				inherited = have
			}
		}
		f.Type = g.memberType(owner, t, m, inherited, depth)
		if m.Rule.Placeholder() {
			f.Role, f.Type = RolePlaceholder, Ref{Name: f.Type.Name, List: true, ItemNonNull: true}
		}
		fields = g.merge(fields, f, taken)
	}
	return fields
}

// memberType is the GraphQL type of a declaration.
func (g *generator) memberType(owner string, t *typemodel.Type, m *typemodel.Member, inherited *Field, depth int) Ref {
	switch {
	case m.Class == model.NodeClassObject:
		return named(g.extend(owner, t, m, inherited, depth))
	case m.Property || m.Type == nil:
		return g.value(m.DataType, m.ValueRank, false)
	}
	return named(g.variable(owner, t, m, inherited, depth))
}

// extend is the type of an object: the interface of its type definition or, where the declaration has more, one of its own.
func (g *generator) extend(owner string, t *typemodel.Type, m *typemodel.Member, inherited *Field, depth int) string {
	base := m.Type
	if base == nil {
		base = g.model.Type(typemodel.BaseObjectType)
	}
	if base == nil {
		return "TypedNode"
	}
	x := &extension{base: base, declaration: m}
	plain := g.names[base]
	if inherited != nil {
		if up := g.extended[inherited.Type.Name]; up != nil {
			x.from, plain = up, up.name
		}
	}
	if x.from != nil {
		x.implements = append([]string{x.from.name}, x.from.implements...)
	} else {
		x.implements = g.interfacesOf(base)
	}
	if len(m.Members) == 0 || depth == maxExtension || base.IsA(typemodel.BaseEventType) {
		return plain
	}
	x.name = owner + "_" + clean(m.BrowseName.Name)
	if x.name = g.table.node(t.NodeID, "declaration "+x.name, x.name); g.extended[x.name] != nil {
		return x.name
	}
	// Methods become mutations with the name in theirs, also where the object itself gets no type of its own.
	x.own = g.declare(x.name, t, m.Members, nil, depth+1)
	if x.from != nil {
		x.own = slices.DeleteFunc(x.own, func(f *Field) bool { return x.from.has(f) })
	}
	if len(x.own) == 0 {
		return plain
	}
	g.extended[x.name] = x
	g.later = append(g.later, func() {
		i := &Type{
			Name: x.name, Kind: Interface, Implements: x.implements, Fields: g.extendedFields(x), Source: t, Declaration: m,
			Description: describe(m.Node),
		}
		g.add(i)
		g.object(i)
	})
	return x.name
}

// has tells whether the extension, or one that it comes from, declares the same field.
func (x *extension) has(f *Field) bool {
	for ; x != nil; x = x.from {
		for _, own := range x.own {
			if own.Key == f.Key && own.Type == f.Type {
				return true
			}
		}
	}
	return false
}

// extendedFields are the fields of an extension, when those of all types are known.
func (g *generator) extendedFields(x *extension) []*Field {
	var fields []*Field
	if x.from != nil {
		fields = g.extendedFields(x.from)
	} else {
		fields = slices.Clone(g.fieldsOf(x.base))
	}
	taken := namesOf(fields)
	for _, f := range x.own {
		own := *f
		fields = g.merge(fields, &own, taken)
	}
	return fields
}

// objectType makes the interface and the object of an ObjectType, and its root fields.
func (g *generator) objectType(t *typemodel.Type) {
	i := &Type{Name: g.names[t], Kind: Interface, Description: describe(t.Node), Source: t, Fields: g.fieldsOf(t), Implements: g.interfacesOf(t)[1:]}
	g.add(i)
	g.object(i)
	if !t.IsA(typemodel.BaseEventType) {
		g.roots(i)
	}
}
