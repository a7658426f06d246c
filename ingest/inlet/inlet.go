package inlet

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/sync/semaphore"

	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/uadp"
	"github.com/shopfloor-iiot/shopfloor/model/uajson"
)

const (
	// pendingOverhead is what a message on its way costs beyond its bytes.
	pendingOverhead = 512
	// metadataTimeout bounds storing one version of metadata.
	metadataTimeout = 10 * time.Second
)

// Frames stores network messages, those of one publisher in the order in which it takes them.
type Frames interface {
	// PublishFrame takes over one network message and returns. It blocks while too many are on their way, which ctx ends; with a ctx
	// that has ended already it takes the message at once or not at all. If it returns nil, done is called once: with nil when the
	// message is stored, with an error when that will not be known any more. The frame belongs to it until then; done does not block.
	// An error that wraps ErrRefused says that the message will never be taken.
	PublishFrame(ctx context.Context, key model.WriterKey, contentType string, frame []byte, done func(error)) error
}

// Metadata stores the metadata of writers, all versions of which a reader may need.
type Metadata interface {
	// StoreMetadata returns when the version is stored. To store one again that is there already does nothing. An error that wraps
	// ErrRefused says that it will never be taken.
	StoreMetadata(ctx context.Context, m *model.DataSetMetaData) error
}

// Inlet takes foreign network messages. Its methods may be called from several goroutines.
type Inlet struct {
	cfg        Config
	frames     Frames
	metadata   Metadata
	dead       *deadLetters
	publishers *publishers
	counters   *counters
	pending    *semaphore.Weighted
	// announcements are those of UADP that come in chunks.
	announcements announcements
	// The decoders keep their memory.
	uadpDecoders sync.Pool // of *uadp.Decoder
	jsonDecoders sync.Pool // of *uajson.Decoder
}

// New makes an Inlet, or says what is wrong with its configuration.
func New(cfg Config, frames Frames, metadata Metadata, dead DeadLetters, log zerolog.Logger) (*Inlet, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("inlet: %w", err)
	}
	cfg.setDefaults()
	in := &Inlet{
		cfg: cfg, frames: frames, metadata: metadata, publishers: newPublishers(cfg.MaxPublishers), counters: newCounters(),
		pending:      semaphore.NewWeighted(cfg.MaxPendingBytes),
		uadpDecoders: sync.Pool{New: func() any { return new(uadp.Decoder) }},
		jsonDecoders: sync.Pool{New: func() any { return new(uajson.Decoder) }},
	}
	in.announcements.parts = uadp.NewReassembler(announcementLimits)
	in.dead = newDeadLetters(dead, in.counters, cfg.DeadLettersPerSecond, log)
	in.counters.set.NewGauge("shopfloor_inlet_publishers", func() float64 { return float64(in.publishers.len()) })
	return in, nil
}

// MaxMessage is the size in bytes above which Take refuses a message.
func (in *Inlet) MaxMessage() int { return in.cfg.MaxMessage }

// Take takes a message over. It blocks while too many bytes are on their way to the stream, which ctx ends; with a ctx that has
// ended already it takes the message at once or not at all.
//
// If Take returns nil, done is called exactly once, perhaps before Take returns. It must not block. Its error is nil when the
// message is done with: stored, or one that is not to be stored. An error that wraps ErrRefused says that it can never be taken; it is
// kept as a dead letter for people to look at, and its sender is to be told that it is done with. Any other error says that its fate
// is unknown: send it again. If Take returns an error, the message is not taken and done is not called.
func (in *Inlet) Take(ctx context.Context, m *Message, done func(error)) error {
	in.counters.messages.Inc()
	in.counters.bytes.Add(len(m.Payload))
	if m.Kind == KindOther {
		in.counters.other.Inc()
		done(nil)
		return nil
	}
	if len(m.Payload) > in.cfg.MaxMessage {
		in.counters.tooLarge.Inc()
		in.bury(ctx, m, model.WriterKey{}, "", fmt.Errorf("%w: %d bytes, at most %d are allowed: chunk UADP, put fewer data sets into a JSON message",
			errTooLarge, len(m.Payload), in.cfg.MaxMessage), done)
		return nil
	}
	if m.Err != nil {
		in.bury(ctx, m, model.WriterKey{}, "", m.Err, done)
		return nil
	}
	h, err := in.header(m)
	var key model.WriterKey
	if err == nil && h.kind != KindOther {
		key, err = m.key(&h)
	}
	if err != nil {
		in.bury(ctx, m, model.WriterKey{}, h.contentType(), err, done)
		return nil
	}
	if h.kind == KindOther {
		in.counters.other.Inc()
		done(nil)
		return nil
	}
	p := in.publishers.see(key.Gateway, time.Now())
	if p == nil {
		err := fmt.Errorf("%w: %d others are known: raise maxPublishers", errPublishers, in.cfg.MaxPublishers)
		in.bury(ctx, m, key, h.contentType(), err, done)
		return nil
	}
	if h.kind == KindMetaData && !in.takeMetadata(ctx, m, &h, key, done) {
		return nil
	}
	return in.takeFrame(ctx, m, &h, key, p, done)
}

