package graph

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	coderws "github.com/coder/websocket"
	"github.com/coder/websocket/wsjson"

	"github.com/shopfloor-iiot/shopfloor/model"
)

const manyQuery = `subscription { values(server: "press", nodeIds: ["nsu=urn:plant;i=1"]) { sequence overflow changes { value { value } } } }`

// subscribeMany opens a WebSocket and subscribes. A stalled client has a small buffer.
func subscribeMany(ctx context.Context, t *testing.T, url string, stalled bool) *coderws.Conn {
	t.Helper()
	transport := &http.Transport{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := new(net.Dialer).DialContext(ctx, network, addr)
		if tcp, ok := c.(*net.TCPConn); ok && stalled {
			err = errors.Join(err, tcp.SetReadBuffer(4096))
		}
		return c, err
	}}
	conn, _, err := coderws.Dial(ctx, url, &coderws.DialOptions{Subprotocols: []string{"graphql-transport-ws"}, HTTPClient: &http.Client{Transport: transport}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.CloseNow() })
	conn.SetReadLimit(1 << 20)
	payload, err := json.Marshal(map[string]string{"query": manyQuery})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range []frame{{Type: "connection_init"}, {ID: "1", Type: "subscribe", Payload: payload}} {
		if err := wsjson.Write(ctx, conn, f); err != nil {
			t.Fatal(err)
		}
	}
	return conn
}

// followMany reads deliveries, each of which has to be the next one with nothing left out, and counts them.
func followMany(ctx context.Context, conn *coderws.Conn, got *atomic.Int64) error {
	for {
		var f frame
		if err := wsjson.Read(ctx, conn, &f); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
		if f.Type != "next" {
			continue
		}
		want := fmt.Sprintf(`{"data":{"values":{"sequence":"%d","overflow":false,`, got.Load()+1)
		if !strings.HasPrefix(string(f.Payload), want) {
			return fmt.Errorf("got %.100s, want %s", f.Payload, want)
		}
		got.Add(1)
	}
}

// smallBuffers accepts connections that a client who does not read fills soon.
type smallBuffers struct{ net.Listener }

func (l smallBuffers) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if tcp, ok := c.(*net.TCPConn); ok {
		err = errors.Join(err, tcp.SetWriteBuffer(16<<10))
	}
	return c, err
}

// Among 50 subscribers nobody starves because two more, one over WebSocket and one over Server-Sent Events, do not read; those are cut off.
func TestManySubscribers(t *testing.T) {
	const subscribers, size = 50, 10_000
	p := newPlatform(HandlerConfig{WriteTimeout: time.Second})
	in := make(chan model.ValueChanges)
	p.commands.MonitorFunc = func(context.Context, model.MonitorRequest) (<-chan model.ValueChanges, error) { return in, nil }
	server := httptest.NewUnstartedServer(p)
	server.Listener = smallBuffers{server.Listener}
	server.Start()
	t.Cleanup(server.Close)
	ctx, cancel := context.WithCancel(t.Context())
	var readers sync.WaitGroup
	defer readers.Wait()
	defer cancel()
	counts, failed := make([]atomic.Int64, subscribers), make(chan error, subscribers)
	for i := range counts {
		conn := subscribeMany(ctx, t, server.URL, false)
		readers.Go(func() {
			if err := followMany(ctx, conn, &counts[i]); err != nil {
				failed <- fmt.Errorf("subscriber %d: %w", i, err)
			}
		})
	}
	subscribeMany(ctx, t, server.URL, true)
	events, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = events.Close() })
	query := string(body(t, manyQuery))
	if err := events.(*net.TCPConn).SetReadBuffer(4096); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(events, "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAccept: text/event-stream\r\nContent-Length: %d\r\n\r\n%s", len(query), query)

	h := p.Handler.(*Handler)
	waitUntil(t, "all are subscribed", func() bool { return h.LiveFigures().Subscribers == subscribers+2 })
	text := strings.Repeat("x", size)
	sent := int64(0)
	deliver := func() {
		sent++
		in <- model.ValueChanges{Changes: []model.ValueChange{{NodeID: tag(1), Value: model.DataValue{Value: model.StringValue(text)}}}}
		for i := range counts {
			waitUntil(t, "each has the delivery", func() bool { return counts[i].Load() == sent || len(failed) > 0 })
		}
		select {
		case err := <-failed:
			t.Fatal(err)
		default:
		}
	}
	for cut := time.Now().Add(time.Minute); h.LiveFigures().Subscribers > subscribers; deliver() {
		if time.Now().After(cut) {
			t.Fatalf("not cut off after %d deliveries: %+v %+v", sent, h.LiveFigures(), h.WebSocketFigures())
		}
	}
	for range 20 {
		deliver()
	}
	if f := h.WebSocketFigures(); f.Stalled != 1 || f.Silent != 0 || f.Connections != subscribers || f.Messages < uint64(sent*subscribers) {
		t.Errorf("%+v", f)
	}
	if f := h.LiveFigures(); f.Streams != 1 || f.Subscribers != subscribers || f.Bytes > 5<<20 {
		t.Errorf("%+v", f)
	}
	if log := p.log.String(); strings.Count(log, "websocket client cut off") != 1 {
		t.Errorf("log: %.500s", log)
	}
}
