package main

import (
	"bufio"
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopfloor-iiot/shopfloor/cmd/daemon/metricstest"
	"github.com/shopfloor-iiot/shopfloor/edge/opcua/opcuatest"
)

const (
	plantVars   = 20
	plantPeriod = 100 * time.Millisecond
	plantQueue  = 200
	plantSeries = `opcua_value{server="plant",field=~"V[0-9]+"}`
)

var edgeReady = regexp.MustCompile(`"healthz":"(http://[^"]+)"`)

// long tells whether the long forms of tests are wanted.
func long() bool { return os.Getenv("SHOPFLOOR_LONG_TEST") != "" }

// plant is a core and a gateway, and an OPC UA server whose variables count.
type plant struct {
	t    testing.TB
	core core
	edge *program
}

// newPlant starts all three and publishes the variables.
func newPlant(t testing.TB) *plant { return newPlantWith(t, "") }

// newPlantWith has more in the configuration of the gateway.
func newPlantWith(t testing.TB, more string) *plant {
	server := opcuatest.Start(t, opcuatest.Options{Vars: plantVars, Period: plantPeriod, Continuing: true, AutoAccept: true})
	thumbprint := sha1.Sum(server.CertificateDER())
	dir := t.TempDir()
	p := &plant{t: t, core: startCore(t, dir, "127.0.0.1:0")}
	p.core.args[len(p.core.args)-1] = p.core.Leaf() // the same port after a restart
	p.edge = startGateway(t, p.core, dir, filepath.Join(dir, "edge"), more)
	p.core.MustQuery(nil, `mutation($url: String!, $trusted: [String!]) { addServer(input: {id: "plant", name: "Plant", gateway: "line1", endpointUrl: $url,
		securityMode: SIGN_AND_ENCRYPT, userName: "op", password: "op-pass", trustedThumbprints: $trusted}) { id } }`,
		map[string]any{"url": server.Endpoint(), "trusted": []string{hex.EncodeToString(thumbprint[:])}})
	p.connected(30 * time.Second)
	nodes := make([]any, plantVars)
	for i := range nodes {
		nodes[i] = map[string]any{"nodeId": fmt.Sprintf("nsu=urn:shopfloor:plant;s=V%d", i), "queueSize": plantQueue}
	}
	p.core.MustQuery(nil, `mutation($nodes: [PublishNodeInput!]!) {
		publish(input: {server: "plant", nodes: $nodes, samplingInterval: "0s", publishingInterval: "100ms"}) { results { field } } }`, map[string]any{"nodes": nodes})
	p.values(20 * time.Second)
	return p
}

// startGateway lets a gateway named line1 in and starts it. More stands behind the few lines of its configuration.
func startGateway(t testing.TB, c core, dir, data, more string) *program {
	var token struct{ CreateGatewayToken struct{ Token string } }
	c.MustQuery(&token, `mutation { createGatewayToken(id: "line1") { token } }`, nil)
	tokenFile, config := filepath.Join(dir, "token"), filepath.Join(dir, "edge.yaml")
	yaml := fmt.Sprintf("gateway: line1\ncore: tls://%s\nenrol: {core: %q, tokenFile: %q}\ndata: %q\nhttp: 127.0.0.1:0\n%s",
		c.Leaf(), c.URL(), tokenFile, data, more)
	if err := errors.Join(os.WriteFile(tokenFile, []byte(token.CreateGatewayToken.Token+"\n"), 0o600), os.WriteFile(config, []byte(yaml), 0o600)); err != nil {
		t.Fatal(err)
	}
	p := newProgram(t, "shopfloor-edge", edgeReady, "--config", config)
	p.Start()
	return p
}

// connected waits until the core knows that the gateway has connected the server.
func (p *plant) connected(limit time.Duration) {
	p.t.Helper()
	waitFor(p.t, limit, "the server is connected", func() error {
		var got struct {
			Server  struct{ State string }
			Gateway struct{ Link struct{ Connected bool } }
		}
		err := p.core.Query(&got, `{ server(id: "plant") { state } gateway(id: "line1") { link { connected } } }`, nil)
		if err == nil && (got.Server.State != "CONNECTED" || !got.Gateway.Link.Connected) {
			err = fmt.Errorf("%+v", got)
		}
		return err
	})
}

