package opcua

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gopcua/opcua/ua"
	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/model"
)

const (
	firstRetry   = 250 * time.Millisecond
	earlyRetry   = 3 * time.Second // the longest pause in the first minute: a restarted server is found soon
	lateRetry    = 10 * time.Second
	earlyPeriod  = time.Minute
	refusedRetry = 10 * time.Second
	refusedMax   = time.Minute
	connectWait  = 5 * time.Second // how long a request waits for a connection that is being made
)

// link keeps one session with the server, over channels that come and go.
type link struct {
	index    int
	cfg      *Config
	log      zerolog.Logger
	status   *status
	requests *atomic.Uint64
	// serve uses a session until it or ctx ends. kept tells that the server still had the session, else it is a new one.
	serve func(ctx context.Context, s *session, kept bool) error
	// part prepares the end of a session whose ctx has ended, and tells whether the server is to keep its subscriptions; nil for no.
	part func(ctx context.Context, s *session) (keep bool)

	connects atomic.Uint64

	mu      sync.Mutex
	current *session      // nil while there is none
	changed chan struct{} // closed and replaced when current or the state changes

	// Of run alone:
	endpoint *endpoint // chosen earlier; nil to ask the server anew
	last     *session  // may still live at the server
}

// run connects and reconnects until ctx ends.
func (l *link) run(ctx context.Context) {
	retry := &backoff{first: firstRetry, max: earlyRetry}
	refused := &backoff{first: refusedRetry, max: refusedMax}
	since := time.Now()
	for ctx.Err() == nil {
		connects := l.connects.Load()
		err := l.once(ctx)
		if ctx.Err() != nil {
			return
		}
		if l.connects.Load() != connects {
			retry, refused = &backoff{first: firstRetry, max: earlyRetry}, &backoff{first: refusedRetry, max: refusedMax}
			since = time.Now()
		}
		if l.status.down(l.index, err) {
			l.log.Warn().Err(err).Int("connection", l.index).Msg("connection to opc ua server is down")
		}
		l.announce(nil)
		pause := retry
		if isRefused(err) {
			pause = refused
		}
		if time.Since(since) > earlyPeriod {
			retry.max = lateRetry
		}
		sleep(ctx, pause.pause())
	}
}

// once makes one connection and serves it to its end.
func (l *link) once(ctx context.Context) error {
	s, kept, err := l.connect(ctx)
	if err != nil {
		return explain(err, l.cfg)
	}
	l.last = s
	l.connects.Add(1)
	l.status.up(l.index, s)
	l.announce(s)
	l.log.Info().Int("connection", l.index).Bool("session_kept", kept).Str("security", s.endpoint.policy()).Msg("connected to opc ua server")
	err = l.serve(ctx, s, kept)
	l.announce(nil)
	if ctx.Err() != nil {
		s.close(l.part != nil && l.part(ctx, s))
		return ctx.Err()
	}
	if sessionGone(err) {
		l.last = nil
	}
	s.Fail(err)
	return err
}

// connect opens a channel and takes over the last session or makes a new one.
func (l *link) connect(ctx context.Context) (s *session, kept bool, err error) {
	ep, err := l.chooseEndpoint(ctx)
	if err != nil {
		return nil, false, err
	}
	c, err := openChannel(ctx, l.cfg, secured(ep, l.cfg.Identity), l.requests)
	if err != nil {
		l.endpoint = nil // the server may have another certificate or other endpoints by now
		if ep.mode != ua.MessageSecurityModeNone {
			err = explainOpen(err, l.cfg)
		}
		return nil, false, err
	}
	if l.last != nil {
		s, err := l.last.resume(ctx, c, ep, l.cfg)
		if err == nil {
			return s, true, nil
		}
		l.last = nil
		select {
		case <-c.Done():
			return nil, false, err
		default:
		}
	}
	s, err = createSession(ctx, c, ep, l.cfg)
	if err != nil {
		l.endpoint = nil
		c.Close()
		return nil, false, err
	}
	return s, false, nil
}

// chooseEndpoint finds the endpoint and checks, before anything is encrypted for it, that its certificate is trusted.
func (l *link) chooseEndpoint(ctx context.Context) (*endpoint, error) {
	if l.endpoint == nil {
		offered, err := discover(ctx, l.cfg, l.requests)
		if err != nil {
			return nil, err
		}
		if l.endpoint, err = choose(offered, &l.cfg.Server, l.cfg.Identity != nil); err != nil {
			return nil, err
		}
		l.status.offered(l.endpoint)
	}
	ep := l.endpoint
	if !ep.needsTrust() {
		return ep, nil
	}
	warning, err := l.cfg.Trust.checkServer(&l.cfg.Server, ep.chain, ep.server.ApplicationURI)
	if err != nil {
		l.endpoint = nil
		return nil, err
	}
	if warning != "" {
		l.log.Debug().Str("reason", warning).Msg("certificate of opc ua server does not fit its address")
	}
	return ep, nil
}

// announce sets the current session and wakes those who wait for it.
func (l *link) announce(s *session) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.current = s
	close(l.changed)
	l.changed = make(chan struct{})
}

// now returns the current session, nil while there is none.
func (l *link) now() *session {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.current
}

// session returns the current session. It waits a little for one that is being made, and at most until ctx ends.
func (l *link) session(ctx context.Context) (*session, error) {
	ctx, cancel := context.WithTimeout(ctx, connectWait)
	defer cancel()
	for {
		l.mu.Lock()
		s, changed := l.current, l.changed
		l.mu.Unlock()
		if s != nil {
			return s, nil
		}
		st := l.status.get()
		if st.State == model.StateRefused {
			return nil, fmt.Errorf("server %q: %s: %w", l.cfg.Server.ID, st.Error, model.StatusBadServerNotConnected)
		}
		select {
		case <-changed:
		case <-ctx.Done():
			if st.Error == "" {
				st.Error = "not connected yet"
			}
			return nil, fmt.Errorf("server %q: %s: %w", l.cfg.Server.ID, st.Error, model.StatusBadServerNotConnected)
		}
	}
}

// notConnected tells whether a request failed because its connection ended.
func notConnected(err error) bool {
	return errors.Is(err, model.StatusBadConnectionClosed) || errors.Is(err, model.StatusBadServerNotConnected) || sessionGone(err)
}
