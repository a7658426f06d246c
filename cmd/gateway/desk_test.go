package gateway

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/edge"
	"github.com/shopfloor-iiot/shopfloor/ingest/bus"
	"github.com/shopfloor-iiot/shopfloor/model"
)

// deskState is an edge.State whose wishes a test sends, and that keeps the reports.
type deskState struct {
	fakeCore
	fail    chan error // ends Watch
	servers []model.ServerStatus
	writers []model.WriterStatus
	refuse  error
}

func (s *deskState) Watch(ctx context.Context, apply func(edge.Desired)) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() {
		select {
		case err := <-s.fail:
			cancel(err)
		case <-ctx.Done():
		}
	}()
	return s.fakeCore.Watch(ctx, apply)
}

func (s *deskState) ReportServer(_ context.Context, v model.ServerStatus) error {
	s.servers = append(s.servers, v)
	return s.refuse
}

func (s *deskState) ReportWriter(_ context.Context, v model.WriterStatus) error {
	s.writers = append(s.writers, v)
	return s.refuse
}

// prefixed opens what begins with "core:", as the core stores it.
type prefixed struct{}

func (prefixed) Open(sealed []byte) ([]byte, error) {
	plain, ok := strings.CutPrefix(string(sealed), "core:")
	if !ok {
		return nil, errors.New("secret was sealed with another key: enter the password again")
	}
	return []byte(plain), nil
}

// deskTest is a Desk with one gateway, g1.
type deskTest struct {
	*Desk
	state *deskState
	woken chan string

	mu sync.Mutex
	id *Identity // for which secrets are sealed
}

func (d *deskTest) use(id *Identity) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.id = id
}

// newDesk makes a desk that runs until the test ends.
func newDesk(t *testing.T) *deskTest {
	t.Helper()
	d := &deskTest{state: &deskState{fakeCore: fakeCore{wanted: make(chan edge.Desired)}, fail: make(chan error)}, woken: make(chan string, 100), id: identity(t)}
	d.Desk = NewDesk(DeskConfig{
		State:   func(string) edge.State { return d.state },
		Secrets: prefixed{},
		SealKey: func(gateway string) (*[32]byte, error) {
			d.mu.Lock()
			defer d.mu.Unlock()
			if gateway != "g1" {
				return nil, fmt.Errorf("gateway %q is not enrolled", gateway)
			}
			return (*[32]byte)(d.id.SealPublic), nil
		},
		Wake: func(gateway string) error { d.woken <- gateway; return nil },
	}, zerolog.Nop())
	return d
}

func (d *deskTest) run(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- d.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	waitFor(t, func() bool { d.Desk.mu.Lock(); defer d.Desk.mu.Unlock(); return d.ctx != nil })
}

func (d *deskTest) ask(t *testing.T, r desiredRequest) (p desiredPart, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	body, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	if body, err = d.Handle(ctx, "g1", verbDesired, body); err != nil {
		return p, err
	}
	return p, json.Unmarshal(body, &p)
}

// first asks for the desired state, which is want, and answers its digest.
func (d *deskTest) first(t *testing.T, want edge.Desired) (edge.Desired, string) {
	t.Helper()
	go func() {
		select {
		case d.state.wanted <- want:
		case <-t.Context().Done():
		}
	}()
	p, err := d.ask(t, desiredRequest{})
	if err != nil {
		t.Fatal(err)
	}
	got, err := decodeDesired(p.Data)
	if err != nil || p.Size != len(p.Data) {
		t.Fatalf("%d of %d bytes, %v", len(p.Data), p.Size, err)
	}
	return got, p.Digest
}

func press(password string) edge.Desired {
	return edge.Desired{Revision: 1, Servers: []model.Server{{ID: "press", UserName: "op", SealedPassword: []byte(password)}, {ID: "oven"}}}
}

func TestDeskHandsOutTheDesiredState(t *testing.T) {
	d := newDesk(t)
	d.run(t)
	want := press("core:hunter2")
	got, digest := d.first(t, want)
	if got.Revision != 1 || len(got.Servers) != 2 || got.Servers[1].SealedPassword != nil {
		t.Errorf("got %+v", got)
	}
	if p, err := d.id.Open(got.Servers[0].SealedPassword); err != nil || string(p) != "hunter2" {
		t.Errorf("the gateway opens %q, %v", p, err)
	}
	if string(want.Servers[0].SealedPassword) != "core:hunter2" {
		t.Error("what the core stores was changed")
	}
	if p, err := d.ask(t, desiredRequest{Known: digest}); err != nil || p.Digest != digest || p.Data != nil {
		t.Errorf("what is known comes again: %+v, %v", p, err)
	}

	d.state.wanted <- want // the same again: sealing it anew is no change
	want.Revision = 2
	d.state.wanted <- want
	if g := <-d.woken; g != "g1" {
		t.Errorf("woke %q", g)
	}
	p, err := d.ask(t, desiredRequest{Known: digest})
	if err != nil || p.Digest == digest {
		t.Fatalf("%+v, %v", p, err)
	}
	if got, err := decodeDesired(p.Data); err != nil || got.Revision != 2 {
		t.Errorf("got %+v, %v", got, err)
	}
	if len(d.woken) != 0 {
		t.Error("it was woken without a change")
	}
	if age := time.Since(d.Heard("g1")); age < 0 || age > time.Minute || !d.Heard("g2").IsZero() {
		t.Errorf("g1 was heard %v ago, g2 at %v", age, d.Heard("g2"))
	}
}

