package opcua

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gopcua/opcua/ua"

	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/uadp"
)

const (
	// defaultCycle is for fields without a sampling interval; a shorter interval than minCycle is raised to it.
	defaultCycle = time.Second
	minCycle     = 10 * time.Millisecond
)

// cyclicRead is a field that is read each interval in place of being monitored.
type cyclicRead struct {
	monitored
	register bool
	sink     *fieldSink
	counts   itemCounts
}

// cycle is what reads of one request have in common.
type cycle struct {
	interval, maxAge time.Duration
}

// cyclic reads the fields of a Source that are read cyclically.
type cyclic struct {
	source  *Source
	skipped atomic.Uint64 // cycles that were left out because the one before took too long or failed

	ctx context.Context // of the reading, set by Source.Run
	wg  sync.WaitGroup

	mu     sync.Mutex
	groups map[cycle]*readGroup
}

// readGroup reads all fields of one cycle together.
type readGroup struct {
	cycle
	c    *cyclic
	stop context.CancelFunc

	mu      sync.Mutex
	reads   []*cyclicRead
	changed bool

	// Of its goroutine:
	asked    []*cyclicRead // by request
	requests []*ua.ReadValueID
	token    *ua.NodeID // of the session that the requests were made for
	names    []*ua.NodeID
	response uadp.Binary
}

func (c *cyclic) key(r *cyclicRead, maxAge time.Duration) cycle {
	k := cycle{interval: r.sampling, maxAge: maxAge}
	if k.interval <= 0 {
		k.interval = defaultCycle
	}
	k.interval = max(k.interval, minCycle)
	return k
}

