package typed

import (
	"slices"

	"github.com/vektah/gqlparser/v2/ast"
)

// nodeInterface is the interface of the fixed schema that objects implement besides TypedNode.
const nodeInterface = "Node"

// objectFields are what objects have for being nodes: the fields of the fixed interface Node, and those of TypedNode that it has not.
// They come first in a type, so that a member with the BrowseName of one of them gets the prefix of its namespace behind it.
func (g *generator) objectFields() (fields []*Field, implements []string) {
	if g.objectBase == nil {
		g.objectBase = identityFields()
		if node := g.fixedInterface(nodeInterface); node != nil {
			g.objectBase = fixedFieldsOf(node)
			for _, f := range identityFields() {
				if !slices.ContainsFunc(g.objectBase, func(have *Field) bool { return have.Name == f.Name }) {
					g.objectBase = append(g.objectBase, f)
				}
			}
		}
	}
	if g.fixedInterface(nodeInterface) == nil {
		return slices.Clone(g.objectBase), []string{"TypedNode"}
	}
	return slices.Clone(g.objectBase), []string{"TypedNode", nodeInterface}
}

// fixedInterface is an interface of the fixed schema, nil if it is not there.
func (g *generator) fixedInterface(name string) *ast.Definition {
	if g.options.Fixed == nil {
		return nil
	}
	if d := g.options.Fixed.Types[name]; d != nil && d.Kind == ast.Interface {
		return d
	}
	return nil
}

// fixedFieldsOf are the fields of an interface of the fixed schema, as a type that implements it has them.
func fixedFieldsOf(d *ast.Definition) (fields []*Field) {
	for _, f := range d.Fields {
		fields = append(fields, &Field{Name: f.Name, Type: refOf(f.Type), Args: argsOf(f.Arguments)})
	}
	return fields
}
