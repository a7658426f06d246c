package bus

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/rs/zerolog"
)

const (
	// uploadWait is how long an upload may take. A core whose stream is full answers when there is room.
	uploadWait = 30 * time.Second
	// slowUpload is what an upload should not take longer than, on a link that is slow: new frames wait for it.
	slowUpload = time.Second
	minUpload  = 16 << 10
	// awaitInterval is how often the core is asked whether an upload is there that is not answered.
	awaitInterval = time.Second
	helloWait     = 5 * time.Second
	// linger is how long frames gather for an upload after one with fewer than fewFrames. It costs latency and saves requests.
	linger    = 10 * time.Millisecond
	fewFrames = 256
	// minRetry and maxRetry bound the time between two tries to reach the core.
	minRetry = 100 * time.Millisecond
	maxRetry = 5 * time.Second
)

var errUploadLost = errors.New("an upload or its answer was lost")

// ForwarderConfig is how fast a Forwarder goes, and what goes first.
type ForwarderConfig struct {
	// Rate bounds what is sent while it catches up, in bytes a second; 0 means no bound. With LiveFirst it is the backlog that waits for it.
	Rate int64
	// Keep tells up to which sequence frames may be purged, as far as others than the core go; ok is false when there are none. nil is without others.
	Keep func() (sequence uint64, ok bool)
	// LiveFirst lets new frames go before a backlog, which follows beside them: each of the two in order. Else all goes in order.
	LiveFirst bool
	// OnDropped is told of frames that the buffer dropped before the core had them: how many are known of, and the times of the frames before, zero
	// when it is not known, and behind. It must not block.
	OnDropped func(frames uint64, before, behind time.Time)
}

// Forwarder hands the frames of a Buffer over to the core, at least once each; the core drops by number what comes again. One upload is on its
// way at a time. After any error, and at the start, it asks what the core has and reads the buffer from its begin, where all is that the core may
// not have. Frames are purged from the buffer when the core, some time after it took them, still has them (see helloReply.Keep). Its methods may
// be called from several goroutines.
type Forwarder struct {
	buffer *Buffer
	cfg    ForwarderConfig
	log    zerolog.Logger

	// Of Run alone.
	upload []byte
	limit  int         // bytes of an upload, as the link is; 0 until it was tried
	taken  []takenPart // handed over and not yet released, oldest first
	// released is the sequence up to which the core has all for good, purged the one up to which it is gone: others may need it longer.
	released, purged uint64
	known            spans     // the numbers that the core has
	handed           time.Time // of the last frame that the core took: when it was stored in the buffer
	gap              bool      // the core has to be given all metadata before more frames

	mu    sync.Mutex
	state ForwarderStats
	rate  rateMeter
}

// takenPart is the end of an upload: what is up to there may be purged from a time on.
type takenPart struct {
	sequence uint64 // in the buffer
	number   uint64 // up to which the core had all
	at       time.Time
}

// ForwarderStats are running totals since the start, and how it stands.
type ForwarderStats struct {
	// Connected tells whether the core takes frames now, Since from when on, or from when on it does not.
	Connected bool
	Since     time.Time
	// Error is why not.
	Error string
	// Uploads, Frames and Bytes count what the core took.
	Uploads, Frames, Bytes uint64
	// Rate is the number of frames a second in the last seconds.
	Rate float64
	// Dropped counts the frames that the buffer dropped before the core had them; LastDropped is when that was noticed last.
	Dropped     uint64
	LastDropped time.Time
	// Last is the number up to which the core has all frames.
	Last uint64
	// Late counts the frames that newer ones went before; Backlog tells that there are some now.
	Late    uint64
	Backlog bool
	// Retries counts the sessions that ended with an error.
	Retries uint64
}

// NewForwarder makes a Forwarder. Nothing is sent before Run.
func NewForwarder(b *Buffer, cfg ForwarderConfig, log zerolog.Logger) *Forwarder {
	return &Forwarder{buffer: b, cfg: cfg, log: log, known: spans{{}}, state: ForwarderStats{Since: time.Now()}}
}

