package ingest

import "context"

// Pending is a FrameReader that knows how many frames of its own there are in the stream that Next has not returned yet. It may be
// asked from any goroutine. A Core of a Sparse stream counts its backlog so: the sequences of the stream count the frames of others
// as well.
type Pending interface {
	FrameReader
	Pending(ctx context.Context) (uint64, error)
}

// reads notes the reader of the session, nil at its end.
func (c *Core) reads(r FrameReader) {
	c.reading.Lock()
	defer c.reading.Unlock()
	c.pending, _ = r.(Pending)
}

// refreshBacklog asks how many frames wait. What cannot be asked now stays as it was.
func (c *Core) refreshBacklog(ctx context.Context) error {
	if !c.cfg.Sparse {
		st, err := c.frames.State(ctx)
		if err == nil {
			c.backlog.Store(st.Last - min(st.Last, c.position.Load()))
		}
		return err
	}
	c.reading.Lock()
	pending := c.pending
	c.reading.Unlock()
	if pending == nil {
		return nil
	}
	n, err := pending.Pending(ctx)
	if err == nil {
		c.backlog.Store(n)
	}
	return err
}
