package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/shopfloor-iiot/shopfloor/edge"
	"github.com/shopfloor-iiot/shopfloor/graph"
	"github.com/shopfloor-iiot/shopfloor/ingest/bus"
	"github.com/shopfloor-iiot/shopfloor/ingest/registry"
	"github.com/shopfloor-iiot/shopfloor/model"
)

// buckets are the platform's key-value buckets.
type buckets struct{ server, writer, serverStatus, writerStatus, gateway *bus.Bucket }

// openBuckets makes the buckets that are not there yet, each bounded to a hundredth of the store.
func openBuckets(ctx context.Context, c *bus.Conn, maxStore int64) (b buckets, err error) {
	for name, bucket := range map[string]**bus.Bucket{
		registry.BucketServer: &b.server, registry.BucketWriter: &b.writer, registry.BucketServerStatus: &b.serverStatus,
		registry.BucketWriterStatus: &b.writerStatus, registry.BucketGateway: &b.gateway,
	} {
		if *bucket, err = bus.EnsureBucket(ctx, c, name, maxStore/100); err != nil {
			return b, err
		}
	}
	return b, nil
}

// forRegistry shows the buckets as the registry wants them.
func (b buckets) forRegistry() registry.Buckets {
	return registry.Buckets{
		Server: registryBucket{b.server}, Writer: registryBucket{b.writer}, ServerStatus: registryBucket{b.serverStatus},
		WriterStatus: registryBucket{b.writerStatus}, Gateway: registryBucket{b.gateway},
	}
}

// registryBucket is registry.Bucket over the bus.
type registryBucket struct{ bucket *bus.Bucket }

func conflict(err error) error {
	if errors.Is(err, bus.ErrRevision) {
		return fmt.Errorf("%w: %w", registry.ErrConflict, err)
	}
	return err
}

func (b registryBucket) Create(ctx context.Context, key []string, value []byte) (uint64, error) {
	revision, err := b.bucket.Create(ctx, key, value)
	return revision, conflict(err)
}

func (b registryBucket) Update(ctx context.Context, key []string, value []byte, expected uint64) (uint64, error) {
	revision, err := b.bucket.Update(ctx, key, value, expected)
	return revision, conflict(err)
}

func (b registryBucket) Delete(ctx context.Context, key []string, expected uint64) error {
	return conflict(b.bucket.Delete(ctx, key, expected))
}

func (b registryBucket) Watch(ctx context.Context) (<-chan registry.Entry, error) {
	in, err := b.bucket.Watch(ctx, nil)
	if err != nil {
		return nil, err
	}
	out := make(chan registry.Entry)
	go func() {
		defer close(out)
		for e := range in {
			r := registry.Entry{Key: e.Key, Value: e.Value, Revision: e.Revision, Deleted: e.Op == bus.EntryDeleted, InitDone: e.Op == bus.EntryInitDone}
			select {
			case out <- r:
			case <-ctx.Done():
				for range in { // closed soon, because ctx ended
				}
				return
			}
		}
	}()
	return out, nil
}

// graphRegistry is the registry with the errors that graph knows.
type graphRegistry struct{ *registry.Registry }

// asGraph maps the registry's kinds of errors to those of graph.
func asGraph(err error) error {
	for kind, to := range map[error]error{registry.ErrNotFound: graph.ErrNotFound, registry.ErrInvalid: graph.ErrInvalid, registry.ErrConflict: graph.ErrConflict} {
		if errors.Is(err, kind) {
			return &mappedError{err, to}
		}
	}
	return err
}

// mappedError has the text of one error and the kind of another.
type mappedError struct{ err, kind error }

func (e *mappedError) Error() string   { return e.err.Error() }
func (e *mappedError) Unwrap() []error { return []error{e.err, e.kind} }

func (r graphRegistry) Server(id string) (model.Server, error) {
	s, err := r.Registry.Server(id)
	return s, asGraph(err)
}

func (r graphRegistry) Gateway(id string) (model.GatewayStatus, error) {
	g, err := r.Registry.Gateway(id)
	return g, asGraph(err)
}

