package opcua

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/gopcua/opcua/ua"

	"github.com/shopfloor-iiot/shopfloor/edge"
	"github.com/shopfloor-iiot/shopfloor/model"
)

// A gateway that is started again takes over the subscriptions of its last life (Part 4, 6.7 and 5.14.7): the server has kept them with the queues of
// their items, and with what it had sent and nobody had acknowledged. Which they are is in a Memory. Their items go to the fields that ask for the same
// (adopt), as the writers are opened one after the other; until all are, what the server sends waits in the mailboxes. Then the rest is deleted.

const (
	// openWithin bounds how long values wait for the writers to be opened after a start.
	openWithin = 2 * time.Minute
	// clockSlack is how much the start time of a server that was not restarted may seem to change: some compute it anew each time.
	clockSlack = 5 * time.Second
	// maxUnstored bounds the messages before the first one after a take-over that are asked for one by one.
	maxUnstored = 1000
)

// inheritance is what the gateway's last life has left at the server.
type inheritance struct {
	heirs   map[heirKey][]heir // items that no writer has asked for yet
	discard []uint32           // subscriptions that nobody wants any more
}

// heirKey is the kind of the subscription of an item, and what the item asks for.
type heirKey struct {
	kind subscriptionKey // without its part
	digest
}

type heir struct {
	recordedItem
	sub *subscription
}

func heirKeyOf(kind subscriptionKey, d digest) heirKey {
	kind.part = 0
	return heirKey{kind, d}
}

// inherit enters what was recorded, before anything is added. alive is when the last life ended, at the earliest.
func (p *publishing) inherit(r *record, alive time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	in := &inheritance{heirs: map[heirKey][]heir{}}
	p.started = r.Started
	for _, old := range r.Subscriptions {
		if old.Live {
			in.discard = append(in.discard, old.ID)
			continue
		}
		key := subscriptionKey{interval: old.Interval, priority: old.Priority}
		var sub *subscription
		for n := range old.Part + 1 {
			sub = p.part(key, n)
			sub.inherited = true
		}
		sub.missing, sub.lane = old.Missing, p.extend(old.Session+1)
		if old.ID == 0 {
			continue
		}
		sub.id, sub.revised, sub.silence = old.ID, old.Revised, old.Silence
		sub.paused = true // it may be: what is not wanted is undone
		sub.next = 0      // not known
		sub.gate, sub.before = p.opened, alive.UnixNano()
		sub.heard.Store(alive.UnixNano())
		sub.came.Store(alive.UnixNano())
		for _, it := range old.Items {
			k := heirKeyOf(key, it.Digest)
			in.heirs[k] = append(in.heirs[k], heir{it, sub})
			for last := p.handles.Load(); it.Handle > last && !p.handles.CompareAndSwap(last, it.Handle); last = p.handles.Load() {
			}
		}
		p.byID[old.ID] = sub
	}
	for _, l := range *p.lanes.Load() {
		l.count()
	}
	if len(r.Subscriptions) > 0 {
		p.inheritance = in
	}
}

// settleWhen ends the take-over when the writers are open, or when that takes too long.
func (p *publishing) settleWhen(ctx context.Context, w *writers) {
	timer := time.NewTimer(openWithin)
	defer timer.Stop()
	select {
	case <-w.opened:
		p.settle(w.allOpen())
	case <-timer.C:
		p.settle(false)
	case <-ctx.Done():
	}
}

// endSession prepares the end of a session that the gateway ends. With a memory the server keeps the subscriptions, for the gateway to take them over when
// it is started again, unless the server is not wanted any more.
func (l *lane) endSession(ctx context.Context, s *session) (keep bool) {
	if l.p.cfg.Memory == nil || errors.Is(context.Cause(ctx), edge.ErrRemoved) {
		return false
	}
	var live []uint32
	for _, sub := range l.all() {
		sub.mu.Lock()
		if sub.live && sub.id != 0 {
			live = append(live, sub.id)
		}
		sub.mu.Unlock()
	}
	if len(live) > 0 {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
		defer cancel()
		// When it fails they end by their lifetime.
		_, _ = do[*ua.DeleteSubscriptionsResponse](ctx, s, &ua.DeleteSubscriptionsRequest{SubscriptionIDs: live})
	}
	return true
}

// adopt makes an item of one that is at the server already, nil when there is none of that kind; p.mu is held.
func (p *publishing) adopt(w *wanted, spec *itemSpec) *item {
	if p.inheritance == nil || w.key.live {
		return nil
	}
	k := heirKeyOf(w.key, w.item.digest())
	list := p.inheritance.heirs[k]
	if len(list) == 0 {
		return nil
	}
	h := list[0]
	var local *localWhere
	if h.Local {
		var err error
		if local, err = spec.events.local(); err != nil {
			return nil // cannot be: it could in the last life
		}
		local.refusal = model.StatusBadMonitoredItemFilterUnsupported // or another one that means the same
	}
	if p.inheritance.heirs[k] = list[1:]; len(list) == 1 {
		delete(p.inheritance.heirs, k)
	}
	if f, ok := w.sink.(*fieldSink); ok && h.ID != 0 {
		f.skip = false // its first value came in the last life
	}
	it := newItem(h.Handle, w.item.node, spec, w.sink)
	it.id, it.state, it.sub, it.notifier = h.ID, itemActive, h.sub, w.notifier
	if it.trigger != nil {
		it.trigger.linked = h.Linked
	}
	if h.ID == 0 { // how the server revised it is not known
		h.Sampling, h.Queue = spec.sampling, spec.queueSize(h.sub.revised)
	}
	it.counts.sampling.Store(int64(h.Sampling))
	it.counts.queue.Store(h.Queue)
	it.counts.turned(time.Now())
	h.sub.mu.Lock()
	h.sub.items[h.Handle] = it
	h.sub.active++
	if it.notifier != nil {
		it.notifier.where.Store(local)
		it.notifier.created = true // in the last life: the state of its conditions is not known any more
		h.sub.created(it)
	}
	h.sub.mu.Unlock()
	return it
}

