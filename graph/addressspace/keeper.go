package addressspace

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/model"
)

const (
	// settle is how long changes are gathered before they are looked at; share is the part of the time that looking takes at most, pace the least
	// time between two looks.
	settle = time.Second
	pace   = 10 * time.Second
	share  = 10
	// failPause is the pause after a browsing that failed; each further one doubles it, up to failPauseMax.
	failPause, failPauseMax = time.Minute, time.Hour
	// maxStale bounds the nodes that are looked at again one by one.
	maxStale = 10_000
)

// keeper keeps the address space of one server.
type keeper struct {
	cache  *Cache
	server string
	log    zerolog.Logger
	stop   context.CancelFunc
	wake   chan struct{}
	space  atomic.Pointer[Space]

	mu             sync.Mutex
	state          State
	err            string
	told           bool
	followed       time.Time // since when changes are followed
	browsed, found int
	// wanted is set when there is something to look at again: all nodes when stale is nil, else those; not before at, and at once when it is urgent.
	wanted, urgent bool
	stale          map[model.ExpandedNodeID]bool
	at             time.Time

	// Of run: the connection whose server was looked at, when the last browsing ended and how long it took, and the failures since then.
	since    time.Time
	last     time.Time
	took     time.Duration
	failures int
	retry    time.Time
}

// run keeps the address space until ctx ends.
func (k *keeper) run(ctx context.Context) {
	k.set(Waiting, "")
	k.load()
	var following sync.WaitGroup
	following.Go(func() { k.follow(ctx) })
	defer following.Wait()
	for ctx.Err() == nil {
		next := k.step(ctx)
		timer := time.NewTimer(next)
		select {
		case <-ctx.Done():
		case <-k.wake:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// load takes what is stored.
func (k *keeper) load() {
	stored, err := k.cache.store.Load(k.server)
	var space *Space
	if err == nil && stored != nil {
		space, err = Unmarshal(stored)
	}
	if err != nil {
		k.log.Warn().Err(err).Msg("stored address space is not used, it is browsed anew")
		return
	}
	if space != nil {
		k.space.Store(space)
		k.set(Kept, "")
	}
}

// step does what is due, and returns after how long it wants to be called again.
func (k *keeper) step(ctx context.Context) time.Duration {
	since, connected := k.cache.host.Connected(k.server)
	if !connected {
		k.since, k.retry, k.failures = time.Time{}, time.Time{}, 0
		k.set(k.idle(), "")
		return lookInterval
	}
	now := time.Now()
	if now.Before(k.retry) && !k.pressed() {
		return min(lookInterval, k.retry.Sub(now))
	}
	if !since.Equal(k.since) {
		stamp, err := readStamp(ctx, k.cache.host, k.server)
		if err != nil {
			return k.failed(ctx, err)
		}
		k.since = since
		if space := k.space.Load(); space == nil || space.Stamp != stamp {
			k.demandAll(true)
		} else {
			k.set(Current, space.Note)
		}
	}
	due, stale, wait := k.due(time.Now())
	if !due {
		return wait
	}
	return k.browse(ctx, stale)
}

// idle is the state of what is known while the server is not connected.
func (k *keeper) idle() State {
	if k.space.Load() == nil {
		return Waiting
	}
	return Kept
}

// demandAll wants all nodes to be looked at again: soon, or at once when it is urgent.
func (k *keeper) demandAll(urgent bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.wanted {
		k.at = time.Now().Add(settle)
	}
	k.wanted, k.urgent, k.stale = true, k.urgent || urgent, nil
	k.notify()
}

// demand wants nodes to be looked at again.
func (k *keeper) demand(stale []model.ExpandedNodeID) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.wanted {
		k.wanted, k.stale, k.at = true, map[model.ExpandedNodeID]bool{}, time.Now().Add(settle)
		k.notify()
	}
	if k.stale == nil { // all are
		return
	}
	for _, id := range stale {
		k.stale[id] = true
	}
	if len(k.stale) > maxStale {
		k.stale = nil
	}
}

// notify has run look what is due.
func (k *keeper) notify() {
	select {
	case k.wake <- struct{}{}:
	default:
	}
}

// pressed tells whether somebody does not want to wait.
func (k *keeper) pressed() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.urgent
}

// due takes what is to be looked at again, or returns how long to wait.
func (k *keeper) due(now time.Time) (ok bool, stale map[model.ExpandedNodeID]bool, wait time.Duration) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if every := k.cache.cfg.Interval; !k.wanted && every > 0 {
		space := k.space.Load()
		// What changed before changes were followed is not told.
		if space != nil && now.Sub(space.BrowsedAt) >= every && !(k.told && space.BrowsedAt.After(k.followed)) {
			k.wanted, k.stale, k.at = true, nil, now
		}
	}
	if !k.wanted {
		return false, nil, lookInterval
	}
	at := k.at
	if free := k.last.Add(max(pace, share*k.took)); !k.last.IsZero() && free.After(at) {
		at = free
	}
	if now.Before(at) && !k.urgent {
		return false, nil, min(lookInterval, at.Sub(now))
	}
	stale = k.stale
	k.wanted, k.urgent, k.stale = false, false, nil
	return true, stale, 0
}

