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
	"go.uber.org/goleak"

	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/uadp"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fakeState delivers what the test sends and keeps what is reported.
type fakeState struct {
	desired chan Desired

	mu      sync.Mutex
	servers map[string]model.ServerStatus
	writers map[model.WriterKey]model.WriterStatus
	gateway *model.GatewayStatus
	fail    error
}

func newFakeState() *fakeState {
	return &fakeState{desired: make(chan Desired), servers: map[string]model.ServerStatus{}, writers: map[model.WriterKey]model.WriterStatus{}}
}

func (s *fakeState) Watch(ctx context.Context, apply func(Desired)) error {
	for {
		select {
		case d := <-s.desired:
			apply(d)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (s *fakeState) ReportServer(_ context.Context, v model.ServerStatus) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail != nil {
		return s.fail
	}
	s.servers[v.Server] = v
	return nil
}

func (s *fakeState) ReportWriter(_ context.Context, v model.WriterStatus) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writers[v.Writer] = v
	return nil
}

func (s *fakeState) ReportGateway(_ context.Context, v model.GatewayStatus) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gateway = &v
	return nil
}

func (s *fakeState) server(id string) model.ServerStatus {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.servers[id]
}

// fakeSource records what it is told.
type fakeSource struct {
	server  model.Server
	running chan string // gets "run <url>" and "end <url>"

	mu      sync.Mutex
	writers []model.DataSetWriter
	bad     *model.ItemState // of each writer
	monitor func(ctx context.Context, deliver func(model.ValueChanges))
	trace   func(ctx context.Context, deliver func(model.TraceEvents))
}

func (s *fakeSource) Run(ctx context.Context) error {
	s.running <- "run " + s.server.EndpointURL
	<-ctx.Done()
	s.running <- "end " + s.server.EndpointURL
	return nil
}

func (s *fakeSource) Configure(w []model.DataSetWriter) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writers = w
}

func (s *fakeSource) Status() model.ServerStatus {
	return model.ServerStatus{Server: s.server.ID, State: model.StateConnected}
}

func (s *fakeSource) Writers() []model.WriterStatus {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []model.WriterStatus
	for _, w := range s.writers {
		status := model.WriterStatus{Writer: w.Key(), Active: len(w.Fields)}
		if s.bad != nil {
			status.Active, status.BadCount, status.Bad = status.Active-1, 1, []model.ItemState{*s.bad}
		}
		out = append(out, status)
	}
	return out
}

func (s *fakeSource) Read(_ context.Context, nodes []model.ReadValueID) ([]model.ReadResult, error) {
	out := make([]model.ReadResult, len(nodes))
	for i, n := range nodes {
		out[i].Value = model.StringValue(n.NodeID.String())
	}
	return out, nil
}

func (s *fakeSource) Trace(r model.TraceRequest) (func(context.Context, func(model.TraceEvents)), error) {
	if r.Duration == 0 {
		return nil, model.StatusBadMonitoredItemIdInvalid
	}
	return s.trace, nil
}

func (s *fakeSource) Monitor(ctx context.Context, _ model.MonitorRequest, deliver func(model.ValueChanges)) error {
	s.monitor(ctx, deliver)
	return ctx.Err()
}

type fakeLive struct{ deliveries chan string }

func (l *fakeLive) PublishLive(id string, body []byte) error {
	l.deliveries <- id + " " + string(body)
	return nil
}

// bench is a Gateway with fakes around it.
type bench struct {
	gateway *Gateway
	state   *fakeState
	live    *fakeLive
	events  chan string
	sources chan *fakeSource
}

