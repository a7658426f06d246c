package edge

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// fakeFinder finds what it is told to.
type fakeFinder struct {
	discover func(ctx context.Context, c model.DiscoveryConfig, report func(model.DiscoveryProgress)) (Found, error)
}

func (f *fakeFinder) Check(c model.DiscoveryConfig) (model.DiscoveryConfig, error) {
	if c.Mode == "bad" {
		return c, errors.New("mode: \"bad\" is unknown")
	}
	if c.IdleTimeBetweenScans == 0 {
		c.IdleTimeBetweenScans = time.Hour
	}
	return c, nil
}

func (f *fakeFinder) Discover(ctx context.Context, c model.DiscoveryConfig, report func(model.DiscoveryProgress)) (Found, error) {
	return f.discover(ctx, c, report)
}

// fakeDiscoveryState keeps what is reported; the core is away as long as away is set.
type fakeDiscoveryState struct {
	schedules chan *model.DiscoverySchedule

	mu           sync.Mutex
	away         error
	discoveries  map[string]model.Discovery
	applications map[string]model.DiscoveredApplication
}

func newFakeDiscoveryState() *fakeDiscoveryState {
	return &fakeDiscoveryState{schedules: make(chan *model.DiscoverySchedule, 8), discoveries: map[string]model.Discovery{}, applications: map[string]model.DiscoveredApplication{}}
}

func (s *fakeDiscoveryState) WatchSchedule(ctx context.Context, apply func(*model.DiscoverySchedule)) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case v := <-s.schedules:
			apply(v)
		}
	}
}

func (s *fakeDiscoveryState) Discoveries(context.Context) (list []model.Discovery, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range s.discoveries {
		list = append(list, d)
	}
	return list, s.away
}

func (s *fakeDiscoveryState) Applications(context.Context) (list []model.DiscoveredApplication, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range s.applications {
		list = append(list, a)
	}
	return list, s.away
}

func (s *fakeDiscoveryState) ReportDiscovery(_ context.Context, d model.Discovery) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.discoveries[d.ID] = d
	return s.away
}

func (s *fakeDiscoveryState) ReportApplication(_ context.Context, a model.DiscoveredApplication) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.applications[a.ApplicationURI] = a
	return s.away
}

func (s *fakeDiscoveryState) discovery(id string) model.Discovery {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.discoveries[id]
}

func (s *fakeDiscoveryState) application(uri string) model.DiscoveredApplication {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.applications[uri]
}

func startDiscoveries(t *testing.T, f Finder, s *fakeDiscoveryState) *Discoveries {
	t.Helper()
	d := NewDiscoveries("gw", f, s, zerolog.Nop())
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- d.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return d
}

func ask(t *testing.T, d *Discoveries, verb string, v any) error {
	t.Helper()
	body, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return d.handle(t.Context(), verb, body)
}

func request(id string) model.DiscoveryRequest { return model.DiscoveryRequest{ID: id} }

// phase waits until a discovery is in a phase.
func phase(t *testing.T, s *fakeDiscoveryState, id string, want model.DiscoveryPhase) model.Discovery {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for s.discovery(id).Progress.Phase != want {
		if time.Now().After(deadline) {
			t.Fatalf("discovery %s is %+v, want %s", id, s.discovery(id), want)
		}
		time.Sleep(5 * time.Millisecond)
	}
	return s.discovery(id)
}

func found(uri string, urls ...string) model.DiscoveredApplication {
	a := model.DiscoveredApplication{ApplicationURI: uri}
	for _, u := range urls {
		a.Endpoints = append(a.Endpoints, model.Endpoint{URL: u})
	}
	return a
}

func TestOneDiscoveryAtATime(t *testing.T) {
	state, release := newFakeDiscoveryState(), make(chan struct{})
	d := startDiscoveries(t, &fakeFinder{func(ctx context.Context, _ model.DiscoveryConfig, report func(model.DiscoveryProgress)) (Found, error) {
		report(model.DiscoveryProgress{Phase: model.DiscoveryPorts, Done: 1, Total: 2})
		select {
		case <-ctx.Done():
			return Found{Applications: []model.DiscoveredApplication{found("urn:early", "opc.tcp://a:1")}}, ctx.Err()
		case <-release:
			return Found{Notes: []string{"note"}}, nil
		}
	}}, state)
	for _, id := range []string{"a", "b", "c"} {
		if err := ask(t, d, model.VerbDiscover, request(id)); err != nil {
			t.Fatal(err)
		}
	}
	phase(t, state, "a", model.DiscoveryPorts)
	if err := ask(t, d, model.VerbCancelDiscovery, model.CancelDiscovery{ID: "b"}); err != nil { // waits
		t.Error(err)
	}
	phase(t, state, "b", model.DiscoveryCancelled)
	start := time.Now()
	if err := ask(t, d, model.VerbCancelDiscovery, model.CancelDiscovery{ID: "a"}); err != nil { // runs
		t.Error(err)
	}
	a := phase(t, state, "a", model.DiscoveryCancelled)
	if took := time.Since(start); took > time.Second || len(a.Applications) != 1 || a.Applications[0] != state.application("urn:early").ID {
		t.Errorf("cancelled after %v: %+v", took, a)
	}
	phase(t, state, "c", model.DiscoveryPorts)
	close(release)
	if c := phase(t, state, "c", model.DiscoveryFinished); len(c.Notes) != 1 || c.Ended.Before(c.Started) || c.Progress.Total != 2 {
		t.Errorf("%+v", c)
	}
	if err := ask(t, d, model.VerbCancelDiscovery, model.CancelDiscovery{ID: "a"}); !errors.Is(err, model.StatusBadNotFound) {
		t.Errorf("cancelled twice: %v", err)
	}
}

