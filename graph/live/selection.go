package live

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
)

// SelectionKey is the same for fields that select the same below them, under the same name. Their own arguments are not in it.
func SelectionKey(op *graphql.OperationContext, f *graphql.CollectedField) string {
	k := selectionWriter{fragments: map[string]bool{}, variables: map[string]bool{}}
	k.b.WriteString(f.Alias)
	k.set(f.Selections)
	for _, name := range slices.Sorted(maps.Keys(k.variables)) {
		text, _ := json.Marshal(op.Variables[name]) // it came as JSON
		k.b.WriteString("$" + name + "=")
		k.b.Write(text)
	}
	return k.b.String()
}

// selectionWriter writes selections in one form.
type selectionWriter struct {
	b         strings.Builder
	variables map[string]bool // that selections depend on
	fragments map[string]bool // that are written already
}

func (k *selectionWriter) set(set ast.SelectionSet) {
	k.b.WriteByte('{')
	for _, s := range set {
		switch s := s.(type) {
		case *ast.Field:
			k.b.WriteString(s.Alias + ":" + s.Name)
			k.arguments(s.Arguments)
			k.directives(s.Directives)
			if len(s.SelectionSet) > 0 {
				k.set(s.SelectionSet)
			}
		case *ast.InlineFragment:
			k.b.WriteString("..." + s.TypeCondition)
			k.directives(s.Directives)
			k.set(s.SelectionSet)
		case *ast.FragmentSpread:
			k.b.WriteString("..." + s.Name)
			k.directives(s.Directives)
			if !k.fragments[s.Name] {
				k.fragments[s.Name] = true
				k.b.WriteString(s.Definition.TypeCondition)
				k.set(s.Definition.SelectionSet)
			}
		}
		k.b.WriteByte(' ')
	}
	k.b.WriteByte('}')
}

func (k *selectionWriter) directives(list ast.DirectiveList) {
	for _, d := range list {
		k.b.WriteString("@" + d.Name)
		k.arguments(d.Arguments)
	}
}

func (k *selectionWriter) arguments(list ast.ArgumentList) {
	for _, a := range list {
		k.b.WriteString("(" + a.Name + ":" + a.Value.String() + ")")
		k.value(a.Value)
	}
}

// value notes the variables in a value.
func (k *selectionWriter) value(v *ast.Value) {
	if v.Kind == ast.Variable {
		k.variables[v.Raw] = true
	}
	for _, c := range v.Children {
		k.value(c.Value)
	}
}
