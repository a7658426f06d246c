package mqttout

import (
	"context"
	"time"

	"github.com/shopfloor-iiot/shopfloor/edge"
)

const (
	// feedRetry is after how long the store is asked again after an error.
	feedRetry = time.Second
	// passInterval is how often a broker's position is saved: what it was sent since comes again after the process was killed.
	passInterval = time.Second
	// waitingTimeout bounds the question how much waits.
	waitingTimeout = time.Second
)

// feed reads frames and hands them to the sender, one batch ahead, until ctx ends. It begins when it is known which writers there are.
func (b *Broker) feed(ctx context.Context, to chan<- []edge.LogFrame) {
	select {
	case <-ctx.Done():
		return
	case <-b.configured:
	}
	var last uint64
	for failing := false; ctx.Err() == nil; {
		err := b.read(ctx, &last, to)
		if ctx.Err() != nil {
			return
		}
		if !failing {
			b.log.Warn().Err(err).Msg("frames for the broker cannot be read, trying again")
		}
		failing = true
		timer := time.NewTimer(feedRetry)
		select {
		case <-ctx.Done():
		case <-timer.C:
		}
		timer.Stop()
	}
}

// read reads frames behind last until there is an error.
func (b *Broker) read(ctx context.Context, last *uint64, to chan<- []edge.LogFrame) error {
	r, err := b.frames.Read(ctx, b.cfg.Name, *last)
	if err != nil {
		return err
	}
	defer r.Close()
	seen := uint64(0)
	for {
		frames, err := r.Next(ctx)
		if missed := r.Missed(); missed > seen {
			b.counters.dropped.Add(missed - seen)
			b.log.Warn().Uint64("frames", missed-seen).Msg("the gateway's buffer dropped frames before the broker had them: it was full, or they were too old")
			seen = missed
		}
		if err != nil {
			return err
		}
		select {
		case to <- frames:
			*last = frames[len(frames)-1].Sequence
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// waiting is how many frames the broker has not passed; 0 when that is not known.
func (b *Broker) waiting() uint64 {
	ctx, cancel := context.WithTimeout(context.Background(), waitingTimeout)
	defer cancel()
	n, err := b.frames.Waiting(ctx, b.cfg.Name)
	if err != nil {
		return 0
	}
	return n
}
