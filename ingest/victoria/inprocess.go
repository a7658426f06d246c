package victoria

import (
	"bytes"
	"io"
	"net/http"
)

// inProcess is an http.RoundTripper that calls a handler of the same process. The answer is complete before RoundTrip
// returns, so a request must bound what it asks for.
type inProcess struct{ handler http.Handler }

// RoundTrip serves one request.
func (t inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	server := r.Clone(r.Context()) // the handler parses the form into its request; ours must stay as it is
	server.RequestURI = r.URL.RequestURI()
	server.RemoteAddr = "embedded"
	if server.Body == nil {
		server.Body = http.NoBody
	}
	defer server.Body.Close()

	w := answer{header: make(http.Header)}
	t.handler.ServeHTTP(&w, server)
	w.WriteHeader(http.StatusOK)
	return &http.Response{
		StatusCode: w.status, Status: http.StatusText(w.status),
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: w.header, Request: r,
		Body: io.NopCloser(&w.body), ContentLength: int64(w.body.Len()),
	}, nil
}

// answer is the http.ResponseWriter of inProcess.
type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

// Header returns the header to be sent.
func (a *answer) Header() http.Header { return a.header }

// WriteHeader sets the status; the first call counts.
func (a *answer) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
}

// Write keeps p. It never fails.
func (a *answer) Write(p []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	return a.body.Write(p)
}
