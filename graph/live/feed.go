package live

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/vektah/gqlparser/v2/gqlerror"
)

// Document is a delivery in the words of one selection. It is shared by all readers and not changed any more.
type Document struct {
	// Sequence counts the documents of a feed; one of all that is known has that of the newest.
	Sequence uint64
	Data     []byte
	Errors   gqlerror.List
	// Last tells that there are no more.
	Last bool
}

// size is about the memory of a document.
func (d *Document) size() int { return 256 + len(d.Data) + 256*len(d.Errors) }

// Feed is one stream of documents with its readers.
type Feed struct {
	hub    *Feeds
	key    string
	id     string
	ctx    context.Context
	cancel context.CancelFunc
	asked  chan *Whole
	done   chan struct{} // closed when the producer has ended

	// Under Feeds.mu:
	users int
	idle  time.Time

	mu      sync.Mutex
	changed chan struct{}  // closed and replaced with each document
	ring    []keptDocument // the last ones, whose sequences end with last, without a gap
	size    int
	last    uint64
	wholes  map[bool]*Document // of last, by overflow
	extent  int                // size of the newest document of all that is known
	ended   bool
}

type keptDocument struct {
	*Document
	at time.Time
}

func newFeed(ctx context.Context, h *Feeds, key string) *Feed {
	f := &Feed{hub: h, key: key, id: newID(), asked: make(chan *Whole), done: make(chan struct{}), changed: make(chan struct{}), wholes: map[bool]*Document{}}
	f.ctx, f.cancel = context.WithCancel(context.WithoutCancel(ctx))
	return f
}

// ID is that by which readers resume.
func (f *Feed) ID() string { return f.id }

// Sequence is that of the newest document, 0 before the first.
func (f *Feed) Sequence() uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.last
}

// Add takes the next document of the producer; the first one has all that is known. A last one ends the feed.
func (f *Feed) Add(d Document) {
	if d.Last { // who comes from now on begins anew
		f.hub.mu.Lock()
		f.hub.drop(f)
		f.hub.mu.Unlock()
	}
	now := time.Now()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.last++
	d.Sequence = f.last
	if f.last == 1 {
		f.extent = d.size()
	}
	clear(f.wholes)
	f.ring = append(f.ring, keptDocument{&d, now})
	f.count(d.size())
	drop := 0
	for drop < len(f.ring)-1 && (f.size > f.hub.cfg.KeepBytes || f.hub.bytes.Load() > f.hub.cfg.TotalBytes || now.Sub(f.ring[drop].at) > f.hub.cfg.KeepFor) {
		f.count(-f.ring[drop].size())
		drop++
	}
	f.ring = slices.Delete(f.ring, 0, drop)
	f.wake()
}

// count adds to what is kept. mu is held.
func (f *Feed) count(bytes int) {
	f.size += bytes
	f.hub.bytes.Add(int64(bytes))
}

// wake has readers look again. mu is held.
func (f *Feed) wake() {
	close(f.changed)
	f.changed = make(chan struct{})
}

// end gives back what is kept, but for a last document.
func (f *Feed) end() {
	f.hub.mu.Lock()
	f.hub.drop(f)
	f.hub.mu.Unlock()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.count(-f.size)
	if n := len(f.ring); n > 0 && f.ring[n-1].Last {
		f.ring = f.ring[n-1:]
	} else {
		f.ring = nil
	}
	f.ended = true
	close(f.done)
	f.wake()
}

// Whole asks for a document of all that is known.
type Whole struct {
	overflow bool
	answer   chan *Document
}

// Wholes are what readers ask for that do not go on where they were. The producer answers each.
func (f *Feed) Wholes() <-chan *Whole { return f.asked }

// Answer gives a reader the document that write makes, which tells with overflow that others were left out before it; once for all that ask until the next one
// is added. The producer calls it.
func (f *Feed) Answer(w *Whole, write func(sequence uint64, overflow bool) Document) {
	f.mu.Lock()
	d, sequence := f.wholes[w.overflow], f.last
	f.mu.Unlock()
	if d == nil {
		made := write(sequence, w.overflow)
		made.Sequence = sequence
		d = &made
		f.mu.Lock()
		f.wholes[w.overflow], f.extent = d, d.size()
		f.mu.Unlock()
	}
	w.answer <- d // has room
}

// join makes a reader.
func (f *Feed) join(resume *Resume, fresh bool) *Reader {
	u := &Reader{feed: f, next: 1}
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case resume != nil && resume.Stream == f.id && resume.Sequence+1 >= f.first() && resume.Sequence <= f.last:
		u.next, u.until = resume.Sequence+1, f.last
		f.hub.resumed.Add(1)
	case resume != nil:
		u.whole, u.gap = true, true
		f.hub.gaps.Add(1)
	default:
		u.whole = !fresh && f.last > 0
	}
	return u
}

// first is the sequence of the first document that is kept. mu is held.
func (f *Feed) first() uint64 { return f.last + 1 - uint64(len(f.ring)) }
