package victoria

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/VictoriaMetrics/VictoriaMetrics/lib/encoding/zstd"
	"github.com/VictoriaMetrics/VictoriaMetrics/lib/prompb"
	"github.com/klauspost/compress/s2"
)

// fakeRemote is a server that takes remote write and shows when it was started, and fails as a test wants it to.
type fakeRemote struct {
	*httptest.Server

	mu sync.Mutex
	// write answers a write instead of the server when it is set, and returns false to let it go on. health is for /metrics.
	write, health http.HandlerFunc
	start         float64
	uptime        float64
	flags         string
	// samples counts what was taken by series and sample, requests what was asked with each encoding.
	samples  map[string]int
	requests map[string]int
	series   int // TimeSeries messages
	largest  int // rows in one request
	header   http.Header
}

func newFake(t testing.TB) *fakeRemote {
	f := &fakeRemote{start: 1_700_000_000, uptime: 100, samples: map[string]int{}, requests: map[string]int{}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/v1/write", f.serveWrite)
	mux.HandleFunc("GET /metrics", f.serveMetrics)
	f.Server = httptest.NewUnstartedServer(mux)
	t.Cleanup(f.Close)
	return f
}

func (f *fakeRemote) config() RemoteConfig {
	return RemoteConfig{WriteURLs: []string{f.URL + "/api/v1/write"}, ReadURL: f.URL}
}

// set changes the server under its lock.
func (f *fakeRemote) set(change func(*fakeRemote)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(f)
}

func (f *fakeRemote) serveMetrics(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	health, start, uptime, flags := f.health, f.start, f.uptime, f.flags
	f.header = r.Header
	f.mu.Unlock()
	if health != nil {
		health(w, r)
		return
	}
	fmt.Fprintf(w, "go_goroutines 5\nprocess_start_time_seconds %v\nvm_app_uptime_seconds %v\n%s", start, uptime, flags)
}

func (f *fakeRemote) serveWrite(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	write := f.write
	f.header = r.Header
	encoding := r.Header.Get("Content-Encoding")
	f.requests[encoding]++
	f.mu.Unlock()
	if write != nil {
		write(w, r)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err == nil && encoding == "zstd" {
		body, err = zstd.Decompress(nil, body)
	} else if err == nil {
		body, err = s2.Decode(nil, body)
	}
	if err == nil {
		err = f.take(body)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// take decodes a request as VictoriaMetrics does.
func (f *fakeRemote) take(body []byte) error {
	var u prompb.WriteRequestUnmarshaler
	request, err := u.UnmarshalProtobuf(body)
	if err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	rows := 0
	for _, series := range request.Timeseries {
		f.series++
		for _, sample := range series.Samples {
			rows++
			f.samples[fmt.Sprint(series.Labels, " ", sample.Timestamp, " ", sample.Value)]++
		}
	}
	f.largest = max(f.largest, rows)
	return nil
}

// taken returns how many different samples were taken.
func (f *fakeRemote) taken() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.samples)
}
