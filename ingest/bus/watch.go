package bus

import (
	"context"
	"fmt"
	"strings"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Headers of an entry that is no value: that a client deleted the key, or that the server did, because of its age.
const (
	headerKVOperation = "KV-Operation"
	headerMarker      = "Nats-Marker-Reason"
)

// watchPull bounds what the server sends ahead in a watch, in entries. Not in bytes: nats-server 2.15 skips the entry that does not fit into a pull
// when it delivers the last one per subject.
const watchPull = 32

// Watch delivers the entries with key prefix and below it (nil means all), then one EntryInitDone, then every change as it
// comes, deletions too. It goes on after a reconnect, or a restart of the server, without a hole. The channel is closed when
// ctx ends, or the connection is closed. A slow receiver delays only itself; updates wait on the server.
//
// It reads the bucket's stream itself. The watch of nats.go knows only by missing heartbeats that a server was restarted,
// and stands still for 10 to 20 s.
func (b *Bucket) Watch(ctx context.Context, prefix Key) (<-chan Entry, error) {
	filters, err := b.below(prefix)
	if err != nil {
		return nil, err
	}
	return b.watch(ctx, filters, false)
}

// WatchEach is a Watch of the keys of two names whose second one is name, whatever the first is.
func (b *Bucket) WatchEach(ctx context.Context, name string) (<-chan Entry, error) {
	k, err := Key{name}.encode()
	if err != nil {
		return nil, err
	}
	return b.watch(ctx, []string{b.subjects() + "*." + k}, false)
}

// subjects is what the subjects of the bucket's keys begin with.
func (b *Bucket) subjects() string { return "$KV." + b.name + "." }

// below returns the filters for the key prefix and what is below it.
func (b *Bucket) below(prefix Key) ([]string, error) {
	if len(prefix) == 0 {
		return []string{b.subjects() + ">"}, nil
	}
	k, err := prefix.encode()
	if err != nil {
		return nil, err
	}
	return []string{b.subjects() + k, b.subjects() + k + ".>"}, nil
}

func (b *Bucket) watch(ctx context.Context, filters []string, headersOnly bool) (<-chan Entry, error) {
	cons, err := b.conn.js.OrderedConsumer(ctx, "KV_"+b.name, jetstream.OrderedConsumerConfig{
		DeliverPolicy: jetstream.DeliverLastPerSubjectPolicy, FilterSubjects: filters, HeadersOnly: headersOnly,
	})
	if err != nil {
		return nil, fmt.Errorf("watch bucket %s: %w", b.name, err)
	}
	messages, err := cons.Messages(jetstream.PullMaxMessages(watchPull))
	if err != nil {
		return nil, fmt.Errorf("watch bucket %s: %w", b.name, err)
	}
	out := make(chan Entry)
	pending := cons.CachedInfo().NumPending
	go func() {
		defer close(out)
		defer b.conn.forget(cons, "KV_"+b.name)
		defer messages.Stop()
		forward(ctx, messages, b.subjects(), pending, out)
	}()
	return out, nil
}

// forward sends entries until ctx ends or reading does; the closed channel is the message then.
func forward(ctx context.Context, messages jetstream.MessagesContext, subjects string, pending uint64, out chan<- Entry) {
	send := func(e Entry) bool {
		select {
		case out <- e:
			return true
		case <-ctx.Done():
			return false
		}
	}
	initial := true
	for untilDone := jetstream.NextContext(ctx); ; {
		if initial && pending == 0 {
			initial = false
			if !send(Entry{Op: EntryInitDone}) {
				return
			}
		}
		m, err := messages.Next(untilDone)
		if err != nil {
			return
		}
		d, err := parseDelivery(m.Reply())
		if err != nil {
			return
		}
		pending = d.pending
		key, err := decodeKey(strings.TrimPrefix(m.Subject(), subjects))
		if err != nil {
			continue // written by another program, past this package
		}
		if !send(Entry{Key: key, Value: m.Data(), Revision: d.sequence, Time: d.time, Op: entryOp(m.Headers())}) {
			return
		}
	}
}

func entryOp(h nats.Header) EntryOp {
	if h.Get(headerKVOperation) != "" || h.Get(headerMarker) != "" {
		return EntryDeleted
	}
	return EntryPut
}

// forget removes the consumer of an ordered reader that has ended. Else the server keeps it for five minutes, and some are
// made often.
func (c *Conn) forget(cons jetstream.Consumer, stream string) {
	info := cons.CachedInfo()
	if info == nil || !c.nc.IsConnected() {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), forgetWait)
	defer cancel()
	_ = c.js.DeleteConsumer(ctx, stream, info.Name) // the server forgets it in any case
}
