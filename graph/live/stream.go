package live

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

const (
	// rendered is how many deliveries before the newest keep what was rendered of them.
	rendered = 1
	// behind is how many deliveries a subscriber may be late before it is given the current values in their place, if those are fewer.
	behind = 4
	// retryFirst and retryMax pace the attempts to reach a gateway that went away.
	retryFirst, retryMax = time.Second, 15 * time.Second
)

// errGatewayAway is told while the gateway is asked again.
const errGatewayAway = "the gateway is not connected; the values go on when it is back"

// stream is one monitoring with its subscribers.
type stream struct {
	hub     *Hub
	key     string
	id      string
	server  string
	request model.MonitorRequest
	ctx     context.Context
	cancel  context.CancelFunc
	started chan struct{} // closed when the first Monitor has answered
	failed  error         // why it did not start; set before started is closed

	// Under Hub.mu:
	users int
	idle  time.Time

	mu       sync.Mutex
	changed  chan struct{} // closed and replaced with each delivery
	ring     []kept        // the last deliveries, their sequences without a gap
	size     int
	last     uint64 // sequence of the newest delivery
	values   map[int]model.ValueChange
	states   map[int]model.MonitoredItemState
	link     *model.MonitorConnection
	snapshot *Delivery // of last; nil when nobody has asked
	ended    error     // why there are no more deliveries
}

type kept struct {
	*Delivery
	at time.Time
}

func newStream(h *Hub, key, server string, r model.MonitorRequest) *stream {
	ctx, cancel := context.WithCancel(context.Background())
	return &stream{
		hub: h, key: key, id: newID(), server: server, request: r, ctx: ctx, cancel: cancel, started: make(chan struct{}), changed: make(chan struct{}),
		values: map[int]model.ValueChange{}, states: map[int]model.MonitoredItemState{},
	}
}

// start asks for the values and runs the stream until its ctx ends.
func (s *stream) start(ctx context.Context) {
	defer close(s.started)
	stop := context.AfterFunc(ctx, func() {
		select {
		case <-s.started:
		default:
			s.cancel() // who began it does not wait any more
		}
	})
	in, err := s.hub.monitor(s)
	stop()
	if err == nil && s.ctx.Err() != nil {
		err = s.ctx.Err()
	}
	if err != nil {
		s.failed = err
		s.cancel()
		s.hub.mu.Lock()
		s.hub.end(s)
		s.hub.mu.Unlock()
		return
	}
	s.hub.mu.Lock()
	defer s.hub.mu.Unlock()
	if s.hub.closed {
		s.failed = ErrClosed
		s.cancel()
		return
	}
	s.hub.group.Go(func() { s.run(in) })
}

// run takes deliveries, and asks again when the gateway went away, until the stream's ctx ends.
func (s *stream) run(in <-chan model.ValueChanges) {
	defer s.end()
	for s.take(in) {
		s.add(model.ValueChanges{Connection: &model.MonitorConnection{State: model.StateUnknown, Message: errGatewayAway}})
		pause := retryFirst
		for {
			select {
			case <-s.ctx.Done():
				return
			case <-time.After(pause):
			}
			next, err := s.hub.monitor(s)
			if err == nil {
				in = next
				break
			}
			if s.hub.cfg.Fatal(err) {
				s.stop(err)
				return
			}
			pause = min(2*pause, retryMax)
		}
	}
}

// take adds what comes in; false when the stream's ctx has ended.
func (s *stream) take(in <-chan model.ValueChanges) bool {
	for {
		select {
		case <-s.ctx.Done():
			return false
		case c, ok := <-in:
			if !ok {
				return s.ctx.Err() == nil
			}
			s.add(c)
		}
	}
}

// stop tells the subscribers that there is no more, and why.
func (s *stream) stop(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended == nil {
		s.ended = err
	}
	close(s.changed)
	s.changed = make(chan struct{})
}

// end gives back what is kept.
func (s *stream) end() {
	s.hub.mu.Lock()
	s.hub.end(s)
	s.hub.mu.Unlock()
	s.stop(ErrClosed)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hub.bytes.Add(-int64(s.size))
	s.size, s.ring = 0, nil
}

