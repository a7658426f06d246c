package bus

import (
	"errors"
	"fmt"
)

var (
	// ErrLocked says that another process, or another Server of this one, runs on the same folder.
	ErrLocked = errors.New("another shopfloor runs on this folder")
	// ErrClosed says that the Publisher stopped before the frame was known to be stored. It may be stored or not: a
	// sender that keeps its frames sends it again with the same number.
	ErrClosed = errors.New("publisher is closed")
	// ErrRevision says that a key was changed by somebody else since its revision was read: read it again, decide anew.
	ErrRevision = errors.New("revision does not match")
	// ErrNotFound says that a key does not exist or was deleted.
	ErrNotFound = errors.New("key not found")
	// ErrName says that a name cannot be part of a subject or key.
	ErrName = errors.New("bad name")
	// ErrOrder says that a frame's number is not above the one before it.
	ErrOrder = errors.New("frame number is not above the last one")
	// ErrFenced says that a lease belongs to another process by now, or could not be renewed in time: what its former owner
	// does no longer counts.
	ErrFenced = errors.New("lease is lost")
	// ErrNoOwner says that no process holds a partition now: it is being taken over.
	ErrNoOwner = errors.New("partition has no owner now")
	// ErrNoCore says that there is no link to the core now, or that it takes nothing from this gateway.
	ErrNoCore = errors.New("the core cannot be reached")
	// ErrTooLarge says that a message is above the size the bus carries.
	ErrTooLarge = errors.New("message too large")
)

// TailLostError says that a stream ends before the place where the reader wants to go on: it lost its tail at a power
// failure, or was restored from an older backup, or made anew. Its sequences will be used again for other frames, so the
// reader has to set its checkpoint back to Last and raise an alarm.
type TailLostError struct {
	Stream string
	// From is the sequence that was asked for.
	From uint64
	// Last is the stream's last sequence.
	Last uint64
}

func (e *TailLostError) Error() string {
	return fmt.Sprintf("stream %s ends at %d, reading was to go on at %d: its tail was lost or it was restored; set the checkpoint back to %d",
		e.Stream, e.Last, e.From, e.Last)
}

// NotConnectedError says that nobody serves the commands of a gateway.
type NotConnectedError struct{ Gateway string }

func (e *NotConnectedError) Error() string {
	return fmt.Sprintf("gateway %q is not connected", e.Gateway)
}

// Codes of a RemoteError that the bus itself gives.
const (
	CodeBusy     = "busy"      // the gateway handles as many commands as it may; try again later
	CodeTimeout  = "timeout"   // the handler did not end before the requester's deadline
	CodeTooLarge = "too_large" // the reply is above MaxReply
	CodeInternal = "internal"  // the handler returned an error that is no RemoteError
)

// RemoteError is an error reply. A handler returns one to choose the code; it arrives at the requester unchanged.
type RemoteError struct {
	// Code is for programs: one token, at most 64 bytes.
	Code string
	// Text is for people, at most 1,024 bytes; line breaks become spaces.
	Text string
}

func (e *RemoteError) Error() string { return e.Text + " (" + e.Code + ")" }
