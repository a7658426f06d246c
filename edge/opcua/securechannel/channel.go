package securechannel

import (
	"bufio"
	"context"
	"crypto/rsa"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gopcua/opcua/ua"

	"github.com/shopfloor-iiot/shopfloor/model"
)

const (
	defaultMaxMessage = 16 << 20
	defaultLifetime   = time.Hour
	defaultTimeout    = 10 * time.Second
	readBuffer        = 8 << 10
)

// Config of a Channel.
type Config struct {
	// EndpointURL is told to the server in the Hello.
	EndpointURL string
	// PolicyURI and Mode are those of the endpoint; "" and 0 are None.
	PolicyURI string
	Mode      ua.MessageSecurityMode
	// Certificate is ours, DER, and Key belongs to it; both are needed unless Mode is None.
	Certificate []byte
	Key         *rsa.PrivateKey
	// RemoteCertificate is the server's, DER. Nothing that was not signed with its key is accepted. It must have been found trustworthy before.
	RemoteCertificate []byte
	// Lifetime of a security token; 0 = 1 h. Tokens are renewed after three quarters of what the server makes of it.
	Lifetime time.Duration
	// Timeout bounds the opening and each write to the connection; 0 = 10 s.
	Timeout time.Duration
	// MaxMessageSize bounds a response, in bytes; 0 = 16 MiB.
	MaxMessageSize int
	// Acknowledged is called when the server has acknowledged our Hello, before the channel is opened; nil for nothing.
	Acknowledged func()
}

// prepare fills in the defaults and checks the rest.
func (c *Config) prepare() error {
	if c.PolicyURI == "" {
		c.PolicyURI = ua.SecurityPolicyURINone
	}
	if c.Mode == ua.MessageSecurityModeInvalid {
		c.Mode = ua.MessageSecurityModeNone
	}
	if c.Lifetime <= 0 {
		c.Lifetime = defaultLifetime
	}
	if c.Timeout <= 0 {
		c.Timeout = defaultTimeout
	}
	if c.MaxMessageSize <= 0 {
		c.MaxMessageSize = defaultMaxMessage
	}
	if (c.PolicyURI == ua.SecurityPolicyURINone) != (c.Mode == ua.MessageSecurityModeNone) {
		return fmt.Errorf("security policy %s does not go with %s", c.PolicyURI, c.Mode)
	}
	if c.secured() && (c.Key == nil || len(c.Certificate) == 0 || len(c.RemoteCertificate) == 0) {
		return fmt.Errorf("security policy %s needs a key, its certificate and the server's certificate", c.PolicyURI)
	}
	return nil
}

func (c *Config) secured() bool { return c.Mode != ua.MessageSecurityModeNone }

// Channel is a secure channel over a connection of its own. It ends once and for all with the first error of the connection; errors of a request are
// its caller's alone. Its methods are safe for concurrent use.
type Channel struct {
	cfg    Config
	conn   net.Conn
	in     *bufio.Reader
	limits limits
	opn    *asymmetric
	pool   sync.Pool // of *Message

	requestID atomic.Uint32

	send     sync.Mutex // guards what follows, and the order of chunks
	sequence uint32
	buffer   []byte
	nonce    []byte // ours in the OpenSecureChannel request that is under way

	mu      sync.Mutex
	id      uint32 // of the channel, given by the server
	current *token // what we send with; nil before the channel is open
	last    *token // what the server may still send with
	pending map[uint32]*request
	timer   *time.Timer // renews the token

	once     sync.Once
	done     chan struct{} // closed when the channel has ended
	err      error         // why, valid once done is closed
	received chan struct{} // closed when the receiving goroutine has ended
}

// request waits for its response.
type request struct {
	answer  chan answer
	message *Message // what has come so far
	chunks  int
}

type answer struct {
	message *Message
	err     error
}

// Open exchanges Hello and Acknowledge on conn and opens a channel, both within Config.Timeout and until ctx ends. conn belongs to the Channel, or is
// closed when there is an error.
func Open(ctx context.Context, conn net.Conn, cfg Config) (*Channel, error) {
	c := &Channel{
		cfg: cfg, conn: conn, in: newReader(conn), pending: map[uint32]*request{},
		done: make(chan struct{}), received: make(chan struct{}),
	}
	c.pool.New = func() any { return &Message{pool: &c.pool} }
	if err := c.open(ctx); err != nil {
		conn.Close()
		return nil, err
	}
	return c, nil
}

