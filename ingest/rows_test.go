package ingest

import (
	"context"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/shopfloor-iiot/shopfloor/model"
)

func TestRows(t *testing.T) {
	const ms = time.Millisecond
	types := []model.BuiltInType{model.TypeDouble, model.TypeBoolean, model.TypeString, model.TypeVariant}
	bad := at(0, model.Variant{}, 5*ms)
	bad.value.Status = model.StatusBadNodeIdUnknown
	uncertain := at(0, model.DoubleValue(2), 6*ms)
	uncertain.value.Status = model.StatusUncertain
	server := fieldValue{0, model.DataValue{Value: model.DoubleValue(3), ServerTimestamp: model.DateTimeOf(start.Add(7 * ms))}}
	none := fieldValue{0, model.DataValue{Value: model.DoubleValue(4)}}

	for _, test := range []struct {
		name   string
		frames [][]fieldValue
		want   []string
	}{
		{"first value has its status", [][]fieldValue{{at(0, model.DoubleValue(1.5), ms)}}, []string{"status a 1 0", "value a 1 1.5"}},
		{
			"status only when it changes",
			[][]fieldValue{{at(0, model.DoubleValue(1), ms), at(0, model.DoubleValue(2), 2*ms)}, {uncertain}, {bad}},
			[]string{"status a 1 0", "value a 1 1", "value a 2 2", "status a 6 1.073741824e+09", "value a 6 2", "status a 5 2.15089152e+09", "value a 5 stale"},
		},
		{
			"types",
			[][]fieldValue{{at(1, model.BooleanValue(true), ms), at(2, model.StringValue("on"), ms), at(3, model.Int64Value(-7), ms), at(3, model.StringValue("x"), 2*ms)}},
			[]string{"status b 1 0", "value b 1 1", "status c 1 0", "status d 1 0", "value d 1 -7"},
		},
		{"date and time in seconds", [][]fieldValue{{at(3, model.DateTimeValue(model.DateTimeOf(time.Unix(100, 0))), ms)}}, []string{"status d 1 0", "value d 1 100"}},
		{"server timestamp", [][]fieldValue{{server}}, []string{"status a 7 0", "value a 7 3"}},
		{"time of the message", [][]fieldValue{{none}}, []string{"status a 1800000 0", "value a 1800000 4"}},
		{"NaN is screened", [][]fieldValue{{at(0, model.DoubleValue(math.NaN()), ms)}}, []string{"status a 1 0"}},
		{"future and past are screened", [][]fieldValue{{at(0, model.DoubleValue(1), 62*time.Minute), at(0, model.DoubleValue(1), -366*24*time.Hour)}}, nil},
		{
			"the last of a millisecond stays",
			[][]fieldValue{{at(0, model.DoubleValue(9), 3*ms), at(0, model.DoubleValue(1), 3*ms+300*time.Microsecond)}},
			[]string{"status a 3 0", "value a 3 1"},
		},
		{
			"and when time goes back",
			[][]fieldValue{{at(0, model.DoubleValue(9), 3*ms), at(0, model.DoubleValue(8), 4*ms), at(1, model.BooleanValue(true), 3*ms), at(0, model.DoubleValue(1), 3*ms), at(0, model.DoubleValue(2), 4*ms)}},
			[]string{"status a 3 0", "value a 3 1", "value a 4 2", "status b 3 0", "value b 3 1"},
		},
		{
			"other frames are left alone",
			[][]fieldValue{{at(0, model.DoubleValue(9), 3*ms)}, {at(0, model.DoubleValue(1), 3*ms)}},
			[]string{"status a 3 0", "value a 3 9", "value a 3 1"},
		},
		{"type of the value, not of the metadata", [][]fieldValue{{at(2, model.DoubleValue(1), ms)}}, []string{"status c 1 0"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var frames []Frame
			for i, values := range test.frames {
				frames = append(frames, frameOf(uint64(i+1), deltaFrame(t, values...)))
			}
			got := newRig(t, metadata(testKey, types...)).rowsOf(t, frames...)
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("rows (-want +got):\n%s", diff)
			}
			// A replay gives the same.
			if diff := cmp.Diff(got, newRig(t, metadata(testKey, types...)).rowsOf(t, frames...)); diff != "" {
				t.Errorf("replay (-first +second):\n%s", diff)
			}
		})
	}
}

