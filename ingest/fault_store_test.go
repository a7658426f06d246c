package ingest_test

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/shopfloor-iiot/shopfloor/ingest"
)

// brokenStore fails as long as it is told to: by refusing rows or checkpoints, or now and then by losing what no checkpoint covers.
type brokenStore struct {
	ingest.Store
	refuse atomic.Bool
	losing atomic.Bool

	failed, lost atomic.Int64

	mu   sync.Mutex
	held []ingest.Row // what a store that loses rows has in memory
}

func (s *brokenStore) Append(rows []ingest.Row) error {
	if s.refuse.Load() || rand.N(20) == 0 {
		s.failed.Add(1)
		return errFault
	}
	if !s.losing.Load() {
		return s.Store.Append(rows)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if rand.N(3) == 0 {
		s.held = nil
		s.lost.Add(1)
		return ingest.ErrRowsLost
	}
	for _, row := range rows {
		row.Name = append([]byte(nil), row.Name...)
		s.held = append(s.held, row)
	}
	return nil
}

func (s *brokenStore) Checkpoint(ctx context.Context) error {
	if s.refuse.Load() || rand.N(10) == 0 {
		s.failed.Add(1)
		return errFault
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.Store.Append(s.held); err != nil {
		return err
	}
	s.held = nil
	return s.Store.Checkpoint(ctx)
}

// TestStoreRefuses: a store that takes nothing for a while holds the frames up, which health says; then all goes on, and nothing is lost.
func TestStoreRefuses(t *testing.T) {
	r := newFaultRig(t)
	store := &brokenStore{}
	r.wrapStore = func(s ingest.Store) ingest.Store {
		store.Store = s
		return store
	}
	r.run()
	s, l := newSender(t, r.connect("sender"), "g1"), newLoad("g1")
	l.publish(s, frames(200))
	store.refuse.Store(true)
	end := time.Now().Add(long(2*time.Second, time.Minute))
	l.publish(s, func() bool {
		<-time.After(time.Millisecond)
		return time.Now().After(end)
	})
	if err := r.core.Health(); err == nil {
		t.Error("health is well while the store takes nothing")
	}
	store.refuse.Store(false)
	began := time.Now()
	l.publish(s, frames(200))
	s.settle()
	r.drain()
	t.Logf("%d refusals; all is stored %s after the store was well again", store.failed.Load(), time.Since(began).Round(time.Millisecond))
	r.waitFor(time.Second, "health", func() bool { return r.core.Health() == nil })
	r.audit(l)
}

// TestStoreLosesRows: a store whose server is restarted again and again, and loses what no checkpoint covers.
func TestStoreLosesRows(t *testing.T) {
	r := newFaultRig(t)
	store := &brokenStore{}
	store.losing.Store(true)
	r.wrapStore = func(s ingest.Store) ingest.Store {
		store.Store = s
		return store
	}
	r.run()
	s, l := newSender(t, r.connect("sender"), "g1"), newLoad("g1")
	count := frames(long(400, 20_000))
	l.publish(s, func() bool {
		<-time.After(time.Millisecond) // else they come in few batches
		return count()
	})
	s.settle()
	r.drain()
	if store.lost.Load() == 0 {
		t.Fatal("no rows were lost: the test proves nothing")
	}
	t.Logf("rows were lost %d times, the core went back %d times", store.lost.Load(), r.metric("shopfloor_ingest_rewinds_total"))
	r.audit(l)
}
