package uadp

import (
	"errors"
	"fmt"
	"strconv"
)

// What may be wrong with a frame or a value. A Decoder returns them inside an *Error that tells where.
var (
	// ErrTruncated: the bytes end before the message does.
	ErrTruncated = errors.New("the frame ends too early")
	// ErrMalformed: the bytes are no UADP.
	ErrMalformed = errors.New("malformed")
	// ErrReserved: a flag or a value that the standard reserves is in use; such messages are to be skipped (Part 14, 7.2.4.4.2).
	ErrReserved = errors.New("reserved value")
	// ErrLimit: a value is beyond what the encoding or the decoder allows.
	ErrLimit = errors.New("limit exceeded")
	// ErrType: a value does not fit the type or the form that the encoding asks for.
	ErrType = errors.New("type mismatch")
)

// What a well-formed NetworkMessage may use and this package does not read. They wrap ErrUnsupported.
var (
	ErrUnsupported         = errors.New("not supported")
	ErrUnsupportedVersion  = fmt.Errorf("UADP version other than 1: %w", ErrUnsupported)
	ErrUnsupportedSecurity = fmt.Errorf("secured message without keys: %w", ErrUnsupported)
	ErrUnsupportedAction   = fmt.Errorf("action message: %w", ErrUnsupported)
	// ErrUnsupportedChunk and ErrUnsupportedDiscovery: Decode, which is for data, met a frame that DecodeAny takes.
	ErrUnsupportedChunk     = fmt.Errorf("chunk message: %w", ErrUnsupported)
	ErrUnsupportedDiscovery = fmt.Errorf("discovery message: %w", ErrUnsupported)
	// ErrUnsupportedAnnouncement: an announcement of something else than DataSetMetaData.
	ErrUnsupportedAnnouncement = fmt.Errorf("announcement: %w", ErrUnsupported)
	// ErrUnsupportedProbe: a probe for something else than DataSetMetaData, DataSetWriters or endpoints.
	ErrUnsupportedProbe = fmt.Errorf("probe: %w", ErrUnsupported)
)

// Error tells where a frame could not be decoded or a message not be encoded.
type Error struct {
	// DataSet is the place of the DataSetMessage in the frame, from 0; -1 in the NetworkMessage's headers.
	DataSet int
	// Field is the index of the field, from 0; -1 outside of the fields.
	Field int
	// Offset is the byte in the frame at which decoding stopped; -1 when encoding.
	Offset int
	// Err is the reason; one of this package's sentinels is in its chain.
	Err error
}

// Error prints "uadp: field 3 of data set 1: offset 57: the frame ends too early".
func (e *Error) Error() string {
	s := "uadp: "
	if e.DataSet >= 0 {
		if e.Field >= 0 {
			s += "field " + strconv.Itoa(e.Field) + " of "
		}
		s += "data set " + strconv.Itoa(e.DataSet) + ": "
	}
	if e.Offset >= 0 {
		s += "offset " + strconv.Itoa(e.Offset) + ": "
	}
	return s + e.Err.Error()
}

// Unwrap returns the reason.
func (e *Error) Unwrap() error { return e.Err }
