package graph

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// pressMonitors are the monitorings of a pressPlant. Each delivers the values that the plant has when it begins, and what push changes.
type pressMonitors struct {
	t     *testing.T
	plant *pressPlant

	mu      sync.Mutex
	running []*pressMonitor
	asked   []model.MonitorRequest
	err     error
}

type pressMonitor struct {
	ctx     context.Context
	request model.MonitorRequest
	changes chan model.ValueChanges
}

func monitorPresses(t *testing.T, p *platform, plant *pressPlant) *pressMonitors {
	m := &pressMonitors{t: t, plant: plant}
	p.commands.MonitorFunc = m.monitor
	return m
}

func (m *pressMonitors) monitor(ctx context.Context, r model.MonitorRequest) (<-chan model.ValueChanges, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.asked = append(m.asked, r)
	if m.err != nil {
		return nil, m.err
	}
	one := &pressMonitor{ctx, r, make(chan model.ValueChanges, 100)}
	one.changes <- m.values(r.NodeIDs)
	m.running = append(m.running, one)
	return one.changes, nil
}

func (m *pressMonitors) values(ids []model.ExpandedNodeID) (v model.ValueChanges) {
	m.plant.mu.Lock()
	defer m.plant.mu.Unlock()
	for _, id := range ids {
		n := m.plant.nodes[id]
		if n == nil {
			v.Changes = append(v.Changes, model.ValueChange{NodeID: id, Value: model.DataValue{Status: model.StatusBadNodeIdUnknown}})
			continue
		}
		v.Changes = append(v.Changes, model.ValueChange{NodeID: id, Value: n.value, Message: n.message})
	}
	return v
}

// live are the monitorings that are wanted.
func (m *pressMonitors) live() []*pressMonitor {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.running = slices.DeleteFunc(m.running, func(one *pressMonitor) bool { return one.ctx.Err() != nil })
	return slices.Clone(m.running)
}

// push changes a value of the plant and delivers it.
func (m *pressMonitors) push(id string, overflow bool, change func(*pressNode)) {
	m.plant.set(id, change)
	node := model.ExpandedNodeID{NodeID: model.StringID(0, id), NamespaceURI: "urn:press"}
	for _, one := range m.live() {
		if slices.Contains(one.request.NodeIDs, node) {
			v := m.values([]model.ExpandedNodeID{node})
			v.Overflow = overflow
			one.changes <- v
		}
	}
}

// typedStream is a subscription within this process.
type typedStream struct {
	t    *testing.T
	ctx  context.Context
	next graphql.ResponseHandler
	end  context.CancelFunc
}

func stream(t *testing.T, p *platform, query string) *typedStream {
	t.Helper()
	return streamWith(t, p, query, nil)
}

func streamWith(t *testing.T, p *platform, query string, variables map[string]any) *typedStream {
	t.Helper()
	ctx, cancel := context.WithCancel(graphql.StartOperationTrace(t.Context()))
	s := p.Handler.(*Handler).snapshots
	t.Cleanup(p.Handler.(*Handler).Close) // feeds linger
	op, errs := s.CreateOperationContext(ctx, &graphql.RawParams{Query: query, Variables: variables, ReadTime: graphql.TraceTiming{Start: graphql.Now(), End: graphql.Now()}})
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	next, ctx := s.DispatchOperation(ctx, op)
	return &typedStream{t, ctx, next, cancel}
}

// want compares the next delivery, without what is not of the data.
func (s *typedStream) want(data string, wantErrors ...string) {
	s.t.Helper()
	response := s.next(s.ctx)
	if response == nil {
		s.t.Fatalf("the stream ended, want %s", data)
	}
	var errs []string
	for _, e := range response.Errors {
		errs = append(errs, fmt.Sprintf("%v %v: %s", e.Path, e.Extensions["code"], e.Message))
	}
	slices.Sort(errs)
	wantAnswer(s.t, string(response.Data), errs, data, wantErrors...)
}

func (s *typedStream) wantEnd() {
	s.t.Helper()
	if response := s.next(s.ctx); response != nil {
		s.t.Fatalf("got %s %v, want the end", response.Data, response.Errors)
	}
}

