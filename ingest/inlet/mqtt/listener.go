package mqtt

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/mochi-mqtt/server/v2/listeners"
)

const (
	// connectWait is how long a client may take to send its CONNECT packet, TLS included.
	connectWait = 10 * time.Second
	// maxConnect is the largest CONNECT packet, in bytes: nobody is known yet who could be held to account for more.
	maxConnect = 64 << 10
	// acceptPause is the wait after an error of Accept that may pass, such as too many open files.
	acceptPause = 50 * time.Millisecond
)

var errConnect = errors.New("no CONNECT packet of MQTT, or one that is too large")

// listener takes connections for the broker: not more than there are slots, and none that does not begin as it should.
type listener struct {
	id       string
	net      net.Listener
	tls      *tls.Config // nil without encryption
	slots    chan struct{}
	counters *counters

	mu     sync.Mutex
	conns  map[net.Conn]struct{}
	closed bool
	active sync.WaitGroup
}

var _ listeners.Listener = (*listener)(nil)

func (l *listener) Init(*slog.Logger) error { return nil }
func (l *listener) ID() string              { return l.id }
func (l *listener) Address() string         { return l.net.Addr().String() }
func (l *listener) Protocol() string        { return l.net.Addr().Network() }

// Serve accepts connections until Close.
func (l *listener) Serve(establish listeners.EstablishFn) {
	for {
		c, err := l.net.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			time.Sleep(acceptPause)
			continue
		}
		if !l.add(c) {
			c.Close()
			continue
		}
		go func() {
			defer l.remove(c)
			ready, err := l.admit(c)
			if err != nil {
				l.counters.badConnects.Inc()
				return
			}
			// The broker logs why a connection ended.
			_ = establish(l.id, ready)
		}()
	}
}

// add notes a connection. It returns false when there is no slot left.
func (l *listener) add(c net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return false
	}
	select {
	case l.slots <- struct{}{}:
	default:
		l.counters.refusedConnections.Inc()
		return false
	}
	l.counters.connections.Add(1)
	l.conns[c] = struct{}{}
	l.active.Add(1)
	return true
}

func (l *listener) remove(c net.Conn) {
	c.Close()
	l.mu.Lock()
	delete(l.conns, c)
	l.mu.Unlock()
	<-l.slots
	l.counters.connections.Add(-1)
	l.active.Done()
}

// admit waits for the begin of the CONNECT packet and returns a connection to read it from again.
func (l *listener) admit(c net.Conn) (net.Conn, error) {
	if err := c.SetDeadline(time.Now().Add(connectWait)); err != nil {
		return nil, err
	}
	if l.tls != nil {
		t := tls.Server(c, l.tls)
		if err := t.HandshakeContext(context.Background()); err != nil {
			return nil, fmt.Errorf("handshake: %w", err)
		}
		c = t
	}
	// The fixed header of a packet: type and flags, and the length in 7 bits a byte (MQTT 5.0, 2.1.1).
	head := make([]byte, 1, 5)
	if _, err := io.ReadFull(c, head); err != nil {
		return nil, err
	}
	if head[0] != 0x10 {
		return nil, errConnect
	}
	for length, shift := 0, 0; ; shift += 7 {
		n := len(head)
		head = head[:n+1]
		if _, err := io.ReadFull(c, head[n:]); err != nil {
			return nil, err
		}
		if length |= int(head[n]&0x7F) << shift; length > maxConnect || n == 4 && head[n] >= 0x80 {
			return nil, errConnect
		}
		if head[n] < 0x80 {
			return &begunConn{Conn: c, head: head}, nil
		}
	}
}

// Close ends accepting and all connections, and waits for them. closeClients tells the clients first.
func (l *listener) Close(closeClients listeners.CloseFn) {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	l.net.Close()
	closeClients(l.id)
	l.mu.Lock()
	for c := range l.conns {
		c.Close()
	}
	l.mu.Unlock()
	l.active.Wait()
}

// begunConn is a connection of which the first bytes were read already.
type begunConn struct {
	net.Conn
	head []byte
}

func (c *begunConn) Read(b []byte) (int, error) {
	if len(c.head) == 0 {
		return c.Conn.Read(b)
	}
	n := copy(b, c.head)
	c.head = c.head[n:]
	return n, nil
}
