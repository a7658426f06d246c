package opcua

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/shopfloor-iiot/shopfloor/edge/opcua/opcuatest"
	"github.com/shopfloor-iiot/shopfloor/model"
)

// conditionsOf asks for conditions.
func conditionsOf(t *testing.T, s *Source, q model.ConditionQuery) model.ConditionPage {
	t.Helper()
	if q.Limit == 0 {
		q.Limit = 10
	}
	pages, err := s.Conditions(t.Context(), []model.ConditionQuery{q})
	if err != nil {
		t.Fatal(err)
	}
	return pages[0]
}

// awaitCondition waits until the only condition is as wanted.
func awaitCondition(t *testing.T, s *Source, what string, ok func(c *model.Condition) bool) model.Condition {
	t.Helper()
	var last string
	var found model.Condition
	eventually(t, eventWait, func() bool {
		page := conditionsOf(t, s, model.ConditionQuery{Filter: model.ConditionFilter{Conditions: []model.ExpandedNodeID{plant("TankAlarm")}}})
		if last = fmt.Sprintf("%+v", page); len(page.Conditions) != 1 {
			return false
		}
		last = page.Message
		for _, f := range page.Conditions[0].Fields {
			last += fmt.Sprintf(" %s=%s", f.Name, f.Value.Value)
		}
		found = model.ConditionOf(&page.Conditions[0])
		return ok(&found)
	}, func() string { return what + ": " + last })
	return found
}

func yes(b *bool) bool { return b != nil && *b }
func no(b *bool) bool  { return b != nil && !*b }

// The state of conditions is there without a writer: those that were active before, how they change, and what is done with them.
func TestConditionServer(t *testing.T) { testConditionServer(t, eventServer(t)) }