func TestTypedSubscription(t *testing.T) {
	typesOfPlant(t)
	synctest.Test(t, func(t *testing.T) {
		p, plant := pressPlatform(t, 3)
		m := monitorPresses(t, p, plant)
		s := stream(t, p, `subscription { Plant_PressType(server: "press", publishingInterval: "1s", samplingInterval: "100ms") { __typename sequence complete overflow removed
			nodes { browseName { name } State { value status { name } } Force { value } Parameters { ... on Plant_PressType_Parameters { Pressure { value range { high } } } } } } }`)
		press := func(n int, state, rest string) string {
			return fmt.Sprintf(`{"browseName":{"name":"Press%d"},"State":{"value":%s},"Force":{"value":%s,"Parameters":{"Pressure":{"value":%d,"range":{"high":200}}}}`, n, state, rest, n)
		}
		const good = `,"status":{"name":"Good"}`
		s.want(`{"Plant_PressType":{"__typename":"Plant_PressType_Changes","sequence":"1","complete":true,"overflow":false,"removed":[],"nodes":[` +
			press(1, `"true_1"`+good, "1.5}") + "," + press(2, `"n2nd"`+good, "2.5}") + "," + press(3, `"Off"`+good, "3.5}") + `]}}`)
		if r := m.asked[0]; len(m.asked) != 1 || len(r.NodeIDs) != 12 || r.SamplingInterval != 100*time.Millisecond || r.PublishingInterval != time.Second {
			t.Errorf("asked %+v", m.asked)
		}
		browses, began := p.commands.browses.Load(), time.Now()
		// What changes within a publishing interval is one delivery, with the instances that changed.
		m.push("P003.State", false, func(n *pressNode) { n.value.Status, n.message = model.StatusBadSensorFailure, "cut" })
		m.push("P002.Force", true, func(n *pressNode) { n.value.Value = model.DoubleValue(7) })
		m.push("P002.Force", false, func(n *pressNode) { n.value.Value = model.DoubleValue(8) })
		m.push("P001.Serial", false, func(n *pressNode) { n.value.Value = model.StringValue("not asked for") })
		s.want(`{"Plant_PressType":{"__typename":"Plant_PressType_Changes","sequence":"2","complete":false,"overflow":true,"removed":[],"nodes":[`+
			press(2, `"n2nd"`+good, "8}")+","+press(3, `null,"status":{"name":"BadSensorFailure"}`, "3.5}")+`]}}`,
			"Plant_PressType.nodes[1].State.value UNAVAILABLE: read nsu=urn:press;s=P003.State: BadSensorFailure: cut")
		if waited := time.Since(began); waited != time.Second || p.commands.reads.Load() != 0 || p.commands.browses.Load() != browses {
			t.Errorf("after %s with %d reads and %d browses", waited, p.commands.reads.Load(), p.commands.browses.Load()-browses)
		}
		s.end()
		s.wantEnd()
		time.Sleep(time.Second)
		if n := len(m.live()); n > 0 {
			t.Errorf("%d monitorings go on", n)
		}
	})
}

