package uadp

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// The limits of a Reassembler that are used where its ReassemblerLimits say 0.
const (
	DefaultMaxWhole  = 16 << 20
	DefaultMaxMemory = 64 << 20
	DefaultMaxOpen   = 256
)

// chunkOverhead is what a chunk is taken to use of MaxMemory besides its data, so that chunks of one byte are bounded too.
const chunkOverhead = 64

// ReassemblerLimits bound what a Reassembler keeps; 0 takes the default.
type ReassemblerLimits struct {
	// MaxWhole is the greatest TotalSize in bytes.
	MaxWhole int
	// MaxMemory is the number of bytes that all open messages together may keep, MaxOpen how many there may be.
	MaxMemory, MaxOpen int
}

// ChunkKey tells whose chunk it is: chunks with the same key belong together. Source is whatever the caller needs to tell frames of
// different ways in apart.
type ChunkKey struct {
	Source         string
	Publisher      PublisherID
	WriterGroupID  uint16
	Of             MessageKind
	WriterID       uint16
	SequenceNumber uint16
}

// KeyOf is the ChunkKey of a chunk of a frame with header h. It has h's memory; the Reassembler clones what it keeps.
func KeyOf(source string, h *Header, c *Chunk) ChunkKey {
	return ChunkKey{source, h.PublisherID, h.WriterGroupID, c.Of, c.WriterID, c.SequenceNumber}
}

// ReassemblerStats count what became of the chunks and the messages they are parts of.
type ReassemblerStats struct {
	// Completed is the number of messages that became whole; Evicted of those that were given up because of a limit or DropBefore,
	// Replaced of those that were given up because a chunk contradicted them.
	Completed, Evicted, Replaced uint64
	// Duplicates is the number of chunks that were there already, Refused of those that Add returned an error for.
	Duplicates, Refused uint64
}

// Reassembler makes whole messages of their chunks, which may come in any order and more than once. When a limit is reached, the message
// that was opened first is given up. It is for one goroutine at a time.
type Reassembler struct {
	limits ReassemblerLimits
	open   map[ChunkKey]*openMessage
	order  []*openMessage // oldest first
	memory int
	stats  ReassemblerStats
}

// openMessage is a message of which chunks are missing.
type openMessage struct {
	key    ChunkKey
	total  uint32
	have   int
	memory int
	parts  []part // by offset
	mark   uint64 // the least of its chunks
}

type part struct {
	offset uint32
	data   []byte
}

func (p part) end() uint64 { return uint64(p.offset) + uint64(len(p.data)) }

// NewReassembler makes a Reassembler without open messages.
func NewReassembler(l ReassemblerLimits) *Reassembler {
	pick := func(n, otherwise int) int {
		if n > 0 {
			return n
		}
		return otherwise
	}
	return &Reassembler{
		limits: ReassemblerLimits{pick(l.MaxWhole, DefaultMaxWhole), pick(l.MaxMemory, DefaultMaxMemory), pick(l.MaxOpen, DefaultMaxOpen)},
		open:   make(map[ChunkKey]*openMessage),
	}
}

// Add takes a chunk and returns the whole message if that was its last one, else nil. It copies what it keeps; whole is the caller's.
// mark is the caller's number of the frame, such as its sequence in a stream, see Oldest.
//
// A chunk that contradicts those before it (another TotalSize, other data in the same place) is taken as the first of a new message: the
// publisher was started anew and counts from the beginning. The errors, ErrLimit and ErrMalformed, leave all open messages as they were.
func (r *Reassembler) Add(key ChunkKey, c *Chunk, mark uint64) (whole []byte, err error) {
	if err := r.check(c); err != nil {
		r.stats.Refused++
		return nil, err
	}
	m := r.open[key]
	if m != nil {
		at, fit := m.place(c)
		switch fit {
		case partKnown:
			r.stats.Duplicates++
			m.mark = min(m.mark, mark)
			return nil, nil
		case partFits:
			return r.insert(m, at, c, mark), nil
		}
		r.stats.Replaced++
		r.drop(m)
	}
	if len(c.Data) == int(c.TotalSize) {
		r.stats.Completed++
		return bytes.Clone(c.Data), nil
	}
	key.Source, key.Publisher = strings.Clone(key.Source), key.Publisher.Clone()
	m = &openMessage{key: key, total: c.TotalSize, mark: mark}
	r.open[key] = m
	r.order = append(r.order, m)
	return r.insert(m, 0, c, mark), nil
}

