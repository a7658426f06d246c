package bus

import (
	"context"
	"time"
)

const (
	// laneBacklog is how many frames are a backlog that new ones go before: fewer are gone sooner than it takes to look.
	laneBacklog = 64
	// laneTurns is how many full uploads of new frames go before one of the backlog: what it gets however much is new.
	laneTurns = 4
)

// forwarding is one session of a Forwarder: from a hello to the next error.
type forwarding struct {
	*Forwarder
	keep  time.Duration
	back  *lane  // all frames, or the backlog
	front *lane  // new frames that go before the backlog; nil when there is none
	from  uint64 // sequence of the front's first frame
	begun bool   // there was one
	turns int    // full uploads of the front since the last one of the backlog
	// notBefore is when the backlog may go on by the rate.
	notBefore time.Time
}

// session forwards until there is an error.
func (f *Forwarder) session(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s := &forwarding{Forwarder: f}
	var err error
	if s.keep, err = f.hello(ctx); err != nil {
		return err
	}
	defer s.close()
	if err := s.open(ctx); err != nil {
		return err
	}
	f.taken = f.taken[:0]
	f.connected()
	purge := time.NewTicker(s.keep / 2)
	defer purge.Stop()
	for {
		if s.front != nil {
			err = s.both(ctx)
		} else {
			err = s.one(ctx)
		}
		if err != nil {
			return err
		}
		select {
		case <-purge.C:
			if err := s.purge(ctx); err != nil {
				return err
			}
		default:
		}
	}
}

// open opens the lanes.
func (s *forwarding) open(ctx context.Context) error {
	st, err := s.buffer.conn.StreamState(ctx, StreamBuffer)
	if err != nil {
		return err
	}
	// What is released is there for others alone.
	if s.back, err = s.openLane(ctx, max(st.First, min(s.released, st.Last)+1), s.known.last()); err != nil || !s.cfg.LiveFirst {
		return err
	}
	newest := s.known[len(s.known)-1].To
	behind, err := s.sequenceBehind(ctx, st, newest)
	if err != nil {
		return err
	}
	switch waiting := st.Last + 1 - behind; {
	case len(s.known) == 1 && waiting < laneBacklog:
		return nil
	case waiting < laneBacklog || len(s.known) == maxSpans:
		// What went ahead before goes on: the link comes and goes.
		s.front, err = s.openLane(ctx, behind, newest)
		s.from, s.begun = behind, true
	default:
		s.front, err = s.openLane(ctx, st.Last+1, 0)
		s.from = st.Last + 1
	}
	s.gap = true // the metadata of what goes ahead may be among what follows
	s.setBacklog(err == nil)
	return err
}

func (s *forwarding) close() {
	for _, l := range []*lane{s.back, s.front} {
		if l != nil {
			l.reader.Close()
		}
	}
	s.setBacklog(false)
}

func (f *Forwarder) setBacklog(is bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.state.Backlog = is
}

// one waits for frames and sends them in order.
func (s *forwarding) one(ctx context.Context) error {
	next, done := context.WithTimeout(ctx, s.keep/2)
	n, err := s.back.next(next)
	timedOut := next.Err() != nil
	done()
	if err != nil && (ctx.Err() != nil || !timedOut) {
		return err
	}
	for len(s.back.frames) > 0 {
		data, err := s.sendBack(ctx)
		if err == nil && s.cfg.Rate > 0 {
			err = pause(ctx, s.timeFor(data))
		}
		if err != nil {
			return err
		}
	}
	if n < fewFrames {
		return pause(ctx, linger)
	}
	return nil
}

// timeFor is how long some data take by the rate.
func (s *forwarding) timeFor(data int) time.Duration {
	if s.cfg.Rate <= 0 {
		return 0
	}
	return time.Duration(float64(data) / float64(s.cfg.Rate) * float64(time.Second))
}

// sendBack sends frames of the back lane, which may be purged from now on.
func (s *forwarding) sendBack(ctx context.Context) (data int, err error) {
	if data, err = s.send(ctx, s.back); err == nil && s.back.sequence > 0 {
		s.taken = append(s.taken, takenPart{s.back.sequence, s.back.after, time.Now()})
	}
	return data, err
}

// both sends what is new, and something of the backlog when there is nothing new or it is its turn.
func (s *forwarding) both(ctx context.Context) error {
	n, err := s.front.poll(ctx)
	if err != nil {
		return err
	}
	if n > 0 && s.turns < laneTurns {
		if !s.begun {
			s.begun, s.front.ahead = true, true
			s.front.after = s.front.frames[0].Number + s.buffer.numbers.state.Lift - 1
			s.front.last = s.front.after
		}
		data, err := s.send(ctx, s.front)
		s.paid(data)
		// One that took all there was is followed by one of the backlog.
		if s.turns++; len(s.front.frames) == 0 {
			s.turns = laneTurns
		}
		return err
	}
	s.turns = 0
	if wait := time.Until(s.notBefore); wait > 0 {
		return pause(ctx, min(wait, linger))
	}
	if n, err = s.back.poll(ctx); err != nil {
		return err
	}
	if n == 0 {
		return pause(ctx, linger)
	}
	data, err := s.sendBack(ctx)
	s.paid(data)
	switch {
	case err != nil:
		return err
	case s.begun && len(s.known) == 1:
		s.inOrder(s.front, s.back)
	case !s.begun && s.back.sequence+1 >= s.from:
		s.inOrder(s.back, s.front) // nothing new came before the backlog was gone
	}
	return nil
}

func (s *forwarding) paid(data int) {
	if s.cfg.Rate > 0 {
		s.notBefore = time.Now().Add(max(time.Until(s.notBefore), 0) + s.timeFor(data))
	}
}

// inOrder goes on with one lane alone, when there is no backlog any more.
func (s *forwarding) inOrder(with, without *lane) {
	without.reader.Close()
	s.back, s.front = with, nil
	if with.sequence > 0 {
		s.taken = append(s.taken, takenPart{with.sequence, with.after, time.Now()})
	}
	s.setBacklog(false)
	s.log.Info().Msg("the backlog is handed over")
}

// purge removes what the core has had for long enough, and still has: it may have been without power since it took it.
func (s *forwarding) purge(ctx context.Context) error {
	n := 0
	for n < len(s.taken) && time.Since(s.taken[n].at) > s.keep {
		n++
	}
	if n == 0 {
		return s.purgeReleased(ctx)
	}
	part := s.taken[n-1]
	s.upload = beginUpload(s.upload[:0], span{part.number, part.number}, false)
	if err := s.hand(ctx, span{part.number, part.number}); err != nil {
		return err
	}
	s.taken = append(s.taken[:0], s.taken[n:]...)
	s.released = max(s.released, part.sequence)
	return s.purgeReleased(ctx)
}

// purgeReleased removes what neither the core nor others need.
func (s *forwarding) purgeReleased(ctx context.Context) error {
	upTo := s.released
	if s.cfg.Keep != nil {
		if floor, ok := s.cfg.Keep(); ok {
			upTo = min(upTo, floor)
		}
	}
	if upTo <= s.purged {
		return nil
	}
	if err := s.buffer.conn.Purge(ctx, StreamBuffer, upTo); err != nil {
		return err
	}
	s.purged = upTo
	return nil
}
