package uajson

import (
	"errors"
	"strconv"
)

// What may be wrong with a frame or a value. A Decoder returns them inside an *Error that tells where.
var (
	// ErrSyntax: the bytes are no JSON.
	ErrSyntax = errors.New("no JSON")
	// ErrMalformed: the JSON is no message or value of OPC UA.
	ErrMalformed = errors.New("malformed")
	// ErrLimit: a value is beyond what the encoding or the decoder allows.
	ErrLimit = errors.New("limit exceeded")
	// ErrType: a value does not fit the type that stands beside it.
	ErrType = errors.New("type mismatch")
)

// Error tells where a frame could not be decoded or a message not be encoded.
type Error struct {
	// Path leads to the place within the JSON: "Messages[2].Payload.Temperature"; "" at the top.
	Path string
	// Offset is the byte in the frame, or in what a compressed frame held, at which the offending value begins; -1 when encoding.
	Offset int
	// Err is the reason; one of this package's sentinels is in its chain.
	Err error
}

// Error prints "uajson: Messages[2].Payload.Temperature: offset 57: type mismatch: …".
func (e *Error) Error() string {
	s := "uajson: "
	if e.Path != "" {
		s += e.Path + ": "
	}
	if e.Offset >= 0 {
		s += "offset " + strconv.Itoa(e.Offset) + ": "
	}
	return s + e.Err.Error()
}

// Unwrap returns the reason.
func (e *Error) Unwrap() error { return e.Err }
