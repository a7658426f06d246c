package ingest

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// number is a frame with one value of field a.
func number(t testing.TB, ms int, v float64) []byte {
	return deltaFrame(t, at(0, model.DoubleValue(v), time.Duration(ms)*time.Millisecond))
}

// values are the samples of field a in the store.
func (s *fakeStore) values() map[int64]float64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	got := map[int64]float64{}
	for name, series := range s.samples {
		if strings.HasPrefix(name, metricValue) {
			for ms, v := range series {
				got[ms-start.UnixMilli()] = v
			}
		}
	}
	return got
}

func TestCoreStoresCheckpointsAndPurges(t *testing.T) {
	r := newRig(t, metadata(testKey, model.TypeDouble))
	r.stream.add(number(t, 1, 10), number(t, 2, 20))
	r.run(t)
	r.sync(t)
	eventually(t, "purge", func() bool {
		r.stream.mu.Lock()
		defer r.stream.mu.Unlock()
		return r.stream.purged == 2
	})
	if err := r.core.Health(); err != nil {
		t.Errorf("health: %v", err)
	}
	// What comes after the last checkpoint in time is in the one of the end.
	r.stream.add(number(t, 3, 30))
	eventually(t, "row", func() bool { return len(r.store.values()) == 3 })
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[int64]float64{1: 10, 2: 20, 3: 30}, r.store.values()); diff != "" {
		t.Errorf("samples (-want +got):\n%s", diff)
	}
	c, err := r.cfg.Checkpoints.Load(t.Context())
	if err != nil || c.Sequence != 3 || !c.Stream.Equal(start) {
		t.Errorf("checkpoint %+v, %v; want 3", c, err)
	}
	if r.core.Health() == nil {
		t.Error("a stopped core says that it is well")
	}
}

// TestCrashes restarts the Core at any moment with a store that loses what no checkpoint covers, and looks for every sample.
func TestCrashes(t *testing.T) {
	for seed := range uint64(12) {
		random := rand.New(rand.NewPCG(seed, 1))
		r := newRig(t, metadata(testKey, model.TypeDouble))
		var calls atomic.Uint64
		var killed atomic.Bool // from then on nothing reaches the disk
		r.store.AppendFunc = func([]Row) error {
			if killed.Load() || calls.Add(1)%5 == 0 {
				return errFake
			}
			return nil
		}
		r.store.CheckpointFunc = func() error {
			if killed.Load() || calls.Add(1)%3 == 0 {
				return errFake
			}
			return nil
		}
		want := map[int64]float64{}
		replayed := uint64(0)
		for range 6 {
			for range random.IntN(30) {
				ms := len(want) + 1
				want[int64(ms)] = float64(ms)
				r.stream.add(number(t, ms, float64(ms)))
			}
			killed.Store(false)
			r.run(t)
			progress := random.IntN(len(want) + 1)
			eventually(t, "progress", func() bool { return len(r.store.values()) >= progress })
			killed.Store(random.IntN(3) > 0)
			if err := r.stop(); err != nil && !errors.Is(err, errFake) {
				t.Fatal(err)
			}
			r.store.crash()
			replayed += r.core.live.counters.frames.Get()
		}
		killed.Store(false)
		r.run(t)
		r.sync(t)
		if err := r.stop(); err != nil && !errors.Is(err, errFake) {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, r.store.values()); diff != "" {
			t.Fatalf("seed %d: samples (-want +got):\n%s", seed, diff)
		}
		if lost := r.core.live.counters.missing.Get(); lost != 0 {
			t.Errorf("seed %d: %d frames counted as lost", seed, lost)
		}
		t.Logf("seed %d: %d samples, %d frames processed", seed, len(want), replayed+r.core.live.counters.frames.Get())
	}
}

