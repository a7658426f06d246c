package edge

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/uadp"
)

// keyFrameSet opens a DataSet of which one in every messages is a key frame.
func keyFrameSet(t testing.TB, cfg PublisherConfig, every uint32, fields int) (*Publisher, *fakeSink, *dataSet) {
	sink := &fakeSink{}
	cfg.Gateway = testWriter.Gateway
	p := NewPublisher(cfg, sink, &fakeMetadata{}, zerolog.Nop())
	w := testWriter
	w.KeyFrameCount = every
	d, err := p.Open(context.Background(), w, testFields(fields), nil)
	if err != nil {
		t.Fatal(err)
	}
	return p, sink, d.(*dataSet)
}

// messages writes DataSetMessages as "number kind field=value …", checks that they are numbered without holes, and forgets them.
func (s *fakeSink) messages(t *testing.T) []string {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	for _, frame := range s.frames {
		m, err := uadp.ParseMessage(frame, nil)
		if err != nil {
			t.Fatal(err)
		}
		for i := range m.DataSets {
			set := &m.DataSets[i]
			text := fmt.Sprint(set.Header.SequenceNumber, " ", set.Header.Kind)
			for _, f := range set.Fields {
				_, value, _ := strings.Cut(fmt.Sprint(f.Value.Value), " ")
				value = strings.Trim(value, `"`)
				if f.Value.Status != 0 {
					value = f.Value.Status.Name()
				}
				text += fmt.Sprintf(" %d=%s", f.Index, value)
			}
			out = append(out, text)
		}
	}
	s.frames = nil
	return out
}

func wantMessages(t *testing.T, s *fakeSink, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, s.messages(t)); diff != "" {
		t.Errorf("messages (-want +got):\n%s", diff)
	}
}

// The first message with all values is a key frame, and each third one after it; all values of the others are in the key frames as well.
func TestEveryNthMessageIsAKeyFrame(t *testing.T) {
	_, sink, d := keyFrameSet(t, PublisherConfig{}, 3, 2)
	send := func(values ...float64) { // of field 0, but the last one, which is of field 1
		for i, v := range values {
			d.Put(i/(len(values)-1), double(v, int64(v)))
		}
		d.mu.Lock()
		d.close()
		d.mu.Unlock()
	}
	d.Put(0, double(1, 1))
	d.mu.Lock()
	d.close() // the other field has no value yet
	d.mu.Unlock()
	send(2, 20)
	send(3, 4, 5, 6, 30)
	d.replace(nil)
	wantMessages(t, sink,
		"1 delta frame 0=1",
		"2 key frame 0=2 1=20",
		"3 delta frame 0=3 1=30", "4 delta frame 0=4", "5 key frame 0=5 1=30", "6 delta frame 0=6",
	)
	if got := d.publisher.Statistics(); got.Values != 8 {
		t.Errorf("%d values, want 8: a key frame counts what is new in it", got.Values)
	}
}

func TestAllMessagesAreKeyFrames(t *testing.T) {
	_, sink, d := keyFrameSet(t, PublisherConfig{}, 1, 2)
	for i := range 3 {
		d.Put(0, double(float64(i), int64(i)))
		d.Put(1, &model.DataValue{Value: model.StringValue(strings.Repeat("x", i)), SourceTimestamp: model.DateTimeOfMilli(int64(i))})
	}
	d.replace(nil)
	wantMessages(t, sink, "1 key frame 0=0 1=", "2 key frame 0=1 1=x", "3 key frame 0=2 1=xx")
}

// The first key frame waits for missing values for 5 s and then tells that they are missing.
func TestFirstKeyFrameWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, sink, d := keyFrameSet(t, PublisherConfig{}, 10, 2)
		look := func(after time.Duration) {
			time.Sleep(after)
			d.closeOlder(time.Now().Add(-100*time.Millisecond), time.Now())
		}
		look(time.Minute) // nothing to send
		d.Put(1, double(7, 1))
		look(time.Second)
		look(3900 * time.Millisecond)
		wantMessages(t, sink, "1 delta frame 1=7")
		look(2 * time.Second)
		look(time.Second)
		d.Put(0, double(8, 2))
		look(time.Second)
		wantMessages(t, sink, "2 key frame 0=BadWaitingForInitialData 1=7", "3 delta frame 0=8")
	})
}

func TestKeyFrameOnDemand(t *testing.T) {
	p, sink, d := keyFrameSet(t, PublisherConfig{}, 1000, 3)
	ask := func(ctx context.Context) string {
		r := p.KeyFrame(ctx, testWriter.Key())
		return fmt.Sprintf("%s %d of %d", r.Status.Name(), r.Missing, r.Fields)
	}
	ctx := context.Background()
	if got := ask(ctx); got != "BadWaitingForInitialData 3 of 0" {
		t.Errorf("without a value: %s", got)
	}
	d.Put(2, double(1, 1))
	if got := ask(ctx); got != "Good 2 of 3" {
		t.Errorf("with one value: %s", got)
	}
	d.Put(0, double(2, 1))
	d.Put(1, double(3, 1))
	if got := ask(ctx); got != "Good 0 of 3" {
		t.Errorf("with all values: %s", got)
	}
	wantMessages(t, sink, "1 delta frame 2=1", "2 key frame 0=BadWaitingForInitialData 1=BadWaitingForInitialData 2=1",
		"3 delta frame 0=2 1=3", "4 key frame 0=2 1=3 2=1")

	short, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
	defer cancel()
	d.mu.Lock()
	if got := ask(short); got != "BadTimeout 0 of 0" {
		t.Errorf("while the store takes nothing: %s", got)
	}
	d.mu.Unlock()
	plain := testWriter
	plain.Name = "plain"
	if _, err := p.Open(ctx, plain, testFields(1), nil); err != nil {
		t.Fatal(err)
	}
	if r := p.KeyFrame(ctx, plain.Key()); r.Status != model.StatusBadNotSupported || !strings.Contains(r.Message, "keyFrameCount") {
		t.Errorf("writer without key frames: %+v", r)
	}
	plain.Name = "other"
	if r := p.KeyFrame(ctx, plain.Key()); r.Status != model.StatusBadNotFound {
		t.Errorf("writer that is not there: %+v", r)
	}
}

