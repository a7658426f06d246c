package securechannel

import (
	"context"
	"fmt"
	"time"

	"github.com/gopcua/opcua/id"
	"github.com/gopcua/opcua/ua"

	"github.com/shopfloor-iiot/shopfloor/edge/opcua/wire"
	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/uadp"
)

const minLifetime = 10 * time.Second // of a token; a server that says less would have us renew all the time

// issue gets the first token.
func (c *Channel) issue(ctx context.Context) error {
	requestID := c.nextRequestID()
	r := c.expect(requestID)
	defer c.forget(requestID)
	if err := c.sendOpen(requestID, ua.SecurityTokenRequestTypeIssue); err != nil {
		return err
	}
	_, err := c.wait(ctx, r, c.cfg.Timeout)
	return err
}

// renew asks for the next token. Requests go on with the current one until it is there (Part 4, 5.5.2).
func (c *Channel) renew() {
	requestID := c.nextRequestID()
	c.expect(requestID)
	if err := c.sendOpen(requestID, ua.SecurityTokenRequestTypeRenew); err != nil {
		c.Fail(fmt.Errorf("renew the security token: %w", err))
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.Err() == nil && c.pending[requestID] != nil {
		c.timer = time.AfterFunc(time.Until(c.current.expires), func() {
			c.Fail(fmt.Errorf("the server did not renew the security token: %w", model.StatusBadTimeout))
		})
	}
}

func (c *Channel) setNonce(nonce []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.nonce = nonce
}

// opened takes a response to OpenSecureChannel. It is called by the receiving goroutine, so that no message with the new token can come before it.
// An error is the end of the channel.
func (c *Channel) opened(requestID uint32, body []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	r := c.pending[requestID]
	if r == nil {
		return fmt.Errorf("the server opens a channel that nobody asked for: %w", model.StatusBadSecureChannelIdInvalid)
	}
	channel, t, lifetime, err := c.readToken(body)
	if err != nil {
		return err
	}
	if c.current != nil && channel != c.id {
		return fmt.Errorf("the server renews the token of channel %d, ours is %d: %w", channel, c.id, model.StatusBadSecureChannelIdInvalid)
	}
	c.id, c.current, c.last = channel, t, c.current
	if c.timer != nil {
		c.timer.Stop()
	}
	if c.Err() == nil {
		c.timer = time.AfterFunc(lifetime*3/4, c.renew)
	}
	c.answer(requestID, r, answer{})
	return nil
}

// readToken reads the response (Part 4, 5.5.2.2).
func (c *Channel) readToken(body []byte) (channel uint32, t *token, lifetime time.Duration, err error) {
	var b uadp.Binary
	b.Reset(body, nil)
	h, err := wire.ReadHeader(&b)
	switch {
	case err != nil:
		return 0, nil, 0, fmt.Errorf("%w: %w", err, model.StatusBadDecodingError)
	case h.Result.IsBad():
		return 0, nil, 0, h.Result
	case h.TypeID != id.OpenSecureChannelResponse_Encoding_DefaultBinary:
		return 0, nil, 0, fmt.Errorf("a response of type %d: %w", h.TypeID, model.StatusBadUnknownResponse)
	}
	b.Uint32() // protocol version
	channel, tokenID := b.Uint32(), b.Uint32()
	b.DateTime()
	lifetime = max(min(time.Duration(b.Uint32())*time.Millisecond, c.cfg.Lifetime), min(minLifetime, c.cfg.Lifetime))
	nonce := b.Bytes()
	if b.Err() != nil {
		return 0, nil, 0, fmt.Errorf("%w: %w", b.Err(), model.StatusBadDecodingError)
	}
	if c.cfg.secured() && len(nonce) != c.opn.NonceLength() {
		return 0, nil, 0, fmt.Errorf("the server's nonce has %d bytes, want %d: %w", len(nonce), c.opn.NonceLength(), model.StatusBadNonceInvalid)
	}
	t, err = newToken(&c.cfg, tokenID, lifetime*5/4, c.nonce, append([]byte{}, nonce...)) // a quarter more for what is under way (Part 6, 6.7.1)
	return channel, t, lifetime, err
}