func TestResume(t *testing.T) {
	other := start.Add(time.Hour)
	for _, test := range []struct {
		name  string
		from  Checkpoint
		state StreamState
		want  Checkpoint
		alarm alarm
		lost  uint64
	}{
		{"first start", Checkpoint{}, StreamState{start, 4, 9}, Checkpoint{start, 3}, "", 0},
		{"first start, empty stream", Checkpoint{}, StreamState{start, 1, 0}, Checkpoint{start, 0}, "", 0},
		{"first start, server that says 0", Checkpoint{}, StreamState{start, 0, 0}, Checkpoint{start, 0}, "", 0},
		{"nothing new", Checkpoint{start, 9}, StreamState{start, 10, 9}, Checkpoint{start, 9}, "", 0},
		{"in the middle", Checkpoint{start, 5}, StreamState{start, 3, 9}, Checkpoint{start, 5}, "", 0},
		{"gap", Checkpoint{start, 5}, StreamState{start, 8, 9}, Checkpoint{start, 7}, alarmGap, 2},
		{"all gone", Checkpoint{start, 5}, StreamState{start, 10, 9}, Checkpoint{start, 9}, alarmGap, 4},
		{"tail lost", Checkpoint{start, 9}, StreamState{start, 4, 7}, Checkpoint{start, 3}, alarmTailLost, 0},
		{"replaced", Checkpoint{start, 9}, StreamState{other, 1, 20}, Checkpoint{other, 0}, alarmReplaced, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, a, lost := test.from.resume(test.state, false)
			if got != test.want || a != test.alarm || lost != test.lost {
				t.Errorf("resume: %v, %q, %d lost; want %v, %q, %d", got, a, lost, test.want, test.alarm, test.lost)
			}
		})
	}
}

