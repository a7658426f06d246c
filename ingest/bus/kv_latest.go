package bus

import (
	"context"

	"github.com/nats-io/nats.go/jetstream"
)

// EnsureLatest is EnsureBucket for a bucket that keeps the last revision of each key only: for what is reported often, and whose past nobody
// asks for.
func EnsureLatest(ctx context.Context, c *Conn, name string, maxBytes int64) (*Bucket, error) {
	return ensureBucket(ctx, c, jetstream.KeyValueConfig{Bucket: name, History: 1, MaxBytes: maxBytes})
}
