package bus

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"math"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"
)

// Buckets of Leases.
const (
	BucketPartition = "partition" // owner and checkpoint of each partition
	BucketCore      = "core"      // the processes that share the partitions
)

const (
	defaultLeaseTTL = 6 * time.Second
	minLeaseTTL     = 100 * time.Millisecond
	// leaseBucketBytes is far more than the values of all partitions, or of some hundred processes, ever take.
	leaseBucketBytes = 1 << 20
	// processMaxAge is after how long the traces of a process that died are forgotten.
	processMaxAge = time.Hour
)

// LeaseConfig is who takes part in sharing the partitions, and how.
type LeaseConfig struct {
	// Process names this process in logs and in the bucket, at most 180 bytes. It need not be unique: a start of a process
	// is another owner than the one before.
	Process string
	// Partitions is how many there are. 0 means the constant Partitions.
	Partitions int
	// TTL is after how long without a sign of life a lease may be taken by another process. 0 means 6 s. It must be the same
	// in all processes.
	TTL time.Duration
	// First is where a partition begins that never had an owner.
	First Checkpoint
}

func (cfg *LeaseConfig) validate() error {
	if cfg.TTL == 0 {
		cfg.TTL = defaultLeaseTTL
	}
	if cfg.Partitions == 0 {
		cfg.Partitions = Partitions
	}
	switch {
	case cfg.Process == "" || len(cfg.Process) > 180:
		return fmt.Errorf("leases config: process name of %d bytes: use 1 to 180", len(cfg.Process))
	case cfg.Partitions < 1 || cfg.Partitions > 1024:
		return fmt.Errorf("leases config: %d partitions: use 1 to 1024", cfg.Partitions)
	case cfg.TTL < minLeaseTTL:
		return fmt.Errorf("leases config: ttl %s: use at least %s, or 0 for %s", cfg.TTL, minLeaseTTL, defaultLeaseTTL)
	}
	return nil
}

// Leases divides partitions among the processes that take part. Each partition has one owner at a time.
//
// A lease is a key with its owner and its checkpoint in one value. Every write of it names the revision it was made of, so
// one who is no longer the owner can write neither: that is the fence. A lease is taken over when its key was not written
// for TTL by this process' own monotonic clock; no two clocks are ever compared. Its owner writes it each TTL/3 at least, and
// when it could not for TTL*2/3 it stops, before others may begin.
//
// What no lease can do is stop a process that hangs and then goes on: for a moment it does not know that it lost the lease.
// What it writes elsewhere in that moment must do no harm; its checkpoint is refused.
type Leases struct {
	cfg        LeaseConfig
	owner      string // this start of this process
	log        zerolog.Logger
	partitions *Bucket
	processes  *Bucket

	// Of Run alone.
	held  map[int]*Lease
	seen  map[string]time.Time // processes, when last heard of
	early map[string]time.Time // what of them was stored before this process' own first sign, and when; nil after it
	ended chan *Lease
	pause map[int]time.Time // partitions whose owner func failed here, until when others may try

	mu     sync.Mutex
	leases []observation // by partition

	holding, taken, lost, given, failed atomic.Uint64
}

// observation is the last that was seen of a lease.
type observation struct {
	value    leaseValue
	revision uint64 // 0: there is no key yet
	since    time.Time
}

// LeasesStats are running totals, and what is held now.
type LeasesStats struct {
	Held   uint64 // partitions held now
	Taken  uint64 // leases taken
	Lost   uint64 // leases lost to others, or not renewed in time
	Given  uint64 // leases given up so that another process gets its share
	Failed uint64 // partitions whose own func ended by itself
}

// NewLeases makes the buckets if need be. Nothing is taken before Run.
func NewLeases(ctx context.Context, c *Conn, cfg LeaseConfig, log zerolog.Logger) (*Leases, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	partitions, err := ensureBucket(ctx, c, jetstream.KeyValueConfig{Bucket: BucketPartition, MaxBytes: leaseBucketBytes})
	if err != nil {
		return nil, err
	}
	processes, err := ensureBucket(ctx, c, jetstream.KeyValueConfig{Bucket: BucketCore, MaxBytes: leaseBucketBytes, TTL: processMaxAge})
	if err != nil {
		return nil, err
	}
	owner := cfg.Process + "-" + rand.Text()[:10]
	return &Leases{
		cfg: cfg, owner: owner, log: log.With().Str("owner", owner).Logger(), partitions: partitions, processes: processes,
		held: make(map[int]*Lease), seen: make(map[string]time.Time), early: make(map[string]time.Time), pause: make(map[int]time.Time),
		ended: make(chan *Lease, cfg.Partitions), leases: make([]observation, cfg.Partitions),
	}, nil
}

