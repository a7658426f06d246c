package storetest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/shopfloor-iiot/shopfloor/ingest"
)

// testValues gives each value a series of its own: a store may use one exponent for neighbouring samples.
func testValues(t *testing.T, f *fixture) {
	values := []float64{
		0, 1, -1, 0.1, -273.15, 1e-300, -4.2e-9, 1e300, 123456.789, 1<<53 - 1, -(1<<53 - 1), 1<<31 - 1,
		math.Inf(1), math.Inf(-1),
	}
	var rows []ingest.Row
	for i, v := range values {
		rows = append(rows, f.row("v", fmt.Sprint(i), f.now+int64(i), v), f.row("v", fmt.Sprint(i), f.now+int64(i)+1, v))
	}
	f.write(t, rows...)
	for i, v := range values {
		sameSamples(t, f.raw(t, "v", fmt.Sprint(i)), []ingest.Sample{{Time: f.now + int64(i), Value: v}, {Time: f.now + int64(i) + 1, Value: v}})
	}
}

func testDuplicates(t *testing.T, f *fixture) {
	a, b := f.row("v", "a", f.now, 5), f.row("v", "a", f.now+1, 6)
	f.write(t, a, b, a)
	f.write(t, a, b)
	sameSamples(t, f.raw(t, "v", "a"), []ingest.Sample{{Time: f.now, Value: 5}, {Time: f.now + 1, Value: 6}})
	count := f.read(t, "v", "a", ingest.Range{From: at(f.now), To: at(f.now + 1000), Step: time.Second, Aggregate: "count"})
	sameSamples(t, count, []ingest.Sample{{Time: f.now, Value: 2}})
}

func testStaleMarkers(t *testing.T, f *fixture) {
	f.write(t, f.row("v", "a", f.now, 5), f.row("v", "a", f.now+1000, staleNaN), f.row("v", "a", f.now+2000, 7))
	sameSamples(t, f.raw(t, "v", "a"), []ingest.Sample{
		{Time: f.now, Value: 5}, {Time: f.now + 1000, Value: math.NaN()}, {Time: f.now + 2000, Value: 7},
	})
	for aggregate, want := range map[string]float64{"count": 2, "sum": 12, "last": 7} {
		got := f.read(t, "v", "a", ingest.Range{From: at(f.now), To: at(f.now + 4000), Step: 4 * time.Second, Aggregate: aggregate})
		sameSamples(t, got, []ingest.Sample{{Time: f.now, Value: want}})
	}
}

