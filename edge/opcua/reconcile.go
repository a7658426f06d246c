package opcua

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/gopcua/opcua/ua"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// maxNotifications bounds one message of the server.
const maxNotifications = 1000

// reconcile makes the subscriptions at the server what they should be. An error is the end of the session; what the server refuses is tried
// again later. Items are looked through when something changed, or when one that was refused is due.
func (l *lane) reconcile(ctx context.Context, s *session, changed bool) error {
	for _, sub := range l.all() {
		err := l.p.reconcileOne(ctx, s, sub, changed)
		if err == nil {
			continue
		}
		if ctx.Err() != nil || notConnected(err) {
			return err
		}
		if errors.Is(err, model.StatusBadTooManySubscriptions) {
			if err = l.overflow(sub, err); err == nil {
				continue
			}
		}
		sub.mu.Lock()
		pause := sub.retry.pause()
		sub.retryAt, sub.nextRetry = time.Now().Add(pause), time.Time{}
		sub.mu.Unlock()
		sub.tell(statusOf(err, model.StatusBadUnexpectedError), err.Error())
		l.p.cfg.log.Warn().Err(err).Dur("interval", sub.interval).Dur("retry_in", pause).Msg("opc ua server refuses a subscription")
	}
	return nil
}

func (p *publishing) reconcileOne(ctx context.Context, s *session, sub *subscription, changed bool) error {
	sub.mu.Lock()
	id, lost, wait := sub.id, sub.lost, time.Now().Before(sub.retryAt)
	changed = changed || lost || id == 0 || !time.Now().Before(sub.nextRetry)
	sub.mu.Unlock()
	if lost {
		p.disinherit(sub)
		p.reset(ctx, s, sub)
		id = 0
	}
	if p.retire(sub) {
		if id != 0 {
			_, err := do[*ua.DeleteSubscriptionsResponse](ctx, s, &ua.DeleteSubscriptionsRequest{SubscriptionIDs: []uint32{id}})
			if err != nil && notConnected(err) {
				return err
			}
		}
		return nil
	}
	if wait || id == 0 && sub.empty() {
		return nil
	}
	if id == 0 {
		if err := sub.create(ctx, s); err != nil {
			return err
		}
	}
	if err := sub.deleteItems(ctx, s); err != nil {
		return err
	}
	if changed {
		if err := sub.createItems(ctx, s); err != nil {
			return err
		}
		if err := sub.linkItems(ctx, s); err != nil {
			return err
		}
	}
	return sub.refreshConditions(ctx, s)
}

// retire removes a subscription without items.
func (p *publishing) retire(sub *subscription) bool {
	p.mu.Lock()
	sub.mu.Lock()
	empty := len(sub.items) == 0 && sub.parts == 0 && !sub.inherited
	id := sub.id
	if empty {
		delete(p.subs, sub.subscriptionKey)
		if sub.part > 0 {
			p.part(sub.subscriptionKey, 0).parts--
			p.alert()
		}
		sub.id = 0
		sub.lane.full = false
	}
	stop := sub.stop
	sub.mu.Unlock()
	p.mu.Unlock()
	if empty {
		p.enter(sub, id, 0)
		p.changed()
		if stop != nil {
			stop()
		}
	}
	return empty
}

// reset forgets what the server has of a subscription, and deletes it there if it has it after all.
func (p *publishing) reset(ctx context.Context, s *session, sub *subscription) {
	sub.receive.Lock()
	defer sub.receive.Unlock()
	sub.mu.Lock()
	id := sub.id
	sub.active = 0
	sub.id, sub.lost, sub.paused, sub.removed, sub.retryAt = 0, false, false, nil, time.Time{}
	for _, it := range sub.items {
		it.id, it.state = 0, itemWanted
		it.filterThere()
		if it.fault != nil {
			it.fault.retryAt = time.Time{}
		}
	}
	sub.mu.Unlock()
	clear(sub.held)
	sub.sent, sub.floor = nil, 0
	p.enter(sub, id, 0)
	p.changed()
	p.mu.Lock()
	_, others := p.byID[id]
	p.mu.Unlock()
	if others { // the server was restarted and gives the same ids again
		return
	}
	// Mostly it is gone, and says so.
	_, _ = do[*ua.DeleteSubscriptionsResponse](ctx, s, &ua.DeleteSubscriptionsRequest{SubscriptionIDs: []uint32{id}})
}

