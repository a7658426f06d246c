package bus

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

const (
	// duplicateWindow is how long a stream remembers message ids. Who sends later than this relies on the frame's number.
	duplicateWindow = 2 * time.Minute
	// metaVersions is how many versions of one writer's metadata stay. The last one would not do: frames of an older
	// version may still wait in UA_DATA when the writer's fields change, and cannot be decoded without it.
	metaVersions = 64
	// keyRevisions is how many revisions of one key stay for roll-back (the most a bucket keeps).
	keyRevisions = 64
	deadMaxAge   = 30 * 24 * time.Hour
)

// EnsureStreams makes the streams and buckets of the platform, or brings existing ones to this form.
// maxBytes is the bound of all together (Server.MaxStore): UA_DATA takes 60 %, UA_META, UA_DEAD 4 %, each bucket 1 %, and
// the rest is left for streams of others. When its bound falls below what it holds, UA_DATA keeps all and refuses frames
// until enough is purged; UA_META and UA_DEAD drop their oldest.
func EnsureStreams(ctx context.Context, c *Conn, maxBytes int64) error {
	if maxBytes < minMaxStore {
		return fmt.Errorf("make streams: max store %d is too small: use at least %d bytes", maxBytes, minMaxStore)
	}
	percent := maxBytes / 100
	for _, cfg := range []jetstream.StreamConfig{
		{
			Name: StreamData, Description: "OPC UA PubSub frames", Subjects: []string{prefixData + ">"},
			Storage: jetstream.FileStorage, Retention: jetstream.LimitsPolicy, MaxBytes: 60 * percent,
			// New, so that a full stream holds the publishers back instead of losing frames that are not yet in the store.
			Discard: jetstream.DiscardNew, Duplicates: duplicateWindow,
			AllowDirect: true, AllowAtomicPublish: true,
			// What Publisher keeps the order with.
			AllowBatchPublish: true,
		},
		{
			Name: StreamMeta, Description: "OPC UA DataSetMetaData", Subjects: []string{prefixMeta + ">"},
			Storage: jetstream.FileStorage, Retention: jetstream.LimitsPolicy, MaxBytes: 4 * percent,
			MaxMsgsPerSubject: metaVersions, Discard: jetstream.DiscardOld, AllowDirect: true,
		},
		{
			Name: StreamDead, Description: "frames that did not decode", Subjects: []string{prefixDead + ">"},
			Storage: jetstream.FileStorage, Retention: jetstream.LimitsPolicy, MaxBytes: 4 * percent, MaxAge: deadMaxAge,
			Discard: jetstream.DiscardOld, AllowDirect: true,
		},
	} {
		if _, err := c.js.CreateOrUpdateStream(ctx, cfg); err != nil {
			return fmt.Errorf("make stream %s: %w", cfg.Name, err)
		}
	}
	for _, name := range []string{BucketGateway, BucketServer, BucketWriter} {
		if _, err := EnsureBucket(ctx, c, name, percent); err != nil {
			return err
		}
	}
	return nil
}

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
	if err := st.Purge(ctx, jetstream.WithPurgeSequence(upTo+1)); err != nil {
		return fmt.Errorf("purge stream %s up to %d: %w", name, upTo, err)
	}
	return nil
}

// NextNumber returns the number from which a gateway's frames may go on: above the newest one in the stream, and above the
// microseconds since 1970, because the newest one may have been purged and a number used twice within the duplicate window
// would make the stream drop a frame silently. Who keeps a running number on disk does not need it.
func (c *Conn) NextNumber(ctx context.Context, stream, gateway string) (uint64, error) {
	subjects, err := wildcard(prefixData, gateway)
	if err != nil {
		return 0, err
	}
	st, err := c.js.Stream(ctx, stream)
	if err != nil {
		return 0, fmt.Errorf("look up stream %s: %w", stream, err)
	}
	next := uint64(time.Now().UnixMicro())
	m, err := st.GetLastMsgForSubject(ctx, subjects)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return next, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read last frame of gateway %q: %w", gateway, err)
	}
	return max(next, headerNumber(m.Header)+1), nil
}
