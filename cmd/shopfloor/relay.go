package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/graph"
	"github.com/shopfloor-iiot/shopfloor/ingest/bus"
	"github.com/shopfloor-iiot/shopfloor/model"
)

var _ graph.Live = (*relay)(nil)

// relay is what all processes that share the partitions see now: it joins what this process sees itself with what the others tell.
//
//   - Every second each process broadcasts what it has done and its rates.
//   - Telemetry is asked of all others by a broadcast, again and again while it runs: each sends what it sees, to the asking process
//     alone, and stops some seconds after the last request.
//   - A newest value is asked of the process that owns the writer's partition.
//
// Nothing of it is stored, and nobody waits for anybody: a process that dies or joins is noticed by what is said next.
type relay struct {
	id    string // of this start of this process
	conn  *bus.Conn
	local localLive
	// owns tells whether this process holds a partition.
	owns func(partition int) bool
	log  zerolog.Logger

	peers   peers
	askers  [bus.Partitions]asker
	watches watches

	mu            sync.Mutex
	subscriptions map[*relayed]struct{}

	sent, sendErrors, gaps, refused atomic.Uint64
}

// localLive is what this process sees itself.
type localLive interface {
	graph.Live
	ServerRates() map[string]float64
}

var _ localLive = ownLive{}

// Topics of broadcasts.
const (
	topicRates = "rates" // a ratesMessage
	topicWatch = "watch" // a watchMessage
)

// relayBeat is the time between two broadcasts of the rates.
const relayBeat = time.Second

func newRelay(conn *bus.Conn, name string, local localLive, owns func(int) bool, log zerolog.Logger) *relay {
	r := &relay{
		id: name[:min(len(name), 100)] + "-" + rand.Text()[:10], conn: conn, local: local, owns: owns, log: log,
		subscriptions: map[*relayed]struct{}{},
	}
	r.peers.heard = map[string]*peer{}
	r.watches.running = map[watchKey]*watch{}
	for p := range r.askers {
		r.askers[p] = asker{relay: r, partition: p, asks: make(chan *question, maxAsks)}
	}
	return r
}

// run takes part until ctx ends. It returns an error when the connection is closed.
func (r *relay) run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	var parts sync.WaitGroup
	defer parts.Wait()
	defer cancel()
	rates, err := r.conn.ListenAll(ctx, topicRates)
	if err != nil {
		return err
	}
	watching, err := r.conn.ListenAll(ctx, topicWatch)
	if err != nil {
		return err
	}
	for p := range r.askers {
		parts.Go(func() { r.askers[p].run(ctx) })
	}
	defer r.leave()
	defer r.watches.wait()
	beat := time.NewTicker(relayBeat)
	defer beat.Stop()
	r.announce()
	for {
		var body []byte
		ok := true
		select {
		case <-ctx.Done():
			return nil
		case now := <-beat.C:
			r.announce()
			r.peers.expire(now)
			r.watches.expire(now)
		case body, ok = <-rates.Messages():
			r.hear(body)
		case body, ok = <-watching.Messages():
			r.serveWatch(ctx, body)
		}
		if !ok && ctx.Err() == nil {
			return errors.New("live values of other processes: connection closed")
		}
	}
}

// send counts what could not be sent: nobody waits for it, and what is said next makes up for it.
func (r *relay) send(err error) bool {
	if err != nil {
		r.sendErrors.Add(1)
		r.log.Debug().Err(err).Msg("message to other processes not sent")
		return false
	}
	r.sent.Add(1)
	return true
}

// servePartition answers what other processes ask the owner of a partition, until ctx ends.
func (r *relay) servePartition(ctx context.Context, partition int) {
	if err := r.conn.ServePartition(ctx, partition, r.answer); err != nil {
		r.log.Warn().Err(err).Int("partition", partition).Msg("other processes cannot ask for live values")
	}
}

// Statistics implements graph.Live: the sums over all processes. Each counts since its own start, and what was read again after a
// take-over counts again.
func (r *relay) Statistics() model.IngestStatistics {
	s := r.local.Statistics()
	r.peers.each(func(p *peer) {
		o := &p.statistics
		s.ValuesPerSecond += o.ValuesPerSecond
		s.Values += o.Values
		s.Frames += o.Frames
		s.DeadFrames += o.DeadFrames
		s.ScreenedValues += o.ScreenedValues
		s.Backlog += o.Backlog
		s.Series += o.Series
		s.Checkpoint = lowest(s.Checkpoint, o.Checkpoint)
	})
	return s
}

// lowest is the lower one of two checkpoints. A process that holds no partition has none.
func lowest(a, b uint64) uint64 {
	if a == 0 || b == 0 {
		return max(a, b)
	}
	return min(a, b)
}

// ServerRate implements graph.Live.
func (r *relay) ServerRate(server string) float64 {
	rate := r.local.ServerRate(server)
	r.peers.each(func(p *peer) { rate += p.servers[server] })
	return rate
}

// writeMetrics writes what the relay does in Prometheus' text form.
func (r *relay) writeMetrics(w io.Writer) {
	peers := 0
	r.peers.each(func(*peer) { peers++ })
	r.mu.Lock()
	subscriptions := len(r.subscriptions)
	r.mu.Unlock()
	for _, m := range []struct {
		name  string
		value uint64
	}{
		{"shopfloor_relay_peers", uint64(peers)},
		{"shopfloor_relay_subscriptions", uint64(subscriptions)},
		{"shopfloor_relay_watches", uint64(r.watches.count())},
		{"shopfloor_relay_watches_refused_total", r.refused.Load()},
		{"shopfloor_relay_messages_sent_total", r.sent.Load()},
		{"shopfloor_relay_send_errors_total", r.sendErrors.Load()},
		{"shopfloor_relay_gaps_total", r.gaps.Load()},
	} {
		fmt.Fprintf(w, "%s %d\n", m.name, m.value)
	}
}
