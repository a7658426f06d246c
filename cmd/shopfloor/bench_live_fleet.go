package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"
)

// fleet are the clients of bench live.
type fleet struct {
	subscribers []*liveClient
	stalled     []*websocket.Conn
	latencies   latencyCounts
	counting    atomic.Bool
	begin, end  time.Time // of the time that is measured
	readers     sync.WaitGroup
	cancel      context.CancelFunc
}

// maxDialing bounds the connections that are made at a time.
const maxDialing = 50

// subscribeFleet returns when all subscribers had all of their values.
func subscribeFleet(ctx context.Context, cfg *benchLiveConfig) (*fleet, error) {
	f := &fleet{}
	ctx, f.cancel = context.WithCancel(ctx)
	slots := make(chan struct{}, maxDialing)
	var group sync.WaitGroup
	var mu sync.Mutex
	var failures []error
	for i := range cfg.subscribers + cfg.stalled {
		slots <- struct{}{}
		group.Go(func() {
			defer func() { <-slots }()
			conn, err := dialLive(ctx, cfg, i)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err != nil:
				failures = append(failures, fmt.Errorf("client %d: %w", i, err))
			case i >= cfg.subscribers:
				f.stalled = append(f.stalled, conn)
			default:
				c := newLiveClient(f, conn, cfg)
				f.subscribers = append(f.subscribers, c)
				f.readers.Go(func() { c.read(ctx) })
			}
		})
	}
	group.Wait()
	if len(failures) > 0 {
		return f, failures[0]
	}
	late, cancel := context.WithTimeout(ctx, subscribeTimeout)
	defer cancel()
	for _, c := range f.subscribers {
		select {
		case <-c.complete:
		case <-c.ended:
			return f, fmt.Errorf("a subscriber was disconnected: %w", c.err)
		case <-late.Done():
			return f, fmt.Errorf("a subscriber has %d of %d values after %s", c.known, cfg.values, subscribeTimeout)
		}
	}
	return f, nil
}

// stalledBuffer is the receive buffer of a stalled client, so that it is full soon, and still larger than a segment.
const stalledBuffer = 128 << 10

// dialLive connects a client and subscribes.
func dialLive(ctx context.Context, cfg *benchLiveConfig, client int) (*websocket.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, subscribeTimeout)
	defer cancel()
	stalls := client >= cfg.subscribers
	dialer := &net.Dialer{}
	transport := &http.Transport{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := dialer.DialContext(ctx, network, addr)
		if tcp, ok := c.(*net.TCPConn); ok && stalls {
			err = errors.Join(err, tcp.SetReadBuffer(stalledBuffer))
		}
		return c, err
	}}
	conn, _, err := websocket.Dial(ctx, cfg.url, &websocket.DialOptions{Subprotocols: []string{"graphql-transport-ws"}, HTTPClient: &http.Client{Transport: transport}})
	if err != nil {
		return nil, err
	}
	conn.SetReadLimit(64 << 20)
	query, err := json.Marshal(map[string]any{"query": liveQuery, "variables": liveVariables(cfg, client)})
	if err != nil {
		return nil, err
	}
	for _, m := range []string{`{"type":"connection_init"}`, `{"id":"1","type":"subscribe","payload":` + string(query) + `}`} {
		if err := conn.Write(ctx, websocket.MessageText, []byte(m)); err != nil {
			return nil, errors.Join(err, conn.CloseNow())
		}
	}
	return conn, nil
}

// liveQuery is what a dashboard asks for, with the values of a client as a variable.
const liveQuery = `subscription Live($server: ID!, $nodes: [NodeId!]!, $publishing: Duration!, $sampling: Duration!) {
	values(server: $server, nodeIds: $nodes, publishingInterval: $publishing, samplingInterval: $sampling) {
		sequence overflow changes { item value { value sourceTimestamp status { name } } }
	}
}`

func liveVariables(cfg *benchLiveConfig, client int) map[string]any {
	nodes, first := make([]string, cfg.values), cfg.window(client)
	for i := range nodes {
		nodes[i] = fmt.Sprintf("nsu=%s;s=%s", loadNamespace, loadVariable((first+i)%cfg.nodes))
	}
	return map[string]any{
		"server": benchLiveServer, "nodes": nodes, "publishing": cfg.publishing.String(), "sampling": time.Duration(float64(time.Second) / cfg.rate).String(),
	}
}

func (f *fleet) close() {
	if f == nil {
		return
	}
	for _, c := range f.stalled {
		_ = c.CloseNow()
	}
	f.cancel()
	f.readers.Wait()
}

// count begins or ends the time that is measured.
func (f *fleet) count(on bool) {
	now := time.Now()
	if on {
		f.begin = now
	} else {
		f.end = now
	}
	for _, c := range f.subscribers {
		c.mu.Lock()
		if on {
			c.got = liveCounts{last: now}
		} else {
			c.got.silence = max(c.got.silence, now.Sub(c.got.last))
		}
		c.mu.Unlock()
	}
	f.counting.Store(on)
}

// received sums up.
func (f *fleet) received(cfg *benchLiveConfig) *benchLiveReceived {
	r := &benchLiveReceived{}
	var silence time.Duration
	for i, c := range f.subscribers {
		c.mu.Lock()
		g := c.got
		c.mu.Unlock()
		r.Deliveries += g.deliveries
		r.ValuesReceived += g.values
		r.Lost += g.lost
		r.Repeated += g.repeated
		r.OutOfSequence += g.outOfSequence
		r.Overflows += g.overflows
		silence = max(silence, g.silence)
		if i == 0 || g.values < r.FewestValues {
			r.FewestValues = g.values
		}
		select {
		case <-c.ended:
			if r.Disconnected++; r.Failure == "" {
				r.Failure = c.err.Error()
			}
		default:
		}
	}
	r.FewestShare = float64(r.FewestValues) / (float64(cfg.values) * cfg.rate * f.end.Sub(f.begin).Seconds())
	r.LongestSilenceMs = float64(silence) / float64(time.Millisecond)
	r.LatencyP50Ms, r.LatencyP99Ms, r.LatencyMaxMs = f.latencies.share(0.5), f.latencies.share(0.99), f.latencies.share(1)
	return r
}

// stalledWait is how long a stalled client that reads after all may take until it knows whether it is still connected.
const stalledWait = 3 * time.Second

// askStalled has the stalled clients read after all, to see how their connections ended.
func (f *fleet) askStalled() *benchLiveStalled {
	r := &benchLiveStalled{StalledReasons: map[string]int{}}
	ctx, cancel := context.WithTimeout(context.Background(), stalledWait)
	defer cancel()
	var group sync.WaitGroup
	var mu sync.Mutex
	for _, conn := range f.stalled {
		group.Go(func() {
			n := uint64(0)
			var err error
			for err == nil {
				if _, _, err = conn.Read(ctx); err == nil {
					n++
				}
			}
			reason := "closed without a reason"
			var told websocket.CloseError
			switch {
			case errors.As(err, &told):
				reason = fmt.Sprintf("%d %s", told.Code, told.Reason)
			case ctx.Err() != nil:
				reason = "still connected"
			}
			mu.Lock()
			defer mu.Unlock()
			r.StalledDeliveries += n
			r.StalledReasons[reason]++
		})
	}
	group.Wait()
	return r
}
