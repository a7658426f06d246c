package demoplant

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gopcua/opcua"
	"github.com/gopcua/opcua/id"
	"github.com/gopcua/opcua/ua"

	"github.com/shopfloor-iiot/shopfloor/edge/opcua/opcuatest"
)

// An alarm has a level by its limits and the deadband below them; a higher level wants to be acknowledged anew.
func TestLimitAlarm(t *testing.T) {
	a := newLimitAlarm("Boiler1", limits{name: "Hot", input: "Temperature", unit: "°C", high: 160, highHigh: 172, deadband: 2}, epoch)
	for i, c := range []struct {
		value    float64
		level    limitLevel
		event    bool
		severity uint16
		acked    bool // before the next step
	}{
		{159.9, levelNormal, false, 100, true},
		{160, levelHigh, true, 600, false},
		{171.9, levelHigh, false, 600, true},
		{172, levelHighHigh, true, 900, false},
		{170.1, levelHighHigh, false, 900, true},
		{170, levelHigh, true, 600, true},
		{158.1, levelHigh, false, 600, true},
		{158, levelNormal, true, 100, true},
		{180, levelHighHigh, true, 900, false},
		{20, levelNormal, true, 100, false},
	} {
		at := epoch.Add(time.Duration(i) * time.Second)
		a.step(at, c.value)
		e := a.event(at)
		if a.level != c.level || (e != nil) != c.event || a.severity != c.severity || e != nil && (e.Severity != c.severity || !e.Time.Equal(at)) {
			t.Errorf("%v: level %d, event %+v, severity %d, want %+v", c.value, a.level, e, a.severity, c)
		}
		if a.retained() != (c.level != levelNormal || !a.acked || !a.confirmed) {
			t.Errorf("%v: retained %t", c.value, a.retained())
		}
		if c.acked {
			a.acked, a.confirmed = true, true
		}
		if a.acked != c.acked {
			t.Errorf("%v: acknowledged %t, want %t", c.value, a.acked, c.acked)
		}
	}
	if len(a.known) > maxKnownEvents {
		t.Errorf("%d events are known", len(a.known))
	}
}

// heat has a boiler at a temperature, which it holds.
func heat(p *Plant, celsius float64) {
	p.change(func(time.Time) {
		b := p.sim.boilers[0]
		b.setPoint, b.temperature, b.integral = celsius, celsius, (celsius-ambientTemperature)/burnerGain
	})
	p.change(func(time.Time) {})
}

// alarmEvents are events of Boiler1's alarm by the fields that are selected.
type alarmEvents struct {
	sub  *opcuatest.Subscription
	rest []*ua.EventFieldList
}

var alarmFields = []string{"EventType", "EventId", "Message", "Severity", "Retain", "ActiveState/Id", "AckedState/Id", "ConfirmedState/Id", "LimitState/CurrentState", "ShelvingState/CurrentState"}

func attribute(path string) *ua.SimpleAttributeOperand {
	o := &ua.SimpleAttributeOperand{TypeDefinitionID: ua.NewNumericNodeID(0, id.BaseEventType), AttributeID: ua.AttributeIDValue}
	for part := range strings.SplitSeq(path, "/") {
		o.BrowsePath = append(o.BrowsePath, &ua.QualifiedName{Name: part})
	}
	return o
}

func filterElement(operator ua.FilterOperator, operands ...any) *ua.ContentFilterElement {
	e := &ua.ContentFilterElement{FilterOperator: operator}
	for _, o := range operands {
		e.FilterOperands = append(e.FilterOperands, ua.NewExtensionObject(o))
	}
	return e
}

func literal(v any) *ua.LiteralOperand { return &ua.LiteralOperand{Value: ua.MustVariant(v)} }

// monitorWhere asks for the alarmFields and the ConditionId of events.
func monitorWhere(t *testing.T, sub *opcuatest.Subscription, where ...*ua.ContentFilterElement) *ua.MonitoredItemCreateResult {
	t.Helper()
	f := &ua.EventFilter{WhereClause: &ua.ContentFilter{Elements: where}}
	for _, path := range alarmFields {
		f.SelectClauses = append(f.SelectClauses, attribute(path))
	}
	f.SelectClauses = append(f.SelectClauses, &ua.SimpleAttributeOperand{TypeDefinitionID: builtin(id.ConditionType), AttributeID: ua.AttributeIDNodeID})
	return sub.Monitor(t, &ua.MonitoredItemCreateRequest{
		ItemToMonitor:       &ua.ReadValueID{NodeID: builtin(id.Server), AttributeID: ua.AttributeIDEventNotifier, DataEncoding: &ua.QualifiedName{}},
		MonitoringMode:      ua.MonitoringModeReporting,
		RequestedParameters: &ua.MonitoringParameters{ClientHandle: 3, QueueSize: 50, DiscardOldest: true, Filter: ua.NewExtensionObject(f)},
	})[0]
}

