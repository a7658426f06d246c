package inlet

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"

	"github.com/shopfloor-iiot/shopfloor/ingest"
)

// headRoom is how much of a compressed message is read to find its header.
const headRoom = 64 << 10

// header is what a message itself says.
type header struct {
	encoding    Encoding
	kind        Kind
	publisherID string
	group       string
	// announced is the metadata that a UADP message announces.
	announced []writerMetaData
}

// contentType is what a frame's header says of its encoding; empty when it is not known.
func (h *header) contentType() string {
	switch h.encoding {
	case EncodingJSON:
		return ingest.ContentJSON
	case EncodingUADP:
		return ingest.ContentUADP
	}
	return ""
}

// header reads as much of a message as it takes to name its owner. An error says that the message is no network message.
func (in *Inlet) header(m *Message) (header, error) {
	h := header{encoding: m.Encoding, kind: m.Kind}
	if h.encoding == EncodingUnknown {
		h.encoding = guessEncoding(m.Payload)
	}
	switch h.encoding {
	case EncodingJSON:
		err := h.readJSON(m.Payload)
		return h, err
	case EncodingUADP:
		err := in.readUADP(&h, m)
		return h, err
	}
	return h, fmt.Errorf("%w: %d bytes that begin with % x", errEncoding, len(m.Payload), m.Payload[:min(len(m.Payload), 8)])
}

// guessEncoding tells the encodings apart by the first byte: an object, an array or gzip is JSON, a UADPVersion of 1 in the lower
// half (Part 14, 7.2.4.4.2) is UADP.
func guessEncoding(b []byte) Encoding {
	if isGzip(b) {
		return EncodingJSON
	}
	if t := bytes.TrimLeft(b, " \t\r\n"); len(t) > 0 && (t[0] == '{' || t[0] == '[') {
		return EncodingJSON
	}
	if len(b) > 0 && b[0]&0x0F == 1 {
		return EncodingUADP
	}
	return EncodingUnknown
}

func isGzip(b []byte) bool { return len(b) > 2 && b[0] == 0x1F && b[1] == 0x8B }

// readJSON reads the header of a JSON message, compressed or not.
func (h *header) readJSON(b []byte) error {
	if isGzip(b) {
		z, err := gzip.NewReader(bytes.NewReader(b))
		if err != nil {
			return fmt.Errorf("decompress JSON: %w", err)
		}
		// The begin is enough, and a bomb does no harm.
		if b, err = io.ReadAll(io.LimitReader(z, headRoom)); err != nil {
			return fmt.Errorf("decompress JSON: %w", err)
		}
	}
	if b = bytes.TrimLeft(b, " \t\r\n"); len(b) == 0 {
		return fmt.Errorf("%w: it is empty", errEncoding)
	}
	j := peekJSON(b)
	h.publisherID, h.group = j.publisherID, j.group
	if b[0] == '[' && bytes.Contains(b, []byte(`"ua-metadata"`)) {
		h.kind = KindMetaData // one of the array, at least
	} else if kind := jsonKind(j.messageType); kind != KindUnknown {
		h.kind = kind
	}
	if h.kind == KindUnknown {
		h.kind = KindData
	}
	return nil
}

// jsonKind is the kind of a MessageType (Part 14, 7.2.2 and 7.2.5.4.1); KindUnknown when there is none.
func jsonKind(messageType string) Kind {
	switch messageType {
	case "":
		return KindUnknown
	case "ua-data", "ua-keyframe", "ua-deltaframe", "ua-event", "ua-condition", "ua-keepalive":
		return KindData
	case "ua-metadata":
		return KindMetaData
	}
	return KindOther
}