// takeFrame hands a message over as it is.
func (in *Inlet) takeFrame(ctx context.Context, m *Message, h *header, key model.WriterKey, p *publisher, done func(error)) error {
	weight := min(int64(len(m.Payload)+pendingOverhead), in.cfg.MaxPendingBytes)
	if !in.pending.TryAcquire(weight) {
		in.counters.blocked.Inc()
		if err := in.pending.Acquire(ctx, weight); err != nil {
			return fmt.Errorf("take message from %s: too many are on their way: %w", m.Source, err)
		}
	}
	in.counters.pending.Add(weight)
	release := func() {
		in.counters.pending.Add(-weight)
		in.pending.Release(weight)
	}
	size := len(m.Payload)
	err := in.frames.PublishFrame(ctx, key, h.contentType(), m.Payload, func(err error) {
		release()
		if err == nil {
			in.counters.stored.Inc()
			p.stored(size, time.Now())
		} else {
			in.counters.unstored.Inc()
		}
		done(err)
	})
	if err == nil {
		return nil
	}
	release()
	if errors.Is(err, ErrRefused) {
		in.bury(ctx, m, key, h.contentType(), err, done)
		return nil
	}
	return fmt.Errorf("take message from %s: %w", m.Source, err)
}

// takeMetadata stores metadata before it returns, so that it is there before the frames that come behind it. It returns true when the
// message has data as well; done is not called then.
func (in *Inlet) takeMetadata(ctx context.Context, m *Message, h *header, key model.WriterKey, done func(error)) (data bool) {
	sets, data, err := in.metaData(m, h, key)
	// A ctx that has ended says that frames are not waited for; storing metadata always takes a moment.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), metadataTimeout)
	defer cancel()
	for i := 0; err == nil && i < len(sets); i++ {
		if err = in.metadata.StoreMetadata(ctx, sets[i]); err != nil && !errors.Is(err, ErrRefused) {
			in.counters.unstored.Inc()
			done(fmt.Errorf("store metadata of %s: %w", key, err))
			return false
		}
	}
	if err != nil {
		in.bury(ctx, m, key, h.contentType(), err, done)
		return false
	}
	in.counters.metadata.Inc()
	if !data {
		done(nil)
	}
	return data
}

// metaData decodes the metadata in a message.
func (in *Inlet) metaData(m *Message, h *header, key model.WriterKey) (sets []*model.DataSetMetaData, data bool, err error) {
	writers := h.announced
	if h.encoding == EncodingJSON {
		if writers, data, err = in.jsonMetaData(m.Payload); err != nil {
			return nil, false, err
		}
	}
	for i := range writers {
		of, err := writers[i].toModel(key)
		if err != nil {
			return nil, false, err
		}
		sets = append(sets, of...)
	}
	return sets, data, nil
}

// bury makes a message a dead letter: there is nothing else that could be done with it.
func (in *Inlet) bury(ctx context.Context, m *Message, key model.WriterKey, contentType string, reason error, done func(error)) {
	if key.Gateway == "" {
		key.Gateway = m.Way + ":" // no publisher has this name
	}
	done(in.dead.send(ctx, m, key, contentType, reason))
}