// await returns the next event that ok accepts.
func (a *alarmEvents) await(t *testing.T, what string, ok func(f map[string]any) bool) map[string]any {
	t.Helper()
	timeout := time.After(20 * time.Second)
	var last map[string]any
	for {
		for len(a.rest) > 0 {
			f := map[string]any{}
			for i, path := range append(slices.Clone(alarmFields), "ConditionId") {
				f[path] = a.rest[0].EventFields[i].Value()
			}
			a.rest = a.rest[1:]
			if last = f; ok(f) {
				return f
			}
		}
		select {
		case n := <-a.sub.Notifications():
			if list, ok := n.(*ua.EventNotificationList); ok {
				a.rest = list.Events
			}
		case <-timeout:
			t.Fatalf("no event: %s; the last one is %v", what, last)
		}
	}
}

func callStatus(t *testing.T, c *opcua.Client, object, method *ua.NodeID, in ...any) ua.StatusCode {
	t.Helper()
	req := &ua.CallMethodRequest{ObjectID: object, MethodID: method}
	for _, v := range in {
		req.InputArguments = append(req.InputArguments, ua.MustVariant(v))
	}
	r, err := c.Call(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	return r.StatusCode
}

// The alarm of a boiler follows its temperature, is acknowledged, confirmed and shelved, and is told once more by a ConditionRefresh.
func TestAlarm(t *testing.T) {
	p := startPlant(t, Config{})
	c := connect(t, p)
	sub := opcuatest.Subscribe(t, c, 50*time.Millisecond)
	alarm := node("Boiler1.OverTemperature")
	at := func(i uint32) *ua.ElementOperand { return &ua.ElementOperand{Index: i} }
	created := monitorWhere(t, sub,
		filterElement(ua.FilterOperatorAnd, at(1), at(2)),
		filterElement(ua.FilterOperatorOfType, literal(builtin(id.AlarmConditionType))),
		filterElement(ua.FilterOperatorEquals, attribute("SourceName"), literal("Boiler1")))
	if created.StatusCode != ua.StatusOK {
		t.Fatal(created.StatusCode)
	}
	events := &alarmEvents{sub: sub}
	heat(p, 165)
	e := events.await(t, "active", func(f map[string]any) bool { return f["ActiveState/Id"] == true })
	if e["LimitState/CurrentState"].(*ua.LocalizedText).Text != "High" || e["Severity"] != uint16(600) || e["AckedState/Id"] != false || e["Retain"] != true ||
		!e["ConditionId"].(*ua.NodeID).Equal(alarm) || e["EventType"].(*ua.NodeID).IntID() != id.ExclusiveLevelAlarmType || !strings.HasPrefix(e["Message"].(*ua.LocalizedText).Text, "Boiler1 is too hot: 16") {
		t.Errorf("event %v", e)
	}
	if v := read(t, c, node("Boiler1.OverTemperature.ActiveState.Id"), ua.AttributeIDValue); v.Value.Value() != true {
		t.Errorf("ActiveState/Id is %v", v.Value.Value())
	}
	method := func(name string) *ua.NodeID { return node("Boiler1.OverTemperature." + name) }
	comment := ua.NewLocalizedTextWithLocale("on my way", "en")
	eventID := e["EventId"].([]byte)
	for i, s := range []struct{ got, want ua.StatusCode }{
		{callStatus(t, c, alarm, method("Acknowledge"), []byte("never"), comment), ua.StatusBadEventIDUnknown},
		{callStatus(t, c, alarm, method("Confirm"), eventID, comment), ua.StatusBadInvalidState},
		{callStatus(t, c, alarm, builtin(id.AcknowledgeableConditionType_Acknowledge), eventID, comment), ua.StatusOK}, // by the type's method
		{callStatus(t, c, alarm, method("Acknowledge"), eventID, comment), ua.StatusBadConditionBranchAlreadyAcked},
		{callStatus(t, c, alarm, method("Enable")), ua.StatusBadConditionAlreadyEnabled},
		{callStatus(t, c, alarm, method("Acknowledge"), eventID), ua.StatusBadArgumentsMissing},
		{callStatus(t, c, node("Boiler1.OverTemperature.ShelvingState"), method("ShelvingState.Unshelve")), ua.StatusBadConditionNotShelved},
		{callStatus(t, c, node("Boiler1.OverTemperature.ShelvingState"), method("ShelvingState.TimedShelve"), 1e12), ua.StatusBadShelvingTimeOutOfRange},
		{callStatus(t, c, node("Boiler1.OverTemperature.ShelvingState"), method("ShelvingState.TimedShelve"), 300.0), ua.StatusOK},
	} {
		if s.got != s.want {
			t.Errorf("call %d: %v, want %v", i, s.got, s.want)
		}
	}
	events.await(t, "acknowledged", func(f map[string]any) bool { return f["AckedState/Id"] == true })
	shelved := func(state string) func(map[string]any) bool {
		return func(f map[string]any) bool { return f["ShelvingState/CurrentState"].(*ua.LocalizedText).Text == state }
	}
	events.await(t, "shelved", shelved("TimedShelved"))
	events.await(t, "not shelved any more, by itself", shelved("Unshelved"))
	if v := read(t, c, node("Boiler1.OverTemperature.Comment"), ua.AttributeIDValue); v.Value.LocalizedText().Text != "on my way" {
		t.Errorf("comment %v", v.Value.Value())
	}

	refresh := builtin(id.ConditionType_ConditionRefresh2)
	for i, s := range []struct{ got, want ua.StatusCode }{
		{callStatus(t, c, builtin(id.ConditionType), refresh, sub.ID, uint32(999)), ua.StatusBadMonitoredItemIDInvalid},
		{callStatus(t, c, builtin(id.ConditionType), builtin(id.ConditionType_ConditionRefresh), uint32(999)), ua.StatusBadSubscriptionIDInvalid},
		{callStatus(t, c, builtin(id.ConditionType), refresh, sub.ID), ua.StatusBadArgumentsMissing},
		{callStatus(t, c, builtin(id.ConditionType), refresh, sub.ID, "1"), ua.StatusBadInvalidArgument},
		{callStatus(t, c, builtin(id.ConditionType), refresh, sub.ID, created.MonitoredItemID), ua.StatusOK},
	} {
		if s.got != s.want {
			t.Errorf("refresh %d: %v, want %v", i, s.got, s.want)
		}
	}
	ofType := func(want uint32) func(map[string]any) bool {
		return func(f map[string]any) bool { return f["EventType"].(*ua.NodeID).IntID() == want }
	}
	events.await(t, "refresh begins", ofType(id.RefreshStartEventType)) // which the where clause does not hold back
	events.await(t, "the alarm again", func(f map[string]any) bool { return f["AckedState/Id"] == true && f["Retain"] == true })
	events.await(t, "refresh ends", ofType(id.RefreshEndEventType))

	heat(p, 100)
	e = events.await(t, "in order", func(f map[string]any) bool { return f["ActiveState/Id"] == false })
	if e["Retain"] != true || e["LimitState/CurrentState"].(*ua.LocalizedText).Text != "" {
		t.Errorf("event %v", e)
	}
	if status := callStatus(t, c, alarm, method("Confirm"), eventID, comment); status != ua.StatusOK {
		t.Errorf("confirm: %v", status)
	}
	events.await(t, "gone", func(f map[string]any) bool { return f["ConfirmedState/Id"] == true && f["Retain"] == false })
}

// A where clause that cannot be is refused with the place of what is wrong.
func TestWhereRefused(t *testing.T) {
	c := connect(t, startPlant(t, Config{}))
	sub := opcuatest.Subscribe(t, c, 50*time.Millisecond)
	for _, s := range []struct {
		where    *ua.ContentFilterElement
		status   ua.StatusCode // of the element
		operands []ua.StatusCode
	}{
		{filterElement(ua.FilterOperatorInView, literal(node("Plant"))), ua.StatusBadFilterOperatorUnsupported, []ua.StatusCode{ua.StatusOK}},
		{filterElement(ua.FilterOperatorEquals, literal(int32(1))), ua.StatusBadFilterOperandCountMismatch, []ua.StatusCode{ua.StatusOK}},
		{filterElement(ua.FilterOperatorNot, &ua.ElementOperand{}), ua.StatusBadFilterOperandInvalid, []ua.StatusCode{ua.StatusBadFilterOperandInvalid}},
		{filterElement(ua.FilterOperatorOfType, literal("x")), ua.StatusBadFilterOperandInvalid, []ua.StatusCode{ua.StatusBadFilterLiteralInvalid}},
		{filterElement(ua.FilterOperatorIsNull, &ua.AttributeOperand{NodeID: node("Plant"), BrowsePath: &ua.RelativePath{}}), ua.StatusBadFilterOperandInvalid, []ua.StatusCode{ua.StatusBadFilterOperandInvalid}},
	} {
		r := monitorWhere(t, sub, s.where)
		if r.StatusCode != ua.StatusBadEventFilterInvalid || r.FilterResult == nil {
			t.Errorf("%v: %v, %v", s.where, r.StatusCode, r.FilterResult)
			continue
		}
		result, _ := r.FilterResult.Value.(*ua.EventFilterResult)
		if e := result.WhereClauseResult.ElementResults; len(e) != 1 || e[0].StatusCode != s.status || !slices.Equal(e[0].OperandStatusCodes, s.operands) {
			t.Errorf("%v: %+v, want %v, %v", s.where, e[0], s.status, s.operands)
		}
	}
}
