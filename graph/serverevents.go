package graph

import (
	"context"
	"fmt"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/shopfloor-iiot/shopfloor/model"
)

const idServerObject = 2253

// ServerEvents shows a delivery of events that came straight from a server.
type ServerEvents struct {
	in     model.MonitoredEvents
	server *model.Server
	shift  int
}

// Sequence counts deliveries from 1.
func (e *ServerEvents) Sequence() uint64 { return e.in.Sequence }

// Overflow tells that events are missing before these.
func (e *ServerEvents) Overflow() bool { return e.in.Overflow }

// Status is Bad when the server does not send events.
func (e *ServerEvents) Status() StatusCode { return StatusCode{e.in.Status} }

// Message says why.
func (e *ServerEvents) Message() *string { return optional(renumbered(e.in.Message, e.shift)) }

// events makes the events of a delivery objects of the schema.
func (r *Resolver) events(ctx context.Context, e *ServerEvents) []Event {
	out := make([]Event, len(e.in.Events))
	for i, values := range e.in.Events {
		event := model.EventOf(e.in.Names, values)
		event.Gateway, event.Server = e.server.Gateway, e.server.ID
		event.ID = eventIDOf(e.server.ID, &event)
		if len(event.EventID) == 0 {
			event.ID = fmt.Sprintf("%s/%d.%d", e.server.ID, e.in.Sequence, i)
		}
		shown := r.showEvent(ctx, &event)
		shown.path = append(shown.path, ast.PathIndex(i))
		out[i] = shown
	}
	return out
}

// serverEvents subscribes to the events of a server.
func (r *Resolver) serverEvents(
	ctx context.Context, server string, notifier model.ExpandedNodeID, f *ServerEventFilter, conditions bool, publishing time.Duration,
) (<-chan *ServerEvents, error) {
	if r.EventServices == nil {
		return nil, fmt.Errorf("events: %w: this installation does not ask servers for them", ErrUnavailable)
	}
	if publishing < minPublishingInterval {
		return nil, fieldError("publishingInterval", "%s is below %s", publishing, minPublishingInterval)
	}
	s, err := r.server(server)
	if err != nil {
		return nil, err
	}
	request := model.EventMonitorRequest{PublishingInterval: publishing, Events: model.EventSource{Notifier: notifier}}
	var shift int
	if request.Events.Where, shift, err = f.where(r); err != nil {
		return nil, err
	}
	if request.Events.Select, err = selectedOfEvents(ctx, f); err != nil {
		return nil, err
	}
	if conditions {
		request.Events.Conditions = &model.ConditionSnapshots{RefreshOnStart: true}
	}
	in, err := r.EventServices.MonitorEvents(ctx, server, request)
	if err != nil {
		return nil, fmt.Errorf("events of server %q: %w", server, err)
	}
	show := func(e model.MonitoredEvents) (*ServerEvents, error) {
		if e.Ended {
			return nil, endedError(e.Status, renumbered(e.Message, shift))
		}
		return &ServerEvents{e, s, shift}, nil
	}
	return forwardUntil(ctx, in, show, fmt.Errorf("server %q went away; subscribe again: %w", server, ErrUnavailable)), nil
}

// endedError is an error of the gateway as a client sees it.
func endedError(status model.StatusCode, message string) error {
	kind := ErrInvalid
	switch status {
	case model.StatusBadServerNotConnected, model.StatusBadTimeout, model.StatusBadConnectionClosed, model.StatusBadUnexpectedError:
		kind = ErrUnavailable
	}
	return fmt.Errorf("%w: %s", kind, message)
}

// selectedOfEvents are the select clauses of what the subscription selects of its events.
func selectedOfEvents(ctx context.Context, f *ServerEventFilter) ([]model.SelectClause, error) {
	op := graphql.GetOperationContext(ctx)
	var sets []ast.SelectionSet
	for _, field := range graphql.CollectFields(op, graphql.GetFieldContext(ctx).Field.Selections, []string{"ServerEvents"}) {
		if field.Name == "events" {
			sets = append(sets, field.Selections)
		}
	}
	var vendor model.ExpandedNodeID
	if f != nil && len(f.EventTypes) > 0 {
		vendor = f.EventTypes[0]
	}
	return eventClauses(op, sets, vendor)
}
