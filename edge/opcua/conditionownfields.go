package opcua

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// The bounds of what is kept of conditions besides the fields of the standard: what is beyond is left out.
const (
	maxOwnConditionTypes  = 500
	maxOwnConditionFields = 300
)

// ownConditionFields selects what the types of conditions of companion specifications, and of the server's vendor, declare.
func (s *session) ownConditionFields(ctx context.Context) ([]attributeOperand, error) {
	types, supers, err := s.ownConditionTypes(ctx)
	if err != nil || len(types) == 0 {
		return nil, err
	}
	declared := map[model.NodeID]map[string]bool{} // by types, what they declare
	t := &eventType{}
	err = s.declarations(ctx, t, types, func(by model.NodeID, path []model.QualifiedName) bool {
		if declared[by] == nil {
			declared[by] = map[string]bool{}
		}
		declared[by][fmt.Sprint(path)] = true
		return true
	})
	if err != nil && !errors.Is(err, model.StatusBadTooManyOperations) { // more than there is room for
		return nil, fmt.Errorf("types of conditions: %w", err)
	}
	inherited := func(f *eventField) bool {
		by, _ := s.namespaces.Resolve(f.declaredBy) // which made it
		for up, ok := supers[by]; ok; up, ok = supers[up] {
			if declared[up][fmt.Sprint(f.path)] {
				return true
			}
		}
		return slices.Contains(conditionFields, f.name()) && f.path[0].Namespace == 0
	}
	var out []attributeOperand
	names := map[string]string{} // the exact names of plain ones
	for i := range t.fields {
		f := &t.fields[i]
		if inherited(f) || len(out) == maxOwnConditionFields {
			continue
		}
		exact := f.exactName()
		name := f.name()
		if other, taken := names[name]; slices.Contains(conditionFields, name) || taken && other != exact {
			name = exact
		} else {
			names[name] = exact
		}
		out = append(out, attributeOperand{name: name, typeDefinition: f.declaredBy, attribute: model.AttributeValue, path: f.path})
	}
	return out, nil
}

// ownConditionTypes are the subtypes of ConditionType that are not of the standard, with the supertypes of those.
func (s *session) ownConditionTypes(ctx context.Context) (own []model.NodeID, supers map[model.NodeID]model.NodeID, err error) {
	supers = map[model.NodeID]model.NodeID{}
	level := []model.NodeID{conditionType.NodeID}
	for depth := 0; len(level) > 0 && depth < maxTypeDepth; depth++ {
		found, err := s.browse(ctx, forward(level, idHasSubtype), maxChildren)
		if err != nil {
			return nil, nil, fmt.Errorf("browse types of conditions: %w", err)
		}
		var next []model.NodeID
		for i, f := range found {
			for _, r := range f.references {
				local := s.local(r.NodeID)
				if local == nil {
					continue
				}
				id := nodeID(local)
				if _, known := supers[id]; known || len(supers) == maxOwnConditionTypes {
					continue
				}
				supers[id] = level[i]
				next = append(next, id)
				if id.Namespace() != 0 {
					own = append(own, id)
				}
			}
		}
		level = next
	}
	return own, supers, nil
}

// exactName is the path's names with their namespaces, joined: "nsu=urn:acme;Batch".
func (f *eventField) exactName() string {
	names := make([]string, len(f.path))
	for i, q := range f.path {
		names[i] = q.Name
		if q.NamespaceURI != "" {
			names[i] = "nsu=" + q.NamespaceURI + ";" + q.Name
		}
	}
	return strings.Join(names, "/")
}
