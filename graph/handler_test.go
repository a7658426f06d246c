package graph

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/99designs/gqlgen/graphql/handler"
	"github.com/99designs/gqlgen/graphql/handler/transport"

	"github.com/shopfloor-iiot/shopfloor/model"
)

func body(t *testing.T, query string) []byte {
	t.Helper()
	b, err := json.Marshal(map[string]string{"query": query})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestGetAnswersQueriesOnly(t *testing.T) {
	p := newPlatform(HandlerConfig{})
	get := func(query string) (int, string) {
		w := p.send(http.MethodGet, "/graphql?query="+url.QueryEscape(query), nil)
		return w.Code, w.Body.String()
	}
	if code, text := get(`{ platform { version } }`); code != http.StatusOK || text != `{"data":{"platform":{"version":"9.9"}}}` {
		t.Errorf("query: %d %s", code, text)
	}
	if code, text := get(`mutation { removeServer(id: "press") }`); code != http.StatusNotAcceptable || len(p.registry.servers) != 2 {
		t.Errorf("mutation: %d %s", code, text)
	}
}

func TestPostTakesJSONOnly(t *testing.T) {
	p := newPlatform(HandlerConfig{})
	for _, contentType := range []string{"text/plain", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded"} {
		r := body(t, `mutation { removeServer(id: "press") }`)
		req, err := http.NewRequest(http.MethodPost, "/graphql", strings.NewReader(string(r)))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", contentType)
		w := &codeRecorder{header: http.Header{}}
		p.ServeHTTP(w, req)
		if w.code != http.StatusBadRequest || len(p.registry.servers) != 2 {
			t.Errorf("%s: %d", contentType, w.code)
		}
	}
}

type codeRecorder struct {
	header http.Header
	code   int
}

func (r *codeRecorder) Header() http.Header         { return r.header }
func (r *codeRecorder) Write(b []byte) (int, error) { return len(b), nil }
func (r *codeRecorder) WriteHeader(code int)        { r.code = code }

func TestBodyIsBounded(t *testing.T) {
	p := newPlatform(HandlerConfig{MaxRequestBytes: 1000})
	if w := p.send(http.MethodPost, "/graphql", make([]byte, 1001)); w.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("code %d", w.Code)
	}
	p.ask(t, `{ platform { version } }`).wantData(t, `{"platform": {"version": "9.9"}}`)
}

func TestLimits(t *testing.T) {
	small := HandlerConfig{MaxComplexity: 2000, MaxDepth: 6, MaxTokens: 100, MaxQueryBytes: 1500}
	var bomb strings.Builder
	bomb.WriteString(`{ ...f0 }`)
	for i := range 40 {
		fmt.Fprintf(&bomb, " fragment f%d on Query { ...f%d ...f%d }", i, i+1, i+1)
	}
	bomb.WriteString(` fragment f40 on Query { platform { version } }`)
	for _, tt := range []struct {
		name, query, code string
		cfg               HandlerConfig
	}{
		{"within", `{ servers(first: 100) { edges { node { id } } } }`, "", small},
		{"complexity by first", `{ servers(first: 1000) { edges { node { id } } } }`, "COMPLEXITY_LIMIT_EXCEEDED", small},
		{"complexity by default of first", `{ servers { edges { node { writers { edges { cursor } } } } } }`, "COMPLEXITY_LIMIT_EXCEEDED", small},
		{"complexity by list", `{ nodes(server: "press", nodeIds: [` + strings.Repeat(`"i=1" `, 50) + `]) { ` + letters(41, "id") + ` } }`, "COMPLEXITY_LIMIT_EXCEEDED", HandlerConfig{MaxComplexity: 2000}},
		{"complexity of the default limit", `{ servers(first: 1000) { edges { node { writers(first: 1000) { edges { cursor } } } } } }`, "COMPLEXITY_LIMIT_EXCEEDED", HandlerConfig{}},
		{"depth", `{ server(id: "press") { gateway { servers { edges { node { gateway { id } } } } } } }`, "DEPTH_LIMIT_EXCEEDED", small},
		{"depth by fragment", `{ server(id: "press") { ...s } } fragment s on Server { gateway { servers { edges { node { gateway { id } } } } } }`, "DEPTH_LIMIT_EXCEEDED", small},
		{"tokens", `{ ` + letters(40, "platform { version }") + ` }`, "GRAPHQL_PARSE_FAILED", small},
		{"length", `{ platform { version } } #` + strings.Repeat("x", 1500), "QUERY_TOO_LONG", small},
		{"fragment bomb", bomb.String(), "FIELD_LIMIT_EXCEEDED", HandlerConfig{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := newPlatform(tt.cfg).ask(t, tt.query)
			if tt.code == "" {
				a.wantCodes(t)
			} else {
				a.wantCodes(t, tt.code)
			}
		})
	}
}

// letters repeats a field under n aliases.
func letters(n int, field string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "a%d: %s ", i, field)
	}
	return b.String()
}

func TestHistoryIsPricedAtADiscount(t *testing.T) {
	const query = `{ series(first: 10) { edges { node { history(first: %d) { points { time value } } } } } }`
	newStore().ask(t, fmt.Sprintf(query, 40_000)).wantCodes(t)
	newStore().ask(t, fmt.Sprintf(query, 100_000)).wantCodes(t, "COMPLEXITY_LIMIT_EXCEEDED")
}

