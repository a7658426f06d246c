package graph

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"github.com/shopfloor-iiot/shopfloor/model"
)

const (
	// maxEvents bounds a page: an event has more than the items of other lists.
	maxEvents = 500
	// maxSeverity is the most urgent one.
	maxSeverity = 1000
)

func keyOfEvent(e *model.Event) string { return e.Position().String() }

// EventEdge is an event on a page.
type EventEdge struct {
	Cursor string
	event  model.Event
}

// EventField shows one field of an event.
type EventField struct {
	name  string
	value DataValue
}

// Name is its name in the DataSet.
func (f *EventField) Name() string { return f.name }

// Value is the value as JSON, nil for none.
func (f *EventField) Value() json.RawMessage { return f.value.Value() }

// DataType is the name of the value's type, nil without a value.
func (f *EventField) DataType() *string { return f.value.DataType() }

// Status is the quality of the value.
func (f *EventField) Status() StatusCode { return f.value.Status() }

// filter checks the input; nil selects all.
func (f *EventFilter) filter(r *Resolver) (out model.EventFilter, err error) {
	if f == nil {
		return out, nil
	}
	out = model.EventFilter{
		Gateway: valueOrZero(f.Gateway), Server: valueOrZero(f.Server), Group: valueOrZero(f.Group), Writer: valueOrZero(f.Writer),
		SourceNodes: f.SourceNodes, SourceName: valueOrZero(f.SourceName),
		Text: valueOrZero(f.Text), Condition: valueOrZero(f.Condition), Retained: f.Retain,
	}
	if out.EventTypes, err = r.eventTypes(f.EventTypes, f.TypeNames, maxBatch, valueOrZero(f.IncludeSubtypes)); err != nil {
		return out, err
	}
	if err := checkCount("filter.sourceNodes", len(f.SourceNodes), maxBatch); err != nil {
		return out, err
	}
	if out.MinSeverity, err = severity("filter.minSeverity", f.MinSeverity); err != nil {
		return out, err
	}
	if out.MaxSeverity, err = severity("filter.maxSeverity", f.MaxSeverity); err != nil {
		return out, err
	}
	if out.MaxSeverity > 0 && out.MaxSeverity < out.MinSeverity {
		return out, fieldError("filter.maxSeverity", "%d is below minSeverity, %d", out.MaxSeverity, out.MinSeverity)
	}
	return out, nil
}

// severity is 0 for null.
func severity(field string, n *int) (uint16, error) {
	if n == nil {
		return 0, nil
	}
	if *n < 1 || *n > maxSeverity {
		return 0, fieldError(field, "%d is not from 1 to %d", *n, maxSeverity)
	}
	return uint16(*n), nil
}

// eventConnection makes a page of events.
func (r *Resolver) eventConnection(ctx context.Context, f *EventFilter, from, to *time.Time, first *int, after *string) (*EventConnection, error) {
	if r.Events == nil {
		return nil, fmt.Errorf("events: %w: this installation does not keep them", ErrUnavailable)
	}
	q := model.EventQuery{From: model.DateTimeOf(valueOrZero(from)), To: model.DateTimeOf(valueOrZero(to))}
	var err error
	if q.Filter, err = f.filter(r); err != nil {
		return nil, err
	}
	if q.Limit, err = pageSize(first); err != nil {
		return nil, err
	}
	switch {
	case q.Limit > maxEvents:
		return nil, fieldError("first", "%d is more than %d; ask for the rest in further pages, with after", q.Limit, maxEvents)
	case from != nil && to != nil && !from.Before(*to):
		return nil, fieldError("from", "%s is not before to, %s", from.Format(time.RFC3339Nano), to.Format(time.RFC3339Nano))
	}
	if after != nil {
		key, err := cursorKey(*after)
		if err != nil {
			return nil, err
		}
		if q.After, err = model.ParseEventPosition(key); err != nil {
			return nil, fieldError("after", "%q is no cursor of an event; take one from pageInfo or an edge", *after)
		}
	}
	if q.Limit == 0 {
		return &EventConnection{Edges: []EventEdge{}, PageInfo: PageInfo{HasPreviousPage: after != nil}}, nil
	}
	found, err := r.Events.Events(ctx, q)
	if err != nil {
		return nil, fmt.Errorf("list events: %w", err)
	}
	p := newPage(found.Events, keyOfEvent, after != nil, !found.Next.IsZero())
	if p.info.HasNextPage {
		// Behind the last event that was looked at, which may not be one that the filter selects.
		next := cursor(found.Next.String())
		p.info.EndCursor = &next
	}
	c := &EventConnection{PageInfo: p.info, Edges: make([]EventEdge, len(p.items))}
	for i := range p.items {
		c.Edges[i] = EventEdge{Cursor: p.cursors[i], event: p.items[i]}
	}
	return c, nil
}

// watchEvents subscribes to events.
func (r *Resolver) watchEvents(ctx context.Context, f *EventFilter) (<-chan Event, error) {
	if r.Events == nil {
		return nil, fmt.Errorf("events: %w: this installation does not keep them", ErrUnavailable)
	}
	filter, err := f.filter(r)
	if err != nil {
		return nil, err
	}
	events := r.Events.Watch(ctx, filter)
	show := func(e model.Event) Event {
		// What does not fit its type is null: a delivery cannot be given errors from here.
		return r.showEvent(graphql.WithFreshResponseContext(ctx), &e)
	}
	return forward(ctx, events, show, fmt.Errorf("events ended; subscribe again: %w", ErrUnavailable)), nil
}
