package mqtt

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	paho5 "github.com/eclipse/paho.golang/paho"
	paho3 "github.com/eclipse/paho.mqtt.golang"
	"github.com/rs/zerolog"
	"golang.org/x/crypto/bcrypt"

	"github.com/shopfloor-iiot/shopfloor/ingest/inlet"
)

// hash is cheap, for tests.
func hash(t testing.TB, password string) string {
	t.Helper()
	h, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	return string(h)
}

func twoUsers(t testing.TB) Config {
	return Config{Users: []UserConfig{
		{Name: "press", Password: hash(t, "secret1"), AccessConfig: AccessConfig{Publish: []string{"opcua/+/+/press/#"}}},
		{Name: "viewer", Password: hash(t, "secret2"), AccessConfig: AccessConfig{Subscribe: []string{"opcua/json/#"}}},
	}}
}

func TestLogin(t *testing.T) {
	b, _ := startBroker(t, twoUsers(t), inlet.Config{})
	f := func(user, password string, want bool) {
		t.Helper()
		c := paho3.NewClient(options3(b, "a").SetUsername(user).SetPassword(password))
		token := c.Connect()
		if !token.WaitTimeout(testWait) {
			t.Fatal("no answer")
		}
		if got := token.Error() == nil; got != want {
			t.Errorf("%q with %q: %v, want %v", user, password, token.Error(), want)
		}
		c.Disconnect(0)
	}
	f("press", "secret1", true)
	f("press", "secret1", true) // by the digest of the first time
	f("press", "secret2", false)
	f("press", "", false)
	f("nobody", "secret1", false)
	f("", "", false)
	if got := b.Statistics().RefusedLogins; got != 4 {
		t.Errorf("%d logins refused, want 4", got)
	}
	_, _, err := dial5(t, b, paho5.ClientConfig{}, func(c *paho5.Connect) {
		c.Username, c.UsernameFlag, c.Password, c.PasswordFlag = "press", true, []byte("wrong"), true
	})
	if err == nil || !strings.Contains(err.Error(), "134") && !strings.Contains(err.Error(), "username") {
		t.Errorf("MQTT 5 with a wrong password: %v, want reason 134", err)
	}
	// The names of users that do not exist take as long as a wrong password does.
	if cost, err := bcrypt.Cost([]byte(nobody)); err != nil || cost != bcrypt.DefaultCost {
		t.Errorf("the hash of nobody has cost %d, %v", cost, err)
	}
}

func TestAccess(t *testing.T) {
	b, s := startBroker(t, twoUsers(t), inlet.Config{})
	press5 := connect5(t, b, paho5.ClientConfig{}, func(c *paho5.Connect) {
		c.Username, c.UsernameFlag, c.Password, c.PasswordFlag = "press", true, []byte("secret1"), true
	})
	publish5(t, press5, "opcua/json/data/press/g", 1, data)
	for _, topic := range []string{"opcua/json/data/oven/g", "press/messages/g"} {
		r, err := press5.Publish(context.Background(), &paho5.Publish{Topic: topic, QoS: 1, Payload: []byte(data)})
		if err == nil || r.ReasonCode != 0x87 {
			t.Errorf("publish to %s: %v %+v, want reason 0x87, not authorized", topic, err, r)
		}
	}
	// MQTT 3.1.1 cannot say no: the connection ends.
	lost := make(chan error, 1)
	press3 := connect3(t, options3(b, "old").SetUsername("press").SetPassword("secret1").
		SetConnectionLostHandler(func(_ paho3.Client, err error) { lost <- err }))
	press3.Publish("opcua/json/data/oven/g", 1, false, data)
	select {
	case <-lost:
	case <-time.After(testWait):
		t.Error("still connected after a publish that is not allowed")
	}
	if s.len() != 1 || b.Statistics().RefusedTopics != 3 {
		t.Errorf("%d frames, %d publishes refused; want 1 and 3", s.len(), b.Statistics().RefusedTopics)
	}

	viewer := connect3(t, options3(b, "viewer").SetUsername("viewer").SetPassword("secret2"))
	for filter, want := range map[string]byte{"opcua/json/+/press/#": 1, "#": 0x80, "opcua/+/data/press": 0x80, "$SYS/#": 0x80, "$share/x/opcua/json/#": 1} {
		token := viewer.Subscribe(filter, 1, nil).(*paho3.SubscribeToken)
		token.WaitTimeout(testWait)
		if got := token.Result()[strings.TrimPrefix(filter, "$share/x/")]; got != want {
			t.Errorf("subscribe to %s: 0x%02x, want 0x%02x", filter, got, want)
		}
	}
}

