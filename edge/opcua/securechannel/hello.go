package securechannel

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

const (
	headerSize = 8 // of every chunk: type, kind and size
	// chunkSize is the largest chunk that we send and take. 8192 is the least that both sides must take (Part 6, 7.1.2.3).
	chunkSize    = 0xffff
	minChunkSize = 8192
	maxChunks    = 4096 // of one message
	maxReason    = 4096 // bytes of the text of an error
)

// limits are what the server takes (Part 6, 7.1.2.4).
type limits struct {
	chunk      int // bytes of a chunk
	message    int // bytes of a message, 0 = no limit
	chunkCount int // of a message, 0 = no limit
}

// hello exchanges Hello and Acknowledge (Part 6, 7.1.2).
func (c *Channel) hello() error {
	b := append(make([]byte, 0, 64), "HELF\x00\x00\x00\x00"...)
	for _, v := range []int{0, chunkSize, chunkSize, c.cfg.MaxMessageSize, maxChunks, len(c.cfg.EndpointURL)} {
		b = binary.LittleEndian.AppendUint32(b, uint32(v))
	}
	b = append(b, c.cfg.EndpointURL...)
	binary.LittleEndian.PutUint32(b[4:], uint32(len(b)))
	_ = c.conn.SetWriteDeadline(time.Now().Add(c.cfg.Timeout)) // fails only on a closed connection, as Write then does
	if _, err := c.conn.Write(b); err != nil {
		return err
	}
	var buf [headerSize + maxReason + 8]byte
	kind, chunk, err := readChunk(c.in, buf[:])
	if err != nil {
		return err
	}
	body := chunk[headerSize:]
	switch {
	case kind == "ERRF":
		return serverError(body)
	case kind != "ACKF" || len(body) < 20:
		return fmt.Errorf("the answer to our hello is %q of %d bytes, which is no OPC UA: %w", kind, len(chunk), model.StatusBadTcpMessageTypeInvalid)
	}
	field := func(i int) int { return int(min(binary.LittleEndian.Uint32(body[4*i:]), math.MaxInt32)) }
	c.limits = limits{chunk: min(field(1), chunkSize), message: field(3), chunkCount: field(4)}
	if c.limits.chunk < minChunkSize {
		return fmt.Errorf("the server takes chunks of %d bytes, and has to take %d: %w", c.limits.chunk, minChunkSize, model.StatusBadTcpInternalError)
	}
	return nil
}

// readChunk reads the next chunk into buf and returns its type with its kind, such as "MSGF", and the chunk with its header. The error is io.EOF when the
// connection ends between two chunks.
func readChunk(r io.Reader, buf []byte) (kind string, chunk []byte, err error) {
	if _, err := io.ReadFull(r, buf[:headerSize]); err != nil {
		return "", nil, err
	}
	switch string(buf[:4]) { // constants: not to allocate
	case "MSGF":
		kind = "MSGF"
	case "MSGC":
		kind = "MSGC"
	default:
		if kind = string(buf[:4]); !messageType(kind[:3]) {
			return kind, nil, fmt.Errorf("it answers %q: %w", kind, model.StatusBadTcpMessageTypeInvalid)
		}
	}
	size := binary.LittleEndian.Uint32(buf[4:])
	if size < headerSize || size > uint32(len(buf)) {
		return kind, nil, fmt.Errorf("a chunk %q of %d bytes, we take at most %d: %w", kind, size, len(buf), model.StatusBadTcpMessageTooLarge)
	}
	chunk = buf[:size]
	_, err = io.ReadFull(r, chunk[headerSize:])
	return kind, chunk, err
}

// messageType tells whether OPC UA has messages of this type (Part 6, 6.7.2.2 and 7.1.2.2).
func messageType(t string) bool {
	switch t {
	case "MSG", "OPN", "CLO", "HEL", "ACK", "ERR", "RHE":
		return true
	}
	return false
}

// serverError is what the server ends the connection or a message with: a status and a reason (Part 6, 7.1.2.5).
func serverError(body []byte) error {
	if len(body) < 4 {
		return model.StatusBadDecodingError
	}
	status := model.StatusCode(binary.LittleEndian.Uint32(body))
	if !status.IsBad() {
		status = model.StatusBadUnexpectedError
	}
	if body = body[4:]; len(body) > 4 {
		if n := int(int32(binary.LittleEndian.Uint32(body))); n > 0 && n <= len(body)-4 {
			return fmt.Errorf("the server says %q: %w", strings.ToValidUTF8(string(body[4:4+min(n, maxReason)]), "?"), status)
		}
	}
	return status
}
