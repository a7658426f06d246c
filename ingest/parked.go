package ingest

import "github.com/shopfloor-iiot/shopfloor/model"

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
	writers map[model.WriterKey]layoutKey // what each writer's first frame waits for
}

type parkedFrame struct {
	Frame
	repeat bool
}

// waits tells whether frames of a writer are waiting.
func (p *parkedFrames) waits(writer model.WriterKey) bool {
	if len(p.frames) == 0 {
		return false
	}
	_, ok := p.writers[writer]
	return ok
}

// add lets a frame wait for key, or behind earlier ones of its writer.
func (p *parkedFrames) add(f *Frame, repeat bool, key layoutKey) {
	if p.writers == nil {
		p.writers = map[model.WriterKey]layoutKey{}
	}
	if _, ok := p.writers[f.key()]; !ok {
		p.writers[f.key()] = key
	}
	p.frames = append(p.frames, parkedFrame{*f, repeat})
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

// oldest returns the sequence of the first frame that waits.
func (p *parkedFrames) oldest() (sequence uint64, ok bool) {
	if len(p.frames) == 0 {
		return 0, false
	}
	return p.frames[0].Sequence, true
}
