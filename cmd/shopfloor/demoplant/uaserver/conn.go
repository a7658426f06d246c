package uaserver

import (
	"context"
	"errors"
	"fmt"
	"net"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/gopcua/opcua/ua"
	"github.com/gopcua/opcua/uacp"
	"github.com/gopcua/opcua/uasc"
)

// conn is one TCP connection with its secure channel (Part 6, 6 and 7). One goroutine reads it and answers; the
// subscriptions of its sessions send on it too.
type conn struct {
	server    *Server
	tcp       *uacp.Conn
	sc        *uasc.SecureChannel
	channel   *uasc.Config // policy, mode and certificate of the client once the channel is open
	activated atomic.Bool
}

// serveConn runs one connection until the client leaves, misbehaves, or ctx ends.
func (s *Server) serveConn(ctx context.Context, tcp *net.TCPConn) {
	defer tcp.Close()
	stop := context.AfterFunc(ctx, func() { tcp.Close() })
	defer stop()
	c, err := s.open(tcp)
	if err == nil {
		err = c.run(ctx)
		s.sessions.detach(c)
	}
	if err != nil && ctx.Err() == nil {
		s.log.Debug().Err(err).Stringer("client", tcp.RemoteAddr()).Msg("opc ua connection ended")
	}
}

// open does the Hello handshake (Part 6, 7.1.3). The deadline keeps idle port scans from piling up.
func (s *Server) open(tcp *net.TCPConn) (*conn, error) {
	if err := tcp.SetDeadline(time.Now().Add(handshakeTimeout)); err != nil {
		return nil, fmt.Errorf("set handshake deadline: %w", err)
	}
	ack := &uacp.Acknowledge{ReceiveBufSize: bufferSize, SendBufSize: bufferSize, MaxMessageSize: maxMessageSize, MaxChunkCount: maxChunks}
	uc, err := uacp.NewConn(tcp, ack)
	if err != nil {
		return nil, fmt.Errorf("wrap connection: %w", err)
	}
	b, err := uc.Receive()
	if err != nil {
		return nil, fmt.Errorf("receive hello: %w", err)
	}
	hello := new(uacp.Hello)
	if string(b[:4]) != "HELF" {
		uc.SendError(ua.StatusBadTCPMessageTypeInvalid)
		return nil, fmt.Errorf("receive hello: message type %q", b[:4])
	}
	if _, err := hello.Decode(b[8:]); err != nil {
		return nil, fmt.Errorf("decode hello: %w", err)
	}
	const smallest = 8192 // Part 6, 7.1.2.3
	if hello.ReceiveBufSize < smallest || hello.SendBufSize < smallest {
		uc.SendError(ua.StatusBadConnectionRejected)
		return nil, fmt.Errorf("negotiate buffers: the client offers %d and %d bytes, the least is %d", hello.ReceiveBufSize, hello.SendBufSize, smallest)
	}
	ack.SendBufSize = min(ack.SendBufSize, hello.ReceiveBufSize)
	if err := uc.Send("ACKF", ack); err != nil {
		return nil, fmt.Errorf("send acknowledge: %w", err)
	}
	channel := &uasc.Config{
		SecurityPolicyURI: ua.SecurityPolicyURINone, SecurityMode: ua.MessageSecurityModeNone,
		Certificate: s.cfg.Certificate, LocalKey: s.cfg.PrivateKey,
	}
	channelID := s.channelIDs.Add(1)
	sc, err := uasc.NewServerSecureChannel("", uc, channel, make(chan error, 1), channelID, 1, channelID)
	if err != nil {
		return nil, fmt.Errorf("open secure channel: %w", err)
	}
	return &conn{server: s, tcp: uc, sc: sc, channel: channel}, nil
}

// run reads requests and answers them one after the other.
func (c *conn) run(ctx context.Context) error {
	for {
		patience := handshakeTimeout
		if c.activated.Load() {
			patience = maxTimeout
		}
		if err := c.tcp.SetReadDeadline(time.Now().Add(patience)); err != nil {
			return fmt.Errorf("set read deadline: %w", err)
		}
		if err := c.exchange(ctx); err != nil {
			return err
		}
	}
}

// exchange receives one request and answers it. gopcua's decoder panics on some malformed values; that must end this
// client alone.
func (c *conn) exchange(ctx context.Context) (err error) {
	defer func() {
		if r := recover(); r != nil {
			c.server.log.Error().Any("panic", r).Bytes("stack", debug.Stack()).Msg("opc ua request could not be handled")
			err = fmt.Errorf("handle request: %v", r)
		}
	}()
	msg := c.sc.Receive(ctx)
	if msg.Err != nil {
		status, ok := errors.AsType[ua.StatusCode](msg.Err)
		if !ok || status != ua.StatusBadServiceUnsupported {
			return fmt.Errorf("receive request: %w", msg.Err)
		}
		c.send(msg.RequestID, fault(&ua.RequestHeader{}, status))
		return nil
	}
	req := msg.Request()
	if req == nil {
		return nil // the channel itself was opened or renewed
	}
	if resp := c.server.serve(c, msg.RequestID, req); resp != nil {
		c.send(msg.RequestID, resp)
	}
	return nil
}

// send writes a response. It closes the connection when the client does not take it in time; the reader then ends.
func (c *conn) send(requestID uint32, resp ua.Response) {
	err := c.tcp.SetWriteDeadline(time.Now().Add(writeTimeout))
	if err == nil {
		err = c.sc.SendResponseWithContext(context.Background(), requestID, resp)
	}
	if err != nil {
		_ = c.tcp.Close()
	}
}