// settle ends the take-over: values go to their fields, and what nobody has asked for is deleted at the server.
func (p *publishing) settle(complete bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	in := p.inheritance
	if in == nil {
		return
	}
	p.inheritance = nil
	unwanted := map[*subscription]int{}
	for _, list := range in.heirs {
		for _, h := range list {
			if h.ID == 0 {
				continue // when there is one, verify finds that nobody wants it
			}
			h.sub.mu.Lock()
			h.sub.removed = append(h.sub.removed, h.ID)
			h.sub.mu.Unlock()
			unwanted[h.sub]++
		}
	}
	for _, sub := range p.subs {
		sub.mu.Lock()
		if sub.inherited {
			sub.inherited = false
			if n := unwanted[sub]; n > 0 && !complete {
				sub.note(model.Gap{From: timeOf(sub.came.Load()), To: time.Now(), Cause: model.GapSubscriptionLost, Detail: fmt.Sprintf(
					"%d nodes were monitored before the gateway was started again, and the writers that they may be of cannot be opened", n)})
			}
		}
		sub.mu.Unlock()
	}
	close(p.opened)
	p.changed()
	p.alert()
}

// disinherit forgets what is inherited of a subscription that the server no longer has; its items that were adopted are made anew.
func (p *publishing) disinherit(sub *subscription) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.inheritance == nil {
		return
	}
	p.inheritance.retain(sub, func(*heir) bool { return false })
}

// retain keeps the heirs of a subscription that keep says.
func (in *inheritance) retain(sub *subscription, keep func(*heir) bool) {
	for k, list := range in.heirs {
		left := list[:0]
		for _, h := range list {
			if h.sub != sub || keep(&h) {
				left = append(left, h)
			}
		}
		clear(list[len(left):])
		if in.heirs[k] = left; len(left) == 0 {
			delete(in.heirs, k)
		}
	}
}

// discard deletes the subscriptions that nobody wants any more. They have to be in the session for that.
func (p *publishing) discard(ctx context.Context, s *session) error {
	p.mu.Lock()
	var ids []uint32
	if p.inheritance != nil {
		ids, p.inheritance.discard = p.inheritance.discard, nil
	}
	p.mu.Unlock()
	if len(ids) == 0 {
		return nil
	}
	// What the server does not do ends by itself after the lifetime.
	_, err := do[*ua.TransferSubscriptionsResponse](ctx, s, &ua.TransferSubscriptionsRequest{SubscriptionIDs: ids})
	if err == nil {
		_, err = do[*ua.DeleteSubscriptionsResponse](ctx, s, &ua.DeleteSubscriptionsRequest{SubscriptionIDs: ids})
	}
	if err != nil && (ctx.Err() != nil || notConnected(err)) {
		return fmt.Errorf("delete subscriptions: %w", err)
	}
	return nil
}

// fetchSent gets what the server had sent in the last life and nobody has acknowledged, which it has told when the subscription was transferred.
func (s *subscription) fetchSent(ctx context.Context, ses *session) error {
	for len(s.sent) > 0 {
		if err := s.box.awaitRoom(ctx); err != nil {
			return err
		}
		number := s.sent[0]
		m, err := s.republish(ctx, ses, number)
		switch {
		case err == nil:
			s.push(m)
		case ctx.Err() != nil || notConnected(err):
			return err
		case subscriptionGone(err):
			return err
		default:
			s.missed(1)
			s.lose(notAvailable(err))
		}
		s.sent, s.floor = s.sent[1:], number
	}
	return nil
}

// orient finds out which message is the next one of a subscription that was taken over, when the first comes: those right before it that the
// server still has were sent by it in this session, and are on their way through another publisher. It tells whether it succeeded.
func (s *subscription) orient(ctx context.Context, ses *session, number uint32) bool {
	var before []*notification
	for k := previous(number); k != s.floor && len(before) < maxUnstored; k = previous(k) {
		m, err := s.republish(ctx, ses, k)
		if err == nil {
			before = append(before, m)
			continue
		}
		if ctx.Err() != nil || notConnected(err) {
			for _, m := range before {
				m.release() // the next session asks again
			}
			return false
		}
		break
	}
	s.next = number
	for _, m := range slices.Backward(before) {
		s.push(m)
	}
	return true
}

// previous is the sequence number before n; 0 is none (Part 4, 7.9).
func previous(n uint32) uint32 {
	if n--; n == 0 {
		n--
	}
	return n
}

// subscriptionGone tells whether a request failed because the server no longer has the subscription.
func subscriptionGone(err error) bool {
	return errors.Is(err, model.StatusBadSubscriptionIdInvalid) || errors.Is(err, model.StatusBadNoSubscription)
}
