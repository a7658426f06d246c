// Package gateway joins the gateway (edge) to the bus, for the programs that have one: the platform with everything in one process, and the
// gateway of its own. It knows neither the ingest core nor the store, GraphQL or the web UI.
package gateway

import (
	"context"
	"io"
	"time"

	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/edge"
	"github.com/shopfloor-iiot/shopfloor/edge/mqttout"
	"github.com/shopfloor-iiot/shopfloor/edge/opcua"
	"github.com/shopfloor-iiot/shopfloor/edge/opcua/discovery"
	"github.com/shopfloor-iiot/shopfloor/ingest/bus"
)

// Config says who the gateway is and what it is joined to. All fields but Discovery, ReverseConnect, OnWatchdog, Brokers and
// Memory are needed.
type Config struct {
	// ID is the gateway's name in the platform, Version that of the program.
	ID, Version string
	// PKI is the folder of the gateway's own certificate and of its trust list.
	PKI string
	// Frames and Metadata are where values go.
	Frames   edge.FrameSink
	Metadata edge.Metadata
	// State is what the gateway is to run, and where it reports.
	State edge.State
	// Discovery is where its schedule of discoveries is, and where it reports what it found; nil for a gateway that does not discover.
	Discovery edge.DiscoveryState
	// Control is the connection over which commands come and live values go.
	Control *bus.Conn
	// Secrets opens the sealed passwords of servers.
	Secrets Secrets
	// ReverseConnect is the address, host:port, that servers connect to which nothing may connect to; empty if the gateway does not listen for
	// them.
	ReverseConnect string
	// OnWatchdog is called when a writer's watchdog is to end the process (see opcua.Config); nil leaves it at the log.
	OnWatchdog func(opcua.WatchdogEvent)
	// Memory is the folder of what the gateway has to know after a restart to take its subscriptions over, and of its gaps; empty for one that
	// leaves nothing behind.
	Memory string
	// Connections is how it connects to servers.
	Connections ConnectionConfig
	// Brokers are where the outputs of writers may go; none are needed. Log is what they read, and needed with them.
	Brokers []mqttout.Config
	Log     *FrameLog
}

// Secrets opens what was sealed for this gateway. Nothing stays nothing.
type Secrets interface {
	Open(sealed []byte) ([]byte, error)
}

// Gateway is a gateway with its publisher and the service for its commands.
type Gateway struct {
	Publisher *edge.Publisher
	// Outputs sends to the brokers.
	Outputs *mqttout.Outputs
	// Gaps are the times for which values are missing.
	Gaps        *edge.Gaps
	gateway     *edge.Gateway
	discoveries *edge.Discoveries      // nil if it does not discover
	reverse     *opcua.ReverseListener // nil if it does not listen
	service     *bus.Service
}

// New makes a Gateway. Nothing runs before Start.
func New(cfg Config, log zerolog.Logger) (*Gateway, error) {
	part := func(name string) zerolog.Logger { return log.With().Str("part", name).Logger() }
	outputs, err := mqttout.New(cfg.ID, cfg.Brokers, cfg.Log, part("output"))
	if err != nil {
		return nil, err
	}
	g := &Gateway{Outputs: outputs}
	if cfg.ReverseConnect != "" {
		if g.reverse, err = opcua.ListenReverse(context.Background(), cfg.ReverseConnect, part("reverse")); err != nil {
			return nil, err
		}
	}
	g.Publisher = edge.NewPublisher(edge.PublisherConfig{Gateway: cfg.ID}, cfg.Frames, cfg.Metadata, part("publisher"))
	var memory opcua.Memory
	var gaps edge.GapStore
	if cfg.Memory != "" {
		folder, err := OpenFolder(cfg.Memory)
		if err != nil {
			return nil, err
		}
		memory, gaps = folder, folder
	}
	g.Gaps = edge.NewGaps(gaps, part("gaps"))
	servers, err := newServers(&cfg, g, memory, part("opcua"))
	if err != nil {
		return nil, err
	}
	if cfg.Discovery != nil {
		g.discoveries = edge.NewDiscoveries(cfg.ID, discovery.New(), cfg.Discovery, part("discovery"))
	}
	g.gateway = edge.NewGateway(edge.GatewayConfig{
		ID: cfg.ID, Version: cfg.Version, NewSource: servers.source, Connections: servers, Live: liveSink{cfg.Control, cfg.ID}, Discoveries: g.discoveries,
		Outputs: outputs, Gaps: g.Gaps,
	}, cfg.State, g.Publisher, part("gateway"))
	g.service, err = bus.NewService(cfg.Control, cfg.ID, 0, serveCommands(g.gateway))
	return g, err
}

// Start runs all parts, in the order in which data flows. What stores the frames is to be started after it.
func (g *Gateway) Start(start func(name string, grace time.Duration, run func(context.Context) error)) {
	start("commands", 5*time.Second, g.service.Run)
	if g.reverse != nil {
		start("reverse connections", 5*time.Second, g.reverse.Run)
	}
	start("gateway", 15*time.Second, g.gateway.Run)
	if g.discoveries != nil {
		start("discovery", 5*time.Second, g.discoveries.Run)
	}
	start("publisher", 10*time.Second, func(ctx context.Context) error { return g.Publisher.Run(ctx, 5*time.Second) })
	if len(g.Outputs.Brokers()) > 0 {
		start("outputs", 10*time.Second, func(ctx context.Context) error { return g.Outputs.Run(ctx, 5*time.Second) })
	}
}

// WriteMetrics writes the gateway's metrics in Prometheus' text form: those that edge.Metrics lists,
// and those of its outputs.
func (g *Gateway) WriteMetrics(w io.Writer) {
	g.gateway.WriteMetrics(w)
	g.Outputs.WriteMetrics(w)
}
