package opcua

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gopcua/opcua/ua"

	"github.com/shopfloor-iiot/shopfloor/edge/opcua/opcuatest"
	"github.com/shopfloor-iiot/shopfloor/model"
)

func TestSampling(t *testing.T) {
	s := opcuatest.Start(t, opcuatest.Options{})
	for _, c := range []struct {
		name string
		test func(*testing.T, *opcuatest.Server)
	}{
		{"Parts", testParts},
		{"BrowsePath", testBrowsePath},
		{"Deadband", testDeadband},
		{"Trigger", testTrigger},
		{"SkipFirst", testSkipFirst},
		{"Refused", testRefused},
		{"Triggering", testTriggering},
		{"CyclicRead", testCyclicRead},
		{"Watchdog", testWatchdog},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.test(t, s)
		})
	}
}

// sampled publishes fields every 100 ms and waits until all but bad of them are monitored.
func sampled(t *testing.T, s *opcuatest.Server, bad int, fields ...model.PublishedField) (*Source, *recorder) {
	t.Helper()
	r := &recorder{}
	w := dataSetWriter("w", 100*time.Millisecond)
	w.Fields = fields
	source := run(t, config(s.Endpoint(), r), w)
	eventually(t, 10*time.Second, func() bool {
		w := source.Writers()[0]
		return w.Active == len(fields)-bad && w.BadCount == bad && !slices.ContainsFunc(w.Bad, func(b model.ItemState) bool { return b.Status == model.StatusBadWaitingForInitialData })
	}, func() string { return fmt.Sprintf("%+v", source.Writers()) })
	return source, r
}

// has waits for n values of a field and returns them.
func (r *recorder) has(t *testing.T, field, n int) []model.DataValue {
	t.Helper()
	eventually(t, 10*time.Second, func() bool { return len(r.field(field)) >= n },
		func() string { return fmt.Sprintf("field %d has %v, want %d values", field, r.field(field), n) })
	return r.field(field)
}

// writeValue writes JSON to a node of the plant.
func writeValue(t *testing.T, s *Source, node string, value any) {
	t.Helper()
	w := model.WriteValue{NodeID: plant(node), Value: []byte(fmt.Sprint(value))}
	r, err := s.Write(t.Context(), []model.WriteValue{w})
	if err != nil || r[0].Status != 0 {
		t.Fatalf("write %v to %s: %+v, %v", value, node, r, err)
	}
}

