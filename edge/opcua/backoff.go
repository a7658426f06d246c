package opcua

import (
	"context"
	"math/rand/v2"
	"time"
)

// backoff gives growing pauses between attempts.
type backoff struct {
	first, max time.Duration
	next       time.Duration
}

// pause returns the next pause, with up to a quarter of jitter so that the gateways of a plant do not come back all at once.
func (b *backoff) pause() time.Duration {
	if b.next == 0 {
		b.next = b.first
	}
	d := b.next
	b.next = min(2*b.next, b.max)
	return d - time.Duration(rand.Int64N(int64(d)/4+1))
}

func (b *backoff) reset() { b.next = 0 }

// sleep waits for d or the end of ctx.
func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
