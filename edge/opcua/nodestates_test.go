package opcua

import (
	"fmt"
	"testing"
	"time"

	"github.com/shopfloor-iiot/shopfloor/edge/opcua/opcuatest"
	"github.com/shopfloor-iiot/shopfloor/model"
)

// nodePage asks for one page.
func nodePage(t *testing.T, s *Source, q model.NodeQuery) model.NodePage {
	t.Helper()
	pages, err := s.Nodes(t.Context(), []model.NodeQuery{q})
	if err != nil {
		t.Fatal(err)
	}
	return pages[0]
}

// Two nodes that the server does not have, among others that run: which, and why.
func TestNodes(t *testing.T) {
	server := opcuatest.Start(t, opcuatest.Options{Vars: 20})
	w := dataSetWriter("w", 100*time.Millisecond, append(counters(20), "Gone1", "Gone2")...)
	w.SamplingInterval = 100 * time.Millisecond
	other := dataSetWriter("x", 100*time.Millisecond, "V1")
	r := &recorder{}
	source := run(t, config(server.Endpoint(), r), w, other)
	all := model.NodeQuery{First: 100}
	var page model.NodePage
	eventually(t, 20*time.Second, func() bool {
		page = nodePage(t, source, all)
		return page.Totals[model.NodeActive] == 21 && page.Totals[model.NodeBad] == 2 && page.Values > 40
	}, func() string { return fmt.Sprintf("21 active, 2 bad: %+v", page) })
	if len(page.Nodes) != 23 || page.More || page.Nodes[0].Field != "V0" || page.Nodes[22].Writer != other.Key() {
		t.Errorf("page %+v", page)
	}
	v := page.Nodes[0]
	if v.State != model.NodeActive || v.Values < 2 || v.NodeID != plant("V0") || v.SamplingInterval != 100*time.Millisecond || v.QueueSize == 0 ||
		time.Since(v.LastValue) > 10*time.Second || v.Since.IsZero() || v.LastValue.Before(v.Since) {
		t.Errorf("an active node: %+v", v)
	}
	key := w.Key()
	bad := nodePage(t, source, model.NodeQuery{Writer: &key, States: []model.NodeState{model.NodeBad}, First: 1})
	if len(bad.Nodes) != 1 || !bad.More || bad.Totals[model.NodeActive] != 20 || bad.Nodes[0].Field != "Gone1" || bad.Nodes[0].Status != model.StatusBadNodeIdUnknown {
		t.Fatalf("the first bad node: %+v", bad)
	}
	after := model.SeriesID{Gateway: key.Gateway, Group: key.Group, Writer: key.Writer, Field: "Gone1"}
	bad = nodePage(t, source, model.NodeQuery{Writer: &key, States: []model.NodeState{model.NodeBad}, First: 1, After: after})
	if len(bad.Nodes) != 1 || bad.More || bad.Nodes[0].Field != "Gone2" || bad.Nodes[0].Since.IsZero() {
		t.Errorf("the second bad node: %+v", bad)
	}
	if p := nodePage(t, source, model.NodeQuery{Text: "GONE"}); len(p.Nodes) != 0 || !p.More || p.Totals[model.NodeBad] != 2 || p.Totals[model.NodeActive] != 0 {
		t.Errorf("totals of a text: %+v", p)
	}
	after.Field = "V99"
	nowhere := model.WriterKey{Gateway: "gw", Group: "group", Writer: "nowhere"}
	for _, q := range []model.NodeQuery{{Writer: &nowhere}, {Writer: &key, After: after, First: 1}} {
		if p := nodePage(t, source, q); p.Status != model.StatusBadNotFound || p.Message == "" {
			t.Errorf("%+v: %+v", q, p)
		}
	}
	server.Kill()
	eventually(t, 20*time.Second, func() bool {
		page = nodePage(t, source, all)
		return page.Totals[model.NodeDisconnected] == 21 && page.Nodes[0].Status == model.StatusBadServerNotConnected
	}, func() string { return fmt.Sprintf("21 disconnected: %v", page.Totals) })
}

func TestItemStates(t *testing.T) {
	now := time.Now()
	at := moment{now: now, connected: true, publishing: time.Second}
	for _, c := range []struct {
		name string
		set  func(*item)
		at   func(*moment)
		want model.NodeState
	}{
		{"wanted", func(i *item) { i.state = itemWanted }, nil, model.NodeCreating},
		{"before the first value", func(i *item) { i.counts.turned(now.Add(-5 * time.Second)) }, nil, model.NodeActive},
		{"no first value", func(i *item) { i.counts.turned(now.Add(-20 * time.Second)) }, nil, model.NodeLate},
		{"still", func(i *item) { i.counts.arrived(now.Add(-time.Hour), 0) }, nil, model.NodeActive},
		{"still, with a watchdog", func(i *item) { i.counts.arrived(now.Add(-time.Hour), 0) }, func(m *moment) { m.timeout = time.Minute }, model.NodeLate},
		{"bad value", func(i *item) { i.counts.arrived(now, model.StatusBadNoCommunication) }, nil, model.NodeBad},
		{"overflow", func(i *item) { i.counts.arrived(now.Add(-30*time.Second), 0x480) }, nil, model.NodeOverflow},
		{"overflow long ago", func(i *item) { i.counts.arrived(now.Add(-90*time.Second), 0x480) }, nil, model.NodeActive},
		{"refused", func(i *item) { i.state = itemRefused; i.fails(model.StatusBadNodeIdUnknown, "unknown") }, nil, model.NodeBad},
		{"cut off", func(i *item) { i.counts.arrived(now, 0) }, func(m *moment) { m.connected = false }, model.NodeDisconnected},
	} {
		t.Run(c.name, func(t *testing.T) {
			i, m := newItem(1, plant("V0"), &itemSpec{}, nil), at
			i.state = itemActive
			c.set(i)
			if c.at != nil {
				c.at(&m)
			}
			var s model.ItemState
			if i.tell(&s, &m); s.State != c.want {
				t.Errorf("%+v, want %s", s, c.want)
			}
			if calls := s.State == model.NodeLate || s.State == model.NodeOverflow || s.State == model.NodeBad; calls && s.Message == "" && s.Status.Remedy() == "" {
				t.Errorf("nothing tells what is wrong: %+v", s)
			}
		})
	}
}

func TestItemCountsDoNotAllocate(t *testing.T) {
	var c itemCounts
	now := time.Now()
	if n := testing.AllocsPerRun(1000, func() { c.arrived(now, 0) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkItemCounts(b *testing.B) {
	var c itemCounts
	now := time.Now()
	for b.Loop() {
		c.arrived(now, 0)
	}
}
