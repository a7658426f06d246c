// Package storetest is the conformance suite of ingest.Store and ingest.Reader. Every store runs it:
//
//	func TestConformance(t *testing.T) {
//		storetest.TestStore(t, func(t *testing.T, dir string) (ingest.Store, ingest.Reader, func()) { … })
//	}
//
// The durability test runs the test binary again and kills it, so open must work from dir alone, in a process of its own.
// A store that is a server elsewhere, an ingest.Delayed, runs TestDelayed instead, which kills the server.
package storetest

import (
	"cmp"
	"context"
	"math"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/shopfloor-iiot/shopfloor/ingest"
)

// Open opens the store in dir, which may hold the data of an earlier one, and returns how to close it. It fails the test
// when it cannot.
type Open func(t *testing.T, dir string) (ingest.Store, ingest.Reader, func())

// staleNaN is Prometheus' stale marker.
var staleNaN = math.Float64frombits(0x7ff0000000000002)

// TestStore runs the suite. Only one store is open at a time.
func TestStore(t *testing.T, open Open) {
	testCommon(t, func(t *testing.T, dir string) (*fixture, func()) {
		store, reader, closeStore := open(t, dir)
		return &fixture{Store: store, Reader: reader, now: startOfTests()}, closeStore
	}, false)
	t.Run("durability", func(t *testing.T) { testDurability(t, open) })
}

// startOfTests is when samples begin: an hour ago.
func startOfTests() int64 { return time.Now().Add(-time.Hour).Truncate(time.Minute).UnixMilli() }

// testCommon runs what every store has to pass, in parallel when several can be open.
func testCommon(t *testing.T, open func(t *testing.T, dir string) (*fixture, func()), parallel bool) {
	tests := []struct {
		name string
		run  func(*testing.T, *fixture)
	}{
		{"values come back exactly", testValues},
		{"labels come back exactly", testLabels},
		{"label names come back exactly", testLabelNames},
		{"labels without value or in other order", testLabelOrder},
		{"names of any length", testLongNames},
		{"same sample twice is one", testDuplicates},
		{"stale markers", testStaleMarkers},
		{"rows out of order", testOrder},
		{"range is half-open", testRange},
		{"limit takes the oldest", testLimit},
		{"aggregates", testAggregates},
		{"steps are half-open", testSteps},
		{"steps around now", testPresent},
		{"bad ranges", testBadRanges},
		{"several series", testSeveral},
		{"many series at once", testManySeries},
		{"matchers cannot be injected", testInjection},
		{"series are filtered and limited", testSeries},
		{"new series are found at once", testNewSeries},
		{"empty store", testEmpty},
		{"checkpoint ends with its context", testCheckpointContext},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if parallel {
				t.Parallel()
			}
			f, closeStore := open(t, t.TempDir())
			defer closeStore()
			tt.run(t, f)
		})
	}
	t.Run("reopen", func(t *testing.T) {
		if parallel {
			t.Parallel()
		}
		testReopen(t, open)
	})
}

// fixture is an open store with the moment at which its samples begin.
type fixture struct {
	ingest.Store
	ingest.Reader
	now int64
	// flush makes written rows readable where Checkpoint does not; nil where it does.
	flush func()
}

// row makes a row of a series with one label.
func (f *fixture) row(metric, label string, at int64, value float64) ingest.Row {
	return ingest.Row{Name: f.AppendName(nil, metric, []ingest.Label{{Name: "n", Value: label}}), Time: at, Value: value}
}

// write appends rows and makes them durable, or waits for nothing where the store is delayed, and readable.
func (f *fixture) write(t *testing.T, rows ...ingest.Row) {
	t.Helper()
	if err := f.Append(rows); err != nil {
		t.Fatalf("append: %v", err)
	}
	if err := f.Checkpoint(testContext(t)); err != nil {
		t.Fatalf("checkpoint: %v", err)
	}
	f.show()
}

// show makes all that was written readable.
func (f *fixture) show() {
	if f.flush != nil {
		f.flush()
	}
}

// raw reads the samples of a series made by row.
func (f *fixture) raw(t *testing.T, metric, label string) []ingest.Sample {
	t.Helper()
	return f.read(t, metric, label, ingest.Range{From: at(f.now - 3_600_000), To: at(f.now + 3_600_000)})
}

func (f *fixture) read(t *testing.T, metric, label string, r ingest.Range) []ingest.Sample {
	t.Helper()
	got, err := f.Samples(testContext(t), metric, []ingest.Matcher{{Name: "n", Value: label}}, r)
	if err != nil {
		t.Fatalf("samples: %v", err)
	}
	return got
}

func testContext(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func at(ms int64) time.Time { return time.UnixMilli(ms) }

// sameSamples fails the test unless got is want; NaN equals NaN.
func sameSamples(t *testing.T, got, want []ingest.Sample) {
	t.Helper()
	nan := gocmp.Comparer(func(a, b float64) bool { return a == b || math.IsNaN(a) && math.IsNaN(b) })
	if diff := gocmp.Diff(want, got, nan, emptyIsNil()); diff != "" {
		t.Errorf("samples differ (-want +got):\n%s", diff)
	}
}

func emptyIsNil() gocmp.Option {
	return gocmp.FilterValues(func(a, b []ingest.Sample) bool { return len(a) == 0 && len(b) == 0 }, gocmp.Ignore())
}

func sortLabels(labels []ingest.Label) []ingest.Label {
	slices.SortFunc(labels, func(a, b ingest.Label) int { return cmp.Compare(a.Name, b.Name) })
	return labels
}
