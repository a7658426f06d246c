package ingest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/shopfloor-iiot/shopfloor/model"
)

func seriesID(field string) model.SeriesID {
	return model.SeriesID{Gateway: testKey.Gateway, Group: testKey.Group, Writer: testKey.Writer, Field: field}
}

// process gives frames to a Core that does not run.
func process(t testing.TB, c *Core, frames ...Frame) {
	t.Helper()
	for i := range frames {
		k := &c.intake
		if err := k.frame(context.Background(), &frames[i], k.decoder.isRepeat(&frames[i])); err != nil {
			t.Fatal(err)
		}
	}
}

func TestLatest(t *testing.T) {
	r := newRig(t, metadata(testKey, model.TypeDouble, model.TypeString, model.TypeVariant))
	core := r.make(t)
	if _, ok := core.Live().Latest(seriesID("a")); ok {
		t.Error("a value before the first frame")
	}
	text := deltaFrame(t, at(1, model.StringValue("running"), 0), at(2, model.ArrayValue([]string{"x", "y"}), 0))
	process(t, core, frameOf(1, text), frameOf(2, deltaFrame(t, at(0, model.DoubleValue(math.NaN()), 5*time.Hour))))
	running, _ := core.Live().Latest(seriesID("b"))
	clear(text) // live values have memory of their own
	process(t, core, frameOf(3, deltaFrame(t, at(1, model.StringValue("stopped"), 1))))
	stopped, _ := core.Live().Latest(seriesID("b"))
	array, _ := core.Live().Latest(seriesID("c"))
	wrong, ok := core.Live().Latest(seriesID("a"))
	if running.Value.Text() != "running" || stopped.Value.Text() != "stopped" {
		t.Errorf("texts %q and %q, want running and stopped", running.Value.Text(), stopped.Value.Text())
	}
	if diff := cmp.Diff([]string{"x", "y"}, model.Elements[string](array.Value)); diff != "" {
		t.Errorf("array (-want +got):\n%s", diff)
	}
	if !ok || !math.IsNaN(wrong.Value.Float()) {
		t.Errorf("screened value %v is not live", wrong)
	}
	// A value that came empty is the last one too.
	process(t, core, frameOf(4, deltaFrame(t, at(1, model.NullStringValue(), 2))))
	if v, ok := core.Live().Latest(seriesID("b")); !ok || !v.Value.IsNull() {
		t.Errorf("null text: %v, %v", v, ok)
	}
}

func TestRepeatsDoNotTurnLiveValuesBack(t *testing.T) {
	r := newRig(t, metadata(testKey, model.TypeDouble))
	core := r.make(t)
	old, recent := frameOf(1, number(t, 1, 1)), frameOf(2, number(t, 2, 2))
	old.Number, recent.Number = 11, 12
	process(t, core, old, recent, old)
	if v, _ := core.Live().Latest(seriesID("a")); v.Value.Float() != 2 {
		t.Errorf("live value %v, want 2", v.Value.Float())
	}
	if n := len(core.intake.maker.points.all); n != 4 { // the status once, the repeated value too
		t.Errorf("%d rows, want 4", n)
	}
	if n := core.live.counters.repeated.Get(); n != 1 {
		t.Errorf("%d repeats, want 1", n)
	}
	// A device whose clock was set back is no repeat.
	process(t, core, frameOf(13, number(t, -5000, 3)))
	if v, _ := core.Live().Latest(seriesID("a")); v.Value.Float() != 3 {
		t.Errorf("live value %v after the clock went back, want 3", v.Value.Float())
	}
}

func TestNewVersionReplacesFields(t *testing.T) {
	m := metadata(testKey, model.TypeDouble, model.TypeDouble)
	r := newRig(t, m)
	core := r.make(t)
	process(t, core, frameOf(1, deltaFrame(t, at(0, model.DoubleValue(1), 0), at(1, model.DoubleValue(2), 0))))
	next := metadata(testKey, model.TypeDouble, model.TypeDouble)
	next.Version, next.Fields[0].Name = model.ConfigurationVersion{Major: 2, Minor: 1}, "z"
	r.meta.add(next)
	process(t, core, frameOf(2, deltaFrameOf(t, next.Version, at(0, model.DoubleValue(3), time.Second))))
	live := core.Live()
	if _, ok := live.Latest(seriesID("a")); ok {
		t.Error("the field that was removed is still there")
	}
	z, _ := live.Latest(seriesID("z"))
	b, ok := live.Latest(seriesID("b"))
	if z.Value.Float() != 3 || !ok || b.Value.Float() != 2 {
		t.Errorf("z %v, b %v; want 3 and 2", z.Value.Float(), b.Value.Float())
	}
	if s := live.Statistics(); s.Series != 2 {
		t.Errorf("%d series, want 2", s.Series)
	}
}

