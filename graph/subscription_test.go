package graph

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	coderws "github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// frame is a message of graphql-transport-ws.
type frame struct {
	ID      string          `json:"id,omitempty"`
	Type    string          `json:"type"`
	Payload json.RawMessage `json:"payload,omitempty"`
}

// wsClient is a WebSocket to the platform.
type wsClient struct {
	*testing.T
	ctx  context.Context
	conn *coderws.Conn
}

func dial(t *testing.T, p *platform) (*wsClient, error) {
	t.Helper()
	server := httptest.NewServer(p)
	t.Cleanup(server.Close)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	t.Cleanup(cancel)
	conn, _, err := coderws.Dial(ctx, server.URL+"/graphql", &coderws.DialOptions{Subprotocols: []string{"graphql-transport-ws"}})
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { _ = conn.CloseNow() })
	return &wsClient{T: t, ctx: ctx, conn: conn}, nil
}

// connect dials and initialises.
func connect(t *testing.T, p *platform) *wsClient {
	t.Helper()
	c, err := dial(t, p)
	if err != nil {
		t.Fatal(err)
	}
	c.send(frame{Type: "connection_init"})
	if f := c.next(); f.Type != "connection_ack" {
		t.Fatalf("got %v", f)
	}
	return c
}

func (c *wsClient) send(f frame) {
	c.Helper()
	if err := wsjson.Write(c.ctx, c.conn, f); err != nil {
		c.Fatal(err)
	}
}

// next is the next message that is no ping or pong.
func (c *wsClient) next() (f frame) {
	c.Helper()
	for {
		if err := wsjson.Read(c.ctx, c.conn, &f); err != nil {
			c.Fatal(err)
		}
		if f.Type != "pong" && f.Type != "ping" {
			return f
		}
		f = frame{}
	}
}

func (c *wsClient) subscribe(id, query string) {
	c.Helper()
	payload, err := json.Marshal(map[string]string{"query": query})
	if err != nil {
		c.Fatal(err)
	}
	c.send(frame{ID: id, Type: "subscribe", Payload: payload})
}

func (c *wsClient) want(kind, payload string) {
	c.Helper()
	if f := c.next(); f.Type != kind || payload != "" && string(f.Payload) != payload {
		c.Fatalf("got %s %s\nwant %s %s", f.Type, f.Payload, kind, payload)
	}
}

// monitored makes the fake deliver what comes in on the returned channel; done is closed when the subscription's context ends.
func monitored(p *platform) (in chan model.ValueChanges, asked chan model.MonitorRequest, done chan struct{}) {
	in, asked, done = make(chan model.ValueChanges), make(chan model.MonitorRequest, 1), make(chan struct{})
	p.commands.MonitorFunc = func(ctx context.Context, r model.MonitorRequest) (<-chan model.ValueChanges, error) {
		asked <- r
		context.AfterFunc(ctx, func() { close(done) })
		return in, nil
	}
	return in, asked, done
}

const valuesQuery = `subscription { values(server: "press", nodeIds: ["nsu=urn:plant;i=1"]) { sequence overflow changes { nodeId value { value message status { name } } } } }`

func await(t *testing.T, what string, done <-chan struct{}) {
	t.Helper()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		t.Fatalf("%s did not happen", what)
	}
}

func TestValuesOverWebSocket(t *testing.T) {
	p := newPlatform(HandlerConfig{})
	in, asked, done := monitored(p)
	c := connect(t, p)
	c.subscribe("1", valuesQuery)
	r := <-asked
	if r.SamplingInterval != 250*time.Millisecond || r.PublishingInterval != 250*time.Millisecond || len(r.NodeIDs) != 1 || r.NodeIDs[0] != tag(1) {
		t.Errorf("asked for %+v", r)
	}
	in <- model.ValueChanges{Sequence: 1, Changes: []model.ValueChange{{NodeID: tag(1), Value: model.DataValue{Value: model.DoubleValue(2.5)}}}}
	c.want("next", `{"data":{"values":{"sequence":"1","overflow":false,"changes":[{"nodeId":"nsu=urn:plant;i=1","value":{"value":2.5,"message":null,"status":{"name":"Good"}}}]}}}`)
	in <- model.ValueChanges{Sequence: 2, Overflow: true, Changes: []model.ValueChange{{NodeID: tag(1), Value: model.DataValue{Status: model.StatusBadNodeIdUnknown}, Message: "gone"}}}
	c.want("next", `{"data":{"values":{"sequence":"2","overflow":true,"changes":[{"nodeId":"nsu=urn:plant;i=1","value":{"value":null,"message":"gone","status":{"name":"BadNodeIdUnknown"}}}]}}}`)
	c.send(frame{ID: "1", Type: "complete"})
	await(t, "the end of the monitoring", done)
}

