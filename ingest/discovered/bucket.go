package discovered

import (
	"context"
	"errors"
)

// Errors of this package. What wires it maps them to those of graph.
var (
	// ErrNotFound: there is nothing of that name.
	ErrNotFound = errors.New("not found")
	// ErrInvalid: the input cannot be taken.
	ErrInvalid = errors.New("invalid input")
	// ErrConflict: it exists already, or somebody changed it in between. Buckets and Servers return it as well.
	ErrConflict = errors.New("conflict")
)

// The names of the buckets. Keys begin with the gateway: {gateway} of a schedule, {gateway, id} of the others.
const (
	BucketSchedule    = "discovery_schedule"
	BucketDiscovery   = "discovery"
	BucketApplication = "application"
)

// Entry is one key of a bucket as a watch delivers it.
type Entry struct {
	Key      []string
	Value    []byte
	Revision uint64
	Deleted  bool
	// InitDone comes once in a watch, with nothing else: what there was at its begin is delivered.
	InitDone bool
}

// Bucket is a key-value bucket with revisions. Its methods may be called from several goroutines. A revision that is not the expected one, or
// a key that exists already, is ErrConflict.
type Bucket interface {
	Create(ctx context.Context, key []string, value []byte) (revision uint64, err error)
	// Put writes a key whatever it was.
	Put(ctx context.Context, key []string, value []byte) (revision uint64, err error)
	Update(ctx context.Context, key []string, value []byte, expected uint64) (revision uint64, err error)
	Delete(ctx context.Context, key []string, expected uint64) error
	// Watch delivers all entries, InitDone, and then each change, until ctx ends or the bucket cannot be reached any more; then the channel
	// is closed.
	Watch(ctx context.Context) (<-chan Entry, error)
}
