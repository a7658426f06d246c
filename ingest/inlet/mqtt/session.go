package mqtt

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/shopfloor-iiot/shopfloor/ingest/inlet"
)

const (
	// writeWait is how long writing an acknowledgement may take.
	writeWait = 10 * time.Second
	// minStall and maxStall bound how long a client that is not read from is kept.
	minStall = 15 * time.Second
	maxStall = 2 * time.Minute
	// qos0Grace is how long a message of QoS 0 waits for room; those that come behind a dropped one do not wait.
	qos0Grace = 250 * time.Millisecond
	// maxReason is the length of a reason in an acknowledgement.
	maxReason = 256
)

// session is one connection of a client. The library hands it one packet after the other and would acknowledge each before it
// takes the next. So the session takes publishing over: take keeps a message in the window and returns, and answer acknowledges when
// the message is stored, in the order in which the messages came, as MQTT asks for (5.0, 4.6).
type session struct {
	broker *Broker
	client *mochi.Client
	// relay stands for the client when its messages are passed on to subscribers, past all that acknowledges.
	relay      *mochi.Client
	unreleased *unreleased

	ctx    context.Context // ends with the connection
	cancel context.CancelFunc
	window chan *delivery
	ended  chan struct{} // answer ended

	dropping bool // the last message of QoS 0 was dropped; of the client's reading goroutine alone
}

// delivery is one message of QoS 1 or 2 on its way to the stream.
type delivery struct {
	packet packets.Packet
	done   chan struct{} // closed when err is set
	err    error
	passed atomic.Bool // to the subscribers
}

func newDelivery(pk *packets.Packet) *delivery {
	return &delivery{packet: *pk, done: make(chan struct{})}
}

func (d *delivery) finish(err error) {
	d.err = err
	close(d.done)
}

// failed tells whether the delivery ended without the message being done with.
func (d *delivery) failed() bool {
	select {
	case <-d.done:
		return d.err != nil && !errors.Is(d.err, inlet.ErrRefused)
	default:
		return false
	}
}

// unreleased are the messages of QoS 2 of one client, over all its connections, that it has not released yet (PUBREL): one that
// comes again is not stored again. The library does not know of them, because it would send each PUBREC again to a client that
// returns: clients answer that with a PUBREL at once, and then with the message they were about to repeat, which looks new.
type unreleased struct {
	mu   sync.Mutex
	byID map[uint16]*delivery
}

// take returns the delivery of a packet id, and whether it is a new one.
func (u *unreleased) take(pk *packets.Packet) (d *delivery, isNew bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if d = u.byID[pk.PacketID]; d != nil && !d.failed() {
		return d, false
	}
	d = newDelivery(pk)
	u.byID[pk.PacketID] = d
	return d, true
}

func (u *unreleased) release(id uint16) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.byID, id)
}

func (u *unreleased) len() int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return len(u.byID)
}

func newSession(b *Broker, cl *mochi.Client, u *unreleased) *session {
	s := &session{
		broker: b, client: cl, relay: b.server.NewClient(nil, cl.Net.Listener, cl.ID, true), unreleased: u,
		window: make(chan *delivery, b.cfg.Window), ended: make(chan struct{}),
	}
	s.relay.Properties.ProtocolVersion = cl.Properties.ProtocolVersion
	s.ctx, s.cancel = context.WithCancel(context.Background())
	return s
}

// takeBestEffort takes a message of QoS 0.
func (s *session) takeBestEffort(m *inlet.Message) {
	wait := qos0Grace
	if s.dropping {
		wait = 0
	}
	ctx, cancel := context.WithTimeout(s.ctx, wait)
	defer cancel()
	err := s.broker.inlet.Take(ctx, m, func(error) {}) // the inlet counts what is not stored
	if s.dropping = err != nil; s.dropping {
		s.broker.counters.dropped.Inc()
	}
}

