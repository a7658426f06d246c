package typed

import (
	"strconv"

	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/typemodel"
)

// method makes the field of Mutation, and the type of its result, for a method that owner declares.
func (g *generator) method(owner string, t *typemodel.Type, m *typemodel.Member) {
	name := g.table.node(t.NodeID, "method "+owner+" "+m.BrowseName.NamespaceURI+":"+m.BrowseName.Name, owner+"_"+clean(m.BrowseName.Name))
	result := &Type{
		Name: g.table.node(t.NodeID, "result "+name, name+"_Result"), Description: "What " + name + " returned.", Declaration: m,
		Fields: []*Field{
			{Name: "status", Type: required("StatusCode")},
			{Name: "message", Type: named("String"), Description: "More about a Bad status."},
			{Name: "inputArgumentResults", Type: Ref{Name: "ArgumentResult", List: true, ItemNonNull: true, NonNull: true}, Description: "One per input argument when one was refused, else empty."},
		},
	}
	if g.out.byName[result.Name] != nil {
		return
	}
	g.add(result)
	field := &Field{
		Name: name, Type: named(result.Name), Description: describe(m.Node), Key: m.BrowseName, Member: m, Source: t,
		Args: []*Field{{Name: "id", Type: required("ID"), Description: "Of the object that has the method: \"<server>/<nodeId>\"."}},
	}
	field.Args = g.arguments(field.Args, m.Input, true)
	result.Fields = g.arguments(result.Fields, m.Output, false)
	g.out.Mutation = append(g.out.Mutation, field)
}

func (g *generator) arguments(fields []*Field, arguments []model.ArgumentDescription, input bool) []*Field {
	names := namesOf(fields)
	for i, a := range arguments {
		fields = append(fields, &Field{
			Name: names.take(clean(a.Name), strconv.Itoa(i)), Type: g.value(a.DataType, a.ValueRank, input), Description: a.Description.Text,
			Role: RoleArgument, Key: model.QualifiedName{Name: a.Name}, DataType: a.DataType, ValueRank: a.ValueRank,
		})
	}
	return fields
}
