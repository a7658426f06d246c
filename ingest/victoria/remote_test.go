package victoria

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/VictoriaMetrics/VictoriaMetrics/lib/prompb"
	"github.com/google/go-cmp/cmp"

	"github.com/shopfloor-iiot/shopfloor/ingest"
)

// manyRemoteRows makes n rows of the given number of series.
func manyRemoteRows(s ingest.Store, n, series int) []ingest.Row {
	rows := make([]ingest.Row, n)
	for i := range rows {
		if i < series {
			rows[i].Name = s.AppendName(nil, "v", []ingest.Label{{Name: "gateway", Value: "g1"}, {Name: "n", Value: fmt.Sprint(i)}})
		} else {
			rows[i].Name = rows[i%series].Name
		}
		rows[i].Time, rows[i].Value = 1_700_000_000_000+int64(i/series), float64(i)
	}
	return rows
}

func TestRemoteWrites(t *testing.T) {
	for _, compression := range []string{CompressionZstd, CompressionSnappy} {
		t.Run(compression, func(t *testing.T) {
			f := newFake(t)
			f.Start()
			cfg := f.config()
			cfg.Compression, cfg.MaxRows = compression, 3000
			r := openRemote(t, cfg)
			rows := manyRemoteRows(r, 10_000, 500)
			rand.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
			if err := r.Append(rows); err != nil {
				t.Fatal(err)
			}
			want := map[string]int{}
			for _, row := range rows {
				want[fmt.Sprint(labelsOf(t, row.Name), " ", row.Time, " ", row.Value)]++
			}
			f.mu.Lock()
			defer f.mu.Unlock()
			if diff := cmp.Diff(want, f.samples); diff != "" {
				t.Errorf("samples (-want +got):\n%s", diff)
			}
			if f.series != 500 {
				t.Errorf("sent %d TimeSeries for 500 series", f.series)
			}
			if len(f.requests) != 1 || f.requests[compression] < 4 {
				t.Errorf("requests: %v", f.requests)
			}
			if f.largest > 3000+20 {
				t.Errorf("%d rows in one request, want 3000 and the rest of a series", f.largest)
			}
		})
	}
}

// labelsOf decodes a name.
func labelsOf(t *testing.T, name []byte) []prompb.Label {
	t.Helper()
	var u prompb.WriteRequestUnmarshaler
	p := plan{}
	if err := p.reset([]ingest.Row{{Name: name}}); err != nil {
		t.Fatal(err)
	}
	request, err := u.UnmarshalProtobuf(p.appendRequest(nil, 0, 1))
	if err != nil || len(request.Timeseries) != 1 {
		t.Fatalf("%d series, error %v", len(request.Timeseries), err)
	}
	return request.Timeseries[0].Labels
}

func TestRemoteNames(t *testing.T) {
	f := newFake(t)
	f.Start()
	r := openRemote(t, f.config())
	long := strings.Repeat("ä", 50_000)
	labels := []ingest.Label{{Name: "z", Value: "1"}, {Name: "empty"}, {Value: "no name"}, {Name: long, Value: long}}
	for i := range 100 {
		labels = append(labels, ingest.Label{Name: fmt.Sprintf("l%02d", i), Value: "x"})
	}
	got := labelsOf(t, r.AppendName(nil, "v", labels))
	if len(got) != 40 {
		t.Fatalf("%d labels, VictoriaMetrics takes 40", len(got))
	}
	if got[0] != (prompb.Label{Name: "__name__", Value: "v"}) || got[1].Name != "l00" || got[38].Name != "z" {
		t.Errorf("labels are not sorted: %q %q %q", got[0], got[1], got[38])
	}
	if l := got[39]; len(l.Name) > 256 || len(l.Value) > 4096 || len(l.Value) < 4090 {
		t.Errorf("name of %d and value of %d bytes", len(l.Name), len(l.Value))
	}
	size := 0
	for _, l := range labelsOf(t, r.AppendName(nil, "v", manyLong())) {
		size += len(l.Name) + len(l.Value)
	}
	if size > 49<<10 || size < 40<<10 {
		t.Errorf("the name has %d bytes", size)
	}
}

