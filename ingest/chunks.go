package ingest

import (
	"time"

	"github.com/shopfloor-iiot/shopfloor/model/uadp"
)

// chunkWait is how long the first of the open messages may wait for its other chunks.
const chunkWait = 10 * time.Second

// chunks makes whole frames of the chunks of DataSetMessages (Part 14, 7.2.4.4.4). The checkpoint stays before the first chunk of a
// message that is not whole yet.
type chunks struct {
	reassembler *uadp.Reassembler
	// first is the lowest sequence that an open message needs, since the time from which it has been that.
	first uint64
	since time.Time
}

func (c *chunks) init() { c.reassembler = uadp.NewReassembler(uadp.ReassemblerLimits{}) }

func (c *chunks) reset() { c.reassembler.Reset() }

func (c *chunks) open() int { return c.reassembler.Open() }

func (c *chunks) oldest() (sequence uint64, ok bool) { return c.reassembler.Oldest() }

// take takes the chunk that d has just met in f. With the last one of a message it returns the frame that the publisher would have sent
// without chunks, at the sequence of the first one, and nil before.
func (c *chunks) take(d *uadp.Decoder, f *Frame) (whole *Frame, err error) {
	if _, err := d.DecodeAny(f.Data); err != nil {
		return nil, err
	}
	chunk, err := d.Chunk()
	if err != nil {
		return nil, err
	}
	if chunk.Of != uadp.KindData {
		return nil, uadp.ErrUnsupportedDiscovery // the inlets take those
	}
	sequence := f.Sequence
	if oldest, ok := c.oldest(); ok {
		sequence = min(sequence, oldest)
	}
	h := d.Header()
	body, err := c.reassembler.Add(uadp.KeyOf(f.Gateway, h, &chunk), &chunk, f.Sequence)
	if body == nil || err != nil {
		return nil, err
	}
	data, err := uadp.AppendNetworkMessage(nil, h, []uint16{chunk.WriterID}, [][]byte{body})
	if err != nil {
		return nil, err
	}
	frame := *f
	frame.Sequence, frame.Data = sequence, data
	return &frame, nil
}

// giveUp gives up messages whose chunks do not come, and returns how many.
func (c *chunks) giveUp(now time.Time) int {
	oldest, ok := c.oldest()
	switch {
	case !ok:
		c.first = 0
	case oldest != c.first:
		c.first, c.since = oldest, now
	case now.Sub(c.since) > chunkWait:
		return c.reassembler.DropBefore(oldest + 1)
	}
	return 0
}
