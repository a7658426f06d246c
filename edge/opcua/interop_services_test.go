package opcua

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/shopfloor-iiot/shopfloor/edge/opcua/opcuatest"
	"github.com/shopfloor-iiot/shopfloor/model"
)

// History of open62541: raw values in pages of the server, and what it says of what it does not have.
func TestInteropOpen62541History(t *testing.T) {
	s := opcuatest.StartOpen62541(t, opcuatest.Options{})
	source := run(t, config(s.Endpoint(), &recorder{}))
	connected(t, source)
	cases := append(rawCases(), historyCase{
		name: "aggregates", read: model.HistoryRead{
			NodeID: plant("HFixed"), Kind: model.HistoryProcessed, Start: second(1), End: second(9), Limit: 9, Aggregate: aggregate(aggregateAverage),
		}, status: model.StatusBadNotSupported, says: "computes no aggregates",
	})
	for i := range cases {
		t.Run(cases[i].name, func(t *testing.T) { cases[i].run(t, source) })
	}
	t.Run("Update", func(t *testing.T) { testHistoryUpdates(t, source) })
}

// testHistoryUpdates inserts, replaces, upserts and deletes values of HEdited, whose history is empty, and reads after each what is there.
func testHistoryUpdates(t *testing.T, s *Source) {
	value := func(text string, at float64) model.HistoryValue {
		return model.HistoryValue{Value: []byte(text), SourceTimestamp: second(at), ServerTimestamp: second(at)}
	}
	put := func(how model.HistoryUpdateType, values ...model.HistoryValue) model.HistoryUpdate {
		return model.HistoryUpdate{NodeID: plant("HEdited"), Perform: how, Values: values}
	}
	for _, c := range []struct {
		name   string
		update model.HistoryUpdate
		// results are the statuses of the entries, status that of the whole.
		results string
		status  model.StatusCode
		want    string
	}{
		{name: "insert", update: put(model.HistoryInsert, value("1", 1), value("2", 2), value("3", 3)), results: "Good Good Good", want: "1 2 3"},
		{name: "insert where there is one", update: put(model.HistoryInsert, value("7", 2), value("4", 4)), results: "BadEntryExists Good", want: "1 2 3 4"},
		{name: "replace", update: put(model.HistoryReplace, value("20", 2), value("50", 5)), results: "Good BadNoEntryExists", want: "1 20 3 4"},
		{name: "upsert", update: put(model.HistoryUpsert, value("30", 3), value("5", 5)), results: "GoodEntryReplaced GoodEntryInserted", want: "1 20 30 4 5"},
		{name: "a value that does not fit", update: put(model.HistoryInsert, value(`"much"`, 6), value("6", 6)), results: "BadTypeMismatch Good", want: "1 20 30 4 5 6"},
		{name: "delete a range", update: model.HistoryUpdate{NodeID: plant("HEdited"), Kind: model.HistoryDeleteRaw, Start: second(2), End: second(4)}, want: "1 4 5 6"},
		{
			name: "delete at times", update: model.HistoryUpdate{NodeID: plant("HEdited"), Kind: model.HistoryDeleteAtTimes, Times: []model.DateTime{second(4)}},
			status: model.StatusBadNotSupported, results: "BadNotSupported", want: "1 4 5 6",
		},
		{
			name: "no history", update: model.HistoryUpdate{NodeID: plant("V0"), Kind: model.HistoryDeleteRaw, Start: second(2), End: second(4)},
			status: model.StatusBadUserAccessDenied, want: "1 4 5 6",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			results, err := s.HistoryUpdate(t.Context(), []model.HistoryUpdate{c.update})
			if err != nil {
				t.Fatal(err)
			}
			r := results[0]
			var statuses []string
			for _, entry := range r.Results {
				statuses = append(statuses, entry.Status.Name())
				if entry.Status.IsBad() && entry.Message == "" {
					t.Errorf("%s without a word", entry.Status.Name())
				}
			}
			if got := strings.Join(statuses, " "); got != c.results || r.Status != c.status || c.status != 0 && r.Message == "" {
				t.Errorf("got %q, %s %q, want %q, %s", got, r.Status.Name(), r.Message, c.results, c.status.Name())
			}
			after := historyCase{name: "after it", read: model.HistoryRead{NodeID: plant("HEdited"), Start: second(0), End: second(100), Limit: 100}, want: c.want}
			after.run(t, s)
		})
	}
}