func testOrder(t *testing.T, f *fixture) {
	const n = 1000
	rows := make([]ingest.Row, n)
	want := make([]ingest.Sample, n)
	for i := range rows {
		rows[i] = f.row("v", "a", f.now+int64(i)*10, float64(i))
		want[i] = ingest.Sample{Time: rows[i].Time, Value: rows[i].Value}
	}
	rng := rand.New(rand.NewPCG(1, 2))
	rng.Shuffle(n, func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
	f.write(t, rows[:n/2]...)
	f.write(t, rows[n/2:]...)
	sameSamples(t, f.raw(t, "v", "a"), want)
}

func testRange(t *testing.T, f *fixture) {
	f.write(t, f.row("v", "a", f.now, 0), f.row("v", "a", f.now+1, 1), f.row("v", "a", f.now+2, 2), f.row("v", "a", f.now+3, 3))
	got := f.read(t, "v", "a", ingest.Range{From: at(f.now + 1), To: at(f.now + 3)})
	sameSamples(t, got, []ingest.Sample{{Time: f.now + 1, Value: 1}, {Time: f.now + 2, Value: 2}})
	got = f.read(t, "v", "a", ingest.Range{From: at(f.now).Add(time.Nanosecond), To: at(f.now + 1).Add(time.Nanosecond)})
	sameSamples(t, got, []ingest.Sample{{Time: f.now + 1, Value: 1}})
	sameSamples(t, f.read(t, "v", "a", ingest.Range{From: at(f.now), To: at(f.now)}), nil)
}

func testLimit(t *testing.T, f *fixture) {
	// Far more samples than the limit, with a long gap, so that a reader that pages has to page.
	const n = 25_000
	rows := make([]ingest.Row, n)
	for i := range rows {
		rows[i] = f.row("v", "a", f.now-3_000_000+int64(i), float64(i))
	}
	rows[n-1].Time = f.now
	f.write(t, rows...)
	r := ingest.Range{To: at(f.now + 1)} // from 1 January of the year 1
	for _, limit := range []int{1, 3, 10_000, n - 1, n, n + 1} {
		r.Limit = limit
		got := f.read(t, "v", "a", r)
		if len(got) != min(limit, n) {
			t.Fatalf("limit %d: got %d samples", limit, len(got))
		}
		for i, s := range got {
			if s.Time != rows[i].Time || s.Value != rows[i].Value {
				t.Fatalf("limit %d: sample %d is %v, want %v", limit, i, s, rows[i])
			}
		}
	}
	r = ingest.Range{From: at(f.now - 3_000_000), To: at(f.now), Step: time.Second, Aggregate: "count", Limit: 2}
	sameSamples(t, f.read(t, "v", "a", r), []ingest.Sample{{Time: f.now - 3_000_000, Value: 1000}, {Time: f.now - 2_999_000, Value: 1000}})
}

func testAggregates(t *testing.T, f *fixture) {
	// The sample before the range must not count, nor the one at its end.
	f.write(t, f.row("v", "a", f.now-1, 1000), f.row("v", "a", f.now, 2), f.row("v", "a", f.now+10, 4),
		f.row("v", "a", f.now+20, 12), f.row("v", "a", f.now+999, 6), f.row("v", "a", f.now+1000, 1000))
	want := map[string]float64{
		"": 6, "avg": 6, "min": 2, "max": 12, "sum": 24, "count": 4, "first": 2, "last": 6, "delta": 4, "stddev": math.Sqrt(14),
	}
	for aggregate, value := range want {
		t.Run("aggregate "+aggregate, func(t *testing.T) {
			got := f.read(t, "v", "a", ingest.Range{From: at(f.now), To: at(f.now + 1000), Step: time.Second, Aggregate: aggregate})
			if len(got) != 1 || got[0].Time != f.now || math.Abs(got[0].Value-value) > 1e-9 {
				t.Errorf("got %v, want %v at %d", got, value, f.now)
			}
		})
	}
}

func testSteps(t *testing.T, f *fixture) {
	var rows []ingest.Row
	for _, ms := range []int64{0, 9, 10, 30, 39, 44, 45} {
		rows = append(rows, f.row("v", "a", f.now+ms+7, float64(ms)))
	}
	f.write(t, rows...)
	// The range begins at no round time, its last interval is cut short, and one interval is empty.
	base := f.now + 7
	got := f.read(t, "v", "a", ingest.Range{From: at(base), To: at(base + 45), Step: 10 * time.Millisecond, Aggregate: "sum"})
	sameSamples(t, got, []ingest.Sample{
		{Time: base, Value: 9}, {Time: base + 10, Value: 10}, {Time: base + 30, Value: 69}, {Time: base + 40, Value: 44},
	})
	// A range that reaches beyond now, and one shorter than its step.
	got = f.read(t, "v", "a", ingest.Range{From: at(base), To: time.Now().Add(6 * time.Hour), Step: time.Hour, Aggregate: "count"})
	sameSamples(t, got, []ingest.Sample{{Time: base, Value: 7}})
	got = f.read(t, "v", "a", ingest.Range{From: at(base), To: at(base + 10), Step: time.Hour, Aggregate: "count"})
	sameSamples(t, got, []ingest.Sample{{Time: base, Value: 2}})
}

// testPresent reads steps around now: some databases hold back, or guess, the newest points.
func testPresent(t *testing.T, f *fixture) {
	now := time.Now().Truncate(time.Second).UnixMilli()
	const step = 10_000
	f.write(t, f.row("v", "a", now-2*step, 5), f.row("v", "a", now-1000, 7), f.row("v", "a", now-1, 8), f.row("v", "a", now+2000, 6),
		f.row("v", "a", now+2*step, 9))
	want := []ingest.Sample{{Time: now - 2*step, Value: 5}, {Time: now - step, Value: 8}, {Time: now, Value: 6}, {Time: now + 2*step, Value: 9}}
	for steps, n := range map[int64]int{1: 3, 4: 4} {
		r := ingest.Range{From: at(now - 2*step), To: at(now + steps*step), Step: step * time.Millisecond, Aggregate: "last"}
		sameSamples(t, f.read(t, "v", "a", r), want[:n])
	}
}

func testBadRanges(t *testing.T, f *fixture) {
	f.write(t, f.row("v", "a", f.now, 1))
	hour := ingest.Range{From: at(f.now), To: at(f.now + 3_600_000)}
	bad := map[string]func(*ingest.Range){
		"to before from":    func(r *ingest.Range) { r.To = r.From.Add(-time.Second) },
		"negative step":     func(r *ingest.Range) { r.Step = -time.Second },
		"unknown aggregate": func(r *ingest.Range) { r.Step, r.Aggregate = time.Minute, "median) or vector(1" },
		"too many steps":    func(r *ingest.Range) { r.From, r.Step = at(0), time.Millisecond },
	}
	for name, change := range bad {
		t.Run(name, func(t *testing.T) {
			r := hour
			change(&r)
			if got, err := f.Samples(testContext(t), "v", nil, r); err == nil {
				t.Errorf("got %v and no error", got)
			}
		})
	}
}

func testEmpty(t *testing.T, f *fixture) {
	for range 2 {
		f.write(t)
	}
	sameSamples(t, f.raw(t, "v", "a"), nil)
	got, err := f.Series(testContext(t), "v", nil, at(f.now), 10)
	if err != nil || len(got) != 0 {
		t.Errorf("got series %v, error %v", got, err)
	}
}

func testCheckpointContext(t *testing.T, f *fixture) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := f.Append([]ingest.Row{f.row("v", "a", f.now, 1)}); err != nil {
		t.Fatal(err)
	}
	if err := f.Checkpoint(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("checkpoint with a cancelled context: %v", err)
	}
	f.write(t)
	sameSamples(t, f.raw(t, "v", "a"), []ingest.Sample{{Time: f.now, Value: 1}})
}
