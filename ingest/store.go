package ingest

import (
	"context"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// Label is one name and value of a series.
type Label struct {
	Name  string
	Value string
}

// Row is one sample of one series on its way into a Store.
type Row struct {
	// Name is the series in the store's own form, made once per series by Store.AppendName.
	Name []byte
	// Time is the sample's time in milliseconds since 1970.
	Time int64
	// Value is the sample. A stale marker (StaleNaN of Prometheus) ends the series for charts; other NaN are not stored.
	Value float64
}

// Store takes rows. Its methods may be called from several goroutines, except where said otherwise.
type Store interface {
	// AppendName appends the store's own form of a metric name with its labels to dst and returns the result.
	// Labels with an empty value are left out. The order of labels does not matter.
	AppendName(dst []byte, metric string, labels []Label) []byte

	// Append writes rows. It returns when the store has taken all of them or none; they are durable only after the next
	// Checkpoint. The rows and their names belong to the caller again when Append returns.
	// An error means that no row may be counted as written: the caller keeps the frame and tries again.
	Append(rows []Row) error

	// Checkpoint blocks until every row that was appended before is on disk, data and index both, so that it survives
	// kill -9 and power loss. The caller keeps Append off while it runs (the gate of the design's section 4).
	Checkpoint(ctx context.Context) error
}

// Delayed is a Store that cannot be told to write to disk: a server elsewhere whose rows become durable by themselves some time
// after Append. For such a store the Core remembers when it appended what, and takes as durable what was appended Delay ago,
// as long as Checkpoint finds nothing wrong.
type Delayed interface {
	Store
	// Delay is how long after Append has returned its rows are on disk, in the worst case. It may change while the store runs.
	Delay() time.Duration

	// Checkpoint, other than that of a Store, returns at once and does not need Append to be held off. It asks the server
	// whether it is still the one that took all rows since the last ErrRowsLost, so that what was appended Delay before this call
	// is durable when it returns nil. ErrRowsLost, returned once per restart of the server, says that any row of the last Delay may be
	// gone.
	Checkpoint(ctx context.Context) error
}

// Sample is one stored value of one series.
type Sample = model.Sample

// Matcher selects series by one label.
type Matcher struct {
	Name  string
	Value string
	// Regexp makes Value an anchored RE2 expression.
	Regexp bool
}

// Range is a stretch of time with the form in which its samples are wanted.
type Range struct {
	From, To time.Time
	// Step 0 asks for raw samples, else for one value per step.
	Step time.Duration
	// Aggregate is the rollup per step: avg, min, max, sum, count, first, last, delta, stddev. Empty means avg. Ignored for raw samples.
	Aggregate string
	// Limit is the largest number of samples to return, oldest first. 0 means the store's own limit.
	Limit int
}

// Reader reads back what a Store holds. All methods may be called from several goroutines.
type Reader interface {
	// Series returns the label sets of at most limit series of metric that match, ordered by their labels; the label
	// __name__ is not among them. Only series with samples since from are looked at.
	Series(ctx context.Context, metric string, match []Matcher, from time.Time, limit int) ([][]Label, error)

	// Samples returns the samples of the one series of metric that matches, in order of time.
	// More than one matching series is an error; none gives no samples.
	Samples(ctx context.Context, metric string, match []Matcher, r Range) ([]Sample, error)

	// SamplesOf returns the samples of all series of metric that match one of the lists of matchers, r.Limit of each at most, with as few
	// requests as the store allows. No series may match two of the lists. The samples are complete before until, which is r.To unless there
	// are more raw samples than one answer holds.
	SamplesOf(ctx context.Context, metric string, lists [][]Matcher, r Range) (series []SeriesSamples, until time.Time, err error)
}

// SeriesSamples are samples of one series, in order of time.
type SeriesSamples struct {
	// Labels are ordered by name; __name__ is not among them.
	Labels  []Label
	Samples []Sample
}
