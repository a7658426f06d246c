package opcua

import (
	"testing"

	"github.com/shopfloor-iiot/shopfloor/edge/opcua/opcuatest"
	"github.com/shopfloor-iiot/shopfloor/model"
)

// History of asyncua: the cases that node-opcua answers too, and events.
func TestInteropAsyncuaHistory(t *testing.T) {
	s := opcuatest.StartAsyncua(t, opcuatest.Options{})
	source := run(t, config(s.Endpoint(), &recorder{}))
	connected(t, source)
	cases := append(rawCases(), asyncuaHistoryCases()...)
	for i := range cases {
		t.Run(cases[i].name, func(t *testing.T) { cases[i].run(t, source) })
	}
	t.Run("all cases at once", func(t *testing.T) {
		var reads []model.HistoryRead
		for i := range cases {
			reads = append(reads, cases[i].read)
		}
		results := historyRead(t, source, reads...)
		for i := range cases {
			cases[i].check(t, &results[i])
		}
	})
}

func asyncuaHistoryCases() []historyCase {
	events := func(start, end model.DateTime, limit int) model.HistoryRead {
		return model.HistoryRead{NodeID: plant("Plant"), Kind: model.HistoryEvents, Start: start, End: end, Limit: limit}
	}
	next := events(second(1), second(10), 3)
	next.After = model.HistoryPosition{At: second(3), N: 1}
	selected := events(second(1), second(3), 10)
	selected.Events = &model.EventSource{Select: []model.SelectClause{{BrowsePath: []string{"Severity"}}, {BrowsePath: []string{"Message"}}}}
	return []historyCase{
		{name: "events", read: events(second(1), second(4), 10), want: "event 1 event 2 event 3"},
		{name: "events, limited", read: events(second(1), second(10), 3), want: "event 1 event 2 event 3", more: true},
		{name: "events, the next page", read: next, want: "event 4 event 5 event 6", more: true},
		{name: "events, newest first", read: events(second(4), second(1), 10), want: "event 4 event 3 event 2"},
		{name: "events, some fields", read: selected, want: "event 1 event 2"},
		{name: "aggregates", read: model.HistoryRead{
			NodeID: plant("HFixed"), Kind: model.HistoryProcessed, Start: second(1), End: second(9), Limit: 9, Aggregate: aggregate(aggregateAverage),
		}, status: model.StatusBadNotImplemented, says: "computes no aggregates"},
		{
			name: "at times", read: model.HistoryRead{NodeID: plant("HFixed"), Kind: model.HistoryAtTime, Times: []model.DateTime{second(1)}},
			status: model.StatusBadNotImplemented, says: "does not interpolate",
		},
		{name: "modified values", read: model.HistoryRead{NodeID: plant("HFixed"), Kind: model.HistoryModified, Start: second(1), End: second(3), Limit: 9}, want: "1 2"},
	}
}
