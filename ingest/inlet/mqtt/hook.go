package mqtt

import (
	"bytes"
	"errors"
	"strings"
	"sync"

	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/shopfloor-iiot/shopfloor/ingest/inlet"
)

// hook is where the library asks. Its methods are called on the reading goroutines of the clients.
type hook struct {
	mochi.HookBase
	broker   *Broker
	topics   *topics
	users    *users
	retained *retained

	mu         sync.Mutex
	over       bool
	sessions   map[*mochi.Client]*session
	newest     map[string]*session    // by client id
	unreleased map[string]*unreleased // by client id, also of absent clients
}

func newHook(b *Broker, t *topics) *hook {
	return &hook{
		broker: b, topics: t, users: newUsers(&b.cfg), retained: newRetained(&b.cfg),
		sessions: map[*mochi.Client]*session{}, newest: map[string]*session{}, unreleased: map[string]*unreleased{},
	}
}

// ID implements mochi.Hook.
func (h *hook) ID() string { return "shopfloor" }

// Provides implements mochi.Hook.
func (h *hook) Provides(b byte) bool {
	return bytes.IndexByte([]byte{
		mochi.OnConnectAuthenticate, mochi.OnACLCheck, mochi.OnSessionEstablish, mochi.OnSessionEstablished, mochi.OnDisconnect,
		mochi.OnPublish, mochi.OnWill, mochi.OnPacketEncode, mochi.OnPacketRead, mochi.OnClientExpired, mochi.OnRetainedExpired,
	}, b) >= 0
}

// OnConnectAuthenticate checks the password, the right to the will's topic, and that nobody takes another user's session.
func (h *hook) OnConnectAuthenticate(cl *mochi.Client, pk packets.Packet) bool {
	name := string(pk.Connect.Username)
	ok := h.users.authenticate(name, pk.Connect.Password)
	if ok && pk.Connect.WillFlag {
		ok = h.mayPublish(name, pk.Connect.WillTopic)
	}
	if ok {
		if other, found := h.broker.server.Clients.Get(cl.ID); found {
			ok = string(other.Properties.Username) == name
		} else {
			// Sessions of absent clients count as well.
			ok = h.broker.server.Clients.Len() < 2*h.broker.cfg.MaxConnections
		}
	}
	if !ok {
		h.broker.counters.refusedLogins.Inc()
		h.broker.log.Warn().Str("user", name).Str("client", cl.ID).Str("remote", cl.Net.Remote).Msg("mqtt client refused")
	}
	return ok
}

func (h *hook) mayPublish(name, topic string) bool {
	access := h.users.access(name)
	return access != nil && !strings.HasPrefix(topic, "$") && covers(access.Publish, topic)
}

// OnACLCheck tells whether a client may publish to a topic, or subscribe to a filter. Topics that begin with $ are the broker's own.
func (h *hook) OnACLCheck(cl *mochi.Client, topic string, write bool) bool {
	name := string(cl.Properties.Username)
	if write {
		ok := h.mayPublish(name, topic)
		if !ok {
			h.broker.counters.refusedTopics.Inc()
			h.broker.log.Debug().Str("user", name).Str("client", cl.ID).Str("topic", topic).Msg("mqtt publish refused: the user has no right to the topic")
		}
		return ok
	}
	if shared, ok := strings.CutPrefix(topic, "$share/"); ok {
		_, topic, _ = strings.Cut(shared, "/")
	}
	access := h.users.access(name)
	return access != nil && !strings.HasPrefix(topic, "$") && covers(access.Subscribe, topic)
}

// OnSessionEstablish ends an earlier connection of the client, which may be blocked.
func (h *hook) OnSessionEstablish(cl *mochi.Client, pk packets.Packet) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if s := h.newest[cl.ID]; s != nil {
		s.cancel()
	}
	if pk.Connect.Clean {
		delete(h.unreleased, cl.ID)
	}
}

// OnSessionEstablished begins a session. OnDisconnect always follows.
func (h *hook) OnSessionEstablished(cl *mochi.Client, _ packets.Packet) {
	h.mu.Lock()
	defer h.mu.Unlock()
	u := h.unreleased[cl.ID]
	if u == nil {
		u = &unreleased{byID: map[uint16]*delivery{}}
		h.unreleased[cl.ID] = u
	}
	s := newSession(h.broker, cl, u)
	if h.over {
		s.cancel()
	}
	h.sessions[cl], h.newest[cl.ID] = s, s
	go s.answer()
}

