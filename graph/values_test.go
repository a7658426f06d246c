package graph

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	coderws "github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"

	"github.com/shopfloor-iiot/shopfloor/model"
)

func TestValuesArguments(t *testing.T) {
	p := newPlatform(HandlerConfig{})
	_, asked, _ := monitored(p)
	c := connect(t, p)
	c.subscribe("1", `subscription { values(server: "press", nodeIds: ["nsu=urn:plant;i=1"], queueSize: 10, discardOldest: false, trigger: STATUS_VALUE_TIMESTAMP,
		deadband: {type: ABSOLUTE, value: 0.5}, publishingInterval: "1s", samplingInterval: "100ms", items: [
			{nodeId: "nsu=urn:plant;i=2", attribute: DISPLAY_NAME, queueSize: 1, trigger: STATUS_VALUE, discardOldest: true}, {nodeId: "nsu=urn:plant;i=3", indexRange: "0:2", samplingInterval: "0s"}]) { sequence } }`)
	deadband := &model.Deadband{Type: model.DeadbandAbsolute, Value: 0.5}
	common := model.MonitoredItem{
		NodeID: tag(1), SamplingInterval: 100 * time.Millisecond, QueueSize: 10, DiscardNewest: true, Trigger: model.TriggerStatusValueTimestamp, Deadband: deadband,
	}
	second, third := common, common
	second.NodeID, second.Attribute, second.QueueSize, second.Trigger, second.DiscardNewest = tag(2), model.AttributeDisplayName, 0, "", false
	third.NodeID, third.IndexRange, third.SamplingInterval = tag(3), "0:2", 0
	if r, want := <-asked, []model.MonitoredItem{common, second, third}; !reflect.DeepEqual(r.Items, want) || r.NodeIDs != nil || r.PublishingInterval != time.Second {
		t.Errorf("asked for %+v, want items %+v", r, want)
	}
	for i, arguments := range []string{
		`nodeIds: ["i=1"], queueSize: 10001`, `nodeIds: ["i=1"], deadband: {type: PERCENT, value: 101}`, `items: [{nodeId: "i=1", samplingInterval: "-1s"}]`, `items: []`,
		`items: [{nodeId: "i=1", deadband: {type: ABSOLUTE, value: -1}}]`,
	} {
		c.subscribe(fmt.Sprint("bad", i), `subscription { values(server: "press", `+arguments+`) { sequence } }`)
		if f := c.next(); !strings.Contains(string(f.Payload), `"code":"BAD_USER_INPUT"`) {
			t.Errorf("%s: %s", arguments, f.Payload)
		}
		c.want("complete", "")
	}
}

// Nodes that cannot be monitored and the way to the server are told.
func TestValuesNodesAndConnection(t *testing.T) {
	p := newPlatform(HandlerConfig{})
	in, _, _ := monitored(p)
	c := connect(t, p)
	c.subscribe("1", `subscription { values(server: "press", nodeIds: ["nsu=urn:plant;i=1"]) { nodes { item nodeId status { name } message remedy } connection { state message } } }`)
	in <- model.ValueChanges{
		States:     []model.MonitoredItemState{{NodeID: tag(1), Status: model.StatusBadNotReadable, Message: "no"}},
		Connection: &model.MonitorConnection{State: model.StateReconnecting, Message: "no answer"},
	}
	remedy, err := json.Marshal(model.StatusBadNotReadable.Remedy())
	if err != nil {
		t.Fatal(err)
	}
	c.want("next", `{"data":{"values":{"nodes":[{"item":0,"nodeId":"nsu=urn:plant;i=1","status":{"name":"BadNotReadable"},"message":"no","remedy":`+string(remedy)+
		`}],"connection":{"state":"RECONNECTING","message":"no answer"}}}}`)
	in <- model.ValueChanges{States: []model.MonitoredItemState{{NodeID: tag(1)}}}
	c.want("next", `{"data":{"values":{"nodes":[{"item":0,"nodeId":"nsu=urn:plant;i=1","status":{"name":"Good"},"message":null,"remedy":null}],"connection":null}}}`)
}

// A client that lost its connection gets what it missed.
func TestValuesResume(t *testing.T) {
	p := newPlatform(HandlerConfig{Linger: time.Hour})
	t.Cleanup(p.Handler.(*Handler).Close)
	in, _, _ := monitored(p)
	tell := func(v float64) {
		in <- model.ValueChanges{Changes: []model.ValueChange{{NodeID: tag(1), Value: model.DataValue{Value: model.DoubleValue(v)}}}}
	}
	var first struct {
		Data struct{ Values struct{ Stream string } }
	}
	c := connect(t, p)
	c.subscribe("1", `subscription { values(server: "press", nodeIds: ["nsu=urn:plant;i=1"]) { stream sequence } }`)
	tell(1)
	if err := json.Unmarshal(c.next().Payload, &first); err != nil || first.Data.Values.Stream == "" {
		t.Fatal(err)
	}
	_ = c.conn.CloseNow()
	tell(2)
	tell(3)
	d := connect(t, p)
	d.subscribe("1", `subscription { values(server: "press", nodeIds: ["nsu=urn:plant;i=1"], resume: {stream: "`+first.Data.Values.Stream+`", sequence: "1"}) { sequence overflow changes { value { value } } } }`)
	for i := 2; i <= 3; i++ {
		d.want("next", fmt.Sprintf(`{"data":{"values":{"sequence":"%d","overflow":false,"changes":[{"value":{"value":%d}}]}}}`, i, i))
	}
	d.subscribe("2", `subscription { values(server: "press", nodeIds: ["nsu=urn:plant;i=1"], resume: {stream: "another", sequence: "1"}) { sequence overflow changes { value { value } } } }`)
	d.want("next", `{"data":{"values":{"sequence":"3","overflow":true,"changes":[{"value":{"value":3}}]}}}`)
}

