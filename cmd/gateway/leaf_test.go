package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"sync/atomic"
	"testing"

	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/edge"
	"github.com/shopfloor-iiot/shopfloor/ingest/bus"
	"github.com/shopfloor-iiot/shopfloor/model"
)

// leafTest is a core with a desk, and the connection of gateway g1 that is joined to it by a leaf link.
type leafTest struct {
	desk   *deskTest
	remote *bus.Conn
	sent   atomic.Int64 // bytes of the answers of the desk
}

func newLeaf(t *testing.T) *leafTest {
	t.Helper()
	cfg, fingerprint, err := bus.LeafTLS("", "", t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	l := &leafTest{desk: newDesk(t)}
	coreBus, core := startBus(t, bus.Config{Leaf: &bus.LeafConfig{Listen: "127.0.0.1:0", TLS: cfg}})
	enrolments, err := bus.OpenEnrolments(t.Context(), coreBus, core, 16<<20, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	l.desk.cfg.Wake = core.Wake
	receiver, err := bus.NewReceiver(t.Context(), core, core, bus.ReceiverConfig{MaxBytes: 16 << 20, Handle: func(ctx context.Context, gateway, verb string, body []byte) ([]byte, error) {
		reply, err := l.desk.Handle(ctx, gateway, verb, body)
		l.sent.Add(int64(len(reply)))
		return reply, err
	}}, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	runUntilEnd(t, enrolments.Run)
	runUntilEnd(t, receiver.Run)
	l.desk.run(t)
	public, err := l.desk.id.PublicKey()
	if err == nil {
		err = enrolments.Enrol(t.Context(), "g1", public)
	}
	if err != nil {
		t.Fatal(err)
	}
	pinned, err := bus.PinnedTLS(fingerprint)
	if err != nil {
		t.Fatal(err)
	}
	_, l.remote = startBus(t, bus.Config{Remote: &bus.RemoteConfig{Gateway: "g1", URL: "tls://" + coreBus.LeafAddr(), Seed: l.desk.id.Seed, TLS: pinned}})
	return l
}

func startBus(t *testing.T, cfg bus.Config) (*bus.Server, *bus.Conn) {
	t.Helper()
	cfg.Dir, cfg.MaxStore = t.TempDir(), 1<<30
	s, err := bus.Start(cfg, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
	})
	c, err := s.Connect("test")
	if err != nil {
		t.Fatal(err)
	}
	return s, c
}

func runUntilEnd(t *testing.T, run func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// watch lets a RemoteState follow the desired state, kept in a file, until stop.
func (l *leafTest) watch(t *testing.T, file string) (updates <-chan edge.Desired, stop func()) {
	t.Helper()
	s := NewRemoteState(l.remote, "g1", file, func(*model.GatewayStatus) {}, zerolog.Nop())
	ctx, cancel := context.WithCancel(t.Context())
	out, done := make(chan edge.Desired, 16), make(chan error, 1)
	go func() { done <- s.Watch(ctx, func(d edge.Desired) { out <- d }) }()
	return out, func() {
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("watch ended with %v", err)
		}
	}
}

// TestChangesOverTheLink: of 20,000 nodes, or 100,000 in the long form, a change of one field crosses the link as the parts that it is in, also after a restart of the gateway;
// and a gateway whose file is of something else gets all of it.
func TestChangesOverTheLink(t *testing.T) {
	l := newLeaf(t)
	want := press("core:hunter2")
	writers := 5
	if os.Getenv("SHOPFLOOR_LONG_TEST") != "" {
		writers = 25
	}
	for _, item := range plant(writers, 4000) {
		if item.PutWriter != nil {
			want.Writers = append(want.Writers, *item.PutWriter)
		}
	}
	change := func() edge.Desired {
		want.Revision++
		next := want.Writers[3]
		next.Fields = append([]model.PublishedField(nil), next.Fields...)
		next.Fields[2000].Name = fmt.Sprint("renamed", want.Revision)
		want.Writers = append([]model.DataSetWriter(nil), want.Writers...)
		want.Writers[3] = next
		return want
	}
	file := filepath.Join(t.TempDir(), "desired.json")
	updates, stop := l.watch(t, file)
	same := func(got edge.Desired) {
		t.Helper()
		password, err := l.desk.id.Open(got.Servers[0].SealedPassword)
		got.Servers[0].SealedPassword = want.Servers[0].SealedPassword
		a, errA := json.Marshal(got)
		b, errB := json.Marshal(want)
		if err := errors.Join(err, errA, errB); err != nil || string(password) != "hunter2" || !reflect.DeepEqual(a, b) {
			t.Errorf("revision %d is not what was wanted: %v", got.Revision, err)
		}
	}
	l.desk.state.wanted <- change()
	same(<-updates)
	whole := l.sent.Swap(0)
	l.desk.state.wanted <- change()
	same(<-updates)
	changed := l.sent.Swap(0)
	stop()
	l.desk.state.wanted <- change()
	updates, stop = l.watch(t, file)
	<-updates // what it knew
	same(<-updates)
	restarted := l.sent.Swap(0)
	stop()
	if err := bus.WriteFile(file, []byte(`{"digest":"of another","desired":{"Revision":1,"Writers":[{"Name":"w"}]}}`)); err != nil {
		t.Fatal(err)
	}
	updates, stop = l.watch(t, file)
	<-updates
	same(<-updates)
	stop()
	other := l.sent.Swap(0)
	t.Logf("%d nodes: %d bytes the first time, %d for a change, %d for one after a restart, %d with a file of something else", writers*4000, whole, changed, restarted, other)
	if changed > whole/3 || restarted > whole/3 {
		t.Errorf("a change of one field takes %d bytes, and after a restart %d, of %d", changed, restarted, whole)
	}
}
