package opcua

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gopcua/opcua/ua"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// Paging. A page of the references of a node that has more leaves a continuation behind: the server's continuation point, and what came with the page and
// belongs to the next. It is held under the place in the list where it goes on, for a time, so that the next page costs one BrowseNext; whoever asks for that
// place next takes it, since what comes after a place is the same for everybody. A page whose continuation is gone, because it was
// too long ago, others needed the room or the session is another, is browsed from the first reference on. Between two such pages the list may have changed.

const (
	// maxHeld bounds the continuations that are held of a server without a limit of its own.
	maxHeld = 100
	// unknownHeld is the bound where a server does not tell its limit.
	unknownHeld = 10
)

// browsePlace is a place in a list of references: after the first Skip of them. Its MaxReferences is 0.
type browsePlace model.BrowseDescription

// continuation is how the list goes on from there.
type continuation struct {
	place   browsePlace
	rest    []*ua.ReferenceDescription
	point   []byte
	expires time.Time
}

// continuations are those that are held of one session.
type continuations struct {
	hold    time.Duration
	figures *browseFigures

	mu   sync.Mutex
	list []*continuation // the oldest first
}

// browseFigures count the pages of a Source.
type browseFigures struct {
	held    atomic.Int64  // continuations that there are now
	again   atomic.Uint64 // pages that were browsed from the first reference on although they are later ones
	evicted atomic.Uint64 // continuations that went because others needed the room
}

// placeAfter is where the page after one of d with so many references begins.
func placeAfter(d *model.BrowseDescription, references int) browsePlace {
	p := browsePlace(*d)
	p.Skip, p.MaxReferences = p.Skip+references, 0
	return p
}

// take returns the continuation at the place where d begins, nil when there is none.
func (h *continuations) take(d *model.BrowseDescription) *continuation {
	h.mu.Lock()
	defer h.mu.Unlock()
	place := placeAfter(d, 0)
	for i, c := range h.list {
		if c.place == place {
			h.list = append(h.list[:i], h.list[i+1:]...)
			h.figures.held.Store(int64(len(h.list)))
			return c
		}
	}
	h.figures.again.Add(1)
	return nil
}

// room is how many continuations may be held: half of what the server has, so that others find some.
func (s *session) room() int {
	switch {
	case !s.limits.pointsKnown:
		return unknownHeld
	case s.limits.points == 0:
		return maxHeld
	}
	return min(maxHeld, max(1, s.limits.points/2))
}

// keep holds continuations and returns the points to release of those for which there is no room any more.
func (h *continuations) keep(s *session, list []*continuation) (release [][]byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	expires := time.Now().Add(h.hold)
	for _, c := range list {
		c.expires = expires
	}
	h.list = append(h.list, list...)
	over := max(0, len(h.list)-s.room())
	h.figures.evicted.Add(uint64(over))
	return h.drop(over)
}

// drop removes the n oldest; h.mu is held.
func (h *continuations) drop(n int) (release [][]byte) {
	for _, c := range h.list[:n] {
		if len(c.point) > 0 {
			release = append(release, c.point)
		}
	}
	h.list = append(h.list[:0:0], h.list[n:]...)
	h.figures.held.Store(int64(len(h.list)))
	return release
}

// releaseAll lets go of all that is held.
func (h *continuations) releaseAll(ctx context.Context, s *session) {
	h.mu.Lock()
	points := h.drop(len(h.list))
	h.mu.Unlock()
	s.release(ctx, points)
}

// expire lets go of what was held for long enough, until ctx ends.
func (h *continuations) expire(ctx context.Context, s *session) {
	tick := time.NewTicker(max(h.hold/4, time.Millisecond))
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		now, n := time.Now(), 0
		h.mu.Lock()
		for n < len(h.list) && !h.list[n].expires.After(now) {
			n++
		}
		points := h.drop(n)
		h.mu.Unlock()
		s.release(ctx, points)
	}
}
