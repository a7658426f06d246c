package bus

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	// StreamBuffer holds what a gateway has not handed over to the core: frames, and the metadata that they need before them.
	StreamBuffer = "BUFFER"
	// StreamBufferMeta holds the metadata of the gateway's writers, for its own use and for a core that lost them.
	StreamBufferMeta = "BUFFER_META"

	prefixBufferMeta = "locmeta."
	// bufferMetaVersions is how many versions of one writer's metadata a gateway keeps.
	bufferMetaVersions = 8
	// bufferMetaShare is the part of the store for metadata, in percent.
	bufferMetaShare = 5
	// MinBuffer is the smallest bound of a buffer, in bytes.
	MinBuffer = 64 << 20
)

// BufferConfig bounds a gateway's buffer.
type BufferConfig struct {
	// Gateway is the gateway's own id.
	Gateway string
	// MaxBytes and MaxAge bound what waits for the core; then the oldest goes first, counted. MaxAge 0 means no bound.
	MaxBytes int64
	MaxAge   time.Duration
	// NumberFile keeps the numbers of frames unique (see numbers).
	NumberFile string
}

// Buffer is a gateway's own store of frames, which fills while the core is away. Its methods may be called from several goroutines.
type Buffer struct {
	conn      *Conn
	cfg       BufferConfig
	token     string
	numbers   *numbers
	publisher *Publisher
}

// OpenBuffer makes the streams of a buffer, or brings them to the form that cfg wants. Nothing is stored before Run.
func OpenBuffer(ctx context.Context, c *Conn, cfg BufferConfig) (*Buffer, error) {
	token, err := Escape(cfg.Gateway)
	switch {
	case err != nil:
		return nil, err
	case cfg.MaxBytes < MinBuffer:
		return nil, fmt.Errorf("buffer: max_bytes %d is too small: use at least %d", cfg.MaxBytes, MinBuffer)
	}
	meta := cfg.MaxBytes / 100 * bufferMetaShare
	for _, sc := range []jetstream.StreamConfig{
		{
			Name: StreamBuffer, Description: "frames that the core does not have yet", Subjects: []string{prefixLocal + token + ".>"},
			Storage: jetstream.FileStorage, Retention: jetstream.LimitsPolicy, Discard: jetstream.DiscardOld, MaxBytes: cfg.MaxBytes - meta, MaxAge: cfg.MaxAge,
			// Long enough for what the Publisher sends again after a lost acknowledgement.
			Duplicates: duplicateWindowFor(cfg.MaxAge), AllowBatchPublish: true,
		},
		{
			Name: StreamBufferMeta, Description: "metadata of the gateway's writers", Subjects: []string{prefixBufferMeta + token + ".>"},
			Storage: jetstream.FileStorage, Retention: jetstream.LimitsPolicy, Discard: jetstream.DiscardOld, MaxBytes: meta,
			MaxMsgsPerSubject: bufferMetaVersions, AllowDirect: true,
		},
	} {
		if _, err := c.js.CreateOrUpdateStream(ctx, sc); err != nil {
			return nil, fmt.Errorf("make stream %s: %w", sc.Name, err)
		}
	}
	b := &Buffer{conn: c, cfg: cfg, token: token}
	if b.numbers, err = openNumbers(cfg.NumberFile); err != nil {
		return nil, err
	}
	b.publisher, err = NewPublisher(c, PublisherConfig{Gateway: cfg.Gateway, NextNumber: b.numbers.first()})
	return b, err
}

func duplicateWindowFor(age time.Duration) time.Duration {
	if age > 0 && age < duplicateWindow {
		return age
	}
	return duplicateWindow
}

// Run stores what PublishFrame took until ctx ends.
func (b *Buffer) Run(ctx context.Context) error { return b.publisher.Run(ctx) }

// Publisher is what stores the frames, for its statistics.
func (b *Buffer) Publisher() *Publisher { return b.publisher }

// PublishFrame is Publisher.PublishFrame for a frame of one of the gateway's writers.
func (b *Buffer) PublishFrame(ctx context.Context, group, writer string, hdr FrameHeader, payload []byte, done func(error)) error {
	if limit := b.conn.MaxMessage() - uploadRoom; len(payload) > limit {
		return fmt.Errorf("publish frame of %d bytes: %w: at most %d: make the publisher close frames earlier", len(payload), ErrTooLarge, limit)
	}
	subject, err := Local(b.cfg.Gateway, group, writer)
	if err != nil {
		return err
	}
	return b.publisher.PublishFrame(ctx, subject, hdr, payload, done)
}

