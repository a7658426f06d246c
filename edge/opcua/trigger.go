package opcua

import (
	"context"
	"fmt"
	"time"

	"github.com/gopcua/opcua/ua"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// linkItems has the server report items when those that trigger them report (SetTriggering, Part 4, 5.13.5). A link that the server refuses is
// tried again like an item.
func (s *subscription) linkItems(ctx context.Context, ses *session) error {
	now := time.Now()
	due := map[uint32][]*item{} // by the id of the triggering item
	s.mu.Lock()
	id := s.id
	for _, it := range s.items {
		if it.trigger == nil || it.trigger.item == nil || it.state != itemActive || !it.due(now) {
			continue
		}
		t := it.trigger.item
		if t.state != itemActive || it.trigger.linked == t.id {
			continue
		}
		if t.sub != s { // where the server's subscriptions are small
			s.unlinked(it, model.StatusBadNotSupported, "the two are in different subscriptions, as one is full; make the writer smaller")
			continue
		}
		due[t.id] = append(due[t.id], it)
	}
	s.mu.Unlock()
	for trigger, items := range due {
		err := ses.limits.monitor.each(len(items), func(from, to int) error {
			req := &ua.SetTriggeringRequest{SubscriptionID: id, TriggeringItemID: trigger, LinksToRemove: []uint32{}}
			s.mu.Lock()
			for _, it := range items[from:to] {
				req.LinksToAdd = append(req.LinksToAdd, it.id)
			}
			s.mu.Unlock()
			r, err := do[*ua.SetTriggeringResponse](ctx, ses, req)
			if err != nil {
				return err
			}
			if len(r.AddResults) != to-from {
				return model.StatusBadUnknownResponse
			}
			for i, status := range r.AddResults {
				s.linked(items[from+i], trigger, model.StatusCode(status))
			}
			return nil
		}, nil)
		if err == nil {
			continue
		}
		if ctx.Err() != nil || notConnected(err) {
			return fmt.Errorf("set triggering: %w", err)
		}
		for _, it := range items {
			s.linked(it, trigger, statusOf(err, model.StatusBadUnexpectedError))
		}
	}
	return nil
}

// linked notes the server's answer for a link.
func (s *subscription) linked(it *item, trigger uint32, status model.StatusCode) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if status.IsBad() {
		s.unlinked(it, status, status.Name())
		return
	}
	it.trigger.linked, it.fault = trigger, nil
	s.p.changed()
}

// unlinked notes why there is no link. Under s.mu.
func (s *subscription) unlinked(it *item, status model.StatusCode, reason string) {
	it.fails(status, fmt.Sprintf("link %s to field %q, which triggers it: %s", it.node, it.triggeredBy, reason))
	it.fault.again(&s.nextRetry)
}
