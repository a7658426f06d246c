package victoria

import (
	"context"
	"fmt"
	"hash/maphash"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/ingest"
)

// maxRequestBytes bounds RemoteConfig.MaxBytes, so that a request stays below the 32 MiB that VictoriaMetrics takes by default.
const maxRequestBytes = 24 << 20

// Remote is a VictoriaMetrics elsewhere, a single node or a cluster, as a store. All methods may be called from several goroutines,
// also at the same time as Checkpoint.
type Remote struct {
	api // Series and Samples, through the remote's HTTP API

	cfg      RemoteConfig
	log      zerolog.Logger
	client   *http.Client
	seed     maphash.Seed
	nodes    nodes
	counters *remoteCounters
	plans    sync.Pool // of *plan

	// snappy says that the remote does not know zstd, zstd that it does; both false says that it is not known yet.
	snappy, zstd atomic.Bool

	requests chan *request
	senders  sync.WaitGroup

	// ctx ends with Close.
	ctx    context.Context
	cancel context.CancelFunc
	// mu is held shared by Append, and exclusively by Close.
	mu     sync.RWMutex
	closed bool
}

var (
	_ ingest.Delayed = (*Remote)(nil)
	_ ingest.Reader  = (*Remote)(nil)
)

// OpenRemote returns a store in the VictoriaMetrics that cfg names. It does not speak to it yet, so that a plant may start in any
// order: Append returns errors until it answers. The error says which field of cfg cannot be used.
func OpenRemote(cfg RemoteConfig, log zerolog.Logger) (*Remote, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("open remote VictoriaMetrics: %w", err)
	}
	r := &Remote{cfg: cfg, log: log, seed: maphash.MakeSeed(), requests: make(chan *request)}
	r.ctx, r.cancel = context.WithCancel(context.Background())
	if r.client, err = newClient(r.ctx, cfg); err != nil {
		r.cancel()
		return nil, fmt.Errorf("open remote VictoriaMetrics: %w", err)
	}
	r.api = api{client: r.client, base: cfg.ReadURL, maxSelector: (serverMaxQuery - queryOverhead) / 2}
	r.counters = newRemoteCounters(r)
	r.nodes.open(cfg, r.client, r.counters, log)
	r.snappy.Store(cfg.Compression == CompressionSnappy)
	r.plans.New = func() any { return new(plan) }
	for i := range cfg.Connections {
		s := &sender{remote: r, url: i}
		r.senders.Go(s.run)
	}
	return r, nil
}

// Append writes rows, and blocks while the remote is slow: at most RemoteConfig.Connections requests are under way, of all callers
// together. It returns when the remote has taken all rows. A request that fails is tried again a few times, in all for at most
// RemoteConfig.Timeout; then it returns an error, and the caller has to append all the rows again, which is harmless because of the
// remote's de-duplication. It does not allocate per row. A row of another store's AppendName is an error.
func (r *Remote) Append(rows []ingest.Row) error {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if r.closed {
		return ErrClosed
	}
	ctx, cancel := context.WithTimeout(r.ctx, r.cfg.Timeout)
	defer cancel()
	if err := r.nodes.establish(ctx); err != nil {
		return r.appendError(err)
	}
	p := r.plans.Get().(*plan)
	defer r.plans.Put(p)
	defer p.forget()
	for len(rows) > 0 {
		n := min(len(rows), maxPlan)
		if err := p.reset(rows[:n]); err != nil {
			return r.appendError(err)
		}
		if err := r.send(ctx, p); err != nil {
			return r.appendError(err)
		}
		r.counters.rows.Add(n)
		rows = rows[n:]
	}
	return nil
}

func (r *Remote) appendError(err error) error {
	if r.ctx.Err() != nil {
		return ErrClosed
	}
	r.counters.errors.Inc()
	return fmt.Errorf("write to VictoriaMetrics: %w", err)
}

// minRequestRows is below what it does not pay to spread rows over connections.
const minRequestRows = 1000

// send sends a plan in requests and waits for all of them. It returns the first error.
func (r *Remote) send(ctx context.Context, p *plan) error {
	maxRows := min(r.cfg.MaxRows, max(minRequestRows, (len(p.rows)+r.cfg.Connections-1)/r.cfg.Connections))
	answers := sync.WaitGroup{}
	var requests []*request
	for from := 0; from < len(p.groups); {
		groups, rows := p.cut(from, maxRows, r.cfg.MaxBytes)
		q := &request{ctx: ctx, plan: p, from: from, to: from + groups, rows: rows, done: answers.Done}
		requests = append(requests, q)
		from += groups
		answers.Add(1)
		r.requests <- q
	}
	answers.Wait()
	for _, q := range requests {
		if q.err != nil {
			return q.err
		}
	}
	return nil
}

// Delay implements ingest.Delayed: RemoteConfig.Delay, or what follows from the remote's settings. It is twice that from when a write
// takes longer than a second, until all that was written meanwhile is old enough.
func (r *Remote) Delay() time.Duration { return r.nodes.delay() }

// Checkpoint implements ingest.Delayed: it asks every process of RemoteConfig.HealthURLs when it was started.
//
// It returns an error, and what was appended is not to be taken as durable, when one of them does not answer, and for Delay after one
// did not answer or a write did not reach the remote: a machine that stood still has not written to its disk either. So call it every
// few seconds while rows wait to become durable. It returns ErrRowsLost once when a process was restarted.
func (r *Remote) Checkpoint(ctx context.Context) error {
	if r.ctx.Err() != nil {
		return ErrClosed
	}
	err := r.nodes.check(ctx)
	if err != nil && r.ctx.Err() != nil {
		return ErrClosed
	}
	return err
}

// Close aborts what is under way and returns when all goroutines have ended. Running calls of Append return ErrClosed; their rows may
// have been written. A second Close does nothing.
func (r *Remote) Close() error {
	r.cancel()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil
	}
	r.closed = true
	close(r.requests)
	r.senders.Wait()
	r.client.CloseIdleConnections()
	return nil
}
