package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/shopfloor-iiot/shopfloor/edge"
	"github.com/shopfloor-iiot/shopfloor/ingest/bus"
	"github.com/shopfloor-iiot/shopfloor/ingest/discovered"
	"github.com/shopfloor-iiot/shopfloor/model"
)

var _ edge.DiscoveryState = BucketDiscovery{}

// DiscoveryBuckets are the platform's buckets of discoveries.
type DiscoveryBuckets struct{ Schedule, Discovery, Application *bus.Bucket }

// OpenDiscoveryBuckets makes the buckets that are not there yet, each bounded to a hundredth of the store.
func OpenDiscoveryBuckets(ctx context.Context, c *bus.Conn, maxStore int64) (b DiscoveryBuckets, err error) {
	if b.Schedule, err = bus.EnsureBucket(ctx, c, discovered.BucketSchedule, maxStore/100); err != nil {
		return b, err
	}
	if b.Discovery, err = bus.EnsureLatest(ctx, c, discovered.BucketDiscovery, maxStore/100); err != nil {
		return b, err
	}
	b.Application, err = bus.EnsureLatest(ctx, c, discovered.BucketApplication, maxStore/100)
	return b, err
}

// BucketDiscovery is edge.DiscoveryState over the bus: a gateway's own part of the buckets.
type BucketDiscovery struct {
	Gateway string
	Buckets DiscoveryBuckets
}

// WatchSchedule implements edge.DiscoveryState.
func (s BucketDiscovery) WatchSchedule(ctx context.Context, apply func(*model.DiscoverySchedule)) error {
	entries, err := s.Buckets.Schedule.Watch(ctx, bus.Key{s.Gateway})
	if err != nil {
		return err
	}
	for e := range entries {
		switch e.Op {
		case bus.EntryDeleted:
			apply(nil)
		case bus.EntryPut:
			var v model.DiscoverySchedule
			if err := json.Unmarshal(e.Value, &v); err != nil {
				return fmt.Errorf("schedule of gateway %q: %w", s.Gateway, err)
			}
			v.Revision = e.Revision
			apply(&v)
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return errors.New("watch of the schedule ended: the bus is gone")
}

// Schedule returns the schedule, nil for none.
func (s BucketDiscovery) Schedule(ctx context.Context) (*model.DiscoverySchedule, error) {
	e, err := s.Buckets.Schedule.Get(ctx, bus.Key{s.Gateway})
	if errors.Is(err, bus.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var v model.DiscoverySchedule
	if err := json.Unmarshal(e.Value, &v); err != nil {
		return nil, fmt.Errorf("schedule of gateway %q: %w", s.Gateway, err)
	}
	return &v, nil
}

// Discoveries implements edge.DiscoveryState.
func (s BucketDiscovery) Discoveries(ctx context.Context) ([]model.Discovery, error) {
	return listBucket[model.Discovery](ctx, s.Buckets.Discovery, s.Gateway)
}

// Applications implements edge.DiscoveryState.
func (s BucketDiscovery) Applications(ctx context.Context) ([]model.DiscoveredApplication, error) {
	return listBucket[model.DiscoveredApplication](ctx, s.Buckets.Application, s.Gateway)
}

func listBucket[T any](ctx context.Context, b *bus.Bucket, gateway string) ([]T, error) {
	entries, err := b.List(ctx, bus.Key{gateway})
	if err != nil {
		return nil, err
	}
	list := make([]T, 0, len(entries))
	for _, e := range entries {
		var v T
		if json.Unmarshal(e.Value, &v) != nil {
			continue // of another version; it is written anew when it is found again
		}
		list = append(list, v)
	}
	return list, nil
}

// ReportDiscovery implements edge.DiscoveryState.
func (s BucketDiscovery) ReportDiscovery(ctx context.Context, d model.Discovery) error {
	d.Gateway = s.Gateway
	return report(ctx, s.Buckets.Discovery, discovered.DiscoveryPath(s.Gateway, d.ID), d)
}

// ReportApplication implements edge.DiscoveryState.
func (s BucketDiscovery) ReportApplication(ctx context.Context, a model.DiscoveredApplication) error {
	a.Gateway, a.ID = s.Gateway, edge.ApplicationID(s.Gateway, a.ApplicationURI)
	return report(ctx, s.Buckets.Application, discovered.ApplicationPath(s.Gateway, a.ID), a)
}