// Stats returns the totals.
func (f *Forwarder) Stats() ForwarderStats {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := f.state
	s.Rate = f.rate.perSecond(time.Now())
	return s
}

// Run forwards until ctx ends.
func (f *Forwarder) Run(ctx context.Context) error {
	for retry := minRetry; ctx.Err() == nil; {
		before := f.Stats().Uploads
		err := f.session(ctx)
		if ctx.Err() != nil || err == nil {
			continue
		}
		if f.buffer.conn.nc.IsClosed() {
			return fmt.Errorf("forward frames: %w", err)
		}
		f.disconnected(err)
		if f.Stats().Uploads > before {
			retry = minRetry
		}
		if err := pause(ctx, retry); err != nil {
			break
		}
		retry = min(2*retry, maxRetry)
	}
	return nil
}

func (f *Forwarder) disconnected(err error) {
	f.mu.Lock()
	changed := f.state.Connected || f.state.Error == ""
	if f.state.Connected {
		f.state.Connected, f.state.Since = false, time.Now()
	}
	f.state.Error = err.Error()
	f.state.Retries++
	f.mu.Unlock()
	if changed {
		f.log.Warn().Err(err).Msg("the core takes no frames, they are kept in the buffer")
	}
}

func (f *Forwarder) connected() {
	f.mu.Lock()
	changed := !f.state.Connected
	if changed {
		f.state.Connected, f.state.Since, f.state.Error = true, time.Now(), ""
	}
	f.state.Last = f.known.last()
	f.mu.Unlock()
	if changed {
		f.log.Info().Msg("the core takes frames")
	}
}

// hello asks what the core has.
func (f *Forwarder) hello(ctx context.Context) (keep time.Duration, err error) {
	limited, cancel := context.WithTimeout(ctx, helloWait)
	defer cancel()
	b := f.buffer
	var reply helloReply
	if err := b.conn.askCore(limited, b.cfg.Gateway, verbHello, nil, &reply); err != nil {
		return 0, err
	}
	if f.known, err = spansOf(reply.Last, reply.Ahead); err != nil {
		return 0, fmt.Errorf("answer of the core: %w", err)
	}
	if err := b.numbers.meet(f.known[len(f.known)-1].To); err != nil {
		return 0, err
	}
	if reply.Last == 0 {
		f.gap = true // it knows nothing of this gateway: it has lost its metadata, or never had any
	}
	return min(max(time.Duration(reply.Keep)*time.Millisecond, minKeep), 10*time.Minute), nil
}

// between counts the frames that are missing between two numbers. Those of a start are without holes; how many there were at the end of an
// earlier start's is not known.
func between(last, number uint64) uint64 {
	switch {
	case last == 0:
		return 0 // the core knows nothing of this gateway: what is gone another core had
	case last/numberBlock == number/numberBlock:
		return number - last - 1
	}
	return number%numberBlock - 1
}

// lost notes frames that the buffer dropped before the core had them.
func (f *Forwarder) lost(dropped uint64, before time.Time, next *Frame) {
	f.gap = true
	f.mu.Lock()
	f.state.Dropped += dropped
	f.state.LastDropped = time.Now()
	f.mu.Unlock()
	if before.IsZero() && f.handed.Before(next.Time) {
		before = f.handed
	}
	if f.cfg.OnDropped != nil {
		f.cfg.OnDropped(dropped, before, next.Time)
	}
	f.log.Warn().Uint64("frames", dropped).Time("until", next.Time).Msg("the buffer was full: its oldest frames were dropped before the core had them")
}

