package graph

import (
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// Sources are the texts of the fixed schema.
func Sources() []*ast.Source {
	out := make([]*ast.Source, 0, len(sources))
	for _, s := range sources {
		if !s.BuiltIn { // directives of gqlgen itself
			out = append(out, &ast.Source{Name: s.Name, Input: s.Input})
		}
	}
	return out
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
