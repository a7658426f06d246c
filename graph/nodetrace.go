package graph

import (
	"context"
	"fmt"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// NodeTraceEvent shows a model.TraceEvent.
type NodeTraceEvent struct{ event model.TraceEvent }

// Arrived is when the gateway got it.
func (e *NodeTraceEvent) Arrived() time.Time { return e.event.Arrived }

// Value is the value with its status and times.
func (e *NodeTraceEvent) Value() DataValue { return DataValue{value: e.event.Value} }

// Overflow tells that values before it were lost at the server.
func (e *NodeTraceEvent) Overflow() bool { return e.event.Value.Status.Overflow() }

// Omitted describes a value that is too large.
func (e *NodeTraceEvent) Omitted() *string { return optional(e.event.Omitted) }

// Subscription is the server's id, nil for a cyclic read.
func (e *NodeTraceEvent) Subscription() *uint64 { return unlessZero(e.event.Subscription) }

// SequenceNumber is that of the message, nil for a cyclic read.
func (e *NodeTraceEvent) SequenceNumber() *uint64 { return unlessZero(e.event.Number) }

// Writer is the id of the writer.
func (e *NodeTraceEvent) Writer() string { return writerID(e.event.Writer) }

// Field is the field's name.
func (e *NodeTraceEvent) Field() string { return e.event.Field }

// Fate is what became of it.
func (e *NodeTraceEvent) Fate() model.Fate { return e.event.Fate }

// unlessZero is n, or nil for 0.
func unlessZero(n uint32) *uint64 {
	if n == 0 {
		return nil
	}
	u := uint64(n)
	return &u
}

// nodeTrace subscribes to the notifications of a node.
func (r *Resolver) nodeTrace(ctx context.Context, server string, node model.ExpandedNodeID, seconds int) (<-chan *NodeTrace, error) {
	limit := int(model.MaxTrace / time.Second)
	if seconds < 1 || seconds > limit {
		return nil, fieldError("seconds", "%d is not from 1 to %d", seconds, limit)
	}
	if _, err := r.Registry.Server(server); err != nil {
		return nil, fmt.Errorf("server %q: %w", server, err)
	}
	events, err := r.Commands.Trace(ctx, server, model.TraceRequest{NodeID: node, Duration: time.Duration(seconds) * time.Second})
	if err != nil {
		return nil, fmt.Errorf("trace node %s of server %q: %w", node, server, err)
	}
	return untilEnd(ctx, events, fmt.Errorf("server %q went away; trace again: %w", server, ErrUnavailable)), nil
}

// untilEnd passes deliveries on to the last one. gone is what the subscriber is told when they end before it.
func untilEnd(ctx context.Context, in <-chan model.TraceEvents, gone error) <-chan *NodeTrace {
	out := make(chan *NodeTrace)
	go func() {
		defer close(out)
		for e := range in {
			select {
			case out <- nodeTraceOf(&e):
			case <-ctx.Done():
				return
			}
			if e.Ended {
				return
			}
		}
		if ctx.Err() == nil {
			setStreamEnd(ctx, gone)
		}
	}()
	return out
}

func nodeTraceOf(e *model.TraceEvents) *NodeTrace {
	out := &NodeTrace{Sequence: e.Sequence, Dropped: e.Dropped, Lost: e.Lost, Ended: e.Ended, Events: make([]NodeTraceEvent, len(e.Events))}
	for i := range e.Events {
		out.Events[i] = NodeTraceEvent{e.Events[i]}
	}
	return out
}
