package opcua

import (
	"context"
	"fmt"
	"time"

	"github.com/gopcua/opcua/ua"
)

// paceRetry is how soon a subscription is paused or let go on again that the server refused to.
const paceRetry = time.Second

// pause asks that the server pauses or goes on with the subscription.
func (s *subscription) pause(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.wantPause != on {
		s.wantPause = on
		s.p.repace()
	}
}

// repace has all lanes look which subscriptions are to be paused or to go on.
func (p *publishing) repace() {
	for _, l := range *p.lanes.Load() {
		notify(l.paces)
	}
}

// pace has the server pause subscriptions whose values pile up here, and go on with them, until the session or ctx ends. It is quick, whatever
// else the server is asked for: making hundreds of thousands of items takes seconds, and in seconds the room for values is used up.
func (l *lane) pace(ctx context.Context, ses *session) {
	for ctx.Err() == nil {
		wait := time.Hour
		for _, sub := range l.all() {
			err := sub.reconcilePause(ctx, ses)
			if err == nil {
				continue
			}
			if ctx.Err() != nil || notConnected(err) {
				return
			}
			wait = paceRetry
			l.p.cfg.log.Warn().Err(err).Dur("interval", sub.interval).Msg("opc ua server does not pause a subscription")
		}
		select {
		case <-l.paces:
		case <-time.After(wait):
		case <-ctx.Done():
		}
	}
}

// reconcilePause has the server pause or go on (SetPublishingMode, Part 4, 5.14.4).
func (s *subscription) reconcilePause(ctx context.Context, ses *session) error {
	s.mu.Lock()
	id, is, want := s.id, s.paused, s.wantPause
	s.mu.Unlock()
	if id == 0 || is == want {
		return nil
	}
	_, err := do[*ua.SetPublishingModeResponse](ctx, ses, &ua.SetPublishingModeRequest{PublishingEnabled: !want, SubscriptionIDs: []uint32{id}})
	if err != nil {
		return fmt.Errorf("set publishing mode: %w", err)
	}
	s.p.cfg.log.Info().Bool("paused", want).Dur("interval", s.interval).Msg("subscription follows the pace of the publisher")
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.id == id {
		s.paused = want
	}
	if s.wantPause != want {
		s.p.repace()
	}
	return nil
}