func TestSubscriptionTellsWhyItEnds(t *testing.T) {
	p := newPlatform(HandlerConfig{})
	monitored(p)
	c := connect(t, p)
	c.subscribe("1", valuesQuery)
	waitUntil(t, "the subscription runs", func() bool { return p.Handler.(*Handler).LiveFigures().Subscribers == 1 })
	p.Handler.(*Handler).Close()
	c.want("next", `{"errors":[{"message":"unavailable: the platform is stopping","extensions":{"code":"UNAVAILABLE","remedy":"`+errorRemedy(ErrUnavailable, "UNAVAILABLE")+`"}}],"data":null}`)
	c.want("complete", "")
}

func TestSubscriptionEndsWithItsConnection(t *testing.T) {
	p := newPlatform(HandlerConfig{})
	_, asked, done := monitored(p)
	c := connect(t, p)
	c.subscribe("1", valuesQuery)
	<-asked
	if err := c.conn.CloseNow(); err != nil {
		t.Fatal(err)
	}
	await(t, "the end of the monitoring", done)
}

func TestSubscriptionErrors(t *testing.T) {
	p := newPlatform(HandlerConfig{})
	p.commands.MonitorFunc = func(context.Context, model.MonitorRequest) (<-chan model.ValueChanges, error) {
		return nil, ErrUnavailable
	}
	p.live.TelemetryFunc = func(context.Context, model.SeriesFilter, time.Duration) (<-chan model.TelemetryBatch, error) {
		panic("boom")
	}
	c := connect(t, p)
	for i, tt := range []struct{ query, code string }{
		{valuesQuery, "UNAVAILABLE"},
		{`subscription { values(server: "no", nodeIds: ["i=1"]) { sequence } }`, "NOT_FOUND"},
		{`subscription { values(server: "press", nodeIds: []) { sequence } }`, "BAD_USER_INPUT"},
		{`subscription { values(server: "press", nodeIds: ["i=1"], publishingInterval: "1ms") { sequence } }`, "BAD_USER_INPUT"},
		{`subscription { telemetry(filter: {}, maxRate: 0) { sequence } }`, "BAD_USER_INPUT"},
		{`subscription { telemetry(filter: {}, maxRate: 51) { sequence } }`, "BAD_USER_INPUT"},
		{`subscription { telemetry(filter: {field: "("}) { sequence } }`, "BAD_USER_INPUT"},
		{`subscription { telemetry(filter: {}) { sequence } }`, "INTERNAL"},
	} {
		c.subscribe(fmt.Sprint(i), tt.query)
		if f := c.next(); !strings.Contains(string(f.Payload), `"code":"`+tt.code+`"`) {
			t.Errorf("%s: got %s %s, want %s", tt.query, f.Type, f.Payload, tt.code)
		}
		c.want("complete", "")
	}
}