func startGateway(t *testing.T) *bench {
	t.Helper()
	b := &bench{state: newFakeState(), live: &fakeLive{make(chan string, 16)}, events: make(chan string, 64), sources: make(chan *fakeSource, 16)}
	p := NewPublisher(PublisherConfig{Gateway: "g1"}, &fakeSink{}, &fakeMetadata{}, zerolog.Nop())
	b.gateway = NewGateway(GatewayConfig{ID: "g1", Version: "test", Live: b.live, NewSource: func(s model.Server) (Source, error) {
		if s.EndpointURL == "bad" {
			return nil, errors.New("no such protocol")
		}
		f := &fakeSource{server: s, running: b.events}
		b.sources <- f
		return f, nil
	}}, b.state, p, zerolog.Nop())
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- b.gateway.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run ended with %v", err)
		}
	})
	return b
}

func (b *bench) expect(t *testing.T, want string) {
	t.Helper()
	select {
	case got := <-b.events:
		if got != want {
			t.Fatalf("got %q, want %q", got, want)
		}
	case <-time.After(5 * time.Second):
		t.Fatalf("nothing happened, want %q", want)
	}
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !ok(); {
		if time.Now().After(end) {
			t.Fatalf("not within 10 s: %s", what)
		}
		<-time.After(5 * time.Millisecond)
	}
}

func TestGatewayFollowsDesiredState(t *testing.T) {
	b := startGateway(t)
	s := model.Server{ID: "s1", Name: "one", EndpointURL: "a"}
	w := model.DataSetWriter{Gateway: "g1", Group: "s1", Name: "default", Server: "s1", Fields: make([]model.PublishedField, 3)}
	b.state.desired <- Desired{Servers: []model.Server{s}, Writers: []model.DataSetWriter{w, {Server: "other"}}}
	b.expect(t, "run a")
	first := <-b.sources
	if _, err := b.gateway.publisher.Open(context.Background(), w, testFields(3), nil); err != nil {
		t.Fatal(err)
	}
	eventually(t, "writer reported", func() bool {
		b.state.mu.Lock()
		defer b.state.mu.Unlock()
		return b.state.writers[w.Key()].Active == 3
	})

	s.Name, s.Revision = "renamed", 7
	b.state.desired <- Desired{Servers: []model.Server{s}}
	eventually(t, "writers taken away", func() bool { return len(first.Writers()) == 0 })
	eventually(t, "open frame of the writer closed", func() bool { return len(b.gateway.publisher.open()) == 0 })
	if len(b.events) != 0 {
		t.Fatalf("renaming a server cut its connection: %s", <-b.events)
	}

	s.EndpointURL = "b"
	b.state.desired <- Desired{Servers: []model.Server{s}}
	b.expect(t, "end a")
	b.expect(t, "run b")

	b.state.desired <- Desired{}
	b.expect(t, "end b")
}

func TestGatewayReports(t *testing.T) {
	b := startGateway(t)
	b.state.mu.Lock()
	b.state.fail = errors.New("bus away")
	b.state.mu.Unlock()
	b.state.desired <- Desired{Servers: []model.Server{{ID: "s1", EndpointURL: "a"}, {ID: "s2", EndpointURL: "bad"}}}
	b.expect(t, "run a")
	b.state.mu.Lock()
	b.state.fail = nil
	b.state.mu.Unlock()
	eventually(t, "s1 reported after the bus came back", func() bool { return b.state.server("s1").State == model.StateConnected })
	eventually(t, "s2 reported", func() bool {
		s := b.state.server("s2")
		return s.State == model.StateRefused && strings.Contains(s.Error, "no such protocol")
	})
	eventually(t, "gateway reported", func() bool {
		b.state.mu.Lock()
		defer b.state.mu.Unlock()
		return b.state.gateway != nil && b.state.gateway.Version == "test"
	})
}

