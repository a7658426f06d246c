package opcua

import (
	"context"
	"errors"
	"fmt"
	"net"
	"reflect"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gopcua/opcua/ua"

	"github.com/shopfloor-iiot/shopfloor/edge/opcua/securechannel"
	"github.com/shopfloor-iiot/shopfloor/edge/opcua/wire"
	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/uadp"
)

const (
	dialTimeout    = 5 * time.Second
	tcpKeepAlive   = 5 * time.Second
	maxArrayLength = 1 << 20 // elements of an array that gopcua decodes
)

// raiseArrayLimit sets gopcua's limit for received arrays, 65,535 as it comes, over which a whole response is lost. It is a variable
// of that package and so the same for all Sources; it must be set before the first connection reads it.
var raiseArrayLimit = sync.OnceFunc(func() { ua.MaxVariantArrayLength = maxArrayLength })

// channel is a secure channel over a TCP connection of its own (Part 6, 6.7).
type channel struct {
	*securechannel.Channel
	timeout  time.Duration
	requests *atomic.Uint64 // sent so far, over all channels of a Source
}

// dial connects to the server, or waits until it connects to us.
func (c *Config) dial(ctx context.Context) (net.Conn, error) {
	if c.Server.ReverseConnect {
		return c.Reverse.connection(ctx, c.Server.EndpointURL)
	}
	address, err := hostPort(c.Server.EndpointURL)
	if err != nil {
		return nil, err
	}
	dialer := net.Dialer{Timeout: dialTimeout, KeepAlive: tcpKeepAlive}
	return dialer.DialContext(ctx, "tcp", address)
}

// openChannel connects to the server of c and opens. Only what cfg says of security is used, whose zero value is none.
func openChannel(ctx context.Context, c *Config, cfg securechannel.Config, requests *atomic.Uint64) (*channel, error) {
	conn, err := c.dial(ctx)
	if err != nil {
		return nil, err
	}
	cfg.EndpointURL, cfg.Timeout = c.Server.EndpointURL, c.RequestTimeout
	sc, err := securechannel.Open(ctx, conn, cfg)
	if err != nil {
		return nil, err
	}
	return &channel{Channel: sc, timeout: c.RequestTimeout, requests: requests}, nil
}

// exchange sends one request and returns its response, which must be released, and a reader behind its header. Errors of the service are
// model.StatusCodes.
func (c *channel) exchange(ctx context.Context, token *ua.NodeID, req ua.Request, typeID uint32, timeout time.Duration, r *uadp.Binary) (*securechannel.Message, error) {
	c.requests.Add(1)
	tally(ctx, req, typeID)
	m, err := c.Call(ctx, token, req, timeout)
	if err != nil {
		return nil, err
	}
	r.Reset(m.Body, nil)
	h, err := wire.ReadHeader(r)
	switch {
	case err != nil:
		err = fmt.Errorf("%w: %w", err, model.StatusBadDecodingError)
	case h.Result.IsBad():
		err = h.Result
		if channelStatus(h.Result) {
			c.Fail(err)
		}
	case h.TypeID != typeID:
		err = fmt.Errorf("the response to %T is of type %d: %w", req, h.TypeID, model.StatusBadUnknownResponse)
	}
	if err != nil {
		m.Release()
		return nil, err
	}
	return m, nil
}

// call sends one request and returns its response. Errors of the service are model.StatusCodes.
func call[T ua.Response](ctx context.Context, c *channel, token *ua.NodeID, req ua.Request, timeout time.Duration) (response T, err error) {
	to := reflect.New(reflect.TypeFor[T]().Elem()).Interface().(T)
	var r uadp.Binary
	m, err := c.exchange(ctx, token, req, uint32(ua.ServiceTypeID(to)), timeout, &r)
	if err != nil {
		return response, err
	}
	defer m.Release()
	r.Reset(m.Body, nil)
	r.NodeID()
	// gopcua's values point into the bytes they were decoded from.
	if err := wire.Decode(append([]byte(nil), r.Rest()...), to); err != nil {
		return response, err
	}
	return to, nil
}

// channelStatus tells whether a status of a service ends the channel.
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
func secured(ep *endpoint, identity *Identity) securechannel.Config {
	cfg := securechannel.Config{PolicyURI: ep.policyURI, Mode: ep.mode}
	if identity != nil {
		cfg.Key = identity.key
	}
	if ep.mode != ua.MessageSecurityModeNone {
		cfg.Certificate, cfg.RemoteCertificate = identity.certificate, ep.certificate
	}
	return cfg
}
