package mqtt

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"

	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/ingest/inlet"
)

const (
	// packetRoom is how many times the largest message the largest packet is: what lies between is refused with a reason, and
	// acknowledged, so that an old client does not send it for ever. Above that the connection ends.
	packetRoom = 4
	// sessionExpiry and messageExpiry bound what is kept for absent subscribers, in seconds.
	sessionExpiry = 3600
	messageExpiry = 366 * 24 * 3600
	// writesPending is how many messages may wait for one subscriber.
	writesPending = 1024
	// sysInterval turns the broker's own topics off, as far as that goes: they are published once at the start, for nobody.
	sysInterval = 1 << 30
)

// Inlet is where messages go; *inlet.Inlet is one.
type Inlet interface {
	// Take is documented at inlet.Inlet.
	Take(ctx context.Context, m *inlet.Message, done func(error)) error
	// MaxMessage is the largest message in bytes.
	MaxMessage() int
}

// Broker is an MQTT broker that gives what is published to an Inlet.
type Broker struct {
	cfg       Config
	inlet     Inlet
	log       zerolog.Logger
	counters  *counters
	server    *mochi.Server
	listeners []*listener
	hook      *hook
}

// New makes a Broker and opens its listeners; Run serves and closes them.
func New(cfg Config, in Inlet, log zerolog.Logger) (*Broker, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if !cfg.Enabled() {
		return nil, errors.New("neither listen nor tls.listen is set: give an address, \"127.0.0.1:1883\"")
	}
	cfg.setDefaults()
	topics, err := newTopics(&cfg)
	if err != nil {
		return nil, err
	}
	b := &Broker{cfg: cfg, inlet: in, log: log, counters: newCounters()}
	capabilities := mochi.NewDefaultServerCapabilities()
	capabilities.MaximumClients = int64(cfg.MaxConnections)
	capabilities.MaximumClientWritesPending = writesPending
	capabilities.MaximumSessionExpiryInterval = sessionExpiry
	capabilities.MaximumMessageExpiryInterval = messageExpiry
	capabilities.MaximumPacketSize = uint32(packetRoom * in.MaxMessage())
	capabilities.ReceiveMaximum = uint16(cfg.Window)
	capabilities.TopicAliasMaximum = 0 // the library checks access before it resolves an alias
	capabilities.Compatibilities.NoInheritedPropertiesOnAck = true
	b.server = mochi.New(&mochi.Options{
		Capabilities: capabilities, Logger: slog.New(slogHandler{log}), SysTopicResendInterval: sysInterval,
		ClientNetReadBufferSize: 16 << 10,
	})
	b.hook = newHook(b, topics)
	if err := b.server.AddHook(b.hook, nil); err != nil {
		return nil, err
	}
	if err := b.listen(); err != nil {
		b.closeListeners()
		return nil, err
	}
	return b, nil
}

// listen opens the listeners.
func (b *Broker) listen() error {
	slots := make(chan struct{}, b.cfg.MaxConnections)
	for _, l := range [...]struct{ id, address string }{{"tcp", b.cfg.Listen}, {"tls", b.cfg.TLS.Listen}} {
		if l.address == "" {
			continue
		}
		n, err := net.Listen("tcp", l.address)
		if err != nil {
			return fmt.Errorf("listen on %s: %w", l.address, err)
		}
		made := &listener{id: l.id, net: n, slots: slots, counters: b.counters, conns: map[net.Conn]struct{}{}}
		b.listeners = append(b.listeners, made)
		if l.id == "tls" {
			if made.tls, err = newTLS(b.cfg.TLS); err != nil {
				return err
			}
		}
		if err := b.server.AddListener(made); err != nil {
			return err
		}
	}
	return nil
}

func (b *Broker) closeListeners() {
	for _, l := range b.listeners {
		l.net.Close()
	}
}

// Addr is where the listener without encryption listens, nil if there is none.
func (b *Broker) Addr() net.Addr { return b.address("tcp") }

// TLSAddr is where the listener with encryption listens, nil if there is none.
func (b *Broker) TLSAddr() net.Addr { return b.address("tls") }

func (b *Broker) address(id string) net.Addr {
	for _, l := range b.listeners {
		if l.id == id {
			return l.net.Addr()
		}
	}
	return nil
}

// Run serves clients until ctx ends, then disconnects them and returns when all that it started has ended. Messages that are on
// their way then are not acknowledged: their senders send them again. It is called once.
func (b *Broker) Run(ctx context.Context) error {
	if err := b.server.Serve(); err != nil {
		b.closeListeners()
		return fmt.Errorf("serve mqtt: %w", err)
	}
	for _, l := range b.listeners {
		b.log.Info().Str("address", l.Address()).Str("listener", l.id).Msg("mqtt broker listens")
	}
	<-ctx.Done()
	b.hook.end()
	if err := b.server.Close(); err != nil {
		return fmt.Errorf("close mqtt broker: %w", err)
	}
	return nil
}
