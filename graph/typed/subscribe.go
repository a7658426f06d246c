package typed

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/99designs/gqlgen/graphql"

	"github.com/shopfloor-iiot/shopfloor/graph/live"
)

// subscribe answers a subscription to instances of a type with the feed of all who ask for the same.
func (x *Executable) subscribe(ctx context.Context, op *graphql.OperationContext, field graphql.CollectedField) graphql.ResponseHandler {
	var reader *live.Reader
	ended := false
	subscription := ctx
	return func(ctx context.Context) *graphql.Response {
		if ended {
			return nil
		}
		var d *live.Document
		var err error
		if reader == nil {
			if reader, err = x.reader(ctx, op, field); err == nil {
				context.AfterFunc(subscription, reader.Close)
			}
		}
		if err == nil {
			d, err = reader.Next(ctx)
		}
		switch {
		case err != nil:
			ended = true
			if ctx.Err() != nil || subscription.Err() != nil {
				return nil
			}
			graphql.AddError(ctx, rootSlot(field).located(err))
			return &graphql.Response{Data: json.RawMessage("null")}
		case d.Last:
			ended = true
		}
		return &graphql.Response{Data: d.Data, Errors: d.Errors}
	}
}

// reader joins the feed, which begins with its first reader.
func (x *Executable) reader(ctx context.Context, op *graphql.OperationContext, field graphql.CollectedField) (*live.Reader, error) {
	args := field.ArgumentMap(op.Variables)
	resume, err := x.services.Resume(args)
	if err != nil {
		return nil, err
	}
	delete(args, "resume")
	text, err := json.Marshal(args)
	if err != nil {
		return nil, fmt.Errorf("%w: arguments: %w", ErrInvalid, err)
	}
	key := fmt.Sprintf("%d %s%s %s", x.id, field.Name, text, live.SelectionKey(op, &field))
	reader, err := x.feeds.Subscribe(ctx, key, resume, func(ctx context.Context, f *live.Feed) { x.produce(ctx, op, field, f) })
	if err != nil && !errors.Is(err, live.ErrClosed) {
		err = fmt.Errorf("subscribe: %w", err)
	}
	return reader, err
}
