package ingest_test

import (
	"context"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/ingest/bus"
)

// TestBusRestarts: the bus is restarted under load while the core and the publisher keep their connections, which come back.
func TestBusRestarts(t *testing.T) {
	r := newFaultRig(t)
	r.run()
	s, l := newSender(t, r.connect("sender"), "g1"), newLoad("g1")
	const restarts = 3
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range long(restarts, 10*restarts) {
			<-time.After(300*time.Millisecond + rand.N(300*time.Millisecond))
			if err := r.bus.Restart(); err != nil {
				t.Error(err)
				return
			}
		}
	}()
	l.publish(s, func() bool {
		select {
		case <-done:
			return true
		default:
			return false
		}
	})
	began := time.Now()
	s.settle()
	r.drain()
	t.Logf("%d frames, %d sent again; all is stored %s after the last restart", s.accepted.Load(), s.publisher.Stats().Resent, time.Since(began).Round(time.Millisecond))
	r.waitFor(5*time.Second, "health", func() bool { return r.core.Health() == nil })
	if gaps := r.metric("shopfloor_ingest_missing_frames_total"); gaps != 0 {
		t.Errorf("%d frames are missed, which are there", gaps)
	}
	r.audit(l)
}

// TestBusOpenedAnew: the bus ends for good, and everything is made anew on its folder, as when the platform is restarted.
func TestBusOpenedAnew(t *testing.T) {
	r := newFaultRig(t)
	l := newLoad("g1")
	var counted uint64
	for range long(3, 20) {
		r.run()
		s := newSender(t, r.connect("sender"), "g1")
		l.publish(s, frames(100+rand.N(300)))
		s.settle()
		counted += s.stored.Load()
		s.stop()
		if rand.N(2) == 0 {
			r.stopBus()  // before the core
			_ = r.stop() // its last checkpoint may be made or not
		} else {
			if err := r.stop(); err != nil {
				t.Error(err)
			}
			r.stopBus()
		}
		r.startBus()
	}
	r.run()
	r.drain()
	t.Logf("%d frames", counted)
	r.audit(l)
}

// TestBusAway: the bus is in another process, which ends for a while. Health says so, and all goes on by itself.
func TestBusAway(t *testing.T) {
	r := newFaultRig(t)
	cfg := bus.Config{Dir: t.TempDir(), MaxStore: 1 << 30, Listen: "127.0.0.1:0", Password: "correct horse"}
	server, err := bus.Start(cfg, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	address := server.URL()
	cfg.Listen = strings.TrimPrefix(address, "nats://")
	stop := func() {
		if err := server.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
	}
	defer func() { stop() }()
	dial := func(name string) *bus.Conn {
		c, err := bus.Dial(address, name, cfg.Password, zerolog.Nop())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(c.Close)
		return c
	}
	r.conn = dial("core")
	if err := bus.EnsureStreams(t.Context(), r.conn, bus.StreamsConfig{MaxBytes: server.MaxStore()}); err != nil {
		t.Fatal(err)
	}
	r.run()
	s, l := newSender(t, dial("sender"), "g1"), newLoad("g1")
	for round := range long(2, 10) {
		l.publish(s, frames(100))
		if round%2 == 0 { // nothing is asked for when the bus goes
			s.settle()
			r.drain()
		}
		stop()
		began := time.Now()
		r.waitFor(10*time.Second, "word of it in health", func() bool { return r.core.Health() != nil })
		t.Logf("%v after %s", r.core.Health(), time.Since(began).Round(time.Millisecond))
		if server, err = bus.Start(cfg, zerolog.Nop()); err != nil {
			t.Fatal(err)
		}
		l.publish(s, frames(100))
		s.settle()
		r.drain()
		r.waitFor(10*time.Second, "health", func() bool { return r.core.Health() == nil })
	}
	r.audit(l)
}
