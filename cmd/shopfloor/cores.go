package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/shopfloor-iiot/shopfloor/cmd/gateway"
	"github.com/shopfloor-iiot/shopfloor/graph"
	"github.com/shopfloor-iiot/shopfloor/ingest"
	"github.com/shopfloor-iiot/shopfloor/ingest/bus"
	"github.com/shopfloor-iiot/shopfloor/ingest/victoria"
	"github.com/shopfloor-iiot/shopfloor/model"
)

// cores are the ingest cores of this process, which share one Live: one that reads the whole stream, or one for each partition
// whose lease the process holds.
type cores struct {
	platform *platform
	live     *ingest.Live
	leases   *bus.Leases // nil when one core reads the whole stream
	relay    *relay      // as leases

	mu      sync.Mutex
	running map[int]*ingest.Core // by partition
	stores  map[int]storage      // those of partitions
	sinks   map[int]sinks
	// stored is what the sinks of partitions stored that are no longer ours.
	stored bus.EventStats
}

func (p *platform) makeCores(ctx context.Context) error {
	c := &cores{platform: p, live: ingest.NewLive(), running: map[int]*ingest.Core{}, stores: map[int]storage{}, sinks: map[int]sinks{}}
	p.cores = c
	if !p.shared() {
		core, err := c.make(frameSource{conn: p.frames, keep: p.keepForOutputs}, ingest.CheckpointFile(p.checkpointFile()), p.store, p.sinks, false)
		c.running[0], c.sinks[0] = core, p.sinks
		return err
	}
	leases, err := bus.NewLeases(ctx, p.control, bus.LeaseConfig{Process: p.cfg.process()}, p.part("leases"))
	c.leases = leases
	c.relay = newRelay(p.control, p.cfg.process(), ownLive{c.live}, c.owns, p.part("relay"))
	return err
}

// checkpointFile is beside the data of an embedded store, because the two belong together.
func (p *platform) checkpointFile() string {
	if p.cfg.Store.Remote.enabled() {
		return filepath.Join(p.cfg.Data, "remote-checkpoint.json")
	}
	return filepath.Join(p.cfg.Data, "victoria", "shopfloor-checkpoint.json")
}

func (c *cores) make(source frameSource, checkpoints ingest.Checkpoints, store ingest.Store, to sinks, sparse bool) (*ingest.Core, error) {
	p := c.platform
	i := p.cfg.Ingest
	return ingest.New(ingest.Config{
		Checkpoints: checkpoints, CheckpointInterval: time.Duration(i.CheckpointInterval), Live: c.live, Text: &textSink{store: to.text}, Events: to.events,
		Sparse: sparse, MaxBackfill: time.Duration(p.cfg.Store.Retention), ElementLimit: i.ElementLimit, MaxSeries: i.MaxSeries,
		MetadataWait: time.Duration(i.MetadataWait), Busy: p.busy, Keys: p.keys.find,
	}, source, metadata{gateway.Metadata{Conn: p.control}}, source, store, p.part("ingest"))
}

// busy tells why no frames may be taken now, or nil.
func (p *platform) busy() error {
	if p.guard != nil {
		if err := p.guard.Err(); err != nil {
			return err
		}
	}
	if s, ok := p.store.(*victoria.Store); ok && s.ReadOnly() {
		return victoria.ErrReadOnly
	}
	return nil
}

