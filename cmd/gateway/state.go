package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/shopfloor-iiot/shopfloor/edge"
	"github.com/shopfloor-iiot/shopfloor/ingest/bus"
	"github.com/shopfloor-iiot/shopfloor/ingest/registry"
	"github.com/shopfloor-iiot/shopfloor/model"
)

// Buckets are the platform's key-value buckets.
type Buckets struct{ Server, Writer, ServerStatus, WriterStatus, Gateway *bus.Bucket }

// OpenBuckets makes the buckets that are not there yet, each bounded to a hundredth of the store.
func OpenBuckets(ctx context.Context, c *bus.Conn, maxStore int64) (b Buckets, err error) {
	for name, bucket := range map[string]**bus.Bucket{
		registry.BucketServer: &b.Server, registry.BucketWriter: &b.Writer, registry.BucketServerStatus: &b.ServerStatus,
		registry.BucketWriterStatus: &b.WriterStatus, registry.BucketGateway: &b.Gateway,
	} {
		if *bucket, err = bus.EnsureBucket(ctx, c, name, maxStore/100); err != nil {
			return b, err
		}
	}
	return b, nil
}

// BucketState is edge.State over the bus: a gateway's own part of the buckets.
type BucketState struct {
	Gateway string
	Buckets Buckets
}

// settleTime is how long a change of desired state waits for the next one, so that a batch of changes is applied once.
const settleTime = 20 * time.Millisecond

// Watch implements edge.State.
func (s BucketState) Watch(ctx context.Context, apply func(edge.Desired)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	serverEntries, err := s.Buckets.Server.Watch(ctx, bus.Key{s.Gateway})
	if err != nil {
		return err
	}
	writerEntries, err := s.Buckets.Writer.Watch(ctx, bus.Key{s.Gateway})
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
			return fmt.Errorf("desired state of gateway %q: %w", s.Gateway, err)
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

// ReportServer implements edge.State.
func (s BucketState) ReportServer(ctx context.Context, v model.ServerStatus) error {
	return report(ctx, s.Buckets.ServerStatus, bus.Key{s.Gateway, v.Server}, v)
}

// ReportWriter implements edge.State.
func (s BucketState) ReportWriter(ctx context.Context, v model.WriterStatus) error {
	return report(ctx, s.Buckets.WriterStatus, registry.WriterPath(v.Writer), v)
}

// ReportGateway implements edge.State.
func (s BucketState) ReportGateway(ctx context.Context, v model.GatewayStatus) error {
	return report(ctx, s.Buckets.Gateway, registry.GatewayPath(v.Gateway), v)
}

func report(ctx context.Context, b *bus.Bucket, key bus.Key, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode status: %w", err)
	}
	_, err = b.Put(ctx, key, body)
	return err
}
