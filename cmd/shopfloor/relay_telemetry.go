package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/shopfloor-iiot/shopfloor/graph"
	"github.com/shopfloor-iiot/shopfloor/ingest/bus"
	"github.com/shopfloor-iiot/shopfloor/model"
)

const (
	// minBeginAgain and maxBeginAgain are the first and the longest pause before all is asked for anew because something was lost.
	minBeginAgain, maxBeginAgain = time.Second, 30 * time.Second
	// telemetryBatch is how many values one delivery has at most.
	telemetryBatch = 4096
)

// relayed is one subscription to telemetry of all processes. It belongs to its own goroutine, but for renew.
type relayed struct {
	relay   *relay
	request watchMessage
	local   <-chan model.TelemetryBatch
	remote  *bus.LiveStream
	out     chan model.TelemetryBatch
	renew   chan struct{} // ask again soon: a process came

	newest   newestValues
	sequence uint64
	// heard is the number of the last message of each process, of the current epoch.
	heard map[string]uint64
	// incomplete says that something was lost. beginAgain is when all may be asked for anew, pause how long to wait after that.
	incomplete bool
	beginAgain time.Time
	pause      time.Duration
}

// Telemetry implements graph.Live. Values of other processes come as soon as these hear of it; those of a process that joins or takes
// a partition over follow then. At a take-over the new owner may repeat values of the last seconds, in their order.
func (r *relay) Telemetry(ctx context.Context, f model.SeriesFilter, interval time.Duration) (<-chan model.TelemetryBatch, error) {
	ctx, cancel := context.WithCancel(ctx)
	s := &relayed{
		relay: r, request: watchMessage{From: r.id, ID: rand.Text(), Epoch: 1, Filter: f, Interval: interval},
		out: make(chan model.TelemetryBatch), renew: make(chan struct{}, 1), heard: map[string]uint64{}, pause: minBeginAgain,
	}
	var err error
	if s.local, err = r.local.Telemetry(ctx, f, interval); err == nil {
		if s.remote, err = r.conn.ListenTo(ctx, r.id, s.request.ID); err == nil {
			err = s.ask()
		}
	}
	if err != nil {
		cancel()
		return nil, err
	}
	r.mu.Lock()
	r.subscriptions[s] = struct{}{}
	r.mu.Unlock()
	go func() {
		defer close(s.out)
		defer s.end()
		defer cancel()
		s.run(ctx)
	}()
	return s.out, nil
}

// renewSoon makes s ask again.
func (s *relayed) renewSoon() {
	select {
	case s.renew <- struct{}{}:
	default:
	}
}

// ask asks all other processes. An error says that the request can never be sent; one that is lost is said again.
func (s *relayed) ask() error {
	body, err := json.Marshal(&s.request)
	if err != nil {
		return err
	}
	err = s.relay.conn.Broadcast(topicWatch, body)
	s.relay.send(err)
	if errors.Is(err, bus.ErrTooLarge) {
		return fmt.Errorf("%w: filter of %d bytes: select by server, writer, field or path instead of single series", graph.ErrInvalid, len(body))
	}
	return nil
}

// end tells the others to stop. Those who do not hear it stop when the lease ends.
func (s *relayed) end() {
	s.relay.mu.Lock()
	delete(s.relay.subscriptions, s)
	s.relay.mu.Unlock()
	s.relay.broadcast(topicWatch, watchMessage{From: s.request.From, ID: s.request.ID, End: true})
}