// Alarms of open62541: their state, and every method that it has, also those that are optional.
func TestInteropOpen62541Conditions(t *testing.T) {
	s := opcuatest.StartOpen62541(t, opcuatest.Options{Vars: 1, Env: []string{"EVENT_MS=0"}})
	source := run(t, config(s.Endpoint(), &recorder{}))
	connected(t, source)
	key := model.ConditionKey{Condition: plant("TankAlarm")}
	comment := &model.LocalizedText{Locale: "en", Text: "seen"}
	writeValue(t, source, "TankLevel", 99)
	c := awaitCondition(t, source, "the alarm is active", func(c *model.Condition) bool { return yes(c.Active) && len(c.Event.EventID) > 0 })
	if e := c.Event; !no(c.Acked) || !yes(c.Enabled) || e.Severity != 900 || len(e.EventID) == 0 || e.Retain == nil || !*e.Retain {
		t.Fatalf("alarm %+v, %+v", c, e)
	}
	for _, step := range []struct {
		action  model.ConditionAction
		comment *model.LocalizedText
		what    string
		ok      func(c *model.Condition) bool
	}{
		{model.ConditionAddComment, comment, "commented", func(c *model.Condition) bool { return commentOf(c) == "seen" }},
		{model.ConditionAcknowledge, comment, "acknowledged", func(c *model.Condition) bool { return yes(c.Acked) }},
		{model.ConditionSuppress, nil, "suppressed", func(c *model.Condition) bool { return yes(c.Suppressed) }},
		{model.ConditionUnsuppress, &model.LocalizedText{Locale: "en", Text: "again"}, "not suppressed", func(c *model.Condition) bool { return no(c.Suppressed) && commentOf(c) == "again" }},
		{model.ConditionRemoveFromService, comment, "out of service", func(c *model.Condition) bool { return yes(c.OutOfService) }},
		{model.ConditionPlaceInService, nil, "in service", func(c *model.Condition) bool { return no(c.OutOfService) }},
		{model.ConditionSilence, nil, "silenced", func(c *model.Condition) bool { return yes(c.Silenced) }},
		{model.ConditionReset, comment, "not latched", func(c *model.Condition) bool { return no(c.Latched) }},
		{model.ConditionDisable, nil, "disabled", func(c *model.Condition) bool { return no(c.Enabled) }},
		{model.ConditionEnable, nil, "enabled", func(c *model.Condition) bool { return yes(c.Enabled) }},
	} {
		r, err := source.CallConditions(t.Context(), []model.ConditionCall{{Action: step.action, ConditionKey: key, Comment: step.comment}})
		if err != nil || r[0].Status.IsBad() {
			t.Errorf("%s: %+v, %v", step.action, r, err)
			continue
		}
		awaitCondition(t, source, step.what, step.ok)
	}
	refusals, err := source.CallConditions(t.Context(), []model.ConditionCall{
		{Action: model.ConditionAcknowledge, ConditionKey: key, EventID: []byte("never")},
		{Action: model.ConditionEnable, ConditionKey: key},
		{Action: model.ConditionSilence, ConditionKey: key, Comment: comment},
		{Action: model.ConditionOneShotShelve, ConditionKey: key},
	})
	if err != nil || slices.ContainsFunc(refusals, func(r model.ConditionResult) bool { return !r.Status.IsBad() || r.Message == "" }) {
		t.Errorf("refusals: %+v, %v", refusals, err)
	}
}

