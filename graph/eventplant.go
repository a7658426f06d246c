package graph

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/shopfloor-iiot/shopfloor/graph/typed"
	"github.com/shopfloor-iiot/shopfloor/model"
)

// plantEvents are the types of events of the plant's own model, as one schema has them; nil for a schema without. They are read-only when they are made.
//
// An event is shown as an object of one of them only where the query has a fragment for one: clients that do not ask for types of the plant
// see no difference when these come and go.
type plantEvents struct {
	byID   map[model.ExpandedNodeID]*eventObjectType
	byName map[string]*eventObjectType // of objects and of interfaces
	values *typed.Executable           // converts values
}

// newPlantEvents makes them of a schema, which x runs.
func newPlantEvents(s *typed.Schema, x *typed.Executable) *plantEvents {
	p := &plantEvents{byID: map[model.ExpandedNodeID]*eventObjectType{}, byName: map[string]*eventObjectType{}, values: x}
	for _, e := range s.EventTypes() {
		t := &eventObjectType{id: e.NodeID, browseName: e.Object.Source.BrowseName.Name, name: e.Object.Name, interfaces: e.Object.Implements, fields: map[string]eventObjectField{}}
		up := p.find(e.Super)
		for name, f := range up.fields {
			t.fields[name] = f
		}
		p.addFields(t, s, e.Object.Fields)
		p.byID[e.NodeID], p.byName[e.Object.Name], p.byName[e.Interface.Name] = t, t, t
	}
	return p
}

// addFields adds the plant's own fields of a type, or of an object within its events.
func (p *plantEvents) addFields(t *eventObjectType, s *typed.Schema, fields []*typed.Field) {
	for _, f := range fields {
		if f.Role != typed.RoleEvent {
			continue
		}
		field := eventObjectField{plant: f, declaredBy: f.Source.NodeID, object: standardEvents().objects[f.Type.Name]}
		if f.Key.Name != "" {
			field.names = []string{browseNameOf(f.Key)}
		}
		if below := s.Type(f.Type.Name); below != nil && below.OfEvents() {
			field.object = &eventObjectType{name: below.Name, fields: map[string]eventObjectField{}}
			p.addFields(field.object, s, below.Fields)
		}
		t.fields[f.Name] = field
	}
}

// find is the type of a node, of the plant or of the standard; nil for one that the schema does not have.
func (p *plantEvents) find(id model.ExpandedNodeID) *eventObjectType {
	if p != nil && p.byID[id] != nil {
		return p.byID[id]
	}
	return standardEvents().find(id)
}

// typeName is the browse name of a type, of the plant or of the standard; empty for one that is not known.
func (p *plantEvents) typeName(id model.ExpandedNodeID) string {
	if p != nil && p.byID[id] != nil {
		return p.byID[id].browseName
	}
	return model.EventTypeName(id)
}

// named is the type of an object or an interface, of the plant or of the standard; nil for another one.
func (p *plantEvents) named(name string) *eventObjectType {
	if p != nil && p.byName[name] != nil {
		return p.byName[name]
	}
	return standardEvents().byName[name]
}

// asked tells whether a selection has a fragment for one of the types.
func (p *plantEvents) asked(set ast.SelectionSet) bool {
	for _, s := range set {
		var condition string
		var below ast.SelectionSet
		switch s := s.(type) {
		case *ast.InlineFragment:
			condition, below = s.TypeCondition, s.SelectionSet
		case *ast.FragmentSpread:
			condition, below = s.Definition.TypeCondition, s.Definition.SelectionSet
		default:
			continue
		}
		if p.byName[condition] != nil || p.asked(below) {
			return true
		}
	}
	return false
}

// plantEventsOf are those of the schema that an operation runs on.
func plantEventsOf(op *graphql.OperationContext) *plantEvents {
	if s, ok := op.Stats.GetExtension(snapshotKey).(*snapshot); ok {
		return s.events
	}
	return nil
}

// askedPlantEvents are those of the schema, if what is asked of the context's field has a fragment for one.
func askedPlantEvents(ctx context.Context) *plantEvents {
	f := graphql.GetFieldContext(ctx)
	if f == nil || !graphql.HasOperationContext(ctx) {
		return nil
	}
	if p := plantEventsOf(graphql.GetOperationContext(ctx)); p != nil && p.asked(f.Field.Selections) {
		return p
	}
	return nil
}
