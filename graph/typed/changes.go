package typed

import (
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// Changes are what a schema has that the one before had not, and the other way round.
type Changes struct {
	// Added and Removed are types, fields, arguments and values by their coordinates: "DI_DeviceType", "DI_DeviceType.SerialNumber",
	// "Query.DI_DeviceType(first:)", in order. Those of a type that came or went as a whole are not listed beside it.
	Added, Removed []string
	// Breaking are changes that may make operations fail that were valid; Dangerous are those that may change what valid ones get.
	Breaking, Dangerous []Difference
}

// Difference is one change that clients may notice, told as graphql-js does.
type Difference struct {
	Kind DifferenceKind
	// Coordinate is what changed: "DI_DeviceType.SerialNumber".
	Coordinate  string
	Description string
}

// DifferenceKind tells differences apart. The names are those of graphql-js.
type DifferenceKind string

// The kinds of differences: those that break, then those that are dangerous.
const (
	TypeRemoved                 DifferenceKind = "TYPE_REMOVED"
	TypeChangedKind             DifferenceKind = "TYPE_CHANGED_KIND"
	TypeRemovedFromUnion        DifferenceKind = "TYPE_REMOVED_FROM_UNION"
	ValueRemovedFromEnum        DifferenceKind = "VALUE_REMOVED_FROM_ENUM"
	RequiredInputFieldAdded     DifferenceKind = "REQUIRED_INPUT_FIELD_ADDED"
	ImplementedInterfaceRemoved DifferenceKind = "IMPLEMENTED_INTERFACE_REMOVED"
	FieldRemoved                DifferenceKind = "FIELD_REMOVED"
	FieldChangedKind            DifferenceKind = "FIELD_CHANGED_KIND"
	RequiredArgAdded            DifferenceKind = "REQUIRED_ARG_ADDED"
	ArgRemoved                  DifferenceKind = "ARG_REMOVED"
	ArgChangedKind              DifferenceKind = "ARG_CHANGED_KIND"

	ValueAddedToEnum          DifferenceKind = "VALUE_ADDED_TO_ENUM"
	TypeAddedToUnion          DifferenceKind = "TYPE_ADDED_TO_UNION"
	OptionalInputFieldAdded   DifferenceKind = "OPTIONAL_INPUT_FIELD_ADDED"
	OptionalArgAdded          DifferenceKind = "OPTIONAL_ARG_ADDED"
	ImplementedInterfaceAdded DifferenceKind = "IMPLEMENTED_INTERFACE_ADDED"
	ArgDefaultValueChange     DifferenceKind = "ARG_DEFAULT_VALUE_CHANGE"
)

// Compare tells what changed from one schema to the next. Directives are the same in all schemas of one program and are not looked at.
func Compare(before, after *ast.Schema) *Changes {
	c := &Changes{}
	for _, name := range sortedTypes(before) {
		was, is := before.Types[name], after.Types[name]
		switch {
		case is == nil:
			c.removed(TypeRemoved, name, name+" was removed.")
		case is.Kind != was.Kind:
			c.breaks(TypeChangedKind, name, name+" changed from "+kindNames[was.Kind]+" to "+kindNames[is.Kind]+".")
		default:
			c.compareType(was, is)
		}
	}
	for _, name := range sortedTypes(after) {
		if before.Types[name] == nil {
			c.Added = append(c.Added, name)
		}
	}
	return c
}

func sortedTypes(s *ast.Schema) []string {
	names := make([]string, 0, len(s.Types))
	for name := range s.Types {
		if !strings.HasPrefix(name, "__") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

var kindNames = map[ast.DefinitionKind]string{
	ast.Scalar: "a Scalar type", ast.Object: "an Object type", ast.Interface: "an Interface type", ast.Union: "a Union type", ast.Enum: "an Enum type", ast.InputObject: "an Input type",
}

func (c *Changes) breaks(kind DifferenceKind, coordinate, description string) {
	c.Breaking = append(c.Breaking, Difference{kind, coordinate, description})
}

func (c *Changes) endangers(kind DifferenceKind, coordinate, description string) {
	c.Dangerous = append(c.Dangerous, Difference{kind, coordinate, description})
}

func (c *Changes) removed(kind DifferenceKind, coordinate, description string) {
	c.Removed = append(c.Removed, coordinate)
	c.breaks(kind, coordinate, description)
}

// added notes a part; dangerous is empty for one that no client notices.
func (c *Changes) added(dangerous DifferenceKind, coordinate, description string) {
	c.Added = append(c.Added, coordinate)
	if dangerous != "" {
		c.endangers(dangerous, coordinate, description)
	}
}

func (c *Changes) compareType(was, is *ast.Definition) {
	switch was.Kind {
	case ast.Enum:
		c.compareValues(was, is)
	case ast.Union:
		c.compareNames(was.Types, is.Types, func(name string) {
			c.breaks(TypeRemovedFromUnion, was.Name, name+" was removed from union type "+was.Name+".")
		}, func(name string) {
			c.endangers(TypeAddedToUnion, was.Name, name+" was added to union type "+was.Name+".")
		})
	case ast.InputObject:
		c.compareInput(was, is)
	case ast.Object, ast.Interface:
		c.compareNames(was.Interfaces, is.Interfaces, func(name string) {
			c.breaks(ImplementedInterfaceRemoved, was.Name, was.Name+" no longer implements interface "+name+".")
		}, func(name string) {
			c.endangers(ImplementedInterfaceAdded, was.Name, name+" added to interfaces implemented by "+was.Name+".")
		})
		c.compareFields(was, is)
	}
}

func (c *Changes) compareNames(was, is []string, gone, came func(string)) {
	for _, name := range was {
		if !slices.Contains(is, name) {
			gone(name)
		}
	}
	for _, name := range is {
		if !slices.Contains(was, name) {
			came(name)
		}
	}
}

func (c *Changes) compareValues(was, is *ast.Definition) {
	for _, v := range was.EnumValues {
		if is.EnumValues.ForName(v.Name) == nil {
			c.removed(ValueRemovedFromEnum, was.Name+"."+v.Name, v.Name+" was removed from enum type "+was.Name+".")
		}
	}
	for _, v := range is.EnumValues {
		if was.EnumValues.ForName(v.Name) == nil {
			c.added(ValueAddedToEnum, was.Name+"."+v.Name, v.Name+" was added to enum type "+was.Name+".")
		}
	}
}

// isRequired tells whether a client must give an argument, or a field of an input.
func isRequired(t *ast.Type, byDefault *ast.Value) bool { return t.NonNull && byDefault == nil }

func (c *Changes) compareInput(was, is *ast.Definition) {
	before, after := fieldsByName(was), fieldsByName(is)
	for _, f := range was.Fields {
		at, now := was.Name+"."+f.Name, after[f.Name]
		switch {
		case now == nil:
			c.removed(FieldRemoved, at, at+" was removed.")
		case !safeInput(f.Type, now.Type):
			c.breaks(FieldChangedKind, at, at+" changed type from "+f.Type.String()+" to "+now.Type.String()+".")
		}
	}
	for _, f := range is.Fields {
		at := was.Name + "." + f.Name
		switch {
		case before[f.Name] != nil:
		case isRequired(f.Type, f.DefaultValue):
			c.added("", at, "")
			c.breaks(RequiredInputFieldAdded, at, "A required field "+f.Name+" on input type "+was.Name+" was added.")
		default:
			c.added(OptionalInputFieldAdded, at, "An optional field "+f.Name+" on input type "+was.Name+" was added.")
		}
	}
}

func (c *Changes) compareFields(was, is *ast.Definition) {
	before, after := fieldsByName(was), fieldsByName(is)
	for _, f := range was.Fields {
		at, now := was.Name+"."+f.Name, after[f.Name]
		switch {
		case strings.HasPrefix(f.Name, "__"):
		case now == nil:
			c.removed(FieldRemoved, at, at+" was removed.")
		default:
			c.compareArguments(at, f.Arguments, now.Arguments)
			if !safeOutput(f.Type, now.Type) {
				c.breaks(FieldChangedKind, at, at+" changed type from "+f.Type.String()+" to "+now.Type.String()+".")
			}
		}
	}
	for _, f := range is.Fields {
		if before[f.Name] == nil && !strings.HasPrefix(f.Name, "__") {
			c.added("", was.Name+"."+f.Name, "")
		}
	}
}

// fieldsByName is for types that have thousands of fields: the root types.
func fieldsByName(d *ast.Definition) map[string]*ast.FieldDefinition {
	m := make(map[string]*ast.FieldDefinition, len(d.Fields))
	for _, f := range d.Fields {
		m[f.Name] = f
	}
	return m
}

func (c *Changes) compareArguments(field string, was, is ast.ArgumentDefinitionList) {
	for _, a := range was {
		at, now := field+"("+a.Name+":)", is.ForName(a.Name)
		switch {
		case now == nil:
			c.removed(ArgRemoved, at, field+" arg "+a.Name+" was removed.")
		case !safeInput(a.Type, now.Type):
			c.breaks(ArgChangedKind, at, field+" arg "+a.Name+" has changed type from "+a.Type.String()+" to "+now.Type.String()+".")
		case a.DefaultValue != nil && now.DefaultValue == nil:
			c.endangers(ArgDefaultValueChange, at, field+" arg "+a.Name+" defaultValue was removed.")
		case a.DefaultValue != nil && a.DefaultValue.String() != now.DefaultValue.String():
			c.endangers(ArgDefaultValueChange, at, field+" arg "+a.Name+" has changed defaultValue from "+a.DefaultValue.String()+" to "+now.DefaultValue.String()+".")
		}
	}
	for _, a := range is {
		at := field + "(" + a.Name + ":)"
		switch {
		case was.ForName(a.Name) != nil:
		case isRequired(a.Type, a.DefaultValue):
			c.added("", at, "")
			c.breaks(RequiredArgAdded, at, "A required arg "+a.Name+" on "+field+" was added.")
		default:
			c.added(OptionalArgAdded, at, "An optional arg "+a.Name+" on "+field+" was added.")
		}
	}
}

// nullable is a non-null type without its "!".
func nullable(t *ast.Type) *ast.Type {
	c := *t
	c.NonNull = false
	return &c
}

// safeOutput tells whether whoever takes values of one type can take those of the other: the same, or more surely there.
func safeOutput(was, is *ast.Type) bool {
	switch {
	case was.NonNull:
		return is.NonNull && safeOutput(nullable(was), nullable(is))
	case is.NonNull:
		return safeOutput(was, nullable(is))
	case was.Elem != nil:
		return is.Elem != nil && safeOutput(was.Elem, is.Elem)
	}
	return is.Elem == nil && is.NamedType == was.NamedType
}

// safeInput tells whether what was given for one type can be given for the other.
func safeInput(was, is *ast.Type) bool {
	switch {
	case was.NonNull:
		return safeInput(nullable(was), nullable(is))
	case is.NonNull:
		return false
	case was.Elem != nil:
		return is.Elem != nil && safeInput(was.Elem, is.Elem)
	}
	return is.Elem == nil && is.NamedType == was.NamedType
}
