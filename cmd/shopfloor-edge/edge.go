package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	stdlog "log"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/cmd/daemon"
	"github.com/shopfloor-iiot/shopfloor/cmd/gateway"
	"github.com/shopfloor-iiot/shopfloor/edge"
	"github.com/shopfloor-iiot/shopfloor/ingest/bus"
	"github.com/shopfloor-iiot/shopfloor/model"
)

// edgeProcess is what runs in this process. Its parts are made by newEdge and run by start.
type edgeProcess struct {
	cfg       Config
	log       zerolog.Logger
	bus       *bus.Server
	guard     *bus.Guard
	frames    *bus.Conn // bulk
	control   *bus.Conn // commands, live values, desired state
	buffer    *bus.Buffer
	forwarder *bus.Forwarder
	state     *gateway.RemoteState
	gateway   *gateway.Gateway
	watchdog  *watchdog
}

// serve runs the gateway until ctx ends.
func serve(ctx context.Context, args []string, stderr io.Writer) error {
	cfg, err := loadConfig(args, os.LookupEnv, stderr)
	if err != nil {
		return err
	}
	log := daemon.NewLogger(cfg.Log, stderr)
	daemon.CollectOften(os.LookupEnv)
	// Some libraries log through the standard logger: into the same stream and form.
	stdlog.SetFlags(0)
	stdlog.SetOutput(log.With().Str("part", "library").Logger())
	log.Info().Str("version", daemon.VersionLine("shopfloor-edge")).Str("gateway", cfg.Gateway).Str("data", cfg.Data).Msg("starting")
	var l net.Listener
	if cfg.HTTP != "" {
		// The address is taken first: a port in use is the commonest error, and nothing is opened for it.
		if l, err = net.Listen("tcp", cfg.HTTP); err != nil {
			return fmt.Errorf("http: %w; choose another address with --http", err)
		}
		defer l.Close() // the HTTP server closes it as well
	}
	id, err := cfg.identity()
	if err != nil {
		return err
	}
	if err := enrol(ctx, &cfg, id, log); err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	e, err := newEdge(ctx, cfg, id, log)
	if err != nil {
		return err
	}
	running := daemon.NewStages(log)
	e.start(running, l)
	err = running.Wait(ctx)
	log.Info().Msg("stopping")
	err = errors.Join(err, running.Stop(), e.close())
	log.Info().Msg("stopped")
	return err
}

// newEdge opens what is stored and wires the parts. Nothing runs yet. On an error nothing stays open.
func newEdge(ctx context.Context, cfg Config, id *gateway.Identity, log zerolog.Logger) (_ *edgeProcess, err error) {
	e := &edgeProcess{cfg: cfg, log: log, watchdog: newWatchdog()}
	defer func() {
		if err != nil {
			err = errors.Join(err, e.close())
		}
	}()
	if err := e.openBus(ctx, id); err != nil {
		return nil, err
	}
	buffered := gateway.Buffered{Buffer: e.buffer}
	outputs, err := gateway.OpenFrameLog(ctx, gateway.FrameLogConfig{
		Conn: e.frames, Stream: bus.StreamBuffer, Gateway: cfg.Gateway, Dir: filepath.Join(cfg.Data, "outputs"), Brokers: cfg.Brokers, Versions: buffered.Find,
	})
	if err != nil {
		return nil, err
	}
	e.forwarder = bus.NewForwarder(e.buffer, bus.ForwarderConfig{
		Keep: outputs.Floor, Rate: cfg.Buffer.Rate, LiveFirst: cfg.Buffer.Order == orderLiveFirst, OnDropped: e.dropped,
	}, e.part("forwarder"))
	e.state = gateway.NewRemoteState(e.control, cfg.Gateway, filepath.Join(cfg.Data, "desired.json"), e.addStatus, e.part("state"))
	var state edge.State = e.state
	var secrets gateway.Secrets = id
	if cfg.PublishedNodes != "" {
		file := gateway.NewNodesFile(gateway.NodesFileConfig{
			Gateway: cfg.Gateway, Path: cfg.PublishedNodes, LastGood: filepath.Join(cfg.Data, "publishednodes.good.json"), Sealer: id, Core: e.state,
		}, id, e.part("published nodes"))
		state, secrets = file, file.Secrets()
	}
	e.gateway, err = gateway.New(gateway.Config{
		ID: cfg.Gateway, Version: daemon.Version(), PKI: filepath.Join(cfg.Data, "pki"),
		Frames: buffered, Metadata: buffered, State: state, Control: e.control, Secrets: secrets,
		Discovery:      gateway.NewRemoteDiscovery(e.control, cfg.Gateway, filepath.Join(cfg.Data, "discovery.json"), e.part("discovery")),
		ReverseConnect: cfg.ReverseConnect, Brokers: cfg.Brokers, Log: outputs, OnWatchdog: e.watchdog.on,
		Memory: filepath.Join(cfg.Data, "subscriptions"), Connections: cfg.Connections,
	}, log)
	return e, err
}

