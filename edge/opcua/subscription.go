package opcua

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gopcua/opcua/ua"

	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/uadp"
)

// subscriptionKey tells subscriptions apart: all items of one publishing interval and priority share one, but those that somebody watches
// live have their own, so that the back-pressure of publishing does not touch them.
type subscriptionKey struct {
	interval time.Duration
	priority uint8 // among the session's subscriptions, the larger first (Part 4, 5.14.2)
	live     bool
	part     int // where a subscription is full at the server there are several of the same kind
}

// subscription is one at the server (Part 4, 5.14), over all sessions.
type subscription struct {
	subscriptionKey
	p    *publishing
	box  *mailbox
	lane *lane // under publishing.mu

	deliver *sync.Mutex // held while a message is delivered; shared by all parts of the key, as mu is

	receive sync.Mutex // guards the order of messages
	next    uint32     // sequence number of the next message; 0 when it is not known after a take-over
	held    map[uint32]*notification
	sent    []uint32 // of a subscription that was taken over: what the server had sent before and nobody has acknowledged
	floor   uint32   // the last of them that was fetched

	mu        *sync.Mutex
	id        uint32 // 0 when it is not at the server
	since     time.Time
	revised   time.Duration // publishing interval
	silence   time.Duration // the longest that the server is silent
	items     map[uint32]*item
	active    int      // items at the server
	full      bool     // the server takes no more items
	parts     int      // further ones of the key, of the first part; under publishing.mu
	removed   []uint32 // ids of items to be deleted at the server
	retry     backoff
	retryAt   time.Time
	nextRetry time.Time // of a refused item, at the earliest
	lost      bool      // the server dropped it
	refreshes []*item   // whose conditions are to be refreshed
	inherited bool      // from the gateway's last life, and its writers are not all open yet
	missing   *model.Gap
	gaps      []model.Gap // to be told with the next delivery
	paused    bool        // at the server
	wantPause bool
	stop      context.CancelFunc // ends its delivery

	heard atomic.Int64  // Unix ns of the last message or keep-alive
	came  atomic.Int64  // Unix ns of the last message with values
	gate  chan struct{} // nothing is delivered until it is closed; nil for none

	// Of the delivering goroutine:
	decoder  decoder
	stores   stores
	reported bool      // that the server sends what cannot be decoded
	overflow model.Gap // of the message that is being delivered
	before   int64     // Unix ns of the end of the gateway's last life, for one that was taken over; else 0
}

func newSubscription(p *publishing, key subscriptionKey) *subscription {
	return &subscription{
		subscriptionKey: key, p: p, box: newMailbox(), lane: (*p.lanes.Load())[0], deliver: &sync.Mutex{}, mu: &sync.Mutex{}, held: map[uint32]*notification{}, items: map[uint32]*item{},
		retry: backoff{first: itemRetry, max: itemRetryMax},
	}
}

// start runs the delivery until the subscription is removed or ctx ends.
func (s *subscription) start(ctx context.Context, wg *sync.WaitGroup) {
	ctx, s.stop = context.WithCancel(ctx)
	wg.Go(func() {
		if s.gate != nil {
			select {
			case <-s.gate:
			case <-ctx.Done(): // the server still has what was not delivered
				return
			}
		}
		for {
			m, calm := s.box.pop(ctx)
			if m == nil {
				return
			}
			s.handle(m)
			if calm {
				s.pause(false)
			}
		}
	})
}

// begin starts the delivery unless it runs.
func (s *subscription) begin() {
	s.mu.Lock()
	started := s.stop != nil
	s.mu.Unlock()
	if !started {
		s.start(s.p.ctx, &s.p.wg)
	}
}

// item returns the one with that client handle, nil when there is none.
func (s *subscription) item(handle uint32) *item {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.items[handle]
}

// drop notes that the server no longer has the subscription, and why.
func (s *subscription) drop(cause model.GapCause, detail string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.id == 0 {
		return
	}
	if came := s.came.Load(); s.missing == nil && !s.live && came != 0 {
		s.missing = &model.Gap{From: timeOf(came), Cause: cause, Detail: detail}
	}
	s.lost = true
	s.p.alert()
}

