package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/rs/zerolog"
)

// table mirrors a bucket of JSON records in memory.
type table[K comparable, T any] struct {
	kv   KV
	name string
	// keyOf returns a record's key in the table and in the bucket.
	keyOf func(*T) (K, []string)
	// setRevision puts the revision into the record; nil if it has none.
	setRevision func(*T, uint64)
	compare     func(a, b K) int
	log         zerolog.Logger

	mu    sync.RWMutex
	items map[K]item[T]
	// removed are the revisions of records that we deleted and the watch has not shown as deleted yet.
	removed map[K]uint64
	// sorted are the keys in order; nil when that is to be found out.
	sorted []K
}

type item[T any] struct {
	value    T
	revision uint64
}

func (t *table[K, T]) get(key K) (T, bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	i, ok := t.items[key]
	return i.value, ok
}

// list returns all records in the order of their keys. What slices and maps they have must not be changed.
func (t *table[K, T]) list() []T {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.sorted == nil {
		t.sorted = make([]K, 0, len(t.items))
		for key := range t.items {
			t.sorted = append(t.sorted, key)
		}
		slices.SortFunc(t.sorted, t.compare)
	}
	values := make([]T, len(t.sorted))
	for i, key := range t.sorted {
		values[i] = t.items[key].value
	}
	return values
}

// put writes a record whose revision in the bucket must be expected, and returns it with the new one.
func (t *table[K, T]) put(ctx context.Context, v T, expected uint64) (T, error) {
	key, path := t.keyOf(&v)
	b, err := json.Marshal(v)
	if err != nil {
		return v, fmt.Errorf("encode %s %v: %w", t.name, key, err)
	}
	revision, err := t.kv.Put(ctx, path, b, expected)
	if err != nil {
		return v, fmt.Errorf("put %s %v: %w", t.name, key, err)
	}
	if t.setRevision != nil {
		t.setRevision(&v, revision)
	}
	t.keep(key, v, revision)
	return v, nil
}

// remove deletes a record of the given revision.
func (t *table[K, T]) remove(ctx context.Context, v T, expected uint64) error {
	key, path := t.keyOf(&v)
	if err := t.kv.Delete(ctx, path, expected); err != nil {
		return fmt.Errorf("delete %s %v: %w", t.name, key, err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if i, ok := t.items[key]; ok && i.revision <= expected {
		t.drop(key)
		t.removed[key] = expected
	}
	return nil
}

// refresh reads a record anew, after a conflict.
func (t *table[K, T]) refresh(ctx context.Context, v T) error {
	key, path := t.keyOf(&v)
	e, err := t.kv.Get(ctx, path)
	if errors.Is(err, ErrNotFound) {
		t.mu.Lock()
		t.drop(key)
		t.mu.Unlock()
		return nil
	}
	if err != nil {
		return fmt.Errorf("get %s %v: %w", t.name, key, err)
	}
	t.take(e)
	return nil
}

func (t *table[K, T]) keep(key K, v T, revision uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	old, known := t.items[key]
	if revision <= old.revision || revision <= t.removed[key] {
		return
	}
	if !known {
		t.sorted = nil
	}
	delete(t.removed, key)
	t.items[key] = item[T]{v, revision}
}

// drop forgets a record; mu is held.
func (t *table[K, T]) drop(key K) {
	delete(t.items, key)
	t.sorted = nil
}

// take brings the table up to date with an entry and returns its key.
func (t *table[K, T]) take(e Entry) (key K, ok bool) {
	var v T
	if err := json.Unmarshal(e.Value, &v); err != nil {
		t.log.Warn().Err(err).Strs("key", e.Key).Str("bucket", t.name).Msg("record cannot be read, skipped")
		return key, false
	}
	key, path := t.keyOf(&v)
	if !slices.Equal(path, e.Key) {
		t.log.Warn().Strs("key", e.Key).Strs("record", path).Str("bucket", t.name).Msg("record stands at the key of another, skipped")
		return key, false
	}
	if t.setRevision != nil {
		t.setRevision(&v, e.Revision)
	}
	t.keep(key, v, e.Revision)
	return key, true
}

// forget drops the record at a key of the bucket.
func (t *table[K, T]) forget(e Entry) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for key, i := range t.items {
		if _, path := t.keyOf(&i.value); slices.Equal(path, e.Key) && i.revision <= e.Revision {
			t.drop(key)
			break
		}
	}
	for key, revision := range t.removed {
		if revision <= e.Revision {
			delete(t.removed, key)
		}
	}
}

// watch keeps the table up to date until ctx ends or the watch breaks. When all there was is delivered it drops what is gone,
// and calls ready, which may be nil.
func (t *table[K, T]) watch(ctx context.Context, ready func()) error {
	before := t.revisions()
	entries, err := t.kv.Watch(ctx)
	if err != nil {
		return fmt.Errorf("watch bucket %s: %w", t.name, err)
	}
	for e := range entries {
		switch {
		case e.Ready:
			t.sweep(before)
			before = nil
			if ready != nil {
				ready()
			}
		case e.Deleted:
			t.forget(e)
		default:
			if key, ok := t.take(e); ok {
				delete(before, key)
			}
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return fmt.Errorf("watch bucket %s: the watch ended", t.name)
}

func (t *table[K, T]) revisions() map[K]uint64 {
	t.mu.RLock()
	defer t.mu.RUnlock()
	m := make(map[K]uint64, len(t.items))
	for key, i := range t.items {
		m[key] = i.revision
	}
	return m
}

// sweep drops records that the watch did not deliver and nobody changed meanwhile.
func (t *table[K, T]) sweep(before map[K]uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for key, revision := range before {
		if t.items[key].revision == revision {
			t.drop(key)
		}
	}
}
