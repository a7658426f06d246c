package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"time"
)

// benchLiveConfig is what bench live measures with.
type benchLiveConfig struct {
	subscribers int
	values      int // that each subscribes to
	distinct    bool
	nodes       int // of the server; with distinct the windows are spread over them
	rate        float64
	publishing  time.Duration
	duration    time.Duration
	stalled     int
	profile     string

	// Of the part of bench live that is the clients:
	clients bool
	url     string
}

// benchLiveResult is what bench live found. CPU and memory are those of the platform (gateway, bus, core, database and GraphQL in one process); the OPC UA
// server and the clients are other processes.
type benchLiveResult struct {
	Subscribers int     `json:"subscribers"`
	Values      int     `json:"values"` // of each subscriber
	Distinct    bool    `json:"distinct"`
	Nodes       int     `json:"nodes"`
	Rate        float64 `json:"rate"` // values a second of each node
	// SubscribeSeconds is the time from the first connection until all subscribers had all of their values once.
	SubscribeSeconds float64 `json:"subscribe_seconds"`
	Seconds          float64 `json:"seconds"`
	benchLiveReceived
	// CPUNsPerValue is that of the platform for a value received by a client, CPUCores how many cores it kept busy.
	CPUNsPerValue  float64 `json:"cpu_ns_per_value"`
	CPUCores       float64 `json:"cpu_cores"`
	AllocsPerValue float64 `json:"allocs_per_value"`
	// RSSStartBytes is the resident memory before the first subscriber, RSSBytes at the end, RSSPeakBytes the largest that was seen.
	RSSStartBytes uint64 `json:"rss_start_bytes"`
	RSSBytes      uint64 `json:"rss_bytes"`
	RSSPeakBytes  uint64 `json:"rss_peak_bytes"`
	// Streams are what the subscribers shared, KeptBytes what is kept of them for those that come back.
	Streams   int   `json:"streams"`
	KeptBytes int64 `json:"kept_bytes"`
	// Skipped are deliveries that the platform left out for subscribers that were too slow, stalled ones among them.
	Skipped uint64 `json:"skipped_deliveries"`
	// Stalled clients never read. StalledCutOff were disconnected within the time measured, the last one StalledSeconds after all had subscribed.
	Stalled        int     `json:"stalled"`
	StalledCutOff  int     `json:"stalled_cut_off"`
	StalledSeconds float64 `json:"stalled_seconds"`
	benchLiveStalled
}

func (r *benchLiveResult) print(w io.Writer) error {
	what := "the same"
	if r.Distinct {
		what = "other"
	}
	_, err := fmt.Fprintf(w, `%d subscribers, each to %s %d of %d values at %g Hz; all had their values after %.1f s
deliveries received            %12d   with %d values, %.0f a second over %.1f s
values lost                    %12d   received again %d
deliveries out of sequence     %12d   that told of skipped values %d
fewest values of a subscriber  %12d   %.1f %% of what was offered
longest silence                %12.0f ms
source timestamp → client      %12.0f ms  p99 %.0f ms, at most %.0f ms
CPU per value                  %12.0f ns  %.2f cores, allocations %.3f
resident memory                %12d MiB  at most %d MiB, before the first subscriber %d MiB
streams                        %12d   with %.1f MiB kept for those that come back; %d deliveries skipped
stalled clients                %12d   cut off %d, the last after %.1f s; %d deliveries were in their sockets; %v
subscribers disconnected       %12d   %s
`, r.Subscribers, what, r.Values, r.Nodes, r.Rate, r.SubscribeSeconds, r.Deliveries, r.ValuesReceived, float64(r.ValuesReceived)/r.Seconds, r.Seconds, r.Lost, r.Repeated,
		r.OutOfSequence, r.Overflows, r.FewestValues, 100*r.FewestShare, r.LongestSilenceMs, r.LatencyP50Ms, r.LatencyP99Ms, r.LatencyMaxMs, r.CPUNsPerValue, r.CPUCores, r.AllocsPerValue,
		r.RSSBytes>>20, r.RSSPeakBytes>>20, r.RSSStartBytes>>20, r.Streams, float64(r.KeptBytes)/(1<<20), r.Skipped, r.Stalled, r.StalledCutOff, r.StalledSeconds, r.StalledDeliveries, r.StalledReasons,
		r.Disconnected, r.Failure)
	return err
}