// Stats returns the totals. It may be called at any time.
func (l *Leases) Stats() LeasesStats {
	return LeasesStats{Held: l.holding.Load(), Taken: l.taken.Load(), Lost: l.lost.Load(), Given: l.given.Load(), Failed: l.failed.Load()}
}

// Floor returns the lowest sequence of all partitions' checkpoints in the stream that was made at created, as far as known
// here: up to there the stream may be purged (Conn.Purge). It is 0 while a partition has no checkpoint in that stream.
func (l *Leases) Floor(created time.Time) uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	floor := uint64(math.MaxUint64)
	for i := range l.leases {
		cp := l.leases[i].value.Checkpoint
		if l.leases[i].revision == 0 || !cp.Stream.Equal(created) {
			return 0
		}
		floor = min(floor, cp.Sequence)
	}
	return floor
}

// Run takes this process' share of the partitions and calls own for each, in its own goroutine, with a context that ends
// when the lease does: own must then return within TTL/3; it may still save its last checkpoint. When own returns by itself,
// the lease is given up, and this process leaves it to others for TTL. When ctx ends, Run waits for all calls of own,
// gives their leases up so that others need not wait, and returns nil. It returns an error when the connection is closed.
// It is called once.
func (l *Leases) Run(ctx context.Context, own func(ctx context.Context, lease *Lease) error) error {
	watch, cancel := context.WithCancel(ctx)
	defer cancel()
	leases, err := l.partitions.Watch(watch, nil)
	if err != nil {
		return err
	}
	processes, err := l.processes.Watch(watch, nil)
	if err != nil {
		return err
	}
	defer l.leave()
	tick := time.NewTicker(l.cfg.TTL / 6)
	defer tick.Stop()
	var announced time.Time
	for waiting := 2; ; {
		if time.Since(announced) > l.cfg.TTL/3 && l.announce(ctx) == nil {
			announced = time.Now()
		}
		if waiting == 0 {
			l.balance(ctx, own)
		}
		var e Entry
		ok := true
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		case lease := <-l.ended:
			l.end(lease)
		case e, ok = <-leases:
			l.observe(e)
		case e, ok = <-processes:
			l.meet(e)
		}
		if e.Op == EntryInitDone && ok {
			waiting--
		}
		if !ok && ctx.Err() == nil {
			return errors.New("share partitions: connection closed")
		}
	}
}

// announce says that this process is there.
func (l *Leases) announce(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, l.cfg.TTL/3)
	defer cancel()
	_, err := l.processes.Put(ctx, Key{l.owner}, []byte(l.cfg.Process))
	if err != nil && !errors.Is(err, context.Canceled) {
		l.log.Warn().Err(err).Msg("cannot announce process")
	}
	return err
}

// meet notes a sign of life, or the leaving, of a process.
func (l *Leases) meet(e Entry) {
	switch {
	case len(e.Key) != 1:
	case e.Op == EntryPut:
		l.seen[e.Key[0]] = time.Now()
		if l.early != nil {
			l.early[e.Key[0]] = e.Time
		}
		if e.Key[0] == l.owner {
			l.age(e.Time)
		}
	case e.Op == EntryDeleted:
		delete(l.seen, e.Key[0])
	}
}

// age makes the signs that were there before this process as old as they are: the traces of one that died would keep partitions free
// for it. Both times are the server's; joined is that of this process' own first sign.
func (l *Leases) age(joined time.Time) {
	for owner, stored := range l.early {
		l.seen[owner] = l.seen[owner].Add(-max(joined.Sub(stored), 0))
	}
	l.early = nil
}

