package edge

import (
	"context"
	"errors"
	"reflect"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/model"
)

const (
	// reportInterval is how often statuses are compared with what was reported last.
	reportInterval = time.Second
	// heartbeatInterval is how often the gateway's own status is reported, changed or not.
	heartbeatInterval = 10 * time.Second
)

// GatewayConfig says who the gateway is and how it makes its Sources.
type GatewayConfig struct {
	// ID is the gateway's name in the platform.
	ID string
	// Version is the version of the program.
	Version string
	// NewSource makes the Source of a server. An error says that the record cannot be used; it is reported as the server's status.
	NewSource func(model.Server) (Source, error)
	// Live is where deliveries of monitorings go.
	Live LiveSink
	// Outputs are where the frames of writers go besides the core; nil for none.
	Outputs Outputs
	// Discoveries carries out discoveries; nil for a gateway that has none. It is run by its owner.
	Discoveries *Discoveries
	// Connections tests connections; nil for a gateway that does not.
	Connections ConnectionTester
	// Gaps are the times for which values are missing; nil for a list that is not kept.
	Gaps *Gaps
}

// Gateway runs one Source per server of its desired state, reports how they are, and answers commands on them.
type Gateway struct {
	cfg       GatewayConfig
	state     State
	publisher *Publisher
	log       zerolog.Logger
	started   time.Time
	monitors  monitors

	mu       sync.Mutex
	assets   map[string]*asset        // by server id
	revision uint64                   // of the desired state that was applied last
	reported map[any]any              // server id or model.WriterKey → what was reported last; of the report loop alone
	beats    map[string]beat          // by server id; of the report loop alone
	writers  map[model.WriterKey]bool // of the last desired state; of apply alone
}

// asset is one server with its running Source.
type asset struct {
	server model.Server
	source Source // nil when it could not be made
	failed string // why
	since  time.Time
	ctx    context.Context // ends with the asset
	cancel context.CancelCauseFunc
	ended  chan struct{} // closed when Run has returned
}

// NewGateway makes a Gateway. Nothing runs before Run.
func NewGateway(cfg GatewayConfig, state State, p *Publisher, log zerolog.Logger) *Gateway {
	if cfg.Gaps == nil {
		cfg.Gaps = NewGaps(nil, log)
	}
	return &Gateway{
		cfg: cfg, state: state, publisher: p, log: log, started: time.Now(),
		monitors: monitors{live: cfg.Live}, assets: map[string]*asset{}, reported: map[any]any{}, beats: map[string]beat{},
	}
}

// Run keeps the Sources as the desired state wants them until ctx ends; it ends all of them before it returns.
func (g *Gateway) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	reporting := make(chan struct{})
	go func() {
		defer close(reporting)
		g.report(ctx)
	}()
	err := g.state.Watch(ctx, func(d Desired) { g.apply(ctx, d) })
	stopped := ctx.Err() != nil
	cancel()
	<-reporting
	g.mu.Lock()
	assets := make([]*asset, 0, len(g.assets))
	for _, a := range g.assets {
		assets = append(assets, a)
	}
	g.mu.Unlock()
	for _, a := range assets {
		<-a.ended
	}
	g.monitors.wait()
	g.saveGaps()
	if stopped {
		return nil
	}
	return err
}

// apply starts, changes and ends Sources.
func (g *Gateway) apply(ctx context.Context, d Desired) {
	if g.cfg.Outputs != nil {
		g.cfg.Outputs.Configure(d.Writers)
	}
	writers, keys := map[string][]model.DataSetWriter{}, map[model.WriterKey]bool{}
	for _, w := range d.Writers {
		writers[w.Server] = append(writers[w.Server], w)
		keys[w.Key()] = true
	}
	wanted := map[string]bool{}
	for _, s := range d.Servers {
		wanted[s.ID] = true
		a := g.asset(s.ID)
		if a == nil || !sameConnection(a.server, s) {
			a = g.start(ctx, s, a)
		}
		if a.source != nil {
			a.source.Configure(writers[s.ID])
		}
	}
	for key := range g.writers {
		if !keys[key] {
			g.publisher.Close(key)
		}
	}
	g.writers = keys
	g.mu.Lock()
	defer g.mu.Unlock()
	g.revision = d.Revision
	for id, a := range g.assets {
		if !wanted[id] {
			a.cancel(ErrRemoved)
			delete(g.assets, id)
		}
	}
}

// sameConnection tells whether a change of the record leaves the connection as it is.
func sameConnection(a, b model.Server) bool {
	a.Name, b.Name, a.Revision, b.Revision = "", "", 0, 0
	return reflect.DeepEqual(a, b)
}

func (g *Gateway) asset(server string) *asset {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.assets[server]
}

