//go:build unix

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/cmd/shopfloor/demoplant/uaserver"
)

// The ports of the servers of this test are taken from these.
const firstDiscoveryPort, discoveryPorts = 27_000, 1_000

// startTenServers starts OPC UA servers on random ports of ten addresses.
func startTenServers(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 10)
	started := 0
	t.Cleanup(func() {
		cancel()
		for range started {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
	})
	for i := range 10 {
		space, err := uaserver.NewSpace()
		if err != nil {
			t.Fatal(err)
		}
		for range 20 { // until a port is free
			var s *uaserver.Server
			s, err = uaserver.New(uaserver.Config{
				Listen:         fmt.Sprintf("127.0.1.%d:%d", 1+i, firstDiscoveryPort+rand.IntN(discoveryPorts)),
				ApplicationURI: fmt.Sprintf("urn:machine:%d", i), ApplicationName: fmt.Sprintf("Machine %d", i),
			}, space, zerolog.Nop())
			if err != nil {
				t.Fatal(err)
			}
			if err = s.Listen(ctx); err == nil {
				started++
				go func() { done <- s.Run(ctx) }()
				break
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

type discoveryEvent struct {
	Phase        string
	Done, Total  string
	Found        int
	Applications int
	Error        string
}

// follow returns the progress of a discovery, as the subscription tells it, until it has ended.
func (p *process) follow(id string) (events []discoveryEvent) {
	p.t.Helper()
	body, err := json.Marshal(map[string]any{"query": fmt.Sprintf(`subscription { discovery(id: %q) { phase done total found applications error } }`, id)})
	if err != nil {
		p.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(p.t.Context(), 60*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.URL+"/graphql", bytes.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "text/event-stream")
	r, err := http.DefaultClient.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer r.Body.Close()
	for lines := bufio.NewScanner(r.Body); lines.Scan(); {
		data, ok := strings.CutPrefix(lines.Text(), "data:")
		if !ok || strings.TrimSpace(data) == "" {
			continue
		}
		var event struct {
			Data struct{ Discovery discoveryEvent }
		}
		if err := json.Unmarshal([]byte(data), &event); err != nil {
			p.t.Fatalf("%s: %v", data, err)
		}
		events = append(events, event.Data.Discovery)
	}
	return events
}

// discover starts a discovery and returns its id.
func (p *process) discover(input map[string]any) string {
	p.t.Helper()
	var out struct{ Discover struct{ ID string } }
	p.MustQuery(&out, `mutation($in: DiscoverInput!) { discover(input: $in) { id } }`, map[string]any{"in": input})
	return out.Discover.ID
}

type discoveredApplication struct {
	ID             string
	ApplicationURI string
	Endpoints      []struct{ URL, SecurityMode string }
	Server         *struct{ ID string }
}

func (p *process) applications(filter string) []discoveredApplication {
	p.t.Helper()
	var out struct {
		Applications struct {
			Edges []struct{ Node discoveredApplication }
		}
	}
	p.MustQuery(&out, `{ applications(filter: {`+filter+`}) { edges { node { id applicationUri endpoints { url securityMode } server { id } } } } }`, nil)
	var list []discoveredApplication
	for _, e := range out.Applications.Edges {
		list = append(list, e.Node)
	}
	return list
}

// waitApplications waits for a number of applications: they come by another way than the end of their discovery.
func (p *process) waitApplications(filter string, want int) (list []discoveredApplication) {
	p.t.Helper()
	p.waitFor(10*time.Second, "applications", func() error {
		if list = p.applications(filter); len(list) != want {
			return fmt.Errorf("%d applications with {%s}, want %d", len(list), filter, want)
		}
		return nil
	})
	return list
}

// TestDiscovery finds ten servers, adds some by a filter and one by hand, and loses them again.
func TestDiscovery(t *testing.T) {
	p := startProcess(t)
	ranges := map[string]any{
		"addressRangesToScan": "127.0.1.1-127.0.1.10", "portRangesToScan": fmt.Sprintf("%d-%d", firstDiscoveryPort, firstDiscoveryPort+discoveryPorts-1),
		"activationFilter": map[string]any{"applicationUri": "urn:machine:7*"},
	}
	t.Run("finds ten servers", func(t *testing.T) {
		startTenServers(t)
		start := time.Now()
		id := p.discover(ranges)
		events := p.follow(id)
		took := time.Since(start)
		if len(events) < 2 {
			t.Fatalf("events %+v", events)
		}
		if last := events[len(events)-1]; last.Phase != "FINISHED" || last.Found != 10 || last.Applications != 10 || took > 10*time.Second {
			t.Errorf("after %v: %+v", took, last)
		}
		t.Logf("%v, %d events", took, len(events))
		p.waitApplications(`notSeen: false, text: "machine"`, 10)
		if added := p.waitApplications("added: true", 1); added[0].ApplicationURI != "urn:machine:7" { // by the filter
			t.Errorf("added %+v", added)
		}
		other := p.applications(`text: "machine:3"`)[0]
		var out struct {
			AddDiscoveredServer struct{ ID, EndpointURL string }
		}
		p.MustQuery(&out, `mutation($a: ID!) { addDiscoveredServer(input: {application: $a, id: "by-hand"}) { id endpointUrl } }`, map[string]any{"a": other.ID})
		if s := out.AddDiscoveredServer; s.ID != "by-hand" || s.EndpointURL != other.Endpoints[0].URL {
			t.Errorf("added %+v", s)
		}
		p.waitFor(15*time.Second, "connected", func() error {
			var got struct{ Server struct{ State string } }
			p.MustQuery(&got, `{ server(id: "by-hand") { state } }`, nil)
			if got.Server.State != "CONNECTED" {
				return fmt.Errorf("state %s", got.Server.State)
			}
			return nil
		})
	})
	t.Run("marks and forgets what is gone", func(t *testing.T) {
		p.follow(p.discover(ranges))
		p.waitApplications("notSeen: true", 10)
		var out struct{ ForgetApplications []string }
		p.MustQuery(&out, `mutation { forgetApplications(notSeenFor: "0s") }`, nil)
		if left := p.applications(""); len(out.ForgetApplications) != 10 || len(left) != 0 {
			t.Errorf("%d forgotten, %d left", len(out.ForgetApplications), len(left))
		}
	})
	t.Run("cancels", func(t *testing.T) {
		// A listener that says nothing keeps its probe waiting.
		l, err := net.Listen("tcp", "127.0.1.11:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		id := p.discover(map[string]any{"addressRangesToScan": "127.0.1.11", "portRangesToScan": fmt.Sprint(l.Addr().(*net.TCPAddr).Port), "portProbeTimeout": "30s"})
		conn, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		start := time.Now()
		p.MustQuery(nil, `mutation($id: ID!) { cancelDiscovery(id: $id) { id } }`, map[string]any{"id": id})
		events := p.follow(id)
		if took := time.Since(start); took > time.Second || events[len(events)-1].Phase != "CANCELLED" {
			t.Errorf("after %v: %+v", took, events)
		}
	})
	t.Run("runs on a schedule, and names what is wrong", func(t *testing.T) {
		errs, err := p.Query(nil, `mutation { scheduleDiscovery(gateway: "local", input: {addressRangesToScan: "10.0.0.0/2"}) { gateway { id } } }`, nil)
		if err != nil || len(errs) != 1 || !strings.Contains(errs[0].Message, "addressRangesToScan") || !strings.Contains(errs[0].Message, "more than") {
			t.Errorf("%+v, %v", errs, err)
		}
		p.MustQuery(nil, `mutation { scheduleDiscovery(gateway: "local", input: {addressRangesToScan: "127.0.1.12", portRangesToScan: "1-10"}) { gateway { id } } }`, nil)
		p.waitFor(10*time.Second, "a discovery of the schedule", func() error {
			var out struct {
				Discoveries struct {
					Edges []struct {
						Node struct {
							Scheduled bool
							Progress  struct{ Phase string }
						}
					}
				}
			}
			p.MustQuery(&out, `{ discoveries(first: 1) { edges { node { scheduled progress { phase } } } } }`, nil)
			if n := out.Discoveries.Edges[0].Node; !n.Scheduled || n.Progress.Phase != "FINISHED" {
				return fmt.Errorf("%+v", n)
			}
			return nil
		})
		type schedule struct {
			Config struct{ AddressRangesToScan, PortRangesToScan, IdleTimeBetweenScans string }
		}
		const ask = `{ gateway(id: "local") { discoverySchedule { config { addressRangesToScan portRangesToScan idleTimeBetweenScans } } } }`
		var out struct {
			Gateway struct{ DiscoverySchedule *schedule }
		}
		p.MustQuery(&out, ask, nil)
		if s := out.Gateway.DiscoverySchedule; s == nil || s.Config.AddressRangesToScan != "127.0.1.12" || s.Config.PortRangesToScan != "1-10" || s.Config.IdleTimeBetweenScans != "6h" {
			t.Errorf("the schedule is %+v", s)
		}
		p.MustQuery(nil, `mutation { scheduleDiscovery(gateway: "local", input: null) { gateway { id } } }`, nil)
		p.MustQuery(&out, ask, nil)
		if s := out.Gateway.DiscoverySchedule; s != nil {
			t.Errorf("an ended schedule is still there: %+v", s)
		}
	})
}
