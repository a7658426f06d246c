package ingest

import (
	"errors"
	"fmt"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model/uadp"
)

// Config says how the Core works. The zero value of every field but Checkpoints means its default.
type Config struct {
	// Checkpoints is where the Core remembers how far it is.
	Checkpoints Checkpoints
	// CheckpointInterval is the time between checkpoints while rows come; it is lengthened when a checkpoint takes more than a twentieth
	// of it. Default 2 s.
	CheckpointInterval time.Duration
	// Live takes the live values; the Cores of one process may share it. Default one of the Core's own.
	Live *Live
	// Text keeps values that are no numbers. They are seen in Live alone without it.
	Text TextSink
	// Events keeps events. Without it their frames go to the dead letters.
	Events EventSink
	// Keys returns the keys of a gateway's frames, or nil if they are not secured. It is called for each frame.
	Keys func(gateway string) *uadp.KeyGroup
	// Sparse says that the stream holds frames of others too: that sequences are missing means nothing then.
	Sparse bool
	// MaxBackfill is how much older than its arrival a sample may be: the retention of the store. Default 365 days.
	MaxBackfill time.Duration
	// ElementLimit is the largest array whose elements become series. Default 32, negative for none.
	ElementLimit int
	// MaxSeries bounds the series that are known at a time, some 600 bytes each; frames of further writers go to the dead
	// letters. Default 2,000,000.
	MaxSeries int
	// MetadataWait is how long to wait for metadata that does not exist yet. Default 2 s.
	MetadataWait time.Duration
	// Busy returns why no frames may be taken now, for instance because the disk is nearly full, or nil. It is asked between
	// batches, at least once a second.
	Busy func() error
}

const (
	// maxFuture is how far ahead of its arrival a sample may be; the store takes two days.
	maxFuture = time.Hour
	// minRows and maxRows bound the samples of a batch that grows while the store is busy, some 70 bytes each; within them it is
	// samplesPerSeries of each series.
	minRows, maxRows = 64 << 10, 2 << 20
	samplesPerSeries = 4
	// maxTexts, maxEvents and maxTaken, the bytes of its frames, bound it as well: values that are no numbers make no rows.
	maxTexts, maxEvents, maxTaken = 16 << 10, 8 << 10, 32 << 20
	// purgeInterval is the time between purges of frames that are on disk.
	purgeInterval = 10 * time.Second
	// checkpointTimeout bounds one checkpoint; a later one goes on from there.
	checkpointTimeout = 5 * time.Second
	// requestTimeout bounds a request to the stream.
	requestTimeout = 5 * time.Second
	// idleWait is the longest wait for frames before the other duties are looked at.
	idleWait = time.Second
	// minRetry and maxRetry are the first and the longest pause before something is tried again.
	minRetry, maxRetry = 50 * time.Millisecond, 5 * time.Second
)

func (c Config) withDefaults() (Config, error) {
	if c.Checkpoints == nil {
		return c, errors.New("no place for checkpoints: name a file beside the store's data")
	}
	if c.CheckpointInterval < 0 || c.MaxBackfill < 0 || c.MetadataWait < 0 || c.MaxSeries < 0 {
		return c, fmt.Errorf("checkpoint interval %s, max backfill %s, metadata wait %s and max series %d must not be negative",
			c.CheckpointInterval, c.MaxBackfill, c.MetadataWait, c.MaxSeries)
	}
	setDefault(&c.CheckpointInterval, 2*time.Second)
	setDefault(&c.MaxBackfill, 365*24*time.Hour)
	setDefault(&c.ElementLimit, 32)
	setDefault(&c.MaxSeries, 2_000_000)
	setDefault(&c.MetadataWait, 2*time.Second)
	if c.Live == nil {
		c.Live = NewLive()
	}
	if c.Busy == nil {
		c.Busy = func() error { return nil }
	}
	return c, nil
}

func setDefault[T comparable](v *T, d T) {
	var zero T
	if *v == zero {
		*v = d
	}
}
