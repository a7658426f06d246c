package gateway

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/edge"
	"github.com/shopfloor-iiot/shopfloor/ingest/bus"
	"github.com/shopfloor-iiot/shopfloor/ingest/discovered"
	"github.com/shopfloor-iiot/shopfloor/model"
)

// discoveryBuckets are those of a bus in this process.
func discoveryBuckets(t *testing.T) DiscoveryBuckets {
	t.Helper()
	s, err := bus.Start(bus.Config{Dir: t.TempDir(), SyncInterval: time.Second, MaxStore: 1 << 30}, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	c, err := s.Connect("test")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.Close()
		if err := s.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
	})
	b, err := OpenDiscoveryBuckets(t.Context(), c, s.MaxStore())
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestRemoteDiscovery has a gateway far away speak with the core, without the link between them.
func TestRemoteDiscovery(t *testing.T) {
	buckets := discoveryBuckets(t)
	core := BucketDiscovery{Gateway: "gw", Buckets: buckets}
	file, wake := filepath.Join(t.TempDir(), "schedule.json"), make(chan struct{}, 1)
	var away error
	remote := &RemoteDiscovery{
		askCore: func(ctx context.Context, verb string, body []byte) ([]byte, error) {
			if away != nil {
				return nil, away
			}
			reply, known, err := core.Answer(ctx, verb, body)
			if !known {
				t.Errorf("the core does not know %q", verb)
			}
			return reply, err
		},
		woken: func(context.Context) (<-chan struct{}, error) { return wake, nil }, file: file, log: zerolog.Nop(),
	}
	ctx := t.Context()
	const count = 40
	for i := range count { // of several pages
		a := model.DiscoveredApplication{ID: "made up", Gateway: "another", ApplicationURI: fmt.Sprintf("urn:%d", i), Name: strings.Repeat("x", pageBytes/10)}
		if err := remote.ReportApplication(ctx, a); err != nil {
			t.Fatal(err)
		}
	}
	list, err := remote.Applications(ctx)
	if err != nil || len(list) != count {
		t.Fatalf("%d applications, %v", len(list), err)
	}
	for i, a := range list {
		if a.Gateway != "gw" || a.ID != edge.ApplicationID("gw", a.ApplicationURI) || i > 0 && list[i-1].ID >= a.ID {
			t.Errorf("%s of %s in place %d", a.ID, a.Gateway, i)
		}
	}
	if err := remote.ReportDiscovery(ctx, model.Discovery{ID: "d", Gateway: "another"}); err != nil {
		t.Fatal(err)
	}
	if list, err := remote.Discoveries(ctx); err != nil || len(list) != 1 || list[0].Gateway != "gw" {
		t.Errorf("%+v, %v", list, err)
	}
	// The schedule comes, is kept over a restart without the core, and goes.
	schedules, stop := watchSchedule(t, remote)
	if s := <-schedules; s != nil {
		t.Errorf("began with %+v", s)
	}
	if err := report(ctx, buckets.Schedule, discovered.SchedulePath("gw"), model.DiscoverySchedule{Gateway: "gw", Config: model.DiscoveryConfig{Mode: model.DiscoveryLocal}}); err != nil {
		t.Fatal(err)
	}
	wake <- struct{}{}
	if s := <-schedules; s == nil || s.Config.Mode != model.DiscoveryLocal {
		t.Errorf("then %+v", s)
	}
	stop()
	away = errors.New("away")
	schedules, stop = watchSchedule(t, remote)
	if s := <-schedules; s == nil || s.Config.Mode != model.DiscoveryLocal {
		t.Errorf("without the core %+v", s)
	}
	stop()
	away = nil
	e, err := buckets.Schedule.Get(ctx, bus.Key{"gw"})
	if err != nil {
		t.Fatal(err)
	}
	if err := buckets.Schedule.Delete(ctx, bus.Key{"gw"}, e.Revision); err != nil {
		t.Fatal(err)
	}
	schedules, stop = watchSchedule(t, remote)
	defer stop()
	<-schedules
	if s := <-schedules; s != nil {
		t.Errorf("after the end %+v", s)
	}
	if err := os.WriteFile(file, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := remote.WatchSchedule(ctx, func(*model.DiscoverySchedule) {}); err == nil || !strings.Contains(err.Error(), "delete "+file) {
		t.Errorf("a broken file: %v", err)
	}
}

// watchSchedule watches until stop, which returns when the watch has ended.
func watchSchedule(t *testing.T, s edge.DiscoveryState) (schedules <-chan *model.DiscoverySchedule, stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	out, done := make(chan *model.DiscoverySchedule, 8), make(chan error)
	go func() {
		done <- s.WatchSchedule(ctx, func(v *model.DiscoverySchedule) { out <- v })
	}()
	return out, func() {
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("watch ended with %v", err)
		}
	}
}
