package model

import "time"

// DeadLetter is a frame that could not be processed, as the dead-letter stream keeps it.
type DeadLetter struct {
	// ID is its place among the dead letters: it rises with their time and is never used twice, and never 0.
	ID uint64
	// Time is when the frame became a dead letter, Reason is why.
	Time   time.Time
	Reason string
	// Gateway, Group and Writer tell whose the frame is.
	Gateway, Group, Writer string
	// ContentType is the encoding that the frame claims to have.
	ContentType string
	// Sequence is the frame's place in the stream of frames.
	Sequence uint64
	// Size is the length of the whole frame in bytes.
	Size int
	// Head is how the frame begins: its first DeadLetterHead bytes, or all of a shorter one.
	Head []byte
}

// DeadLetterHead is how many bytes of a frame a DeadLetter holds.
const DeadLetterHead = 4096

// DeadLetterFilter selects dead letters; its empty parts select all.
type DeadLetterFilter struct {
	Gateway, Group, Writer string
}
