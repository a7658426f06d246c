package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/ingest/bus"
	"github.com/shopfloor-iiot/shopfloor/model"
)

// fakeLive is what one process sees itself.
type fakeLive struct {
	mu      sync.Mutex
	values  map[model.SeriesID]model.DataValue
	changed chan struct{} // closed and made anew with each change
	runs    int           // calls of Telemetry
	running int
	rates   map[string]float64
	writers map[model.WriterKey]float64
	stats   model.IngestStatistics
}

func newFakeLive() *fakeLive {
	return &fakeLive{values: map[model.SeriesID]model.DataValue{}, changed: make(chan struct{}), rates: map[string]float64{}, writers: map[model.WriterKey]float64{}}
}

func (l *fakeLive) set(id model.SeriesID, v model.Variant) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.values[id] = model.DataValue{Value: v, SourceTimestamp: model.DateTimeOf(time.Unix(1_800_000_000, 0))}
	close(l.changed)
	l.changed = make(chan struct{})
}

// state returns all values and what is closed with the next change.
func (l *fakeLive) state() (all []model.TelemetryValue, changed <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for id, v := range l.values {
		all = append(all, model.TelemetryValue{Series: id, Path: "Objects/" + id.Field, Value: v})
	}
	return all, l.changed
}

func (l *fakeLive) watched() (runs, running int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.runs, l.running
}

func (l *fakeLive) Latest(id model.SeriesID) (model.DataValue, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	v, ok := l.values[id]
	return v, ok
}

// Telemetry delivers all values with each change.
func (l *fakeLive) Telemetry(ctx context.Context, f model.SeriesFilter, _ time.Duration) (<-chan model.TelemetryBatch, error) {
	if f.Field == "(" {
		return nil, errors.New("bad expression")
	}
	l.mu.Lock()
	l.runs++
	l.running++
	l.mu.Unlock()
	out := make(chan model.TelemetryBatch)
	go func() {
		defer close(out)
		defer func() {
			l.mu.Lock()
			l.running--
			l.mu.Unlock()
		}()
		for n := uint64(1); ; n++ {
			all, changed := l.state()
			if len(all) > 0 {
				select {
				case out <- model.TelemetryBatch{Sequence: n, Values: all}:
				case <-ctx.Done():
					return
				}
			}
			select {
			case <-changed:
			case <-ctx.Done():
				return
			}
		}
	}()
	return out, nil
}

func (l *fakeLive) Statistics() model.IngestStatistics     { return l.stats }
func (l *fakeLive) ServerRate(server string) float64       { return l.rates[server] }
func (l *fakeLive) ServerRates() map[string]float64        { return l.rates }
func (l *fakeLive) WriterRate(key model.WriterKey) float64 { return l.writers[key] }

// relayRig is a bus with processes on it.
type relayRig struct {
	t      *testing.T
	server *bus.Server
}

func newRelayRig(t *testing.T) *relayRig {
	t.Helper()
	s, err := bus.Start(bus.Config{Dir: t.TempDir(), MaxStore: 64 << 20}, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return &relayRig{t, s}
}

// process runs a relay that owns some partitions, until stop or the end of the test.
func (r *relayRig) process(name string, local *fakeLive, partitions ...int) (relay *relay, stop func()) {
	r.t.Helper()
	conn, err := r.server.Connect(name)
	if err != nil {
		r.t.Fatal(err)
	}
	own := map[int]bool{}
	for _, p := range partitions {
		own[p] = true
	}
	relay = newRelay(conn, name, local, func(p int) bool { return own[p] }, zerolog.Nop())
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		if err := relay.run(ctx); err != nil {
			r.t.Error(err)
		}
	})
	for p := range own {
		running.Go(func() { relay.servePartition(ctx, p) })
	}
	stop = sync.OnceFunc(func() {
		cancel()
		running.Wait()
		conn.Close()
	})
	r.t.Cleanup(stop)
	return relay, stop
}

// meet waits until a process knows n others.
func (r *relayRig) meet(relay *relay, n int) {
	r.t.Helper()
	waitFor(r.t, 10*time.Second, fmt.Sprint(n, " other processes"), func() error {
		known := 0
		relay.peers.each(func(*peer) { known++ })
		if known != n {
			return fmt.Errorf("%d are known", known)
		}
		return nil
	})
}

func field(name string) model.SeriesID {
	return model.SeriesID{Gateway: "g", Group: "line", Writer: "press", Field: name}
}

// viewer takes deliveries and keeps the newest value of each series.
type viewer struct {
	t        *testing.T
	in       <-chan model.TelemetryBatch
	sequence uint64
	seen     map[model.SeriesID]model.TelemetryValue
}

// until takes deliveries until ok.
func (v *viewer) until(what string, ok func() bool) {
	v.t.Helper()
	for deadline := time.After(15 * time.Second); !ok(); {
		select {
		case b, open := <-v.in:
			if !open {
				v.t.Fatalf("telemetry ended before %s", what)
			}
			if v.sequence++; b.Sequence != v.sequence || len(b.Values) == 0 {
				v.t.Fatalf("delivery %d with %d values, want number %d", b.Sequence, len(b.Values), v.sequence)
			}
			for _, value := range b.Values {
				v.seen[value.Series] = value
			}
		case <-deadline:
			v.t.Fatalf("no %s; seen: %v", what, v.seen)
		}
	}
}

func (v *viewer) has(name string, want float64) func() bool {
	return func() bool {
		value, ok := v.seen[field(name)]
		return ok && value.Value.Value.Float() == want
	}
}

func watchAll(t *testing.T, r *relay) (*viewer, context.CancelFunc) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	in, err := r.Telemetry(ctx, model.SeriesFilter{Gateway: "g"}, 10*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	return &viewer{t: t, in: in, seen: map[model.SeriesID]model.TelemetryValue{}}, cancel
}
