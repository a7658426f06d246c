package ingest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/uadp"
)

// start is a time on which the tests' frames agree.
var start = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

var testKey = model.WriterKey{Gateway: "g1", Group: "line", Writer: "press"}

// metadata returns metadata of version 1.1 for fields of the given types, named a, b, c …
func metadata(key model.WriterKey, types ...model.BuiltInType) *model.DataSetMetaData {
	m := &model.DataSetMetaData{
		Gateway: key.Gateway, Group: key.Group, Writer: key.Writer, Server: "boiler", Version: model.ConfigurationVersion{Major: 1, Minor: 1},
		ExtensionFields: map[string]string{"site": "Ulm"},
	}
	for i, t := range types {
		name := string(rune('a' + i%26))
		if i >= 26 {
			name = fmt.Sprintf("f%d", i)
		}
		m.Fields = append(m.Fields, model.FieldMetaData{
			Name: name, BuiltInType: t, ValueRank: model.ValueRankScalar, Path: "Objects/Boiler/" + name, Unit: "bar",
			Node: model.ExpandedNodeID{NodeID: model.StringID(0, name), NamespaceURI: "urn:acme"},
		})
	}
	return m
}

// fieldValue is one field of a delta frame.
type fieldValue struct {
	index int
	value model.DataValue
}

// at makes a Good value at start plus the given duration.
func at(index int, v model.Variant, after time.Duration) fieldValue {
	return fieldValue{index, model.DataValue{Value: v, SourceTimestamp: model.DateTimeOf(start.Add(after))}}
}

// deltaFrame encodes one DataSetMessage of version 1.1.
func deltaFrame(t testing.TB, values ...fieldValue) []byte {
	t.Helper()
	return deltaFrameOf(t, model.ConfigurationVersion{Major: 1, Minor: 1}, values...)
}

func deltaFrameOf(t testing.TB, version model.ConfigurationVersion, values ...fieldValue) []byte {
	t.Helper()
	body := uadp.AppendDataSetHeader(nil, &uadp.DataSetHeader{
		Kind: uadp.DeltaFrame, Encoding: uadp.EncodingDataValue, Content: uadp.DataSetMajorVersion | uadp.DataSetMinorVersion, Version: version,
	}, uint16(len(values)))
	var err error
	for _, v := range values {
		if body, err = uadp.AppendDeltaField(body, uint16(v.index), &v.value, uadp.EncodingDataValue); err != nil {
			t.Fatal(err)
		}
	}
	h := uadp.Header{
		Content: uadp.ContentPublisherID | uadp.ContentPayloadHeader | uadp.ContentTimestamp, PublisherID: uadp.StringPublisherID("g1"),
		Timestamp: model.DateTimeOf(start.Add(time.Hour / 2)),
	}
	frame, err := uadp.AppendNetworkMessage(nil, &h, []uint16{7}, [][]byte{body})
	if err != nil {
		t.Fatal(err)
	}
	return frame
}

// frameOf wraps data as the stream's frame with that sequence; it arrived at start plus a minute.
func frameOf(sequence uint64, data []byte) Frame {
	return Frame{
		Sequence: sequence, Gateway: testKey.Gateway, Group: testKey.Group, Writer: testKey.Writer, Number: sequence,
		ContentType: ContentUADP, Time: start.Add(time.Minute), Data: data,
	}
}

// fakeStore keeps samples as VictoriaMetrics does: one per series and millisecond, the largest. What was appended after the last
// checkpoint is gone after crash.
type fakeStore struct {
	AppendFunc     func(rows []Row) error
	CheckpointFunc func() error

	mu      sync.Mutex
	samples map[string]map[int64]float64
	durable map[string]map[int64]float64
}

func (s *fakeStore) AppendName(dst []byte, metric string, labels []Label) []byte {
	labels = slices.DeleteFunc(slices.Clone(labels), func(l Label) bool { return l.Value == "" })
	slices.SortFunc(labels, func(a, b Label) int { return strings.Compare(a.Name, b.Name) })
	texts := make([]string, len(labels))
	for i, l := range labels {
		texts[i] = fmt.Sprintf("%s=%q", l.Name, l.Value)
	}
	return append(dst, metric+"{"+strings.Join(texts, ",")+"}"...)
}

