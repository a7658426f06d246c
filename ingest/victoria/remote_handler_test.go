package victoria

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/shopfloor-iiot/shopfloor/ingest"
	"github.com/shopfloor-iiot/shopfloor/ingest/victoria/victoriatest"
)

func TestRemoteHandler(t *testing.T) {
	t.Parallel()
	p := victoriatest.Start(t, t.TempDir(), "-loggerLevel=ERROR")
	r := openRemote(t, RemoteConfig{WriteURLs: []string{p.URL + "/api/v1/write"}, ReadURL: p.URL + "/"})
	now := time.Now().Truncate(time.Second)
	name := r.AppendName(nil, "v", []ingest.Label{{Name: "n", Value: "a"}})
	if err := r.Append([]ingest.Row{{Name: name, Time: now.UnixMilli(), Value: 42}}); err != nil {
		t.Fatal(err)
	}
	p.Flush()
	server := httptest.NewServer(r.Handler())
	defer server.Close()
	form := url.Values{"query": {"v"}, "time": {now.Format(time.RFC3339)}, "latency_offset": {"1ms"}}
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		if status, text := fetch(t, method, server.URL+"/prometheus/api/v1/query", form); status != http.StatusOK || !strings.Contains(text, `"42"`) {
			t.Errorf("%s query: status %d\n%s", method, status, text)
		}
	}
	if status, text := fetch(t, http.MethodGet, server.URL+"/vmui/", nil); status != http.StatusOK || !strings.Contains(text, "<title>vmui</title>") {
		t.Errorf("vmui: status %d\n%.300s", status, text)
	}
	refusesWrites(t, server.URL)
	p.Flush()
	if got, err := r.Samples(t.Context(), "v", nil, ingest.Range{From: now, To: now.Add(time.Second)}); err != nil || len(got) != 1 {
		t.Errorf("samples %v, error %v after all requests", got, err)
	}
	p.Kill()
	if status, _ := fetch(t, http.MethodGet, server.URL+"/prometheus/api/v1/labels", nil); status != http.StatusBadGateway {
		t.Errorf("status %d of a dead remote", status)
	}
}

// TestRemoteHandlerPassesOn shows what the remote gets to see.
func TestRemoteHandlerPassesOn(t *testing.T) {
	var seen *http.Request
	remote := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { seen = r }))
	defer remote.Close()
	r := openRemote(t, RemoteConfig{
		WriteURLs: []string{remote.URL + "/insert/0/prometheus/api/v1/write"}, ReadURL: remote.URL + "/select/0/prometheus",
		HealthURLs: []string{remote.URL + "/metrics"}, Token: "hunter2",
	})
	for path, want := range map[string]string{
		"/prometheus/api/v1/labels?start=5":               "/select/0/prometheus/api/v1/labels?start=5",
		"/prometheus/api/v1/label/a%20b/values":           "/select/0/prometheus/api/v1/label/a%20b/values",
		"/prometheus/api/v1/label/..%2F..%2Fadmin/values": "/select/0/prometheus/api/v1/label/..%2F..%2Fadmin/values",
		"/vmui/": "/select/0/prometheus/vmui/",
	} {
		req := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, http.NoBody)
		req.Header.Set("Authorization", "Bearer of-the-user")
		req.Header.Set("Cookie", "session=of-the-user")
		answer := httptest.NewRecorder()
		seen = nil
		r.Handler().ServeHTTP(answer, req)
		if answer.Code != http.StatusOK || seen == nil {
			t.Errorf("%s: status %d", path, answer.Code)
			continue
		}
		if seen.RequestURI != want {
			t.Errorf("%s became %s, want %s", path, seen.RequestURI, want)
		}
		if seen.Header.Get("Authorization") != "Bearer hunter2" || seen.Header.Get("Cookie") != "" {
			t.Errorf("%s: headers %v", path, seen.Header)
		}
	}
}