func TestGatewayCommands(t *testing.T) {
	b := startGateway(t)
	b.state.desired <- Desired{Servers: []model.Server{{ID: "s1", EndpointURL: "a"}, {ID: "s2", EndpointURL: "bad"}}}
	b.expect(t, "run a")
	ctx := context.Background()
	body, err := b.gateway.Handle(ctx, model.VerbRead, []byte(`{"server":"s1","items":[{"nodeId":"i=85","attribute":13},{"nodeId":"nsu=urn:x;s=a","attribute":13}]}`))
	if err != nil {
		t.Fatal(err)
	}
	var results []model.ReadResult
	if err := json.Unmarshal(body, &results); err != nil || len(results) != 2 || results[1].Value.Text() != "nsu=urn:x;s=a" {
		t.Errorf("read gave %s, %v", body, err)
	}
	f := func(verb, body string, want model.StatusCode, part string) {
		t.Helper()
		_, err := b.gateway.Handle(ctx, verb, []byte(body))
		if !errors.Is(err, want) || !strings.Contains(err.Error(), part) {
			t.Errorf("%s %s: %v, want %v with %q", verb, body, err, want, part)
		}
	}
	f(model.VerbRead, `{"server":"nope"}`, model.StatusBadNodeIdUnknown, "nope")
	f(model.VerbRead, `{"server":"s2"}`, model.StatusBadServerNotConnected, "no such protocol")
	f(model.VerbWrite, `{"server":"s1","items":[]}`, model.StatusBadServiceUnsupported, "s1")
	f(model.VerbRead, `{`, model.StatusBadDecodingError, "command")
	f("dance", `{}`, model.StatusBadServiceUnsupported, "dance")
}

func TestGatewayMonitors(t *testing.T) {
	b := startGateway(t)
	b.state.desired <- Desired{Servers: []model.Server{{ID: "s1", EndpointURL: "a"}}}
	b.expect(t, "run a")
	source := <-b.sources
	ended := make(chan struct{}, 1)
	source.monitor = func(ctx context.Context, deliver func(model.ValueChanges)) {
		deliver(model.ValueChanges{Sequence: 1})
		<-ctx.Done()
		ended <- struct{}{}
	}
	ctx := context.Background()
	start := []byte(`{"server":"s1","items":[{"id":"m1","nodeIds":["i=85"]}]}`)
	if _, err := b.gateway.Handle(ctx, model.VerbMonitor, start); err != nil {
		t.Fatal(err)
	}
	if got := <-b.live.deliveries; !strings.HasPrefix(got, "m1 {") {
		t.Errorf("delivered %q", got)
	}
	if _, err := b.gateway.Handle(ctx, model.VerbMonitor, start); !errors.Is(err, model.StatusBadInvalidArgument) {
		t.Errorf("the same id again: %v", err)
	}
	compact := []byte(`{"server":"s1","items":[{"id":"m2","nodeIds":["i=85"],"compact":true}]}`)
	if _, err := b.gateway.Handle(ctx, model.VerbMonitor, compact); err != nil {
		t.Fatal(err)
	}
	got, found := strings.CutPrefix(<-b.live.deliveries, "m2 ")
	c, err := uadp.DecodeValueChanges([]byte(got), &model.MonitorRequest{NodeIDs: []model.ExpandedNodeID{{}}})
	if !found || err != nil || c.Sequence != 1 {
		t.Errorf("compact: %q, %v", got, err)
	}
	if _, err := b.gateway.Handle(ctx, model.VerbEnd, []byte(`{"items":["m2"]}`)); err != nil {
		t.Errorf("end: %v", err)
	}
	<-ended
	ids := []byte(`{"items":["m1"]}`)
	if _, err := b.gateway.Handle(ctx, model.VerbRenew, ids); err != nil {
		t.Errorf("renew: %v", err)
	}
	if _, err := b.gateway.Handle(ctx, model.VerbEnd, ids); err != nil {
		t.Errorf("end: %v", err)
	}
	<-ended
	eventually(t, "monitoring forgotten", func() bool {
		_, err := b.gateway.Handle(ctx, model.VerbRenew, ids)
		return errors.Is(err, model.StatusBadSubscriptionIdInvalid)
	})
	// One that still runs ends with its server.
	if _, err := b.gateway.Handle(ctx, model.VerbMonitor, start); err != nil {
		t.Fatal(err)
	}
	<-b.live.deliveries
	b.state.desired <- Desired{}
	<-ended
}

