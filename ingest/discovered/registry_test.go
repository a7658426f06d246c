package discovered

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"github.com/shopfloor-iiot/shopfloor/model"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// memory is a Bucket in memory.
type memory struct {
	mu       sync.Mutex
	revision uint64
	entries  map[string]Entry
	watchers map[chan Entry]bool
}

func newMemory() *memory {
	return &memory{entries: map[string]Entry{}, watchers: map[chan Entry]bool{}}
}

func (m *memory) change(key []string, value []byte, allowed func(old Entry, exists bool) bool, del bool) (uint64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	name := fmt.Sprint(key)
	old, exists := m.entries[name]
	if !allowed(old, exists) {
		return 0, fmt.Errorf("%s: %w", name, ErrConflict)
	}
	m.revision++
	e := Entry{Key: key, Value: value, Revision: m.revision, Deleted: del}
	if m.entries[name] = e; del {
		delete(m.entries, name)
	}
	for w := range m.watchers {
		w <- e
	}
	return m.revision, nil
}

func (m *memory) Create(_ context.Context, key []string, value []byte) (uint64, error) {
	return m.change(key, value, func(_ Entry, exists bool) bool { return !exists }, false)
}

func (m *memory) Put(_ context.Context, key []string, value []byte) (uint64, error) {
	return m.change(key, value, func(Entry, bool) bool { return true }, false)
}

func (m *memory) Update(_ context.Context, key []string, value []byte, expected uint64) (uint64, error) {
	return m.change(key, value, func(old Entry, _ bool) bool { return old.Revision == expected }, false)
}

func (m *memory) Delete(_ context.Context, key []string, expected uint64) error {
	_, err := m.change(key, nil, func(old Entry, _ bool) bool { return old.Revision == expected }, true)
	return err
}

func (m *memory) Watch(ctx context.Context) (<-chan Entry, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	w := make(chan Entry, 10_000)
	for _, e := range m.entries {
		w <- e
	}
	w <- Entry{InitDone: true}
	m.watchers[w] = true
	context.AfterFunc(ctx, func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		delete(m.watchers, w)
		close(w)
	})
	return w, nil
}

// report stores a record as a gateway does.
func (m *memory) report(t *testing.T, key []string, v any) {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Put(t.Context(), key, b); err != nil {
		t.Fatal(err)
	}
}

type fakeGateways struct {
	mu        sync.Mutex
	away      error
	asked     []model.DiscoveryRequest
	cancelled []string
}

func (g *fakeGateways) Discover(_ context.Context, _ string, r model.DiscoveryRequest) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.asked = append(g.asked, r)
	return g.away
}

func (g *fakeGateways) CancelDiscovery(_ context.Context, _, id string) error {
	g.cancelled = append(g.cancelled, id)
	return g.away
}

type fakeServers struct {
	mu   sync.Mutex
	list []model.Server
}

func (s *fakeServers) Servers() []model.Server {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.list)
}

func (s *fakeServers) AddServer(_ context.Context, v model.Server) (model.Server, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.list = append(s.list, v)
	return v, nil
}

type rig struct {
	*Registry
	schedules, discoveries, applications *memory
	gateways                             *fakeGateways
	servers                              *fakeServers
}

func newRig() *rig {
	return &rig{schedules: newMemory(), discoveries: newMemory(), applications: newMemory(), gateways: &fakeGateways{}, servers: &fakeServers{}}
}

func (r *rig) start(t *testing.T) *rig {
	t.Helper()
	r.Registry = New(Config{
		Schedules: r.schedules, Discoveries: r.discoveries, Applications: r.applications, Gateways: r.gateways, Servers: r.servers, Log: zerolog.Nop(),
		Check: func(c model.DiscoveryConfig) (model.DiscoveryConfig, error) {
			if c.Mode == "bad" {
				return c, errors.New("mode: is bad")
			}
			return c, nil
		},
	})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- r.Run(ctx) }()
	<-r.Ready()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return r
}

func eventually(t *testing.T, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("not within 10 s")
		}
	}
}

