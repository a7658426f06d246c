//go:build linux

package main

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

const (
	smallDisk   = 768 << 20
	diskMinFree = 100 << 20 // store.minFreeDisk; frames are taken down to one and a half of it
	diskStreams = 128 << 20
)

// mountSmallDisk mounts a file system in memory, for root alone.
func mountSmallDisk(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprint("size=", smallDisk)); err != nil {
		t.Skipf("a small disk cannot be mounted here: %v: run this test as root in a container with CAP_SYS_ADMIN", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// ballast is a file that takes room from the platform.
type ballast struct {
	t    *testing.T
	file string
}

// fill takes all room but the given number of bytes.
func (b ballast) fill(free int64) {
	b.t.Helper()
	f, err := os.OpenFile(b.file, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		b.t.Fatal(err)
	}
	defer f.Close()
	for piece := make([]byte, 1<<20); b.free() > free; {
		_, err := f.Write(piece[:min(int64(len(piece)), b.free()-free)])
		if errors.Is(err, syscall.ENOSPC) {
			return
		}
		if err != nil {
			b.t.Fatal(err)
		}
	}
}

func (b ballast) drop() {
	b.t.Helper()
	if err := os.Remove(b.file); err != nil {
		b.t.Fatal(err)
	}
}

func (b ballast) free() int64 {
	b.t.Helper()
	var s syscall.Statfs_t
	if err := syscall.Statfs(filepath.Dir(b.file), &s); err != nil {
		b.t.Fatal(err)
	}
	return int64(s.Bavail) * s.Bsize
}

// TestDiskFull: something else fills the disk. Before the database has no room left, readiness says why, and no frames are taken any more;
// with room again all goes on by itself. When the reserve is eaten up as well, and the database ends the process, nothing is lost either.
func TestDiskFull(t *testing.T) {
	dir := mountSmallDisk(t)
	config := filepath.Join(t.TempDir(), "shopfloor.yaml")
	text := fmt.Sprintf("store: {minFreeDisk: %d}\nstream: {maxBytes: %d}\n", diskMinFree, diskStreams)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	busURL, password, args := busArgs(t)
	p := startProcess(t, append(args, "--data", filepath.Join(dir, "data"), "--config", config)...)
	load := startLoad(t, busURL, password, 10_000)
	other := ballast{t, filepath.Join(dir, "ballast")}
	for _, level := range []struct {
		name string
		free int64
		dies bool // the database may have to end the process
	}{
		{"below what ingest leaves free", diskMinFree * 5 / 4, false},
		{"below what the database leaves free", diskMinFree / 2, false},
		{"full", 0, true},
	} {
		if level.free == diskMinFree/2 && long(true, false) {
			continue
		}
		fillDisk(t, p, load, other, level.free, level.dies)
		t.Logf("%s: went on", level.name)
	}
	load.Stop()
	drained(p, load)
	auditLoad(p, load)
}

// fillDisk leaves some bytes free for a while, and expects that nothing is taken then, and all goes on after it.
func fillDisk(t *testing.T, p *process, load *outsideLoad, other ballast, free int64, dies bool) {
	t.Helper()
	taken := func() int { return p.metric("shopfloor_ingest_frames_total") }
	before := taken()
	p.waitFor(20*time.Second, "frames are taken", func() error {
		if n := taken(); n <= before {
			return fmt.Errorf("%d frames", n)
		}
		return nil
	})
	other.fill(free)
	began := time.Now()
	p.waitFor(20*time.Second, "the alarm", func() error {
		code, body := p.Get("/readyz")
		if dies && p.isOver() {
			return nil
		}
		if code != http.StatusServiceUnavailable || !strings.Contains(body, "disk") {
			return fmt.Errorf("/readyz: %d %s", code, body)
		}
		t.Logf("alarm after %s: %s", time.Since(began).Round(time.Millisecond), strings.TrimSpace(body))
		return nil
	})
	if !dies {
		stopped := taken()
		<-time.After(long(2*time.Second, 30*time.Second)) // in which much would be written
		if n := taken(); n != stopped {
			t.Errorf("%d frames were taken while the disk was full", n-stopped)
		}
		// The bus may still write what it has been sent, and the database what it has in memory.
		if left := other.free(); left < free/2 {
			t.Errorf("%d of %d bytes are left on the disk", left, free)
		}
	} else {
		<-time.After(long(2*time.Second, 30*time.Second))
	}
	other.drop()
	if p.isOver() {
		t.Logf("the process ended with %v", p.cmd.ProcessState)
		if !dies {
			t.Fatal("the process ended although there was room")
		}
		p.Restart() // as its supervisor does
	}
	began = time.Now()
	p.waitFor(time.Minute, "the platform is ready again", func() error {
		if code, body := p.Get("/readyz"); code != http.StatusOK {
			return fmt.Errorf("/readyz: %d %s", code, body)
		}
		return nil
	})
	stored := load.stored.Load()
	p.waitFor(time.Minute, "frames are acknowledged again", func() error {
		if load.stored.Load() == stored {
			return fmt.Errorf("%d frames: %+v", stored, load.publisher.Stats())
		}
		return nil
	})
	t.Logf("goes on %s after there was room", time.Since(began).Round(time.Millisecond))
}

// isOver tells whether the process has ended.
func (p *process) isOver() bool {
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}
