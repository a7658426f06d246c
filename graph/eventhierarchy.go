package graph

import (
	"context"
	"fmt"
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

var hasSubtype = model.Expanded(model.NumericID(0, 45))

// eventHierarchy remembers which standard type the types of servers derive from. The zero value is ready.
type eventHierarchy struct {
	mu    sync.Mutex
	known map[eventTypeKey]*derivedType
}

type eventTypeKey struct {
	server string
	id     model.ExpandedNodeID
}

// derivedType is a look-up that is under way or done.
type derivedType struct {
	done    chan struct{}
	typ     *eventObjectType // nil when it could not be found
	expires time.Time
}

// showEvent makes an event an object of the schema, of the standard type that its type is or derives from.
func (r *Resolver) showEvent(ctx context.Context, e *model.Event) Event {
	return newEventObject(ctx, e, r.eventTypeOf(ctx, e))
}

// eventTypeOf finds the object type of an event. Where the server does not tell what its type derives from, the event's fields do.
func (r *Resolver) eventTypeOf(ctx context.Context, e *model.Event) *eventObjectType {
	if t := standardEvents().find(e.EventType); t != nil {
		return t
	}
	if !e.EventType.IsNull() && e.Server != "" && asksForType(ctx) {
		if t := r.hierarchy.find(ctx, r, eventTypeKey{e.Server, e.EventType}); t != nil {
			return t
		}
	}
	return likelyType(e)
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

// find is the standard type that a type derives from, nil when the server does not tell. Those who ask at the same time wait for one look-up.
func (h *eventHierarchy) find(ctx context.Context, r *Resolver, key eventTypeKey) *eventObjectType {
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
		return d.typ
	}
	h.mu.Unlock()
	select {
	case <-d.done:
		return d.typ
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

// look goes up the server's types to one of the standard.
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
			if d.typ = standardEvents().find(at); d.typ != nil {
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
