package graph

import (
	_ "embed"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/shopfloor-iiot/shopfloor/graph/typed"
	"github.com/shopfloor-iiot/shopfloor/model"
)

// The types of events that the gateway and the schema look at.
const (
	idBaseEventType      = 2041
	idConditionType      = 2782
	idAlarmConditionType = 2915
)

// eventTypesText is the part of the fixed schema that the tables of event types make. gqlgen does not see it: it would make a function of each field of each
// object, and objects repeat the fields of all of their interfaces.
//
//go:embed eventtypes/eventtypes.graphqls
var eventTypesText string

// eventType is a standard type of events, and the object of the schema that shows it; also an object that fields of events have.
type eventType struct {
	name string // of the object: the BrowseName of the type
	id   uint32
	// super is the name of the supertype, empty for BaseEventType.
	super  string
	about  string
	fields []eventField // that the supertype does not have
	// subtypes are further types that are shown as this one.
	subtypes []uint32
}

// face is the name of the interface that this type's events and those of its subtypes have, of the types of a plant as well.
func (t *eventType) face() string {
	if t.id == idBaseEventType {
		return "Event"
	}
	return strings.TrimSuffix(strings.TrimSuffix(t.name, "Type"), "Event") + "Event"
}

// eventField is a field of events, or of an object within them.
type eventField struct {
	name  string // in GraphQL; empty for the last name of the path, with a small letter
	path  string // browse names joined by "/", below the object
	kind  string // the GraphQL type
	about string
}

func (f *eventField) graphQLName() string {
	if f.name != "" {
		return f.name
	}
	name := f.path[strings.LastIndexByte(f.path, '/')+1:]
	first, size := utf8.DecodeRuneInString(name)
	return string(unicode.ToLower(first)) + name[size:]
}

// eventObjectType is how events of one type, and of its subtypes that have none of their own, are shown: as an object of the schema that implements the
// interface Event.
type eventObjectType struct {
	// id is the node of the type; null for an object within events.
	id model.ExpandedNodeID
	// browseName is that of a type of the plant, name that of the object; interfaces are all that it implements.
	browseName string
	name       string
	interfaces []string
	// fields are those beyond the ones of the interface Event, by their names in GraphQL.
	fields map[string]eventObjectField
}

// eventObjectField is a field of an eventObjectType.
type eventObjectField struct {
	// names are browse names as a select clause has them, below the object: {"ActiveState", "Id"}, {"nsu=urn:acme;Torque"}.
	names []string
	// object is what the field shows if that has fields of its own.
	object *eventObjectType
	// kind is the GraphQL type of a value of the standard types: a scalar, LocalizedText, [LocalizedText!] or StatusCode.
	kind string
	// plant is the field of a type of the plant's own model.
	plant *typed.Field
	// declaredBy is the type that a select clause names.
	declaredBy model.ExpandedNodeID
}

// satisfies are the names of types whose fragments fit the object.
func (t *eventObjectType) satisfies() []string { return append([]string{t.name}, t.interfaces...) }

// standardEvents are the event types of the standard, made from the table once.
var standardEvents = sync.OnceValue(func() *eventCatalog {
	c := &eventCatalog{
		byID: map[uint32]*eventObjectType{}, byName: map[string]*eventObjectType{}, objects: map[string]*eventObjectType{},
		declaredBy: map[string]model.ExpandedNodeID{}, supers: map[model.ExpandedNodeID]model.ExpandedNodeID{},
	}
	for _, base := range baseClauses {
		c.declaredBy[base.name] = model.Expanded(model.NumericID(0, base.by))
	}
	for i := range eventObjects {
		o := &eventObjects[i]
		t := &eventObjectType{name: o.name, fields: map[string]eventObjectField{}}
		for j := range o.fields {
			t.fields[o.fields[j].graphQLName()] = c.field(&o.fields[j], model.ExpandedNodeID{})
		}
		c.objects[o.name] = t
	}
	for i := range standardEventTypes {
		c.add(&standardEventTypes[i])
	}
	return c
})

// eventCatalog finds the event types of the standard.
type eventCatalog struct {
	byID    map[uint32]*eventObjectType
	byName  map[string]*eventObjectType // of objects and of interfaces
	objects map[string]*eventObjectType
	// declaredBy is the type that declares a field, by the first name of its path.
	declaredBy map[string]model.ExpandedNodeID
	// supers are the supertypes of types.
	supers map[model.ExpandedNodeID]model.ExpandedNodeID
}

// field is a field of a table. Objects of its kind are there already.
func (c *eventCatalog) field(f *eventField, by model.ExpandedNodeID) eventObjectField {
	return eventObjectField{names: splitEventField(f.path), object: c.objects[f.kind], kind: f.kind, declaredBy: by}
}

// add adds a type, whose supertype is there already.
func (c *eventCatalog) add(in *eventType) {
	by := model.Expanded(model.NumericID(0, in.id))
	t := &eventObjectType{id: by, name: in.name, interfaces: []string{in.face()}, fields: map[string]eventObjectField{}}
	c.byName[in.face()] = t
	if up := c.byName[in.super]; up != nil {
		c.supers[by] = up.id
		t.interfaces = append(t.interfaces, up.interfaces...)
		for name, f := range up.fields {
			t.fields[name] = f
		}
	}
	for i := range in.fields {
		f := &in.fields[i]
		t.fields[f.graphQLName()] = c.field(f, by)
		if _, ok := c.declaredBy[f.path]; !ok {
			c.declaredBy[f.path] = by
		}
	}
	c.byName[in.name] = t
	c.byID[in.id] = t
	for _, id := range in.subtypes {
		c.byID[id] = t
		c.supers[model.Expanded(model.NumericID(0, id))] = by
	}
}

// find is the type of a node, nil for one that is not of the standard.
func (c *eventCatalog) find(id model.ExpandedNodeID) *eventObjectType {
	if id.NamespaceURI != "" || id.ServerIndex != 0 || id.Namespace() != 0 || id.Type() != model.IDNumeric {
		return nil
	}
	return c.byID[id.Numeric()]
}
