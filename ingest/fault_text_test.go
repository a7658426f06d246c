package ingest

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// TestTextIsBounded: values that are no numbers make no rows. They fill a batch all the same, so that a store that is busy stops the
// intake before memory is full of them.
func TestTextIsBounded(t *testing.T) {
	r := newRig(t, metadata(testKey, model.TypeString))
	r.cfg.Text = &fakeText{}
	k := &r.make(t).intake
	values := make([]fieldValue, 1000)
	for i := range values {
		values[i] = at(0, model.StringValue("running"), time.Duration(i)*time.Millisecond)
	}
	data := deltaFrame(t, values...)
	for sequence := uint64(1); !k.full(); sequence++ {
		if sequence > maxTexts/uint64(len(values))+1 {
			t.Fatalf("%d values wait for the store, and the intake takes more", len(k.maker.texts))
		}
		if err := k.take(t.Context(), []Frame{frameOf(sequence, data)}); err != nil {
			t.Fatal(err)
		}
	}
}

// TestLargeTextIsBounded: so do few values that are large.
func TestLargeTextIsBounded(t *testing.T) {
	r := newRig(t, metadata(testKey, model.TypeString))
	r.cfg.Text = &fakeText{}
	k := &r.make(t).intake
	data := deltaFrame(t, at(0, model.StringValue(strings.Repeat("x", 64<<10)), 0))
	for sequence := uint64(1); !k.full(); sequence++ {
		if sequence > maxTaken/(64<<10)+1 {
			t.Fatalf("%d frames wait for the store, and the intake takes more", sequence)
		}
		if err := k.take(t.Context(), []Frame{frameOf(sequence, data)}); err != nil {
			t.Fatal(err)
		}
	}
}

// slowText does not get its values stored before the time of a Flush is over, a few times.
type slowText struct {
	fakeText
	slow atomic.Int32
}

func (s *slowText) Flush(ctx context.Context) error {
	if s.slow.Add(-1) >= 0 {
		<-ctx.Done()
		return ctx.Err()
	}
	return s.fakeText.Flush(ctx)
}

// TestSlowTextIsNotLost: what a Flush could not store in time is still on its way. Nothing is read again, the checkpoint waits.
func TestSlowTextIsNotLost(t *testing.T) {
	r := newRig(t, metadata(testKey, model.TypeString))
	sink := &slowText{}
	sink.slow.Store(1)
	r.cfg.Text = sink
	a := &r.make(t).appender
	a.durable = Checkpoint{Stream: start}
	if err := a.append(t.Context(), &batch{safe: 1, read: 1, texts: []TextValue{{Time: 1, Value: model.DataValue{Value: model.StringValue("a")}}}}); err != nil {
		t.Fatal(err)
	}
	ended, cancel := context.WithDeadline(t.Context(), time.Now())
	defer cancel()
	if err := a.checkpointIfDue(ended); err != nil {
		t.Fatalf("a flush that is late makes the core read again: %v", err)
	}
	if a.durable.Sequence != 0 || a.health.err() == nil {
		t.Fatalf("checkpoint at %d and health %v while text is not stored", a.durable.Sequence, a.health.err())
	}
	a.nextCheckpoint = time.Time{}
	if err := a.checkpointIfDue(t.Context()); err != nil || a.durable.Sequence != 1 || len(sink.stored) != 1 {
		t.Fatalf("after the next one: %v, checkpoint at %d, stored %q", err, a.durable.Sequence, sink.stored)
	}
	if err := a.health.errs[partCheckpoint]; err != nil {
		t.Errorf("health still says %v", err)
	}
}

// stuckText takes no values until it is let go.
type stuckText struct {
	fakeText
	free chan struct{}
}

func (s *stuckText) AppendText(ctx context.Context, values []TextValue) error {
	select {
	case <-s.free:
		return s.fakeText.AppendText(ctx, values)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// TestStuckTextRaisesAlarm: a sink that blocks holds ingest up; health says so.
func TestStuckTextRaisesAlarm(t *testing.T) {
	r := newRig(t, metadata(testKey, model.TypeString))
	sink := &stuckText{free: make(chan struct{})}
	r.cfg.Text = sink
	r.stream.add(deltaFrame(t, at(0, model.StringValue("running"), 0)))
	r.run(t)
	eventually(t, "alarm", func() bool {
		err := r.core.Health()
		return err != nil && strings.Contains(err.Error(), string(partText))
	})
	close(sink.free)
	r.sync(t)
	eventually(t, "end of the alarm", func() bool { return r.core.Health() == nil })
}
