package main

import (
	"fmt"
	"net"
	"net/url"
	"strconv"
	"testing"
	"time"
)

type foundDiscovery struct {
	ID        string
	Scheduled bool
	Progress  struct {
		Phase        string
		Applications int
	}
}

// discoveries are those that a core knows of a gateway, the newest first.
func (c core) discoveries() ([]foundDiscovery, error) {
	var got struct {
		Discoveries struct {
			Edges []struct{ Node foundDiscovery }
		}
	}
	err := c.Query(&got, `{ discoveries(gateway: "line1", first: 10) { edges { node { id scheduled progress { phase applications } } } } }`, nil)
	var list []foundDiscovery
	for _, e := range got.Discoveries.Edges {
		list = append(list, e.Node)
	}
	return list, err
}

// ended waits for the end of a discovery.
func (c core) ended(id, phase string, limit time.Duration) (d foundDiscovery) {
	c.t.Helper()
	waitFor(c.t, limit, "the discovery is "+phase, func() error {
		list, err := c.discoveries()
		for _, one := range list {
			if d = one; one.ID == id && one.Progress.Phase == phase {
				return nil
			}
		}
		return fmt.Errorf("%+v, %w", list, err)
	})
	return d
}

func (c core) discover(input map[string]any) (id string) {
	c.t.Helper()
	input["gateway"] = "line1"
	var got struct{ Discover struct{ ID string } }
	c.MustQuery(&got, `mutation($in: DiscoverInput!) { discover(input: $in) { id } }`, map[string]any{"in": input})
	return got.Discover.ID
}

// TestDiscoveryFromAfar: a gateway in a process of its own finds a server, which is added from the core; a discovery is cancelled; and one runs on a
// schedule, which may be changed after the core was away.
func TestDiscoveryFromAfar(t *testing.T) {
	dir := t.TempDir()
	c := startCore(t, dir, "127.0.0.1:0")
	c.args[len(c.args)-1] = c.Leaf() // the same port after a restart
	startGateway(t, c, dir, dir+"/edge", "")
	endpoint := startLoadServer(t, 1)
	u, err := url.Parse(endpoint)
	if err != nil {
		t.Fatal(err)
	}
	c.linked()
	ranges := map[string]any{"addressRangesToScan": u.Hostname(), "portRangesToScan": u.Port()}
	if d := c.ended(c.discover(ranges), "FINISHED", time.Minute); d.Progress.Applications != 1 {
		t.Errorf("%+v", d)
	}
	var application string
	waitFor(t, 30*time.Second, "the application is at the core", func() error {
		var got struct {
			Applications struct {
				Edges []struct {
					Node struct {
						ID, ApplicationURI string
						Endpoints          []struct{ URL string }
					}
				}
			}
		}
		err := c.Query(&got, `{ applications(filter: {gateway: "line1"}) { edges { node { id applicationUri endpoints { url } } } } }`, nil)
		if err != nil || len(got.Applications.Edges) != 1 {
			return fmt.Errorf("%+v, %w", got, err)
		}
		n := got.Applications.Edges[0].Node
		if application = n.ID; n.ApplicationURI != "urn:shopfloor:load" || len(n.Endpoints) == 0 {
			t.Errorf("%+v", n)
		}
		return nil
	})
	c.MustQuery(nil, `mutation($a: ID!) { addDiscoveredServer(input: {application: $a, id: "found"}) { id } }`, map[string]any{"a": application})
	waitFor(t, time.Minute, "the server is connected", func() error {
		var got struct {
			Server struct {
				State   string
				Gateway struct{ ID string }
			}
		}
		err := c.Query(&got, `{ server(id: "found") { state gateway { id } } }`, nil)
		if err == nil && (got.Server.State != "CONNECTED" || got.Server.Gateway.ID != "line1") {
			err = fmt.Errorf("%+v", got)
		}
		return err
	})
	c.cancelled()
	delete(ranges, "gateway")
	before := ""
	for i, pause := range []string{"1h", "2h"} {
		if i > 0 {
			c.Kill()
			c.Start()
			c.linked()
		}
		ranges["idleTimeBetweenScans"] = pause
		c.MustQuery(nil, `mutation($in: DiscoverInput!) { scheduleDiscovery(gateway: "line1", input: $in) { gateway { id } } }`, map[string]any{"in": ranges})
		waitFor(t, 2*time.Minute, "a discovery of the schedule", func() error {
			list, err := c.discoveries()
			if err != nil || len(list) == 0 || !list[0].Scheduled || list[0].Progress.Phase != "FINISHED" || list[0].ID == before {
				return fmt.Errorf("%+v, %w", list, err)
			}
			before = list[0].ID
			return nil
		})
	}
}

// linked waits until the gateway is connected.
func (c core) linked() {
	c.t.Helper()
	waitFor(c.t, 30*time.Second, "the gateway is connected", func() error {
		var got struct {
			Gateway struct{ Link struct{ Connected bool } }
		}
		err := c.Query(&got, `{ gateway(id: "line1") { link { connected } } }`, nil)
		if err == nil && !got.Gateway.Link.Connected {
			err = fmt.Errorf("%+v", got)
		}
		return err
	})
}

// cancelled cancels a discovery whose probe waits for a listener that says nothing.
func (c core) cancelled() {
	c.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		c.t.Fatal(err)
	}
	defer l.Close()
	id := c.discover(map[string]any{"addressRangesToScan": "127.0.0.1", "portRangesToScan": strconv.Itoa(l.Addr().(*net.TCPAddr).Port), "portProbeTimeout": "60s"})
	conn, err := l.Accept()
	if err != nil {
		c.t.Fatal(err)
	}
	defer conn.Close()
	begin := time.Now()
	c.MustQuery(nil, `mutation($id: ID!) { cancelDiscovery(id: $id) { id } }`, map[string]any{"id": id})
	c.ended(id, "CANCELLED", 20*time.Second)
	c.t.Logf("cancelled after %s", time.Since(begin).Round(time.Millisecond))
}
