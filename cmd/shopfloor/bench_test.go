package main

import (
	"encoding/json"
	"errors"
	"os/exec"
	"strings"
	"testing"

	"github.com/shopfloor-iiot/shopfloor/edge/opcua/opcuatest"
	"github.com/shopfloor-iiot/shopfloor/ingest/victoria/victoriatest"
	"github.com/shopfloor-iiot/shopfloor/model"
)

// runBench runs a benchmark in a process of its own and decodes what it prints.
func runBench(t *testing.T, result any, args ...string) {
	t.Helper()
	cmd := exec.Command(binary, append([]string{"bench"}, args...)...)
	var log strings.Builder
	cmd.Stderr = &log
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, log.String())
	}
	if err := json.Unmarshal(out, result); err != nil {
		t.Fatalf("%s: %v", out, err)
	}
	if !strings.Contains(log.String(), "values") && args[0] != "encode" {
		t.Errorf("no progress in %q", log.String())
	}
}

func TestBenchCore(t *testing.T) {
	var r benchCoreResult
	runBench(t, &r, "core", "--series", "2500", "--rounds", "50", "--data", t.TempDir(), "--json")
	if r.Values != 125_000 || r.Lost != 0 || r.Duplicated != 0 || r.ValuesPerSecond <= 0 || r.RawValuesPerSecond <= 0 || r.Ratio <= 0 || r.CPUNsPerValue <= 0 || r.RSSBytes == 0 {
		t.Errorf("%+v", r)
	}
}

func TestBenchEncode(t *testing.T) {
	var r benchEncodeResult
	runBench(t, &r, "encode", "--json")
	if len(r.Codecs) != 6 {
		t.Fatalf("%d codecs, want 6: %+v", len(r.Codecs), r)
	}
	for _, c := range r.Codecs {
		if c.NsPerValue <= 0 || c.BytesPerValue < 8 || c.AllocsPerValue > 0.01 {
			t.Errorf("%+v", c)
		}
	}
}

func TestBenchRecover(t *testing.T) {
	var r benchRecoverResult
	runBench(t, &r, "recover", "--series", "2000", "--rounds", "50", "--data", t.TempDir(), "--json")
	if r.Values != 100_000 || r.Lost != 0 || r.Duplicated != 0 || r.Replayed == 0 || r.ReplayValuesPerSecond <= 0 {
		t.Errorf("%+v", r)
	}
}

func TestBenchRemote(t *testing.T) {
	p := victoriatest.Start(t, t.TempDir(), "-retentionPeriod=1y")
	var r benchRemoteResult
	runBench(t, &r, "remote", "--series", "2000", "--rounds", "50", "--write", p.URL+"/api/v1/write", "--read", p.URL, "--data", t.TempDir(), "--json")
	if r.Values != 100_000 || r.Lost != 0 || r.Duplicated != 0 || r.ValuesPerSecond <= 0 {
		t.Errorf("%+v", r)
	}
}

func TestBenchRefuses(t *testing.T) {
	for _, args := range [][]string{
		{"bench"},
		{"bench", "core", "--series", "0"},
		{"bench", "core", "--rounds", "-1"},
		{"bench", "remote"},
		{"bench", "edge", "--nodes", "0"},
		{"bench", "edge", "--rate", "50"},
		{"bench", "edge", "--servers", "0"},
		{"bench", "edge", "--servers", "3", "--nodes", "2"},
		{"bench", "edge", "--servers", "2", "--endpoint", "opc.tcp://x"},
		{"bench", "edge", "--node-id", "i=%d"},
		{"bench", "edge", "--endpoint", "opc.tcp://x", "--node-id", "i=%s"},
		{"bench", "edge", "--duration", "1ms"},
		{"bench", "live", "--subscribers", "0"},
		{"bench", "live", "--distinct", "--nodes", "99"},
		{"bench", "live", "--rate", "21"},
		{"bench", "live", "--clients"},
		{"bench", "all"},
	} {
		if code, out := runOnce(t, args...); code != exitUsage || !strings.HasPrefix(out, "shopfloor: ") {
			t.Errorf("%v: exit code %d: %s", args, code, out)
		}
	}
}

