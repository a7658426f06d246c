package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/cmd/daemon"
	"github.com/shopfloor-iiot/shopfloor/cmd/gateway"
	"github.com/shopfloor-iiot/shopfloor/graph"
	"github.com/shopfloor-iiot/shopfloor/graph/addressspace"
	"github.com/shopfloor-iiot/shopfloor/ingest"
	"github.com/shopfloor-iiot/shopfloor/ingest/bus"
	"github.com/shopfloor-iiot/shopfloor/ingest/discovered"
	"github.com/shopfloor-iiot/shopfloor/ingest/registry"
)

// platform is what runs in this process: everything, or the ingest core alone, which shares the work with other processes over their
// common bus. Its parts are made by newPlatform and run by start.
type platform struct {
	cfg     Config
	log     zerolog.Logger
	started time.Time

	bus      *bus.Server // nil when the bus is elsewhere, and guard with it
	guard    *bus.Guard
	frames   *bus.Conn // bulk
	control  *bus.Conn // buckets, commands, live values
	store    storage
	sinks    sinks // those of the core that reads the whole stream; else text is read back by them
	events   *bus.EventFeed
	registry *registry.Registry
	secrets  *sealer
	commands *commands

	discoveries      *discovered.Registry
	discoveryBuckets gateway.DiscoveryBuckets

	cores   *cores
	history *ingest.History
	inlets  *inlets
	limits  *limits
	keys    *keyGroups
	leafs   *leafnodes // nil when gateways cannot join
	types   *types     // made with the HTTP handler

	addressSpaces *addressspace.Cache // nil when none are kept

	// These are nil in a process that only takes frames.
	sender  *bus.Publisher
	gateway *gateway.Gateway
	outputs *gateway.FrameLog // what its outputs read; nil without a gateway
}

// newPlatform opens what is stored and wires the parts. Nothing runs yet. On an error nothing stays open.
func newPlatform(ctx context.Context, cfg Config, log zerolog.Logger) (_ *platform, err error) {
	p := &platform{cfg: cfg, log: log, started: time.Now()}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.close())
		}
	}()
	if err := os.MkdirAll(cfg.Data, 0o700); err != nil {
		return nil, fmt.Errorf("data folder: %w", err)
	}
	if err := p.openBus(ctx); err != nil {
		return nil, err
	}
	if p.store, err = openStorage(&cfg, p.part("victoria")); err != nil {
		return nil, err
	}
	buckets, err := gateway.OpenBuckets(ctx, p.control, p.maxStore())
	if err != nil {
		return nil, err
	}
	secrets, err := openSealer(filepath.Join(cfg.Data, "secret", "key"))
	if err != nil {
		return nil, err
	}
	p.secrets = secrets
	p.registry = registry.New(buckets.Registry(), secrets, p.part("registry"))
	p.commands = &commands{conn: p.control, servers: graphRegistry{p.registry}}
	p.registry.SetNodes(p.commands)
	if err := p.makeAddressSpaces(); err != nil {
		return nil, err
	}
	if err := p.makeDiscoveries(ctx); err != nil {
		return nil, err
	}
	if p.sinks, err = p.makeSinks(); err != nil {
		return nil, err
	}
	p.events = bus.NewEventFeed(p.control, p.part("events"))
	p.history = &ingest.History{Reader: p.store, Text: textReader{p.sinks.text}}
	if p.keys, err = newKeyGroups(cfg.KeyGroups, p.part("keys")); err != nil {
		return nil, err
	}
	if err := p.makeCores(ctx); err != nil {
		return nil, err
	}
	if err := p.makeInlets(ctx); err != nil {
		return nil, err
	}
	p.limits = &limits{platform: p, log: p.part("limits")}
	if p.shared() {
		return p, nil
	}
	if err := p.makeLeafnodes(ctx, buckets, secrets); err != nil {
		return nil, err
	}
	return p, p.makeGateway(ctx, buckets, secrets)
}

// shared tells whether this process is one of several that take frames from a bus elsewhere.
func (p *platform) shared() bool { return p.cfg.Bus.URL != "" }

