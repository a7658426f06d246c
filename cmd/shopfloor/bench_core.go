package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"time"

	"github.com/shopfloor-iiot/shopfloor/ingest"
)

// benchCoreResult is what bench core found. Rates are per second of wall time, CPU is that of the whole process, gateway and bus included.
type benchCoreResult struct {
	Series             int     `json:"series"`
	RegisterSeconds    float64 `json:"register_seconds"`
	Values             uint64  `json:"values"`
	ValuesPerSecond    float64 `json:"values_per_second"`
	CPUNsPerValue      float64 `json:"cpu_ns_per_value"`
	RawValuesPerSecond float64 `json:"raw_store_values_per_second"`
	RawCPUNsPerValue   float64 `json:"raw_store_cpu_ns_per_value"`
	// Ratio is ValuesPerSecond to RawValuesPerSecond.
	Ratio          float64 `json:"ratio"`
	AllocsPerValue float64 `json:"allocs_per_value"`
	Lost           int64   `json:"lost"`
	Duplicated     int64   `json:"duplicated"`
	RSSBytes       uint64  `json:"rss_bytes"`
}

func (r *benchCoreResult) print(w io.Writer) error {
	_, err := fmt.Fprintf(w, `                          values/s   CPU per value
VictoriaMetrics alone   %10.0f   %8.0f ns
frames → JetStream →
decode → VictoriaMetrics%10.0f   %8.0f ns
ratio                   %10.2f
the first values of %d series took %.1f s and are not counted
values %d, lost %d, duplicated %d, allocations per value %.3f, resident %d MiB
`, r.RawValuesPerSecond, r.RawCPUNsPerValue, r.ValuesPerSecond, r.CPUNsPerValue, r.Ratio, r.Series, r.RegisterSeconds, r.Values, r.Lost, r.Duplicated, r.AllocsPerValue, r.RSSBytes>>20)
	return err
}

// benchCore writes the same number of values twice: straight into the store, and through the whole path. A first value of each series,
// for which the store makes its index, is not counted in either; RegisterSeconds says how long those of the path took.
func benchCore(ctx context.Context, cfg benchConfig, dir string, progress io.Writer) (_ *benchCoreResult, err error) {
	p, running, err := benchPlatform(ctx, dir, progress, nil)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, running.Stop(), p.close()) }()
	r := &benchCoreResult{Series: cfg.series, Values: uint64(cfg.series) * uint64(cfg.rounds)}
	store := newBenchStore(p.store, cfg)
	if err := errors.Join(store.append(ctx, -1), p.store.Checkpoint(ctx)); err != nil {
		return nil, err
	}
	raw := measure()
	report := newBenchProgress(progress, "VictoriaMetrics alone", r.Values)
	for round := range cfg.rounds {
		if err := store.append(ctx, round); err != nil {
			return nil, err
		}
		report.at(uint64(round+1) * uint64(cfg.series))
	}
	raw.stop()
	r.RawValuesPerSecond, r.RawCPUNsPerValue = float64(r.Values)/raw.wall.Seconds(), float64(raw.cpu)/float64(r.Values)

	// What the first part left in memory is written to disk before the second one begins.
	if err := p.store.Checkpoint(ctx); err != nil {
		return nil, err
	}
	p.start(running)
	l, err := newBenchLoad(ctx, p, cfg)
	if err != nil {
		return nil, err
	}
	registering := time.Now()
	if err := errors.Join(l.register(ctx, progress), p.store.Checkpoint(ctx)); err != nil {
		return nil, err
	}
	r.RegisterSeconds = time.Since(registering).Seconds()
	path := measure()
	report = newBenchProgress(progress, "the whole path", r.Values)
	if err := errors.Join(l.publish(ctx, report), l.wait(ctx, report)); err != nil {
		return nil, err
	}
	path.stop()
	r.ValuesPerSecond, r.CPUNsPerValue = float64(r.Values)/path.wall.Seconds(), float64(path.cpu)/float64(r.Values)
	r.AllocsPerValue, r.Ratio = float64(path.allocs)/float64(r.Values), r.ValuesPerSecond/r.RawValuesPerSecond
	r.RSSBytes = residentBytes()
	fmt.Fprintln(progress, "reading back ...")
	// Samples become visible up to two seconds after they are written, or with a checkpoint.
	if err := errors.Join(p.cores.health(), p.store.Checkpoint(ctx)); err != nil {
		return nil, err
	}
	r.Lost, r.Duplicated, err = l.audit(ctx, p.store)
	return r, err
}

// benchStore writes values straight into a store, 10,000 at a time.
type benchStore struct {
	store ingest.Store
	names [][]byte
	start int64
	rows  []ingest.Row
}

func newBenchStore(s ingest.Store, cfg benchConfig) *benchStore {
	b := &benchStore{store: s, names: make([][]byte, cfg.series), start: time.Now().UnixMilli() - int64(cfg.rounds+1)*1000}
	for i := range b.names {
		b.names[i] = s.AppendName(nil, "bench_value", []ingest.Label{
			{Name: "gateway", Value: "local"},
			{Name: "server", Value: "bench"},
			{Name: "field", Value: fmt.Sprint("f", i)},
			{Name: "node", Value: fmt.Sprintf("nsu=urn:bench;s=Machine%d.Temperature", i)},
		})
	}
	b.rows = make([]ingest.Row, 0, min(cfg.series, 10_000))
	return b
}

// append writes a value of each series, as fast as the store takes them.
func (b *benchStore) append(ctx context.Context, round int) error {
	for i := range b.names {
		v, _ := benchValue(i, round).Number()
		b.rows = append(b.rows, ingest.Row{Name: b.names[i], Time: b.start + int64(round+1)*1000, Value: v})
		if len(b.rows) < cap(b.rows) && i < len(b.names)-1 {
			continue
		}
		if err := errors.Join(ctx.Err(), b.store.Append(b.rows)); err != nil {
			return err
		}
		b.rows = b.rows[:0]
	}
	return nil
}

// benchGrowthResult is bench core with more and more series.
type benchGrowthResult []*benchCoreResult

// benchGrowth measures each number of series in a process of its own, so that memory is that of this number alone.
func benchGrowth(ctx context.Context, cfg benchConfig, progress io.Writer) (benchGrowthResult, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find the program: %w", err)
	}
	var all benchGrowthResult
	for _, series := range []int{1_000, 10_000, 100_000, 337_500, 1_000_000} {
		cmd := exec.CommandContext(ctx, self, "bench", "core", "--json", "--series", strconv.Itoa(series), "--data", cfg.data)
		cmd.Stderr = progress
		out, err := cmd.Output()
		if err != nil {
			return nil, fmt.Errorf("bench core with %d series: %w", series, err)
		}
		r := &benchCoreResult{}
		if err := json.Unmarshal(out, r); err != nil {
			return nil, fmt.Errorf("bench core with %d series: %w", series, err)
		}
		all = append(all, r)
	}
	return all, nil
}

func (all benchGrowthResult) print(w io.Writer) error {
	_, err := fmt.Fprintln(w, "| series | values/s | ratio to VictoriaMetrics alone | CPU per value | resident memory | first values of all | lost | duplicated |\n|---|---|---|---|---|---|---|---|")
	for _, r := range all {
		if err == nil {
			_, err = fmt.Fprintf(w, "| %d | %.2f M | %.2f | %.2f µs | %d MiB | %.1f s | %d | %d |\n",
				r.Series, r.ValuesPerSecond/1e6, r.Ratio, r.CPUNsPerValue/1e3, r.RSSBytes>>20, r.RegisterSeconds, r.Lost, r.Duplicated)
		}
	}
	return err
}
