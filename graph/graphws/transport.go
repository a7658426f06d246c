// Package graphws serves GraphQL over WebSockets with the protocol graphql-transport-ws (https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md) as a
// transport of gqlgen.
//
// It is for many subscribers. Data of a response goes out as it is, so that what is written once for all subscribers of a delivery is copied once
// for each and not looked at again. Nothing is queued: an operation makes its next response when the last one is in the socket, so a client that is
// slow has its operations wait, and their sources decide what it misses. A client that stalls, which means that a message does not get into its
// socket within WriteTimeout, or that it does not answer pings, is cut off and counted; others do not notice.
package graphws

import (
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/99designs/gqlgen/graphql"
	coderws "github.com/coder/websocket"
	"github.com/rs/zerolog"
)

// Subprotocol is the protocol's name.
const Subprotocol = "graphql-transport-ws"

// Transport accepts WebSockets. All limits are to be set. It does not look at the Origin of a request: who serves it has to.
type Transport struct {
	// InitTimeout bounds the wait for connection_init.
	InitTimeout time.Duration
	// KeepAlive is the interval of pings. A client that has not answered two is cut off at the third.
	KeepAlive time.Duration
	// WriteTimeout bounds how long one message may take into the socket.
	WriteTimeout time.Duration
	// MaxMessageBytes bounds a message of a client, MaxOperations its operations at a time.
	MaxMessageBytes int64
	MaxOperations   int
	// Counters count what the transport does.
	Counters *Counters
	Log      zerolog.Logger
}

var _ graphql.Transport = (*Transport)(nil)

// Counters are those of a Transport.
type Counters struct {
	connections                                              atomic.Int64
	messages, bytes, stalled, silent, refused, uninitialised atomic.Uint64
}

// Figures count WebSockets.
type Figures struct {
	// Connections are those of now.
	Connections int
	// Messages and Bytes were sent.
	Messages, Bytes uint64
	// Stalled were cut off because a message did not get into their socket in time, Silent because they did not answer pings, Uninitialised because
	// they did not begin in time, Refused because they broke the protocol.
	Stalled, Silent, Uninitialised, Refused uint64
}

// Figures are those of now.
func (c *Counters) Figures() Figures {
	return Figures{
		Connections: int(c.connections.Load()), Messages: c.messages.Load(), Bytes: c.bytes.Load(),
		Stalled: c.stalled.Load(), Silent: c.silent.Load(), Uninitialised: c.uninitialised.Load(), Refused: c.refused.Load(),
	}
}

// Supports takes requests for a WebSocket that offer the protocol.
func (t *Transport) Supports(r *http.Request) bool {
	if !strings.EqualFold(r.Header.Get("Upgrade"), "websocket") {
		return false
	}
	for _, offers := range r.Header.Values("Sec-WebSocket-Protocol") {
		for offer := range strings.SplitSeq(offers, ",") {
			if strings.TrimSpace(offer) == Subprotocol {
				return true
			}
		}
	}
	return false
}

// Do serves one connection until it or the context of the request ends. It returns when all of its operations have ended.
func (t *Transport) Do(w http.ResponseWriter, r *http.Request, exec graphql.GraphExecutor) {
	conn, err := coderws.Accept(w, r, &coderws.AcceptOptions{Subprotocols: []string{Subprotocol}, InsecureSkipVerify: true})
	if err != nil {
		return // the request is answered
	}
	conn.SetReadLimit(t.MaxMessageBytes)
	t.Counters.connections.Add(1)
	defer t.Counters.connections.Add(-1)
	newConnection(t, conn, r, exec).serve()
}
