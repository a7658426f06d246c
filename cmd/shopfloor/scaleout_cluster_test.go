//go:build unix

package main

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/ingest/bus"
	"github.com/shopfloor-iiot/shopfloor/ingest/victoria/victoriatest"
)

// natsCluster are three stock NATS servers.
type natsCluster struct {
	t       testing.TB
	options [3]*server.Options
	servers [3]*server.Server
}

const clusterPassword = "cluster"

func startCluster(t testing.TB) *natsCluster {
	t.Helper()
	c := &natsCluster{t: t}
	var routes []*url.URL
	var listeners []net.Listener
	for range c.options {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		listeners = append(listeners, l)
		routes = append(routes, &url.URL{Scheme: "nats", Host: l.Addr().String()})
	}
	dir := t.TempDir()
	for i := range c.options {
		port := listeners[i].Addr().(*net.TCPAddr).Port
		c.options[i] = &server.Options{
			ServerName: fmt.Sprint("nats-", i+1), Host: "127.0.0.1", Port: server.RANDOM_PORT, NoSigs: true, NoLog: true,
			Username: "shopfloor", Password: clusterPassword, JetStream: true, StoreDir: filepath.Join(dir, fmt.Sprint(i)), SyncInterval: time.Second,
			Cluster: server.ClusterOpts{Name: "plant", Host: "127.0.0.1", Port: port}, Routes: routes,
		}
		listeners[i].Close()
	}
	for i := range c.servers {
		c.start(i)
	}
	t.Cleanup(func() {
		for i := range c.servers {
			c.stop(i)
		}
	})
	waitFor(t, 30*time.Second, "the NATS cluster has a leader", func() error {
		for _, s := range c.servers {
			if s.JetStreamIsLeader() && len(s.JetStreamClusterPeers()) == len(c.servers) {
				return nil
			}
		}
		return errors.New("no leader")
	})
	return c
}

func (c *natsCluster) start(i int) {
	c.t.Helper()
	s, err := server.NewServer(c.options[i].Clone())
	if err != nil {
		c.t.Fatal(err)
	}
	c.servers[i] = s
	s.Start()
	if !s.ReadyForConnections(20 * time.Second) {
		c.t.Fatalf("%s is not ready", c.options[i].ServerName)
	}
	c.options[i].Port = s.Addr().(*net.TCPAddr).Port // the same one after a restart
}

func (c *natsCluster) stop(i int) {
	c.servers[i].Shutdown()
	c.servers[i].WaitForShutdown()
}

// leader is the server that leads the stream of frames.
func (c *natsCluster) leader() int {
	c.t.Helper()
	found := -1
	waitFor(c.t, 20*time.Second, "the stream has a leader", func() error {
		for i, s := range c.servers {
			if s.JetStreamIsStreamLeader(server.DEFAULT_GLOBAL_ACCOUNT, bus.StreamData) {
				found = i
				return nil
			}
		}
		return errors.New("none")
	})
	return found
}

// URL names all servers, as bus.url does.
func (c *natsCluster) URL() string {
	var urls []string
	for _, s := range c.servers {
		urls = append(urls, "nats://"+s.Addr().String())
	}
	return strings.Join(urls, ",")
}

// rig is the cluster with its streams, without a VictoriaMetrics.
func (c *natsCluster) rig() *scaleRig {
	c.t.Helper()
	r := &scaleRig{t: c.t, url: c.URL(), password: filepath.Join(c.t.TempDir(), "password")}
	if err := os.WriteFile(r.password, []byte(clusterPassword), 0o600); err != nil {
		c.t.Fatal(err)
	}
	var err error
	if r.conn, err = bus.Dial(r.url, "test", clusterPassword, zerolog.Nop()); err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(r.conn.Close)
	// Processes that start together all make the streams.
	var starts sync.WaitGroup
	for i := range 3 {
		starts.Go(func() {
			conn, err := bus.Dial(r.url, fmt.Sprint("start-", i), clusterPassword, zerolog.Nop())
			if err != nil {
				c.t.Error(err)
				return
			}
			defer conn.Close()
			if err := bus.EnsureStreams(c.t.Context(), conn, bus.StreamsConfig{MaxBytes: 1 << 30, Replicas: len(c.servers)}); err != nil {
				c.t.Error(err)
			}
		})
	}
	starts.Wait()
	return r
}

// TestScaleOutOnCluster lets two processes share the frames of three NATS servers that hold each frame three times, and takes away the
// server that leads the stream, and a process: nothing is lost.
func TestScaleOutOnCluster(t *testing.T) {
	if !long(false, true) {
		t.Skip("takes 40 s: set " + envLong)
	}
	cluster := startCluster(t)
	r := cluster.rig()
	config := filepath.Join(t.TempDir(), "core.yaml")
	if err := os.WriteFile(config, []byte("stream:\n  replicas: 3\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r.victoria = victoriatest.Start(t, t.TempDir(), "-inmemoryDataFlushInterval=1s", "-loggerLevel=ERROR")
	a, b := r.startCore("core-a", "--config", config), r.startCore("core-b", "--config", config)
	r.waitShares(a, b)
	plant := startPlant(t, r.conn)
	live := watchPlant(t, a, plant)
	live.waitAll("values of both processes' partitions are seen by one")

	leader := cluster.leader()
	t.Logf("the server that leads the stream goes away: no live value for %s at most", live.waitTakeOver(func() { cluster.stop(leader) }))
	cluster.start(leader)
	t.Logf("kill -9 of a process: no live value of its partitions for %s at most", live.waitTakeOver(b.Kill))
	live.Stop()
	ticks := plant.Stop()
	t.Logf("%d values audited: each stored once, in order", r.audit(plant, ticks, a))
}
