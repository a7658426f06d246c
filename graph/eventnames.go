package graph

import (
	"slices"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// eventTypes are the types of a filter: nodes, and names of the schema's types, at most bound together. With their subtypes none stand for all.
func (r *Resolver) eventTypes(nodes []model.ExpandedNodeID, names []string, bound int, subtypes bool) ([]model.ExpandedNodeID, error) {
	if err := checkCount("filter.eventTypes", len(nodes)+len(names), bound); err != nil {
		return nil, err
	}
	types := slices.Clone(nodes)
	plants := r.plantEvents.Load()
	for _, name := range names {
		t := plants.named(name)
		if t == nil {
			return nil, fieldError("filter.typeNames", "%q is no type of events; take a name from the possible types of Event in the schema", name)
		}
		types = append(types, t.id)
	}
	if subtypes && len(types) > 0 {
		types = r.hierarchy.withSubtypes(types)
	}
	return types, nil
}
