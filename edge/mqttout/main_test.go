package mqttout

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/eclipse/paho.golang/autopaho"
	"github.com/eclipse/paho.golang/paho"
	"github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/listeners"
	"github.com/mochi-mqtt/server/v2/packets"
	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/uadp"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// eventually polls until ok, or the test's time is over.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("not in time: %s", what)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

func freeAddress(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// broker lets everybody do everything, and keeps the payloads that it took on the topic of the test's data.
type broker struct {
	mqtt.HookBase
	stop     func() // it forgets everything then
	password string // that all users must have; "" for none

	mu   sync.Mutex
	took [][]byte
}

func (*broker) Provides(b byte) bool {
	return b == mqtt.OnConnectAuthenticate || b == mqtt.OnACLCheck || b == mqtt.OnPublish
}
func (*broker) OnACLCheck(*mqtt.Client, string, bool) bool { return true }

func (b *broker) OnConnectAuthenticate(_ *mqtt.Client, p packets.Packet) bool {
	return b.password == "" || string(p.Connect.Username) == "plant" && string(p.Connect.Password) == b.password
}

func (b *broker) OnPublish(_ *mqtt.Client, p packets.Packet) (packets.Packet, error) {
	if p.TopicName == testDataTopic {
		b.mu.Lock()
		b.took = append(b.took, append([]byte{}, p.Payload...))
		b.mu.Unlock()
	}
	return p, nil
}

// numbers are the values of the messages that the broker took, in the order in which they came first, and how many came again.
func (b *broker) numbers(t testing.TB) (first []int, again int) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	seen := map[int]bool{}
	for _, p := range b.took {
		m := temperature.FindSubmatch(p)
		if m == nil {
			t.Fatalf("no number in %s", p)
		}
		n, _ := strconv.Atoi(string(m[1]))
		if seen[n] {
			again++
			continue
		}
		seen[n] = true
		first = append(first, n)
	}
	return first, again
}

var temperature = regexp.MustCompile(`"Temperature":(?:{"Value":)?(\d+)`)

// startBroker runs a broker for everybody until it is stopped or the test ends.
func startBroker(t testing.TB, address string) *broker {
	t.Helper()
	return startSecureBroker(t, address, "", nil)
}

// startSecureBroker asks for a password and has TLS, unless they are empty.
func startSecureBroker(t testing.TB, address, password string, c *tls.Config) *broker {
	t.Helper()
	s := mqtt.New(&mqtt.Options{Logger: slog.New(slog.DiscardHandler)})
	b := &broker{stop: sync.OnceFunc(func() { s.Close() }), password: password}
	if err := s.AddHook(b, nil); err != nil {
		t.Fatal(err)
	}
	if err := s.AddListener(listeners.NewTCP(listeners.Config{ID: "tcp", Address: address, TLSConfig: c})); err != nil {
		t.Fatal(err)
	}
	if err := s.Serve(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.stop)
	return b
}

// subscriber is another client, of MQTT 5. It keeps what it gets.
type subscriber struct {
	mu  sync.Mutex
	got []*paho.Publish
}

// again tells whether a retained message is the one that came before it. The broker looks for retained messages after it has acknowledged a
// subscription: one that is published in between comes twice.
func (s *subscriber) again(p *paho.Publish) bool {
	return p.Retain && slices.ContainsFunc(s.got, func(q *paho.Publish) bool { return q.Topic == p.Topic && bytes.Equal(q.Payload, p.Payload) })
}

