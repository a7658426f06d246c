package bus

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// Key names one entry of a bucket: the names on the way to it, most general first ({gateway, writer}), any characters each
// (see Escape). A shorter key stands for all below it where the method says so.
type Key []string

func (k Key) String() string { return strings.Join(k, "/") }

func (k Key) encode() (string, error) {
	if len(k) == 0 || len(k) > 4 {
		return "", fmt.Errorf("%w: key of %d names, 1 to 4 are allowed", ErrName, len(k))
	}
	return join("", k...)
}

func decodeKey(s string) (Key, error) {
	k := make(Key, strings.Count(s, ".")+1)
	return k, split("", s, k)
}

// EntryOp says what an Entry of a watch is.
type EntryOp uint8

const (
	EntryPut EntryOp = iota
	EntryDeleted
	// EntryInitDone comes once in a watch, without a key: all entries that there were at its begin have been delivered.
	EntryInitDone
)

// Entry is one key with its value.
type Entry struct {
	Key   Key
	Value []byte
	// Revision is the bucket's running number of the last change of the key.
	Revision uint64
	// Time is when it was stored.
	Time time.Time
	Op   EntryOp
}

// Bucket is a key-value bucket with revisions: the registry, desired and reported state. Its methods may be called from
// several goroutines.
type Bucket struct {
	name string
	conn *Conn
	kv   jetstream.KeyValue
}

// EnsureBucket makes a bucket that keeps 64 revisions a key within maxBytes, or brings an existing one to this form. It has
// as many replicas as UA_DATA.
func EnsureBucket(ctx context.Context, c *Conn, name string, maxBytes int64) (*Bucket, error) {
	return ensureBucket(ctx, c, jetstream.KeyValueConfig{
		Bucket: name, History: keyRevisions, MaxBytes: maxBytes, LimitMarkerTTL: markerAge,
	})
}

