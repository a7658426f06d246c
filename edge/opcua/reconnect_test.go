package opcua

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/shopfloor-iiot/shopfloor/edge/opcua/opcuatest"
	"github.com/shopfloor-iiot/shopfloor/model"
)

// plantRun is a Source that publishes counters of a server behind a proxy.
type plantRun struct {
	t      *testing.T
	server *opcuatest.Server
	proxy  *opcuatest.Proxy
	r      *recorder
	source *Source
}

func startPlant(t *testing.T, o opcuatest.Options, nodes int, change func(*Config)) *plantRun {
	t.Helper()
	p := &plantRun{t: t, server: opcuatest.Start(t, o), r: &recorder{}}
	p.proxy = opcuatest.NewProxy(t, p.server.Addr())
	c := config(p.proxy.Endpoint(), p.r)
	if change != nil {
		change(&c)
	}
	w := dataSetWriter("w", 200*time.Millisecond, counters(nodes)...)
	for i := range w.Fields {
		w.Fields[i].QueueSize = 500
	}
	p.source = run(t, c, w)
	p.flows(20 * time.Second)
	return p
}

// flows waits until each field got three more values.
func (p *plantRun) flows(timeout time.Duration) {
	p.t.Helper()
	start := p.r.least()
	eventually(p.t, timeout, func() bool { return p.r.least() >= start+3 }, func() string {
		return fmt.Sprintf("values flow: %d then, %d now, %+v, %+v", start, p.r.least(), p.source.Status(), p.source.Writers())
	})
}

// grows waits until some field got three more values.
func (p *plantRun) grows(field int, timeout time.Duration) {
	p.t.Helper()
	start := len(p.r.field(field))
	eventually(p.t, timeout, func() bool { return len(p.r.field(field)) >= start+3 }, func() string {
		return fmt.Sprintf("values of field %d flow: %+v, %+v", field, p.source.Status(), p.source.Writers())
	})
}

// nothingLost checks that every step of the counters came, once.
func (p *plantRun) nothingLost() {
	p.t.Helper()
	missing, twice := p.r.audit(p.t)
	if st := p.source.Status(); missing != 0 || twice != 0 || st.LostNotifications != 0 {
		p.t.Errorf("%d steps are missing, %d values came twice, status %+v", missing, twice, st)
	}
}

// away is what a test takes a network to be down for.
func (p *plantRun) away(d time.Duration) {
	p.proxy.Refuse(true)
	p.proxy.Cut()
	time.Sleep(d) // the outage itself, nothing is waited for
	p.proxy.Refuse(false)
}

func TestReconnect(t *testing.T) {
	for _, c := range []struct {
		name string
		test func(*testing.T)
	}{
		{"ServiceFault", testServiceFault},
		{"Cut", testCut},
		{"Outage", testOutage},
		{"SessionTimeout", testSessionTimeout},
		{"Swallowed", testSwallowed},
		{"Killed", testKilled},
		{"Stopped", testStopped},
		{"NodeGone", testNodeGone},
		{"ManyItems", testManyItems},
		{"LargeArray", testLargeArray},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.test(t)
		})
	}
}