// StoreMeta stores a version of a writer's metadata, and puts it into the buffer before the frames that follow. A document equal to the last
// version is not stored again.
func (b *Buffer) StoreMeta(ctx context.Context, group, writer string, doc []byte) error {
	last, err := b.LastMeta(ctx, group, writer)
	if err != nil || string(last) == string(doc) {
		return err
	}
	// First into the buffer: if the second write does not come to pass, the next start makes a version anew.
	stored := make(chan error, 1)
	if err := b.PublishFrame(ctx, group, writer, FrameHeader{ContentType: contentMeta}, doc, func(err error) { stored <- err }); err != nil {
		return err
	}
	select {
	case err := <-stored:
		if err != nil {
			return fmt.Errorf("store metadata of %s/%s: %w", group, writer, err)
		}
	case <-ctx.Done():
		return fmt.Errorf("store metadata of %s/%s: %w", group, writer, ctx.Err())
	}
	subject, err := b.metaSubject(group, writer)
	if err != nil {
		return err
	}
	if _, err := b.conn.js.PublishMsg(ctx, &nats.Msg{Subject: subject, Data: doc}); err != nil {
		return fmt.Errorf("store metadata of %s/%s: %w", group, writer, err)
	}
	return nil
}

// LastMeta returns the newest version of a writer's metadata, nil if there is none.
func (b *Buffer) LastMeta(ctx context.Context, group, writer string) ([]byte, error) {
	subject, err := b.metaSubject(group, writer)
	if err != nil {
		return nil, err
	}
	st, err := b.conn.js.Stream(ctx, StreamBufferMeta)
	if err != nil {
		return nil, fmt.Errorf("look up stream %s: %w", StreamBufferMeta, err)
	}
	m, err := st.GetLastMsgForSubject(ctx, subject)
	switch {
	case errors.Is(err, jetstream.ErrMsgNotFound):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("read metadata of %s/%s: %w", group, writer, err)
	}
	return m.Data, nil
}

func (b *Buffer) metaSubject(group, writer string) (string, error) {
	return join(prefixBufferMeta+b.token+".", group, writer)
}

// MetaVersions returns the stored versions of a writer's metadata, the oldest first.
func (b *Buffer) MetaVersions(ctx context.Context, group, writer string) (docs [][]byte, err error) {
	last, err := b.LastMeta(ctx, group, writer)
	if err != nil || last == nil {
		return nil, err
	}
	subject, err := b.metaSubject(group, writer)
	if err != nil {
		return nil, err
	}
	frames, err := b.readMetadata(ctx, subject)
	for i := range frames {
		docs = append(docs, frames[i].Data)
	}
	return docs, err
}

// BufferState is what a buffer holds.
type BufferState struct {
	Frames, Bytes uint64
	MaxBytes      int64
	// Oldest is when the oldest of them was stored; zero when there is none.
	Oldest time.Time
}

// State asks for the state.
func (b *Buffer) State(ctx context.Context) (BufferState, error) {
	st, err := b.conn.js.Stream(ctx, StreamBuffer)
	if err != nil {
		return BufferState{}, fmt.Errorf("look up stream %s: %w", StreamBuffer, err)
	}
	info := st.CachedInfo()
	s := BufferState{Frames: info.State.Msgs, Bytes: info.State.Bytes, MaxBytes: info.Config.MaxBytes}
	if bound, err := strconv.ParseInt(info.Config.Metadata[metadataBound], 10, 64); err == nil {
		s.MaxBytes = bound // the disk is full, and the present one is what the Guard allows
	}
	if s.Frames > 0 {
		s.Oldest = info.State.FirstTime
	}
	return s, nil
}

// metadata returns all stored versions of all writers, the oldest first.
func (b *Buffer) metadata(ctx context.Context) (docs []Frame, err error) {
	ctx, cancel := context.WithTimeout(ctx, requestWait)
	defer cancel()
	st, err := b.conn.StreamState(ctx, StreamBufferMeta)
	if err != nil || st.Messages == 0 {
		return nil, err
	}
	return b.readMetadata(ctx)
}

// readMetadata reads the versions under some subjects, or all. There must be one at least.
func (b *Buffer) readMetadata(ctx context.Context, subjects ...string) (docs []Frame, err error) {
	ctx, cancel := context.WithTimeout(ctx, requestWait)
	defer cancel()
	cons, err := b.conn.js.OrderedConsumer(ctx, StreamBufferMeta, jetstream.OrderedConsumerConfig{
		DeliverPolicy: jetstream.DeliverAllPolicy, FilterSubjects: subjects,
	})
	if err != nil {
		return nil, fmt.Errorf("read metadata: %w", err)
	}
	defer b.conn.forget(cons, StreamBufferMeta)
	messages, err := cons.Messages(jetstream.PullMaxMessagesWithBytesLimit(pullFrames, pullBytes))
	if err != nil {
		return nil, fmt.Errorf("read metadata: %w", err)
	}
	defer messages.Stop()
	for {
		m, err := messages.Next(jetstream.NextContext(ctx))
		if err != nil {
			return nil, fmt.Errorf("read metadata: %w", err)
		}
		md, err := m.Metadata()
		if err != nil {
			return nil, fmt.Errorf("read metadata: %w", err)
		}
		var names [2]string
		if err := split(prefixBufferMeta+b.token+".", m.Subject(), names[:]); err == nil {
			docs = append(docs, Frame{ContentType: contentMeta, Group: names[0], Writer: names[1], Data: m.Data()})
		}
		if md.NumPending == 0 {
			return docs, nil
		}
	}
}