// Key frames that are too large to go with others go in frames of their own, and those that are too large for the bus do not go at all.
func TestLargeKeyFrames(t *testing.T) {
	const fields = 40
	text := func(n int) *model.DataValue {
		return &model.DataValue{Value: model.StringValue(strings.Repeat("x", n)), SourceTimestamp: model.DateTimeOfMilli(int64(n))}
	}
	p, sink, d := keyFrameSet(t, PublisherConfig{MaxFrameBytes: 50 << 10}, 1, fields)
	put := func(n int) {
		for i := range fields {
			d.Put(i, text(n))
		}
	}
	put(1000)
	put(1001)
	d.mu.Lock()
	if d.values > 0 {
		d.close()
	}
	d.mu.Unlock()
	sizes := func() (out []int) {
		for _, f := range sink.frames {
			out = append(out, len(f))
		}
		return out
	}
	if s := sizes(); len(s) < 2 || slices.Max(s) > maxJoined {
		t.Errorf("frames of %d bytes, want several", s)
	}
	sink.messages(t)
	put(25_000) // a key frame of a million bytes
	d.replace(nil)
	if s := sizes(); slices.Max(s) > maxKeyFrame {
		t.Errorf("a frame of %d bytes, at most %d can be stored", slices.Max(s), maxKeyFrame)
	}
	got := map[string]bool{}
	for _, m := range sink.messages(t) {
		for _, f := range strings.Fields(m)[3:] {
			if name, value, _ := strings.Cut(f, "="); len(value) == 25_000 {
				got[name] = true
			}
		}
	}
	if len(got) != fields {
		t.Errorf("the values of %d fields went out, want %d", len(got), fields)
	}
	if text := p.trouble(testWriter.Key()); !strings.Contains(text, "split the writer") {
		t.Errorf("trouble %q, want the remedy", text)
	}
}

// What waits for values is told when all frames that were closed together are stored, and that they are lost when one of them is.
func TestStoredWithKeyFrames(t *testing.T) {
	for _, lost := range []int{-1, 0, 1} {
		_, sink, d := keyFrameSet(t, PublisherConfig{MaxFrameBytes: 1 << 20}, 1, 2)
		sink.keep = true
		for i := range 2 {
			d.Put(i, &model.DataValue{Value: model.StringValue(strings.Repeat("x", 29<<10)), SourceTimestamp: model.DateTimeOfMilli(1)})
		}
		d.Put(0, double(1, 2)) // the key frame of this one does not fit beside that of the others
		var told []bool
		d.Stored(func(stored bool) { told = append(told, stored) })
		d.mu.Lock()
		d.close()
		d.mu.Unlock()
		if len(sink.held) != 2 {
			t.Fatalf("%d frames, want two", len(sink.held))
		}
		for i, done := range sink.held {
			if len(told) > 0 {
				t.Fatalf("told %v before frame %d was stored", told, i)
			}
			if i == lost {
				done(context.Canceled)
			} else {
				done(nil)
			}
		}
		if len(told) != 1 || told[0] != (lost < 0) {
			t.Errorf("frame %d lost: told %v", lost, told)
		}
	}
}

func TestKeyFramesDoNotAllocate(t *testing.T) {
	for _, every := range []uint32{0, 1, 10} {
		values := make([]*model.DataValue, 500)
		for i := range values {
			values[i] = double(float64(i), int64(i))
		}
		d := discardSet(t, every, len(values))
		frame := func() {
			for i, v := range values {
				d.Put(i, v)
			}
			d.mu.Lock()
			d.close()
			d.mu.Unlock()
		}
		for range 20 {
			frame()
		}
		// The pool of frames may be emptied at any time, so not every run has none.
		if n := testing.AllocsPerRun(100, frame); n > 2 {
			t.Errorf("key frame count %d: %v allocations per frame of 500 values", every, n)
		}
	}
}

// discardSet opens a DataSet whose frames are stored at once.
func discardSet(t testing.TB, every uint32, fields int) *dataSet {
	p := NewPublisher(PublisherConfig{Gateway: "g1", MaxFrameValues: 1 << 20, MaxFrameBytes: 50 << 10}, nopSink{}, &fakeMetadata{}, zerolog.Nop())
	w := testWriter
	w.KeyFrameCount = every
	d, err := p.Open(context.Background(), w, testFields(fields), nil)
	if err != nil {
		t.Fatal(err)
	}
	return d.(*dataSet)
}

// BenchmarkKeyFrames has a DataSet take and hand over frames of 500 values.
func BenchmarkKeyFrames(b *testing.B) {
	for _, every := range []uint32{0, 1, 10, 100} {
		b.Run(fmt.Sprint("every=", every), func(b *testing.B) {
			d := discardSet(b, every, 500)
			v := double(1.5, 1)
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				d.Put(n, v)
				if n++; n == 500 {
					n = 0
					d.mu.Lock()
					d.close()
					d.mu.Unlock()
				}
			}
		})
	}
}