// run merges what all see until ctx ends. It never makes others wait: what the receiver does not take is replaced by what is newer.
func (s *relayed) run(ctx context.Context) {
	renew := time.NewTicker(watchLease / 3)
	defer renew.Stop()
	due := time.NewTimer(0)
	defer due.Stop()
	var last time.Time // when the last delivery began
	for {
		var out chan<- model.TelemetryBatch
		batch := model.TelemetryBatch{Sequence: s.sequence + 1, Values: s.newest.head()}
		if len(batch.Values) > 0 {
			out = s.out
		}
		at := last.Add(s.request.Interval)
		select {
		case <-ctx.Done():
			return
		case out <- batch:
			s.sequence++
			s.newest.taken()
		case b, ok := <-s.local:
			if !ok {
				return
			}
			s.newest.add(b.Values)
		case body, ok := <-s.remote.Messages():
			if !ok {
				return
			}
			if s.receive(body) {
				at = time.Now()
			}
		case <-renew.C:
			s.forgetGone()
			s.complete(time.Now())
			_ = s.ask() // it was sent before, so it can be
		case <-s.renew:
			_ = s.ask() // as above
		case <-due.C:
		}
		if now := time.Now(); s.newest.waiting() && !now.Before(at) {
			s.newest.deliver()
			last = now
		} else if s.newest.waiting() {
			due.Reset(at.Sub(now))
		}
	}
}

// receive takes a message of another process. It tells whether its values are those which a watch begins with.
func (s *relayed) receive(body []byte) (first bool) {
	var m watchValues
	if json.Unmarshal(body, &m) != nil || m.Epoch != s.request.Epoch {
		return false // not of this package, or of a watch that something was lost of
	}
	if m.Number != 1 && m.Number != s.heard[m.From]+1 {
		s.lost()
	}
	if m.Epoch == s.request.Epoch {
		s.heard[m.From] = m.Number
	}
	values := make([]model.TelemetryValue, len(m.Values))
	for i, v := range m.Values {
		values[i] = model.TelemetryValue{Series: v.Series, Path: v.Path, Value: v.Value}
	}
	s.newest.add(values)
	return m.First
}

// lost notes that values are missing.
func (s *relayed) lost() {
	s.relay.gaps.Add(1)
	s.incomplete = true
	s.complete(time.Now())
}

// complete asks all for everything anew if something was lost, because the lost values may be the last ones of their series. When that
// happens again and again this process is too slow for what it wants, so it is done more and more rarely.
func (s *relayed) complete(now time.Time) {
	if !s.incomplete || now.Before(s.beginAgain) {
		return
	}
	if now.After(s.beginAgain.Add(maxBeginAgain)) {
		s.pause = minBeginAgain
	}
	s.beginAgain, s.pause = now.Add(s.pause), min(2*s.pause, maxBeginAgain)
	s.incomplete = false
	s.request.Epoch++
	clear(s.heard)
	s.renewSoon()
}

// forgetGone forgets the numbers of processes that are gone.
func (s *relayed) forgetGone() {
	maps.DeleteFunc(s.heard, func(id string, _ uint64) bool { return !s.relay.peers.knows(id) })
}

// newestValues hold the newest value of each series that waits for the receiver, in the order in which the series changed first.
type newestValues struct {
	values []model.TelemetryValue
	at     map[model.SeriesID]int
	// leaving are values on their way to the receiver.
	leaving []model.TelemetryValue
}

func (n *newestValues) add(values []model.TelemetryValue) {
	if n.at == nil {
		n.at = make(map[model.SeriesID]int, len(values))
	}
	for i := range values {
		if at, ok := n.at[values[i].Series]; ok {
			n.values[at] = values[i]
			continue
		}
		n.at[values[i].Series] = len(n.values)
		n.values = append(n.values, values[i])
	}
}

// waiting tells whether there are values for a delivery, and the one before has been taken.
func (n *newestValues) waiting() bool { return len(n.values) > 0 && len(n.leaving) == 0 }

// deliver lets the values leave.
func (n *newestValues) deliver() { n.leaving, n.values, n.at = n.values, nil, nil }

// head is the next batch that leaves. It belongs to the receiver when that took it.
func (n *newestValues) head() []model.TelemetryValue {
	size := min(len(n.leaving), telemetryBatch)
	return n.leaving[:size:size]
}

func (n *newestValues) taken() { n.leaving = n.leaving[min(len(n.leaving), telemetryBatch):] }
