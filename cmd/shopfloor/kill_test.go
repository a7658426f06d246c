//go:build unix

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/shopfloor-iiot/shopfloor/edge/opcua/opcuatest"
)

const (
	killVars   = 100
	killRounds = 4
	killPeriod = 100 * time.Millisecond
	killSeries = `opcua_value{server="plant",field=~"V[0-9]+"}`
)

// stretch is a time in which one process took values of a series without a pause: each tick from first to last was acknowledged by
// JetStream. Both are Unix milliseconds of SourceTimestamp.
type stretch struct{ first, last int64 }

func (r stretch) values() int64 { return (r.last-r.first)/killPeriod.Milliseconds() + 1 }

// samples are the stored values of one series, in the order of export.
type samples struct {
	Timestamps []int64   `json:"timestamps"` // Unix milliseconds
	Values     []float64 `json:"values"`
}

// TestKillLosesNothing kills shopfloor with SIGKILL while values flow: each value that JetStream had acknowledged is stored exactly once
// after the next start.
func TestKillLosesNothing(t *testing.T) {
	plant := opcuatest.Start(t, opcuatest.Options{Vars: killVars, Period: killPeriod, Continuing: true})
	p := startProcess(t)
	since := time.Now()
	publishCounters(p, plant)
	runs := make(map[string][]stretch)
	var total int64
	for range killRounds {
		runAtRandom(p, since, runs)
		p.Kill()
		p.Restart()
		since = time.Now()
		total = auditRuns(p, runs)
	}
	t.Logf("%d kills: %d acknowledged values of %d series, each stored once", killRounds, total, len(runs))

	runAtRandom(p, since, runs)
	if code := p.Stop(); code != exitOK {
		t.Errorf("exit code %d after SIGTERM, want %d", code, exitOK)
	}
	p.Restart()
	total = auditRuns(p, runs)
	t.Logf("and after a clean stop: %d acknowledged values, each stored once", total)
}

// publishCounters publishes the plant's counting variables. The queues are long, so that a test server that is held up, which then sets
// several ticks at once, loses none of them.
func publishCounters(p *process, plant *opcuatest.Server) {
	p.t.Helper()
	p.MustQuery(nil, `mutation($url: String!) { addServer(input: {id: "plant", name: "Plant", endpointUrl: $url, securityMode: NONE}) { id } }`,
		map[string]any{"url": plant.Endpoint()})
	p.waitFor(20*time.Second, "the server is connected", func() error {
		var got struct{ Server struct{ State string } }
		if errs, err := p.Query(&got, `{ server(id: "plant") { state } }`, nil); err != nil || len(errs) > 0 {
			return fmt.Errorf("%w %v", err, errs)
		}
		if got.Server.State != "CONNECTED" {
			return errors.New(got.Server.State)
		}
		return nil
	})
	nodes := make([]any, killVars)
	for i := range nodes {
		nodes[i] = map[string]any{"nodeId": fmt.Sprintf("nsu=urn:shopfloor:plant;s=V%d", i), "queueSize": 100}
	}
	var got struct {
		Publish struct {
			Results []struct{ Field, Message string }
		}
	}
	p.MustQuery(&got, `mutation($nodes: [PublishNodeInput!]!) {
		publish(input: {server: "plant", nodes: $nodes, samplingInterval: "0s", publishingInterval: "100ms"}) { results { field message } } }`,
		map[string]any{"nodes": nodes})
	for i, r := range got.Publish.Results {
		if r.Field != "V"+strconv.Itoa(i) {
			p.t.Fatalf("publish V%d: %+v", i, r)
		}
	}
}

// runAtRandom lets values flow for a random time and adds a run to each series: from a value that this process, started at since, took to
// the newest that is known to be acknowledged. The caller ends the process at once.
func runAtRandom(p *process, since time.Time, runs map[string][]stretch) {
	p.t.Helper()
	var first map[string]int64
	p.waitFor(20*time.Second, "values of this process are stored", func() (err error) {
		if first, err = newest(p); err != nil {
			return err
		}
		for field, at := range first {
			if at <= since.UnixMilli() {
				return fmt.Errorf("newest of %s is of %s before the start", field, since.Sub(time.UnixMilli(at)))
			}
		}
		return nil
	})
	<-time.After(300*time.Millisecond + rand.N(1200*time.Millisecond))
	last, err := newest(p)
	if err != nil {
		p.t.Fatal(err)
	}
	for field, at := range first {
		runs[field] = append(runs[field], stretch{at, last[field]})
	}
}

// newest is the SourceTimestamp of the newest value of each series that the ingest core has seen. It reads from the stream, so JetStream
// has acknowledged these and, as frames keep their order, all before them.
func newest(p *process) (map[string]int64, error) {
	var got struct {
		Series struct {
			Edges []struct {
				Node struct {
					Field  string
					Latest *struct{ SourceTimestamp time.Time }
				}
			}
		}
	}
	errs, err := p.Query(&got, `{ series(filter: {server: "plant"}, first: 1000) { edges { node { field latest { sourceTimestamp } } } } }`, nil)
	if err != nil || len(errs) > 0 {
		return nil, fmt.Errorf("newest values: %w %v", err, errs)
	}
	at := make(map[string]int64, killVars)
	for _, e := range got.Series.Edges {
		if e.Node.Latest == nil {
			return nil, fmt.Errorf("%s has no value", e.Node.Field)
		}
		at[e.Node.Field] = e.Node.Latest.SourceTimestamp.UnixMilli()
	}
	if len(at) != killVars {
		return nil, fmt.Errorf("%d series, want %d", len(at), killVars)
	}
	return at, nil
}

