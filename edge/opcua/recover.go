package opcua

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gopcua/opcua/ua"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// recover takes up the subscriptions of the last connection (Part 4, 6.7): those of a session that was kept are still there; a new session
// asks to have them transferred. Then everything that was sent and did not arrive is asked for again. What the server no
// longer has is created anew by reconcile.
func (p *publishing) recover(ctx context.Context, s *session, kept bool) error {
	p.mu.Lock()
	var subs []*subscription
	for _, sub := range p.byID {
		subs = append(subs, sub)
	}
	p.mu.Unlock()
	if len(subs) > 0 && !kept {
		var err error
		if subs, err = p.transfer(ctx, s, subs); err != nil {
			return err
		}
	}
	for _, sub := range subs {
		err := sub.catchUp(ctx, s)
		switch {
		case err == nil:
			sub.heard.Store(time.Now().UnixNano())
		case ctx.Err() != nil || notConnected(err):
			return fmt.Errorf("republish: %w", err)
		default:
			sub.drop()
		}
	}
	return nil
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
		if err == nil && i < len(r.Results) && r.Results[i] != nil && !model.StatusCode(r.Results[i].StatusCode).IsBad() {
			kept = append(kept, sub)
		} else {
			sub.drop()
		}
	}
	return kept, nil
}

// catchUp fetches what the server still holds, in order, until it has no more.
func (s *subscription) catchUp(ctx context.Context, ses *session) error {
	s.receive.Lock()
	defer s.receive.Unlock()
	for {
		s.box.waitRoom(ctx)
		m, err := s.republish(ctx, ses)
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
