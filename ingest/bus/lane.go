package bus

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// lane is a part of a buffer that is handed over in its order.
type lane struct {
	reader *FrameReader
	frames []Frame // read and not handed over
	after  uint64  // up to here the core has all, from where the lane began
	last   uint64  // newest number that was looked at: what is missing behind it was dropped
	// sequence is that of the newest frame that was handed over, or passed over because the core has it.
	sequence uint64
	// passed is when that frame was stored in the buffer; zero before the first.
	passed time.Time
	// ahead tells that the next upload goes before a backlog.
	ahead bool
}

func (f *Forwarder) openLane(ctx context.Context, sequence, after uint64) (*lane, error) {
	r, err := f.buffer.conn.Frames(ctx, StreamBuffer, sequence)
	if err != nil {
		return nil, err
	}
	return &lane{reader: r, after: after, last: after}, nil
}

// next waits for frames, if none are there, and says how many came at once.
func (l *lane) next(ctx context.Context) (n int, err error) {
	if len(l.frames) == 0 {
		l.frames, err = l.reader.Next(ctx)
	}
	return len(l.frames), err
}

// poll is next that does not wait.
func (l *lane) poll(ctx context.Context) (n int, err error) {
	now, cancel := context.WithCancel(ctx)
	cancel()
	n, err = l.next(now)
	if errors.Is(err, context.Canceled) && ctx.Err() == nil {
		err = nil
	}
	return n, err
}

// send hands over as many frames of a lane as fit into one upload, and returns how many bytes of data these had. What the core has is passed over.
func (f *Forwarder) send(ctx context.Context, l *lane) (data int, err error) {
	if f.gap {
		return 0, f.sendMetadata(ctx)
	}
	limit, lift := f.uploadLimit(), f.buffer.numbers.state.Lift
	border, bounded := f.known.next(l.after)
	f.upload = beginUpload(f.upload[:0], span{l.after, l.after}, l.ahead)
	n, count, to := 0, 0, l.after
	for ; n < len(l.frames) && count < maxUploadEntries; n++ {
		frame := &l.frames[n]
		number := frame.Number + lift
		if number <= l.last {
			continue
		}
		beyond := bounded && number > border
		until := number
		if beyond {
			until = border + 1
		}
		if dropped := between(l.last, until); dropped > 0 {
			if count > 0 {
				break // first what came before
			}
			l.pass(n)
			f.lost(dropped, l.passed, frame)
			l.last = until - 1
			return 0, nil
		}
		if beyond {
			to = border
			break
		}
		if count > 0 && len(f.upload)+uploadSize(frame) > limit {
			break
		}
		f.upload = appendUpload(f.upload, frame, number)
		count, data, l.last, to = count+1, data+len(frame.Data), number, number
	}
	if to > l.after {
		if err := f.hand(ctx, span{l.after, to}); err != nil {
			return 0, err
		}
		if n > 0 {
			f.handed = l.frames[n-1].Time
		}
		f.tookOver(count, data, bounded)
		l.after, l.ahead = f.known.end(to), false
		l.last = max(l.last, l.after)
	}
	l.pass(n)
	return data, nil
}

// pass takes the first n frames away.
func (l *lane) pass(n int) {
	if n > 0 {
		l.sequence, l.passed = l.frames[n-1].Sequence, l.frames[n-1].Time
		l.frames = l.frames[n:]
	}
}

// sequenceBehind returns the sequence of the first frame in the buffer whose number is above that one, lifted, or of the next frame to come.
func (f *Forwarder) sequenceBehind(ctx context.Context, st StreamState, number uint64) (uint64, error) {
	stream, err := f.buffer.conn.js.Stream(ctx, StreamBuffer)
	if err != nil {
		return 0, fmt.Errorf("look up stream %s: %w", StreamBuffer, err)
	}
	lift := f.buffer.numbers.state.Lift
	low, high := st.First, st.Last+1
	for low < high {
		middle := low + (high-low)/2
		m, err := stream.GetMsg(ctx, middle)
		switch {
		case errors.Is(err, jetstream.ErrMsgNotFound): // dropped meanwhile
			low = middle + 1
		case err != nil:
			return 0, fmt.Errorf("read frame %d of the buffer: %w", middle, err)
		case headerNumber(m.Header)+lift <= number:
			low = middle + 1
		default:
			high = middle
		}
	}
	return low, nil
}
