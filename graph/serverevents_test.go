package graph

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// fakeEventServices notes what is asked for; what a test answers goes into the Func fields.
type fakeEventServices struct {
	asked       chan model.EventMonitorRequest
	MonitorFunc func(ctx context.Context, server string) (<-chan model.MonitoredEvents, error)

	ConditionsFunc func(q model.ConditionQuery) (model.ConditionPage, error)
	CallFunc       func(server string, calls []model.ConditionCall) ([]model.ConditionResult, error)
	WatchFunc      func(f model.ConditionFilter) (<-chan model.ConditionChanges, error)
}

func (f *fakeEventServices) Conditions(_ context.Context, _ string, queries []model.ConditionQuery) ([]model.ConditionPage, error) {
	page, err := f.ConditionsFunc(queries[0])
	return []model.ConditionPage{page}, err
}

func (f *fakeEventServices) CallConditions(_ context.Context, server string, calls []model.ConditionCall) ([]model.ConditionResult, error) {
	return f.CallFunc(server, calls)
}

func (f *fakeEventServices) MonitorConditions(_ context.Context, _ string, r model.ConditionMonitorRequest) (<-chan model.ConditionChanges, error) {
	return f.WatchFunc(r.Filter)
}

func (f *fakeEventServices) MonitorEvents(ctx context.Context, server string, r model.EventMonitorRequest) (<-chan model.MonitoredEvents, error) {
	f.asked <- r
	return f.MonitorFunc(ctx, server)
}

// newEventServices is a platform whose server sends what comes in.
func newEventServices(in <-chan model.MonitoredEvents) (*platform, *fakeEventServices) {
	p := newPlatform(HandlerConfig{})
	f := &fakeEventServices{asked: make(chan model.EventMonitorRequest, 1)}
	f.MonitorFunc = func(context.Context, string) (<-chan model.MonitoredEvents, error) { return in, nil }
	p.resolver.EventServices = f
	return p, f
}

// clauses print select clauses, "i=2041/Message".
func clauses(list []model.SelectClause) string {
	var out []string
	for _, c := range list {
		text := fmt.Sprintf("%s/%s", c.TypeDefinition, strings.Join(c.BrowsePath, "/"))
		if c.Attribute == model.AttributeNodeID {
			text += "@1"
		}
		out = append(out, text+"="+c.Name)
	}
	return strings.Join(out, " ")
}

// The server is asked for what is selected, wherever the fragments are.
func TestServerEventsSelectWhatIsAskedFor(t *testing.T) {
	in := make(chan model.MonitoredEvents)
	p, services := newEventServices(in)
	c := connect(t, p)
	c.subscribe("1", `subscription($n: [String!] = ["nsu=http://acme.com/UA/;Cycle/Id", "LimitState/CurrentState"]) {
		serverEvents(server: "press", filter: {eventTypes: ["nsu=urn:acme;i=7"]}, publishingInterval: "1s") { sequence ...more events { __typename id fields(names: $n) { name } } } }
	fragment more on ServerEvents { overflow events { message { text } conditionId ... on AlarmConditionEvent { activeState { id ...named } retain shelvingState { unshelveTime currentState { text { text } } } } ...ack } }
	fragment ack on AcknowledgeableConditionEvent { ackedState { id } conditionName }
	fragment named on TwoStateVariable { effectiveDisplayName { text } }`)
	r := <-services.asked
	const want = `i=2041/EventId=EventId i=2041/EventType=EventType i=2041/Message=Message i=2782/@1=ConditionId i=2915/ActiveState/Id=ActiveState/Id ` +
		`i=2915/ActiveState/EffectiveDisplayName=ActiveState/EffectiveDisplayName i=2782/Retain=Retain i=2915/ShelvingState/UnshelveTime=ShelvingState/UnshelveTime ` +
		`i=2915/ShelvingState/CurrentState=ShelvingState/CurrentState i=2881/AckedState/Id=AckedState/Id i=2782/ConditionName=ConditionName ` +
		`nsu=urn:acme;i=7/nsu=http://acme.com/UA/;Cycle/Id=nsu=http://acme.com/UA/;Cycle/Id i=9341/LimitState/CurrentState=LimitState/CurrentState`
	if got := clauses(r.Events.Select); got != want {
		t.Errorf("select clauses\n%s\nwant\n%s", got, want)
	}
	if r.PublishingInterval != 1e9 || r.Events.Notifier.String() != "i=2253" || r.Events.Conditions != nil {
		t.Errorf("asked for %+v", r)
	}
	condition := tag(7)
	typ := model.Expanded(model.NumericID(0, 9482))
	in <- model.MonitoredEvents{Sequence: 1, Overflow: true, Names: []string{"EventId", "EventType", "ConditionId", "ActiveState/Id", "LimitState/CurrentState", "Message"}, Events: [][]model.Variant{{
		model.ByteStringValue([]byte{1, 2}), model.ExpandedNodeIDValue(&typ), model.ExpandedNodeIDValue(&condition), model.BooleanValue(true), model.StringValue("High"), {},
	}}}
	c.want("next", `{"data":{"serverEvents":{"sequence":"1","overflow":true,"events":[{"message":null,"conditionId":"nsu=urn:plant;i=7","activeState":{"id":true,"effectiveDisplayName":null},`+
		`"retain":null,"shelvingState":null,"ackedState":null,"conditionName":null,"__typename":"ExclusiveLevelAlarmType","id":"press/AQI","fields":[{"name":"LimitState/CurrentState"}]}]}}}`)
	in <- model.MonitoredEvents{Status: model.StatusBadEventFilterInvalid, Message: "events.where[3].operator is none", Ended: true}
	c.want("next", `{"errors":[{"message":"invalid input: filter.where[3].operator is none","extensions":{"code":"BAD_USER_INPUT","remedy":"Correct the argument that the message names."}}],"data":null}`)
}

