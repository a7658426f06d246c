package discovered

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
)

// errWatchEnded says that a bucket cannot be reached any more.
var errWatchEnded = errors.New("watch ended")

// records is one bucket in memory, by the last name of each key.
type records[V any] struct {
	name   string
	bucket Bucket
	key    func(V) []string
	// changed is told of each record that came or changed, by the goroutine of watch or of who wrote it; it must not block. It may be nil.
	changed func(V)
	refused func(key []string, err error)

	mu    sync.RWMutex
	items map[string]entry[V]
}

type entry[V any] struct {
	owner    string // the gateway
	value    V
	revision uint64
	deleted  bool
}

func (r *records[V]) get(id string) (V, uint64, bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	e, ok := r.items[id]
	return e.value, e.revision, ok && !e.deleted
}

func (r *records[V]) list() []V {
	r.mu.RLock()
	defer r.mu.RUnlock()
	out := make([]V, 0, len(r.items))
	for _, e := range r.items {
		if !e.deleted {
			out = append(out, e.value)
		}
	}
	return out
}

// write stores a record by one of the methods of the bucket. Who wrote it reads it at once.
func (r *records[V]) write(v V, store func(key []string, value []byte) (uint64, error)) error {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode %s: %w", r.name, err)
	}
	revision, err := store(r.key(v), b)
	if err != nil {
		return err
	}
	r.take(r.key(v), v, revision)
	return nil
}

func (r *records[V]) create(ctx context.Context, v V) error {
	return r.write(v, func(key []string, value []byte) (uint64, error) { return r.bucket.Create(ctx, key, value) })
}

func (r *records[V]) put(ctx context.Context, v V) error {
	return r.write(v, func(key []string, value []byte) (uint64, error) { return r.bucket.Put(ctx, key, value) })
}

func (r *records[V]) update(ctx context.Context, v V, expected uint64) error {
	return r.write(v, func(key []string, value []byte) (uint64, error) { return r.bucket.Update(ctx, key, value, expected) })
}

// remove deletes a record; one that was changed meanwhile stays, which is ErrConflict.
func (r *records[V]) remove(ctx context.Context, id string) error {
	v, revision, ok := r.get(id)
	if !ok {
		return nil
	}
	if err := r.bucket.Delete(ctx, r.key(v), revision); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if e := r.items[id]; e.revision <= revision {
		e.deleted = true // until the watch says so
		r.items[id] = e
	}
	return nil
}

// take keeps what is newer than what is kept. A gateway that uses the id of another one's record is not heard.
func (r *records[V]) take(key []string, v V, revision uint64) {
	id := key[len(key)-1]
	r.mu.Lock()
	old, known := r.items[id]
	newer := old.revision < revision && (!known || old.owner == key[0])
	if newer {
		r.items[id] = entry[V]{owner: key[0], value: v, revision: revision}
	}
	r.mu.Unlock()
	if newer && r.changed != nil {
		r.changed(v)
	}
}

// watch keeps the records as the bucket is, until ctx ends. loaded is called once, when all there was is known.
func (r *records[V]) watch(ctx context.Context, loaded func()) error {
	entries, err := r.bucket.Watch(ctx)
	if err != nil {
		return fmt.Errorf("watch bucket %s: %w", r.name, err)
	}
	for e := range entries {
		switch {
		case e.InitDone:
			loaded()
		case len(e.Key) == 0:
		case e.Deleted:
			r.forget(e)
		default:
			var v V
			if err := json.Unmarshal(e.Value, &v); err != nil {
				r.refused(e.Key, err)
				continue
			}
			r.take(e.Key, v, e.Revision)
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return fmt.Errorf("watch bucket %s: %w", r.name, errWatchEnded)
}

func (r *records[V]) forget(e Entry) {
	id := e.Key[len(e.Key)-1]
	r.mu.Lock()
	defer r.mu.Unlock()
	if old := r.items[id]; old.owner == e.Key[0] && old.revision < e.Revision {
		delete(r.items, id)
	}
}
