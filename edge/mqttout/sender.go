package mqttout

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/shopfloor-iiot/shopfloor/edge"
)

// retryPause is after how long a message is tried again that could not be handed over though there is a connection.
const retryPause = 100 * time.Millisecond

// sender takes frames from the store, makes messages of them and hands them to the client, in order, until the broker has them; then it moves the
// broker's position in the store. All of it is one goroutine.
type sender struct {
	broker   *Broker
	client   client
	encoder  *encoder
	unsent   []*message // in order; those in front were on their way before
	inflight []sent     // in order
	session  uint64     // the number of the connection that was greeted last
	batches  map[*writer]bool

	writers writers
	feed    <-chan []edge.LogFrame
	frames  []edge.LogFrame // taken from feed, to be sent
	read    uint64          // sequence of the last frame that messages were made of, or that is not for the broker
	passed  uint64          // the position that was saved last
	// passedAt is when that was tried last; failing tells that it did not work.
	passedAt time.Time
	failing  bool
}

// sent is a message on its way.
type sent struct {
	*message
	ack ack
}

// has tells whether the broker has acknowledged the message.
func (it sent) has() bool {
	select {
	case <-it.ack.Done():
		return it.ack.Error() == nil
	default:
		return false
	}
}

// run sends until ending is closed and what was taken from the store is sent, or until ctx ends.
func (s *sender) run(ctx context.Context, ending <-chan struct{}) {
	defer s.pass(context.WithoutCancel(ctx), true)
	for ctx.Err() == nil {
		s.reap(ctx)
		if s.push(ctx) != nil {
			return
		}
		s.pass(ctx, false)
		select {
		case <-ending:
			s.finish(ctx)
			return
		default:
		}
		if len(s.frames) > 0 {
			s.next(ctx)
			continue
		}
		due := s.flushDue(ctx, time.Now())
		if s.position() > s.passed {
			due = s.passAt(due)
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
		case s.frames = <-s.feed:
		case <-change:
		case <-head:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// passAt is when the position is to be saved, or due if that is earlier.
func (s *sender) passAt(due time.Time) time.Time {
	if at := s.passedAt.Add(passInterval); at.Before(due) {
		return at
	}
	return due
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

// next makes messages of the next frame and sends them.
func (s *sender) next(ctx context.Context) {
	f := s.frames[0]
	if len(f.Data) > 0 {
		w, replaced, err := s.writers.of(ctx, f.Writer, f.Data)
		if replaced != nil {
			s.outcome(ctx, s.encoder.flush(replaced, s.emit(ctx, replaced)))
			delete(s.batches, replaced)
		}
		if err != nil {
			s.retry(ctx, err)
			return
		}
		if w != nil {
			s.outcome(ctx, s.encoder.frame(w, f.Sequence, f.Data, time.Now(), s.broker.maxMessage(), s.emit(ctx, w)))
			if len(w.batch.bodies) > 0 {
				s.batches[w] = true
			} else {
				delete(s.batches, w)
			}
		}
	}
	if ctx.Err() == nil {
		s.frames, s.read = s.frames[1:], f.Sequence
	}
}

// retry waits before a frame whose metadata could not be read is tried again.
func (s *sender) retry(ctx context.Context, err error) {
	if ctx.Err() != nil {
		return
	}
	s.broker.log.Warn().Err(err).Msg("metadata of a frame cannot be read, trying again")
	timer := time.NewTimer(feedRetry)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// position is the sequence up to which the broker has all that is for it.
func (s *sender) position() uint64 {
	position := s.read
	before := func(first uint64) {
		if first > 0 {
			position = min(position, first-1)
		}
	}
	for _, it := range s.inflight {
		if !it.has() {
			before(it.first)
		}
	}
	for _, m := range s.unsent {
		before(m.first)
	}
	for w := range s.batches {
		before(w.batch.first)
	}
	return position
}

// pass saves the position when it moved, at most each passInterval unless it is to be now.
func (s *sender) pass(ctx context.Context, now bool) {
	if !now && time.Since(s.passedAt) < passInterval {
		return
	}
	position := s.position()
	if position <= s.passed {
		return
	}
	s.passedAt = time.Now()
	err := s.broker.frames.Pass(ctx, s.broker.cfg.Name, position)
	if err == nil {
		s.passed = position
	}
	if failed := err != nil; failed != s.failing && ctx.Err() == nil {
		s.failing = failed
		s.broker.log.Error().AnErr("reason", err).Bool("saved", !failed).Msg("position of the broker")
	}
}

// emit is where the messages of a writer go.
func (s *sender) emit(ctx context.Context, w *writer) func(*message) error {
	return func(m *message) error {
		m.writer, m.first = w, s.encoder.first
		s.unsent = append(s.unsent, m)
		return s.push(ctx)
	}
}

// outcome looks at the outcome of making and sending messages.
func (s *sender) outcome(ctx context.Context, err error) {
	switch {
	case err != nil && ctx.Err() != nil: // it is sent after the next start
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
		if !s.broker.link.isUp() {
			s.pass(ctx, true) // it may take long
		}
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
			s.pass(ctx, false)
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
