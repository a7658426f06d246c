package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
)

// Verbs of a gateway's requests to the core. What else there is belongs to the handler of the Receiver.
const (
	verbHello     = "hello"     // → helloReply
	verbFrames    = "frames"    // an upload → framesReply
	verbUploading = "uploading" // → uploadingReply
	verbMetadata  = "metadata"  // an upload of metadata alone, numbered from 1 → nothing
)

// helloReply is what a gateway has to know before it sends frames.
type helloReply struct {
	// Last is the number up to which the core has all of the gateway's frames; what is above it is to be sent, but for Ahead.
	Last uint64 `json:"last"`
	// Ahead are the spans above it that the core has as well.
	Ahead []span `json:"ahead,omitempty"`
	// Keep is how long frames are to be kept after they were taken, in milliseconds: a power failure at the core may take them again.
	Keep int64 `json:"keep"`
}

// framesReply says that all frames up to a number are stored.
type framesReply struct {
	Stored uint64 `json:"stored"`
}

// uploadingReply tells whether an upload of the gateway is being stored.
type uploadingReply struct {
	Running bool `json:"running"`
}

// AskCore sends a request of a gateway to the core and returns the answer, which is one message: a long one is asked for in parts. Without a
// link that is ErrNoCore at once.
func (c *Conn) AskCore(ctx context.Context, gateway, verb string, body []byte) ([]byte, error) {
	subject, err := join(prefixUp, gateway, verb)
	if err != nil {
		return nil, err
	}
	if limit := c.MaxMessage(); len(body) > limit {
		return nil, fmt.Errorf("ask the core for %s with %d bytes: %w: at most %d", verb, len(body), ErrTooLarge, limit)
	}
	if _, ok := ctx.Deadline(); !ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, defaultTimeout)
		defer cancel()
	}
	deadline, _ := ctx.Deadline()
	m, err := c.nc.RequestMsgWithContext(ctx, &nats.Msg{Subject: subject, Data: body, Header: nats.Header{
		headerTimeout: {strconv.FormatInt(max(time.Until(deadline).Milliseconds(), 1), 10)},
	}})
	switch {
	case errors.Is(err, nats.ErrNoResponders):
		return nil, fmt.Errorf("ask the core for %s: %w", verb, ErrNoCore)
	case err != nil:
		return nil, fmt.Errorf("ask the core for %s: %w", verb, err)
	}
	if code := m.Header.Get(headerErrorCode); code != "" {
		return nil, fmt.Errorf("ask the core for %s: %w", verb, &RemoteError{Code: code, Text: m.Header.Get(headerErrorText)})
	}
	return m.Data, nil
}

func (c *Conn) askCore(ctx context.Context, gateway, verb string, body []byte, reply any) error {
	b, err := c.AskCore(ctx, gateway, verb, body)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, reply); err != nil {
		return fmt.Errorf("answer of the core to %s: %w", verb, err)
	}
	return nil
}

// Wake tells a gateway that there is something new for it. A gateway that is not connected asks by itself when it comes back.
func (c *Conn) Wake(gateway string) error {
	subject, err := join(prefixWake, gateway)
	if err != nil {
		return err
	}
	return c.nc.Publish(subject, nil)
}

// Woken signals when the core wakes this gateway up, until ctx ends. Signals that nobody took are one.
func (c *Conn) Woken(ctx context.Context, gateway string) (<-chan struct{}, error) {
	subject, err := join(prefixWake, gateway)
	if err != nil {
		return nil, err
	}
	woken := make(chan struct{}, 1)
	sub, err := c.nc.Subscribe(subject, func(*nats.Msg) { signal(woken) })
	if err != nil {
		return nil, fmt.Errorf("listen to the core: %w", err)
	}
	context.AfterFunc(ctx, func() {
		// The result says only that the connection is closed, and then the subscription is gone as well.
		_ = sub.Unsubscribe()
	})
	return woken, nil
}
