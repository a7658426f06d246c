package graph

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// maxRate bounds telemetry, in deliveries a second.
const maxRate = 50

// telemetry subscribes to what the ingest core sees.
func (r *Resolver) telemetry(ctx context.Context, f *SeriesFilter, rate float64) (<-chan *TelemetryBatch, error) {
	if !(rate > 0 && rate <= maxRate) {
		return nil, fieldError("maxRate", "%v is not over 0 and up to %d a second", rate, maxRate)
	}
	filter, err := f.filter()
	if err != nil {
		return nil, err
	}
	interval := time.Duration(min(float64(time.Second)/rate, float64(24*time.Hour)))
	batches, err := r.Live.Telemetry(ctx, filter, interval)
	if err != nil {
		return nil, fmt.Errorf("subscribe to telemetry: %w", err)
	}
	return forward(ctx, batches, telemetryBatch, fmt.Errorf("telemetry ended; subscribe again: %w", ErrUnavailable)), nil
}

func telemetryBatch(in model.TelemetryBatch) *TelemetryBatch {
	out := &TelemetryBatch{Sequence: in.Sequence, Values: make([]TelemetryValue, len(in.Values))}
	for i, v := range in.Values {
		out.Values[i] = TelemetryValue{
			Series: v.Series.String(), Field: v.Series.Field, Path: optional(v.Path), Value: DataValue{value: v.Value},
		}
	}
	return out
}

// forward passes on what comes in, converted, until ctx or in ends. ended is what the subscriber is told when in ended first. The
// source never waits for long: it keeps the newest values itself.
func forward[In, Out any](ctx context.Context, in <-chan In, convert func(In) Out, ended error) <-chan Out {
	return forwardUntil(ctx, in, func(v In) (Out, error) { return convert(v), nil }, ended)
}

// forwardUntil is forward until something does not convert, which the subscriber is told.
func forwardUntil[In, Out any](ctx context.Context, in <-chan In, convert func(In) (Out, error), ended error) <-chan Out {
	out := make(chan Out)
	go func() {
		defer close(out)
		for {
			select {
			case <-ctx.Done():
				return
			case v, ok := <-in:
				if !ok {
					if ctx.Err() == nil && ended != nil {
						setStreamEnd(ctx, ended)
					}
					return
				}
				converted, err := convert(v)
				if err != nil {
					setStreamEnd(ctx, err)
					return
				}
				select {
				case out <- converted:
				case <-ctx.Done():
					return
				}
			}
		}
	}()
	return out
}

// streamEnd is why a subscription ended other than by its subscriber. The engine has a way to tell for WebSockets only.
type streamEnd struct{ err atomic.Pointer[error] }

type streamEndKey struct{}

func withStreamEnd(ctx context.Context) context.Context {
	return context.WithValue(ctx, streamEndKey{}, &streamEnd{})
}

func setStreamEnd(ctx context.Context, err error) {
	if s, ok := ctx.Value(streamEndKey{}).(*streamEnd); ok {
		s.err.Store(&err)
	}
}

// endOfStream tells the subscriber in a last response why there are no more.
func endOfStream(ctx context.Context, next graphql.ResponseHandler) *graphql.Response {
	response := next(ctx)
	s, ok := ctx.Value(streamEndKey{}).(*streamEnd)
	if response != nil || !ok {
		return response
	}
	err := s.err.Swap(nil)
	if err == nil {
		return nil
	}
	graphql.AddError(ctx, *err)
	return &graphql.Response{Errors: graphql.GetErrors(ctx)}
}
