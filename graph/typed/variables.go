package typed

import (
	"slices"

	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/typemodel"
)

// valueFields are the fields of TypedVariable beyond those of TypedNode. Those with a Key are the values of properties that any variable may
// have, whether its type declares them or not (Part 8, 5.3.2.3).
func valueFields() []*Field {
	return []*Field{
		{Name: "rawValue", Type: named("Variant"), Role: RoleValue},
		{Name: "dataType", Type: named("String"), Role: RoleValue},
		{Name: "status", Type: named("StatusCode"), Role: RoleValue},
		{Name: "sourceTimestamp", Type: named("DateTime"), Role: RoleValue},
		{Name: "serverTimestamp", Type: named("DateTime"), Role: RoleValue},
		{Name: "unit", Type: named("EUInformation"), Role: RoleValue, Key: model.QualifiedName{Name: "EngineeringUnits"}},
		{Name: "range", Type: named("Range"), Role: RoleValue, Key: model.QualifiedName{Name: "EURange"}},
		{Name: "instrumentRange", Type: named("Range"), Role: RoleValue, Key: model.QualifiedName{Name: "InstrumentRange"}},
		{Name: "history", Type: named("TypedHistory"), Role: RoleValue, Args: []*Field{
			{Name: "from", Type: named("DateTime")},
			{Name: "to", Type: named("DateTime")},
			{Name: "last", Type: named("Duration")},
			{Name: "step", Type: named("Duration")},
			{Name: "aggregate", Type: named("Aggregate")},
			{Name: "first", Type: named("Int"), Default: "500"},
			{Name: "source", Type: named("HistorySource"), Default: "PLATFORM"},
		}},
	}
}

// variableType makes the interface of a VariableType.
func (g *generator) variableType(t *typemodel.Type) {
	if t.IsA(typemodel.PropertyType) {
		return // properties are plain values
	}
	i := &Type{Name: g.names[t], Kind: Interface, Description: describe(t.Node), Source: t, Fields: g.fieldsOf(t), Implements: g.interfacesOf(t)[1:]}
	g.add(i)
	// An interface needs an object, and variables may be met whose data type no declaration has.
	g.variableObject(t, Ref{Name: "Variant"})
}

// variable is the type of a declared variable: an object with the value's type. Where the declaration has more below it than the
// VariableType it is one of its own; not where it redeclares, since an object cannot be narrowed.
func (g *generator) variable(owner string, t *typemodel.Type, m *typemodel.Member, inherited *Field, depth int) string {
	value := g.value(m.DataType, m.ValueRank, false)
	if len(m.Members) == 0 || depth == maxExtension || inherited != nil {
		return g.variableObject(m.Type, value)
	}
	name := owner + "_" + clean(m.BrowseName.Name)
	name = g.table.node(t.NodeID, "declaration "+name, name)
	if g.extended[name] != nil {
		return name
	}
	x := &extension{name: name, base: m.Type, declaration: m, implements: g.interfacesOf(m.Type)}
	x.own = g.declare(name, m.Type, m.Members, nil, depth+1)
	if len(x.own) == 0 {
		return g.variableObject(m.Type, value)
	}
	g.extended[name] = x
	g.later = append(g.later, func() {
		fields := g.withValue(g.extendedFields(x), m.Type, value)
		fields[len(identityFields())].DataType, fields[len(identityFields())].ValueRank = m.DataType, m.ValueRank
		g.add(&Type{Name: name, Description: describe(m.Node), Source: m.Type, Declaration: m, Implements: x.implements, Fields: fields})
	})
	return name
}

// withValue gives fields of a variable those that depend on the type of its value.
func (g *generator) withValue(fields []*Field, t *typemodel.Type, value Ref) []*Field {
	out := slices.Insert(slices.Clone(fields), len(identityFields()), &Field{Name: "value", Type: value, Role: RoleValue, Source: t})
	for i, f := range out {
		if f.Role == RoleValue && f.Name == "history" {
			own := *f
			own.Type = named(g.history(value))
			out[i] = &own
		}
	}
	return out
}

// history makes the type of the history of values of a type, and that of its points.
func (g *generator) history(value Ref) string {
	of := nameOf(value)
	name := "TypedHistory_of_" + of
	if g.out.byName[name] != nil {
		return name
	}
	point := &Type{
		Name: "TypedHistoryPoint_of_" + of, Implements: []string{"TypedHistoryPoint"},
		Fields: []*Field{{Name: "time", Type: required("DateTime")}, {Name: "value", Type: value}, {Name: "number", Type: named("Float")}, {Name: "status", Type: named("StatusCode")}},
	}
	g.add(point)
	g.add(&Type{
		Name: name, Implements: []string{"TypedHistory"},
		Fields: []*Field{
			{Name: "series", Type: named("ID")},
			{Name: "from", Type: required("DateTime")},
			{Name: "to", Type: required("DateTime")},
			{Name: "step", Type: named("Duration")},
			{Name: "aggregate", Type: named("Aggregate")},
			{Name: "points", Type: Ref{Name: point.Name, List: true, ItemNonNull: true, NonNull: true}},
			{Name: "truncated", Type: required("Boolean")},
		},
	})
	return name
}

// nameOf is that of a type of values within other names.
func nameOf(value Ref) string {
	if value.List {
		return "ListOf" + value.Name
	}
	return value.Name
}

// variableObject is the object for variables of a VariableType whose values are of a type of GraphQL.
func (g *generator) variableObject(t *typemodel.Type, value Ref) string {
	of := nameOf(value)
	name := g.table.node(t.NodeID, "of "+of, g.names[t]+"_of_"+of)
	if g.out.byName[name] != nil {
		return name
	}
	o := &Type{Name: name, Description: describe(t.Node), Source: t, Implements: g.interfacesOf(t)}
	g.add(o)
	g.later = append(g.later, func() {
		o.Fields = g.withValue(g.fieldsOf(t), t, value)
	})
	return name
}