// auditRuns waits for the stream to be drained and compares what is stored with the runs. It returns how many values these have. It polls
// because new rows can be searched only a moment after they were written; a lost or doubled one does not go away by that.
func auditRuns(p *process, runs map[string][]stretch) (values int64) {
	p.t.Helper()
	p.waitFor(20*time.Second, "the backlog is drained", func() error {
		var got struct {
			Platform struct {
				Ingest struct {
					Backlog, DeadFrames, ScreenedValues int64 `json:",string"`
				}
			}
		}
		errs, err := p.Query(&got, `{ platform { ingest { backlog deadFrames screenedValues } } }`, nil)
		if in := got.Platform.Ingest; err != nil || len(errs) > 0 || in.Backlog+in.DeadFrames+in.ScreenedValues != 0 {
			return fmt.Errorf("%+v %w %v", in, err, errs)
		}
		return nil
	})
	p.waitFor(10*time.Second, "each acknowledged value is stored once", func() error {
		values = 0
		stored, err := export(p)
		if err != nil {
			return err
		}
		for field, of := range runs {
			if err := auditSeries(field, stored[field], of); err != nil {
				return fmt.Errorf("%s: %w", field, err)
			}
			for _, r := range of {
				values += r.values()
			}
		}
		return auditQueries(p, stored, runs)
	})
	return values
}

// auditSeries wants each value at its tick, no tick twice, and none missing but between two runs.
func auditSeries(field string, got samples, runs []stretch) error {
	i, err := strconv.ParseInt(field[1:], 10, 64)
	if err != nil {
		return err
	}
	step := killPeriod.Milliseconds()
	for k, at := range got.Timestamps {
		if want := float64(at/step + i); at%step != 0 || got.Values[k] != want {
			return fmt.Errorf("%v at %d, want %v", got.Values[k], at, want)
		}
		if k > 0 && at <= got.Timestamps[k-1] {
			return fmt.Errorf("%d comes after %d: stored twice", at, got.Timestamps[k-1])
		}
	}
	for n, r := range runs {
		from, found := slices.BinarySearch(got.Timestamps, r.first)
		to, foundLast := slices.BinarySearch(got.Timestamps, r.last)
		if !found || !foundLast || int64(to-from+1) != r.values() {
			return fmt.Errorf("run %d, from %d (found: %t) to %d (found: %t), has %d values, want %d", n, r.first, found, r.last, foundLast, to-from+1, r.values())
		}
	}
	return nil
}

// auditQueries wants that the functions of the query language see what export sees, from the first run to the end of the last.
func auditQueries(p *process, stored map[string]samples, runs map[string][]stretch) error {
	var from, to int64
	for _, of := range runs {
		from, to = max(from, of[0].first), max(to, of[len(of)-1].last)
	}
	for function, fold := range map[string]func([]float64) float64{
		"count_over_time": func(v []float64) float64 { return float64(len(v)) },
		"sum_over_time": func(v []float64) (sum float64) { // whole numbers below 2^53: exact
			for _, x := range v {
				sum += x
			}
			return sum
		},
	} {
		// The window is open on its left.
		series, err := p.Prometheus(fmt.Sprintf("%s(%s[%dms])", function, killSeries, to-from+1), time.UnixMilli(to))
		if err != nil {
			return err
		}
		if len(series) != killVars {
			return fmt.Errorf("%s: %d series, want %d", function, len(series), killVars)
		}
		for _, s := range series {
			all := stored[s.Metric["field"]]
			begin, _ := slices.BinarySearch(all.Timestamps, from)
			end, _ := slices.BinarySearch(all.Timestamps, to+1)
			if want := fold(all.Values[begin:end]); s.Value[1] != strconv.FormatFloat(want, 'f', -1, 64) {
				return fmt.Errorf("%s of %s is %v, export has %.0f", function, s.Metric["field"], s.Value[1], want)
			}
		}
	}
	return nil
}

// export reads the raw samples of the counters by field.
func export(p *process) (map[string]samples, error) {
	r, err := http.Get(p.URL + "/prometheus/api/v1/export?" + url.Values{"match[]": {killSeries}}.Encode())
	if err != nil {
		return nil, err
	}
	defer r.Body.Close()
	if r.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("export: %s", r.Status)
	}
	stored := make(map[string]samples, killVars)
	for lines := json.NewDecoder(r.Body); ; {
		var line struct {
			Metric map[string]string `json:"metric"`
			samples
		}
		if err := lines.Decode(&line); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, fmt.Errorf("export: %w", err)
		}
		field := line.Metric["field"]
		if _, twice := stored[field]; twice {
			return nil, fmt.Errorf("%s is two series, the second is %v", field, line.Metric)
		}
		stored[field] = line.samples
	}
	if len(stored) != killVars {
		return nil, fmt.Errorf("export has %d series, want %d: %v", len(stored), killVars, slices.Sorted(maps.Keys(stored)))
	}
	return stored, nil
}
