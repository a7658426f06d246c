package graph

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// alarmState is the newest event of a condition.
func alarmState(n int) model.Event {
	e := alarmEvent(model.Expanded(model.NumericID(0, 9482)))
	at, shelved := model.DateTimeOf(testTime), model.Expanded(model.NumericID(0, 2932))
	condition := tag(n)
	add := func(name string, v model.Variant) {
		e.Fields = append(e.Fields, model.EventField{Name: name, Value: model.DataValue{Value: v}})
	}
	e.Fields[0].Value.Value = model.ExpandedNodeIDValue(&condition)
	add("EventId", model.ByteStringValue([]byte{1, 2}))
	add("Time", model.DateTimeValue(at))
	add("Retain", model.BooleanValue(true))
	add("Severity", model.UInt16Value(700))
	add("ActiveState", model.LocalizedTextValue(&model.LocalizedText{Text: "Active"}))
	add("ActiveState/EffectiveDisplayName", model.LocalizedTextValue(&model.LocalizedText{Text: "Active/HighHigh"}))
	add("ActiveState/TransitionTime", model.DateTimeValue(at))
	add("ShelvingState/CurrentState/Id", model.ExpandedNodeIDValue(&shelved))
	add("ClientUserId", model.StringValue("op"))
	e.Summarize(nil)
	return e
}

const conditionFields = `id server { id } conditionId branchId name eventType eventTypeName message { text } severity lastSeverity time quality { name } comment { text } clientUserId retain
	enabled active activeState { text } activeSince limits acknowledged confirmed shelving unshelveTime suppressed dialog { active }
	event { __typename id gateway ... on ExclusiveLevelAlarmType { highLimit } }`

const conditionJSON = `{"id": "press/nsu=urn:plant;i=7", "server": {"id": "press"}, "conditionId": "nsu=urn:plant;i=7", "branchId": null, "name": "Overheat", "eventType": "i=9482",
	"eventTypeName": "ExclusiveLevelAlarmType", "message": null, "severity": 700, "lastSeverity": 300, "time": "2026-01-02T03:04:05Z", "quality": {"name": "BadNoCommunication"},
	"comment": null, "clientUserId": "op", "retain": true, "enabled": null, "active": true, "activeState": {"text": "Active/HighHigh"}, "activeSince": "2026-01-02T03:04:05Z",
	"limits": ["HIGH_HIGH"], "acknowledged": false, "confirmed": null, "shelving": "TIMED_SHELVED", "unshelveTime": "2026-01-02T03:05:35Z", "suppressed": null, "dialog": null,
	"event": {"__typename": "ExclusiveLevelAlarmType", "id": "press/AQI", "gateway": "edge1", "highLimit": 80.5}}`

func TestConditions(t *testing.T) {
	p, services := newEventServices(nil)
	var mu sync.Mutex
	var asked model.ConditionQuery
	services.ConditionsFunc = func(q model.ConditionQuery) (model.ConditionPage, error) {
		mu.Lock()
		defer mu.Unlock()
		asked = q
		return model.ConditionPage{Conditions: []model.Event{alarmState(7)}, Places: []uint64{3}, Total: 2, Next: 3, Message: "there may be more"}, nil
	}
	p.ask(t, `{ server(id: "press") { conditions(first: 1, filter: {active: true, acknowledged: false, minSeverity: 5, text: "x"}) { totalCount complete message
		pageInfo { hasNextPage hasPreviousPage endCursor } edges { cursor node { `+conditionFields+` } } } } }`).wantData(t, `{"server": {"conditions": {"totalCount": 2, "complete": false,
		"message": "there may be more", "pageInfo": {"hasNextPage": true, "hasPreviousPage": false, "endCursor": "`+cursor("3")+`"}, "edges": [{"cursor": "`+cursor("3")+`", "node": `+conditionJSON+`}]}}}`)
	if f := asked.Filter; asked.Limit != 1 || asked.After != 0 || f.Active == nil || !*f.Active || f.Acked == nil || *f.Acked || f.Severity != 5 || f.Text != "x" || f.Branches {
		t.Errorf("asked for %+v", asked)
	}
	p.ask(t, `{ server(id: "press") { conditions(after: "`+cursor("3")+`") { pageInfo { hasPreviousPage } } } }`).wantData(t, `{"server": {"conditions": {"pageInfo": {"hasPreviousPage": true}}}}`)
	if asked.After != 3 || asked.Limit != 100 {
		t.Errorf("asked for %+v", asked)
	}
	p.ask(t, `{ condition(server: "press", id: "nsu=urn:plant;i=7") { conditionId } none: condition(server: "press", id: "nsu=urn:plant;i=7", branch: "i=99") { conditionId } }`).
		wantData(t, `{"condition": {"conditionId": "nsu=urn:plant;i=7"}, "none": null}`)
	for _, args := range []string{`after: "x"`, `first: -1`, `filter: {minSeverity: 0}`} {
		p.ask(t, `{ server(id: "press") { conditions(`+args+`) { totalCount } } }`).wantCodes(t, "BAD_USER_INPUT")
	}
	services.ConditionsFunc = func(model.ConditionQuery) (model.ConditionPage, error) {
		return model.ConditionPage{}, fmt.Errorf("away: %w", ErrUnavailable)
	}
	p.ask(t, `{ condition(server: "press", id: "i=1") { id } }`).wantCodes(t, "UNAVAILABLE")
	p.ask(t, `{ condition(server: "none", id: "i=1") { id } }`).wantCodes(t, "NOT_FOUND")
	p.resolver.EventServices = nil
	p.ask(t, `{ condition(server: "press", id: "i=1") { id } }`).wantCodes(t, "UNAVAILABLE")
}

