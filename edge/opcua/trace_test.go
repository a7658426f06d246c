package opcua

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/edge"
	"github.com/shopfloor-iiot/shopfloor/edge/opcua/opcuatest"
	"github.com/shopfloor-iiot/shopfloor/model"
)

// traceOf runs a trace and keeps what it delivers until the test ends or stop is called, which returns when it has ended.
type traceOf struct {
	mu     sync.Mutex
	events []model.TraceEvent
	got    []model.TraceEvents
	stop   func()
}

func startTrace(t *testing.T, s *Source, r model.TraceRequest) *traceOf {
	t.Helper()
	trace, err := s.Trace(r)
	if err != nil {
		t.Fatal(err)
	}
	got := &traceOf{}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		trace(ctx, func(e model.TraceEvents) {
			got.mu.Lock()
			defer got.mu.Unlock()
			got.got = append(got.got, e)
			got.events = append(got.events, e.Events...)
		})
	}()
	got.stop = func() { cancel(); <-done }
	t.Cleanup(got.stop)
	return got
}

// has waits until the events have n of a writer.
func (x *traceOf) has(t *testing.T, writer string, n int) []model.TraceEvent {
	t.Helper()
	var of []model.TraceEvent
	eventually(t, 20*time.Second, func() bool {
		x.mu.Lock()
		defer x.mu.Unlock()
		of = slices.DeleteFunc(slices.Clone(x.events), func(e model.TraceEvent) bool { return e.Writer.Writer != writer })
		return len(of) >= n
	}, func() string { return fmt.Sprintf("%d events of %s, want %d", len(of), writer, n) })
	return of
}

// A trace has all values of its node and no others, of each writer that publishes it, monitored or read, with what the messages say.
func TestTrace(t *testing.T) {
	s := opcuatest.Start(t, opcuatest.Options{})
	r := &recorder{}
	first, second := dataSetWriter("first", 100*time.Millisecond, "V0", "V1"), dataSetWriter("second", 200*time.Millisecond, "V1", "V2")
	second.WriterID = 2
	cyclic := dataSetWriter("cyclic", 100*time.Millisecond, "V1")
	cyclic.WriterID, cyclic.Fields[0].CyclicRead, cyclic.Fields[0].SamplingInterval = 3, &model.CyclicRead{}, 100*time.Millisecond
	source := run(t, config(s.Endpoint(), r), first, second, cyclic)
	eventually(t, 20*time.Second, func() bool {
		return !slices.ContainsFunc(source.Writers(), func(w model.WriterStatus) bool { return w.Active == 0 || w.BadCount > 0 })
	}, func() string { return fmt.Sprintf("%+v", source.Writers()) })

	trace := startTrace(t, source, model.TraceRequest{NodeID: plant("V1"), Duration: time.Minute})
	for _, name := range []string{"first", "second", "cyclic"} {
		events := trace.has(t, name, 5)
		for i, e := range events {
			if e.Field != "V1" || e.Fate != model.FatePublished || e.Value.Value.Type() != model.TypeDouble || e.Value.SourceTimestamp.IsZero() || e.Arrived.IsZero() {
				t.Fatalf("event %d of %s: %+v", i, name, e)
			}
			if read := name == "cyclic"; read != (e.Subscription == 0) || read != (e.Number == 0) {
				t.Fatalf("event %d of %s is of subscription %d, message %d", i, name, e.Subscription, e.Number)
			}
			if i > 0 && (e.Number < events[i-1].Number || e.Arrived.Before(events[i-1].Arrived) || name != "cyclic" && e.Value.Value.Float() != events[i-1].Value.Value.Float()+1) {
				t.Errorf("event %d of %s does not follow the one before: %+v, %+v", i, name, events[i-1], e)
			}
		}
	}
	trace.stop()
	if n := len(source.writers.tracePlaces(plant("V1"))); n != 3 {
		t.Fatalf("%d places, want 3", n)
	}
	if source.publishing.traces.at.Load() != nil {
		t.Error("a trace that has ended is still there")
	}
	if last := trace.got[len(trace.got)-1]; !last.Ended || last.Sequence != uint64(len(trace.got)) {
		t.Errorf("the last of %d deliveries: %+v", len(trace.got), last)
	}
}

// A writer that is opened anew has other items; the trace follows it.
func TestTraceFollowsItsNode(t *testing.T) {
	s := opcuatest.Start(t, opcuatest.Options{})
	source := run(t, config(s.Endpoint(), &recorder{}), dataSetWriter("w", 100*time.Millisecond, "V0"))
	eventually(t, 15*time.Second, func() bool { return source.Writers()[0].Active == 1 }, func() string { return fmt.Sprintf("%+v", source.Writers()) })
	trace := startTrace(t, source, model.TraceRequest{NodeID: plant("V0"), Duration: time.Minute})
	trace.has(t, "w", 1)
	changed := dataSetWriter("w", 200*time.Millisecond, "V5", "V0") // another subscription and place
	changed.Fields[1].Name = "renamed"
	source.Configure([]model.DataSetWriter{changed})
	eventually(t, 20*time.Second, func() bool {
		events := trace.has(t, "w", 1)
		return events[len(events)-1].Field == "renamed"
	}, func() string { return "an event of the field by its new name" })
}

