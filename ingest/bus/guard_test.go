package bus

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rs/zerolog"
)

// smallDisk mounts a file system of a size in memory, or skips the test.
func smallDisk(t *testing.T, size string) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+size); err != nil {
		t.Skipf("this test needs a small disk, and may not mount one (%v): run it as root", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Errorf("unmount %s: %v", dir, err)
		}
	})
	return dir
}

// ballast fills a disk until free bytes are left, or all of it.
func ballast(t *testing.T, dir string, left int64) (remove func()) {
	t.Helper()
	name := filepath.Join(dir, "ballast")
	f, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for chunk := make([]byte, 1<<20); ; {
		free, _, err := disk(dir)
		if err != nil {
			t.Fatal(err)
		}
		if free <= left {
			break
		}
		_, err = f.Write(chunk[:min(int64(len(chunk)), free-left)])
		if errors.Is(err, syscall.ENOSPC) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return func() {
		if err := os.Remove(name); err != nil {
			t.Error(err)
		}
	}
}

// guardedStore is what the streams of startGuarded may take: nearly all of a disk of 96 MB.
const guardedStore = 90 << 20

// startGuarded starts a server whose streams may take more than its disk has.
func startGuarded(t *testing.T, dir string, reserve int64) (*Server, *Guard) {
	t.Helper()
	s, err := Start(Config{Dir: filepath.Join(dir, "bus"), MaxStore: guardedStore}, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { shutdown(t, s) })
	if err := EnsureStreams(testContext(t), connectTo(t, s), StreamsConfig{MaxBytes: guardedStore}); err != nil {
		t.Fatal(err)
	}
	g, err := s.NewGuard(GuardConfig{Reserve: reserve, Interval: 5 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	start(t, g.Run)
	return s, g
}

// Frames that would fill the disk are held back before it is full, and go on when it is not.
func TestGuardHolds(t *testing.T) {
	dir := smallDisk(t, "96m")
	const reserve = 24 << 20
	s, g := startGuarded(t, dir, reserve)
	remove := ballast(t, dir, 40<<20)
	l := startLoad(t, s, 8000)
	eventually(t, "full", func() bool { return g.Stats().Level == DiskFull })
	var full *DiskFullError
	if err := g.Err(); !errors.As(err, &full) || full.Reserve != reserve {
		t.Fatalf("error %v, want a DiskFullError", err)
	}
	c := connectTo(t, s)
	ctx := testContext(t)
	bounds := func() int64 {
		st, err := c.StreamState(ctx, StreamData)
		if err != nil {
			t.Fatal(err)
		}
		return st.MaxBytes
	}
	eventually(t, "held", func() bool { return bounds() < guardedStore/2 && l.stored.Load() < l.sent.Load() })
	before := l.stored.Load()
	eventually(t, "refused", func() bool { return l.publisher.Stats().Full > 3 })
	free, _, err := disk(dir)
	if err != nil || free < reserve/2 {
		t.Fatalf("%d bytes free, %v", free, err)
	}
	remove()
	eventually(t, "goes on", func() bool { return l.stored.Load() > before+200 && g.Err() == nil })
	if got := bounds(); got != guardedStore/100*dataShare {
		t.Fatalf("bound %d after the disk was freed", got)
	}
	l.audit()
	if st := g.Stats(); st.Full != 1 || st.Low == 0 || st.DeadSeen != 0 || s.Stats().Restarts != 0 {
		t.Fatalf("%+v, %+v", st, s.Stats())
	}
}

// When something else takes the last byte, streams die. All goes on by itself when there is room again.
func TestGuardRevives(t *testing.T) {
	dir := smallDisk(t, "96m")
	s, g := startGuarded(t, dir, 8<<20)
	l := startLoad(t, s, 2000)
	l.goesOn("at the begin")
	remove := ballast(t, dir, 0)
	eventually(t, "dead", func() bool { st := g.Stats(); return st.Level == DiskFull && len(st.Dead) > 0 })
	if g.Err() == nil || s.Stats().Restarts != 0 {
		t.Fatalf("%v, %+v: no restart may be tried on a full disk", g.Err(), s.Stats())
	}
	begin := time.Now()
	remove()
	eventually(t, "alive", func() bool { return g.Err() == nil && s.Stats().Restarts > 0 })
	l.goesOn("after the disk was freed")
	t.Logf("all went on %s after the disk was freed: %+v", time.Since(begin), g.Stats())
	l.audit()
	if st := g.Stats(); st.DeadSeen == 0 || s.Stats().ServerErrors == 0 {
		t.Fatalf("%+v, %+v", st, s.Stats())
	}
}

// Streams that were held when a process ended are let go by the next one, also those that nobody makes anew.
func TestGuardForgetsNoBound(t *testing.T) {
	s, c := newBus(t)
	ctx := testContext(t)
	if err := c.changeStreams(ctx, holdStream); err != nil {
		t.Fatal(err)
	}
	bound := func() int64 {
		st, err := c.StreamState(ctx, StreamDead)
		if err != nil {
			t.Fatal(err)
		}
		return st.MaxBytes
	}
	if got := bound(); got != brakeRoom {
		t.Fatalf("bound %d while held", got)
	}
	if err := c.changeStreams(ctx, holdStream); err != nil { // does nothing
		t.Fatal(err)
	}
	g, err := s.NewGuard(GuardConfig{Reserve: 1, Low: 2, Interval: 5 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	start(t, g.Run)
	eventually(t, "bound is back", func() bool { return bound() == 1<<30/100*deadShare })
}

func TestGuardConfig(t *testing.T) {
	s := startServer(t, Config{})
	f := func(cfg GuardConfig, want string) {
		t.Helper()
		if _, err := s.NewGuard(cfg); err == nil || !strings.Contains(err.Error(), want) {
			t.Fatalf("%+v: %v, want %q", cfg, err, want)
		}
	}
	f(GuardConfig{Reserve: -1}, "reserve -1")
	f(GuardConfig{Reserve: 1 << 60}, "use less than the disk has")
	f(GuardConfig{Reserve: 100, Low: 100}, "low 100")
	f(GuardConfig{Interval: -1}, "interval")
	f(GuardConfig{Dir: "/does/not/exist"}, "/does/not/exist")
	g, err := s.NewGuard(GuardConfig{Reserve: 1})
	if err != nil {
		t.Fatal(err)
	}
	if st := g.Stats(); g.Err() != nil || st.Free <= 0 || st.Size < st.Free {
		t.Fatalf("%v, %+v", g.Err(), st)
	}
}
