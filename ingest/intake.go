package ingest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// intake takes frames from their stream and makes batches of them. It belongs to one goroutine, which the appender's one follows.
type intake struct {
	cfg      Config
	log      zerolog.Logger
	health   *health
	counters *counters

	decoder frameDecoder
	layouts layouts
	maker   rowMaker
	dead    deadLetters
	parked  parkedFrames
	chunks  chunks
	groups  groups
	// events are those that wait for a batch.
	events []model.Event

	// read is the sequence of the last frame that was looked at.
	read uint64
}

var errBack = errors.New("sequence went back")

// reset forgets all that is not in a batch and makes the frame behind sequence the next one.
func (k *intake) reset(sequence uint64) {
	k.maker.reset()
	k.events = nil
	k.parked = parkedFrames{}
	k.chunks.reset()
	k.groups.count(&batch{}) // what they became was dropped
	// The status of a field is written when it changes. It may have been in a batch that was dropped.
	k.layouts.reset()
	k.read = sequence
}

// run fills the batches that come from free and sends them to out, until ctx ends or something goes wrong. While the store is busy
// it goes on to take frames: the more samples of a series come together, the cheaper they are.
func (k *intake) run(ctx context.Context, reader FrameReader, free <-chan *batch, out chan<- *batch) error {
	for handed := k.read; ; {
		if err := k.step(ctx, reader); err != nil {
			return err
		}
		safe := k.safe()
		switch {
		case safe == handed && k.groups.frames == 0:
			continue
		case len(out) == cap(out) && !k.full():
			continue
		}
		select {
		case b := <-free:
			b.read, b.safe = k.read, safe
			k.emit(b)
			k.groups.count(b)
			handed = safe
			select {
			case out <- b:
			case <-ctx.Done():
				return ctx.Err()
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// full tells whether what was taken is enough for a batch, however busy the store is.
func (k *intake) full() bool {
	return len(k.maker.points.all) >= k.enough() || len(k.maker.texts) >= maxTexts || len(k.events) >= maxEvents || k.groups.bytes >= maxTaken
}

// emit moves what was taken into b.
func (k *intake) emit(b *batch) {
	k.maker.emit(b)
	b.events = append(b.events, k.events...)
	clear(k.events)
	k.events = k.events[:0]
}

// step waits for frames for a while and takes them.
func (k *intake) step(ctx context.Context, reader FrameReader) error {
	busy := k.cfg.Busy()
	if k.health.set(partBusy, busy) {
		if busy != nil {
			k.log.Error().Err(busy).Msg("ingest stops taking frames")
		} else {
			k.log.Info().Msg("ingest takes frames again")
		}
	}
	if busy != nil {
		sleep(ctx, k.patience())
		return ctx.Err()
	}
	waiting, cancel := context.WithTimeout(ctx, k.patience())
	frames, err := reader.Next(waiting)
	cancel()
	switch {
	case err != nil && ctx.Err() != nil:
		return ctx.Err()
	case err != nil && !errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("read frames behind %d: %w", k.read, err)
	case err == nil:
		if err := k.take(ctx, frames); err != nil {
			return err
		}
	}
	if given := k.chunks.giveUp(time.Now()); given > 0 {
		k.counters.chunksGivenUp.Add(given)
		k.log.Warn().Int("messages", given).Msg("messages given up whose chunks did not all come")
	}
	return k.unpark(ctx)
}

// enough is how many samples are taken while the store is busy: some of each series, because a series is looked up once for all its samples
// that come together.
func (k *intake) enough() int {
	return min(max(minRows, samplesPerSeries*k.maker.live.size()), maxRows)
}

// patience is how long to wait for frames: not long with samples to hand over or frames that wait for metadata.
func (k *intake) patience() time.Duration {
	switch {
	case k.groups.frames > 0:
		return 2 * time.Millisecond
	case len(k.parked.frames) > 0 || k.chunks.open() > 0:
		return askInterval
	}
	return idleWait
}

// safe is the sequence up to which no frame waits here.
func (k *intake) safe() uint64 {
	safe := k.read
	if oldest, ok := k.parked.oldest(); ok {
		safe = min(safe, oldest-1)
	}
	if oldest, ok := k.chunks.oldest(); ok {
		safe = min(safe, oldest-1)
	}
	return safe
}

// take processes frames, writer by writer: what a writer's values touch stays in the cache, and the samples of a series come together.
func (k *intake) take(ctx context.Context, frames []Frame) error {
	for i := range frames {
		f := &frames[i]
		if f.Sequence <= k.read {
			return fmt.Errorf("frame %d behind %d: %w", f.Sequence, k.read, errBack)
		}
		if gap := f.Sequence - k.read - 1; gap > 0 && !k.cfg.Sparse {
			k.counters.alarm(alarmGap, gap)
			k.log.Error().Uint64("frame", f.Sequence).Uint64("lost_frames", gap).Msg(string(alarmGap))
		}
		k.read = f.Sequence
		k.groups.add(i, f, k.decoder.isRepeat(f))
	}
	defer k.groups.clear()
	for _, g := range k.groups.list {
		for _, m := range g.members {
			if err := k.frame(ctx, &frames[m.frame], m.repeat); err != nil {
				return err
			}
		}
	}
	return nil
}

// frame processes one frame that came now; its samples wait in maker. An error says that ctx ended.
func (k *intake) frame(ctx context.Context, f *Frame, repeat bool) error {
	return k.frameSince(ctx, f, repeat, time.Time{})
}

// frameSince processes a frame that waited since then, or never if that is zero.
func (k *intake) frameSince(ctx context.Context, f *Frame, repeat bool, since time.Time) error {
	if w := f.key(); k.parked.waits(w) {
		return k.park(ctx, f, repeat, since, k.parked.writers[w].key)
	}
	err := k.decoder.decode(ctx, f, &k.layouts)
	if errors.Is(err, errChunk) {
		return k.chunk(ctx, f, repeat)
	}
	if err != nil {
		return k.refused(ctx, f, repeat, since, err)
	}
	switch {
	case f.Late != 0:
		k.counters.late.Inc()
	case repeat:
		k.counters.repeated.Inc()
	}
	values, screened := k.maker.frame(f, &k.decoder, repeat)
	k.events = append(k.events, k.decoder.events...)
	k.groups.frames++
	k.groups.bytes += len(f.Data)
	k.groups.values += values - screened
	k.groups.screened += screened
	return nil
}

// chunk takes a chunk of a message, and processes the message with its last one.
func (k *intake) chunk(ctx context.Context, f *Frame, repeat bool) error {
	whole, err := k.chunks.take(&k.decoder.uadp, f)
	switch {
	case err != nil:
		return k.dead.send(ctx, *f, dead(err))
	case whole != nil:
		return k.frame(ctx, whole, repeat)
	}
	k.groups.frames++
	k.groups.bytes += len(f.Data)
	return nil
}

// refused does what is to be done with a frame that could not be decoded.
func (k *intake) refused(ctx context.Context, f *Frame, repeat bool, since time.Time, err error) error {
	var wait *waitError
	switch {
	case errors.As(err, &wait) && k.overdue(since):
		k.layouts.giveUp(wait.key)
		return k.dead.send(ctx, *f, dead(k.layouts.missing[wait.key].reason))
	case errors.As(err, &wait):
		return k.park(ctx, f, repeat, since, wait.key)
	case errors.Is(err, errDead):
		return k.dead.send(ctx, *f, err)
	}
	return err
}

// overdue tells whether a frame has waited for as long as frames may.
func (k *intake) overdue(since time.Time) bool {
	return !since.IsZero() && time.Since(since) >= k.cfg.MetadataWait
}

// park lets a frame wait. When too many wait, those of the writer that waits longest are given up.
func (k *intake) park(ctx context.Context, f *Frame, repeat bool, since time.Time, key layoutKey) error {
	if since.IsZero() {
		since = time.Now()
	}
	k.parked.add(parkedFrame{*f, repeat, since}, key)
	if !k.parked.full() {
		return nil
	}
	writer := k.parked.frames[0].key()
	k.layouts.giveUp(k.parked.writers[writer].key)
	return k.retry(ctx, writer)
}

// unpark takes the frames whose wait is over.
func (k *intake) unpark(ctx context.Context) error {
	if len(k.parked.frames) == 0 {
		return nil
	}
	var over []model.WriterKey
	for writer, w := range k.parked.writers {
		settled := k.overdue(w.since)
		if !settled {
			var err error
			if settled, err = k.layouts.settled(ctx, w.key); err != nil {
				return err
			}
		}
		if settled {
			over = append(over, writer)
		}
	}
	for _, writer := range over {
		if err := k.retry(ctx, writer); err != nil {
			return err
		}
	}
	return nil
}

// retry processes the waiting frames of a writer.
func (k *intake) retry(ctx context.Context, writer model.WriterKey) error {
	for _, f := range k.parked.take(writer) {
		if err := k.frameSince(ctx, &f.Frame, f.repeat, f.since); err != nil {
			return err
		}
	}
	return nil
}
