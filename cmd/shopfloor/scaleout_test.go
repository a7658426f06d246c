//go:build unix

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/ingest/bus"
	"github.com/shopfloor-iiot/shopfloor/ingest/victoria/victoriatest"
)

// scaleRig is a bus and a VictoriaMetrics for processes that share the work.
type scaleRig struct {
	t        testing.TB
	server   *bus.Server
	conn     *bus.Conn
	url      string
	password string // file
	victoria *victoriatest.Process
}

func newScaleRig(t testing.TB, victoriaFlags ...string) *scaleRig {
	t.Helper()
	const password = "scale-out"
	server, err := bus.Start(bus.Config{Dir: t.TempDir(), MaxStore: 1 << 30, Listen: "127.0.0.1:0", Password: password}, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
	})
	r := &scaleRig{t: t, server: server, url: server.URL(), password: filepath.Join(t.TempDir(), "password")}
	if err := os.WriteFile(r.password, []byte(password), 0o600); err != nil {
		t.Fatal(err)
	}
	if r.conn, err = server.Connect("test"); err != nil {
		t.Fatal(err)
	}
	if err := bus.EnsureStreams(t.Context(), r.conn, bus.StreamsConfig{MaxBytes: 1 << 30}); err != nil {
		t.Fatal(err)
	}
	r.victoria = victoriatest.Start(t, t.TempDir(), append(victoriaFlags, "-loggerLevel=ERROR")...)
	return r
}

// startCore runs one process of the core.
func (r *scaleRig) startCore(name string, args ...string) *process {
	r.t.Helper()
	p := &process{t: r.t, args: append([]string{
		"core", "--data", filepath.Join(r.t.TempDir(), "data"), "--http", "127.0.0.1:0", "--log-format", "json", "--name", name,
		"--bus-url", r.url, "--bus-password-file", r.password, "--stream-max-bytes", strconv.Itoa(1 << 30),
		"--store-write", r.victoria.URL + "/api/v1/write", "--store-read", r.victoria.URL,
	}, args...)}
	r.t.Cleanup(func() {
		p.Kill()
		if r.t.Failed() {
			r.t.Logf("log of %s:\n%s", name, lastLines(p.log.String(), 60))
		}
	})
	p.start()
	return p
}

// ownMetric reads one of a process' own metrics.
func (p *process) ownMetric(name string) (float64, error) {
	code, page := p.Get("/metrics")
	if code != http.StatusOK {
		return 0, fmt.Errorf("metrics: %d %.100s", code, page)
	}
	m := regexp.MustCompile(`(?m)^` + name + ` (\S+)$`).FindStringSubmatch(page)
	if m == nil {
		return 0, fmt.Errorf("no metric %s", name)
	}
	return strconv.ParseFloat(m[1], 64)
}

// waitShares waits until the processes hold all partitions, in equal shares.
func (r *scaleRig) waitShares(processes ...*process) time.Duration {
	r.t.Helper()
	begin := time.Now()
	share := (bus.Partitions + len(processes) - 1) / len(processes)
	waitFor(r.t, 30*time.Second, fmt.Sprint(len(processes), " processes hold all partitions"), func() error {
		held := make([]float64, len(processes))
		sum := 0.0
		for i, p := range processes {
			var err error
			if held[i], err = p.ownMetric("shopfloor_leases_held"); err != nil {
				return err
			}
			sum += held[i]
			if held[i] > float64(share) {
				return fmt.Errorf("shares %v", held)
			}
		}
		if sum != bus.Partitions {
			return fmt.Errorf("shares %v", held)
		}
		return nil
	})
	return time.Since(begin)
}

