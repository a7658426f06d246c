package model

import (
	"encoding/json"
	"testing"
	"time"
)

func TestEventPlace(t *testing.T) {
	arrival := time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
	at := func(d time.Duration) DateTime { return DateTimeOf(arrival.Add(d)) }
	f := func(time, published, want DateTime) {
		t.Helper()
		e := Event{Time: time}
		if e.Place(published, arrival); e.At != want {
			t.Errorf("event of %s in a message of %s is at %s, want %s", time, published, e.At, want)
		}
	}
	f(at(-time.Hour), at(-time.Minute), at(-time.Hour))
	f(at(-MaxEventAge), 0, at(-MaxEventAge))
	f(at(MaxEventAhead), 0, at(MaxEventAhead))
	f(0, at(-time.Minute), at(-time.Minute))
	f(0, 0, at(0))
	// Clocks that are wrong.
	f(at(-MaxEventAge)-1, at(-time.Minute), at(-time.Minute))
	f(at(MaxEventAhead)+1, 0, at(0))
	f(MaxDateTime, MaxDateTime, at(0))
	f(DateTimeOfMilli(0), DateTimeOfMilli(0), at(0))
}

func TestEventPosition(t *testing.T) {
	list := []EventPosition{{At: 5}, {At: 5, ID: "a"}, {At: 5, ID: "b.c"}, {At: MaxDateTime, ID: ""}}
	for i, p := range list {
		got, err := ParseEventPosition(p.String())
		if err != nil || got != p {
			t.Errorf("%q is read as %+v, %v; want %+v", p.String(), got, err, p)
		}
		for j, q := range list {
			if c := p.Compare(q); (c < 0) != (i < j) || (c > 0) != (i > j) {
				t.Errorf("%s compared with %s is %d", p, q, c)
			}
		}
	}
	for _, s := range []string{"", "5", "-1.a", "0.a", "?.a", "zzzzzzzzzzzzzzzzzzzz.a"} {
		if p, err := ParseEventPosition(s); err == nil {
			t.Errorf("%q is read as %+v", s, p)
		}
	}
}

func TestEventSummarize(t *testing.T) {
	field := func(name string, v Variant) EventField { return EventField{name, DataValue{Value: v}} }
	e := Event{Fields: []EventField{
		field("/EventType", NodeIDValue(new(NumericID(1, 5)))), field("0:SourceNode", StringValue("ns=1;s=a")), field("Severity", Int32Value(70_000)),
		field("Message", StringValue("hot")), field("Retain", Int32Value(1)), field("BranchId", ArrayValue([]NodeID{NumericID(0, 1)})),
		field("ConditionId", NodeIDValue(new(NumericID(9, 5)))), field("EventId", StringValue("x")),
	}}
	e.Summarize(NamespaceTable{"", "urn:a"})
	if e.EventType.String() != "nsu=urn:a;i=5" || e.SourceNode.String() != "nsu=urn:a;s=a" || e.ConditionID.String() != "ns=9;i=5" || e.Message.Text != "hot" {
		t.Errorf("%+v", e)
	}
	// What is of another type than the standard's is left out.
	if e.Severity != 0 || e.Retain != nil || !e.BranchID.IsNull() || e.EventID != nil {
		t.Errorf("%+v", e)
	}
}

func TestEventFilter(t *testing.T) {
	retain := true
	e := Event{
		Gateway: "g", Server: "s", Group: "gr", Writer: "w", EventType: Expanded(NumericID(0, 9482)), SourceNode: Expanded(NumericID(0, 7)),
		SourceName: "Kessel Süd", Message: LocalizedText{Text: "Zu heiß"}, Severity: 700, ConditionID: Expanded(NumericID(0, 8)), Retain: &retain,
	}
	f := func(filter EventFilter, want bool) {
		t.Helper()
		if got := filter.Matches(&e); got != want {
			t.Errorf("%+v selects it: %t, want %t", filter, got, want)
		}
	}
	one, other := Expanded(NumericID(0, 1)), Expanded(NumericID(0, 2))
	no := false
	f(EventFilter{}, true)
	f(EventFilter{Gateway: "g", Server: "s", Group: "gr", Writer: "w", SourceName: "Kessel Süd"}, true)
	f(EventFilter{Gateway: "x"}, false)
	f(EventFilter{Server: "x"}, false)
	f(EventFilter{Group: "x"}, false)
	f(EventFilter{Writer: "x"}, false)
	f(EventFilter{SourceName: "Kessel"}, false)
	f(EventFilter{EventTypes: []ExpandedNodeID{one, e.EventType}}, true)
	f(EventFilter{EventTypes: []ExpandedNodeID{one, other}}, false)
	f(EventFilter{SourceNodes: []ExpandedNodeID{e.SourceNode}}, true)
	f(EventFilter{SourceNodes: []ExpandedNodeID{one}}, false)
	f(EventFilter{MinSeverity: 700, MaxSeverity: 700}, true)
	f(EventFilter{MinSeverity: 701}, false)
	f(EventFilter{MaxSeverity: 699}, false)
	f(EventFilter{Text: "HEISS"}, false)
	f(EventFilter{Text: "zu HEIß"}, true)
	f(EventFilter{Text: "SÜD"}, true)
	f(EventFilter{Condition: e.ConditionID, Retained: &retain}, true)
	f(EventFilter{Condition: one}, false)
	f(EventFilter{Retained: &no}, false)
}

func TestEventJSON(t *testing.T) {
	e := Event{ID: "a", At: 5, Gateway: "g", Group: "gr", Writer: "w", Fields: []EventField{{"x", DataValue{Value: UInt64Value(1 << 63), Status: StatusBadNodeIdUnknown}}}}
	b, err := json.Marshal(&e)
	want := `{"id":"a","at":5,"gateway":"g","group":"gr","writer":"w","fields":[{"name":"x","value":{"value":{"type":9,"value":"9223372036854775808"},"status":{"code":2150891520,"name":"BadNodeIdUnknown"}}}]}`
	if err != nil || string(b) != want {
		t.Errorf("%s, %v, want %s", b, err, want)
	}
}

func TestEventTypeName(t *testing.T) {
	f := func(id, want string) {
		t.Helper()
		n, err := ParseExpandedNodeID(id)
		if err != nil {
			t.Fatal(err)
		}
		if got := EventTypeName(n); got != want {
			t.Errorf("%s is %q, want %q", id, got, want)
		}
	}
	f("i=2041", "BaseEventType")
	f("i=9482", "ExclusiveLevelAlarmType")
	f("i=3035", "EventQueueOverflowEventType")
	f("i=1", "")
	f("ns=1;i=2041", "")
	f("nsu=urn:a;i=2041", "")
	f("s=2041", "")
}
