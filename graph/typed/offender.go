package typed

import (
	"errors"
	"strings"

	"github.com/vektah/gqlparser/v2/gqlerror"
)

// Offender is the namespace whose types keep the schema from going together with the fixed one, by the error of Merge; false if the error does
// not tell. sdl is the text that was merged.
func (s *Schema) Offender(sdl string, err error) (namespace string, ok bool) {
	var g *gqlerror.Error
	if list := gqlerror.List(nil); errors.As(err, &list) && len(list) > 0 {
		g = list[0]
	} else if !errors.As(err, &g) {
		return "", false
	}
	if file, _ := g.Extensions["file"].(string); file != sourceName || len(g.Locations) == 0 {
		return "", false
	}
	lines := strings.Split(sdl, "\n")
	at := min(g.Locations[0].Line, len(lines)) - 1
	for i := at; i >= 0; i-- {
		words := strings.Fields(lines[i])
		if len(words) < 2 || strings.HasPrefix(lines[i], " ") {
			continue
		}
		switch words[0] {
		case "type", "interface", "input", "enum":
			if t := s.Type(words[1]); t != nil && t.Source != nil {
				return t.Source.NodeID.NamespaceURI, true
			}
			return "", false
		case "extend":
			return s.rootOffender(lines[at])
		}
	}
	return "", false
}

// rootOffender is that of a line of the root types.
func (s *Schema) rootOffender(line string) (namespace string, ok bool) {
	name, _, _ := strings.Cut(strings.TrimSpace(line), "(")
	name, _, _ = strings.Cut(name, ":")
	for _, fields := range [][]*Field{s.Query, s.Mutation, s.Subscription} {
		for _, f := range fields {
			if f.Name == name && f.Source != nil {
				return f.Source.NodeID.NamespaceURI, true
			}
		}
	}
	return "", false
}