func TestTypedSubscriptionFollowsInstances(t *testing.T) {
	typesOfPlant(t)
	synctest.Test(t, func(t *testing.T) {
		p, plant := pressPlatform(t, 2)
		m := monitorPresses(t, p, plant)
		s := stream(t, p, `subscription { p: Plant_PressType(server: "press") { sequence complete removed nodes { browseName { name } Force { value } } } }`)
		press := func(n int, force string) string {
			return fmt.Sprintf(`{"browseName":{"name":"Press%d"},"Force":{"value":%s}}`, n, force)
		}
		s.want(`{"p":{"sequence":"1","complete":true,"removed":[],"nodes":[` + press(1, "1.5") + "," + press(2, "2.5") + `]}}`)
		more := newPressPlant(3)
		plant.mu.Lock()
		hall := plant.nodes[model.Expanded(model.NumericID(0, 85))].children[0]
		for id, n := range more.nodes {
			if strings.HasPrefix(id.String(), "nsu=urn:press;s=P003") {
				plant.nodes[id] = n
			}
		}
		hall.children = []*pressNode{hall.children[1], more.nodes[model.Expanded(model.NumericID(0, 85))].children[0].children[2]}
		plant.mu.Unlock()
		s.want(`{"p":{"sequence":"2","complete":true,"removed":["press/nsu=urn:press;s=P001"],"nodes":[` + press(2, "2.5") + "," + press(3, "3.5") + `]}}`)
		if running := m.live(); len(running) != 1 || len(running[0].request.NodeIDs) != 2 {
			t.Errorf("monitored %+v", running)
		}
		m.push("P003.Force", false, func(n *pressNode) { n.value.Value = model.DoubleValue(9) })
		s.want(`{"p":{"sequence":"3","complete":false,"removed":[],"nodes":[` + press(3, "9") + `]}}`)
		// A schema that comes meanwhile changes nothing.
		if err := p.Handler.(*Handler).SetTypes(typesOfPlant(t)); err != nil {
			t.Fatal(err)
		}
		m.push("P002.Force", false, func(n *pressNode) { n.value.Value = model.DoubleValue(10) })
		s.want(`{"p":{"sequence":"4","complete":false,"removed":[],"nodes":[` + press(2, "10") + `]}}`)
		s.end()
		s.wantEnd()
	})
}

func TestTypedSubscriptionOutlivesGateways(t *testing.T) {
	typesOfPlant(t)
	synctest.Test(t, func(t *testing.T) {
		p, plant := pressPlatform(t, 1)
		m := monitorPresses(t, p, plant)
		m.err = errors.Join(ErrUnavailable, errors.New("not yet"))
		s := stream(t, p, `subscription { p: Plant_PressType(server: "press") { complete nodes { Force { value } } } }`)
		s.want(`{"p":{"complete":true,"nodes":[{"Force":{"value":null}}]}}`, `p.nodes[0].Force.value UNAVAILABLE: monitor server "press": unavailable`)
		m.mu.Lock()
		m.err = nil
		m.mu.Unlock()
		s.want(`{"p":{"complete":false,"nodes":[{"Force":{"value":1.5}}]}}`)
		close(m.live()[0].changes)
		s.want(`{"p":{"complete":false,"nodes":[{"Force":{"value":null}}]}}`, `p.nodes[0].Force.value UNAVAILABLE: monitor server "press": BadNoCommunication: it went away`)
		s.want(`{"p":{"complete":false,"nodes":[{"Force":{"value":1.5}}]}}`)
		s.end()
		s.wantEnd()
	})
}

func TestTypedSubscriptionErrors(t *testing.T) {
	p, plant := pressPlatform(t, 1)
	monitorPresses(t, p, plant)
	for args, want := range map[string]string{
		`server: "press", publishingInterval: "1ms"`: `Plant_PressType BAD_USER_INPUT: publishingInterval: 1ms is below 50ms`,
		`server: "press", samplingInterval: "x"`:     `Plant_PressType BAD_USER_INPUT: samplingInterval`,
		`server: "oven"`:                             `Plant_PressType UNAVAILABLE: browse server "oven"`,
		`ids: ["x"]`:                                 `Plant_PressType BAD_USER_INPUT: invalid input: id "x" is not in the form <server>/<nodeId>`,
	} {
		s := stream(t, p, `subscription { Plant_PressType(`+args+`) { nodes { id Force { value } } } }`)
		s.want("null", want)
		s.wantEnd()
	}
	// A server that is away takes nothing from the others.
	s := stream(t, p, `subscription { Plant_PressType { nodes { id Force { value } } } }`)
	s.want(`{"Plant_PressType":{"nodes":[{"id":"press/nsu=urn:press;s=P001","Force":{"value":1.5}}]}}`, `Plant_PressType UNAVAILABLE: browse server "oven"`)
	s.end()
	s.wantEnd()
}

