package registry

import (
	"context"
	"errors"
	"time"
)

// Errors of the registry. graph has the same ones; what wires them maps each to its like.
var (
	// ErrNotFound: there is nothing of that name. Buckets return it as well.
	ErrNotFound = errors.New("not found")
	// ErrInvalid: the input cannot be taken.
	ErrInvalid = errors.New("invalid input")
	// ErrConflict: it exists already, or somebody changed it in between. Buckets return it as well.
	ErrConflict = errors.New("conflict")
)

// Entry is one key of a bucket as a watch delivers it.
type Entry struct {
	// Key has the names on the way to the entry, most general first.
	Key   []string
	Value []byte
	// Revision rises with each change of the bucket.
	Revision uint64
	// Time is when it was stored.
	Time time.Time
	// Deleted tells that the key is gone.
	Deleted bool
	// InitDone comes once in a watch, with nothing else: what there was at its begin is delivered.
	InitDone bool
}

// Bucket is a key-value bucket with revisions. Its methods may be called from several goroutines. A revision that is not the
// expected one, or a key that exists already, is ErrConflict; a key that does not exist is ErrNotFound.
type Bucket interface {
	Create(ctx context.Context, key []string, value []byte) (revision uint64, err error)
	Update(ctx context.Context, key []string, value []byte, expected uint64) (revision uint64, err error)
	Delete(ctx context.Context, key []string, expected uint64) error
	// Watch delivers all entries with the key prefix and below it, nil for all, then InitDone, and then each change, until ctx ends or the
	// bucket cannot be reached any more; then the channel is closed.
	Watch(ctx context.Context, prefix []string) (<-chan Entry, error)
}

// ConfigurationReader is what a gateway needs of the bucket of configurations. A mirror of its own part of the bucket will do.
type ConfigurationReader interface {
	Get(ctx context.Context, key []string) (Entry, error)
	Watch(ctx context.Context, prefix []string) (<-chan Entry, error)
}

// ConfigurationBucket holds the configurations of all gateways; see commit for its keys.
type ConfigurationBucket interface {
	Bucket
	ConfigurationReader
	Put(ctx context.Context, key []string, value []byte) (revision uint64, err error)
	// Purge removes a key with its history.
	Purge(ctx context.Context, key []string, expected uint64) error
	// History returns the last revisions of a key that the bucket keeps, oldest first.
	History(ctx context.Context, key []string) ([]Entry, error)
	// Keys returns the entries below a prefix without their values.
	Keys(ctx context.Context, prefix []string) ([]Entry, error)
	// WatchEach is a Watch of the keys of two names whose second one is name.
	WatchEach(ctx context.Context, name string) (<-chan Entry, error)
	// MaxValue is the largest value that the bucket takes, in bytes.
	MaxValue() int
}

// Buckets are where the state lives. Keys begin with the gateway, so that a gateway can be given its own part alone.
type Buckets struct {
	// Configuration holds the desired state.
	Configuration ConfigurationBucket
	// ServerStatus, WriterStatus and Gateway hold what gateways report: keys {gateway, server}, {gateway, group, writer} and {gateway}.
	ServerStatus, WriterStatus, Gateway Bucket
}

// The names of the buckets.
const (
	BucketConfiguration = "configuration"
	BucketServerStatus  = "server_status"
	BucketWriterStatus  = "writer_status"
	BucketGateway       = "gateway"
)
