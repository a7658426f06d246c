package victoria

import (
	"fmt"
	"hash/maphash"
	"testing"

	"github.com/shopfloor-iiot/shopfloor/ingest"
)

func TestPlanGroups(t *testing.T) {
	s := &Remote{seed: maphash.MakeSeed()}
	a, b := manyRemoteRows(s, 1, 1)[0], manyRemoteRows(s, 2, 2)[1]
	same := ingest.Row{Name: append([]byte{}, a.Name...), Time: 1, Value: 1} // another memory with the same name
	var p plan
	for range 2 {
		if err := p.reset([]ingest.Row{a, b, a, same, b, b}); err != nil {
			t.Fatal(err)
		}
		if len(p.groups) != 2 || p.groups[0].rows != 3 || p.groups[1].rows != 3 {
			t.Fatalf("groups are %+v", p.groups)
		}
	}
	if err := p.reset(nil); err != nil || len(p.groups) != 0 {
		t.Errorf("no rows made groups %+v, error %v", p.groups, err)
	}
}

// TestPlanCollisions gives many series the same hash: they stay apart.
func TestPlanCollisions(t *testing.T) {
	rows := make([]ingest.Row, 1000)
	for i := range rows {
		rows[i].Name = fmt.Appendf(make([]byte, nameHash), "series %d", i%500)
	}
	var p plan
	if err := p.reset(rows); err != nil {
		t.Fatal(err)
	}
	if len(p.groups) != 500 {
		t.Errorf("%d groups for 500 series", len(p.groups))
	}
}

func TestPlanCut(t *testing.T) {
	s := &Remote{seed: maphash.MakeSeed()}
	rows := manyRemoteRows(s, 100, 10)
	var p plan
	if err := p.reset(rows); err != nil {
		t.Fatal(err)
	}
	f := func(from, maxRows, maxBytes, groups, rows int) {
		t.Helper()
		if g, r := p.cut(from, maxRows, maxBytes); g != groups || r != rows {
			t.Errorf("cut from %d at %d rows and %d bytes: %d groups with %d rows", from, maxRows, maxBytes, g, r)
		}
	}
	f(0, 1000, 1<<20, 10, 100)
	f(0, 25, 1<<20, 3, 30)
	f(0, 1000, 1, 1, 10)
	f(9, 25, 1<<20, 1, 10)
	size := len(p.appendRequest(nil, 0, 10))
	if encoded := 10 * (p.encodedLen(&p.groups[0]) + 3); size > encoded || size < encoded-10 {
		t.Errorf("the request has %d bytes, about %d were planned", size, encoded)
	}
}

// BenchmarkPlan is the work on rows before they are compressed.
func BenchmarkPlan(b *testing.B) {
	s := &Remote{seed: maphash.MakeSeed()}
	for _, perSeries := range []int{1, 16} {
		b.Run(fmt.Sprintf("rows_per_series=%d", perSeries), func(b *testing.B) {
			const n = 16_384
			rows := manyRemoteRows(s, n, n/perSeries)
			var p plan
			var raw []byte
			b.ReportAllocs()
			for b.Loop() {
				if err := p.reset(rows); err != nil {
					b.Fatal(err)
				}
				raw = p.appendRequest(raw[:0], 0, len(p.groups))
			}
			b.ReportMetric(float64(b.Elapsed())/float64(b.N*n), "ns/row")
		})
	}
}