func application(id, uri string, endpoints ...model.Endpoint) model.DiscoveredApplication {
	return model.DiscoveredApplication{ID: id, Gateway: "gw", ApplicationURI: uri, Type: model.ApplicationServer, Name: "Press 7", Endpoints: endpoints}
}

func (r *rig) found(t *testing.T, a model.DiscoveredApplication) {
	t.Helper()
	r.applications.report(t, ApplicationPath(a.Gateway, a.ID), a)
}

func TestDiscoverWatchAndCancel(t *testing.T) {
	r := newRig().start(t)
	d, err := r.Discover(t.Context(), "gw", model.DiscoveryConfig{Mode: model.DiscoveryFast})
	if err != nil || d.ID == "" || d.Progress.Phase != model.DiscoveryPending || len(r.gateways.asked) != 1 || r.gateways.asked[0].ID != d.ID {
		t.Fatalf("%+v, %v", d, err)
	}
	watch, err := r.WatchDiscovery(t.Context(), d.ID)
	if err != nil {
		t.Fatal(err)
	}
	if first := <-watch; first.Progress.Phase != model.DiscoveryPending {
		t.Errorf("began with %+v", first)
	}
	d.Progress = model.DiscoveryProgress{Phase: model.DiscoveryPorts, Done: 1, Total: 3}
	r.discoveries.report(t, DiscoveryPath("gw", d.ID), d)
	if next := <-watch; next.Progress.Done != 1 {
		t.Errorf("then %+v", next)
	}
	if _, err := r.CancelDiscovery(t.Context(), d.ID); err != nil || len(r.gateways.cancelled) != 1 {
		t.Error(err)
	}
	d.Progress.Phase = model.DiscoveryCancelled
	r.discoveries.report(t, DiscoveryPath("gw", d.ID), d)
	if last := <-watch; last.Progress.Phase != model.DiscoveryCancelled {
		t.Errorf("ended with %+v", last)
	}
	if _, open := <-watch; open {
		t.Error("the watch goes on after the end")
	}
	if _, err := r.CancelDiscovery(t.Context(), d.ID); err != nil || len(r.gateways.cancelled) != 1 {
		t.Error("the gateway is asked to cancel what ended")
	}
	// An early end of a watcher, and a late begin.
	ctx, cancel := context.WithCancel(t.Context())
	late, err := r.WatchDiscovery(ctx, d.ID)
	if got := <-late; err != nil || got.Progress.Phase != model.DiscoveryCancelled {
		t.Errorf("%+v, %v", got, err)
	}
	cancel()
	if _, err := r.WatchDiscovery(t.Context(), "nope"); !errors.Is(err, ErrNotFound) {
		t.Errorf("%v", err)
	}
}

func TestDiscoverErrors(t *testing.T) {
	r := newRig().start(t)
	if _, err := r.Discover(t.Context(), "gw", model.DiscoveryConfig{Mode: "bad"}); !errors.Is(err, ErrInvalid) {
		t.Errorf("%v", err)
	}
	r.gateways.away = errors.New("away")
	if _, err := r.Discover(t.Context(), "gw", model.DiscoveryConfig{}); !errors.Is(err, r.gateways.away) || len(r.Discoveries()) != 0 {
		t.Errorf("%v, %d are left", err, len(r.Discoveries()))
	}
	if err := r.SetSchedule(t.Context(), "gw", &model.DiscoveryConfig{Mode: "bad"}); !errors.Is(err, ErrInvalid) {
		t.Errorf("%v", err)
	}
}

func TestSchedule(t *testing.T) {
	r := newRig().start(t)
	if err := r.SetSchedule(t.Context(), "gw", &model.DiscoveryConfig{Mode: model.DiscoveryLocal}); err != nil {
		t.Fatal(err)
	}
	if s, ok := r.Schedule("gw"); !ok || s.Config.Mode != model.DiscoveryLocal || s.Revision == 0 {
		t.Errorf("%+v", s)
	}
	if err := r.SetSchedule(t.Context(), "gw", nil); err != nil {
		t.Fatal(err)
	}
	if _, ok := r.Schedule("gw"); ok {
		t.Error("is still there")
	}
}

