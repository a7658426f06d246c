package bus

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"
	"github.com/rs/zerolog"
)

// testCore is a core that gateways join.
type testCore struct {
	server      *Server
	conn        *Conn
	enrolments  *Enrolments
	receiver    *Receiver
	fingerprint string
}

// answerGateway answers the requests of gateways.
func answerGateway(_ context.Context, gateway, verb string, body []byte) ([]byte, error) {
	if verb == "fail" {
		return nil, &RemoteError{Code: "failed", Text: "as it was told"}
	}
	return []byte(gateway + " " + verb + " " + string(body)), nil
}

func startCore(t testing.TB, dir, listen string) *testCore {
	t.Helper()
	cfg, fingerprint, err := LeafTLS("", "", filepath.Join(dir, "leaf"))
	if err != nil {
		t.Fatal(err)
	}
	c := &testCore{fingerprint: fingerprint}
	c.server = startServer(t, Config{Dir: filepath.Join(dir, "jetstream"), Leaf: &LeafConfig{Listen: listen, TLS: cfg}})
	c.conn = connectTo(t, c.server)
	ctx := testContext(t)
	if err := EnsureStreams(ctx, c.conn, StreamsConfig{MaxBytes: 1 << 30}); err != nil {
		t.Fatal(err)
	}
	if c.enrolments, err = OpenEnrolments(ctx, c.server, c.conn, 16<<20, zerolog.Nop()); err != nil {
		t.Fatal(err)
	}
	if c.receiver, err = NewReceiver(ctx, c.conn, c.conn, ReceiverConfig{Handle: answerGateway, MaxBytes: 16 << 20}, zerolog.New(zerolog.NewTestWriter(t))); err != nil {
		t.Fatal(err)
	}
	runUntilEnd(t, c.enrolments.Run)
	runUntilEnd(t, c.receiver.Run)
	until(t, "the receiver listens", 20*time.Second, func() bool {
		_, err := c.conn.nc.Request(prefixUp+"nobody."+verbHello, nil, 50*time.Millisecond) // without an inbox of its gateway it is not answered
		return !errors.Is(err, nats.ErrNoResponders)
	})
	return c
}

// runUntilEnd runs a part until the test ends, and waits for it.
func runUntilEnd(t testing.TB, run func(context.Context) error) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// testKey is the key of a gateway.
type testKey struct {
	pair         nkeys.KeyPair
	seed, public string
}

func newTestKey(t testing.TB) testKey {
	t.Helper()
	pair, err := nkeys.CreateUser()
	if err != nil {
		t.Fatal(err)
	}
	seed, _ := pair.Seed()
	nkey, _ := pair.PublicKey()
	return testKey{pair, string(seed), nkey + "." + base64.RawURLEncoding.EncodeToString(make([]byte, 32))}
}

// startGateway starts the server of a gateway that joins a core at an address.
func startGateway(t testing.TB, dir, id, addr, fingerprint string, key testKey) (*Server, *Conn) {
	t.Helper()
	cfg, err := PinnedTLS(fingerprint)
	if err != nil {
		t.Fatal(err)
	}
	s := startServer(t, Config{Dir: dir, Remote: &RemoteConfig{Gateway: id, URL: "tls://" + addr, Seed: key.seed, TLS: cfg}})
	return s, connectTo(t, s)
}

// until polls a condition.
func until(t testing.TB, what string, limit time.Duration, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(limit); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within %s", what, limit)
		}
	}
}

