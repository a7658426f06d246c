package bus

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	maxDeadLimit = 1000
	// maxDeadWindow bounds how many sequences one step backwards looks at.
	maxDeadWindow = 1 << 16
)

// PublishDead copies a frame that did not decode to the dead-letter stream, with the reason, and returns when it is
// stored. The copy carries the frame's sequence and number; the same frame is copied once within the duplicate window. A frame
// that never was in a stream has the sequence 0 and is copied each time.
func (c *Conn) PublishDead(ctx context.Context, f Frame, reason string) error {
	subject, err := Dead(f.Gateway, f.Group, f.Writer)
	if err != nil {
		return err
	}
	sequence := strconv.FormatUint(f.Sequence, 10)
	m := &nats.Msg{Subject: subject, Data: f.Data, Header: nats.Header{
		headerContentType: {f.ContentType},
		headerFrameNumber: {strconv.FormatUint(f.Number, 10)},
		headerSequence:    {sequence},
		headerReason:      {headerText(reason)},
	}}
	if f.Sequence > 0 {
		m.Header.Set(headerMsgID, "dead:"+sequence)
	}
	if _, err := c.js.PublishMsg(ctx, m); err != nil {
		return fmt.Errorf("publish dead frame %d: %w", f.Sequence, err)
	}
	return nil
}

// DeadQuery selects frames that did not decode; its empty names select all.
type DeadQuery struct {
	Gateway, Group, Writer string
	// Before is the sequence below which frames are wanted: the last one of the page before. 0 begins with the newest.
	Before uint64
	// Limit is the largest number of frames in the answer, 1 to 1,000.
	Limit int
	// MaxData is how many bytes of each frame are wanted.
	MaxData int
}

// DeadFrame is a frame that did not decode.
type DeadFrame struct {
	// Sequence is that in the dead-letter stream.
	Sequence uint64
	// Time is when it was put there.
	Time time.Time
	// Reason is why it did not decode.
	Reason                 string
	Gateway, Group, Writer string
	ContentType            string
	// FrameSequence is the frame's sequence in UA_DATA, Number its gateway's running number.
	FrameSequence, Number uint64
	// Size is the frame's length in bytes, Data what was asked for of its begin.
	Size int
	Data []byte
}

// DeadFrames returns frames that did not decode, newest first. An answer shorter than the limit is the last page.
func (c *Conn) DeadFrames(ctx context.Context, q DeadQuery) ([]DeadFrame, error) {
	if q.Limit < 1 || q.Limit > maxDeadLimit || q.MaxData < 0 {
		return nil, fmt.Errorf("read dead frames: limit %d and %d bytes of data: use a limit of 1 to %d, and no negative size", q.Limit, q.MaxData, maxDeadLimit)
	}
	filter, err := q.filter()
	if err != nil {
		return nil, fmt.Errorf("read dead frames: %w", err)
	}
	st, err := c.StreamState(ctx, StreamDead)
	if err != nil {
		return nil, fmt.Errorf("read dead frames: %w", err)
	}
	end := st.Last + 1
	if q.Before > 0 {
		end = min(end, q.Before)
	}
	// A stream is read forwards only: so look at a piece of it, and at larger ones before it while that is not enough.
	window := uint64(q.Limit)
	var frames []DeadFrame
	for end > st.First && len(frames) < q.Limit {
		begin := st.First
		if end-begin > window {
			begin = end - window
		}
		piece, err := c.deadPiece(ctx, filter, begin, end, q)
		if err != nil {
			return nil, fmt.Errorf("read dead frames: %w", err)
		}
		slices.Reverse(piece)
		frames = append(frames, piece[:min(len(piece), q.Limit-len(frames))]...)
		end, window = begin, min(4*window, maxDeadWindow)
	}
	return frames, nil
}

// filter returns the subjects of a query.
func (q *DeadQuery) filter() (string, error) {
	filter := prefixDead[:len(prefixDead)-1]
	for _, name := range [...]string{q.Gateway, q.Group, q.Writer} {
		token := "*"
		if name != "" {
			var err error
			if token, err = Escape(name); err != nil {
				return "", err
			}
		}
		filter += "." + token
	}
	return filter, nil
}

// deadPiece reads the last frames with begin <= sequence < end, oldest first.
func (c *Conn) deadPiece(ctx context.Context, filter string, begin, end uint64, q DeadQuery) ([]DeadFrame, error) {
	var frames []DeadFrame
	cfg := jetstream.OrderedConsumerConfig{
		DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: begin, FilterSubjects: []string{filter},
	}
	err := c.scan(ctx, StreamDead, cfg, func(m jetstream.Msg, d delivery) bool {
		if d.sequence >= end {
			return false
		}
		if len(frames) == q.Limit {
			frames = slices.Delete(frames, 0, 1)
		}
		h, data := m.Headers(), m.Data()
		f := DeadFrame{
			Sequence: d.sequence, Time: d.time, Reason: h.Get(headerReason), ContentType: h.Get(headerContentType), Number: headerNumber(h),
			Size: len(data), Data: slices.Clone(data[:min(len(data), q.MaxData)]),
		}
		// Another program may have put there what it wants; then it has no names, or no sequence.
		f.Gateway, f.Group, f.Writer, _ = ParseDead(m.Subject())
		f.FrameSequence, _ = strconv.ParseUint(h.Get(headerSequence), 10, 64)
		frames = append(frames, f)
		return d.sequence+1 < end
	})
	return frames, err
}
