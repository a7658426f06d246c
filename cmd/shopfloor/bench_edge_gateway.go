package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/cmd/daemon"
	"github.com/shopfloor-iiot/shopfloor/cmd/gateway"
	"github.com/shopfloor-iiot/shopfloor/edge"
	"github.com/shopfloor-iiot/shopfloor/ingest/bus"
	"github.com/shopfloor-iiot/shopfloor/model"
)

const (
	benchGatewayID = "bench"
	benchServerID  = "load"
)

// benchGateway is a gateway with its own JetStream and nothing behind it: what it stores stays.
type benchGateway struct {
	bus     *bus.Server
	conn    *bus.Conn
	control *bus.Conn
	gateway *gateway.Gateway
	sender  *bus.Publisher
	state   *benchState
	running *daemon.Stages
	started time.Time
	stopped bool
}

// benchTarget is a server and its nodes.
type benchTarget struct {
	endpoint string
	nodes    []model.ExpandedNodeID
}

// startBenchGateway runs a gateway that publishes the nodes, a thousand in each writer.
func startBenchGateway(ctx context.Context, cfg *benchEdgeConfig, targets []benchTarget, dir string, log io.Writer) (_ *benchGateway, err error) {
	logger := zerolog.New(log).Level(zerolog.WarnLevel)
	g := &benchGateway{state: newBenchState(cfg, targets), running: daemon.NewStages(logger), started: time.Now()}
	defer func() {
		if err != nil {
			err = errors.Join(err, g.close())
		}
	}()
	defaults := defaults()
	g.bus, err = bus.Start(bus.Config{Dir: filepath.Join(dir, "jetstream"), SyncInterval: cfg.sync, SyncAlways: cfg.sync == 0}, logger)
	if err != nil {
		return nil, err
	}
	if g.conn, err = g.bus.Connect("frames"); err != nil {
		return nil, err
	}
	if g.control, err = g.bus.Connect("control"); err != nil {
		return nil, err
	}
	if err := bus.EnsureStreams(ctx, g.control, defaults.Stream.streams(g.bus.MaxStore())); err != nil {
		return nil, err
	}
	g.sender, err = bus.NewPublisher(g.conn, bus.PublisherConfig{Gateway: benchGatewayID, NextNumber: 1})
	if err != nil {
		return nil, err
	}
	g.gateway, err = gateway.New(gateway.Config{
		ID: benchGatewayID, Version: daemon.Version(), PKI: filepath.Join(dir, "pki"), Frames: gateway.FrameSink{Publisher: g.sender},
		Metadata: gateway.Metadata{Conn: g.control}, State: g.state, Control: g.control, Secrets: noSecrets{},
		Connections: gateway.DefaultConnections(),
	}, logger)
	if err != nil {
		return nil, err
	}
	g.gateway.Start(g.running.Start)
	g.running.Start("sender", 5*time.Second, g.sender.Run)
	return g, nil
}

// awaitMonitored returns when the server monitors all nodes.
func (g *benchGateway) awaitMonitored(ctx context.Context, nodes int, progress io.Writer) error {
	report := newBenchProgress(progress, "nodes monitored", uint64(nodes))
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		s := g.serverStatus()
		switch {
		case s.MonitoredItems >= nodes:
			return nil
		case time.Since(g.started) > monitorTimeout:
			return fmt.Errorf("%d of %d nodes are monitored after %s, %d are bad: %s %s", s.MonitoredItems, nodes, monitorTimeout, s.BadItems, s.State, s.Error)
		}
		report.at(uint64(s.MonitoredItems))
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// serverStatus sums up those of all servers; its state is that of one that is not connected, if there is one.
func (g *benchGateway) serverStatus() model.ServerStatus {
	g.state.mu.Lock()
	defer g.state.mu.Unlock()
	var sum model.ServerStatus
	for _, s := range g.state.servers {
		if sum.State == "" || s.State != model.StateConnected {
			sum.State, sum.Error = s.State, s.Error
		}
		sum.MonitoredItems, sum.BadItems = sum.MonitoredItems+s.MonitoredItems, sum.BadItems+s.BadItems
		sum.LostNotifications += s.LostNotifications
		f, g := &sum.Figures, &s.Figures
		f.LateItems, f.Overflows = f.LateItems+g.LateItems, f.Overflows+g.Overflows
		f.MissingMessages, f.CrowdedValues = f.MissingMessages+g.MissingMessages, f.CrowdedValues+g.CrowdedValues
		f.UndecodableValues += g.UndecodableValues
	}
	return sum
}

// drain lets what is on its way arrive, then ends the gateway, so that all frames are stored.
func (g *benchGateway) drain(ctx context.Context, wait time.Duration) error {
	if err := pause(ctx, wait); err != nil {
		return err
	}
	g.stopped = true
	return g.running.Stop()
}

func (g *benchGateway) close() error {
	var errs []error
	if !g.stopped {
		errs = append(errs, g.running.Stop())
	}
	for _, c := range []*bus.Conn{g.conn, g.control} {
		if c != nil {
			c.Close()
		}
	}
	if g.bus != nil {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		errs = append(errs, g.bus.Shutdown(ctx))
	}
	return errors.Join(errs...)
}

// benchState is an edge.State that stays.
type benchState struct {
	desired edge.Desired

	mu      sync.Mutex
	servers map[string]model.ServerStatus
}

func newBenchState(cfg *benchEdgeConfig, targets []benchTarget) *benchState {
	s := &benchState{servers: map[string]model.ServerStatus{}}
	field := 0
	for i, t := range targets {
		id := fmt.Sprint(benchServerID, i+1)
		s.desired.Servers = append(s.desired.Servers, model.Server{
			ID: id, Name: "Load", Gateway: benchGatewayID, EndpointURL: t.endpoint, SecurityMode: model.SecurityNone,
		})
		for first := 0; first < len(t.nodes); first += benchWriterFields {
			n := len(s.desired.Writers) + 1
			w := model.DataSetWriter{
				Gateway: benchGatewayID, Group: "bench", Name: fmt.Sprint("w", n), Server: id, GroupID: 1, WriterID: uint16(n),
				SamplingInterval: cfg.sampling(), PublishingInterval: cfg.publishing,
			}
			for _, node := range t.nodes[first:min(first+benchWriterFields, len(t.nodes))] {
				w.Fields = append(w.Fields, model.PublishedField{Name: fmt.Sprint("f", field), NodeID: node})
				field++
			}
			s.desired.Writers = append(s.desired.Writers, w)
		}
	}
	return s
}

// Watch implements edge.State.
func (s *benchState) Watch(ctx context.Context, apply func(edge.Desired)) error {
	apply(s.desired)
	<-ctx.Done()
	return ctx.Err()
}

// ReportServer implements edge.State.
func (s *benchState) ReportServer(_ context.Context, v model.ServerStatus) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.servers[v.Server] = v
	return nil
}

// ReportWriter implements edge.State: the server's status tells enough.
func (s *benchState) ReportWriter(context.Context, model.WriterStatus) error { return nil }

// ReportGateway implements edge.State: nobody asks for it.
func (s *benchState) ReportGateway(context.Context, model.GatewayStatus) error { return nil }

// noSecrets are those of a server without users.
type noSecrets struct{}

// Open implements gateway.Secrets.
func (noSecrets) Open([]byte) ([]byte, error) { return nil, nil }
