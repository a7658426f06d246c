package bus

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"
)

const testTTL = 600 * time.Millisecond

// referee watches that no partition has two owners at once.
type referee struct {
	t      *testing.T
	mu     sync.Mutex
	owners [Partitions]string
	leases [Partitions]*Lease
	since  [Partitions]time.Time
	until  [Partitions]time.Time // end of the ownership before
}

// own is an owner that works until it may not.
func (r *referee) own(name string) func(context.Context, *Lease) error {
	return func(ctx context.Context, l *Lease) error {
		p := l.Partition()
		r.mu.Lock()
		if r.owners[p] != "" {
			r.t.Errorf("partition %d: %s begins while %s owns it", p, name, r.owners[p])
		}
		r.owners[p], r.leases[p], r.since[p] = name, l, time.Now()
		r.mu.Unlock()
		<-ctx.Done()
		r.mu.Lock()
		r.owners[p], r.until[p] = "", time.Now()
		r.mu.Unlock()
		return nil
	}
}

func (r *referee) count(name string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := 0
	for _, o := range r.owners {
		if o == name {
			n++
		}
	}
	return n
}

func (r *referee) lease(p int) *Lease {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.leases[p]
}

// join starts a process that shares the partitions, over its own connection.
func (r *referee) join(s *Server, name string) (l *Leases, c *Conn, stop func()) {
	r.t.Helper()
	c, err := s.Connect(name)
	if err != nil {
		r.t.Fatal(err)
	}
	l, stop = r.joinOver(c, name)
	return l, c, stop
}

func (r *referee) joinOver(c *Conn, name string) (l *Leases, stop func()) {
	r.t.Helper()
	l, err := NewLeases(testContext(r.t), c, LeaseConfig{Process: name, TTL: testTTL, First: Checkpoint{Sequence: 7}}, zerolog.Nop())
	if err != nil {
		r.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- l.Run(ctx, r.own(name)) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil && !c.nc.IsClosed() {
			r.t.Errorf("%s: %v", name, err)
		}
	})
	r.t.Cleanup(stop)
	return l, stop
}

func TestLeasesHandOver(t *testing.T) {
	s, c := newBus(t)
	ctx := testContext(t)
	r := &referee{t: t}
	a, _, stop := r.join(s, "a")
	eventually(t, "a owns all", func() bool { return r.count("a") == Partitions })
	created := time.Now()
	for p := range Partitions {
		lease := r.lease(p)
		if lease.Checkpoint().Sequence != 7 || lease.Epoch() != 1 {
			t.Fatalf("first owner of %d: %+v, epoch %d", p, lease.Checkpoint(), lease.Epoch())
		}
		if a.Floor(created) != 0 {
			t.Fatal("there is a floor while a partition has no checkpoint")
		}
		if err := lease.Save(ctx, Checkpoint{Stream: created, Sequence: uint64(100 + p)}); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "floor", func() bool { return a.Floor(created) == 100 })
	if a.Floor(created.Add(1)) != 0 {
		t.Fatal("there is a floor in another stream")
	}
	begin := time.Now()
	stop()
	if st := a.Stats(); st.Held != 0 || st.Taken != Partitions || st.Lost != 0 || st.Failed != 0 {
		t.Fatalf("stats %+v", st)
	}
	b, _, _ := r.join(s, "b")
	eventually(t, "b owns all", func() bool { return r.count("b") == Partitions })
	if d := time.Since(begin); d > testTTL {
		t.Fatalf("clean hand-over took %s", d)
	}
	for p := range Partitions {
		if cp := r.lease(p).Checkpoint(); cp.Sequence != uint64(100+p) || !cp.Stream.Equal(created) || r.lease(p).Epoch() != 2 {
			t.Fatalf("second owner of %d: %+v", p, cp)
		}
	}
	if b.Floor(created) != 100 {
		t.Fatalf("floor %d", b.Floor(created))
	}
	processes, err := c.Bucket(ctx, BucketCore)
	if err != nil {
		t.Fatal(err)
	}
	if list, err := processes.List(ctx, nil); err != nil || len(list) != 1 || string(list[0].Value) != "b" {
		t.Fatalf("processes %v, %v", list, err)
	}
}

