package victoria

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/shopfloor-iiot/shopfloor/ingest"
)

func TestCheckpointSeesRestarts(t *testing.T) {
	a, b := newFake(t), newFake(t)
	a.Start()
	b.Start()
	cfg := a.config()
	cfg.HealthURLs = []string{a.URL + "/metrics", b.URL + "/metrics"}
	r := openRemote(t, cfg)
	rows := manyRemoteRows(r, 1, 1)
	check := func(what string, lost, good bool) {
		t.Helper()
		err := r.Checkpoint(t.Context())
		if errors.Is(err, ingest.ErrRowsLost) != lost || (err == nil) != good {
			t.Errorf("%s: %v", what, err)
		}
	}
	check("before the first row", false, true)
	if err := r.Append(rows); err != nil {
		t.Fatal(err)
	}
	check("after it", false, true)
	b.set(func(f *fakeRemote) { f.start++ })
	check("one was restarted", true, false)
	check("again", false, true)
	a.set(func(f *fakeRemote) { f.start += 5; f.uptime = 0 })
	check("the other one was restarted just now", false, false)
	if err := r.Append(rows); err != nil {
		t.Errorf("append to one that was restarted: %v", err)
	}
	a.set(func(f *fakeRemote) { f.start += 5; f.uptime = 1 })
	check("and once more", true, false)
	check("again", false, true)
	b.set(func(f *fakeRemote) { f.start-- }) // its clock went back
	check("with an earlier start", true, false)
	check("again", false, true)
	if got := r.counters.restarts.Get(); got != 3 {
		t.Errorf("%d restarts were counted", got)
	}
}

func TestCheckpointNeedsHealth(t *testing.T) {
	tests := map[string]http.HandlerFunc{
		"status":       func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusForbidden) },
		"other page":   func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) },
		"empty":        func(http.ResponseWriter, *http.Request) {},
		"no number":    func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("process_start_time_seconds x\n")) },
		"cut short":    func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Length", "1000") },
		"long line":    func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 2*maxHealthLine)) },
		"broken flags": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(lineFlush + "x\"} 1\n")) },
	}
	for name, health := range tests {
		t.Run(name, func(t *testing.T) {
			f := newFake(t)
			f.Start()
			cfg := f.config()
			cfg.Delay = time.Hour
			r := openRemote(t, cfg)
			f.set(func(f *fakeRemote) { f.health = health })
			if err := r.Append(manyRemoteRows(r, 1, 1)); err == nil {
				t.Error("rows went to a remote that is not known")
			}
			f.set(func(f *fakeRemote) { f.health = nil })
			if err := r.Append(manyRemoteRows(r, 1, 1)); err != nil {
				t.Fatal(err)
			}
			f.set(func(f *fakeRemote) { f.health = health })
			if err := r.Checkpoint(t.Context()); err == nil || errors.Is(err, ingest.ErrRowsLost) {
				t.Errorf("checkpoint: %v", err)
			}
			f.set(func(f *fakeRemote) { f.health = nil })
			if err := r.Checkpoint(t.Context()); err == nil || !strings.Contains(err.Error(), "out of reach") {
				t.Errorf("checkpoint within Delay after it was out of reach: %v", err)
			}
		})
	}
}

func TestCheckpointAfterTrouble(t *testing.T) {
	f := newFake(t)
	f.Start()
	cfg := f.config()
	cfg.Delay = 200 * time.Millisecond
	r := openRemote(t, cfg)
	if err := r.Append(manyRemoteRows(r, 1, 1)); err != nil {
		t.Fatal(err)
	}
	f.set(func(f *fakeRemote) {
		f.health = func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusServiceUnavailable) }
	})
	down := time.Now()
	if err := r.Checkpoint(t.Context()); err == nil {
		t.Error("checkpoint without an answer")
	}
	f.set(func(f *fakeRemote) { f.health = nil })
	for deadline := down.Add(10 * time.Second); r.Checkpoint(t.Context()) != nil; {
		if time.Now().After(deadline) {
			t.Fatal("no checkpoint any more")
		}
	}
	if since := time.Since(down); since < cfg.Delay {
		t.Errorf("checkpoint %s after the remote was out of reach", since)
	}
	// Giving a question up says nothing about the remote.
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := r.Checkpoint(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("checkpoint: %v", err)
	}
	if err := r.Checkpoint(t.Context()); err != nil {
		t.Errorf("checkpoint after a cancelled one: %v", err)
	}
}

func TestDelay(t *testing.T) {
	f := func(flags string, fixed, want time.Duration) {
		t.Helper()
		server := newFake(t)
		server.flags = flags
		server.Start()
		cfg := server.config()
		cfg.Delay = fixed
		r := openRemote(t, cfg)
		if err := r.Append(manyRemoteRows(r, 1, 1)); err != nil {
			t.Fatal(err)
		}
		if got := r.Delay(); got != want {
			t.Errorf("delay with %q is %s, want %s", flags, got, want)
		}
	}
	flag := func(value string) string { return lineFlush + value + "\", is_set=\"true\"} 1\n" }
	f("", 0, 22*time.Second)
	f(flag("1s"), 0, 12*time.Second)
	f(flag("2s"), 0, 12*time.Second)
	f(flag("5s"), 0, 22*time.Second)
	f(flag("1m0s"), 0, 187*time.Second)
	f(flag("1s"), time.Minute, time.Minute)
}

func TestDelayWhileAWriteIsSlow(t *testing.T) {
	n := nodes{opened: time.Now().Add(-time.Hour)}
	n.base.Store(int64(defaultDelay))
	end := n.wrote()
	if got := n.delay(); got != defaultDelay {
		t.Errorf("delay is %s", got)
	}
	n.opened = n.opened.Add(-2 * slowWrite) // as if that much time had passed
	if got := n.delay(); got != 2*defaultDelay {
		t.Errorf("delay while a write takes long is %s", got)
	}
	end(true)
	n.opened = n.opened.Add(-2*defaultDelay + time.Second)
	if got := n.delay(); got != 2*defaultDelay {
		t.Errorf("delay soon after it is %s", got)
	}
	n.opened = n.opened.Add(-2 * time.Second)
	if got := n.delay(); got != defaultDelay {
		t.Errorf("delay long after it is %s", got)
	}
}

func FuzzHealth(f *testing.F) {
	f.Add("process_start_time_seconds 1700000000\nvm_app_uptime_seconds 5\n" + lineFlush + `5s", is_set="false"} 1` + "\n" + lineDedup + "1ms\"} 1\n")
	f.Add("process_start_time_seconds 1.7e9\n\nvm_app_uptime_seconds NaN\n" + lineFlush)
	f.Fuzz(func(t *testing.T, text string) {
		page, err := parseHealth(strings.NewReader(text))
		if err == nil && !strings.Contains(text, lineStart) {
			t.Errorf("%q became %+v", text, page)
		}
	})
}
