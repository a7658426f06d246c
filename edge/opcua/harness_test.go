package opcua

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/edge"
	"github.com/shopfloor-iiot/shopfloor/edge/opcua/opcuatest"
	"github.com/shopfloor-iiot/shopfloor/model"
)

const plantURI = "urn:shopfloor:plant"

// plant is the id of a node of the test server.
func plant(name string) model.ExpandedNodeID {
	return model.ExpandedNodeID{NodeID: model.StringID(0, name), NamespaceURI: plantURI}
}

// testIdentity is the same for all tests: making a key takes long.
var testIdentity = sync.OnceValues(func() (*Identity, error) {
	dir, err := os.MkdirTemp("", "identity")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	return LoadIdentity(dir, "urn:shopfloor:test")
})

func identity(t testing.TB) *Identity {
	t.Helper()
	id, err := testIdentity()
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// trusting returns a trust list with the server's certificate.
func trusting(t testing.TB, s *opcuatest.Server) *TrustList {
	t.Helper()
	list, err := NewTrustList(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(list.trusted(), "server.der"), s.CertificateDER(), 0o644); err != nil {
		t.Fatal(err)
	}
	return list
}

// config connects without security.
func config(endpoint string, sets edge.DataSets) Config {
	return Config{
		Server:   model.Server{ID: "plant", EndpointURL: endpoint, SecurityMode: model.SecurityNone},
		DataSets: sets, RequestTimeout: 5 * time.Second, KeepAlive: 1500 * time.Millisecond,
	}
}

// run starts a Source and ends it with the test.
func run(t testing.TB, cfg Config, writers ...model.DataSetWriter) *Source {
	t.Helper()
	s, err := New(cfg, zerolog.New(zerolog.NewTestWriter(t)).Level(zerolog.WarnLevel))
	if err != nil {
		t.Fatal(err)
	}
	s.Configure(writers)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- s.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	return s
}

// eventually polls until ok returns true; what says what was waited for, with the state at the end.
func eventually(t testing.TB, timeout time.Duration, ok func() bool, what func() string) {
	t.Helper()
	deadline := time.Now().Add(timeout)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("not within %v: %s", timeout, what())
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func connected(t testing.TB, s *Source) {
	t.Helper()
	eventually(t, 15*time.Second, func() bool { return s.Status().State == model.StateConnected }, func() string { return fmt.Sprintf("connected: %+v", s.Status()) })
}

// dataSetWriter publishes nodes of the plant; a field is named as its node.
func dataSetWriter(name string, publishing time.Duration, nodes ...string) model.DataSetWriter {
	w := model.DataSetWriter{Gateway: "gw", Group: "group", Name: name, Server: "plant", GroupID: 1, WriterID: 1, PublishingInterval: publishing}
	for _, n := range nodes {
		w.Fields = append(w.Fields, model.PublishedField{Name: n, NodeID: plant(n)})
	}
	return w
}

// counters names V0 to V<n-1>.
func counters(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("V%d", i)
	}
	return names
}

// recorder is an edge.DataSets that keeps everything.
type recorder struct {
	mu    sync.Mutex
	opens []opened
	put   func(field int, v *model.DataValue) // called before a value is kept
}

type opened struct {
	writer model.DataSetWriter
	fields []model.FieldMetaData
	set    *recorded
}

type recorded struct {
	r      *recorder
	values [][]model.DataValue // by field; under r.mu
}

func (r *recorder) Open(_ context.Context, w model.DataSetWriter, fields []model.FieldMetaData, _ *model.DataTypeSchema) (edge.DataSet, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	set := &recorded{r: r, values: make([][]model.DataValue, len(fields))}
	r.opens = append(r.opens, opened{w, fields, set})
	return set, nil
}

func (s *recorded) Put(field int, v *model.DataValue) {
	if s.r.put != nil {
		s.r.put(field, v)
	}
	s.r.mu.Lock()
	defer s.r.mu.Unlock()
	s.values[field] = append(s.values[field], v.Clone())
}

// last returns the newest opening, and how many there were.
func (r *recorder) last() (opened, int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.opens) == 0 {
		return opened{}, 0
	}
	return r.opens[len(r.opens)-1], len(r.opens)
}

// field returns a copy of the values of one field of the newest opening.
func (r *recorder) field(i int) []model.DataValue {
	o, n := r.last()
	r.mu.Lock()
	defer r.mu.Unlock()
	if n == 0 || i >= len(o.set.values) {
		return nil
	}
	return append([]model.DataValue(nil), o.set.values[i]...)
}

// least is the smallest number of values of a field.
func (r *recorder) least() int {
	o, n := r.last()
	r.mu.Lock()
	defer r.mu.Unlock()
	if n == 0 {
		return 0
	}
	least := -1
	for _, v := range o.set.values {
		if least < 0 || len(v) < least {
			least = len(v)
		}
	}
	return least
}

// audit checks that the counters went up by one from value to value. It returns how many steps were missing and how many values came twice.
func (r *recorder) audit(t testing.TB) (missing, twice int) {
	t.Helper()
	o, _ := r.last()
	r.mu.Lock()
	defer r.mu.Unlock()
	for i, values := range o.set.values {
		for k := 1; k < len(values); k++ {
			switch step := values[k].Value.Float() - values[k-1].Value.Float(); {
			case step == 0:
				if twice++; twice == 1 {
					t.Logf("%s is twice %v, at %v and %v, as value %d and the next of %d", o.fields[i].Name, values[k].Value, values[k-1].SourceTimestamp, values[k].SourceTimestamp, k-1, len(values))
				}
			case step > 1:
				missing += int(step) - 1
			case step < 0:
				t.Errorf("%s went back from %v to %v", o.fields[i].Name, values[k-1].Value.Float(), values[k].Value.Float())
			}
		}
	}
	return missing, twice
}

func contextWithCancel(t testing.TB) (context.Context, context.CancelFunc) {
	return context.WithCancel(t.Context())
}

func contextWithTimeout(t testing.TB, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(t.Context(), d)
}
