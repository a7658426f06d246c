package graphws

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"time"

	"github.com/99designs/gqlgen/graphql"
	coderws "github.com/coder/websocket"
)

// Close codes of the protocol, and those of RFC 6455 and its registry after which clients connect again.
const (
	closeGoingAway     coderws.StatusCode = 1001
	closeTryAgainLater coderws.StatusCode = 1013
	closeBadRequest    coderws.StatusCode = 4400
	closeUnauthorized  coderws.StatusCode = 4401
	closeInitTimeout   coderws.StatusCode = 4408
	closeDuplicate     coderws.StatusCode = 4409
	closeTooManyInits  coderws.StatusCode = 4429
)

// unanswered is how many pings a client may leave without an answer.
const unanswered = 2

// connection is one client.
type connection struct {
	transport *Transport
	conn      *coderws.Conn
	exec      graphql.GraphExecutor
	headers   http.Header
	remote    string
	request   context.Context // ends when the server stops
	ctx       context.Context // of the operations
	cancel    context.CancelFunc
	group     sync.WaitGroup // operations, and the end of the connection

	writing sync.Mutex
	late    *time.Timer // cuts the connection off when a message takes too long

	mu        sync.Mutex
	acked     bool
	operating map[string]*operation // by the id; one that the client ended is not here any more
	pings     int                   // without an answer
	pinger    *time.Timer
	closing   bool // nothing begins any more
}

func newConnection(t *Transport, conn *coderws.Conn, r *http.Request, exec graphql.GraphExecutor) *connection {
	c := &connection{transport: t, conn: conn, exec: exec, headers: r.Header, remote: r.RemoteAddr, request: r.Context(), operating: map[string]*operation{}}
	c.ctx, c.cancel = context.WithCancel(r.Context())
	c.late = time.AfterFunc(time.Hour, c.stalled)
	c.late.Stop()
	return c
}

// serve reads until the connection ends.
func (c *connection) serve() {
	defer c.group.Wait()
	defer c.abort()
	defer context.AfterFunc(c.request, func() { c.close(closeGoingAway, "the server is stopping") })()
	defer time.AfterFunc(c.transport.InitTimeout, c.uninitialised).Stop()
	c.mu.Lock()
	c.pinger = time.AfterFunc(c.transport.KeepAlive, c.ping)
	c.mu.Unlock()
	defer c.pinger.Stop()
	for {
		// Reads have no deadline: a client that is gone does not answer pings.
		kind, body, err := c.conn.Read(context.Background())
		if err != nil {
			return
		}
		var m message
		if kind != coderws.MessageText || json.Unmarshal(body, &m) != nil {
			c.refuse(closeBadRequest, "invalid message received")
			return
		}
		if !c.handle(&m) {
			return
		}
	}
}

// message is one of a client.
type message struct {
	ID      string          `json:"id"`
	Type    string          `json:"type"`
	Payload json.RawMessage `json:"payload"`
}

// handle does what a message asks for; false when the connection is to end.
func (c *connection) handle(m *message) bool {
	switch m.Type {
	case "connection_init":
		c.mu.Lock()
		again := c.acked
		c.acked = true
		c.mu.Unlock()
		if again {
			return c.refuse(closeTooManyInits, "too many initialisation requests")
		}
		return c.send([]byte(`{"type":"connection_ack"}`))
	case "ping":
		return c.send([]byte(`{"type":"pong"}`))
	case "pong":
		c.mu.Lock()
		c.pings = 0
		c.mu.Unlock()
		return true
	case "subscribe":
		return c.subscribe(m)
	case "complete":
		c.mu.Lock()
		o := c.operating[m.ID]
		delete(c.operating, m.ID)
		c.mu.Unlock()
		if o != nil {
			o.stop()
		}
		return true
	}
	return c.refuse(closeBadRequest, "invalid message received")
}

// ping asks whether the client is there, again and again.
func (c *connection) ping() {
	c.mu.Lock()
	c.pings++
	silent, closing := c.pings > unanswered, c.closing
	c.mu.Unlock()
	switch {
	case closing:
	case silent:
		c.transport.Counters.silent.Add(1)
		c.log("it did not answer pings")
		c.close(closeTryAgainLater, "no answer to two pings; connect again, and resume subscriptions")
	case c.send([]byte(`{"type":"ping"}`)):
		c.mu.Lock()
		defer c.mu.Unlock()
		if !c.closing {
			c.pinger.Reset(c.transport.KeepAlive)
		}
	}
}

// send writes one message; false when the connection ends. Messages are whole and one after the other.
func (c *connection) send(text []byte) bool {
	c.writing.Lock()
	defer c.writing.Unlock()
	c.late.Reset(c.transport.WriteTimeout)
	err := c.conn.Write(context.Background(), coderws.MessageText, text)
	c.late.Stop()
	if err != nil {
		c.abort()
		return false
	}
	c.transport.Counters.messages.Add(1)
	c.transport.Counters.bytes.Add(uint64(len(text)))
	return true
}

// stalled cuts off a client that does not take a message. It cannot be told: what it is told would have to pass the message.
func (c *connection) stalled() {
	c.transport.Counters.stalled.Add(1)
	c.log("a message did not get into its socket in time")
	c.abort()
}

// uninitialised closes the connection of a client that did not begin.
func (c *connection) uninitialised() {
	c.mu.Lock()
	acked := c.acked
	c.mu.Unlock()
	if !acked {
		c.transport.Counters.uninitialised.Add(1)
		c.close(closeInitTimeout, "connection initialisation timeout")
	}
}

// refuse closes the connection of a client that broke the protocol.
func (c *connection) refuse(code coderws.StatusCode, reason string) bool {
	c.transport.Counters.refused.Add(1)
	c.close(code, reason)
	return false
}

func (c *connection) log(why string) {
	c.transport.Log.Warn().Str("remote", c.remote).Str("reason", why).Msg("websocket client cut off")
}

// close tells the client why, within some seconds, and ends the operations.
func (c *connection) close(code coderws.StatusCode, reason string) {
	c.mu.Lock()
	if !c.closing {
		c.closing = true
		c.group.Go(func() { _ = c.conn.Close(code, reason) })
	}
	c.mu.Unlock()
	c.cancel()
}

// abort ends the connection, unless that goes on already, and the operations.
func (c *connection) abort() {
	c.mu.Lock()
	first := !c.closing
	c.closing = true
	c.mu.Unlock()
	if first {
		_ = c.conn.CloseNow()
	}
	c.cancel()
}
