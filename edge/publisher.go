package edge

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"hash/maphash"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// FrameSink stores frames. It keeps the order of frames of one writer.
type FrameSink interface {
	// PublishFrame takes over one UADP NetworkMessage of a writer and returns. It blocks while too many frames are on their way,
	// which ctx ends. If it returns nil, done is called once: with nil when the frame is stored, with an error when that will not be
	// known any more. The frame belongs to the sink until then; done must not block.
	PublishFrame(ctx context.Context, w model.WriterKey, frame []byte, done func(error)) error
}

// Metadata stores the metadata of writers, all versions of which a reader may need.
type Metadata interface {
	// LastMetadata returns the newest version, nil if there is none.
	LastMetadata(ctx context.Context, w model.WriterKey) (*model.DataSetMetaData, error)
	// StoreMetadata returns when the new version is stored.
	StoreMetadata(ctx context.Context, m *model.DataSetMetaData) error
}

// PublisherConfig is when frames are closed. A frame is closed by what comes first.
type PublisherConfig struct {
	// Gateway is the PublisherId in the frames.
	Gateway string
	// MaxFrameBytes is the size at which a frame is closed; one value may take it beyond. 0 means 16 KiB.
	MaxFrameBytes int
	// MaxFrameValues is the number of values at which a frame is closed. 0 means 4096.
	MaxFrameValues int
	// MaxFrameAge is how long a value waits in an open frame. 0 means 100 ms.
	MaxFrameAge time.Duration
}

// PublisherStatistics are running totals since the start, and what is on its way now.
type PublisherStatistics struct {
	// Frames, Values and Bytes were handed over to be stored.
	Frames, Values, Bytes uint64
	// Dropped values came for a field or a writer that was removed; Refused ones cannot be encoded; Unstored frames were handed over when the
	// gateway ended, and it is not known whether they are stored.
	Dropped, Refused, Unstored uint64
	// Pending frames are handed over and not stored yet.
	Pending int
}

// Publisher turns values into UADP frames, one open frame per DataSetWriter. Its methods may be called from several goroutines.
type Publisher struct {
	cfg      PublisherConfig
	sink     FrameSink
	metadata Metadata
	log      zerolog.Logger
	frames   framePool
	seed     maphash.Seed

	mu       sync.Mutex
	dataSets map[model.WriterKey]*dataSet
	ctx      context.Context // ends handing over; set by Run

	values, bytes, handed, dropped, refused, unstored atomic.Uint64
	pending                                           atomic.Int64
}

// NewPublisher makes a Publisher that hands its frames to sink.
func NewPublisher(cfg PublisherConfig, sink FrameSink, m Metadata, log zerolog.Logger) *Publisher {
	if cfg.MaxFrameBytes <= 0 {
		cfg.MaxFrameBytes = 16 << 10
	}
	if cfg.MaxFrameValues <= 0 {
		cfg.MaxFrameValues = 4096
	}
	if cfg.MaxFrameAge <= 0 {
		cfg.MaxFrameAge = 100 * time.Millisecond
	}
	return &Publisher{cfg: cfg, sink: sink, metadata: m, log: log, seed: maphash.MakeSeed(), dataSets: map[model.WriterKey]*dataSet{}, ctx: context.Background()}
}

// Statistics returns the totals.
func (p *Publisher) Statistics() PublisherStatistics {
	return PublisherStatistics{
		Frames: p.handed.Load(), Values: p.values.Load(), Bytes: p.bytes.Load(), Dropped: p.dropped.Load(), Refused: p.refused.Load(),
		Unstored: p.unstored.Load(), Pending: int(p.pending.Load()),
	}
}

// Run closes frames whose time has come, until ctx ends; then it closes all open ones and waits until they are stored, for at
// most grace. The sources must have ended before.
func (p *Publisher) Run(ctx context.Context, grace time.Duration) error {
	handOver, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	p.mu.Lock()
	p.ctx = handOver
	p.mu.Unlock()
	tick := time.NewTicker(max(p.cfg.MaxFrameAge/4, time.Millisecond))
	defer tick.Stop()
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case now := <-tick.C:
			for _, d := range p.open() {
				d.closeOlder(now.Add(-p.cfg.MaxFrameAge), now)
			}
		}
	}
	deadline := time.AfterFunc(grace, cancel)
	defer deadline.Stop()
	for _, d := range p.open() {
		d.replace(nil)
	}
	for p.pending.Load() > 0 {
		select {
		case <-handOver.Done():
			return fmt.Errorf("close publisher: %d frames were not stored within %s", p.pending.Load(), grace)
		case <-tick.C:
		}
	}
	return nil
}