func TestAlarms(t *testing.T) {
	r := newRig(t, metadata(testKey, model.TypeDouble))
	for i := 1; i <= 10; i++ {
		r.stream.add(number(t, i, float64(i)))
	}
	if err := r.cfg.Checkpoints.Save(t.Context(), Checkpoint{start, 3}); err != nil {
		t.Fatal(err)
	}
	r.stream.first, r.stream.frames = 6, r.stream.frames[5:]
	r.run(t)
	r.sync(t)
	if got := r.core.live.counters.missing.Get(); got != 2 {
		t.Errorf("%d frames counted as lost, want 2", got)
	}
	if got := r.core.live.counters.alarms[alarmGap].Get(); got != 1 {
		t.Errorf("%d alarms, want 1", got)
	}
	_ = r.stop()

	if err := os.WriteFile(string(r.cfg.Checkpoints.(CheckpointFile)), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	r.run(t)
	eventually(t, "alarm of a damaged file", func() bool { return r.core.live.counters.alarms[alarmFile].Get() == 1 })
}

func TestDeadFrames(t *testing.T) {
	m := metadata(testKey, model.TypeDouble)
	spoofed := metadata(model.WriterKey{Gateway: "g2", Group: "line", Writer: "press"}, model.TypeDouble)
	r := newRig(t, m)
	r.meta.metas[layoutKey{testKey, model.ConfigurationVersion{Major: 3}}] = spoofed
	good := number(t, 1, 1)
	broken := slices.Concat(number(t, 2, 2))
	r.stream.add(good, broken[:len(broken)-3], deltaFrame(t, at(1, model.DoubleValue(1), 0)),
		deltaFrameOf(t, model.ConfigurationVersion{Major: 2}, at(0, model.DoubleValue(1), 0)),
		deltaFrameOf(t, model.ConfigurationVersion{Major: 3}, at(0, model.DoubleValue(1), 0)), good, number(t, 3, 3))
	r.stream.frames[5].ContentType = "text/plain"
	r.run(t)
	r.sync(t)
	if diff := cmp.Diff(map[int64]float64{1: 1, 3: 3}, r.store.values()); diff != "" {
		t.Errorf("samples (-want +got):\n%s", diff)
	}
	reasons := r.dead.taken()
	want := []string{"too early", "field index is beyond the metadata", "no such metadata", "says that it is of g2/line/press", "content type"}
	if len(reasons) != len(want) {
		t.Fatalf("dead frames: %v, want %d", reasons, len(want))
	}
	for i, text := range want {
		if !strings.Contains(reasons[i].Error(), text) {
			t.Errorf("reason %d: %v, want %q in it", i, reasons[i], text)
		}
	}
	if s := r.core.Live().Statistics(); s.DeadFrames != 5 || s.Frames != 2 || s.Values != 2 || s.Series != 1 {
		t.Errorf("statistics %+v", s)
	}
}

func TestDeadLettersThatFailDoNotBlock(t *testing.T) {
	r := newRig(t, metadata(testKey, model.TypeDouble))
	r.dead.DeadFunc = func() error { return errFake }
	r.stream.add([]byte("x"), []byte("y"), number(t, 1, 1))
	r.run(t)
	r.sync(t)
	if got := r.core.live.counters.deadLost.Get(); got != 2 {
		t.Errorf("%d dead frames lost, want 2", got)
	}
	if got := r.store.values(); len(got) != 1 {
		t.Errorf("samples %v, want 1", got)
	}
}

func TestLateMetadata(t *testing.T) {
	r := newRig(t)
	r.cfg.MetadataWait = 10 * time.Second
	asked := 0
	r.meta.MetadataFunc = func() error {
		asked++
		switch asked {
		case 1:
			return errFake // its source does not answer
		case 3:
			m := metadata(testKey, model.TypeDouble)
			r.meta.metas[layoutKey{testKey, m.Version}] = m
		}
		return nil
	}
	r.stream.add(number(t, 1, 1))
	r.run(t)
	r.sync(t)
	if len(r.store.values()) != 1 || len(r.dead.taken()) != 0 {
		t.Errorf("samples %v, dead %v", r.store.values(), r.dead.taken())
	}
}

func TestHealth(t *testing.T) {
	r := newRig(t, metadata(testKey, model.TypeDouble))
	var full, refused, cut atomic.Bool
	when := func(b *atomic.Bool) error {
		if b.Load() {
			return errFake
		}
		return nil
	}
	r.cfg.Busy = func() error { return when(&full) }
	r.store.AppendFunc = func([]Row) error { return when(&refused) }
	r.stream.NextFunc = func() error { return when(&cut) }
	r.run(t)
	ms := 0
	for name, fault := range map[string]*atomic.Bool{"disk: ": &full, "store: ": &refused, "stream: ": &cut} {
		fault.Store(true)
		ms++
		seen := func() bool {
			err := r.core.Health()
			return err != nil && strings.Contains(err.Error(), name)
		}
		if fault == &full {
			eventually(t, name, seen) // it is asked between batches: the Core may wait for frames already
		}
		r.stream.add(number(t, ms, 1))
		eventually(t, name, seen)
		if n := len(r.store.values()); n != ms-1 {
			t.Errorf("%s%d samples while it fails, want %d", name, n, ms-1)
		}
		fault.Store(false)
		r.sync(t)
		eventually(t, "recovery", func() bool { return r.core.Health() == nil })
	}
	if n := len(r.store.values()); n != ms {
		t.Errorf("%d samples, want %d", n, ms)
	}
}

func TestRewindWhenRowsAreLost(t *testing.T) {
	r := newRig(t, metadata(testKey, model.TypeDouble))
	r.cfg.CheckpointInterval = time.Hour
	r.stream.add(number(t, 1, 1), number(t, 2, 2))
	var restarted atomic.Bool
	r.store.AppendFunc = func([]Row) error {
		if restarted.CompareAndSwap(true, false) {
			return fmt.Errorf("write: %w", ErrRowsLost)
		}
		return nil
	}
	r.run(t)
	eventually(t, "rows", func() bool { return len(r.store.values()) == 2 })
	r.store.crash()
	restarted.Store(true)
	r.stream.add(number(t, 3, 3))
	eventually(t, "rows again", func() bool { return len(r.store.values()) == 3 })
}

func TestConfig(t *testing.T) {
	for _, cfg := range []Config{{}, {Checkpoints: CheckpointFile("x"), CheckpointInterval: -1}} {
		if _, err := cfg.withDefaults(); err == nil {
			t.Errorf("%+v was taken", cfg)
		}
	}
}

// FuzzFrame sees to it that no frame, whatever its bytes, stops the Core, and that one it refuses leaves no trace.
func FuzzFrame(f *testing.F) {
	f.Add(number(f, 1, 1))
	f.Add(deltaFrame(f, at(0, model.DoubleValue(1), 0), at(1, model.StringValue("x"), 1), at(2, model.ArrayValue([]int32{1, 2}), 0)))
	f.Add(bytes.Repeat([]byte{0xff}, 40))
	m := metadata(testKey, model.TypeDouble, model.TypeString, model.TypeInt32, model.TypeVariant)
	m.Fields[2].ValueRank = 1
	f.Fuzz(func(t *testing.T, data []byte) {
		r := newRig(t, m)
		r.cfg.MetadataWait = 1
		core := r.make(t)
		frame := frameOf(1, data)
		if err := core.intake.frame(t.Context(), &frame, false); err != nil {
			t.Fatal(err)
		}
		if n := len(core.intake.maker.points.all); len(r.dead.taken()) > 0 && n > 0 {
			t.Errorf("dead frame left %d samples", n)
		}
	})
}