func TestDiscoveriesAreBounded(t *testing.T) {
	d := NewDiscoveries("gw", &fakeFinder{}, newFakeDiscoveryState(), zerolog.Nop())
	for i := range maxQueued {
		if err := ask(t, d, model.VerbDiscover, request(fmt.Sprint(i))); err != nil {
			t.Fatal(err)
		}
	}
	if err := ask(t, d, model.VerbDiscover, request("more")); !errors.Is(err, model.StatusBadTooManyOperations) {
		t.Errorf("one too many: %v", err)
	}
	bad := model.DiscoveryRequest{ID: "x", Config: model.DiscoveryConfig{Mode: "bad"}}
	if err := ask(t, d, model.VerbDiscover, bad); !errors.Is(err, model.StatusBadInvalidArgument) || !strings.Contains(err.Error(), "mode:") {
		t.Errorf("a bad one: %v", err)
	}
	var none *Discoveries
	if err := ask(t, none, model.VerbDiscover, request("x")); !errors.Is(err, model.StatusBadServiceUnsupported) {
		t.Errorf("without a finder: %v", err)
	}
}

func TestScheduleAndNotSeen(t *testing.T) {
	state := newFakeDiscoveryState()
	state.discoveries["old"] = model.Discovery{ID: "old", Progress: model.DiscoveryProgress{Phase: model.DiscoveryPorts}}
	rounds := make(chan Found)
	startDiscoveries(t, &fakeFinder{func(ctx context.Context, _ model.DiscoveryConfig, _ func(model.DiscoveryProgress)) (Found, error) {
		select {
		case <-ctx.Done():
			return Found{}, ctx.Err()
		case f := <-rounds:
			f.Absent = func(url string) bool { return strings.HasPrefix(url, "opc.tcp://in") }
			return f, nil
		}
	}}, state)
	phase(t, state, "old", model.DiscoveryFailed)
	state.schedules <- &model.DiscoverySchedule{Config: model.DiscoveryConfig{IdleTimeBetweenScans: time.Millisecond}}
	send := func(apps ...model.DiscoveredApplication) {
		t.Helper()
		select {
		case rounds <- Found{Applications: apps}:
		case <-time.After(10 * time.Second):
			t.Fatal("the schedule does not run")
		}
	}
	seen := found("urn:seen", "opc.tcp://in1:1")
	send(seen, found("urn:gone", "opc.tcp://in2:1"), found("urn:elsewhere", "opc.tcp://out:1"))
	send(seen)
	send(seen) // begins when the outcome before it is reported
	first := state.application("urn:seen")
	if a := state.application("urn:gone"); a.NotSeenSince.IsZero() {
		t.Errorf("%+v is not marked", a)
	}
	if a := state.application("urn:elsewhere"); !a.NotSeenSince.IsZero() {
		t.Errorf("%+v was not looked at, but is marked", a)
	}
	send(found("urn:gone", "opc.tcp://in2:1"))
	send(found("urn:gone", "opc.tcp://in2:1")) // begins when the outcome before it is reported
	if a := state.application("urn:gone"); !a.NotSeenSince.IsZero() || !a.FirstSeen.Before(a.LastSeen) {
		t.Errorf("%+v is back", a)
	}
	if a := state.application("urn:seen"); a.NotSeenSince.IsZero() || !a.FirstSeen.Equal(first.FirstSeen) {
		t.Errorf("%+v", a)
	}
}

func TestOutcome(t *testing.T) {
	known := []model.DiscoveredApplication{found("urn:a", "opc.tcp://in:1", "opc.tcp://out:1"), found("urn:old", "opc.tcp://in:2")}
	f := &Found{
		Applications: []model.DiscoveredApplication{found("urn:a", "opc.tcp://in:3"), found("urn:new", "opc.tcp://in:2")},
		Absent:       func(url string) bool { return url == "opc.tcp://in:1" },
	}
	got := outcome{gateway: "gw", id: "d", now: time.Now(), complete: true}.merge(known, f)
	if len(got) != 3 {
		t.Fatalf("%+v", got)
	}
	if e := got[0].Endpoints; len(e) != 2 || e[0].URL != "opc.tcp://in:3" || e[1].URL != "opc.tcp://out:1" {
		t.Errorf("a has %+v: want the new one, and that which was not looked at", e)
	}
	if got[2].ApplicationURI != "urn:old" || got[2].NotSeenSince.IsZero() {
		t.Errorf("%+v: another application is at its address", got[2])
	}
	// A discovery that was cut short says nothing of what it did not find.
	got = outcome{gateway: "gw", id: "d", now: time.Now()}.merge(known[:1], &Found{Absent: func(string) bool { return true }})
	if len(got) != 0 {
		t.Errorf("%+v", got)
	}
}

func TestOutcomeIsKeptWhileTheCoreIsAway(t *testing.T) {
	state := newFakeDiscoveryState()
	d := startDiscoveries(t, &fakeFinder{func(context.Context, model.DiscoveryConfig, func(model.DiscoveryProgress)) (Found, error) {
		state.mu.Lock()
		defer state.mu.Unlock()
		state.away = errors.New("away")
		time.AfterFunc(50*time.Millisecond, func() {
			state.mu.Lock()
			defer state.mu.Unlock()
			state.away = nil
		})
		return Found{Applications: []model.DiscoveredApplication{found("urn:a", "opc.tcp://a:1")}}, nil
	}}, state)
	if err := ask(t, d, model.VerbDiscover, request("a")); err != nil {
		t.Fatal(err)
	}
	if a := phase(t, state, "a", model.DiscoveryFinished); len(a.Applications) != 1 || state.application("urn:a").ID == "" {
		t.Errorf("%+v", a)
	}
}
