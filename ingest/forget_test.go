package ingest

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

func TestForget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		other := model.WriterKey{Gateway: "g1", Group: "line", Writer: "saw"}
		ours, theirs := newRig(t, metadata(testKey, model.TypeDouble, model.TypeString)), newRig(t, metadata(other, model.TypeDouble))
		live := NewLive()
		ours.cfg.Live, theirs.cfg.Live = live, live
		core, neighbour := ours.make(t), theirs.make(t)
		saw := frameOf(1, number(t, 1, 7))
		saw.Writer = other.Writer
		live.updateRates(time.Second)
		process(t, core, frameOf(1, number(t, 1, 1)))
		process(t, neighbour, saw)
		live.updateRates(time.Second)

		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		updates, err := live.Telemetry(ctx, model.SeriesFilter{}, time.Second)
		if err != nil {
			t.Fatal(err)
		}
		if b := <-updates; len(b.Values) != 2 {
			t.Fatalf("first delivery %+v, want both values", b)
		}
		live.Forget(core)
		if _, ok := live.Latest(seriesID("a")); ok {
			t.Error("a forgotten value is live")
		}
		if v, ok := live.Latest(model.SeriesID{Gateway: "g1", Group: "line", Writer: "saw", Field: "a"}); !ok || v.Value.Float() != 7 {
			t.Errorf("value of the other Core: %v, %t; want 7", v, ok)
		}
		if n := live.Statistics().Series; n != 1 {
			t.Errorf("%d series, want 1", n)
		}
		if own, others := live.WriterRate(testKey), live.WriterRate(other); own != 0 || others == 0 {
			t.Errorf("rates %v and %v, want 0 for the forgotten writer alone", own, others)
		}
		live.updateRates(time.Second)
		if rates := live.ServerRates(); len(rates) != 1 || rates["boiler"] == 0 || rates["boiler"] != live.ServerRate("boiler") {
			t.Errorf("rates of servers %v, want that of boiler alone", rates)
		}

		// Another Core takes its frames from before: all is there again, in the running subscription too.
		next := newRig(t, metadata(testKey, model.TypeDouble, model.TypeString))
		next.cfg.Live = live
		heir := next.make(t)
		process(t, heir, frameOf(2, number(t, 2, 3)))
		if v, ok := live.Latest(seriesID("a")); !ok || v.Value.Float() != 3 {
			t.Errorf("value %v, %t after the take-over, want 3", v, ok)
		}
		if b := <-updates; len(b.Values) != 1 || b.Values[0].Value.Value.Float() != 3 {
			t.Errorf("delivery after the take-over %+v, want the new value", b)
		}
		live.Forget(core) // not its writer any more
		if _, ok := live.Latest(seriesID("a")); !ok {
			t.Error("the writer of another Core was forgotten")
		}
		live.Forget(heir)
		if n := live.Statistics().Series; n != 1 {
			t.Errorf("%d series after the last Core is forgotten, want 1", n)
		}
	})
}

// pendingReader has frames of its own among those of others.
type pendingReader struct {
	FrameReader
	pending uint64
}

func (r pendingReader) Pending(context.Context) (uint64, error) { return r.pending, nil }

func TestSparseBacklogIsThatOfTheReader(t *testing.T) {
	r := newRig(t, metadata(testKey, model.TypeDouble))
	r.cfg.Sparse = true
	core := r.make(t)
	for range 5 {
		r.stream.add(number(t, 1, 1))
	}
	core.refreshBacklog(t.Context())
	if n := core.Live().Statistics().Backlog; n != 0 {
		t.Errorf("backlog %d before anything is read, want 0", n)
	}
	core.reads(pendingReader{pending: 3})
	core.refreshBacklog(t.Context())
	if n := core.Live().Statistics().Backlog; n != 3 {
		t.Errorf("backlog %d, want the 3 frames of the reader", n)
	}
	core.reads(nil)
	core.refreshBacklog(t.Context())
}
