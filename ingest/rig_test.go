package ingest

import (
	"context"
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// rig is a Core with fakes around it.
type rig struct {
	stream *fakeStream
	meta   *fakeMeta
	dead   *fakeDead
	store  *fakeStore
	cfg    Config
	core   *Core
	batch  batch
	stop   func() error // ends Run and returns its error
}

func newRig(t testing.TB, metas ...*model.DataSetMetaData) *rig {
	return &rig{
		stream: newFakeStream(), meta: newFakeMeta(metas...), dead: &fakeDead{}, store: &fakeStore{},
		cfg: Config{Checkpoints: CheckpointFile(t.TempDir() + "/checkpoint.json"), CheckpointInterval: 5 * time.Millisecond, MetadataWait: 20 * time.Millisecond},
	}
}

// make makes the Core without running it.
func (r *rig) make(t testing.TB) *Core {
	t.Helper()
	core, err := New(r.cfg, r.stream, r.meta, r.dead, r.store, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	r.core = core
	return core
}

// run makes the Core and runs it until stop or the end of the test.
func (r *rig) run(t testing.TB) {
	t.Helper()
	core := r.make(t)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- core.Run(ctx) }()
	r.stop = sync.OnceValue(func() error {
		cancel()
		return <-ended
	})
	t.Cleanup(func() { _ = r.stop() })
}

// sync waits until all frames of the stream are processed and in a checkpoint.
func (r *rig) sync(t testing.TB) {
	t.Helper()
	r.stream.mu.Lock()
	last := r.stream.last()
	r.stream.mu.Unlock()
	eventually(t, fmt.Sprintf("checkpoint at %d", last), func() bool { return r.core.Live().Statistics().Checkpoint == last })
}

// eventually polls until ok, for 10 s at most.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !ok(); {
		if time.Now().After(deadline) {
			t.Fatalf("no %s within 10 s", what)
		}
		time.Sleep(time.Millisecond) // the interval of the poll
	}
}

// process takes frames into the batch, each in a group of its own, as when they come one by one.
func (r *rig) process(t testing.TB, frames ...Frame) {
	t.Helper()
	k := &r.core.intake
	for i := range frames {
		if err := k.frame(context.Background(), &frames[i], k.decoder.isRepeat(&frames[i])); err != nil {
			t.Fatal(err)
		}
		k.emit(&r.batch)
		k.groups.count(&r.batch)
	}
}

// rowsOf decodes frames one after the other with a new Core and returns their rows as text, in order.
func (r *rig) rowsOf(t testing.TB, frames ...Frame) []string {
	t.Helper()
	r.make(t)
	r.batch = batch{}
	for i := range frames {
		r.process(t, frames[i])
	}
	var rows []string
	for _, row := range r.batch.rows {
		name := string(row.Name)
		metric, _, _ := strings.Cut(name, "{")
		_, field, _ := strings.Cut(name, `field="`)
		field, _, _ = strings.Cut(field, `"`)
		if _, element, ok := strings.Cut(name, `element="`); ok {
			element, _, _ = strings.Cut(element, `"`)
			field += "[" + element + "]"
		}
		value := fmt.Sprint(row.Value)
		if math.Float64bits(row.Value) == math.Float64bits(staleMarker) {
			value = "stale"
		}
		rows = append(rows, fmt.Sprintf("%s %s %d %s", strings.TrimPrefix(metric, "opcua_"), field, row.Time-start.UnixMilli(), value))
	}
	return rows
}
