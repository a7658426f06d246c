package ingest

import (
	"context"
	"time"
)

// backoff is the pause before something is tried again; it doubles up to maxRetry. The zero value begins with minRetry.
type backoff time.Duration

// wait pauses and returns false when ctx ended.
func (b *backoff) wait(ctx context.Context) bool {
	*b = min(max(2**b, backoff(minRetry)), backoff(maxRetry))
	return sleep(ctx, time.Duration(*b))
}

// sleep pauses for d and returns false when ctx ended before.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