// subscribe returns when the subscription to everything is made. It is made again when the broker was away.
func subscribe(t testing.TB, address string) *subscriber {
	t.Helper()
	s := &subscriber{}
	ready := make(chan struct{}, 100)
	u, _ := url.Parse("mqtt://" + address)
	ctx, cancel := context.WithCancel(context.Background())
	m, err := autopaho.NewConnection(ctx, autopaho.ClientConfig{
		ServerUrls: []*url.URL{u}, KeepAlive: 20, ReconnectBackoff: autopaho.NewConstantBackoff(10 * time.Millisecond),
		CleanStartOnInitialConnection: true, SessionExpiryInterval: 3600,
		OnConnectionUp: func(m *autopaho.ConnectionManager, _ *paho.Connack) {
			go func() {
				_, err := m.Subscribe(ctx, &paho.Subscribe{Subscriptions: []paho.SubscribeOptions{{Topic: "#", QoS: 2, RetainAsPublished: true}}})
				if err == nil {
					ready <- struct{}{}
				}
			}()
		},
		ConnectPacketBuilder: func(c *paho.Connect, _ *url.URL) (*paho.Connect, error) {
			c.Properties.RequestProblemInfo = true // without it the broker keeps user properties back
			return c, nil
		},
		ClientConfig: paho.ClientConfig{
			ClientID: fmt.Sprint("subscriber-", time.Now().UnixNano()),
			OnPublishReceived: []func(paho.PublishReceived) (bool, error){func(p paho.PublishReceived) (bool, error) {
				s.mu.Lock()
				defer s.mu.Unlock()
				if s.again(p.Packet) {
					return true, nil
				}
				s.got = append(s.got, p.Packet)
				return true, nil
			}},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		<-m.Done()
	})
	select {
	case <-ready:
	case <-time.After(10 * time.Second):
		t.Fatal("no subscription within 10 s")
	}
	return s
}

// all returns what came, of one message type unless that is "".
func (s *subscriber) all(typ string) []*paho.Publish {
	s.mu.Lock()
	defer s.mu.Unlock()
	var of []*paho.Publish
	for _, p := range s.got {
		if typ == "" || p.Properties.User.Get("MessageType") == typ {
			of = append(of, p)
		}
	}
	return of
}

// on returns what came on a topic.
func (s *subscriber) on(topic string) []*paho.Publish {
	var of []*paho.Publish
	for _, p := range s.all("") {
		if p.Topic == topic {
			of = append(of, p)
		}
	}
	return of
}

// start runs the outputs of gateway g1 with one broker, until stop is called or the test ends.
func start(t testing.TB, cfg Config) (o *Outputs, stop func()) {
	t.Helper()
	return startWith(t, cfg, newMemoryLog())
}

func startWith(t testing.TB, cfg Config, log *memoryLog) (o *Outputs, stop func()) {
	t.Helper()
	o, err := New("g1", []Config{cfg}, log, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- o.Run(ctx, 5*time.Second) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return o, stop
}

var (
	testWriter = model.DataSetWriter{Gateway: "g1", Group: "hall 1", Name: "press", Server: "s1", GroupID: 3, WriterID: 4}
	testFields = []model.FieldMetaData{
		{Name: "Temperature", BuiltInType: model.TypeDouble, DataType: model.Expanded(model.NumericID(0, 11)), ValueRank: -1, Path: "Objects/Boiler #1/Temperature", Unit: "°C"},
		{Name: "State", BuiltInType: model.TypeString, DataType: model.Expanded(model.NumericID(0, 12)), ValueRank: -1},
		{Name: "Count", BuiltInType: model.TypeInt64, DataType: model.Expanded(model.NumericID(0, 8)), ValueRank: -1, Path: "Objects/Boiler #1/Count"},
	}
	testTime = model.DateTimeOf(time.Date(2026, 1, 2, 3, 4, 5, 678_900_100, time.UTC))
)

// frameOf makes a frame as the publisher does: one DataSetMessage for each n with Temperature n, and State and Count in the first.
func frameOf(t testing.TB, numbers ...int) []byte {
	t.Helper()
	m := uadp.Message{Header: uadp.Header{
		Content:     uadp.ContentPublisherID | uadp.ContentGroupHeader | uadp.ContentWriterGroupID | uadp.ContentPayloadHeader,
		PublisherID: uadp.StringPublisherID("g1"), WriterGroupID: 3,
	}}
	for i, n := range numbers {
		d := uadp.DataSet{Header: uadp.DataSetHeader{
			WriterID: 4, Kind: uadp.DeltaFrame, Encoding: uadp.EncodingDataValue, SequenceNumber: uint16(n), Version: model.ConfigurationVersion{Major: 7, Minor: 8},
			Content: uadp.DataSetSequenceNumber | uadp.DataSetMajorVersion | uadp.DataSetMinorVersion,
		}}
		d.Fields = []uadp.Field{{Index: 0, Value: model.DataValue{Value: model.DoubleValue(float64(n)), SourceTimestamp: testTime}}}
		if i == 0 {
			d.Fields = append(d.Fields,
				uadp.Field{Index: 1, Value: model.DataValue{Value: model.StringValue("läuft"), SourceTimestamp: testTime}},
				uadp.Field{Index: 2, Value: model.DataValue{Status: model.StatusBadNotConnected, SourceTimestamp: testTime}})
		}
		m.DataSets = append(m.DataSets, d)
	}
	frame, err := m.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	return frame
}
