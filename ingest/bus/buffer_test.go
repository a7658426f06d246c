package bus

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"
)

// testGateway is a gateway with a buffer that publishes numbered frames.
type testGateway struct {
	t         testing.TB
	dir, id   string
	server    *Server
	conn      *Conn
	buffer    *Buffer
	forwarder *Forwarder
	sent      uint64
	pending   atomic.Int64
	stop      func()
}

// startBuffering starts a gateway on a folder. It is ended by stop, or the test.
func startBuffering(t testing.TB, dir, addr, fingerprint string, key testKey, cfg ForwarderConfig) *testGateway {
	t.Helper()
	g := &testGateway{t: t, dir: dir, id: "g1"}
	g.server, g.conn = startGateway(t, filepath.Join(dir, "jetstream"), g.id, addr, fingerprint, key)
	var err error
	g.buffer, err = OpenBuffer(testContext(t), g.conn, BufferConfig{Gateway: g.id, MaxBytes: MinBuffer, NumberFile: filepath.Join(dir, "numbers.json")})
	if err != nil {
		t.Fatal(err)
	}
	g.forwarder = NewForwarder(g.buffer, cfg, zerolog.New(zerolog.NewTestWriter(t)))
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 2)
	go func() { ended <- g.buffer.Run(ctx) }()
	go func() { ended <- g.forwarder.Run(ctx) }()
	stopped := false
	g.stop = func() {
		if !stopped {
			stopped = true
			cancel()
			for range 2 {
				if err := <-ended; err != nil {
					t.Error(err)
				}
			}
		}
	}
	t.Cleanup(g.stop)
	return g
}

// publish buffers n frames of a size, whose first 8 bytes count.
func (g *testGateway) publish(n, size int) {
	g.t.Helper()
	for range n {
		frame := make([]byte, max(size, 8))
		binary.BigEndian.PutUint64(frame, g.sent+1)
		g.pending.Add(1)
		err := g.buffer.PublishFrame(g.t.Context(), "line", "press", FrameHeader{ContentType: ContentUADP}, frame, func(err error) {
			if err != nil {
				g.t.Error(err)
			}
			g.pending.Add(-1)
		})
		if err != nil {
			g.t.Fatal(err)
		}
		g.sent++
	}
}

// settle waits until all that was published is in the buffer.
func (g *testGateway) settle() {
	g.t.Helper()
	until(g.t, "frames are buffered", 20*time.Second, func() bool { return g.pending.Load() == 0 })
}

