package main

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

const (
	// watchLease is how long a watch lives after the last request for it. Requests come three times as often.
	watchLease = 10 * time.Second
	// maxWatches bounds the subscriptions of other processes that this one serves.
	maxWatches = 4096
	// watchBytes is the size from which on a message is sent.
	watchBytes = 128 << 10
	// maxFirst is how long the values that a watch begins with may take at most; see watchValues.First.
	maxFirst = time.Second
)

// watchMessage asks all processes to send telemetry to one of them. It is said again while it is wanted, so that it holds for
// processes that come later.
type watchMessage struct {
	From string `json:"from"`
	// ID is the topic to send to.
	ID string `json:"id"`
	// Epoch rises when something was lost: each process then begins anew, with all values that there are.
	Epoch    uint64             `json:"epoch"`
	Filter   model.SeriesFilter `json:"filter"`
	Interval time.Duration      `json:"interval"`
	End      bool               `json:"end,omitempty"`
}

// watchValues are values for a watch. Of each series only the newest one counts.
type watchValues struct {
	From  string `json:"from"`
	Epoch uint64 `json:"epoch"`
	// Number counts the messages of a process for a watch from 1: a hole says that one was lost.
	Number uint64 `json:"number"`
	// First marks what there was when the watch began, which is wanted at once and not with the next interval.
	First  bool         `json:"first,omitempty"`
	Values []watchValue `json:"values"`
}

type watchValue struct {
	Series model.SeriesID  `json:"s"`
	Path   string          `json:"p,omitempty"`
	Value  model.DataValue `json:"v"`
}

type watchKey struct{ from, id string }

// watch is a subscription of another process.
type watch struct {
	epoch  uint64
	until  time.Time
	cancel context.CancelFunc
}

// watches are the subscriptions of other processes that run here.
type watches struct {
	mu      sync.Mutex
	running map[watchKey]*watch
	workers sync.WaitGroup
}

func (ws *watches) count() int {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	return len(ws.running)
}

// expire ends those that nobody asks for any more.
func (ws *watches) expire(now time.Time) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	for key, w := range ws.running {
		if now.After(w.until) {
			w.cancel()
			delete(ws.running, key)
		}
	}
}

// wait ends all and returns when they have ended.
func (ws *watches) wait() {
	ws.mu.Lock()
	for key, w := range ws.running {
		w.cancel()
		delete(ws.running, key)
	}
	ws.mu.Unlock()
	ws.workers.Wait()
}

// serveWatch does what another process asks for. It is called by one goroutine.
func (r *relay) serveWatch(ctx context.Context, body []byte) {
	var m watchMessage
	if json.Unmarshal(body, &m) != nil || m.From == "" || m.From == r.id {
		return
	}
	key := watchKey{m.From, m.ID}
	ws := &r.watches
	ws.mu.Lock()
	defer ws.mu.Unlock()
	old := ws.running[key]
	switch {
	case old != nil && old.epoch == m.Epoch && !m.End:
		old.until = time.Now().Add(watchLease)
		return
	case old != nil:
		old.cancel()
		delete(ws.running, key)
	}
	if m.End {
		return
	}
	if len(ws.running) >= maxWatches {
		r.refused.Add(1)
		return
	}
	ctx, cancel := context.WithCancel(ctx)
	updates, err := r.local.Telemetry(ctx, m.Filter, m.Interval)
	if err != nil {
		// The one who asks took the same filter; this process may be of another version.
		r.log.Debug().Err(err).Str("process", m.From).Msg("telemetry for another process refused")
		r.refused.Add(1)
		cancel()
		return
	}
	ws.running[key] = &watch{epoch: m.Epoch, until: time.Now().Add(watchLease), cancel: cancel}
	s := watchSender{relay: r, key: key, message: watchValues{From: r.id, Epoch: m.Epoch}}
	s.firstUntil = time.Now().Add(min(maxFirst, m.Interval/2))
	ws.workers.Go(func() {
		for b := range updates { // until ctx ends
			s.deliver(b.Values)
		}
	})
}

// watchSender sends the values of one watch. It belongs to one goroutine.
type watchSender struct {
	relay      *relay
	key        watchKey
	message    watchValues
	firstUntil time.Time
	values     []byte // encoded, with commas
}

// deliver sends values in messages of a good size. It does not wait for the one who asked: what is lost on the way is noticed there.
func (s *watchSender) deliver(values []model.TelemetryValue) {
	limit := s.relay.conn.MaxMessage() - watchBytes
	for i := range values {
		v := &values[i]
		b, err := json.Marshal(watchValue{Series: v.Series, Path: v.Path, Value: v.Value})
		if err != nil || len(b) > limit {
			s.relay.sendErrors.Add(1) // a value that no message holds
			continue
		}
		if len(s.values) > 0 {
			s.values = append(s.values, ',')
		}
		if s.values = append(s.values, b...); len(s.values) >= watchBytes {
			s.send()
		}
	}
	if len(s.values) > 0 {
		s.send()
	}
}

func (s *watchSender) send() {
	s.message.Number++
	s.message.First = time.Now().Before(s.firstUntil)
	head, err := json.Marshal(&s.message)
	if err == nil {
		// The list of values is empty in head and the last thing there.
		body := append(head[:len(head)-len("null}")], '[')
		body = append(append(body, s.values...), "]}"...)
		err = s.relay.conn.SendTo(s.key.from, s.key.id, body)
	}
	s.relay.send(err)
	s.values = s.values[:0]
}