// add begins to read.
func (c *cyclic) add(r *cyclicRead, maxAge time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	k := c.key(r, maxAge)
	g := c.groups[k]
	if g == nil {
		g = &readGroup{cycle: k, c: c}
		c.groups[k] = g
		ctx, stop := context.WithCancel(c.ctx)
		g.stop = stop
		c.wg.Go(func() { g.run(ctx) })
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.reads, g.changed = append(g.reads, r), true
}

// remove ends reading. What is being read may still come.
func (c *cyclic) remove(reads []*cyclicRead) {
	if len(reads) == 0 {
		return
	}
	gone := make(map[*cyclicRead]bool, len(reads))
	for _, r := range reads {
		gone[r] = true
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for k, g := range c.groups {
		g.mu.Lock()
		before := len(g.reads)
		g.reads = slices.DeleteFunc(g.reads, func(r *cyclicRead) bool { return gone[r] })
		g.changed = g.changed || len(g.reads) != before
		empty := len(g.reads) == 0
		g.mu.Unlock()
		if empty {
			g.stop()
			delete(c.groups, k)
		}
	}
}

// run reads each interval until ctx ends. Cycles that it is too late for are left out.
func (g *readGroup) run(ctx context.Context) {
	defer g.unregister()
	next := time.Now()
	for ctx.Err() == nil {
		if err := g.read(ctx); err != nil && ctx.Err() == nil {
			g.c.skipped.Add(1)
			g.c.source.log.Debug().Err(err).Dur("interval", g.interval).Msg("cyclic read failed")
		}
		next = next.Add(g.interval)
		if late := time.Since(next); late > 0 {
			missed := late/g.interval + 1
			g.c.skipped.Add(uint64(missed))
			next = next.Add(missed * g.interval)
		}
		sleep(ctx, time.Until(next))
	}
}

// read reads all fields once, in as many requests as the server needs (Part 4, 5.11.2).
func (g *readGroup) read(ctx context.Context) error {
	ses, err := g.c.source.asks.session(ctx)
	if err != nil {
		return err
	}
	if err := g.prepare(ctx, ses); err != nil {
		return err
	}
	return ses.limits.read.each(len(g.requests), func(from, to int) error {
		req := &ua.ReadRequest{
			MaxAge: float64(g.maxAge) / float64(time.Millisecond), TimestampsToReturn: ua.TimestampsToReturnBoth, NodesToRead: g.requests[from:to],
		}
		now := time.Now()
		return ses.readEach(ctx, &g.response, req, func(i int, v *model.DataValue) { g.asked[from+i].take(now, v) })
	}, func(i int, err error) {
		g.asked[i].take(time.Now(), &model.DataValue{Status: statusOf(err, model.StatusBadDecodingError)})
	})
}

// take hands a value on. A Bad one that the server has no time for gets that of its arrival.
func (r *cyclicRead) take(now time.Time, v *model.DataValue) {
	if v.Time().IsZero() {
		v.SourceTimestamp = model.DateTimeOf(now)
	}
	r.counts.arrived(now, v.Status)
	if who := r.sink.set.writers.source.publishing.traces.of(r); who != nil {
		r.putTraced(v, now, who)
	} else {
		r.sink.put(v)
	}
}

// prepare makes the requests when the fields or the session changed. What is not in the server's address space is left out.
func (g *readGroup) prepare(ctx context.Context, ses *session) error {
	g.mu.Lock()
	changed, reads := g.changed, slices.Clone(g.reads)
	g.changed = false
	g.mu.Unlock()
	if !changed && g.token == ses.token {
		return nil
	}
	if g.token == ses.token {
		g.unregister()
	}
	g.token, g.names = ses.token, nil
	g.asked, g.requests = nil, nil
	var registered []int
	for _, r := range reads {
		node, err := ses.resolve(r.node)
		if err != nil {
			r.take(time.Now(), &model.DataValue{Status: model.StatusBadNodeIdUnknown})
			continue
		}
		if r.register {
			registered = append(registered, len(g.requests))
		}
		g.asked = append(g.asked, r)
		g.requests = append(g.requests, &ua.ReadValueID{
			NodeID: node, AttributeID: ua.AttributeID(r.attributeOrValue()), IndexRange: r.indexRange, DataEncoding: &ua.QualifiedName{},
		})
	}
	if err := g.register(ctx, ses, registered); err != nil {
		g.token = nil // again in the next cycle
		return fmt.Errorf("register nodes: %w", err)
	}
	return nil
}

// register has the server make names of its own for the nodes of some requests (Part 4, 5.9.5). Nodes of a server that cannot are read by
// their ids.
func (g *readGroup) register(ctx context.Context, ses *session, requests []int) error {
	err := ses.limits.register.each(len(requests), func(from, to int) error {
		req := &ua.RegisterNodesRequest{}
		for _, i := range requests[from:to] {
			req.NodesToRegister = append(req.NodesToRegister, g.requests[i].NodeID)
		}
		r, err := do[*ua.RegisterNodesResponse](ctx, ses, req)
		if err != nil {
			return err
		}
		if len(r.RegisteredNodeIDs) != to-from || slices.Contains(r.RegisteredNodeIDs, nil) {
			return model.StatusBadUnknownResponse
		}
		for j, id := range r.RegisteredNodeIDs {
			g.requests[requests[from+j]].NodeID = id
			g.names = append(g.names, id)
		}
		return nil
	}, func(int, error) {})
	if err != nil && ctx.Err() == nil && !notConnected(err) {
		g.c.source.log.Warn().Err(err).Int("nodes", len(requests)).Msg("opc ua server does not register nodes; they are read by their ids")
		return nil
	}
	return err
}

// unregister gives names back. Those of a session that has ended went with it.
func (g *readGroup) unregister() {
	if len(g.names) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	if ses := g.c.source.asks.now(); ses != nil && ses.token == g.token {
		_ = ses.limits.register.each(len(g.names), func(from, to int) error {
			_, err := do[*ua.UnregisterNodesResponse](ctx, ses, &ua.UnregisterNodesRequest{NodesToUnregister: g.names[from:to]})
			return err
		}, nil)
	}
	g.names = nil
}

// works tells that values come.
func (r *cyclicRead) works() bool { return r.counts.last.Load() != 0 && !r.counts.bad() }

// tell is the state of the field, without its name.
func (r *cyclicRead) tell(at *moment) model.ItemState {
	s := model.ItemState{NodeID: r.node, State: model.NodeActive, Status: model.StatusCode(r.counts.status.Load())}
	r.counts.fill(&s)
	s.SamplingInterval = r.sampling
	limit := max(at.timeout, firstValue+3*r.sampling)
	switch quiet := at.now.Sub(s.LastValue); {
	case !at.connected:
		d := disconnected()
		s.State, s.Status, s.Message = d.State, d.Status, d.Message
	case s.LastValue.IsZero():
		s.State, s.Status, s.Message = model.NodeCreating, model.StatusBadWaitingForInitialData, "not read yet"
	case s.Status.IsBad():
		s.State, s.Message = model.NodeBad, fmt.Sprintf("read %s: %s", r.node, s.Status.Name())
	case quiet > limit:
		s.State, s.Message = model.NodeLate, fmt.Sprintf("not read for %s", quiet.Round(time.Second))
	}
	return s
}
