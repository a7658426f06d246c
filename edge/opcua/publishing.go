package opcua

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gopcua/opcua/ua"
	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/uadp"
)

const (
	watchdogPeriod = 250 * time.Millisecond
	watchdogSlack  = 2 * time.Second
	publishPause   = 100 * time.Millisecond // after a fault
	maxAcks        = 10_000
)

// publishing holds the subscriptions of a Source. What is wanted is changed at any time (add, remove); serve makes the server agree with it for as
// long as there is a session.
type publishing struct {
	cfg        publishingConfig
	namespaces atomic.Pointer[model.NamespaceTable] // of the server
	wake       chan struct{}                        // has a token when serve has something to do
	paces      chan struct{}                        // has a token when a subscription is to be paused or to go on
	unstored   atomic.Uint64                        // messages that are not acknowledged, because it is not known whether they are stored
	receipts   sync.Pool                            // of *receipt
	publishers atomic.Int64                         // Publish requests that the server takes at a time
	figures    figures
	totals     itemTotals
	handles    atomic.Uint32
	traces     traces
	opened     chan struct{} // closed when the writers are open, after a take-over
	dirty      atomic.Bool   // the record is not that of now

	ctx context.Context // of the deliveries, set by run
	wg  sync.WaitGroup

	mu     sync.Mutex
	subs   map[subscriptionKey]*subscription
	byID   map[uint32]*subscription
	active chan struct{} // closed while there is a subscription at the server
	acks   []*ua.SubscriptionAcknowledgement
	// started is when the server was, of the last session or of the record.
	started time.Time
	// inheritance is nil when nothing is left of the gateway's last life.
	inheritance *inheritance
}

type publishingConfig struct {
	Server    string // its id
	Endpoint  string
	User      string
	Memory    Memory // nil for none
	OnGap     func(model.Gap)
	Publishes int
	KeepAlive time.Duration
	Lifetime  time.Duration
	log       zerolog.Logger
}

func newPublishing(cfg publishingConfig) *publishing {
	p := &publishing{
		cfg: cfg, wake: make(chan struct{}, 1), paces: make(chan struct{}, 1),
		subs: map[subscriptionKey]*subscription{}, byID: map[uint32]*subscription{}, active: make(chan struct{}), opened: make(chan struct{}),
	}
	p.namespaces.Store(&model.NamespaceTable{})
	p.receipts.New = newReceipt
	return p
}

// wanted is an item and the subscription that it belongs to.
type wanted struct {
	key      subscriptionKey
	item     monitored
	sink     sink
	notifier *notifier // of an item of events, else nil
}

// add wants items monitored.
func (p *publishing) add(items []wanted) []*item {
	added := make([]*item, len(items))
	spec := &itemSpec{}
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range items {
		w := &items[i]
		if *spec != w.item.itemSpec {
			s := w.item.itemSpec
			spec = &s
		}
		if added[i] = p.adopt(w, spec); added[i] != nil {
			continue
		}
		sub := p.open(w.key)
		it := newItem(p.handles.Add(1), w.item.node, spec, w.sink)
		it.notifier = w.notifier
		sub.mu.Lock()
		it.sub = sub
		sub.items[it.handle] = it
		sub.mu.Unlock()
		added[i] = it
	}
	notify(p.wake)
	return added
}

// remove ends the monitoring of items of one key. Values that are on their way are dropped.
func (p *publishing) remove(key subscriptionKey, items []*item) {
	p.mu.Lock()
	sub := p.subs[key]
	p.mu.Unlock()
	if sub == nil {
		return
	}
	sub.mu.Lock()
	defer sub.mu.Unlock()
	for _, it := range items {
		if it.state == itemActive && it.id != 0 {
			it.sub.removed = append(it.sub.removed, it.id)
			it.sub.active--
			it.sub.full = false
		}
		it.state = itemGone
		delete(it.sub.items, it.handle)
	}
	notify(p.wake)
}

// subscription returns the first with that key, nil when there is none. Its locks are those of all items of the key.
func (p *publishing) subscription(key subscriptionKey) *subscription {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.subs[key]
}

// all returns the subscriptions, those for publishing first.
func (p *publishing) all() []*subscription {
	p.mu.Lock()
	defer p.mu.Unlock()
	r := make([]*subscription, 0, len(p.subs))
	for _, s := range p.subs {
		r = append(r, s)
	}
	slices.SortFunc(r, func(a, b *subscription) int {
		if a.live != b.live {
			if b.live {
				return -1
			}
			return 1
		}
		return cmp.Compare(a.interval, b.interval)
	})
	return r
}

