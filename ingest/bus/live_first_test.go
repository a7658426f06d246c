package bus

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"testing"
	"time"

	"github.com/rs/zerolog"
)

// lanes reads the core's stream until the frames that count to last are all there, and returns the counts in the order in which they were stored.
// One that comes twice is an error, and one of a lane that comes behind a later one of the same lane.
func (c *testCore) lanes(t testing.TB, last uint64) (order []uint64) {
	t.Helper()
	ctx := testContext(t)
	r, err := c.conn.Frames(ctx, StreamData, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	seen := map[uint64]bool{}
	newest := map[uint64]uint64{} // by lane
	for uint64(len(seen)) < last {
		frames, err := r.Next(ctx)
		if err != nil {
			t.Fatalf("after %d frames of %d: %v", len(seen), last, err)
		}
		for i := range frames {
			count := binary.BigEndian.Uint64(frames[i].Data)
			if lane := frames[i].Late; seen[count] || count <= newest[lane] {
				t.Fatalf("frame %d comes after %d of lane %d; twice: %v", count, newest[lane], lane, seen[count])
			} else {
				newest[lane] = count
			}
			seen[count] = true
			order = append(order, count)
		}
	}
	return order
}

// TestLiveFirst builds up a backlog, cuts the link again and again while it is handed over, restarts the gateway meanwhile, and wants each frame once,
// in order within each lane, and the new ones before the old ones.
func TestLiveFirst(t *testing.T) {
	core := startCore(t, t.TempDir(), "127.0.0.1:0")
	addr, key, dir := core.server.LeafAddr(), newTestKey(t), t.TempDir()
	if err := core.enrolments.Enrol(testContext(t), "g1", key.public); err != nil {
		t.Fatal(err)
	}
	// The rate lets the backlog take longer than the test.
	cfg := ForwarderConfig{LiveFirst: true, Rate: 400 << 10}
	g := startBuffering(t, dir, addr, core.fingerprint, key, cfg)
	g.publish(100, 100)
	until(t, "the core takes frames", 10*time.Second, func() bool { return g.forwarder.Stats().Frames >= g.sent })
	core.away(t)
	until(t, "the link is cut", 10*time.Second, func() bool { return !g.server.Linked() })
	g.publish(500, 20_000)
	g.settle()
	backlog := g.sent
	core.back()
	until(t, "there is a backlog", 20*time.Second, func() bool { return g.forwarder.Stats().Backlog })
	for cut := range 4 {
		// What is new arrives although the backlog does not.
		before := core.receiver.Stats().Entries
		g.publish(20, 100)
		until(t, "new frames are stored", 20*time.Second, func() bool { return core.receiver.Stats().Entries >= before+20 })
		if st := g.forwarder.Stats(); !st.Backlog || st.Last >= numberBlock+backlog {
			t.Fatalf("the backlog is gone already: %+v", st)
		}
		switch cut {
		case 1: // a restart of the gateway
			sent := g.sent
			g.settle()
			g.stop()
			shutdown(t, g.server)
			g = startBuffering(t, dir, addr, core.fingerprint, key, cfg)
			g.sent = sent
		case 2: // and one of the core's server
			if err := core.server.Restart(); err != nil {
				t.Fatal(err)
			}
		default:
			core.away(t)
			until(t, "the link is cut", 10*time.Second, func() bool { return !g.server.Linked() })
			if cut == 3 { // another backlog
				g.publish(200, 100)
				g.settle()
			}
			core.back()
		}
		until(t, "the backlog goes on", 20*time.Second, func() bool { return g.forwarder.Stats().Backlog })
	}
	g.publish(20, 100)
	g.settle()
	sent := g.sent
	g.stop()
	shutdown(t, g.server)
	g = startBuffering(t, dir, addr, core.fingerprint, key, ForwarderConfig{LiveFirst: true})
	g.sent = sent
	g.publish(20, 100)
	order := core.lanes(t, g.sent)
	until(t, "the buffer is empty", 20*time.Second, func() bool {
		st, err := g.buffer.State(testContext(t))
		return err == nil && st.Frames == 0
	})
	early := 0
	for i, count := range order {
		if count > uint64(i)+1 {
			early++
		}
	}
	if st := g.forwarder.Stats(); early < 80 || st.Backlog || st.Dropped != 0 {
		t.Errorf("%d frames came before older ones; forwarder: %+v", early, st)
	}
}

// TestLiveFirstMetadata: what goes ahead has the metadata that it needs although this is among what follows, and an old version that follows does
// not become the newest.
func TestLiveFirstMetadata(t *testing.T) {
	core := startCore(t, t.TempDir(), "127.0.0.1:0")
	key := newTestKey(t)
	if err := core.enrolments.Enrol(testContext(t), "g1", key.public); err != nil {
		t.Fatal(err)
	}
	core.away(t)
	g := startBuffering(t, t.TempDir(), core.server.LeafAddr(), core.fingerprint, key, ForwarderConfig{LiveFirst: true, Rate: 2 << 20})
	versions := []string{`{"version":1}`, `{"version":2}`, `{"version":3}`}
	for _, doc := range versions {
		if err := g.buffer.StoreMeta(testContext(t), "line", "press", []byte(doc)); err != nil {
			t.Fatal(err)
		}
		g.publish(100, 20_000)
	}
	g.settle()
	core.back()
	until(t, "there is a backlog", 20*time.Second, func() bool { return g.forwarder.Stats().Backlog })
	g.publish(1, 100)
	core.lanes(t, g.sent)
	docs, err := core.conn.MetaVersions(testContext(t), "g1", "line", "press")
	if err != nil || len(docs) != len(versions) || string(docs[len(docs)-1].Data) != versions[len(versions)-1] {
		t.Errorf("metadata at the core: %v, %v", docs, err)
	}
}

// TestReceiverAheadAfterRestart: a core that was started anew while frames went before a backlog does not take the backlog for stored, whatever the
// newest frame in its stream is.
func TestReceiverAheadAfterRestart(t *testing.T) {
	core := startCore(t, t.TempDir(), "127.0.0.1:0")
	ctx := testContext(t)
	body := func(covers span, ahead bool, numbers ...uint64) []byte {
		b := beginUpload(nil, covers, ahead)
		for _, n := range numbers {
			b = appendUpload(b, &Frame{ContentType: ContentUADP, Group: "line", Writer: "press", Data: []byte{byte(n)}}, n)
		}
		return b
	}
	uploads := [][]byte{body(span{0, 2}, false, 1, 2), body(span{8, 10}, true, 9, 10), body(span{2, 4}, false, 3, 4)}
	for restart := range len(uploads) + 1 {
		gateway := string(rune('a' + restart))
		receiver := func() (*intake, func()) {
			r, err := NewReceiver(ctx, core.conn, core.conn, ReceiverConfig{Handle: answerGateway, MaxBytes: 16 << 20}, zerolog.Nop())
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(ctx)
			g := &intake{receiver: r, ctx: ctx, id: gateway, slots: make(chan struct{}, 1)}
			r.gateways[gateway] = g
			return g, func() { cancel(); r.running.Wait() } // and nothing is noted: it is killed
		}
		g, kill := receiver()
		for _, u := range uploads[:restart] {
			if _, err := g.frames(ctx, u); err != nil {
				t.Fatal(err)
			}
		}
		kill()
		g, kill = receiver()
		answer, err := g.hello(ctx)
		var hello helloReply
		if err == nil {
			err = json.Unmarshal(answer, &hello)
		}
		if err != nil || hello.Last > 4 || restart == 1 && hello.Last != 2 {
			t.Errorf("after %d uploads: %+v, %v", restart, hello, err)
		}
		kill()
	}
	g := &intake{}
	for name, u := range map[string]upload{
		"a hole":                {span: span{5, 6}},
		"behind what is there":  {span: span{21, 22}},
		"ahead of what is here": {span: span{3, 6}, ahead: true},
	} {
		if _, _, err := g.wayOf(spans{{0, 4}, {8, 20}}, &u); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}
