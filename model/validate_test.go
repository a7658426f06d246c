package model

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"
)

// valid is a writer with every option, that has no problem.
func validWriter() *DataSetWriter {
	id := func(n uint32) ExpandedNodeID { return Expanded(NumericID(2, n)) }
	return &DataSetWriter{
		Group: "g", Name: "w", Server: "s", SamplingInterval: time.Second, PublishingInterval: time.Second, KeepAlive: time.Second, KeyFrameCount: 10,
		Fields: []PublishedField{
			{Name: "a", NodeID: id(1), Deadband: &Deadband{Type: DeadbandPercent, Value: 100}, IndexRange: "0:1,3", Trigger: TriggerStatusValue},
			{Name: "b", BrowsePath: "Objects/X", TriggeredBy: "a", Heartbeat: &Heartbeat{Interval: time.Second, Behavior: HeartbeatPeriodicLKG}},
			{Name: "c", NodeID: id(3), CyclicRead: &CyclicRead{MaxAge: time.Second, RegisterNode: true}, Attribute: AttributeDisplayName},
		},
		Selections: []Selection{{Include: []string{"**/T*", "/a+/"}, Exclude: []string{"X"}, MaxDepth: 3, Field: PublishedField{TriggeredBy: "a"}}},
		Watchdog:   &Watchdog{Timeout: time.Minute, Condition: WatchdogAnyLate, Behavior: WatchdogReset},
		Output:     &Output{Broker: "b", Topic: "{RootTopic}/x", QoS: 1},
	}
}

func validEvents() *DataSetWriter {
	w := validWriter()
	w.Fields, w.Selections = nil, nil
	two := uint32(1)
	w.Events = &EventSource{
		Notifier: Expanded(NumericID(0, 2253)),
		Select:   []SelectClause{{BrowsePath: []string{"EventId"}}, {BrowsePath: []string{"nsu=urn:x;CycleId"}}, {Attribute: AttributeNodeID}},
		Where: []WhereElement{
			{Operator: "Not", Operands: []WhereOperand{{Element: &two}}},
			{Operator: "OfType", Operands: []WhereOperand{{Value: json.RawMessage(`"ns=16;i=235"`)}}},
		},
		Conditions: &ConditionSnapshots{SnapshotInterval: 10 * time.Second},
	}
	return w
}