// open returns the DataSets in use.
func (p *Publisher) open() []*dataSet {
	p.mu.Lock()
	defer p.mu.Unlock()
	sets := make([]*dataSet, 0, len(p.dataSets))
	for _, d := range p.dataSets {
		sets = append(sets, d)
	}
	return sets
}

// Open implements DataSets. The metadata gets a new version when it is not what was stored last.
func (p *Publisher) Open(ctx context.Context, w model.DataSetWriter, fields []model.FieldMetaData, types *model.DataTypeSchema) (DataSet, error) {
	if len(fields) > maxFields {
		return nil, fmt.Errorf("writer %s has %d fields, a DataSet can have %d: split it", w.Key(), len(fields), maxFields)
	}
	m := model.DataSetMetaData{
		Gateway: w.Gateway, Group: w.Group, Writer: w.Name, Server: w.Server, Fields: fields, ExtensionFields: w.ExtensionFields, Types: types,
	}
	last, err := p.metadata.LastMetadata(ctx, w.Key())
	if err != nil {
		return nil, fmt.Errorf("open data set %s: %w", w.Key(), err)
	}
	if last != nil && sameDataSet(last, &m) {
		m.Version = last.Version
	} else {
		m.Version = nextVersion(last, time.Now())
		if err := p.metadata.StoreMetadata(ctx, &m); err != nil {
			return nil, fmt.Errorf("open data set %s: %w", w.Key(), err)
		}
	}
	d := newDataSet(p, &w, m.Version, fields)
	var set DataSet = d
	if w.Events != nil {
		set = newEventSet(d)
	}
	p.mu.Lock()
	earlier := p.dataSets[w.Key()]
	p.dataSets[w.Key()] = d
	p.mu.Unlock()
	if earlier != nil {
		earlier.replace(succeed(earlier, d))
	}
	return set, nil
}

// Close closes the open frame of a writer that is not published any more.
func (p *Publisher) Close(w model.WriterKey) {
	p.mu.Lock()
	d := p.dataSets[w]
	delete(p.dataSets, w)
	p.mu.Unlock()
	if d != nil {
		d.replace(nil)
	}
}

// sameTypes compares schemas by their text, which is how one of them was stored.
func sameTypes(a, b *model.DataTypeSchema) bool {
	if a == nil || b == nil {
		return a == b
	}
	x, err := json.Marshal(a)
	if err != nil {
		return false
	}
	y, err := json.Marshal(b)
	return err == nil && bytes.Equal(x, y)
}

// sameDataSet tells whether two versions of metadata differ in nothing but the version.
func sameDataSet(a, b *model.DataSetMetaData) bool {
	if a.Server != b.Server || len(a.ExtensionFields) != len(b.ExtensionFields) || !sameTypes(a.Types, b.Types) {
		return false
	}
	for k, v := range a.ExtensionFields {
		if w, ok := b.ExtensionFields[k]; !ok || w != v {
			return false
		}
	}
	return slices.EqualFunc(a.Fields, b.Fields, func(f, g model.FieldMetaData) bool {
		return f.Name == g.Name && f.BuiltInType == g.BuiltInType && f.DataType == g.DataType && f.ValueRank == g.ValueRank &&
			slices.Equal(f.ArrayDimensions, g.ArrayDimensions) && f.Node == g.Node && f.Path == g.Path && f.Unit == g.Unit
	})
}

// nextVersion is a version that was never used: the time in seconds since 2000 (VersionTime, Part 4, 7.43), or one more than the
// last when that is later.
func nextVersion(last *model.DataSetMetaData, now time.Time) model.ConfigurationVersion {
	v := uint32(now.Unix() - time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).Unix())
	if last != nil {
		v = max(v, last.Version.Major+1)
	}
	return model.ConfigurationVersion{Major: v, Minor: v}
}
