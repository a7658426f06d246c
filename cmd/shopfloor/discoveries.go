package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/shopfloor-iiot/shopfloor/cmd/gateway"
	"github.com/shopfloor-iiot/shopfloor/edge/opcua/discovery"
	"github.com/shopfloor-iiot/shopfloor/graph"
	"github.com/shopfloor-iiot/shopfloor/ingest/bus"
	"github.com/shopfloor-iiot/shopfloor/ingest/discovered"
	"github.com/shopfloor-iiot/shopfloor/ingest/registry"
	"github.com/shopfloor-iiot/shopfloor/model"
)

// makeDiscoveries makes what is known of discoveries.
func (p *platform) makeDiscoveries(ctx context.Context) (err error) {
	if p.discoveryBuckets, err = gateway.OpenDiscoveryBuckets(ctx, p.control, p.maxStore()); err != nil {
		return err
	}
	b := p.discoveryBuckets
	p.discoveries = discovered.New(discovered.Config{
		Schedules: discoveredBucket{b.Schedule}, Discoveries: discoveredBucket{b.Discovery}, Applications: discoveredBucket{b.Application},
		Gateways: p.commands, Servers: discoveredServers{p.registry}, Check: discovery.Prepare, Log: p.part("discoveries"),
	})
	return nil
}

// Discover implements discovered.Gateways.
func (c *commands) Discover(ctx context.Context, gateway string, r model.DiscoveryRequest) error {
	return c.tell(ctx, gateway, model.VerbDiscover, r)
}

// CancelDiscovery implements discovered.Gateways.
func (c *commands) CancelDiscovery(ctx context.Context, gateway, id string) error {
	return c.tell(ctx, gateway, model.VerbCancelDiscovery, model.CancelDiscovery{ID: id})
}

// tell sends a command that is not about a server.
func (c *commands) tell(ctx context.Context, gateway, verb string, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode %s: %w", verb, err)
	}
	_, err = c.send(ctx, gateway, verb, body)
	var remote *bus.RemoteError
	if status, ok := asStatus(err); ok && errors.As(err, &remote) {
		switch status {
		case model.StatusBadInvalidArgument:
			return fmt.Errorf("%w: %s", graph.ErrInvalid, remote.Text)
		case model.StatusBadNotFound:
			return fmt.Errorf("%w: %s", graph.ErrNotFound, remote.Text)
		case model.StatusBadTooManyOperations:
			return fmt.Errorf("%w: %s", graph.ErrUnavailable, remote.Text)
		}
	}
	return err
}

// discoveredServers is discovered.Servers over the registry.
type discoveredServers struct{ registry *registry.Registry }

func (s discoveredServers) Servers() []model.Server { return s.registry.Servers() }

func (s discoveredServers) AddServer(ctx context.Context, v model.Server) (model.Server, error) {
	return s.registry.AddServer(ctx, v, "")
}

// discoveredBucket is discovered.Bucket over the bus.
type discoveredBucket struct{ bucket *bus.Bucket }

func discoveredError(err error) error {
	if errors.Is(err, bus.ErrRevision) {
		return fmt.Errorf("%w: %w", discovered.ErrConflict, err)
	}
	return err
}

func (b discoveredBucket) Create(ctx context.Context, key []string, value []byte) (uint64, error) {
	revision, err := b.bucket.Create(ctx, key, value)
	return revision, discoveredError(err)
}

func (b discoveredBucket) Put(ctx context.Context, key []string, value []byte) (uint64, error) {
	return b.bucket.Put(ctx, key, value)
}

func (b discoveredBucket) Update(ctx context.Context, key []string, value []byte, expected uint64) (uint64, error) {
	revision, err := b.bucket.Update(ctx, key, value, expected)
	return revision, discoveredError(err)
}

func (b discoveredBucket) Delete(ctx context.Context, key []string, expected uint64) error {
	return discoveredError(b.bucket.Delete(ctx, key, expected))
}

func (b discoveredBucket) Watch(ctx context.Context) (<-chan discovered.Entry, error) {
	in, err := b.bucket.Watch(ctx, nil)
	if err != nil {
		return nil, err
	}
	out := make(chan discovered.Entry)
	go func() {
		defer close(out)
		for e := range in {
			entry := discovered.Entry{Key: e.Key, Value: e.Value, Revision: e.Revision, Deleted: e.Op == bus.EntryDeleted, InitDone: e.Op == bus.EntryInitDone}
			select {
			case out <- entry:
			case <-ctx.Done():
				for range in { // closed soon, because ctx ended
				}
				return
			}
		}
	}()
	return out, nil
}

var _ graph.Discoveries = graphDiscoveries{}

// graphDiscoveries are the discoveries with the errors that graph knows.
type graphDiscoveries struct {
	*discovered.Registry
	// wake tells a gateway that there is something new for it.
	wake func(gateway string) error
}

// discoveriesAsGraph maps the kinds of errors of discovered to those of graph.
func discoveriesAsGraph(err error) error {
	for kind, to := range map[error]error{discovered.ErrNotFound: graph.ErrNotFound, discovered.ErrInvalid: graph.ErrInvalid, discovered.ErrConflict: graph.ErrConflict} {
		if errors.Is(err, kind) {
			return &mappedError{err, to}
		}
	}
	return asGraph(err)
}

func (d graphDiscoveries) Discover(ctx context.Context, gateway string, c model.DiscoveryConfig) (model.Discovery, error) {
	v, err := d.Registry.Discover(ctx, gateway, c)
	return v, discoveriesAsGraph(err)
}

func (d graphDiscoveries) CancelDiscovery(ctx context.Context, id string) (model.Discovery, error) {
	v, err := d.Registry.CancelDiscovery(ctx, id)
	return v, discoveriesAsGraph(err)
}

func (d graphDiscoveries) Discovery(id string) (model.Discovery, error) {
	v, err := d.Registry.Discovery(id)
	return v, discoveriesAsGraph(err)
}

func (d graphDiscoveries) WatchDiscovery(ctx context.Context, id string) (<-chan model.Discovery, error) {
	v, err := d.Registry.WatchDiscovery(ctx, id)
	return v, discoveriesAsGraph(err)
}

func (d graphDiscoveries) SetSchedule(ctx context.Context, gateway string, c *model.DiscoveryConfig) error {
	if err := d.Registry.SetSchedule(ctx, gateway, c); err != nil {
		return discoveriesAsGraph(err)
	}
	_ = d.wake(gateway) // one that does not hear it asks by itself
	return nil
}

func (d graphDiscoveries) Application(id string) (model.DiscoveredApplication, error) {
	v, err := d.Registry.Application(id)
	return v, discoveriesAsGraph(err)
}

func (d graphDiscoveries) AddServer(ctx context.Context, application, url string, s model.Server) (model.Server, error) {
	v, err := d.Registry.AddServer(ctx, application, url, s)
	return v, discoveriesAsGraph(err)
}

func (d graphDiscoveries) ForgetApplications(ctx context.Context, gateway string, notSeenFor time.Duration) ([]string, error) {
	v, err := d.Registry.ForgetApplications(ctx, gateway, notSeenFor)
	return v, discoveriesAsGraph(err)
}
