package victoria

import (
	"net/http"

	"github.com/VictoriaMetrics/VictoriaMetrics/app/vmselect"
)

// queryPaths are the routes of app/vmselect that only read, as patterns of http.ServeMux below /prometheus. Whatever is
// not named here does not exist: import, deletion, snapshots, cache resets, Graphite, proxying to vmalert.
var queryPaths = []string{
	"/api/v1/query",
	"/api/v1/query_range",
	"/api/v1/query_exemplars",
	"/api/v1/series",
	"/api/v1/series/count",
	"/api/v1/labels",
	"/api/v1/label/{name}/values",
	"/api/v1/metadata",
	"/api/v1/export",
	"/api/v1/export/csv",
	"/api/v1/export/native",
	"/api/v1/rules",
	"/api/v1/alerts",
	"/api/v1/status/buildinfo",
	"/api/v1/status/tsdb",
	"/api/v1/status/active_queries",
	"/api/v1/status/top_queries",
	"/api/v1/status/metric_names_stats",
	"/federate",
	"/expand-with-exprs",
	"/prettify-query",
	"/vmui/",
	"/graph/",
}

// Handler serves the Prometheus query API below /prometheus/api/v1/ (GET, and POST with a form, as Grafana does) and
// VMUI below /vmui/. Nothing in it writes, deletes or resets. It does not authenticate: that is the caller's part.
// After Close it answers 503.
func (s *Store) Handler() http.Handler { return s.handler }

// whileOpen keeps the store open during a request.
func (s *Store) whileOpen(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.RLock()
		defer s.mu.RUnlock()
		if s.closed {
			http.Error(w, ErrClosed.Error(), http.StatusServiceUnavailable)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// queryMux passes the requests that only read on to next.
func queryMux(next http.Handler) http.Handler {
	mux := http.NewServeMux()
	route := func(path string) {
		for _, method := range []string{http.MethodGet, http.MethodPost} { // GET includes HEAD
			mux.Handle(method+" "+path, next)
		}
	}
	for _, path := range queryPaths {
		route("/prometheus" + path)
	}
	route("/vmui/")
	return mux
}

func serveQuery(w http.ResponseWriter, r *http.Request) {
	if !vmselect.RequestHandler(w, r) {
		http.NotFound(w, r)
	}
}