func TestWriterProblems(t *testing.T) {
	f := func(want string, change func(*DataSetWriter)) {
		t.Helper()
		w := validWriter()
		change(w)
		checkProblems(t, want, w.Problems())
	}
	f("", func(*DataSetWriter) {})
	f("group: is empty", func(w *DataSetWriter) { w.Group = "" })
	f("name: ", func(w *DataSetWriter) { w.Name = strings.Repeat("x", 129) })
	f("server: is empty", func(w *DataSetWriter) { w.Server = "" })
	f("samplingInterval: 25h0m0s is out of range; use 0s to 24h0m0s", func(w *DataSetWriter) { w.SamplingInterval = 25 * time.Hour })
	f("publishingInterval: 0s", func(w *DataSetWriter) { w.PublishingInterval = 0 })
	f("keepAlive: 1ms", func(w *DataSetWriter) { w.KeepAlive = time.Millisecond })
	f("extensionFields.line: has 2000 bytes", func(w *DataSetWriter) { w.ExtensionFields = map[string]string{"line": strings.Repeat("x", 2000)} })
	f(`watchdog.behavior: "Panic" is unknown; use one of`, func(w *DataSetWriter) { w.Watchdog.Behavior = "Panic" })
	f("watchdog.timeout: 0s", func(w *DataSetWriter) { w.Watchdog.Timeout = 0 })
	f("fields: 5001 fields", func(w *DataSetWriter) { w.Fields = make([]PublishedField, MaxWriterFields+1) })
	f(`fields[1].name: "a" is the name of fields[0], too`, func(w *DataSetWriter) { w.Fields[1].Name = "a" })
	f("fields[0].nodeId: is null", func(w *DataSetWriter) { w.Fields[0].NodeID = ExpandedNodeID{} })
	f("fields[0].attribute: 28", func(w *DataSetWriter) { w.Fields[0].Attribute, w.Fields[0].Deadband = 28, nil })
	f(`fields[0].indexRange: "1:"`, func(w *DataSetWriter) { w.Fields[0].IndexRange = "1:" })
	f(`fields[0].trigger: "Never"`, func(w *DataSetWriter) { w.Fields[0].Trigger = "Never" })
	f("fields[0].deadband.value: 101 is more than 100 percent", func(w *DataSetWriter) { w.Fields[0].Deadband.Value = 101 })
	f("fields[0].deadband.value: NaN", func(w *DataSetWriter) { w.Fields[0].Deadband.Value = math.NaN() })
	f(`fields[0].deadband.type: ""`, func(w *DataSetWriter) { w.Fields[0].Deadband.Type = "" })
	f("fields[0].deadband: is given with trigger Status", func(w *DataSetWriter) { w.Fields[0].Trigger = TriggerStatus })
	f("fields[0].queueSize: 4294967295", func(w *DataSetWriter) { w.Fields[0].QueueSize = math.MaxUint32 })
	f(`fields[1].triggeredBy: "x" is no field`, func(w *DataSetWriter) { w.Fields[1].TriggeredBy = "x" })
	f(`fields[0].triggeredBy: "b" is triggered by field "a" itself`, func(w *DataSetWriter) { w.Fields[0].TriggeredBy = "b" })
	f(`fields[2].triggeredBy: "a" is given with cyclicRead`, func(w *DataSetWriter) { w.Fields[2].TriggeredBy = "a" })
	f("fields[1].heartbeat.interval: 1ms", func(w *DataSetWriter) { w.Fields[1].Heartbeat.Interval = time.Millisecond })
	f(`selections[0].include[1]: pattern "/(/" is no regular expression`, func(w *DataSetWriter) { w.Selections[0].Include[1] = "/(/" })
	f(`selections[0].exclude[0]: pattern "a**"`, func(w *DataSetWriter) { w.Selections[0].Exclude[0] = "a**" })
	f("selections[0].maxDepth: -1", func(w *DataSetWriter) { w.Selections[0].MaxDepth = -1 })
	f("selections[0].maxNodes: 2000000", func(w *DataSetWriter) { w.Selections[0].MaxNodes = 2_000_000 })
	f("selections[0].field: names a node", func(w *DataSetWriter) { w.Selections[0].Field.Name = "x" })
	f(`selections[0].field.triggeredBy: "x"`, func(w *DataSetWriter) { w.Selections[0].Field.TriggeredBy = "x" })
	f("output.broker:", func(w *DataSetWriter) { w.Output.Broker = "" })
	f("output.qos: 3", func(w *DataSetWriter) { w.Output.QoS = 3 })
	f(`output.topic: "a/#"`, func(w *DataSetWriter) { w.Output.Topic = "a/#" })
	f(`output.topic: "{a"`, func(w *DataSetWriter) { w.Output.Topic = "{a" })
	f("events: is given with fields", func(w *DataSetWriter) { w.Events = validEvents().Events })
}

func TestEventsProblems(t *testing.T) {
	f := func(want string, change func(*EventSource)) {
		t.Helper()
		w := validEvents()
		change(w.Events)
		checkProblems(t, want, w.Problems())
	}
	f("", func(*EventSource) {})
	f("events.notifier: is null", func(e *EventSource) { e.Notifier = ExpandedNodeID{} })
	f("events.select: is empty", func(e *EventSource) { e.Select = nil })
	f("events.typeDefinition: is given with select", func(e *EventSource) { e.TypeDefinition = Expanded(NumericID(0, 2041)) })
	f(`events.select[1].name: "EventId" is the name of select[0]`, func(e *EventSource) { e.Select[1].BrowsePath = []string{"2:EventId"} })
	f("events.select[0].browsePath: is empty", func(e *EventSource) { e.Select[0].BrowsePath = nil })
	f("events.modelChange: is given with a filter", func(e *EventSource) { e.ModelChange = &ModelChangeFeed{} })
	f(`events.where[0].operator: "Maybe"`, func(e *EventSource) { e.Where[0].Operator = "Maybe" })
	f("events.where[1].operands: OfType has 0 operands; it takes 1 to 1", func(e *EventSource) { e.Where[1].Operands = nil })
	f("events.where[0].operands[0].element: 0 is no element behind", func(e *EventSource) { *e.Where[0].Operands[0].Element = 0 })
	f("events.where[1].operands[0]: has 0 of", func(e *EventSource) { e.Where[1].Operands[0].Value = nil })
	f("events.where[1].operands[0].value:", func(e *EventSource) { e.Where[1].Operands[0].Value = json.RawMessage("{") })
	f("events.conditions.snapshotInterval: 1ms", func(e *EventSource) { e.Conditions.SnapshotInterval = time.Millisecond })
}

func checkProblems(t *testing.T, want string, got []ConfigurationProblem) {
	t.Helper()
	if want == "" {
		if len(got) > 0 {
			t.Errorf("problems %v, want none", got)
		}
		return
	}
	for _, p := range got {
		if strings.HasPrefix(p.String(), want) {
			return
		}
	}
	t.Errorf("problems %v, want %q", got, want)
}