// A fault of one service is that request's business: the connections stay, and the limit that it tells is learnt.
func testServiceFault(t *testing.T) {
	p := startPlant(t, opcuatest.Options{Limit: 5}, 20, nil)
	ses, err := p.source.asks.session(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if n := ses.limits.read.n.Load(); n != 5 {
		t.Errorf("the limit is %d, want the server's 5", n)
	}
	ses.limits.read.set(0)
	var ids []model.ReadValueID
	for _, name := range counters(20) {
		ids = append(ids, value(name))
	}
	for i, r := range read(t, p.source, ids...) {
		if r.Status != 0 || r.Value.Type() != model.TypeDouble {
			t.Errorf("V%d is %v %s", i, r.Value, r.Message)
		}
	}
	if n := ses.limits.read.n.Load(); n != 5 {
		t.Errorf("the limit that was learnt is %d, want 5", n)
	}
	p.flows(5 * time.Second)
	p.nothingLost()
	if st := p.source.Status(); st.Reconnects != 0 {
		t.Errorf("status is %+v", st)
	}
}

func testCut(t *testing.T) {
	p := startPlant(t, opcuatest.Options{}, 20, nil)
	for range 3 {
		p.proxy.Cut()
		p.flows(5 * time.Second)
	}
	p.nothingLost()
	if st := p.source.Status(); st.Reconnects < 3 {
		t.Errorf("%d reconnects counted after 3 cuts", st.Reconnects)
	}
	if _, opens := p.r.last(); opens != 1 {
		t.Errorf("the DataSet was opened %d times; its metadata did not change", opens)
	}
}

func testOutage(t *testing.T) {
	p := startPlant(t, opcuatest.Options{}, 20, nil)
	p.away(4 * time.Second)
	p.flows(10 * time.Second)
	p.nothingLost()
}

// The session dies at the server, the subscription does not: it is transferred to the next session.
func testSessionTimeout(t *testing.T) {
	p := startPlant(t, opcuatest.Options{}, 20, func(c *Config) { c.SessionTimeout = 10 * time.Second })
	sub := p.source.publishing.all()[0]
	sub.mu.Lock()
	id := sub.id
	sub.mu.Unlock()
	last := p.source.publishes.last
	p.away(13 * time.Second)
	p.flows(10 * time.Second)
	p.nothingLost()
	sub.mu.Lock()
	defer sub.mu.Unlock()
	if sub.id != id {
		t.Errorf("subscription %d was not transferred but made anew as %d", id, sub.id)
	}
	if p.source.publishes.last.token == last.token {
		t.Error("the session was kept; the test shows nothing")
	}
}

func testSwallowed(t *testing.T) {
	p := startPlant(t, opcuatest.Options{}, 20, nil)
	p.proxy.Swallow(true)
	eventually(t, 8*time.Second, func() bool { return p.source.Status().State == model.StateReconnecting },
		func() string { return fmt.Sprintf("the silence is noticed: %+v", p.source.Status()) })
	p.proxy.Swallow(false)
	p.flows(10 * time.Second)
	p.nothingLost()
}

func testKilled(t *testing.T) {
	p := startPlant(t, opcuatest.Options{Continuing: true}, 20, nil)
	p.server.Kill()
	p.server.Restart()
	p.flows(10 * time.Second)
	if _, twice := p.r.audit(t); twice != 0 {
		t.Errorf("%d values came twice", twice)
	}
}

func testStopped(t *testing.T) {
	p := startPlant(t, opcuatest.Options{Continuing: true}, 20, nil)
	p.server.Restart()
	p.flows(10 * time.Second)
	if _, twice := p.r.audit(t); twice != 0 {
		t.Errorf("%d values came twice", twice)
	}
}

func testNodeGone(t *testing.T) {
	p := startPlant(t, opcuatest.Options{Continuing: true}, 20, nil)
	p.server.Kill()
	p.server.Restart("MISSING=1")
	eventually(t, 15*time.Second, func() bool {
		w := p.source.Writers()[0]
		return w.Active == 19 && w.BadCount == 1 && len(w.Bad) == 1 && w.Bad[0].Field == "V0" && w.Bad[0].Status == model.StatusBadNodeIdUnknown && w.Bad[0].Message != ""
	}, func() string { return fmt.Sprintf("V0 is shown as bad: %+v", p.source.Writers()) })
	p.grows(19, 10*time.Second)
	if st := p.source.Status(); st.BadItems != 1 || st.MonitoredItems != 19 {
		t.Errorf("status is %+v", st)
	}
	// The node comes back.
	p.server.Kill()
	p.server.Restart("MISSING=0")
	p.grows(0, 20*time.Second)
}

func testManyItems(t *testing.T) {
	p := startPlant(t, opcuatest.Options{Continuing: true, Vars: 1500, Period: 500 * time.Millisecond}, 1500, nil)
	p.server.Kill()
	p.server.Restart()
	p.flows(15 * time.Second)
	if st := p.source.Status(); st.MonitoredItems != 1500 {
		t.Errorf("status is %+v", st)
	}
}

// An array that is larger than what gopcua decodes comes as any other value.
func testLargeArray(t *testing.T) {
	p := startPlant(t, opcuatest.Options{}, 5, nil)
	both := []model.DataSetWriter{dataSetWriter("w", 200*time.Millisecond, counters(5)...), dataSetWriter("z", 300*time.Millisecond, "Array_Byte")}
	for i := range both[0].Fields {
		both[0].Fields[i].QueueSize = 500
	}
	p.source.Configure(both)
	eventually(t, 10*time.Second, func() bool { return len(p.r.field(0)) == 1 }, func() string { return "Array_Byte has a value" })
	write := func(elements int) {
		t.Helper()
		array := slices.Concat([]byte("[1"), bytes.Repeat([]byte(",1"), elements-1), []byte("]"))
		r, err := p.source.Write(t.Context(), []model.WriteValue{{NodeID: plant("Array_Byte"), Value: array}})
		if err != nil || r[0].Status != 0 {
			t.Fatalf("write %d elements: %+v, %v", elements, r, err)
		}
	}
	write(maxArrayLength + 1)
	eventually(t, 20*time.Second, func() bool { v := p.r.field(0); return v[len(v)-1].Value.Len() == maxArrayLength+1 }, func() string { return "the array comes" })
	if st := p.source.Status(); st.Reconnects != 0 || st.State != model.StateConnected || st.LostNotifications != 0 {
		t.Errorf("status is %+v", st)
	}
	p.r.mu.Lock()
	p.r.opens = p.r.opens[:1] // the counters
	p.r.mu.Unlock()
	p.flows(5 * time.Second)
	if missing, twice := p.r.audit(t); missing != 0 || twice != 0 {
		t.Errorf("%d steps are missing, %d values came twice", missing, twice)
	}
}
