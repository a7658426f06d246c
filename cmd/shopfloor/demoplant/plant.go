package demoplant

import (
	"context"
	"crypto/rsa"
	"fmt"
	"reflect"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gopcua/opcua/id"
	"github.com/gopcua/opcua/ua"
	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/cmd/shopfloor/demoplant/uaserver"
)

const (
	// NamespaceURI is the namespace of the plant's types and instances.
	NamespaceURI = "urn:shopfloor:demo-plant"
	// ApplicationURI is the application URI of the plant's OPC UA server.
	ApplicationURI = "urn:shopfloor:demo"
)

// Config says where the plant listens.
type Config struct {
	Listen string // host:port; empty: 127.0.0.1:0; port 0 takes a free one
	// Cert (DER, application URI urn:shopfloor:demo) and Key switch on Basic256Sha256, Sign and SignAndEncrypt, beside
	// None. Users are anonymous; client certificates are not checked against a trust list.
	Cert []byte
	Key  *rsa.PrivateKey
	Seed uint64 // of the simulation; equal seeds give equal randomness
}

// Plant is the demo plant with its OPC UA server. Make it with New, run it once with Run.
type Plant struct {
	server   *uaserver.Server
	bindings []*binding
	ready    chan struct{}

	mu       sync.Mutex // guards sim and the order of published values
	sim      *simulation
	recorded time.Time // when the history was last written
	reported lineReport
	alarms   []watch
}

// binding connects one variable of the address space with the simulation.
type binding struct {
	read    func() any // under the plant's mutex
	value   atomic.Pointer[ua.DataValue]
	history *history // nil: not recorded
}

// New builds the plant and its address space. It opens no port; that is for Run.
func New(cfg Config, log zerolog.Logger) (*Plant, error) {
	if cfg.Listen == "" {
		cfg.Listen = "127.0.0.1:0"
	}
	space, err := uaserver.NewSpace(ApplicationURI, NamespaceURI)
	if err != nil {
		return nil, fmt.Errorf("build address space of the demo plant: %w", err)
	}
	p := &Plant{ready: make(chan struct{}), sim: newSimulation(now(), cfg.Seed)}
	p.sim.heatUp()
	if err := p.build(space); err != nil {
		return nil, fmt.Errorf("build address space of the demo plant: %w", err)
	}
	p.server, err = uaserver.New(uaserver.Config{
		Listen: cfg.Listen, ApplicationURI: ApplicationURI, ProductURI: "urn:shopfloor:demo-plant:server", ApplicationName: "Shopfloor Demo Plant",
		Certificate: cfg.Cert, PrivateKey: cfg.Key, Conditions: p.retained,
	}, space, log)
	if err != nil {
		return nil, fmt.Errorf("set up server of the demo plant: %w", err)
	}
	p.change(func(time.Time) {})
	return p, nil
}

func (p *Plant) build(space *uaserver.Space) error {
	b := &builder{space: space, plant: p}
	addDataTypes(b)
	boilers, lines, meters := boilerType(), packagingLineType(), energyMeterType()
	boilerNode, lineNode, meterNode := addType(b, boilers), addType(b, lines), addType(b, meters)
	plant := b.add(&uaserver.Node{ID: nodeID("Plant"), Class: ua.NodeClassObject, BrowseName: name("Plant"), Description: ua.NewLocalizedText("The demo plant")})
	space.Link(space.Standard(id.ObjectsFolder), id.Organizes, plant)
	space.Link(plant, id.HasTypeDefinition, space.Standard(id.FolderType))
	addInstance(b, plant, boilerNode, boilers, "Boiler1", "Process steam", p.sim.boilers[0])
	addInstance(b, plant, boilerNode, boilers, "Boiler2", "Heating steam", p.sim.boilers[1])
	addInstance(b, plant, lineNode, lines, "PackagingLine1", "Cereals", p.sim.line)
	addInstance(b, plant, meterNode, meters, "EnergyMeter1", "Main supply", p.sim.meter)
	p.bindings = b.bindings
	return b.err
}

// Run listens, serves and simulates until ctx ends; then it closes all connections and returns nil. It fails when the
// address cannot be listened on.
func (p *Plant) Run(ctx context.Context) error {
	if err := p.server.Listen(ctx); err != nil {
		return fmt.Errorf("start demo plant: %w", err)
	}
	close(p.ready)
	ctx, cancel := context.WithCancel(ctx)
	simulated := make(chan struct{})
	go func() {
		defer close(simulated)
		p.simulate(ctx)
	}()
	err := p.server.Run(ctx)
	cancel()
	<-simulated
	return err
}

// Ready is closed once the plant listens.
func (p *Plant) Ready() <-chan struct{} { return p.ready }

// Endpoint returns the endpoint URL, e.g. opc.tcp://127.0.0.1:4840, and "" before Ready.
func (p *Plant) Endpoint() string {
	select {
	case <-p.ready:
		return p.server.URL()
	default:
		return ""
	}
}

func (p *Plant) simulate(ctx context.Context) {
	tick := time.NewTicker(samplingInterval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			p.change(func(time.Time) {})
		}
	}
}

// change advances the simulation to now, applies do to it, publishes what is different after it, and raises the events of that.
func (p *Plant) change(do func(now time.Time)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	t := now()
	p.sim.step(t)
	do(t)
	record := t.Sub(p.recorded) >= historyInterval
	if record {
		p.recorded = t
	}
	for _, b := range p.bindings {
		b.publish(t, record)
	}
	if e := p.report(t); e != nil {
		p.server.Raise(*e)
	}
	for _, a := range p.alarms {
		a.step(t, a.value())
		if e := a.event(t); e != nil {
			p.server.Raise(*e)
		}
	}
}

// retained reports the alarms that are of interest still. None changes meanwhile.
func (p *Plant) retained(report func([]uaserver.Event)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var events []uaserver.Event
	for _, a := range p.alarms {
		if a.retained() {
			events = append(events, *a.newest())
		}
	}
	report(events)
}

// publish takes a new value from the simulation. An unchanged one keeps its source timestamp; history gets it anyway.
func (b *binding) publish(t time.Time, record bool) {
	v, last := b.read(), b.value.Load()
	dv := &ua.DataValue{EncodingMask: ua.DataValueValue | ua.DataValueSourceTimestamp, SourceTimestamp: t}
	if last != nil && reflect.DeepEqual(last.Value.Value(), v) {
		dv.Value = last.Value
	} else {
		dv.Value = ua.MustVariant(v)
		b.value.Store(dv)
	}
	if record && b.history != nil {
		b.history.add(dv)
	}
}

// now returns the time in UTC at the resolution of an OPC UA DateTime (Part 6, 5.2.2.5).
func now() time.Time { return time.Now().UTC().Truncate(100 * time.Nanosecond) }
