package graph

import (
	"errors"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// alarmEvent is an event of an alarm with the fields of its type.
func alarmEvent(eventType model.ExpandedNodeID) model.Event {
	text := func(s string) model.Variant {
		return model.LocalizedTextValue(&model.LocalizedText{Locale: "en", Text: s})
	}
	node := model.Expanded(model.NumericID(0, 9329))
	e := model.Event{ID: "e1", At: 5, Server: "press", EventType: eventType, Fields: []model.EventField{
		{Name: "ConditionId", Value: model.DataValue{Value: model.ExpandedNodeIDValue(new(tag(7)))}},
		{Name: "ConditionName", Value: model.DataValue{Value: model.StringValue("Overheat")}},
		{Name: "AckedState", Value: model.DataValue{Value: text("Unacknowledged")}},
		{Name: "AckedState/Id", Value: model.DataValue{Value: model.BooleanValue(false)}},
		{Name: "ActiveState/Id", Value: model.DataValue{Value: model.BooleanValue(true)}},
		{Name: "Quality", Value: model.DataValue{Value: model.StatusCodeValue(model.StatusBadNoCommunication)}},
		{Name: "LastSeverity", Value: model.DataValue{Value: model.UInt16Value(300)}},
		{Name: "HighLimit", Value: model.DataValue{Value: model.DoubleValue(80.5)}},
		{Name: "LimitState/CurrentState", Value: model.DataValue{Value: text("HighHigh")}},
		{Name: "LimitState/CurrentState/Id", Value: model.DataValue{Value: model.ExpandedNodeIDValue(&node)}},
		{Name: "ShelvingState/UnshelveTime", Value: model.DataValue{Value: model.DoubleValue(90_000)}},
		{Name: "MaxTimeShelved", Value: model.DataValue{Value: model.DoubleValue(1e300)}},
	}}
	e.Summarize(nil)
	return e
}

const alarmFragments = `__typename id
	... on ConditionEvent { conditionName quality { name severity } lastSeverity comment { text } }
	... on AcknowledgeableConditionEvent { ackedState { text { text } id } confirmedState { id } }
	... on AlarmConditionEvent { activeState { text { text } id } shelvingState { currentState { id } unshelveTime } maxTimeShelved }
	... on ExclusiveLevelAlarmType { highLimit low: lowLimit limitState { currentState { text { text } id } } }
	... on AuditEvent { clientUserId }
	fields(names: ["LastSeverity", "Nothing"]) { name value dataType status { code } }`

// An event is an object of its type with the type's fields.
func TestEventIsOfItsType(t *testing.T) {
	p := newPlatform(HandlerConfig{})
	p.events.events = []model.Event{alarmEvent(model.Expanded(model.NumericID(0, 9482))), {ID: "e0", At: 4, EventType: model.Expanded(model.NumericID(0, 2085))}}
	p.ask(t, `query($names: [String!] = ["x"]) { events { edges { node { `+alarmFragments+` x: fields(names: $names) { name } } } } }`).wantData(t, `{"events": {"edges": [{"node": {
		"__typename": "ExclusiveLevelAlarmType", "id": "e1", "conditionName": "Overheat", "quality": {"name": "BadNoCommunication", "severity": "BAD"}, "lastSeverity": 300,
		"comment": null, "ackedState": {"text": {"text": "Unacknowledged"}, "id": false}, "confirmedState": null, "activeState": {"text": null, "id": true},
		"shelvingState": {"currentState": null, "unshelveTime": "90s"}, "maxTimeShelved": null, "highLimit": 80.5, "low": null,
		"limitState": {"currentState": {"text": {"text": "HighHigh"}, "id": "i=9329"}},
		"fields": [{"name": "LastSeverity", "value": 300, "dataType": "UInt16", "status": {"code": 0}}], "x": []}},
		{"node": {"__typename": "AuditCertificateEventType", "id": "e0", "clientUserId": null, "fields": [], "x": []}}]}}`)
}

// A type that the standard does not have is shown as the nearest supertype that the server tells, or as what the fields say.
func TestEventOfVendorType(t *testing.T) {
	p := newPlatform(HandlerConfig{})
	p.events.events = []model.Event{alarmEvent(tag(1)), alarmEvent(tag(1)), {ID: "e0", At: 4, Server: "press", EventType: tag(9)}}
	var browses atomic.Int64
	p.commands.BrowseFunc = func(nodes []model.BrowseDescription) ([]model.BrowseResult, error) {
		browses.Add(1)
		up := map[model.ExpandedNodeID]model.ExpandedNodeID{tag(1): tag(2), tag(2): model.Expanded(model.NumericID(0, 9482))}[nodes[0].NodeID]
		if nodes[0].Direction != model.BrowseInverse || up.IsNull() {
			return []model.BrowseResult{{}}, nil
		}
		return []model.BrowseResult{{References: []model.Reference{{NodeID: up}}}}, nil
	}
	const query = `{ events { edges { node { __typename } } } }`
	const want = `{"events": {"edges": [{"node": {"__typename": "ExclusiveLevelAlarmType"}}, {"node": {"__typename": "ExclusiveLevelAlarmType"}}, {"node": {"__typename": "BaseEventType"}}]}}`
	p.ask(t, query).wantData(t, want)
	p.ask(t, query).wantData(t, want)
	if n := browses.Load(); n != 3 {
		t.Errorf("%d browses, want one for each step of each type", n)
	}
	p.ask(t, `{ events { edges { node { id } } } }`)

	p = newPlatform(HandlerConfig{})
	condition := model.Event{ID: "e2", At: 3, Server: "press", EventType: tag(3), ConditionID: tag(7)}
	p.events.events = []model.Event{alarmEvent(tag(1)), condition}
	p.commands.BrowseFunc = func([]model.BrowseDescription) ([]model.BrowseResult, error) { return nil, errors.New("away") }
	p.ask(t, query).wantData(t, `{"events": {"edges": [{"node": {"__typename": "AlarmConditionType"}}, {"node": {"__typename": "ConditionType"}}]}}`)
}

// Every standard type is in the schema, behind its supertype, as the names of Part 5 and 9 have it.
func TestStandardEventTypes(t *testing.T) {
	schema := Fixed()
	for i := range standardEventTypes {
		row := &standardEventTypes[i]
		id := model.Expanded(model.NumericID(0, row.id))
		if name := model.EventTypeName(id); row.name != name && row.id != idConditionType {
			t.Errorf("i=%d is %s, not %s", row.id, name, row.name)
		}
		d := schema.Types[row.name]
		if d == nil || !contains(d.Interfaces, "Event") {
			t.Errorf("%s is no Event in the schema", row.name)
		}
		for _, sub := range row.subtypes {
			if standardEvents().byID[sub].name != row.name || model.EventTypeName(model.Expanded(model.NumericID(0, sub))) == "" {
				t.Errorf("i=%d is not shown as %s", sub, row.name)
			}
		}
	}
	if !strings.Contains(SDL(), "interface AlarmConditionEvent implements AcknowledgeableConditionEvent & ConditionEvent & Event") {
		t.Error("the text of the schema lacks the interfaces of events")
	}
}

func contains(list []string, s string) bool {
	return strings.Contains(" "+strings.Join(list, " ")+" ", " "+s+" ")
}