// add makes a delivery of what came in.
func (s *stream) add(c model.ValueChanges) {
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last++
	c.Sequence = s.last
	s.remember(&c)
	d := &Delivery{Stream: s.id, ValueChanges: c, size: sizeOf(&c)}
	s.ring, s.snapshot = append(s.ring, kept{d, now}), nil
	s.size += d.size
	s.hub.bytes.Add(int64(d.size))
	drop := 0
	for drop < len(s.ring)-1 && (s.size > s.hub.cfg.KeepBytes || s.hub.bytes.Load() > s.hub.cfg.TotalBytes || now.Sub(s.ring[drop].at) > s.hub.cfg.KeepFor) {
		s.size -= s.ring[drop].size
		s.hub.bytes.Add(-int64(s.ring[drop].size))
		drop++
	}
	s.ring = slices.Delete(s.ring, 0, drop)
	if i := len(s.ring) - 1 - rendered; i >= 0 {
		s.ring[i].age()
	}
	close(s.changed)
	s.changed = make(chan struct{})
}

// remember keeps the newest of each item. mu is held.
func (s *stream) remember(c *model.ValueChanges) {
	for i := range c.Changes {
		s.values[c.Changes[i].Item] = c.Changes[i]
	}
	for _, x := range c.States {
		if s.states[x.Item] = x; x.Status == 0 {
			delete(s.states, x.Item)
		}
	}
	if c.Connection != nil {
		s.link = c.Connection
	}
}

// current is a delivery of all that is known, in place of that of last. mu is held.
func (s *stream) current() *Delivery {
	if s.snapshot == nil {
		c := model.ValueChanges{Sequence: s.last, Connection: s.link, Changes: make([]model.ValueChange, 0, len(s.values))}
		for _, i := range slices.Sorted(maps.Keys(s.values)) {
			c.Changes = append(c.Changes, s.values[i])
		}
		for _, i := range slices.Sorted(maps.Keys(s.states)) {
			c.States = append(c.States, s.states[i])
		}
		s.snapshot = &Delivery{Stream: s.id, ValueChanges: c}
	}
	return s.snapshot
}

// join makes a subscriber.
func (s *stream) join(resume *Resume, fresh bool) *Subscription {
	u := &Subscription{stream: s, next: 1}
	s.mu.Lock()
	defer s.mu.Unlock()
	first := s.last + 1
	if len(s.ring) > 0 {
		first = s.ring[0].Sequence
	}
	switch {
	case resume != nil && resume.Stream == s.id && resume.Sequence+1 >= first && resume.Sequence <= s.last:
		u.next, u.until = resume.Sequence+1, s.last
		s.hub.resumed.Add(1)
	case resume != nil:
		u.whole, u.gap = s.last > 0, true
		s.hub.gaps.Add(1)
	default:
		u.whole = !fresh && s.last > 0
	}
	return u
}

// Subscription is one subscriber of a stream. It holds nothing but its place.
type Subscription struct {
	stream *stream
	next   uint64 // sequence of the next delivery
	until  uint64 // all up to this one were missed and are wanted
	whole  bool   // begins with the current values
	gap    bool   // what it missed is not there any more
}

// errDone ends a Subscription whose ctx has ended.
var errDone = errors.New("the subscription ended")

// Next waits for the next delivery. overflow tells that deliveries before it were left out: it has the current values of all items then. The error says
// why there are no more.
func (u *Subscription) Next(ctx context.Context) (d *Delivery, overflow bool, err error) {
	s := u.stream
	for {
		s.mu.Lock()
		d, overflow = u.take()
		changed, ended := s.changed, s.ended
		s.mu.Unlock()
		switch {
		case d != nil:
			s.hub.deliveries.Add(1)
			return d, overflow, nil
		case ended != nil:
			return nil, false, ended
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, false, errDone
		}
	}
}

// take returns the next delivery, nil when there is none. stream.mu is held.
func (u *Subscription) take() (d *Delivery, overflow bool) {
	s := u.stream
	switch {
	case u.whole:
		u.whole, u.next, overflow, u.gap = false, s.last+1, u.gap, false
		return s.current(), overflow
	case u.next > s.last:
		return nil, false
	}
	first := s.ring[0].Sequence
	if u.next < first || u.next > u.until && u.late() {
		if u.next+1 <= s.last {
			s.hub.skipped.Add(s.last - u.next)
		}
		u.next, u.gap = s.last+1, false
		return s.current(), true
	}
	d, overflow = s.ring[u.next-first].Delivery, u.gap
	u.next, u.gap = u.next+1, false
	return d, overflow
}

// late tells whether the current values are less than what waits. stream.mu is held.
func (u *Subscription) late() bool {
	s := u.stream
	if s.last-u.next < behind {
		return false
	}
	n := 0
	for _, d := range s.ring[u.next-s.ring[0].Sequence:] {
		if n += len(d.Changes); n > 2*len(s.values) {
			return true
		}
	}
	return false
}

// Close leaves the stream.
func (u *Subscription) Close() { u.stream.hub.leave(u.stream) }
