package bus

import (
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
)

// Content types of a frame (OPC UA Part 14, 7.3.4.5 and 7.3.5.4 name them for AMQP and MQTT).
const (
	ContentUADP = "application/opcua+uadp"
	ContentJSON = "application/opcua+json"
)

// Headers of a message. The first two are standard ones of NATS and MIME.
const (
	headerMsgID       = "Nats-Msg-Id"
	headerContentType = "Content-Type"
	headerFrameNumber = "Frame-Number"
	headerReason      = "Reason"
	headerSequence    = "Frame-Sequence"
	headerLate        = "Frame-Late"  // Frame.Late
	headerAhead       = "Frame-Ahead" // the frame goes before a backlog of its gateway that is to come
)

// Frame is one OPC UA PubSub NetworkMessage as a stream holds it.
type Frame struct {
	// Sequence is the message's sequence in the stream.
	Sequence uint64
	// Gateway, Group and Writer are the names in the subject, unescaped; empty when the subject has not this form.
	Gateway, Group, Writer string
	// Subject is the NATS subject.
	Subject string
	// ContentType is ContentUADP or ContentJSON as far as publishers keep to the contract.
	ContentType string
	// Number is the gateway's own running number: it rises with each frame of a gateway, and what is not above the last
	// one is a repeat from behind the duplicate window. 0 if the message has none.
	Number uint64
	// Late is not 0 if frames of the gateway with higher numbers went before this one. It is the same for all that they went before at once.
	Late uint64
	// Time is when the stream stored the frame.
	Time time.Time
	// Data is the NetworkMessage. The bus does not touch it again: the reader may keep it.
	Data []byte
}

// FrameHeader is what goes with a frame.
type FrameHeader struct {
	// ContentType is ContentUADP or ContentJSON.
	ContentType string
	// Number is the frame's running number within the gateway, above the one before. 0 lets the Publisher take the next.
	Number uint64
	// Late and Ahead are Frame.Late, and that the frame goes before a backlog that is to come.
	Late  uint64
	Ahead bool
	// ID is the message id by which the stream drops what it had within the last 2 minutes. Empty means one made of the
	// gateway and the number.
	ID string
}

func headerNumber(h nats.Header) uint64 {
	n, _ := strconv.ParseUint(h.Get(headerFrameNumber), 10, 64)
	return n
}

func headerLateOf(h nats.Header) uint64 {
	n, _ := strconv.ParseUint(h.Get(headerLate), 10, 64)
	return n
}

// maxHeaderText is the longest text that a header carries.
const maxHeaderText = 1024

// headerText makes a text fit for a header: a line break would end it.
func headerText(s string) string {
	b := []byte(s[:min(len(s), maxHeaderText)])
	for i, c := range b {
		if c < ' ' || c == 0x7f {
			b[i] = ' '
		}
	}
	return string(b)
}
