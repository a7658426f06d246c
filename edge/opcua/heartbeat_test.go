package opcua

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// lines is a DataSet that notes each value with the time since its start.
type lines struct {
	start time.Time
	got   []string
}

func (l *lines) Put(_ int, v *model.DataValue) {
	since := func(t model.DateTime) time.Duration { return t.Time().Sub(l.start).Round(time.Millisecond) }
	value := v.Value.Any()
	if value == nil {
		value = "null"
	}
	l.got = append(l.got, fmt.Sprintf("%v %v %s of %v", time.Since(l.start), value, v.Status.Name(), since(v.SourceTimestamp)))
}

// Values 1 at 0 s, 2 at 400 ms and a Bad one at 600 ms, with a heartbeat each second. The connection is lost from 3.5 s on.
func TestHeartbeat(t *testing.T) {
	f := func(behavior model.HeartbeatBehavior, sent uint64, want ...string) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			l := &lines{start: time.Now()}
			var lost atomic.Bool
			h := newHeartbeats(func() bool { return !lost.Load() })
			b := newBeat(&model.Heartbeat{Interval: time.Second, Behavior: behavior}, l, 0, time.Now())
			ctx, cancel := context.WithCancel(t.Context())
			go h.run(ctx)
			h.add([]*beat{b})
			for _, v := range []struct {
				after time.Duration
				value model.DataValue
			}{
				{0, model.DataValue{Value: model.DoubleValue(1)}},
				{400 * time.Millisecond, model.DataValue{Value: model.DoubleValue(2)}},
				{200 * time.Millisecond, model.DataValue{Status: model.StatusBadSensorFailure}},
			} {
				time.Sleep(v.after)
				v.value.SourceTimestamp = model.DateTimeOf(time.Now())
				b.put(&v.value, false)
			}
			time.Sleep(2900 * time.Millisecond)
			lost.Store(true)
			time.Sleep(time.Second)
			h.remove([]*beat{b})
			time.Sleep(5 * time.Second)
			cancel()
			synctest.Wait()
			if diff := cmp.Diff(want, l.got); diff != "" {
				t.Errorf("%s: %s", behavior, diff)
			}
			if n := h.sent.Load(); n != sent {
				t.Errorf("%s: %d heartbeats counted, want %d", behavior, n, sent)
			}
		})
	}
	values := []string{"0s 1 Good of 0s", "400ms 2 Good of 400ms", "600ms null BadSensorFailure of 600ms"}
	with := func(beats ...string) []string { return append(values[:3:3], beats...) }
	f("", 3, with("1.6s null BadSensorFailure of 600ms", "2.6s null BadSensorFailure of 600ms", "3.6s null BadNoCommunication of 3.6s")...)
	f(model.HeartbeatWatchdogLKV, 3, with("1.6s null BadSensorFailure of 600ms", "2.6s null BadSensorFailure of 600ms", "3.6s null BadNoCommunication of 3.6s")...)
	f(model.HeartbeatWatchdogLKG, 3, with("1.6s 2 Good of 400ms", "2.6s 2 Good of 400ms", "3.6s 2 BadNoCommunication of 3.6s")...)
	f(model.HeartbeatPeriodicLKV, 4, with("1s null BadSensorFailure of 600ms", "2s null BadSensorFailure of 600ms", "3s null BadSensorFailure of 600ms", "4s null BadNoCommunication of 4s")...)
	f(model.HeartbeatPeriodicLKG, 4, with("1s 2 Good of 400ms", "2s 2 Good of 400ms", "3s 2 Good of 400ms", "4s 2 BadNoCommunication of 4s")...)
	f(model.HeartbeatPeriodicLKGDropValue, 4, "1s 2 Good of 400ms", "2s 2 Good of 400ms", "3s 2 Good of 400ms", "4s 2 BadNoCommunication of 4s")
	f(model.HeartbeatUpdatedTimestamps, 3, with("1.6s null BadSensorFailure of 1.6s", "2.6s null BadSensorFailure of 2.6s", "3.6s null BadNoCommunication of 3.6s")...)
	f(model.HeartbeatDiagnosticsOnly, 3, values...)
}

// What the server refuses is in the heartbeats until it comes; a first value that is skipped is in them as well.
func TestHeartbeatWithoutValue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &lines{start: time.Now()}
		b := newBeat(&model.Heartbeat{Interval: time.Second}, l, 0, time.Now())
		fire := func() {
			time.Sleep(time.Second)
			b.fire(time.Now(), true)
		}
		fire() // nothing is known
		b.refuse(model.StatusBadNodeIdUnknown)
		fire()
		b.refuse(0)
		sink := &fieldSink{set: newFieldSet(nil, model.WriterKey{}, l), beat: b, skip: true}
		sink.put(&model.DataValue{Value: model.DoubleValue(1), SourceTimestamp: model.DateTimeOf(time.Now())})
		fire()
		sink.put(&model.DataValue{Value: model.DoubleValue(2), SourceTimestamp: model.DateTimeOf(time.Now())})
		want := []string{"2s null BadNodeIdUnknown of 2s", "3s 1 Good of 2s", "3s 2 Good of 3s"}
		if diff := cmp.Diff(want, l.got); diff != "" {
			t.Error(diff)
		}
	})
}

type dropAll struct{}

func (dropAll) Put(int, *model.DataValue) {}

func TestHeartbeatAllocations(t *testing.T) {
	b := newBeat(&model.Heartbeat{Interval: time.Second}, dropAll{}, 0, time.Now())
	sink := &fieldSink{set: newFieldSet(nil, model.WriterKey{}, dropAll{}), beat: b}
	v := model.DataValue{Value: model.DoubleValue(1)}
	if n := testing.AllocsPerRun(1000, func() { sink.put(&v) }); n != 0 {
		t.Errorf("%v allocations a value, want none", n)
	}
}

func BenchmarkHeartbeat(b *testing.B) {
	beat := newBeat(&model.Heartbeat{Interval: time.Second}, dropAll{}, 0, time.Now())
	sink := &fieldSink{set: newFieldSet(nil, model.WriterKey{}, dropAll{}), beat: beat}
	v := model.DataValue{Value: model.DoubleValue(1)}
	b.ReportAllocs()
	for b.Loop() {
		sink.put(&v)
	}
}