func TestMaxSeries(t *testing.T) {
	other := model.WriterKey{Gateway: "g1", Group: "line", Writer: "saw"}
	r := newRig(t, metadata(testKey, model.TypeDouble, model.TypeDouble), metadata(other, model.TypeDouble, model.TypeDouble))
	r.cfg.MaxSeries = 3
	core := r.make(t)
	f := frameOf(2, number(t, 1, 1))
	f.Writer = other.Writer
	process(t, core, frameOf(1, number(t, 1, 1)), f)
	if got := r.dead.taken(); len(got) != 1 || !errors.Is(got[0], errTooManySeries) {
		t.Errorf("dead frames %v, want one for too many series", got)
	}
}

func TestTelemetry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		other := model.WriterKey{Gateway: "g1", Group: "line", Writer: "saw"}
		r := newRig(t, metadata(testKey, model.TypeDouble, model.TypeDouble, model.TypeString), metadata(other, model.TypeDouble))
		core := r.make(t)
		ctx, cancel := context.WithCancel(t.Context())
		process(t, core, frameOf(1, deltaFrame(t, at(0, model.DoubleValue(1), 0), at(1, model.DoubleValue(1), 0))))
		updates, err := core.Live().Telemetry(ctx, model.SeriesFilter{Server: "boiler", Field: "a|c"}, time.Second)
		if err != nil {
			t.Fatal(err)
		}
		receive := func() []string {
			t.Helper()
			b := <-updates
			got := []string{fmt.Sprint(b.Sequence)}
			for _, v := range b.Values {
				text, _ := v.Value.Value.MarshalJSON()
				got = append(got, v.Series.Writer+"."+v.Series.Field+" "+string(text))
			}
			return got
		}
		want := func(want ...string) {
			t.Helper()
			if diff := cmp.Diff(want, receive()); diff != "" {
				t.Errorf("batch (-want +got):\n%s", diff)
			}
		}
		begin := time.Now()
		want("1", `press.a {"type":11,"value":1}`) // what there is comes at once
		if d := time.Since(begin); d != 0 {
			t.Errorf("first batch after %s", d)
		}
		// Nobody receives for a while: the newest value is what counts.
		for i := range 1000 {
			process(t, core, frameOf(uint64(i+2), number(t, i, float64(i))))
		}
		time.Sleep(10 * time.Second)
		// The batch that waits was made after the first second. Then comes a series that did not exist.
		want("2", `press.a {"type":11,"value":999}`)
		synctest.Wait() // a tick was waiting; it finds nothing
		f := frameOf(2000, number(t, 1, 7))
		f.Writer = other.Writer
		process(t, core, f, frameOf(2001, deltaFrame(t, at(2, model.StringValue("x"), 0), at(1, model.DoubleValue(5), 0))))
		want("3", `press.c {"type":12,"value":"x"}`, `saw.a {"type":11,"value":7}`)
		cancel()
		synctest.Wait()
		if _, open := <-updates; open {
			t.Error("channel is open after the end of ctx")
		}
		if n := core.live.counters.subscriptions.Load(); n != 0 {
			t.Errorf("%d subscriptions are left", n)
		}
	})
}

