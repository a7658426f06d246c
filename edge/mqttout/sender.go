package mqttout

import (
	"context"
	"errors"
	"slices"
	"time"
)

// retryPause is after how long a message is tried again that could not be handed over though there is a connection.
const retryPause = 100 * time.Millisecond

// sender takes items from the queue, makes messages of them and hands them to the client, in order, until the broker has them. All of it is
// one goroutine.
type sender struct {
	broker   *Broker
	client   client
	encoder  *encoder
	unsent   []*message // in order; those in front were on their way before
	inflight []sent     // in order
	session  uint64     // the number of the connection that was greeted last
	batches  map[*writer]bool
}

// sent is a message on its way.
type sent struct {
	*message
	ack ack
}

// run sends until ending is closed and everything that waited is sent, or until ctx ends.
func (s *sender) run(ctx context.Context, ending <-chan struct{}) {
	for ctx.Err() == nil {
		s.reap(ctx)
		if s.push(ctx) != nil {
			return
		}
		if it, ok := s.broker.queue.pop(); ok {
			s.item(ctx, it)
			continue
		}
		due := s.flushDue(ctx, time.Now())
		select {
		case <-ending:
			s.finish(ctx)
			return
		default:
		}
		change := s.broker.link.changed()
		if s.broker.link.isUp() {
			_ = s.greet(ctx) // an idle gateway says that it is there, too; fails only when ctx ends
			_ = s.push(ctx)
		}
		var head <-chan struct{}
		if len(s.inflight) > 0 {
			head = s.inflight[0].ack.Done()
		}
		timer := time.NewTimer(time.Until(due))
		select {
		case <-ctx.Done():
		case <-ending:
		case <-s.broker.queue.wake:
		case <-change:
		case <-head:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// finish sends what waits in batches, waits until all is acknowledged, and says goodbye.
func (s *sender) finish(ctx context.Context) {
	s.flushDue(ctx, time.Now().Add(24*time.Hour))
	if m, err := s.broker.status(s.encoder, statusDisabled); err == nil && s.broker.link.isUp() {
		s.unsent = append(s.unsent, m)
	}
	for s.push(ctx) == nil && ctx.Err() == nil && len(s.inflight) > 0 {
		s.settle(ctx)
	}
}

// item makes messages of an item and sends them.
func (s *sender) item(ctx context.Context, it item) {
	if it.frame == nil {
		// The status goes first. All of it fails only when ctx ends.
		if s.greet(ctx) == nil && s.push(ctx) == nil && s.announce(it.writer) {
			_ = s.push(ctx)
		}
		return
	}
	s.outcome(ctx, s.encoder.frame(it.writer, it.frame, time.Now(), s.broker.maxMessage(), s.emit(ctx, it.writer)))
	if len(it.writer.batch.bodies) > 0 {
		s.batches[it.writer] = true
	} else {
		delete(s.batches, it.writer)
	}
}

// emit is where the messages of a writer go.
func (s *sender) emit(ctx context.Context, w *writer) func(*message) error {
	return func(m *message) error {
		m.writer = w
		s.unsent = append(s.unsent, m)
		return s.push(ctx)
	}
}

// outcome looks at the outcome of making and sending messages.
func (s *sender) outcome(ctx context.Context, err error) {
	switch {
	case err != nil && ctx.Err() != nil:
		s.broker.counters.dropped.Add(1)
	case err != nil:
		s.broker.refuse(err)
	}
}

// flushDue sends the batches whose time has come and returns when the next one is due.
func (s *sender) flushDue(ctx context.Context, now time.Time) time.Time {
	next := now.Add(time.Hour)
	for w := range s.batches {
		if w.batch.due.After(now) {
			if w.batch.due.Before(next) {
				next = w.batch.due
			}
			continue
		}
		delete(s.batches, w)
		s.outcome(ctx, s.encoder.flush(w, s.emit(ctx, w)))
	}
	return next
}

// announce puts the writer's metadata in front, if this connection has not had it.
func (s *sender) announce(w *writer) bool {
	if w.announced == s.session {
		return false
	}
	w.announced = s.session
	m, err := w.announcement(s.encoder)
	if err != nil {
		s.broker.refuse(err)
		return false
	}
	s.unsent = slices.Insert(s.unsent, 0, m)
	return true
}

// greet waits for a connection. On a new one what was on its way is settled first, so that the order is kept, and the status goes in front.
func (s *sender) greet(ctx context.Context) error {
	for {
		number, err := s.broker.link.await(ctx)
		if err != nil || number == s.session {
			return err
		}
		s.session = number
		s.settle(ctx)
		m, err := s.broker.status(s.encoder, statusOperational)
		if err != nil {
			s.broker.refuse(err)
			continue
		}
		s.unsent = slices.Insert(s.unsent, 0, m)
	}
}

// push hands over what is unsent, when there is room for more on its way. The error is that of ctx.
func (s *sender) push(ctx context.Context) error {
	for len(s.unsent) > 0 {
		if err := s.greet(ctx); err != nil {
			return err
		}
		if len(s.inflight) >= window {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-s.inflight[0].ack.Done():
			}
			s.reap(ctx)
			continue
		}
		m := s.unsent[0]
		if m.writer != nil && s.announce(m.writer) {
			continue
		}
		if s.handOver(ctx, m) {
			s.unsent = slices.Delete(s.unsent, 0, 1)
			continue
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(retryPause):
		}
	}
	return nil
}

// handOver tells whether the client has the message now, or it is given up. Else it is to be tried again.
func (s *sender) handOver(ctx context.Context, m *message) bool {
	if limit := s.broker.maxMessage(); len(m.payload) > limit {
		s.broker.refuse(tooLarge(m, limit))
		return true
	}
	a, err := s.client.publish(ctx, m)
	switch {
	case errors.Is(err, errRefused):
		s.broker.refuse(err)
	case err != nil:
		return false
	case a == nil:
		s.broker.published(m)
	default:
		s.inflight = append(s.inflight, sent{m, a})
		s.count()
	}
	return true
}

// reap takes note of acknowledgements that are there. When something is to be sent again, all that is on its way is settled.
func (s *sender) reap(ctx context.Context) {
	n := 0
	for _, it := range s.inflight {
		select {
		case <-it.ack.Done():
		default:
			s.forget(n)
			return
		}
		if !s.done(it) {
			s.forget(n)
			s.settle(ctx)
			return
		}
		n++
	}
	s.forget(n)
}

// settle waits until it is known what became of all that is on its way. What got lost is unsent again, in front of the rest.
func (s *sender) settle(ctx context.Context) {
	var again []*message
	for _, it := range s.inflight {
		select {
		case <-ctx.Done():
		case <-it.ack.Done():
		}
		if ctx.Err() != nil {
			return
		}
		if !s.done(it) {
			again = append(again, it.message)
		}
	}
	s.unsent = slices.Insert(s.unsent, 0, again...)
	s.forget(len(s.inflight))
}

// forget takes the first n off what is on its way.
func (s *sender) forget(n int) {
	s.inflight = slices.Delete(s.inflight, 0, n)
	s.count()
}

func (s *sender) count() { s.broker.counters.inflight.Store(int64(len(s.inflight) + len(s.unsent))) }

// done counts a message whose acknowledgement is there. It tells whether the broker said what becomes of it.
func (s *sender) done(it sent) bool {
	switch err := it.ack.Error(); {
	case err == nil:
		s.broker.published(it.message)
	case errors.Is(err, errRefused):
		s.broker.refuse(err)
	default:
		return false
	}
	return true
}
