package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime/pprof"
	"strings"
	"time"

	"github.com/shopfloor-iiot/shopfloor/cmd/daemon"
)

// benchEdgeConfig is what bench edge measures with.
type benchEdgeConfig struct {
	endpoint   string
	nodeID     string // with %d for the number of the node, from 0; empty to browse
	nodes      int
	servers    int // that are started, with the nodes shared out among them
	rate       float64
	duration   time.Duration
	publishing time.Duration
	sync       time.Duration // of the gateway's JetStream; 0 syncs each frame
	profile    string
	serve      bool // the part of bench edge that is the server
}

// benchEdgeResult is what bench edge found in the time that was measured, which begins when all nodes are monitored. CPU and memory are those of
// the gateway with its embedded JetStream; the server is another process.
type benchEdgeResult struct {
	Endpoint string `json:"endpoint"` // the first one where there are several servers
	Nodes    int    `json:"nodes"`
	Servers  int    `json:"servers"`
	// MonitorSeconds is the time from the first connection until all nodes were monitored.
	MonitorSeconds  float64 `json:"monitor_seconds"`
	Seconds         float64 `json:"seconds"`
	Received        uint64  `json:"received"`
	ValuesPerSecond float64 `json:"values_per_second"`
	// Offered, Stored, Lost and Duplicated are of the values whose source timestamps are in the time measured. Offered is null and Lost what the
	// server told when it is not our own, whose values count.
	Offered    *uint64 `json:"offered"`
	Stored     uint64  `json:"stored"`
	Lost       uint64  `json:"lost"`
	Duplicated uint64  `json:"duplicated"`
	// LostAtServer is the part of Lost next to a value that tells of it (overflow bit): its queue at the server was full. The others were lost on
	// the way from there.
	LostAtServer uint64 `json:"lost_at_server"`
	// LossesTold are the overflows and missing notifications that the gateway counted: each at least one lost value. What is lost without is silent.
	LossesTold     uint64      `json:"losses_told"`
	Stages         benchStages `json:"stages"`
	CPUNsPerValue  float64     `json:"cpu_ns_per_value"`
	AllocsPerValue float64     `json:"allocs_per_value"`
	// Frames are those stored in the time measured.
	Frames uint64 `json:"frames"`
	// RSSBytes is the resident memory at the end, RSSPeakBytes the largest that was seen.
	RSSBytes     uint64 `json:"rss_bytes"`
	RSSPeakBytes uint64 `json:"rss_peak_bytes"`
	// LateNodes are monitored and had no first value in time; SilentNodes stored nothing in the last three sampling intervals.
	LateNodes   int           `json:"late_nodes"`
	SilentNodes int           `json:"silent_nodes"`
	Samples     []benchSample `json:"samples,omitempty"` // for a run of a minute or more
	// Latencies are from the source timestamp to the time at which the frame was stored.
	LatencyP50Ms float64 `json:"latency_p50_ms"`
	LatencyP99Ms float64 `json:"latency_p99_ms"`
}

func (r *benchEdgeResult) print(w io.Writer) error {
	offered := "not told"
	if r.Offered != nil {
		offered = fmt.Sprint(*r.Offered)
	}
	_, err := fmt.Fprintf(w, `%d nodes of %s (servers: %d), monitored after %.1f s
values offered by the server   %12s
values received                %12d   %.0f a second over %.1f s
frames stored                  %12d   %.0f a second, each with %.0f values
values stored                  %12d   lost %d, duplicated %d
lost in queues at the server   %12d   it told of %d losses
lost elsewhere                 %12d   %s
CPU per value                  %12.0f ns  allocations %.3f
resident memory                %12d MiB  at most %d MiB
source timestamp → stored      %12.0f ms  p99 %.0f ms
late nodes                     %12d   silent at the end %d
`, r.Nodes, r.Endpoint, r.Servers, r.MonitorSeconds, offered, r.Received, r.ValuesPerSecond, r.Seconds,
		r.Frames, float64(r.Frames)/r.Seconds, float64(r.Received)/float64(max(r.Frames, 1)), r.Stored, r.Lost, r.Duplicated,
		r.LostAtServer, r.LossesTold, r.Lost-r.LostAtServer, &r.Stages, r.CPUNsPerValue, r.AllocsPerValue, r.RSSBytes>>20, r.RSSPeakBytes>>20,
		r.LatencyP50Ms, r.LatencyP99Ms, r.LateNodes, r.SilentNodes)
	return err
}