// part is the logger of one part.
func (p *platform) part(name string) zerolog.Logger {
	return p.log.With().Str("part", name).Logger()
}

func (p *platform) openBus(ctx context.Context) (err error) {
	password, err := secretFile("bus.passwordFile", p.cfg.Bus.PasswordFile)
	if err != nil {
		return err
	}
	if p.shared() {
		err = p.dialBus(password)
	} else {
		err = p.startBus(password)
	}
	if err != nil {
		return err
	}
	return bus.EnsureStreams(ctx, p.control, p.cfg.Stream.streams(p.maxStore()))
}

func (p *platform) startBus(password string) (err error) {
	sync := time.Duration(p.cfg.Stream.SyncInterval)
	leaf, err := p.leafListener()
	if err != nil {
		return err
	}
	p.bus, err = bus.Start(bus.Config{
		Dir: filepath.Join(p.cfg.Data, "jetstream"), SyncInterval: sync, SyncAlways: sync == 0, MaxStore: p.cfg.Stream.MaxBytes,
		Listen: p.cfg.Bus.Listen, Password: password, Leaf: leaf,
	}, p.part("bus"))
	if errors.Is(err, bus.ErrLocked) {
		return fmt.Errorf("data folder %s is in use by another shopfloor: stop it, or choose another folder with --data (%w)", p.cfg.Data, err)
	}
	if err != nil {
		return fmt.Errorf("start bus: %w", err)
	}
	if p.guard, err = p.bus.NewGuard(bus.GuardConfig{Dir: p.cfg.Data, Reserve: p.diskReserve()}); err != nil {
		return fmt.Errorf("store.minFreeDisk: %w", err)
	}
	if p.frames, err = p.bus.Connect("frames"); err != nil {
		return err
	}
	p.control, err = p.bus.Connect("control")
	return err
}

// diskReserve is the free space below which no frames are taken. It is above what the database keeps free for itself, because the process
// ends when the database has no room.
func (p *platform) diskReserve() int64 { return p.cfg.Store.MinFreeDisk / 2 * 3 }

func (p *platform) dialBus(password string) (err error) {
	if p.frames, err = bus.Dial(p.cfg.Bus.URL, "frames", password, p.part("bus")); err != nil {
		return fmt.Errorf("bus.url: %w", err)
	}
	p.control, err = bus.Dial(p.cfg.Bus.URL, "control", password, p.part("bus"))
	return err
}

// maxStore is what all streams and buckets may hold, in bytes.
func (p *platform) maxStore() int64 {
	if p.bus != nil {
		return p.bus.MaxStore()
	}
	return p.cfg.Stream.MaxBytes
}

func (p *platform) makeGateway(ctx context.Context, b gateway.Buckets, secrets *sealer) error {
	id := p.cfg.Gateway
	next, err := p.frames.NextNumber(ctx, bus.StreamData, id)
	if err != nil {
		return fmt.Errorf("number of the next frame: %w", err)
	}
	if p.sender, err = bus.NewPublisher(p.frames, bus.PublisherConfig{Gateway: id, NextNumber: next}); err != nil {
		return err
	}
	p.outputs, err = gateway.OpenFrameLog(ctx, gateway.FrameLogConfig{
		Conn: p.frames, Stream: bus.StreamData, Gateway: id, Dir: filepath.Join(p.cfg.Data, "outputs"), Brokers: p.cfg.Brokers,
		Versions: gateway.Metadata{Conn: p.control}.Find,
	})
	if err != nil {
		return err
	}
	p.gateway, err = gateway.New(gateway.Config{
		ID: id, Version: daemon.Version(), PKI: filepath.Join(p.cfg.Data, "pki"),
		Frames: gateway.FrameSink{Publisher: p.sender}, Metadata: gateway.Metadata{Conn: p.control},
		State: gateway.BucketState{Gateway: id, Buckets: b, Log: p.part("state")}, Control: p.control, Secrets: secrets,
		Discovery: gateway.BucketDiscovery{Gateway: id, Buckets: p.discoveryBuckets},
		Brokers:   p.cfg.Brokers, Log: p.outputs, ReverseConnect: p.cfg.ReverseConnect, Memory: filepath.Join(p.cfg.Data, "subscriptions"),
		Connections: p.cfg.Connections,
	}, p.log)
	return err
}