// hand sends the upload, which has all frames from one number to another, until the core has all of it.
func (f *Forwarder) hand(ctx context.Context, covers span) error {
	endUpload(f.upload, covers.To)
	ctx, cancel := context.WithTimeout(ctx, uploadWait)
	defer cancel()
	var reply framesReply
	begin := time.Now()
	err := f.await(ctx, func(ctx context.Context) error {
		return f.buffer.conn.askCore(ctx, f.buffer.cfg.Gateway, verbFrames, f.upload, &reply)
	})
	f.adapt(len(f.upload), time.Since(begin))
	if err != nil {
		return err
	}
	if reply.Stored < covers.To {
		return fmt.Errorf("the core stored frames up to %d of %d", reply.Stored, covers.To)
	}
	f.known = f.known.cover(covers.From, covers.To)
	return nil
}

// await calls ask with an upload, and ends it when the core knows nothing of one, or cannot be asked: when the link is cut, an upload or the answer
// to it is lost without a word, while one that waits for room in the core's stream is in good hands.
func (f *Forwarder) await(ctx context.Context, ask func(context.Context) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	var watch sync.WaitGroup
	defer watch.Wait()
	defer cancel(nil)
	watch.Go(func() {
		tick := time.NewTicker(awaitInterval)
		defer tick.Stop()
		for unknown := 0; unknown < 2; {
			select {
			case <-tick.C:
			case <-ctx.Done():
				return
			}
			limited, done := context.WithTimeout(ctx, awaitInterval)
			var reply uploadingReply
			err := f.buffer.conn.askCore(limited, f.buffer.cfg.Gateway, verbUploading, nil, &reply)
			done()
			if err == nil && reply.Running {
				unknown = 0
			} else {
				unknown++ // the answer may have come in between
			}
		}
		cancel(errUploadLost)
	})
	err := ask(ctx)
	if err != nil && errors.Is(context.Cause(ctx), errUploadLost) {
		return errUploadLost
	}
	return err
}

// uploadLimit is how many bytes an upload may have: no more than the link takes in a second, and in a quarter of one by the rate.
func (f *Forwarder) uploadLimit() int {
	limit := f.buffer.conn.MaxMessage()
	if f.limit > 0 {
		limit = min(limit, f.limit)
	}
	if f.cfg.Rate > 0 {
		limit = min(limit, int(f.cfg.Rate/4))
	}
	return max(limit, minUpload)
}

// adapt learns from an upload of a size what the link takes.
func (f *Forwarder) adapt(size int, took time.Duration) {
	switch {
	case took > slowUpload && size > minUpload:
		f.limit = size / 2
	case took < slowUpload/4 && f.limit > 0 && size > f.limit/2:
		f.limit = min(2*f.limit, f.buffer.conn.MaxMessage())
	}
}

func (f *Forwarder) tookOver(count, data int, late bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.state.Uploads++
	f.state.Frames += uint64(count)
	f.state.Bytes += uint64(data)
	f.state.Last = f.known.last()
	if late {
		f.state.Late += uint64(count)
	}
	f.rate.add(time.Now(), count)
}

// sendMetadata gives the core the metadata of all writers, because some of it may be among what was dropped, or the core may have lost it.
func (f *Forwarder) sendMetadata(ctx context.Context) error {
	docs, err := f.buffer.metadata(ctx)
	if err != nil {
		return err
	}
	limit := f.buffer.conn.MaxMessage()
	for len(docs) > 0 {
		f.upload = beginUpload(f.upload[:0], span{0, maxUploadEntries}, false)
		n := 0
		for n < len(docs) && n < maxUploadEntries && (n == 0 || len(f.upload)+uploadSize(&docs[n]) <= limit) {
			f.upload = appendUpload(f.upload, &docs[n], uint64(n)+1)
			n++
		}
		limited, cancel := context.WithTimeout(ctx, uploadWait)
		err := f.await(limited, func(ctx context.Context) error {
			_, err := f.buffer.conn.AskCore(ctx, f.buffer.cfg.Gateway, verbMetadata, f.upload)
			return err
		})
		cancel()
		if err != nil {
			return err
		}
		docs = docs[n:]
	}
	f.gap = false
	return nil
}

// pause waits.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
