package edge

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/uadp"
)

// fakeSink decodes frames as they come.
type fakeSink struct {
	mu     sync.Mutex
	frames [][]byte
	block  chan struct{} // not nil: PublishFrame waits for it
	keep   bool          // do not acknowledge
	held   []func(error)
}

func (s *fakeSink) PublishFrame(ctx context.Context, _ model.WriterKey, frame []byte, done func(error)) error {
	s.mu.Lock()
	block := s.block
	s.mu.Unlock()
	if block != nil {
		select {
		case <-block:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.frames = append(s.frames, append([]byte{}, frame...))
	if s.keep {
		s.held = append(s.held, done)
		return nil
	}
	done(nil)
	return nil
}

func (s *fakeSink) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.frames)
}

// got is one value as it arrived.
type got struct {
	frame, message, field int
	value                 model.DataValue
	version               model.ConfigurationVersion
}

// values decodes all frames.
func (s *fakeSink) values(t *testing.T) []got {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []got
	var d uadp.Decoder
	for i, b := range s.frames {
		if err := d.Decode(b); err != nil {
			t.Fatalf("frame %d: %v", i, err)
		}
		for m := 0; d.Next(); m++ {
			var f uadp.Field
			for d.Field(&f) {
				out = append(out, got{i, m, int(f.Index), f.Value.Clone(), d.DataSet().Version})
			}
		}
		if err := d.Err(); err != nil {
			t.Fatalf("frame %d: %v", i, err)
		}
	}
	return out
}

// fakeMetadata keeps versions in memory.
type fakeMetadata struct {
	mu     sync.Mutex
	stored []model.DataSetMetaData
	fail   error
}

func (m *fakeMetadata) LastMetadata(_ context.Context, w model.WriterKey) (*model.DataSetMetaData, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := len(m.stored) - 1; i >= 0; i-- {
		if s := m.stored[i]; (model.WriterKey{Gateway: s.Gateway, Group: s.Group, Writer: s.Writer}) == w {
			return &s, nil
		}
	}
	return nil, m.fail
}

func (m *fakeMetadata) StoreMetadata(_ context.Context, d *model.DataSetMetaData) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.stored = append(m.stored, *d)
	return nil
}

var testWriter = model.DataSetWriter{Gateway: "g1", Group: "hall", Name: "press", Server: "s1", GroupID: 3, WriterID: 4}

func testFields(n int) []model.FieldMetaData {
	f := make([]model.FieldMetaData, n)
	for i := range f {
		f[i] = model.FieldMetaData{Name: fmt.Sprint("f", i), BuiltInType: model.TypeDouble, ValueRank: -1}
	}
	return f
}

