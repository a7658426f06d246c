package opcua

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/uadp"
)

const (
	reverseHelloTimeout = 10 * time.Second
	maxReverseHello     = 8 + 2*(4+4096) // bytes: the two texts have at most 4096 (Part 6, 7.1.2.6)
	maxReverseHellos    = 100            // connections that have not said yet whose they are
	maxIdle             = 4              // connections of one server that nobody uses yet
	reverseWait         = 30 * time.Second
)

// ReverseListener takes connections of servers that connect to the gateway, because nothing may connect to them (Part 6, 7.1.2.6). A Source with
// Server.ReverseConnect takes those whose ReverseHello names its EndpointURL; all others are closed. A Source uses two connections: the server must offer a
// further one when the first is in use. What a ReverseHello says proves nothing: the secure channel does.
type ReverseListener struct {
	listener net.Listener
	log      zerolog.Logger
	hellos   chan struct{} // a token for each connection that has not said its name
	wg       sync.WaitGroup

	mu      sync.Mutex
	servers map[string]*reverseServer // by endpoint URL
	closed  bool
}

// reverseServer is one that Sources wait for.
type reverseServer struct {
	sources int
	idle    chan net.Conn
}

// ListenReverse opens the address, host:port. Run takes the connections.
func ListenReverse(ctx context.Context, address string, log zerolog.Logger) (*ReverseListener, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen for reverse connections: %w", err)
	}
	return &ReverseListener{listener: listener, log: log, hellos: make(chan struct{}, maxReverseHellos), servers: map[string]*reverseServer{}}, nil
}

// Addr is the address that servers connect to.
func (l *ReverseListener) Addr() string { return l.listener.Addr().String() }

// Run takes connections until ctx ends, and closes those that nobody used.
func (l *ReverseListener) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer l.close()
	defer l.wg.Wait()
	defer cancel()
	stop := context.AfterFunc(ctx, func() { l.listener.Close() })
	defer stop()
	for {
		conn, err := l.listener.Accept()
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, net.ErrClosed):
			return fmt.Errorf("accept reverse connection: %w", err)
		case err != nil: // out of file descriptors, most likely
			l.log.Warn().Err(err).Msg("reverse connection not accepted")
			sleep(ctx, time.Second)
			continue
		}
		select {
		case l.hellos <- struct{}{}:
			l.wg.Go(func() {
				defer func() { <-l.hellos }()
				l.greet(ctx, conn)
			})
		default:
			conn.Close()
		}
	}
}

func (l *ReverseListener) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	for _, s := range l.servers {
		s.drop()
	}
}

// drop closes the connections that nobody used.
func (s *reverseServer) drop() {
	for {
		select {
		case conn := <-s.idle:
			conn.Close()
		default:
			return
		}
	}
}

// greet reads whose connection it is, and keeps it for its Source.
func (l *ReverseListener) greet(ctx context.Context, conn net.Conn) {
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	_ = conn.SetReadDeadline(time.Now().Add(reverseHelloTimeout)) // fails only on a closed connection, as reading then does
	url, err := readReverseHello(conn)
	if err != nil {
		l.log.Warn().Err(err).Stringer("from", conn.RemoteAddr()).Msg("reverse connection is of no opc ua server")
		conn.Close()
		return
	}
	_ = conn.SetReadDeadline(time.Time{})
	l.mu.Lock()
	defer l.mu.Unlock()
	if s := l.servers[sameURL(url)]; s != nil && !l.closed {
		select {
		case s.idle <- conn:
			return
		default: // it has enough
		}
	} else {
		l.log.Debug().Str("endpoint", url).Stringer("from", conn.RemoteAddr()).Msg("reverse connection of a server that is not configured")
	}
	conn.Close()
}

// readReverseHello reads a ReverseHello and returns the endpoint's URL.
func readReverseHello(r io.Reader) (string, error) {
	buf := make([]byte, maxReverseHello)
	if _, err := io.ReadFull(r, buf[:8]); err != nil {
		return "", err
	}
	size := binary.LittleEndian.Uint32(buf[4:])
	if string(buf[:4]) != "RHEF" || size < 8 || size > maxReverseHello {
		return "", fmt.Errorf("it begins with %q and %d bytes: %w", buf[:4], size, model.StatusBadTcpMessageTypeInvalid)
	}
	if _, err := io.ReadFull(r, buf[8:size]); err != nil {
		return "", err
	}
	var b uadp.Binary
	b.Reset(buf[8:size], nil)
	_ = b.String() // ServerUri; the certificate tells
	url := b.String()
	return url, b.Err()
}

// sameURL is what two spellings of one endpoint have in common.
func sameURL(url string) string { return strings.ToLower(strings.TrimRight(url, "/")) }

// expect has connections of the server kept until forget is called.
func (l *ReverseListener) expect(endpointURL string) (forget func()) {
	key := sameURL(endpointURL)
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.servers[key]
	if s == nil {
		s = &reverseServer{idle: make(chan net.Conn, maxIdle)}
		l.servers[key] = s
	}
	s.sources++
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if s.sources--; s.sources == 0 {
			delete(l.servers, key)
			s.drop()
		}
	}
}

// connection waits for one of the server.
func (l *ReverseListener) connection(ctx context.Context, endpointURL string) (net.Conn, error) {
	l.mu.Lock()
	s := l.servers[sameURL(endpointURL)]
	l.mu.Unlock()
	if s == nil {
		return nil, fmt.Errorf("no reverse connection of %s is expected", endpointURL)
	}
	timer := time.NewTimer(reverseWait)
	defer timer.Stop()
	select {
	case conn := <-s.idle:
		return conn, nil
	case <-timer.C:
		return nil, fmt.Errorf("the server did not connect to the gateway within %v: have it connect to %s, twice, and name itself %s: %w",
			reverseWait, l.Addr(), endpointURL, model.StatusBadTimeout)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