func TestTraceOfANodeThatIsNotPublished(t *testing.T) {
	s := opcuatest.Start(t, opcuatest.Options{})
	source := run(t, config(s.Endpoint(), &recorder{}), dataSetWriter("w", 100*time.Millisecond, "V0"))
	eventually(t, 15*time.Second, func() bool { return source.Writers()[0].Active == 1 }, func() string { return fmt.Sprintf("%+v", source.Writers()) })
	_, err := source.Trace(model.TraceRequest{NodeID: plant("V1"), Duration: time.Minute})
	if !errors.Is(err, model.StatusBadMonitoredItemIdInvalid) || !strings.Contains(err.Error(), "publish it") {
		t.Errorf("error %v, want one with a remedy", err)
	}
	// By its namespace index it is the same node.
	namespaces := *source.publishing.namespaces.Load()
	id, err := namespaces.Resolve(plant("V0"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := source.Trace(model.TraceRequest{NodeID: model.Expanded(id), Duration: time.Minute}); err != nil {
		t.Errorf("by index: %v", err)
	}
	start := time.Now()
	trace := startTrace(t, source, model.TraceRequest{NodeID: plant("V0"), Duration: 300 * time.Millisecond})
	eventually(t, 15*time.Second, func() bool {
		trace.mu.Lock()
		defer trace.mu.Unlock()
		return len(trace.got) > 0 && trace.got[len(trace.got)-1].Ended
	}, func() string { return "the end of the trace by itself" })
	if took := time.Since(start); took < 300*time.Millisecond {
		t.Errorf("ended after %s", took)
	}
}

// tracedItem is an item of a publisher's DataSet whose field is configured by set, with a tracer.
func tracedItem(t *testing.T, set func(*fieldSink)) (*subscription, *item, *tracer) {
	t.Helper()
	p := edge.NewPublisher(edge.PublisherConfig{Gateway: "gw"}, storeless{}, storeless{}, zerolog.Nop())
	d, err := p.Open(t.Context(), dataSetWriter("w", time.Second, "V0"), []model.FieldMetaData{{Name: "V0", BuiltInType: model.TypeVariant}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	f := &fieldSink{set: newFieldSet(nil, model.WriterKey{Writer: "w"}, d)}
	set(f)
	it, sub := newItem(1, plant("V0"), &itemSpec{}, f), testSubscription()
	x := &tracer{places: map[any]bool{}, wake: make(chan struct{}, 1)}
	sub.p.traces.enter(it, x, "V0")
	return sub, it, x
}

func TestFates(t *testing.T) {
	at := func(v model.Variant, ms int64) *model.DataValue {
		return &model.DataValue{Value: v, SourceTimestamp: model.DateTimeOfMilli(ms)}
	}
	deep := model.DoubleValue(1)
	for range 200 {
		deep = model.ArrayValue([]model.Variant{deep})
	}
	for _, tt := range []struct {
		name string
		set  func(*fieldSink)
		want []model.Fate
	}{
		{"plain", func(*fieldSink) {}, []model.Fate{model.FatePublished, model.FateRepeated, model.FateRefused}},
		{"skip first", func(f *fieldSink) { f.skip = true }, []model.Fate{model.FateSkipped, model.FateRepeated, model.FateRefused}},
		{"heartbeats alone", func(f *fieldSink) {
			f.beat = newBeat(&model.Heartbeat{Interval: time.Hour, Behavior: model.HeartbeatPeriodicLKVDropValue}, f.set.dataSet, 0, time.Now())
		}, []model.Fate{model.FateKept, model.FateRepeated, model.FateKept}},
		{"heartbeats", func(f *fieldSink) {
			f.beat = newBeat(&model.Heartbeat{Interval: time.Hour}, f.set.dataSet, 0, time.Now())
		}, []model.Fate{model.FatePublished, model.FateRepeated, model.FateRefused}},
		{"no such field", func(f *fieldSink) { f.field = 7 }, []model.Fate{model.FateDropped, model.FateRepeated, model.FateDropped}},
	} {
		sub, it, x := tracedItem(t, tt.set)
		for _, v := range []*model.DataValue{at(model.DoubleValue(1), 1), at(model.DoubleValue(1), 1), at(deep, 2)} {
			sub.putTraced(it, v, time.Now())
		}
		var got []model.Fate
		events, dropped, more := x.take()
		for _, e := range events {
			got = append(got, e.Fate)
		}
		if !slices.Equal(got, tt.want) || dropped > 0 || more {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

// What nobody takes is bounded and counted, and large values are described.
func TestTraceIsBounded(t *testing.T) {
	sub, it, x := tracedItem(t, func(*fieldSink) {})
	for i := range tracedEvents + 7 {
		sub.putTraced(it, &model.DataValue{Value: model.Int64Value(int64(i)), SourceTimestamp: model.DateTimeOfMilli(int64(i))}, time.Now())
	}
	total, lost := 0, uint64(0)
	for more := true; more; {
		var events []model.TraceEvent
		var dropped uint64
		events, dropped, more = x.take()
		total, lost = total+len(events), lost+dropped
	}
	if total != tracedEvents || lost != 7 {
		t.Errorf("%d events and %d dropped, want %d and 7", total, lost, tracedEvents)
	}
	for v, want := range map[string]model.Variant{
		"Double[70000]": model.ArrayValue(make([]float64, 70_000)), "String of 5000 bytes": model.StringValue(strings.Repeat("x", 5000)), "": model.ArrayValue([]int32{1, 2}),
	} {
		if got := tooLargeToTrace(want); got != v {
			t.Errorf("%q, want %q", got, v)
		}
	}
}