func TestSubscriptionsAreBounded(t *testing.T) {
	p := newPlatform(HandlerConfig{MaxSubscriptions: 1})
	_, asked, done := monitored(p)
	c := connect(t, p)
	c.subscribe("1", valuesQuery)
	<-asked
	c.subscribe("2", valuesQuery)
	c.want("next", `{"errors":[{"message":"1 subscriptions are running, which is the limit; try again later","extensions":{"code":"UNAVAILABLE"}}],"data":null}`)
	c.want("complete", "")
	c.send(frame{ID: "1", Type: "complete"})
	await(t, "the end of the first", done)
	// Its place becomes free in a goroutine of its context, at some time after.
	_, asked, _ = monitored(p)
	deadline := time.After(10 * time.Second)
	for i := 3; ; i++ {
		c.subscribe(fmt.Sprint(i), valuesQuery)
		select {
		case <-asked:
			return
		case <-deadline:
			t.Fatal("the place of a subscription that ended is not free")
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func TestQueriesOverWebSocket(t *testing.T) {
	c := connect(t, newPlatform(HandlerConfig{}))
	c.subscribe("1", `{ platform { version } }`)
	c.want("next", `{"data":{"platform":{"version":"9.9"}}}`)
	c.want("complete", "")
}

func TestWebSocketOrigin(t *testing.T) {
	p := newPlatform(HandlerConfig{AllowedOrigins: []string{"ui.example", "*.plant.example"}})
	server := httptest.NewServer(p)
	defer server.Close()
	for origin, want := range map[string]int{
		server.URL: http.StatusSwitchingProtocols, "": http.StatusSwitchingProtocols, "https://UI.example": http.StatusSwitchingProtocols,
		"https://a.plant.example": http.StatusSwitchingProtocols, "https://evil.example": http.StatusForbidden, "https://ui.example.evil": http.StatusForbidden,
		"null": http.StatusForbidden, "http://127.0.0.1:1": http.StatusForbidden, ":": http.StatusForbidden,
	} {
		header := http.Header{}
		if origin != "" {
			header.Set("Origin", origin)
		}
		conn, resp, err := coderws.Dial(t.Context(), server.URL, &coderws.DialOptions{Subprotocols: []string{"graphql-transport-ws"}, HTTPHeader: header})
		if resp == nil || resp.StatusCode != want {
			t.Errorf("origin %q: %v, %v; want %d", origin, resp, err, want)
		}
		if err == nil {
			_ = conn.CloseNow()
		}
	}
}

func TestWebSocketLimits(t *testing.T) {
	p := newPlatform(HandlerConfig{InitTimeout: time.Millisecond})
	c, err := dial(t, p)
	if err != nil {
		t.Fatal(err)
	}
	var f frame
	if err := wsjson.Read(c.ctx, c.conn, &f); coderws.CloseStatus(err) != 4408 {
		t.Errorf("without connection_init: %v", err)
	}
	c = connect(t, newPlatform(HandlerConfig{MaxRequestBytes: 1000}))
	c.subscribe("1", strings.Repeat(" ", 2000)+valuesQuery)
	if err := wsjson.Read(c.ctx, c.conn, &f); err == nil {
		t.Errorf("a message over the limit was answered with %v", f)
	}
}

func TestWebSocketPings(t *testing.T) {
	p := newPlatform(HandlerConfig{KeepAlive: 200 * time.Millisecond}) // a client that is late by that long is closed
	c, err := dial(t, p)
	if err != nil {
		t.Fatal(err)
	}
	c.send(frame{Type: "connection_init"})
	for range 2 {
		var f frame
		for f.Type != "ping" {
			if err := wsjson.Read(c.ctx, c.conn, &f); err != nil {
				t.Fatal(err)
			}
		}
		c.send(frame{Type: "pong"})
	}
}

func TestTelemetryOverServerSentEvents(t *testing.T) {
	p := newPlatform(HandlerConfig{})
	in, done := make(chan model.TelemetryBatch), make(chan struct{})
	var filter model.SeriesFilter
	var interval time.Duration
	p.live.TelemetryFunc = func(ctx context.Context, f model.SeriesFilter, i time.Duration) (<-chan model.TelemetryBatch, error) {
		filter, interval = f, i
		context.AfterFunc(ctx, func() { close(done) })
		return in, nil
	}
	server := httptest.NewServer(p)
	defer server.Close()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	query := body(t, `subscription { telemetry(filter: {server: "press"}) { sequence values { series field path value { value } } } }`)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, server.URL, strings.NewReader(string(query)))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Accept", "text/event-stream")
	resp, err := server.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	events := bufio.NewScanner(resp.Body)
	next := func() string {
		for events.Scan() {
			if data, ok := strings.CutPrefix(events.Text(), "data: "); ok {
				return data
			}
			if events.Text() == "event: complete" {
				return "complete"
			}
		}
		return fmt.Sprint(io.EOF)
	}
	in <- model.TelemetryBatch{Sequence: 1, Values: []model.TelemetryValue{{Series: seriesID("A"), Path: "Objects/V1", Value: model.DataValue{Value: model.BooleanValue(true)}}}}
	if got := next(); got != `{"data":{"telemetry":{"sequence":"1","values":[{"series":"edge1/press/default/A","field":"A","path":"Objects/V1","value":{"value":true}}]}}}` {
		t.Errorf("got %s", got)
	}
	if filter.Server != "press" || interval != 250*time.Millisecond {
		t.Errorf("asked for %+v every %v", filter, interval)
	}
	close(in)
	if got := next(); !strings.Contains(got, `"code":"UNAVAILABLE"`) {
		t.Errorf("got %s", got)
	}
	if got := next(); got != "complete" {
		t.Errorf("got %s", got)
	}
	await(t, "the end of the telemetry", done)
}
