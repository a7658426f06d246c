package ingest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// appender gives batches to the store and makes checkpoints. It belongs to one goroutine: that no batch is appended while a
// checkpoint is made is the gate of the design's section 4.
type appender struct {
	cfg      Config
	core     *Core
	frames   FrameSource
	store    Store
	log      zerolog.Logger
	health   *health
	counters *counters

	// appended is the sequence up to which the store has all frames, marked the one up to which it had them at the last marks.
	appended uint64
	marks    []mark
	durable  Checkpoint

	nextCheckpoint time.Time
	nextPurge      time.Time
	purged         uint64
}

// mark says that a Delayed store had all frames up to sequence at a time.
type mark struct {
	sequence  uint64
	first, at time.Time
}

// markInterval is the time that one mark stands for.
const markInterval = 100 * time.Millisecond

// run appends the batches that come from in and sends them back to free, until ctx ends or something goes wrong.
func (a *appender) run(ctx context.Context, in <-chan *batch, free chan<- *batch) error {
	if a.nextCheckpoint.IsZero() {
		a.nextCheckpoint = time.Now().Add(min(a.cfg.CheckpointInterval, firstCheckpoint))
	}
	timer := time.NewTimer(idleWait)
	defer timer.Stop()
	for {
		timer.Reset(a.untilDuty())
		select {
		case b := <-in:
			if err := a.append(ctx, b); err != nil {
				return err
			}
			free <- b // has room for all batches
		case <-timer.C:
		case <-ctx.Done():
			return ctx.Err()
		}
		if err := a.checkpointIfDue(ctx); err != nil {
			return err
		}
	}
}

// untilDuty is how long to wait for a batch.
func (a *appender) untilDuty() time.Duration {
	if a.appended == a.durable.Sequence {
		return idleWait
	}
	return min(idleWait, max(time.Until(a.nextCheckpoint), time.Millisecond))
}

// append gives a batch to the store, again and again until it takes it.
func (a *appender) append(ctx context.Context, b *batch) error {
	if err := a.rows(ctx, b.rows); err != nil {
		return err
	}
	if err := a.texts(ctx, b.texts); err != nil {
		return err
	}
	if err := a.events(ctx, b.events); err != nil {
		return err
	}
	a.appended = b.safe
	a.mark(time.Now())
	a.core.position.Store(b.read)
	a.counters.rows.Add(len(b.rows))
	a.counters.superseded.Add(b.superseded)
	a.counters.frames.Add(b.frames)
	a.counters.screened.Add(b.screened)
	a.counters.values.Add(b.values)
	a.counters.events.Add(len(b.events))
	b.reset()
	return nil
}

func (a *appender) rows(ctx context.Context, rows []Row) error {
	for pause := backoff(0); len(rows) > 0; {
		started := time.Now()
		err := a.store.Append(rows)
		if a.health.set(partStore, err) && err != nil {
			a.log.Error().Err(err).Msg("store does not take rows, trying again")
		}
		if err == nil {
			a.counters.appendSeconds.UpdateDuration(started)
			return nil
		}
		a.counters.appendErrors.Inc()
		if errors.Is(err, ErrRowsLost) {
			return a.rewind(err)
		}
		if !pause.wait(ctx) {
			return ctx.Err()
		}
	}
	return nil
}

func (a *appender) texts(ctx context.Context, texts []TextValue) error {
	if len(texts) == 0 {
		return nil
	}
	return a.insist(ctx, partText, a.counters.textErrors, func() error { return a.cfg.Text.AppendText(ctx, texts) })
}

func (a *appender) events(ctx context.Context, events []model.Event) error {
	if len(events) == 0 {
		return nil
	}
	return a.insist(ctx, partEvents, a.counters.eventErrors, func() error { return a.cfg.Events.AppendEvents(ctx, events) })
}

// insist calls add, which hands values to a part that may block, again and again until it takes them. An error says that ctx ended.
func (a *appender) insist(ctx context.Context, p part, failures *metrics.Counter, add func() error) error {
	for pause := backoff(0); ; {
		settled := a.late(p, errSinkWaits)
		err := add()
		settled()
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if a.health.set(p, err) && err != nil {
			a.log.Error().Err(err).Str("to", string(p)).Msg("values are not taken, trying again")
		}
		if err == nil {
			return nil
		}
		failures.Inc()
		if !pause.wait(ctx) {
			return ctx.Err()
		}
	}
}

// errSinkWaits: AppendText and AppendEvents block while too many values are on their way.
var errSinkWaits = fmt.Errorf("no value was stored for %s", requestTimeout)

// late reports err as the state of p when the result is not called within requestTimeout, for a call that may block.
func (a *appender) late(p part, err error) (settled func()) {
	reported := make(chan struct{})
	timer := time.AfterFunc(requestTimeout, func() {
		defer close(reported)
		if a.health.set(p, err) {
			a.log.Error().Err(err).Msg("ingest is held up")
		}
	})
	return func() {
		if !timer.Stop() {
			<-reported // what comes now is newer
		}
	}
}

// rewind goes back to the checkpoint because what was stored behind it may be lost.
func (a *appender) rewind(reason error) error {
	a.counters.rewinds.Inc()
	a.log.Warn().Err(reason).Uint64("from", a.appended).Uint64("checkpoint", a.durable.Sequence).Msg("going back to the checkpoint")
	a.moveTo(a.durable.Sequence)
	return errRewind
}

