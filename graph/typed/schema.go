package typed

import (
	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/typemodel"
)

// Schema is the typed part of a GraphQL schema. It is read-only when it is made.
type Schema struct {
	// Types are in the order of their names.
	Types []*Type
	// Query, Mutation and Subscription are the fields that are added to the fixed root types.
	Query, Mutation, Subscription []*Field
	// Names has those that were given, the ones from before among them.
	Names *Names
	Stats Stats

	byName map[string]*Type
	model  *typemodel.Model
	events []*EventType
}

// Stats counts what became of a model.
type Stats struct {
	Interfaces, Objects, Inputs, Enums int
	Query, Mutation, Subscription      int
	// Collisions are names that were taken and got an addition.
	Collisions int
	// Kept are declarations that a subtype redeclares with a type that GraphQL does not let it narrow to: they keep the supertype's.
	Kept int
	// Conflicts are fields that two lines of descent declare with types that do not go together: the first one stays and the type does
	// not implement the other line.
	Conflicts int
}

// Type returns the type of that name, nil if there is none.
func (s *Schema) Type(name string) *Type { return s.byName[name] }

// Kind tells GraphQL's types apart.
type Kind uint8

// The kinds of types that are generated.
const (
	Object Kind = iota
	Interface
	Input
	OneOf // an input of which exactly one field is given
	Enum
)

// Type is one type of GraphQL.
type Type struct {
	Name        string
	Kind        Kind
	Description string
	// Implements are all interfaces, those of interfaces with them.
	Implements []string
	Fields     []*Field
	Values     []EnumValue
	// Source is the OPC UA type that it stands for; nil for what belongs to a method or a declaration.
	Source *typemodel.Type
	// Object is, of an interface of objects, the object of that type itself.
	Object *Type
	// Declaration is the instance declaration whose type it is, if it is one of its own.
	Declaration *typemodel.Member
	// event tells that it is of events, not of nodes.
	event bool
}

// OfEvents tells that its objects are events, or within them, and not nodes.
func (t *Type) OfEvents() bool { return t.event }

// EnumValue is a value of an enumeration.
type EnumValue struct {
	Name, Description string
	Value             int64
}

// Field is a field of a type or of an input, or an argument.
type Field struct {
	Name        string
	Type        Ref
	Description string
	Args        []*Field
	// Default is that of an argument, as GraphQL.
	Default string

	// Role tells what it is made of.
	Role Role
	// Key is the BrowseName of a member; of a structure's field or an argument the name there.
	Key model.QualifiedName
	// Member is the declaration of RoleMember and RolePlaceholder, and of a method.
	Member *typemodel.Member
	// DataType and ValueRank are those of a value.
	DataType  model.ExpandedNodeID
	ValueRank int32
	// Source is the type that a root field gives instances of, or that a method belongs to.
	Source *typemodel.Type
}

// Role tells what a field is made of.
type Role uint8

// The roles of fields.
const (
	// RoleIdentity are the fields that every node has: id, nodeId, browseName …
	RoleIdentity Role = iota
	// RoleMember is the node below with the BrowseName Key.
	RoleMember
	// RolePlaceholder are the nodes below that the declaration stands for.
	RolePlaceholder
	// RoleValue are the fields of a variable: its value, status and timestamps.
	RoleValue
	// RoleStructure is a field of a structure.
	RoleStructure
	// RoleArgument is an argument of a method.
	RoleArgument
	// RoleEvent is a field of an event: below the event, or the object that it is a field of, with the BrowseName Key; without a Key the object's
	// own value. Source is the type of events that declares it.
	RoleEvent
)

// Ref is a reference to a type: Name, [Name], [Name!], each with ! behind it or not.
type Ref struct {
	Name                       string
	List, ItemNonNull, NonNull bool
}

// String writes it as GraphQL.
func (r Ref) String() string {
	s := r.Name
	if r.List {
		if r.ItemNonNull {
			s += "!"
		}
		s = "[" + s + "]"
	}
	if r.NonNull {
		s += "!"
	}
	return s
}

func named(name string) Ref    { return Ref{Name: name} }
func required(name string) Ref { return Ref{Name: name, NonNull: true} }

// unlisted is the type of the elements.
func (r Ref) unlisted() Ref { return Ref{Name: r.Name, NonNull: r.ItemNonNull} }
