package bus

import (
	"context"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"
)

// Watch delivers the entries with key prefix and below it (nil means all), then one EntryInitDone, then every change as it
// comes, deletions too. It goes on after a reconnect without a hole. The channel is closed when ctx ends, or the
// connection is closed. A slow receiver delays only itself; updates wait on the server.
func (b *Bucket) Watch(ctx context.Context, prefix Key) (<-chan Entry, error) {
	var filters []string
	if len(prefix) > 0 {
		k, err := prefix.encode()
		if err != nil {
			return nil, err
		}
		filters = []string{k, k + ".>"}
	}
	w, err := b.kv.WatchFiltered(ctx, filters)
	if err != nil {
		return nil, fmt.Errorf("watch bucket %s: %w", b.name, err)
	}
	out := make(chan Entry)
	go func() {
		defer close(out)
		forward(ctx, w, out)
		// The result says only that the subscription is gone already.
		_ = w.Stop()
		// Until the watcher closes it: its callback may hang in a send.
		for range w.Updates() {
		}
	}()
	return out, nil
}

func forward(ctx context.Context, w jetstream.KeyWatcher, out chan<- Entry) {
	for {
		var e Entry
		select {
		case <-ctx.Done():
			return
		case u, ok := <-w.Updates():
			if !ok {
				return
			}
			if u == nil {
				e.Op = EntryInitDone
				break
			}
			key, err := decodeKey(u.Key())
			if err != nil {
				continue // written by another program, past this package
			}
			e = entry(key, u)
		}
		select {
		case out <- e:
		case <-ctx.Done():
			return
		}
	}
}
