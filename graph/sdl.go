package graph

import (
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/shopfloor-iiot/shopfloor/graph/typed"
)

// Sources are the texts of the fixed schema.
func Sources() []*ast.Source {
	out := make([]*ast.Source, 0, len(sources))
	for _, s := range sources {
		if !s.BuiltIn { // directives of gqlgen itself
			out = append(out, &ast.Source{Name: s.Name, Input: s.Input})
		}
	}
	return append(out, &ast.Source{Name: "eventtypes.graphqls", Input: eventTypesText})
}

// SDL is the fixed schema as one text.
func SDL() string {
	var b strings.Builder
	for _, s := range Sources() {
		b.WriteString(s.Input)
		b.WriteByte('\n')
	}
	return b.String()
}

// Fixed is the fixed schema, parsed anew. That of generated code lacks what comes from tables.
func Fixed() *ast.Schema {
	s, err := typed.Merge(Sources(), "")
	if err != nil { // tests load it
		panic(err)
	}
	return s
}
