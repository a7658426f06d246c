package ingest_test

import (
	"math/rand/v2"
	"testing"
	"time"
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