// A client id is as good as its user: nobody takes over the session of another.
func TestClientIDOfAnotherUser(t *testing.T) {
	b, _ := startBroker(t, twoUsers(t), inlet.Config{})
	connect3(t, options3(b, "same").SetUsername("press").SetPassword("secret1"))
	c := paho3.NewClient(options3(b, "same").SetUsername("viewer").SetPassword("secret2"))
	if token := c.Connect(); !token.WaitTimeout(testWait) || token.Error() == nil {
		t.Errorf("another user got the session: %v", token.Error())
	}
	will := paho3.NewClient(options3(b, "will").SetUsername("press").SetPassword("secret1").SetWill("opcua/json/status/oven", "x", 1, true))
	if token := will.Connect(); !token.WaitTimeout(testWait) || token.Error() == nil {
		t.Errorf("a will on a topic that is not allowed: %v", token.Error())
	}
}

func TestSubscribersAndRetained(t *testing.T) {
	b, s := startBroker(t, Config{MaxRetained: 2}, inlet.Config{})
	got := make(chan string, 10)
	note := func(_ paho3.Client, m paho3.Message) {
		got <- fmt.Sprint(m.Topic(), " ", string(m.Payload()), " ", m.Retained())
	}
	sub := connect3(t, options3(b, "sub"))
	if token := sub.Subscribe("opcua/#", 1, note); !token.WaitTimeout(testWait) || token.Error() != nil {
		t.Fatal(token.Error())
	}
	pub := connect3(t, options3(b, "pub"))
	expect := func(want string) {
		t.Helper()
		select {
		case m := <-got:
			if m != want {
				t.Errorf("got %q, want %q", m, want)
			}
		case <-time.After(testWait):
			t.Errorf("no message, want %q", want)
		}
	}
	s.setHold(true)
	token := pub.Publish("opcua/json/data/p/0", 1, true, "[0]")
	eventually(t, "a frame", func() bool { return s.len() == 1 })
	select {
	case m := <-got:
		t.Errorf("%q was passed on before it was stored", m)
	case <-time.After(settle):
	}
	s.setHold(false)
	s.frame(0).done(nil)
	if !token.WaitTimeout(testWait) {
		t.Fatal("not acknowledged")
	}
	expect("opcua/json/data/p/0 [0] false")
	for i, qos := range []byte{0, 1, 2} {
		topic, payload := fmt.Sprint("opcua/json/data/p/", i+1), fmt.Sprintf("[%d]", i+1)
		if token := pub.Publish(topic, qos, true, payload); !token.WaitTimeout(testWait) || token.Error() != nil {
			t.Fatal(token.Error())
		}
		expect(topic + " " + payload + " false")
	}
	late := connect3(t, options3(b, "late"))
	if token := late.Subscribe("opcua/json/data/p/+", 1, note); !token.WaitTimeout(testWait) || token.Error() != nil {
		t.Fatal(token.Error())
	}
	retained := []string{<-got, <-got} // in any order
	for _, want := range []string{"opcua/json/data/p/0 [0] true", "opcua/json/data/p/1 [1] true"} {
		if !strings.Contains(strings.Join(retained, "|"), want) {
			t.Errorf("retained %q, want %q among them and no more than 2", retained, want)
		}
	}
	publish3(t, pub, "opcua/json/data/p/0", 1, "")
}

func TestLimits(t *testing.T) {
	b, _ := startBroker(t, Config{MaxConnections: 2}, inlet.Config{MaxMessage: 1024})
	connect3(t, options3(b, "a"))
	second := connect3(t, options3(b, "b"))
	if token := paho3.NewClient(options3(b, "c")).Connect(); !token.WaitTimeout(testWait) || token.Error() == nil {
		t.Error("a third client is connected at a limit of 2")
	}
	if b.Statistics().RefusedConnections == 0 {
		t.Error("no refused connection is counted")
	}
	second.Disconnect(0)
	eventually(t, "a free place", func() bool { return b.Statistics().Connections == 1 })
	connect3(t, options3(b, "c"))
}

