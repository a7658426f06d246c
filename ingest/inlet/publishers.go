package inlet

import (
	"cmp"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// publisherSilence is after how long a silent publisher may be forgotten when others want its place.
const publisherSilence = time.Hour

// PublisherStatus is what is known of a foreign publisher.
type PublisherStatus struct {
	// Gateway is its name in the platform.
	Gateway string
	// Frames and Bytes were stored since it was first seen.
	Frames, Bytes uint64
	// FirstSeen and LastSeen are the arrivals of its first and its newest message.
	FirstSeen, LastSeen time.Time
}

// publishers are the known publishers, up to a limit.
type publishers struct {
	limit int

	mu   sync.RWMutex
	list map[string]*publisher
}

type publisher struct {
	first         time.Time
	last          atomic.Int64 // nanoseconds since 1970
	frames, bytes atomic.Uint64
}

func newPublishers(limit int) *publishers {
	return &publishers{limit: limit, list: map[string]*publisher{}}
}

// see notes a message. It returns nil when the publisher is new and there is no place for it.
func (t *publishers) see(gateway string, now time.Time) *publisher {
	t.mu.RLock()
	p := t.list[gateway]
	t.mu.RUnlock()
	if p == nil {
		p = t.add(gateway, now)
	}
	if p != nil {
		p.last.Store(now.UnixNano())
	}
	return p
}

func (t *publishers) add(gateway string, now time.Time) *publisher {
	t.mu.Lock()
	defer t.mu.Unlock()
	if p := t.list[gateway]; p != nil {
		return p
	}
	if len(t.list) >= t.limit && !t.forget(now) {
		return nil
	}
	p := &publisher{first: now}
	t.list[gateway] = p
	return p
}

// forget removes the publisher that is silent for the longest time, if that is long enough. The lock is held.
func (t *publishers) forget(now time.Time) bool {
	oldest, at := "", now.Add(-publisherSilence).UnixNano()
	for gateway, p := range t.list {
		if last := p.last.Load(); last < at {
			oldest, at = gateway, last
		}
	}
	delete(t.list, oldest)
	return oldest != ""
}

func (t *publishers) len() int {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return len(t.list)
}

func (p *publisher) stored(bytes int, now time.Time) {
	p.frames.Add(1)
	p.bytes.Add(uint64(bytes))
}

// Publishers returns the publishers that were seen, by name.
func (in *Inlet) Publishers() []PublisherStatus {
	t := in.publishers
	t.mu.RLock()
	defer t.mu.RUnlock()
	out := make([]PublisherStatus, 0, len(t.list))
	for gateway, p := range t.list {
		out = append(out, PublisherStatus{
			Gateway: gateway, Frames: p.frames.Load(), Bytes: p.bytes.Load(), FirstSeen: p.first, LastSeen: time.Unix(0, p.last.Load()),
		})
	}
	slices.SortFunc(out, func(a, b PublisherStatus) int { return cmp.Compare(a.Gateway, b.Gateway) })
	return out
}
