package opcua

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/gopcua/opcua/ua"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// recover takes up the subscriptions of the last connection (Part 4, 6.7): those of a session that was kept are still there; a new session
// asks to have them transferred. Then everything that was sent and did not arrive is asked for again. What the server no
// longer has is created anew by reconcile.
func (l *lane) recover(ctx context.Context, s *session, kept bool) error {
	p := l.p
	subs, restarted := l.met(s, kept)
	switch {
	case restarted:
		// Its ids begin anew: those that we know are others' by now.
		for _, sub := range subs {
			sub.drop(model.GapServerRestarted, fmt.Sprintf("the server was started at %s", s.started.UTC().Format(time.RFC3339)))
		}
		return nil
	case !kept && len(subs) > 0:
		var err error
		if subs, err = p.transfer(ctx, s, subs); err != nil {
			return err
		}
	}
	if err := p.discard(ctx, s); err != nil {
		return err
	}
	for _, sub := range subs {
		err := sub.catchUp(ctx, s)
		switch {
		case err == nil:
			sub.heard.Store(time.Now().UnixNano())
		case ctx.Err() != nil || notConnected(err):
			return fmt.Errorf("republish: %w", err)
		default:
			sub.drop(model.GapSubscriptionLost, "the server does not go on with the subscription: "+err.Error())
		}
	}
	return nil
}

// met notes the server of a session. It returns the subscriptions of the lane at the server, or those of all lanes when it was started since.
func (l *lane) met(s *session, kept bool) (subs []*subscription, restarted bool) {
	p := l.p
	p.mu.Lock()
	defer p.mu.Unlock()
	restarted = !p.started.IsZero() && !s.started.IsZero() && s.started.Sub(p.started).Abs() > clockSlack
	if restarted && p.inheritance != nil {
		p.inheritance.discard = nil
	}
	if !p.started.Equal(s.started) {
		p.changed()
	}
	p.started = s.started
	if !kept {
		l.full = false
	}
	for _, sub := range p.byID {
		sub.mu.Lock()
		lost := sub.lost
		sub.mu.Unlock()
		if restarted || sub.lane == l && !lost {
			subs = append(subs, sub)
		}
	}
	return subs, restarted
}

// transfer moves subscriptions to the session and returns those that it got.
func (p *publishing) transfer(ctx context.Context, s *session, subs []*subscription) ([]*subscription, error) {
	req := &ua.TransferSubscriptionsRequest{}
	for _, sub := range subs {
		sub.mu.Lock()
		req.SubscriptionIDs = append(req.SubscriptionIDs, sub.id)
		sub.mu.Unlock()
	}
	r, err := do[*ua.TransferSubscriptionsResponse](ctx, s, req)
	if err != nil && (ctx.Err() != nil || notConnected(err)) {
		return nil, fmt.Errorf("transfer subscriptions: %w", err)
	}
	var kept []*subscription
	for i, sub := range subs {
		status := statusOf(err, model.StatusBadUnknownResponse)
		if err == nil && i < len(r.Results) && r.Results[i] != nil {
			status = model.StatusCode(r.Results[i].StatusCode)
		}
		if status.IsBad() {
			sub.drop(model.GapSubscriptionLost, "the server does not hand the subscription over to the next session: "+status.Name())
			continue
		}
		fault, err := sub.transferred(ctx, s, r.Results[i].AvailableSequenceNumbers)
		if err != nil {
			return nil, fmt.Errorf("monitored items of a transferred subscription: %w", err)
		}
		if fault != "" {
			sub.drop(model.GapSubscriptionLost, fault)
			continue
		}
		kept = append(kept, sub)
	}
	return kept, nil
}

// transferred notes what the server still has of a subscription of the gateway's last life. The fault is why it cannot be gone on with, if it cannot.
func (s *subscription) transferred(ctx context.Context, ses *session, available []uint32) (fault string, err error) {
	s.receive.Lock()
	unknown := s.next == 0
	if unknown {
		s.sent = s.notFetched(available)
	}
	s.receive.Unlock()
	if !unknown {
		return "", nil
	}
	if fault, err = s.p.verify(ctx, ses, s); fault == "" && err == nil {
		s.begin()
		s.p.cfg.log.Info().Dur("interval", s.interval).Int("part", s.part).Int("unacknowledged", len(available)).Msg("subscription was taken over from the gateway's last life")
	}
	return fault, err
}

// notFetched leaves the sequence numbers that were not fetched yet by an earlier connection, in their order.
func (s *subscription) notFetched(available []uint32) []uint32 {
	var list []uint32
	for _, n := range available {
		if s.floor == 0 || after(n, s.floor) {
			list = append(list, n)
		}
	}
	slices.SortFunc(list, func(a, b uint32) int { return int(int32(a - b)) })
	return list
}

// catchUp fetches what the server still holds, in order, until it has no more.
func (s *subscription) catchUp(ctx context.Context, ses *session) error {
	s.receive.Lock()
	defer s.receive.Unlock()
	if s.next == 0 {
		return s.fetchSent(ctx, ses)
	}
	for {
		s.box.waitRoom(ctx)
		m, err := s.republish(ctx, ses, s.next)
		if errors.Is(err, model.StatusBadMessageNotAvailable) {
			s.flush()
			return nil
		}
		if err != nil {
			return err
		}
		delete(s.held, s.next)
		s.push(m)
		s.advance()
	}
}
