package ingest_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/ingest"
	"github.com/shopfloor-iiot/shopfloor/ingest/bus"
	"github.com/shopfloor-iiot/shopfloor/ingest/victoria"
	"github.com/shopfloor-iiot/shopfloor/model"
)

// longTest is the environment variable that asks for the long form of the tests with faults.
const longTest = "SHOPFLOOR_LONG_TEST"

// long chooses between the two forms of a test.
func long[T any](short, long T) T {
	if os.Getenv(longTest) != "" {
		return long
	}
	return short
}

// faultRig is a Core between the real bus and the real store. What lies between them can be broken.
type faultRig struct {
	t     *testing.T
	bus   *bus.Server
	conn  *bus.Conn // the Core's
	store *victoria.Store
	core  *ingest.Core
	stop  func() error // ends Run

	dir string
	cfg ingest.Config
	// wrapStore and wrapSource put something between the Core and what it uses.
	wrapStore  func(ingest.Store) ingest.Store
	wrapSource func(ingest.FrameSource) ingest.FrameSource
}

// newFaultRig opens bus and store; run makes the Core.
func newFaultRig(t *testing.T) *faultRig {
	t.Helper()
	r := &faultRig{
		t: t, dir: t.TempDir(),
		wrapStore:  func(s ingest.Store) ingest.Store { return s },
		wrapSource: func(s ingest.FrameSource) ingest.FrameSource { return s },
	}
	r.cfg = ingest.Config{Checkpoints: ingest.CheckpointFile(r.dir + "/checkpoint.json"), CheckpointInterval: 100 * time.Millisecond}
	r.startBus()
	var err error
	if r.store, err = victoria.Open(victoria.Config{Dir: r.dir + "/victoria", MinFreeDisk: 1 << 20}, zerolog.Nop()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.store.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

// startBus starts the bus on its folder, also a second time.
func (r *faultRig) startBus() {
	r.t.Helper()
	var err error
	if r.bus, err = bus.Start(bus.Config{Dir: r.dir + "/jetstream", MaxStore: 4 << 30}, zerolog.Nop()); err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(r.stopBus)
	r.conn = r.connect("core")
	if err := bus.EnsureStreams(r.t.Context(), r.conn, bus.StreamsConfig{MaxBytes: r.bus.MaxStore()}); err != nil {
		r.t.Fatal(err)
	}
}

func (r *faultRig) stopBus() {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := r.bus.Shutdown(ctx); err != nil {
		r.t.Error(err)
	}
}

func (r *faultRig) connect(name string) *bus.Conn {
	r.t.Helper()
	c, err := r.bus.Connect(name)
	if err != nil {
		r.t.Fatal(err)
	}
	return c
}

// run makes a Core and runs it until stop or the end of the test.
func (r *faultRig) run() {
	r.t.Helper()
	source := busSource{r.conn}
	core, err := ingest.New(r.cfg, r.wrapSource(source), busMetadata(source), source, r.wrapStore(r.store), zerolog.Nop())
	if err != nil {
		r.t.Fatal(err)
	}
	r.core = core
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- core.Run(ctx) }()
	r.stop = sync.OnceValue(func() error {
		cancel()
		return <-ended
	})
	r.t.Cleanup(func() { _ = r.stop() })
}

// drain waits until all frames of the stream are in a checkpoint.
func (r *faultRig) drain() {
	r.t.Helper()
	st, err := r.conn.StreamState(r.t.Context(), bus.StreamData)
	if err != nil {
		r.t.Fatal(err)
	}
	r.waitFor(long(30*time.Second, 2*time.Minute), fmt.Sprint("checkpoint at ", st.Last), func() bool {
		return r.core.Live().Statistics().Checkpoint == st.Last
	})
}

// waitFor polls until done.
func (r *faultRig) waitFor(limit time.Duration, what string, done func() bool) {
	r.t.Helper()
	for end := time.Now().Add(limit); !done(); <-time.After(5 * time.Millisecond) {
		if time.Now().After(end) {
			r.t.Fatalf("no %s within %s; health is %v", what, limit, r.core.Health())
		}
	}
}

// sender publishes frames of a gateway until all are acknowledged.
type sender struct {
	t         *testing.T
	conn      *bus.Conn
	publisher *bus.Publisher
	accepted  atomic.Uint64
	stored    atomic.Uint64
	stop      func()
}

func newSender(t *testing.T, conn *bus.Conn, gateway string) *sender {
	t.Helper()
	next, err := conn.NextNumber(t.Context(), bus.StreamData, gateway)
	if err != nil {
		t.Fatal(err)
	}
	s := &sender{t: t, conn: conn}
	if s.publisher, err = bus.NewPublisher(conn, bus.PublisherConfig{Gateway: gateway, NextNumber: next, AckWait: time.Second}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = s.publisher.Run(ctx)
	}()
	s.stop = sync.OnceFunc(func() {
		cancel()
		<-ended
	})
	t.Cleanup(s.stop)
	return s
}

// describe stores the metadata of a writer: F fields of one type, "v0" to "v<F-1>".
func (s *sender) describe(w model.WriterKey, fields int, typ model.BuiltInType) {
	s.t.Helper()
	m := model.DataSetMetaData{Gateway: w.Gateway, Group: w.Group, Writer: w.Writer, Server: "plant", Version: faultVersion}
	for i := range fields {
		m.Fields = append(m.Fields, model.FieldMetaData{
			Name: "v" + strconv.Itoa(i), BuiltInType: typ, ValueRank: model.ValueRankScalar,
			Node: model.ExpandedNodeID{NodeID: model.StringID(0, fmt.Sprint(w.Writer, ".v", i)), NamespaceURI: "urn:plant"},
		})
	}
	doc, err := json.Marshal(&m)
	if err != nil {
		s.t.Fatal(err)
	}
	for s.t.Context().Err() == nil {
		ctx, cancel := context.WithTimeout(s.t.Context(), time.Second) // the bus may be away
		err := s.conn.PublishMeta(ctx, w.Gateway, w.Group, w.Writer, "application/json", doc)
		cancel()
		if err == nil {
			return
		}
		<-time.After(20 * time.Millisecond)
	}
}

// send gives a frame to the publisher.
func (s *sender) send(w model.WriterKey, h bus.FrameHeader, data []byte) {
	s.t.Helper()
	subject, err := bus.Data(w.Gateway, w.Group, w.Writer)
	if err != nil {
		s.t.Fatal(err)
	}
	if h.ContentType == "" {
		h.ContentType = bus.ContentUADP
	}
	if err := s.publisher.PublishFrame(s.t.Context(), subject, h, data, func(err error) {
		if err == nil {
			s.stored.Add(1)
		}
	}); err != nil {
		s.t.Fatal(err)
	}
	s.accepted.Add(1)
}

// settle waits until the stream has all frames.
func (s *sender) settle() {
	s.t.Helper()
	for end := time.Now().Add(time.Minute); s.stored.Load() != s.accepted.Load(); <-time.After(5 * time.Millisecond) {
		if time.Now().After(end) {
			s.t.Fatalf("%d of %d frames are acknowledged after a minute: %+v", s.stored.Load(), s.accepted.Load(), s.publisher.Stats())
		}
	}
}

// busSource is ingest.FrameSource and ingest.DeadLetters over the bus.
type busSource struct{ conn *bus.Conn }

func (s busSource) State(ctx context.Context) (ingest.StreamState, error) {
	st, err := s.conn.StreamState(ctx, bus.StreamData)
	return ingest.StreamState{Created: st.Created, First: st.First, Last: st.Last}, err
}

func (s busSource) Open(ctx context.Context, from uint64) (ingest.FrameReader, error) {
	r, err := s.conn.Frames(ctx, bus.StreamData, from)
	if err != nil {
		return nil, err
	}
	return &busReader{reader: r}, nil
}

func (s busSource) Purge(ctx context.Context, upTo uint64) error {
	return s.conn.PurgePartitions(ctx, bus.StreamData, nil, upTo)
}

func (s busSource) Dead(ctx context.Context, f ingest.Frame, reason error) error {
	return s.conn.PublishDead(ctx, bus.Frame{
		Sequence: f.Sequence, Gateway: f.Gateway, Group: f.Group, Writer: f.Writer, ContentType: f.ContentType, Number: f.Number, Data: f.Data,
	}, reason.Error())
}

type busReader struct {
	reader *bus.FrameReader
	batch  []ingest.Frame
}

func (r *busReader) Next(ctx context.Context) ([]ingest.Frame, error) {
	frames, err := r.reader.Next(ctx)
	r.batch = r.batch[:0]
	for i := range frames {
		f := &frames[i]
		r.batch = append(r.batch, ingest.Frame{
			Sequence: f.Sequence, Gateway: f.Gateway, Group: f.Group, Writer: f.Writer, ContentType: f.ContentType,
			Number: f.Number, Time: f.Time, Data: f.Data,
		})
	}
	return r.batch, err
}

func (r *busReader) Close() { r.reader.Close() }

// busMetadata is ingest.MetaSource over the bus.
type busMetadata struct{ conn *bus.Conn }

func (m busMetadata) Metadata(ctx context.Context, w model.WriterKey, v model.ConfigurationVersion) (*model.DataSetMetaData, error) {
	docs, err := m.conn.MetaVersions(ctx, w.Gateway, w.Group, w.Writer)
	if err != nil {
		return nil, err
	}
	for i := range docs {
		var d model.DataSetMetaData
		if err := json.Unmarshal(docs[i].Data, &d); err != nil {
			return nil, err
		}
		if d.Version == v || v == (model.ConfigurationVersion{}) {
			return &d, nil
		}
	}
	return nil, fmt.Errorf("version %s of %s: %w", v, w, ingest.ErrNoMetadata)
}

var errFault = errors.New("fault of the test")
