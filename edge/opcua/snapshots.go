package opcua

import (
	"context"
	"sync"
	"time"
)

// snapshots sends the states of conditions of a Source when they are due, all with one timer.
type snapshots struct {
	connected func() bool
	wake      chan struct{}

	mu    sync.Mutex
	sinks map[*eventSink]struct{}
}

func newSnapshots(connected func() bool) *snapshots {
	return &snapshots{connected: connected, wake: make(chan struct{}, 1), sinks: map[*eventSink]struct{}{}}
}

// add begins to send those of a sink, whose intervals may have changed.
func (s *snapshots) add(e *eventSink) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sinks[e] = struct{}{}
	notify(s.wake)
}

// remove ends it. What is being sent may still come.
func (s *snapshots) remove(e *eventSink) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.sinks, e)
}

// run sends until ctx ends.
func (s *snapshots) run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.wake:
		case <-timer.C:
		}
		s.mu.Lock()
		sinks := make([]*eventSink, 0, len(s.sinks))
		for e := range s.sinks {
			sinks = append(sinks, e)
		}
		s.mu.Unlock()
		connected, wait := s.connected(), time.Hour
		for _, e := range sinks {
			if ctx.Err() != nil {
				return
			}
			if next := e.snapshot(time.Now(), connected); !next.IsZero() {
				wait = min(wait, time.Until(next))
			}
		}
		timer.Reset(max(wait, 0))
	}
}
