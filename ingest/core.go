package ingest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// Core moves frames from their stream into the store and to Live. New makes it, Run runs it; the other methods may be called
// from any goroutine at any time.
type Core struct {
	cfg      Config
	frames   FrameSource
	store    Store
	log      zerolog.Logger
	counters *counters
	live     *Live
	health   health
	position atomic.Uint64 // appended, for all goroutines

	// The rest belongs to the goroutine of Run.
	decoder frameDecoder
	layouts layouts
	maker   rowMaker
	dead    deadLetters

	// read is the sequence of the last frame whose rows were made, appended that of the last one whose rows the store has, and durable
	// the last checkpoint.
	read, appended uint64
	durable        checkpoint
	nextCheckpoint time.Time
	nextPurge      time.Time
	purged         uint64
}

var (
	// errRewind: what was appended since the last checkpoint has to be read again.
	errRewind = errors.New("going back to the checkpoint")
	errBack   = errors.New("sequence went back")
)

// New makes a Core; it reads the checkpoint. The error says which part of cfg cannot be used.
func New(cfg Config, frames FrameSource, meta MetaSource, dead DeadLetters, store Store, log zerolog.Logger) (*Core, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("configure ingest: %w", err)
	}
	c := &Core{cfg: cfg, frames: frames, store: store, log: log, counters: newCounters()}
	c.live = newLive(c.counters)
	c.layouts = layouts{
		cfg: cfg, meta: meta, store: store, live: c.live, health: &c.health, log: log,
		cache: map[layoutKey]*layout{}, versions: map[model.WriterKey][]model.ConfigurationVersion{}, missing: map[layoutKey]time.Time{},
	}
	c.maker = rowMaker{
		live: c.live, store: store, maxBackfill: cfg.MaxBackfill.Milliseconds(),
		elementLimit: cfg.ElementLimit, maxSeries: cfg.MaxSeries,
	}
	c.dead = deadLetters{to: dead, counters: c.counters, log: log}
	c.health.set(partStart, errors.New("not started yet"))
	if c.durable, err = loadCheckpoint(cfg.CheckpointFile); err != nil {
		c.alarm(alarmFile, 0, err)
	}
	c.counters.checkpoint.Store(c.durable.Sequence)
	return c, nil
}

// Live is what the Core sees now.
func (c *Core) Live() *Live { return c.live }

// Health returns nil while frames are taken and stored, else what keeps them from it: for /readyz.
func (c *Core) Health() error { return c.health.err() }

// Run takes frames until ctx ends; then it makes a last checkpoint and returns nil, or why that could not be made. While a part
// that it depends on does not work, it tries again and says so in Health.
func (c *Core) Run(ctx context.Context) error {
	var background sync.WaitGroup
	watching, stop := context.WithCancel(ctx)
	background.Go(func() { c.watch(watching) })
	defer background.Wait()
	defer stop()
	for pause := backoff(0); ctx.Err() == nil; {
		started := time.Now()
		err := c.session(ctx)
		if ctx.Err() != nil {
			break
		}
		if errors.Is(err, errRewind) {
			continue
		}
		if c.health.set(partStream, err) {
			c.log.Warn().Err(err).Msg("stream of frames cannot be read, trying again")
		}
		if time.Since(started) > time.Minute {
			pause = 0
		}
		pause.wait(ctx)
	}
	c.health.set(partStart, errors.New("stopped"))
	return c.lastCheckpoint(ctx)
}

// session reads the stream from behind the last appended frame until something goes wrong.
func (c *Core) session(ctx context.Context) error {
	if err := c.resume(ctx); err != nil {
		return err
	}
	reader, err := c.frames.Open(ctx, c.appended+1)
	if err != nil {
		return fmt.Errorf("open frames from %d: %w", c.appended+1, err)
	}
	defer reader.Close()
	started := c.health.set(partStart, nil)
	if c.health.set(partStream, nil) || started {
		c.log.Info().Uint64("sequence", c.appended+1).Msg("ingest reads frames")
	}
	for {
		if err := c.step(ctx, reader); err != nil {
			return err
		}
	}
}

// resume finds the place to read from, see checkpoint.resume.
func (c *Core) resume(ctx context.Context) error {
	request, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	st, err := c.frames.State(request)
	if err != nil {
		return fmt.Errorf("ask for the state of the stream: %w", err)
	}
	from := checkpoint{Stream: c.durable.Stream, Sequence: max(c.durable.Sequence, c.appended)}
	next, a, lost := from.resume(st)
	if a != "" {
		c.alarm(a, lost, nil)
	}
	if a != "" || from.Stream.IsZero() {
		// What was appended until now stays, but has no place in this stream.
		c.durable, c.purged = next, 0
	}
	c.moveTo(next.Sequence)
	return nil
}