func openTest(t *testing.T, p *Publisher, fields int) DataSet {
	t.Helper()
	d, err := p.Open(context.Background(), testWriter, testFields(fields), nil)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func double(v float64, at int64) *model.DataValue {
	return &model.DataValue{Value: model.DoubleValue(v), SourceTimestamp: model.DateTimeOfMilli(at)}
}

func TestPublisherKeepsEachValueInOrder(t *testing.T) {
	sink := &fakeSink{}
	p := NewPublisher(PublisherConfig{Gateway: "g1", MaxFrameValues: 100}, sink, &fakeMetadata{}, zerolog.Nop())
	d := openTest(t, p, 7)
	const n = 1000
	for i := range n {
		// Uneven on purpose: field 0 comes far more often than the others.
		field := 0
		if i%5 == 0 {
			field = i % 7
		}
		d.Put(field, double(float64(i), int64(i)))
	}
	p.Close(testWriter.Key())
	last := map[int]float64{}
	seen := map[[3]int]bool{}
	values := sink.values(t)
	for _, g := range values {
		if place := [3]int{g.frame, g.message, g.field}; seen[place] {
			t.Fatalf("field %d stands twice in one delta frame", g.field)
		} else {
			seen[place] = true
		}
		v := g.value.Value.Float()
		if prev, ok := last[g.field]; ok && v <= prev {
			t.Fatalf("field %d: %v after %v", g.field, v, prev)
		}
		last[g.field] = v
		if g.value.SourceTimestamp.UnixMilli() != int64(v) {
			t.Fatalf("value %v came with the time %v", v, g.value.SourceTimestamp)
		}
	}
	if s := p.Statistics(); len(values) != n || s.Values != n || s.Frames != 10 || s.Pending != 0 || s.Dropped+s.Refused+s.Unstored != 0 {
		t.Errorf("%d values arrived, statistics %+v", len(values), s)
	}
}

func TestPublisherClosesBySize(t *testing.T) {
	sink := &fakeSink{}
	p := NewPublisher(PublisherConfig{Gateway: "g1", MaxFrameBytes: 2000}, sink, &fakeMetadata{}, zerolog.Nop())
	d := openTest(t, p, 1000)
	for i := range 1000 {
		d.Put(i, double(1, 1))
	}
	sink.mu.Lock()
	defer sink.mu.Unlock()
	if len(sink.frames) < 8 {
		t.Fatalf("%d frames, want about 10", len(sink.frames))
	}
	for i, f := range sink.frames {
		if len(f) < 1900 || len(f) > 2200 {
			t.Errorf("frame %d has %d bytes, want about 2000", i, len(f))
		}
	}
}

func TestPublisherGivesLargeValuesAFrame(t *testing.T) {
	sink := &fakeSink{}
	p := NewPublisher(PublisherConfig{Gateway: "g1", MaxFrameBytes: 1 << 20}, sink, &fakeMetadata{}, zerolog.Nop())
	d := openTest(t, p, 3)
	large := &model.DataValue{Value: model.ArrayValue(make([]float64, 20_000))}
	d.Put(0, double(1, 1))
	d.Put(0, double(2, 2))
	d.Put(1, large)
	d.Put(2, double(3, 3))
	d.Put(0, double(4, 4))
	d.Put(1, large)
	p.Close(testWriter.Key())
	var order []int
	for _, g := range sink.values(t) {
		order = append(order, g.field)
		if g.field == 1 && g.value.Value.Len() != 20_000 {
			t.Errorf("the array came with %d elements", g.value.Value.Len())
		}
	}
	if fmt.Sprint(order) != "[0 0 1 2 0 1]" {
		t.Errorf("fields arrived as %v", order)
	}
}

func TestPublisherClosesByAge(t *testing.T) {
	sink := &fakeSink{}
	p := NewPublisher(PublisherConfig{Gateway: "g1", MaxFrameAge: 20 * time.Millisecond}, sink, &fakeMetadata{}, zerolog.Nop())
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- p.Run(ctx, time.Second) }()
	d := openTest(t, p, 1)
	d.Put(0, double(1, 1))
	eventually(t, "frame closed by its age", func() bool { return sink.count() == 1 })
	d.Put(0, double(2, 2))
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if n := len(sink.values(t)); n != 2 {
		t.Errorf("%d values arrived, want 2: the end must flush", n)
	}
	d.Put(0, double(3, 3))
	if s := p.Statistics(); s.Dropped != 1 {
		t.Errorf("a value after the end: %+v, want it counted as dropped", s)
	}
}

func TestPublisherWaitsForRoomAndForAcknowledgements(t *testing.T) {
	sink := &fakeSink{block: make(chan struct{}), keep: true}
	p := NewPublisher(PublisherConfig{Gateway: "g1", MaxFrameValues: 1}, sink, &fakeMetadata{}, zerolog.Nop())
	d := openTest(t, p, 1)
	put := make(chan struct{})
	go func() {
		d.Put(0, double(1, 1))
		close(put)
	}()
	eventually(t, "a frame on its way", func() bool { return p.Statistics().Pending == 1 })
	select {
	case <-put:
		t.Fatal("Put did not wait for room")
	default:
	}
	close(sink.block)
	<-put
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := p.Run(ctx, 30*time.Millisecond); err == nil {
		t.Error("Run ended without an error although a frame is not stored")
	}
	sink.held[0](nil)
	if err := p.Run(ctx, time.Second); err != nil {
		t.Error(err)
	}
}

func TestPublisherCountsUnstored(t *testing.T) {
	sink := &fakeSink{keep: true}
	p := NewPublisher(PublisherConfig{Gateway: "g1", MaxFrameValues: 1}, sink, &fakeMetadata{}, zerolog.Nop())
	openTest(t, p, 1).Put(0, double(1, 1))
	sink.held[0](errors.New("bus closed"))
	if s := p.Statistics(); s.Unstored != 1 || s.Pending != 0 {
		t.Errorf("%+v", s)
	}
}

func TestPublisherVersions(t *testing.T) {
	meta := &fakeMetadata{}
	p := NewPublisher(PublisherConfig{Gateway: "g1"}, &fakeSink{}, meta, zerolog.Nop())
	openTest(t, p, 2)
	openTest(t, p, 2) // the same again, as after a restart
	if len(meta.stored) != 1 {
		t.Fatalf("%d versions stored, want 1", len(meta.stored))
	}
	openTest(t, p, 3)
	w := testWriter
	w.ExtensionFields = map[string]string{"line": "7"}
	if _, err := p.Open(context.Background(), w, testFields(3), nil); err != nil {
		t.Fatal(err)
	}
	if len(meta.stored) != 3 {
		t.Fatalf("%d versions stored, want 3", len(meta.stored))
	}
	for i := 1; i < 3; i++ {
		if a, b := meta.stored[i-1].Version, meta.stored[i].Version; b.Major <= a.Major {
			t.Errorf("version %v follows %v", b, a)
		}
	}
	meta.stored, meta.fail = nil, errors.New("bus away")
	if _, err := p.Open(context.Background(), testWriter, testFields(1), nil); !errors.Is(err, meta.fail) {
		t.Errorf("Open without a bus: %v", err)
	}
	if _, err := p.Open(context.Background(), testWriter, testFields(maxFields+1), nil); err == nil {
		t.Error("65537 fields were taken")
	}
}