func TestTypedSubscriptionOverWebSocket(t *testing.T) {
	p, plant := pressPlatform(t, 1)
	m := monitorPresses(t, p, plant)
	c := connect(t, p)
	c.subscribe("1", `subscription { Plant_PressType(server: "press", publishingInterval: "50ms") { sequence nodes { Force { value } } } }`)
	c.want("next", `{"data":{"Plant_PressType":{"sequence":"1","nodes":[{"Force":{"value":1.5}}]}}}`)
	m.push("P001.Force", false, func(n *pressNode) { n.value.Value = model.DoubleValue(8) })
	c.want("next", `{"data":{"Plant_PressType":{"sequence":"2","nodes":[{"Force":{"value":8}}]}}}`)
	running := m.live()
	c.send(frame{ID: "1", Type: "complete"})
	h := p.Handler.(*Handler)
	waitUntil(t, "the subscriber is gone", func() bool { return h.LiveFigures().Subscribers == 0 })
	h.Close()
	await(t, "the end of the monitoring", running[0].ctx.Done())
}

func TestTypedSubscribersShareAFeed(t *testing.T) {
	typesOfPlant(t)
	synctest.Test(t, func(t *testing.T) {
		p, plant := pressPlatform(t, 3)
		m := monitorPresses(t, p, plant)
		const query = `subscription($i: Duration, $r: ResumeInput) { p: Plant_PressType(server: "press", publishingInterval: $i, resume: $r) { stream sequence complete overflow nodes { browseName { name } Force { value } } } }`
		type delivery struct {
			P struct {
				Stream             string
				Sequence           uint64 `json:",string"`
				Complete, Overflow bool
				Nodes              []struct {
					BrowseName struct{ Name string }
					Force      struct{ Value float64 }
				}
			}
		}
		read := func(s *typedStream) (d delivery) {
			t.Helper()
			response := s.next(s.ctx)
			if response == nil || len(response.Errors) > 0 {
				t.Fatalf("got %+v", response)
			}
			if err := json.Unmarshal(response.Data, &d); err != nil {
				t.Fatal(err)
			}
			return d
		}
		text := func(d delivery) string {
			s := fmt.Sprint(d.P.Sequence)
			if d.P.Complete {
				s += " complete"
			}
			if d.P.Overflow {
				s += " overflow"
			}
			for _, n := range d.P.Nodes {
				s += fmt.Sprintf(" %s=%v", n.BrowseName.Name, n.Force.Value)
			}
			return s
		}
		id := ""
		want := func(s *typedStream, texts ...string) {
			t.Helper()
			for _, w := range texts {
				d := read(s)
				if got := text(d); got != w {
					t.Fatalf("got %q, want %q", got, w)
				}
				if id == "" {
					id = d.P.Stream
				}
				if d.P.Stream != id {
					t.Fatalf("delivery of stream %s, want %s", d.P.Stream, id)
				}
			}
		}
		push := func(force float64) {
			m.push("P002.Force", false, func(n *pressNode) { n.value.Value = model.DoubleValue(force) })
			time.Sleep(1500 * time.Millisecond) // over the publishing interval
		}
		every := map[string]any{"i": "1s"}
		resume := func(stream string, sequence int) map[string]any {
			return map[string]any{"i": "1s", "r": map[string]any{"stream": stream, "sequence": fmt.Sprint(sequence)}}
		}
		var all []*typedStream
		subscribe := func(variables map[string]any) *typedStream {
			s := streamWith(t, p, query, variables)
			all = append(all, s)
			return s
		}
		a := subscribe(every)
		want(a, "1 complete Press1=1.5 Press2=2.5 Press3=3.5")
		push(10)
		want(a, "2 Press2=10")
		browses := p.commands.browses.Load()
		// Another one joins with all that is known, and a third is asked for in other words.
		b := subscribe(every)
		want(b, "2 complete Press1=1.5 Press2=10 Press3=3.5")
		c := streamWith(t, p, `subscription { p: Plant_PressType(publishingInterval: "1s", server: "press") { ...on Plant_PressType_Changes { sequence } } }`, nil)
		c.want(`{"p":{"sequence":"1"}}`)
		push(11)
		want(a, "3 Press2=11")
		want(b, "3 Press2=11")
		if n := len(m.live()); n != 1 || p.commands.browses.Load() != browses {
			t.Errorf("%d monitorings and %d browses for two who ask for the same values", n, p.commands.browses.Load()-browses)
		}
		// Who comes back is given what was missed, and goes on.
		b.end()
		b.wantEnd()
		push(12)
		push(13)
		want(subscribe(resume(id, 3)), "4 Press2=12", "5 Press2=13")
		want(subscribe(resume(id, 5000)), "5 complete overflow Press1=1.5 Press2=13 Press3=3.5")
		// All that is known takes the place of what is not kept any more.
		for i := range 100 {
			push(float64(100 + i))
		}
		want(subscribe(resume(id, 5)), "105 complete overflow Press1=1.5 Press2=199 Press3=3.5")
		want(a, "105 complete overflow Press1=1.5 Press2=199 Press3=3.5")
		f := p.Handler.(*Handler).LiveFigures()
		if f.Resumed != 1 || f.Gaps != 2 || f.Streams != 2 || f.Bytes == 0 {
			t.Errorf("figures %+v", f)
		}
		// A feed that is gone begins anew, and says so.
		for _, s := range all {
			s.end()
		}
		time.Sleep(time.Minute)
		old := id
		id = ""
		want(subscribe(resume(old, 105)), "1 complete overflow Press1=1.5 Press2=199 Press3=3.5")
		if id == old {
			t.Errorf("stream %s again", id)
		}
		// The end of the platform is told.
		p.Handler.(*Handler).Close()
		last := all[len(all)-1]
		last.want("null", "p UNAVAILABLE: the platform is stopping")
		last.wantEnd()
	})
}

