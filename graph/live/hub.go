package live

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// Config are the limits of a Hub. The zero value of each field stands for its default.
type Config struct {
	// Monitor starts a monitoring; the channel is closed when ctx ends or the gateway goes away.
	Monitor func(ctx context.Context, server string, r model.MonitorRequest) (<-chan model.ValueChanges, error)
	// Fatal tells that an error of Monitor will not go away, so that subscribers are told; others are tried again.
	Fatal func(error) bool
	// KeepBytes and KeepFor bound what is kept of one stream for those that come back; 4 MiB and 60 s.
	KeepBytes int
	KeepFor   time.Duration
	// TotalBytes bounds what is kept of all streams together; 256 MiB.
	TotalBytes int64
	// Linger is how long a stream goes on that nobody watches any more; 15 s.
	Linger time.Duration
	// MaxStreams bounds the streams; 2,000.
	MaxStreams int
	// MaxStarting bounds how many streams ask a server for their values at a time, so that a crowd that comes at once, as after a restart, takes its turn
	// and leaves room for others at the gateway; 8. A server that does not answer delays nobody who asks another.
	MaxStarting int
}

func (c Config) withDefaults() Config {
	if c.KeepBytes == 0 {
		c.KeepBytes = 4 << 20
	}
	if c.KeepFor == 0 {
		c.KeepFor = time.Minute
	}
	if c.TotalBytes == 0 {
		c.TotalBytes = 256 << 20
	}
	if c.Linger == 0 {
		c.Linger = 15 * time.Second
	}
	if c.MaxStreams == 0 {
		c.MaxStreams = 2000
	}
	if c.MaxStarting == 0 {
		c.MaxStarting = 8
	}
	if c.Fatal == nil {
		c.Fatal = func(error) bool { return false }
	}
	return c
}

// Figures count what a Hub does.
type Figures struct {
	// Streams and Subscribers are those of now; Bytes is what is kept for those that come back.
	Streams, Subscribers int
	Bytes                int64
	// Deliveries counts those handed to subscribers, Resumed subscribers that got all they had missed, Gaps those that did not, and Skipped the deliveries
	// that subscribers were too slow for.
	Deliveries, Resumed, Gaps, Skipped uint64
}

// Plus adds those of another.
func (f Figures) Plus(g Figures) Figures {
	return Figures{
		Streams: f.Streams + g.Streams, Subscribers: f.Subscribers + g.Subscribers, Bytes: f.Bytes + g.Bytes, Deliveries: f.Deliveries + g.Deliveries,
		Resumed: f.Resumed + g.Resumed, Gaps: f.Gaps + g.Gaps, Skipped: f.Skipped + g.Skipped,
	}
}

// Hub has the streams of live values.
type Hub struct {
	cfg Config

	bytes                              atomic.Int64
	deliveries, resumed, gaps, skipped atomic.Uint64

	mu      sync.Mutex
	closed  bool
	streams map[string]*stream // by key
	turns   map[string]*turns  // by server, those at which streams ask
	group   sync.WaitGroup
}

// Errors of Subscribe.
var (
	ErrClosed  = errors.New("the platform is stopping")
	ErrStreams = errors.New("there are too many different live subscriptions")
)

// NewHub makes a Hub. Close ends its streams.
func NewHub(cfg Config) *Hub {
	return &Hub{cfg: cfg.withDefaults(), streams: map[string]*stream{}, turns: map[string]*turns{}}
}

// turns are for the streams that ask one server.
type turns struct {
	places chan struct{}
	users  int // who asks or waits for a place; under Hub.mu
}

// monitor asks for the values of a stream when it is its turn.
func (h *Hub) monitor(s *stream) (<-chan model.ValueChanges, error) {
	h.mu.Lock()
	t := h.turns[s.server]
	if t == nil {
		t = &turns{places: make(chan struct{}, h.cfg.MaxStarting)}
		h.turns[s.server] = t
	}
	t.users++
	h.mu.Unlock()
	defer func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		if t.users--; t.users == 0 {
			delete(h.turns, s.server)
		}
	}()
	select {
	case t.places <- struct{}{}:
	case <-s.ctx.Done():
		return nil, s.ctx.Err()
	}
	defer func() { <-t.places }()
	return h.cfg.Monitor(s.ctx, s.server, s.request)
}

// Close ends all streams and waits for them.
func (h *Hub) Close() {
	h.mu.Lock()
	h.closed = true
	for _, s := range h.streams {
		s.cancel()
	}
	h.mu.Unlock()
	h.group.Wait()
}

// Figures are those of now.
func (h *Hub) Figures() Figures {
	h.mu.Lock()
	defer h.mu.Unlock()
	f := Figures{
		Streams: len(h.streams), Bytes: h.bytes.Load(), Deliveries: h.deliveries.Load(), Resumed: h.resumed.Load(), Gaps: h.gaps.Load(), Skipped: h.skipped.Load(),
	}
	for _, s := range h.streams {
		f.Subscribers += s.users
	}
	return f
}

// Resume is where a subscriber was: it has got the delivery Sequence of the stream.
type Resume struct {
	Stream   string
	Sequence uint64
}

// Subscribe joins the stream of what is asked for, which begins with its first subscriber. With resume nil, or of a stream that is gone, the subscriber
// begins with the current values. The Subscription is to be closed.
func (h *Hub) Subscribe(ctx context.Context, server string, r model.MonitorRequest, resume *Resume) (*Subscription, error) {
	text, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("request: %w", err)
	}
	key := server + "\x00" + string(text)
	h.mu.Lock()
	if h.closed {
		h.mu.Unlock()
		return nil, ErrClosed
	}
	s := h.streams[key]
	fresh := s == nil
	if fresh {
		if len(h.streams) >= h.cfg.MaxStreams && !h.evict() {
			h.mu.Unlock()
			return nil, fmt.Errorf("%w: %d, the limit; end some, or ask for the same as others", ErrStreams, h.cfg.MaxStreams)
		}
		s = newStream(h, key, server, r)
		h.streams[key] = s
	}
	s.users++
	h.mu.Unlock()
	if fresh {
		s.start(ctx)
	}
	select {
	case <-s.started:
	case <-ctx.Done():
		h.leave(s)
		return nil, ctx.Err()
	}
	if s.failed != nil {
		h.leave(s)
		return nil, s.failed
	}
	return s.join(resume, fresh), nil
}

// leave notes that a subscriber is gone.
func (h *Hub) leave(s *stream) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if s.users--; s.users > 0 {
		return
	}
	s.idle = time.Now()
	if s.failed != nil {
		h.end(s)
		return
	}
	time.AfterFunc(h.cfg.Linger, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		if s.users == 0 && time.Since(s.idle) >= h.cfg.Linger {
			h.end(s)
		}
	})
}

// end ends a stream. mu is held.
func (h *Hub) end(s *stream) {
	if h.streams[s.key] == s {
		delete(h.streams, s.key)
	}
	s.cancel()
}

// evict ends the stream that nobody has watched for the longest time, if there is one. mu is held.
func (h *Hub) evict() bool {
	var oldest *stream
	for _, s := range h.streams {
		if s.users == 0 && (oldest == nil || s.idle.Before(oldest.idle)) {
			oldest = s
		}
	}
	if oldest != nil {
		h.end(oldest)
	}
	return oldest != nil
}

// newID is the id of a stream.
func newID() string { return rand.Text() }
