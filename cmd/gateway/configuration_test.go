package gateway

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/edge"
	"github.com/shopfloor-iiot/shopfloor/ingest/bus"
	"github.com/shopfloor-iiot/shopfloor/ingest/registry"
	"github.com/shopfloor-iiot/shopfloor/model"
)

type noSealer struct{}

func (noSealer) Seal(b []byte) ([]byte, error) { return b, nil }

// core is a registry over a bus of its own.
type core struct {
	registry *registry.Registry
	buckets  Buckets
	conn     *bus.Conn
}

func startCore(t *testing.T, dir string) *core {
	t.Helper()
	s, err := bus.Start(bus.Config{Dir: dir, MaxStore: 10 << 30}, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	conn, err := s.Connect("test")
	if err != nil {
		t.Fatal(err)
	}
	b, err := OpenBuckets(ctx, conn, s.MaxStore())
	if err != nil {
		t.Fatal(err)
	}
	c := &core{registry: registry.New(b.Registry(), noSealer{}, zerolog.Nop()), buckets: b, conn: conn}
	done := make(chan error, 1)
	go func() { done <- c.registry.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("registry ended with %v", err)
		}
		if err := s.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
	})
	<-c.registry.Ready()
	return c
}

// watch returns what a gateway is told to run, newest last.
func (c *core) watch(t *testing.T) <-chan edge.Desired {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	out, done := make(chan edge.Desired, 100), make(chan struct{})
	go func() {
		defer close(done)
		_ = BucketState{Gateway: "edge1", Buckets: c.buckets, Log: zerolog.Nop()}.Watch(ctx, func(d edge.Desired) { out <- d })
	}()
	t.Cleanup(func() { cancel(); <-done })
	return out
}

func until(t *testing.T, updates <-chan edge.Desired, revision uint64) edge.Desired {
	t.Helper()
	timeout := time.After(30 * time.Second)
	for {
		select {
		case d := <-updates:
			if d.Revision == revision {
				return d
			}
		case <-timeout:
			t.Fatalf("revision %d did not come", revision)
		}
	}
}

func plant(writers, fields int) (items []model.ConfigurationItem) {
	items = []model.ConfigurationItem{{PutServer: &model.Server{ID: "press", Name: "Press", EndpointURL: "opc.tcp://10.0.0.5:4840"}}}
	for w := range writers {
		dw := &model.DataSetWriter{
			Group: "g", Name: fmt.Sprintf("w%03d", w), Server: "press", SamplingInterval: time.Second, PublishingInterval: time.Second,
		}
		for f := range fields {
			id := model.ExpandedNodeID{NamespaceURI: "http://acme.example/plant/", NodeID: model.StringID(0, fmt.Sprintf("Hall3.Line%d.Machine%d.Tag%d", w, f/100, f))}
			dw.Fields = append(dw.Fields, model.PublishedField{Name: fmt.Sprintf("Machine%d.Tag%d", f/100, f), NodeID: id})
		}
		items = append(items, model.ConfigurationItem{PutWriter: dw})
	}
	return items
}

// TestLargeConfiguration changes single fields among 100,000 and tells what that costs.
func TestLargeConfiguration(t *testing.T) {
	c := startCore(t, t.TempDir())
	ctx := t.Context()
	updates := c.watch(t)
	until(t, updates, 0)
	start := time.Now()
	o, err := c.registry.Apply(ctx, model.ConfigurationChange{Gateway: "edge1", Items: plant(25, 4000)})
	if err != nil || !o.Applied || o.Revision.Fields != 100_000 {
		t.Fatalf("%+v, %v", o.Revision, err)
	}
	applied := time.Since(start)
	d := until(t, updates, 1)
	t.Logf("100,000 nodes: stored in %s, at the gateway after %s", applied, time.Since(start))
	if len(d.Writers) != 25 || len(d.Servers) != 1 || len(d.Writers[7].Fields) != 4000 {
		t.Fatalf("the gateway got %d writers", len(d.Writers))
	}
	before := c.stored(t)
	start = time.Now()
	o, err = c.registry.Apply(ctx, model.ConfigurationChange{Gateway: "edge1", Items: []model.ConfigurationItem{{ChangeFields: &model.FieldsChange{
		Writer: d.Writers[7].Key(), Remove: []string{"Machine5.Tag500"}, Put: []model.PublishedField{{Name: "new", NodeID: model.Expanded(model.NumericID(2, 1))}},
	}}}})
	if err != nil || !o.Applied || o.Revision.Summary != (model.ConfigurationSummary{WritersChanged: 1, FieldsAdded: 1, FieldsRemoved: 1}) {
		t.Fatalf("%+v, %v", o, err)
	}
	applied = time.Since(start)
	d = until(t, updates, 2)
	written := c.stored(t) - before
	t.Logf("two fields of them: stored in %s, at the gateway after %s, %d bytes written of %d", applied, time.Since(start), written, before)
	if written > before/20 {
		t.Errorf("a change of two fields wrote %d bytes of %d", written, before)
	}
	if f := d.Writers[7].Fields; len(f) != 4000 || f[3999].Name != "new" || f[500].Name != "Machine5.Tag501" {
		t.Errorf("the gateway has %d fields", len(f))
	}
	start = time.Now()
	if o, err = c.registry.RollBack(ctx, "edge1", 1, "", ""); err != nil || !o.Applied || o.Revision.Revision != 3 {
		t.Fatalf("roll-back %+v, %v", o, err)
	}
	t.Logf("rolled back in %s", time.Since(start))
	if f := until(t, updates, 3).Writers[7].Fields; len(f) != 4000 || f[500].Name != "Machine5.Tag500" {
		t.Errorf("after the roll-back the gateway has %d fields", len(f))
	}
}

// stored is what the bucket of configurations holds, in bytes.
func (c *core) stored(t *testing.T) int {
	t.Helper()
	entries, err := c.buckets.Configuration.List(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	sum := 0
	for _, e := range entries {
		sum += len(e.Value)
	}
	return sum
}

func TestConfigurationSurvivesARestart(t *testing.T) {
	dir := t.TempDir()
	t.Run("first", func(t *testing.T) {
		c := startCore(t, dir)
		for i := range 70 { // more than are kept
			items := plant(1, 10+i)
			if o, err := c.registry.Apply(t.Context(), model.ConfigurationChange{Gateway: "edge1", Comment: fmt.Sprint(i), Items: items}); err != nil || !o.Applied {
				t.Fatalf("%+v, %v", o, err)
			}
		}
	})
	t.Run("again", func(t *testing.T) {
		c := startCore(t, dir)
		if d := until(t, c.watch(t), 70); len(d.Writers) != 1 || len(d.Writers[0].Fields) != 79 {
			t.Errorf("the gateway gets %+v", d)
		}
		history, err := c.registry.ConfigurationHistory(t.Context(), "edge1")
		if err != nil || len(history) != 64 || history[0].Revision != 70 || history[63].Comment != "6" {
			t.Errorf("%d revisions, %v", len(history), err)
		}
		if _, err := c.registry.Configuration(t.Context(), "edge1", 7); err != nil {
			t.Errorf("the oldest revision: %v", err)
		}
	})
}
