package graphws

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	coderws "github.com/coder/websocket"
	"github.com/rs/zerolog"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// executor answers each operation with what comes in on data, until that is closed; one with the text "bad" is not valid.
type executor struct {
	data    chan string
	started chan *graphql.RawParams
	ended   chan struct{}
	late    chan struct{} // responses of the operation "late", which takes no notice of its end
}

func newExecutor() *executor {
	return &executor{data: make(chan string), started: make(chan *graphql.RawParams, 2000), ended: make(chan struct{}, 2000)}
}

func (e *executor) CreateOperationContext(_ context.Context, p *graphql.RawParams) (*graphql.OperationContext, gqlerror.List) {
	op := &graphql.OperationContext{RawQuery: p.Query, RecoverFunc: graphql.DefaultRecover}
	if p.Query == "bad" {
		return op, gqlerror.List{gqlerror.Errorf("not valid")}
	}
	e.started <- p
	return op, nil
}

func (e *executor) DispatchError(_ context.Context, list gqlerror.List) *graphql.Response {
	return &graphql.Response{Errors: list}
}

func (e *executor) DispatchOperation(ctx context.Context, op *graphql.OperationContext) (graphql.ResponseHandler, context.Context) {
	context.AfterFunc(ctx, func() { e.ended <- struct{}{} })
	return func(ctx context.Context) *graphql.Response {
		switch op.RawQuery {
		case "panic":
			panic("boom")
		case "late":
			if _, ok := <-e.late; !ok {
				return nil
			}
			return &graphql.Response{Data: json.RawMessage(`"late"`)}
		}
		select {
		case d, ok := <-e.data:
			switch {
			case !ok:
				return nil
			case d == "error":
				return &graphql.Response{Errors: gqlerror.List{gqlerror.Errorf("wrong")}, Data: json.RawMessage("null")}
			case d == "extended":
				return &graphql.Response{Data: json.RawMessage(`{"a":1}`), Extensions: map[string]any{"x": 1}}
			}
			return &graphql.Response{Data: json.RawMessage(d)}
		case <-ctx.Done():
			return nil
		}
	}, ctx
}

func (e *executor) awaitEnd(t *testing.T) {
	t.Helper()
	select {
	case <-e.ended:
	case <-time.After(10 * time.Second):
		t.Fatal("the operation goes on")
	}
}

func testTransport() *Transport {
	return &Transport{
		InitTimeout: time.Minute, KeepAlive: time.Minute, WriteTimeout: time.Minute, MaxMessageBytes: 1 << 20, MaxOperations: 3, Counters: &Counters{}, Log: zerolog.Nop(),
	}
}

// client is one that checks what it gets.
type client struct {
	*testing.T
	conn *coderws.Conn
	ctx  context.Context
}

func serve(t *testing.T, tr *Transport, exec graphql.GraphExecutor) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !tr.Supports(r) {
			http.Error(w, "not supported", http.StatusTeapot)
			return
		}
		tr.Do(w, r, exec)
	}))
	t.Cleanup(s.Close)
	return s
}

func dial(t *testing.T, s *httptest.Server) *client {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	conn, _, err := coderws.Dial(ctx, s.URL, &coderws.DialOptions{Subprotocols: []string{"other", Subprotocol}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.CloseNow() })
	return &client{t, conn, ctx}
}

func (c *client) send(text string) {
	c.Helper()
	if err := c.conn.Write(c.ctx, coderws.MessageText, []byte(text)); err != nil {
		c.Fatal(err)
	}
}

func (c *client) want(texts ...string) {
	c.Helper()
	for _, want := range texts {
		_, got, err := c.conn.Read(c.ctx)
		if err != nil || string(got) != want {
			c.Fatalf("got %s, %v; want %s", got, err, want)
		}
	}
}

// closed wants the connection to end with a code, after pings.
func (c *client) closed(code coderws.StatusCode) {
	c.Helper()
	for {
		_, got, err := c.conn.Read(c.ctx)
		if err == nil && strings.Contains(string(got), `"ping"`) {
			continue
		}
		if coderws.CloseStatus(err) != code {
			c.Fatalf("got %s, %v; want the end with %d", got, err, code)
		}
		return
	}
}

const (
	hello   = `{"type":"connection_init","payload":{"token":"x"}}`
	welcome = `{"type":"connection_ack"}`
)

