package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/shopfloor-iiot/shopfloor/ingest"
)

// testManySeries reads more series at once than one request names.
func testManySeries(t *testing.T, f *fixture) {
	const n = 1500
	name := func(i int) string { return fmt.Sprintf("nsu=http://acme.com/UA/Plant/;s=Hall.Press%04d|x", i) }
	var rows []ingest.Row
	for i := range n {
		for ms := range int64(3) {
			rows = append(rows, f.row("v", name(i), f.now+ms, float64(i)+float64(ms)/8))
		}
	}
	rows = append(rows, f.row("v", "other", f.now, 1), f.row("w", name(0), f.now, 1))
	f.write(t, rows...)
	var lists [][]ingest.Matcher
	for i := range n {
		lists = append(lists, []ingest.Matcher{{Name: "n", Value: name(i)}, {Name: "none"}})
	}
	read := func(r ingest.Range) map[string][]ingest.Sample {
		t.Helper()
		r.From, r.To = at(f.now), at(f.now+10)
		series, until, err := f.SamplesOf(testContext(t), "v", lists, r)
		if err != nil || !until.Equal(r.To) {
			t.Fatalf("until %s, %v", until, err)
		}
		found := map[string][]ingest.Sample{}
		for _, s := range series {
			if len(s.Labels) != 1 || s.Labels[0].Name != "n" || found[s.Labels[0].Value] != nil {
				t.Fatalf("labels %v", s.Labels)
			}
			found[s.Labels[0].Value] = s.Samples
		}
		if len(found) != n {
			t.Fatalf("%d series", len(found))
		}
		return found
	}
	for _, i := range []int{0, 1, 99, 100, n - 1} {
		v := float64(i)
		for _, tt := range []struct {
			r    ingest.Range
			want []ingest.Sample
		}{
			{ingest.Range{}, []ingest.Sample{{Time: f.now, Value: v}, {Time: f.now + 1, Value: v + 0.125}, {Time: f.now + 2, Value: v + 0.25}}},
			{ingest.Range{Limit: 2}, []ingest.Sample{{Time: f.now, Value: v}, {Time: f.now + 1, Value: v + 0.125}}},
			{ingest.Range{Step: 2 * time.Millisecond, Aggregate: "max"}, []ingest.Sample{{Time: f.now, Value: v + 0.125}, {Time: f.now + 2, Value: v + 0.25}}},
			{ingest.Range{Step: 4 * time.Millisecond, Aggregate: "delta"}, []ingest.Sample{{Time: f.now, Value: 0.25}}},
		} {
			if diff := gocmp.Diff(tt.want, read(tt.r)[name(i)]); diff != "" {
				t.Errorf("%+v: series %d (-want +got):\n%s", tt.r, i, diff)
			}
		}
	}
	lists = slices.Concat(lists[:1], [][]ingest.Matcher{{{Name: ""}}})
	if _, _, err := f.SamplesOf(testContext(t), "v", lists, ingest.Range{From: at(f.now), To: at(f.now + 1)}); err == nil {
		t.Error("a matcher without a label is taken")
	}
	if series, _, err := f.SamplesOf(testContext(t), "v", nil, ingest.Range{From: at(f.now), To: at(f.now + 1)}); err != nil || len(series) > 0 {
		t.Errorf("no matchers: %v, %v", series, err)
	}
}