// create makes the subscription at the server.
func (s *subscription) create(ctx context.Context, ses *session) error {
	count := func(d time.Duration) uint32 {
		return uint32(min(max(math.Ceil(float64(d)/float64(s.interval)), 1), math.MaxInt32))
	}
	keepAlive := count(s.p.cfg.KeepAlive)
	r, err := do[*ua.CreateSubscriptionResponse](ctx, ses, &ua.CreateSubscriptionRequest{
		RequestedPublishingInterval: float64(s.interval) / float64(time.Millisecond),
		RequestedMaxKeepAliveCount:  keepAlive, RequestedLifetimeCount: max(count(s.p.cfg.Lifetime), 3*keepAlive),
		MaxNotificationsPerPublish: maxNotifications, PublishingEnabled: true, Priority: s.priority,
	})
	if err != nil {
		return fmt.Errorf("create subscription: %w", err)
	}
	s.receive.Lock()
	s.next = 1
	clear(s.held)
	s.receive.Unlock()
	s.mu.Lock()
	s.id, s.since = r.SubscriptionID, time.Now()
	s.revised = time.Duration(r.RevisedPublishingInterval * float64(time.Millisecond))
	s.silence = s.revised * time.Duration(max(r.RevisedMaxKeepAliveCount, 1))
	s.retry.reset()
	s.mu.Unlock()
	s.heard.Store(time.Now().UnixNano())
	s.begin()
	s.p.enter(s, 0, r.SubscriptionID)
	s.p.repace() // the server does not know whether it is to pause
	s.p.changed()
	return nil
}

// empty tells that there is nothing to be monitored.
func (s *subscription) empty() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.items) == 0
}

// deleteItems deletes items that are no longer wanted.
func (s *subscription) deleteItems(ctx context.Context, ses *session) error {
	s.mu.Lock()
	id, removed := s.id, s.removed
	s.removed = nil
	s.mu.Unlock()
	if len(removed) > 0 {
		defer s.p.changed()
	}
	err := ses.limits.monitor.each(len(removed), func(from, to int) error {
		_, err := do[*ua.DeleteMonitoredItemsResponse](ctx, ses, &ua.DeleteMonitoredItemsRequest{SubscriptionID: id, MonitoredItemIDs: removed[from:to]})
		return err
	}, nil)
	if err != nil {
		return fmt.Errorf("delete monitored items: %w", err)
	}
	return nil
}

// createItems creates the items that are due.
func (s *subscription) createItems(ctx context.Context, ses *session) error {
	due, id, publishing := s.due()
	asked := due[:0]
	for _, it := range due {
		if err := it.fits(ses); err != nil {
			s.settle(it, 0, model.StatusBadNodeIdUnknown, err.Error())
			continue
		}
		asked = append(asked, it)
	}
	if len(asked) > 0 && !s.live {
		s.p.ahead()
	}
	crowded, again, err := s.ask(ctx, ses, id, publishing, asked)
	if err == nil && len(again) > 0 { // whose where clause the gateway applies, which the record has to say
		s.p.changed()
		if !s.live {
			s.p.ahead()
		}
		var more []*item
		more, _, err = s.ask(ctx, ses, id, publishing, again)
		crowded = append(crowded, more...)
	}
	if len(due) > 0 {
		s.p.changed()
	}
	s.p.spill(s, crowded)
	if err != nil {
		return fmt.Errorf("create monitored items: %w", err)
	}
	return nil
}