func TestLeasesBalance(t *testing.T) {
	s, _ := newBus(t)
	r := &referee{t: t}
	a, _, _ := r.join(s, "a")
	eventually(t, "a owns all", func() bool { return r.count("a") == Partitions })
	_, _, stopB := r.join(s, "b")
	eventually(t, "halves", func() bool { return r.count("a") == Partitions/2 && r.count("b") == Partitions/2 })
	_, _, stopC := r.join(s, "c")
	eventually(t, "thirds", func() bool {
		x, y, z := r.count("a"), r.count("b"), r.count("c")
		return x <= 6 && y <= 6 && z <= 6 && x+y+z == Partitions
	})
	if st := a.Stats(); st.Given == 0 || st.Lost != 0 || st.Failed != 0 {
		t.Fatalf("stats %+v", st)
	}
	stopB()
	eventually(t, "halves again", func() bool { return r.count("a") == Partitions/2 && r.count("c") == Partitions/2 })
	stopC()
	eventually(t, "a owns all again", func() bool { return r.count("a") == Partitions })
}

// A process that is cut off stops before another begins.
func TestLeasesTakeOver(t *testing.T) {
	s, _ := newBus(t)
	r := &referee{t: t}
	a, conn, _ := r.join(s, "a")
	b, _, _ := r.join(s, "b")
	eventually(t, "halves", func() bool { return r.count("a") == Partitions/2 && r.count("b") == Partitions/2 })
	r.mu.Lock()
	var of []int
	for p, o := range r.owners {
		if o == "a" {
			of = append(of, p)
		}
	}
	r.mu.Unlock()
	cut := time.Now()
	conn.Close()
	eventually(t, "b owns all", func() bool { return r.count("b") == Partitions })
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, p := range of {
		if gap := r.since[p].Sub(r.until[p]); gap < 0 {
			t.Errorf("partition %d: b began %s before a had ended", p, -gap)
		}
		if d := r.since[p].Sub(cut); d > 3*testTTL {
			t.Errorf("partition %d was without an owner for %s", p, d)
		}
	}
	if a.Stats().Given > Partitions || b.Stats().Lost != 0 {
		t.Fatalf("stats %+v, %+v", a.Stats(), b.Stats())
	}
}

// A process whose link stands still, without an error to tell it, stops by its own clock before another begins, and its
// checkpoint is refused when the link is back.
func TestLeasesFrozenLink(t *testing.T) {
	s := startServer(t, Config{Listen: "127.0.0.1:0", Password: "pw"})
	ctx := testContext(t)
	r := &referee{t: t}
	far, freeze := connectFrozen(t, s)
	a, _ := r.joinOver(far, "a")
	b, _, _ := r.join(s, "b")
	eventually(t, "halves", func() bool { return r.count("a") == Partitions/2 && r.count("b") == Partitions/2 })
	var old []*Lease
	r.mu.Lock()
	for p, o := range r.owners {
		if o == "a" {
			old = append(old, r.leases[p])
		}
	}
	r.mu.Unlock()
	thaw := freeze()
	eventually(t, "b owns all", func() bool { return r.count("b") == Partitions }) // the referee sees to the order
	r.mu.Lock()
	for _, l := range old {
		if gap := r.since[l.Partition()].Sub(r.until[l.Partition()]); gap < testTTL/10 {
			t.Errorf("partition %d: b began only %s after a had ended", l.Partition(), gap)
		}
	}
	r.mu.Unlock()
	thaw()
	for _, l := range old {
		if err := l.Save(ctx, Checkpoint{Sequence: 99}); !errors.Is(err, ErrFenced) {
			t.Errorf("save after the link came back: %v, want ErrFenced", err)
		}
	}
	eventually(t, "halves again", func() bool { return r.count("a") == Partitions/2 && r.count("b") == Partitions/2 })
	if st := a.Stats(); st.Lost != uint64(len(old)) || b.Stats().Lost != 0 {
		t.Fatalf("stats %+v, %+v", st, b.Stats())
	}
}

// steal writes a lease as another owner would after its time.
func steal(t *testing.T, c *Conn, p int, change func(*leaseValue)) {
	t.Helper()
	ctx := testContext(t)
	b, err := c.Bucket(ctx, BucketPartition)
	if err != nil {
		t.Fatal(err)
	}
	for {
		e, err := b.Get(ctx, Key{strconv.Itoa(p)})
		if err != nil {
			t.Fatal(err)
		}
		v, err := parseLeaseValue(e.Value)
		if err != nil {
			t.Fatal(err)
		}
		change(&v)
		raw, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		_, err = b.Update(ctx, e.Key, raw, e.Revision)
		if err == nil {
			return
		}
		if !errors.Is(err, ErrRevision) { // a renewal came between
			t.Fatal(err)
		}
	}
}

