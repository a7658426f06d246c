package live

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// Feeds has streams of documents, each written once for all readers that ask for the same. Of its Config it takes the limits.
type Feeds struct {
	cfg Config

	bytes                              atomic.Int64
	deliveries, resumed, gaps, skipped atomic.Uint64

	mu     sync.Mutex
	closed bool
	feeds  map[string]*Feed // by key
	group  sync.WaitGroup
}

// Produce writes the documents of a feed until its ctx ends. It runs in a goroutine of its own, and answers what comes from Feed.Wholes while it waits for
// something to write.
type Produce func(ctx context.Context, f *Feed)

// NewFeeds makes Feeds. Close ends them.
func NewFeeds(cfg Config) *Feeds { return &Feeds{cfg: cfg.withDefaults(), feeds: map[string]*Feed{}} }

// Close ends all feeds and waits for them.
func (h *Feeds) Close() {
	h.mu.Lock()
	h.closed = true
	for _, f := range h.feeds {
		f.cancel()
	}
	h.mu.Unlock()
	h.group.Wait()
}

// Figures are those of now.
func (h *Feeds) Figures() Figures {
	h.mu.Lock()
	defer h.mu.Unlock()
	out := Figures{
		Streams: len(h.feeds), Bytes: h.bytes.Load(), Deliveries: h.deliveries.Load(), Resumed: h.resumed.Load(), Gaps: h.gaps.Load(), Skipped: h.skipped.Load(),
	}
	for _, f := range h.feeds {
		out.Subscribers += f.users
	}
	return out
}

// Subscribe joins the feed of a key, which begins with its first reader: produce then gets the values of ctx, but not its end. A reader that joins later,
// or resumes where it cannot, begins with a document of all that is known. The Reader is to be closed.
func (h *Feeds) Subscribe(ctx context.Context, key string, resume *Resume, produce Produce) (*Reader, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return nil, ErrClosed
	}
	f := h.feeds[key]
	fresh := f == nil
	if fresh {
		if len(h.feeds) >= h.cfg.MaxStreams && !h.evict() {
			return nil, fmt.Errorf("%w: %d, the limit; end some, or ask for the same as others", ErrStreams, h.cfg.MaxStreams)
		}
		f = newFeed(ctx, h, key)
		h.feeds[key] = f
		h.group.Go(func() {
			defer f.end()
			produce(f.ctx, f)
		})
	}
	f.users++
	return f.join(resume, fresh), nil
}

// leave notes that a reader is gone.
func (h *Feeds) leave(f *Feed) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if f.users--; f.users > 0 || h.feeds[f.key] != f {
		return
	}
	f.idle = time.Now()
	time.AfterFunc(h.cfg.Linger, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		if f.users == 0 && time.Since(f.idle) >= h.cfg.Linger {
			h.drop(f)
		}
	})
}

// drop ends a feed. mu is held.
func (h *Feeds) drop(f *Feed) {
	if h.feeds[f.key] == f {
		delete(h.feeds, f.key)
	}
	f.cancel()
}

// evict ends the feed that nobody has read for the longest time, if there is one. mu is held.
func (h *Feeds) evict() bool {
	var oldest *Feed
	for _, f := range h.feeds {
		if f.users == 0 && (oldest == nil || f.idle.Before(oldest.idle)) {
			oldest = f
		}
	}
	if oldest != nil {
		h.drop(oldest)
	}
	return oldest != nil
}