// However many subscribers there are, the values of their instances are monitored and written once.
func TestManyTypedSubscribers(t *testing.T) {
	typesOfPlant(t)
	synctest.Test(t, func(t *testing.T) {
		const presses, subscribers, deliveries = 100, 1000, 20
		p, plant := pressPlatform(t, presses)
		m := monitorPresses(t, p, plant)
		streams := make([]*typedStream, subscribers)
		for i := range streams {
			streams[i] = stream(t, p, `subscription { p: Plant_PressType(server: "press", first: 100, publishingInterval: "1s") { sequence complete overflow nodes { browseName { name } Force { value } State { value } } } }`)
			if response := streams[i].next(streams[i].ctx); response == nil || len(response.Errors) > 0 || strings.Count(string(response.Data), `"browseName"`) != presses {
				t.Fatalf("subscriber %d: %+v", i, response)
			}
		}
		var group sync.WaitGroup
		bodies := make([]map[*byte]bool, deliveries+2)
		var mu sync.Mutex
		for _, s := range streams {
			group.Go(func() {
				for n := 2; n < deliveries+2; n++ {
					response := s.next(s.ctx)
					if response == nil || !strings.HasPrefix(string(response.Data), fmt.Sprintf(`{"p":{"sequence":"%d","complete":false,"overflow":false,`, n)) {
						t.Errorf("delivery %d: %+v", n, response)
						return
					}
					mu.Lock()
					if bodies[n] == nil {
						bodies[n] = map[*byte]bool{}
					}
					bodies[n][&response.Data[0]] = true
					mu.Unlock()
				}
			})
		}
		for n := range deliveries {
			for i := range presses {
				m.push(fmt.Sprintf("P%03d.Force", i+1), false, func(node *pressNode) { node.value.Value = model.DoubleValue(float64(n)) })
			}
			time.Sleep(2 * time.Second)
		}
		group.Wait()
		for n := 2; n < deliveries+2; n++ {
			if len(bodies[n]) != 1 {
				t.Errorf("delivery %d was written %d times", n, len(bodies[n]))
			}
		}
		if f := p.Handler.(*Handler).LiveFigures(); len(m.asked) != 1 || f.Streams != 1 || f.Subscribers != subscribers || f.Skipped != 0 {
			t.Errorf("%d monitorings, %+v", len(m.asked), f)
		}
	})
}
