package graph

import (
	"github.com/shopfloor-iiot/shopfloor/graph/typed"
	"github.com/shopfloor-iiot/shopfloor/model"
)

// EventSchema is what types of events of the plant's own model build on.
func EventSchema() typed.EventSchema {
	s := typed.EventSchema{Interfaces: map[model.ExpandedNodeID]string{}, Objects: map[model.ExpandedNodeID]string{}}
	for id, t := range standardEvents().byID {
		s.Interfaces[model.Expanded(model.NumericID(0, id))] = t.interfaces[0]
	}
	for i := range eventObjects {
		o := &eventObjects[i]
		for _, id := range append([]uint32{o.id}, o.subtypes...) {
			s.Objects[model.Expanded(model.NumericID(0, id))] = o.name
		}
	}
	return s
}