// A dialog shows its question and the answers.
func TestConditionDialog(t *testing.T) {
	e := alarmState(7)
	for name, v := range map[string]model.Variant{
		"DialogState/Id": model.BooleanValue(true), "Prompt": model.LocalizedTextValue(&model.LocalizedText{Text: "Go on?"}), "DefaultResponse": model.Int32Value(1),
		"ResponseOptionSet": model.ArrayValue([]model.LocalizedText{{Text: "Yes"}, {Text: "No"}}),
	} {
		e.Fields = append(e.Fields, model.EventField{Name: name, Value: model.DataValue{Value: v}})
	}
	p, services := newEventServices(nil)
	services.ConditionsFunc = func(model.ConditionQuery) (model.ConditionPage, error) {
		return model.ConditionPage{Conditions: []model.Event{e}, Places: []uint64{1}, Total: 1}, nil
	}
	p.ask(t, `{ condition(server: "press", id: "nsu=urn:plant;i=7") { dialog { active prompt { text } responses { text } defaultResponse lastResponse } } }`).wantData(t,
		`{"condition": {"dialog": {"active": true, "prompt": {"text": "Go on?"}, "responses": [{"text": "Yes"}, {"text": "No"}], "defaultResponse": 1, "lastResponse": null}}}`)
}

func TestConditionChanges(t *testing.T) {
	p, services := newEventServices(nil)
	in, asked := make(chan model.ConditionChanges), make(chan model.ConditionFilter, 1)
	services.WatchFunc = func(f model.ConditionFilter) (<-chan model.ConditionChanges, error) {
		asked <- f
		return in, nil
	}
	c := connect(t, p)
	c.subscribe("1", `subscription { conditions(server: "press", filter: {shelved: false, branches: true}) { sequence complete overflow status { name } message
		conditions { id event { __typename } } removed { id conditionId branchId } } }`)
	if f := <-asked; f.Shelved == nil || *f.Shelved || !f.Branches {
		t.Errorf("asked for %+v", f)
	}
	in <- model.ConditionChanges{Sequence: 1, Changes: []model.Event{alarmState(7)}, Removed: []model.ConditionKey{{Condition: tag(8), Branch: tag(9)}}, Complete: true}
	c.want("next", `{"data":{"conditions":{"sequence":"1","complete":true,"overflow":false,"status":{"name":"Good"},"message":null,`+
		`"conditions":[{"id":"press/nsu=urn:plant;i=7","event":{"__typename":"ExclusiveLevelAlarmType"}}],`+
		`"removed":[{"id":"press/nsu=urn:plant;i=8/nsu=urn:plant;i=9","conditionId":"nsu=urn:plant;i=8","branchId":"nsu=urn:plant;i=9"}]}}}`)
	in <- model.ConditionChanges{Status: model.StatusBadServerNotConnected, Message: "no connection", Ended: true}
	if f := c.next(); f.Type != "next" || !strings.Contains(string(f.Payload), `"message":"unavailable: no connection","extensions":{"code":"UNAVAILABLE"`) {
		t.Errorf("the end is %s %s", f.Type, f.Payload)
	}
}