func TestLeaseFenced(t *testing.T) {
	s, c := newBus(t)
	ctx := testContext(t)
	r := &referee{t: t}
	a, _, _ := r.join(s, "a")
	eventually(t, "a owns all", func() bool { return r.count("a") == Partitions })
	lease := r.lease(3)
	if err := lease.Save(ctx, Checkpoint{Sequence: 50}); err != nil {
		t.Fatal(err)
	}
	steal(t, c, 3, func(v *leaseValue) { v.Owner, v.Epoch = "thief", v.Epoch+1 })
	if err := lease.Save(ctx, Checkpoint{Sequence: 99}); !errors.Is(err, ErrFenced) {
		t.Fatalf("save of a lost lease: %v, want ErrFenced", err)
	}
	select {
	case <-lease.ctx.Done():
	default:
		t.Fatal("the owner may go on")
	}
	// The thief shows no more sign of life: taken back after its time, from the checkpoint that was not fenced.
	eventually(t, "taken back", func() bool { l := r.lease(3); return l != lease && r.count("a") == Partitions })
	again := r.lease(3)
	if again.Checkpoint().Sequence != 50 || again.Epoch() != 3 {
		t.Fatalf("after taking it back: %+v, epoch %d", again.Checkpoint(), again.Epoch())
	}
	if err := lease.Save(ctx, Checkpoint{Sequence: 99}); !errors.Is(err, ErrFenced) {
		t.Fatalf("save of a former ownership: %v, want ErrFenced", err)
	}
	if st := a.Stats(); st.Lost != 1 {
		t.Fatalf("stats %+v", st)
	}
}

// A write whose answer was lost is no loss of the lease.
func TestLeaseLostAnswer(t *testing.T) {
	s, c := newBus(t)
	ctx := testContext(t)
	r := &referee{t: t}
	a, _, _ := r.join(s, "a")
	eventually(t, "a owns all", func() bool { return r.count("a") == Partitions })
	lease := r.lease(5)
	for i := range uint64(20) {
		steal(t, c, 5, func(v *leaseValue) { v.Checkpoint.Sequence = i }) // as the same owner
		if err := lease.Save(ctx, Checkpoint{Sequence: 100 + i}); err != nil {
			t.Fatal(err)
		}
	}
	if r.lease(5) != lease || a.Stats().Lost != 0 {
		t.Fatalf("the lease was lost: %+v", a.Stats())
	}
}

// A partition whose owner fails goes to another process.
func TestLeaseOwnerFails(t *testing.T) {
	s, _ := newBus(t)
	c := connectTo(t, s)
	r := &referee{t: t}
	l, err := NewLeases(testContext(t), c, LeaseConfig{Process: "bad", TTL: testTTL}, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	var calls atomic.Uint64
	start(t, func(ctx context.Context) error {
		return l.Run(ctx, func(ctx context.Context, lease *Lease) error {
			if lease.Partition() == 0 {
				calls.Add(1)
				return errors.New("no")
			}
			<-ctx.Done()
			return nil
		})
	})
	eventually(t, "failure", func() bool { return l.Stats().Failed == 1 && l.Stats().Held == Partitions-1 })
	r.join(s, "good")
	eventually(t, "partition 0 is owned", func() bool {
		r.mu.Lock()
		defer r.mu.Unlock()
		return r.owners[0] == "good"
	})
	if n := calls.Load(); n > 2 {
		t.Fatalf("tried %d times", n)
	}
}

func TestLeaseConfig(t *testing.T) {
	_, c := newBus(t)
	for _, cfg := range []LeaseConfig{{}, {Process: "x", TTL: time.Millisecond}, {Process: "x", Partitions: 5000}} {
		if _, err := NewLeases(testContext(t), c, cfg, zerolog.Nop()); err == nil {
			t.Errorf("%+v gave no error", cfg)
		}
	}
}

// TestLeasesDoNotWaitForTheDead: what a process that joins finds is as old as it is.
func TestLeasesDoNotWaitForTheDead(t *testing.T) {
	_, c := newBus(t)
	l, err := NewLeases(testContext(t), c, LeaseConfig{Process: "new"}, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	joined := time.Now().Add(time.Hour) // by the server's clock, which is another one
	l.meet(Entry{Key: Key{"dead"}, Time: joined.Add(-20 * time.Second)})
	l.meet(Entry{Key: Key{"alive"}, Time: joined.Add(-time.Second)})
	l.meet(Entry{Key: Key{l.owner}, Time: joined})
	if share := l.share(); share != Partitions/2 {
		t.Errorf("share %d beside one process that is alive and one that is dead, want %d", share, Partitions/2)
	}
	l.meet(Entry{Key: Key{"dead"}, Time: joined.Add(time.Second)})
	if share := l.share(); share != (Partitions+2)/3 {
		t.Errorf("share %d beside two processes that are alive, want %d", share, (Partitions+2)/3)
	}
}