// OnDisconnect ends a session. expire says that nothing is to be kept of it.
func (h *hook) OnDisconnect(cl *mochi.Client, err error, expire bool) {
	h.mu.Lock()
	s := h.sessions[cl]
	delete(h.sessions, cl)
	if s != nil && h.newest[cl.ID] == s {
		delete(h.newest, cl.ID)
		if expire {
			delete(h.unreleased, cl.ID)
		}
	}
	h.mu.Unlock()
	if s != nil {
		s.cancel()
		<-s.ended
	}
	if errors.Is(err, packets.ErrPacketTooLarge) {
		h.broker.counters.oversize.Inc()
		h.broker.log.Warn().Str("client", cl.ID).Int("max_bytes", packetRoom*h.broker.inlet.MaxMessage()).
			Msg("mqtt client sent a packet that is far too large, and may do so again: let it put fewer data sets into a message")
	}
}

// OnClientExpired forgets an absent client.
func (h *hook) OnClientExpired(cl *mochi.Client) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.unreleased, cl.ID)
}

// session returns the session of a connection, nil if it is over.
func (h *hook) session(cl *mochi.Client) *session {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.sessions[cl]
}

// OnPublish takes a message to the inlet. For QoS 1 and 2 it tells the library to do nothing, because the session acknowledges.
func (h *hook) OnPublish(cl *mochi.Client, pk packets.Packet) (packets.Packet, error) {
	if cl.Net.Inline {
		return pk, nil // stored already, see session.pass
	}
	s := h.session(cl)
	if s == nil {
		return pk, packets.ErrRejectPacket
	}
	m := h.message(&pk)
	if pk.FixedHeader.Qos == 0 {
		s.takeBestEffort(m)
		h.boundRetained(&pk)
		return pk, nil
	}
	if err := s.take(&pk, m); err != nil {
		if code := (packets.Code{}); errors.As(err, &code) {
			// The error repeats the code that is given.
			_ = h.broker.server.DisconnectClient(cl, code)
		}
	}
	return pk, packets.ErrRejectPacket
}

// message makes the inlet's message of a packet.
func (h *hook) message(pk *packets.Packet) *inlet.Message {
	m := &inlet.Message{Way: "mqtt", Source: pk.TopicName, Payload: pk.Payload}
	a, err := h.topics.parse(pk.TopicName)
	if m.Err = err; err == nil {
		m.PublisherID, m.Group, m.Writer, m.Encoding, m.Kind = a.publisher, a.group, a.writer, a.encoding, a.kind
	}
	if pk.FixedHeader.Retain && len(pk.Payload) == 0 {
		m.Kind, m.Err = inlet.KindOther, nil // only removes the retained message (MQTT 5.0, 3.3.1.3)
	}
	return m
}

// boundRetained lets a message go unretained that would be above the limit.
func (h *hook) boundRetained(pk *packets.Packet) {
	if pk.FixedHeader.Retain && !h.retained.admit(pk.TopicName, len(pk.Payload)) {
		pk.FixedHeader.Retain = false
		h.broker.counters.retainRefused.Inc()
	}
}

// OnWill bounds the retained messages among the last wills. Wills are for subscribers, they are not stored.
func (h *hook) OnWill(_ *mochi.Client, w mochi.Will) (mochi.Will, error) {
	pk := packets.Packet{FixedHeader: packets.FixedHeader{Retain: w.Retain}, TopicName: w.TopicName, Payload: w.Payload}
	h.boundRetained(&pk)
	w.Retain = pk.FixedHeader.Retain
	return w, nil
}

// OnRetainedExpired implements mochi.Hook.
func (h *hook) OnRetainedExpired(topic string) { h.retained.forget(topic) }

// OnPacketRead sees a message of QoS 2 released; the library answers.
func (h *hook) OnPacketRead(cl *mochi.Client, pk packets.Packet) (packets.Packet, error) {
	if pk.FixedHeader.Type == packets.Pubrel {
		if s := h.session(cl); s != nil {
			s.unreleased.release(pk.PacketID)
		}
	}
	return pk, nil
}

// OnPacketEncode corrects what the library is about to send.
func (h *hook) OnPacketEncode(_ *mochi.Client, pk packets.Packet) packets.Packet {
	switch pk.FixedHeader.Type {
	case packets.Connack:
		if pk.ReasonCode < packets.ErrUnspecifiedError.Code {
			pk.Properties.MaximumPacketSize = uint32(h.broker.inlet.MaxMessage() + packetOverhead)
		}
	case packets.Pubcomp:
		// The library does not know the messages of QoS 2 that are released.
		if pk.ReasonCode == packets.ErrPacketIdentifierNotFound.Code {
			pk.ReasonCode, pk.Properties.ReasonString = packets.CodeSuccess.Code, ""
		}
	}
	return pk
}

// packetOverhead is what a PUBLISH packet may have beside its payload, in bytes.
const packetOverhead = 8 << 10

// end ends all sessions: nothing blocks any more.
func (h *hook) end() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.over = true
	for _, s := range h.sessions {
		s.cancel()
	}
}
