package bus

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
)

const (
	minBackOff     = 5 * time.Millisecond
	maxBackOff     = 2 * time.Second
	maxBackOffFull = 200 * time.Millisecond // a purge frees room at once: do not sleep long past it
)

// PublisherConfig is who publishes, and how much may be on its way.
type PublisherConfig struct {
	// Gateway is the name in the message ids.
	Gateway string
	// NextNumber is the number of the first frame whose header has none; see Conn.NextNumber. 0 means 1.
	NextNumber uint64
	// MaxFrames and MaxBytes bound the frames that are accepted and not yet stored. 0 means 256 and 16 MiB. A single frame
	// above MaxBytes goes alone.
	MaxFrames int
	MaxBytes  int64
	// AckWait is how long a frame may wait for its acknowledgement before it is sent again. 0 means 5 s.
	AckWait time.Duration
}

// PublisherStats are running totals, and what is on its way now.
type PublisherStats struct {
	Stored     uint64 // frames acknowledged
	Resent     uint64 // frames sent again
	Full       uint64 // refusals because the stream was full
	Timeouts   uint64 // waits for an acknowledgement that ended without
	Refused    uint64 // frames given back because the stream takes none of their size
	Errors     uint64 // other refusals and send errors
	Duplicates uint64 // frames sent again that the stream had already: only their acknowledgement was lost
	Blocked    uint64 // calls of PublishFrame that had to wait for room
	Frames     int    // accepted and not yet stored
	Bytes      int64
}

// Publisher publishes the frames of one gateway to one stream, in the order in which PublishFrame took them, many in
// flight, each acknowledged. On any error it stops, waits, and sends again from the first frame that is in doubt, one by
// one until none is left; the stream drops what it had already by message id "<gateway>:<number>" within 2 minutes, and
// the reader what came later, by number. So no frame is stored before an earlier one, and none twice.
//
// The stream needs AllowBatchPublish (see batch). All subjects must belong to that one stream.
type Publisher struct {
	conn    *Conn
	cfg     PublisherConfig
	idBase  string // "<gateway>:"
	inbox   string
	replies chan *nats.Msg
	wake    chan struct{}

	mu     sync.Mutex
	queue  []pending // ring of all frames accepted and not stored
	head   int
	count  int
	sent   int // how many of them were sent, from the head on
	bytes  int64
	last   uint64 // number of the newest frame
	room   chan struct{}
	closed bool

	// Of Run alone.
	attempts uint64
	msg      nats.Msg

	stored, refused, resent, full, timeouts, failures, duplicates, blocked atomic.Uint64
}

// pending is a frame that is not yet known to be stored.
type pending struct {
	subject     string
	contentType string
	id          string // empty: of the number
	number      uint64
	late        uint64
	ahead       bool
	payload     []byte
	done        func(error)
	position    uint64 // in the current batch
}

// NewPublisher makes a Publisher. Nothing is sent before Run.
func NewPublisher(c *Conn, cfg PublisherConfig) (*Publisher, error) {
	token, err := Escape(cfg.Gateway)
	if err != nil {
		return nil, err
	}
	if cfg.MaxFrames <= 0 {
		cfg.MaxFrames = 256
	}
	if cfg.MaxBytes <= 0 {
		cfg.MaxBytes = 16 << 20
	}
	if cfg.AckWait <= 0 {
		cfg.AckWait = 5 * time.Second
	}
	p := &Publisher{
		conn: c, cfg: cfg, idBase: token + ":", inbox: c.nc.NewInbox(),
		// Each frame in flight gets one answer, and a failed batch at most as many again that nobody waits for.
		replies: make(chan *nats.Msg, 4*cfg.MaxFrames+64),
		wake:    make(chan struct{}, 1),
		queue:   make([]pending, cfg.MaxFrames),
		room:    make(chan struct{}),
	}
	if cfg.NextNumber > 0 {
		p.last = cfg.NextNumber - 1
	}
	// One message for all frames: PublishMsg copies it to the connection before it returns.
	p.msg.Header = nats.Header{headerContentType: {""}, headerMsgID: {""}, headerFrameNumber: {""}}
	return p, nil
}