func newReader(r io.Reader) *bufio.Reader { return bufio.NewReaderSize(r, readBuffer) }

func (c *Channel) open(ctx context.Context) error {
	if err := c.cfg.prepare(); err != nil {
		return fmt.Errorf("open secure channel: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, c.cfg.Timeout)
	defer cancel()
	var err error
	if c.opn, err = newAsymmetric(&c.cfg); err != nil {
		return fmt.Errorf("open secure channel: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { c.conn.Close() })
	defer stop()
	if err := c.hello(); err != nil {
		return fmt.Errorf("greet %s: %w", c.cfg.EndpointURL, because(ctx, err))
	}
	if c.cfg.Acknowledged != nil {
		c.cfg.Acknowledged()
	}
	go c.receive()
	if err := c.issue(ctx); err != nil {
		c.Fail(err)
		<-c.received
		return fmt.Errorf("open secure channel: %w", because(ctx, c.err)) // the first error tells most
	}
	if !stop() {
		c.Fail(ctx.Err())
		<-c.received
		return fmt.Errorf("open secure channel: %w", because(ctx, ctx.Err()))
	}
	return nil
}

// because returns the reason for which a connection was closed under us, if it was.
func because(ctx context.Context, err error) error {
	switch {
	case ctx.Err() == nil:
		return err
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return fmt.Errorf("%w: %w", ctx.Err(), model.StatusBadTimeout)
	}
	return ctx.Err()
}

// Call sends a request and returns its response as it came, which must be released. The error is one of the request when the channel goes on:
// model.StatusBadTimeout after timeout, BadRequestTooLarge when the server does not take so much, what the server aborted the response
// with, or ctx's.
func (c *Channel) Call(ctx context.Context, authentication *ua.NodeID, req ua.Request, timeout time.Duration) (*Message, error) {
	id := c.nextRequestID()
	body, err := encode(req, authentication, id, timeout)
	if err != nil {
		return nil, err
	}
	r := c.expect(id)
	defer c.forget(id)
	if err := c.sendMessage(id, body); err != nil {
		return nil, err
	}
	return c.wait(ctx, r, timeout)
}

func (c *Channel) wait(ctx context.Context, r *request, timeout time.Duration) (*Message, error) {
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	select {
	case a := <-r.answer:
		return a.message, a.err
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-timer.C:
		return nil, fmt.Errorf("no response within %v: %w", timeout, model.StatusBadTimeout)
	case <-c.done:
		return nil, c.err
	}
}

func (c *Channel) nextRequestID() uint32 {
	for {
		if id := c.requestID.Add(1); id != 0 {
			return id
		}
	}
}

func (c *Channel) expect(id uint32) *request {
	r := &request{answer: make(chan answer, 1)}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pending[id] = r
	return r
}

// forget drops a request and what has come of its response.
func (c *Channel) forget(id uint32) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if r := c.pending[id]; r != nil {
		delete(c.pending, id)
		r.drop()
	}
}

func (r *request) drop() {
	if r.message != nil {
		r.message.Release()
		r.message = nil
	}
}

// Done is closed when the channel has ended.
func (c *Channel) Done() <-chan struct{} { return c.done }

// Err is why the channel ended; nil while it has not.
func (c *Channel) Err() error {
	select {
	case <-c.done:
		return c.err
	default:
		return nil
	}
}

// Fail ends the channel for the reason err, without a word to the server. An error of the network gets model.StatusBadConnectionClosed into its chain.
func (c *Channel) Fail(err error) {
	c.once.Do(func() {
		var status model.StatusCode
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			err = fmt.Errorf("the server closed the connection: %w", model.StatusBadConnectionClosed)
		case !errors.As(err, &status):
			err = fmt.Errorf("%w: %w", err, model.StatusBadConnectionClosed)
		}
		c.err = err
		c.conn.Close()
		c.mu.Lock()
		if c.timer != nil {
			c.timer.Stop()
		}
		c.mu.Unlock()
		close(c.done)
	})
}

// Close ends the channel in order (CloseSecureChannel) and waits until its goroutine has ended.
func (c *Channel) Close() {
	if c.Err() == nil {
		_ = c.sendClose() // when it cannot be sent the connection is closed anyway
	}
	c.Fail(model.StatusBadConnectionClosed)
	<-c.received
}
