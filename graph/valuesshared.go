package graph

import (
	"bytes"
	"context"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/shopfloor-iiot/shopfloor/graph/live"
)

// sharedValues has each delivery of live values written once for all subscribers of its stream that select the same of it, in place of once for each. It
// leaves all other operations to the schema.
type sharedValues struct{ graphql.ExecutableSchema }

type sharedValuesKey struct{}

// sharedStream is where the resolver leaves its stream, for one subscriber. Generated code makes the answer out of what comes in on feed.
type sharedStream struct {
	sub  *live.Subscription
	feed chan *ValueChanges
}

func (c *sharedStream) take(sub *live.Subscription) <-chan *ValueChanges {
	c.sub, c.feed = sub, make(chan *ValueChanges, 1)
	return c.feed
}

// Exec runs an operation.
func (s sharedValues) Exec(ctx context.Context) graphql.ResponseHandler {
	op := graphql.GetOperationContext(ctx)
	if op.Operation.Operation != ast.Subscription {
		return s.ExecutableSchema.Exec(ctx)
	}
	fields := graphql.CollectFields(op, op.Operation.SelectionSet, []string{s.Schema().Subscription.Name})
	if len(fields) != 1 || fields[0].Name != "values" {
		return s.ExecutableSchema.Exec(ctx)
	}
	c := &sharedStream{}
	each := s.ExecutableSchema.Exec(context.WithValue(ctx, sharedValuesKey{}, c))
	if c.sub == nil {
		return each // with the error of the resolver
	}
	key := live.SelectionKey(op, &fields[0])
	keys := map[bool]string{false: key, true: key + " overflow"}
	write := newDeliveryWriter(op, &fields[0])
	ended := false
	return func(ctx context.Context) *graphql.Response {
		if ended {
			return nil
		}
		d, overflow, err := c.sub.Next(ctx)
		if err != nil {
			ended = true
			endStream(ctx, err)
			return nil
		}
		var failed *graphql.Response
		body := d.Render(keys[overflow], func() ([]byte, bool) {
			if write != nil {
				return write(d, overflow), true
			}
			c.feed <- valueChanges(d, overflow)
			r := each(ctx)
			if r == nil {
				return nil, false
			}
			if len(r.Errors) > 0 || len(graphql.GetErrors(ctx)) > 0 {
				failed = r
			}
			return bytes.Clone(r.Data), failed == nil
		})
		switch {
		case failed != nil:
			return failed
		case body == nil:
			return nil
		}
		return &graphql.Response{Data: body}
	}
}
