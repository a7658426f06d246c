package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
)

// table is one bucket in memory, by the key that its records are known under.
type table[K comparable, V any] struct {
	name   string
	bucket Bucket
	// keyOf names the record, path is its key in the bucket.
	keyOf func(V) K
	path  func(V) []string

	mu    sync.RWMutex
	items map[K]item[V]
	keys  map[string]K // by the joined path, for deletions
}

type item[V any] struct {
	value    V
	revision uint64
	deleted  bool // by us, and the watch has not said so yet
}

// get returns one record.
func (t *table[K, V]) get(k K) (V, bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	i, ok := t.items[k]
	return i.value, ok && !i.deleted
}

// list returns all records in the order that less gives.
func (t *table[K, V]) list(compare func(a, b V) int) []V {
	t.mu.RLock()
	out := make([]V, 0, len(t.items))
	for _, i := range t.items {
		if !i.deleted {
			out = append(out, i.value)
		}
	}
	t.mu.RUnlock()
	slices.SortFunc(out, compare)
	return out
}

// remove deletes a record whose revision must still be the expected one.
func (t *table[K, V]) remove(ctx context.Context, v V, expected uint64) error {
	if err := t.bucket.Delete(ctx, t.path(v), expected); err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if i, ok := t.items[t.keyOf(v)]; ok && i.revision <= expected {
		i.deleted = true
		t.items[t.keyOf(v)] = i
	}
	return nil
}

// drop deletes what is stored under k, if anything. Who reports it may report it again.
func (t *table[K, V]) drop(ctx context.Context, k K) error {
	t.mu.RLock()
	i, ok := t.items[k]
	t.mu.RUnlock()
	if !ok || i.deleted {
		return nil
	}
	return t.remove(ctx, i.value, i.revision)
}

func (t *table[K, V]) put(v V, revision uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	k := t.keyOf(v)
	if t.items[k].revision < revision {
		t.items[k] = item[V]{value: v, revision: revision}
		t.keys[joined(t.path(v))] = k
	}
}

func joined(key []string) string { return fmt.Sprintf("%q", key) }

// errWatchEnded says that a bucket cannot be reached any more.
var errWatchEnded = errors.New("watch ended")

// watch keeps the table as the bucket is, until ctx ends. loaded is called once, when all there was is in the table.
func (t *table[K, V]) watch(ctx context.Context, loaded func(), refused func(key []string, err error)) error {
	updates, err := t.bucket.Watch(ctx, nil)
	if err != nil {
		return fmt.Errorf("watch bucket %s: %w", t.name, err)
	}
	for e := range updates {
		switch {
		case e.InitDone:
			loaded()
		case e.Deleted:
			t.forget(e)
		default:
			var v V
			if err := json.Unmarshal(e.Value, &v); err != nil {
				refused(e.Key, err)
				continue
			}
			t.put(v, e.Revision)
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return fmt.Errorf("watch bucket %s: %w", t.name, errWatchEnded)
}

func (t *table[K, V]) forget(e Entry) {
	t.mu.Lock()
	defer t.mu.Unlock()
	name := joined(e.Key)
	if k, ok := t.keys[name]; ok && t.items[k].revision < e.Revision {
		delete(t.items, k)
		delete(t.keys, name)
	}
}
