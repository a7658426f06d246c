package edge

import (
	"context"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// Outputs are where the frames of writers go besides the core: brokers for example. They read them from the FrameLog, so that nothing waits for them.
// Their methods may be called from several goroutines.
type Outputs interface {
	// Configure says which writers there are now. It is called before the first one is published, and after each change.
	Configure(writers []model.DataSetWriter)
	// Trouble tells why the output of a writer cannot be used; empty when it can, or the writer has none.
	Trouble(w model.WriterKey) string
	// Status tells how each output stands.
	Status() []model.OutputStatus
}

// FrameLog is the store of the gateway's frames as outputs read it, each at a position of its own that outlives the process. What an output has not
// passed stays in the store, within the store's limits. Its methods may be called from several goroutines.
type FrameLog interface {
	// Read returns a reader of the frames behind a sequence, or with 0 behind the output's position. An output that has none yet begins with the
	// oldest frame.
	Read(ctx context.Context, output string, after uint64) (LogReader, error)
	// Pass moves the position of an output: it does not need the frames up to sequence any more.
	Pass(ctx context.Context, output string, sequence uint64) error
	// Waiting tells how many frames are behind the position of an output, of whatever writer.
	Waiting(ctx context.Context, output string) (frames uint64, err error)
	// Metadata returns a version of a writer's metadata, nil if there is none.
	Metadata(ctx context.Context, w model.WriterKey, v model.ConfigurationVersion) (*model.DataSetMetaData, error)
}

// LogReader reads frames in the order in which they were stored. Next is for one goroutine.
type LogReader interface {
	// Next waits for at least one frame and returns those that are there. They stay valid. After an error that is not of ctx the reader is at its end.
	Next(ctx context.Context) ([]LogFrame, error)
	// Missed counts the frames, of whatever writer, that the limits of the store took before they were read.
	Missed() uint64
	Close()
}

// LogFrame is a stored frame, a UADP NetworkMessage of one writer. Data is empty for what is no such frame and is to be passed.
type LogFrame struct {
	Sequence uint64
	Writer   model.WriterKey
	Data     []byte
}
