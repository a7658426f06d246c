package ingest

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// delayedStore is a fakeStore whose rows are durable some time after Append; the time is what the test says.
type delayedStore struct {
	*fakeStore
	delay     atomic.Int64
	restarted atomic.Bool
}

var _ Delayed = (*delayedStore)(nil)

func (s *delayedStore) Delay() time.Duration { return time.Duration(s.delay.Load()) }

func (s *delayedStore) Checkpoint(context.Context) error {
	if s.restarted.CompareAndSwap(true, false) {
		return fmt.Errorf("started a moment ago: %w", ErrRowsLost)
	}
	return nil
}

func TestDelayedStore(t *testing.T) {
	r := newRig(t, metadata(testKey, model.TypeDouble))
	store := &delayedStore{fakeStore: r.store}
	store.delay.Store(int64(time.Hour))
	core, err := New(r.cfg, r.stream, r.meta, r.dead, store, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	r.core = core
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- core.Run(ctx) }()
	defer func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()

	r.stream.add(number(t, 1, 10), number(t, 2, 20))
	eventually(t, "rows", func() bool { return len(r.store.values()) == 2 })
	// The server restarts within the delay: all rows that no checkpoint covers are sent again.
	r.store.mu.Lock()
	r.store.samples = nil
	r.store.mu.Unlock()
	store.restarted.Store(true)
	eventually(t, "rows again", func() bool { return len(r.store.values()) == 2 })
	if n := core.saved.Load(); n != 0 {
		t.Errorf("checkpoint at %d before the delay is over", n)
	}
	store.delay.Store(0)
	r.stream.add(number(t, 3, 30))
	r.sync(t)
}

func TestMarks(t *testing.T) {
	core := newRig(t).make(t)
	a := &core.appender
	a.store = &delayedStore{}
	at := func(ms int) time.Time { return start.Add(time.Duration(ms) * time.Millisecond) }
	for i, ms := range []int{0, 50, 99, 100, 250, 251} {
		a.appended = uint64(i + 1)
		a.mark(at(ms))
	}
	// A mark stands for all that was appended until its last moment.
	for _, test := range []struct {
		before int
		want   uint64
	}{{98, 0}, {99, 3}, {99, 0}, {250, 4}, {1000, 6}} {
		if got := a.settled(at(test.before)); got != test.want {
			t.Errorf("settled before %d ms: %d, want %d", test.before, got, test.want)
		}
	}
	if len(a.marks) != 0 {
		t.Errorf("%d marks left", len(a.marks))
	}
}
