package victoria

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/ingest"
)

const (
	// defaultDelay is for VictoriaMetrics' default -inmemoryDataFlushInterval of 5s.
	defaultDelay = 22 * time.Second
	// minFlushInterval is what VictoriaMetrics makes of a shorter -inmemoryDataFlushInterval.
	minFlushInterval = 2 * time.Second
	// lookTimeout bounds one look at the health pages.
	lookTimeout = 5 * time.Second
	// settlePause is the time between looks at a process that has just started.
	settlePause = 200 * time.Millisecond
)

// errYoung: the start of a process is known by the second, so one that started within this second could be replaced unseen.
var errYoung = errors.New("the remote has just started, waiting for a second")

// nodes are the processes in whose memory rows rest until they are on disk: whether they are the same ones as before, and how long the
// rows rest there.
type nodes struct {
	urls   []string
	labels []string // of urls, for messages
	client *http.Client
	log    zerolog.Logger
	fixed  time.Duration // RemoteConfig.Delay
	opened time.Time

	// looking is held for a look and what follows from it.
	looking sync.Mutex
	// starts is when each process was started, as its page says; nil before establish.
	starts []float64

	known    atomic.Bool
	counters *remoteCounters
	// base is the delay that follows from the remote's settings.
	base atomic.Int64

	// slow and trouble are when the remote was last slow or out of reach, in nanoseconds since opened; 0 for never. writing is when the
	// oldest of the writes that are under way began.
	slow, trouble atomic.Int64
	mu            sync.Mutex
	writing       []time.Duration
}

func (n *nodes) open(cfg RemoteConfig, client *http.Client, counters *remoteCounters, log zerolog.Logger) {
	n.counters = counters
	n.urls, n.client, n.log, n.fixed, n.opened = cfg.HealthURLs, client, log, cfg.Delay, time.Now()
	for _, text := range cfg.HealthURLs {
		label := "health URL"
		if u, err := url.Parse(text); err == nil {
			label = hideQuery(u)
		}
		n.labels = append(n.labels, label)
	}
	n.base.Store(int64(defaultDelay))
	if cfg.Delay > 0 {
		n.base.Store(int64(cfg.Delay))
	}
}

// establish makes sure that the processes are known before the first row is sent: a restart could not be seen else.
func (n *nodes) establish(ctx context.Context) error {
	if n.known.Load() {
		return nil
	}
	n.looking.Lock()
	defer n.looking.Unlock()
	for !n.known.Load() {
		pages, err := n.look(ctx)
		if err != nil {
			return err
		}
		if !settled(pages) {
			if !sleep(ctx, settlePause) {
				return errYoung
			}
			continue
		}
		n.adopt(pages)
	}
	return nil
}

// check is Remote.Checkpoint.
func (n *nodes) check(ctx context.Context) error {
	n.looking.Lock()
	defer n.looking.Unlock()
	pages, err := n.look(ctx)
	if err != nil {
		if !errors.Is(ctx.Err(), context.Canceled) {
			n.troubled()
		}
		return fmt.Errorf("ask VictoriaMetrics whether it still runs: %w", err)
	}
	replaced := n.replaced(pages)
	switch {
	case !settled(pages) && (n.starts == nil || replaced < 0):
		return nil // nothing was sent before establish, and the same process is the same at any age
	case !settled(pages):
		return errYoung // and ErrRowsLost next time
	case n.starts == nil:
		n.adopt(pages)
		return nil
	case replaced >= 0:
		n.counters.restarts.Inc()
		n.adopt(pages)
		return fmt.Errorf("VictoriaMetrics at %s was restarted: %w", n.labels[replaced], ingest.ErrRowsLost)
	}
	if since, ok := n.since(&n.trouble); ok && since < n.baseDelay() {
		return fmt.Errorf("VictoriaMetrics was out of reach %s ago: no checkpoint until it has run well for %s", since.Round(time.Millisecond), n.baseDelay())
	}
	return nil
}

