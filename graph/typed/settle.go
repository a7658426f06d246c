package typed

import "slices"

// settle takes interfaces from types that do not have their fields as GraphQL wants them: two lines of descent of a vendor's model can
// declare what does not go together. A type loses, with an interface, all that build on it.
func (g *generator) settle() {
	for changed := true; changed; {
		changed = false
		for _, t := range g.out.Types {
			for _, name := range t.Implements {
				if i := g.out.byName[name]; i == nil || g.satisfies(t, i) {
					continue
				}
				g.out.Stats.Conflicts++
				t.Implements = slices.DeleteFunc(slices.Clone(t.Implements), func(other string) bool {
					return other == name || g.out.byName[other] != nil && slices.Contains(g.out.byName[other].Implements, name)
				})
				changed = true
				break
			}
		}
	}
}

// satisfies tells whether t has the fields of i, and implements what i implements (GraphQL, 3.6 and 3.7).
func (g *generator) satisfies(t, i *Type) bool {
	for _, up := range i.Implements {
		if !slices.Contains(t.Implements, up) {
			return false
		}
	}
	for _, want := range i.Fields {
		j := slices.IndexFunc(t.Fields, func(f *Field) bool { return f.Name == want.Name })
		if j < 0 || t.Fields[j].Type != want.Type && !g.narrows(want.Type, t.Fields[j].Type) {
			return false
		}
	}
	return true
}