func testConditionServer(t *testing.T, server *opcuatest.Server) {
	source := run(t, config(server.Endpoint(), &recorder{}))
	connected(t, source)
	page := conditionsOf(t, source, model.ConditionQuery{})
	if !page.Complete || page.Total != 0 || page.Message != "" {
		t.Fatalf("conditions of a plant in order: %+v", page)
	}
	writeValue(t, source, "TankLevel", 99)
	c := awaitCondition(t, source, "the alarm is active", func(c *model.Condition) bool { return yes(c.Active) })
	e := c.Event
	if !no(c.Acked) || !yes(c.Enabled) || len(c.Limits) != 1 || c.Limits[0] != model.LimitHighHigh || e.Severity == 0 || len(e.EventID) == 0 ||
		!strings.Contains(e.SourceName, "Tank") || e.Retain == nil || !*e.Retain || e.Time.IsZero() {
		t.Fatalf("alarm %+v, %+v", c, e)
	}
	eventually(t, eventWait, func() bool { return conditionsOf(t, source, model.ConditionQuery{}).Total == 1 }, func() string { return "the alarm is retained" })
	call := func(calls ...model.ConditionCall) []model.ConditionResult {
		t.Helper()
		r, err := source.CallConditions(t.Context(), calls)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	key := model.ConditionKey{Condition: plant("TankAlarm")}
	comment := &model.LocalizedText{Locale: "en", Text: "seen"}
	r := call(
		model.ConditionCall{Action: model.ConditionAcknowledge, ConditionKey: key, EventID: []byte("never"), Comment: comment},
		model.ConditionCall{Action: model.ConditionAcknowledge, ConditionKey: key, Comment: comment},
		model.ConditionCall{Action: model.ConditionAcknowledge, ConditionKey: model.ConditionKey{Condition: plant("Nothing")}},
		model.ConditionCall{Action: model.ConditionRespond, ConditionKey: key},
		model.ConditionCall{Action: model.ConditionEnable, ConditionKey: key},
		model.ConditionCall{Action: model.ConditionSuppress, ConditionKey: key, Comment: comment},
		model.ConditionCall{Action: "Nothing", ConditionKey: key},
	)
	for i, want := range []string{"BadEventIdUnknown", "", "no event of the condition is known", "may not have the method", "BadConditionAlreadyEnabled: it is enabled already", "takes no comment", "no such action"} {
		if got := r[i].Message; want == "" && (r[i].Status.IsBad() || len(r[i].EventID) == 0) || !strings.Contains(got, want) || want != "" && !r[i].Status.IsBad() {
			t.Errorf("result %d: %+v, want %q", i, r[i], want)
		}
	}
	c = awaitCondition(t, source, "the alarm is acknowledged", func(c *model.Condition) bool { return yes(c.Acked) })
	shelved := call(model.ConditionCall{Action: model.ConditionTimedShelve, ConditionKey: key, ShelvingTime: 10 * time.Minute})
	if shelved[0].Status.IsBad() {
		t.Fatalf("shelve: %+v", shelved[0])
	}
	awaitCondition(t, source, "the alarm is shelved", func(c *model.Condition) bool { return c.Shelving == model.TimedShelved && c.UnshelveTime > 0 })
	if r := call(model.ConditionCall{Action: model.ConditionUnshelve, ConditionKey: key}); r[0].Status.IsBad() {
		t.Errorf("unshelve: %+v", r[0])
	}
	awaitCondition(t, source, "the alarm is not shelved", func(c *model.Condition) bool { return c.Shelving == model.Unshelved })
	if r := call(model.ConditionCall{Action: model.ConditionUnshelve, ConditionKey: key}); r[0].Status != model.StatusBadConditionNotShelved {
		t.Errorf("unshelve once more: %+v", r[0])
	}
	writeValue(t, source, "TankLevel", 50)
	awaitCondition(t, source, "the alarm is not active", func(c *model.Condition) bool { return no(c.Active) && len(c.Limits) == 0 })
	for _, action := range []model.ConditionAction{model.ConditionAddComment, model.ConditionConfirm} {
		if r := call(model.ConditionCall{Action: action, ConditionKey: key, Comment: comment}); r[0].Status.IsBad() {
			t.Errorf("%s: %+v", action, r[0])
		}
		awaitCondition(t, source, "the comment", func(c *model.Condition) bool { return string(c.Event.EventID) != string(e.EventID) })
	}
	// One that is in order again and confirmed is not retained, and is read from the address space where it is asked for by name.
	eventually(t, eventWait, func() bool { return conditionsOf(t, source, model.ConditionQuery{}).Total == 0 }, func() string { return "nothing is retained" })
	awaitCondition(t, source, "the alarm is read", func(c *model.Condition) bool { return no(c.Active) && yes(c.Confirmed) })
	if r := call(model.ConditionCall{Action: model.ConditionDisable, ConditionKey: key}); r[0].Status.IsBad() {
		t.Errorf("disable: %+v", r[0])
	}
	awaitCondition(t, source, "the alarm is disabled", func(c *model.Condition) bool { return no(c.Enabled) })
}

// Who watches conditions gets all, then what changes, and what is not selected any more; also when the server was away.
func TestMonitorConditions(t *testing.T) {
	server := eventServer(t)
	source := run(t, config(server.Endpoint(), &recorder{}))
	connected(t, source)
	writeValue(t, source, "TankLevel", 99)
	ctx, cancel := context.WithCancel(t.Context())
	var mu sync.Mutex
	var got []string
	done := make(chan error)
	unacked := false
	go func() {
		sequence := uint64(0)
		done <- source.MonitorConditions(ctx, model.ConditionMonitorRequest{Filter: model.ConditionFilter{Acked: &unacked}}, func(c model.ConditionChanges) {
			mu.Lock()
			defer mu.Unlock()
			if sequence++; c.Sequence != sequence {
				t.Errorf("delivery %d, want %d", c.Sequence, sequence)
			}
			for i := range c.Changes {
				got = append(got, fmt.Sprintf("%s %v", c.Changes[i].ConditionID, c.Complete))
			}
			for _, key := range c.Removed {
				got = append(got, "removed "+key.Condition.String())
			}
		})
	}()
	await := func(text string) {
		t.Helper()
		eventually(t, eventWait, func() bool { mu.Lock(); defer mu.Unlock(); return strings.Contains(strings.Join(got, "\n"), text) }, func() string {
			mu.Lock()
			defer mu.Unlock()
			return fmt.Sprintf("%q is among %q", text, got)
		})
	}
	await(plant("TankAlarm").String() + " true")
	call := []model.ConditionCall{{Action: model.ConditionAcknowledge, ConditionKey: model.ConditionKey{Condition: plant("TankAlarm")}}}
	if r, err := source.CallConditions(t.Context(), call); err != nil || r[0].Status.IsBad() {
		t.Fatalf("acknowledge: %+v, %v", r, err)
	}
	await("removed " + plant("TankAlarm").String())
	mu.Lock()
	got = nil
	mu.Unlock()
	server.Restart()
	eventually(t, eventWait, func() bool {
		_, err := source.Write(t.Context(), []model.WriteValue{{NodeID: plant("TankLevel"), Attribute: model.AttributeValue, Value: []byte("1")}})
		mu.Lock()
		defer mu.Unlock()
		return err == nil && len(got) > 0
	}, func() string { return "conditions go on after a restart" })
	await(plant("TankAlarm").String())
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	// What nobody asks for is not kept for ever.
	source.conditions.forget(time.Now().Add(2 * conditionsIdle))
	eventually(t, eventWait, func() bool { return len(source.publishing.all()) == 0 }, func() string { return "the subscription is removed" })
	if page := conditionsOf(t, source, model.ConditionQuery{}); page.Total != 1 {
		t.Errorf("asked for anew: %+v", page)
	}
}