func (c *benchEdgeConfig) flags(fs *flag.FlagSet) {
	fs.StringVar(&c.endpoint, "endpoint", "", "`URL` of a server without security to measure against, opc.tcp://host:4840; by default one is started in a process of its own")
	fs.StringVar(&c.nodeID, "node-id", "", "`pattern` of the node ids on that server with %d for 0, 1, 2 …, for example \"nsu=urn:plant;s=V%d\"; by default the first variables below Objects")
	fs.IntVar(&c.nodes, "nodes", 10_000, "`number` of nodes")
	fs.IntVar(&c.servers, "servers", 1, "`number` of servers that are started, each with its part of the nodes")
	fs.Float64Var(&c.rate, "rate", 10, "values a second of each node in `Hz`: what it is sampled with")
	fs.DurationVar(&c.duration, "duration", 30*time.Second, "how long to measure once all nodes are monitored")
	fs.DurationVar(&c.publishing, "publishing", 500*time.Millisecond, "publishing interval")
	fs.DurationVar(&c.sync, "sync-interval", 250*time.Millisecond, "how often stored frames are forced to disk; 0s forces each one")
	fs.StringVar(&c.profile, "profile", "", "`file` for a CPU profile of the time that is measured, for go tool pprof")
	fs.BoolVar(&c.serve, "serve", false, "only be the server; edge starts this itself")
}

func (c *benchEdgeConfig) check() error {
	switch {
	case c.nodes < 1 || c.nodes > 500_000:
		return fmt.Errorf("nodes: %d is out of range; use 1 to 500000", c.nodes)
	case c.servers < 1 || c.servers > 50 || c.servers > c.nodes:
		return fmt.Errorf("servers: %d is out of range; use 1 to 50, and at most one a node", c.servers)
	case c.servers > 1 && c.endpoint != "":
		return fmt.Errorf("servers: %d are to be started, and --endpoint names one that runs; leave one of them out", c.servers)
	case c.rate <= 0 || c.rate > 1000:
		return fmt.Errorf("rate: %v is out of range; use more than 0 and at most 1000 values a second of each node", c.rate)
	case c.endpoint == "" && c.rate > 20:
		return fmt.Errorf("rate: %v is more than the server that bench edge starts can: 20; name another one with --endpoint", c.rate)
	case c.nodeID != "" && (c.endpoint == "" || strings.Count(c.nodeID, "%") != 1 || strings.Count(c.nodeID, "%d") != 1):
		return fmt.Errorf("node-id: %q needs --endpoint, and %%d where the number of the node stands", c.nodeID)
	case c.duration < time.Second || c.duration > 24*time.Hour:
		return fmt.Errorf("duration: %s is out of range; use 1s to 24h", c.duration)
	case c.sync < 0 || c.sync > time.Minute:
		return fmt.Errorf("sync-interval: %s is out of range; use 0s to 1m", c.sync)
	case c.publishing < 10*time.Millisecond || c.publishing > time.Minute:
		return fmt.Errorf("publishing: %s is out of range; use 10ms to 1m", c.publishing)
	}
	return nil
}

// sampling is the interval that a rate stands for.
func (c *benchEdgeConfig) sampling() time.Duration {
	return time.Duration(float64(time.Second) / c.rate)
}

// monitorTimeout is how long all nodes may take to be monitored.
const monitorTimeout = 5 * time.Minute