func TestGatewayTellsWhatIsOutOfSync(t *testing.T) {
	b := startGateway(t)
	w := model.DataSetWriter{Gateway: "g1", Group: "s1", Name: "default", Server: "s1", Fields: make([]model.PublishedField, 3)}
	b.state.desired <- Desired{Revision: 7, Servers: []model.Server{{ID: "s1", EndpointURL: "a"}, {ID: "s2", EndpointURL: "bad"}}, Writers: []model.DataSetWriter{w}}
	b.expect(t, "run a")
	source := <-b.sources
	reported := func() *model.GatewayStatus {
		b.state.mu.Lock()
		defer b.state.mu.Unlock()
		return b.state.gateway
	}
	eventually(t, "revision and the server that cannot be used", func() bool {
		s := reported()
		return s != nil && s.ConfigurationRevision == 7 && s.OutOfSyncCount == 1 && s.OutOfSync[0].Server == "s2" && strings.Contains(s.OutOfSync[0].Reason, "no such protocol")
	})
	source.mu.Lock()
	source.bad = &model.ItemState{Field: "f", Status: model.StatusBadNodeIdUnknown, Message: "no such node"}
	source.mu.Unlock()
	eventually(t, "the writer with a bad field, before the next heartbeat", func() bool {
		s := reported()
		return s.OutOfSyncCount == 2 && s.OutOfSync[0].Writer == w.Key() && strings.Contains(s.OutOfSync[0].Reason, "BadNodeIdUnknown: no such node")
	})
}

func TestGatewayTraces(t *testing.T) {
	b := startGateway(t)
	b.state.desired <- Desired{Servers: []model.Server{{ID: "s1", EndpointURL: "a"}}}
	b.expect(t, "run a")
	source := <-b.sources
	var end sync.Once // nobody takes the deliveries of the others
	source.trace = func(ctx context.Context, deliver func(model.TraceEvents)) {
		deliver(model.TraceEvents{Sequence: 1, Events: []model.TraceEvent{{Field: "f", Fate: model.FateSkipped}}})
		<-ctx.Done()
		end.Do(func() { deliver(model.TraceEvents{Sequence: 2, Ended: true}) })
	}
	handle := func(verb, body string) error {
		_, err := b.gateway.Handle(t.Context(), verb, []byte(body))
		return err
	}
	if err := handle(model.VerbTrace, `{"server":"s1","items":[{"id":"t0","nodeId":"i=85"}]}`); !errors.Is(err, model.StatusBadMonitoredItemIdInvalid) {
		t.Errorf("a node that is not published: %v", err)
	}
	for i := range maxTraces {
		if err := handle(model.VerbTrace, fmt.Sprintf(`{"server":"s1","items":[{"id":"t%d","nodeId":"i=85","duration":1}]}`, i)); err != nil {
			t.Fatal(err)
		}
		if got := <-b.live.deliveries; !strings.Contains(got, `"fate":"skipped"`) {
			t.Errorf("delivered %q", got)
		}
	}
	last := `{"server":"s1","items":[{"id":"last","nodeId":"i=85","duration":1}]}`
	if err := handle(model.VerbTrace, last); !errors.Is(err, model.StatusBadTooManySubscriptions) {
		t.Errorf("one too many: %v", err)
	}
	if err := handle(model.VerbEnd, `{"items":["t0"]}`); err != nil {
		t.Error(err)
	}
	if got := <-b.live.deliveries; !strings.HasPrefix(got, "t0 {") || !strings.Contains(got, `"ended":true`) {
		t.Errorf("delivered %q at the end", got)
	}
	eventually(t, "room for another trace", func() bool { return handle(model.VerbTrace, last) == nil })
	<-b.live.deliveries
}
