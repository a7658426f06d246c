package opcua

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/shopfloor-iiot/shopfloor/edge/opcua/opcuatest"
	"github.com/shopfloor-iiot/shopfloor/model"
)

// A change of the configuration leaves the items that stay alone, and opens the new DataSet with their newest values.
func TestConfigure(t *testing.T) {
	s := opcuatest.Start(t, opcuatest.Options{})
	r := &recorder{}
	w := dataSetWriter("w", 100*time.Millisecond, "V0", "Level", "Struct_Vec3")
	source := run(t, config(s.Endpoint(), r), w)
	eventually(t, 10*time.Second, func() bool { return r.least() >= 1 && len(r.field(0)) > 3 }, func() string { return fmt.Sprintf("%+v", source.Writers()) })
	o, _ := r.last()
	if f := o.fields[1]; f.Path != "Objects/Plant/Types/Level" || f.Unit == "" {
		t.Errorf("Level has path %q and unit %q", f.Path, f.Unit)
	}
	if f := o.fields[2]; f.BuiltInType != model.TypeExtensionObject || f.DataType.NamespaceURI != "urn:shopfloor:plant:types" {
		t.Errorf("Struct_Vec3 is %v, %v", f.BuiltInType, f.DataType)
	}
	if v := r.field(2)[0]; len(v.Value.ExtensionObject().Body) != 24 {
		t.Errorf("the first value of Struct_Vec3 is %v %v", v.Status, v.Value)
	}
	ids := itemIDs(source)

	w.Fields = append([]model.PublishedField{{Name: "V1", NodeID: plant("V1")}, {Name: "no", NodeID: plant("Nobody")}}, w.Fields[1:]...)
	source.Configure([]model.DataSetWriter{w})
	eventually(t, 10*time.Second, func() bool {
		return len(r.field(0)) > 3 && len(r.field(2)) > 0 && len(r.field(3)) > 0 && len(itemIDs(source)) == 4 && source.Writers()[0].BadCount == 1
	}, func() string { return fmt.Sprintf("%d %+v", len(itemIDs(source)), source.Writers()) })
	after := itemIDs(source)
	for _, name := range []string{"Level", "Struct_Vec3"} {
		if ids[name] != after[name] {
			t.Errorf("item of %s was %d and is %d; it should have been left alone", name, ids[name], after[name])
		}
	}
	if _, still := after["V0"]; still {
		t.Error("V0 is still monitored")
	}
	o, _ = r.last()
	if got := o.fields[1]; got.BuiltInType != model.TypeVariant || got.Name != "no" {
		t.Errorf("field of a node that is not there: %+v", got)
	}
	if bad := source.Writers()[0].Bad; bad[0].Field != "no" || bad[0].Status != model.StatusBadNodeIdUnknown {
		t.Errorf("bad items: %+v", bad)
	}

	source.Configure(nil)
	eventually(t, 10*time.Second, func() bool { return len(source.publishing.all()) == 0 && len(source.Writers()) == 0 }, func() string { return "subscription removed" })
}

// itemIDs are the server's ids of all items, by node.
func itemIDs(s *Source) map[string]uint32 {
	ids := map[string]uint32{}
	for _, sub := range s.publishing.all() {
		sub.mu.Lock()
		for _, it := range sub.items {
			ids[it.node.Text()] = it.id
		}
		sub.mu.Unlock()
	}
	return ids
}

// A DataSet that blocks pauses its subscription; others go on, and what the server's queues held comes when it goes on.
func TestBackPressure(t *testing.T) {
	s := opcuatest.Start(t, opcuatest.Options{Period: 20 * time.Millisecond})
	var blocked atomic.Bool
	release := make(chan struct{})
	r := &recorder{put: func(int, *model.DataValue) {
		if blocked.Load() {
			<-release
		}
	}}
	w := dataSetWriter("w", 20*time.Millisecond, counters(5)...)
	for i := range w.Fields {
		w.Fields[i].QueueSize = 5000
	}
	source := run(t, config(s.Endpoint(), r), w)
	eventually(t, 10*time.Second, func() bool { return r.least() > 5 }, func() string { return fmt.Sprintf("%+v", source.Status()) })
	blocked.Store(true)
	sub := source.publishing.all()[0]
	eventually(t, 10*time.Second, func() bool { sub.mu.Lock(); defer sub.mu.Unlock(); return sub.paused }, func() string { return "subscription is paused" })

	ctx, cancel := contextWithCancel(t)
	defer cancel()
	live := make(chan model.ValueChanges, 100)
	go source.Monitor(ctx, model.MonitorRequest{NodeIDs: []model.ExpandedNodeID{plant("V1")}, PublishingInterval: 50 * time.Millisecond}, func(c model.ValueChanges) {
		select {
		case live <- c:
		default:
		}
	})
	for range 5 {
		select {
		case <-live:
		case <-time.After(10 * time.Second):
			t.Fatal("a live value does not come while publishing is blocked")
		}
	}
	before := r.least()
	blocked.Store(false)
	close(release)
	eventually(t, 10*time.Second, func() bool { return r.least() > before+100 }, func() string { return fmt.Sprintf("%d values, %+v", r.least(), source.Status()) })
	if missing, twice := r.audit(t); missing != 0 || twice != 0 {
		t.Errorf("%d steps are missing, %d came twice", missing, twice)
	}
	if st := source.Status(); st.Reconnects != 0 || st.LostNotifications != 0 {
		t.Errorf("status is %+v", st)
	}
}

// When the limit is not known beforehand, it is learnt from the server's refusal.
func TestLearnLimit(t *testing.T) {
	var l batchLimit
	l.set(0)
	calls, most := 0, 0
	var seen []int
	err := l.each(3000, func(from, to int) error {
		calls++
		if to-from > 300 {
			return model.StatusBadTooManyOperations
		}
		most = max(most, to-from)
		for i := from; i < to; i++ {
			seen = append(seen, i)
		}
		return nil
	}, nil)
	if err != nil || len(seen) != 3000 || seen[2999] != 2999 || most != 250 || calls != 2+12 || l.n.Load() != 250 {
		t.Errorf("%v: %d operations in %d calls, at most %d; the limit is %d", err, len(seen), calls, most, l.n.Load())
	}
	// One operation that does not decode does not take others with it.
	var failed []int
	done := 0
	err = l.each(100, func(from, to int) error {
		if from <= 42 && 42 < to {
			return model.StatusBadDecodingError
		}
		done += to - from
		return nil
	}, func(i int, err error) { failed = append(failed, i) })
	if diff := cmp.Diff([]int{42}, failed); err != nil || diff != "" || done != 99 {
		t.Errorf("%v: %d done, failed %v", err, done, failed)
	}
}