// benchEdge measures a gateway against servers in other processes.
func benchEdge(ctx context.Context, cfg benchEdgeConfig, dir string, progress io.Writer) (_ *benchEdgeResult, err error) {
	daemon.CollectOften(os.LookupEnv) // as in the gateway's own program
	r := &benchEdgeResult{Endpoint: cfg.endpoint, Nodes: cfg.nodes, Servers: cfg.servers}
	own := cfg.endpoint == ""
	var targets []benchTarget
	if own {
		servers, failure := startBenchServers(ctx, &cfg, progress)
		defer func() { err = errors.Join(err, servers.stop()) }()
		if failure != nil {
			return nil, failure
		}
		targets, r.Endpoint = servers.targets(), servers[0].endpoint
	} else {
		nodes, err := cfg.variables(ctx, progress)
		if err != nil {
			return nil, err
		}
		targets = []benchTarget{{cfg.endpoint, nodes}}
	}
	g, err := startBenchGateway(ctx, &cfg, targets, dir, progress)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, g.close()) }()
	nodes := 0
	for _, t := range targets {
		nodes += len(t.nodes)
	}
	if err := g.awaitMonitored(ctx, nodes, progress); err != nil {
		return nil, err
	}
	r.MonitorSeconds = time.Since(g.started).Seconds()
	// Until all nodes had their first values: those are none of the rate.
	if err := pause(ctx, 2*time.Second+2*cfg.publishing+min(cfg.sampling(), 20*time.Second)); err != nil {
		return nil, err
	}
	before := g.stages()
	window, err := g.measure(ctx, &cfg, r, progress)
	if err != nil {
		return nil, err
	}
	if err := g.drain(ctx, 3*cfg.publishing+time.Second); err != nil {
		return nil, err
	}
	r.Stages = g.stages().since(before)
	fmt.Fprintln(progress, "reading back ...")
	audit, err := auditFrames(ctx, g.conn, window)
	if err != nil {
		return nil, err
	}
	audit.fill(r, own, window.to.Add(-3*cfg.sampling()-2*cfg.publishing))
	return r, nil
}

// measure lets the gateway run for the duration. It returns the time that was measured.
func (g *benchGateway) measure(ctx context.Context, cfg *benchEdgeConfig, r *benchEdgeResult, progress io.Writer) (window timeWindow, err error) {
	if cfg.profile != "" {
		f, err := os.Create(cfg.profile)
		if err != nil {
			return window, fmt.Errorf("profile: %w", err)
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return window, fmt.Errorf("profile: %w", err)
		}
		defer pprof.StopCPUProfile()
	}
	lost := g.serverStatus().LostNotifications
	use := measure()
	values, frames := g.gateway.Publisher.Statistics().Values, g.sender.Stats().Stored
	watch := g.newBenchWatch(cfg, use.begin, progress)
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for end := use.begin.Add(cfg.duration); time.Now().Before(end); {
		select {
		case <-ctx.Done():
			return window, ctx.Err()
		case <-tick.C:
			watch.look(time.Now())
		}
	}
	use.stop()
	r.Received, r.Frames = g.gateway.Publisher.Statistics().Values-values, g.sender.Stats().Stored-frames
	s := g.serverStatus()
	r.Seconds, r.RSSBytes, r.LateNodes = use.wall.Seconds(), residentBytes(), s.Figures.LateItems
	r.Samples, r.RSSPeakBytes = watch.samples, max(watch.peak, r.RSSBytes)
	r.LossesTold = s.LostNotifications - lost
	r.Lost = r.LossesTold
	if r.Received == 0 {
		return window, fmt.Errorf("no value in %s: %s %s", cfg.duration, s.State, s.Error)
	}
	n := float64(r.Received)
	r.ValuesPerSecond, r.CPUNsPerValue, r.AllocsPerValue = n/use.wall.Seconds(), float64(use.cpu)/n, float64(use.allocs)/n
	return timeWindow{use.begin, use.begin.Add(use.wall)}, nil
}

// pause waits for d.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
