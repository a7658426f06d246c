package graph

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"golang.org/x/sync/errgroup"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// byServer runs one command per server, at the same time, over the items that belong to it, and returns the results in the
// order of the items. What keeps a server from answering becomes the result of its items and does not disturb the others.
func byServer[In, Out any](
	ctx context.Context, r *Resolver, items []In, server func(*In) string,
	run func(ctx context.Context, server string, items []In) ([]Out, error), refused func(*In, model.StatusCode, string) Out,
) []Out {
	places := map[string][]int{}
	for i := range items {
		s := server(&items[i])
		places[s] = append(places[s], i)
	}
	out := make([]Out, len(items))
	var work errgroup.Group
	for s, places := range places {
		work.Go(func() error {
			batch := make([]In, len(places))
			for i, p := range places {
				batch[i] = items[p]
			}
			var results []Out
			err := guarded(ctx, func() (err error) {
				if _, err = r.Registry.Server(s); err != nil {
					return fmt.Errorf("server %q: %w", s, err)
				}
				if results, err = run(ctx, s, batch); err == nil && len(results) != len(batch) {
					err = fmt.Errorf("server %q: %d results for %d items", s, len(results), len(batch))
				}
				return err
			})
			if err == nil {
				for i, p := range places {
					out[p] = results[i]
				}
				return nil
			}
			status, message := r.statusOf(ctx, err)
			for _, p := range places {
				out[p] = refused(&items[p], status, message)
			}
			return nil
		})
	}
	_ = work.Wait() // every outcome is in out
	return out
}

// statusOf is the StatusCode that tells best why a batch was not tried. An error of an unknown kind is logged, not told.
func (r *Resolver) statusOf(ctx context.Context, err error) (model.StatusCode, string) {
	switch {
	case errors.Is(err, ErrNotFound):
		return model.StatusBadNotFound, err.Error()
	case errors.Is(err, ErrInvalid):
		return model.StatusBadInvalidArgument, err.Error()
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return model.StatusBadTimeout, "the server did not answer in time; whether it acted is not known"
	case errors.Is(err, ErrUnavailable):
		return model.StatusBadServerNotConnected, err.Error()
	}
	shown := presenter{r.Log}.present(ctx, err)
	return model.StatusBadInternalError, fmt.Sprintf("%s, request %s", shown.Message, requestID(ctx))
}

// batchError is why a batch has no results, or not one for each item.
func batchError(verb, server string, results, items int, err error) error {
	if err != nil {
		return fmt.Errorf("%s server %q: %w", verb, server, err)
	}
	return fmt.Errorf("%s server %q: %d results for %d items", verb, server, results, items)
}

// orNull is the JSON value, null for one that was left out.
func orNull(v json.RawMessage) json.RawMessage {
	if len(v) == 0 {
		return json.RawMessage("null")
	}
	return v
}
