//go:build linux

package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

const smallDisk = 400 << 20

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

// ballast takes all room on the disk of a file but the given number of bytes.
func ballast(t *testing.T, file string, leave int64) {
	t.Helper()
	f, err := os.OpenFile(file, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for piece := make([]byte, 1<<20); ; {
		var s syscall.Statfs_t
		if err := syscall.Statfs(filepath.Dir(file), &s); err != nil {
			t.Fatal(err)
		}
		free := int64(s.Bavail) * int64(s.Bsize)
		if free <= leave {
			return
		}
		_, err := f.Write(piece[:min(int64(len(piece)), free-leave)])
		if errors.Is(err, syscall.ENOSPC) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestGatewayDiskFull: something else fills the disk of a gateway, with the core there and with the core away. It is told in time; without the core
// the oldest frames go, counted; when nothing is left, what comes waits. With room again all goes on by itself, and what was kept is stored once and
// in order.
func TestGatewayDiskFull(t *testing.T) {
	disk := mountSmallDisk(t)
	data := filepath.Join(disk, "edge")
	l := newLoadOn(t, data, 500, fmt.Sprintf("buffer: {maxBytes: %d}\n", 100<<20))
	other := filepath.Join(disk, "ballast")
	// A tenth of the disk is the reserve, and below two of them there is an alarm.
	ballast(t, other, smallDisk*3/20)
	waitFor(t, time.Minute, "the alarm is at the core", func() error {
		var got struct {
			Alarms []struct{ ID, Severity string }
		}
		err := l.core.Query(&got, `{ alarms { id severity } }`, nil)
		if err == nil && !strings.Contains(fmt.Sprint(got), "gateway.line1.disk WARNING") {
			err = fmt.Errorf("%+v", got)
		}
		return err
	})
	l.core.Kill()
	pause(5 * time.Second) // a backlog
	ballast(t, other, smallDisk/20)
	waitFor(t, 30*time.Second, "the disk is full", func() error {
		if m := l.metrics(); m[fmt.Sprintf("shopfloor_disk_level{dir=%q}", data)] != 2 {
			return errors.New("not by the metrics")
		}
		if text := l.healthz(); !strings.Contains(text, "reserve") {
			return errors.New(text)
		}
		return nil
	})
	const gone = `shopfloor_stream_purged_messages_total{stream="BUFFER"}`
	none := l.metrics()[gone]
	waitFor(t, 2*time.Minute, "the oldest frames go", func() error {
		if n := l.metrics()[gone] - none; n < 100 { // among them what the core had
			return fmt.Errorf("%v frames are gone", n)
		}
		return nil
	})
	ballast(t, other, 0) // nothing can be written
	waitFor(t, 30*time.Second, "frames wait", func() error {
		if m := l.metrics(); m["shopfloor_publisher_frames"] < 5 {
			return fmt.Errorf("%v frames wait", m["shopfloor_publisher_frames"])
		}
		return nil
	})
	if err := os.Remove(other); err != nil {
		t.Fatal(err)
	}
	before := l.metrics()["shopfloor_publisher_stored_total"]
	waitFor(t, time.Minute, "frames are stored again", func() error {
		if m := l.metrics(); m["shopfloor_publisher_stored_total"] <= before+20 {
			return fmt.Errorf("%v frames, restarts %v", m["shopfloor_publisher_stored_total"]-before, m["shopfloor_bus_dead_streams_seen_total"])
		}
		return nil
	})
	l.core.Start()
	l.current(2*time.Minute, 3*time.Second)
	dropped := l.metrics()["shopfloor_forwarder_dropped_frames_total"]
	gaps, missing := l.gaps()
	t.Logf("%v frames were dropped, %d values are missing in %d gaps", dropped, missing, gaps)
	if dropped == 0 || gaps != l.nodes {
		t.Errorf("%v frames were dropped, and %d variables have %d gaps, want one each", dropped, l.nodes, gaps)
	}
}

func (l *load) healthz() string {
	l.t.Helper()
	r, err := http.Get(l.edge.found[1])
	if err != nil {
		l.t.Fatal(err)
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		l.t.Fatal(err)
	}
	return string(b)
}

// gaps counts where values are missing. Those that come twice or out of order are errors.
func (l *load) gaps() (gaps, missing int) {
	l.t.Helper()
	all, err := l.core.Export(loadSeries)
	if err != nil || len(all) != l.nodes {
		l.t.Fatalf("%d series: %v", len(all), err)
	}
	for field, s := range all {
		for i := 1; i < len(s.Values); i++ {
			step := s.Values[i] - s.Values[i-1]
			if step < 1 || s.Timestamps[i] <= s.Timestamps[i-1] {
				l.t.Errorf("%s: %v at %d comes after %v at %d", field, s.Values[i], s.Timestamps[i], s.Values[i-1], s.Timestamps[i-1])
			}
			if step > 1 {
				gaps++
				missing += int(step) - 1
			}
		}
	}
	return gaps, missing
}
