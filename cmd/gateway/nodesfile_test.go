package gateway

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/edge"
	"github.com/shopfloor-iiot/shopfloor/model"
)

// fakeCore is an edge.State whose wishes a test sends.
type fakeCore struct {
	wanted chan edge.Desired

	mu      sync.Mutex
	gateway model.GatewayStatus
}

func (c *fakeCore) Watch(ctx context.Context, apply func(edge.Desired)) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case d := <-c.wanted:
			apply(d)
		}
	}
}
func (c *fakeCore) ReportServer(context.Context, model.ServerStatus) error { return nil }
func (c *fakeCore) ReportWriter(context.Context, model.WriterStatus) error { return nil }

func (c *fakeCore) ReportGateway(_ context.Context, s model.GatewayStatus) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.gateway = s
	return nil
}

// noSecrets opens nothing.
type noSecrets struct{}

func (noSecrets) Open([]byte) ([]byte, error) { return nil, nil }

// follow runs a state and gives what it applies.
func follow(t *testing.T, f *NodesFile) <-chan edge.Desired {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	applied, done := make(chan edge.Desired, 100), make(chan error, 1)
	go func() { done <- f.Watch(ctx, func(d edge.Desired) { applied <- d }) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != context.Canceled {
			t.Errorf("Watch ended with %v", err)
		}
	})
	return applied
}

