package ingest

import (
	"context"
	"errors"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

var (
	// ErrNoMetadata is what a MetaSource returns when the metadata asked for does not exist. Any other error is taken as a
	// passing one.
	ErrNoMetadata = errors.New("no such metadata")
	// ErrRowsLost is what Store.Append or Store.Checkpoint return, wrapped, when rows appended since the last Checkpoint may be
	// gone although this process lives: a remote store was restarted. The Core then goes back to its checkpoint.
	ErrRowsLost = errors.New("rows since the last checkpoint may be lost")
	// ErrInvalid: the input of a query cannot be taken. graph.ErrInvalid means the same.
	ErrInvalid = errors.New("invalid input")
)

// Content types of the frames that the Core decodes (Part 14, 7.3.4.5).
const (
	ContentUADP = "application/opcua+uadp"
	ContentJSON = "application/opcua+json"
)

// Frame is one OPC UA PubSub NetworkMessage as a stream holds it.
type Frame struct {
	// Sequence is its place in the stream, from 1.
	Sequence uint64
	// Gateway, Group and Writer tell whose it is.
	Gateway, Group, Writer string
	// Number is the gateway's own running number, which rises with each frame of the gateway; 0 when it has none.
	Number uint64
	// Late is not 0 if frames of the gateway with higher numbers went before this one, after an outage. It is the same for all that they went before
	// at once.
	Late uint64
	// ContentType is the encoding of Data.
	ContentType string
	// Time is when the stream stored the frame.
	Time time.Time
	// Data is the NetworkMessage. It is not changed, and must not be.
	Data []byte
}

func (f *Frame) key() model.WriterKey {
	return model.WriterKey{Gateway: f.Gateway, Group: f.Group, Writer: f.Writer}
}

// StreamState tells what a stream holds.
type StreamState struct {
	// Created is the stream's identity: a stream made anew has another.
	Created time.Time
	// First is the sequence of the oldest frame, or of the next one when there is none. Last is that of the newest frame ever stored.
	First, Last uint64
}

// FrameSource is the stream of frames. Its methods may be called from several goroutines.
type FrameSource interface {
	State(ctx context.Context) (StreamState, error)
	// Open opens a reader that begins with the frame from, or with the first one that is still there.
	Open(ctx context.Context, from uint64) (FrameReader, error)
	// Purge removes the frames up to and with the sequence upTo.
	Purge(ctx context.Context, upTo uint64) error
}

// FrameReader reads a stream in strict order of its sequence. It is used by one goroutine.
type FrameReader interface {
	// Next blocks until there are frames, or ctx ends, and returns some of them, bounded by bytes. The slice is valid until the next
	// call, the Data of the frames for ever. After an error of ctx the reader can be used on, after any other it cannot.
	Next(ctx context.Context) ([]Frame, error)
	Close()
}

// MetaSource knows the metadata of each version of each writer. Metadata is stored before the first frame of its version is
// published; a look-up may still come too early by the time that replication takes.
type MetaSource interface {
	// Metadata returns the metadata of one version, or ErrNoMetadata.
	Metadata(ctx context.Context, key model.WriterKey, v model.ConfigurationVersion) (*model.DataSetMetaData, error)
}

// DeadLetters takes frames that cannot be processed. The same frame may come again after a restart.
type DeadLetters interface {
	Dead(ctx context.Context, f Frame, reason error) error
}
