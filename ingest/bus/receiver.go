package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/rs/zerolog"
)

const (
	// bucketUplink has what the core took of each gateway: {gateway} → helloReply's Last and Ahead.
	bucketUplink = "uplink"
	// uploadsAhead is how many requests of all gateways wait to be looked at.
	uploadsAhead = 4096
	// gatewayRequests is how many requests of one gateway are handled at a time.
	gatewayRequests = 4
	// minKeep is how long gateways keep what was taken, at least.
	minKeep = 2 * time.Second
)

// ReceiverConfig is how a Receiver works.
type ReceiverConfig struct {
	// Handle answers the requests of gateways that are not about frames. The gateway is the one that its link says.
	Handle func(ctx context.Context, gateway, verb string, body []byte) ([]byte, error)
	// SyncInterval is that of the streams: what a power failure may take of what was acknowledged.
	SyncInterval time.Duration
	// MaxBytes bounds the bucket of the Receiver.
	MaxBytes int64
}

// Receiver takes what gateways send over their links: their frames and metadata, which it stores in the core's streams in their order and once,
// and their other requests. Permissions of the link let a gateway send in its own name alone, and the Receiver takes no name from the message
// but that of its subject.
type Receiver struct {
	conn    *Conn
	control *Conn
	cfg     ReceiverConfig
	log     zerolog.Logger
	bucket  *Bucket
	running sync.WaitGroup

	mu       sync.Mutex
	gateways map[string]*intake

	stats struct{ uploads, entries, repeated, refused, failed, ignored, busy atomic.Uint64 }
}

// NewReceiver makes a Receiver whose frames go over one connection and whose other requests over another.
func NewReceiver(ctx context.Context, frames, control *Conn, cfg ReceiverConfig, log zerolog.Logger) (*Receiver, error) {
	b, err := EnsureBucket(ctx, control, bucketUplink, cfg.MaxBytes)
	if err != nil {
		return nil, err
	}
	return &Receiver{conn: frames, control: control, cfg: cfg, log: log, bucket: b, gateways: map[string]*intake{}}, nil
}

// Run takes requests until ctx ends, and returns when those that are being handled have ended.
func (r *Receiver) Run(ctx context.Context) error {
	in, err := r.conn.openInbox(prefixUp+">", "", uploadsAhead)
	if err != nil {
		return fmt.Errorf("receive from gateways: %w", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer r.remember(context.WithoutCancel(ctx), true)
	defer r.running.Wait()
	defer cancel()
	defer in.close()
	r.running.Go(func() {
		tick := time.NewTicker(r.keep() / 2)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				r.remember(ctx, false)
			case <-ctx.Done():
				return
			}
		}
	})
	for {
		m, err := in.next(ctx)
		switch {
		case err == nil:
			r.accept(ctx, m)
		case ctx.Err() != nil:
			return nil
		default:
			return fmt.Errorf("receive from gateways: %w", err)
		}
	}
}

// keep is how long a gateway keeps what was taken: until it is on the core's disk, and known there as taken.
func (r *Receiver) keep() time.Duration { return max(minKeep, 4*r.cfg.SyncInterval) }

// accept handles one request in a goroutine of its own. A request that names another subject for its answer than an inbox of its gateway is
// none: the answer is sent with the core's rights.
func (r *Receiver) accept(ctx context.Context, m *nats.Msg) {
	var names [2]string
	err := split(prefixUp, m.Subject, names[:])
	gateway, verb := names[0], names[1]
	token, _, _ := strings.Cut(strings.TrimPrefix(m.Subject, prefixUp), ".")
	if err != nil || !strings.HasPrefix(m.Reply, inboxPrefix(token)+".") {
		r.stats.ignored.Add(1)
		return
	}
	g := r.gateway(ctx, gateway)
	select {
	case g.slots <- struct{}{}:
	default:
		r.stats.busy.Add(1)
		r.reply(m.Reply, nil, &RemoteError{Code: CodeBusy, Text: fmt.Sprintf("the core handles %d requests of this gateway already", gatewayRequests)})
		return
	}
	r.running.Go(func() {
		defer func() { <-g.slots }()
		ctx, cancel := context.WithTimeout(ctx, timeoutOf(m.Header))
		defer cancel()
		var body []byte
		var err error
		switch verb {
		case verbHello:
			body, err = g.hello(ctx)
		case verbFrames:
			body, err = g.frames(ctx, m.Data)
		case verbUploading:
			body, err = json.Marshal(uploadingReply{Running: g.running.Load() > 0})
		case verbMetadata:
			err = g.metadata(ctx, m.Data)
		default:
			body, err = r.cfg.Handle(ctx, gateway, verb, m.Data)
		}
		if err != nil {
			r.stats.failed.Add(1)
			if ctx.Err() == nil {
				r.log.Warn().Err(err).Str("gateway", gateway).Str("verb", verb).Msg("request of a gateway failed")
			}
			r.reply(m.Reply, nil, remoteError(ctx, err))
			return
		}
		r.reply(m.Reply, body, nil)
	})
}