func (c *Core) alarm(a alarm, lost uint64, err error) {
	c.counters.alarms[a].Inc()
	c.counters.missing.Add(int(lost))
	c.log.Error().Err(err).Uint64("checkpoint", c.durable.Sequence).Uint64("lost_frames", lost).Msg(string(a))
}

// step takes one batch of frames, or waits for a while for one, and makes a checkpoint when it is time.
func (c *Core) step(ctx context.Context, reader FrameReader) error {
	if err := c.checkpointIfDue(ctx); err != nil {
		return err
	}
	busy := c.cfg.Busy()
	if c.health.set(partBusy, busy) {
		if busy != nil {
			c.log.Error().Err(busy).Msg("ingest stops taking frames")
		} else {
			c.log.Info().Msg("ingest takes frames again")
		}
	}
	if busy != nil {
		sleep(ctx, c.untilDuty())
		return ctx.Err()
	}
	waiting, cancel := context.WithTimeout(ctx, c.untilDuty())
	frames, err := reader.Next(waiting)
	cancel()
	if err != nil {
		if ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
			return nil
		}
		return fmt.Errorf("read frames behind %d: %w", c.read, err)
	}
	return c.take(ctx, frames)
}

// untilDuty is how long to wait for frames.
func (c *Core) untilDuty() time.Duration {
	if c.appended == c.durable.Sequence {
		return idleWait
	}
	return min(idleWait, max(time.Until(c.nextCheckpoint), time.Millisecond))
}

// take processes frames and gives their rows to the store.
func (c *Core) take(ctx context.Context, frames []Frame) error {
	for i := range frames {
		f := &frames[i]
		if f.Sequence <= c.read {
			return fmt.Errorf("frame %d behind %d: %w", f.Sequence, c.read, errBack)
		}
		if gap := f.Sequence - c.read - 1; gap > 0 {
			c.alarm(alarmGap, gap, nil)
		}
		if err := c.frame(ctx, f); err != nil {
			return err
		}
		c.read = f.Sequence
		if len(c.maker.rows) >= maxRows {
			if err := c.append(ctx); err != nil {
				return err
			}
		}
	}
	return c.append(ctx)
}

// frame processes one frame; its rows wait in maker. An error says that ctx ended.
func (c *Core) frame(ctx context.Context, f *Frame) error {
	err := c.decoder.decode(ctx, f, &c.layouts)
	if errors.Is(err, errDead) {
		return c.dead.send(ctx, *f, err)
	}
	if err != nil {
		return err
	}
	repeat := c.decoder.isRepeat(f)
	if repeat {
		c.counters.repeated.Inc()
	}
	values, screened := c.maker.frame(f, &c.decoder, repeat)
	c.counters.frames.Inc()
	c.counters.values.Add(values - screened)
	c.counters.screened.Add(screened)
	return nil
}

// append gives the rows to the store, again and again until it takes them.
func (c *Core) append(ctx context.Context) error {
	for pause := backoff(0); len(c.maker.rows) > 0; {
		started := time.Now()
		err := c.store.Append(c.maker.rows)
		if c.health.set(partStore, err) && err != nil {
			c.log.Error().Err(err).Msg("store does not take rows, trying again")
		}
		if err == nil {
			c.counters.appendSeconds.UpdateDuration(started)
			c.counters.rows.Add(len(c.maker.rows))
			c.counters.superseded.Add(c.maker.superseded)
			c.maker.reset()
			break
		}
		c.counters.appendErrors.Inc()
		if errors.Is(err, ErrRowsLost) {
			return c.rewind(err)
		}
		if !pause.wait(ctx) {
			return ctx.Err()
		}
	}
	c.appended = c.read
	c.position.Store(c.appended)
	return nil
}

// rewind goes back to the checkpoint because rows behind it may be lost.
func (c *Core) rewind(reason error) error {
	c.counters.rewinds.Inc()
	c.log.Warn().Err(reason).Uint64("from", c.read).Uint64("checkpoint", c.durable.Sequence).Msg("going back to the checkpoint")
	c.moveTo(c.durable.Sequence)
	return errRewind
}

// moveTo makes the frame behind sequence the next one.
func (c *Core) moveTo(sequence uint64) {
	c.maker.reset()
	c.read, c.appended = sequence, sequence
	c.position.Store(sequence)
}

// watch keeps rates and the backlog up to date.
func (c *Core) watch(ctx context.Context) {
	for last := time.Now(); sleep(ctx, time.Second); {
		now := time.Now()
		c.live.updateRates(now.Sub(last))
		last = now
		request, cancel := context.WithTimeout(ctx, requestTimeout)
		// An error is the session's to report: it meets it too.
		if st, err := c.frames.State(request); err == nil {
			c.counters.backlog.Store(st.Last - min(st.Last, c.position.Load()))
		}
		cancel()
	}
}