func TestTelemetryFilter(t *testing.T) {
	r := newRig(t, metadata(testKey, model.TypeDouble, model.TypeDouble, model.TypeDouble))
	core := r.make(t)
	process(t, core, frameOf(1, deltaFrame(t, at(0, model.DoubleValue(1), 0), at(1, model.DoubleValue(1), 0), at(2, model.DoubleValue(1), 0))))
	b := model.ExpandedNodeID{NodeID: model.StringID(0, "b"), NamespaceURI: "urn:acme"}
	for _, test := range []struct {
		filter model.SeriesFilter
		want   string
	}{
		{model.SeriesFilter{}, "a b c"},
		{model.SeriesFilter{Gateway: "g1", Group: "line", Writer: "press"}, "a b c"},
		{model.SeriesFilter{Gateway: "g2"}, ""},
		{model.SeriesFilter{Server: "other"}, ""},
		{model.SeriesFilter{Path: "Objects/.*/[bc]"}, "b c"},
		{model.SeriesFilter{Path: "Objects"}, ""}, // the whole text
		{model.SeriesFilter{Field: "a|b"}, "a b"},
		{model.SeriesFilter{NodeIDs: []model.ExpandedNodeID{b}}, "b"},
		{model.SeriesFilter{IDs: []model.SeriesID{seriesID("c"), seriesID("a"), {Gateway: "g9"}}}, "a c"},
		{model.SeriesFilter{IDs: []model.SeriesID{seriesID("c")}, Field: "a"}, ""},
	} {
		f, err := newFilter(test.filter)
		if err != nil {
			t.Fatal(err)
		}
		s := subscription{live: core.Live(), filter: f, watched: make([]watched, 1)}
		s.collect(core.Live().list()[0], &s.watched[0])
		var got []string
		for _, v := range s.batch {
			got = append(got, v.Series.Field)
		}
		if g := strings.Join(got, " "); g != test.want {
			t.Errorf("%+v selects %q, want %q", test.filter, g, test.want)
		}
	}
	for _, f := range []model.SeriesFilter{{Field: "("}, {Path: "a)(b"}, {IDs: make([]model.SeriesID, maxFilterItems+1)}} {
		if _, err := core.Live().Telemetry(t.Context(), f, 0); !errors.Is(err, ErrInvalid) {
			t.Errorf("filter: %v, want ErrInvalid", err)
		}
	}
}

func TestRates(t *testing.T) {
	r := newRig(t, metadata(testKey, model.TypeDouble))
	core := r.make(t)
	live := core.Live()
	live.updateRates(time.Second)
	for second := range 30 {
		for i := range 100 {
			process(t, core, frameOf(uint64(100*second+i+1), number(t, i, 1)))
		}
		live.updateRates(time.Second)
	}
	for name, got := range map[string]float64{
		"server": live.ServerRate("boiler"), "writer": live.WriterRate(testKey), "total": live.Statistics().ValuesPerSecond,
	} {
		if math.Abs(got-100) > 1e-6 {
			t.Errorf("%s rate %v, want 100", name, got)
		}
	}
	for range 60 {
		live.updateRates(time.Second)
	}
	if got := live.WriterRate(testKey); got != 0 {
		t.Errorf("rate %v a minute after the last value, want 0", got)
	}
	if live.ServerRate("none") != 0 || live.WriterRate(model.WriterKey{}) != 0 {
		t.Error("rates of what there is not")
	}
}

// TestLiveIsSafeForSeveralGoroutines is for the race detector.
func TestLiveIsSafeForSeveralGoroutines(t *testing.T) {
	m := metadata(testKey, model.TypeString, model.TypeDouble, model.TypeVariant)
	r := newRig(t, m)
	r.run(t)
	ctx, cancel := context.WithCancel(t.Context())
	var readers sync.WaitGroup
	for range 3 {
		readers.Go(func() {
			updates, err := r.core.Live().Telemetry(ctx, model.SeriesFilter{Field: ".*"}, minTelemetryInterval)
			if err != nil {
				t.Error(err)
				return
			}
			for b := range updates {
				for _, v := range b.Values {
					_ = v.Value.Value.String()
				}
			}
		})
		readers.Go(func() {
			for ctx.Err() == nil {
				if v, ok := r.core.Live().Latest(seriesID("a")); ok && !strings.HasPrefix(v.Value.Text(), "text") {
					t.Errorf("live text %q", v.Value.Text())
				}
				r.core.Live().Statistics()
				r.core.live.WriteMetrics(&strings.Builder{})
			}
		})
	}
	for i := range 300 {
		r.stream.add(deltaFrame(t, at(0, model.StringValue(fmt.Sprint("text ", i)), time.Duration(i)), at(1, model.DoubleValue(1), time.Duration(i)),
			at(2, model.ArrayValue(make([]float64, i%9+1)), time.Duration(i))))
	}
	r.sync(t)
	cancel()
	readers.Wait()
}
