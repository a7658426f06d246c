package graph

import (
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// maxEventFields bounds what one subscription asks of a server.
const maxEventFields = 500

// eventSelection makes select clauses (Part 4, 7.7.4.5) of what is selected of events.
type eventSelection struct {
	op      *graphql.OperationContext
	plants  *plantEvents
	vendor  model.ExpandedNodeID // the type of fields that the standard does not have
	clauses []model.SelectClause
	names   map[string]bool
	asked   map[string]bool // fields of the plant's types
}

// eventClauses are the select clauses of the selections of a list of events. vendor is the type whose fields are those that are asked for by names that
// the standard does not have.
func eventClauses(op *graphql.OperationContext, sets []ast.SelectionSet, vendor model.ExpandedNodeID) ([]model.SelectClause, error) {
	s := &eventSelection{op: op, plants: plantEventsOf(op), vendor: vendor, names: map[string]bool{}, asked: map[string]bool{}}
	s.standard("EventId", idBaseEventType) // which each event is known by
	s.standard("EventType", idBaseEventType)
	for _, set := range sets {
		s.selections(set, standardEvents().byName["Event"])
	}
	if len(s.clauses) > maxEventFields {
		return nil, fieldError("events", "%d fields of events are selected, which is more than %d; select fewer", len(s.clauses), maxEventFields)
	}
	return s.clauses, nil
}

// selections adds what is selected of an event that is seen as a type.
func (s *eventSelection) selections(set ast.SelectionSet, t *eventObjectType) {
	for _, sel := range set {
		switch sel := sel.(type) {
		case *ast.Field:
			s.field(sel, t)
		case *ast.InlineFragment:
			s.selections(sel.SelectionSet, s.narrowed(sel.TypeCondition, t))
		case *ast.FragmentSpread:
			s.selections(sel.Definition.SelectionSet, s.narrowed(sel.Definition.TypeCondition, t))
		}
	}
}

// narrowed is the type of a fragment. One that is none of events leaves t.
func (s *eventSelection) narrowed(condition string, t *eventObjectType) *eventObjectType {
	if other := s.plants.named(condition); other != nil {
		return other
	}
	return t
}

// baseClauses are the fields of events that the fields of the interface Event come from.
var baseClauses = map[string]struct {
	name string
	by   uint32
}{
	"sourceNode": {"SourceNode", idBaseEventType}, "sourceName": {"SourceName", idBaseEventType}, "time": {"Time", idBaseEventType},
	"receiveTime": {"ReceiveTime", idBaseEventType}, "message": {"Message", idBaseEventType}, "severity": {"Severity", idBaseEventType},
	"conditionId": {"ConditionId", idConditionType}, "branchId": {"BranchId", idConditionType}, "retain": {"Retain", idConditionType},
}

func (s *eventSelection) field(f *ast.Field, t *eventObjectType) {
	if base, ok := baseClauses[f.Name]; ok {
		s.standard(base.name, base.by)
		return
	}
	if f.Name == "fields" {
		for _, n := range graphql.CoerceList(f.ArgumentMap(s.op.Variables)["names"]) {
			if name, ok := n.(string); ok {
				s.named(name)
			}
		}
		return
	}
	if field, ok := t.fields[f.Name]; ok {
		s.below(eventPath{plant: field.plant != nil}.to(&field), &field, field.declaredBy, f.SelectionSet)
	}
}

// below adds a field of a type, or what is selected of the object that it is.
func (s *eventSelection) below(at eventPath, field *eventObjectField, declaredBy model.ExpandedNodeID, set ast.SelectionSet) {
	if field.object == nil {
		s.value(at, declaredBy)
		return
	}
	for _, sel := range set {
		switch sel := sel.(type) {
		case *ast.Field:
			if below, ok := field.object.fields[sel.Name]; ok {
				s.below(at.to(&below), &below, declaredBy, sel.SelectionSet)
			}
		case *ast.InlineFragment:
			s.below(at, field, declaredBy, sel.SelectionSet)
		case *ast.FragmentSpread:
			s.below(at, field, declaredBy, sel.Definition.SelectionSet)
		}
	}
}

// value adds a value. Those of the plant's types have their plain names, unless another field has that; servers that do not have the type or the
// field do not send it.
func (s *eventSelection) value(at eventPath, declaredBy model.ExpandedNodeID) {
	if !at.plant {
		s.add(at.plain, at.names, declaredBy)
		return
	}
	key := declaredBy.String() + " " + at.exact
	if s.asked[key] {
		return
	}
	s.asked[key] = true
	name := at.plain
	if at.namesake || s.names[name] {
		name = at.exact
	}
	if !s.names[name] {
		s.names[name] = true
		s.clauses = append(s.clauses, model.SelectClause{Name: name, TypeDefinition: declaredBy, BrowsePath: at.names, Optional: true})
	}
}

// standard adds a field of a standard type.
func (s *eventSelection) standard(name string, by uint32) {
	if name == "ConditionId" {
		if !s.names[name] {
			s.names[name] = true
			s.clauses = append(s.clauses, model.SelectClause{Name: name, TypeDefinition: model.Expanded(model.NumericID(0, by)), Attribute: model.AttributeNodeID})
		}
		return
	}
	s.add(name, []string{name}, model.Expanded(model.NumericID(0, by)))
}

// named adds a field that is asked for by its name.
func (s *eventSelection) named(name string) {
	path := splitEventField(name)
	if len(path) == 0 {
		return
	}
	if name == "ConditionId" {
		s.standard(name, idConditionType)
		return
	}
	by := s.vendor
	if standard, ok := standardEvents().declaredBy[path[0]]; ok {
		by = standard
	}
	s.add(name, path, by)
}

func (s *eventSelection) add(name string, path []string, by model.ExpandedNodeID) {
	if !s.names[name] {
		s.names[name] = true
		s.clauses = append(s.clauses, model.SelectClause{Name: name, TypeDefinition: by, BrowsePath: path})
	}
}

// splitEventField splits the browse names of a field at "/". One with the URI of its namespace, "nsu=http://acme.com/UA/;Cycle", is whole.
func splitEventField(name string) (path []string) {
	for name != "" {
		at := strings.IndexByte(name, '/')
		if strings.HasPrefix(name, "nsu=") {
			if end := strings.IndexByte(name, ';'); end >= 0 {
				if at = strings.IndexByte(name[end:], '/'); at >= 0 {
					at += end
				}
			}
		}
		if at < 0 {
			return append(path, name)
		}
		if at > 0 {
			path = append(path, name[:at])
		}
		name = name[at+1:]
	}
	return path
}