func TestActivation(t *testing.T) {
	none := model.Endpoint{URL: "opc.tcp://a:1", SecurityMode: model.SecurityNone, SecurityPolicy: "None"}
	both := model.Endpoint{URL: "opc.tcp://a:1", SecurityMode: model.SecuritySignAndEncrypt, SecurityPolicy: "Basic256Sha256", Thumbprint: "aa"}
	old := model.Endpoint{URL: "opc.tcp://a:1", SecurityMode: model.SecuritySignAndEncrypt, SecurityPolicy: "Basic256", Thumbprint: "aa"}
	for _, c := range []struct {
		name   string
		filter model.ActivationFilter
		app    model.DiscoveredApplication
		want   model.Server // empty EndpointURL: not added
	}{
		{"everything", model.ActivationFilter{}, application("a", "urn:acme:7", none, both, old), model.Server{EndpointURL: "opc.tcp://a:1", SecurityMode: model.SecuritySignAndEncrypt, SecurityPolicy: "Basic256Sha256"}},
		{"pattern", model.ActivationFilter{ApplicationURI: "urn:*:7"}, application("a", "urn:acme:7", none), model.Server{EndpointURL: "opc.tcp://a:1", SecurityMode: model.SecurityNone, SecurityPolicy: "None"}},
		{"other pattern", model.ActivationFilter{ApplicationURI: "urn:acme"}, application("a", "urn:acme:7", none), model.Server{}},
		{"trusted", model.ActivationFilter{TrustedThumbprints: []string{"aa"}}, application("a", "urn:acme:7", none, both), model.Server{EndpointURL: "opc.tcp://a:1", SecurityMode: model.SecuritySignAndEncrypt, SecurityPolicy: "Basic256Sha256", TrustedThumbprints: []string{"aa"}}},
		{"not trusted", model.ActivationFilter{TrustedThumbprints: []string{"bb"}}, application("a", "urn:acme:7", none, both), model.Server{}},
		{"mode", model.ActivationFilter{SecurityMode: model.SecurityNone}, application("a", "urn:acme:7", none, both), model.Server{EndpointURL: "opc.tcp://a:1", SecurityMode: model.SecurityNone, SecurityPolicy: "None"}},
		{"policy that we do not have", model.ActivationFilter{SecurityPolicies: []string{"Basic256"}}, application("a", "urn:acme:7", old), model.Server{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig().start(t)
			ended := model.Discovery{ID: "d", Gateway: "gw", Config: model.DiscoveryConfig{Activation: &c.filter}, Applications: []string{c.app.ID}}
			ended.Progress.Phase = model.DiscoveryFinished
			r.discoveries.report(t, DiscoveryPath("gw", "d"), ended)
			r.found(t, c.app) // arrives later than the end
			eventually(t, func() bool { d, _ := r.Discovery("d"); return d.Activations != nil })
			d, _ := r.Discovery("d")
			list := r.servers.Servers()
			if c.want.EndpointURL == "" {
				if len(list) != 0 || len(d.Activations) != 0 {
					t.Errorf("added %+v", list)
				}
				return
			}
			if len(list) != 1 || len(d.Activations) != 1 || d.Activations[0] != (model.Activation{Application: "a", Server: "press-7-a"}) {
				t.Fatalf("added %+v, %+v", list, d.Activations)
			}
			s := list[0]
			if s.Gateway != "gw" || s.Name != "Press 7" || s.EndpointURL != c.want.EndpointURL || s.SecurityMode != c.want.SecurityMode || s.SecurityPolicy != c.want.SecurityPolicy || !slices.Equal(s.TrustedThumbprints, c.want.TrustedThumbprints) {
				t.Errorf("added %+v", s)
			}
		})
	}
}

