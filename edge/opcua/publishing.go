package opcua

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gopcua/opcua/ua"
	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/model"
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
	unstored   atomic.Uint64                        // messages that are not acknowledged, because it is not known whether they are stored
	receipts   sync.Pool                            // of *receipt
	figures    figures
	totals     itemTotals
	handles    atomic.Uint32
	traces     traces
	eventTypes *eventTypes
	lanes      atomic.Pointer[[]*lane] // at least one; changed under mu
	opened     chan struct{}           // closed when the writers are open, after a take-over
	recording  recording

	ctx context.Context // of the deliveries, set by run
	wg  sync.WaitGroup

	mu   sync.Mutex
	subs map[subscriptionKey]*subscription
	byID map[uint32]*subscription
	// started is when the server was, of the last session or of the record.
	started time.Time
	// inheritance is nil when nothing is left of the gateway's last life.
	inheritance *inheritance
}

type publishingConfig struct {
	Server   string // its id
	Endpoint string
	User     string
	Memory   Memory // nil for none
	OnGap    func(model.Gap)
	Sessions int // for subscriptions, at most
	// Open has a further session serve a lane.
	Open      func(*lane)
	Publishes int
	KeepAlive time.Duration
	Lifetime  time.Duration
	log       zerolog.Logger
}

func newPublishing(cfg publishingConfig) *publishing {
	p := &publishing{
		cfg: cfg, eventTypes: &eventTypes{session: func() *session { return nil }}, subs: map[subscriptionKey]*subscription{}, byID: map[uint32]*subscription{}, opened: make(chan struct{}),
	}
	p.recording.dirty = make(chan struct{}, 1)
	p.lanes.Store(&[]*lane{newLane(p, 0)})
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
	p.changed()
	p.alert()
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
		if it.state == itemActive {
			if it.id != 0 { // else verify finds that nobody wants it
				it.sub.removed = append(it.sub.removed, it.id)
			}
			it.sub.active--
			it.sub.full = false
		}
		it.state = itemGone
		delete(it.sub.items, it.handle)
	}
	p.alert()
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
	l := sub.lane
	l.acks = slices.DeleteFunc(l.acks, func(a *ua.SubscriptionAcknowledgement) bool { return a.SubscriptionID == before })
	l.count()
}

// acknowledge has the next Publish acknowledge a message that sub got under the id. Acknowledgements that would pile up are left out: servers then drop
// old messages by themselves.
func (p *publishing) acknowledge(sub *subscription, id, number uint32) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if l := sub.lane; p.byID[id] == sub && len(l.acks) < maxAcks {
		l.acks = append(l.acks, &ua.SubscriptionAcknowledgement{SubscriptionID: id, SequenceNumber: number})
	}
}
