//go:build unix

package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/shopfloor-iiot/shopfloor/ingest/bus"
)

// envLong is the environment variable that asks for the long form of the tests with faults.
const envLong = "SHOPFLOOR_LONG_TEST"

// long chooses between the two forms of a test.
func long[T any](short, long T) T {
	if os.Getenv(envLong) != "" {
		return long
	}
	return short
}

// TestKillsLoseNothing kills shopfloor with SIGKILL at random moments, while it starts too, while a gateway outside publishes. In the end
// each value that the gateway published is stored once: numbers in VictoriaMetrics, words and large integers in the history of GraphQL, and events among those.
func TestKillsLoseNothing(t *testing.T) {
	busURL, password, args := busArgs(t)
	p := startProcess(t, args...)
	load := startLoad(t, busURL, password, long(20_000, 60_000))
	rounds := long(5, 20)
	for range rounds {
		<-time.After(rand.N(2500 * time.Millisecond))
		p.Kill()
		if rand.N(4) == 0 {
			killEarly(t, p)
		}
		p.Restart()
	}
	<-time.After(rand.N(2 * time.Second))
	load.Stop()
	p.Kill() // all is acknowledged, and not all is in the store
	p.Restart()
	replay := drained(p, load)
	auditLoad(p, load)
	t.Logf("%d kills, %d frames, %d sent again; after the last kill %d were read again, and all was on disk %s after the start",
		rounds+1, load.stored.Load(), load.publisher.Stats().Resent, p.metric("shopfloor_ingest_frames_total"), replay.Round(time.Millisecond))
	if code := p.Stop(); code != exitOK {
		t.Errorf("exit code %d after SIGTERM, want %d", code, exitOK)
	}
}

// killEarly starts shopfloor and kills it before it is ready, or a little later.
func killEarly(t *testing.T, p *process) {
	t.Helper()
	cmd := exec.Command(binary, p.args...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	<-time.After(rand.N(700 * time.Millisecond))
	_ = cmd.Process.Kill()
	_ = cmd.Wait() // it says that it was killed
}

// drained waits until all frames are in a checkpoint and says how long that took.
func drained(p *process, load *outsideLoad) time.Duration {
	p.t.Helper()
	began := time.Now()
	p.waitFor(2*time.Minute, "all frames are stored", func() error {
		st, err := load.conn.StreamState(p.t.Context(), bus.StreamData)
		if err != nil {
			return err
		}
		if at := p.metric("shopfloor_ingest_checkpoint_sequence"); at != int(st.Last) {
			return fmt.Errorf("checkpoint at %d of %d", at, st.Last)
		}
		return nil
	})
	for _, name := range []string{"shopfloor_ingest_dead_frames_total", "shopfloor_ingest_screened_total", "shopfloor_ingest_missing_frames_total"} {
		if n := p.metric(name); n != 0 {
			p.t.Errorf("%s is %d", name, n)
		}
	}
	return time.Since(began)
}

// metric is the value of one line of /metrics, -1 without it.
func (p *process) metric(line string) (n int) {
	p.t.Helper()
	_, page := p.Get("/metrics")
	_, rest, found := strings.Cut("\n"+page, "\n"+line+" ")
	if !found {
		return -1
	}
	if _, err := fmt.Sscan(rest, &n); err != nil {
		p.t.Fatal(err)
	}
	return n
}

// auditLoad wants each value once. It polls because new rows can be searched only a moment after they were written; one that is lost or
// doubled does not go away by that.
func auditLoad(p *process, load *outsideLoad) {
	p.t.Helper()
	for what, audit := range map[string]func(*process) (findings, error){"numbers": load.auditNumbers, "texts": load.auditTexts, "events": load.auditEvents} {
		var found findings
		p.waitFor(20*time.Second, "each value of the "+what+" is there once", func() (err error) {
			if found, err = audit(p); err == nil && found.bad() {
				err = errors.New(found.String())
			}
			return err
		})
		p.t.Logf("%s: %s", what, found)
	}
}
