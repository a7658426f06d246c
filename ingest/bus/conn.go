package bus

import (
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"
)

const (
	userName = "shopfloor"
	// requestWait bounds a JetStream API call whose caller gave no deadline.
	requestWait = 30 * time.Second
	// forgetWait bounds a request whose answer does not matter.
	forgetWait = 2 * time.Second
	// headerRoom is what a message's headers may take of the server's payload limit.
	headerRoom = 4 << 10
)

// counters are shared by all connections of a Server.
type counters struct {
	slowConsumers atomic.Uint64
	asyncErrors   atomic.Uint64
	disconnects   atomic.Uint64
	restarts      atomic.Uint64
}

// Stats are running totals since the start.
type Stats struct {
	// SlowConsumers counts the times a subscription lost messages because its reader was too slow. It stays 0 when all
	// pulls are bounded by bytes.
	SlowConsumers uint64
	// AsyncErrors counts the other errors that came without a caller to return them to.
	AsyncErrors uint64
	// Disconnects counts connections lost; they come back by themselves.
	Disconnects uint64
	// ServerWarnings and ServerErrors count log lines of the embedded server; 0 for a Conn of Dial. An error is worth an
	// alarm: "no space left on device" is one, and the stream stays dead until the server is started anew (see Guard).
	ServerWarnings uint64
	ServerErrors   uint64
	// Restarts counts the starts of the embedded server after the first.
	Restarts uint64
}

func (c *counters) stats() Stats {
	return Stats{SlowConsumers: c.slowConsumers.Load(), AsyncErrors: c.asyncErrors.Load(), Disconnects: c.disconnects.Load(), Restarts: c.restarts.Load()}
}

// Stats returns the totals of the server and of all its connections.
func (s *Server) Stats() Stats {
	st := s.counters.stats()
	st.ServerWarnings, st.ServerErrors = s.log.warnings.Load(), s.log.errors.Load()
	return st
}

// Conn is one connection to the bus. Its methods may be called from several goroutines. It reconnects for ever.
type Conn struct {
	nc       *nats.Conn
	js       jetstream.JetStream
	counters *counters
}

// Dial connects to a server that listens in another process, with the password of its Config.
func Dial(url, name, password string, log zerolog.Logger) (*Conn, error) {
	return connect(url, name, password, &counters{}, log)
}

func connect(url, name, password string, count *counters, log zerolog.Logger, opts ...nats.Option) (*Conn, error) {
	log = log.With().Str("connection", name).Logger()
	opts = append(opts,
		nats.Name(name),
		nats.UserInfo(userName, password),
		nats.MaxReconnects(-1),
		nats.ReconnectWait(250*time.Millisecond),
		nats.ErrorHandler(func(_ *nats.Conn, sub *nats.Subscription, err error) {
			if errors.Is(err, nats.ErrSlowConsumer) {
				count.slowConsumers.Add(1)
			} else {
				count.asyncErrors.Add(1)
			}
			e := log.Warn().Err(err)
			if sub != nil {
				e = e.Str("subject", sub.Subject)
			}
			e.Msg("bus connection error")
		}),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil { // nil: closed on purpose
				count.disconnects.Add(1)
				log.Warn().Err(err).Msg("bus connection lost")
			}
		}),
	)
	nc, err := nats.Connect(url, opts...)
	if err != nil {
		return nil, fmt.Errorf("connect to bus as %q: %w", name, err)
	}
	js, err := jetstream.New(nc, jetstream.WithDefaultTimeout(requestWait))
	if err != nil {
		nc.Close()
		return nil, fmt.Errorf("open jetstream as %q: %w", name, err)
	}
	return &Conn{nc: nc, js: js, counters: count}, nil
}

// Stats returns the totals of this connection, or of all connections of its Server.
func (c *Conn) Stats() Stats { return c.counters.stats() }

// MaxMessage returns the largest payload of one message, in bytes.
func (c *Conn) MaxMessage() int { return int(c.nc.MaxPayload()) - headerRoom }

// Close ends the connection. Readers, watchers and servers on it end; calling it again does nothing.
func (c *Conn) Close() { c.nc.Close() }
