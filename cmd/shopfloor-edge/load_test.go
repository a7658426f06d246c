package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

const (
	loadWriterNodes = 500
	loadSeries      = `opcua_value{server="load"}`
)

// load is a core, a gateway, and an OPC UA server in a third process whose variables count the values that they are sampled for, ten a second.
type load struct {
	t     testing.TB
	core  core
	edge  *program
	nodes int
}

// newLoad starts all three and publishes that many variables, some hundred in a writer. More stands in the gateway's configuration.
func newLoad(t testing.TB, nodes int, more string) *load {
	t.Helper()
	return newLoadOn(t, filepath.Join(t.TempDir(), "edge"), nodes, more)
}

// newLoadOn is newLoad with a folder for the gateway's data.
func newLoadOn(t testing.TB, data string, nodes int, more string) *load {
	t.Helper()
	dir := t.TempDir()
	l := &load{t: t, nodes: nodes, core: startCore(t, dir, "127.0.0.1:0")}
	l.core.args[len(l.core.args)-1] = l.core.Leaf() // the same port after a restart
	l.edge = startGateway(t, l.core, dir, data, more)
	l.core.MustQuery(nil, `mutation($url: String!) { addServer(input: {id: "load", name: "Load", gateway: "line1", endpointUrl: $url, securityMode: NONE}) { id } }`,
		map[string]any{"url": startLoadServer(t, nodes)})
	waitFor(t, 60*time.Second, "the server is connected", func() error {
		var got struct{ Server struct{ State string } }
		err := l.core.Query(&got, `{ server(id: "load") { state } }`, nil)
		if err == nil && got.Server.State != "CONNECTED" {
			err = errors.New(got.Server.State)
		}
		return err
	})
	for first := 0; first < nodes; first += loadWriterNodes {
		var list []any
		for i := first; i < min(first+loadWriterNodes, nodes); i++ {
			// Long queues: a gateway that is held up loses nothing.
			list = append(list, map[string]any{"nodeId": fmt.Sprintf("nsu=urn:shopfloor:load;s=V%d", i), "queueSize": 100})
		}
		l.core.MustQuery(nil, `mutation($nodes: [PublishNodeInput!]!, $writer: String!) { publish(input: {server: "load", writer: $writer, nodes: $nodes,
			samplingInterval: "100ms", publishingInterval: "100ms"}) { results { field } } }`, map[string]any{"nodes": list, "writer": fmt.Sprint("w", first/loadWriterNodes)})
	}
	waitFor(t, 60*time.Second, "all series are stored", func() error {
		all, err := l.core.Export(loadSeries)
		if err == nil && len(all) != nodes {
			err = fmt.Errorf("%d series", len(all))
		}
		return err
	})
	return l
}

// startLoadServer starts the server of shopfloor bench, which ends with its standard input.
func startLoadServer(t testing.TB, nodes int) (endpoint string) {
	t.Helper()
	cmd := exec.Command(filepath.Join(binaries, "shopfloor"), "bench", "edge", "--serve", "--nodes", strconv.Itoa(nodes))
	input, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	output, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = input.Close() // it may have ended
		if err := cmd.Wait(); err != nil {
			t.Errorf("server: %v", err)
		}
	})
	var ready struct{ Endpoint string }
	if err := json.NewDecoder(output).Decode(&ready); err != nil {
		t.Fatal(err)
	}
	return ready.Endpoint
}

// metrics returns the gateway's own metrics that have no labels, or those of its own name alone.
func (l *load) metrics() map[string]float64 {
	l.t.Helper()
	r, err := http.Get(strings.TrimSuffix(l.edge.found[1], "/healthz") + "/metrics")
	if err != nil {
		l.t.Fatal(err)
	}
	defer r.Body.Close()
	all := map[string]float64{}
	for lines := bufio.NewScanner(r.Body); lines.Scan(); {
		name, text, _ := strings.Cut(strings.Replace(lines.Text(), `{gateway="line1"}`, "", 1), " ")
		if value, err := strconv.ParseFloat(text, 64); err == nil {
			all[name] = value
		}
	}
	return all
}

// handedOver returns how many frames the core took from this gateway, and how many wait for it.
func (l *load) handedOver() (frames, waiting float64) {
	m := l.metrics()
	return m["shopfloor_forwarder_frames_total"], m["shopfloor_publisher_stored_total"] - m["shopfloor_forwarder_frames_total"]
}

// newest is how old the newest value of a variable at the core is.
func (l *load) newest(field string) (time.Duration, error) {
	all, err := l.core.Export(strings.TrimSuffix(loadSeries, "}") + fmt.Sprintf(",field=%q}", field))
	if err != nil || len(all[field].Timestamps) == 0 {
		return 0, fmt.Errorf("%s is not stored: %w", field, err)
	}
	return time.Since(time.UnixMilli(slices.Max(all[field].Timestamps))), nil
}

// current waits until the newest value of a variable is no older than that.
func (l *load) current(limit, age time.Duration) {
	l.t.Helper()
	waitFor(l.t, limit, "the newest values are stored", func() error {
		old, err := l.newest("V0")
		if err == nil && old > age {
			err = fmt.Errorf("%s old", old)
		}
		return err
	})
}

// audit wants each value of each variable once, in order, and none missing, and returns how many there are. It polls because new rows can be
// searched only a moment after they were written; a lost or doubled one does not go away by that.
func (l *load) audit() (values int) {
	l.t.Helper()
	waitFor(l.t, time.Minute, "each value is stored once and in order", func() error {
		all, err := l.core.Export(loadSeries)
		if err != nil || len(all) != l.nodes {
			return fmt.Errorf("%d series: %w", len(all), err)
		}
		values = 0
		for field, s := range all {
			values += len(s.Values)
			for i := 1; i < len(s.Values); i++ {
				if s.Values[i] != s.Values[i-1]+1 || s.Timestamps[i] <= s.Timestamps[i-1] {
					return fmt.Errorf("%s: %v at %d comes after %v at %d", field, s.Values[i], s.Timestamps[i], s.Values[i-1], s.Timestamps[i-1])
				}
			}
		}
		return nil
	})
	return values
}
