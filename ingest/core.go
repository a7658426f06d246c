package ingest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"
)

// Core moves frames from their stream into the store and to Live. New makes it, Run runs it; the other methods may be called
// from any goroutine at any time.
//
// Two goroutines share the work: the intake decodes frames into batches, the appender gives them to the store and makes checkpoints.
type Core struct {
	cfg    Config
	frames FrameSource
	log    zerolog.Logger
	live   *Live
	health health
	// position is the last frame that was appended, saved the checkpoint, backlog the frames in the stream behind position.
	position, saved, backlog atomic.Uint64
	reading                  sync.Mutex
	pending                  Pending // the reader of the session, if it is one

	// These belong to the goroutine of Run while no session runs.
	intake   intake
	appender appender
}

// errRewind: what was appended since the last checkpoint has to be read again.
var errRewind = errors.New("going back to the checkpoint")

// batches is how many go round: one is filled, one waits, one is written.
const batches = 3

// New makes a Core. The error says which part of cfg cannot be used.
func New(cfg Config, frames FrameSource, meta MetaSource, dead DeadLetters, store Store, log zerolog.Logger) (*Core, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("configure ingest: %w", err)
	}
	c := &Core{cfg: cfg, frames: frames, log: log, live: cfg.Live}
	counters := c.live.counters
	c.intake = intake{
		cfg: cfg, log: log, health: &c.health, counters: counters,
		layouts: layouts{core: c, cfg: cfg, meta: meta, store: store, live: c.live, health: &c.health, log: log},
		maker: rowMaker{
			live: c.live, store: store, maxBackfill: cfg.MaxBackfill.Milliseconds(),
			elementLimit: cfg.ElementLimit, maxSeries: cfg.MaxSeries, keepText: cfg.Text != nil,
		},
		dead: deadLetters{to: dead, counters: counters, log: log},
	}
	c.intake.layouts.reset()
	c.intake.decoder.setKeys(cfg.Keys)
	c.intake.decoder.keepEvents = cfg.Events != nil
	c.intake.chunks.init()
	c.appender = appender{cfg: cfg, core: c, frames: frames, store: store, log: log, health: &c.health, counters: counters}
	c.health.set(partStart, errors.New("not started yet"))
	c.live.join(c)
	return c, nil
}

// Live is what the Core sees now, and others that share it.
func (c *Core) Live() *Live { return c.live }

// Health returns nil while frames are taken and stored, else what keeps them from it: for /readyz.
func (c *Core) Health() error { return c.health.err() }

// Run takes frames until ctx ends; then it makes a last checkpoint and returns nil, or why that could not be made. While a part
// that it depends on does not work, it tries again and says so in Health. ErrFenced, wrapped, ends it early.
func (c *Core) Run(ctx context.Context) error {
	var background sync.WaitGroup
	watching, stop := context.WithCancel(ctx)
	background.Go(func() { c.watch(watching) })
	defer background.Wait()
	defer stop()
	defer c.live.leave(c)
	defer c.health.set(partStart, errors.New("stopped"))
	if err := c.load(ctx); err != nil {
		return nil // ctx ended
	}
	for pause := backoff(0); ctx.Err() == nil; {
		started := time.Now()
		err := c.session(ctx)
		if ctx.Err() != nil {
			break
		}
		if errors.Is(err, errRewind) {
			continue
		}
		if errors.Is(err, ErrFenced) {
			return err
		}
		if c.health.set(partStream, err) {
			c.log.Warn().Err(err).Msg("stream of frames cannot be read, trying again")
		}
		if time.Since(started) > time.Minute {
			pause = 0
		}
		pause.wait(ctx)
	}
	return c.appender.last(ctx)
}

// load reads the checkpoint, again and again while that fails. An error says that ctx ended.
func (c *Core) load(ctx context.Context) error {
	for pause := backoff(0); ; {
		request, cancel := context.WithTimeout(ctx, requestTimeout)
		saved, err := c.cfg.Checkpoints.Load(request)
		cancel()
		damaged := errors.Is(err, ErrCheckpointDamaged)
		if damaged {
			c.alarm(alarmFile, 0, err)
		}
		if err == nil || damaged {
			c.health.set(partCheckpoint, nil)
			c.appender.durable = saved
			c.saved.Store(saved.Sequence)
			return nil
		}
		if c.health.set(partCheckpoint, err) {
			c.log.Error().Err(err).Msg("checkpoint cannot be read, trying again")
		}
		if !pause.wait(ctx) {
			return ctx.Err()
		}
	}
}

// session reads the stream from behind the last appended frame until something goes wrong.
func (c *Core) session(ctx context.Context) error {
	if err := c.resume(ctx); err != nil {
		return err
	}
	from := c.appender.appended + 1
	reader, err := c.frames.Open(ctx, from)
	if err != nil {
		return fmt.Errorf("open frames from %d: %w", from, err)
	}
	defer reader.Close()
	c.reads(reader)
	defer c.reads(nil)
	c.intake.reset(from - 1)
	started := c.health.set(partStart, nil)
	if c.health.set(partStream, nil) || started {
		c.log.Info().Uint64("sequence", from).Msg("ingest reads frames")
	}
	free, full := make(chan *batch, batches), make(chan *batch, 1)
	for range batches {
		free <- &batch{read: from - 1, safe: from - 1}
	}
	working, stop := context.WithCancel(ctx)
	defer stop()
	taken := make(chan error, 1)
	go func() {
		defer stop()
		taken <- c.intake.run(working, reader, free, full)
	}()
	err = c.appender.run(working, full, free)
	stop()
	if intake := <-taken; errors.Is(err, context.Canceled) {
		return intake
	}
	return err
}

// resume finds the place to read from, see Checkpoint.resume.
func (c *Core) resume(ctx context.Context) error {
	request, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	st, err := c.frames.State(request)
	if err != nil {
		return fmt.Errorf("ask for the state of the stream: %w", err)
	}
	a := &c.appender
	from := Checkpoint{Stream: a.durable.Stream, Sequence: max(a.durable.Sequence, a.appended)}
	next, alarm, lost := from.resume(st, c.cfg.Sparse)
	if alarm != "" {
		c.alarm(alarm, lost, nil)
	}
	if alarm != "" || from.Stream.IsZero() {
		// What was appended until now stays, but has no place in this stream.
		a.durable, a.purged, a.marks = next, 0, nil
	}
	if a.appended != next.Sequence {
		a.moveTo(next.Sequence)
	}
	return nil
}

func (c *Core) alarm(a alarm, lost uint64, err error) {
	c.live.counters.alarm(a, lost)
	c.log.Error().Err(err).Uint64("checkpoint", c.saved.Load()).Uint64("lost_frames", lost).Msg(string(a))
}

// watch keeps rates and the backlog up to date. It also notices when the stream cannot be reached: a reader waits for it to come back, and
// says nothing.
func (c *Core) watch(ctx context.Context) {
	for sleep(ctx, time.Second) {
		c.live.refreshRates(time.Now())
		request, cancel := context.WithTimeout(ctx, requestTimeout)
		err := c.refreshBacklog(request)
		cancel()
		if ctx.Err() == nil && c.health.set(partReach, err) && err != nil {
			c.log.Warn().Err(err).Msg("stream of frames cannot be reached")
		}
	}
}