// What comes for a DataSet that was just replaced is not lost: it goes to the same field of the new one, behind the old one's last frame.
func TestPublisherReplacesADataSet(t *testing.T) {
	sink := &fakeSink{keep: true}
	p := NewPublisher(PublisherConfig{Gateway: "g1"}, sink, &fakeMetadata{}, zerolog.Nop())
	open := func(names ...string) *dataSet {
		fields := testFields(len(names))
		for i, name := range names {
			fields[i].Name, fields[i].Path = name, "Objects/"+name
		}
		if len(names) == 3 {
			fields[2].Path = "Objects/elsewhere"
		}
		d, err := p.Open(context.Background(), testWriter, fields, nil)
		if err != nil {
			t.Fatal(err)
		}
		return d.(*dataSet)
	}
	first := open("stays", "goes", "moves")
	first.Put(0, double(1, 1))
	second := open("new", "stays", "goes", "moves")
	first.Put(0, double(2, 2)) // stays
	first.Put(1, double(3, 3)) // goes
	first.Put(2, double(4, 4)) // has another source now: nothing for it
	first.Put(3, double(5, 5)) // was never there
	third := open("stays")
	first.Put(0, double(6, 6))
	second.Put(2, double(7, 7)) // is gone
	third.Put(0, double(8, 8))
	stored := make(chan bool, 1)
	first.Stored(func(ok bool) { stored <- ok })
	p.Close(testWriter.Key())
	first.Put(0, double(9, 9))
	var arrived []string
	versions := map[model.ConfigurationVersion]bool{}
	for _, v := range sink.values(t) {
		arrived = append(arrived, fmt.Sprint(v.frame, ":", v.field, "=", v.value.Value.Float()))
		versions[v.version] = true
	}
	if want := []string{"0:0=1", "1:1=2", "1:2=3", "2:0=6", "2:0=8"}; !slices.Equal(arrived, want) || len(versions) != 3 {
		t.Errorf("arrived %q in %d versions, want %q in 3", arrived, len(versions), want)
	}
	if s := p.Statistics(); s.Dropped != 4 {
		t.Errorf("%d values are dropped, want those of 4, 5, 7 and 9: %+v", s.Dropped, s)
	}
	for i, done := range sink.held {
		if len(stored) > 0 {
			t.Errorf("told that all is stored after %d of %d frames", i, len(sink.held))
		}
		done(nil)
	}
	if ok := <-stored; !ok {
		t.Error("told that frames were lost")
	}
}

// Writers are opened again while values come from another goroutine: each arrives once, in order.
func TestPublisherReplacesWhileValuesCome(t *testing.T) {
	sink := &fakeSink{}
	p := NewPublisher(PublisherConfig{Gateway: "g1", MaxFrameValues: 50}, sink, &fakeMetadata{}, zerolog.Nop())
	const n = 20_000
	d := openTest(t, p, 1)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for i := range n {
			d.Put(0, double(float64(i), int64(i)))
		}
	}()
	for range 50 {
		openTest(t, p, 1)
	}
	<-ended
	p.Close(testWriter.Key())
	values := sink.values(t)
	for i, v := range values {
		if v.value.Value.Float() != float64(i) {
			t.Fatalf("value %d is %v", i, v.value.Value.Float())
		}
	}
	if len(values) != n || p.Statistics().Dropped != 0 {
		t.Errorf("%d of %d values arrived: %+v", len(values), n, p.Statistics())
	}
}

// nopSink acknowledges at once.
type nopSink struct{}

func (nopSink) PublishFrame(_ context.Context, _ model.WriterKey, _ []byte, done func(error)) error {
	done(nil)
	return nil
}

func TestPutDoesNotAllocate(t *testing.T) {
	p := NewPublisher(PublisherConfig{Gateway: "g1"}, nopSink{}, &fakeMetadata{}, zerolog.Nop())
	d := openTest(t, p, 100)
	v := double(1, 1)
	round := func() {
		for i := range 10_000 {
			d.Put(i%100, v)
		}
	}
	round()
	// What a lost buffer of the pool costs is per frame: the garbage collector takes some, the race detector more.
	if n := testing.AllocsPerRun(10, round); n/10_000 > 0.01 {
		t.Errorf("%v allocations for 10,000 values", n)
	}
}

func BenchmarkPut(b *testing.B) {
	p := NewPublisher(PublisherConfig{Gateway: "g1"}, nopSink{}, &fakeMetadata{}, zerolog.Nop())
	d, err := p.Open(context.Background(), testWriter, testFields(1000), nil)
	if err != nil {
		b.Fatal(err)
	}
	v := double(1, 1)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		d.Put(i%1000, v)
	}
}
