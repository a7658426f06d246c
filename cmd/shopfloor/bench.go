package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/ingest"
	"github.com/shopfloor-iiot/shopfloor/model"
)

// benchConfig is what bench core measures with.
type benchConfig struct {
	series, rounds int
	data           string
	json           bool
}

// benchResult is what it found. Rates are per second of wall time, CPU is that of the whole process.
type benchResult struct {
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

const benchWriterFields = 1000

// bench measures this machine.
func bench(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	if len(args) == 0 || args[0] != "core" {
		return usageError{errors.New("bench: name what to measure: shopfloor bench core")}
	}
	var cfg benchConfig
	fs := flag.NewFlagSet("shopfloor bench core", flag.ContinueOnError)
	fs.SetOutput(stderr)
	fs.IntVar(&cfg.series, "series", 10_000, "`number` of series, a multiple of 1000")
	fs.IntVar(&cfg.rounds, "rounds", 300, "`number` of values of each series")
	fs.StringVar(&cfg.data, "data", "", "`folder` to measure in; a temporary one by default")
	fs.BoolVar(&cfg.json, "json", false, "print the result as JSON")
	switch err := fs.Parse(args[1:]); {
	case errors.Is(err, flag.ErrHelp):
		return errHelp
	case err != nil:
		return usageError{err}
	case cfg.series < benchWriterFields || cfg.series%benchWriterFields != 0 || cfg.series > 1_000_000:
		return usageError{fmt.Errorf("series: %d is no multiple of %d up to 1000000", cfg.series, benchWriterFields)}
	case cfg.rounds < 1 || cfg.rounds > 100_000:
		return usageError{fmt.Errorf("rounds: %d is out of range; use 1 to 100000", cfg.rounds)}
	}
	dir, err := os.MkdirTemp(cfg.data, "shopfloor-bench-")
	if err != nil {
		return fmt.Errorf("folder to measure in: %w", err)
	}
	defer os.RemoveAll(dir)
	r, err := benchCore(ctx, cfg, dir, stderr)
	if err != nil {
		return err
	}
	if cfg.json {
		return json.NewEncoder(stdout).Encode(r)
	}
	return r.print(stdout)
}

func (r *benchResult) print(w io.Writer) error {
	_, err := fmt.Fprintf(w, `                          values/s   CPU per value
VictoriaMetrics alone   %10.0f   %8.0f ns
frames → JetStream →
decode → VictoriaMetrics%10.0f   %8.0f ns
ratio                   %10.2f
values %d, lost %d, duplicated %d, allocations per value %.3f, resident %d MiB
`, r.RawValuesPerSecond, r.RawCPUNsPerValue, r.ValuesPerSecond, r.CPUNsPerValue, r.Ratio, r.Values, r.Lost, r.Duplicated, r.AllocsPerValue, r.RSSBytes>>20)
	return err
}

// benchCore writes the same number of values twice: straight into the store, and through the whole path.
func benchCore(ctx context.Context, cfg benchConfig, dir string, progress io.Writer) (r benchResult, err error) {
	c := defaults()
	c.Data = filepath.Join(dir, "data")
	p, err := newPlatform(ctx, c, zerolog.New(progress).Level(zerolog.WarnLevel))
	if err != nil {
		return r, err
	}
	running := newStages(p.log)
	defer func() { err = errors.Join(err, running.stop(), p.close()) }()
	r.Values = uint64(cfg.series) * uint64(cfg.rounds)
	fmt.Fprintf(progress, "%d values into VictoriaMetrics alone ...\n", r.Values)
	raw := measure()
	if err := benchStore(ctx, p.store, cfg); err != nil {
		return r, err
	}
	raw.stop()
	r.RawValuesPerSecond, r.RawCPUNsPerValue = float64(r.Values)/raw.wall.Seconds(), float64(raw.cpu)/float64(r.Values)

	p.start(running)
	fmt.Fprintf(progress, "%d values through the whole path ...\n", r.Values)
	start := time.Now().Add(-time.Duration(cfg.rounds) * time.Second).Truncate(time.Second)
	sets, err := p.benchDataSets(ctx, cfg)
	if err != nil {
		return r, err
	}
	path := measure()
	for round := range cfg.rounds {
		v := model.DataValue{SourceTimestamp: model.DateTimeOf(start.Add(time.Duration(round) * time.Second))}
		for i := range cfg.series {
			v.Value = benchValue(i, round)
			sets[i/benchWriterFields].Put(i%benchWriterFields, &v)
		}
		if ctx.Err() != nil {
			return r, ctx.Err()
		}
	}
	if err := p.benchWait(ctx, r.Values, progress); err != nil {
		return r, err
	}
	path.stop()
	r.ValuesPerSecond, r.CPUNsPerValue = float64(r.Values)/path.wall.Seconds(), float64(path.cpu)/float64(r.Values)
	r.AllocsPerValue, r.Ratio = float64(path.allocs)/float64(r.Values), r.ValuesPerSecond/r.RawValuesPerSecond
	r.RSSBytes = residentBytes()
	fmt.Fprintln(progress, "counting what is stored ...")
	return r, p.benchAudit(ctx, cfg, start, &r)
}

func benchValue(series, round int) model.Variant {
	return model.DoubleValue(float64(series*round%977) * 0.1)
}

// benchStore appends batches of all series, as fast as the store takes them.
func benchStore(ctx context.Context, s ingest.Store, cfg benchConfig) error {
	names := make([][]byte, cfg.series)
	for i := range names {
		names[i] = s.AppendName(nil, "bench_value", []ingest.Label{
			{Name: "gateway", Value: "local"},
			{Name: "server", Value: "bench"},
			{Name: "field", Value: fmt.Sprint("f", i)},
			{Name: "node", Value: fmt.Sprintf("nsu=urn:bench;s=Machine%d.Temperature", i)},
		})
	}
	rows := make([]ingest.Row, cfg.series)
	start := time.Now().UnixMilli() - int64(cfg.rounds)*1000
	for round := range cfg.rounds {
		for i := range rows {
			v, _ := benchValue(i, round).Number()
			rows[i] = ingest.Row{Name: names[i], Time: start + int64(round)*1000, Value: v}
		}
		if err := s.Append(rows); err != nil {
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return nil
}

// benchDataSets opens a writer for each thousand series.
func (p *platform) benchDataSets(ctx context.Context, cfg benchConfig) ([]benchSet, error) {
	sets := make([]benchSet, cfg.series/benchWriterFields)
	for i := range sets {
		fields := make([]model.FieldMetaData, benchWriterFields)
		for j := range fields {
			n := i*benchWriterFields + j
			fields[j] = model.FieldMetaData{
				Name: fmt.Sprint("f", n), BuiltInType: model.TypeDouble, ValueRank: model.ValueRankScalar,
				Node: model.ExpandedNodeID{NodeID: model.StringID(0, fmt.Sprintf("Machine%d.Temperature", n)), NamespaceURI: "urn:bench"},
			}
		}
		w := model.DataSetWriter{
			Gateway: p.cfg.Gateway, Group: "bench", Name: fmt.Sprint("w", i), Server: "bench", GroupID: 1, WriterID: uint16(i + 1),
		}
		d, err := p.publisher.Open(ctx, w, fields)
		if err != nil {
			return nil, err
		}
		sets[i] = d
	}
	return sets, nil
}

// benchSet is an edge.DataSet.
type benchSet interface {
	Put(field int, v *model.DataValue)
}

// benchWait returns when the core has taken all values.
func (p *platform) benchWait(ctx context.Context, values uint64, progress io.Writer) error {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	report := time.NewTicker(2 * time.Second)
	defer report.Stop()
	for {
		s := p.cores.live.Statistics()
		switch {
		case s.Values >= values:
			return nil
		case s.DeadFrames > 0:
			return fmt.Errorf("%d frames did not decode", s.DeadFrames)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-report.C:
			fmt.Fprintf(progress, "%d of %d\n", s.Values, values)
		case <-tick.C:
		}
	}
}

// benchAudit counts the samples of each series in the store.
func (p *platform) benchAudit(ctx context.Context, cfg benchConfig, start time.Time, r *benchResult) error {
	if err := p.cores.health(); err != nil {
		return err
	}
	// Samples become visible up to two seconds after they are written, or with a checkpoint.
	if err := p.store.Checkpoint(ctx); err != nil {
		return err
	}
	span := ingest.Range{From: start, To: start.Add(time.Duration(cfg.rounds) * time.Second), Limit: 2 * cfg.rounds}
	// One of each hundred series is read whole; the others differ in nothing but their names.
	for i := 0; i < cfg.series; i += 100 {
		match := []ingest.Matcher{{Name: "group", Value: "bench"}, {Name: "field", Value: fmt.Sprint("f", i)}}
		samples, err := p.store.Samples(ctx, "opcua_value", match, span)
		if err != nil {
			return fmt.Errorf("read back series %d: %w", i, err)
		}
		seen := map[int64]bool{}
		for _, s := range samples {
			if seen[s.Time] {
				r.Duplicated++
			}
			seen[s.Time] = true
		}
		r.Lost += int64(cfg.rounds - len(seen))
	}
	return nil
}

// benchUsage is time, CPU and allocations of a stretch of work.
type benchUsage struct {
	begin  time.Time
	wall   time.Duration
	cpu    time.Duration
	allocs uint64
}

func measure() *benchUsage {
	runtime.GC()
	u := &benchUsage{cpu: cpuTime(), allocs: mallocs()}
	u.begin = time.Now()
	return u
}

func (u *benchUsage) stop() {
	u.wall, u.cpu, u.allocs = time.Since(u.begin), cpuTime()-u.cpu, mallocs()-u.allocs
}

func mallocs() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.Mallocs
}

// cpuTime is the CPU time of the process so far, 0 where the system does not tell.
func cpuTime() time.Duration {
	var r syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &r) != nil {
		return 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// residentBytes is the resident memory of the process, 0 where the system does not tell.
func residentBytes() uint64 {
	b, err := os.ReadFile("/proc/self/statm")
	var size, resident uint64
	if err == nil {
		_, err = fmt.Sscan(string(b), &size, &resident)
	}
	if err != nil {
		return 0
	}
	return resident * uint64(os.Getpagesize())
}
