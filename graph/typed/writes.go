package typed

import (
	"slices"

	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/typemodel"
)

// writes makes, for each type of objects that declares variables which can be written, itself or in its components, an input with them, and
// a field of Mutation for each ObjectType among these. A variable can be written when its declaration says so (AccessLevel, Part 3, 8.57).
func (g *generator) writes() {
	writable := g.writable()
	inputs := map[string]string{}
	for _, t := range g.out.Types {
		if writable[t.Name] {
			inputs[t.Name] = g.table.node(t.Source.NodeID, "write "+t.Name, t.Name+"_Write")
		}
	}
	for _, t := range slices.Clone(g.out.Types) {
		name := inputs[t.Name]
		if name == "" {
			continue
		}
		in := &Type{Name: name, Kind: Input, Source: t.Source, Declaration: t.Declaration}
		for _, f := range t.Fields {
			own := *f
			switch {
			case isWritable(f):
				own.Type, own.Description = g.value(f.DataType, f.ValueRank, true), ""
			case f.isComponent() && writable[f.Type.Name]:
				own.Type, own.Description = named(inputs[f.Type.Name]), ""
			default:
				continue
			}
			in.Fields = append(in.Fields, &own)
		}
		g.add(in)
		if t.Declaration == nil {
			g.writeField(t, name)
		}
	}
}

// writable tells which interfaces of objects have something that can be written, at any depth.
func (g *generator) writable() map[string]bool {
	writable := map[string]bool{}
	for changed := true; changed; {
		changed = false
		for _, t := range g.out.Types {
			if writable[t.Name] || t.Kind != Interface || t.Source == nil || t.Source.Class != model.NodeClassObjectType || t.Source.IsA(typemodel.BaseEventType) {
				continue
			}
			if slices.ContainsFunc(t.Fields, func(f *Field) bool { return isWritable(f) || f.isComponent() && writable[f.Type.Name] }) {
				writable[t.Name], changed = true, true
			}
		}
	}
	return writable
}

func isWritable(f *Field) bool {
	return f.Role == RoleMember && f.Member.Class == model.NodeClassVariable && f.Member.AccessLevel&model.AccessCurrentWrite != 0
}

// isComponent tells whether a field is an object below.
func (f *Field) isComponent() bool {
	return f.Role == RoleMember && f.Member.Class == model.NodeClassObject
}

func (g *generator) writeField(t *Type, input string) {
	name := g.table.node(t.Source.NodeID, "write field", "write_"+t.Name)
	g.out.Mutation = append(g.out.Mutation, &Field{
		Name: name, Type: Ref{Name: "TypedWriteResult", List: true, ItemNonNull: true}, Source: t.Source,
		Description: "Writes variables of instances of " + t.Name + ", those that are given.",
		Args: []*Field{
			{Name: "server", Type: named("ID"), Description: "With path."},
			{Name: "path", Type: named("String"), Description: "The instance at this browse path."},
			{Name: "ids", Type: Ref{Name: "ID", List: true, ItemNonNull: true}, Description: "These instances, each the same: \"<server>/<nodeId>\"."},
			{Name: "input", Type: required(input)},
		},
	})
}