// ask asks the server for items. It returns those that the server has no room for, and those to be asked for again since it took no where clause.
func (s *subscription) ask(ctx context.Context, ses *session, id uint32, publishing time.Duration, asked []*item) (crowded, again []*item, err error) {
	err = ses.limits.monitor.each(len(asked), func(from, to int) error {
		if len(crowded) > 0 {
			crowded = append(crowded, asked[from:to]...)
			return nil
		}
		full, unfiltered, err := s.createSome(ctx, ses, asked[from:to], id, publishing)
		crowded, again = append(crowded, full...), append(again, unfiltered...)
		return err
	}, func(i int, err error) {
		if status := statusOf(err, model.StatusBadDecodingError); s.crowded(status) {
			crowded = append(crowded, asked[i])
		} else {
			s.settle(asked[i], 0, status, "")
		}
	})
	return crowded, again, err
}

// createSome creates items with one request and returns those that found no room, and those whose where clause the server does not take.
func (s *subscription) createSome(ctx context.Context, ses *session, items []*item, id uint32, publishing time.Duration) (crowded, again []*item, err error) {
	requests := make([]*ua.MonitoredItemCreateRequest, 0, len(items)) // of this part alone: those of all items would be hundreds of megabytes
	for _, it := range items {
		request, err := it.request(ses, publishing)
		if err != nil {
			return nil, nil, err // cannot be: it fits
		}
		requests = append(requests, request)
	}
	r, err := do[*ua.CreateMonitoredItemsResponse](ctx, ses, &ua.CreateMonitoredItemsRequest{
		SubscriptionID: id, TimestampsToReturn: ua.TimestampsToReturnBoth, ItemsToCreate: requests,
	})
	if err != nil {
		return nil, nil, err
	}
	if len(r.Results) != len(items) {
		return nil, nil, model.StatusBadUnknownResponse
	}
	for i, x := range r.Results {
		status := model.StatusBadUnknownResponse
		var itemID uint32
		if x != nil {
			status, itemID = model.StatusCode(x.StatusCode), x.MonitoredItemID
			items[i].counts.revise(x.RevisedSamplingInterval, x.RevisedQueueSize)
			s.judge(items[i], x.FilterResult)
		}
		switch {
		case s.crowded(status):
			crowded = append(crowded, items[i])
		case s.filterHere(items[i], status):
			again = append(again, items[i])
		default:
			s.settle(items[i], itemID, status, "")
		}
	}
	return crowded, again, nil
}

// due returns the items that are to be created now, and notes when the next refused one is.
func (s *subscription) due() (due []*item, id uint32, publishing time.Duration) {
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.nextRetry = now.Add(itemRetryMax)
	for _, it := range s.items {
		switch {
		case it.state == itemWanted, it.state == itemRefused && it.due(now):
			due = append(due, it)
		case it.state == itemRefused && it.fault.retryAt.Before(s.nextRetry):
			s.nextRetry = it.fault.retryAt
		}
	}
	return due, s.id, s.revised
}

// settle notes the server's answer for an item.
func (s *subscription) settle(it *item, id uint32, status model.StatusCode, message string) {
	s.mu.Lock()
	if it.state == itemGone { // removed while it was being created
		if !status.IsBad() {
			s.removed = append(s.removed, id)
			s.p.alert()
		}
		s.mu.Unlock()
		return
	}
	if !status.IsBad() {
		again := it.state == itemRefused
		it.id, it.state, it.fault = id, itemActive, nil
		if it.trigger != nil {
			it.trigger.linked = 0
		}
		s.active++
		it.counts.turned(time.Now())
		s.created(it)
		to := it.sink
		s.mu.Unlock()
		if b, ok := to.(beginner); again || ok && b.begins() {
			to.accepted()
		}
		return
	}
	if message == "" {
		message = it.reason(status)
	}
	news := it.fails(status, message)
	if news {
		it.counts.turned(time.Now())
	}
	it.id, it.state = 0, itemRefused
	it.filterThere()
	it.fault.again(&s.nextRetry)
	to := it.sink
	s.mu.Unlock()
	if news {
		to.refused(status, message)
	}
}

// tell has all items that wait for the subscription show why.
func (s *subscription) tell(status model.StatusCode, message string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, it := range s.items {
		if it.state == itemWanted {
			it.fails(status, message)
		}
	}
}
