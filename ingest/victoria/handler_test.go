package victoria

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/shopfloor-iiot/shopfloor/ingest"
)

// serve returns the address of a server over a store with one sample of series v{n="a"} at now.
func serve(t *testing.T) (s *Store, base string, now time.Time) {
	t.Helper()
	s, now = openStore(t, t.TempDir()), time.Now().Truncate(time.Second)
	name := s.AppendName(nil, "v", []ingest.Label{{Name: "n", Value: "a"}})
	if err := s.Append([]ingest.Row{{Name: name, Time: now.UnixMilli(), Value: 42}}); err != nil {
		t.Fatal(err)
	}
	if err := s.Checkpoint(t.Context()); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s.Handler())
	t.Cleanup(server.Close)
	return s, server.URL, now
}

func fetch(t *testing.T, method, url string, form url.Values) (int, string) {
	t.Helper()
	var body io.Reader
	if method == http.MethodPost {
		body = strings.NewReader(form.Encode())
	} else if len(form) > 0 {
		url += "?" + form.Encode()
	}
	req, err := http.NewRequestWithContext(t.Context(), method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if origin := resp.Header.Get("Access-Control-Allow-Origin"); origin != "" {
		t.Errorf("%s lets the web origin %q read", url, origin)
	}
	return resp.StatusCode, string(text)
}

func TestQueryAPI(t *testing.T) {
	_, base, now := serve(t)
	at, window := fmt.Sprint(now.Unix()), fmt.Sprint(now.Unix()-60)
	tests := []struct {
		path string
		form url.Values
		want string
	}{
		{"query", url.Values{"query": {"v"}, "time": {at}}, `"42"`},
		{"query_range", url.Values{"query": {"sum(v) by (n)"}, "start": {window}, "end": {at}, "step": {"15"}}, `{"n":"a"}`},
		{"series", url.Values{"match[]": {"v"}, "start": {window}}, `{"__name__":"v","n":"a"}`},
		{"series/count", nil, `[1]`},
		{"labels", url.Values{"start": {window}}, `["__name__","n"]`},
		{"label/n/values", url.Values{"start": {window}}, `["a"]`},
		{"label/__name__/values", url.Values{"start": {window}}, `["v"]`},
		{"metadata", nil, `"status":"success"`},
		{"export", url.Values{"match[]": {"v"}}, `"values":[42]`},
		{"export/csv", url.Values{"match[]": {"v"}, "format": {"n,__value__"}}, "a,42"},
		{"rules", nil, `"groups":[]`},
		{"alerts", nil, `"alerts":[]`},
		{"query_exemplars", url.Values{"query": {"v"}}, `"data":[]`},
		{"status/buildinfo", nil, `"version"`},
		{"status/tsdb", nil, `"totalSeries":1`},
		{"status/active_queries", nil, `"data"`},
		{"status/top_queries", nil, `"topByCount"`},
		{"status/metric_names_stats", nil, `"metricName":"v"`},
	}
	for _, tt := range tests {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			t.Run(method+" "+tt.path, func(t *testing.T) {
				status, text := fetch(t, method, base+"/prometheus/api/v1/"+tt.path, tt.form)
				if status != http.StatusOK || !strings.Contains(text, tt.want) {
					t.Errorf("status %d, want %s in:\n%s", status, tt.want, text)
				}
			})
		}
	}
}

func TestUserInterface(t *testing.T) {
	_, base, _ := serve(t)
	for path, want := range map[string]string{
		"/vmui/": "<title>vmui</title>", "/vmui/config.json": `"vmalert"`, "/vmui/timezone": "timezone",
		"/prometheus/vmui/": "<title>vmui</title>", "/prometheus/federate?match[]=v": `v{n="a"} 42`,
		"/prometheus/prettify-query?query=sum(v)": "sum(v)",
	} {
		if status, text := fetch(t, http.MethodGet, base+path, nil); status != http.StatusOK || !strings.Contains(text, want) {
			t.Errorf("%s: status %d, want %s in:\n%.500s", path, status, want, text)
		}
	}
}

