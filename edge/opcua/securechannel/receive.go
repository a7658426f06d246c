package securechannel

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// receive reads chunks until the connection ends or the server breaks the rules.
func (c *Channel) receive() {
	defer close(c.received)
	buf := make([]byte, chunkSize)
	var last uint32
	first := true
	for {
		kind, chunk, err := readChunk(c.in, buf)
		if err != nil {
			c.Fail(err)
			return
		}
		body, err := c.unwrap(kind, chunk)
		if err != nil {
			c.Fail(err)
			return
		}
		sequence := binary.LittleEndian.Uint32(body)
		// The number goes up by one, and begins anew below 1024 before it has no room (Part 6, 6.7.2.4). Some servers begin anew with each token.
		if !first && sequence != last+1 && !(last > lastSequence-1 && sequence < 1024) && kind[:3] != "OPN" {
			c.Fail(fmt.Errorf("chunk %d came after chunk %d: %w", sequence, last, model.StatusBadSequenceNumberInvalid))
			return
		}
		first, last = false, sequence
		if err := c.dispatch(kind, binary.LittleEndian.Uint32(body[4:]), body[sequenceHeader:]); err != nil {
			c.Fail(err)
			return
		}
	}
}

// unwrap checks a chunk and returns it from the sequence header on.
func (c *Channel) unwrap(kind string, chunk []byte) (body []byte, err error) {
	switch kind {
	case "ERRF":
		return nil, serverError(chunk[headerSize:])
	case "MSGF", "MSGC", "MSGA":
		body, err = c.unwrapMessage(chunk)
	case "OPNF":
		body, err = c.unwrapOpen(chunk)
	case "CLOF":
		return nil, fmt.Errorf("the server closed the channel: %w", model.StatusBadSecureChannelClosed)
	default:
		return nil, fmt.Errorf("a chunk %q: %w", kind, model.StatusBadTcpMessageTypeInvalid)
	}
	if err == nil && len(body) < sequenceHeader {
		err = fmt.Errorf("a chunk %q of %d bytes: %w", kind, len(chunk), model.StatusBadDecodingError)
	}
	return body, err
}

func (c *Channel) unwrapMessage(chunk []byte) ([]byte, error) {
	if len(chunk) < symmetricHeader {
		return nil, model.StatusBadDecodingError
	}
	channel, tokenID := binary.LittleEndian.Uint32(chunk[headerSize:]), binary.LittleEndian.Uint32(chunk[channelHeader:])
	c.mu.Lock()
	id, t, last := c.id, c.current, c.last
	c.mu.Unlock()
	if t != nil && t.id != tokenID && last != nil && last.id == tokenID && time.Now().Before(last.expires) {
		t = last
	}
	switch {
	case t == nil || channel != id:
		return nil, fmt.Errorf("a message of channel %d, ours is %d: %w", channel, id, model.StatusBadSecureChannelIdInvalid)
	case t.id != tokenID:
		return nil, fmt.Errorf("a message with token %d, ours is %d: %w", tokenID, t.id, model.StatusBadSecureChannelTokenUnknown)
	}
	return t.open(chunk, symmetricHeader, t.encrypts)
}

// unwrapOpen checks a response of OpenSecureChannel. That its signature fits the certificate that we were given is what counts; the certificate
// in its header says nothing.
func (c *Channel) unwrapOpen(chunk []byte) ([]byte, error) {
	at := channelHeader
	for i := range 3 { // policy, certificate of the sender, thumbprint of ours
		if len(chunk) < at+4 {
			return nil, model.StatusBadDecodingError
		}
		n := max(int(int32(binary.LittleEndian.Uint32(chunk[at:]))), 0)
		at += 4
		if n > len(chunk)-at {
			return nil, model.StatusBadDecodingError
		}
		if i == 0 && !bytes.Equal(chunk[at:at+n], []byte(c.cfg.PolicyURI)) {
			return nil, fmt.Errorf("the server answers with another security policy than %s: %w", c.cfg.PolicyURI, model.StatusBadSecurityPolicyRejected)
		}
		at += n
	}
	return c.opn.open(chunk, at, c.cfg.secured())
}

// dispatch adds a part of a message to what has come of it, and hands it over when it is whole. Those that nobody waits for are dropped.
func (c *Channel) dispatch(kind string, requestID uint32, part []byte) error {
	if kind == "OPNF" {
		return c.opened(requestID, part)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	r := c.pending[requestID]
	if r == nil {
		return nil
	}
	if kind == "MSGA" {
		c.answer(requestID, r, answer{err: serverError(part)})
		return nil
	}
	if r.message == nil {
		r.message = c.pool.Get().(*Message)
	}
	r.chunks++
	if size := len(r.message.Body) + len(part); size > c.cfg.MaxMessageSize || r.chunks > maxChunks {
		c.answer(requestID, r, answer{err: fmt.Errorf("the response has over %d bytes or %d chunks: %w", c.cfg.MaxMessageSize, maxChunks, model.StatusBadResponseTooLarge)})
		return nil
	}
	r.message.Body = append(r.message.Body, part...)
	if kind == "MSGF" {
		m := r.message
		r.message = nil
		c.answer(requestID, r, answer{message: m})
	}
	return nil
}

// answer ends a request; c.mu is held. Its waiter may have gone: then the message is left to the garbage collector.
func (c *Channel) answer(requestID uint32, r *request, a answer) {
	delete(c.pending, requestID)
	r.drop()
	r.answer <- a // has room for the one that comes
}
