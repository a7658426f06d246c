package gateway

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/edge"
	"github.com/shopfloor-iiot/shopfloor/ingest/bus"
	"github.com/shopfloor-iiot/shopfloor/ingest/registry"
	"github.com/shopfloor-iiot/shopfloor/model"
)

// Buckets are the platform's key-value buckets.
type Buckets struct{ Configuration, ServerStatus, WriterStatus, Gateway *bus.Bucket }

// OpenBuckets makes the buckets that are not there yet, each bounded to a hundredth of the store.
func OpenBuckets(ctx context.Context, c *bus.Conn, maxStore int64) (b Buckets, err error) {
	for name, bucket := range map[string]**bus.Bucket{
		registry.BucketConfiguration: &b.Configuration, registry.BucketServerStatus: &b.ServerStatus,
		registry.BucketWriterStatus: &b.WriterStatus, registry.BucketGateway: &b.Gateway,
	} {
		if *bucket, err = bus.EnsureBucket(ctx, c, name, maxStore/100); err != nil {
			return b, err
		}
	}
	return b, nil
}

// Registry shows the buckets as the registry wants them.
func (b Buckets) Registry() registry.Buckets {
	return registry.Buckets{
		Configuration: Bucket{b.Configuration}, ServerStatus: Bucket{b.ServerStatus}, WriterStatus: Bucket{b.WriterStatus}, Gateway: Bucket{b.Gateway},
	}
}

// BucketState is edge.State over the bus: a gateway's own part of the buckets.
type BucketState struct {
	Gateway string
	Buckets Buckets
	Log     zerolog.Logger
}

// Watch implements edge.State.
func (s BucketState) Watch(ctx context.Context, apply func(edge.Desired)) error {
	return registry.Follow(ctx, Bucket{s.Buckets.Configuration}, s.Gateway, func(c model.Configuration) {
		apply(edge.Desired{Revision: c.Revision, Servers: c.Servers, Writers: c.Writers})
	}, s.Log)
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
