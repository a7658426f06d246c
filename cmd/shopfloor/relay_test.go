package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/graph"
	"github.com/shopfloor-iiot/shopfloor/ingest"
	"github.com/shopfloor-iiot/shopfloor/ingest/bus"
	"github.com/shopfloor-iiot/shopfloor/model"
)

func TestRelayTelemetry(t *testing.T) {
	rig := newRelayRig(t)
	liveA, liveB, liveC := newFakeLive(), newFakeLive(), newFakeLive()
	a, _ := rig.process("core a", liveA)
	_, stopB := rig.process("core b", liveB)
	rig.meet(a, 1)
	liveA.set(field("a"), model.DoubleValue(1))
	liveB.set(field("b"), model.DoubleValue(math.Inf(1)))
	view, cancel := watchAll(t, a)
	view.until("the first values of both", func() bool { return view.has("a", 1)() && view.has("b", math.Inf(1))() })
	if got := view.seen[field("b")]; got.Path != "Objects/b" || got.Value.SourceTimestamp != liveB.values[field("b")].SourceTimestamp {
		t.Errorf("value of another process: %+v", got)
	}
	liveB.set(field("b"), model.DoubleValue(2))
	view.until("a change there", view.has("b", 2))

	_, _ = rig.process("core c", liveC) // joins
	liveC.set(field("c"), model.DoubleValue(3))
	view.until("values of the one that joined", view.has("c", 3))
	stopB()
	liveC.set(field("b"), model.DoubleValue(4)) // which another takes over
	view.until("values after the take-over", view.has("b", 4))
	liveA.set(field("a"), model.DoubleValue(5))
	view.until("own values", view.has("a", 5))

	cancel()
	for range view.in { // closed
	}
	waitFor(t, 5*time.Second, "all processes stop", func() error {
		for _, l := range []*fakeLive{liveA, liveC} {
			if _, running := l.watched(); running != 0 {
				return fmt.Errorf("%d still run", running)
			}
		}
		return nil
	})
}

// TestRelayBeginsAnewWhenSomethingIsLost: the lost value may be the last one of its series.
func TestRelayBeginsAnewWhenSomethingIsLost(t *testing.T) {
	rig := newRelayRig(t)
	liveA, liveB := newFakeLive(), newFakeLive()
	a, _ := rig.process("a", liveA)
	b, _ := rig.process("b", liveB)
	rig.meet(a, 1)
	liveB.set(field("b"), model.DoubleValue(1))
	view, cancel := watchAll(t, a)
	defer cancel()
	view.until("a value", view.has("b", 1))
	a.mu.Lock()
	var id string
	for s := range a.subscriptions {
		id = s.request.ID
	}
	a.mu.Unlock()
	// As if B had sent more than A could take.
	body, err := json.Marshal(watchValues{From: b.id, Epoch: 1, Number: 99, Values: []watchValue{}})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.conn.SendTo(a.id, id, body); err != nil {
		t.Fatal(err)
	}
	view.seen = map[model.SeriesID]model.TelemetryValue{}
	view.until("the value once more", view.has("b", 1))
	if runs, _ := liveB.watched(); runs != 2 {
		t.Errorf("the other process began %d times, want 2", runs)
	}
	if n := a.gaps.Load(); n != 1 {
		t.Errorf("%d gaps counted, want 1", n)
	}
}

func TestRelaySlowReceiverGetsNewestValues(t *testing.T) {
	rig := newRelayRig(t)
	liveA, liveB := newFakeLive(), newFakeLive()
	a, _ := rig.process("a", liveA)
	rig.process("b", liveB)
	rig.meet(a, 1)
	view, cancel := watchAll(t, a)
	defer cancel()
	liveB.set(field("b"), model.DoubleValue(0))
	view.until("a value", view.has("b", 0))
	for i := range 500 {
		liveB.set(field("b"), model.DoubleValue(float64(i)))
		liveA.set(field("a"), model.DoubleValue(float64(i)))
	}
	deliveries := view.sequence
	view.until("the last values", func() bool { return view.has("a", 499)() && view.has("b", 499)() })
	if n := view.sequence - deliveries; n > 50 {
		t.Errorf("%d deliveries for a receiver that did not take any meanwhile", n)
	}
}