func (r *Receiver) reply(to string, body []byte, e *RemoteError) {
	var err error
	if e != nil {
		err = r.conn.respondError(to, e, "")
	} else {
		err = r.conn.nc.Publish(to, body)
	}
	if err != nil {
		r.stats.failed.Add(1)
	}
}

// gateway finds what is kept of a gateway, or begins it.
func (r *Receiver) gateway(ctx context.Context, id string) *intake {
	r.mu.Lock()
	defer r.mu.Unlock()
	g := r.gateways[id]
	if g == nil {
		g = &intake{receiver: r, ctx: ctx, id: id, slots: make(chan struct{}, gatewayRequests)}
		r.gateways[id] = g
	}
	return g
}

// remember writes down what was taken, for the time after a restart. Unless it is the end, that is what had been taken one tick ago: a power
// failure could take younger frames from the stream and leave the note.
func (r *Receiver) remember(ctx context.Context, end bool) {
	r.mu.Lock()
	var all []*intake
	for _, g := range r.gateways {
		all = append(all, g)
	}
	r.mu.Unlock()
	for _, g := range all {
		note, changed := g.note(end)
		if !changed {
			continue
		}
		body, err := json.Marshal(helloReply{Last: note.last(), Ahead: note.ahead()})
		if err == nil {
			ctx, cancel := context.WithTimeout(ctx, forgetWait)
			_, err = r.bucket.Put(ctx, Key{g.id}, body)
			cancel()
		}
		if err != nil && ctx.Err() == nil {
			r.log.Warn().Err(err).Str("gateway", g.id).Msg("what a gateway handed over is not noted: it sends some of it again after a restart")
		}
	}
}

// recall returns which of a gateway's frames are known to be stored. While frames go before a backlog, the newest one in the stream tells nothing
// of those before it.
func (r *Receiver) recall(ctx context.Context, gateway string) (spans, error) {
	var noted helloReply
	e, err := r.bucket.Get(ctx, Key{gateway})
	switch {
	case errors.Is(err, ErrNotFound):
	case err != nil:
		return nil, err
	default:
		if err := json.Unmarshal(e.Value, &noted); err != nil {
			return nil, fmt.Errorf("note of gateway %q: %w", gateway, err)
		}
	}
	taken, err := spansOf(noted.Last, noted.Ahead)
	if err != nil {
		return nil, fmt.Errorf("note of gateway %q: %w", gateway, err)
	}
	stored, inOrder, err := r.control.lastNumber(ctx, StreamData, gateway)
	if inOrder {
		taken = taken.cover(0, stored)
	}
	return taken, err
}

// ReceiverStats are running totals.
type ReceiverStats struct {
	Uploads  uint64 // requests with frames
	Entries  uint64 // frames and metadata that were stored
	Repeated uint64 // entries that had come before
	Refused  uint64 // frames that the stream refused for their size; they are in the dead letters
	Failed   uint64 // requests answered with an error, or not
	Ignored  uint64 // messages that are no requests of a gateway
	Busy     uint64 // requests sent back because as many of the gateway ran as may
	Gateways int    // gateways that sent something
}

// Stats returns the totals. It may be called at any time.
func (r *Receiver) Stats() ReceiverStats {
	r.mu.Lock()
	n := len(r.gateways)
	r.mu.Unlock()
	s := &r.stats
	return ReceiverStats{
		Uploads: s.uploads.Load(), Entries: s.entries.Load(), Repeated: s.repeated.Load(), Refused: s.refused.Load(), Failed: s.failed.Load(),
		Ignored: s.ignored.Load(), Busy: s.busy.Load(), Gateways: n,
	}
}
