package ingest

import (
	"time"

	"github.com/shopfloor-iiot/shopfloor/model/uadp"
)

const (
	// chunkWait is how long the first chunk of a message may wait for the others.
	chunkWait = 10 * time.Second
	// chunkTick is how exactly the times of chunks are known.
	chunkTick = time.Second
)

// chunks makes whole frames of the chunks of DataSetMessages (Part 14, 7.2.4.4.4). The checkpoint stays before the first chunk of a
// message that is not whole yet.
type chunks struct {
	reassembler *uadp.Reassembler
	// arrivals tell when chunks came: the waits of all messages run at the same time.
	arrivals []arrival
}

// arrival says that all chunks up to sequence had come by a time.
type arrival struct {
	sequence  uint64
	first, at time.Time
}

func (c *chunks) init() { c.reassembler = uadp.NewReassembler(uadp.ReassemblerLimits{}) }

func (c *chunks) reset() {
	c.reassembler.Reset()
	c.arrivals = nil
}

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
	c.came(f.Sequence, time.Now())
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

// came notes when a chunk came.
func (c *chunks) came(sequence uint64, now time.Time) {
	if n := len(c.arrivals); n > 0 {
		last := &c.arrivals[n-1]
		sequence = max(sequence, last.sequence)
		if now.Sub(last.first) < chunkTick {
			last.sequence, last.at = sequence, now
			return
		}
	}
	c.arrivals = append(c.arrivals, arrival{sequence, now, now})
}

// giveUp gives up messages whose chunks do not come, and returns how many.
func (c *chunks) giveUp(now time.Time) int {
	if c.open() == 0 {
		c.arrivals = c.arrivals[:0]
		return 0
	}
	n, over := 0, uint64(0)
	for n < len(c.arrivals) && now.Sub(c.arrivals[n].at) > chunkWait {
		over = c.arrivals[n].sequence
		n++
	}
	if n == 0 {
		return 0
	}
	c.arrivals = append(c.arrivals[:0], c.arrivals[n:]...)
	return c.reassembler.DropBefore(over + 1)
}