// A large state comes in parts, and begins anew when it changes meanwhile.
func TestDeskHandsOutParts(t *testing.T) {
	d := newDesk(t)
	d.run(t)
	noise := make([]byte, maxPart)
	rand.Read(noise)
	large := edge.Desired{Revision: 1, Servers: []model.Server{{ID: "press", Name: hex.EncodeToString(noise)}}}
	go func() { d.state.wanted <- large }()
	first, err := d.ask(t, desiredRequest{})
	if err != nil || len(first.Data) != maxPart || first.Size <= maxPart {
		t.Fatalf("%d of %d bytes, %v", len(first.Data), first.Size, err)
	}
	rest, err := d.ask(t, desiredRequest{Digest: first.Digest, Offset: len(first.Data)})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := decodeDesired(append(first.Data, rest.Data...)); err != nil || got.Servers[0].Name != large.Servers[0].Name {
		t.Errorf("the parts make no whole: %v", err)
	}
	for _, offset := range []int{-1, first.Size} {
		if p, err := d.ask(t, desiredRequest{Digest: first.Digest, Offset: offset}); err != nil || len(p.Data) != maxPart {
			t.Errorf("offset %d: %d bytes, %v; want the first part", offset, len(p.Data), err)
		}
	}
	large.Revision = 2
	d.state.wanted <- large
	<-d.woken
	if p, err := d.ask(t, desiredRequest{Digest: first.Digest, Offset: len(first.Data)}); err != nil || p.Digest == first.Digest || len(p.Data) != maxPart {
		t.Errorf("after a change: %d bytes, %v; want the first part of the new one", len(p.Data), err)
	}
}

// A password that the core cannot open any more stops its server, which says so, and no other one.
func TestDeskPassesPasswordsThatDoNotOpen(t *testing.T) {
	d := newDesk(t)
	d.run(t)
	want := press("of another key")
	want.Servers[1].SealedPassword = []byte("core:good")
	got, _ := d.first(t, want)
	if p, err := d.id.Open(got.Servers[0].SealedPassword); err == nil {
		t.Errorf("the bad one opens as %q", p)
	}
	if p, err := d.id.Open(got.Servers[1].SealedPassword); err != nil || string(p) != "good" {
		t.Errorf("the good one opens as %q, %v", p, err)
	}
}

// A gateway that enrols anew has another key, and gets its secrets sealed for that.
func TestDeskForgets(t *testing.T) {
	d := newDesk(t)
	d.run(t)
	_, digest := d.first(t, press("core:hunter2"))
	d.use(identity(t))
	d.Forget("g1")
	d.Forget("g2") // never heard
	got, again := d.first(t, press("core:hunter2"))
	if p, err := d.id.Open(got.Servers[0].SealedPassword); err != nil || string(p) != "hunter2" || again == digest {
		t.Errorf("the new key opens %q, %v", p, err)
	}
}

// When a state is not followed any more, the next request begins anew.
func TestDeskFollowsAgain(t *testing.T) {
	d := newDesk(t)
	d.run(t)
	d.first(t, edge.Desired{Revision: 1})
	d.state.fail <- errors.New("the bucket is gone")
	waitFor(t, func() bool { d.Desk.mu.Lock(); defer d.Desk.mu.Unlock(); return len(d.files) == 0 })
	if got, _ := d.first(t, edge.Desired{Revision: 2}); got.Revision != 2 {
		t.Errorf("got %+v", got)
	}
}

// A gateway reports as itself, whatever it writes.
func TestDeskTakesReports(t *testing.T) {
	d := newDesk(t)
	body, err := json.Marshal(Report{
		Servers: []model.ServerStatus{{Server: "press", Gateway: "g2"}},
		Writers: []model.WriterStatus{{Writer: model.WriterKey{Gateway: "g2", Group: "g", Writer: "w"}}},
		Gateway: &model.GatewayStatus{Gateway: "g2", Version: "1"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Handle(t.Context(), "g1", verbReport, body); err != nil {
		t.Fatal(err)
	}
	s := d.state
	if len(s.servers) != 1 || s.servers[0].Gateway != "g1" || len(s.writers) != 1 || s.writers[0].Writer.Gateway != "g1" || s.gateway.Gateway != "g1" || s.gateway.Version != "1" {
		t.Errorf("stored %+v %+v %+v", s.servers, s.writers, s.gateway)
	}
	s.refuse = errors.New("the bucket is full")
	if _, err := d.Handle(t.Context(), "g1", verbReport, body); !errors.Is(err, s.refuse) {
		t.Errorf("got %v", err)
	}
}

func TestDeskRefuses(t *testing.T) {
	d := newDesk(t)
	if _, err := d.ask(t, desiredRequest{}); err == nil || !strings.Contains(err.Error(), "starting or stopping") {
		t.Errorf("before it runs: %v", err)
	}
	for _, verb := range []string{verbDesired, verbReport} {
		if _, err := d.Handle(t.Context(), "g1", verb, []byte("{")); err == nil {
			t.Errorf("%s takes what is no JSON", verb)
		}
	}
	var remote *bus.RemoteError
	if _, err := d.Handle(t.Context(), "g1", "dance", nil); !errors.As(err, &remote) || remote.Code != "unknown" || !strings.Contains(remote.Text, `"dance"`) {
		t.Errorf("an unknown request: %v", err)
	}

	// Not enrolled: there is nothing that could be handed out, and the request ends with its time.
	d.run(t)
	ctx, cancel := context.WithCancel(t.Context())
	go func() { d.state.wanted <- edge.Desired{Revision: 1}; cancel() }()
	if _, err := d.Handle(ctx, "g2", verbDesired, []byte("{}")); !errors.Is(err, context.Canceled) {
		t.Errorf("a gateway that is not enrolled: %v", err)
	}
}