// audit reads the core's stream up to the frame that counts last, and returns how many frames are missing. Those that come twice or out of order
// are errors.
func (c *testCore) audit(t testing.TB, last uint64) (missing uint64) {
	t.Helper()
	ctx := testContext(t)
	r, err := c.conn.Frames(ctx, StreamData, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for n := uint64(0); n < last; {
		frames, err := r.Next(ctx)
		if err != nil {
			t.Fatalf("after frame %d of %d: %v", n, last, err)
		}
		for i := range frames {
			f := &frames[i]
			if f.Gateway != "g1" || f.Group != "line" || f.Writer != "press" || f.ContentType != ContentUADP {
				t.Fatalf("frame of another: %s", f.Subject)
			}
			count := binary.BigEndian.Uint64(f.Data)
			if count <= n {
				t.Fatalf("frame %d comes after %d", count, n)
			}
			missing += count - n - 1
			n = count
		}
	}
	return missing
}

// away lets no gateway in until back.
func (c *testCore) away(t testing.TB) {
	t.Helper()
	until(t, "enrolments are loaded", 5*time.Second, func() bool {
		c.enrolments.mu.Lock()
		defer c.enrolments.mu.Unlock()
		return c.enrolments.loaded
	})
	c.enrolments.mu.Lock()
	defer c.enrolments.mu.Unlock()
	c.enrolments.loaded = false
	c.server.SetGateways(nil)
}

func (c *testCore) back() {
	c.enrolments.mu.Lock()
	defer c.enrolments.mu.Unlock()
	c.enrolments.loaded = true
	c.enrolments.apply()
}

// TestForwarderCatchesUp buffers without a core, across a restart of the gateway, and hands all over when there is one.
func TestForwarderCatchesUp(t *testing.T) {
	coreDir, dir := t.TempDir(), t.TempDir()
	core := startCore(t, coreDir, "127.0.0.1:0")
	addr, key := core.server.LeafAddr(), newTestKey(t)
	if err := core.enrolments.Enrol(testContext(t), "g1", key.public); err != nil {
		t.Fatal(err)
	}
	core.away(t)
	g := startBuffering(t, dir, addr, core.fingerprint, key, ForwarderConfig{})
	doc := []byte(`{"version":1}`)
	if err := g.buffer.StoreMeta(testContext(t), "line", "press", doc); err != nil {
		t.Fatal(err)
	}
	g.publish(3000, 500)
	g.settle()
	g.stop()
	shutdown(t, g.server)
	sent := g.sent
	g = startBuffering(t, dir, addr, core.fingerprint, key, ForwarderConfig{})
	g.sent = sent
	if last, err := g.buffer.LastMeta(testContext(t), "line", "press"); err != nil || !bytes.Equal(last, doc) {
		t.Fatalf("metadata after a restart: %q, %v", last, err)
	}
	g.publish(2000, 500)
	core.back()
	if missing := core.audit(t, g.sent); missing > 0 {
		t.Errorf("%d frames are missing", missing)
	}
	docs, err := core.conn.MetaVersions(testContext(t), "g1", "line", "press")
	if err != nil || len(docs) != 1 || !bytes.Equal(docs[0].Data, doc) {
		t.Errorf("metadata at the core: %+v, %v", docs, err)
	}
	until(t, "the buffer is empty", 15*time.Second, func() bool {
		st, err := g.buffer.State(testContext(t))
		return err == nil && st.Frames == 0
	})
	if st := g.forwarder.Stats(); !st.Connected || st.Dropped != 0 || st.Frames != g.sent+1 {
		t.Errorf("forwarder: %+v", st)
	}
}

// TestForwarderOverCuts cuts the link, restarts the core's server, and stops the core altogether, while frames keep coming.
func TestForwarderOverCuts(t *testing.T) {
	coreDir := t.TempDir()
	core := startCore(t, coreDir, "127.0.0.1:0")
	addr, key := core.server.LeafAddr(), newTestKey(t)
	if err := core.enrolments.Enrol(testContext(t), "g1", key.public); err != nil {
		t.Fatal(err)
	}
	g := startBuffering(t, t.TempDir(), addr, core.fingerprint, key, ForwarderConfig{})
	publish := func() {
		for range 20 {
			g.publish(50, 2000)
			g.settle()
		}
	}
	publish()
	until(t, "the core takes frames", 10*time.Second, func() bool { return g.forwarder.Stats().Frames >= 1000 })
	for range 2 {
		core.away(t)
		publish()
		core.back()
		publish()
	}
	if err := core.server.Restart(); err != nil {
		t.Fatal(err)
	}
	publish()
	if missing := core.audit(t, g.sent); missing > 0 {
		t.Errorf("%d frames are missing", missing)
	}
	if st := core.receiver.Stats(); st.Entries < g.sent {
		t.Errorf("receiver: %+v", st)
	}
}

// TestBufferOverflow fills the buffer while the core is away: what is dropped is counted exactly, and the metadata is sent again.
func TestBufferOverflow(t *testing.T) {
	core := startCore(t, t.TempDir(), "127.0.0.1:0")
	key := newTestKey(t)
	if err := core.enrolments.Enrol(testContext(t), "g1", key.public); err != nil {
		t.Fatal(err)
	}
	var told atomic.Uint64
	begin := time.Now().Add(-time.Second)
	g := startBuffering(t, t.TempDir(), core.server.LeafAddr(), core.fingerprint, key, ForwarderConfig{OnDropped: func(frames uint64, before, behind time.Time) {
		told.Add(frames)
		if before.Before(begin) || !before.Before(behind) {
			t.Errorf("frames were dropped between %v and %v", before, behind)
		}
	}})
	g.publish(10, 100)
	until(t, "the core takes frames", 10*time.Second, func() bool { return g.forwarder.Stats().Frames == 10 })
	core.away(t)
	until(t, "the link is cut", 5*time.Second, func() bool { return !g.server.Linked() })
	doc := []byte(`{"version":1}`)
	if err := g.buffer.StoreMeta(testContext(t), "line", "press", doc); err != nil {
		t.Fatal(err)
	}
	const size = 64 << 10
	g.publish(2*MinBuffer/size, size)
	g.settle()
	core.back()
	missing := core.audit(t, g.sent)
	// The metadata is the first of what was dropped.
	if st := g.forwarder.Stats(); missing < MinBuffer/size || st.Dropped != missing+1 || st.LastDropped.IsZero() {
		t.Errorf("%d frames are missing; forwarder: %+v", missing, st)
	}
	if n := told.Load(); n != missing+1 {
		t.Errorf("%d frames are told as dropped, want %d", n, missing+1)
	}
	docs, err := core.conn.MetaVersions(testContext(t), "g1", "line", "press")
	if err != nil || len(docs) != 1 || !bytes.Equal(docs[0].Data, doc) {
		t.Errorf("metadata at the core: %+v, %v", docs, err)
	}
}

// TestForwarderMeetsHigherNumbers joins with a new folder a core that knows the gateway's frames: none is taken for a repeat.
func TestForwarderMeetsHigherNumbers(t *testing.T) {
	core := startCore(t, t.TempDir(), "127.0.0.1:0")
	key := newTestKey(t)
	if err := core.enrolments.Enrol(testContext(t), "g1", key.public); err != nil {
		t.Fatal(err)
	}
	for round := range 3 {
		g := startBuffering(t, t.TempDir(), core.server.LeafAddr(), core.fingerprint, key, ForwarderConfig{})
		g.sent = uint64(100 * round)
		g.publish(100, 100)
		until(t, "all frames are handed over", 10*time.Second, func() bool { return g.forwarder.Stats().Frames == 100 })
		g.stop()
		shutdown(t, g.server)
	}
	if missing := core.audit(t, 300); missing > 0 {
		t.Errorf("%d frames are missing", missing)
	}
}

// TestReceiverAfterRestart: a core that was started anew, and whose frames are purged, knows what it had of a gateway.
func TestReceiverAfterRestart(t *testing.T) {
	core := startCore(t, t.TempDir(), "127.0.0.1:0")
	ctx := testContext(t)
	upload := func(r *Receiver, numbers ...uint64) {
		t.Helper()
		body := beginUpload(nil, span{numbers[0] - 1, numbers[len(numbers)-1]}, false)
		for _, n := range numbers {
			body = appendUpload(body, &Frame{ContentType: ContentUADP, Group: "line", Writer: "press", Data: binary.BigEndian.AppendUint64(nil, n)}, n)
		}
		g := r.gateway(ctx, "g1")
		if _, err := g.frames(ctx, body); err != nil {
			t.Fatal(err)
		}
	}
	for round, numbers := range [][]uint64{{1, 2, 3}, {2, 3, 4}, {3, 4, 5, 6}} {
		r, err := NewReceiver(ctx, core.conn, core.conn, ReceiverConfig{Handle: answerGateway, MaxBytes: 16 << 20}, zerolog.Nop())
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(ctx)
		r.gateways["g1"] = &intake{receiver: r, ctx: ctx, id: "g1", slots: make(chan struct{}, 1)}
		upload(r, numbers...)
		cancel()
		r.running.Wait()
		r.remember(context.Background(), true)
		if repeated := r.Stats().Repeated; (round > 0) != (repeated > 0) {
			t.Errorf("round %d: %d repeats", round, repeated)
		}
		st, err := core.conn.StreamState(testContext(t), StreamData)
		if err != nil || core.conn.Purge(testContext(t), StreamData, st.Last) != nil {
			t.Fatal(err)
		}
		if want := []uint64{3, 4, 6}[round]; st.Last != want {
			t.Errorf("round %d: %d frames were ever stored, want %d", round, st.Last, want)
		}
	}
}

func TestForwarderRate(t *testing.T) {
	core := startCore(t, t.TempDir(), "127.0.0.1:0")
	key := newTestKey(t)
	if err := core.enrolments.Enrol(testContext(t), "g1", key.public); err != nil {
		t.Fatal(err)
	}
	g := startBuffering(t, t.TempDir(), core.server.LeafAddr(), core.fingerprint, key, ForwarderConfig{Rate: 4 << 20})
	g.publish(400, 10<<10)
	begin := time.Now()
	core.audit(t, g.sent)
	// The last upload is not waited for.
	if took := time.Since(begin); took < 600*time.Millisecond {
		t.Errorf("4 MiB at 4 MiB/s took %s", took)
	}
}

func TestUploadRoundTrip(t *testing.T) {
	in := []Frame{
		{Number: 3, ContentType: ContentUADP, Group: "g", Writer: "w", Data: []byte{1, 2, 3}},
		{Number: 900, ContentType: contentMeta, Group: "", Writer: "ü", Data: []byte{}},
	}
	body := beginUpload(nil, span{2, 2}, true)
	for i := range in {
		before := len(body)
		if body = appendUpload(body, &in[i], in[i].Number); len(body)-before > uploadSize(&in[i]) {
			t.Errorf("entry %d has %d bytes, at most %d were told", i, len(body)-before, uploadSize(&in[i]))
		}
	}
	endUpload(body, 1000)
	out, err := parseUpload(nil, body)
	if err != nil || fmt.Sprint(out.entries) != fmt.Sprint(in) || out.span != (span{2, 1000}) || !out.ahead {
		t.Errorf("%v, %v\nwant %v", out, err, in)
	}
	low, old := bytes.Clone(body), bytes.Clone(body)
	endUpload(low, 899)
	old[0] = 1
	for _, bad := range [][]byte{nil, {2}, old, low, body[:uploadHead-1], body[:len(body)-1], body[:uploadHead+5], append(bytes.Clone(body), body[uploadHead:]...)} {
		if _, err := parseUpload(nil, bad); !errors.Is(err, errUpload) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func FuzzParseUpload(f *testing.F) {
	body := appendUpload(beginUpload(nil, span{6, 8}, false), &Frame{ContentType: ContentUADP, Group: "g", Writer: "w", Data: []byte("data")}, 7)
	f.Add(body)
	f.Add(appendUpload(body, &Frame{ContentType: contentMeta, Group: "g", Writer: "w"}, 8))
	f.Fuzz(func(t *testing.T, body []byte) {
		u, err := parseUpload(nil, body)
		if err != nil {
			return
		}
		again := beginUpload(nil, u.span, u.ahead)
		for i := range u.entries {
			again = appendUpload(again, &u.entries[i], u.entries[i].Number)
		}
		back, err := parseUpload(nil, again)
		if err != nil || fmt.Sprint(back) != fmt.Sprint(u) {
			t.Fatalf("%v, %v\nwant %v", back, err, u)
		}
	})
}

// BenchmarkForwarder hands over a backlog of frames of 8 KiB, which the buffer holds before the clock runs.
func BenchmarkForwarder(b *testing.B) {
	core := startCore(b, b.TempDir(), "127.0.0.1:0")
	key := newTestKey(b)
	if err := core.enrolments.Enrol(testContext(b), "g1", key.public); err != nil {
		b.Fatal(err)
	}
	g := startBuffering(b, b.TempDir(), core.server.LeafAddr(), core.fingerprint, key, ForwarderConfig{})
	const frames, size = 5000, 8 << 10
	b.SetBytes(frames * size)
	for b.Loop() {
		b.StopTimer()
		core.away(b)
		until(b, "the link is cut", 10*time.Second, func() bool { return !g.server.Linked() })
		g.publish(frames, size)
		g.settle()
		core.back()
		until(b, "the core takes frames", 20*time.Second, func() bool { return g.forwarder.Stats().Connected })
		b.StartTimer()
		until(b, "all is handed over", time.Minute, func() bool { return g.forwarder.Stats().Frames >= g.sent })
	}
	b.ReportMetric(float64(g.sent)/b.Elapsed().Seconds(), "frames/s")
}
