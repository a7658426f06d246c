package opcua

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gopcua/opcua/ua"
	"github.com/gopcua/opcua/uacp"
	"github.com/gopcua/opcua/uapolicy"
	"github.com/gopcua/opcua/uasc"

	"github.com/shopfloor-iiot/shopfloor/model"
)

const (
	dialTimeout     = 5 * time.Second
	tcpKeepAlive    = 5 * time.Second
	bufferSize      = 0xffff
	maxMessageSize  = 16 << 20 // what we tell the server that we take
	maxArrayLength  = 1 << 20  // elements of a received array
	channelLifetime = time.Hour
)

// raiseArrayLimit sets gopcua's limit for received arrays, 65,535 as it comes, over which a whole response is lost. It is a variable
// of that package and so the same for all Sources; it must be set before the first connection reads it.
var raiseArrayLimit = sync.OnceFunc(func() { ua.MaxVariantArrayLength = maxArrayLength })

// channel is a secure channel over a TCP connection of its own (Part 6, 6.7). It ends once and for all with the first error of the
// connection; errors of a request are the caller's alone.
type channel struct {
	sc       *uasc.SecureChannel
	conn     *uacp.Conn
	timeout  time.Duration
	requests *atomic.Uint64 // sent so far, over all channels of a Source

	once  sync.Once
	ended chan struct{} // closed when the channel is broken or closed
	err   error         // why, valid once ended is closed
}

// openChannel connects and opens. cfg is nil for a channel without security.
func openChannel(ctx context.Context, endpointURL string, cfg *uasc.Config, timeout time.Duration, requests *atomic.Uint64) (*channel, error) {
	address, err := hostPort(endpointURL)
	if err != nil {
		return nil, err
	}
	dialer := net.Dialer{Timeout: dialTimeout, KeepAlive: tcpKeepAlive}
	tcp, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	conn, err := hello(ctx, tcp.(*net.TCPConn), endpointURL)
	if err != nil {
		tcp.Close()
		return nil, fmt.Errorf("greet %s: %w", endpointURL, err)
	}
	if cfg == nil {
		cfg = &uasc.Config{SecurityPolicyURI: ua.SecurityPolicyURINone, SecurityMode: ua.MessageSecurityModeNone}
	}
	cfg.Lifetime, cfg.RequestTimeout = uint32(channelLifetime/time.Millisecond), timeout
	// gopcua drops what does not fit, so there is room for the faults of many requests beside the one error that matters.
	errs := make(chan error, 64)
	sc, err := uasc.NewSecureChannel(endpointURL, conn, cfg, errs)
	if err != nil {
		conn.Close()
		return nil, fmt.Errorf("open secure channel: %w", err)
	}
	c := &channel{sc: sc, conn: conn, timeout: timeout, requests: requests, ended: make(chan struct{})}
	go c.watch(errs)
	if err := sc.Open(ctx); err != nil {
		c.fail(err)
		if c.err != nil { // the server's own reason comes before the end of the connection that Open sees
			err = c.err
		}
		return nil, fmt.Errorf("open secure channel: %w", statusError(err))
	}
	return c, nil
}

// hello exchanges Hello and Acknowledge (Part 6, 7.1.2). gopcua's handshake does not know about ctx but for its deadline.
func hello(ctx context.Context, tcp *net.TCPConn, endpointURL string) (*uacp.Conn, error) {
	conn, err := uacp.NewConn(tcp, &uacp.Acknowledge{ReceiveBufSize: bufferSize, SendBufSize: bufferSize, MaxMessageSize: maxMessageSize})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { _ = tcp.SetDeadline(time.Unix(1, 0)) }) // fails only when it is closed
	defer stop()
	return conn, conn.Handshake(ctx, endpointURL)
}

// watch ends the channel with the first error of the connection. It must: after a reset gopcua's reader goes on reading.
func (c *channel) watch(errs <-chan error) {
	for {
		select {
		case err := <-errs:
			if fatal(err) {
				c.fail(err)
				return
			}
		case <-c.ended:
			return
		}
	}
}

// fail ends the channel without a word to the server.
func (c *channel) fail(err error) {
	c.once.Do(func() {
		c.err = statusError(err)
		c.conn.Close()
		_ = c.sc.Close() // always an error: the connection is closed; it ends gopcua's goroutines
		close(c.ended)
	})
}

// close ends the channel in order (CloseSecureChannel).
func (c *channel) close() {
	c.once.Do(func() {
		c.err = model.StatusBadConnectionClosed
		_ = c.sc.Close() // io.EOF when all is well
		c.conn.Close()
		close(c.ended)
	})
}

// call sends one request and returns its response. Errors of the service are model.StatusCodes.
func call[T ua.Response](ctx context.Context, c *channel, token *ua.NodeID, req ua.Request, timeout time.Duration) (T, error) {
	var r T
	c.requests.Add(1)
	err := c.sc.SendRequestWithTimeout(ctx, req, token, timeout, func(v ua.Response) error {
		var ok bool
		if r, ok = v.(T); !ok {
			return fmt.Errorf("response is %T: %w", v, model.StatusBadUnknownResponse)
		}
		return nil
	})
	switch {
	case err == nil:
		return r, nil
	case fatal(err):
		c.fail(err)
		return r, c.err
	}
	return r, statusError(err)
}

// statusError makes gopcua's status codes ours.
func statusError(err error) error {
	var status ua.StatusCode
	switch {
	case errors.As(err, &status):
		return model.StatusCode(status)
	case errors.Is(err, io.EOF):
		return fmt.Errorf("the server closed the connection: %w", model.StatusBadConnectionClosed)
	}
	return err
}

// fatal tells errors of the connection from those of one request, such as a service fault or a response that does not decode. gopcua
// reports both in the same place, and some only as text.
func fatal(err error) bool {
	var transport *uacp.Error
	var network net.Error
	var status model.StatusCode
	switch {
	case errors.As(err, &transport), errors.Is(err, io.EOF), errors.Is(err, net.ErrClosed):
		return true
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return false
	case errors.As(err, &network):
		return true
	case errors.As(statusError(err), &status):
		return channelStatus(status)
	}
	text := err.Error()
	return strings.HasPrefix(text, "sechan:") || strings.HasPrefix(text, "uacp:")
}

func channelStatus(s model.StatusCode) bool {
	switch s {
	case model.StatusBadSecureChannelClosed, model.StatusBadSecureChannelIdInvalid, model.StatusBadSecureChannelTokenUnknown,
		model.StatusBadConnectionClosed, model.StatusBadServerHalted, model.StatusBadShutdown, model.StatusBadTcpSecureChannelUnknown:
		return true
	}
	return false
}

// sessionGone tells whether a request failed because the server no longer has the session.
func sessionGone(err error) bool {
	return errors.Is(err, model.StatusBadSessionIdInvalid) || errors.Is(err, model.StatusBadSessionClosed) ||
		errors.Is(err, model.StatusBadSessionNotActivated)
}

// secured is the configuration of a channel to ep. The identity also goes into channels without security, where it encrypts passwords.
func secured(ep *endpoint, identity *Identity) *uasc.Config {
	cfg := &uasc.Config{SecurityPolicyURI: ep.policyURI, SecurityMode: ep.mode}
	if identity != nil {
		cfg.LocalKey = identity.key
	}
	if ep.mode != ua.MessageSecurityModeNone {
		cfg.Certificate = identity.certificate
		cfg.RemoteCertificate, cfg.Thumbprint = ep.certificate, uapolicy.Thumbprint(ep.certificate)
	}
	return cfg
}
