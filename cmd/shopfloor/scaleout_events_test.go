//go:build unix

package main

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/shopfloor-iiot/shopfloor/ingest/bus"
)

// TestScaleOutEvents: events of all partitions are stored once, whichever process takes them and whichever is killed, and all processes find
// and deliver them.
func TestScaleOutEvents(t *testing.T) {
	r := newScaleRig(t)
	a, b := r.startCore("core-a"), r.startCore("core-b")
	r.waitShares(a, b)
	writers := writersOfAllPartitions(t, 1)
	for _, w := range writers {
		storeEventMetadata(t, r.conn, w, w.Writer)
	}
	watchA := watchEvents(t, a, nil)
	waitFor(t, 30*time.Second, "subscription", func() error {
		if n, err := a.ownMetric("shopfloor_event_subscribers"); err != nil || n != 1 {
			return fmt.Errorf("%v subscribers, %w", n, err)
		}
		return nil
	})
	sender, start := eventSender(t, r.conn, scaleGateway), time.Now().Truncate(time.Second)
	var want []string
	send := func(from int) {
		for i, w := range writers {
			n := from + 2*i
			sendEvents(t, sender, w, n, n+2, start)
			want = append(want, word(n), word(n+1))
		}
	}
	send(0)
	b.Kill()
	send(2 * len(writers))
	b.Restart()
	r.waitShares(a, b)
	send(4 * len(writers))
	slices.Sort(want)
	for _, p := range []*process{a, b} {
		p.waitFor(time.Minute, "all events are found", func() error {
			got, err := p.messages(nil)
			if slices.Sort(got); err == nil && !slices.Equal(got, want) {
				err = fmt.Errorf("%d events, want %d", len(got), len(want))
			}
			return err
		})
	}
	waitFor(t, time.Minute, "all events are delivered", func() error {
		got, err := watchA.sorted()
		if err == nil && !slices.Equal(got, want) {
			err = fmt.Errorf("%d events, want %d", len(got), len(want))
		}
		return err
	})
	if st, err := r.conn.StreamState(t.Context(), bus.StreamEvent); err != nil || st.Messages != uint64(len(want)) {
		t.Errorf("the stream has %d events, %v, want %d", st.Messages, err, len(want))
	}
}
