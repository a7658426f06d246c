package victoria

import (
	"fmt"
	"testing"

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