func TestOperations(t *testing.T) {
	e := newExecutor()
	c := dial(t, serve(t, testTransport(), e))
	c.send(`{"type":"ping","payload":{"a":1}}`)
	c.want(`{"type":"pong"}`)
	c.send(hello)
	c.want(welcome)
	c.send(`{"id":"a\"b","type":"subscribe","payload":{"query":"q","operationName":"O","variables":{"n":9007199254740993},"extensions":{"e":true}}}`)
	if p := <-e.started; p.Query != "q" || p.OperationName != "O" || p.Variables["n"] != json.Number("9007199254740993") || p.Extensions["e"] != true || p.Headers.Get("Upgrade") == "" {
		t.Errorf("%+v", p)
	}
	for _, text := range []string{`{"x":"<ü>"}`, "error", "extended"} {
		e.data <- text
	}
	c.want(`{"id":"a\"b","type":"next","payload":{"data":{"x":"<ü>"}}}`, `{"id":"a\"b","type":"next","payload":{"errors":[{"message":"wrong"}],"data":null}}`,
		`{"id":"a\"b","type":"next","payload":{"data":{"a":1},"extensions":{"x":1}}}`)
	// One that the client ends is not told to be complete; its id may be used again.
	c.send(`{"id":"a\"b","type":"complete"}`)
	e.awaitEnd(t)
	c.send(`{"id":"a\"b","type":"subscribe","payload":{"query":"q"}}`)
	<-e.started
	// What is not valid, or panics, ends with an error alone.
	c.send(`{"id":"2","type":"subscribe","payload":{"query":"bad"}}`)
	c.want(`{"id":"2","type":"error","payload":[{"message":"not valid"}]}`)
	c.send(`{"id":"2","type":"subscribe","payload":{"query":"panic"}}`)
	c.want(`{"id":"2","type":"error","payload":[{"message":"internal system error"}]}`)
	e.awaitEnd(t)
	c.send(`{"id":"nobody","type":"complete"}`)
	close(e.data)
	c.want(`{"id":"a\"b","type":"complete"}`)
	e.awaitEnd(t)
}

// An operation that ends late does not speak for another that was given its id.
func TestIDsAreUsedAgain(t *testing.T) {
	e := newExecutor()
	e.late = make(chan struct{})
	c := dial(t, serve(t, testTransport(), e))
	c.send(hello)
	c.want(welcome)
	c.send(`{"id":"1","type":"subscribe","payload":{"query":"late"}}`)
	<-e.started
	c.send(`{"id":"1","type":"complete"}`)
	e.awaitEnd(t)
	c.send(`{"id":"1","type":"subscribe","payload":{"query":"q"}}`)
	<-e.started
	e.late <- struct{}{} // a response
	close(e.late)
	c.send(`{"type":"ping"}`)
	c.want(`{"type":"pong"}`)
	e.data <- `"new"`
	close(e.data)
	c.want(`{"id":"1","type":"next","payload":{"data":"new"}}`, `{"id":"1","type":"complete"}`)
}

// A client that breaks the protocol is told how, by the code of the end.
func TestProtocolErrors(t *testing.T) {
	for name, tt := range map[string]struct {
		messages []string
		code     coderws.StatusCode
	}{
		"no JSON":              {[]string{hello, `{`}, 4400},
		"unknown type":         {[]string{hello, `{"type":"start"}`}, 4400},
		"server's type":        {[]string{hello, `{"type":"next","id":"1"}`}, 4400},
		"no id":                {[]string{hello, `{"type":"subscribe","payload":{"query":"q"}}`}, 4400},
		"no payload":           {[]string{hello, `{"type":"subscribe","id":"1"}`}, 4400},
		"payload of no object": {[]string{hello, `{"type":"subscribe","id":"1","payload":"q"}`}, 4400},
		"not initialised":      {[]string{`{"type":"subscribe","id":"1","payload":{"query":"q"}}`}, 4401},
		"initialised twice":    {[]string{hello, hello}, 4429},
		"the same id":          {[]string{hello, `{"type":"subscribe","id":"1","payload":{"query":"q"}}`, `{"type":"subscribe","id":"1","payload":{"query":"q"}}`}, 4409},
		"a long same id": {[]string{
			hello, `{"type":"subscribe","id":"` + strings.Repeat("1", 200) + `","payload":{"query":"q"}}`, `{"type":"subscribe","id":"` + strings.Repeat("1", 200) + `","payload":{"query":"q"}}`,
		}, 4409},
	} {
		t.Run(name, func(t *testing.T) {
			tr, e := testTransport(), newExecutor()
			c := dial(t, serve(t, tr, e))
			for _, m := range tt.messages {
				c.send(m)
				if m == hello && tt.code != 4429 || m == hello && len(tt.messages) == 0 {
					c.want(welcome)
				}
			}
			if tt.code == 4429 {
				c.want(welcome)
			}
			c.closed(tt.code)
			for range len(e.started) {
				e.awaitEnd(t)
			}
			if f := tr.Counters.Figures(); f.Refused != 1 {
				t.Errorf("%+v", f)
			}
		})
	}
}

func TestBinaryMessageIsRefused(t *testing.T) {
	c := dial(t, serve(t, testTransport(), newExecutor()))
	if err := c.conn.Write(c.ctx, coderws.MessageBinary, []byte(hello)); err != nil {
		t.Fatal(err)
	}
	c.closed(4400)
}

