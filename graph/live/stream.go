package live

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/uadp"
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
	ring     []kept        // the last deliveries, whose sequences end with last, without a gap
	size     int
	last     uint64              // sequence of the newest delivery
	values   []model.ValueChange // the newest of each item; Item is -1 before there is one
	known    int                 // items that have one
	states   map[int]model.MonitoredItemState
	link     *model.MonitorConnection
	snapshot *Delivery // of last; nil when nobody has asked
	ended    error     // why there are no more deliveries
}

// kept is a delivery for those that come back. All but the newest are bytes, where their values have such a form: a sixth of the memory, in one piece.
type kept struct {
	delivery *Delivery // nil when it is packed
	packed   []byte
	changes  int
	size     int
	at       time.Time
}

// pack makes it bytes, in the memory of scratch at first, which it returns.
func (k *kept) pack(scratch []byte) []byte {
	if k.delivery == nil {
		return scratch
	}
	k.delivery.age()
	b, ok := uadp.AppendValueChanges(scratch[:0], &k.delivery.ValueChanges)
	if !ok {
		return scratch
	}
	k.delivery, k.packed, k.size = nil, bytes.Clone(b), packedSize+len(b)
	return b
}

// scratches are shared by all streams, each of which packs a delivery once in a while.
var scratches = sync.Pool{New: func() any { return new([]byte) }}

// packedSize is about what a packed delivery takes beside its bytes.
const packedSize = 96

// at is the delivery of a sequence that is kept. mu is held.
func (s *stream) at(sequence uint64) *Delivery {
	k := &s.ring[sequence-s.first()]
	if k.delivery != nil {
		return k.delivery
	}
	c, err := uadp.DecodeValueChanges(k.packed, &s.request)
	if err != nil { // what was packed here can be read here
		panic(err)
	}
	return &Delivery{Stream: s.id, ValueChanges: c, old: true}
}

// first is the sequence of the first delivery that is kept. mu is held.
func (s *stream) first() uint64 { return s.last + 1 - uint64(len(s.ring)) }

func newStream(h *Hub, key, server string, r model.MonitorRequest) *stream {
	ctx, cancel := context.WithCancel(context.Background())
	s := &stream{
		hub: h, key: key, id: newID(), server: server, request: r, ctx: ctx, cancel: cancel, started: make(chan struct{}), changed: make(chan struct{}),
		values: make([]model.ValueChange, r.Count()), states: map[int]model.MonitoredItemState{},
	}
	for i := range s.values {
		s.values[i].Item = -1
	}
	return s
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
	// Of a gateway that is not sound: items that nobody asked for.
	c.Changes = slices.DeleteFunc(c.Changes, func(v model.ValueChange) bool { return uint(v.Item) >= uint(len(s.values)) })
	c.States = slices.DeleteFunc(c.States, func(x model.MonitoredItemState) bool { return uint(x.Item) >= uint(len(s.values)) })
	s.last++
	c.Sequence = s.last
	s.remember(&c)
	next := kept{delivery: &Delivery{Stream: s.id, ValueChanges: c}, changes: len(c.Changes), size: sizeOf(&c), at: now}
	before := s.size
	s.ring, s.snapshot = append(s.ring, next), nil
	s.size += next.size
	if i := len(s.ring) - 1 - rendered; i >= 0 {
		s.size -= s.ring[i].size
		scratch := scratches.Get().(*[]byte)
		*scratch = s.ring[i].pack(*scratch)
		scratches.Put(scratch)
		s.size += s.ring[i].size
	}
	total := s.hub.bytes.Add(int64(s.size - before))
	drop := 0
	for drop < len(s.ring)-1 && (s.size > s.hub.cfg.KeepBytes || total > s.hub.cfg.TotalBytes || now.Sub(s.ring[drop].at) > s.hub.cfg.KeepFor) {
		s.size -= s.ring[drop].size
		total = s.hub.bytes.Add(-int64(s.ring[drop].size))
		drop++
	}
	s.ring = slices.Delete(s.ring, 0, drop)
	close(s.changed)
	s.changed = make(chan struct{})
}

// remember keeps the newest of each item. mu is held.
func (s *stream) remember(c *model.ValueChanges) {
	for i := range c.Changes {
		v := &s.values[c.Changes[i].Item]
		if v.Item < 0 {
			s.known++
		}
		*v = c.Changes[i]
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
		c := model.ValueChanges{Sequence: s.last, Connection: s.link, Changes: make([]model.ValueChange, 0, s.known)}
		for i := range s.values {
			if s.values[i].Item >= 0 {
				c.Changes = append(c.Changes, s.values[i])
			}
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
	first := s.first()
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
	if first := s.first(); u.next < first || u.next > u.until && u.late() {
		if u.next+1 <= s.last {
			s.hub.skipped.Add(s.last - u.next)
		}
		u.next, u.gap = s.last+1, false
		return s.current(), true
	}
	d, overflow = s.at(u.next), u.gap
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
	for _, k := range s.ring[u.next-s.first():] {
		if n += k.changes; n > 2*s.known {
			return true
		}
	}
	return false
}

// Close leaves the stream.
func (u *Subscription) Close() { u.stream.hub.leave(u.stream) }
