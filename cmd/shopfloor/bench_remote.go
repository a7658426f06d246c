package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// benchRemoteResult is what bench remote found. CPU is that of this process: gateway, bus and core, not VictoriaMetrics.
type benchRemoteResult struct {
	Values          uint64  `json:"values"`
	ValuesPerSecond float64 `json:"values_per_second"`
	CPUNsPerValue   float64 `json:"cpu_ns_per_value"`
	AllocsPerValue  float64 `json:"allocs_per_value"`
	Lost            int64   `json:"lost"`
	Duplicated      int64   `json:"duplicated"`
	RSSBytes        uint64  `json:"rss_bytes"`
}

func (r *benchRemoteResult) print(w io.Writer) error {
	_, err := fmt.Fprintf(w, `                               values/s   CPU per value
frames → JetStream → decode
→ VictoriaMetrics elsewhere  %10.0f   %8.0f ns
values %d, lost %d, duplicated %d, allocations per value %.3f, resident %d MiB
`, r.ValuesPerSecond, r.CPUNsPerValue, r.Values, r.Lost, r.Duplicated, r.AllocsPerValue, r.RSSBytes>>20)
	return err
}

// benchVisible bounds the wait until a VictoriaMetrics elsewhere shows what it took.
const benchVisible = time.Minute

// benchRemote writes values through the whole path into a VictoriaMetrics elsewhere.
func benchRemote(ctx context.Context, cfg benchConfig, dir string, progress io.Writer) (_ *benchRemoteResult, err error) {
	p, running, err := benchPlatform(ctx, dir, progress, func(c *Config) {
		c.Store.Remote = RemoteStoreConfig{Write: []string{cfg.write}, Read: cfg.read}
	})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, running.Stop(), p.close()) }()
	p.start(running)
	l, err := newBenchLoad(ctx, p, cfg)
	if err != nil {
		return nil, err
	}
	r := &benchRemoteResult{Values: l.values()}
	report := newBenchProgress(progress, "the whole path", r.Values)
	path := measure()
	if err := errors.Join(l.publish(ctx, report), l.wait(ctx, report)); err != nil {
		return nil, err
	}
	path.stop()
	r.ValuesPerSecond, r.CPUNsPerValue = float64(r.Values)/path.wall.Seconds(), float64(path.cpu)/float64(r.Values)
	r.AllocsPerValue, r.RSSBytes = float64(path.allocs)/float64(r.Values), residentBytes()
	fmt.Fprintln(progress, "reading back ...")
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for end := time.Now().Add(benchVisible); ; {
		if r.Lost, r.Duplicated, err = l.audit(ctx, p.store); err != nil || r.Lost == 0 || time.Now().After(end) {
			return r, err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}
