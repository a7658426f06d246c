package udp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/sync/errgroup"

	"github.com/shopfloor-iiot/shopfloor/ingest/inlet"
	"github.com/shopfloor-iiot/shopfloor/model/uadp"
)

const (
	// maxDatagram is the largest datagram of UDP over IPv4 and IPv6.
	maxDatagram = 65535
	// readPause is the wait after an error of a socket, which may pass: the interface is down, for example.
	readPause = 100 * time.Millisecond
	// probeTick is how often it is looked for metadata to ask for.
	probeTick = 50 * time.Millisecond
)

// Inlet is where messages go; *inlet.Inlet is one.
type Inlet interface {
	// Take is documented at inlet.Inlet.
	Take(ctx context.Context, m *inlet.Message, done func(error)) error
}

// Receiver gives the datagrams that come in to an Inlet.
type Receiver struct {
	cfg      Config
	inlet    Inlet
	log      zerolog.Logger
	counters *counters
	sockets  []*net.UDPConn
	queue    chan datagram
	probeTo  *net.UDPAddr
	probe    *net.UDPConn
	prober   *prober // nil if nobody is asked by itself

	closing sync.Once
}

// datagram is one message with its sender.
type datagram struct {
	from string
	data []byte
}

// New makes a Receiver and opens its sockets; Run reads and closes them.
func New(cfg Config, in Inlet, log zerolog.Logger) (*Receiver, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if !cfg.Enabled() {
		return nil, errors.New("listen is empty: give an address, \"opc.udp://239.0.0.1:4840\"")
	}
	if cfg.Queue == 0 {
		cfg.Queue = defaultQueue
	}
	if cfg.ReadBuffer == 0 {
		cfg.ReadBuffer = defaultReadBuffer
	}
	r := &Receiver{cfg: cfg, inlet: in, log: log, counters: newCounters(), queue: make(chan datagram, cfg.Queue)}
	r.counters.set.NewGauge("shopfloor_udp_queued_datagrams", func() float64 { return float64(len(r.queue)) })
	if err := r.open(); err != nil {
		r.close()
		return nil, err
	}
	return r, nil
}

func (r *Receiver) open() error {
	var at *net.Interface
	if r.cfg.Interface != "" {
		var err error
		if at, err = net.InterfaceByName(r.cfg.Interface); err != nil {
			return fmt.Errorf("interface %q: %w", r.cfg.Interface, err)
		}
	}
	for _, address := range r.cfg.Listen {
		a, err := parseAddress(address)
		if err != nil {
			return fmt.Errorf("listen on %s: %w", address, err)
		}
		listen := net.ListenUDP
		if a.IP.IsMulticast() {
			listen = func(network string, a *net.UDPAddr) (*net.UDPConn, error) {
				return net.ListenMulticastUDP(network, at, a)
			}
		}
		socket, err := listen("udp", a)
		if err != nil {
			return fmt.Errorf("listen on %s: %w", address, err)
		}
		r.sockets = append(r.sockets, socket)
		// The system may give less; what it drops then is seen in the sequence numbers.
		if err := socket.SetReadBuffer(r.cfg.ReadBuffer); err != nil {
			r.log.Warn().Err(err).Str("address", address).Int("bytes", r.cfg.ReadBuffer).Msg("udp socket buffer could not be set")
		}
	}
	to := r.cfg.Probe
	if to != "" {
		r.prober = newProber()
	} else {
		to = discoveryAddress
	}
	var err error
	if r.probeTo, err = parseAddress(to); err != nil {
		return fmt.Errorf("probe %s: %w", to, err)
	}
	return r.openProbe(at)
}

func (r *Receiver) close() {
	r.closing.Do(func() {
		for _, s := range r.sockets {
			s.Close()
		}
		if r.probe != nil {
			r.probe.Close()
		}
	})
}

// Addrs are the addresses of the sockets, in the order of Config.Listen.
func (r *Receiver) Addrs() []net.Addr {
	out := make([]net.Addr, len(r.sockets))
	for i, s := range r.sockets {
		out[i] = s.LocalAddr()
	}
	return out
}

// Run receives until ctx ends, then closes the sockets. What is queued by then is lost. It is called once.
func (r *Receiver) Run(ctx context.Context) error {
	defer r.close()
	g, ctx := errgroup.WithContext(ctx)
	for _, s := range r.sockets {
		r.log.Info().Stringer("address", s.LocalAddr()).Msg("udp receiver listens")
		g.Go(func() error { return r.read(ctx, s) })
	}
	// Announcements may be sent back to where the probe came from.
	g.Go(func() error { return r.read(ctx, r.probe) })
	g.Go(func() error { return r.take(ctx) })
	if r.prober != nil {
		g.Go(func() error { return r.ask(ctx) })
	}
	g.Go(func() error {
		<-ctx.Done()
		r.close()
		return nil
	})
	return g.Wait()
}

// read moves datagrams from a socket to the queue. It never waits for the queue: what finds no place is dropped here and counted,
// not somewhere in the system.
func (r *Receiver) read(ctx context.Context, s *net.UDPConn) error {
	buf := make([]byte, maxDatagram)
	for {
		n, from, err := s.ReadFromUDPAddrPort(buf)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			r.counters.readErrors.Inc()
			select {
			case <-ctx.Done():
			case <-time.After(readPause):
			}
			continue
		}
		r.counters.received.Inc()
		if len(r.queue) == cap(r.queue) { // spares the copy
			r.counters.dropped.Inc()
			continue
		}
		d := datagram{from: from.String(), data: append([]byte(nil), buf[:n]...)}
		select {
		case r.queue <- d:
		default:
			r.counters.dropped.Inc()
		}
	}
}

// take gives the queue to the inlet. While that has no room the queue fills.
func (r *Receiver) take(ctx context.Context) error {
	var d uadp.Decoder
	for {
		select {
		case <-ctx.Done():
			return nil
		case g := <-r.queue:
			if r.prober != nil {
				r.prober.look(&d, g.data)
			}
			m := inlet.Message{Way: "udp", Source: g.from, Encoding: inlet.EncodingUADP, Payload: g.data}
			if err := r.inlet.Take(ctx, &m, r.done); err != nil {
				r.counters.unstored.Inc()
			}
		}
	}
}

// done counts what became of a datagram. Nobody could send it again.
func (r *Receiver) done(err error) {
	switch {
	case errors.Is(err, inlet.ErrRefused):
		r.counters.malformed.Inc()
	case err != nil:
		r.counters.unstored.Inc()
	}
}

// ask sends the probes that are due, until ctx ends.
func (r *Receiver) ask(ctx context.Context) error {
	tick := time.NewTicker(probeTick)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case now := <-tick.C:
			for publisher, writers := range r.prober.due(now) {
				// It is counted, and repeated in any case.
				_ = r.ProbeMetaData(publisher, writers)
			}
		}
	}
}

// ProbeMetaData asks a publisher for the metadata of some of its writers, at Config.Probe or else at the standard's discovery address.
// What it announces is taken like any message. That the probe is sent does not mean that it arrives.
func (r *Receiver) ProbeMetaData(publisher uadp.PublisherID, writers []uint16) error {
	if len(writers) == 0 || len(writers) > maxProbeWriters {
		return fmt.Errorf("probe metadata of %d writers: name 1 to %d", len(writers), maxProbeWriters)
	}
	if _, err := r.probe.WriteToUDP(appendProbe(nil, publisher, writers), r.probeTo); err != nil {
		r.counters.probeErrors.Inc()
		return fmt.Errorf("probe metadata of publisher %s: %w", publisher, err)
	}
	r.counters.probes.Inc()
	return nil
}
