package ingest

import (
	"context"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// TextSink keeps values that are no numbers, or that a float64 cannot hold: text, structures, arrays, 64-bit integers over
// 2^53. Its methods are called by one goroutine, that of one Core.
type TextSink interface {
	// AppendText takes values of series and returns, mostly before they are stored; it blocks while too many are on their way. The
	// values are the caller's again when it returns. A value that was appended before, after a replay of its frame, is kept once: it
	// has the same series, time and value.
	AppendText(ctx context.Context, values []TextValue) error
	// Flush blocks until all that was appended is stored as safely as a frame is. After an error some of it may not be: the
	// caller appends everything since the last Flush again. When ctx ends first, nothing is known yet and nothing is forgotten: the
	// next Flush tells.
	Flush(ctx context.Context) error
}

// TextValue is a value of a series with its full type.
type TextValue struct {
	Series model.SeriesID
	// Time is the time of the sample in the store, milliseconds since 1970; Value has the exact timestamps.
	Time  int64
	Value model.DataValue
}

// TextReader reads back what a TextSink keeps. Its methods may be called from several goroutines.
type TextReader interface {
	// Text returns the values of a series with from <= Time < to in order of time, at most limit, without repeats.
	Text(ctx context.Context, id model.SeriesID, from, to time.Time, limit int) ([]TextValue, error)
}
