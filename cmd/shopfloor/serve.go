package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	stdlog "log"
	"net"
	"os"
	"time"

	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/cmd/daemon"
)

// serve runs everything in this process, or with shared a share of the ingest core, until ctx ends.
func serve(ctx context.Context, shared bool, args []string, stderr io.Writer) error {
	cfg, err := loadConfig(args, os.LookupEnv, stderr)
	if err != nil {
		return err
	}
	switch url := cfg.Bus.URL; {
	case shared && url == "":
		return usageError{errors.New("bus.url: is not set; shopfloor core takes its frames from a bus elsewhere, for example --bus-url nats://nats-1:4222")}
	case !shared && url != "":
		return usageError{fmt.Errorf("bus.url: is set to %s; run shopfloor core to share the work on that bus", url)}
	}
	log := daemon.NewLogger(cfg.Log, stderr)
	// Some libraries, net/http among them, log through the standard logger: into the same stream and form.
	stdlog.SetFlags(0)
	stdlog.SetOutput(log.With().Str("part", "library").Logger())
	log.Info().Str("version", daemon.VersionLine("shopfloor")).Str("data", cfg.Data).Msg("starting")
	// The address is taken first: a port in use is the commonest error, and nothing is opened for it.
	l, err := net.Listen("tcp", cfg.HTTP)
	if err != nil {
		return fmt.Errorf("http: %w; choose another address with --http", err)
	}
	defer l.Close() // the HTTP server closes it as well
	p, err := newPlatform(ctx, cfg, log)
	if err != nil {
		return err
	}
	running := daemon.NewStages(log)
	err = p.serve(ctx, running, l)
	log.Info().Msg("stopping")
	err = errors.Join(err, running.Stop(), p.close())
	log.Info().Msg("stopped")
	return err
}

// serve starts all parts and returns when ctx ends or one of them fails.
func (p *platform) serve(ctx context.Context, running *daemon.Stages, l net.Listener) error {
	h, err := p.handler()
	if err != nil {
		return err
	}
	// Stopped first, so that clients learn of the end while all they can ask for is still there.
	running.Start("http", httpGrace+time.Second, func(ctx context.Context) error {
		defer p.types.endpoint.Close()
		return serveHTTP(ctx, l, h)
	})
	p.start(running)
	if p.cfg.Demo {
		if err := p.startDemo(running); err != nil {
			return err
		}
	}
	go p.announce(ctx, p.log, l.Addr().String())
	return running.Wait(ctx)
}

// announce logs when the platform is ready and where it is.
func (p *platform) announce(ctx context.Context, log zerolog.Logger, addr string) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	slow := time.After(10 * time.Second)
	for {
		select {
		case <-ctx.Done():
			return
		case <-slow:
			log.Warn().AnErr("reasons", p.ready()).Msg("not ready yet")
		case <-tick.C:
			if p.ready() == nil {
				base := "http://" + addr
				log.Info().Str("ui", base+"/").Str("playground", base+"/playground").Str("grafana_data_source", base+"/prometheus").
					Dur("after_ms", time.Since(p.started)).Msg("ready")
				return
			}
		}
	}
}
