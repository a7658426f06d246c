package opcua

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/gopcua/opcua/ua"
	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/edge"
	"github.com/shopfloor-iiot/shopfloor/edge/opcua/opcuatest"
	"github.com/shopfloor-iiot/shopfloor/model"
)

// slowStore takes frames and stores them when it is told to.
type slowStore struct {
	storeless
	mu     sync.Mutex
	frames []func(error)
}

func (s *slowStore) PublishFrame(_ context.Context, _ model.WriterKey, _ []byte, done func(error)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.frames = append(s.frames, done)
	return nil
}

func (s *slowStore) taken() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.frames)
}

// store stores what was taken, or loses it.
func (s *slowStore) store(err error) {
	s.mu.Lock()
	frames := s.frames
	s.frames = nil
	s.mu.Unlock()
	for _, done := range frames {
		done(err)
	}
}

// A notification is acknowledged to the server when its values are stored, not before, and never when they were lost.
func TestAcknowledgeStored(t *testing.T) {
	var mu sync.Mutex
	var acks []uint32
	server := opcuatest.NewRaw(t, func(req ua.Request) []byte {
		if p, ok := req.(*ua.PublishRequest); ok {
			mu.Lock()
			defer mu.Unlock()
			for _, a := range p.SubscriptionAcknowledgements {
				acks = append(acks, a.SequenceNumber)
			}
		}
		return nil
	})
	acknowledged := func() []uint32 {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(acks)
	}
	store := &slowStore{}
	publisher := edge.NewPublisher(edge.PublisherConfig{Gateway: "gw", MaxFrameAge: 10 * time.Millisecond}, store, store, zerolog.Nop())
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- publisher.Run(ctx, time.Second) }()
	t.Cleanup(func() {
		cancel()
		store.store(nil)
		for {
			select {
			case <-ended:
				return
			case <-time.After(10 * time.Millisecond):
				store.store(nil)
			}
		}
	})
	source := run(t, config(server.Endpoint(), publisher), rawWriter("w"))
	eventually(t, 20*time.Second, func() bool { return store.taken() >= 5 }, func() string { return fmt.Sprintf("frames are handed over: %+v", source.Status()) })
	if got := acknowledged(); len(got) != 0 {
		t.Errorf("%v are acknowledged, and nothing is stored", got)
	}
	store.store(nil)
	eventually(t, 20*time.Second, func() bool { return len(acknowledged()) >= 5 }, func() string { return fmt.Sprintf("what is stored is acknowledged: %v", acknowledged()) })

	eventually(t, 20*time.Second, func() bool { return store.taken() >= 3 }, func() string { return "more frames are handed over" })
	store.store(context.Canceled)
	lost := source.publishing.unstored.Load()
	if lost < 3 {
		t.Errorf("%d messages were not stored, want those of 3 frames", lost)
	}
	eventually(t, 20*time.Second, func() bool { return store.taken() >= 3 }, func() string { return "frames go on" })
	store.store(nil)
	before := len(acknowledged())
	eventually(t, 20*time.Second, func() bool { store.store(nil); return len(acknowledged()) > before }, func() string { return "acknowledgements go on" })
	got := acknowledged()
	slices.Sort(got)
	if gap := uint64(got[len(got)-1]) - uint64(len(got)); gap < lost || slices.Compact(slices.Clone(got))[0] != 1 {
		t.Errorf("acknowledged %v, of which %d were lost", got, lost)
	}
}
