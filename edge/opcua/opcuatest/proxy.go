package opcuatest

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"time"
)

// Proxy is a TCP proxy on 127.0.0.1 that fails as networks do. Its methods are safe for concurrent use; it ends with the test.
//
// A server answers GetEndpoints and CreateSession with its own URL, past the proxy. A client must go on with the address it was given,
// as behind any address translation (Part 4, 5.5.4.1), or what is done here does not touch it.
type Proxy struct {
	target   string
	listener net.Listener
	ctx      context.Context // of the dials
	wg       sync.WaitGroup

	mu       sync.Mutex
	refuse   bool
	swallow  bool
	links    map[*link]struct{}
	accepted int
	cuts     int
	delay    time.Duration
	cutAfter int // bytes; 0 = no cut
}

// link is a client's connection and the one to the server that belongs to it.
type link struct {
	client, server net.Conn
	holed          bool // bytes of it were swallowed; under Proxy.mu
	passed         int  // bytes from the server since CutAfter; under Proxy.mu
}

// NewProxy listens on a free port and passes each connection on to target (host:port), which may be down.
func NewProxy(t testing.TB, target string) *Proxy {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("start the proxy: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	p := &Proxy{target: target, listener: listener, ctx: ctx, links: make(map[*link]struct{})}
	p.wg.Go(p.accept)
	t.Cleanup(func() {
		listener.Close()
		cancel()
		p.Cut()
		p.wg.Wait()
	})
	return p
}

// Addr is host:port to connect to.
func (p *Proxy) Addr() string { return p.listener.Addr().String() }

// Endpoint is the URL of the server of this package as seen through the proxy.
func (p *Proxy) Endpoint() string { return "opc.tcp://" + p.Addr() + "/plant" }

// Cut resets all connections (RST), as a restarted firewall does. New ones are let through.
func (p *Proxy) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cuts++
	for l := range p.links {
		p.drop(l)
	}
}

// Refuse resets new connections as soon as they are made, until it is called with false. Those that exist stay; Cut ends them.
func (p *Proxy) Refuse(on bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refuse = on
}

// Swallow reads and throws away what both sides send, the ends of connections included, until it is called with false: neither side notices
// anything. Connections of which something was thrown away are then reset, since a TCP stream cannot go on with a hole in it.
func (p *Proxy) Swallow(on bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.swallow = on
	if on {
		return
	}
	for l := range p.links {
		if l.holed {
			p.drop(l)
		}
	}
}

// Delay holds up what both sides send by d, in order.
func (p *Proxy) Delay(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.delay = d
}

// CutAfter resets the next connection on which n bytes came from the server from now on, most likely within a message.
func (p *Proxy) CutAfter(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cutAfter = n
	for l := range p.links {
		l.passed = 0
	}
}

// fate is what is to be done with n bytes of one direction: how long they are held up, and how many of them pass before the connection is reset.
func (p *Proxy) fate(l *link, fromServer bool, n int) (delay time.Duration, pass int, cut bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cutAfter > 0 && fromServer {
		if l.passed += n; l.passed >= p.cutAfter {
			n -= l.passed - p.cutAfter
			p.cutAfter = 0
			return p.delay, n, true
		}
	}
	return p.delay, n, false
}

// Accepted is the number of connections that clients have made so far, with those that were refused.
func (p *Proxy) Accepted() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.accepted
}

// Open is the number of connections that are passed on now.
func (p *Proxy) Open() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.links)
}

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return // closed by the test's cleanup
		}
		p.wg.Go(func() { p.serve(client) })
	}
}

func (p *Proxy) serve(client net.Conn) {
	l := p.connect(client)
	if l == nil {
		reset(client)
		return
	}
	var directions sync.WaitGroup
	directions.Go(func() { p.pass(l, l.server, l.client) })
	directions.Go(func() { p.pass(l, l.client, l.server) })
	directions.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.swallow && l.holed {
		return // one side is gone and the other must not notice: kept open until Swallow(false) or Cut
	}
	p.close(l)
}

// connect dials the target; nil when the connection is refused, was cut meanwhile or the target is down.
func (p *Proxy) connect(client net.Conn) *link {
	p.mu.Lock()
	p.accepted++
	refuse, cuts := p.refuse, p.cuts
	p.mu.Unlock()
	if refuse {
		return nil
	}
	server, err := new(net.Dialer).DialContext(p.ctx, "tcp", p.target)
	if err != nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cuts != cuts {
		reset(server)
		return nil
	}
	l := &link{client: client, server: server}
	p.links[l] = struct{}{}
	return l
}

// pass copies one direction to its end.
func (p *Proxy) pass(l *link, dst, src net.Conn) {
	buf := make([]byte, 64<<10)
	for {
		n, err := src.Read(buf)
		if p.swallowed(l) {
			if err != nil {
				return
			}
			continue
		}
		if n > 0 {
			delay, pass, cut := p.fate(l, src == l.server, n)
			if delay > 0 {
				select {
				case <-time.After(delay):
				case <-p.ctx.Done():
				}
			}
			if _, err := dst.Write(buf[:pass]); err != nil || cut {
				p.dropLocked(l)
				return
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			_ = dst.(*net.TCPConn).CloseWrite() // fails only when dst is closed already
			return
		case err != nil:
			p.dropLocked(l)
			return
		}
	}
}

// swallowed tells whether what was just read is to be thrown away, and remembers that it was. In one step, so that Swallow(false) misses no link.
func (p *Proxy) swallowed(l *link) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	l.holed = l.holed || p.swallow
	return l.holed
}

func (p *Proxy) dropLocked(l *link) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.drop(l)
}

// drop resets both connections; p.mu is held.
func (p *Proxy) drop(l *link) {
	delete(p.links, l)
	reset(l.client)
	reset(l.server)
}

// close ends both connections in order; p.mu is held.
func (p *Proxy) close(l *link) {
	delete(p.links, l)
	l.client.Close()
	l.server.Close()
}

// reset closes a connection with RST in place of FIN.
func reset(conn net.Conn) {
	_ = conn.(*net.TCPConn).SetLinger(0) // fails only when it is closed already
	conn.Close()
}
