package bus

import (
	"context"
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
	// markerAge is how long a purged key is remembered, so that watchers that were away learn of it.
	markerAge = 24 * time.Hour
)

// Shares of the store, in percent. What is left belongs to buckets and streams of others.
const (
	dataShare   = 60
	textShare   = 15
	eventShare  = 5
	metaShare   = 4
	deadShare   = 4
	bucketShare = 1 // of each bucket
	// maxShare leaves room for some ten buckets.
	maxShare = 90
)

const (
	textMaxAge  = 90 * 24 * time.Hour
	eventMaxAge = 90 * 24 * time.Hour
	deadMaxAge  = 30 * 24 * time.Hour
)

// StreamsConfig bounds the platform's streams. Its zero value but MaxBytes is the default.
type StreamsConfig struct {
	// MaxBytes bounds all streams and buckets together: Server.MaxStore.
	MaxBytes int64
	// Replicas is how many servers of a cluster hold each stream and bucket: 1, 3 or 5. 0 means 1.
	Replicas int
	// MaxFrame is the largest frame that UA_DATA takes, headers included, in bytes. 0 means what a message may have.
	MaxFrame int
	// Data, Text, Event, Meta and Dead bound one stream each. Their default shares are 60, 15, 5, 4 and 4 percent; UA_TEXT and UA_EVENT
	// keep 90 days, UA_DEAD 30. Data has no age: a full UA_DATA refuses frames, and never drops one.
	Data, Text, Event, Meta, Dead StreamLimit
}

// StreamLimit bounds one stream.
type StreamLimit struct {
	// Share is the stream's part of MaxBytes in percent. 0 means the default.
	Share int
	// MaxAge is after how long messages go. 0 means the default.
	MaxAge time.Duration
}

func (l *StreamLimit) setDefaults(share int, age time.Duration) {
	if l.Share == 0 {
		l.Share = share
	}
	if l.MaxAge == 0 {
		l.MaxAge = age
	}
}

func (cfg *StreamsConfig) setDefaults() {
	if cfg.Replicas == 0 {
		cfg.Replicas = 1
	}
	cfg.Data.setDefaults(dataShare, 0)
	cfg.Text.setDefaults(textShare, textMaxAge)
	cfg.Event.setDefaults(eventShare, eventMaxAge)
	cfg.Meta.setDefaults(metaShare, 0)
	cfg.Dead.setDefaults(deadShare, deadMaxAge)
}

// Validate says which part of cfg cannot be used, and what to use instead.
func (cfg StreamsConfig) Validate() error {
	cfg.setDefaults()
	sum := 0
	for _, s := range [...]struct {
		name  string
		limit StreamLimit
	}{{"data", cfg.Data}, {"text", cfg.Text}, {"event", cfg.Event}, {"meta", cfg.Meta}, {"dead", cfg.Dead}} {
		if s.limit.Share < 1 {
			return fmt.Errorf("streams config: %s.share %d: use 1 to %d percent", s.name, s.limit.Share, maxShare)
		}
		if s.limit.MaxAge < 0 || s.limit.MaxAge > 0 && s.limit.MaxAge < duplicateWindow {
			return fmt.Errorf("streams config: %s.max_age %s: use at least %s, or 0 for the default", s.name, s.limit.MaxAge, duplicateWindow)
		}
		sum += s.limit.Share
	}
	switch {
	case cfg.MaxBytes < minMaxStore:
		return fmt.Errorf("streams config: max_bytes %d is too small: use at least %d", cfg.MaxBytes, minMaxStore)
	case cfg.Replicas != 1 && cfg.Replicas != 3 && cfg.Replicas != 5:
		return fmt.Errorf("streams config: replicas %d: use 1, or 3 or 5 in a cluster of as many servers", cfg.Replicas)
	case cfg.MaxFrame < 0 || cfg.MaxFrame > 0 && cfg.MaxFrame < minMaxFrame:
		return fmt.Errorf("streams config: max_frame %d: use at least %d bytes, or 0 for what a message may have", cfg.MaxFrame, minMaxFrame)
	case cfg.Data.MaxAge != 0:
		return fmt.Errorf("streams config: data.max_age %s: frames are dropped by no age, only by the core that stored them: leave it 0", cfg.Data.MaxAge)
	case cfg.Meta.MaxAge != 0:
		return fmt.Errorf("streams config: meta.max_age %s: frames cannot be decoded without their metadata: leave it 0", cfg.Meta.MaxAge)
	case sum > maxShare:
		return fmt.Errorf("streams config: the shares of data, text, event, meta and dead sum up to %d percent: use at most %d, the rest is for buckets", sum, maxShare)
	}
	return nil
}

// minMaxFrame is the smallest bound of a frame: what a publisher of the platform closes frames at by default.
const minMaxFrame = 64 << 10

// EnsureStreams makes the streams and buckets of the platform, or brings existing ones to this form. When its bound falls
// below what it holds, UA_DATA keeps all and refuses frames until enough is purged; the others drop their oldest.
func EnsureStreams(ctx context.Context, c *Conn, cfg StreamsConfig) error {
	if err := cfg.Validate(); err != nil {
		return err
	}
	cfg.setDefaults()
	for _, sc := range cfg.streams() {
		err := insist(ctx, func(ctx context.Context) error {
			_, err := c.js.CreateOrUpdateStream(ctx, sc)
			return err
		})
		if err != nil {
			return fmt.Errorf("make stream %s: %w", sc.Name, err)
		}
	}
	for _, name := range []string{BucketGateway, BucketConfiguration} {
		if _, err := EnsureBucket(ctx, c, name, cfg.MaxBytes/100*bucketShare); err != nil {
			return err
		}
	}
	return nil
}

func (cfg *StreamsConfig) streams() []jetstream.StreamConfig {
	base := func(name, description, prefix string, limit StreamLimit) jetstream.StreamConfig {
		return jetstream.StreamConfig{
			Name: name, Description: description, Subjects: []string{prefix + ">"},
			Storage: jetstream.FileStorage, Retention: jetstream.LimitsPolicy, Discard: jetstream.DiscardOld,
			MaxBytes: cfg.MaxBytes / 100 * int64(limit.Share), MaxAge: limit.MaxAge,
			Replicas: cfg.Replicas, AllowDirect: true,
		}
	}
	data := base(StreamData, "OPC UA PubSub frames", prefixData, cfg.Data)
	// New, so that a full stream holds the publishers back instead of losing frames that are not yet in the store.
	data.Discard, data.Duplicates = jetstream.DiscardNew, duplicateWindow
	// AllowBatchPublish is what Publisher keeps the order with.
	data.AllowAtomicPublish, data.AllowBatchPublish = true, true
	data.SubjectTransform = partitionTransform()
	data.MaxMsgSize = int32(cfg.MaxFrame)

	meta := base(StreamMeta, "OPC UA DataSetMetaData", prefixMeta, cfg.Meta)
	meta.MaxMsgsPerSubject = metaVersions

	dead := base(StreamDead, "frames that did not decode", prefixDead, cfg.Dead)

	text := base(StreamText, "history of values that are no numbers", prefixText, cfg.Text)
	text.Duplicates, text.AllowBatchPublish = duplicateWindow, true

	event := base(StreamEvent, "OPC UA events and conditions", prefixEvent, cfg.Event)
	event.Duplicates, event.AllowBatchPublish = duplicateWindow, true
	return []jetstream.StreamConfig{data, meta, dead, text, event}
}
