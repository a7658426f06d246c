package ingest

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// fakeText keeps what was flushed.
type fakeText struct {
	mu      sync.Mutex
	pending []TextValue
	stored  []string
	fail    int // the next Flushes that fail
}

func (s *fakeText) AppendText(_ context.Context, values []TextValue) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pending = append(s.pending, values...)
	return nil
}

func (s *fakeText) Flush(context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	pending := s.pending
	s.pending = nil
	if s.fail > 0 {
		s.fail--
		return errFake
	}
	for _, v := range pending {
		text := fmt.Sprintf("%s %d %s %v", v.Series.Field, v.Time-start.UnixMilli(), v.Value.Value.Type(), v.Value.Value.Any())
		if !slices.Contains(s.stored, text) {
			s.stored = append(s.stored, text)
		}
	}
	return nil
}

func TestText(t *testing.T) {
	r := newRig(t, metadata(testKey, model.TypeVariant, model.TypeInt64, model.TypeUInt64, model.TypeString))
	sink := &fakeText{fail: 1}
	r.cfg.Text = sink
	const ms = time.Millisecond
	bad := func(index int, after time.Duration) fieldValue {
		v := at(index, model.Variant{}, after)
		v.value.Status = model.StatusBadNodeIdUnknown
		return v
	}
	text := deltaFrame(t,
		at(0, model.StringValue("running"), ms), at(0, model.DoubleValue(1), 2*ms), at(0, model.BooleanValue(true), 3*ms),
		at(0, model.ArrayValue([]int32{1, 2}), 4*ms), at(0, model.Variant{}, 5*ms),
		at(1, model.Int64Value(1<<53), 6*ms), at(1, model.Int64Value(1<<53+1), 7*ms), at(1, model.Int64Value(math.MinInt64), 8*ms),
		at(2, model.UInt64Value(math.MaxUint64), 9*ms), bad(3, 10*ms), bad(1, 11*ms),
	)
	r.stream.add(text)
	r.run(t)
	r.sync(t)
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"a 1 String running", "a 4 Int32 [1 2]", "b 7 Int64 9007199254740993", "b 8 Int64 -9223372036854775808",
		"c 9 UInt64 18446744073709551615",
		"d 10 Null <nil>", // the gap of a text; that of a number is a marker in its series
	}
	if diff := cmp.Diff(want, sink.stored); diff != "" {
		t.Errorf("text (-want +got):\n%s", diff)
	}
	if n := r.core.live.counters.rewinds.Get(); n != 1 {
		t.Errorf("%d rewinds after a failed flush, want 1", n)
	}
}
