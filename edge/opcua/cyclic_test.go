package opcua

import (
	"fmt"
	"testing"
	"time"

	"github.com/shopfloor-iiot/shopfloor/edge/opcua/opcuatest"
	"github.com/shopfloor-iiot/shopfloor/model"
)

// Nodes are read each interval, changed or not, by their ids and by registered names, also after a reconnect.
func testCyclicRead(t *testing.T, s *opcuatest.Server) {
	read := model.CyclicRead{MaxAge: 50 * time.Millisecond}
	named := model.CyclicRead{RegisterNode: true}
	proxy := opcuatest.NewProxy(t, s.Addr())
	r := &recorder{}
	w := dataSetWriter("w", 100*time.Millisecond)
	w.SamplingInterval = 50 * time.Millisecond
	w.Fields = []model.PublishedField{
		{Name: "still", NodeID: plant("Scalar_Byte"), CyclicRead: &read},
		{Name: "named", NodeID: plant("V1"), CyclicRead: &named},
		{Name: "name", NodeID: plant("Plant"), Attribute: model.AttributeDisplayName, CyclicRead: &read, SamplingInterval: time.Second},
		{Name: "nobody", NodeID: plant("Nobody"), CyclicRead: &read},
	}
	source := run(t, config(proxy.Endpoint(), r), w)
	for i := range 2 {
		r.has(t, i, 5)
	}
	if v := r.has(t, 2, 1)[0].Value; v.LocalizedText().Text != "Plant" {
		t.Errorf("DisplayName is %v", v)
	}
	if v := r.has(t, 3, 2)[0]; v.Status != model.StatusBadNodeIdUnknown || v.Time().IsZero() {
		t.Errorf("a node that is not there is %v of %v", v.Status, v.Time().Time())
	}
	if got := source.Writers()[0]; got.Active != 3 || got.BadCount != 1 || got.Bad[0].Field != "nobody" {
		t.Errorf("status of the writer: %+v", got)
	}
	if n := source.publishing.all(); len(n) != 0 {
		t.Errorf("%d subscriptions, want none", len(n))
	}
	proxy.Cut()
	eventually(t, 10*time.Second, func() bool { return source.Status().Reconnects > 0 }, func() string { return fmt.Sprintf("%+v", source.Status()) })
	before := len(r.field(1))
	r.has(t, 1, before+5)

	proxy.Swallow(true) // the reads take longer than a cycle
	eventually(t, 15*time.Second, func() bool { return source.cyclic.skipped.Load() > 5 }, func() string { return "cycles that are left out are counted" })
	proxy.Swallow(false)
	before = len(r.field(1))
	r.has(t, 1, before+5)

	source.Configure(nil)
	eventually(t, 10*time.Second, func() bool {
		source.cyclic.mu.Lock()
		defer source.cyclic.mu.Unlock()
		return len(source.cyclic.groups) == 0
	}, func() string { return "reading ends" })
}