// start makes and runs the Source of s. An earlier one for the same server is ended, and has ended before the new one runs.
func (g *Gateway) start(ctx context.Context, s model.Server, earlier *asset) *asset {
	ctx, cancel := context.WithCancelCause(ctx)
	a := &asset{server: s, ctx: ctx, cancel: cancel, since: time.Now(), ended: make(chan struct{})}
	source, err := g.cfg.NewSource(s)
	if err != nil {
		a.failed = err.Error()
		g.log.Warn().Err(err).Str("server", s.ID).Msg("server cannot be connected")
	} else {
		a.source = source
	}
	if earlier != nil {
		var cause error // its subscriptions go over to the next
		if earlier.server.EndpointURL != s.EndpointURL || earlier.server.UserName != s.UserName {
			cause = ErrRemoved
		}
		earlier.cancel(cause)
	}
	g.mu.Lock()
	g.assets[s.ID] = a
	g.mu.Unlock()
	go func() {
		defer close(a.ended)
		defer cancel(nil)
		if earlier != nil {
			<-earlier.ended
		}
		if a.source == nil {
			<-ctx.Done()
			return
		}
		if err := a.source.Run(ctx); err != nil && ctx.Err() == nil {
			g.log.Error().Err(err).Str("server", s.ID).Msg("source ended")
		}
	}()
	return a
}

// status is what is known of the asset.
func (a *asset) status() model.ServerStatus {
	if a.source == nil {
		return model.ServerStatus{Server: a.server.ID, State: model.StateRefused, Since: a.since, Reason: model.ReasonConfiguration, Error: a.failed}
	}
	return a.source.Status()
}

// report reports changes of statuses, and the gateway's own at each heartbeat, until ctx ends.
func (g *Gateway) report(ctx context.Context) {
	tick := time.NewTicker(reportInterval)
	defer tick.Stop()
	next := time.Now()
	var told model.GatewayStatus
	for {
		now := time.Now()
		due := !now.Before(next)
		g.reportChanges(ctx, due)
		g.saveGaps()
		// Who changed the configuration waits to hear that it runs.
		if s := g.Status(); due || !sameSync(s, told) || s.GapCount != told.GapCount {
			next = now.Add(heartbeatInterval)
			if err := g.state.ReportGateway(ctx, s); err == nil {
				told = s
			} else if ctx.Err() == nil {
				g.log.Warn().Err(err).Msg("gateway status not reported")
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// saveGaps keeps the gaps for the time after a restart.
func (g *Gateway) saveGaps() {
	if err := g.cfg.Gaps.save(); err != nil {
		g.log.Warn().Err(err).Msg("gaps are not kept over a restart of the gateway")
	}
}

func (g *Gateway) reportChanges(ctx context.Context, heartbeat bool) {
	g.mu.Lock()
	assets := make([]*asset, 0, len(g.assets))
	for _, a := range g.assets {
		assets = append(assets, a)
	}
	g.mu.Unlock()
	current := map[any]bool{}
	var errs []error
	for _, a := range assets {
		s := a.status()
		s.Gateway = g.cfg.ID
		s.Figures = g.steady(s.Server, s.Figures, heartbeat)
		current[s.Server] = true
		errs = append(errs, reportOnce(ctx, g.reported, s.Server, s, g.state.ReportServer))
		if a.source == nil {
			continue
		}
		for _, w := range g.writerStatuses(a) {
			current[w.Writer] = true
			errs = append(errs, reportOnce(ctx, g.reported, w.Writer, w, g.state.ReportWriter))
		}
	}
	for key := range g.reported {
		if !current[key] {
			delete(g.reported, key)
			if server, ok := key.(string); ok {
				delete(g.beats, server)
			}
		}
	}
	if err := errors.Join(errs...); err != nil && ctx.Err() == nil {
		g.log.Warn().Err(err).Msg("status not reported, trying again")
	}
}

// writerStatuses tells how the writers of an asset stand, at its source and in the publisher.
func (g *Gateway) writerStatuses(a *asset) []model.WriterStatus {
	list := a.source.Writers()
	for i := range list {
		if w := &list[i]; w.Unsupported == "" {
			w.Unsupported = g.publisher.trouble(w.Writer)
		}
		if w := &list[i]; w.Unsupported == "" && g.cfg.Outputs != nil {
			w.Unsupported = g.cfg.Outputs.Trouble(w.Writer)
		}
	}
	return list
}

// reportOnce reports status unless it is what was reported last.
func reportOnce[T any](ctx context.Context, reported map[any]any, key any, status T, report func(context.Context, T) error) error {
	if last, ok := reported[key]; ok && reflect.DeepEqual(last, status) {
		return nil
	}
	if err := report(ctx, status); err != nil {
		return err
	}
	reported[key] = status
	return nil
}

// Status is the gateway's own status.
func (g *Gateway) Status() model.GatewayStatus {
	s := g.publisher.Statistics()
	revision, out, count := g.sync()
	gaps, gapCount := g.cfg.Gaps.List()
	var outputs []model.OutputStatus
	if g.cfg.Outputs != nil {
		outputs = g.cfg.Outputs.Status()
	}
	brokers := make([]string, len(outputs))
	for i := range outputs {
		brokers[i] = outputs[i].Name
	}
	return model.GatewayStatus{
		Brokers: brokers, Outputs: outputs, ConfigurationRevision: revision, OutOfSync: out, OutOfSyncCount: count,
		Gaps: gaps, GapCount: gapCount,
		Gateway: g.cfg.ID, Version: g.cfg.Version, Started: g.started, Reported: time.Now().UTC(),
		Frames: s.Frames, Values: s.Values, Bytes: s.Bytes, Pending: s.Pending,
		DroppedValues: s.Dropped, RefusedValues: s.Refused, UnstoredFrames: s.Unstored, LostDeliveries: g.monitors.lost.Load(),
	}
}
