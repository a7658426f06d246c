package victoria

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/shopfloor-iiot/shopfloor/ingest"
)

func TestRemoteTriesAgain(t *testing.T) {
	for _, status := range []int{http.StatusServiceUnavailable, http.StatusTooManyRequests, http.StatusRequestTimeout, http.StatusBadGateway} {
		t.Run(http.StatusText(status), func(t *testing.T) {
			t.Parallel()
			f := newFake(t)
			f.Start()
			r := openRemote(t, f.config())
			var refused atomic.Int32
			f.set(func(f *fakeRemote) {
				f.write = func(w http.ResponseWriter, _ *http.Request) {
					if refused.Add(1) == 2 {
						f.set(func(f *fakeRemote) { f.write = nil })
					}
					http.Error(w, "busy", status)
				}
			})
			if err := r.Append(manyRemoteRows(r, 10, 10)); err != nil {
				t.Fatal(err)
			}
			if got := f.taken(); got != 10 {
				t.Errorf("%d samples were taken", got)
			}
			if got := r.counters.retries.Get(); got != 2 {
				t.Errorf("%d retries", got)
			}
			if got := r.Delay(); got != 2*defaultDelay {
				t.Errorf("delay of an overloaded remote is %s", got)
			}
		})
	}
}

func TestRemoteGivesUp(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	f.Start()
	r := openRemote(t, f.config())
	rows := manyRemoteRows(r, 10, 10)
	f.set(func(f *fakeRemote) {
		f.write = func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "the storage is in read-only mode\nand more", http.StatusServiceUnavailable)
		}
	})
	err := r.Append(rows)
	if err == nil || !strings.Contains(err.Error(), "503") || !strings.HasSuffix(err.Error(), "read-only mode") {
		t.Errorf("append: %v", err)
	}
	if got := f.requests["zstd"]; got != maxTries {
		t.Errorf("%d tries, want %d", got, maxTries)
	}
	f.set(func(f *fakeRemote) { f.write = nil })
	if err := r.Append(rows); err != nil {
		t.Errorf("append when it takes rows again: %v", err)
	}
}

func TestRemoteBadRequest(t *testing.T) {
	for status, want := range map[int]string{
		http.StatusBadRequest: "cannot parse this", http.StatusUnauthorized: "check username, password or token", http.StatusNotFound: "check the path",
		http.StatusMovedPermanently: "name the final URL",
	} {
		f := newFake(t)
		f.Start()
		r := openRemote(t, f.config())
		rows := manyRemoteRows(r, 10, 10)
		if err := r.Append(rows); err != nil { // so that it is known to take zstd
			t.Fatal(err)
		}
		f.set(func(f *fakeRemote) {
			f.write = func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Location", "http://example.invalid/")
				http.Error(w, "cannot parse this\nsecond line", status)
			}
		})
		err := r.Append(rows)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "second line") {
			t.Errorf("%d: %v", status, err)
		}
		if got := f.requests["zstd"] + f.requests["snappy"]; got != 2 {
			t.Errorf("%d: %d requests, want one of each Append", status, got)
		}
	}
}

func TestRemoteFallsBackToSnappy(t *testing.T) {
	for _, status := range []int{http.StatusBadRequest, http.StatusUnsupportedMediaType} {
		f := newFake(t)
		f.Start()
		r := openRemote(t, f.config())
		f.set(func(f *fakeRemote) {
			f.write = func(w http.ResponseWriter, req *http.Request) {
				if req.Header.Get("Content-Encoding") == "zstd" {
					http.Error(w, "what is this?", status)
					return
				}
				_, _ = io.Copy(io.Discard, req.Body)
			}
		})
		for range 3 {
			if err := r.Append(manyRemoteRows(r, 10, 10)); err != nil {
				t.Fatal(err)
			}
		}
		if f.requests["zstd"] != 1 || f.requests["snappy"] != 3 {
			t.Errorf("%d: requests %v, want zstd once", status, f.requests)
		}
	}
	// A request that is bad in itself does not make it give zstd up.
	f := newFake(t)
	f.Start()
	r := openRemote(t, f.config())
	bad := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "bad", http.StatusBadRequest) })
	f.set(func(f *fakeRemote) { f.write = bad })
	if err := r.Append(manyRemoteRows(r, 1, 1)); err == nil {
		t.Error("a bad request was taken")
	}
	f.set(func(f *fakeRemote) { f.write = nil; clear(f.requests) })
	if err := r.Append(manyRemoteRows(r, 1, 1)); err != nil || f.requests["zstd"] != 1 {
		t.Errorf("error %v, requests %v", err, f.requests)
	}
}