// A dialog is shown with its answers, and is answered once.
func TestInteropOpen62541Dialog(t *testing.T) {
	s := opcuatest.StartOpen62541(t, opcuatest.Options{Vars: 1, Env: []string{"EVENT_MS=0"}})
	source := run(t, config(s.Endpoint(), &recorder{}))
	connected(t, source)
	var page model.ConditionPage
	eventually(t, eventWait, func() bool {
		page = conditionsOf(t, source, model.ConditionQuery{})
		return page.Total == 1
	}, func() string { return fmt.Sprintf("the dialog is retained: %+v", page) })
	c := model.ConditionOf(&page.Conditions[0])
	var prompt string
	answers := 0
	for _, f := range c.Event.Fields {
		switch f.Name {
		case "Prompt":
			prompt = f.Value.Value.LocalizedText().Text
		case "ResponseOptionSet":
			answers = f.Value.Value.Len()
		}
	}
	if c.Event.ConditionID != plant("Question") || !yes(c.Dialog) || prompt != "Drain the tank?" || answers != 2 {
		t.Errorf("dialog %+v, %+v", c, c.Event)
	}
	respond := func(response int32) model.ConditionResult {
		r, err := source.CallConditions(t.Context(), []model.ConditionCall{{Action: model.ConditionRespond, ConditionKey: model.ConditionKey{Condition: plant("Question")}, Response: response}})
		if err != nil {
			t.Fatal(err)
		}
		return r[0]
	}
	if r := respond(7); r.Status != model.StatusBadDialogResponseInvalid || !strings.Contains(r.Message, "responseOptionSet") {
		t.Errorf("an answer that there is not: %+v", r)
	}
	if r := respond(1); r.Status.IsBad() {
		t.Errorf("respond: %+v", r)
	}
	eventually(t, eventWait, func() bool { return conditionsOf(t, source, model.ConditionQuery{}).Total == 0 }, func() string { return "the dialog is answered" })
	if r := respond(0); r.Status != model.StatusBadDialogNotActive || !strings.Contains(r.Message, "does not wait") {
		t.Errorf("once more: %+v", r)
	}
}

// commentOf is the text of a condition's last comment.
func commentOf(c *model.Condition) string {
	for i := range c.Event.Fields {
		if f := &c.Event.Fields[i]; strings.HasSuffix(f.Name, "Comment") {
			return f.Value.Value.LocalizedText().Text
		}
	}
	return ""
}

// Writers of events of a type: a vendor's own with all fields, and that of alarms. It has more fields than the server takes select clauses, which the writer is told.
func TestInteropOpen62541EventWriters(t *testing.T) {
	s := opcuatest.StartOpen62541(t, opcuatest.Options{Vars: 1, Env: []string{"EVENT_MS=0"}})
	sets, store := publisher(t)
	source := run(t, config(s.Endpoint(), sets))
	connected(t, source)
	alarmType := model.Expanded(model.NumericID(0, 2915))
	whole := eventWriter("whole", model.EventSource{TypeDefinition: alarmType})
	source.Configure([]model.DataSetWriter{whole})
	eventually(t, eventWait, func() bool {
		w := source.Writers()
		return len(w) == 1 && strings.Contains(w[0].Error, "not all servers take more than 64")
	},
		func() string { return fmt.Sprintf("the writer is told why: %+v", source.Writers()) })

	parts := eventWriter("parts", model.EventSource{TypeDefinition: plant("PlantEventType")})
	alarms := eventWriter("alarms", model.EventSource{
		TypeDefinition: alarmType, Conditions: &model.ConditionSnapshots{RefreshOnStart: true},
		Select: []model.SelectClause{{BrowsePath: []string{"SourceName"}}, {BrowsePath: []string{"Message"}}, {TypeDefinition: alarmType, BrowsePath: []string{"ActiveState", "Id"}}},
	})
	source.Configure([]model.DataSetWriter{parts, alarms})
	active(t, source)
	invoke(t, source, "RaiseEvent", "part finished", 300)
	writeValue(t, source, "TankLevel", 99)
	if got := store.await(t, source, &parts, "an event", message("part finished")); got.text("Machine") != "press-1" || got["Severity"].Uint() != 300 {
		t.Errorf("event %v", got)
	}
	alarm := store.await(t, source, &alarms, "an alarm", func(f fields) bool { return f["Id"].Bool() })
	if alarm["ConditionId"].ExpandedNodeID() != plant("TankAlarm") || !alarm["Retain"].Bool() || alarm.text("SourceName") != "Tank" {
		t.Errorf("alarm %v", alarm)
	}
}
