package bus

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/nats-io/nats.go"
)

// liveAhead is how many messages wait for a slow receiver of a live stream.
const liveAhead = 64

// PublishLive sends a message on a live stream, from a gateway to whoever listens. Nothing is stored and nobody answers.
func (c *Conn) PublishLive(gateway, id string, body []byte) error {
	subject, err := Live(gateway, id)
	if err != nil {
		return err
	}
	if limit := c.MaxMessage(); len(body) > limit {
		return fmt.Errorf("publish %d bytes to live stream %s: %w: at most %d", len(body), id, ErrTooLarge, limit)
	}
	if err := c.nc.Publish(subject, body); err != nil {
		return fmt.Errorf("publish to live stream %s: %w", id, err)
	}
	return nil
}

// LiveStream is one receiver of a live stream.
type LiveStream struct {
	messages chan []byte
	dropped  atomic.Uint64
	stop     func()

	mu     sync.Mutex // between put and close
	closed bool
}

// SubscribeLive listens to a live stream until ctx ends or the connection is closed. It returns when the server knows of
// it, so a message sent after that arrives.
func (c *Conn) SubscribeLive(ctx context.Context, gateway, id string) (*LiveStream, error) {
	subject, err := Live(gateway, id)
	if err != nil {
		return nil, err
	}
	s, err := c.listen(ctx, subject)
	if err == nil {
		flush, cancel := context.WithTimeout(ctx, requestWait)
		defer cancel()
		if err = c.nc.FlushWithContext(flush); err != nil {
			s.stop()
		}
	}
	if err != nil {
		return nil, fmt.Errorf("subscribe to live stream %s: %w", id, err)
	}
	return s, nil
}

// listen subscribes to a subject until ctx ends or the connection is closed. The server learns of it with the next message that is
// sent over this connection, or a moment later.
func (c *Conn) listen(ctx context.Context, subject string) (*LiveStream, error) {
	s := &LiveStream{messages: make(chan []byte, liveAhead)}
	sub, err := c.nc.Subscribe(subject, func(m *nats.Msg) { s.put(m.Data) })
	if err != nil {
		return nil, err
	}
	sub.SetClosedHandler(func(string) { s.close() })
	s.stop = func() {
		// The result says only that the subscription is closed already.
		_ = sub.Unsubscribe()
		s.close()
	}
	context.AfterFunc(ctx, s.stop)
	return s, nil
}

// Messages delivers the messages in order. It is closed when the stream ends. When the receiver is slower than the sender,
// at most 64 wait, and the oldest go first.
func (s *LiveStream) Messages() <-chan []byte { return s.messages }

// Dropped returns how many messages went unseen because the receiver was too slow.
func (s *LiveStream) Dropped() uint64 { return s.dropped.Load() }

func (s *LiveStream) put(body []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for !s.closed {
		select {
		case s.messages <- body:
			return
		default:
		}
		select {
		case <-s.messages:
			s.dropped.Add(1)
		default:
		}
	}
}

func (s *LiveStream) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.closed = true
		close(s.messages)
	}
}
