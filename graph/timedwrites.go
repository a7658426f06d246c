package graph

import (
	"net/http"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/handler/transport"
	coderws "github.com/coder/websocket"
)

// timedWrites has a transport that streams end the connection of a client that does not read: each write has to be done in time.
type timedWrites struct {
	graphql.Transport
	timeout time.Duration
}

func (t timedWrites) Do(w http.ResponseWriter, r *http.Request, exec graphql.GraphExecutor) {
	t.Transport.Do(&timedWriter{w, http.NewResponseController(w), t.timeout}, r, exec)
}

// timedWriter begins the time anew with each write. Where the connection has no deadlines, as in tests, it has none.
type timedWriter struct {
	http.ResponseWriter
	control *http.ResponseController
	timeout time.Duration
}

func (w *timedWriter) Write(b []byte) (int, error) {
	_ = w.control.SetWriteDeadline(time.Now().Add(w.timeout))
	return w.ResponseWriter.Write(b)
}

// Flush sends what is buffered. After an error the server ends the context of the request, and the subscription with it.
func (w *timedWriter) Flush() {
	_ = w.control.SetWriteDeadline(time.Now().Add(w.timeout))
	_ = w.control.Flush()
}

// Unwrap is for http.ResponseController.
func (w *timedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// olderWebSockets serves the protocol before graphql-transport-ws, whose subprotocol is graphql-ws, to clients that offer no other.
func olderWebSockets(cfg HandlerConfig) graphql.Transport {
	return transport.Websocket{
		Implementation: timedWebSockets{transport.CoderWebsocketImplementation{
			AcceptOptions: coderws.AcceptOptions{InsecureSkipVerify: true}, // bounded has looked at the origin
		}, cfg.WriteTimeout},
		InitTimeout: cfg.InitTimeout, KeepAlivePingInterval: cfg.KeepAlive, PayloadReadLimit: &cfg.MaxRequestBytes,
	}
}

// timedWebSockets accepts WebSockets that are closed when a message does not get into the socket in time.
type timedWebSockets struct {
	transport.WebsocketImplementation
	timeout time.Duration
}

func (a timedWebSockets) Accept(w http.ResponseWriter, r *http.Request, o transport.WebsocketAcceptOptions) (transport.WebsocketConn, error) {
	conn, err := a.WebsocketImplementation.Accept(w, r, o)
	if err != nil {
		return nil, err
	}
	return timedWebSocket{conn, a.timeout}, nil
}

type timedWebSocket struct {
	transport.WebsocketConn
	timeout time.Duration
}

// WriteJSON writes a message.
func (c timedWebSocket) WriteJSON(v any) error {
	late := time.AfterFunc(c.timeout, func() { _ = c.Close() })
	defer late.Stop()
	return c.WebsocketConn.WriteJSON(v)
}

// SetReadLimit bounds a message of the client.
func (c timedWebSocket) SetReadLimit(n int64) {
	if l, ok := c.WebsocketConn.(transport.WebsocketReadLimiter); ok {
		l.SetReadLimit(n)
	}
}
