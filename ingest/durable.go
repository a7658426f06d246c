package ingest

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// stopShare is the part of the time for which checkpoints may stop ingest: one twentieth.
const stopShare = 20

// checkpointIfDue makes a checkpoint when rows were appended and it is time, and purges the stream from time to time. It is called
// between batches by the goroutine that appends: that is the gate which keeps Append off.
func (c *Core) checkpointIfDue(ctx context.Context) error {
	if c.appended > c.durable.Sequence && !time.Now().Before(c.nextCheckpoint) {
		started := time.Now()
		err := c.checkpoint(ctx)
		if errors.Is(err, ErrRowsLost) {
			return c.rewind(err)
		}
		if c.health.set(partCheckpoint, err) && err != nil {
			c.log.Error().Err(err).Msg("checkpoint not made, trying again")
		}
		took := time.Since(started)
		c.nextCheckpoint = time.Now().Add(max(c.cfg.CheckpointInterval, stopShare*took))
	}
	if c.durable.Sequence > c.purged && !time.Now().Before(c.nextPurge) {
		c.purge(ctx)
	}
	return nil
}

// checkpoint waits until all appended rows are on disk and saves the sequence.
func (c *Core) checkpoint(ctx context.Context) error {
	started := time.Now()
	limited, cancel := context.WithTimeout(ctx, checkpointTimeout)
	defer cancel()
	err := c.store.Checkpoint(limited)
	if err == nil {
		next := checkpoint{Stream: c.durable.Stream, Sequence: c.appended}
		if err = next.save(c.cfg.CheckpointFile); err == nil {
			c.durable = next
			c.counters.checkpoint.Store(next.Sequence)
			c.counters.checkpointSeconds.UpdateDuration(started)
			return nil
		}
	}
	c.counters.checkpointErrors.Inc()
	return fmt.Errorf("checkpoint at %d: %w", c.appended, err)
}

// lastCheckpoint is that of the end: ctx has ended already.
func (c *Core) lastCheckpoint(ctx context.Context) error {
	if c.appended <= c.durable.Sequence {
		return nil
	}
	return c.checkpoint(context.WithoutCancel(ctx))
}

// purge removes the frames that are on disk. What it cannot remove now it removes later.
func (c *Core) purge(ctx context.Context) {
	request, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	c.nextPurge = time.Now().Add(purgeInterval)
	if err := c.frames.Purge(request, c.durable.Sequence); err != nil {
		c.counters.purgeErrors.Inc()
		c.log.Warn().Err(err).Uint64("sequence", c.durable.Sequence).Msg("frames that are on disk not purged, trying again")
		return
	}
	c.purged = c.durable.Sequence
}
