package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"
)

var errGivenUp = errors.New("lease is given up for another process")

// Checkpoint is how far a partition is done.
type Checkpoint struct {
	// Stream is the identity of the stream that Sequence counts in: StreamState.Created.
	Stream time.Time `json:"stream"`
	// Sequence is the one up to which all of the partition is durable.
	Sequence uint64 `json:"sequence"`
}

// leaseValue is what the key of a partition holds.
type leaseValue struct {
	// Owner is empty when the lease was given up.
	Owner string `json:"owner,omitempty"`
	// Epoch rises with each new owner.
	Epoch      uint64     `json:"epoch"`
	Checkpoint Checkpoint `json:"checkpoint"`
}

func parseLeaseValue(b []byte) (v leaseValue, err error) {
	if err := json.Unmarshal(b, &v); err != nil {
		return leaseValue{}, fmt.Errorf("decode lease: %w", err)
	}
	return v, nil
}

// Lease is the ownership of one partition. Its methods may be called from several goroutines.
type Lease struct {
	leases    *Leases
	partition int
	epoch     uint64
	ctx       context.Context // ends with the ownership
	cancel    context.CancelCauseFunc
	expiry    *time.Timer

	mu       sync.Mutex
	value    leaseValue
	revision uint64
	written  time.Time // begin of the last successful write
	fenced   bool

	// Set when run has ended.
	cause error // why the context ended, nil if it did not
	err   error // of own
}

// take writes the lease as this process' own, if it still is as it was observed.
func (l *Leases) take(ctx context.Context, p int, o observation) (*Lease, error) {
	value := leaseValue{Owner: l.owner, Epoch: o.value.Epoch + 1, Checkpoint: o.value.Checkpoint}
	if o.revision == 0 {
		value.Checkpoint = l.cfg.First
	}
	b, err := json.Marshal(value)
	if err != nil {
		return nil, fmt.Errorf("encode lease: %w", err)
	}
	begin := time.Now()
	short, cancel := context.WithTimeout(ctx, l.cfg.TTL/3)
	defer cancel()
	key := Key{strconv.Itoa(p)}
	var revision uint64
	if o.revision == 0 {
		revision, err = l.partitions.Create(short, key, b)
	} else {
		revision, err = l.partitions.Update(short, key, b, o.revision)
	}
	if err != nil {
		return nil, err
	}
	lease := &Lease{leases: l, partition: p, epoch: value.Epoch, value: value, revision: revision, written: begin}
	// Not of ctx: when that ends, the process leaves in order.
	lease.ctx, lease.cancel = context.WithCancelCause(context.WithoutCancel(ctx))
	lease.expiry = time.AfterFunc(time.Until(begin.Add(l.valid())), func() { lease.cancel(ErrFenced) })
	return lease, nil
}

// valid is how long an owner goes on after the begin of its last successful write.
func (l *Leases) valid() time.Duration { return l.cfg.TTL * 2 / 3 }

// Partition returns the number of the partition.
func (l *Lease) Partition() int { return l.partition }

// Epoch returns the number of this ownership: it is above that of each owner before.
func (l *Lease) Epoch() uint64 { return l.epoch }

// Checkpoint returns the last one saved, by this owner or the one before.
func (l *Lease) Checkpoint() Checkpoint {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.value.Checkpoint
}

// Save stores the checkpoint, which also renews the lease. ErrFenced says that the lease is another's: nothing was stored,
// and the new owner goes on from the checkpoint before. After any other error it may be stored or not: try again.
func (l *Lease) Save(ctx context.Context, cp Checkpoint) error {
	if err := l.write(ctx, func(v *leaseValue) { v.Checkpoint = cp }); err != nil {
		return fmt.Errorf("save checkpoint %d of partition %d: %w", cp.Sequence, l.partition, err)
	}
	return nil
}

// write changes the value of the lease, if it is still this owner's.
func (l *Lease) write(ctx context.Context, change func(*leaseValue)) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fenced {
		return ErrFenced
	}
	value := l.value
	change(&value)
	b, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("encode lease: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, l.leases.cfg.TTL/3)
	defer cancel()
	begin := time.Now()
	key := Key{strconv.Itoa(l.partition)}
	revision, err := l.leases.partitions.Update(ctx, key, b, l.revision)
	if errors.Is(err, ErrRevision) {
		// Either the lease is another's, or the answer to an earlier write was lost.
		if err = l.adopt(ctx, key); err != nil {
			return err
		}
		begin = time.Now()
		revision, err = l.leases.partitions.Update(ctx, key, b, l.revision)
	}
	if err != nil {
		return err
	}
	l.value, l.revision, l.written = value, revision, begin
	if l.ctx.Err() == nil {
		l.expiry.Reset(time.Until(begin.Add(l.leases.valid())))
	}
	return nil
}

// adopt takes the revision over of a write of this owner whose answer was lost. The lock is held.
func (l *Lease) adopt(ctx context.Context, key Key) error {
	e, err := l.leases.partitions.Get(ctx, key)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return err
	}
	if err == nil {
		v, err := parseLeaseValue(e.Value)
		if err == nil && v.Owner == l.value.Owner && v.Epoch == l.value.Epoch {
			l.revision = e.Revision
			return nil
		}
	}
	l.fenced = true
	l.cancel(ErrFenced)
	return ErrFenced
}

// run calls own and renews the lease until own returns; then it gives the lease up.
func (l *Lease) run(own func(context.Context, *Lease) error) {
	var renewer sync.WaitGroup
	stop := make(chan struct{})
	renewer.Go(func() { l.renew(stop) })
	l.err = own(l.ctx, l)
	close(stop)
	renewer.Wait()
	l.expiry.Stop()
	l.cause = context.Cause(l.ctx)
	l.cancel(context.Canceled)
	// Whoever takes it after a failure here gets a lease that is free. One that is another's stays so.
	err := l.write(context.WithoutCancel(l.ctx), func(v *leaseValue) { v.Owner = "" })
	if err != nil && !errors.Is(err, ErrFenced) {
		l.leases.log.Warn().Err(err).Int("partition", l.partition).Msg("cannot give partition up: it is free after its time")
	}
}

// renew writes the lease when nothing else did for a third of its time, also while own is about to end.
func (l *Lease) renew(stop <-chan struct{}) {
	ttl := l.leases.cfg.TTL
	tick := time.NewTicker(ttl / 8)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return
		case <-tick.C:
		}
		l.mu.Lock()
		written := l.written
		l.mu.Unlock()
		if time.Since(written) < ttl/4 {
			continue
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(l.ctx), ttl/6)
		err := l.write(ctx, func(*leaseValue) {})
		cancel()
		if errors.Is(err, ErrFenced) {
			return
		}
		if err != nil {
			l.leases.log.Warn().Err(err).Int("partition", l.partition).Msg("cannot renew lease")
		}
	}
}

// giveUp ends the ownership for another process. It says whether it was going on.
func (l *Lease) giveUp() bool {
	if l.ctx.Err() != nil {
		return false
	}
	l.cancel(errGivenUp)
	return true
}