// part is the logger of one part.
func (e *edgeProcess) part(name string) zerolog.Logger {
	return e.log.With().Str("part", name).Logger()
}

func (e *edgeProcess) openBus(ctx context.Context, id *gateway.Identity) error {
	tls, err := coreTLS(&e.cfg, id)
	if err != nil {
		return err
	}
	b := e.cfg.Buffer
	sync := time.Duration(b.SyncInterval)
	e.bus, err = bus.Start(bus.Config{
		Dir: filepath.Join(e.cfg.Data, "jetstream"), SyncInterval: sync, SyncAlways: sync == 0, MaxStore: b.MaxBytes,
		Remote: &bus.RemoteConfig{Gateway: e.cfg.Gateway, URL: e.cfg.Core, Seed: id.Seed, TLS: tls},
	}, e.part("bus"))
	if errors.Is(err, bus.ErrLocked) {
		return fmt.Errorf("data folder %s is in use by another shopfloor-edge: stop it, or choose another folder with --data (%w)", e.cfg.Data, err)
	}
	if err != nil {
		return fmt.Errorf("start bus: %w", err)
	}
	if e.guard, err = e.bus.NewGuard(bus.GuardConfig{Dir: e.cfg.Data}); err != nil {
		return err
	}
	if e.frames, err = e.bus.Connect("frames"); err != nil {
		return err
	}
	if e.control, err = e.bus.Connect("control"); err != nil {
		return err
	}
	maxBytes := b.MaxBytes
	if maxBytes == 0 {
		maxBytes = min(e.bus.MaxStore(), maxDefaultBuffer)
	}
	e.buffer, err = bus.OpenBuffer(ctx, e.frames, bus.BufferConfig{
		Gateway: e.cfg.Gateway, MaxBytes: maxBytes, MaxAge: time.Duration(b.MaxAge), NumberFile: filepath.Join(e.cfg.Data, "numbers.json"),
	})
	return err
}

// start runs all parts, in the order in which data flows.
func (e *edgeProcess) start(s *daemon.Stages, l net.Listener) {
	if l != nil {
		s.Start("http", httpGrace+time.Second, func(ctx context.Context) error { return e.serveHTTP(ctx, l) })
	}
	e.gateway.Start(s.Start)
	s.Start("buffer", 5*time.Second, e.buffer.Run)
	s.Start("forwarder", 5*time.Second, e.forwarder.Run)
	s.Start("state", 5*time.Second, e.state.Run)
	s.Start("guard", 5*time.Second, e.guard.Run)
	s.Start("watchdog", time.Second, e.watchdog.run)
}

// statusWait bounds the question for the state of the buffer.
const statusWait = 2 * time.Second

// addStatus completes the gateway's status with that of its buffer.
func (e *edgeProcess) addStatus(s *model.GatewayStatus) {
	ctx, cancel := context.WithTimeout(context.Background(), statusWait)
	defer cancel()
	st, err := e.buffer.State(ctx)
	if err != nil {
		e.log.Warn().Err(err).Msg("state of the buffer is not known")
	}
	f, disk := e.forwarder.Stats(), e.guard.Stats()
	s.Buffer = &model.BufferStatus{
		DiskFree: uint64(max(disk.Free, 0)), Disk: disk.Level.String(),
		Frames: st.Frames, Bytes: st.Bytes, MaxBytes: uint64(max(st.MaxBytes, 0)), Oldest: st.Oldest, Dropped: f.Dropped, LastDropped: f.LastDropped,
		Forwarded: f.Frames, ForwardRate: f.Rate, Reconnects: f.Retries,
		Late: f.Late, Backlog: f.Backlog,
	}
}

// dropped notes the gap that dropped frames leave.
func (e *edgeProcess) dropped(frames uint64, before, behind time.Time) {
	g := model.Gap{From: before, To: behind, Cause: model.GapBufferFull, Messages: frames, Detail: "the core was away for longer than the gateway's buffer lasts: raise buffer.maxBytes or buffer.maxAge"}
	if before.IsZero() {
		g.From = behind
		g.Detail += "; since when values are missing is not known, as the gateway was started meanwhile"
	}
	e.gateway.Gaps.Add(g)
}

// close closes what newEdge opened. All parts have ended before.
func (e *edgeProcess) close() error {
	for _, c := range []*bus.Conn{e.frames, e.control} {
		if c != nil {
			c.Close()
		}
	}
	if e.bus == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return e.bus.Shutdown(ctx)
}
