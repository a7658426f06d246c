package opcua

import (
	"sync/atomic"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// firstValue is how long an item may be without its first value, beside its sampling interval and three publishing intervals, before it is late.
const firstValue = 10 * time.Second

// itemCounts is what diagnostics know of the values of an item. One goroutine at a time notes, any may read. There is one for each monitored
// node, hundreds of thousands in a gateway: 48 bytes.
type itemCounts struct {
	values    atomic.Uint64
	last      atomic.Int64  // arrival of the newest value in Unix ns; 0 before the first
	since     atomic.Int64  // Unix ns of the last turn to good or bad; 0 before the first
	status    atomic.Uint32 // of the newest value
	overflows atomic.Uint32
	overflow  atomic.Uint32 // Unix seconds of the last one
	// As revised by the server:
	queue    atomic.Uint32
	sampling atomic.Int64 // ns
}

// arrived notes a value.
func (c *itemCounts) arrived(now time.Time, status model.StatusCode) {
	at := now.UnixNano()
	c.values.Store(c.values.Load() + 1)
	c.last.Store(at)
	if before := model.StatusCode(c.status.Load()); before != status {
		c.status.Store(uint32(status))
		if before.IsBad() != status.IsBad() {
			c.since.Store(at)
		}
	}
	if status.Overflow() {
		c.overflows.Add(1)
		c.overflow.Store(uint32(now.Unix()))
	}
}

// turned notes that the server accepted or refused the item.
func (c *itemCounts) turned(now time.Time) { c.since.Store(now.UnixNano()) }

// revise notes what the server made of the sampling interval, in milliseconds, and the queue size that were asked for.
func (c *itemCounts) revise(sampling float64, queue uint32) {
	c.sampling.Store(int64(sampling * float64(time.Millisecond)))
	c.queue.Store(queue)
}

// bad tells that the newest value is Bad.
func (c *itemCounts) bad() bool { return model.StatusCode(c.status.Load()).IsBad() }

// overflowed tells whether the server's queue overflowed lately.
func (c *itemCounts) overflowed(now time.Time) bool {
	return now.Unix()-int64(c.overflow.Load()) < int64(model.OverflowMemory/time.Second)
}

// fill copies the counts.
func (c *itemCounts) fill(s *model.ItemState) {
	s.Values, s.Overflows = c.values.Load(), uint64(c.overflows.Load())
	s.SamplingInterval, s.QueueSize = time.Duration(c.sampling.Load()), c.queue.Load()
	s.Since, s.LastValue = timeOf(c.since.Load()), timeOf(c.last.Load())
}

// timeOf is the time of Unix ns, the zero time for 0.
func timeOf(ns int64) time.Time {
	if ns == 0 {
		return time.Time{}
	}
	return time.Unix(0, ns).UTC()
}

// late is how long the item is without a value, 0 while that is not too long: at counts by the watchdog's timeout, and the first value is due anyway.
func (c *itemCounts) late(at *moment) time.Duration {
	from, limit := c.last.Load(), at.timeout
	if from == 0 {
		from = c.since.Load()
		limit = max(limit, firstValue+3*at.publishing+time.Duration(c.sampling.Load()))
	}
	if quiet := time.Duration(at.now.UnixNano() - from); from != 0 && limit > 0 && quiet > limit {
		return quiet
	}
	return 0
}