// TestScaleOut lets several processes share the frames of one bus into one VictoriaMetrics, kills, stops and starts them while values flow,
// and VictoriaMetrics too: each value that the stream took is stored exactly once, and all processes see the live values of all.
func TestScaleOut(t *testing.T) {
	r := newScaleRig(t, "-inmemoryDataFlushInterval=1s")
	a, b := r.startCore("core-a"), r.startCore("core-b")
	r.waitShares(a, b)
	plant := startPlant(t, r.conn)
	live := watchPlant(t, a, plant)
	live.waitAll("values of both processes' partitions are seen by one")
	waitLatest(t, b, plant)

	c := r.startCore("core-c")
	t.Logf("a process that joins has its share after %s", r.waitShares(a, b, c))
	live.waitAll("values of the process that joined are seen")

	others := []*process{b, c}
	for i := range long(1, 9) {
		<-time.After(rand.N(time.Second))
		t.Logf("kill -9 of a process: no live value of its partitions for %s at most", live.waitTakeOver(others[i%2].Kill))
		others[i%2].Restart()
		r.waitShares(a, b, c)
		switch i % 4 {
		case 1:
			if err := r.server.Restart(); err != nil {
				t.Fatal(err)
			}
			live.waitAll("values go on after the bus was restarted")
			r.waitShares(a, b, c)
		case 2:
			r.victoria.Kill()
			r.victoria.Restart()
		}
	}
	live.Stop()

	live = watchPlant(t, b, plant)
	live.waitAll("values of all partitions are seen by another process")
	t.Logf("a clean stop: no live value of its partitions for %s at most", live.waitTakeOver(func() {
		if code := a.Stop(); code != exitOK {
			t.Errorf("exit code %d after SIGTERM, want %d", code, exitOK)
		}
	}))

	<-time.After(rand.N(time.Second))
	r.victoria.Kill()
	r.victoria.Restart()
	live.waitAll("values go on after VictoriaMetrics was killed")
	waitFor(t, 30*time.Second, "all go back to their checkpoints, because VictoriaMetrics lost rows", func() error {
		for _, p := range []*process{b, c} {
			rewinds, err := p.ownMetric("shopfloor_ingest_rewinds_total")
			if held, errHeld := p.ownMetric("shopfloor_leases_held"); err != nil || errHeld != nil || rewinds < held {
				return fmt.Errorf("%v of %v partitions went back, %w", rewinds, held, errors.Join(err, errHeld))
			}
		}
		return nil
	})
	waitLatest(t, c, plant)
	live.Stop()
	ticks := plant.Stop()
	t.Logf("%d values of %d series audited: each stored once, in order", r.audit(plant, ticks, b, c), len(plant.writers)*scaleFields)
}

// audit waits until all that the plant published is stored, and wants each value once, at its time. It returns how many there are.
func (r *scaleRig) audit(plant *counterPlant, ticks int64, processes ...*process) (values int64) {
	r.t.Helper()
	waitFor(r.t, 40*time.Second, "the backlog is drained", func() error {
		for _, p := range processes {
			backlog, err := p.ownMetric("shopfloor_ingest_backlog_frames")
			if err != nil {
				return err
			}
			dead, err := p.ownMetric("shopfloor_ingest_dead_frames_total")
			if err != nil || backlog+dead > 0 {
				return fmt.Errorf("backlog %v, dead frames %v, %w", backlog, dead, err)
			}
		}
		return nil
	})
	// What was written is found by queries a moment later.
	waitFor(r.t, 40*time.Second, "each value is stored once", func() error {
		r.victoria.Flush()
		stored, err := r.export(`opcua_value{gateway="` + scaleGateway + `"}`)
		if err != nil {
			return err
		}
		if len(stored) != len(plant.writers)*scaleFields {
			return fmt.Errorf("%d series, want %d", len(stored), len(plant.writers)*scaleFields)
		}
		values = 0
		for name, s := range stored {
			if err := auditCounter(plant, s, ticks); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			values += int64(len(s.Values))
		}
		return nil
	})
	return values
}

// auditCounter wants the numbers from 1 to ticks, each at its time.
func auditCounter(plant *counterPlant, s samples, ticks int64) error {
	for i, v := range s.Values {
		n := int64(i) + 1
		switch {
		case v != float64(n) && i > 0 && s.Timestamps[i] == s.Timestamps[i-1]:
			return fmt.Errorf("%v is stored twice", s.Values[i-1])
		case v != float64(n):
			return fmt.Errorf("place %d has %v: %v values are lost", n, v, v-float64(n))
		case s.Timestamps[i] != plant.at(n):
			return fmt.Errorf("%v is at %d, want %d", v, s.Timestamps[i], plant.at(n))
		}
	}
	if int64(len(s.Values)) != ticks {
		return fmt.Errorf("%d values, want %d", len(s.Values), ticks)
	}
	return nil
}

// export reads raw samples from VictoriaMetrics itself.
func (r *scaleRig) export(match string) (map[string]samples, error) {
	resp, err := http.Get(r.victoria.URL + "/api/v1/export?" + url.Values{"match[]": {match}}.Encode())
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("export: %s", resp.Status)
	}
	stored := map[string]samples{}
	for lines := json.NewDecoder(resp.Body); ; {
		var line struct {
			Metric map[string]string `json:"metric"`
			samples
		}
		if err := lines.Decode(&line); errors.Is(err, io.EOF) {
			return stored, nil
		} else if err != nil {
			return nil, fmt.Errorf("export: %w", err)
		}
		name := strings.Join([]string{line.Metric["gateway"], line.Metric["group"], line.Metric["writer"], line.Metric["field"]}, "/")
		if _, twice := stored[name]; twice {
			return nil, fmt.Errorf("%s is two series, the second is %v", name, line.Metric)
		}
		stored[name] = line.samples
	}
}
