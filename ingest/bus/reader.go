package bus

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/nats-io/nats.go/jetstream"
)

const (
	// pullBytes bounds what the server sends ahead. By count alone, large frames overrun the client's buffer and are lost.
	pullBytes  = 8 << 20
	pullFrames = 4096
	// batchBytes and batchFrames bound one batch of FrameReader.Next; the last frame may go beyond.
	batchBytes  = 4 << 20
	batchFrames = 4096
	// maxCachedSubjects bounds the cache of parsed subjects: one a writer, some 200 bytes each.
	maxCachedSubjects = 1 << 16
)

// FrameReader reads a stream in strict order, in batches. It acknowledges nothing: the reader remembers the sequence up to
// which its work is durable, begins behind it after a restart, and purges up to it (Conn.Purge).
//
// Next is for one goroutine, the other methods for any.
type FrameReader struct {
	stream   string
	subjects map[string]writer
	missing  atomic.Uint64
	expected uint64 // sequence of the next frame; of the pump alone

	ready  chan struct{} // frames or an error are there
	room   chan struct{} // the queue was taken
	done   chan struct{} // the pump ended
	cancel context.CancelFunc

	mu    sync.Mutex
	queue []Frame
	spare []Frame // what Next returned last
	bytes int
	err   error
}

// writer is a parsed subject.
type writer struct{ gateway, group, name string }

// Frames opens a reader on a stream whose first frame is the one with sequence from (0 and 1 both mean the first ever).
// The reader lives until ctx ends or Close. When frames from there on are purged already it begins at the first one there
// is, and Missing counts those that are not. When the stream ends before from-1 there is no reader but a TailLostError.
func (c *Conn) Frames(ctx context.Context, stream string, from uint64) (*FrameReader, error) {
	from = max(from, 1)
	st, err := c.StreamState(ctx, stream)
	if err != nil {
		return nil, err
	}
	if from > st.Last+1 {
		return nil, &TailLostError{Stream: stream, From: from, Last: st.Last}
	}
	cons, err := c.js.OrderedConsumer(ctx, stream, jetstream.OrderedConsumerConfig{
		DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: from,
	})
	if err != nil {
		return nil, fmt.Errorf("read stream %s from %d: %w", stream, from, err)
	}
	messages, err := cons.Messages(jetstream.PullMaxMessagesWithBytesLimit(pullFrames, pullBytes))
	if err != nil {
		return nil, fmt.Errorf("read stream %s from %d: %w", stream, from, err)
	}
	r := &FrameReader{
		stream: stream, subjects: make(map[string]writer), expected: max(from, st.First),
		ready: make(chan struct{}, 1), room: make(chan struct{}, 1), done: make(chan struct{}),
	}
	r.missing.Store(r.expected - from)
	ctx, r.cancel = context.WithCancel(ctx)
	go r.pump(ctx, messages)
	return r, nil
}

// Missing returns how many frames were gone before they could be read: purged, or dropped by a limit of the stream. It may
// rise while reading.
func (r *FrameReader) Missing() uint64 { return r.missing.Load() }

// Close ends the reader and waits for its goroutine. Calling it again does nothing.
func (r *FrameReader) Close() {
	r.cancel()
	<-r.done
}

// Next waits for at least one frame and returns all that are there, in order of their sequence, at most some 4 MiB. The
// slice is valid until the next call, the frames' data for ever. After an error of the reader itself (not of ctx) the
// reader is at its end: open a new one.
func (r *FrameReader) Next(ctx context.Context) ([]Frame, error) {
	for {
		r.mu.Lock()
		if len(r.queue) > 0 {
			batch := r.queue
			clear(r.spare) // do not keep old frames alive
			r.queue, r.spare, r.bytes = r.spare[:0], batch, 0
			r.mu.Unlock()
			signal(r.room)
			return batch, nil
		}
		err := r.err
		r.mu.Unlock()
		if err != nil {
			return nil, err
		}
		select {
		case <-r.ready:
		case <-r.done:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// pump moves messages to the queue until ctx ends.
func (r *FrameReader) pump(ctx context.Context, messages jetstream.MessagesContext) {
	defer close(r.done)
	defer messages.Stop()
	for untilDone := jetstream.NextContext(ctx); ; {
		m, err := messages.Next(untilDone)
		if err == nil {
			var f Frame
			if f, err = r.frame(m); err == nil {
				err = r.add(ctx, f)
			}
		}
		if err != nil {
			r.mu.Lock()
			r.err = fmt.Errorf("read stream %s: %w", r.stream, err)
			r.mu.Unlock()
			return
		}
	}
}

// add appends f when the queue has room.
func (r *FrameReader) add(ctx context.Context, f Frame) error {
	if f.Sequence < r.expected {
		return errors.New("sequence went back: the stream was restored or made anew")
	}
	r.missing.Add(f.Sequence - r.expected)
	r.expected = f.Sequence + 1
	for {
		r.mu.Lock()
		if r.bytes < batchBytes && len(r.queue) < batchFrames {
			r.queue = append(r.queue, f)
			r.bytes += len(f.Data)
			r.mu.Unlock()
			signal(r.ready)
			return nil
		}
		r.mu.Unlock()
		select {
		case <-r.room:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (r *FrameReader) frame(m jetstream.Msg) (Frame, error) {
	md, err := m.Metadata()
	if err != nil {
		return Frame{}, fmt.Errorf("read metadata of message: %w", err)
	}
	subject, header := m.Subject(), m.Headers()
	w, ok := r.subjects[subject]
	if !ok {
		if len(r.subjects) >= maxCachedSubjects {
			clear(r.subjects)
		}
		// A subject of another form is no error here: the frame has no names then, and the reader decides.
		if p := writerPrefix(subject); p != "" {
			w.gateway, w.group, w.name, _ = parseWriter(p, subject)
		}
		r.subjects[subject] = w
	}
	return Frame{
		Sequence: md.Sequence.Stream,
		Gateway:  w.gateway, Group: w.group, Writer: w.name,
		Subject:     subject,
		ContentType: header.Get(headerContentType),
		Number:      headerNumber(header),
		Time:        md.Timestamp,
		Data:        m.Data(),
	}, nil
}

// signal fills a channel of one place; a place that is full already says the same.
func signal(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