// next waits for a state that has these writers.
func next(t *testing.T, applied <-chan edge.Desired, writers ...string) edge.Desired {
	t.Helper()
	deadline := time.After(20 * time.Second)
	var last []string
	for {
		select {
		case d := <-applied:
			last = nil
			for _, w := range d.Writers {
				last = append(last, w.Group+"/"+w.Name)
			}
			if slices.Sort(last); slices.Equal(last, writers) {
				return d
			}
		case <-deadline:
			t.Fatalf("writers %q do not come, the last ones were %q", writers, last)
		}
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func entry(writer string) string {
	return fmt.Sprintf(`{"EndpointUrl":"opc.tcp://plc","DataSetWriterGroup":"g","DataSetWriterId":%q,"OpcAuthenticationUsername":"op",
		"OpcAuthenticationPassword":"hunter2","OpcNodes":[{"Id":"nsu=urn:a;s=A"}]}`, writer)
}

func TestNodesFileAlone(t *testing.T) {
	dir := t.TempDir()
	file, good := filepath.Join(dir, "pn.json"), filepath.Join(dir, "good.json")
	write(t, file, "[ // one\n"+entry("w")+"]")
	id := identity(t)
	f := NewNodesFile(NodesFileConfig{Gateway: "g1", Path: file, LastGood: good, Sealer: id}, noSecrets{}, zerolog.Nop())
	applied := follow(t, f)
	d := next(t, applied, "g/w")
	s, w := d.Servers[0], d.Writers[0]
	if s.ID != "plc-4840" || s.Gateway != "g1" || w.Gateway != "g1" || w.GroupID == 0 || w.WriterID == 0 {
		t.Errorf("got %+v %+v", s, w)
	}
	if p, err := f.Secrets().Open(s.SealedPassword); err != nil || string(p) != "hunter2" || strings.Contains(string(s.SealedPassword), "hunter2") {
		t.Errorf("password %q %v in %q", p, err, s.SealedPassword)
	}

	// An editor that replaces the file.
	write(t, file+".new", "["+entry("w")+","+entry("v")+"]")
	if err := os.Rename(file+".new", file); err != nil {
		t.Fatal(err)
	}
	d = next(t, applied, "g/v", "g/w")
	if again := d.Writers[slices.IndexFunc(d.Writers, func(x model.DataSetWriter) bool { return x.Name == "w" })]; again.WriterID != w.WriterID || again.GroupID != w.GroupID {
		t.Errorf("the numbers changed: %+v, they were %+v", again, w)
	}
	if string(d.Servers[0].SealedPassword) != string(s.SealedPassword) {
		t.Error("the server's record changed though the file says the same of it")
	}

	// A bad file, then one that is written in place.
	write(t, file, "[ nonsense")
	waitFor(t, func() bool { f.mu.Lock(); defer f.mu.Unlock(); return strings.Contains(f.failure, "line 1, column 3") })
	write(t, file, "["+entry("u")+"]")
	next(t, applied, "g/u")
	f.mu.Lock()
	failure := f.failure
	f.mu.Unlock()
	if failure != "" {
		t.Errorf("a good file leaves %q", failure)
	}

	// A start with a bad file.
	write(t, file, "[ nonsense")
	restarted := NewNodesFile(NodesFileConfig{Gateway: "g1", Path: file, LastGood: good, Sealer: id}, noSecrets{}, zerolog.Nop())
	next(t, follow(t, restarted), "g/u")
}

func TestNodesFileBesideTheCore(t *testing.T) {
	file := filepath.Join(t.TempDir(), "pn.json")
	write(t, file, `[{"EndpointUrl":"opc.tcp://plc","DataSetWriterGroup":"g","DataSetWriterId":"w","OpcNodes":[{"Id":"i=2258"},{"Id":"bad"}]},
		{"EndpointUrl":"opc.tcp://plc","DataSetWriterGroup":"core","DataSetWriterId":"c","OpcNodes":[{"Id":"i=2258"}]}]`)
	core := &fakeCore{wanted: make(chan edge.Desired)}
	f := NewNodesFile(NodesFileConfig{Gateway: "g1", Path: file, Core: core}, noSecrets{}, zerolog.Nop())
	applied := follow(t, f)
	core.wanted <- edge.Desired{
		Revision: 7, Servers: []model.Server{{ID: "press", EndpointURL: "opc.tcp://plc:4840", SecurityMode: model.SecurityNone}},
		Writers: []model.DataSetWriter{{Gateway: "g1", Group: "core", Name: "c", Server: "press", GroupID: 1, WriterID: 1}},
	}
	d := next(t, applied, "core/c", "g/w")
	if len(d.Servers) != 1 || d.Revision != 7 || d.Writers[1].Server != "press" || d.Writers[1].WriterID == 1 {
		t.Errorf("got %+v", d)
	}
	if err := f.ReportGateway(context.Background(), model.GatewayStatus{Gateway: "g1", OutOfSyncCount: 1, OutOfSync: []model.OutOfSync{{Reason: "late"}}}); err != nil {
		t.Fatal(err)
	}
	core.mu.Lock()
	got := fmt.Sprint(core.gateway.OutOfSyncCount, core.gateway.OutOfSync)
	core.mu.Unlock()
	for _, want := range []string{"3 [", "entry 0, node 1", "has a writer of this name as well", "late"} {
		if !strings.Contains(got, want) {
			t.Errorf("%s lacks %q", got, want)
		}
	}
	core.wanted <- edge.Desired{Revision: 8}
	if d := next(t, applied, "core/c", "g/w"); d.Revision != 8 || len(d.Servers) != 1 || d.Servers[0].ID != "plc-4840" {
		t.Errorf("got %+v", d)
	}
}

func TestFileNumbers(t *testing.T) {
	n := fileNumbers{}
	var own []model.DataSetWriter
	for i := range 2000 {
		own = append(own, model.DataSetWriter{Group: fmt.Sprint("g", i%50), Name: fmt.Sprint("w", i)})
	}
	others := []model.DataSetWriter{{Group: "g0", Name: "x", GroupID: 7, WriterID: 40000}}
	n.number(own, others)
	writers, groups := map[uint16]bool{40000: true}, map[uint16]string{}
	for _, w := range own {
		if w.WriterID == 0 || writers[w.WriterID] || groups[w.GroupID] != "" && groups[w.GroupID] != w.Group || w.Group == "g0" && w.GroupID != 7 {
			t.Fatalf("writer %+v", w)
		}
		writers[w.WriterID], groups[w.GroupID] = true, w.Group
	}
	again := slices.Clone(own)
	slices.Reverse(again)
	n.number(again, others)
	if again[0].WriterID != own[1999].WriterID || again[0].GroupID != own[1999].GroupID {
		t.Error("numbers change with the order")
	}
}

func waitFor(t *testing.T, condition func() bool) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for !condition() {
		if time.Now().After(deadline) {
			t.Fatal("it does not happen")
		}
		time.Sleep(20 * time.Millisecond)
	}
}
