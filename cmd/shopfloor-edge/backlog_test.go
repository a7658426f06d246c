package main

import (
	"fmt"
	"testing"
	"time"
)

// TestBacklog kills the core, lets a backlog grow at the gateway, and wants all of it in order and once when the core is back. How much faster
// than the values come it is handed over is measured and told.
func TestBacklog(t *testing.T) {
	nodes, away := 500, 15*time.Second
	if long() {
		// As many values as the short form makes in ten minutes.
		nodes, away = 2500, 2*time.Minute
	}
	l := newLoad(t, nodes, "")
	c := l.catchUp(away)
	t.Log(c)
	l.current(2*time.Minute, 3*time.Second)
	t.Logf("%d values are stored, each once and in order", l.audit())
}

// TestBacklogLiveFirst is TestBacklog with a gateway that lets new values go first, while a slow rate makes the backlog take its time: the newest
// values are stored long before the oldest, and in the end each once.
func TestBacklogLiveFirst(t *testing.T) {
	l := newLoad(t, 500, "buffer: {order: liveFirst, rate: 400000}\n")
	l.core.Kill()
	pause(15 * time.Second)
	l.core.Start()
	l.current(time.Minute, 3*time.Second)
	m := l.metrics()
	if m["shopfloor_forwarder_backlog"] != 1 {
		t.Errorf("the newest values came after the backlog: %v frames of it are late", m["shopfloor_forwarder_late_frames_total"])
	}
	waitFor(t, 2*time.Minute, "the backlog is handed over", func() error {
		if m = l.metrics(); m["shopfloor_forwarder_backlog"] != 0 {
			return fmt.Errorf("%v late frames", m["shopfloor_forwarder_late_frames_total"])
		}
		return nil
	})
	t.Logf("%d values are stored, each once and in order; %v frames came late", l.audit(), m["shopfloor_forwarder_late_frames_total"])
	waitFor(t, time.Minute, "the core knows that frames came late", func() error {
		var got struct {
			Gateway struct {
				Buffer struct {
					Late, DiskFree string
					Backlog        bool
				}
			}
		}
		err := l.core.Query(&got, `{ gateway(id: "line1") { buffer { late backlog diskFree } } }`, nil)
		if b := got.Gateway.Buffer; err == nil && (b.Late == "0" || b.DiskFree == "0" || b.Backlog) {
			err = fmt.Errorf("%+v", b)
		}
		return err
	})
}

// caughtUp is what was measured of a core that came back.
type caughtUp struct {
	live    float64 // frames a second that came in while the core was away
	backlog float64 // frames that waited when it came back
	rate    float64 // frames a second that it took until none waited but those on their way
	took    time.Duration
	stored  time.Duration // until the newest value was stored
}

func (c caughtUp) String() string {
	return fmt.Sprintf("a backlog of %.0f frames, %.0f a second, was handed over in %s at %.0f frames a second: %.1f times as fast as it came; the newest value was stored after %s",
		c.backlog, c.live, c.took.Round(time.Millisecond), c.rate, c.rate/c.live, c.stored.Round(time.Millisecond))
}

// catchUp takes the core away for a time.
func (l *load) catchUp(away time.Duration) (c caughtUp) {
	l.t.Helper()
	l.core.Kill()
	_, before := l.handedOver()
	begin := time.Now()
	pause(away)
	_, after := l.handedOver()
	c.live = (after - before) / time.Since(begin).Seconds()
	l.core.Start()
	var first float64
	taken := func() float64 { n, _ := l.handedOver(); return n }
	none := taken()
	waitFor(l.t, time.Minute, "the core takes frames", func() error {
		if first, c.backlog = l.handedOver(); first == none {
			return fmt.Errorf("%.0f frames wait", c.backlog)
		}
		return nil
	})
	begin = time.Now()
	c.backlog += first - none
	waitFor(l.t, away+time.Minute, "the backlog is handed over", func() error {
		frames, waiting := l.handedOver()
		c.took, c.rate = time.Since(begin), (frames-none)/time.Since(begin).Seconds()
		if waiting > max(c.live/5, 2) { // a fifth of a second
			return fmt.Errorf("%.0f frames wait", waiting)
		}
		return nil
	})
	l.current(away+time.Minute, 2*time.Second)
	c.stored = time.Since(begin)
	return c
}