// browse browses the server, or looks at stale nodes again.
func (k *keeper) browse(ctx context.Context, stale map[model.ExpandedNodeID]bool) time.Duration {
	select {
	case k.cache.slots <- struct{}{}:
		defer func() { <-k.cache.slots }()
	case <-ctx.Done():
		return 0
	}
	k.set(Browsing, "")
	k.progress(0, 1)
	defer k.progress(0, 0)
	k.cache.browses.Add(1)
	begin := time.Now()
	known := k.space.Load()
	if known == nil {
		stale = nil
	}
	stamp, err := readStamp(ctx, k.cache.host, k.server)
	var space *Space
	if err == nil {
		c := &crawler{
			services: k.cache.host, server: k.server, limits: k.cache.cfg.Limits, known: known, stale: stale, progress: k.progress, counts: &k.cache.counts,
		}
		space, err = c.crawl(ctx)
	}
	if err != nil {
		k.again(stale)
		return k.failed(ctx, err)
	}
	space.Stamp = stamp
	k.failures, k.retry, k.last, k.took = 0, time.Time{}, time.Now(), time.Since(begin)
	k.take(known, space)
	return 0
}

// again wants what could not be looked at.
func (k *keeper) again(stale map[model.ExpandedNodeID]bool) {
	if stale == nil {
		k.demandAll(false)
		return
	}
	k.demand(slices.Collect(maps.Keys(stale)))
}

// take makes a space the known one. It is current when it is saved: what is shown as current is there after a restart.
func (k *keeper) take(known, space *Space) {
	if known != nil && known.Version == space.Version { // one set of names in memory is enough
		same := *known
		same.BrowsedAt, same.Stamp = space.BrowsedAt, space.Stamp
		space = &same
	}
	k.space.Store(space)
	e := k.log.Info()
	if known != nil && known.Version == space.Version {
		e = k.log.Debug()
	}
	e.Int("nodes", space.Len()).Str("version", space.Version).Dur("took_ms", k.took).Msg("address space was browsed")
	stored, err := space.Marshal()
	if err == nil {
		err = k.cache.store.Save(k.server, stored)
	}
	if err != nil {
		k.log.Error().Err(err).Msg("address space is not saved: it is browsed anew after a restart")
	}
	k.set(Current, space.Note)
}

// failed notes that the server could not be browsed.
func (k *keeper) failed(ctx context.Context, err error) time.Duration {
	if ctx.Err() != nil {
		return 0
	}
	k.cache.failedBrowses.Add(1)
	pause := failPauseMax
	if k.failures < 6 {
		pause = failPause << k.failures
	}
	k.failures++
	k.retry = time.Now().Add(pause)
	k.set(Failed, fmt.Sprintf("%v; it is tried again in %s", err, pause))
	k.log.Warn().Err(err).Dur("retry_ms", pause).Msg("address space could not be browsed")
	return min(lookInterval, pause)
}

func (k *keeper) set(state State, text string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.state, k.err = state, text
}

func (k *keeper) progress(browsed, found int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.browsed, k.found = browsed, found
}

func (k *keeper) status() Status {
	k.mu.Lock()
	defer k.mu.Unlock()
	s := Status{State: k.state, Browsed: k.browsed, Found: k.found, Error: k.err, Told: k.told}
	if space := k.space.Load(); space != nil {
		s.Nodes, s.References, s.Bytes = space.Len(), space.References(), space.Bytes()
		s.Version, s.BrowsedAt, s.Omitted = space.Version, space.BrowsedAt, space.Omitted
	}
	return s
}
