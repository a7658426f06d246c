package model

import (
	"slices"
	"testing"
)

// conditionEvent is an event of a condition with these fields.
func conditionEvent(fields map[string]Variant) *Event {
	id := Expanded(NumericID(0, 7))
	e := &Event{Severity: 500, SourceName: "Boiler", ConditionID: id, EventType: Expanded(NumericID(0, 9482)), Message: LocalizedText{Text: "hot"}}
	for name, v := range fields {
		e.Fields = append(e.Fields, EventField{Name: name, Value: DataValue{Value: v}})
	}
	return e
}

func TestConditionOf(t *testing.T) {
	node := func(id uint32) Variant { e := Expanded(NumericID(0, id)); return ExpandedNodeIDValue(&e) }
	c := ConditionOf(conditionEvent(map[string]Variant{
		"ConditionName": StringValue("Overheat"), "EnabledState/Id": BooleanValue(true), "ActiveState/Id": BooleanValue(true), "ActiveState": BooleanValue(false),
		"/AckedState/Id": BooleanValue(false), "0:ConfirmedState/Id": BooleanValue(true), "SuppressedState/Id": StringValue("x"), "OutOfServiceState/Id": BooleanValue(true),
		"SilenceState/Id": BooleanValue(true), "LatchedState/Id": BooleanValue(true), "DialogState/Id": BooleanValue(false), "SuppressedOrShelved": BooleanValue(true),
		"ShelvingState/CurrentState/Id": node(2932), "ShelvingState/UnshelveTime": DoubleValue(1500), "HighState/Id": BooleanValue(true), "LowState/Id": BooleanValue(false),
	}))
	is := func(b *bool) bool { return b != nil && *b }
	if c.Name != "Overheat" || !is(c.Enabled) || !is(c.Active) || c.Acked == nil || *c.Acked || !is(c.Confirmed) || c.Suppressed != nil || !is(c.OutOfService) || !is(c.Silenced) ||
		!is(c.Latched) || c.Dialog == nil || *c.Dialog || !is(c.SuppressedOrShelved) || c.Shelving != TimedShelved || c.UnshelveTime != 1500 || !slices.Equal(c.Limits, []LimitName{LimitHigh}) {
		t.Errorf("%+v", c)
	}
	if c = ConditionOf(conditionEvent(map[string]Variant{"LimitState/CurrentState/Id": node(9335)})); !slices.Equal(c.Limits, []LimitName{LimitLowLow}) || c.Shelving != "" {
		t.Errorf("%+v", c)
	}
	// A limit is of no account when the alarm is not active.
	if c = ConditionOf(conditionEvent(map[string]Variant{"LimitState/CurrentState/Id": node(9335), "ActiveState/Id": BooleanValue(false)})); len(c.Limits) != 0 {
		t.Errorf("%+v", c)
	}
}

func TestConditionFilter(t *testing.T) {
	yes, no := true, false
	shelved := Expanded(NumericID(0, 2933))
	c := ConditionOf(conditionEvent(map[string]Variant{
		"ConditionName": StringValue("Overheat"), "ActiveState/Id": BooleanValue(true), "AckedState/Id": BooleanValue(false), "ShelvingState/CurrentState/Id": ExpandedNodeIDValue(&shelved),
	}))
	other := []ExpandedNodeID{Expanded(NumericID(0, 8))}
	for _, f := range []ConditionFilter{
		{},
		{Active: &yes, Acked: &no, Shelved: &yes, Severity: 500, Text: "OVER"},
		{Text: "boil"},
		{Text: "hot"},
		{Conditions: append(other, c.Event.ConditionID)},
		{EventTypes: []ExpandedNodeID{c.Event.EventType}, Branches: true},
	} {
		if !f.Matches(&c) {
			t.Errorf("%+v does not select %+v", f, c)
		}
	}
	for _, f := range []ConditionFilter{
		{Active: &no}, {Acked: &yes}, {Confirmed: &no}, {Shelved: &no}, {Suppressed: &no}, {Severity: 501}, {Text: "cold"}, {Conditions: other}, {EventTypes: other}, {SourceNodes: other},
	} {
		if f.Matches(&c) {
			t.Errorf("%+v selects %+v", f, c)
		}
	}
	c.Event.BranchID = other[0]
	if f := (&ConditionFilter{}); f.Matches(&c) {
		t.Error("a branch is selected without being asked for")
	}
	if f := (&ConditionFilter{Branches: true}); !f.Matches(&c) {
		t.Error("a branch is not selected")
	}
}