func TestConditionMethods(t *testing.T) {
	p, services := newEventServices(nil)
	var got []string
	services.CallFunc = func(server string, calls []model.ConditionCall) ([]model.ConditionResult, error) {
		if server == "oven" {
			return nil, errors.New("broken")
		}
		var results []model.ConditionResult
		for _, c := range calls {
			comment := "none"
			if c.Comment != nil {
				comment = c.Comment.Locale + ":" + c.Comment.Text
			}
			got = append(got, fmt.Sprintf("%s %s %v %x %s %v %d", c.Action, c.Condition, !c.Branch.IsNull(), c.EventID, comment, c.ShelvingTime, c.Response))
			r := model.ConditionResult{EventID: c.EventID}
			if c.Condition == tag(9) {
				r = model.ConditionResult{Status: model.StatusBadConditionBranchAlreadyAcked, Message: "it is acknowledged already"}
			}
			results = append(results, r)
		}
		return results, nil
	}
	p.ask(t, `mutation {
		acknowledge(input: [{server: "press", condition: "nsu=urn:plant;i=7", eventId: "AQI=", comment: "seen", locale: "en"}, {server: "press", condition: "nsu=urn:plant;i=9", branch: "i=5"},
			{server: "press", condition: "nsu=urn:plant;i=7", eventId: "?"}, {server: "none", condition: "nsu=urn:plant;i=7"}]) { conditionId eventId status { name } message }
	}`).wantData(t, `{"acknowledge": [{"conditionId": "nsu=urn:plant;i=7", "eventId": "AQI=", "status": {"name": "Good"}, "message": null},
		{"conditionId": "nsu=urn:plant;i=9", "eventId": null, "status": {"name": "BadConditionBranchAlreadyAcked"}, "message": "it is acknowledged already"},
		{"conditionId": "nsu=urn:plant;i=7", "eventId": null, "status": {"name": "BadInvalidArgument"}, "message": "invalid input: eventId \"?\" is no base64; take it from an event, or leave it out for the newest"},
		{"conditionId": "nsu=urn:plant;i=7", "eventId": null, "status": {"name": "BadNotFound"}, "message": "server \"none\": not found"}]}`)
	const one = `(input: [{server: "press", condition: "nsu=urn:plant;i=7"`
	p.ask(t, `mutation { confirm`+one+`}]) { eventId } addComment`+one+`, comment: "c"}]) { eventId } once: shelve`+one+`}]) { eventId } shelve`+one+`, duration: "90s"}]) { eventId }
		unshelve`+one+`}]) { eventId } enable`+one+`}]) { eventId } disable`+one+`}]) { eventId } suppress`+one+`}]) { eventId } unsuppress`+one+`}]) { eventId }
		removeFromService`+one+`, comment: "x"}]) { eventId } placeInService`+one+`}]) { eventId } silence`+one+`}]) { eventId }
		reset`+one+`, comment: "r"}]) { eventId } respond`+one+`, response: 2}]) { eventId } }`)
	const node = " nsu=urn:plant;i=7 false "
	want := []string{
		"Acknowledge" + node + "0102 en:seen 0s 0", "Acknowledge nsu=urn:plant;i=9 true  none 0s 0", "Confirm" + node + " none 0s 0", "AddComment" + node + " :c 0s 0",
		"OneShotShelve" + node + " none 0s 0", "TimedShelve" + node + " none " + (90 * time.Second).String() + " 0", "Unshelve" + node + " none 0s 0", "Enable" + node + " none 0s 0",
		"Disable" + node + " none 0s 0", "Suppress" + node + " none 0s 0", "Unsuppress" + node + " none 0s 0", "RemoveFromService" + node + " :x 0s 0",
		"PlaceInService" + node + " none 0s 0", "Silence" + node + " none 0s 0", "Reset" + node + " :r 0s 0", "Respond" + node + " none 0s 2",
	}
	if a, b := strings.Join(got, "\n"), strings.Join(want, "\n"); a != b {
		t.Errorf("called\n%s\nwant\n%s", a, b)
	}
	p.ask(t, `mutation { shelve`+one+`, duration: "0s"}]) { status { name } } respond`+one+`, response: -1}]) { status { name } } }`).wantData(t,
		`{"shelve": [{"status": {"name": "BadInvalidArgument"}}], "respond": [{"status": {"name": "BadInvalidArgument"}}]}`)
	p.ask(t, `mutation { enable(input: [{server: "oven", condition: "i=1"}]) { status { name } } }`).wantData(t, `{"enable": [{"status": {"name": "BadInternalError"}}]}`)
}