// Subscribers with the same selection share what is written; others get what they asked for.
func TestValuesShared(t *testing.T) {
	p := newPlatform(HandlerConfig{})
	in, _, _ := monitored(p)
	queries := map[string]string{
		`subscription A { values(server: "press", nodeIds: ["nsu=urn:plant;i=1"]) { overflow sequence } }`:                                      `{"data":{"values":{"overflow":false,"sequence":"1"}}}`,
		`subscription B { values(server: "press", nodeIds: ["nsu=urn:plant;i=1"]) { ...F } } fragment F on ValueChanges { sequence }`:           `{"data":{"values":{"sequence":"1"}}}`,
		`subscription C { values(server: "press", nodeIds: ["nsu=urn:plant;i=1"]) { ...F } } fragment F on ValueChanges { s: sequence }`:        `{"data":{"values":{"s":"1"}}}`,
		`subscription D { v: values(server: "press", nodeIds: ["nsu=urn:plant;i=1"]) { overflow sequence } }`:                                   `{"data":{"v":{"overflow":false,"sequence":"1"}}}`,
		`subscription E { values(server: "press", nodeIds: ["nsu=urn:plant;i=1"]) { sequence overflow @include(if: false) } }`:                  `{"data":{"values":{"sequence":"1"}}}`,
		`subscription G($x: Boolean = true) { values(server: "press", nodeIds: ["nsu=urn:plant;i=1"]) { sequence overflow @include(if: $x) } }`: `{"data":{"values":{"sequence":"1","overflow":false}}}`,
	}
	c := connect(t, p)
	n := 0
	ids := map[string]string{}
	for q, want := range queries {
		for range 3 {
			n++
			ids[fmt.Sprint(n)] = want
			c.subscribe(fmt.Sprint(n), q)
		}
	}
	waitUntil(t, "all are subscribed", func() bool { return p.Handler.(*Handler).LiveFigures().Subscribers == n })
	in <- model.ValueChanges{}
	for range n {
		if f := c.next(); string(f.Payload) != ids[f.ID] {
			t.Errorf("subscriber %s got %s, want %s", f.ID, f.Payload, ids[f.ID])
		}
	}
	if f := p.Handler.(*Handler).LiveFigures(); f.Streams != 1 {
		t.Errorf("%+v", f)
	}
}

// A client that stops reading does not slow the others, and what is kept for it is bounded.
func TestStalledSubscriber(t *testing.T) {
	p := newPlatform(HandlerConfig{})
	in := make(chan model.ValueChanges)
	p.commands.MonitorFunc = func(context.Context, model.MonitorRequest) (<-chan model.ValueChanges, error) { return in, nil }
	server := httptest.NewServer(p)
	t.Cleanup(server.Close)
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	dial := func() *coderws.Conn {
		conn, _, err := coderws.Dial(ctx, server.URL, &coderws.DialOptions{Subprotocols: []string{"graphql-transport-ws"}, HTTPHeader: http.Header{}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.CloseNow() })
		conn.SetReadLimit(1 << 20)
		payload, _ := json.Marshal(map[string]string{"query": `subscription { values(server: "press", nodeIds: ["nsu=urn:plant;i=1"]) { sequence overflow changes { value { value } } } }`})
		for _, f := range []frame{{Type: "connection_init"}, {ID: "1", Type: "subscribe", Payload: payload}} {
			if err := wsjson.Write(ctx, conn, f); err != nil {
				t.Fatal(err)
			}
		}
		return conn
	}
	stalled, reader := dial(), dial()
	h := p.Handler.(*Handler)
	waitUntil(t, "both are subscribed", func() bool { return h.LiveFigures().Subscribers == 2 })
	const deliveries, size = 400, 100_000 // 40 MB, more than the buffers of a socket hold
	var got atomic.Int64
	done := make(chan error, 1)
	go func() {
		for got.Load() < deliveries {
			var f frame
			if err := wsjson.Read(ctx, reader, &f); err != nil {
				done <- err
				return
			}
			if f.Type == "next" {
				got.Add(1)
				if strings.Contains(string(f.Payload), `"overflow":true`) {
					done <- fmt.Errorf("delivery %d says that others were left out", got.Load())
					return
				}
			}
		}
		done <- nil
	}()
	text := strings.Repeat("x", size)
	for i := range int64(deliveries) {
		in <- model.ValueChanges{Changes: []model.ValueChange{{NodeID: tag(1), Value: model.DataValue{Value: model.StringValue(text)}}}}
		waitUntil(t, "the reader has the delivery", func() bool { return got.Load() > i || len(done) > 0 })
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if f := h.LiveFigures(); f.Bytes > 5<<20 || f.Subscribers != 2 {
		t.Errorf("figures %+v", f)
	}
	// When it reads again it gets what was in its socket, then the newest value.
	for {
		var f frame
		if err := wsjson.Read(ctx, stalled, &f); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(f.Payload[:min(len(f.Payload), 100)]), fmt.Sprintf(`"sequence":"%d","overflow":true`, deliveries)) {
			break
		}
	}
}
