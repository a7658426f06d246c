package mqttout

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/eclipse/paho.golang/autopaho"
	"github.com/eclipse/paho.golang/packets"
	"github.com/eclipse/paho.golang/paho"
	"github.com/eclipse/paho.golang/paho/session"
	"github.com/eclipse/paho.golang/paho/session/state"
)

// sessionExpiry is how long the broker is to keep the session of a lost connection, in seconds.
const sessionExpiry = 3600

// client5 is a client of MQTT 5. What is not acknowledged is sent again on the next connection when the broker kept the session; else the
// acknowledgement fails with errLost.
type client5 struct {
	manager    *autopaho.ConnectionManager
	session    *ackSession
	properties paho.UserProperties
}

func newClient5(ctx context.Context, cfg *Config, u *url.URL, t *tls.Config, will *message, w watcher) (*client5, error) {
	c := &client5{session: &ackSession{SessionManager: state.NewInMemory(), pending: map[*ack5]bool{}}}
	for _, name := range slices.Sorted(maps.Keys(cfg.UserProperties)) {
		c.properties.Add(name, cfg.UserProperties[name])
	}
	p := autopaho.ClientConfig{
		ServerUrls: []*url.URL{u}, TlsCfg: t, KeepAlive: uint16(cfg.KeepAlive / time.Second), ConnectTimeout: 10 * time.Second,
		CleanStartOnInitialConnection: true, SessionExpiryInterval: sessionExpiry, ReconnectBackoff: pause,
		WillMessage:    &paho.WillMessage{Topic: will.topic, Payload: will.payload, QoS: will.qos, Retain: will.retain},
		WillProperties: &paho.WillProperties{ContentType: will.contentType, User: c.user(will)},
		OnConnectionUp: func(_ *autopaho.ConnectionManager, a *paho.Connack) {
			var size uint32
			if a.Properties != nil && a.Properties.MaximumPacketSize != nil {
				size = *a.Properties.MaximumPacketSize
			}
			w.look(func() bool { return true }, size)
		},
		OnConnectionDown: func() bool {
			w.look(func() bool { return false }, 0)
			return true
		},
		OnConnectError: w.failed,
		// The user name and the password are set here, so that the file is read at each connection.
		ConnectPacketBuilder: func(connect *paho.Connect, _ *url.URL) (*paho.Connect, error) {
			connect.Properties.RequestProblemInfo = true // the reasons of refusals
			password, err := cfg.password()
			if cfg.UserName != "" {
				connect.UsernameFlag, connect.Username = true, cfg.UserName
				connect.PasswordFlag, connect.Password = cfg.PasswordFile != "", []byte(password)
			}
			return connect, err
		},
		ClientConfig: paho.ClientConfig{
			ClientID: cfg.ClientID, Session: c.session,
			OnClientError:      w.failed,
			OnServerDisconnect: func(d *paho.Disconnect) { w.failed(disconnected(d)) },
		},
	}
	var err error
	c.manager, err = autopaho.NewConnection(ctx, p)
	return c, err
}

// pause is how long to wait before connecting for the n-th time, from 0.
func pause(n int) time.Duration {
	if n == 0 {
		return 0
	}
	s := min(reconnectMin<<min(n-1, 10), reconnectMax)
	return time.Duration(s)*time.Second/2 + rand.N(time.Duration(s)*time.Second/2)
}

func disconnected(d *paho.Disconnect) error {
	if d.Properties != nil && d.Properties.ReasonString != "" {
		return fmt.Errorf("the broker disconnected: %s (reason 0x%02x)", d.Properties.ReasonString, d.ReasonCode)
	}
	return fmt.Errorf("the broker disconnected: reason 0x%02x", d.ReasonCode)
}

func (c *client5) user(m *message) paho.UserProperties {
	user := make(paho.UserProperties, 0, len(c.properties)+1)
	user.Add("MessageType", m.messageType)
	return append(user, c.properties...)
}

func (c *client5) publish(ctx context.Context, m *message) (ack, error) {
	p := &paho.Publish{
		Topic: m.topic, Payload: m.payload, QoS: m.qos, Retain: m.retain,
		Properties: &paho.PublishProperties{ContentType: m.contentType, User: c.user(m)},
	}
	if m.contentType == contentJSON {
		text := byte(1)
		p.Properties.PayloadFormat = &text
	}
	if m.ttl > 0 {
		seconds := m.expiry()
		p.Properties.MessageExpiry = &seconds
	}
	c.session.last = nil
	_, err := c.manager.Publish(ctx, p)
	a := c.session.last
	switch {
	case a != nil: // the session has the message, and sends it again if need be
		return a, nil
	case errors.Is(err, autopaho.ConnectionDownError), errors.Is(err, session.ErrNoConnection):
		return nil, errDown
	case errors.Is(err, paho.ErrInvalidArguments):
		return nil, fmt.Errorf("%w: %w", errRefused, err)
	case err != nil:
		return nil, err
	}
	return nil, nil
}

