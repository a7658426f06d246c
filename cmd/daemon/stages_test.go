package daemon

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
)

func TestStagesStopInOrder(t *testing.T) {
	s := NewStages(zerolog.Nop())
	order := make(chan string, 3)
	for _, name := range []string{"gateway", "publisher", "store"} {
		s.Start(name, time.Second, func(ctx context.Context) error {
			<-ctx.Done()
			order <- name
			return ctx.Err()
		})
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := errors.Join(s.Wait(ctx), s.Stop()); err != nil {
		t.Errorf("a clean stop gave %v", err)
	}
	for _, want := range []string{"gateway", "publisher", "store"} {
		if got := <-order; got != want {
			t.Errorf("%s ended, want %s", got, want)
		}
	}
}

func TestStagesTellWhoFailed(t *testing.T) {
	s := NewStages(zerolog.Nop())
	broken, slow := errors.New("disk gone"), make(chan struct{})
	defer close(slow)
	s.Start("slow", 10*time.Millisecond, func(context.Context) error { <-slow; return nil })
	s.Start("store", time.Second, func(context.Context) error { return broken })
	if err := s.Wait(context.Background()); !errors.Is(err, broken) || !strings.Contains(err.Error(), "store") {
		t.Errorf("wait gave %v", err)
	}
	if err := s.Stop(); err == nil || !strings.Contains(err.Error(), "slow: still busy") || !errors.Is(err, broken) {
		t.Errorf("stop gave %v", err)
	}
}
