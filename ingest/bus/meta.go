package bus

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// MetaDocument is one version of a writer's DataSetMetaData (OPC UA Part 14, 7.2.4.6.4 and 7.2.5.5.2).
type MetaDocument struct {
	Gateway, Group, Writer string
	ContentType            string
	// Sequence rises with each version, over all writers.
	Sequence uint64
	// Time is when it was stored.
	Time time.Time
	Data []byte
}

// PublishMeta stores a version of a writer's metadata and returns when it is stored. A document equal to the last version
// is not stored again, so that a gateway may publish at each start without pushing older versions out.
func (c *Conn) PublishMeta(ctx context.Context, gateway, group, writer, contentType string, doc []byte) error {
	subject, err := Meta(gateway, group, writer)
	if err != nil {
		return err
	}
	if limit := c.MaxMessage(); len(doc) > limit {
		return fmt.Errorf("publish metadata of %d bytes: %w: at most %d: split the data set", len(doc), ErrTooLarge, limit)
	}
	st, err := c.js.Stream(ctx, StreamMeta)
	if err != nil {
		return fmt.Errorf("look up stream %s: %w", StreamMeta, err)
	}
	last, err := st.GetLastMsgForSubject(ctx, subject)
	if err == nil && bytes.Equal(last.Data, doc) && last.Header.Get(headerContentType) == contentType {
		return nil
	}
	if err != nil && !errors.Is(err, jetstream.ErrMsgNotFound) {
		return fmt.Errorf("read last metadata of %s: %w", subject, err)
	}
	m := &nats.Msg{Subject: subject, Data: doc, Header: nats.Header{headerContentType: {contentType}}}
	if _, err := c.js.PublishMsg(ctx, m); err != nil {
		return fmt.Errorf("publish metadata to %s: %w", subject, err)
	}
	return nil
}

// MetaVersions returns the versions of one writer's metadata, at most 64, oldest first: for a reader that meets a frame of
// a version it does not know. A writer without metadata has none.
func (c *Conn) MetaVersions(ctx context.Context, gateway, group, writer string) ([]MetaDocument, error) {
	subject, err := Meta(gateway, group, writer)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, requestWait)
	defer cancel()
	var docs []MetaDocument
	err = c.readMeta(ctx, subject, jetstream.DeliverAllPolicy, func(d MetaDocument, done bool) bool {
		if !done {
			docs = append(docs, d)
		}
		return !done
	})
	if err != nil {
		return nil, err
	}
	return docs, nil
}

// MetaUpdate is a version of metadata in a watch, or with InitDone the mark that all there was at its begin is delivered.
type MetaUpdate struct {
	MetaDocument
	InitDone bool
}

// WatchMeta delivers the last version of each writer's metadata, then one update with InitDone, then each new version. The
// channel is closed when ctx ends, the connection is closed, or reading ends with an error; a reader that still wants
// updates watches again.
func (c *Conn) WatchMeta(ctx context.Context) (<-chan MetaUpdate, error) {
	if _, err := c.js.Stream(ctx, StreamMeta); err != nil {
		return nil, fmt.Errorf("look up stream %s: %w", StreamMeta, err)
	}
	out := make(chan MetaUpdate)
	go func() {
		defer close(out)
		// The closed channel is the message; a connection's errors are counted and logged where they arise.
		_ = c.readMeta(ctx, prefixMeta+">", jetstream.DeliverLastPerSubjectPolicy, func(d MetaDocument, done bool) bool {
			select {
			case out <- MetaUpdate{MetaDocument: d, InitDone: done}:
				return true
			case <-ctx.Done():
				return false
			}
		})
	}()
	return out, nil
}

// readMeta calls yield for each stored document, once with done when all there were at the begin have been, and then for
// each new one, until yield returns false, ctx ends, or reading fails.
func (c *Conn) readMeta(ctx context.Context, filter string, policy jetstream.DeliverPolicy, yield func(d MetaDocument, done bool) bool) error {
	cons, err := c.js.OrderedConsumer(ctx, StreamMeta, jetstream.OrderedConsumerConfig{
		FilterSubjects: []string{filter}, DeliverPolicy: policy,
	})
	if err != nil {
		return fmt.Errorf("read metadata: %w", err)
	}
	defer c.forget(cons, StreamMeta)
	pending := cons.CachedInfo().NumPending
	messages, err := cons.Messages(jetstream.PullMaxMessages(watchPull))
	if err != nil {
		return fmt.Errorf("read metadata: %w", err)
	}
	defer messages.Stop()
	initial := true
	for {
		if initial && pending == 0 {
			initial = false
			if !yield(MetaDocument{}, true) {
				return nil
			}
		}
		m, err := messages.Next(jetstream.NextContext(ctx))
		if err != nil {
			return fmt.Errorf("read metadata: %w", err)
		}
		md, err := m.Metadata()
		if err != nil {
			return fmt.Errorf("read metadata: %w", err)
		}
		pending = md.NumPending
		d := MetaDocument{ContentType: m.Headers().Get(headerContentType), Sequence: md.Sequence.Stream, Time: md.Timestamp, Data: m.Data()}
		if d.Gateway, d.Group, d.Writer, err = ParseMeta(m.Subject()); err != nil {
			continue // published by another program, past this package
		}
		if !yield(d, false) {
			return nil
		}
	}
}