func TestArrayRows(t *testing.T) {
	m := metadata(testKey, model.TypeDouble, model.TypeInt32)
	m.Fields[0].ValueRank, m.Fields[0].ArrayDimensions = 1, []uint32{2}
	m.Fields[1].ValueRank = model.ValueRankAny
	r := newRig(t, m)
	r.cfg.ElementLimit = 3
	bad := at(0, model.Variant{}, 2)
	bad.value.Status = model.StatusBadNodeIdUnknown
	got := r.rowsOf(t,
		frameOf(1, deltaFrame(t, bad)), // markers for what the metadata promises
		frameOf(2, deltaFrame(t, at(0, model.ArrayValue([]float64{1, 2, 3}), 2*time.Millisecond))),
		frameOf(3, deltaFrame(t, at(0, model.ArrayValue([]float64{4}), 3*time.Millisecond))),
		frameOf(4, deltaFrame(t, at(0, model.ArrayValue([]float64{1, 2, 3, 4}), 4*time.Millisecond))),
		frameOf(5, deltaFrame(t, at(1, model.ArrayValue([]int32{8}), 5*time.Millisecond), at(1, model.Int32Value(6), 6*time.Millisecond))),
		frameOf(6, deltaFrame(t, at(1, model.ArrayValue([]string{"x"}), 7*time.Millisecond))),
	)
	want := []string{
		"status a 0 2.15089152e+09", "value a[0] 0 stale", "value a[1] 0 stale",
		"status a 2 0", "value a[0] 2 1", "value a[1] 2 2", "value a[2] 2 3",
		"value a[0] 3 4", "value a[1] 3 stale", "value a[2] 3 stale",
		"value a[0] 4 stale", "value a[1] 4 stale", "value a[2] 4 stale",
		"status b 5 0", "value b[0] 5 8", "value b 6 6",
		"value b[0] 7 stale",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	v, ok := r.core.Live().Latest(model.SeriesID{Gateway: "g1", Group: "line", Writer: "press", Field: "a", Element: "2"})
	if !ok || v.Value.Float() != 3 {
		t.Errorf("live value of element 2: %v, %v; want 3", v, ok)
	}
}

func TestLabels(t *testing.T) {
	m := metadata(testKey, model.TypeDouble)
	m.ExtensionFields = map[string]string{"site": "Ulm", "node": "x", "2nd line": "b", "__name__": "y", "Größe": "1", "empty": ""}
	r := newRig(t, m)
	r.rowsOf(t, frameOf(1, deltaFrame(t, at(0, model.DoubleValue(1), 0))))
	want := `opcua_value{Gr____e="1",_2nd_line="b",exported___name__="y",exported_node="x",field="a",gateway="g1",group="line",` +
		`node="nsu=urn:acme;s=a",path="Objects/Boiler/a",server="boiler",site="Ulm",unit="bar",writer="press"}`
	if got := string(r.batch.rows[1].Name); got != want {
		t.Errorf("name\n got %s\nwant %s", got, want)
	}
}

func TestScreenedAreCountedPerWriter(t *testing.T) {
	r := newRig(t, metadata(testKey, model.TypeDouble))
	r.rowsOf(t, frameOf(1, deltaFrame(t, at(0, model.DoubleValue(math.NaN()), 0), at(0, model.DoubleValue(1), 2*time.Hour), at(0, model.DoubleValue(1), 0))))
	var b strings.Builder
	r.core.live.WriteMetrics(&b)
	for _, want := range []string{
		`shopfloor_ingest_screened_values_total{gateway="g1",group="line",writer="press",reason="nan"} 1`,
		`shopfloor_ingest_screened_values_total{gateway="g1",group="line",writer="press",reason="future"} 1`,
		"shopfloor_ingest_healthy 0\n",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("metrics lack %q:\n%s", want, b.String())
		}
	}
}

// benchFrame is a frame of 900 Double values of as many fields.
func benchFrame(t testing.TB) (*rig, Frame) {
	types := make([]model.BuiltInType, 900)
	values := make([]fieldValue, len(types))
	for i := range types {
		types[i] = model.TypeDouble
		values[i] = at(i, model.DoubleValue(float64(i)), time.Duration(i)*time.Microsecond)
		if i%9 == 0 {
			types[i] = model.TypeString
			values[i].value.Value = model.StringValue("running")
		}
	}
	return newRig(t, metadata(testKey, types...)), frameOf(1, deltaFrame(t, values...))
}

func TestFramesDoNotAllocate(t *testing.T) {
	r, frame := benchFrame(t)
	core := r.make(t)
	var b batch
	process := func() {
		if err := core.intake.frame(context.Background(), &frame, false); err != nil {
			t.Fatal(err)
		}
		core.intake.maker.emit(&b)
		b.reset()
	}
	process()
	if n := testing.AllocsPerRun(100, process); n != 0 {
		t.Errorf("%v allocations per frame of 900 values, want 0", n)
	}
}

func BenchmarkFrame(b *testing.B) {
	r, frame := benchFrame(b)
	core := r.make(b)
	var made batch
	b.SetBytes(int64(len(frame.Data)))
	b.ReportAllocs()
	for b.Loop() {
		if err := core.intake.frame(context.Background(), &frame, false); err != nil {
			b.Fatal(err)
		}
		core.intake.maker.emit(&made)
		made.reset()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/900, "ns/value")
}

// TestUnorderedFrame compares the quick rule of row and dropSuperseded with a plain one on frames of any order.
func TestUnorderedFrame(t *testing.T) {
	for seed := range 200 {
		var values []fieldValue
		want := map[string]float64{}
		state := uint32(seed)*2654435761 + 1
		for i := range 30 {
			state = state*1664525 + 1013904223
			index, ms := int(state>>16)%2, int64(state>>20)%5
			values = append(values, at(index, model.DoubleValue(float64(i)), time.Duration(ms)*time.Millisecond))
			want[fmt.Sprintf("%c %d", 'a'+index, ms)] = float64(i)
		}
		got := map[string]float64{}
		rows := newRig(t, metadata(testKey, model.TypeDouble, model.TypeDouble)).rowsOf(t, frameOf(1, deltaFrame(t, values...)))
		for _, row := range rows {
			var field string
			var ms int64
			var v float64
			if n, _ := fmt.Sscanf(row, "value %s %d %g", &field, &ms, &v); n == 3 {
				key := fmt.Sprintf("%s %d", field, ms)
				if _, twice := got[key]; twice {
					t.Fatalf("seed %d: two rows of %s", seed, key)
				}
				got[key] = v
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("seed %d (-want +got):\n%s", seed, diff)
		}
	}
}
