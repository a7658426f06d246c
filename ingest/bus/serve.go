package bus

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
)

// commandsAhead is how many commands may arrive in one burst; each is answered at once, if only with CodeBusy.
const commandsAhead = 1024

// Handler answers one command. ctx ends with the requester's deadline. A RemoteError goes to the requester as it is, any
// other error as its text with CodeInternal. The body belongs to the handler, the reply to the bus.
type Handler func(ctx context.Context, verb string, body []byte) ([]byte, error)

// Service serves the commands of one gateway.
type Service struct {
	conn     *Conn
	gateway  string
	handle   Handler
	slots    chan struct{}
	running  sync.WaitGroup
	handled  atomic.Uint64
	failed   atomic.Uint64
	rejected atomic.Uint64
}

// ServiceStats are running totals.
type ServiceStats struct {
	Handled uint64 // commands that a handler answered, with an error or without
	Failed  uint64 // replies that could not be sent, or that the requester did not wait for
	Busy    uint64 // commands rejected because as many ran as may
}

// NewService makes a Service that runs at most parallel handlers at once (0 means 32); what comes beyond is answered with
// CodeBusy. Nothing is served before Run.
func NewService(c *Conn, gateway string, parallel int, handle Handler) (*Service, error) {
	if _, err := Escape(gateway); err != nil {
		return nil, err
	}
	if parallel <= 0 {
		parallel = 32
	}
	return &Service{conn: c, gateway: gateway, handle: handle, slots: make(chan struct{}, parallel)}, nil
}

// Serve is NewService and Run with the default of parallel handlers.
func (c *Conn) Serve(ctx context.Context, gateway string, handle Handler) error {
	s, err := NewService(c, gateway, 0, handle)
	if err != nil {
		return err
	}
	return s.Run(ctx)
}

// Stats returns the totals. It may be called at any time.
func (s *Service) Stats() ServiceStats {
	return ServiceStats{Handled: s.handled.Load(), Failed: s.failed.Load(), Busy: s.rejected.Load()}
}

// Run serves until ctx ends, which also ends the ctx of all handlers, and returns when the last handler did. Two services
// of one gateway share its commands: each is handled once.
func (s *Service) Run(ctx context.Context) error {
	subject, err := wildcard(prefixCmd, s.gateway)
	if err != nil {
		return err
	}
	in, err := s.conn.openInbox(subject, "gateway", commandsAhead)
	if err != nil {
		return fmt.Errorf("serve gateway %q: %w", s.gateway, err)
	}
	defer s.running.Wait()
	defer in.close()
	for {
		m, err := in.next(ctx)
		switch {
		case err == nil:
			s.accept(ctx, m)
		case ctx.Err() != nil:
			return nil
		default:
			return fmt.Errorf("serve gateway %q: %w", s.gateway, err)
		}
	}
}

func (s *Service) accept(ctx context.Context, m *nats.Msg) {
	_, verb, err := ParseCmd(m.Subject)
	if err != nil || m.Reply == "" {
		s.failed.Add(1) // sent by another program, past this package
		return
	}
	select {
	case s.slots <- struct{}{}:
	default:
		s.rejected.Add(1)
		text := fmt.Sprintf("gateway %q handles %d commands already: try again later", s.gateway, cap(s.slots))
		s.count(s.conn.respondError(m.Reply, &RemoteError{Code: CodeBusy, Text: text}, ""))
		return
	}
	ctx, cancel := context.WithTimeout(ctx, timeoutOf(m.Header))
	n := &note{}
	ctx = context.WithValue(ctx, noteKey{}, n)
	s.running.Go(func() {
		defer func() { <-s.slots }()
		defer cancel()
		reply, err := s.handle(ctx, verb, m.Data)
		s.handled.Add(1)
		if err == nil {
			err = s.conn.respond(ctx, m.Reply, reply, n.text)
			var remote *RemoteError
			if !errors.As(err, &remote) {
				s.count(err)
				return
			}
		}
		s.count(s.conn.respondError(m.Reply, remoteError(ctx, err), n.text))
	})
}

func (s *Service) count(err error) {
	if err != nil {
		s.failed.Add(1)
	}
}

// timeoutOf returns how long a requester waits.
func timeoutOf(h nats.Header) time.Duration {
	ms, err := strconv.ParseInt(h.Get(headerTimeout), 10, 64)
	if err != nil || ms <= 0 {
		return defaultTimeout
	}
	return time.Duration(min(ms, maxTimeout.Milliseconds())) * time.Millisecond
}

func remoteError(ctx context.Context, err error) *RemoteError {
	var remote *RemoteError
	switch {
	case errors.As(err, &remote):
		return remote
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return &RemoteError{Code: CodeTimeout, Text: err.Error()}
	}
	return &RemoteError{Code: CodeInternal, Text: err.Error()}
}

func (c *Conn) respondError(replyTo string, e *RemoteError, note string) error {
	code := headerText(e.Code)
	if code == "" {
		code = CodeInternal
	}
	m := &nats.Msg{Subject: replyTo, Header: nats.Header{
		headerErrorCode: {code[:min(len(code), 64)]}, headerErrorText: {headerText(e.Text)},
	}}
	noted(m, note)
	return c.nc.PublishMsg(m)
}

// respond sends a reply, in parts when it is large. After the first parts it waits for the requester to take one before it
// sends another. A RemoteError says that the reply cannot be sent at all.
func (c *Conn) respond(ctx context.Context, replyTo string, reply []byte, note string) error {
	if len(reply) > MaxReply {
		return &RemoteError{Code: CodeTooLarge, Text: fmt.Sprintf("the reply has %d bytes, at most %d are allowed: ask for less at once", len(reply), MaxReply)}
	}
	if len(reply) <= partBytes {
		m := &nats.Msg{Subject: replyTo, Data: reply}
		noted(m, note)
		return c.nc.PublishMsg(m)
	}
	takenAt := c.nc.NewInbox()
	taken, err := c.openInbox(takenAt, "", 2*partsAhead)
	if err != nil {
		return err
	}
	defer taken.close()
	for part := 1; len(reply) > 0; part++ {
		if part > partsAhead {
			if _, err := taken.next(ctx); err != nil {
				return fmt.Errorf("wait until the requester took a part: %w", err)
			}
		}
		n := min(len(reply), partBytes)
		m := &nats.Msg{Subject: replyTo, Reply: takenAt, Data: reply[:n], Header: nats.Header{headerPart: {strconv.Itoa(part)}}}
		if part == 1 {
			noted(m, note)
		}
		if reply = reply[n:]; len(reply) == 0 {
			m.Header.Set(headerLast, "1")
		}
		if err := c.nc.PublishMsg(m); err != nil {
			return err
		}
	}
	return nil
}