func (r *Reassembler) check(c *Chunk) error {
	if err := c.check(); err != nil {
		return err
	}
	if uint64(c.TotalSize) > uint64(r.limits.MaxWhole) || int(c.TotalSize)+2*chunkOverhead > r.limits.MaxMemory {
		return fmt.Errorf("%w: chunk of a message of %d bytes; want up to %d", ErrLimit, c.TotalSize, min(r.limits.MaxWhole, r.limits.MaxMemory-2*chunkOverhead))
	}
	return nil
}

type partFit int

const (
	partFits partFit = iota
	partKnown
	partContradicts
)

// place finds where a chunk goes.
func (m *openMessage) place(c *Chunk) (at int, fit partFit) {
	p := part{c.Offset, c.Data}
	at, found := slices.BinarySearchFunc(m.parts, p, func(a, b part) int { return int(int64(a.offset) - int64(b.offset)) })
	switch {
	case c.TotalSize != m.total:
		return 0, partContradicts
	case found && bytes.Equal(m.parts[at].data, c.Data):
		return at, partKnown
	case found, at > 0 && m.parts[at-1].end() > uint64(c.Offset), at < len(m.parts) && p.end() > uint64(m.parts[at].offset):
		return 0, partContradicts
	}
	return at, partFits
}

// insert adds a chunk to an open message and returns it if it is whole.
func (r *Reassembler) insert(m *openMessage, at int, c *Chunk, mark uint64) []byte {
	m.mark = min(m.mark, mark)
	m.have += len(c.Data)
	if m.have < int(m.total) {
		size := len(c.Data) + chunkOverhead
		m.parts = slices.Insert(m.parts, at, part{c.Offset, bytes.Clone(c.Data)})
		m.memory += size
		r.memory += size
		r.evict(m)
		return nil
	}
	whole := make([]byte, 0, m.total)
	for i, p := range m.parts {
		if i == at {
			whole = append(whole, c.Data...)
		}
		whole = append(whole, p.data...)
	}
	if at == len(m.parts) {
		whole = append(whole, c.Data...)
	}
	r.drop(m)
	r.stats.Completed++
	return whole
}

// evict gives up the oldest messages until the limits are kept; the one that was just added to is given up only if it alone is beyond
// them.
func (r *Reassembler) evict(added *openMessage) {
	for len(r.order) > r.limits.MaxOpen || r.memory > r.limits.MaxMemory {
		oldest := r.order[0]
		if oldest == added && len(r.order) > 1 {
			oldest = r.order[1]
		}
		r.stats.Evicted++
		r.drop(oldest)
	}
}

func (r *Reassembler) drop(m *openMessage) {
	delete(r.open, m.key)
	r.memory -= m.memory
	at := slices.Index(r.order, m)
	r.order = slices.Delete(r.order, at, at+1)
}

// Oldest returns the least mark that an open message needs: what a reader that begins anew there reads, makes all open messages whole
// again. ok is false when none is open.
func (r *Reassembler) Oldest() (mark uint64, ok bool) {
	for i, m := range r.order {
		if i == 0 || m.mark < mark {
			mark = m.mark
		}
	}
	return mark, len(r.order) > 0
}

// DropBefore gives up the open messages that need a mark less than the given one and returns how many there were. A caller does so
// from time to time, or a message whose chunk was lost would stay the Oldest for ever.
func (r *Reassembler) DropBefore(mark uint64) (dropped int) {
	for _, m := range slices.Clone(r.order) {
		if m.mark < mark {
			r.drop(m)
			dropped++
		}
	}
	r.stats.Evicted += uint64(dropped)
	return dropped
}

// Reset gives up all open messages, without counting them: the caller reads their frames again.
func (r *Reassembler) Reset() {
	clear(r.open)
	clear(r.order)
	r.order, r.memory = r.order[:0], 0
}

// Open is the number of messages of which chunks are missing.
func (r *Reassembler) Open() int { return len(r.order) }

// Memory is the number of bytes that count towards MaxMemory.
func (r *Reassembler) Memory() int { return r.memory }

// Stats are the counts since the Reassembler was made.
func (r *Reassembler) Stats() ReassemblerStats { return r.stats }