func (r graphRegistry) Writer(key model.WriterKey) (model.DataSetWriter, error) {
	w, err := r.Registry.Writer(key)
	return w, asGraph(err)
}

func (r graphRegistry) AddServer(ctx context.Context, s model.Server, password string) (model.Server, error) {
	s, err := r.Registry.AddServer(ctx, s, password)
	return s, asGraph(err)
}

func (r graphRegistry) UpdateServer(ctx context.Context, id string, change func(*model.Server), password *string) (model.Server, error) {
	s, err := r.Registry.UpdateServer(ctx, id, change, password)
	return s, asGraph(err)
}

func (r graphRegistry) RemoveServer(ctx context.Context, id string) error {
	return asGraph(r.Registry.RemoveServer(ctx, id))
}

func (r graphRegistry) Publish(ctx context.Context, p model.PublishRequest) (model.DataSetWriter, []model.PublishResult, error) {
	w, results, err := r.Registry.Publish(ctx, p)
	return w, results, asGraph(err)
}

func (r graphRegistry) Unpublish(ctx context.Context, key model.WriterKey, nodes []model.ExpandedNodeID) (model.DataSetWriter, bool, []model.PublishResult, error) {
	w, removed, results, err := r.Registry.Unpublish(ctx, key, nodes)
	return w, removed, results, asGraph(err)
}

// gatewayState is edge.State over the bus: a gateway's own part of the buckets.
type gatewayState struct {
	gateway string
	buckets buckets
}

// settleTime is how long a change of desired state waits for the next one, so that a batch of changes is applied once.
const settleTime = 20 * time.Millisecond

func (s gatewayState) Watch(ctx context.Context, apply func(edge.Desired)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	serverEntries, err := s.buckets.server.Watch(ctx, bus.Key{s.gateway})
	if err != nil {
		return err
	}
	writerEntries, err := s.buckets.writer.Watch(ctx, bus.Key{s.gateway})
	if err != nil {
		return err
	}
	servers, writers := desired[model.Server]{}, desired[model.DataSetWriter]{}
	loading := 2
	var settled <-chan time.Time
	for {
		var e bus.Entry
		var ok bool
		select {
		case e, ok = <-serverEntries:
			err = servers.take(e)
		case e, ok = <-writerEntries:
			err = writers.take(e)
		case <-settled:
			settled = nil
			apply(edge.Desired{Servers: servers.list(), Writers: writers.list()})
			continue
		}
		if !ok {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return errors.New("watch of the desired state ended: the bus is gone")
		}
		if err != nil {
			return fmt.Errorf("desired state of gateway %q: %w", s.gateway, err)
		}
		if e.Op == bus.EntryInitDone {
			loading--
		}
		if loading == 0 {
			settled = time.After(settleTime)
		}
	}
}

// desired is one bucket's records by their keys.
type desired[T any] map[string]T

func (d desired[T]) take(e bus.Entry) error {
	switch e.Op {
	case bus.EntryDeleted:
		delete(d, e.Key.String())
	case bus.EntryPut:
		if len(e.Key) == 0 {
			return nil // the zero Entry of a closed channel
		}
		var v T
		if err := json.Unmarshal(e.Value, &v); err != nil {
			return fmt.Errorf("record %s: %w", e.Key, err)
		}
		d[e.Key.String()] = v
	}
	return nil
}

func (d desired[T]) list() []T {
	out := make([]T, 0, len(d))
	for _, v := range d {
		out = append(out, v)
	}
	return out
}

func (s gatewayState) ReportServer(ctx context.Context, v model.ServerStatus) error {
	return report(ctx, s.buckets.serverStatus, bus.Key{s.gateway, v.Server}, v)
}

func (s gatewayState) ReportWriter(ctx context.Context, v model.WriterStatus) error {
	return report(ctx, s.buckets.writerStatus, registry.WriterPath(v.Writer), v)
}

func (s gatewayState) ReportGateway(ctx context.Context, v model.GatewayStatus) error {
	return report(ctx, s.buckets.gateway, registry.GatewayPath(v.Gateway), v)
}

func report(ctx context.Context, b *bus.Bucket, key bus.Key, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode status: %w", err)
	}
	_, err = b.Put(ctx, key, body)
	return err
}