// observe notes the state of a lease.
func (l *Leases) observe(e Entry) {
	if len(e.Key) != 1 {
		return
	}
	p, err := strconv.Atoi(e.Key[0])
	if err != nil || p < 0 || p >= l.cfg.Partitions {
		return // of another program
	}
	o := observation{revision: e.Revision, since: time.Now()}
	if e.Op == EntryPut {
		if o.value, err = parseLeaseValue(e.Value); err != nil {
			// Its checkpoint is lost, but not the partition: it begins anew as one that never had an owner.
			l.log.Error().Err(err).Int("partition", p).Msg("lease cannot be read")
			o.value = leaseValue{Checkpoint: l.cfg.First}
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if o.revision > l.leases[p].revision {
		l.leases[p] = o
	}
}

// balance gives up what is beyond this process' share, or takes what is missing and free.
func (l *Leases) balance(ctx context.Context, own func(context.Context, *Lease) error) {
	share := l.share()
	for p, lease := range l.held {
		if l.keeping() <= share {
			break
		}
		if lease.giveUp() {
			l.given.Add(1)
			l.log.Info().Int("partition", p).Msg("giving partition up for another process")
		}
	}
	for p := range l.cfg.Partitions {
		if len(l.held) >= share || ctx.Err() != nil {
			return
		}
		if l.held[p] == nil && time.Now().After(l.pause[p]) {
			l.tryTake(ctx, p, own)
		}
	}
}

// share returns how many partitions this process may hold.
func (l *Leases) share() int {
	alive := 1
	for owner, seen := range l.seen {
		switch age := time.Since(seen); {
		case owner == l.owner:
		case age < l.cfg.TTL:
			alive++
		case age > processMaxAge:
			delete(l.seen, owner)
		}
	}
	return (l.cfg.Partitions + alive - 1) / alive
}

// keeping returns how many leases are held and not about to be given up.
func (l *Leases) keeping() int {
	n := 0
	for _, lease := range l.held {
		if lease.ctx.Err() == nil {
			n++
		}
	}
	return n
}

// tryTake takes a lease if it is free, and starts its owner.
func (l *Leases) tryTake(ctx context.Context, p int, own func(context.Context, *Lease) error) {
	l.mu.Lock()
	o := l.leases[p]
	l.mu.Unlock()
	// What is marked as this process' own and not held was taken in a write whose answer was lost.
	free := o.value.Owner == "" || o.value.Owner == l.owner || time.Since(o.since) > l.cfg.TTL
	if !free {
		return
	}
	lease, err := l.take(ctx, p, o)
	if errors.Is(err, ErrRevision) {
		l.lookUp(ctx, p) // another was faster, or its renewal has not come through
		return
	}
	if err != nil {
		if ctx.Err() == nil {
			l.log.Warn().Err(err).Int("partition", p).Msg("cannot take partition")
		}
		return
	}
	l.held[p] = lease
	l.holding.Store(uint64(len(l.held)))
	l.taken.Add(1)
	l.log.Info().Int("partition", p).Uint64("epoch", lease.epoch).Str("from", o.value.Owner).
		Uint64("sequence", o.value.Checkpoint.Sequence).Msg("partition taken")
	go func() {
		lease.run(own)
		l.ended <- lease
	}()
}

// lookUp asks for the state of a lease, for the case that the watch is behind.
func (l *Leases) lookUp(ctx context.Context, p int) {
	ctx, cancel := context.WithTimeout(ctx, l.cfg.TTL/3)
	defer cancel()
	if e, err := l.partitions.Get(ctx, Key{strconv.Itoa(p)}); err == nil {
		l.observe(e)
	}
}

// end forgets a lease whose owner has returned.
func (l *Leases) end(lease *Lease) {
	delete(l.held, lease.partition)
	l.holding.Store(uint64(len(l.held)))
	switch {
	case errors.Is(lease.cause, ErrFenced):
		l.lost.Add(1)
		l.log.Warn().Int("partition", lease.partition).Msg("partition lost")
	case lease.cause == nil:
		l.failed.Add(1)
		l.pause[lease.partition] = time.Now().Add(l.cfg.TTL)
		l.log.Error().Err(lease.err).Int("partition", lease.partition).Msg("partition given up by its owner")
	}
}

// leave gives everything up, the place among the processes first, so that the others know their new shares.
func (l *Leases) leave() {
	ctx, cancel := context.WithTimeout(context.Background(), l.cfg.TTL/3)
	defer cancel()
	if e, err := l.processes.Get(ctx, Key{l.owner}); err == nil {
		err = l.processes.Delete(ctx, e.Key, e.Revision)
		if err != nil {
			l.log.Warn().Err(err).Msg("cannot sign off process")
		}
	}
	for _, lease := range l.held {
		lease.cancel(context.Canceled)
	}
	for len(l.held) > 0 {
		l.end(<-l.ended)
	}
}