// keepForOutputs is how far frames may be purged.
func (p *platform) keepForOutputs(ctx context.Context, upTo uint64) uint64 {
	if p.outputs == nil {
		return upTo
	}
	return p.outputs.Keep(ctx, upTo)
}

// start runs all parts but the HTTP server, in the order in which data flows.
func (p *platform) start(s *daemon.Stages) {
	if p.gateway != nil {
		p.gateway.Start(s.Start)
		s.Start("sender", 5*time.Second, p.sender.Run)
	}
	p.leafs.start(s)
	p.inlets.start(s)
	s.Start("ingest", 15*time.Second, p.cores.run)
	s.Start("text", 5*time.Second, p.sinks.text.Run)
	s.Start("events", 5*time.Second, p.sinks.events.Run)
	s.Start("event feed", 5*time.Second, p.events.Run)
	s.Start("registry", 5*time.Second, p.registry.Run)
	s.Start("discoveries", 5*time.Second, p.discoveries.Run)
	s.Start("limits", 5*time.Second, p.limits.run)
	if p.types != nil {
		s.Start("types", 5*time.Second, func(ctx context.Context) error { return p.types.run(ctx, p.registry.Ready()) })
	}
	if p.addressSpaces != nil {
		s.Start("address spaces", 5*time.Second, p.runAddressSpaces)
	}
	if p.guard != nil {
		s.Start("guard", 5*time.Second, p.guard.Run)
	}
}

// resolver is what GraphQL sees of the platform.
func (p *platform) resolver() *graph.Resolver {
	r := &graph.Resolver{
		Registry: graphRegistry{p.registry}, PublishedNodes: graphRegistry{p.registry}, Commands: p.commands, EventServices: p.commands, History: graphHistory{p.history}, Live: p.cores.seen(),
		DeadLetters: deadLetters{p.control}, Events: eventLog{p.control, p.events}, Limits: p.limits, Discoveries: graphDiscoveries{p.discoveries, p.control.Wake}, Version: daemon.Version(), Started: p.started, LocalGateway: p.localGateway(), Log: p.part("graph"),
	}
	connections := connectionTests{commands: p.commands, local: p.localGateway(), secrets: p.secrets}
	if p.leafs != nil {
		r.Gateways, connections.sealKey = p.leafs, p.leafs.enrolments.SealKey
	}
	r.Connections = connections
	if p.addressSpaces != nil {
		r.AddressSpaces = p.addressSpaces
	}
	return r
}

// localGateway is the id of the gateway in this process, empty if there is none.
func (p *platform) localGateway() string {
	if p.gateway == nil {
		return ""
	}
	return p.cfg.Gateway
}

// ready returns nil when values flow and can be asked for, else why not.
func (p *platform) ready() error {
	var errs []error
	select {
	case <-p.registry.Ready():
		if _, err := p.registry.Gateway(p.cfg.Gateway); err != nil && p.gateway != nil {
			errs = append(errs, fmt.Errorf("gateway: %s has not reported yet", p.cfg.Gateway))
		}
	default:
		errs = append(errs, errors.New("registry: loading"))
	}
	select {
	case <-p.discoveries.Ready():
	default:
		errs = append(errs, errors.New("discoveries: loading"))
	}
	errs = append(errs, p.cores.health())
	return errors.Join(errs...)
}

// close closes what newPlatform opened. All parts have ended before.
func (p *platform) close() error {
	var errs []error
	if p.store != nil {
		errs = append(errs, p.store.Close())
	}
	for _, c := range []*bus.Conn{p.frames, p.control} {
		if c != nil {
			c.Close()
		}
	}
	if p.bus != nil {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		errs = append(errs, p.bus.Shutdown(ctx))
	}
	return errors.Join(errs...)
}