func TestRemoteRefusedConnection(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	f.Start()
	cfg := f.config()
	f.Close()
	r := openRemote(t, cfg)
	rows := manyRemoteRows(r, 1, 1)
	if err := r.Append(rows); err == nil || !strings.Contains(err.Error(), "refused") {
		t.Errorf("append: %v", err)
	}
	if err := r.Checkpoint(t.Context()); err == nil || errors.Is(err, ingest.ErrRowsLost) {
		t.Errorf("checkpoint: %v", err)
	}
}

// TestRemoteBackPressure: a server that takes nothing for a while holds Append up, and no more requests than connections are made.
func TestRemoteBackPressure(t *testing.T) {
	f := newFake(t)
	f.Start()
	cfg := f.config()
	cfg.Connections, cfg.MaxRows = 3, 100
	r := openRemote(t, cfg)
	rows := manyRemoteRows(r, 5000, 5000)
	var running, most atomic.Int32
	full, open := make(chan struct{}), make(chan struct{})
	f.set(func(f *fakeRemote) {
		f.write = func(w http.ResponseWriter, req *http.Request) {
			n := running.Add(1)
			defer running.Add(-1)
			for old := most.Load(); n > old && !most.CompareAndSwap(old, n); old = most.Load() {
			}
			if n == 3 {
				select {
				case <-full:
				default:
					close(full)
				}
			}
			<-open
			_, _ = io.Copy(io.Discard, req.Body)
			w.WriteHeader(http.StatusNoContent)
		}
	})
	var callers sync.WaitGroup
	done := make(chan error, 4)
	for range 4 {
		callers.Go(func() { done <- r.Append(rows) })
	}
	<-full
	select {
	case err := <-done:
		t.Errorf("append returned %v before the rows were taken", err)
	default:
	}
	if got := r.counters.inFlight.Load(); got != 3 {
		t.Errorf("%d requests under way", got)
	}
	close(open)
	callers.Wait()
	for range 4 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if got := most.Load(); got != 3 {
		t.Errorf("%d requests at a time, want 3", got)
	}
}

func TestRemoteTimeout(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	f.Start()
	cfg := f.config()
	cfg.Timeout, cfg.Delay = 100*time.Millisecond, time.Minute
	r := openRemote(t, cfg)
	if err := r.Checkpoint(t.Context()); err != nil { // so that the time is not spent on getting to know it
		t.Fatal(err)
	}
	rows := manyRemoteRows(r, 10, 10)
	f.set(func(f *fakeRemote) { f.write = hang })
	if err := r.Append(rows); err == nil || !strings.Contains(err.Error(), "deadline") {
		t.Errorf("append: %v", err)
	}
	if got := r.Delay(); got != 2*time.Minute {
		t.Errorf("delay of a remote that hangs is %s", got)
	}
	if err := r.Checkpoint(t.Context()); err == nil || errors.Is(err, ingest.ErrRowsLost) {
		t.Errorf("checkpoint after a write that hung: %v", err)
	}
}

// hang answers when the client has gone.
func hang(_ http.ResponseWriter, req *http.Request) {
	_, _ = io.Copy(io.Discard, req.Body) // else the end of the connection is not seen
	<-req.Context().Done()
}

func TestRemoteCloseAborts(t *testing.T) {
	f := newFake(t)
	f.Start()
	r := openRemote(t, f.config())
	rows := manyRemoteRows(r, 10, 10)
	writing := make(chan struct{})
	f.set(func(f *fakeRemote) {
		f.write = func(w http.ResponseWriter, req *http.Request) {
			close(writing)
			hang(w, req)
		}
	})
	done := make(chan error)
	go func() { done <- r.Append(rows) }()
	<-writing
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; !errors.Is(err, ErrClosed) {
		t.Errorf("append: %v", err)
	}
}

// TestRemoteEarlyAnswer: a server may answer before it has read a request, whose buffer must not be used again then.
func TestRemoteEarlyAnswer(t *testing.T) {
	f := newFake(t)
	f.Start()
	cfg := f.config()
	cfg.Compression = CompressionSnappy
	r := openRemote(t, cfg)
	rows := manyRemoteRows(r, 50_000, 50_000)
	for round := range 6 {
		f.set(func(f *fakeRemote) {
			f.write = nil
			if round%2 == 0 {
				f.write = func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusForbidden) }
			}
		})
		err := r.Append(rows)
		if refused := round%2 == 0; (err != nil) != refused {
			t.Errorf("round %d: %v", round, err)
		}
	}
	if got := f.taken(); got != len(rows) {
		t.Errorf("%d samples were taken, want %d", got, len(rows))
	}
}
