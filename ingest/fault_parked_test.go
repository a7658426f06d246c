package ingest

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// TestNoCheckpointPassesWaitingFrame: frames are taken writer by writer, so that they begin to wait in another order than that of their
// sequence; the checkpoint stays before the first of them all the same.
func TestNoCheckpointPassesWaitingFrame(t *testing.T) {
	r := newRig(t, metadata(testKey, model.TypeDouble))
	r.cfg.MetadataWait = time.Hour
	k := &r.make(t).intake
	press := frameOf(4, deltaFrameOf(t, model.ConfigurationVersion{Major: 3, Minor: 3}, at(0, model.DoubleValue(4), 4*time.Millisecond)))
	frames := []Frame{frameOf(1, number(t, 1, 1)), sawFrame(t, 2, 2, 2, 1), sawFrame(t, 3, 2, 3, 1), press}
	if err := k.take(t.Context(), frames); err != nil {
		t.Fatal(err)
	}
	if safe := k.safe(); safe != 1 {
		t.Errorf("frames up to %d are taken as done while frame 2 waits, want 1", safe)
	}
}

// TestNoCheckpointPassesFrameThatWaitsAgain: a frame whose turn comes, but which has to wait for metadata of its own, keeps its place.
func TestNoCheckpointPassesFrameThatWaitsAgain(t *testing.T) {
	r := newRig(t, metadata(sawKey, model.TypeDouble))
	r.cfg.MetadataWait = time.Hour
	k := &r.make(t).intake
	k.read = 4
	r.process(t, sawFrame(t, 1, 2, 1, 1), sawFrame(t, 2, 3, 2, 1), frameOf(3, number(t, 3, 1)), frameOf(4, number(t, 4, 1)))
	if err := k.retry(t.Context(), sawKey); err != nil { // too early: both wait again
		t.Fatal(err)
	}
	if safe := k.safe(); safe != 0 {
		t.Errorf("frames up to %d are taken as done while frame 1 waits, want none", safe)
	}
}

// TestFramesWaitAtTheSameTime: the wait for metadata begins when a frame comes, not when the wait of the frame before is over. Otherwise
// a few frames of versions that do not exist would stop their writer for minutes.
func TestFramesWaitAtTheSameTime(t *testing.T) {
	const unknown = 200
	r := newRig(t, metadata(testKey, model.TypeDouble))
	r.cfg.MetadataWait = 200 * time.Millisecond
	for i := range unknown {
		r.stream.add(deltaFrameOf(t, model.ConfigurationVersion{Major: 2, Minor: uint32(i)}, at(0, model.DoubleValue(0), 0)), number(t, i, float64(i)))
	}
	began := time.Now()
	r.run(t)
	r.sync(t)
	if took := time.Since(began); took > 5*r.cfg.MetadataWait {
		t.Errorf("%d frames of unknown versions hold the others up for %s, each waits for %s", unknown, took, r.cfg.MetadataWait)
	}
	if n := len(r.dead.taken()); n != unknown {
		t.Errorf("%d dead frames, want %d", n, unknown)
	}
	for name, samples := range r.store.samples {
		if strings.HasPrefix(name, metricValue) && len(samples) != unknown {
			t.Errorf("%d values of %s, want %d", len(samples), name, unknown)
		}
	}
}

// TestFramesOfManyWritersWait: memory of what is not there is bounded; that it was forgotten makes nobody wait longer.
func TestFramesOfManyWritersWait(t *testing.T) {
	r := newRig(t)
	r.cfg.MetadataWait = 100 * time.Millisecond
	k := &r.make(t).intake
	for i := range 2 * maxMissing {
		f := sawFrame(t, uint64(i+1), 2, 1, 1)
		f.Writer = fmt.Sprint("saw", i)
		r.process(t, f)
	}
	eventually(t, "end of the wait", func() bool {
		if err := k.unpark(t.Context()); err != nil {
			t.Fatal(err)
		}
		return len(k.parked.frames) == 0
	})
	if n := len(r.dead.taken()); n != 2*maxMissing {
		t.Errorf("%d dead frames, want %d", n, 2*maxMissing)
	}
}

// TestLostAnswerHoldsUpLittle: the bus may be restarted while metadata is asked for. The answer never comes, and is not waited for long.
func TestLostAnswerHoldsUpLittle(t *testing.T) {
	r := newRig(t, metadata(testKey, model.TypeDouble))
	r.make(t)
	lost := true
	r.core.intake.layouts.meta = metaFunc(func(ctx context.Context, key model.WriterKey, v model.ConfigurationVersion) (*model.DataSetMetaData, error) {
		if lost {
			lost = false
			<-ctx.Done()
			return nil, ctx.Err()
		}
		return r.meta.Metadata(ctx, key, v)
	})
	began := time.Now()
	r.process(t, frameOf(1, number(t, 1, 1)))
	if took := time.Since(began); took > firstMetadataTimeout+2*time.Second {
		t.Errorf("the frame waited for %s", took)
	}
	if diff := cmp.Diff([]string{"press .001"}, r.values()); diff != "" {
		t.Errorf("values (-want +got):\n%s", diff)
	}
}

type metaFunc func(ctx context.Context, key model.WriterKey, v model.ConfigurationVersion) (*model.DataSetMetaData, error)

func (f metaFunc) Metadata(ctx context.Context, key model.WriterKey, v model.ConfigurationVersion) (*model.DataSetMetaData, error) {
	return f(ctx, key, v)
}