// replaced returns the index of a process that is another one than before, or -1.
func (n *nodes) replaced(pages []healthPage) int {
	for i := range n.starts {
		if pages[i].start != n.starts[i] {
			return i
		}
	}
	return -1
}

// settled reports whether a process that replaces one of these is bound to show another start.
func settled(pages []healthPage) bool {
	return !slices.ContainsFunc(pages, func(p healthPage) bool { return p.uptime < 1 })
}

// adopt takes the processes as those that are written to from now on.
func (n *nodes) adopt(pages []healthPage) {
	n.starts = n.starts[:0]
	delay := time.Duration(0)
	for i, p := range pages {
		n.starts = append(n.starts, p.start)
		if p.flush > 0 {
			delay = max(delay, delayFor(p.flush))
		}
		if p.hasDedup && p.dedup != dedupInterval {
			n.log.Warn().Str("url", n.labels[i]).Stringer("interval", p.dedup).
				Msg("remote store does not run with -dedup.minScrapeInterval=1ms: samples that are sent again may count twice, or true ones be merged")
		}
	}
	switch {
	case n.fixed > 0:
		delay = n.fixed
	case delay == 0:
		delay = defaultDelay
	}
	n.base.Store(int64(delay))
	n.trouble.Store(0)
	n.known.Store(true)
	n.log.Info().Strs("urls", n.labels).Stringer("delay", delay).Msg("remote store is known")
}

// delayFor is how long after a write rows are on disk, for an -inmemoryDataFlushInterval: up to 6 s as raw rows, then up to two
// intervals until an in-memory part is due and one more when a merge holds it; a second for writing where that is not in it yet.
func delayFor(flush time.Duration) time.Duration {
	if flush <= minFlushInterval {
		return 12 * time.Second
	}
	return 7*time.Second + 3*flush
}

func (n *nodes) baseDelay() time.Duration { return time.Duration(n.base.Load()) }

// delay is Remote.Delay.
func (n *nodes) delay() time.Duration {
	base := n.baseDelay()
	if since, ok := n.since(&n.slow); ok && since < 2*base {
		return 2 * base
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	now := time.Since(n.opened)
	for _, began := range n.writing {
		if now-began > slowWrite {
			return 2 * base
		}
	}
	return base
}

// wrote is called when a write begins. The function that it returns is called when the write has ended, and whether the remote
// answered.
func (n *nodes) wrote() (end func(reached bool)) {
	began := time.Since(n.opened)
	n.mu.Lock()
	n.writing = append(n.writing, began)
	n.mu.Unlock()
	return func(reached bool) {
		n.mu.Lock()
		if i := slices.Index(n.writing, began); i >= 0 {
			n.writing = slices.Delete(n.writing, i, i+1)
		}
		n.mu.Unlock()
		if !reached {
			n.troubled()
		}
		if time.Since(n.opened)-began > slowWrite {
			n.overloaded()
		}
	}
}

// overloaded notes that the remote is slow now.
func (n *nodes) overloaded() { n.slow.Store(max(1, int64(time.Since(n.opened)))) }

// troubled notes that the remote is out of reach now.
func (n *nodes) troubled() {
	n.trouble.Store(max(1, int64(time.Since(n.opened))))
	n.overloaded()
}

// since returns how long ago something was, if ever.
func (n *nodes) since(when *atomic.Int64) (time.Duration, bool) {
	at := when.Load()
	return time.Since(n.opened) - time.Duration(at), at != 0
}

// look reads all pages at the same time. Every one of them must be good.
func (n *nodes) look(ctx context.Context) ([]healthPage, error) {
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	pages, errs := make([]healthPage, len(n.urls)), make([]error, len(n.urls))
	var looks sync.WaitGroup
	for i, from := range n.urls {
		looks.Go(func() {
			if pages[i], errs[i] = readHealth(ctx, n.client, from); errs[i] != nil {
				errs[i] = fmt.Errorf("%s: %w", n.labels[i], errs[i])
			}
		})
	}
	looks.Wait()
	err := errors.Join(errs...)
	if err != nil {
		n.counters.healthErrors.Inc()
	}
	return pages, err
}

func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
