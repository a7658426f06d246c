package bus

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// StreamState is what a stream holds.
type StreamState struct {
	// Created is the stream's identity: a stream made anew has the same name, other sequences and another time.
	Created time.Time
	// First is the sequence of the oldest message, or of the next one when there is none.
	First uint64
	// Last is the sequence of the newest message ever stored, 0 if none was.
	Last     uint64
	Messages uint64
	Bytes    uint64
	// MaxBytes is the stream's bound.
	MaxBytes int64
}

// StreamState asks for the state of a stream.
func (c *Conn) StreamState(ctx context.Context, name string) (StreamState, error) {
	st, err := c.js.Stream(ctx, name)
	if err != nil {
		return StreamState{}, fmt.Errorf("look up stream %s: %w", name, err)
	}
	info := st.CachedInfo()
	s := StreamState{
		Created: info.Created, First: info.State.FirstSeq, Last: info.State.LastSeq,
		Messages: info.State.Msgs, Bytes: info.State.Bytes, MaxBytes: info.Config.MaxBytes,
	}
	if s.Messages == 0 {
		s.First = s.Last + 1
	}
	return s, nil
}

// Purge removes the messages of a stream up to and with upTo; 0 removes none. A upTo behind the stream's end is a
// TailLostError: NATS would jump ahead and number the next frames from there.
func (c *Conn) Purge(ctx context.Context, name string, upTo uint64) error {
	return c.purge(ctx, name, upTo, []string{""})
}

// purge removes the messages of each filter up to and with upTo; "" means all.
func (c *Conn) purge(ctx context.Context, name string, upTo uint64, filters []string) error {
	if upTo == 0 {
		return nil
	}
	st, err := c.js.Stream(ctx, name)
	if err != nil {
		return fmt.Errorf("look up stream %s: %w", name, err)
	}
	if last := st.CachedInfo().State.LastSeq; upTo > last {
		return fmt.Errorf("purge: %w", &TailLostError{Stream: name, From: upTo + 1, Last: last})
	}
	for _, filter := range filters {
		if err := st.Purge(ctx, jetstream.WithPurgeSequence(upTo+1), jetstream.WithPurgeSubject(filter)); err != nil {
			return fmt.Errorf("purge stream %s up to %d: %w", name, upTo, err)
		}
	}
	return nil
}

// NextNumber returns the number from which a gateway's frames may go on: above the newest one in the stream, and above the
// microseconds since 1970, because the newest one may have been purged and a number used twice within the duplicate window
// would make the stream drop a frame silently. Who keeps a running number on disk does not need it.
func (c *Conn) NextNumber(ctx context.Context, stream, gateway string) (uint64, error) {
	last, _, err := c.lastNumber(ctx, stream, gateway)
	return max(uint64(time.Now().UnixMicro()), last+1), err
}

// lastNumber returns the number of a gateway's newest frame in a stream, 0 if there is none, and whether all frames before it are known to be
// there: it did not go before a backlog, nor was it of one.
func (c *Conn) lastNumber(ctx context.Context, stream, gateway string) (last uint64, inOrder bool, err error) {
	token, err := Escape(gateway)
	if err != nil {
		return 0, false, err
	}
	st, err := c.js.Stream(ctx, stream)
	if err != nil {
		return 0, false, fmt.Errorf("look up stream %s: %w", stream, err)
	}
	inOrder = true
	// The first are divided frames, the second those from before the stream was divided.
	for _, subjects := range [...]string{prefixPart + "*." + token + ".>", prefixData + token + ".>"} {
		m, err := st.GetLastMsgForSubject(ctx, subjects)
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			continue
		}
		if err != nil {
			return 0, false, fmt.Errorf("read last frame of gateway %q: %w", gateway, err)
		}
		last = max(last, headerNumber(m.Header))
		inOrder = inOrder && m.Header.Get(headerLate) == "" && m.Header.Get(headerAhead) == ""
	}
	return last, inOrder, nil
}
