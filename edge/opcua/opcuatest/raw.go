package opcuatest

import (
	"bufio"
	"encoding/binary"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/gopcua/opcua/ua"
)

const (
	rawChunk   = 0xffff
	rawChannel = 7
)

// Raw is a server that answers with any bytes it is told to, as broken and hostile servers do. By itself it does as much as a client needs for
// subscriptions without security: endpoints, sessions, reading, and one value of each monitored item every 50 ms, a counter. It ends with the test.
type Raw struct {
	listener net.Listener
	answer   func(ua.Request) []byte
	wg       sync.WaitGroup

	mu    sync.Mutex
	conns map[net.Conn]struct{}
	ended bool
}

// NewRaw starts a server. answer, if there is one, may give the body of a response, from its type on, in place of the server's own; nil leaves it to
// the server. It is called by several goroutines.
func NewRaw(t testing.TB, answer func(ua.Request) []byte) *Raw {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("start the raw server: %v", err)
	}
	r := &Raw{listener: listener, answer: answer, conns: map[net.Conn]struct{}{}}
	r.wg.Go(r.accept)
	t.Cleanup(func() {
		listener.Close()
		r.mu.Lock()
		r.ended = true
		for c := range r.conns {
			c.Close()
		}
		r.mu.Unlock()
		r.wg.Wait()
	})
	return r
}

// Endpoint is the URL to connect to.
func (r *Raw) Endpoint() string { return "opc.tcp://" + r.listener.Addr().String() }

func (r *Raw) accept() {
	for {
		conn, err := r.listener.Accept()
		if err != nil {
			return
		}
		r.mu.Lock()
		r.conns[conn] = struct{}{}
		if r.ended {
			conn.Close()
		}
		r.mu.Unlock()
		r.wg.Go(func() {
			defer conn.Close()
			(&rawConn{server: r, conn: conn}).serve()
			r.mu.Lock()
			delete(r.conns, conn)
			r.mu.Unlock()
		})
	}
}

// rawConn is one client.
type rawConn struct {
	server   *Raw
	conn     net.Conn
	sequence uint32
	message  []byte // the chunks of a request so far
	handles  []uint32
	number   uint32 // of the last notification
}

func (c *rawConn) serve() {
	in := bufio.NewReader(c.conn)
	buf := make([]byte, rawChunk)
	for {
		if _, err := io.ReadFull(in, buf[:8]); err != nil {
			return
		}
		size := binary.LittleEndian.Uint32(buf[4:])
		if size < 8 || size > rawChunk {
			return
		}
		if _, err := io.ReadFull(in, buf[8:size]); err != nil {
			return
		}
		if !c.handle(string(buf[:4]), buf[8:size]) {
			return
		}
	}
}

// handle takes one chunk from behind its size.
func (c *rawConn) handle(kind string, b []byte) bool {
	switch kind {
	case "HELF":
		return c.write("ACKF", le(0), le(rawChunk), le(rawChunk), le(0), le(0))
	case "OPNF":
		at := 4
		for range 3 {
			at += 4 + max(int(int32(binary.LittleEndian.Uint32(b[at:]))), 0)
		}
		return c.request("OPNF", binary.LittleEndian.Uint32(b[at+4:]), b[at+8:])
	case "MSGC", "MSGF":
		if c.message = append(c.message, b[16:]...); kind == "MSGC" {
			return true
		}
		body := c.message
		c.message = nil
		return c.request("MSGF", binary.LittleEndian.Uint32(b[12:]), body)
	}
	return false
}

func (c *rawConn) request(kind string, id uint32, body []byte) bool {
	_, v, err := ua.DecodeService(body)
	if err != nil {
		return false
	}
	req, ok := v.(ua.Request)
	if !ok {
		return false
	}
	if _, publish := req.(*ua.PublishRequest); publish {
		time.Sleep(50 * time.Millisecond) // the publishing interval
	}
	var response []byte
	if c.server.answer != nil {
		response = c.server.answer(req)
	}
	if response == nil {
		response = RawResponse(req, c.response(req))
	}
	if kind == "OPNF" {
		policy := ua.SecurityPolicyURINone
		c.sequence++
		return c.write("OPNF", le(rawChannel), le(uint32(len(policy))), []byte(policy), le(0xFFFFFFFF), le(0xFFFFFFFF), le(c.sequence), le(id), response)
	}
	for room := rawChunk - 24; ; response = response[room:] {
		c.sequence++
		if len(response) <= room {
			return c.write("MSGF", le(rawChannel), le(1), le(c.sequence), le(id), response)
		}
		if !c.write("MSGC", le(rawChannel), le(1), le(c.sequence), le(id), response[:room]) {
			return false
		}
	}
}

func (c *rawConn) write(kind string, parts ...[]byte) bool {
	b := append([]byte(kind), 0, 0, 0, 0)
	for _, p := range parts {
		b = append(b, p...)
	}
	binary.LittleEndian.PutUint32(b[4:], uint32(len(b)))
	_, err := c.conn.Write(b)
	return err == nil
}

func le(n uint32) []byte { return binary.LittleEndian.AppendUint32(nil, n) }
