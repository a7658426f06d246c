package bus

import (
	"sync/atomic"
	"testing"
	"time"
)

// TestForwarderKeepsForOthers: frames that the core has stay in the buffer for as long as others need them, hold nothing up, are not handed over once
// more, and go when nobody needs them.
func TestForwarderKeepsForOthers(t *testing.T) {
	core := startCore(t, t.TempDir(), "127.0.0.1:0")
	key := newTestKey(t)
	if err := core.enrolments.Enrol(testContext(t), "g1", key.public); err != nil {
		t.Fatal(err)
	}
	var floor atomic.Uint64
	floor.Store(10)
	dir := t.TempDir()
	cfg := ForwarderConfig{Keep: func() (uint64, bool) { return floor.Load(), true }}
	g := startBuffering(t, dir, core.server.LeafAddr(), core.fingerprint, key, cfg)
	first := func() uint64 {
		st, err := g.conn.StreamState(testContext(t), StreamBuffer)
		if err != nil {
			t.Fatal(err)
		}
		return st.First
	}
	g.publish(100, 1000)
	until(t, "the others' part stays", 30*time.Second, func() bool { return first() == 11 })
	core.away(t)
	until(t, "the link is cut", 10*time.Second, func() bool { return !g.server.Linked() })
	g.publish(50, 1000)
	g.settle()
	core.back()
	until(t, "the core has all", 30*time.Second, func() bool { return g.forwarder.Stats().Frames == 150 })
	if missing := core.audit(t, 150); missing > 0 {
		t.Errorf("%d frames are missing at the core", missing)
	}
	if n := first(); n != 11 {
		t.Errorf("the buffer begins with frame %d, others need those from 11 on", n)
	}
	floor.Store(120)
	until(t, "what nobody needs is gone", 30*time.Second, func() bool { return first() == 121 })
	if st := g.forwarder.Stats(); st.Frames != 150 || st.Dropped != 0 {
		t.Errorf("forwarder: %+v", st)
	}
}

func TestBufferMetaVersions(t *testing.T) {
	core := startCore(t, t.TempDir(), "127.0.0.1:0")
	key := newTestKey(t)
	if err := core.enrolments.Enrol(testContext(t), "g1", key.public); err != nil {
		t.Fatal(err)
	}
	g := startBuffering(t, t.TempDir(), core.server.LeafAddr(), core.fingerprint, key, ForwarderConfig{})
	for _, w := range []string{"press", "saw"} {
		for _, doc := range []string{`{"n":1}`, `{"n":2}`, `{"n":2}`, `{"n":3}`} {
			if err := g.buffer.StoreMeta(testContext(t), "line", w, []byte(w+doc)); err != nil {
				t.Fatal(err)
			}
		}
	}
	docs, err := g.buffer.MetaVersions(testContext(t), "line", "press")
	if err != nil || len(docs) != 3 || string(docs[0]) != `press{"n":1}` || string(docs[2]) != `press{"n":3}` {
		t.Errorf("versions %q, %v", docs, err)
	}
	if docs, err := g.buffer.MetaVersions(testContext(t), "line", "none"); err != nil || docs != nil {
		t.Errorf("a writer without metadata: %q, %v", docs, err)
	}
}
