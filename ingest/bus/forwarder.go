package bus

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/rs/zerolog"
)

const (
	// uploadWait is how long an upload may take. A core whose stream is full answers when there is room.
	uploadWait = 30 * time.Second
	helloWait  = 5 * time.Second
	// linger is how long frames gather for an upload after one with fewer than fewFrames. It costs latency and saves requests.
	linger    = 10 * time.Millisecond
	fewFrames = 256
	// minRetry and maxRetry bound the time between two tries to reach the core.
	minRetry = 100 * time.Millisecond
	maxRetry = 5 * time.Second
)

// ForwarderConfig is how fast a Forwarder goes.
type ForwarderConfig struct {
	// Rate bounds what is sent while it catches up, in bytes a second; 0 means no bound.
	Rate int64
}

// Forwarder hands the frames of a Buffer over to the core, in their order, at least once each; the core drops by number what comes again. One
// upload is on its way at a time. After any error, and at the start, it asks how far the core is and reads the buffer from its begin, where all
// is that the core may not have. Its methods may be called from several goroutines.
type Forwarder struct {
	buffer *Buffer
	cfg    ForwarderConfig
	log    zerolog.Logger

	// Of Run alone.
	upload []byte
	taken  []takenPart // handed over and not yet purged, oldest first
	last   uint64      // highest number that the core has
	gap    bool        // the core has to be given all metadata before more frames

	mu    sync.Mutex
	state ForwarderStats
	rate  rateMeter
}

// takenPart is the end of an upload: what is up to there may be purged from a time on.
type takenPart struct {
	sequence uint64
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
	// Last is the highest number that the core has.
	Last uint64
	// Retries counts the sessions that ended with an error.
	Retries uint64
}

// NewForwarder makes a Forwarder. Nothing is sent before Run.
func NewForwarder(b *Buffer, cfg ForwarderConfig, log zerolog.Logger) *Forwarder {
	return &Forwarder{buffer: b, cfg: cfg, log: log, state: ForwarderStats{Since: time.Now()}}
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
	f.state.Last = f.last
	f.mu.Unlock()
	if changed {
		f.log.Info().Msg("the core takes frames")
	}
}

// session forwards until there is an error.
func (f *Forwarder) session(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	keep, err := f.hello(ctx)
	if err != nil {
		return err
	}
	c := f.buffer.conn
	st, err := c.StreamState(ctx, StreamBuffer)
	if err != nil {
		return err
	}
	reader, err := c.Frames(ctx, StreamBuffer, st.First)
	if err != nil {
		return err
	}
	defer reader.Close()
	f.taken = f.taken[:0]
	f.connected()
	purge := time.NewTicker(keep / 2)
	defer purge.Stop()
	for {
		next, done := context.WithTimeout(ctx, keep/2)
		frames, err := reader.Next(next)
		timedOut := next.Err() != nil
		done()
		if err != nil && (ctx.Err() != nil || !timedOut) {
			return err
		}
		few := len(frames) < fewFrames
		for len(frames) > 0 {
			n, err := f.send(ctx, frames)
			if err != nil {
				return err
			}
			frames = frames[n:]
		}
		if few {
			if err := pause(ctx, linger); err != nil {
				return err
			}
		}
		select {
		case <-purge.C:
			if err := f.purge(ctx, keep); err != nil {
				return err
			}
		default:
		}
	}
}

// hello asks how far the core is.
func (f *Forwarder) hello(ctx context.Context) (keep time.Duration, err error) {
	limited, cancel := context.WithTimeout(ctx, helloWait)
	defer cancel()
	b := f.buffer
	var reply helloReply
	if err := b.conn.askCore(limited, b.cfg.Gateway, verbHello, nil, &reply); err != nil {
		return 0, err
	}
	if err := b.numbers.meet(reply.Last); err != nil {
		return 0, err
	}
	f.last = reply.Last
	if reply.Last == 0 {
		f.gap = true // it knows nothing of this gateway: it has lost its metadata, or never had any
	}
	return min(max(time.Duration(reply.Keep)*time.Millisecond, minKeep), 10*time.Minute), nil
}

