package victoria

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/ingest"
	"github.com/shopfloor-iiot/shopfloor/ingest/storetest"
	"github.com/shopfloor-iiot/shopfloor/ingest/victoria/victoriatest"
)

// openProcess opens a store on a victoria-metrics process of its own, with the shortest Delay that there is.
func openProcess(t *testing.T, dir string) (ingest.Delayed, ingest.Reader, storetest.Server, func()) {
	p := victoriatest.Start(t, dir, "-inmemoryDataFlushInterval=1s", "-loggerLevel=WARN")
	r := openRemote(t, RemoteConfig{WriteURLs: []string{p.URL + "/api/v1/write"}, ReadURL: p.URL})
	return r, r, p, func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
		p.Stop()
	}
}

// openRemote opens a store that is closed with the test.
func openRemote(t testing.TB, cfg RemoteConfig) *Remote {
	t.Helper()
	r, err := OpenRemote(cfg, zerolog.New(zerolog.NewTestWriter(t)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

func TestRemoteConformance(t *testing.T) {
	t.Parallel()
	storetest.TestDelayed(t, openProcess)
}

// TestRemoteLosesNothing runs several servers, because most of its time is waiting. Each is killed at other moments.
func TestRemoteLosesNothing(t *testing.T) {
	t.Parallel()
	for i := range 3 {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			storetest.TestKills(t, openProcess)
		})
	}
}

// TestRemoteReadOnly lets a real server refuse rows because its disk is nearly full, and later take them.
func TestRemoteReadOnly(t *testing.T) {
	t.Parallel()
	p := victoriatest.Start(t, t.TempDir(), "-storage.minFreeDiskSpaceBytes=1000TB", "-loggerLevel=ERROR")
	r := openRemote(t, RemoteConfig{WriteURLs: []string{p.URL + "/api/v1/write"}, ReadURL: p.URL})
	now := time.Now().Add(-time.Minute).Truncate(time.Millisecond)
	rows := []ingest.Row{{Name: r.AppendName(nil, "v", nil), Time: now.UnixMilli(), Value: 1}}
	if err := r.Append(rows); err == nil || !strings.Contains(err.Error(), "read-only") {
		t.Fatalf("append to a server without space: %v", err)
	}
	p.SetFlags("-loggerLevel=ERROR")
	p.Restart()
	if err := r.Append(rows); err != nil {
		t.Fatal(err)
	}
	p.Flush()
	got, err := r.Samples(t.Context(), "v", nil, ingest.Range{From: now, To: now.Add(time.Second)})
	if err != nil || len(got) != 1 {
		t.Errorf("samples %v, error %v", got, err)
	}
}
