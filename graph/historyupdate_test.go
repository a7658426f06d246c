package graph

import (
	"testing"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// An update has one result per item and per entry; what cannot be sent does not stop the others.
func TestHistoryUpdates(t *testing.T) {
	p := newPlatform(HandlerConfig{})
	p.commands.HistoryUpdateFunc = func(items []model.HistoryUpdate) ([]model.HistoryUpdateResult, error) {
		results := make([]model.HistoryUpdateResult, len(items))
		for i := range items {
			for range items[i].Values {
				results[i].Results = append(results[i].Results, model.WriteResult{Status: model.StatusGoodEntryInserted})
			}
		}
		results[0].Results = append(results[0].Results, model.WriteResult{Status: model.StatusBadEntryExists, Message: "there is one"})
		return results, nil
	}
	p.ask(t, `mutation { historyInsert(input: [
		{server: "press", nodeId: "nsu=urn:plant;i=2", values: [{value: 1.5, sourceTimestamp: "2026-01-01T00:00:00.0000001Z", status: "UncertainSubNormal"}]},
		{server: "press", nodeId: "nsu=urn:plant;i=3", values: [{value: 1, sourceTimestamp: "2026-01-01T00:00:00Z", status: "Nonsense"}]},
		{server: "nobody", nodeId: "i=4", values: []}
	]) { nodeId status { name } message results { status { name } message } } }`).wantData(t, `{"historyInsert": [
		{"nodeId": "nsu=urn:plant;i=2", "status": {"name": "Good"}, "message": null, "results": [{"status": {"name": "GoodEntryInserted"}, "message": null},
			{"status": {"name": "BadEntryExists"}, "message": "there is one"}]},
		{"nodeId": "nsu=urn:plant;i=3", "status": {"name": "BadInvalidArgument"}, "results": [],
			"message": "values[0].status: status code \"Nonsense\" is neither a name of the standard nor a number"},
		{"nodeId": "i=4", "status": {"name": "BadNotFound"}, "message": "server \"nobody\": not found", "results": []}]}`)
	if len(p.commands.updates) != 1 {
		t.Fatalf("%d updates were sent, want 1", len(p.commands.updates))
	}
	u := p.commands.updates[0]
	if u.Kind != model.HistoryUpdateData || u.Perform != model.HistoryInsert || len(u.Values) != 1 || string(u.Values[0].Value) != "1.5" ||
		u.Values[0].SourceTimestamp != newYear+1 || u.Values[0].Status != model.StatusUncertainSubNormal {
		t.Errorf("update is %+v", u)
	}
}

// Each mutation asks for what its name says.
func TestHistoryUpdateKinds(t *testing.T) {
	p := newPlatform(HandlerConfig{})
	p.commands.HistoryUpdateFunc = func(items []model.HistoryUpdate) ([]model.HistoryUpdateResult, error) {
		return make([]model.HistoryUpdateResult, len(items)), nil
	}
	const values = `(input: [{server: "press", nodeId: "i=1", values: [{value: 1, sourceTimestamp: "2026-01-01T00:00:00Z"}]}]) { status { name } }`
	const events = `(input: [{server: "press", nodeId: "i=1", fields: [{browsePath: ["Message"]}], events: [["hi"], [null]]}]) { status { name } }`
	for query, check := range map[string]func(u *model.HistoryUpdate) bool{
		"historyReplace" + values: func(u *model.HistoryUpdate) bool { return u.Perform == model.HistoryReplace && len(u.Values) == 1 },
		"historyUpsert" + values:  func(u *model.HistoryUpdate) bool { return u.Perform == model.HistoryUpsert && len(u.Values) == 1 },
		"historyInsertEvents" + events: func(u *model.HistoryUpdate) bool {
			return u.Perform == model.HistoryInsert && string(u.Events[0][0]) == `"hi"`
		},
		"historyReplaceEvents" + events: func(u *model.HistoryUpdate) bool {
			return u.Perform == model.HistoryReplace && string(u.Events[1][0]) == "null"
		},
		"historyUpsertEvents" + events: func(u *model.HistoryUpdate) bool {
			return u.Perform == model.HistoryUpsert && u.Fields[0].BrowsePath[0] == "Message"
		},
		`historyDelete(input: [{server: "press", nodeId: "i=1", from: "2026-01-01T00:00:00Z", to: "2026-01-01T00:00:01Z", modified: true}]) { status { name } }`: func(u *model.HistoryUpdate) bool {
			return u.Kind == model.HistoryDeleteRaw && u.Modified && u.Start == newYear && u.End == newYearPlus(1)
		},
		`historyDeleteAtTimes(input: [{server: "press", nodeId: "i=1", times: ["2026-01-01T00:00:00Z"]}]) { status { name } }`: func(u *model.HistoryUpdate) bool {
			return u.Kind == model.HistoryDeleteAtTimes && u.Times[0] == newYear
		},
		`historyDeleteEvents(input: [{server: "press", nodeId: "i=1", eventIds: ["AQI="]}]) { status { name } }`: func(u *model.HistoryUpdate) bool {
			return u.Kind == model.HistoryDeleteEvents && string(u.EventIDs[0]) == "\x01\x02"
		},
	} {
		p.commands.updates = nil
		if a := p.ask(t, "mutation { "+query+" }"); len(a.Errors) > 0 || len(p.commands.updates) != 1 || !check(&p.commands.updates[0]) {
			t.Errorf("%s: %+v, %v", query, p.commands.updates, a.Errors)
		}
	}
	for _, query := range []string{
		`historyDelete(input: [{server: "press", nodeId: "i=1", from: "2026-01-01T00:00:01Z", to: "2026-01-01T00:00:01Z"}]) { status { name } }`,
		`historyDeleteEvents(input: [{server: "press", nodeId: "i=1", eventIds: ["%"]}]) { status { name } }`,
	} {
		name := query[:len("historyDelete")]
		if query[len(name)] != '(' {
			name = "historyDeleteEvents"
		}
		p.commands.updates = nil
		p.ask(t, "mutation { "+query+" }").wantData(t, `{"`+name+`": [{"status": {"name": "BadInvalidArgument"}}]}`)
		if len(p.commands.updates) > 0 {
			t.Errorf("%s was sent", query)
		}
	}
}