func TestGatewayJoinsAndIsRevoked(t *testing.T) {
	core := startCore(t, t.TempDir(), "127.0.0.1:0")
	key := newTestKey(t)
	gateway, conn := startGateway(t, t.TempDir(), "g.1", core.server.LeafAddr(), core.fingerprint, key)
	ctx := testContext(t)
	if _, err := conn.AskCore(ctx, "g.1", "x", nil); !errors.Is(err, ErrNoCore) {
		t.Fatalf("a gateway that is not enrolled asks: %v", err)
	}
	token, _, err := core.enrolments.CreateToken(ctx, "g.1", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	for name, redeem := range map[string]func() error{
		"other token":   func() error { return core.enrolments.Redeem(ctx, "g.1", "nonsense", key.public) },
		"other gateway": func() error { return core.enrolments.Redeem(ctx, "g.2", token, key.public) },
		"no key":        func() error { return core.enrolments.Redeem(ctx, "g.1", token, "UABC") },
	} {
		if err := redeem(); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if err := core.enrolments.Redeem(ctx, "g.1", token, key.public); err != nil {
		t.Fatal(err)
	}
	if err := core.enrolments.Redeem(ctx, "g.1", token, key.public); !errors.Is(err, ErrToken) {
		t.Errorf("token used twice: %v", err)
	}
	if err := core.enrolments.Enrol(ctx, "g.2", key.public); !errors.Is(err, ErrKeyTaken) {
		t.Errorf("key used twice: %v", err)
	}
	until(t, "gateway is linked", 10*time.Second, func() bool {
		answer, err := conn.AskCore(ctx, "g.1", "x", []byte("hi"))
		return err == nil && string(answer) == "g.1 x hi"
	})
	var remote *RemoteError
	if _, err := conn.AskCore(ctx, "g.1", "fail", nil); !errors.As(err, &remote) || remote.Code != "failed" {
		t.Errorf("error of the core arrives as %v", err)
	}
	// Commands and what wakes up cross the link in the other direction, large replies too.
	woken, err := conn.Woken(ctx, "g.1")
	if err != nil {
		t.Fatal(err)
	}
	runUntilEnd(t, func(ctx context.Context) error {
		return conn.Serve(ctx, "g.1", func(context.Context, string, []byte) ([]byte, error) { return make([]byte, 10<<20), nil })
	})
	until(t, "command is answered", 5*time.Second, func() bool {
		reply, err := core.conn.Request(ctx, "g.1", "read", nil)
		return err == nil && len(reply) == 10<<20
	})
	if err := core.conn.Wake("g.1"); err != nil {
		t.Fatal(err)
	}
	select {
	case <-woken:
	case <-time.After(5 * time.Second):
		t.Error("gateway was not woken up")
	}
	if err := core.enrolments.Revoke(ctx, "g.1"); err != nil {
		t.Fatal(err)
	}
	until(t, "revoked gateway is cut off", 5*time.Second, func() bool { return !gateway.Linked() && !core.server.Linked() })
	if _, err := conn.AskCore(ctx, "g.1", "x", nil); !errors.Is(err, ErrNoCore) {
		t.Errorf("a revoked gateway asks: %v", err)
	}
}

func TestTokenExpires(t *testing.T) {
	core := startCore(t, t.TempDir(), "127.0.0.1:0")
	ctx := testContext(t)
	token, expires, err := core.enrolments.CreateToken(ctx, "g1", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	core.enrolments.now = func() time.Time { return expires }
	if err := core.enrolments.Redeem(ctx, "g1", token, newTestKey(t).public); !errors.Is(err, ErrToken) {
		t.Errorf("expired token: %v", err)
	}
}

func TestPinnedTLSRefusesAnotherCore(t *testing.T) {
	core := startCore(t, t.TempDir(), "127.0.0.1:0")
	key := newTestKey(t)
	if err := core.enrolments.Enrol(testContext(t), "g1", key.public); err != nil {
		t.Fatal(err)
	}
	cfg, err := PinnedTLS(strings.Repeat("ab", 32))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := rogueLink(t, core, key, cfg); err == nil || !strings.Contains(err.Error(), "fingerprint") {
		t.Errorf("handshake with another certificate: %v", err)
	}
}

// rogueLink speaks the protocol of a leaf link by hand, with the key of a gateway, as a gateway would that was taken over.
func rogueLink(t testing.TB, core *testCore, key testKey, cfg *tls.Config) (*rogue, error) {
	t.Helper()
	c, err := net.Dial("tcp", core.server.LeafAddr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	line, err := bufio.NewReader(c).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	var info struct{ Nonce string }
	if err := json.Unmarshal([]byte(strings.TrimPrefix(line, "INFO ")), &info); err != nil {
		t.Fatal(err)
	}
	tc := tls.Client(c, cfg)
	if err := tc.Handshake(); err != nil {
		return nil, err
	}
	signature, err := key.pair.Sign([]byte(info.Nonce))
	if err != nil {
		t.Fatal(err)
	}
	nkey, _, _ := strings.Cut(key.public, ".")
	r := &rogue{conn: tc, lines: make(chan string, 1024)}
	fmt.Fprintf(tc, "CONNECT {\"nkey\":%q,\"sig\":%q,\"version\":\"2.15.2\",\"name\":\"rogue\",\"server_id\":\"ROGUE\",\"headers\":true,\"jetstream\":true,\"domain\":\"rogue\"}\r\nPING\r\n",
		nkey, base64.RawURLEncoding.EncodeToString(signature))
	go func() {
		defer close(r.lines)
		for in := bufio.NewReader(tc); ; {
			s, err := in.ReadString('\n')
			if err != nil {
				return
			}
			r.lines <- strings.TrimSpace(s)
		}
	}()
	r.wait(t, "PONG")
	return r, nil
}

type rogue struct {
	conn  net.Conn
	lines chan string
}

// wait returns all lines up to one that begins so, or to the end of the link.
func (r *rogue) wait(t testing.TB, begin string) (seen []string) {
	t.Helper()
	limit := time.After(10 * time.Second)
	for {
		select {
		case s, ok := <-r.lines:
			seen = append(seen, s)
			if !ok || strings.HasPrefix(s, begin) {
				return seen
			}
		case <-limit:
			t.Fatalf("no %s from the core, but %q", begin, seen)
		}
	}
}

// TestRogueGateway tries, with the good key of g1 and without the server that would refuse most of it at the gateway, what g1 may not do.
func TestRogueGateway(t *testing.T) {
	core := startCore(t, t.TempDir(), "127.0.0.1:0")
	ctx := testContext(t)
	key := newTestKey(t)
	if err := errors.Join(core.enrolments.Enrol(ctx, "g1", key.public), core.enrolments.Enrol(ctx, "g2", newTestKey(t).public)); err != nil {
		t.Fatal(err)
	}
	cfg, err := PinnedTLS(core.fingerprint)
	if err != nil {
		t.Fatal(err)
	}
	secrets := []string{"ua.cmd.g2.read", "ua.wake.g2", "_INBOX.g2.x", "ua.rep.g2.1", "ua.data.g2.a.b", "ua.up.g2.x"}
	upload := string(appendUpload(beginUpload(nil, span{0, 7}, false), &Frame{ContentType: ContentUADP, Group: "a", Writer: "b", Data: []byte("frame")}, 7))
	stored := func() uint64 {
		st, err := core.conn.StreamState(ctx, StreamData)
		if err != nil {
			t.Fatal(err)
		}
		return st.Last
	}
	frame := func(subject, reply, body string) string {
		return fmt.Sprintf("LMSG %s %s%d\r\n%s\r\n", subject, reply, len(body), body)
	}
	tests := []struct {
		name, send string
		violation  bool
		stores     uint64
	}{
		{name: "own upload", send: "LS+ _INBOX.g1.>\r\n" + frame("ua.up.g1.frames", "_INBOX.g1.1 ", upload), stores: 1},
		{name: "upload of g2", send: frame("ua.up.g2.frames", "_INBOX.g1.1 ", upload), violation: true},
		{name: "straight into the stream", send: frame("ua.data.g1.a.b", "", "x"), violation: true},
		{name: "straight into the stream as g2", send: frame("ua.data.g2.a.b", "", "x"), violation: true},
		{name: "answer as g2", send: frame("ua.rep.g2.1", "", "x"), violation: true},
		{name: "command to g2", send: frame("ua.cmd.g2.write", "ua.rep.g1.1 ", "x"), violation: true},
		{name: "purge", send: frame("$JS.API.STREAM.PURGE.UA_DATA", "_INBOX.g1.1 ", "{}"), violation: true},
		{name: "purge in the domain", send: frame("$JS.core.API.STREAM.PURGE.UA_DATA", "_INBOX.g1.1 ", "{}"), violation: true},
		{name: "bucket", send: frame("$KV.server.g1.plant", "", "{}"), violation: true},
		{name: "answer into the stream as g2", send: frame("ua.up.g1.hello", "ua.data.g2.a.b ", "")},
		{name: "answer to the API", send: frame("ua.up.g1.hello", "$JS.API.STREAM.PURGE.UA_DATA ", "")},
		{name: "answer to g2", send: frame("ua.up.g1.hello", "_INBOX.g2.1 ", "")},
		{name: "listen to g2", send: "LS+ ua.cmd.g2.>\r\nLS+ ua.wake.g2\r\nLS+ ua.data.g2.>\r\nLS+ _INBOX.g2.>\r\nLS+ ua.rep.g2.>\r\nLS+ ua.up.g2.>\r\n", violation: true},
		{name: "listen to all", send: "LS+ >\r\nLS+ _INBOX.>\r\nLS+ ua.>\r\n"},
	}
	ignored := core.receiver.Stats().Ignored + uint64(len(tests))
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r, err := rogueLink(t, core, key, cfg)
			if err != nil {
				t.Fatal(err)
			}
			before := stored()
			fmt.Fprint(r.conn, test.send, "PING\r\n")
			seen := r.wait(t, "PONG")
			for _, subject := range secrets {
				if err := core.conn.nc.PublishMsg(natsMessage(subject, "secret")); err != nil {
					t.Fatal(err)
				}
			}
			if err := core.conn.nc.Flush(); err != nil {
				t.Fatal(err)
			}
			// The last of the secrets but one went into the stream.
			until(t, "the core has stored", 5*time.Second, func() bool { return stored() >= before+test.stores+1 })
			fmt.Fprint(r.conn, "PING\r\n")
			seen = append(seen, r.wait(t, "PONG")...)
			all := strings.Join(seen, "\n")
			if strings.Contains(all, "secret") {
				t.Errorf("it got what is g2's:\n%s", all)
			}
			if got := strings.Contains(all, "Permissions Violation"); got != test.violation {
				t.Errorf("violation %v, want %v:\n%s", got, test.violation, all)
			}
			if got := stored() - before - 1; got != test.stores {
				t.Errorf("%d frames were stored, want %d", got, test.stores)
			}
			r.conn.Close()
		})
	}
	// Besides the three, each test's secret for the Receiver itself.
	if st := core.receiver.Stats(); st.Ignored != ignored+3 {
		t.Errorf("requests that name another's subject for the answer: %d were ignored, want 3", int(st.Ignored-ignored))
	}
}

func natsMessage(subject, body string) *nats.Msg {
	return &nats.Msg{Subject: subject, Data: []byte(body)}
}