// moveTo makes the frame behind sequence the next one to be appended.
func (a *appender) moveTo(sequence uint64) {
	a.appended, a.marks = sequence, nil
	a.core.position.Store(sequence)
}

// mark remembers for a Delayed store when it had what.
func (a *appender) mark(now time.Time) {
	if _, ok := a.store.(Delayed); !ok {
		return
	}
	if n := len(a.marks); n > 0 && now.Sub(a.marks[n-1].first) < markInterval {
		a.marks[n-1].sequence, a.marks[n-1].at = a.appended, now
		return
	}
	a.marks = append(a.marks, mark{a.appended, now, now})
}

// settled removes the marks up to a time and returns the last one's sequence, or that of the checkpoint.
func (a *appender) settled(before time.Time) uint64 {
	n, sequence := 0, a.durable.Sequence
	for n < len(a.marks) && !a.marks[n].at.After(before) {
		sequence = a.marks[n].sequence
		n++
	}
	a.marks = append(a.marks[:0], a.marks[n:]...)
	return sequence
}

// checkpointIfDue makes a checkpoint when something was appended and it is time, and purges the stream from time to time.
func (a *appender) checkpointIfDue(ctx context.Context) error {
	if a.appended > a.durable.Sequence && !time.Now().Before(a.nextCheckpoint) {
		started := time.Now()
		err := a.checkpoint(ctx)
		if errors.Is(err, ErrRowsLost) {
			return a.rewind(err)
		}
		if errors.Is(err, ErrFenced) {
			return err
		}
		if a.health.set(partCheckpoint, err) && err != nil {
			a.log.Error().Err(err).Msg("checkpoint not made, trying again")
		}
		a.nextCheckpoint = time.Now().Add(max(a.cfg.CheckpointInterval, min(stopShare*time.Since(started), maxCheckpointPause)))
	}
	if a.durable.Sequence > a.purged && !time.Now().Before(a.nextPurge) {
		a.purge(ctx)
	}
	return nil
}

// checkpoint waits until all that was appended is on disk, or asks a Delayed store how much is, and saves the sequence.
func (a *appender) checkpoint(ctx context.Context) error {
	started := time.Now()
	limited, cancel := context.WithTimeout(ctx, checkpointTimeout)
	defer cancel()
	next, err := a.onDisk(limited)
	if err == nil && next > a.durable.Sequence {
		saved := Checkpoint{Stream: a.durable.Stream, Sequence: next}
		if err = a.cfg.Checkpoints.Save(limited, saved); err == nil {
			a.durable = saved
			a.core.saved.Store(next)
			a.counters.checkpointSeconds.UpdateDuration(started)
		}
	}
	if err != nil {
		a.counters.checkpointErrors.Inc()
		return fmt.Errorf("checkpoint at %d: %w", a.appended, err)
	}
	return nil
}

// onDisk returns the sequence up to which all frames are on disk.
func (a *appender) onDisk(ctx context.Context) (uint64, error) {
	if a.cfg.Text != nil {
		if err := flushed(ctx, a.cfg.Text.Flush(ctx)); err != nil {
			return 0, fmt.Errorf("history of text: %w", err)
		}
	}
	if a.cfg.Events != nil {
		if err := flushed(ctx, a.cfg.Events.Flush(ctx)); err != nil {
			return 0, fmt.Errorf("events: %w", err)
		}
	}
	d, ok := a.store.(Delayed)
	if !ok {
		return a.appended, a.store.Checkpoint(ctx)
	}
	asked := time.Now()
	if err := d.Checkpoint(ctx); err != nil {
		return 0, err
	}
	return a.settled(asked.Add(-d.Delay())), nil
}

// flushed says what an error of a Flush means: all is on its way still when ctx ended, else what was not stored has to be read again.
func flushed(ctx context.Context, err error) error {
	if err == nil || ctx.Err() != nil {
		return err
	}
	return fmt.Errorf("%w: %w", ErrRowsLost, err)
}

const (
	// stopShare is the part of the time for which checkpoints may stop ingest: one twentieth, but for slow ones no longer a pause between
	// them than maxCheckpointPause, because all behind the checkpoint has to be read again after a crash.
	stopShare          = 20
	maxCheckpointPause = 10 * time.Second
	// firstCheckpoint is when the first one is made: not at once, which would cover a frame or two of those to be read again, and not
	// late, so that a process that crashes again and again comes forward.
	firstCheckpoint = 500 * time.Millisecond
)

// last makes the checkpoint of the end: ctx has ended already.
func (a *appender) last(ctx context.Context) error {
	if a.appended <= a.durable.Sequence {
		return nil
	}
	return a.checkpoint(context.WithoutCancel(ctx))
}

// purge removes the frames that are on disk. What it cannot remove now it removes later.
func (a *appender) purge(ctx context.Context) {
	request, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	a.nextPurge = time.Now().Add(purgeInterval)
	if err := a.frames.Purge(request, a.durable.Sequence); err != nil {
		a.counters.purgeErrors.Inc()
		a.log.Warn().Err(err).Uint64("sequence", a.durable.Sequence).Msg("frames that are on disk not purged, trying again")
		return
	}
	a.purged = a.durable.Sequence
}