// take takes a message of QoS 1 or 2. While there is no room for it, it blocks, and nothing more is read from the client. An error
// says that the connection is to end.
func (s *session) take(pk *packets.Packet, m *inlet.Message) error {
	var d *delivery
	isNew := true
	if pk.FixedHeader.Qos == 2 {
		if s.unreleased.len() >= maxUnreleased {
			return packets.ErrReceiveMaximum
		}
		d, isNew = s.unreleased.take(pk)
	} else {
		d = newDelivery(pk)
	}
	ctx, cancel := context.WithTimeout(s.ctx, s.stall())
	defer cancel()
	select {
	case s.window <- d:
	case <-ctx.Done():
		if isNew {
			d.finish(ctx.Err())
		}
		return s.stalled()
	}
	if !isNew {
		return nil
	}
	if err := s.broker.inlet.Take(ctx, m, d.finish); err != nil {
		d.finish(err) // answer ends the connection
		if ctx.Err() != nil {
			return s.stalled()
		}
	}
	return nil
}

// maxUnreleased bounds the messages of QoS 2 that a client has not released.
const maxUnreleased = 4096

// stall is how long the client may go unread. A client that gets no answer to its pings goes away by then, and nobody would see it go.
func (s *session) stall() time.Duration {
	if s.client.State.Keepalive == 0 {
		return maxStall
	}
	return min(max(time.Duration(s.client.State.Keepalive)*time.Second*3/2, minStall), maxStall)
}

// stalled says why a wait ended.
func (s *session) stalled() error {
	if s.ctx.Err() == nil {
		s.broker.counters.stalled.Inc()
	}
	return packets.ErrServerBusy
}

// answer acknowledges the messages in the window until the connection ends.
func (s *session) answer() {
	defer close(s.ended)
	for {
		select {
		case <-s.ctx.Done():
			return
		case d := <-s.window:
			select {
			case <-s.ctx.Done():
				return
			case <-d.done:
				if !s.acknowledge(d) {
					return
				}
			}
		}
	}
}

// acknowledge answers one message. It returns false when the connection is at its end.
func (s *session) acknowledge(d *delivery) bool {
	b, cl := s.broker, s.client
	if d.failed() {
		b.counters.unacknowledged.Inc()
		b.log.Warn().Err(d.err).Str("client", cl.ID).Msg("mqtt message is not known to be stored, disconnecting its sender so that it comes again")
		// The error repeats the code that is given.
		_ = b.server.DisconnectClient(cl, packets.ErrServerUnavailable)
		return false
	}
	ack := packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Puback}, PacketID: d.packet.PacketID, Created: time.Now().Unix()}
	if d.err != nil {
		// Not an error code: the message is taken care of, as a dead letter, and must not come again.
		ack.Properties.ReasonString = reason(d.err)
	}
	if d.packet.FixedHeader.Qos == 2 {
		ack.FixedHeader.Type = packets.Pubrec
	}
	// While nothing is read from the client, nobody else moves the deadline on.
	err := cl.Net.Conn.SetWriteDeadline(time.Now().Add(writeWait))
	if err == nil {
		err = cl.WritePacket(ack)
	}
	if err != nil {
		cl.Stop(err)
		return false
	}
	b.counters.acknowledged.Inc()
	if d.passed.CompareAndSwap(false, true) {
		s.pass(&d.packet)
	}
	return true
}

// pass hands a message to subscribers and retains it.
func (s *session) pass(pk *packets.Packet) {
	out := *pk
	s.broker.hook.boundRetained(&out)
	if err := s.broker.server.InjectPacket(s.relay, out); err != nil {
		s.broker.log.Debug().Err(err).Str("client", s.client.ID).Msg("mqtt message could not be passed on")
	}
}

// reason makes the text of an error fit for an acknowledgement.
func reason(err error) string {
	text := strings.ToValidUTF8(err.Error(), "?")
	if len(text) > maxReason {
		text = strings.ToValidUTF8(text[:maxReason], "")
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7F && r < 0xA0 {
			return ' ' // MQTT 5.0, 1.5.4
		}
		return r
	}, text)
}
