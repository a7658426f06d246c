package opcua

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gopcua/opcua/ua"

	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/uadp"
)

// Servers limit the subscriptions of a session (MaxSubscriptionsPerSession, Part 5, 6.3.2), and do not all say how many they take. When one is full, the
// others go to a further session, a lane of its own, as long as there may be one more.

// lane is what goes through one session: subscriptions with their Publish requests, acknowledgements and watchdog. It outlives the session.
type lane struct {
	index      int
	p          *publishing
	wake       chan struct{} // has a token when serve has something to do
	paces      chan struct{} // has a token when a subscription is to be paused or to go on
	publishers atomic.Int64  // Publish requests that the server takes at a time

	// Under publishing.mu:
	active chan struct{} // closed while there is a subscription at the server
	acks   []*ua.SubscriptionAcknowledgement
	full   bool // the server takes no more subscriptions in the session
}

func newLane(p *publishing, index int) *lane {
	return &lane{index: index, p: p, wake: make(chan struct{}, 1), paces: make(chan struct{}, 1), active: make(chan struct{})}
}

// alert has all lanes look what is to be done.
func (p *publishing) alert() {
	for _, l := range *p.lanes.Load() {
		notify(l.wake)
	}
}

// free returns the first lane that takes subscriptions, the first of all when none does; p.mu is held.
func (p *publishing) free() *lane {
	lanes := *p.lanes.Load()
	for _, l := range lanes {
		if !l.full {
			return l
		}
	}
	return lanes[0]
}

// extend makes sure that there are n lanes, or as many as there may be, and returns the n-th or last; p.mu is held.
func (p *publishing) extend(n int) *lane {
	lanes := *p.lanes.Load()
	for len(lanes) < min(n, p.cfg.Sessions) {
		l := newLane(p, len(lanes))
		lanes = append(lanes[:len(lanes):len(lanes)], l)
		p.lanes.Store(&lanes)
		if p.cfg.Open != nil {
			p.cfg.Open(l)
		}
	}
	return lanes[min(n, len(lanes))-1]
}

// count closes or opens active by what is at the server; p.mu is held.
func (l *lane) count() {
	n := 0
	for _, sub := range l.p.byID {
		if sub.lane == l {
			n++
		}
	}
	select {
	case <-l.active:
		if n == 0 {
			l.active = make(chan struct{})
		}
	default:
		if n > 0 {
			close(l.active)
		}
	}
}

// all returns the subscriptions of the lane, those for publishing first.
func (l *lane) all() []*subscription {
	list := l.p.all()
	l.p.mu.Lock()
	defer l.p.mu.Unlock()
	return slices.DeleteFunc(list, func(s *subscription) bool { return s.lane != l })
}

// overflow moves a subscription that the server refuses because its session is full to another lane. The error says that there is none, or that
// the limit is not that of a session.
func (l *lane) overflow(sub *subscription, refusal error) error {
	p := l.p
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-l.active:
	default: // there is none in the session
		return refusal
	}
	l.full = true
	to := p.free()
	if to.full {
		to = p.extend(len(*p.lanes.Load()) + 1)
	}
	if to.full {
		return fmt.Errorf("%d sessions are full of subscriptions, and there may be no more: raise connections.maxSessions of the gateway, or have writers share "+
			"publishing interval and priority, and so subscriptions: %w", len(*p.lanes.Load()), refusal)
	}
	sub.lane = to
	p.cfg.log.Info().Int("session", to.index).Dur("interval", sub.interval).Int("part", sub.part).Msg("opc ua server takes no more subscriptions in a session; this one gets another")
	notify(to.wake)
	return nil
}

// serve publishes with one session until it or ctx ends.
func (l *lane) serve(ctx context.Context, s *session, kept bool) error {
	l.p.namespaces.Store(&s.namespaces)
	ctx, cancel := context.WithCancel(ctx)
	var publishers sync.WaitGroup
	defer publishers.Wait()
	defer cancel()
	publishers.Go(func() { _ = s.keepAlive(ctx, l.p.cfg.KeepAlive) }) // for the session; the watchdog sees whether the connection is dead
	if err := l.recover(ctx, s, kept); err != nil {
		return err
	}
	l.publishers.Store(int64(l.p.cfg.Publishes))
	for range l.p.cfg.Publishes {
		publishers.Go(func() { l.publish(ctx, s) })
	}
	publishers.Go(func() { l.pace(ctx, s) })
	tick := time.NewTicker(watchdogPeriod)
	defer tick.Stop()
	for changed := true; ; {
		if err := l.reconcile(ctx, s, changed); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-s.Done():
			return s.Err()
		case <-l.wake:
			changed = true
		case <-tick.C:
			changed = false
			if err := l.watchdog(); err != nil {
				return err
			}
		}
	}
}