// serve publishes with one session until it or ctx ends.
func (p *publishing) serve(ctx context.Context, s *session, kept bool) error {
	p.namespaces.Store(&s.namespaces)
	ctx, cancel := context.WithCancel(ctx)
	var publishers sync.WaitGroup
	defer publishers.Wait()
	defer cancel()
	publishers.Go(func() { _ = s.keepAlive(ctx, p.cfg.KeepAlive) }) // for the session; the watchdog sees whether the connection is dead
	if err := p.recover(ctx, s, kept); err != nil {
		return err
	}
	p.publishers.Store(int64(p.cfg.Publishes))
	for range p.cfg.Publishes {
		publishers.Go(func() { p.publish(ctx, s) })
	}
	publishers.Go(func() { p.pace(ctx, s) })
	tick := time.NewTicker(watchdogPeriod)
	defer tick.Stop()
	for changed := true; ; {
		if err := p.reconcile(ctx, s, changed); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-s.Done():
			return s.Err()
		case <-p.wake:
			changed = true
		case <-tick.C:
			changed = false
			if err := p.watchdog(); err != nil {
				return err
			}
		}
	}
}

// watchdog finds connections that are dead without an end, by the silence of all subscriptions, and subscriptions that are dead by theirs.
func (p *publishing) watchdog() error {
	silent, n := 0, 0
	var limit time.Duration
	for _, sub := range p.all() {
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
func (p *publishing) publish(ctx context.Context, s *session) {
	var r uadp.Binary
	for ctx.Err() == nil {
		timeout, ok := p.awaitSubscription(ctx)
		if !ok {
			return
		}
		sent := time.Now()
		p.figures.publishes.Add(1)
		n, err := p.publishOnce(ctx, s, &r, timeout)
		p.figures.publishes.Add(-1)
		switch {
		case err == nil:
			p.mu.Lock()
			sub := p.byID[n.subscription]
			p.mu.Unlock()
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
			p.dropBefore(sent)
		case errors.Is(err, model.StatusBadTooManyPublishRequests):
			// The server takes fewer at a time. One must stay.
			if p.publishers.Add(-1) > 0 {
				return
			}
			p.publishers.Add(1)
			sleep(ctx, time.Second)
		}
		sleep(ctx, publishPause)
	}
}

// publishOnce sends one Publish request and returns what comes.
func (p *publishing) publishOnce(ctx context.Context, s *session, r *uadp.Binary, timeout time.Duration) (*notification, error) {
	m, err := s.exchange(ctx, s.token, &ua.PublishRequest{SubscriptionAcknowledgements: p.takeAcks()}, typePublishResponse, timeout, r)
	if err != nil {
		return nil, err
	}
	return readPublish(r, m)
}

// awaitSubscription waits until a subscription is at the server, and returns how long a Publish may take then.
func (p *publishing) awaitSubscription(ctx context.Context) (time.Duration, bool) {
	for {
		p.mu.Lock()
		active := p.active
		var silence time.Duration
		for _, sub := range p.byID {
			sub.mu.Lock()
			silence = max(silence, sub.silence)
			sub.mu.Unlock()
		}
		p.mu.Unlock()
		select {
		case <-active:
			return silence*time.Duration(p.cfg.Publishes+1) + 30*time.Second, true
		case <-ctx.Done():
			return 0, false
		}
	}
}

// enter notes that sub is at the server under id; id 0 that it no longer is.
func (p *publishing) enter(sub *subscription, before, id uint32) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.byID[before] == sub {
		delete(p.byID, before)
	}
	if id != 0 {
		p.byID[id] = sub
	}
	p.acks = slices.DeleteFunc(p.acks, func(a *ua.SubscriptionAcknowledgement) bool { return a.SubscriptionID == before })
	select {
	case <-p.active:
		if len(p.byID) == 0 {
			p.active = make(chan struct{})
		}
	default:
		if len(p.byID) > 0 {
			close(p.active)
		}
	}
}

// dropBefore notes that the server has none of the subscriptions that were made before t.
func (p *publishing) dropBefore(t time.Time) {
	for _, sub := range p.all() {
		sub.mu.Lock()
		old := sub.since.Before(t)
		sub.mu.Unlock()
		if old {
			sub.drop(model.GapSubscriptionLost, "the server no longer has the subscription")
		}
	}
}

// acknowledge has the next Publish acknowledge a message that sub got under the id. Acknowledgements that would pile up are left out: servers then drop
// old messages by themselves.
func (p *publishing) acknowledge(sub *subscription, id, number uint32) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.byID[id] == sub && len(p.acks) < maxAcks {
		p.acks = append(p.acks, &ua.SubscriptionAcknowledgement{SubscriptionID: id, SequenceNumber: number})
	}
}

func (p *publishing) takeAcks() []*ua.SubscriptionAcknowledgement {
	p.mu.Lock()
	defer p.mu.Unlock()
	acks := p.acks
	p.acks = nil
	if acks == nil {
		acks = []*ua.SubscriptionAcknowledgement{}
	}
	return acks
}
