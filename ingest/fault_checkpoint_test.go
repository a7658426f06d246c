package ingest

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// TestFirstCheckpointCoversReplay: a process that crashes again and again, soon after its start, comes forward by more than a frame each
// time.
func TestFirstCheckpointCoversReplay(t *testing.T) {
	const frames = 20 // the reader gives five at a time
	r := newRig(t, metadata(testKey, model.TypeDouble))
	r.cfg.CheckpointInterval = time.Hour
	var covered atomic.Uint64
	r.store.CheckpointFunc = func() error {
		covered.CompareAndSwap(0, r.core.position.Load())
		return nil
	}
	for i := range frames {
		r.stream.add(number(t, i, float64(i)))
	}
	r.run(t)
	eventually(t, "first checkpoint", func() bool { return covered.Load() > 0 })
	if n := covered.Load(); n != frames {
		t.Errorf("the first checkpoint is at %d of %d frames", n, frames)
	}
}

// TestSlowCheckpointsAreNotRare: a checkpoint that takes long is not followed by minutes without one: all that comes in them would have to
// be read again after a crash.
func TestSlowCheckpointsAreNotRare(t *testing.T) {
	r := newRig(t)
	r.cfg.CheckpointInterval = time.Second
	a := &r.make(t).appender
	r.store.CheckpointFunc = func() error {
		<-time.After(maxCheckpointPause/stopShare + 100*time.Millisecond)
		return nil
	}
	a.appended = 1
	if err := a.checkpointIfDue(t.Context()); err != nil || a.durable.Sequence != 1 {
		t.Fatalf("checkpoint at %d: %v", a.durable.Sequence, err)
	}
	if pause := time.Until(a.nextCheckpoint); pause > maxCheckpointPause {
		t.Errorf("the next checkpoint is %s away, want at most %s", pause, maxCheckpointPause)
	}
}
