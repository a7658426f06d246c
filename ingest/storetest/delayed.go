package storetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/shopfloor-iiot/shopfloor/ingest"
)

// Server is the process behind an ingest.Delayed. Its methods return when they have done their work, or fail the test.
type Server interface {
	// Kill ends the process as SIGKILL does.
	Kill()
	// Restart starts it again on the same data and address, and returns when it answers.
	Restart()
	// Flush makes all that was written visible to queries. It need not make it durable.
	Flush()
}

// OpenDelayed starts a server on the data in dir and opens a store on it. The function that it returns closes the store and stops the
// server cleanly.
type OpenDelayed func(t *testing.T, dir string) (ingest.Delayed, ingest.Reader, Server, func())

// TestDelayed runs the suite for a store whose rows become durable some time after Append. Most of it runs in parallel, on servers of
// their own.
func TestDelayed(t *testing.T, open OpenDelayed) {
	testCommon(t, func(t *testing.T, dir string) (*fixture, func()) {
		store, reader, server, closeStore := open(t, dir)
		return &fixture{Store: store, Reader: reader, now: startOfTests(), flush: server.Flush}, closeStore
	}, true)
	t.Run("a restart is told once", func(t *testing.T) {
		t.Parallel()
		testRestarts(t, open)
	})
	t.Run("no checkpoint while the server is down", func(t *testing.T) {
		t.Parallel()
		testDown(t, open)
	})
}

// answerTimeout is how long a Checkpoint may say that it does not know, after the server is back.
const answerTimeout = 20 * time.Second

func testRestarts(t *testing.T, open OpenDelayed) {
	store, reader, server, closeStore := open(t, t.TempDir())
	defer closeStore()
	f := &fixture{Store: store, Reader: reader, now: startOfTests(), flush: server.Flush}
	if d := store.Delay(); d <= 0 {
		t.Errorf("delay is %s", d)
	}
	f.write(t, f.row("v", "a", f.now, 1))
	for round := range int64(2) {
		server.Kill()
		server.Restart()
		if err := awaitAnswer(t, store); !errors.Is(err, ingest.ErrRowsLost) {
			t.Fatalf("round %d: checkpoint after a restart: %v, want ErrRowsLost", round, err)
		}
		if err := awaitAnswer(t, store); err != nil {
			t.Fatalf("round %d: second checkpoint after a restart: %v", round, err)
		}
		f.write(t, f.row("v", "a", f.now+round, 1))
	}
}

func testDown(t *testing.T, open OpenDelayed) {
	store, reader, server, closeStore := open(t, t.TempDir())
	defer closeStore()
	f := &fixture{Store: store, Reader: reader, now: startOfTests(), flush: server.Flush}
	row := []ingest.Row{f.row("v", "a", f.now, 1)}
	f.write(t, row...)
	server.Kill()
	for range 3 {
		if err := store.Checkpoint(testContext(t)); err == nil || errors.Is(err, ingest.ErrRowsLost) {
			t.Errorf("checkpoint of a dead server: %v, want another error", err)
		}
	}
	if err := store.Append(row); err == nil {
		t.Error("a dead server took rows")
	}
	server.Restart()
	if err := awaitAnswer(t, store); !errors.Is(err, ingest.ErrRowsLost) {
		t.Errorf("checkpoint after a restart: %v, want ErrRowsLost", err)
	}
	f.write(t, row...)
	sameSamples(t, f.raw(t, "v", "a"), []ingest.Sample{{Time: f.now, Value: 1}})
}

// awaitAnswer calls Checkpoint until it knows: nil or ErrRowsLost.
func awaitAnswer(t *testing.T, store ingest.Delayed) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), answerTimeout)
	defer cancel()
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for {
		err := store.Checkpoint(ctx)
		if err == nil || errors.Is(err, ingest.ErrRowsLost) {
			return err
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			t.Fatalf("no answer from Checkpoint within %s, at last: %v", answerTimeout, err)
		}
	}
}
