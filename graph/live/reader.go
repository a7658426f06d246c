package live

import (
	"context"
	"sync"
)

// Reader is one subscriber of a Feed. It holds nothing but its place. Next is called by one goroutine.
type Reader struct {
	feed  *Feed
	next  uint64 // sequence of the next document
	until uint64 // all up to this one were missed and are wanted
	whole bool   // begins with all that is known
	gap   bool   // what it missed is not there any more
	once  sync.Once
}

// Next waits for the next document. The error says why there are no more.
func (u *Reader) Next(ctx context.Context) (*Document, error) {
	f := u.feed
	for {
		f.mu.Lock()
		d, whole := u.take()
		changed, ended := f.changed, f.ended
		f.mu.Unlock()
		switch {
		case d != nil:
			f.hub.deliveries.Add(1)
			return d, nil
		case ended:
			return nil, ErrClosed
		case whole != nil:
			select {
			case f.asked <- whole:
			case <-changed:
				continue
			case <-f.done:
				continue
			case <-ctx.Done():
				return nil, errDone
			}
			select {
			case d := <-whole.answer:
				u.whole, u.gap, u.next = false, false, d.Sequence+1
				f.hub.deliveries.Add(1)
				return d, nil
			case <-f.done:
			case <-ctx.Done():
				return nil, errDone
			}
			continue
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, errDone
		}
	}
}

// take returns the next document, or asks for all that is known; neither when there is nothing yet. Feed.mu is held.
func (u *Reader) take() (*Document, *Whole) {
	f := u.feed
	if n := len(f.ring); n > 0 && f.ring[n-1].Last && (u.whole || u.next < f.first()) {
		u.whole, u.next = false, f.last
	}
	switch {
	case u.whole && f.last == 0, !u.whole && u.next > f.last:
		return nil, nil
	case !u.whole && u.next >= f.first() && (u.next <= u.until || !u.late()):
		d := f.ring[u.next-f.first()].Document
		u.next++
		return d, nil
	case f.ended:
		return nil, nil
	case !u.whole:
		f.hub.skipped.Add(f.last - u.next)
		u.whole, u.gap = true, true
	}
	if d := f.wholes[u.gap]; d != nil {
		u.whole, u.gap, u.next = false, false, d.Sequence+1
		return d, nil
	}
	return nil, &Whole{u.gap, make(chan *Document, 1)}
}

// late tells whether all that is known is less than what waits. Feed.mu is held.
func (u *Reader) late() bool {
	f := u.feed
	if f.last-u.next < behind {
		return false
	}
	n := 0
	for _, d := range f.ring[u.next-f.first():] {
		if n += d.size(); n > 2*f.extent {
			return true
		}
	}
	return false
}

// Close leaves the feed.
func (u *Reader) Close() { u.once.Do(func() { u.feed.hub.leave(u.feed) }) }
