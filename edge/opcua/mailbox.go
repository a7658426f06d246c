package opcua

import (
	"context"
	"sync"
	"time"
)

const (
	// pauseAt messages wait: the subscription is paused at the server. resumeAt: it goes on.
	pauseAt, resumeAt = 32, 4
	// mailboxCap bounds what still comes after the pause was asked for.
	mailboxCap = 128
	roomWait   = 10 * time.Second
)

// mailbox holds the messages of a subscription until they are delivered.
type mailbox struct {
	mu    sync.Mutex
	queue []*notification
	full  chan struct{} // has a token when there is a message
	room  chan struct{} // has a token when messages were taken
}

func newMailbox() *mailbox {
	return &mailbox{full: make(chan struct{}, 1), room: make(chan struct{}, 1)}
}

// push appends m; it tells whether there was room, and whether messages pile up.
func (b *mailbox) push(m *notification) (ok, crowded bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.queue) >= mailboxCap {
		return false, true
	}
	b.queue = append(b.queue, m)
	notify(b.full)
	return true, len(b.queue) >= pauseAt
}

// pop takes the next message, nil when ctx ends. calm tells that few are left.
func (b *mailbox) pop(ctx context.Context) (m *notification, calm bool) {
	for {
		b.mu.Lock()
		if len(b.queue) > 0 {
			m = b.queue[0]
			b.queue[0] = nil
			b.queue = b.queue[1:]
			calm = len(b.queue) <= resumeAt
			b.mu.Unlock()
			notify(b.room)
			return m, calm
		}
		b.queue = nil
		b.mu.Unlock()
		select {
		case <-b.full:
		case <-ctx.Done():
			return nil, false
		}
	}
}

// values counts the values that wait.
func (b *mailbox) values() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := uint64(0)
	for _, m := range b.queue {
		n += m.values()
	}
	return int(n)
}

// waitRoom waits for a while until messages do not pile up.
func (b *mailbox) waitRoom(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, roomWait)
	defer cancel()
	for {
		b.mu.Lock()
		n := len(b.queue)
		b.mu.Unlock()
		if n < pauseAt {
			return
		}
		select {
		case <-b.room:
		case <-ctx.Done():
			return
		}
	}
}

// awaitRoom waits until messages do not pile up, or ctx ends.
func (b *mailbox) awaitRoom(ctx context.Context) error {
	for {
		b.mu.Lock()
		n := len(b.queue)
		b.mu.Unlock()
		if n < pauseAt {
			return nil
		}
		select {
		case <-b.room:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// notify puts a token into c if there is none.
func notify(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