func TestActivationAfterARestart(t *testing.T) {
	r := newRig()
	a := application("a", "urn:a", model.Endpoint{URL: "opc.tcp://a:1", SecurityMode: model.SecurityNone, SecurityPolicy: "None"})
	ended := model.Discovery{ID: "d", Gateway: "gw", Config: model.DiscoveryConfig{Activation: &model.ActivationFilter{}}, Applications: []string{"a"}}
	ended.Progress.Phase = model.DiscoveryFinished
	r.found(t, a)
	r.discoveries.report(t, DiscoveryPath("gw", "d"), ended)
	r.start(t)
	eventually(t, func() bool { d, _ := r.Discovery("d"); return d.Activations != nil })
	// Once: a server that was removed is not added by the same discovery again.
	r.servers.mu.Lock()
	r.servers.list = nil
	r.servers.mu.Unlock()
	again := &rig{schedules: r.schedules, discoveries: r.discoveries, applications: r.applications, gateways: r.gateways, servers: r.servers}
	again.start(t)
	if _, err := again.AddServer(t.Context(), "a", "", model.Server{}); err != nil {
		t.Fatal(err)
	}
	if list := r.servers.Servers(); len(list) != 1 {
		t.Errorf("%+v", list)
	}
	if s, err := again.AddServer(t.Context(), "a", "", model.Server{}); err != nil || s.ID != "press-7-a" || len(r.servers.Servers()) != 1 {
		t.Errorf("added twice: %+v, %v", s, err)
	}
	if _, err := again.AddServer(t.Context(), "a", "opc.tcp://other:1", model.Server{}); !errors.Is(err, ErrInvalid) {
		t.Errorf("%v", err)
	}
	if _, err := again.AddServer(t.Context(), "nope", "", model.Server{}); !errors.Is(err, ErrNotFound) {
		t.Errorf("%v", err)
	}
}

func TestForgetApplications(t *testing.T) {
	r := newRig().start(t)
	for id, since := range map[string]time.Duration{"seen": 0, "new": time.Minute, "old": 2 * time.Hour} {
		a := application(id, "urn:"+id)
		if since > 0 {
			a.NotSeenSince = time.Now().Add(-since)
		}
		r.found(t, a)
	}
	eventually(t, func() bool { return len(r.Applications()) == 3 })
	if ids, err := r.ForgetApplications(t.Context(), "other", 0); err != nil || len(ids) != 0 {
		t.Errorf("%v, %v", ids, err)
	}
	if ids, err := r.ForgetApplications(t.Context(), "", time.Hour); err != nil || !slices.Equal(ids, []string{"old"}) || len(r.Applications()) != 2 {
		t.Errorf("%v, %v", ids, err)
	}
}

func TestOldDiscoveriesGo(t *testing.T) {
	r := newRig().start(t)
	for i := range maxKept + 5 {
		d := model.Discovery{ID: fmt.Sprintf("d%03d", i), Gateway: "gw", Requested: time.Unix(int64(i), 0)}
		d.Progress.Phase = model.DiscoveryFinished
		r.discoveries.report(t, DiscoveryPath("gw", d.ID), d)
	}
	eventually(t, func() bool { return len(r.Discoveries()) == maxKept })
	if newest := r.Discoveries()[0].ID; newest != "d104" {
		t.Errorf("the newest is %s", newest)
	}
}

func TestAnIDBelongsToItsGateway(t *testing.T) {
	r := newRig().start(t)
	r.found(t, application("a", "urn:mine"))
	eventually(t, func() bool { return len(r.Applications()) == 1 })
	r.applications.report(t, ApplicationPath("rogue", "a"), model.DiscoveredApplication{ID: "a", Gateway: "rogue", ApplicationURI: "urn:theirs"})
	r.found(t, application("b", "urn:later"))
	eventually(t, func() bool { return len(r.Applications()) == 2 })
	if a, err := r.Application("a"); err != nil || a.ApplicationURI != "urn:mine" {
		t.Errorf("%+v, %v", a, err)
	}
}

func TestMatches(t *testing.T) {
	f := func(pattern, text string, want bool) {
		t.Helper()
		if got := matches(pattern, text); got != want {
			t.Errorf("%q matches %q: %v", pattern, text, got)
		}
	}
	f("", "x", true)
	f("*", "", true)
	f("urn:a", "urn:a", true)
	f("urn:a", "urn:ab", false)
	f("urn:*", "urn:ab", true)
	f("*b", "urn:ab", true)
	f("u*:*b", "urn:ab", true)
	f("u*x*b", "urn:ab", false)
	f("ab*ba", "aba", false)
}