func TestIntrospection(t *testing.T) {
	const query = `{ __schema { queryType { name } types { name fields(includeDeprecated: true) { name args { name type { ...t } } type { ...t } } } } }
		fragment t on __Type { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } } } } } }`
	newPlatform(HandlerConfig{}).ask(t, query).wantCodes(t)
	if a := newPlatform(HandlerConfig{DisableIntrospection: true}).ask(t, query); len(a.Errors) == 0 || a.Data != nil {
		t.Errorf("answer %v although introspection is off", a)
	}
}

func TestSchemaShowsStandardDirectivesOnly(t *testing.T) {
	a := newPlatform(HandlerConfig{}).ask(t, `{ __schema { directives { name } } }`)
	if text := fmt.Sprint(a.Data); strings.Contains(text, "name:go") || !strings.Contains(text, "include") {
		t.Errorf("directives %s", text)
	}
}

func TestPersistedQueries(t *testing.T) {
	p := newPlatform(HandlerConfig{})
	const query = `{ platform { version } }`
	sum := sha256.Sum256([]byte(query))
	ask := func(query string) string {
		b, err := json.Marshal(map[string]any{
			"query": query, "extensions": map[string]any{"persistedQuery": map[string]any{"version": 1, "sha256Hash": hex.EncodeToString(sum[:])}},
		})
		if err != nil {
			t.Fatal(err)
		}
		return p.send(http.MethodPost, "/graphql", b).Body.String()
	}
	if got := ask(""); !strings.Contains(got, "PERSISTED_QUERY_NOT_FOUND") {
		t.Errorf("unknown hash: %s", got)
	}
	for _, q := range []string{query, ""} {
		if got := ask(q); got != `{"data":{"platform":{"version":"9.9"}}}` {
			t.Errorf("query %q: %s", q, got)
		}
	}
}

func TestInternalErrorsAreLoggedNotTold(t *testing.T) {
	for name, read := range map[string]func(context.Context, []model.ReadValueID) ([]model.ReadResult, error){
		"error": func(context.Context, []model.ReadValueID) ([]model.ReadResult, error) {
			return nil, errors.New("secret detail")
		},
		"panic": func(context.Context, []model.ReadValueID) ([]model.ReadResult, error) { panic("secret detail") },
		"short": func(context.Context, []model.ReadValueID) ([]model.ReadResult, error) { return nil, nil },
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlatform(HandlerConfig{})
			p.commands.ReadFunc = read
			w := p.send(http.MethodPost, "/graphql", body(t, `{ node(server: "press", nodeId: "i=85") { id } }`))
			id := w.Header().Get("X-Request-Id")
			want := `{"errors":[{"message":"internal error","path":["node"],"locations":[{"line":1,"column":3}],"extensions":{"code":"INTERNAL","requestId":"` + id + `"}}],"data":{"node":null}}`
			if w.Body.String() != want || id == "" {
				t.Errorf("answer\n%s, want\n%s", w.Body, want)
			}
			log := p.log.String()
			if !strings.Contains(log, id) || !strings.Contains(log, `"path":"node"`) || name != "short" && !strings.Contains(log, "secret detail") {
				t.Errorf("log %s", log)
			}
			if name == "panic" && !strings.Contains(log, "handler_test.go") {
				t.Errorf("log %s lacks the stack", log)
			}
		})
	}
}

func TestPanicOfAResolver(t *testing.T) {
	p := newPlatform(HandlerConfig{})
	p.registry.PublishFunc = func(model.PublishRequest) (model.DataSetWriter, []model.PublishResult, error) { panic("boom") }
	a := p.ask(t, `mutation { publish(input: {server: "press", nodes: {nodeId: "i=1"}}) { writer { id } } }`)
	a.wantCodes(t, "INTERNAL")
	if !strings.Contains(p.log.String(), "boom") {
		t.Errorf("log %s", p.log)
	}
}

func TestSyntaxAndValidationErrorsPass(t *testing.T) {
	p := newPlatform(HandlerConfig{})
	p.ask(t, `{ nope }`).wantCodes(t, "GRAPHQL_VALIDATION_FAILED")
	p.ask(t, `{ platform {`).wantCodes(t, "GRAPHQL_PARSE_FAILED")
	p.ask(t, `query($n: Int) { servers(first: $n) { totalCount } }`, "n", "ten").wantCodes(t, "GRAPHQL_VALIDATION_FAILED")
	if p.log.Len() > 0 {
		t.Errorf("log %s", p.log)
	}
}

// An executor of another making, which serves this schema merged with others, has none of NewHandler's interceptors.
func TestSchemaWithAnotherExecutor(t *testing.T) {
	p := newPlatform(HandlerConfig{})
	s := handler.New(NewExecutableSchema(Config{Resolvers: p.resolver}))
	s.AddTransport(transport.POST{})
	p.Handler = s
	p.ask(t, `{ a: node(server: "press", nodeId: "i=85") { nodeId } b: nodes(server: "press", nodeIds: ["nsu=urn:plant;i=8"]) { ... on VariableNode { value { value } } } }`).
		wantData(t, `{"a": {"nodeId": "i=85"}, "b": [{"value": {"value": 4}}]}`)
	if n := p.commands.reads.Load(); n != 2 {
		t.Errorf("%d reads, want 2", n)
	}
}
