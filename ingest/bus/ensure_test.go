package bus

import (
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

func TestStreamsConfig(t *testing.T) {
	f := func(cfg StreamsConfig, want string) {
		t.Helper()
		if cfg.MaxBytes == 0 {
			cfg.MaxBytes = minMaxStore
		}
		err := cfg.Validate()
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Fatalf("%+v: %v, want %q", cfg, err, want)
		}
	}
	f(StreamsConfig{}, "")
	f(StreamsConfig{Replicas: 3, MaxFrame: 1 << 20, Text: StreamLimit{Share: 16, MaxAge: time.Hour}}, "")
	f(StreamsConfig{MaxBytes: 1}, "max_bytes 1 is too small")
	f(StreamsConfig{Replicas: 2}, "replicas 2: use 1, or 3 or 5")
	f(StreamsConfig{MaxFrame: 100}, "max_frame 100")
	f(StreamsConfig{MaxFrame: -1}, "max_frame -1")
	f(StreamsConfig{Data: StreamLimit{MaxAge: time.Hour}}, "data.max_age")
	f(StreamsConfig{Meta: StreamLimit{MaxAge: time.Hour}}, "meta.max_age")
	f(StreamsConfig{Text: StreamLimit{MaxAge: time.Second}}, "text.max_age 1s: use at least 2m0s")
	f(StreamsConfig{Dead: StreamLimit{Share: -1}}, "dead.share -1")
	f(StreamsConfig{Data: StreamLimit{Share: 80}}, "sum up to 108 percent")
}

// What EnsureStreams is told arrives at the server, a second time too.
func TestEnsureStreamsConfig(t *testing.T) {
	s := startServer(t, Config{})
	c := connectTo(t, s)
	ctx := testContext(t)
	want := StreamsConfig{MaxBytes: 100 << 20, MaxFrame: 100_000, Text: StreamLimit{Share: 10, MaxAge: time.Hour}, Dead: StreamLimit{MaxAge: 2 * time.Hour}}
	for range 2 {
		if err := EnsureStreams(ctx, c, want); err != nil {
			t.Fatal(err)
		}
	}
	config := func(name string) jetstream.StreamConfig {
		st, err := c.js.Stream(ctx, name)
		if err != nil {
			t.Fatal(err)
		}
		return st.CachedInfo().Config
	}
	if got := config(StreamData); got.MaxMsgSize != 100_000 || got.Discard != jetstream.DiscardNew || got.MaxAge != 0 || got.MaxBytes != 1<<20*60 {
		t.Fatalf("%s: %+v", StreamData, got)
	}
	if got := config(StreamText); got.MaxAge != time.Hour || got.MaxBytes != 1<<20*10 || got.Discard != jetstream.DiscardOld {
		t.Fatalf("%s: %+v", StreamText, got)
	}
	if got := config(StreamDead); got.MaxAge != 2*time.Hour || got.Replicas != 1 {
		t.Fatalf("%s: %+v", StreamDead, got)
	}
	// A server alone cannot hold replicas, and says so instead of holding one.
	if err := EnsureStreams(ctx, c, StreamsConfig{MaxBytes: 100 << 20, Replicas: 3}); err == nil {
		t.Fatal("3 replicas on one server gave no error")
	}
}
