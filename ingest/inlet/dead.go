package inlet

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/model"
)

const (
	// deadTimeout bounds one try to keep a dead letter; deadPause is how long after a failure none is made, so that what cannot be
	// taken does not hold up what can.
	deadTimeout = 2 * time.Second
	deadPause   = 10 * time.Second
	// deadLogInterval is the least time between two log entries.
	deadLogInterval = 10 * time.Second
	// deadHead is how much is kept of a message that is too large.
	deadHead = 64 << 10
)

// DeadLetter is a message that cannot be taken.
type DeadLetter struct {
	// Key tells whose it is as far as that is known: at least the way, "mqtt:", is in Gateway.
	Key model.WriterKey
	// ContentType is empty when it is not known. Data is the message; of one that is too large only the begin.
	ContentType string
	Data        []byte
	// Reason says why, and where it came from.
	Reason error
}

// DeadLetters keeps messages that cannot be taken, for people to look at.
type DeadLetters interface {
	// Dead returns when the message is kept. The letter is not used after that.
	Dead(ctx context.Context, l *DeadLetter) error
}

// deadLetters hands dead letters over, not more than a few a second.
type deadLetters struct {
	to       DeadLetters
	counters *counters
	log      zerolog.Logger
	rate     float64 // a second

	mu          sync.Mutex
	tokens      float64
	filled      time.Time
	pausedUntil time.Time
	nextLog     time.Time
}

func newDeadLetters(to DeadLetters, c *counters, perSecond int, log zerolog.Logger) *deadLetters {
	rate := float64(perSecond)
	return &deadLetters{to: to, counters: c, log: log, rate: rate, tokens: 10 * rate, filled: time.Now()}
}

// admit tells whether the letter is to be kept and whether to be logged.
func (d *deadLetters) admit(now time.Time) (keep, logged bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if logged = !now.Before(d.nextLog); logged {
		d.nextLog = now.Add(deadLogInterval)
	}
	if now.Before(d.pausedUntil) {
		return false, logged
	}
	d.tokens = min(d.tokens+d.rate*now.Sub(d.filled).Seconds(), 10*d.rate)
	d.filled = now
	if keep = d.tokens >= 1; keep {
		d.tokens--
	}
	return keep, logged
}

// send counts a message that cannot be taken and keeps it if it may. Either way the message is done with: the error wraps ErrRefused.
func (d *deadLetters) send(ctx context.Context, m *Message, key model.WriterKey, contentType string, reason error) error {
	d.counters.dead.Inc()
	now := time.Now()
	keep, logged := d.admit(now)
	if logged {
		d.log.Warn().Err(reason).Str("source", m.Source).Stringer("writer", key).Uint64("dead_messages", d.counters.dead.Get()).
			Msg("message of a foreign publisher goes to the dead letters")
	}
	reason = fmt.Errorf("%w: %w", ErrRefused, reason)
	if !keep {
		d.counters.deadLost.Inc()
		return reason
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), deadTimeout)
	defer cancel()
	l := DeadLetter{
		Key: key, ContentType: contentType, Data: m.Payload, Reason: fmt.Errorf("from %s: %w", strings.ToValidUTF8(m.Source, "?"), reason),
	}
	if errors.Is(reason, errTooLarge) {
		l.Data = l.Data[:min(len(l.Data), deadHead)]
	}
	if err := d.to.Dead(ctx, &l); err != nil {
		d.counters.deadLost.Inc()
		d.mu.Lock()
		d.pausedUntil = now.Add(deadPause)
		d.mu.Unlock()
		d.log.Error().Err(err).Msg("dead letters of foreign publishers cannot be stored")
	}
	return reason
}