// values waits until the newest values of all variables are younger than the call.
func (p *plant) values(limit time.Duration) {
	p.t.Helper()
	since := time.Now().UnixMilli()
	waitFor(p.t, limit, "new values are stored", func() error {
		all, err := p.core.Export(plantSeries)
		if err != nil || len(all) != plantVars {
			return fmt.Errorf("%d series: %w", len(all), err)
		}
		for field, s := range all {
			if last := s.Timestamps[len(s.Timestamps)-1]; last <= since {
				return fmt.Errorf("newest of %s is %d ms too old", field, since-last)
			}
		}
		return nil
	})
}

// stretch is a time for which values may be missing.
type stretch struct{ from, to int64 } // Unix milliseconds

// visibleWithin is how long a row may take from its write until queries find it. VictoriaMetrics keeps new rows in shards that it flushes apart, one a
// second and later on a busy machine: for so long an older row may be out of sight when a newer one is not.
const visibleWithin = 20 * time.Second

// audit wants every value of each variable once and in order, and none missing but between two that a stretch lies between or touches. It returns
// how many values of the first variable are missing there.
func (p *plant) audit(without ...stretch) (missing float64) {
	p.t.Helper()
	waitFor(p.t, visibleWithin, "no value is missing", func() error {
		all, err := p.core.Export(plantSeries)
		if err != nil {
			return err
		}
		var holes []string
		for field, s := range all {
			unexplained, explained := p.holes(field, s, without)
			holes = append(holes, unexplained...)
			if field == "V0" {
				missing = explained
			}
		}
		if len(holes) > 0 {
			slices.Sort(holes)
			return errors.New(strings.Join(holes, "\n"))
		}
		return nil
	})
	return missing
}

// holes are the places where values of a variable are missing, but for those of the stretches, whose missing values are counted.
func (p *plant) holes(field string, s samples, without []stretch) (unexplained []string, explained float64) {
	p.t.Helper()
	for i := 1; i < len(s.Values); i++ {
		step, before, at := s.Values[i]-s.Values[i-1], s.Timestamps[i-1], s.Timestamps[i]
		switch {
		case step < 1 || at <= before:
			p.t.Fatalf("%s: %v at %d comes after %v at %d", field, s.Values[i], at, s.Values[i-1], before)
		case step == 1:
		case slices.ContainsFunc(without, func(w stretch) bool { return before <= w.to && at >= w.from }):
			explained += step - 1
		default:
			unexplained = append(unexplained, fmt.Sprintf("%s: %v values are missing between %d and %d, behind the first %d", field, step-1, before, at, i))
		}
	}
	return unexplained, explained
}

func pause(d time.Duration) { <-time.After(d) }

// TestGatewayFromAfar: one file of a few lines starts a gateway, all else comes from the core; commands, live values and figures cross the link.
func TestGatewayFromAfar(t *testing.T) {
	p := newPlant(t)
	var got struct {
		Node    struct{ Value struct{ Value float64 } }
		Gateway struct {
			Version string
			Link    struct {
				Local     bool
				Enrolled  *time.Time
				Connected bool
			}
			Buffer *struct{ Frames, MaxBytes, Forwarded, Dropped string }
		}
	}
	waitFor(t, 30*time.Second, "the gateway has told of its buffer", func() error {
		err := p.core.Query(&got, `{
			node(server: "plant", nodeId: "nsu=urn:shopfloor:plant;s=V3") { ... on VariableNode { value { value } } }
			gateway(id: "line1") { version link { local enrolled connected } buffer { frames maxBytes forwarded dropped } } }`, nil)
		if err == nil && (got.Gateway.Buffer == nil || got.Gateway.Buffer.Forwarded == "0") {
			err = fmt.Errorf("%+v", got.Gateway)
		}
		return err
	})
	if got.Node.Value.Value < 3 || got.Gateway.Link.Local || got.Gateway.Link.Enrolled == nil || got.Gateway.Buffer.Dropped != "0" {
		t.Errorf("%+v", got)
	}
	if n := p.subscribe(3); n < 3 {
		t.Errorf("%d deliveries of live values, want 3", n)
	}
	p.audit()
	for _, path := range []string{"/metrics", "/healthz"} {
		r, err := http.Get(strings.TrimSuffix(p.edge.found[1], "/healthz") + path)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(r.Body)
		r.Body.Close()
		if err != nil || !strings.Contains(string(body), "connected") {
			t.Errorf("%s: %v\n%s", path, err, body)
		}
		if path == "/metrics" {
			metricstest.Check(t, body)
		}
	}
	p.secretsAreSealed()
	p.core.MustQuery(nil, `mutation { revokeGateway(id: "line1") }`, nil)
	waitFor(t, 15*time.Second, "the revoked gateway is cut off", func() error {
		if !strings.Contains(p.edge.log.String(), "the core takes no frames") {
			return errors.New("not in its log")
		}
		return nil
	})
}

