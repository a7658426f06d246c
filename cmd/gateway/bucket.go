package gateway

import (
	"context"
	"errors"
	"fmt"

	"github.com/shopfloor-iiot/shopfloor/ingest/bus"
	"github.com/shopfloor-iiot/shopfloor/ingest/registry"
)

var _ registry.ConfigurationBucket = Bucket{}

// Bucket is registry.ConfigurationBucket over the bus.
type Bucket struct{ *bus.Bucket }

// asRegistry maps the bus' kinds of errors to those of the registry.
func asRegistry(err error) error {
	switch {
	case errors.Is(err, bus.ErrRevision):
		return fmt.Errorf("%w: %w", registry.ErrConflict, err)
	case errors.Is(err, bus.ErrNotFound):
		return fmt.Errorf("%w: %w", registry.ErrNotFound, err)
	}
	return err
}

// Get implements registry.ConfigurationBucket.
func (b Bucket) Get(ctx context.Context, key []string) (registry.Entry, error) {
	e, err := b.Bucket.Get(ctx, key)
	return registryEntry(e), asRegistry(err)
}

// Put implements registry.ConfigurationBucket.
func (b Bucket) Put(ctx context.Context, key []string, value []byte) (uint64, error) {
	return b.Bucket.Put(ctx, key, value)
}

// Create implements registry.ConfigurationBucket.
func (b Bucket) Create(ctx context.Context, key []string, value []byte) (uint64, error) {
	revision, err := b.Bucket.Create(ctx, key, value)
	return revision, asRegistry(err)
}

// Update implements registry.ConfigurationBucket.
func (b Bucket) Update(ctx context.Context, key []string, value []byte, expected uint64) (uint64, error) {
	revision, err := b.Bucket.Update(ctx, key, value, expected)
	return revision, asRegistry(err)
}

// Delete implements registry.ConfigurationBucket.
func (b Bucket) Delete(ctx context.Context, key []string, expected uint64) error {
	return asRegistry(b.Bucket.Delete(ctx, key, expected))
}

// Purge implements registry.ConfigurationBucket.
func (b Bucket) Purge(ctx context.Context, key []string, expected uint64) error {
	return asRegistry(b.Bucket.Purge(ctx, key, expected))
}

// History implements registry.ConfigurationBucket.
func (b Bucket) History(ctx context.Context, key []string) ([]registry.Entry, error) {
	list, err := b.Bucket.History(ctx, key)
	return registryEntries(list), asRegistry(err)
}

// Keys implements registry.ConfigurationBucket.
func (b Bucket) Keys(ctx context.Context, prefix []string) ([]registry.Entry, error) {
	list, err := b.Bucket.Keys(ctx, prefix)
	return registryEntries(list), asRegistry(err)
}

// Watch implements registry.ConfigurationBucket.
func (b Bucket) Watch(ctx context.Context, prefix []string) (<-chan registry.Entry, error) {
	in, err := b.Bucket.Watch(ctx, prefix)
	return forwardEntries(ctx, in), err
}

// WatchEach implements registry.ConfigurationBucket.
func (b Bucket) WatchEach(ctx context.Context, name string) (<-chan registry.Entry, error) {
	in, err := b.Bucket.WatchEach(ctx, name)
	return forwardEntries(ctx, in), err
}

// forwardEntries passes the entries of a watch on until it ends.
func forwardEntries(ctx context.Context, in <-chan bus.Entry) <-chan registry.Entry {
	if in == nil {
		return nil
	}
	out := make(chan registry.Entry)
	go func() {
		defer close(out)
		for e := range in {
			select {
			case out <- registryEntry(e):
			case <-ctx.Done():
				for range in { // closed soon, because ctx ended
				}
				return
			}
		}
	}()
	return out
}

func registryEntry(e bus.Entry) registry.Entry {
	return registry.Entry{
		Key: e.Key, Value: e.Value, Revision: e.Revision, Time: e.Time, Deleted: e.Op == bus.EntryDeleted, InitDone: e.Op == bus.EntryInitDone,
	}
}

func registryEntries(list []bus.Entry) []registry.Entry {
	out := make([]registry.Entry, len(list))
	for i, e := range list {
		out[i] = registryEntry(e)
	}
	return out
}
