package victoria_test

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/ingest"
	"github.com/shopfloor-iiot/shopfloor/ingest/victoria"
	"github.com/shopfloor-iiot/shopfloor/ingest/victoria/victoriatest"
)

// BenchmarkRemoteAppend writes batches as the core makes them, 16,384 rows, to a victoria-metrics process on the same machine. It shows
// the processor time per row of both sides. Shapes: every row of a batch another series, and 16 rows of each series.
func BenchmarkRemoteAppend(b *testing.B) {
	p := victoriatest.Start(b, b.TempDir(), "-loggerLevel=ERROR")
	now := time.Now().Add(-48 * time.Hour).UnixMilli()
	for _, perSeries := range []int{1, 16} {
		for _, compression := range []string{victoria.CompressionZstd, victoria.CompressionSnappy} {
			for _, connections := range []int{1, 2, 4} {
				for _, maxRows := range []int{2_000, 8_192, 16_384} {
					name := fmt.Sprintf("rows_per_series=%d/%s/connections=%d/max_rows=%d", perSeries, compression, connections, maxRows)
					b.Run(name, func(b *testing.B) {
						benchmarkAppend(b, p, perSeries, &now, victoria.RemoteConfig{Compression: compression, Connections: connections, MaxRows: maxRows})
					})
				}
			}
		}
	}
}

func benchmarkAppend(b *testing.B, p *victoriatest.Process, perSeries int, now *int64, cfg victoria.RemoteConfig) {
	cfg.WriteURLs, cfg.ReadURL = []string{p.URL + "/api/v1/write"}, p.URL
	r, err := victoria.OpenRemote(cfg, zerolog.Nop())
	if err != nil {
		b.Fatal(err)
	}
	defer r.Close()
	const n = 16_384
	names := make([][]byte, n/perSeries)
	for i := range names {
		names[i] = benchName(r, i)
	}
	rows := make([]ingest.Row, n)
	next := func() {
		for i := range rows {
			if i%len(names) == 0 {
				*now += 100
			}
			rows[i] = ingest.Row{Name: names[i%len(names)], Time: *now, Value: float64(*now%1000)/10 + float64(i)}
		}
	}
	for range 2 { // makes the series
		next()
		if err := r.Append(rows); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	remote, own := processTime(b, p.Pid()), ownTime(b)
	for b.Loop() {
		next()
		if err := r.Append(rows); err != nil {
			b.Fatal(err)
		}
	}
	written := float64(b.N * n)
	b.ReportMetric(written/b.Elapsed().Seconds(), "rows/s")
	b.ReportMetric(float64(ownTime(b)-own)/written, "own-cpu-ns/row")
	b.ReportMetric(float64(processTime(b, p.Pid())-remote)/written, "remote-cpu-ns/row")
	var page strings.Builder
	r.WriteMetrics(&page)
	b.ReportMetric(sentBytes(b, page.String())/(written+2*n), "bytes/row")
}

// benchName has the labels that the core gives a field.
func benchName(s ingest.Store, i int) []byte {
	return s.AppendName(nil, "opcua_value", []ingest.Label{
		{Name: "gateway", Value: "gateway-1"},
		{Name: "server", Value: "press-shop"},
		{Name: "group", Value: "fast"},
		{Name: "writer", Value: fmt.Sprintf("press-%d", i/100)},
		{Name: "field", Value: fmt.Sprintf("Temperature%d", i)},
		{Name: "node", Value: fmt.Sprintf("nsu=urn:acme:press;s=Press%d.Temperature%d", i/100, i)},
		{Name: "path", Value: fmt.Sprintf("Objects/Press%d/Temperature%d", i/100, i)},
		{Name: "unit", Value: "°C"},
	})
}

func sentBytes(tb testing.TB, page string) float64 {
	tb.Helper()
	_, after, _ := strings.Cut(page, "shopfloor_remote_store_sent_bytes_total ")
	text, _, _ := strings.Cut(after, "\n")
	n, err := strconv.ParseFloat(text, 64)
	if err != nil {
		tb.Fatal(err)
	}
	return n
}

// ownTime is the processor time of this process.
func ownTime(tb testing.TB) time.Duration {
	tb.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// processTime is the processor time of another process, in steps of 10 ms.
func processTime(tb testing.TB, pid int) time.Duration {
	tb.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		tb.Skipf("no processor time of other processes here: %v", err)
	}
	_, after, _ := strings.Cut(string(stat), ") ") // the name may hold anything
	fields := strings.Fields(after)
	ticks := 0
	for _, f := range fields[11:13] {
		n, err := strconv.Atoi(f)
		if err != nil {
			tb.Fatal(err)
		}
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}
