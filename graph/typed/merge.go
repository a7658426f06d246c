package typed

import (
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"
)

// sourceName is that of the typed part, by which its definitions are known in a merged schema.
const sourceName = "typed.graphqls"

// Merge parses the fixed schema and the typed one as one. Texts are parsed anew each time, since validation changes what it is given; the
// result shares nothing with other schemas.
func Merge(fixed []*ast.Source, typedSDL string) (*ast.Schema, error) {
	sources := append([]*ast.Source{validator.Prelude}, fixed...)
	sources = append(sources, &ast.Source{Name: sourceName, Input: typedSDL})
	doc, err := parser.ParseSchemas(sources...)
	if err != nil {
		return nil, err
	}
	schema, err := validator.ValidateSchemaDocument(doc)
	if err != nil {
		return nil, err
	}
	objectsOnly(schema)
	return schema, nil
}

// objectsOnly drops interfaces from the possible types of interfaces. The validator needs them there and has done with them; introspection
// must not show them (GraphQL, 4.2.2).
func objectsOnly(s *ast.Schema) {
	for name, definitions := range s.PossibleTypes {
		var objects []*ast.Definition
		for _, d := range definitions {
			if d.Kind != ast.Interface {
				objects = append(objects, d)
			}
		}
		s.PossibleTypes[name] = objects
	}
}