// Stats returns the totals. It may be called at any time.
func (p *Publisher) Stats() PublisherStats {
	p.mu.Lock()
	frames, bytes := p.count, p.bytes
	p.mu.Unlock()
	return PublisherStats{
		Stored: p.stored.Load(), Refused: p.refused.Load(), Resent: p.resent.Load(), Full: p.full.Load(), Timeouts: p.timeouts.Load(),
		Errors: p.failures.Load(), Duplicates: p.duplicates.Load(), Blocked: p.blocked.Load(), Frames: frames, Bytes: bytes,
	}
}

// PublishFrame takes a frame over for publishing and returns. It blocks while as many frames or bytes are on their way as
// may be: that is the back-pressure of a full or unreachable stream, which ctx ends. It may be called from several
// goroutines; frames are numbered and stored in the order in which the calls return.
//
// If the result is nil, done is called exactly once: with nil when the frame is stored, or with ErrClosed when Run ended
// before that was known, or with ErrTooLarge when the stream's own bound refused it. It is called on the goroutine of Run, in order, and must not block. The payload belongs to the
// Publisher until then. If the result is an error, done is not called and the frame is not taken.
func (p *Publisher) PublishFrame(ctx context.Context, subject string, hdr FrameHeader, payload []byte, done func(error)) error {
	if limit := p.conn.MaxMessage(); len(payload) > limit {
		return fmt.Errorf("publish frame of %d bytes: %w: at most %d: make the publisher close frames earlier", len(payload), ErrTooLarge, limit)
	}
	f := pending{subject: subject, contentType: hdr.ContentType, id: hdr.ID, number: hdr.Number, late: hdr.Late, ahead: hdr.Ahead, payload: payload, done: done}
	for first := true; ; first = false {
		room, err := p.push(f)
		if room == nil {
			return err
		}
		if first {
			p.blocked.Add(1)
		}
		select {
		case <-room:
		case <-ctx.Done():
			return fmt.Errorf("publish frame: %w", ctx.Err())
		}
	}
}

// push appends f to the queue. When there is no room it returns a channel that is closed when there may be.
func (p *Publisher) push(f pending) (room <-chan struct{}, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, ErrClosed
	}
	size := int64(len(f.payload))
	if p.count == len(p.queue) || p.count > 0 && p.bytes+size > p.cfg.MaxBytes {
		return p.room, nil
	}
	if f.number == 0 {
		f.number = p.last + 1
	} else if f.number <= p.last {
		return nil, fmt.Errorf("publish frame %d of gateway %q: %w, which is %d", f.number, p.cfg.Gateway, ErrOrder, p.last)
	}
	p.last = f.number
	p.queue[(p.head+p.count)%len(p.queue)] = f
	p.count++
	p.bytes += size
	select {
	case p.wake <- struct{}{}:
	default:
	}
	return nil, nil
}

// Run publishes until ctx ends or the connection is closed. Frames that are not stored then get ErrClosed: an owner that
// wants them stored waits for its done calls first. It is called once.
func (p *Publisher) Run(ctx context.Context) error {
	defer p.close()
	sub, err := p.conn.nc.ChanSubscribe(p.inbox+".>", p.replies)
	if err != nil {
		return fmt.Errorf("subscribe to acknowledgements: %w", err)
	}
	// The result says only that the connection is closed, and then the subscription is gone as well.
	defer func() { _ = sub.Unsubscribe() }()
	for ctx.Err() == nil {
		err := p.stream(ctx)
		for wait := minBackOff; err != nil && ctx.Err() == nil; {
			if p.conn.nc.IsClosed() {
				return fmt.Errorf("publish frames: %w", nats.ErrConnectionClosed)
			}
			p.note(err)
			wait = sleep(ctx, wait, err)
			var progress bool
			if progress, err = p.repeat(ctx); progress {
				wait = minBackOff
			}
		}
	}
	return nil
}

