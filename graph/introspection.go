package graph

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
)

// The bounds of the answers that are kept of one schema. Tools ask for introspection with a few texts; in full it has over 10 MB where the
// schema has the types of all published companion specifications, and takes seconds to make.
const (
	maxSchemaAnswers         = 16
	maxIntrospectionBytes    = 64 << 20 // of all, compressed and not
	maxIntrospectionQuestion = 64 << 10
)

// schemaAnswers are the answers to introspection by one schema, as they go over HTTP. They are made once for each request body.
type schemaAnswers struct {
	mu      sync.Mutex
	entries map[string]*schemaAnswer
	order   []string // oldest first
	bytes   int
}

// schemaAnswer is one answer. Its lock is held while it is made.
type schemaAnswer struct {
	mu          sync.Mutex
	done        bool
	contentType string
	body, gzip  []byte
}

// entry finds the answer to a request, or makes a place for it.
func (c *schemaAnswers) entry(key string) *schemaAnswer {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.entries[key]; e != nil {
		return e
	}
	if c.entries == nil {
		c.entries = map[string]*schemaAnswer{}
	}
	if len(c.order) == maxSchemaAnswers {
		c.drop(c.order[0])
	}
	e := &schemaAnswer{}
	c.entries[key] = e
	c.order = append(c.order, key)
	return e
}

// drop forgets an answer; the lock is held.
func (c *schemaAnswers) drop(key string) {
	if e := c.entries[key]; e != nil && e.done {
		c.bytes -= len(e.body) + len(e.gzip)
	}
	delete(c.entries, key)
	c.order = slices.DeleteFunc(c.order, func(k string) bool { return k == key })
}

// keep makes e's answer one to serve from now on, or forgets the place of one that cannot be kept.
func (c *schemaAnswers) keep(key string, e *schemaAnswer, fits bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.entries[key] != e { // others took its place
		return
	}
	size := len(e.body) + len(e.gzip)
	if !fits || size > maxIntrospectionBytes {
		c.drop(key)
		return
	}
	for c.bytes+size > maxIntrospectionBytes {
		oldest := slices.IndexFunc(c.order, func(k string) bool { return c.entries[k].done })
		c.drop(c.order[oldest])
	}
	e.done = true
	c.bytes += size
}

// serve writes the answer.
func (e *schemaAnswer) serve(w http.ResponseWriter, r *http.Request) {
	h, body := w.Header(), e.body
	h.Set("Content-Type", e.contentType)
	h.Set("Vary", "Accept, Accept-Encoding")
	if acceptsGzip(r) && len(e.gzip) > 0 {
		h.Set("Content-Encoding", "gzip")
		body = e.gzip
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.Write(body) // an error says that the client is gone
}

func acceptsGzip(r *http.Request) bool {
	for _, part := range strings.Split(r.Header.Get("Accept-Encoding"), ",") {
		coding, quality, _ := strings.Cut(strings.TrimSpace(part), ";")
		if strings.EqualFold(strings.TrimSpace(coding), "gzip") {
			return !strings.HasPrefix(strings.ReplaceAll(quality, " ", ""), "q=0") || strings.Contains(quality, "0.")
		}
	}
	return false
}

// introspected is a transport that answers repeated introspection by bytes.
type introspected struct {
	graphql.Transport
	snapshots *snapshots
}

// introspectionRun is what the executor tells of an operation that asks for nothing but the schema.
type introspectionRun struct{ snapshot *snapshot }

type introspectionKey struct{}

// Do serves a request. One that cannot be introspection passes.
func (t introspected) Do(w http.ResponseWriter, r *http.Request, exec graphql.GraphExecutor) {
	if r.ContentLength <= 0 || r.ContentLength > maxIntrospectionQuestion {
		t.Transport.Do(w, r, exec)
		return
	}
	question, err := io.ReadAll(r.Body)
	r.Body = io.NopCloser(io.MultiReader(bytes.NewReader(question), r.Body)) // an error comes again
	if err != nil || !bytes.Contains(question, []byte("__schema")) && !bytes.Contains(question, []byte("__type(")) {
		t.Transport.Do(w, r, exec)
		return
	}
	now := t.snapshots.current.Load()
	key := r.Header.Get("Accept") + "\n" + string(question)
	e := now.answers.entry(key)
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.done {
		t.snapshots.introspected.Add(1)
		e.serve(w, r)
		return
	}
	run := &introspectionRun{}
	answer := &recorder{header: http.Header{}, status: http.StatusOK}
	t.Transport.Do(answer, r.WithContext(context.WithValue(r.Context(), introspectionKey{}, run)), exec)
	e.contentType, e.body = answer.header.Get("Content-Type"), answer.body.Bytes()
	fits := run.snapshot == now && answer.status == http.StatusOK && !bytes.HasPrefix(e.body, []byte(`{"errors"`))
	if fits {
		e.gzip = compressed(e.body)
	}
	now.answers.keep(key, e, fits)
	if e.done {
		e.serve(w, r)
		return
	}
	for name, values := range answer.header {
		w.Header()[name] = values
	}
	w.WriteHeader(answer.status)
	w.Write(e.body) // as in serve
}

func compressed(body []byte) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write(body) // a buffer takes everything
	z.Close()
	return b.Bytes()
}

// recorder keeps an answer.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header         { return r.header }
func (r *recorder) WriteHeader(status int)      { r.status = status }
func (r *recorder) Write(b []byte) (int, error) { return r.body.Write(b) }

// noteIntrospection tells the transport that an operation asks for nothing but the schema.
func noteIntrospection(ctx context.Context, op *graphql.OperationContext, now *snapshot) {
	run, ok := ctx.Value(introspectionKey{}).(*introspectionRun)
	if !ok || op.DisableIntrospection || op.Operation.Operation != ast.Query {
		return
	}
	for _, f := range graphql.CollectFields(op, op.Operation.SelectionSet, []string{"Query"}) {
		if f.Name != "__schema" && f.Name != "__type" && f.Name != "__typename" {
			return
		}
	}
	run.snapshot = now
}
