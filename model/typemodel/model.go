package typemodel

import (
	"iter"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// Model is a set of types.
type Model struct {
	types map[model.ExpandedNodeID]*Type
	// ordered are the types in the order of their ids.
	ordered []*Type
	// Skipped counts what was left out.
	Skipped Skipped
}

// Skipped counts what could not become a part of a model.
type Skipped struct {
	// Duplicates are nodes of an id that was there already.
	Duplicates int
	// Cycles are supertypes and declarations that lead back to themselves.
	Cycles int
	// Deep are declarations and supertypes beyond MaxDepth, MaxMembers and MaxInheritance.
	Deep int
	// Untyped are declarations whose type definition is not there.
	Untyped int
}

// Type is an ObjectType, a VariableType or a DataType.
type Type struct {
	*model.Node
	// Super is the supertype; nil for the base types, and for types whose supertype is not there.
	Super *Type
	// Subtypes are the direct ones.
	Subtypes []*Type
	// Interfaces are those of its HasInterface references (Part 3, 4.10.2).
	Interfaces []*Type
	// Members are its own instance declarations, by name; not those that it inherits.
	Members []*Member
}

// Member is an instance declaration: what an instance of a type has below it (Part 3, 6.2.5).
type Member struct {
	*model.Node
	Rule Rule
	// Type is the type definition of objects and variables; nil where it is not there.
	Type *Type
	// Property means a HasProperty reference or a PropertyType.
	Property bool
	// Members are the declarations below it beyond those of Type, by name.
	Members []*Member
	// Input and Output are the arguments of a method.
	Input, Output []model.ArgumentDescription
}

// Rule is a modelling rule (Part 3, 6.4.4).
type Rule uint8

// The modelling rules.
const (
	Mandatory Rule = iota
	Optional
	MandatoryPlaceholder
	OptionalPlaceholder
	ExposesItsArray
)

// Placeholder tells that the declaration stands for any number of instances of any name.
func (r Rule) Placeholder() bool { return r >= MandatoryPlaceholder }

// Type returns the type of that id, nil if there is none.
func (m *Model) Type(id model.ExpandedNodeID) *Type { return m.types[id] }

// Types returns the types of a class in the order of their ids.
func (m *Model) Types(class model.NodeClass) iter.Seq[*Type] {
	return func(yield func(*Type) bool) {
		for _, t := range m.ordered {
			if t.Class == class && !yield(t) {
				return
			}
		}
	}
}

// Len is the number of types.
func (m *Model) Len() int { return len(m.ordered) }

// IsA tells whether t is the type of that id or one of its subtypes.
func (t *Type) IsA(id model.ExpandedNodeID) bool {
	for ; t != nil; t = t.Super {
		if t.NodeID == id {
			return true
		}
	}
	return false
}

// Ancestors returns t, its supertype and so on.
func (t *Type) Ancestors() iter.Seq[*Type] {
	return func(yield func(*Type) bool) {
		for ; t != nil; t = t.Super {
			if !yield(t) {
				return
			}
		}
	}
}

// Fields are the fields of a structure with those that it inherits, or the values of an enumeration, or the bits of an option set.
func (t *Type) Fields() []model.DefinitionField {
	var out []model.DefinitionField
	structure := t.IsA(Structure)
	for up := range t.Ancestors() {
		switch {
		case up.Definition == nil:
		case !structure:
			return up.Definition.Fields
		case up.Definition.Kind == model.DefinesStructure:
			out = append(append([]model.DefinitionField{}, up.Definition.Fields...), out...)
		}
	}
	return out
}

// key is what a declaration overrides another one by: its browse name (Part 3, 6.3.3.3).
func (m *Member) key() model.QualifiedName { return m.BrowseName }