// A hole next to a value with the overflow bit is the server's, before or behind it; another one is ours.
func TestAuditedNode(t *testing.T) {
	const overflow model.StatusCode = 0x0480
	var n auditedNode
	for _, v := range []struct {
		count  float64
		status model.StatusCode
	}{{10, 0}, {11, 0}, {15, overflow}, {16, 0}, {18, 0}, {19, overflow}, {25, 0}, {25, 0}, {26, 0}} {
		n.follow(&model.DataValue{Value: model.DoubleValue(v.count), Status: v.status, SourceTimestamp: model.DateTimeOfMilli(int64(v.count))})
	}
	if n.offered != 17 || n.lost != 3+1+5 || n.atServer != 3+5 || n.duplicated != 1 || n.newest.UnixMilli() != 26 {
		t.Errorf("%+v", n)
	}
}

func TestBenchEdge(t *testing.T) {
	var r benchEdgeResult
	runBench(t, &r, "edge", "--nodes", "301", "--servers", "2", "--duration", "2s", "--publishing", "100ms", "--data", t.TempDir(), "--json")
	if r.Offered == nil || *r.Offered < 3000 || r.Stored+r.Lost != *r.Offered || r.Lost != 0 || r.Duplicated != 0 || r.Received < 3000 || r.CPUNsPerValue <= 0 ||
		r.RSSBytes == 0 || r.LatencyP50Ms <= 0 || r.LatencyP99Ms < r.LatencyP50Ms || r.LateNodes != 0 ||
		r.SilentNodes != 0 || r.Servers != 2 || r.Stages != (benchStages{}) || r.RSSPeakBytes < r.RSSBytes {
		t.Errorf("%+v", r)
	}
}

// Against servers that are not the benchmark's own: their variables are named, or found by browsing.
func TestBenchEdgeOfAnotherServer(t *testing.T) {
	named := opcuatest.Start(t, opcuatest.Options{Vars: 50})
	var browsed loadReady
	server := exec.Command(binary, "bench", "edge", "--serve", "--nodes", "50")
	out, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	in, err := server.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(in.Close(), server.Wait()); err != nil {
			t.Error(err)
		}
	})
	if err := json.NewDecoder(out).Decode(&browsed); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"--endpoint", named.Endpoint(), "--node-id", "nsu=urn:shopfloor:plant;s=V%d"}, {"--endpoint", browsed.Endpoint}} {
		var r benchEdgeResult
		runBench(t, &r, append([]string{"edge", "--nodes", "30", "--duration", "2s", "--publishing", "100ms", "--data", t.TempDir(), "--json"}, args...)...)
		if r.Offered != nil || r.Stored < 100 || r.Received < 100 || r.Endpoint != args[1] {
			t.Errorf("%+v", r)
		}
	}
}

func TestBenchLive(t *testing.T) {
	for _, args := range [][]string{{"--stalled", "2"}, {"--distinct", "--nodes", "200"}} {
		var r benchLiveResult
		runBench(t, &r, append([]string{"live", "--subscribers", "20", "--values", "50", "--rate", "2", "--duration", "3s", "--data", t.TempDir(), "--json"}, args...)...)
		if r.Lost != 0 || r.OutOfSequence != 0 || r.Overflows != 0 || r.Disconnected != 0 || r.FewestShare < 0.5 || r.ValuesReceived < 20*r.FewestValues || r.LatencyP50Ms <= 0 ||
			r.LatencyMaxMs < r.LatencyP99Ms || r.CPUNsPerValue <= 0 || r.RSSPeakBytes < r.RSSBytes || r.RSSStartBytes == 0 {
			t.Errorf("%v: %+v", args, r)
		}
		if distinct := args[0] == "--distinct"; distinct && r.Streams != 20 || !distinct && (r.Streams != 1 || r.Stalled != 2 || r.StalledReasons["still connected"] != 2) {
			t.Errorf("%v: %+v", args, r)
		}
	}
}
