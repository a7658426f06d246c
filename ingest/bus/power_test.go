package bus

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestCoreWithoutPower: the core takes frames and loses its power before they are on its disk, which a copy of its folder from before stands for. The
// gateway, to which nothing new comes meanwhile, finds out and sends them again.
func TestCoreWithoutPower(t *testing.T) {
	dir, copied, edge := t.TempDir(), t.TempDir(), t.TempDir()
	key := newTestKey(t)
	var g *testGateway
	var addr string
	t.Run("before", func(before *testing.T) {
		core := startCore(before, dir, "127.0.0.1:0")
		addr = core.server.LeafAddr()
		if err := core.enrolments.Enrol(testContext(before), "g1", key.public); err != nil {
			before.Fatal(err)
		}
		g = startBuffering(t, edge, addr, core.fingerprint, key, ForwarderConfig{})
		g.publish(100, 500)
		until(before, "the core takes frames", 20*time.Second, func() bool { return g.forwarder.Stats().Frames == 100 })
		copyFolder(before, dir, copied)
		g.publish(50, 500)
		until(before, "the core takes frames", 20*time.Second, func() bool { return g.forwarder.Stats().Frames == 150 })
	})
	core := startCore(t, copied, addr)
	if st, err := core.conn.StreamState(testContext(t), StreamData); err != nil || st.Last < 100 || st.Last >= 150 {
		t.Fatalf("the core has %+v, %v after its power was gone", st, err)
	}
	if missing := core.audit(t, 150); missing > 0 {
		t.Errorf("%d frames are missing", missing)
	}
	until(t, "the buffer is empty", 30*time.Second, func() bool {
		st, err := g.buffer.State(testContext(t))
		return err == nil && st.Frames == 0
	})
}

// copyFolder copies what a folder has now. Files may grow meanwhile, as they may when the power goes.
func copyFolder(t *testing.T, from, to string) {
	t.Helper()
	err := filepath.WalkDir(from, func(path string, d os.DirEntry, err error) error {
		if os.IsNotExist(err) {
			return nil // a temporary file that is gone
		}
		if err != nil {
			return err
		}
		name, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		if d.IsDir() {
			return os.MkdirAll(filepath.Join(to, name), 0o700)
		}
		b, err := os.ReadFile(path)
		if os.IsNotExist(err) {
			return nil
		}
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, name), b, 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// BenchmarkBufferSync stores frames of 16 KiB in a gateway's buffer, synced in an interval and each one.
func BenchmarkBufferSync(b *testing.B) {
	for name, cfg := range map[string]Config{"interval 250ms": {SyncInterval: 250 * time.Millisecond}, "always": {SyncAlways: true}} {
		b.Run(name, func(b *testing.B) {
			c := connectTo(b, startServer(b, cfg))
			buffer, err := OpenBuffer(testContext(b), c, BufferConfig{Gateway: "g1", MaxBytes: MinBuffer, NumberFile: filepath.Join(b.TempDir(), "numbers.json")})
			if err != nil {
				b.Fatal(err)
			}
			start(b, buffer.Run)
			frame := make([]byte, 16<<10)
			b.SetBytes(int64(len(frame)))
			n := uint64(0)
			for b.Loop() {
				n++
				if err := buffer.PublishFrame(b.Context(), "line", "press", FrameHeader{ContentType: ContentUADP}, frame, func(error) {}); err != nil {
					b.Fatal(err)
				}
			}
			until(b, "all is stored", time.Minute, func() bool { return buffer.Publisher().Stats().Stored == n })
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "frames/s")
		})
	}
}
