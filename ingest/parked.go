package ingest

import (
	"cmp"
	"slices"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

const (
	// maxParked and maxParkedBytes bound the frames that wait for metadata.
	maxParked      = 4096
	maxParkedBytes = 32 << 20
)

// parkedFrames wait for the metadata of their version, while the frames of other writers go on. Later frames of the same writer
// wait behind them.
type parkedFrames struct {
	frames  []parkedFrame // in the order of their sequence
	bytes   int
	writers map[model.WriterKey]waiting // what each writer's first frame waits for
}

type parkedFrame struct {
	Frame
	repeat bool
	// since is when the frame came: the wait of all frames runs at the same time.
	since time.Time
}

type waiting struct {
	key   layoutKey
	since time.Time
}

// waits tells whether frames of a writer are waiting.
func (p *parkedFrames) waits(writer model.WriterKey) bool {
	if len(p.frames) == 0 {
		return false
	}
	_, ok := p.writers[writer]
	return ok
}

// add lets a frame wait for key, or behind earlier ones of its writer. Frames come in the order of their sequence within a writer
// alone, and some come back.
func (p *parkedFrames) add(f parkedFrame, key layoutKey) {
	if p.writers == nil {
		p.writers = map[model.WriterKey]waiting{}
	}
	if _, ok := p.writers[f.key()]; !ok {
		p.writers[f.key()] = waiting{key, f.since}
	}
	at := len(p.frames)
	if at > 0 && p.frames[at-1].Sequence > f.Sequence {
		at, _ = slices.BinarySearchFunc(p.frames, f.Sequence, func(other parkedFrame, sequence uint64) int {
			return cmp.Compare(other.Sequence, sequence)
		})
	}
	p.frames = slices.Insert(p.frames, at, f)
	p.bytes += len(f.Data)
}

// take removes and returns the frames of a writer.
func (p *parkedFrames) take(writer model.WriterKey) []parkedFrame {
	var taken []parkedFrame
	rest := p.frames[:0]
	for _, f := range p.frames {
		if f.key() == writer {
			taken = append(taken, f)
			p.bytes -= len(f.Data)
		} else {
			rest = append(rest, f)
		}
	}
	clear(p.frames[len(rest):])
	p.frames = rest
	delete(p.writers, writer)
	return taken
}

// full tells whether no more frames may wait.
func (p *parkedFrames) full() bool { return len(p.frames) >= maxParked || p.bytes >= maxParkedBytes }

// oldest returns the lowest sequence of the frames that wait. A message of several chunks has that of its first one, and comes last.
func (p *parkedFrames) oldest() (sequence uint64, ok bool) {
	for i := range p.frames {
		if s := p.frames[i].Sequence; i == 0 || s < sequence {
			sequence = s
		}
	}
	return sequence, len(p.frames) > 0
}
