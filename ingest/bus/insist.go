package bus

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	// insistTry is how long one try to make a stream may take, insistPause the time between two.
	insistTry   = 4 * time.Second
	insistPause = 200 * time.Millisecond
)

// insist makes a stream or bucket by calling ensure, again and again within requestWait, as long as there is no answer or the cluster is
// not ready. A NATS cluster answers nobody when two processes make the same stream at the same time, and nobody while it elects a leader:
// processes that start together would all fail.
func insist(ctx context.Context, ensure func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, requestWait)
	defer cancel()
	for {
		try, end := context.WithTimeout(ctx, insistTry)
		err := ensure(try)
		end()
		if err == nil || !unready(err) {
			return err
		}
		pause := time.NewTimer(insistPause)
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
			return err
		}
	}
}

// unready tells whether an error may pass by itself.
func unready(err error) bool {
	var api *jetstream.APIError
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, nats.ErrTimeout) || errors.Is(err, nats.ErrNoResponders) ||
		errors.Is(err, jetstream.ErrNoStreamResponse) || errors.As(err, &api) && api.Code == http.StatusServiceUnavailable
}
