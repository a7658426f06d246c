//go:build unix

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// plantWatch is a GraphQL subscription to the first field of each of the plant's writers, over Server-Sent Events from one process.
type plantWatch struct {
	t      *testing.T
	plant  *counterPlant
	cancel context.CancelFunc
	ended  sync.WaitGroup

	mu   sync.Mutex
	seen map[string]seenValue // by series
	// sequence is that of the last delivery.
	sequence int64
	// silence is the longest time without a new value of a series since the last call of waitTakeOver.
	silence time.Duration
	err     error
}

// seenValue is the largest value of a series that was seen, and when.
type seenValue struct {
	value float64
	at    time.Time
}

func watchPlant(t *testing.T, p *process, plant *counterPlant) *plantWatch {
	t.Helper()
	body, err := json.Marshal(map[string]any{
		"query":     `subscription($f: SeriesFilter!) { telemetry(filter: $f, maxRate: 10) { sequence values { series value { value } } } }`,
		"variables": map[string]any{"f": map[string]any{"gateway": scaleGateway, "field": "f0"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.URL+"/graphql", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "text/event-stream")
	r, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	w := &plantWatch{t: t, plant: plant, cancel: cancel, seen: map[string]seenValue{}}
	w.ended.Go(func() {
		defer r.Body.Close()
		lines := bufio.NewScanner(r.Body)
		lines.Buffer(nil, 16<<20)
		for lines.Scan() {
			if data, ok := strings.CutPrefix(lines.Text(), "data:"); ok && strings.TrimSpace(data) != "" {
				w.take([]byte(data))
			}
		}
		if ctx.Err() == nil {
			w.fail(fmt.Errorf("the subscription ended: status %d, %w", r.StatusCode, lines.Err()))
		}
	})
	t.Cleanup(w.Stop)
	return w
}

func (w *plantWatch) fail(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err == nil {
		w.err = err
	}
}

func (w *plantWatch) take(data []byte) {
	var event struct {
		Data struct {
			Telemetry struct {
				Sequence int64 `json:",string"`
				Values   []struct {
					Series string
					Value  struct{ Value float64 }
				}
			}
		}
	}
	if err := json.Unmarshal(data, &event); err != nil {
		w.fail(fmt.Errorf("%s: %w", data, err))
		return
	}
	now := time.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	batch := event.Data.Telemetry
	if batch.Sequence != w.sequence+1 && w.err == nil {
		w.err = fmt.Errorf("delivery %d after %d", batch.Sequence, w.sequence)
	}
	w.sequence = batch.Sequence
	for _, v := range batch.Values {
		last, known := w.seen[v.Series]
		if v.Value.Value <= last.value {
			continue
		}
		if w.seen[v.Series] = (seenValue{v.Value.Value, now}); known {
			w.silence = max(w.silence, now.Sub(last.at))
		}
	}
}

// waitAll waits until values of all series are seen that are published from now on.
func (w *plantWatch) waitAll(what string) {
	w.t.Helper()
	from := float64(w.plant.ticks.Load())
	waitFor(w.t, 30*time.Second, what, func() error { return w.beyond(from) })
}

// beyond returns nil when a value over from was seen of each series.
func (w *plantWatch) beyond(from float64) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil {
		w.t.Fatal(w.err)
	}
	if len(w.seen) != len(w.plant.writers) {
		return fmt.Errorf("%d of %d series are seen", len(w.seen), len(w.plant.writers))
	}
	behind := 0
	for _, v := range w.seen {
		if v.value <= from {
			behind++
		}
	}
	if behind > 0 {
		return fmt.Errorf("%d of %d series show no value after %.0f", behind, len(w.seen), from)
	}
	return nil
}

// waitTakeOver calls end, waits until all series go on, and returns how long the one that was silent longest was.
func (w *plantWatch) waitTakeOver(end func()) time.Duration {
	w.t.Helper()
	w.mu.Lock()
	w.silence = 0
	w.mu.Unlock()
	end()
	w.waitAll("all series go on")
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.silence
}

// Stop ends the subscription.
func (w *plantWatch) Stop() {
	w.cancel()
	w.ended.Wait()
}

// waitLatest waits until one process knows recent values of all series, also of those that others take.
func waitLatest(t *testing.T, p *process, plant *counterPlant) {
	t.Helper()
	from := float64(plant.ticks.Load())
	waitFor(t, 30*time.Second, "the newest values of all series are known to one process", func() error {
		var got struct {
			Series struct {
				Edges []struct {
					Node struct {
						ID     string
						Latest *struct{ Value float64 }
					}
				}
			}
		}
		errs, err := p.Query(&got, `query($g: String!) { series(filter: {gateway: $g}, first: 1000) { edges { node { id latest { value } } } } }`,
			map[string]any{"g": scaleGateway})
		if err != nil || len(errs) > 0 {
			return fmt.Errorf("%w %v", err, errs)
		}
		if n := len(got.Series.Edges); n != len(plant.writers)*scaleFields {
			return fmt.Errorf("%d series, want %d", n, len(plant.writers)*scaleFields)
		}
		for _, e := range got.Series.Edges {
			if e.Node.Latest == nil || e.Node.Latest.Value <= from {
				return fmt.Errorf("%s: %+v, want a value after %.0f", e.Node.ID, e.Node.Latest, from)
			}
		}
		return nil
	})
}