func (s *fakeStore) Append(rows []Row) error {
	if s.AppendFunc != nil {
		if err := s.AppendFunc(rows); err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.samples == nil {
		s.samples = map[string]map[int64]float64{}
	}
	for _, r := range rows {
		series := s.samples[string(r.Name)]
		if series == nil {
			series = map[int64]float64{}
			s.samples[string(r.Name)] = series
		}
		if old, ok := series[r.Time]; !ok || r.Value > old || math.IsNaN(old) {
			series[r.Time] = r.Value
		}
	}
	return nil
}

func (s *fakeStore) Checkpoint(context.Context) error {
	if s.CheckpointFunc != nil {
		if err := s.CheckpointFunc(); err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.durable = copySamples(s.samples)
	return nil
}

// crash loses what no checkpoint covered.
func (s *fakeStore) crash() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.samples = copySamples(s.durable)
}

func copySamples(m map[string]map[int64]float64) map[string]map[int64]float64 {
	c := map[string]map[int64]float64{}
	for name, series := range m {
		c[name] = maps.Clone(series)
	}
	return c
}

// fakeStream is a stream in memory.
type fakeStream struct {
	NextFunc  func() error
	StateFunc func() error

	mu      sync.Mutex
	created time.Time
	first   uint64
	frames  []Frame
	added   chan struct{} // closed when frames were added
	purged  uint64
}

func newFakeStream() *fakeStream {
	return &fakeStream{created: start, first: 1, added: make(chan struct{})}
}

// add appends frames and gives them their sequences.
func (s *fakeStream) add(data ...[]byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range data {
		s.frames = append(s.frames, frameOf(s.first+uint64(len(s.frames)), d))
	}
	close(s.added)
	s.added = make(chan struct{})
}

func (s *fakeStream) last() uint64 { return s.first + uint64(len(s.frames)) - 1 }

func (s *fakeStream) State(context.Context) (StreamState, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.StateFunc != nil {
		if err := s.StateFunc(); err != nil {
			return StreamState{}, err
		}
	}
	return StreamState{Created: s.created, First: s.first, Last: s.last()}, nil
}

func (s *fakeStream) Purge(_ context.Context, upTo uint64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if upTo > s.last() {
		return fmt.Errorf("purge up to %d of %d", upTo, s.last())
	}
	if upTo >= s.first {
		s.frames = s.frames[upTo-s.first+1:]
		s.first = upTo + 1
	}
	s.purged = max(s.purged, upTo)
	return nil
}

func (s *fakeStream) Open(_ context.Context, from uint64) (FrameReader, error) {
	return &fakeReader{stream: s, next: from}, nil
}

type fakeReader struct {
	stream *fakeStream
	next   uint64
}

func (r *fakeReader) Next(ctx context.Context) ([]Frame, error) {
	for {
		r.stream.mu.Lock()
		if f := r.stream.NextFunc; f != nil {
			if err := f(); err != nil {
				r.stream.mu.Unlock()
				return nil, err
			}
		}
		r.next = max(r.next, r.stream.first)
		if last := r.stream.last(); r.next <= last {
			i := r.next - r.stream.first
			n := min(uint64(len(r.stream.frames)), i+5)
			frames := slices.Clone(r.stream.frames[i:n])
			r.next += n - i
			r.stream.mu.Unlock()
			return frames, nil
		}
		added := r.stream.added
		r.stream.mu.Unlock()
		select {
		case <-added:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (r *fakeReader) Close() {}

// fakeMeta knows some metadata.
type fakeMeta struct {
	MetadataFunc func() error

	mu    sync.Mutex
	metas map[layoutKey]*model.DataSetMetaData
}

func newFakeMeta(metas ...*model.DataSetMetaData) *fakeMeta {
	f := &fakeMeta{metas: map[layoutKey]*model.DataSetMetaData{}}
	for _, m := range metas {
		f.add(m)
	}
	return f
}

func (f *fakeMeta) add(m *model.DataSetMetaData) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.metas[layoutKey{model.WriterKey{Gateway: m.Gateway, Group: m.Group, Writer: m.Writer}, m.Version}] = m
}

func (f *fakeMeta) Metadata(_ context.Context, key model.WriterKey, v model.ConfigurationVersion) (*model.DataSetMetaData, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.MetadataFunc != nil {
		if err := f.MetadataFunc(); err != nil {
			return nil, err
		}
	}
	if m := f.metas[layoutKey{key, v}]; m != nil {
		return m, nil
	}
	return nil, ErrNoMetadata
}

// fakeDead keeps dead frames.
type fakeDead struct {
	DeadFunc func() error

	mu      sync.Mutex
	frames  []Frame
	reasons []error
}

func (d *fakeDead) Dead(_ context.Context, f Frame, reason error) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.DeadFunc != nil {
		if err := d.DeadFunc(); err != nil {
			return err
		}
	}
	d.frames, d.reasons = append(d.frames, f), append(d.reasons, reason)
	return nil
}

func (d *fakeDead) taken() []error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.reasons)
}

var errFake = errors.New("fake failure")
