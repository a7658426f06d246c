package securechannel

import (
	"encoding/binary"
	"fmt"
	"math"
	"time"

	"github.com/gopcua/opcua/ua"

	"github.com/shopfloor-iiot/shopfloor/model"
)

const (
	channelHeader   = headerSize + 4    // with the id of the channel
	symmetricHeader = channelHeader + 4 // with the id of the token
	sequenceHeader  = 8                 // sequence number, id of the request
	lastSequence    = math.MaxUint32 - 1024
)

// nextSequence numbers chunks (Part 6, 6.7.2.4); c.send is held.
func (c *Channel) nextSequence() uint32 {
	if c.sequence++; c.sequence > lastSequence {
		c.sequence = 1
	}
	return c.sequence
}

// tokens returns the id of the channel and what secures messages now.
func (c *Channel) tokens() (id uint32, current *token) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.id, c.current
}

// sendMessage sends a request in as many chunks as it takes.
func (c *Channel) sendMessage(requestID uint32, body []byte) error {
	c.send.Lock()
	defer c.send.Unlock()
	id, t := c.tokens()
	room := t.room(c.limits.chunk)
	chunks := max((len(body)+room-1)/room, 1)
	if c.limits.message > 0 && len(body) > c.limits.message || c.limits.chunkCount > 0 && chunks > c.limits.chunkCount {
		return fmt.Errorf("the server takes messages of %d bytes and %d chunks, not of %d and %d: %w",
			c.limits.message, c.limits.chunkCount, len(body), chunks, model.StatusBadRequestTooLarge)
	}
	for i := range chunks {
		part, kind := body[i*room:min((i+1)*room, len(body))], byte('C')
		if i == chunks-1 {
			kind = 'F'
		}
		if err := c.sendChunk("MSG", kind, id, t, requestID, part); err != nil {
			return err
		}
	}
	return nil
}

// sendChunk sends one secured chunk; c.send is held.
func (c *Channel) sendChunk(kind string, part byte, id uint32, t *token, requestID uint32, body []byte) error {
	b := append(append(c.buffer[:0], kind...), part, 0, 0, 0, 0)
	b = binary.LittleEndian.AppendUint32(b, id)
	b = binary.LittleEndian.AppendUint32(b, t.id)
	b = binary.LittleEndian.AppendUint32(b, c.nextSequence())
	b = binary.LittleEndian.AppendUint32(b, requestID)
	b = append(b, body...)
	b, err := t.seal(b, symmetricHeader, t.encrypts)
	if err != nil {
		return err
	}
	c.buffer = b
	return c.write(b)
}

// write writes a chunk. What is written in part cannot be mended, so an error ends the channel.
func (c *Channel) write(b []byte) error {
	_ = c.conn.SetWriteDeadline(time.Now().Add(c.cfg.Timeout)) // fails only on a closed connection, as Write then does
	if _, err := c.conn.Write(b); err != nil {
		c.Fail(fmt.Errorf("send to the server: %w", err))
		return c.err
	}
	return nil
}

// sendOpen asks for a token (OpenSecureChannel, Part 4, 5.5.2).
func (c *Channel) sendOpen(requestID uint32, kind ua.SecurityTokenRequestType) error {
	c.send.Lock()
	defer c.send.Unlock()
	nonce, err := c.opn.MakeNonce()
	if err != nil {
		return err
	}
	body, err := encode(&ua.OpenSecureChannelRequest{
		RequestType: kind, SecurityMode: c.cfg.Mode, ClientNonce: nonce, RequestedLifetime: uint32(c.cfg.Lifetime / time.Millisecond),
	}, nil, requestID, c.cfg.Timeout)
	if err != nil {
		return err
	}
	c.setNonce(nonce)
	id, _ := c.tokens()
	b := append(c.buffer[:0], "OPNF\x00\x00\x00\x00"...)
	b = binary.LittleEndian.AppendUint32(b, id)
	b = append(b, c.opn.header...)
	header := len(b)
	b = binary.LittleEndian.AppendUint32(b, c.nextSequence())
	b = binary.LittleEndian.AppendUint32(b, requestID)
	b = append(b, body...)
	if b, err = c.opn.seal(b, header, c.cfg.secured()); err != nil {
		return err
	}
	return c.write(b)
}

func (c *Channel) sendClose() error {
	id := c.nextRequestID()
	body, err := encode(&ua.CloseSecureChannelRequest{}, nil, id, c.cfg.Timeout)
	if err != nil {
		return err
	}
	c.send.Lock()
	defer c.send.Unlock()
	channel, t := c.tokens()
	return c.sendChunk("CLO", 'F', channel, t, id, body)
}
