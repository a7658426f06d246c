package mqtt

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	paho5 "github.com/eclipse/paho.golang/paho"
	paho3 "github.com/eclipse/paho.mqtt.golang"
	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"github.com/shopfloor-iiot/shopfloor/ingest/inlet"
	"github.com/shopfloor-iiot/shopfloor/model"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const testWait = 10 * time.Second

func testContext(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// eventually polls until ok, or the test's time is over.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(testWait)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("not in time: %s", what)
		}
		time.Sleep(time.Millisecond)
	}
}

// stored is a frame that a fake stream took.
type stored struct {
	key         model.WriterKey
	contentType string
	data        string
	done        func(error)
}

// stream is a fake of all three interfaces of the inlet. While hold is set, no frame is stored.
type stream struct {
	mu     sync.Mutex
	hold   bool
	frames []stored
	sets   []*model.DataSetMetaData
	dead   []inlet.DeadLetter
}

func (s *stream) PublishFrame(_ context.Context, key model.WriterKey, contentType string, frame []byte, done func(error)) error {
	s.mu.Lock()
	f := stored{key, contentType, string(frame), done}
	s.frames = append(s.frames, f)
	hold := s.hold
	s.mu.Unlock()
	if !hold {
		done(nil)
	}
	return nil
}

func (s *stream) StoreMetadata(_ context.Context, m *model.DataSetMetaData) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sets = append(s.sets, m)
	return nil
}

func (s *stream) Dead(_ context.Context, l *inlet.DeadLetter) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dead = append(s.dead, *l)
	return nil
}

func (s *stream) len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.frames)
}

func (s *stream) frame(i int) stored {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.frames[i]
}

func (s *stream) letters() []inlet.DeadLetter {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]inlet.DeadLetter(nil), s.dead...)
}

func (s *stream) setHold(hold bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hold = hold
}

// everything lets clients without a name do all.
var everything = &AccessConfig{Publish: []string{"#"}, Subscribe: []string{"#"}}

// startBroker runs a broker over a fake stream until the test ends.
func startBroker(t testing.TB, cfg Config, limits inlet.Config) (*Broker, *stream) {
	t.Helper()
	s := &stream{}
	in, err := inlet.New(limits, s, s, s, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	return runBroker(t, cfg, in), s
}

func runBroker(t testing.TB, cfg Config, in Inlet) *Broker {
	t.Helper()
	if cfg.Listen == "" && cfg.TLS.Listen == "" {
		cfg.Listen = "127.0.0.1:0"
	}
	if cfg.Anonymous == nil && cfg.Users == nil {
		cfg.Anonymous = everything
	}
	b, err := New(cfg, in, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- b.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("run: %v", err)
		}
	})
	return b
}

func options3(b *Broker, id string) *paho3.ClientOptions {
	o := paho3.NewClientOptions().AddBroker("tcp://" + b.Addr().String()).SetClientID(id).SetProtocolVersion(4)
	return o.SetConnectTimeout(testWait).SetAutoReconnect(false).SetOrderMatters(true)
}

// connect3 connects a client of MQTT 3.1.1.
func connect3(t testing.TB, o *paho3.ClientOptions) paho3.Client {
	t.Helper()
	c := paho3.NewClient(o)
	token := c.Connect()
	if !token.WaitTimeout(testWait) || token.Error() != nil {
		t.Fatalf("connect: %v", token.Error())
	}
	t.Cleanup(func() { c.Disconnect(0) })
	return c
}

// publish3 publishes and waits for the acknowledgement.
func publish3(t testing.TB, c paho3.Client, topic string, qos byte, payload string) {
	t.Helper()
	token := c.Publish(topic, qos, false, payload)
	if !token.WaitTimeout(testWait) || token.Error() != nil {
		t.Fatalf("publish to %q: %v", topic, token.Error())
	}
}

// connect5 connects a client of MQTT 5. change may be nil.
func connect5(t testing.TB, b *Broker, cfg paho5.ClientConfig, change func(*paho5.Connect)) *paho5.Client {
	t.Helper()
	c, _, err := dial5(t, b, cfg, change)
	if err != nil {
		t.Fatalf("connect: %v", err)
	}
	return c
}

func dial5(t testing.TB, b *Broker, cfg paho5.ClientConfig, change func(*paho5.Connect)) (*paho5.Client, *paho5.Connack, error) {
	t.Helper()
	conn, err := net.Dial("tcp", b.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	cfg.Conn = conn
	c := paho5.NewClient(cfg)
	cp := &paho5.Connect{KeepAlive: 30, ClientID: t.Name(), CleanStart: true}
	if change != nil {
		change(cp)
	}
	ctx, cancel := context.WithTimeout(context.Background(), testWait)
	defer cancel()
	ack, err := c.Connect(ctx, cp)
	if err != nil {
		conn.Close()
		return nil, nil, err
	}
	t.Cleanup(func() {
		// It fails when the connection is gone already, which some tests want.
		_ = c.Disconnect(&paho5.Disconnect{})
		<-c.Done()
	})
	return c, ack, nil
}

func publish5(t testing.TB, c *paho5.Client, topic string, qos byte, payload string) *paho5.PublishResponse {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), testWait)
	defer cancel()
	r, err := c.Publish(ctx, &paho5.Publish{Topic: topic, QoS: qos, Payload: []byte(payload)})
	if err != nil {
		t.Fatalf("publish to %q: %v", topic, err)
	}
	return r
}

// cut breaks all connections.
func cut(b *Broker) {
	for _, l := range b.listeners {
		l.mu.Lock()
		for c := range l.conns {
			c.Close()
		}
		l.mu.Unlock()
	}
}

var errTest = errors.New("the stream is gone")

func contains(s, part string) bool { return strings.Contains(s, part) }
