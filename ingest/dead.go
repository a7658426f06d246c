package ingest

import (
	"context"
	"time"

	"github.com/rs/zerolog"
)

const (
	// deadTimeout bounds one try to hand a dead frame over, deadPause is how long after a failure none is made: what cannot be
	// processed must not hold up what can.
	deadTimeout = 2 * time.Second
	deadPause   = 10 * time.Second
	// deadLogInterval is the least time between two log entries.
	deadLogInterval = 10 * time.Second
)

// deadLetters hands frames over that cannot be processed. It belongs to the Core's goroutine.
type deadLetters struct {
	to       DeadLetters
	counters *counters
	log      zerolog.Logger

	pausedUntil time.Time
	nextLog     time.Time
}

// send counts f and hands it over; when that fails it is counted as lost. An error says that ctx ended, and f may come again.
func (d *deadLetters) send(ctx context.Context, f Frame, reason error) error {
	d.counters.dead.Inc()
	now := time.Now()
	if !now.Before(d.nextLog) {
		d.nextLog = now.Add(deadLogInterval)
		d.log.Warn().Err(reason).Stringer("writer", f.key()).Uint64("sequence", f.Sequence).
			Uint64("dead_frames", d.counters.dead.Get()).Msg("frame goes to the dead letters")
	}
	if now.Before(d.pausedUntil) {
		d.counters.deadLost.Inc()
		return nil
	}
	request, cancel := context.WithTimeout(ctx, deadTimeout)
	defer cancel()
	err := d.to.Dead(request, f, reason)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		d.counters.deadLost.Inc()
		d.pausedUntil = now.Add(deadPause)
		d.log.Error().Err(err).Msg("dead letters cannot be stored")
	}
	return nil
}
