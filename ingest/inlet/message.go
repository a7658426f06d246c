package inlet

import "errors"

// ErrRefused is in the chain of the error for a message that will never be taken, however often it comes. Its sender is to be
// told that it is done with. Every other error is one that a repeat may help against.
var ErrRefused = errors.New("message refused")

// Encoding is the message mapping of a network message (Part 14, 7.2).
type Encoding uint8

// The encodings. EncodingUnknown leaves it to the content.
const (
	EncodingUnknown Encoding = iota
	EncodingJSON
	EncodingUADP
)

// ParseEncoding reads "json", "uadp" or "", as topics and configurations name them.
func ParseEncoding(s string) (Encoding, bool) {
	switch s {
	case "":
		return EncodingUnknown, true
	case "json":
		return EncodingJSON, true
	case "uadp":
		return EncodingUADP, true
	}
	return EncodingUnknown, false
}

// String returns "json", "uadp" or "unknown".
func (e Encoding) String() string {
	switch e {
	case EncodingJSON:
		return "json"
	case EncodingUADP:
		return "uadp"
	}
	return "unknown"
}

// Kind is what a network message carries.
type Kind uint8

// The kinds. KindUnknown leaves it to the content; KindOther is a message of the standard that the platform has no use for: status,
// application, endpoints, connection, actions.
const (
	KindUnknown Kind = iota
	KindData
	KindMetaData
	KindOther
)

// Message is one network message with what the way on which it came tells of it.
type Message struct {
	// Way is how it came, "mqtt" or "udp".
	Way string
	// Source is the topic or the sender's address, for people who look for the cause of a fault.
	Source string
	// PublisherID, Group and Writer are names that the way itself tells, such as the levels of a topic; empty when it does not.
	// They go before those in the content, because access rules are on the way.
	PublisherID, Group, Writer string
	Encoding                   Encoding
	Kind                       Kind
	// Err is why the way cannot tell whose message it is, such as a topic of an unknown form: it becomes a dead letter with that reason.
	Err error
	// Payload is the NetworkMessage. It belongs to the Inlet from the call of Take until done is called.
	Payload []byte
}