// accept brings a message of the server in order. It is called by several publishers.
func (s *subscription) accept(ctx context.Context, ses *session, m *notification) {
	now := time.Now()
	s.heard.Store(now.UnixNano())
	s.receive.Lock()
	defer s.receive.Unlock()
	if s.next == 0 && !s.orient(ctx, ses, m.sequence) {
		m.release() // it is not acknowledged
		return
	}
	if m.count == 0 { // a keep-alive has the number of the next message
		if after(m.sequence, s.next) {
			s.fill(ctx, ses, m.sequence)
		}
		m.release()
		return
	}
	if _, twice := s.held[m.sequence]; twice || after(s.next, m.sequence) {
		m.release() // had already
		return
	}
	s.held[m.sequence] = m
	s.endGap(now)
	s.flush()
	if len(s.held) > s.p.cfg.Publishes { // no publisher is on its way with what is missing
		s.fill(ctx, ses, s.lowest())
	}
}

// after tells whether sequence number a comes after b; the numbers wrap around.
func after(a, b uint32) bool { return int32(a-b) > 0 }

// advance goes to the next sequence number; 0 is none (Part 4, 7.9).
func (s *subscription) advance() {
	s.next++
	if s.next == 0 {
		s.next = 1
	}
}

// flush delivers what is in order.
func (s *subscription) flush() {
	for m, ok := s.held[s.next]; ok; m, ok = s.held[s.next] {
		delete(s.held, s.next)
		s.advance()
		s.push(m)
	}
}

func (s *subscription) push(m *notification) {
	ok, crowded := s.box.push(m)
	if !ok {
		s.p.figures.crowded.Add(m.values())
		s.lose(model.Gap{Cause: model.GapGatewayQueue, Messages: 1, Values: m.values(), Detail: "the gateway does not get its values stored as fast as the server sends them"})
		s.refreshAll()
		s.p.acknowledge(s, m.subscription, m.sequence)
		m.release()
	}
	s.came.Store(time.Now().UnixNano())
	if crowded {
		s.pause(true)
	}
}

func (s *subscription) lowest() uint32 {
	first := true
	var low uint32
	for n := range s.held {
		if first || after(low, n) {
			low, first = n, false
		}
	}
	return low
}

// maxHole is the largest number of missing messages that are asked for again one by one.
const maxHole = 1000

// fill asks again for the messages before sequence number to (Republish). What the server no longer has is lost.
func (s *subscription) fill(ctx context.Context, ses *session, to uint32) {
	if to-s.next > maxHole {
		s.missed(int(to - s.next))
		s.lose(model.Gap{Cause: model.GapNotAvailable, Messages: uint64(to - s.next), Detail: "too many notifications are missing to be asked for again"})
		s.next = to
	}
	for after(to, s.next) {
		if m, ok := s.held[s.next]; ok {
			delete(s.held, s.next)
			s.push(m)
			s.advance()
			continue
		}
		m, err := s.republish(ctx, ses, s.next)
		if err != nil && (ctx.Err() != nil || notConnected(err)) {
			return // the next session asks again
		}
		if err == nil {
			s.push(m)
		} else {
			s.missed(1)
			s.lose(notAvailable(err))
		}
		s.advance()
	}
	s.flush()
}

// republish asks for a message again.
func (s *subscription) republish(ctx context.Context, ses *session, number uint32) (*notification, error) {
	s.mu.Lock()
	id := s.id
	s.mu.Unlock()
	var r uadp.Binary
	m, err := ses.exchange(ctx, ses.token, &ua.RepublishRequest{SubscriptionID: id, RetransmitSequenceNumber: number}, typeRepublishResponse, ses.timeout, &r)
	if err != nil {
		if sessionGone(err) {
			ses.Fail(err)
		}
		return nil, err
	}
	return readRepublish(&r, m, id)
}