// A message that is too large is refused with a reason; a packet that is far too large ends the connection.
func TestOversize(t *testing.T) {
	b, s := startBroker(t, Config{}, inlet.Config{MaxMessage: 16 << 10})
	_, ack, err := dial5(t, b, paho5.ClientConfig{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if ack.Properties.MaximumPacketSize == nil || *ack.Properties.MaximumPacketSize != 24<<10 {
		t.Errorf("maximum packet size %v, want room for a message of 16 KiB", ack.Properties.MaximumPacketSize)
	}
	lost := make(chan error, 1)
	c := connect3(t, options3(b, "a").SetConnectionLostHandler(func(_ paho3.Client, err error) { lost <- err }))
	publish3(t, c, "opcua/json/data/p/g", 1, fmt.Sprintf("%-*s", 60<<10, data))
	if letters := s.letters(); len(letters) != 1 || len(letters[0].Data) != 60<<10 || !contains(letters[0].Reason.Error(), "at most 16384") {
		t.Fatalf("%d dead letters, want one with the limit in its reason", len(letters))
	}
	c.Publish("opcua/json/data/p/g", 1, false, fmt.Sprintf("%-*s", 65<<10, data))
	select {
	case <-lost:
	case <-time.After(testWait):
		t.Error("still connected after a packet above 4 times the limit")
	}
	eventually(t, "the count", func() bool { return b.counters.oversize.Get() == 1 })
}

// What is no CONNECT packet, or a huge one, gets no further than its header.
func TestBadConnects(t *testing.T) {
	b, _ := startBroker(t, Config{}, inlet.Config{})
	for _, head := range [][]byte{
		{0x30, 0x05}, []byte("GET / HTTP/1.1\r\n"), {0x10, 0xFF, 0xFF, 0xFF, 0x7F}, {0x10, 0xFF, 0xFF, 0xFF, 0xFF, 0x01}, {0x10, 0x80, 0x80, 0x08},
	} {
		conn, err := net.Dial("tcp", b.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		if err := conn.SetDeadline(time.Now().Add(testWait)); err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Write(head); err != nil {
			t.Fatal(err)
		}
		if n, err := conn.Read(make([]byte, 1)); err == nil || os.IsTimeout(err) {
			t.Errorf("% x: %d bytes, %v; want the connection closed", head, n, err)
		}
		conn.Close()
	}
}

func TestTLS(t *testing.T) {
	dir := t.TempDir()
	roots := writeCertificate(t, dir)
	b, s := startBroker(t, Config{TLS: TLSConfig{
		Listen: "127.0.0.1:0", Certificate: filepath.Join(dir, "cert.pem"), Key: filepath.Join(dir, "key.pem"),
	}}, inlet.Config{})
	if b.Addr() != nil {
		t.Error("it also listens without encryption")
	}
	o := paho3.NewClientOptions().AddBroker("ssl://" + b.TLSAddr().String()).SetClientID("a").SetTLSConfig(&tls.Config{RootCAs: roots})
	publish3(t, connect3(t, o.SetAutoReconnect(false)), "opcua/json/data/p/g", 1, data)
	if s.len() != 1 {
		t.Errorf("%d frames, want 1", s.len())
	}
}

// writeCertificate makes a certificate for 127.0.0.1 and its key.
func writeCertificate(t testing.TB, dir string) *x509.CertPool {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	cert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	for name, b := range map[string][]byte{"cert.pem": cert, "key.pem": pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: keyDER})} {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(cert)
	return roots
}

// logBuffer is a buffer for several goroutines.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// Passwords are in no log, not even at the finest level.
func TestLogsHaveNoSecrets(t *testing.T) {
	log := &logBuffer{}
	s := &stream{}
	in, err := inlet.New(inlet.Config{}, s, s, s, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	cfg := twoUsers(t)
	cfg.Listen = "127.0.0.1:0"
	b, err := New(cfg, in, zerolog.New(log).Level(zerolog.TraceLevel))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- b.Run(ctx) }()
	for _, password := range []string{"secret1", "wrong-password"} {
		c := paho3.NewClient(options3(b, "a").SetUsername("press").SetPassword(password))
		c.Connect().WaitTimeout(testWait)
		if c.IsConnected() {
			publish3(t, c, "opcua/json/data/press/g", 1, `["payload"]`)
			c.Publish("opcua/json/data/oven/g", 1, false, `["payload"]`).WaitTimeout(settle)
		}
		c.Disconnect(0)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"secret1", "wrong-password", "payload", "$2a$"} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("the log has %q:\n%s", secret, log.String())
		}
	}
	if !strings.Contains(log.String(), "mqtt client refused") {
		t.Error("the refused login is not logged")
	}
}