// send hands over as many of the frames as fit into one upload, and returns how many those were. What the core has is passed over.
func (f *Forwarder) send(ctx context.Context, frames []Frame) (n int, err error) {
	if f.gap {
		return 0, f.sendMetadata(ctx)
	}
	limit := f.buffer.conn.MaxMessage()
	lift := f.buffer.numbers.state.Lift
	f.upload = f.upload[:0]
	count, data, last := 0, 0, f.last
	for ; n < len(frames) && count < maxUploadEntries; n++ {
		frame := &frames[n]
		number := frame.Number + lift
		if number <= last {
			continue
		}
		if dropped := between(last, number); dropped > 0 {
			if count > 0 {
				break // first what came before
			}
			f.lost(dropped, frame)
			f.last = number - 1
			return n, nil
		}
		if count > 0 && len(f.upload)+uploadSize(frame) > limit {
			break
		}
		f.upload = appendUpload(f.upload, frame, number)
		count, data, last = count+1, data+len(frame.Data), number
	}
	if count > 0 {
		if err := f.hand(ctx, last); err != nil {
			return 0, err
		}
		f.tookOver(count, data)
	}
	f.taken = append(f.taken, takenPart{frames[n-1].Sequence, time.Now()})
	if f.cfg.Rate > 0 {
		err = pause(ctx, time.Duration(float64(data)/float64(f.cfg.Rate)*float64(time.Second)))
	}
	return n, err
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
func (f *Forwarder) lost(dropped uint64, next *Frame) {
	f.gap = true
	f.mu.Lock()
	f.state.Dropped += dropped
	f.state.LastDropped = time.Now()
	f.mu.Unlock()
	f.log.Warn().Uint64("frames", dropped).Time("until", next.Time).Msg("the buffer was full: its oldest frames were dropped before the core had them")
}

// hand sends the upload, whose last number is last, until the core has all of it.
func (f *Forwarder) hand(ctx context.Context, last uint64) error {
	ctx, cancel := context.WithTimeout(ctx, uploadWait)
	defer cancel()
	var reply framesReply
	if err := f.buffer.conn.askCore(ctx, f.buffer.cfg.Gateway, verbFrames, f.upload, &reply); err != nil {
		return err
	}
	if reply.Stored < last {
		return fmt.Errorf("the core stored frames up to %d of %d", reply.Stored, last)
	}
	f.last = max(f.last, last)
	return nil
}

func (f *Forwarder) tookOver(count, data int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.state.Uploads++
	f.state.Frames += uint64(count)
	f.state.Bytes += uint64(data)
	f.state.Last = f.last
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
		f.upload = f.upload[:0]
		n := 0
		for n < len(docs) && n < maxUploadEntries && (n == 0 || len(f.upload)+uploadSize(&docs[n]) <= limit) {
			f.upload = appendUpload(f.upload, &docs[n], uint64(n)+1)
			n++
		}
		limited, cancel := context.WithTimeout(ctx, uploadWait)
		_, err := f.buffer.conn.AskCore(limited, f.buffer.cfg.Gateway, verbMetadata, f.upload)
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

// purge removes what the core has had for long enough.
func (f *Forwarder) purge(ctx context.Context, keep time.Duration) error {
	upTo, n := uint64(0), 0
	for n < len(f.taken) && time.Since(f.taken[n].at) > keep {
		upTo = f.taken[n].sequence
		n++
	}
	if n == 0 {
		return nil
	}
	f.taken = append(f.taken[:0], f.taken[n:]...)
	return f.buffer.conn.Purge(ctx, StreamBuffer, upTo)
}

// rateMeter counts events in the last seconds.
type rateMeter struct {
	second [rateSeconds + 1]int
	at     int64 // the second that is being counted
}

// rateSeconds is how many whole seconds the rate is the mean of.
const rateSeconds = 5

func (r *rateMeter) add(now time.Time, n int) {
	r.advance(now)
	r.second[r.at%(rateSeconds+1)] += n
}

func (r *rateMeter) advance(now time.Time) {
	at := now.Unix()
	for s := max(r.at+1, at-rateSeconds); s <= at; s++ {
		r.second[s%(rateSeconds+1)] = 0
	}
	r.at = max(r.at, at)
}

// perSecond is the mean of the last whole seconds.
func (r *rateMeter) perSecond(now time.Time) float64 {
	r.advance(now)
	sum := -r.second[r.at%(rateSeconds+1)]
	for _, n := range r.second {
		sum += n
	}
	return float64(sum) / rateSeconds
}
