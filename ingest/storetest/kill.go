package storetest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/shopfloor-iiot/shopfloor/ingest"
)

// EnvLong is the environment variable with how long TestKills goes on, for instance "10m". Without it there is one round.
const EnvLong = "STORETEST_LONG"

// TestKills writes to the server, kills it with SIGKILL at random moments, and expects that nothing is lost: not of what was durable by
// the rules of ingest.Delayed and so is never sent again, and not of the rest, which is sent again after ErrRowsLost. A round takes some
// six seconds more than the store's Delay.
func TestKills(t *testing.T, open OpenDelayed) {
	long := time.Duration(0)
	if text := os.Getenv(EnvLong); text != "" {
		var err error
		if long, err = time.ParseDuration(text); err != nil {
			t.Fatalf("%s: %v", EnvLong, err)
		}
	}
	store, reader, server, closeStore := open(t, t.TempDir())
	defer closeStore()
	w := newWriter(t, store)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		w.run(ctx)
	}()
	stop := func() {
		cancel()
		<-ended
	}
	defer stop()

	for end := time.Now().Add(long); ; {
		// Late enough that something has become durable, and that rows of every age are in danger.
		before, rewinds := w.durable.Load(), w.rewinds.Load()
		await(t, 3*store.Delay()+answerTimeout, "a checkpoint", func() bool { return w.durable.Load() > before })
		for range 2 {
			wait(rand.N(3 * time.Second))
			server.Kill()
			wait(rand.N(300 * time.Millisecond))
			server.Restart()
		}
		restarted, durable := time.Now(), w.durable.Load()
		await(t, answerTimeout, "ErrRowsLost and all rows again", func() bool {
			settled := w.settled.Load()
			return w.rewinds.Load() > rewinds && settled != nil && settled.After(restarted)
		})
		written := w.written.Load()
		server.Flush()
		lost, rows := w.audit(t, reader, written)
		t.Logf("%d rows in %d batches, %d batches durable at the kill, %d rewinds, %d rows lost", rows, written, durable, w.rewinds.Load()-rewinds, lost)
		if lost > 0 {
			t.Fatalf("%d of %d rows are lost or changed", lost, rows)
		}
		if !time.Now().Before(end) {
			return
		}
	}
}

const (
	batchTime   = 10 * time.Millisecond // between batches, and between the samples of a series
	constant    = 20                    // series with a sample in every batch
	fresh       = 5                     // further series, which are new ones after some batches, so that the index is in danger too
	freshFor    = 50                    // batches
	checkpoints = 250 * time.Millisecond
)

// writer appends numbered batches as the core does: it remembers when it appended what, takes as durable what is older than Delay at a
// good checkpoint, and goes back to there when rows are lost.
type writer struct {
	t     *testing.T
	store ingest.Delayed
	start int64 // time of the first sample
	names [constant + fresh][]byte
	rows  []ingest.Row
	sent  []sent

	next uint64 // batch
	// durable and written are numbers of batches: those before them are durable, and appended.
	durable, written, rewinds atomic.Uint64
	// settled is when the last checkpoint was asked for that was good while nothing was to be sent again.
	settled atomic.Pointer[time.Time]
}

// sent says that all batches before next were appended by a time.
type sent struct {
	next uint64
	at   time.Time
}

func newWriter(t *testing.T, store ingest.Delayed) *writer {
	w := &writer{t: t, store: store, start: startOfTests()}
	for i := range constant {
		w.names[i] = store.AppendName(nil, "kill", seriesLabels(0, i))
	}
	return w
}

// seriesLabels name a series: one of generation 0 is in all batches.
func seriesLabels(generation uint64, i int) []ingest.Label {
	return []ingest.Label{{Name: "generation", Value: fmt.Sprint(generation)}, {Name: "i", Value: fmt.Sprint(i)}}
}

func (w *writer) run(ctx context.Context) {
	tick := time.NewTicker(batchTime)
	defer tick.Stop()
	for checkpoint := time.Now(); ; {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if time.Since(checkpoint) > checkpoints {
			checkpoint = time.Now()
			w.checkpoint(ctx)
		}
		w.append(ctx)
	}
}

// append writes the next batch; after a rewind all of those that were written once.
func (w *writer) append(ctx context.Context) {
	for first := true; ctx.Err() == nil && (first || w.next < w.written.Load()); first = false {
		w.fill(w.next)
		if err := w.store.Append(w.rows); err != nil {
			return
		}
		w.next++
		w.sent = append(w.sent, sent{w.next, time.Now()})
	}
	w.written.Store(max(w.written.Load(), w.next))
}

// fill makes the rows of a batch.
func (w *writer) fill(batch uint64) {
	generation := 1 + batch/freshFor
	for i := constant; i < len(w.names); i++ {
		w.names[i] = w.store.AppendName(w.names[i][:0], "kill", seriesLabels(generation, i))
	}
	w.rows = w.rows[:0]
	for _, name := range w.names {
		w.rows = append(w.rows, ingest.Row{Name: name, Time: w.time(batch), Value: float64(batch)})
	}
}

func (w *writer) time(batch uint64) int64 { return w.start + int64(batch)*batchTime.Milliseconds() }

func (w *writer) checkpoint(ctx context.Context) {
	called := time.Now()
	err := w.store.Checkpoint(ctx)
	if err == nil && w.next >= w.written.Load() {
		w.settled.Store(&called)
	}
	switch {
	case errors.Is(err, ingest.ErrRowsLost):
		w.rewinds.Add(1)
		w.next, w.sent = w.durable.Load(), nil
	case err == nil:
		delay := w.store.Delay()
		for len(w.sent) > 0 && called.Sub(w.sent[0].at) >= delay {
			w.durable.Store(w.sent[0].next)
			w.sent = w.sent[1:]
		}
	}
}

// audit reads all rows of the batches before end, and returns how many are missing or have another value.
func (w *writer) audit(t *testing.T, reader ingest.Reader, end uint64) (lost, rows int) {
	t.Helper()
	check := func(generation uint64, i int, from, to uint64) {
		match := []ingest.Matcher{}
		for _, l := range seriesLabels(generation, i) {
			match = append(match, ingest.Matcher{Name: l.Name, Value: l.Value})
		}
		r := ingest.Range{From: at(w.time(from)), To: at(w.time(to)), Limit: 1_000_000}
		samples, err := reader.Samples(testContext(t), "kill", match, r)
		if err != nil {
			t.Fatal(err)
		}
		have := make(map[ingest.Sample]int, len(samples))
		for _, s := range samples {
			have[s]++
		}
		for batch := from; batch < to; batch++ {
			rows++
			if have[ingest.Sample{Time: w.time(batch), Value: float64(batch)}] != 1 {
				lost++
			}
		}
	}
	for i := range constant {
		check(0, i, 0, end)
	}
	for from := uint64(0); from < end; from += freshFor {
		for i := constant; i < constant+fresh; i++ {
			check(1+from/freshFor, i, from, min(end, from+freshFor))
		}
	}
	return lost, rows
}

// await waits until done, which it asks often.
func await(t *testing.T, limit time.Duration, what string, done func() bool) {
	t.Helper()
	deadline := time.After(limit)
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for !done() {
		select {
		case <-again.C:
		case <-deadline:
			t.Fatalf("waited %s for %s", limit, what)
		}
	}
}

// wait lets time pass: the moment of a kill is to be a random one.
func wait(d time.Duration) { <-time.After(d) }
