package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime/debug"
	"runtime/pprof"
	"time"

	"github.com/shopfloor-iiot/shopfloor/cmd/daemon"
	"github.com/shopfloor-iiot/shopfloor/graph/live"
	"github.com/shopfloor-iiot/shopfloor/model"
)

// benchLiveServer is the id of the server whose values are delivered.
const benchLiveServer = "load"

// benchLivePlatform is a platform in this process as it is by default.
type benchLivePlatform struct {
	*platform
	running *daemon.Stages
	url     string // of GraphQL
}

// startBenchLivePlatform returns when the server is connected.
func startBenchLivePlatform(ctx context.Context, endpoint, dir string, progress io.Writer) (_ *benchLivePlatform, err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("http: %w", err)
	}
	p := &benchLivePlatform{url: "http://" + l.Addr().String() + "/graphql"}
	if p.platform, p.running, err = benchPlatform(ctx, dir, progress, func(c *Config) { c.HTTP = l.Addr().String() }); err != nil {
		_ = l.Close()
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.close())
		}
	}()
	h, err := p.handler()
	if err != nil {
		_ = l.Close()
		return nil, err
	}
	p.running.Start("http", httpGrace+time.Second, func(ctx context.Context) error {
		defer p.types.endpoint.Close()
		return serveHTTP(ctx, l, h)
	})
	p.start(p.running)
	if err := p.connect(ctx, endpoint); err != nil {
		return nil, err
	}
	debug.FreeOSMemory() // what only the start took
	return p, nil
}

func (p *benchLivePlatform) connect(ctx context.Context, endpoint string) error {
	ctx, cancel := context.WithTimeout(ctx, loadStartup)
	defer cancel()
	select {
	case <-p.registry.Ready():
	case <-ctx.Done():
		return ctx.Err()
	}
	_, err := p.registry.AddServer(ctx, model.Server{
		ID: benchLiveServer, Name: "Load", Gateway: p.cfg.Gateway, EndpointURL: endpoint, SecurityMode: model.SecurityNone,
	}, "")
	if err != nil {
		return fmt.Errorf("add server: %w", err)
	}
	return pollUntil(ctx, func() bool { return p.registry.ServerStatus(benchLiveServer).State == model.StateConnected })
}

// pollUntil returns when done does, or with the error of ctx.
func pollUntil(ctx context.Context, done func() bool) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
	return nil
}

func (p *benchLivePlatform) close() error { return errors.Join(p.running.Stop(), p.platform.close()) }

func (p *benchLivePlatform) figures() live.Figures { return p.types.endpoint.LiveFigures() }

// measure has the clients count what they get in the time that is measured.
func (p *benchLivePlatform) measure(ctx context.Context, cfg *benchLiveConfig, clients *benchClients, r *benchLiveResult, progress io.Writer) error {
	if cfg.profile != "" {
		f, err := os.Create(cfg.profile)
		if err != nil {
			return fmt.Errorf("profile: %w", err)
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return fmt.Errorf("profile: %w", err)
		}
		defer pprof.StopCPUProfile()
	}
	fmt.Fprintf(progress, "measured: %.0f values in %s\n", float64(cfg.subscribers*cfg.values)*cfg.rate*cfg.duration.Seconds(), cfg.duration)
	r.RSSPeakBytes = residentBytes()
	skipped := p.figures().Skipped
	use := measure()
	received := clients.count()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for report := use.begin.Add(time.Second); ; {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case now := <-tick.C:
			p.look(r, now.Sub(use.begin))
			if now.After(report) {
				report = report.Add(max(time.Second, cfg.duration/30))
				fmt.Fprintf(progress, "measured: %4.0f s, %d MiB resident, %d subscribers, %d deliveries skipped\n",
					now.Sub(use.begin).Seconds(), residentBytes()>>20, p.figures().Subscribers, p.figures().Skipped-skipped)
			}
			continue
		case counted := <-received:
			if counted.err != nil {
				return counted.err
			}
			use.stop()
			r.benchLiveReceived = counted.received
		}
		break
	}
	f := p.figures()
	p.look(r, use.wall)
	r.Seconds, r.RSSBytes, r.Streams, r.KeptBytes, r.Skipped = use.wall.Seconds(), residentBytes(), f.Streams, f.Bytes, f.Skipped-skipped
	if r.ValuesReceived == 0 {
		return fmt.Errorf("no value in %s: %s", cfg.duration, r.Failure)
	}
	n := float64(r.ValuesReceived)
	r.CPUNsPerValue, r.CPUCores, r.AllocsPerValue = float64(use.cpu)/n, use.cpu.Seconds()/use.wall.Seconds(), float64(use.allocs)/n
	return nil
}

// look notes memory, and stalled clients that were cut off.
func (p *benchLivePlatform) look(r *benchLiveResult, after time.Duration) {
	r.RSSPeakBytes = max(r.RSSPeakBytes, residentBytes())
	if gone := r.Subscribers + r.Stalled - p.figures().Subscribers; gone > r.StalledCutOff && gone <= r.Stalled {
		r.StalledCutOff, r.StalledSeconds = gone, after.Seconds()
	}
}