func (c *benchLiveConfig) flags(fs *flag.FlagSet) {
	fs.IntVar(&c.subscribers, "subscribers", 1000, "`number` of clients, each with a WebSocket and a subscription of its own")
	fs.IntVar(&c.values, "values", 100, "`number` of values that each subscribes to")
	fs.BoolVar(&c.distinct, "distinct", false, "each subscribes to other values, a window of --nodes, in place of all to the same")
	fs.IntVar(&c.nodes, "nodes", 10_000, "`number` of variables that the windows of --distinct are spread over")
	fs.Float64Var(&c.rate, "rate", 1, "values a second of each variable in `Hz`")
	fs.DurationVar(&c.publishing, "publishing", 250*time.Millisecond, "publishing interval")
	fs.DurationVar(&c.duration, "duration", 30*time.Second, "how long to measure once all subscribers have their values")
	fs.IntVar(&c.stalled, "stalled", 0, "`number` of further clients that subscribe and never read")
	fs.StringVar(&c.profile, "profile", "", "`file` for a CPU profile of the time that is measured, for go tool pprof")
	fs.BoolVar(&c.clients, "clients", false, "only be the clients; live starts this itself")
	fs.StringVar(&c.url, "url", "", "`URL` that the clients connect to")
}

func (c *benchLiveConfig) check() error {
	switch {
	case c.subscribers < 1 || c.subscribers > 5000:
		return fmt.Errorf("subscribers: %d is out of range; use 1 to 5000", c.subscribers)
	case c.values < 1 || c.values > 10_000:
		return fmt.Errorf("values: %d is out of range; use 1 to 10000", c.values)
	case c.stalled < 0 || c.stalled > 1000:
		return fmt.Errorf("stalled: %d is out of range; use 0 to 1000", c.stalled)
	case c.rate < 0.1 || c.rate > 20:
		return fmt.Errorf("rate: %v is out of range; use 0.1 to 20 values a second of each variable", c.rate)
	case c.publishing < 50*time.Millisecond || c.publishing > time.Minute:
		return fmt.Errorf("publishing: %s is out of range; use 50ms to 1m", c.publishing)
	case c.duration < time.Second || c.duration > 24*time.Hour:
		return fmt.Errorf("duration: %s is out of range; use 1s to 24h", c.duration)
	case c.clients && c.url == "":
		return errors.New("url: is empty; --clients needs one")
	}
	if !c.distinct {
		c.nodes = c.values
	}
	if c.nodes < c.values || c.nodes > 100_000 {
		return fmt.Errorf("nodes: %d is out of range; use at least as many as --values, up to 100000", c.nodes)
	}
	return nil
}

// window is the first node that a client subscribes to; the others follow, and after the last node comes the first one.
func (c *benchLiveConfig) window(client int) int {
	if !c.distinct {
		return 0
	}
	return client * max(1, c.nodes/c.subscribers) % c.nodes
}

// benchLive measures what it takes to deliver live values to many clients.
func benchLive(ctx context.Context, cfg benchLiveConfig, dir string, progress io.Writer) (_ *benchLiveResult, err error) {
	r := &benchLiveResult{Subscribers: cfg.subscribers, Values: cfg.values, Distinct: cfg.distinct, Nodes: cfg.nodes, Rate: cfg.rate, Stalled: cfg.stalled}
	server, err := startBenchServer(ctx, cfg.nodes, progress)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, server.stop()) }()
	p, err := startBenchLivePlatform(ctx, server.endpoint, dir, progress)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	r.RSSStartBytes = residentBytes()
	clients, err := startBenchClients(ctx, &cfg, p.url, progress)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, clients.stop()) }()
	if r.SubscribeSeconds, err = clients.subscribed(); err != nil {
		return nil, err
	}
	if err := p.measure(ctx, &cfg, clients, r, progress); err != nil {
		return nil, err
	}
	r.benchLiveStalled, err = clients.askStalled()
	return r, err
}
