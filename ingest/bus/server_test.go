package bus

import (
	"bufio"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/rs/zerolog"
)

func TestStartTwiceOnOneFolder(t *testing.T) {
	s := startServer(t, Config{})
	dir := s.lock.Name()[:strings.LastIndexByte(s.lock.Name(), '/')]
	_, err := Start(Config{Dir: dir}, zerolog.Nop())
	if !errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), dir) {
		t.Fatalf("error %v, want ErrLocked naming %s", err, dir)
	}
	shutdown(t, s)
	again := startServer(t, Config{Dir: dir})
	shutdown(t, again)
	shutdown(t, again) // does nothing
}

func TestStartBadConfig(t *testing.T) {
	f := func(cfg Config, want string) {
		t.Helper()
		s, err := Start(cfg, zerolog.Nop())
		if err == nil {
			shutdown(t, s)
			t.Fatalf("Start(%+v) gave no error", cfg)
		}
		if !strings.Contains(err.Error(), want) {
			t.Fatalf("Start(%+v): %v, want %q in it", cfg, err, want)
		}
	}
	f(Config{}, "dir is empty")
	f(Config{Dir: t.TempDir(), SyncInterval: -1}, "sync_interval")
	f(Config{Dir: t.TempDir(), MaxStore: 1}, "max_store 1 is too small")
	f(Config{Dir: t.TempDir(), Listen: "nonsense"}, `listen "nonsense"`)
	f(Config{Dir: t.TempDir(), Listen: "127.0.0.1:70000"}, "port must be")
	// The server calls Fatalf for this one; the process must live on.
	f(Config{Dir: t.TempDir(), Listen: "192.0.2.1:4222"}, "192.0.2.1")
}

func TestListen(t *testing.T) {
	s := startServer(t, Config{Listen: "127.0.0.1:0", Password: "s3cret"})
	c, err := Dial(s.URL(), "ok", "s3cret", zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := EnsureStreams(testContext(t), c, StreamsConfig{MaxBytes: 64 << 20}); err != nil {
		t.Fatal(err)
	}
	for _, password := range []string{"", "wrong"} {
		if c, err := Dial(s.URL(), "bad", password, zerolog.Nop()); !errors.Is(err, nats.ErrAuthorization) {
			if err == nil {
				c.Close()
			}
			t.Fatalf("password %q: error %v, want an authorization violation", password, err)
		}
	}
	in := startServer(t, Config{})
	if url := in.URL(); url != "" {
		t.Fatalf("URL %q of a server that does not listen", url)
	}
	// Without the password, an in-process connection is refused as well.
	pipe, err := in.server.InProcessConn()
	if err != nil {
		t.Fatal(err)
	}
	defer pipe.Close()
	lines := bufio.NewReader(pipe)
	if line, err := lines.ReadString('\n'); err != nil || !strings.HasPrefix(line, "INFO ") {
		t.Fatalf("greeting %q, %v", line, err)
	}
	if _, err := pipe.Write([]byte("CONNECT {\"verbose\":false}\r\n")); err != nil {
		t.Fatal(err)
	}
	if line, err := lines.ReadString('\n'); err != nil || !strings.Contains(line, "Authorization Violation") {
		t.Fatalf("answer %q, %v; want an authorization violation", line, err)
	}
}

func TestShutdownClosesConnections(t *testing.T) {
	s := startServer(t, Config{})
	c := connectTo(t, s)
	ended := make(chan error, 1)
	go func() {
		ended <- c.Serve(context.Background(), "g", func(context.Context, string, []byte) ([]byte, error) { return nil, nil })
	}()
	eventually(t, "service listens", func() bool { return listens(t, s, "g") })
	shutdown(t, s)
	select {
	case err := <-ended:
		if !errors.Is(err, nats.ErrConnectionClosed) {
			t.Fatalf("Serve ended with %v, want a closed connection", err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("Serve did not end with its connection")
	}
	if _, err := s.Connect("late"); err == nil {
		t.Fatal("Connect after Shutdown gave no error")
	}
}

func TestDeriveMaxStore(t *testing.T) {
	dir := t.TempDir()
	free, size, err := disk(dir)
	if err != nil || free <= 0 || size < free {
		t.Fatalf("disk = %d, %d, %v", free, size, err)
	}
	n, err := deriveMaxStore(dir)
	if err != nil || n <= 0 || n > size/2 {
		t.Fatalf("deriveMaxStore = %d, %v with %d free", n, err, free)
	}
}

func TestEnsureStreams(t *testing.T) {
	s, c := newBus(t)
	ctx := testContext(t)
	before, err := c.StreamState(ctx, StreamData)
	if err != nil || before.First != 1 || before.Last != 0 || before.Created.IsZero() {
		t.Fatalf("state %+v, %v", before, err)
	}
	// Smaller bounds next time; the identity stays.
	if err := EnsureStreams(ctx, c, StreamsConfig{MaxBytes: s.MaxStore() / 2}); err != nil {
		t.Fatal(err)
	}
	after, err := c.StreamState(ctx, StreamData)
	if err != nil || !after.Created.Equal(before.Created) || after.MaxBytes >= before.MaxBytes {
		t.Fatalf("state %+v, %v; before %+v", after, err, before)
	}
	var sum int64
	for info := range c.js.ListStreams(ctx).Info() {
		if info.Config.MaxBytes <= 0 {
			t.Errorf("stream %s has no bound", info.Config.Name)
		}
		sum += info.Config.MaxBytes
	}
	if sum > s.MaxStore()/2 {
		t.Errorf("streams may take %d bytes of %d", sum, s.MaxStore()/2)
	}
	if err := EnsureStreams(ctx, c, StreamsConfig{MaxBytes: 1}); err == nil {
		t.Error("a bound of 1 byte gave no error")
	}
}

func TestSync(t *testing.T) {
	f := func(cfg Config, interval time.Duration, always bool) {
		t.Helper()
		s := startServer(t, cfg)
		got := s.server.JetStreamConfig()
		if got.SyncInterval != interval || got.SyncAlways != always {
			t.Fatalf("%+v: syncs each %s, always %v", cfg, got.SyncInterval, got.SyncAlways)
		}
		c := connectTo(t, s)
		if err := EnsureStreams(testContext(t), c, StreamsConfig{MaxBytes: s.MaxStore()}); err != nil {
			t.Fatal(err)
		}
		fill(t, c, 20, 1000)
	}
	f(Config{}, 250*time.Millisecond, false)
	f(Config{SyncInterval: time.Second}, time.Second, false)
	f(Config{SyncAlways: true}, 250*time.Millisecond, true)
}

// A bound below what the stream holds refuses new frames and drops none.
func TestShrink(t *testing.T) {
	s := startServer(t, Config{})
	c := connectTo(t, s)
	ctx := testContext(t)
	if err := EnsureStreams(ctx, c, StreamsConfig{MaxBytes: s.MaxStore()}); err != nil {
		t.Fatal(err)
	}
	fill(t, c, 300, 100_000)
	if err := EnsureStreams(ctx, c, StreamsConfig{MaxBytes: minMaxStore}); err != nil {
		t.Fatal(err)
	}
	if st, err := c.StreamState(ctx, StreamData); err != nil || st.Messages != 300 || st.Bytes < uint64(st.MaxBytes) {
		t.Fatalf("state %+v, %v", st, err)
	}
}