// subscribe reads deliveries of live values over server-sent events.
func (p *plant) subscribe(n int) (deliveries int) {
	p.t.Helper()
	body := `{"query": "subscription { values(server: \"plant\", nodeIds: [\"nsu=urn:shopfloor:plant;s=V1\"], samplingInterval: \"100ms\", publishingInterval: \"100ms\") { changes { nodeId value { value } } } }"}`
	r, err := http.NewRequestWithContext(p.t.Context(), http.MethodPost, p.core.URL()+"/graphql", strings.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "text/event-stream")
	client := http.Client{Timeout: 15 * time.Second}
	answer, err := client.Do(r)
	if err != nil {
		p.t.Fatal(err)
	}
	defer answer.Body.Close()
	for lines := bufio.NewScanner(answer.Body); deliveries < n && lines.Scan(); {
		if strings.Contains(lines.Text(), `"changes":[{`) {
			deliveries++
		}
	}
	return deliveries
}

// secretsAreSealed looks for the server's password in all that both programs wrote.
func (p *plant) secretsAreSealed() {
	p.t.Helper()
	root := filepath.Dir(p.edge.args[len(p.edge.args)-1])
	err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(path)
		if err == nil && strings.Contains(string(b), "op-pass") {
			p.t.Errorf("%s has the password in clear", path)
		}
		return nil // a file may be gone by now
	})
	if err != nil && !os.IsNotExist(err) {
		p.t.Error(err)
	}
	if strings.Contains(p.edge.log.String()+p.core.log.String(), "op-pass") {
		p.t.Error("a log has the password in clear")
	}
}

// TestCoreAway kills the core, restarts the gateway meanwhile, and wants all values: the buffer is handed over in order, and what came while the gateway
// was away the server has kept.
func TestCoreAway(t *testing.T) {
	p := newPlant(t)
	away := 5 * time.Second
	if long() {
		away = time.Minute
	}
	p.core.Kill()
	pause(away)
	p.core.Start()
	p.values(30 * time.Second)
	p.audit()
	p.core.Kill()
	pause(2 * time.Second)
	p.edge.Stop()
	p.edge.Start() // on the last known desired state, with the subscriptions that the server has kept
	pause(away)
	p.core.Start()
	p.values(30 * time.Second)
	p.audit()
	p.noGaps()
}

// TestGatewayKilled kills the gateway again and again: the next one takes over what the server has kept, and nothing is missing or stored twice.
func TestGatewayKilled(t *testing.T) {
	p := newPlant(t)
	rounds := 3
	if long() {
		rounds = 20
	}
	for range rounds {
		p.edge.Kill()
		killed := time.Now().UnixMilli()
		p.edge.Start()
		t.Logf("killed at %d, started again at %d", killed, time.Now().UnixMilli())
		p.values(30 * time.Second)
	}
	p.audit()
	p.noGaps()
}

// TestGatewayKilledForLong kills the gateway for longer than the queues at the server last: what is missing is within the gap that is told.
func TestGatewayKilledForLong(t *testing.T) {
	p := newPlant(t)
	p.edge.Kill()
	pause(plantQueue*plantPeriod + 3*time.Second)
	p.edge.Start()
	p.values(30 * time.Second)
	var gaps []stretch
	waitFor(t, 30*time.Second, "the gap is told", func() error {
		if gaps = p.gaps(); len(gaps) == 0 {
			return errors.New("none")
		}
		return nil
	})
	missing := p.audit(gaps...)
	t.Logf("%v values of each variable are missing, gaps: %v", missing, gaps)
	if missing == 0 {
		t.Error("nothing is missing: the test shows nothing")
	}
}

// gaps are the times for which the gateway says that values are missing.
func (p *plant) gaps() (all []stretch) {
	p.t.Helper()
	var got struct {
		Server struct {
			Gaps struct {
				Edges []struct{ Node struct{ From, To time.Time } }
			}
		}
	}
	p.core.MustQuery(&got, `{ server(id: "plant") { gaps { edges { node { from to } } } } }`, nil)
	for _, e := range got.Server.Gaps.Edges {
		all = append(all, stretch{e.Node.From.UnixMilli(), e.Node.To.UnixMilli()})
	}
	return all
}

// noGaps wants that the gateway tells of none.
func (p *plant) noGaps() {
	p.t.Helper()
	if gaps := p.gaps(); len(gaps) != 0 {
		p.t.Errorf("gaps are told: %v", gaps)
	}
}