func (c *client5) close(ctx context.Context) {
	_ = c.manager.Disconnect(ctx) // the only error is that of ctx
	_ = c.session.Close()         // has none
}

// ackSession is a session that tells the library at once that a message was acknowledged, so that it does not wait for it, and keeps the true
// acknowledgement. Those of messages that the broker forgot fail with errLost; the session below would never answer.
type ackSession struct {
	session.SessionManager
	last *ack5 // that of the message that was added last; of the goroutine that publishes

	mu      sync.Mutex
	pending map[*ack5]bool
}

// AddToSession implements session.SessionManager.
func (s *ackSession) AddToSession(ctx context.Context, p session.Packet, resp chan<- packets.ControlPacket) error {
	publish, ok := p.(*packets.Publish)
	if !ok {
		return s.SessionManager.AddToSession(ctx, p, resp)
	}
	a := &ack5{done: make(chan struct{}), lost: make(chan struct{})}
	s.mu.Lock()
	s.pending[a] = true
	s.mu.Unlock()
	answer := make(chan packets.ControlPacket, 1)
	if err := s.SessionManager.AddToSession(ctx, p, answer); err != nil {
		s.forget(a)
		return err
	}
	s.last = a
	go func() {
		defer s.forget(a)
		a.wait(answer)
	}()
	if publish.QoS == 2 {
		resp <- packets.ControlPacket{FixedHeader: packets.FixedHeader{Type: packets.PUBCOMP}, Content: &packets.Pubcomp{Properties: &packets.Properties{}}}
	} else {
		resp <- packets.ControlPacket{FixedHeader: packets.FixedHeader{Type: packets.PUBACK}, Content: &packets.Puback{Properties: &packets.Properties{}}}
	}
	return nil
}

func (s *ackSession) forget(a *ack5) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.pending, a)
}

// ConAckReceived implements session.SessionManager.
func (s *ackSession) ConAckReceived(w io.Writer, connect *packets.Connect, ack *packets.Connack) error {
	if !ack.SessionPresent {
		s.lose()
	}
	return s.SessionManager.ConAckReceived(w, connect, ack)
}

// PacketReceived implements session.SessionManager. Some brokers answer a message of QoS 2 that is sent again, because its PUBREC got lost, with
// "packet identifier in use": they have it, and wait for its release as after any other PUBREC.
func (s *ackSession) PacketReceived(p *packets.ControlPacket, publishes chan<- *packets.Publish) error {
	if r, ok := p.Content.(*packets.Pubrec); ok && r.ReasonCode == packets.PubrecPacketIdentifierInUse {
		r.ReasonCode = packets.PubrecSuccess
	}
	return s.SessionManager.PacketReceived(p, publishes)
}

// Close implements session.SessionManager.
func (s *ackSession) Close() error {
	s.lose()
	return s.SessionManager.Close()
}

// lose ends all that waits for an acknowledgement.
func (s *ackSession) lose() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for a := range s.pending {
		close(a.lost)
		delete(s.pending, a)
	}
}

// ack5 is an acknowledgement of MQTT 5.
type ack5 struct {
	lost chan struct{} // closed when the broker forgot the message
	done chan struct{}
	err  error // once done is closed
}

func (a *ack5) Done() <-chan struct{} { return a.done }
func (a *ack5) Error() error          { return a.err }

// wait ends when the message is acknowledged or lost.
func (a *ack5) wait(answer <-chan packets.ControlPacket) {
	defer close(a.done)
	var packet packets.ControlPacket
	select {
	case packet = <-answer:
	case <-a.lost:
	}
	var code byte
	var properties *packets.Properties
	switch p := packet.Content.(type) {
	case *packets.Puback:
		code, properties = p.ReasonCode, p.Properties
	case *packets.Pubrec:
		code, properties = p.ReasonCode, p.Properties
	case *packets.Pubcomp:
		if p.ReasonCode == packets.PubcompPacketIdentifierNotFound {
			return // it was released before, and the answer got lost
		}
		code, properties = p.ReasonCode, p.Properties
	default:
		a.err = errLost
		return
	}
	if code < 0x80 {
		return
	}
	reason := fmt.Sprintf("reason 0x%02x", code)
	if properties != nil && properties.ReasonString != "" {
		reason = properties.ReasonString + ", " + reason
	}
	a.err = fmt.Errorf("%w by the broker: %s", errRefused, reason)
}
