package graph

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

const introspectionBody = `{"query": "{ __schema { types { name kind } } kind: __type(name: \"VariableNode\") { kind } }"}`

// ask sends a body and returns the answer, decompressed.
func ask(t *testing.T, h http.Handler, body string, headers ...string) (*httptest.ResponseRecorder, string) {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Header().Get("Content-Encoding") != "gzip" {
		return w, w.Body.String()
	}
	z, err := gzip.NewReader(bytes.NewReader(w.Body.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return w, string(text)
}

// Introspection is answered once by the engine, and then by bytes, until the schema changes.
func TestIntrospectionIsKept(t *testing.T) {
	p, _ := pressPlatform(t, 1)
	h := p.Handler.(*Handler)
	served := &h.snapshots.introspected
	first, text := ask(t, h, introspectionBody)
	if first.Code != http.StatusOK || !strings.Contains(text, `{"name":"Plant_PressType","kind":"INTERFACE"}`) || !strings.HasSuffix(strings.TrimSpace(text), `"kind":{"kind":"OBJECT"}}}`) || served.Load() != 0 {
		t.Fatalf("%d %.200s, %d from memory", first.Code, text, served.Load())
	}
	for _, headers := range [][]string{nil, {"Accept-Encoding", "br, gzip;q=0.8"}, {"Accept-Encoding", "gzip;q=0"}} {
		w, again := ask(t, h, introspectionBody, headers...)
		if again != text || w.Header().Get("Content-Type") != first.Header().Get("Content-Type") || w.Header().Get("X-Request-Id") == "" {
			t.Errorf("%v: another answer: %v %.200s", headers, w.Header(), again)
		}
		if gzipped := len(headers) > 0 && strings.HasSuffix(headers[1], "0.8"); gzipped != (w.Header().Get("Content-Encoding") == "gzip") {
			t.Errorf("%v: %v", headers, w.Header())
		}
	}
	if served.Load() != 3 {
		t.Errorf("%d from memory, want 3", served.Load())
	}
	if w, _ := ask(t, h, introspectionBody, "Accept", "application/graphql-response+json"); !strings.HasPrefix(w.Header().Get("Content-Type"), "application/graphql-response+json") {
		t.Errorf("content type %s", w.Header().Get("Content-Type"))
	}
	if err := h.SetTypes(smallTypes(t, true)); err != nil {
		t.Fatal(err)
	}
	if _, text := ask(t, h, introspectionBody); strings.Contains(text, "Plant_PressType") || !strings.Contains(text, "Small_ValveType") {
		t.Errorf("the schema of before: %.200s", text)
	}
}

// What is not introspection alone, or has errors, is answered anew each time; what is kept is bounded.
func TestIntrospectionKeepsLittle(t *testing.T) {
	p, _ := pressPlatform(t, 1)
	h := p.Handler.(*Handler)
	for _, body := range []string{
		`{"query": "{ __schema { queryType { name } } platform { version } }"}`,
		`{"query": "{ __schema { nothing } }"}`,
		`{"query": "{ __schema"}`,
		`{"query": "{ __type(name: 3) { name } }"}`,
		`"__schema"`,
	} {
		before, first := ask(t, h, body)
		if w, second := ask(t, h, body); first != second || w.Code != before.Code {
			t.Errorf("%s: %d %s, then %d %s", body, before.Code, first, w.Code, second)
		}
	}
	answers := &h.snapshots.current.Load().answers
	if n := h.snapshots.introspected.Load(); n != 0 || len(answers.entries) != 0 {
		t.Errorf("%d answers from memory, %d kept", n, len(answers.entries))
	}
	for i := range 3 * maxSchemaAnswers {
		body, err := json.Marshal(map[string]string{"query": strings.Repeat(" ", i) + "{ __schema { queryType { name } } }"})
		if err != nil {
			t.Fatal(err)
		}
		if w, _ := ask(t, h, string(body)); w.Code != http.StatusOK {
			t.Fatal(w.Body)
		}
	}
	size := 0
	for _, e := range answers.entries {
		size += len(e.body) + len(e.gzip)
	}
	if len(answers.entries) != maxSchemaAnswers || answers.bytes != size {
		t.Errorf("%d kept with %d bytes, counted %d", len(answers.entries), size, answers.bytes)
	}

	hidden := newPlatform(HandlerConfig{DisableIntrospection: true})
	for range 2 {
		if _, text := ask(t, hidden.Handler, introspectionBody); strings.Contains(text, "VariableNode") {
			t.Errorf("introspection is switched off: %.200s", text)
		}
	}
}