func TestRelayEndsWatchesThatNobodyRenews(t *testing.T) {
	rig := newRelayRig(t)
	local := newFakeLive()
	r, _ := rig.process("a", local)
	body := func(m watchMessage) []byte {
		b, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	ctx := t.Context()
	request := watchMessage{From: "other", ID: "w", Epoch: 1, Interval: time.Second}
	r.serveWatch(ctx, body(request))
	r.serveWatch(ctx, body(request)) // renewed
	if runs, _ := local.watched(); runs != 1 || r.watches.count() != 1 {
		t.Fatalf("%d runs of %d watches, want 1", runs, r.watches.count())
	}
	r.watches.expire(time.Now().Add(watchLease - time.Second))
	if r.watches.count() != 1 {
		t.Error("ended before its time")
	}
	r.watches.expire(time.Now().Add(watchLease + time.Second))
	if r.watches.count() != 0 {
		t.Error("goes on after its time")
	}
	r.serveWatch(ctx, body(watchMessage{From: "other", ID: "w2", Filter: model.SeriesFilter{Field: "("}}))
	if r.watches.count() != 0 || r.refused.Load() != 1 {
		t.Error("a filter that cannot be used is watched")
	}
	for i := range maxWatches + 10 {
		r.serveWatch(ctx, body(watchMessage{From: "other", ID: fmt.Sprint("w", i), Interval: time.Second}))
	}
	if r.watches.count() != maxWatches || r.refused.Load() != 11 {
		t.Errorf("%d watches, %d refused", r.watches.count(), r.refused.Load())
	}
	r.serveWatch(ctx, body(watchMessage{From: "other", ID: "w1", End: true}))
	if r.watches.count() != maxWatches-1 {
		t.Error("goes on after its end")
	}
}

func TestRelayAsksTheOwner(t *testing.T) {
	rig := newRelayRig(t)
	key := model.WriterKey{Gateway: "g", Group: "line", Writer: "press"}
	partition, err := bus.Partition(key.Gateway, key.Group, key.Writer)
	if err != nil {
		t.Fatal(err)
	}
	liveA, liveB := newFakeLive(), newFakeLive()
	a, _ := rig.process("a", liveA, (partition+1)%bus.Partitions)
	if _, ok := a.Latest(field("x")); ok {
		t.Error("a value of a partition without an owner")
	}
	_, stopB := rig.process("b", liveB, partition)
	liveB.set(field("x"), model.StringValue("läuft"))
	liveB.writers[key] = 12.5
	waitFor(t, 10*time.Second, "the owner answers", func() error {
		if v, ok := a.Latest(field("x")); !ok || v.Value.Text() != "läuft" {
			return fmt.Errorf("%v, %t", v, ok)
		}
		return nil
	})
	if _, ok := a.Latest(field("none")); ok {
		t.Error("a value of a series that does not exist")
	}
	if rate := a.WriterRate(key); rate != 12.5 {
		t.Errorf("rate %v, want 12.5", rate)
	}
	// A page of series is asked for at once.
	for i := range 1000 {
		liveB.set(field(fmt.Sprint("f", i)), model.DoubleValue(float64(i)))
	}
	var page sync.WaitGroup
	for i := range 1000 {
		page.Go(func() {
			if v, ok := a.Latest(field(fmt.Sprint("f", i))); !ok || v.Value.Float() != float64(i) {
				t.Errorf("f%d is %v, %t", i, v, ok)
			}
		})
	}
	page.Wait()
	stopB()
	begin := time.Now()
	if _, ok := a.Latest(field("x")); ok || time.Since(begin) > askPatience {
		t.Errorf("found %t after %s when the owner is gone", ok, time.Since(begin))
	}
}

func TestRelayFindsWritersOfForeignPublishers(t *testing.T) {
	// The subject of a foreign publisher names no writer: they are in its frames.
	p, err := bus.Partition("mqtt:7", "default", "")
	if err != nil {
		t.Fatal(err)
	}
	own, err := bus.Partition("mqtt:7", "default", "3")
	if err != nil {
		t.Fatal(err)
	}
	got := partitionsOf(model.WriterKey{Gateway: "mqtt:7", Group: "default", Writer: "3"})
	if got[0] != own || !strings.Contains(fmt.Sprint(got), fmt.Sprint(p)) {
		t.Errorf("partitions %v, want %d first and %d among them", got, own, p)
	}
	if got := partitionsOf(model.WriterKey{Gateway: "g", Group: "default", Writer: "3"}); len(got) != 1 {
		t.Errorf("partitions %v of our own gateway's writer, want one", got)
	}
	if got := partitionsOf(model.WriterKey{Gateway: strings.Repeat("x", 1000)}); len(got) != 0 {
		t.Errorf("partitions %v of a name that no writer has", got)
	}
}

func TestRelayRates(t *testing.T) {
	rig := newRelayRig(t)
	liveA, liveB := newFakeLive(), newFakeLive()
	liveA.stats = model.IngestStatistics{Values: 10, Frames: 1, Series: 2, Backlog: 3, Checkpoint: 40, ValuesPerSecond: 1.5}
	liveB.stats = model.IngestStatistics{Values: 20, Frames: 2, Series: 3, Backlog: 4, DeadFrames: 1, ScreenedValues: 5, Checkpoint: 30, ValuesPerSecond: 2}
	liveA.rates["press-shop"] = 5
	for i := range 2*serversPerMessage + 1 { // in parts
		liveB.rates[fmt.Sprint("s", i)] = float64(i)
	}
	liveB.rates["press-shop"] = 2
	a, _ := rig.process("a", liveA)
	_, stopB := rig.process("b", liveB)
	waitFor(t, 10*time.Second, "all parts", func() error {
		for _, i := range []int{1, serversPerMessage, 2 * serversPerMessage} {
			if rate := a.ServerRate(fmt.Sprint("s", i)); rate != float64(i) {
				return fmt.Errorf("rate of s%d is %v", i, rate)
			}
		}
		return nil
	})
	want := model.IngestStatistics{Values: 30, Frames: 3, Series: 5, Backlog: 7, DeadFrames: 1, ScreenedValues: 5, Checkpoint: 30, ValuesPerSecond: 3.5}
	if got := a.Statistics(); got != want {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
	if rate := a.ServerRate("press-shop"); rate != 7 {
		t.Errorf("rate %v, want 7", rate)
	}
	stopB()
	rig.meet(a, 0) // at once, not after its silence
	if got := a.Statistics(); got != liveA.stats {
		t.Errorf("after the other left: %+v", got)
	}
	a.peers.take(&ratesMessage{From: "killed"}, time.Now())
	a.peers.expire(time.Now().Add(peerSilence + time.Second))
	rig.meet(a, 0)
}

func TestRelayErrors(t *testing.T) {
	rig := newRelayRig(t)
	a, _ := rig.process("a", newFakeLive())
	if _, err := a.Telemetry(t.Context(), model.SeriesFilter{Field: "("}, time.Second); err == nil {
		t.Error("a filter that cannot be used is taken")
	}
	var ids []model.SeriesID
	for i := range 20_000 {
		ids = append(ids, field(fmt.Sprint("a-field-with-a-long-name-", i)))
	}
	if _, err := a.Telemetry(t.Context(), model.SeriesFilter{IDs: ids}, time.Second); !errors.Is(err, graph.ErrInvalid) {
		t.Errorf("a filter too large for a message: %v, want ErrInvalid", err)
	}
	for _, body := range []string{``, `{}`, `{"latest":1}`, `{"latest":[` + strings.Repeat(`{},`, maxAsks) + `{}]}`} {
		if _, err := a.answer(t.Context(), verbLook, []byte(body)); (err == nil) != (body == "{}") {
			t.Errorf("%.30s: %v", body, err)
		}
	}
	if _, err := a.answer(t.Context(), "other", []byte("{}")); err == nil {
		t.Error("an unknown verb is answered")
	}
}

// FuzzRelay gives a process what others may send.
func FuzzRelay(f *testing.F) {
	for _, m := range []any{
		ratesMessage{From: "b", Servers: map[string]float64{"s": 1}},
		watchMessage{From: "b", ID: "w", Epoch: 2, Interval: time.Second},
		watchValues{From: "b", Epoch: 1, Number: 1, First: true, Values: []watchValue{{Series: field("x"), Value: model.DataValue{Value: model.Int64Value(-1)}}}},
		lookRequest{Latest: []model.SeriesID{field("x")}, Rates: []model.WriterKey{{Gateway: "g"}}},
	} {
		b, err := json.Marshal(m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	server, err := bus.Start(bus.Config{Dir: f.TempDir(), MaxStore: 64 << 20}, zerolog.Nop())
	if err != nil {
		f.Fatal(err)
	}
	conn, err := server.Connect("fuzz")
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = server.Shutdown(context.Background()) })
	f.Fuzz(func(t *testing.T, body []byte) {
		r := newRelay(conn, "a", newFakeLive(), func(int) bool { return false }, zerolog.Nop())
		ctx, cancel := context.WithCancel(t.Context())
		r.hear(body)
		r.serveWatch(ctx, body)
		_, _ = r.answer(ctx, verbLook, body)
		s := &relayed{relay: r, request: watchMessage{Epoch: 1}, heard: map[string]uint64{}, renew: make(chan struct{}, 1)}
		s.receive(body)
		cancel()
		r.watches.wait()
	})
}

func TestMetricsOfPartitionsAreTold(t *testing.T) {
	var page strings.Builder
	writeLabelled(&page, "# TYPE x counter\nx_total 3\ny{url=\"http://a b/\"} 1.5\n", `partition="7"`)
	if want := "x_total{partition=\"7\"} 3\ny{partition=\"7\",url=\"http://a b/\"} 1.5\n"; page.String() != want {
		t.Errorf("got\n%swant\n%s", page.String(), want)
	}
}

func TestTelemetryOfABadFilterIsInvalid(t *testing.T) {
	rig := newRelayRig(t)
	own := ownLive{ingest.NewLive()}
	conn, err := rig.server.Connect("a")
	if err != nil {
		t.Fatal(err)
	}
	for name, live := range map[string]graph.Live{"one process": own, "several": newRelay(conn, "a", own, func(int) bool { return true }, zerolog.Nop())} {
		if _, err := live.Telemetry(t.Context(), model.SeriesFilter{Field: "("}, time.Second); !errors.Is(err, graph.ErrInvalid) {
			t.Errorf("%s: %v, want ErrInvalid", name, err)
		}
	}
}
