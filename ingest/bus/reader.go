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

// FrameReader reads a stream, or some partitions of it, in strict order, in batches. It acknowledges nothing: the reader
// remembers the sequence up to which its work is durable, begins behind it after a restart, and purges up to it (Conn.Purge).
//
// Next is for one goroutine, the other methods for any.
type FrameReader struct {
	conn     *Conn
	stream   string
	filtered bool
	consumer jetstream.Consumer
	subjects map[string]writer
	missing  atomic.Uint64
	expected uint64 // lowest sequence of the next frame; of the pump alone

	ready  chan struct{} // frames or an error are there
	room   chan struct{} // the queue was taken
	done   chan struct{} // the pump ended
	cancel context.CancelFunc

	mu       sync.Mutex
	queue    []Frame
	spare    []Frame // what Next returned last
	bytes    int
	err      error
	position uint64   // of the newest frame that Next returned, or up to where there were none
	last     delivery // of the newest frame in the queue, or returned
}

// FramesConfig says what a FrameReader reads.
type FramesConfig struct {
	// From is the sequence of the first frame; 0 and 1 both mean the first ever.
	From uint64
	// Partitions are those to read. None means the whole stream.
	Partitions []int
}

// writer is a parsed subject.
type writer struct{ gateway, group, name string }

// Frames opens a reader on a whole stream whose first frame is the one with sequence from. See ReadFrames.
func (c *Conn) Frames(ctx context.Context, stream string, from uint64) (*FrameReader, error) {
	return c.ReadFrames(ctx, stream, FramesConfig{From: from})
}

// ReadFrames opens a reader. It lives until ctx ends or Close. When frames from there on are purged already it begins at the
// first one there is, and Missing counts those that are not. When the stream ends before From-1 there is no reader but a
// TailLostError.
func (c *Conn) ReadFrames(ctx context.Context, stream string, cfg FramesConfig) (*FrameReader, error) {
	from := max(cfg.From, 1)
	filters, err := partitionFilters(cfg.Partitions)
	if err != nil {
		return nil, fmt.Errorf("read stream %s: %w", stream, err)
	}
	st, err := c.StreamState(ctx, stream)
	if err != nil {
		return nil, err
	}
	if from > st.Last+1 {
		return nil, &TailLostError{Stream: stream, From: from, Last: st.Last}
	}
	cons, err := c.js.OrderedConsumer(ctx, stream, jetstream.OrderedConsumerConfig{
		DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: from, FilterSubjects: filters,
	})
	if err != nil {
		return nil, fmt.Errorf("read stream %s from %d: %w", stream, from, err)
	}
	messages, err := cons.Messages(jetstream.PullMaxMessagesWithBytesLimit(pullFrames, pullBytes))
	if err != nil {
		return nil, fmt.Errorf("read stream %s from %d: %w", stream, from, err)
	}
	r := &FrameReader{
		conn: c, stream: stream, filtered: filters != nil, consumer: cons,
		subjects: make(map[string]writer), expected: max(from, st.First), position: max(from, st.First) - 1,
		ready: make(chan struct{}, 1), room: make(chan struct{}, 1), done: make(chan struct{}),
	}
	r.missing.Store(r.expected - from)
	ctx, r.cancel = context.WithCancel(ctx)
	go r.pump(ctx, messages)
	return r, nil
}

// Missing returns how many sequences were gone before they could be read: purged, or dropped by a limit of the stream. For a
// whole stream these are frames, and the number may rise while reading.
//
// For some partitions a hole in the sequences says nothing: it belongs to others. Only those count that the stream had lost
// at its begin before reading started, of whatever partition. That is exact as an alarm, as long as every checkpoint follows
// Position and the stream is purged up to the lowest one at most: then none may be missing.
func (r *FrameReader) Missing() uint64 { return r.missing.Load() }

// Position returns the sequence up to which Next has returned all there is. For some partitions it goes on also while none of
// their frames come, so that a checkpoint that follows it does not hold the purge of the stream back; that asks the server.
func (r *FrameReader) Position(ctx context.Context) (uint64, error) {
	if r.filtered {
		if err := r.advance(ctx); err != nil {
			return 0, err
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.position, nil
}

// advance sets the position to the end of the stream when nothing up to there is on its way. The order of the questions
// matters: what was stored before the first is known to the second.
func (r *FrameReader) advance(ctx context.Context) error {
	st, err := r.conn.StreamState(ctx, r.stream)
	if err != nil {
		return err
	}
	info, err := r.consumer.Info(ctx)
	if errors.Is(err, jetstream.ErrConsumerNotFound) {
		return nil // after a lost connection: the next consumer goes on behind the last frame
	}
	if err != nil {
		return fmt.Errorf("look up consumer of stream %s: %w", r.stream, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	arrived := uint64(0)
	if r.last.consumer == info.Name {
		arrived = r.last.number
	}
	if info.NumPending == 0 && info.Delivered.Consumer == arrived && len(r.queue) == 0 {
		r.position = max(r.position, st.Last)
	}
	return nil
}

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
			r.position = max(r.position, batch[len(batch)-1].Sequence)
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
			var d delivery
			if d, err = parseDelivery(m.Reply()); err == nil {
				err = r.add(ctx, r.frame(m, d), d)
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
func (r *FrameReader) add(ctx context.Context, f Frame, d delivery) error {
	if f.Sequence < r.expected {
		return errors.New("sequence went back: the stream was restored or made anew")
	}
	if !r.filtered {
		r.missing.Add(f.Sequence - r.expected)
	}
	r.expected = f.Sequence + 1
	for {
		r.mu.Lock()
		if r.bytes < batchBytes && len(r.queue) < batchFrames {
			r.queue = append(r.queue, f)
			r.bytes += len(f.Data)
			r.last = d
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

func (r *FrameReader) frame(m jetstream.Msg, d delivery) Frame {
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
		Sequence: d.sequence,
		Gateway:  w.gateway, Group: w.group, Writer: w.name,
		Subject:     subject,
		ContentType: header.Get(headerContentType),
		Number:      headerNumber(header),
		Late:        headerLateOf(header),
		Time:        d.time,
		Data:        m.Data(),
	}
}

// signal fills a channel of one place; a place that is full already says the same.
func signal(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