// Other attributes than Value, and parts of arrays and texts.
func testParts(t *testing.T, s *opcuatest.Server) {
	_, r := sampled(
		t, s, 0,
		model.PublishedField{Name: "name", NodeID: plant("Level"), Attribute: model.AttributeDisplayName},
		model.PublishedField{Name: "class", NodeID: plant("Plant"), Attribute: model.AttributeNodeClass},
		model.PublishedField{Name: "part", NodeID: plant("Array_Double"), IndexRange: "1:2"},
		model.PublishedField{Name: "text", NodeID: plant("Scalar_String"), IndexRange: "0:2"},
	)
	if v := r.has(t, 0, 1)[0].Value; v.LocalizedText().Text != "Level" {
		t.Errorf("DisplayName is %v", v)
	}
	if v := r.has(t, 1, 1)[0].Value; v.Int() != int64(model.NodeClassObject) {
		t.Errorf("NodeClass is %v", v)
	}
	if v := r.has(t, 2, 1)[0].Value; v.Len() != 2 {
		t.Errorf("the range 1:2 is %v", v)
	}
	if v := r.has(t, 3, 1)[0].Value; v.Text() != "høj" {
		t.Errorf("the range 0:2 of a text is %v", v)
	}
	o, _ := r.last()
	var got []string
	for _, f := range o.fields {
		got = append(got, fmt.Sprintf("%s %v %d %v %s", f.Name, f.BuiltInType, f.ValueRank, f.ArrayDimensions, f.Path))
	}
	want := []string{
		"name LocalizedText -1 [] Objects/Plant/Types/Level", "class Int32 -1 [] Objects/Plant",
		"part Double 1 [2] Objects/Plant/Types/Array_Double", "text String -1 [] Objects/Plant/Types/Scalar_String",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// Paths from the root and from a node; one that leads nowhere leaves the other fields alone.
func testBrowsePath(t *testing.T, s *opcuatest.Server) {
	source, r := sampled(
		t, s, 1,
		model.PublishedField{Name: "root", BrowsePath: "Objects/1:Plant/Types/Level"},
		model.PublishedField{Name: "relative", NodeID: plant("Plant"), BrowsePath: "Fast/V3"},
		model.PublishedField{Name: "nowhere", NodeID: plant("Plant"), BrowsePath: "Fast/V9999"},
	)
	r.has(t, 0, 1)
	r.has(t, 1, 2)
	o, _ := r.last()
	if got, want := o.fields[1].Node, plant("V3"); got != want {
		t.Errorf("the relative path leads to %s, want %s", got, want)
	}
	if bad := source.Writers()[0].Bad[0]; bad.Field != "nowhere" || bad.Status != model.StatusBadNoMatch || !strings.Contains(bad.Message, `"Fast/V9999"`) {
		t.Errorf("state of the path to nowhere: %+v", bad)
	}
}

func testDeadband(t *testing.T, s *opcuatest.Server) {
	source, r := sampled(
		t, s, 0,
		model.PublishedField{Name: "all", NodeID: plant("Level")},
		model.PublishedField{Name: "absolute", NodeID: plant("Level"), Deadband: &model.Deadband{Type: model.DeadbandAbsolute, Value: 5}},
		model.PublishedField{Name: "percent", NodeID: plant("Level"), Deadband: &model.Deadband{Type: model.DeadbandPercent, Value: 20}}, // of 0 to 100
	)
	for i := range 3 {
		r.has(t, i, 1)
	}
	for i, level := range []int{52, 60, 61, 90} { // after 50
		writeValue(t, source, "Level", level)
		r.has(t, 0, i+2)
	}
	got := map[string][]float64{}
	for i, name := range []string{"all", "absolute", "percent"} {
		for _, v := range r.field(i) {
			got[name] = append(got[name], v.Value.Float())
		}
	}
	want := map[string][]float64{"all": {50, 52, 60, 61, 90}, "absolute": {50, 60, 90}, "percent": {50, 90}}
	eventually(t, 5*time.Second, func() bool { return len(r.field(1)) == 3 && len(r.field(2)) == 2 }, func() string { return fmt.Sprint(cmp.Diff(want, got)) })
	writeValue(t, source, "Level", 50)
}

func testTrigger(t *testing.T, s *opcuatest.Server) {
	source, r := sampled(
		t, s, 0,
		model.PublishedField{Name: "status", NodeID: plant("Scalar_Double"), Trigger: model.TriggerStatus},
		model.PublishedField{Name: "value", NodeID: plant("Scalar_Double")},
		model.PublishedField{Name: "timestamp", NodeID: plant("Scalar_Double"), Trigger: model.TriggerStatusValueTimestamp},
	)
	for i := range 3 {
		r.has(t, i, 1)
	}
	writeValue(t, source, "Scalar_Double", 7)
	r.has(t, 2, 2)
	writeValue(t, source, "Scalar_Double", 7)
	r.has(t, 2, 3)
	if status, value := len(r.field(0)), len(r.field(1)); status != 1 || value != 2 {
		t.Errorf("%d values by status and %d by value, want 1 and 2", status, value)
	}
}

func testSkipFirst(t *testing.T, s *opcuatest.Server) {
	source, r := sampled(
		t, s, 0,
		model.PublishedField{Name: "all", NodeID: plant("Scalar_Int32")},
		model.PublishedField{Name: "changes", NodeID: plant("Scalar_Int32"), SkipFirst: true},
	)
	r.has(t, 0, 1)
	writeValue(t, source, "Scalar_Int32", 5)
	if v := r.has(t, 1, 1)[0]; v.Value.Int() != 5 {
		t.Errorf("the first value is %v, want the second, 5", v.Value)
	}
}

// A field that another one triggers is reported with that one, all that was sampled since.
func testTriggering(t *testing.T, s *opcuatest.Server) {
	source, r := sampled(
		t, s, 1,
		model.PublishedField{Name: "trigger", NodeID: plant("Scalar_UInt16")},
		model.PublishedField{Name: "linked", NodeID: plant("V2"), TriggeredBy: "trigger", QueueSize: 100},
		model.PublishedField{Name: "nobody", NodeID: plant("V3"), TriggeredBy: "missing"},
	)
	sub := source.publishing.all()[0]
	eventually(t, 10*time.Second, func() bool {
		sub.mu.Lock()
		defer sub.mu.Unlock()
		for _, it := range sub.items {
			if it.trigger != nil && it.trigger.linked == 0 {
				return false
			}
		}
		return true
	}, func() string { return "the link is made" })
	r.has(t, 0, 1)
	first := len(r.field(1)) // the first report of the trigger may have taken it along
	value := 100
	for range 2 {
		eventually(t, 20*time.Second, func() bool { // what was not sampled anew since the last report is not reported
			value++
			writeValue(t, source, "Scalar_UInt16", value)
			return len(r.field(1)) > first
		}, func() string { return fmt.Sprintf("the linked field is reported: %v", r.field(1)) })
		first = len(r.field(1))
	}
	if bad := source.Writers()[0].Bad[0]; bad.Field != "nobody" || !strings.Contains(bad.Message, `"missing"`) {
		t.Errorf("state of the field of a trigger that is not there: %+v", bad)
	}
}

// What cannot be is refused for each field, with the reason and the remedy.
func testRefused(t *testing.T, s *opcuatest.Server) {
	percent := &model.Deadband{Type: model.DeadbandPercent, Value: 10}
	source, r := sampled(
		t, s, 6,
		model.PublishedField{Name: "good", NodeID: plant("V0")},
		model.PublishedField{Name: "percent", NodeID: plant("Scalar_Double"), Deadband: percent},
		model.PublishedField{Name: "unknown", NodeID: plant("Nobody")},
		model.PublishedField{Name: "empty"},
		model.PublishedField{Name: "trigger", NodeID: plant("V1"), Trigger: "Always"},
		model.PublishedField{Name: "deadband", NodeID: plant("V1"), Deadband: &model.Deadband{Type: "Relative"}},
		model.PublishedField{Name: "range", NodeID: plant("V1"), IndexRange: "3:1"},
	)
	r.has(t, 0, 3)
	got := map[string]string{}
	for _, b := range source.Writers()[0].Bad {
		got[b.Field] = b.Message
	}
	for field, want := range map[string]string{
		"percent": "EURange", "unknown": "BadNodeIdUnknown", "empty": "nodeId and browsePath", "trigger": `"Always"`,
		"deadband": `"Relative"`, "range": `"3:1"`,
	} {
		if !strings.Contains(got[field], want) {
			t.Errorf("%s is refused with %q, want %q in it", field, got[field], want)
		}
	}
}

func TestMonitoredRequest(t *testing.T) {
	f := func(m itemSpec, want ua.MonitoringParameters) {
		t.Helper()
		r, err := newItem(7, model.Expanded(model.NumericID(0, 1)), &m, nil).request(&session{}, time.Second)
		if err != nil {
			t.Fatal(err)
		}
		got := r.RequestedParameters
		got.Filter = nil
		want.ClientHandle = 7
		if diff := cmp.Diff(&want, got); diff != "" {
			t.Errorf("%+v: %s", m, diff)
		}
	}
	f(itemSpec{}, ua.MonitoringParameters{QueueSize: eventQueue, DiscardOldest: true})
	f(itemSpec{sampling: -1}, ua.MonitoringParameters{SamplingInterval: -1, QueueSize: 14, DiscardOldest: true})
	f(itemSpec{sampling: 100 * time.Millisecond}, ua.MonitoringParameters{SamplingInterval: 100, QueueSize: 122, DiscardOldest: true})
	f(itemSpec{sampling: time.Microsecond}, ua.MonitoringParameters{SamplingInterval: 0.001, QueueSize: maxQueue, DiscardOldest: true})
	f(itemSpec{sampling: time.Second, queue: 5, discardNew: true}, ua.MonitoringParameters{SamplingInterval: 1000, QueueSize: 5})
	if key := writerSubscription(&model.DataSetWriter{Priority: 9}); key != (subscriptionKey{interval: defaultPublishing, priority: 9}) {
		t.Errorf("subscription of a writer with priority 9: %+v", key)
	}
}

// The queue of an item that has none in the configuration holds what is sampled while the gateway is not there.
func TestAutoQueue(t *testing.T) {
	for _, c := range []struct {
		name       string
		m          itemSpec
		publishing time.Duration
		want       uint32
	}{
		{"as configured", itemSpec{queue: 7, sampling: time.Second}, time.Second, 7},
		{"100 ms", itemSpec{sampling: 100 * time.Millisecond}, 500 * time.Millisecond, 12 + 100},
		{"a second", itemSpec{sampling: time.Second}, time.Second, 4 + 10},
		{"a minute", itemSpec{sampling: time.Minute}, time.Second, 2},
		{"the reserve has a bound", itemSpec{sampling: time.Millisecond}, 100 * time.Millisecond, 1000},
		{"two publishing intervals have none", itemSpec{sampling: time.Millisecond}, 10 * time.Second, 20_002},
		{"but the largest queue", itemSpec{sampling: time.Millisecond}, time.Minute, maxQueue},
		{"at the publishing interval", itemSpec{sampling: -1}, time.Second, 4 + 10},
		{"at changes", itemSpec{}, time.Second, eventQueue},
	} {
		if got := c.m.queueSize(c.publishing); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}