// stream sends the queue as one batch after the other, and pops what is acknowledged. It returns with an error when a
// frame's fate is unknown or it was refused, and with nil when ctx ends.
func (p *Publisher) stream(ctx context.Context) error {
	b := newBatch(p.inbox, newID())
	progress := time.Now()
	tick := time.NewTicker(max(p.cfg.AckWait/4, time.Millisecond))
	defer tick.Stop()
	for {
		if p.inDoubt() == 0 {
			progress = time.Now()
			if progress.Sub(b.sent) > batchIdle {
				b = newBatch(p.inbox, newID())
			}
		}
		for {
			f, ok := p.nextUnsent(b.number + 1)
			if !ok {
				break
			}
			if err := p.send(f, b.next()); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-p.wake:
		case m := <-p.replies:
			upTo, duplicate, err := b.stored(m)
			if duplicate {
				p.duplicates.Add(1)
			}
			if p.pop(upTo) {
				progress = time.Now()
			}
			if err != nil {
				return err
			}
		case <-tick.C:
			if p.inDoubt() > 0 && time.Since(progress) > p.cfg.AckWait {
				return errAckTimeout
			}
		}
	}
}

// repeat sends again what was sent and not acknowledged, each frame only when the one before is stored. It says whether
// one was. With nothing in doubt it does nothing.
func (p *Publisher) repeat(ctx context.Context) (progress bool, err error) {
	for {
		f, ok := p.firstInDoubt()
		if !ok {
			return progress, nil
		}
		p.resent.Add(1)
		switch err := p.publish(ctx, f); {
		case isTooLarge(err):
			p.refuse(fmt.Errorf("publish frame of %d bytes to %s: %w: %w: make the publisher close frames earlier", len(f.payload), f.subject, ErrTooLarge, err))
		case err != nil:
			return progress, err
		default:
			p.pop(f.position)
		}
		progress = true
	}
}

// publish sends one frame as a plain message and waits until it is stored.
func (p *Publisher) publish(ctx context.Context, f pending) error {
	p.attempts++
	reply := p.inbox + ".single." + strconv.FormatUint(p.attempts, 10)
	if err := p.send(f, reply); err != nil {
		return err
	}
	timeout := time.NewTimer(p.cfg.AckWait)
	defer timeout.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-timeout.C:
			return errAckTimeout
		case m := <-p.replies:
			if m.Subject != reply {
				continue // of a batch that is over, or of an attempt that timed out
			}
			a, err := parseAck(m)
			if a.Duplicate {
				p.duplicates.Add(1)
			}
			return err
		}
	}
}

func (p *Publisher) send(f pending, reply string) error {
	number := strconv.FormatUint(f.number, 10)
	p.msg.Subject, p.msg.Reply, p.msg.Data = f.subject, reply, f.payload
	p.msg.Header[headerContentType][0] = f.contentType
	id := f.id
	if id == "" {
		id = p.idBase + number
	}
	p.msg.Header[headerMsgID][0] = id
	p.msg.Header[headerFrameNumber][0] = number
	p.setLane(f)
	return p.conn.nc.PublishMsg(&p.msg)
}

// setLane writes the headers that few frames have.
func (p *Publisher) setLane(f pending) {
	delete(p.msg.Header, headerLate)
	delete(p.msg.Header, headerAhead)
	if f.late > 0 {
		p.msg.Header[headerLate] = []string{strconv.FormatUint(f.late, 10)}
	}
	if f.ahead {
		p.msg.Header[headerAhead] = []string{"1"}
	}
}

func (p *Publisher) note(err error) {
	switch {
	case isFull(err):
		p.full.Add(1)
	case errors.Is(err, errAckTimeout):
		p.timeouts.Add(1)
	case errors.Is(err, errBatchEnded):
		// A repeat began the batch, or the server reported the reason of the end apart.
	default:
		p.failures.Add(1)
	}
}

// sleep waits before a repeat and returns how long to wait before the next one.
func sleep(ctx context.Context, wait time.Duration, err error) time.Duration {
	limit := maxBackOff
	if isFull(err) {
		limit = maxBackOffFull
	}
	t := time.NewTimer(min(wait, limit))
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
	return min(2*wait, limit)
}
