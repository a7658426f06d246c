package opcua

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/edge/opcua/opcuatest"
	"github.com/shopfloor-iiot/shopfloor/model"
)

func listenReverse(t *testing.T) *ReverseListener {
	t.Helper()
	l, err := ListenReverse(t.Context(), "127.0.0.1:0", zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- l.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return l
}

// A server that connects to the gateway is as good as one that the gateway connects to, with security too, and after a restart.
func TestReverseConnect(t *testing.T) {
	t.Parallel()
	l := listenReverse(t)
	server := opcuatest.Start(t, opcuatest.Options{Continuing: true, AutoAccept: true, Env: []string{"REVERSE=opc.tcp://" + l.Addr()}})
	r := &recorder{}
	c := config(server.Endpoint(), r)
	c.Server.ReverseConnect, c.Reverse = true, l
	c.Server.SecurityMode, c.Identity, c.Trust = model.SecuritySignAndEncrypt, identity(t), trusting(t, server)
	source := run(t, c, dataSetWriter("w", 200*time.Millisecond, counters(5)...))
	flow := func() {
		t.Helper()
		before := r.least()
		eventually(t, 30*time.Second, func() bool { return r.least() >= before+3 }, func() string { return fmt.Sprintf("values flow: %+v", source.Status()) })
	}
	flow()
	server.Kill()
	server.Restart()
	flow()
}

func reverseHello(uri, url string) []byte {
	b := append([]byte("RHEF"), 0, 0, 0, 0)
	for _, s := range []string{uri, url} {
		b = append(binary.LittleEndian.AppendUint32(b, uint32(len(s))), s...)
	}
	binary.LittleEndian.PutUint32(b[4:], uint32(len(b)))
	return b
}

// Connections of servers that nobody waits for are closed, and so is what says nothing that is a ReverseHello.
func TestReverseListener(t *testing.T) {
	t.Parallel()
	l := listenReverse(t)
	const url = "opc.tcp://plant:4840/x"
	forget := l.expect(url)
	connect := func(b []byte) net.Conn {
		t.Helper()
		conn, err := net.Dial("tcp", l.Addr())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		if _, err := conn.Write(b); err != nil {
			t.Fatal(err)
		}
		return conn
	}
	closed := func(conn net.Conn) {
		t.Helper()
		_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
		if n, err := conn.Read(make([]byte, 1)); n != 0 || err == nil || strings.Contains(err.Error(), "timeout") {
			t.Errorf("the connection is open: %v", err)
		}
	}
	for name, b := range map[string][]byte{
		"another server":      reverseHello("urn:x", "opc.tcp://other:4840"),
		"HTTP":                []byte("GET / HTTP/1.1\r\n\r\n"),
		"too long":            reverseHello("urn:x", strings.Repeat("x", 10_000)),
		"a text without end":  {'R', 'H', 'E', 'F', 12, 0, 0, 0, 0xFE, 0xFF, 0xFF, 0xFF},
		"a chunk of no bytes": {'R', 'H', 'E', 'F', 0, 0, 0, 0},
	} {
		t.Run(name, func(t *testing.T) { closed(connect(b)) })
	}
	mine := connect(reverseHello("urn:plant", "OPC.TCP://plant:4840/x/"))
	conn, err := l.connection(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Write([]byte("HEL")); err != nil {
		t.Error(err)
	}
	if _, err := io.ReadFull(mine, make([]byte, 3)); err != nil {
		t.Error(err)
	}
	conn.Close()
	left := connect(reverseHello("urn:plant", url))
	eventually(t, 10*time.Second, func() bool { l.mu.Lock(); defer l.mu.Unlock(); return len(l.servers[sameURL(url)].idle) == 1 }, func() string { return "the connection is kept" })
	forget()
	closed(left)
	if _, err := l.connection(t.Context(), url); err == nil {
		t.Error("a connection of a server that is forgotten")
	}
}

func FuzzReverseHello(f *testing.F) {
	f.Add(reverseHello("urn:x", "opc.tcp://x"))
	f.Fuzz(func(_ *testing.T, b []byte) { _, _ = readReverseHello(strings.NewReader(string(b))) })
}