func TestNothingWritesOrDeletes(t *testing.T) {
	s, base, now := serve(t)
	refusesWrites(t, base)
	got, err := s.Samples(t.Context(), "v", nil, ingest.Range{From: now, To: now.Add(time.Second)})
	if err != nil || len(got) != 1 {
		t.Errorf("samples %v, error %v after all requests", got, err)
	}
	if names := s.storage.MustListSnapshots(); len(names) != 0 {
		t.Errorf("snapshots %v after all requests", names)
	}
}

// refusesWrites asks a handler for everything that it must not have.
func refusesWrites(t *testing.T, base string) {
	t.Helper()
	form := url.Values{"match[]": {"v"}, "query": {"v"}}
	paths := []string{
		"/api/v1/admin/tsdb/delete_series", "/api/v1/admin/tsdb/snapshot", "/api/v1/admin/status/metric_names_stats/reset",
		"/api/v1/write", "/api/v1/import", "/api/v1/import/prometheus", "/api/v1/import/csv", "/api/v1/import/native", "/write",
		"/snapshot/create", "/snapshot/list", "/snapshot/delete_all", "/internal/force_merge", "/internal/force_flush",
		"/internal/resetRollupResultCache", "/tags/delSeries", "/tags/tagSeries", "/render", "/metrics/find", "/functions",
		"/vmalert/", "/metric-relabel-debug", "/debug/pprof/", "/flags", "/metrics", "/-/reload", "/config",
	}
	prefixes := []string{"", "/prometheus", "/prometheus//prometheus", "/graphite", "/vmui/..", "/prometheus/vmui/../..", "/prometheus/api/v1/label/x/.."}
	for _, path := range paths {
		for _, prefix := range prefixes {
			for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodDelete, http.MethodPut} {
				if status, text := fetch(t, method, base+prefix+path, form); status != http.StatusNotFound && status != http.StatusMethodNotAllowed {
					t.Errorf("%s %s: status %d\n%.200s", method, prefix+path, status, text)
				}
			}
		}
	}
	for _, method := range []string{http.MethodDelete, http.MethodPut, http.MethodPatch} {
		if status, _ := fetch(t, method, base+"/prometheus/api/v1/series", form); status != http.StatusMethodNotAllowed {
			t.Errorf("%s series: status %d", method, status)
		}
	}
}

func TestBadQuery(t *testing.T) {
	_, base, _ := serve(t)
	status, text := fetch(t, http.MethodGet, base+"/prometheus/api/v1/query", url.Values{"query": {"sum("}})
	if status/100 != 4 || !strings.Contains(text, `"status":"error"`) {
		t.Errorf("status %d\n%s", status, text)
	}
	status, text = fetch(t, http.MethodGet, base+"/prometheus/api/v1/export", url.Values{"match[]": {`{__graphite__="v"}`}})
	if status/100 != 4 || !strings.Contains(text, "not supported") {
		t.Errorf("status %d\n%s", status, text)
	}
}

func TestHandlerAfterClose(t *testing.T) {
	s, base, _ := serve(t)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if status, _ := fetch(t, http.MethodGet, base+"/prometheus/api/v1/labels", nil); status != http.StatusServiceUnavailable {
		t.Errorf("status %d", status)
	}
}

func TestWriteMetrics(t *testing.T) {
	for range 2 { // again after VictoriaMetrics was closed and opened
		s, _, _ := serve(t)
		old := ingest.Row{Name: s.AppendName(nil, "v", nil), Time: time.Now().AddDate(-3, 0, 0).UnixMilli(), Value: 1}
		if err := s.Append([]ingest.Row{old}); err != nil {
			t.Fatal(err)
		}
		var text strings.Builder
		s.WriteMetrics(&text)
		for _, want := range []string{
			"vm_rows_received_by_storage_total 2\n", "vm_rows_added_to_storage_total 1\n", `vm_rows_ignored_total{reason="small_timestamp"} 1` + "\n",
			"vm_storage_is_read_only 0\n", `vm_rows{type="storage/small"} 1` + "\n", "vm_concurrent_select_capacity",
		} {
			if !strings.Contains(text.String(), want) {
				t.Errorf("no %q", want)
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		text.Reset()
		if s.WriteMetrics(&text); text.Len() != 0 {
			t.Error("metrics of a closed store")
		}
	}
}