func manyLong() (labels []ingest.Label) {
	for i := range 30 {
		labels = append(labels, ingest.Label{Name: fmt.Sprintf("l%02d", i), Value: strings.Repeat("x", 4096)})
	}
	return labels
}

func TestAppendSample(t *testing.T) {
	for _, ms := range []int64{0, 1, 127, 128, 1 << 35, 1_700_000_000_000, math.MaxInt64, -1} {
		for _, value := range []float64{0, 1.5, math.Inf(-1), math.Float64frombits(0x7ff0000000000002)} {
			got := appendSample([]byte("x"), ms, value)[1:]
			if len(got) != sampleLen(ms) {
				t.Errorf("%d: %d bytes, sampleLen says %d", ms, len(got), sampleLen(ms))
			}
			var u prompb.WriteRequestUnmarshaler
			request, err := u.UnmarshalProtobuf(append([]byte{tagTimeSeries, byte(len(got))}, got...))
			if err != nil {
				t.Fatal(err)
			}
			s := request.Timeseries[0].Samples[0]
			if s.Timestamp != ms || math.Float64bits(s.Value) != math.Float64bits(value) {
				t.Errorf("%d %v became %v", ms, value, s)
			}
		}
	}
}

func TestRemoteAppendDoesNotAllocatePerRow(t *testing.T) {
	f := newFake(t)
	f.write = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }
	f.Start()
	r := openRemote(t, f.config())
	rows := manyRemoteRows(r, 20_000, 5_000)
	for range 3 {
		if err := r.Append(rows); err != nil {
			t.Fatal(err)
		}
	}
	var p plan
	if allocs := testing.AllocsPerRun(20, func() {
		if err := p.reset(rows); err != nil {
			t.Fatal(err)
		}
	}); allocs != 0 {
		t.Errorf("planning allocates %.0f times", allocs)
	}
	s := sender{}
	if allocs := testing.AllocsPerRun(20, func() {
		s.raw = p.appendRequest(s.raw[:0], 0, len(p.groups))
		s.compress(false)
	}); allocs > 1 {
		t.Errorf("encoding and compressing allocates %.0f times", allocs)
	}
	// What is left are the HTTP requests, of client and server together.
	allocs := testing.AllocsPerRun(20, func() {
		if err := r.Append(rows); err != nil {
			t.Fatal(err)
		}
	})
	if perRow := allocs / float64(len(rows)); perRow > 0.05 {
		t.Errorf("%.0f allocations for %d rows", allocs, len(rows))
	}
}

func TestRemoteRefusesForeignNames(t *testing.T) {
	f := newFake(t)
	f.Start()
	r := openRemote(t, f.config())
	if err := r.Append([]ingest.Row{{Name: []byte("v"), Time: 1}}); err == nil || !strings.Contains(err.Error(), `"v"`) {
		t.Errorf("append: %v", err)
	}
}

func TestRemoteMetrics(t *testing.T) {
	f := newFake(t)
	f.Start()
	r := openRemote(t, f.config())
	if err := r.Append(manyRemoteRows(r, 100, 10)); err != nil {
		t.Fatal(err)
	}
	var page strings.Builder
	r.WriteMetrics(&page)
	for _, line := range []string{
		"requests_total 1", "rows_total 100", "retries_total 0", "append_errors_total 0", "requests_in_flight 0", "delay_seconds 22",
		"restarts_total 0", "health_errors_total 0", "request_seconds_count 1", "sent_bytes_total ",
	} {
		if !strings.Contains(page.String(), "shopfloor_remote_store_"+line) {
			t.Errorf("no %s in\n%s", line, page.String())
		}
	}
}

func TestRemoteClosed(t *testing.T) {
	f := newFake(t)
	f.Start()
	r := openRemote(t, f.config())
	rows := manyRemoteRows(r, 10, 1)
	if err := r.Append(rows); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.Append(rows); !errors.Is(err, ErrClosed) {
		t.Errorf("append: %v", err)
	}
	if err := r.Checkpoint(t.Context()); !errors.Is(err, ErrClosed) {
		t.Errorf("checkpoint: %v", err)
	}
	if _, err := r.Series(t.Context(), "v", nil, time.Time{}, 1); !errors.Is(err, ErrClosed) {
		t.Errorf("series: %v", err)
	}
}