func TestOperationsAreBounded(t *testing.T) {
	e := newExecutor()
	c := dial(t, serve(t, testTransport(), e))
	c.send(hello)
	c.want(welcome)
	for _, id := range []string{"1", "2", "3"} {
		c.send(`{"id":"` + id + `","type":"subscribe","payload":{"query":"q"}}`)
		<-e.started
	}
	c.send(`{"id":"4","type":"subscribe","payload":{"query":"q"}}`)
	c.want(`{"id":"4","type":"error","payload":[{"message":"3 operations are running on this connection, which is the limit; end some, or open another connection","extensions":{"code":"UNAVAILABLE"}}]}`)
	// All of them end with the connection.
	_ = c.conn.CloseNow()
	for range 3 {
		e.awaitEnd(t)
	}
}

func TestClientThatDoesNotBegin(t *testing.T) {
	tr := testTransport()
	tr.InitTimeout = time.Millisecond
	dial(t, serve(t, tr, newExecutor())).closed(4408)
	if f := tr.Counters.Figures(); f.Uninitialised != 1 {
		t.Errorf("%+v", f)
	}
}

// A client that reads and does not answer pings is told so; one that answers stays.
func TestSilentClient(t *testing.T) {
	tr := testTransport()
	tr.KeepAlive = 100 * time.Millisecond
	s := serve(t, tr, newExecutor())
	c := dial(t, s)
	c.send(hello)
	c.want(welcome)
	for range 5 {
		c.want(`{"type":"ping"}`)
		c.send(`{"type":"pong"}`)
	}
	c.closed(1013)
	if f := tr.Counters.Figures(); f.Silent != 1 || f.Stalled != 0 {
		t.Errorf("%+v", f)
	}
}

func TestServerStops(t *testing.T) {
	tr, e := testTransport(), newExecutor()
	ctx, stop := context.WithCancel(t.Context())
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { tr.Do(w, r, e) }))
	s.Config.BaseContext = func(net.Listener) context.Context { return ctx }
	s.Start()
	t.Cleanup(s.Close)
	c := dial(t, s)
	c.send(hello)
	c.want(welcome)
	c.send(`{"id":"1","type":"subscribe","payload":{"query":"q"}}`)
	<-e.started
	e.data <- "1"
	c.want(`{"id":"1","type":"next","payload":{"data":1}}`)
	stop()
	c.closed(1001)
	e.awaitEnd(t)
}

// A client that does not read is cut off when a message does not get into its socket in time; its operations end. Its connection is no one else's matter.
func TestStalledClient(t *testing.T) {
	tr, e := testTransport(), newExecutor()
	tr.WriteTimeout = 200 * time.Millisecond
	c := dial(t, serve(t, tr, e))
	c.send(hello)
	c.send(`{"id":"1","type":"subscribe","payload":{"query":"q"}}`)
	<-e.started
	text := `"` + strings.Repeat("x", 1<<20) + `"`
	for ended := false; !ended; {
		select {
		case e.data <- text:
		case <-e.ended:
			ended = true
		case <-time.After(10 * time.Second):
			t.Fatal("it is not cut off")
		}
	}
	if f := tr.Counters.Figures(); f.Stalled != 1 || f.Bytes < 1<<20 {
		t.Errorf("%+v", f)
	}
}

func TestSupports(t *testing.T) {
	s := serve(t, testTransport(), newExecutor())
	for _, protocols := range [][]string{nil, {"graphql-ws"}} {
		_, r, err := coderws.Dial(t.Context(), s.URL, &coderws.DialOptions{Subprotocols: protocols})
		if err == nil || r.StatusCode != http.StatusTeapot {
			t.Errorf("%v: %v, %v", protocols, r, err)
		}
	}
	if r := httptest.NewRequest(http.MethodGet, "/", nil); testTransport().Supports(r) {
		t.Error("takes a request for no WebSocket")
	}
}

// A response whose data is written already is copied once, and nothing is allocated for it.
func BenchmarkResponse(b *testing.B) {
	r := &graphql.Response{Data: json.RawMessage(`{"values":"` + strings.Repeat("x", 13_000) + `"}`)}
	b.Run("as it is", func(b *testing.B) {
		b.ReportAllocs()
		var buf []byte
		for b.Loop() {
			buf = appendResponse(buf[:0], r)
		}
	})
	b.Run("encoding/json", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := json.Marshal(r); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func TestResponseAllocates(t *testing.T) {
	r := &graphql.Response{Data: json.RawMessage(`{"values":"` + strings.Repeat("x", 13_000) + `"}`)}
	var buf []byte
	if n := testing.AllocsPerRun(100, func() { buf = appendResponse(buf[:0], r) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
	want, err := json.Marshal(r)
	if err != nil || string(buf) != string(want) {
		t.Errorf("%v: %s", err, buf)
	}
}
