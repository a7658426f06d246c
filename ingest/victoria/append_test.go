package victoria

import (
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/ingest"
)

// manyRows makes one row for each of n series.
func manyRows(s *Store, n int) []ingest.Row {
	rows := make([]ingest.Row, n)
	for i := range rows {
		labels := []ingest.Label{
			{Name: "gateway", Value: "g1"},
			{Name: "server", Value: "press"},
			{Name: "writer", Value: fmt.Sprint(i / 100)},
			{Name: "field", Value: fmt.Sprintf("Temperature%d", i)},
			{Name: "node", Value: fmt.Sprintf("nsu=urn:acme:press;s=T%d", i)},
		}
		rows[i] = ingest.Row{Name: s.AppendName(nil, "opcua_value", labels), Value: float64(i)}
	}
	return rows
}

func stamp(rows []ingest.Row, ms int64) {
	for i := range rows {
		rows[i].Time = ms
		rows[i].Value++
	}
}

func TestAppendDoesNotAllocatePerRow(t *testing.T) {
	s := openStore(t, t.TempDir())
	rows := manyRows(s, 10_000) // more than a batch
	now := time.Now().UnixMilli()
	stamp(rows, now)
	if err := s.Append(rows); err != nil { // makes the series
		t.Fatal(err)
	}
	if err := s.Checkpoint(t.Context()); err != nil {
		t.Fatal(err)
	}
	allocs := testing.AllocsPerRun(20, func() {
		now++
		stamp(rows, now)
		if err := s.Append(rows); err != nil {
			t.Fatal(err)
		}
	})
	// Append itself allocates nothing. VictoriaMetrics grows a few slices per block of 8000 rows: some 60 allocations, and
	// more with the race detector, which empties pools.
	if perRow := allocs / float64(len(rows)); perRow > 0.1 {
		t.Errorf("%.0f allocations for %d rows", allocs, len(rows))
	}
}

func TestAppendKeepsNothing(t *testing.T) {
	s := openStore(t, t.TempDir())
	now := time.Now().UnixMilli()
	name := s.AppendName(nil, "v", []ingest.Label{{Name: "n", Value: "a"}})
	rows := []ingest.Row{{Name: name, Time: now, Value: 1}}
	if err := s.Append(rows); err != nil {
		t.Fatal(err)
	}
	clear(name)
	rows[0] = ingest.Row{}
	if err := s.Checkpoint(t.Context()); err != nil {
		t.Fatal(err)
	}
	got, err := s.Samples(t.Context(), "v", []ingest.Matcher{{Name: "n", Value: "a"}}, ingest.Range{From: time.UnixMilli(now), To: time.UnixMilli(now + 1)})
	if err != nil || len(got) != 1 || got[0].Value != 1 {
		t.Errorf("got %v, error %v", got, err)
	}
}

func TestAppendInParallel(t *testing.T) {
	s := openStore(t, t.TempDir())
	const writers, per = 4, 20_000 // more than a batch
	start := time.Now().Add(-time.Hour).Truncate(time.Millisecond)
	done := make(chan error)
	for w := range writers {
		name := s.AppendName(nil, "v", []ingest.Label{{Name: "n", Value: fmt.Sprint(w)}})
		rows := make([]ingest.Row, per)
		for i := range rows {
			rows[i] = ingest.Row{Name: name, Time: start.UnixMilli() + int64(i), Value: float64(w)}
		}
		go func() { done <- s.Append(rows) }()
	}
	for range writers {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if err := s.Checkpoint(t.Context()); err != nil {
		t.Fatal(err)
	}
	for w := range writers {
		got, err := s.Samples(t.Context(), "v", []ingest.Matcher{{Name: "n", Value: fmt.Sprint(w)}}, ingest.Range{From: start, To: start.Add(time.Hour)})
		if err != nil || len(got) != per {
			t.Errorf("writer %d: %d samples, error %v", w, len(got), err)
		}
	}
}

func TestCut(t *testing.T) {
	for n := range 12 {
		got := cut("aäöü€", n)
		if len(got) > n || !utf8.ValidString(got) || !strings.HasPrefix("aäöü€", got) {
			t.Errorf("cut to %d gave %q", n, got)
		}
	}
}

func BenchmarkAppend(b *testing.B) {
	s := openStore(b, b.TempDir())
	rows := manyRows(s, 10_000)
	now := time.Now().Add(-24 * time.Hour).UnixMilli()
	b.ReportAllocs()
	for b.Loop() {
		now += 100
		stamp(rows, now)
		if err := s.Append(rows); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*len(rows))/b.Elapsed().Seconds(), "rows/s")
}

// BenchmarkCheckpoint measures how long the gate is shut, by the rows since the last checkpoint. VictoriaMetrics leaves
// fsync out in tests: set DISABLE_FSYNC_FOR_TESTING=false for figures of the real thing.
func BenchmarkCheckpoint(b *testing.B) {
	for _, fresh := range []int{0, 1_000, 100_000} {
		b.Run(fmt.Sprint(fresh), func(b *testing.B) {
			s := openStore(b, b.TempDir())
			rows := manyRows(s, min(fresh, 10_000))
			now := time.Now().Add(-24 * time.Hour).UnixMilli()
			for b.Loop() {
				b.StopTimer()
				for written := 0; written < fresh; written += len(rows) {
					now += 100
					stamp(rows, now)
					if err := s.Append(rows); err != nil {
						b.Fatal(err)
					}
				}
				b.StartTimer()
				if err := s.Checkpoint(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkOpen(b *testing.B) {
	dir := b.TempDir()
	for b.Loop() {
		s, err := Open(Config{Dir: dir, MinFreeDisk: 1 << 20}, zerolog.Nop())
		if err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
}
