package opcuatest

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"testing"
	"time"
)

const quiet = 100 * time.Millisecond // nothing comes for this long: nothing will

func TestProxyPassesBytesAndEnds(t *testing.T) {
	p := NewProxy(t, echoServer(t))
	conn := dial(t, p)
	roundTrip(t, conn, "hello")
	if p.Open() != 1 || p.Accepted() != 1 {
		t.Fatalf("open %d, accepted %d, want 1, 1", p.Open(), p.Accepted())
	}
	if err := conn.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Fatalf("read after both sides ended: %v, want EOF", err)
	}
	eventually(t, "the connection is closed", func() bool { return p.Open() == 0 })
}

func TestProxyCutResetsBothSides(t *testing.T) {
	ended := make(chan error, 1)
	p := NewProxy(t, serverFunc(t, func(conn net.Conn) {
		_, err := io.Copy(conn, conn)
		ended <- err
	}))
	conn := dial(t, p)
	roundTrip(t, conn, "hello")

	p.Cut()
	if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
		t.Fatalf("client reads %v, want a reset", err)
	}
	if err := <-ended; !errors.Is(err, syscall.ECONNRESET) {
		t.Fatalf("server reads %v, want a reset", err)
	}
	if p.Open() != 0 {
		t.Fatalf("%d connections open after the cut", p.Open())
	}
	roundTrip(t, dial(t, p), "new connections are let through")
}

func TestProxyRefuse(t *testing.T) {
	p := NewProxy(t, echoServer(t))
	old := dial(t, p)
	roundTrip(t, old, "before")

	p.Refuse(true)
	expectRefused(t, p)
	roundTrip(t, old, "existing connections stay")
	p.Refuse(false)
	roundTrip(t, dial(t, p), "after")
	if p.Accepted() != 3 {
		t.Fatalf("accepted %d, want 3 with the refused one", p.Accepted())
	}
}

func TestProxySwallow(t *testing.T) {
	p := NewProxy(t, echoServer(t))
	untouched, holed := dial(t, p), dial(t, p)
	roundTrip(t, untouched, "before")
	roundTrip(t, holed, "before")

	p.Swallow(true)
	if _, err := io.WriteString(holed, "lost"); err != nil {
		t.Fatalf("write while bytes are swallowed: %v, want no sign of it", err)
	}
	expectSilence(t, holed)

	p.Swallow(false)
	expectReset(t, holed)
	roundTrip(t, untouched, "a connection that lost nothing goes on")
}

func TestProxySwallowsTheEndOfConnections(t *testing.T) {
	hangUp := make(chan struct{})
	p := NewProxy(t, serverFunc(t, func(conn net.Conn) {
		_, _ = io.CopyN(conn, conn, int64(len("hello")))
		<-hangUp
	}))
	conn := dial(t, p)
	roundTrip(t, conn, "hello")

	p.Swallow(true)
	close(hangUp)
	expectSilence(t, conn)
	p.Swallow(false)
	expectReset(t, conn)
}

func TestProxyTargetDown(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener.Close()
	expectRefused(t, NewProxy(t, listener.Addr().String()))
}

func echoServer(t *testing.T) string {
	return serverFunc(t, func(conn net.Conn) { _, _ = io.Copy(conn, conn) })
}

// serverFunc calls serve for each connection, which it closes, and returns its address.
func serverFunc(t *testing.T, serve func(net.Conn)) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer conn.Close()
				serve(conn)
			})
		}
	})
	t.Cleanup(func() {
		listener.Close()
		wg.Wait()
	})
	return listener.Addr().String()
}

func dial(t *testing.T, p *Proxy) *net.TCPConn {
	t.Helper()
	conn, err := net.Dial("tcp", p.Addr())
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn.(*net.TCPConn)
}

func roundTrip(t *testing.T, conn net.Conn, text string) {
	t.Helper()
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatalf("send %q: %v", text, err)
	}
	got := make([]byte, len(text))
	if _, err := io.ReadFull(conn, got); err != nil || string(got) != text {
		t.Fatalf("sent %q, got %q, %v", text, got, err)
	}
}

// expectRefused makes a connection that is reset, either at once, before the dial sees its success, or soon after.
func expectRefused(t *testing.T, p *Proxy) {
	t.Helper()
	conn, err := net.DialTimeout("tcp", p.Addr(), 10*time.Second)
	if err == nil {
		defer conn.Close()
		expectReset(t, conn)
	} else if !errors.Is(err, syscall.ECONNRESET) {
		t.Fatalf("dial: %v, want a reset", err)
	}
}

// expectReset waits for the connection to be reset. A write that arrives after the reset fails with EPIPE, hence only a read.
func expectReset(t *testing.T, conn net.Conn) {
	t.Helper()
	if err := conn.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
		t.Fatalf("read: %v, want a reset", err)
	}
}

func expectSilence(t *testing.T, conn *net.TCPConn) {
	t.Helper()
	if err := conn.SetReadDeadline(time.Now().Add(quiet)); err != nil {
		t.Fatal(err)
	}
	if n, err := conn.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("read %d bytes, %v, want silence", n, err)
	}
	if err := conn.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
}

func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(20 * time.Second)
	for !condition() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("still not after 20 s: %s", what)
		}
	}
}
