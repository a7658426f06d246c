package registry

import (
	"context"
	"errors"
)

// Errors of the registry. graph has the same ones; what wires them maps each to its like.
var (
	// ErrNotFound: there is nothing of that name.
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
	// Deleted tells that the key is gone.
	Deleted bool
	// InitDone comes once in a watch, with nothing else: what there was at its begin is delivered.
	InitDone bool
}

// Bucket is a key-value bucket with revisions. Its methods may be called from several goroutines. A revision that is not the
// expected one, or a key that exists already, is ErrConflict.
type Bucket interface {
	Create(ctx context.Context, key []string, value []byte) (revision uint64, err error)
	Update(ctx context.Context, key []string, value []byte, expected uint64) (revision uint64, err error)
	Delete(ctx context.Context, key []string, expected uint64) error
	// Watch delivers all entries, InitDone, and then each change, until ctx ends or the bucket cannot be reached any more; then
	// the channel is closed.
	Watch(ctx context.Context) (<-chan Entry, error)
}

// Buckets are where the state lives. Keys begin with the gateway, so that a gateway can be given its own part alone.
type Buckets struct {
	// Server and Writer hold the desired state: keys {gateway, server} and {gateway, group, writer}.
	Server, Writer Bucket
	// ServerStatus, WriterStatus and Gateway hold what gateways report, with the same keys and {gateway}.
	ServerStatus, WriterStatus, Gateway Bucket
}

// The names of the buckets.
const (
	BucketServer       = "server"
	BucketWriter       = "writer"
	BucketServerStatus = "server_status"
	BucketWriterStatus = "writer_status"
	BucketGateway      = "gateway"
)