// watchdog finds connections that are dead without an end, by the silence of all subscriptions, and subscriptions that are dead by theirs.
func (l *lane) watchdog() error {
	silent, n := 0, 0
	var limit time.Duration
	for _, sub := range l.all() {
		sub.mu.Lock()
		id, silence := sub.id, sub.silence
		sub.mu.Unlock()
		if id == 0 {
			continue
		}
		n++
		quiet := time.Since(time.Unix(0, sub.heard.Load()))
		if quiet > silence+watchdogSlack {
			silent++
			limit = max(limit, silence+watchdogSlack)
		}
		if quiet > 3*silence+watchdogSlack {
			sub.drop(model.GapSubscriptionLost, "the server sends nothing for the subscription any more")
		}
	}
	if n > 0 && silent == n {
		return fmt.Errorf("no notification or keep-alive for %v: %w", limit, model.StatusBadTimeout)
	}
	return nil
}

// publish keeps one Publish request at the server (Part 4, 5.14.5).
func (l *lane) publish(ctx context.Context, s *session) {
	var r uadp.Binary
	for ctx.Err() == nil {
		timeout, ok := l.awaitSubscription(ctx)
		if !ok {
			return
		}
		sent := time.Now()
		l.p.figures.publishes.Add(1)
		n, err := l.publishOnce(ctx, s, &r, timeout)
		l.p.figures.publishes.Add(-1)
		switch {
		case err == nil:
			l.p.mu.Lock()
			sub := l.p.byID[n.subscription]
			l.p.mu.Unlock()
			if sub != nil {
				sub.accept(ctx, s, n)
			} else {
				n.release()
			}
			continue
		case sessionGone(err):
			s.Fail(err)
			return
		case ctx.Err() != nil || notConnected(err):
			return
		case errors.Is(err, model.StatusBadNoSubscription):
			l.dropBefore(sent)
		case errors.Is(err, model.StatusBadTooManyPublishRequests):
			// The server takes fewer at a time. One must stay.
			if l.publishers.Add(-1) > 0 {
				return
			}
			l.publishers.Add(1)
			sleep(ctx, time.Second)
		}
		sleep(ctx, publishPause)
	}
}

// publishOnce sends one Publish request and returns what comes.
func (l *lane) publishOnce(ctx context.Context, s *session, r *uadp.Binary, timeout time.Duration) (*notification, error) {
	m, err := s.exchange(ctx, s.token, &ua.PublishRequest{SubscriptionAcknowledgements: l.takeAcks()}, typePublishResponse, timeout, r)
	if err != nil {
		return nil, err
	}
	return readPublish(r, m)
}

// awaitSubscription waits until a subscription is at the server, and returns how long a Publish may take then.
func (l *lane) awaitSubscription(ctx context.Context) (time.Duration, bool) {
	for {
		l.p.mu.Lock()
		active := l.active
		var silence time.Duration
		for _, sub := range l.p.byID {
			sub.mu.Lock()
			silence = max(silence, sub.silence)
			sub.mu.Unlock()
		}
		l.p.mu.Unlock()
		select {
		case <-active:
			return silence*time.Duration(l.p.cfg.Publishes+1) + 30*time.Second, true
		case <-ctx.Done():
			return 0, false
		}
	}
}

// dropBefore notes that the server has none of the subscriptions that were made before t.
func (l *lane) dropBefore(t time.Time) {
	for _, sub := range l.all() {
		sub.mu.Lock()
		old := sub.since.Before(t)
		sub.mu.Unlock()
		if old {
			sub.drop(model.GapSubscriptionLost, "the server no longer has the subscription")
		}
	}
}

func (l *lane) takeAcks() []*ua.SubscriptionAcknowledgement {
	l.p.mu.Lock()
	defer l.p.mu.Unlock()
	acks := l.acks
	l.acks = nil
	if acks == nil {
		acks = []*ua.SubscriptionAcknowledgement{}
	}
	return acks
}