func ensureBucket(ctx context.Context, c *Conn, cfg jetstream.KeyValueConfig) (*Bucket, error) {
	name := cfg.Bucket
	cfg.Storage, cfg.Replicas = jetstream.FileStorage, 1
	if st, err := c.js.Stream(ctx, StreamData); err == nil {
		cfg.Replicas = st.CachedInfo().Config.Replicas
	} else if !errors.Is(err, jetstream.ErrStreamNotFound) {
		return nil, fmt.Errorf("make bucket %s: look up replicas of %s: %w", name, StreamData, err)
	}
	var kv jetstream.KeyValue
	err := insist(ctx, func(ctx context.Context) (err error) {
		kv, err = c.js.CreateOrUpdateKeyValue(ctx, cfg)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("make bucket %s: %w", name, err)
	}
	return &Bucket{name: name, conn: c, kv: kv}, nil
}

// Bucket opens a bucket that EnsureStreams or EnsureBucket made.
func (c *Conn) Bucket(ctx context.Context, name string) (*Bucket, error) {
	kv, err := c.js.KeyValue(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("open bucket %s: %w", name, err)
	}
	return &Bucket{name: name, conn: c, kv: kv}, nil
}

// Get reads one entry. A key that does not exist or was deleted is ErrNotFound.
func (b *Bucket) Get(ctx context.Context, key Key) (Entry, error) {
	k, err := key.encode()
	if err != nil {
		return Entry{}, err
	}
	e, err := b.kv.Get(ctx, k)
	if err != nil {
		return Entry{}, b.error("get", key, err)
	}
	return Entry{Key: key, Value: e.Value(), Revision: e.Revision(), Time: e.Created()}, nil
}

// Create writes a key that must not exist (or was deleted); one that does is ErrRevision. It returns the new revision.
func (b *Bucket) Create(ctx context.Context, key Key, value []byte) (uint64, error) {
	k, err := key.encode()
	if err != nil {
		return 0, err
	}
	revision, err := b.kv.Create(ctx, k, value)
	if err != nil {
		return 0, b.error("create", key, err)
	}
	return revision, nil
}

// Update writes a key whose revision must still be the expected one; another is ErrRevision. It returns the new revision.
func (b *Bucket) Update(ctx context.Context, key Key, value []byte, expected uint64) (uint64, error) {
	k, err := key.encode()
	if err != nil {
		return 0, err
	}
	revision, err := b.kv.Update(ctx, k, value, expected)
	if err != nil {
		return 0, b.error("update", key, err)
	}
	return revision, nil
}

// Put writes a key whatever it was: for state with one writer only. It returns the new revision.
func (b *Bucket) Put(ctx context.Context, key Key, value []byte) (uint64, error) {
	k, err := key.encode()
	if err != nil {
		return 0, err
	}
	revision, err := b.kv.Put(ctx, k, value)
	if err != nil {
		return 0, b.error("put", key, err)
	}
	return revision, nil
}

// Delete removes a key whose revision must still be the expected one; another is ErrRevision. Watchers see it.
func (b *Bucket) Delete(ctx context.Context, key Key, expected uint64) error {
	k, err := key.encode()
	if err != nil {
		return err
	}
	if expected == 0 {
		return fmt.Errorf("delete %s/%s: expected revision 0: %w: read the entry first", b.name, key, ErrRevision)
	}
	if err := b.kv.Delete(ctx, k, jetstream.LastRevision(expected)); err != nil {
		return b.error("delete", key, err)
	}
	return nil
}

// Purge removes a key with its history, whose revision must still be the expected one; another is ErrRevision. Watchers see a deletion,
// of which nothing is left after a day.
func (b *Bucket) Purge(ctx context.Context, key Key, expected uint64) error {
	k, err := key.encode()
	if err != nil {
		return err
	}
	if expected == 0 {
		return fmt.Errorf("purge %s/%s: expected revision 0: %w: read the entry first", b.name, key, ErrRevision)
	}
	if err := b.kv.Purge(ctx, k, jetstream.LastRevision(expected), jetstream.PurgeTTL(markerAge)); err != nil {
		return b.error("purge", key, err)
	}
	return nil
}

// MaxValue is the largest value that the bucket takes, in bytes.
func (b *Bucket) MaxValue() int { return b.conn.MaxMessage() }

// History returns the last revisions of a key, at most 64, oldest first, deletions among them.
func (b *Bucket) History(ctx context.Context, key Key) ([]Entry, error) {
	k, err := key.encode()
	if err != nil {
		return nil, err
	}
	history, err := b.kv.History(ctx, k)
	if err != nil {
		return nil, b.error("read history of", key, err)
	}
	entries := make([]Entry, 0, len(history))
	for _, e := range history {
		entries = append(entries, entry(key, e))
	}
	return entries, nil
}

// List returns all entries with key prefix, and below it; a nil prefix means all. The order is that of their last change.
func (b *Bucket) List(ctx context.Context, prefix Key) ([]Entry, error) {
	return b.list(ctx, prefix, false)
}

// Keys is List without the values, for keys with large ones.
func (b *Bucket) Keys(ctx context.Context, prefix Key) ([]Entry, error) {
	return b.list(ctx, prefix, true)
}

func (b *Bucket) list(ctx context.Context, prefix Key, headersOnly bool) ([]Entry, error) {
	ctx, cancel := context.WithTimeout(ctx, requestWait)
	defer cancel()
	filters, err := b.below(prefix)
	if err != nil {
		return nil, err
	}
	updates, err := b.watch(ctx, filters, headersOnly)
	if err != nil {
		return nil, err
	}
	var entries []Entry
	for e := range updates {
		switch e.Op {
		case EntryPut:
			entries = append(entries, e)
		case EntryInitDone:
			return entries, nil
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("list bucket %s: %w", b.name, err)
	}
	return nil, fmt.Errorf("list bucket %s: connection closed", b.name)
}

func entry(key Key, e jetstream.KeyValueEntry) Entry {
	op := EntryPut
	if e.Operation() != jetstream.KeyValuePut {
		op = EntryDeleted
	}
	return Entry{Key: key, Value: e.Value(), Revision: e.Revision(), Time: e.Created(), Op: op}
}

// error names what was done, and makes the bus' own errors of those of JetStream.
func (b *Bucket) error(verb string, key Key, err error) error {
	var api *jetstream.APIError
	switch {
	case errors.Is(err, jetstream.ErrKeyNotFound):
		err = ErrNotFound
	case errors.Is(err, jetstream.ErrKeyExists),
		errors.As(err, &api) && api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence:
		err = ErrRevision
	}
	return fmt.Errorf("%s %s/%s: %w", verb, b.name, key, err)
}