// run takes frames until ctx ends.
func (c *cores) run(ctx context.Context) error {
	if c.leases == nil {
		return c.running[0].Run(ctx)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	relayed := make(chan error, 1)
	go func() {
		defer cancel() // one does not go on without the other
		relayed <- c.relay.run(ctx)
	}()
	err := c.leases.Run(ctx, c.own)
	cancel()
	return errors.Join(err, <-relayed)
}

// seen is what GraphQL shows as live values: those of all processes.
func (c *cores) seen() graph.Live {
	if c.relay != nil {
		return c.relay
	}
	return ownLive{c.live}
}

// ownLive is ingest.Live with the errors that graph knows.
type ownLive struct{ *ingest.Live }

func (l ownLive) Telemetry(ctx context.Context, f model.SeriesFilter, interval time.Duration) (<-chan model.TelemetryBatch, error) {
	updates, err := l.Live.Telemetry(ctx, f, interval)
	return updates, invalid(err)
}

// owns tells whether this process takes the frames of a partition.
func (c *cores) owns(partition int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.running[partition] != nil
}

// writeMetrics writes the metrics of the cores in Prometheus' text form.
func (c *cores) writeMetrics(w io.Writer) {
	c.live.WriteMetrics(w)
	c.storedEvents().WriteMetrics(w)
	if c.leases == nil {
		return
	}
	c.relay.writeMetrics(w)
	s := c.leases.Stats()
	for name, value := range map[string]uint64{
		"shopfloor_leases_held": s.Held, "shopfloor_leases_taken_total": s.Taken, "shopfloor_leases_lost_total": s.Lost,
		"shopfloor_leases_given_total": s.Given, "shopfloor_leases_failed_total": s.Failed,
	} {
		fmt.Fprintf(w, "%s %d\n", name, value)
	}
	c.mu.Lock()
	stores := maps.Clone(c.stores)
	c.mu.Unlock()
	for partition, store := range stores {
		var page bytes.Buffer
		store.WriteMetrics(&page)
		writeLabelled(w, page.String(), fmt.Sprintf("partition=%q", strconv.Itoa(partition)))
	}
}

// writeLabelled writes a page of metrics with one more label, so that it does not say the same as another one.
func writeLabelled(w io.Writer, page, label string) {
	for line := range strings.Lines(page) {
		name, value, ok := strings.Cut(line, " ")
		switch head, _, has := strings.Cut(name, "{"); {
		case strings.HasPrefix(line, "#"): // of types, which the page without the label tells
		case has: // the value of a label may have spaces
			fmt.Fprintf(w, "%s{%s,%s", head, label, line[len(head)+1:])
		case ok:
			fmt.Fprintf(w, "%s{%s} %s", name, label, value)
		}
	}
}

// own takes the frames of one partition while its lease holds.
func (c *cores) own(ctx context.Context, lease *bus.Lease) error {
	partition := lease.Partition()
	// A store of its own: it is told once when rows were lost, and every core has to know.
	store, err := openStorage(&c.platform.cfg, c.platform.part("victoria"))
	if err != nil {
		return err
	}
	defer store.Close()
	source := frameSource{conn: c.platform.frames, partitions: []int{partition}}
	to, err := c.platform.makeSinks()
	if err != nil {
		return err
	}
	core, err := c.make(source, leaseCheckpoints{lease}, store, to, true)
	if err != nil {
		return err
	}
	defer to.run(ctx)()
	// From here on the values are another process'.
	defer c.live.Forget(core)
	c.set(partition, core, store, to)
	defer c.unset(partition)
	var answers sync.WaitGroup
	answers.Go(func() { c.relay.servePartition(ctx, partition) })
	defer answers.Wait()
	err = core.Run(ctx)
	if errors.Is(err, ingest.ErrFenced) && ctx.Err() != nil {
		return nil
	}
	return err
}

func (c *cores) set(partition int, core *ingest.Core, store storage, to sinks) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.running[partition], c.stores[partition], c.sinks[partition] = core, store, to
}

func (c *cores) unset(partition int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stored.Add(c.sinks[partition].events.Stats())
	c.stored.OnWay = 0
	delete(c.running, partition)
	delete(c.stores, partition)
	delete(c.sinks, partition)
}

// storedEvents are the totals of all event stores of this process.
func (c *cores) storedEvents() bus.EventStats {
	c.mu.Lock()
	defer c.mu.Unlock()
	st := c.stored
	for _, s := range c.sinks {
		st.Add(s.events.Stats())
	}
	return st
}

// health returns nil while frames are taken and stored, else why not.
func (c *cores) health() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	var errs []error
	for partition, core := range c.running {
		err := core.Health()
		if err != nil && c.leases != nil {
			err = fmt.Errorf("partition %d: %w", partition, err)
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// leaseCheckpoints keeps a partition's checkpoint in its lease.
type leaseCheckpoints struct{ lease *bus.Lease }

func (c leaseCheckpoints) Load(context.Context) (ingest.Checkpoint, error) {
	return ingest.Checkpoint(c.lease.Checkpoint()), nil
}

func (c leaseCheckpoints) Save(ctx context.Context, cp ingest.Checkpoint) error {
	err := c.lease.Save(ctx, bus.Checkpoint(cp))
	if errors.Is(err, bus.ErrFenced) {
		return fmt.Errorf("%w: %w", ingest.ErrFenced, err)
	}
	return err
}