// A filter becomes one content filter, in which the client's own keeps its inner references.
func TestServerEventFilter(t *testing.T) {
	in := make(chan model.MonitoredEvents)
	p, services := newEventServices(in)
	for filter, want := range map[string]string{
		`{}`:                       `null`,
		`{eventTypes: ["i=2915"]}`: `[{"operator":"OfType","operands":[{"value":"i=2915","dataType":"NodeId"}]}]`,
		`{eventTypes: ["i=1", "i=2", "i=3"], minSeverity: 5}`: `[{"operator":"And","operands":[{"element":1},{"element":6}]},
			{"operator":"Or","operands":[{"element":3},{"element":2}]},{"operator":"Or","operands":[{"element":4},{"element":5}]},
			{"operator":"OfType","operands":[{"value":"i=1","dataType":"NodeId"}]},{"operator":"OfType","operands":[{"value":"i=2","dataType":"NodeId"}]},
			{"operator":"OfType","operands":[{"value":"i=3","dataType":"NodeId"}]},
			{"operator":"GreaterThanOrEqual","operands":[{"attribute":{"typeDefinition":"i=2041","browsePath":["Severity"]}},{"value":5,"dataType":"UInt16"}]}]`,
		`{sourceName: "a\"b", where: [{operator: "Not", operands: [{element: 1}]}, {operator: "IsNull", operands: [{attribute: {browsePath: ["Message"]}}]}]}`: `[
			{"operator":"And","operands":[{"element":1},{"element":2}]},
			{"operator":"Equals","operands":[{"attribute":{"typeDefinition":"i=2041","browsePath":["SourceName"]}},{"value":"a\"b","dataType":"String"}]},
			{"operator":"Not","operands":[{"element":3}]},{"operator":"IsNull","operands":[{"attribute":{"typeDefinition":"i=0","browsePath":["Message"]}}]}]`,
	} {
		c := connect(t, p)
		c.subscribe("1", `subscription { serverEvents(server: "press", conditions: true, filter: `+filter+`) { sequence } }`)
		r := <-services.asked
		got, err := json.Marshal(r.Events.Where)
		if err != nil {
			t.Fatal(err)
		}
		same(t, filter, string(got), want)
		if r.Events.Conditions == nil || !r.Events.Conditions.RefreshOnStart {
			t.Errorf("conditions %+v", r.Events.Conditions)
		}
	}
	for args, message := range map[string]string{
		`server: "none"`: `server \"none\": not found`,
		`server: "press", publishingInterval: "1ms"`:                                                       "publishingInterval: 1ms is below 50ms",
		`server: "press", filter: {minSeverity: 0}`:                                                        "filter.minSeverity: 0 is not from 1 to 1000",
		`server: "press", filter: {minSeverity: 9, maxSeverity: 8}`:                                        "filter.maxSeverity: 8 is below minSeverity, 9",
		`server: "press", filter: {where: [{operator: "Like", operands: [{value: 1}]}]}`:                   "filter.where[0].operands: Like has 1 operands; it takes 2 to 2",
		`server: "press", filter: {sourceName: "x", where: [{operator: "Not", operands: [{element: 0}]}]}`: "filter.where[0].operands[0].element: 0 is no element behind this one; use 1 to 0",
		`server: "press", filter: {eventTypes: [` + strings.Repeat(`"i=1" `, 101) + `]}`:                   "filter.eventTypes: 101 items are more than 100",
	} {
		c := connect(t, p)
		c.subscribe("1", `subscription { serverEvents(`+args+`) { sequence } }`)
		if f := c.next(); !strings.Contains(string(f.Payload), message) {
			t.Errorf("%s: %s, want %s", args, f.Payload, message)
		}
	}
}

// same compares JSON.
func same(t *testing.T, what, got, want string) {
	t.Helper()
	var a, b any
	if err := json.Unmarshal([]byte(got), &a); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(want), &b); err != nil {
		t.Fatal(what, err)
	}
	if x, y := fmt.Sprint(a), fmt.Sprint(b); x != y {
		t.Errorf("%s: %s, want %s", what, x, y)
	}
}

// Numbers of elements in a gateway's messages are those of the client's own filter.
func TestRenumbered(t *testing.T) {
	for in, want := range map[string]string{
		"events.where[4].operands[1].value 1: no":   "filter.where[2].operands[1].value 1: no",
		"where[1] (Like) is Bad; where[2] is worse": "filter (Like) is Bad; filter.where[0] is worse",
		"nothing": "nothing",
	} {
		if got := renumbered(in, 2); got != want {
			t.Errorf("%q is %q, want %q", in, got, want)
		}
	}
}
