package graph

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/shopfloor-iiot/shopfloor/model"
)

const (
	// maxKnownEventTypes bounds the types that are remembered; maxTypeSteps is how far up a type is followed.
	maxKnownEventTypes = 10_000
	maxTypeSteps       = 20
	// hierarchyAge is for how long a type is known, hierarchyRetry after a failure; hierarchyTimeout bounds the look-up.
	hierarchyAge     = time.Hour
	hierarchyRetry   = time.Minute
	hierarchyTimeout = 5 * time.Second
)

var (
	hasSubtype      = model.Expanded(model.NumericID(0, 45))
	baseEventTypeID = model.Expanded(model.NumericID(0, idBaseEventType))
)

// eventHierarchy remembers what the types of servers derive from. The zero value is ready.
type eventHierarchy struct {
	mu    sync.Mutex
	known map[eventTypeKey]*derivedType
	// supers are the supertypes of types that schemas have, or had.
	supers map[model.ExpandedNodeID]model.ExpandedNodeID
}

type eventTypeKey struct {
	server string
	id     model.ExpandedNodeID
}

// derivedType is a look-up that is under way or done.
type derivedType struct {
	done chan struct{}
	// above are the supertypes, the nearest first, up to one that is known otherwise; none when the server does not tell.
	above   []model.ExpandedNodeID
	expires time.Time
}

// showEvent makes an event an object of the schema: of its type, or the nearest supertype that the schema has.
func (r *Resolver) showEvent(ctx context.Context, e *model.Event) *eventObject {
	plants := askedPlantEvents(ctx)
	o := newEventObject(ctx, e, r.eventTypeOf(ctx, e, plants), plants)
	o.typeName = r.plantEvents.Load().typeName(e.EventType)
	return o
}

// eventTypeOf finds the object type of an event. What a schema does not tell of its type's supertypes the server does, and otherwise the event's
// fields.
func (r *Resolver) eventTypeOf(ctx context.Context, e *model.Event, plants *plantEvents) *eventObjectType {
	if t := plants.find(e.EventType); t != nil {
		return t
	}
	if e.EventType.IsNull() {
		return likelyType(e)
	}
	if t := plants.nearest(r.hierarchy.above(e.EventType)); t != nil {
		return t
	}
	if e.Server != "" && asksForType(ctx) {
		for _, id := range r.hierarchy.find(ctx, r, eventTypeKey{e.Server, e.EventType}) {
			if t := plants.find(id); t != nil {
				return t
			}
			if t := plants.nearest(r.hierarchy.above(id)); t != nil {
				return t
			}
		}
	}
	return likelyType(e)
}

// nearest is the first type that the schema has.
func (p *plantEvents) nearest(ids []model.ExpandedNodeID) *eventObjectType {
	for _, id := range ids {
		if t := p.find(id); t != nil {
			return t
		}
	}
	return nil
}

// learn remembers the supertypes of types of a schema. They stay known when the schema has the types no more.
func (h *eventHierarchy) learn(supers map[model.ExpandedNodeID]model.ExpandedNodeID) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.supers == nil || len(h.supers)+len(supers) > maxKnownEventTypes {
		h.supers = map[model.ExpandedNodeID]model.ExpandedNodeID{}
	}
	maps.Copy(h.supers, supers)
}

// above are the supertypes of a type as schemas have them, the nearest first.
func (h *eventHierarchy) above(id model.ExpandedNodeID) (above []model.ExpandedNodeID) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for range maxTypeSteps {
		up, ok := h.supers[id]
		if !ok {
			up, ok = standardEvents().supers[id]
		}
		if !ok {
			break
		}
		above, id = append(above, up), up
	}
	return above
}

// withSubtypes are types with all of their subtypes that schemas have; none for BaseEventType, which all events are of.
func (h *eventHierarchy) withSubtypes(ids []model.ExpandedNodeID) []model.ExpandedNodeID {
	wanted := map[model.ExpandedNodeID]bool{}
	for _, id := range ids {
		if id == baseEventTypeID {
			return nil
		}
		wanted[id] = true
	}
	out := slices.Clone(ids)
	h.mu.Lock()
	candidates := slices.Collect(maps.Keys(h.supers))
	h.mu.Unlock()
	for id := range standardEvents().supers {
		candidates = append(candidates, id)
	}
	for _, id := range candidates {
		if !wanted[id] && slices.ContainsFunc(h.above(id), func(up model.ExpandedNodeID) bool { return wanted[up] }) && !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out
}

// likelyType is the type that an event's fields are known from.
func likelyType(e *model.Event) *eventObjectType {
	name := "BaseEventType"
	if !e.ConditionID.IsNull() {
		name = "ConditionType"
	}
	for i := range e.Fields {
		switch standardName(e.Fields[i].Name) {
		case "ActiveState", "ActiveState/Id":
			return standardEvents().byName["AlarmConditionType"]
		case "AckedState", "AckedState/Id":
			name = "AcknowledgeableConditionType"
		}
	}
	return standardEvents().byName[name]
}

// asksForType tells whether it matters of which type the object of the context's field is.
func asksForType(ctx context.Context) bool {
	f := graphql.GetFieldContext(ctx)
	if f == nil {
		return false
	}
	return dependsOnType(f.Field.Selections)
}

func dependsOnType(set ast.SelectionSet) bool {
	for _, s := range set {
		switch s := s.(type) {
		case *ast.InlineFragment, *ast.FragmentSpread:
			return true
		case *ast.Field:
			if s.Name == "__typename" {
				return true
			}
		}
	}
	return false
}

// find are the supertypes of a type as its server tells them, none when it does not. Those who ask at the same time wait for one look-up.
func (h *eventHierarchy) find(ctx context.Context, r *Resolver, key eventTypeKey) []model.ExpandedNodeID {
	h.mu.Lock()
	d := h.known[key]
	if d == nil || isClosed(d.done) && r.now().After(d.expires) {
		if h.known == nil || len(h.known) >= maxKnownEventTypes {
			h.known = map[eventTypeKey]*derivedType{}
		}
		d = &derivedType{done: make(chan struct{})}
		h.known[key] = d
		h.mu.Unlock()
		// Others wait for it too, whatever becomes of this request.
		look, cancel := context.WithTimeout(context.WithoutCancel(ctx), hierarchyTimeout)
		defer cancel()
		d.look(look, r, key)
		return d.above
	}
	h.mu.Unlock()
	select {
	case <-d.done:
		return d.above
	case <-ctx.Done():
		return nil
	}
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// look goes up the server's types to one of the standard, or of a schema.
func (d *derivedType) look(ctx context.Context, r *Resolver, key eventTypeKey) {
	defer close(d.done)
	d.expires = r.now().Add(hierarchyRetry)
	err := guarded(ctx, func() error {
		at := key.id
		for range maxTypeSteps {
			found, err := r.Commands.Browse(ctx, key.server, []model.BrowseDescription{{NodeID: at, Direction: model.BrowseInverse, ReferenceType: hasSubtype}})
			if err != nil {
				return err
			}
			if len(found) != 1 || len(found[0].References) == 0 {
				break
			}
			at = found[0].References[0].NodeID
			d.above = append(d.above, at)
			if standardEvents().find(at) != nil || len(r.hierarchy.above(at)) > 0 {
				break
			}
		}
		d.expires = r.now().Add(hierarchyAge)
		return nil
	})
	if err != nil {
		r.Log.Debug().Err(fmt.Errorf("supertypes of event type %s of server %q: %w", key.id, key.server, err)).Msg("event is shown by its fields")
	}
}
