package graph

import (
	"context"
	"errors"
	"sync"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// maxHeldGenerations is how many newer schemas there may be before a subscription to the plant's own types is ended: until then it holds its
// schema, several MB, in memory.
const maxHeldGenerations = 4

// errSchemaChanged ends subscriptions.
var errSchemaChanged = errors.New("the schema changed")

// heldSubscriptions are the subscriptions that run on schemas with types of the plant. Those that need none of them run on the fixed schema,
// which stays.
type heldSubscriptions struct {
	mu    sync.Mutex
	held  map[*heldSubscription]struct{}
	ended uint64
}

type heldSubscription struct {
	snapshot *snapshot
	query    string
	cancel   context.CancelCauseFunc
}

// dispatch runs a subscription until its end, or until the schema changed too much; that is told in a last response.
func (h *heldSubscriptions) dispatch(ctx context.Context, now *snapshot, op *graphql.OperationContext) (graphql.ResponseHandler, context.Context) {
	held, cancel := context.WithCancelCause(ctx)
	s := &heldSubscription{snapshot: now, query: op.RawQuery, cancel: cancel}
	h.mu.Lock()
	if h.held == nil {
		h.held = map[*heldSubscription]struct{}{}
	}
	h.held[s] = struct{}{}
	h.mu.Unlock()
	context.AfterFunc(held, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.held, s)
	})
	responses, inner := now.executor.DispatchOperation(held, op)
	told := false
	return func(context.Context) *graphql.Response {
		if response := responses(inner); response != nil || told || !errors.Is(context.Cause(held), errSchemaChanged) {
			return response
		}
		told = true
		return &graphql.Response{Errors: gqlerror.List{limitError("SCHEMA_CHANGED", "the schema changed since the subscription began, or what it asks for is gone; subscribe again")}}
	}, valuesOf{ctx, inner}
}

// valuesOf is a context with the values of another one. The last response is written when that has ended.
type valuesOf struct {
	context.Context
	values context.Context
}

func (c valuesOf) Value(key any) any { return c.values.Value(key) }

// endFor ends the subscriptions that hold a schema which is too old now, or which the new one does not take.
func (h *heldSubscriptions) endFor(next *snapshot) {
	h.mu.Lock()
	var all []*heldSubscription
	for s := range h.held {
		all = append(all, s)
	}
	h.mu.Unlock()
	valid := map[string]bool{} // by query: many subscribers have the same
	for _, s := range all {
		fits, known := valid[s.query]
		if !known {
			_, errs := gqlparser.LoadQueryWithRules(next.schema, s.query, rulesWithoutSuggestions())
			fits = len(errs) == 0
			valid[s.query] = fits
		}
		if !fits || next.generation-s.snapshot.generation > maxHeldGenerations {
			h.mu.Lock()
			h.ended++
			h.mu.Unlock()
			s.cancel(errSchemaChanged)
		}
	}
}

// figures are how many subscriptions there are, and on how many schemas.
func (h *heldSubscriptions) figures() (subscriptions, schemas int, ended uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	different := map[*snapshot]struct{}{}
	for s := range h.held {
		different[s.snapshot] = struct{}{}
	}
	return len(h.held), len(different), h.ended
}

// isSubscriptionOperation tells what an operation is.
func isSubscriptionOperation(op *graphql.OperationContext) bool {
	return op.Operation != nil && op.Operation.Operation == ast.Subscription
}
