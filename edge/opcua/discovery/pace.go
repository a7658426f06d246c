package discovery

import (
	"context"
	"sync"
	"time"
)

// pace spreads probes over time: evenly, not in bursts.
type pace struct {
	interval time.Duration

	mu   sync.Mutex
	next time.Time
}

func newPace(perSecond int) *pace { return &pace{interval: time.Second / time.Duration(perSecond)} }

// wait returns when the next probe may go, or ctx ended.
func (p *pace) wait(ctx context.Context) error {
	p.mu.Lock()
	now := time.Now()
	if p.next.Before(now) {
		p.next = now
	}
	at := p.next
	p.next = at.Add(p.interval)
	p.mu.Unlock()
	return sleep(ctx, at.Sub(now))
}

// sleep waits for d, or until ctx ends, which is the error.
func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
