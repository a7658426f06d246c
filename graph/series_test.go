package graph

import (
	"fmt"
	"math"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/shopfloor-iiot/shopfloor/model"
)

func seriesID(field string) model.SeriesID {
	return model.SeriesID{Gateway: "edge1", Group: "press", Writer: "default", Field: field}
}

func newStore() *platform {
	p := newPlatform(HandlerConfig{})
	for _, f := range []string{"A", "B", "C"} {
		p.store.series = append(p.store.series, model.Series{ID: seriesID(f), Server: "press", Labels: map[string]string{"field": f}})
	}
	p.store.series[0].NodeID, p.store.series[0].Path, p.store.series[0].Unit = "nsu=urn:plant;i=1", "Objects/V1", "°C"
	p.store.series[0].Numeric = true
	p.live.latest[seriesID("A")] = model.DataValue{Value: model.Int64Value(1 << 60), SourceTimestamp: model.DateTimeOf(testTime.Add(100))}
	p.store.HistoryFunc = func(q model.HistoryQuery) ([]model.HistoryPoint, bool, error) {
		return []model.HistoryPoint{{Time: q.From.UnixMilli(), Number: 1.5}, {Time: q.To.UnixMilli(), Number: math.NaN()}}, true, nil
	}
	return p
}

func TestSeries(t *testing.T) {
	p := newStore()
	p.ask(t, `{ series(first: 2) { pageInfo { hasNextPage hasPreviousPage endCursor } edges { cursor node { id gateway server group writer field nodeId path unit numeric labels
		latest { value dataType sourceTimestamp } history(last: "1m") { series truncated points { time value } } } } } }`).wantData(t,
		`{"series": {"pageInfo": {"hasNextPage": true, "hasPreviousPage": false, "endCursor": "`+cursor("edge1/press/default/B")+`"}, "edges": [
		{"cursor": "`+cursor("edge1/press/default/A")+`", "node": {"id": "edge1/press/default/A", "gateway": "edge1", "server": "press", "group": "press", "writer": "default",
			"field": "A", "nodeId": "nsu=urn:plant;i=1", "path": "Objects/V1", "unit": "°C", "numeric": true, "labels": {"field": "A"},
			"latest": {"value": "1152921504606846976", "dataType": "Int64", "sourceTimestamp": "2026-01-02T03:04:05.0000001Z"},
			"history": {"series": "edge1/press/default/A", "truncated": true, "points": [{"time": "2026-01-02T03:03:05Z", "value": 1.5}, {"time": "2026-01-02T03:04:05Z", "value": null}]}}},
		{"cursor": "`+cursor("edge1/press/default/B")+`", "node": {"id": "edge1/press/default/B", "gateway": "edge1", "server": "press", "group": "press", "writer": "default",
			"field": "B", "nodeId": null, "path": null, "unit": null, "numeric": false, "labels": {"field": "B"}, "latest": null,
			"history": {"series": "edge1/press/default/B", "truncated": true, "points": [{"time": "2026-01-02T03:03:05Z", "value": 1.5}, {"time": "2026-01-02T03:04:05Z", "value": null}]}}}]}}`)
	p.ask(t, `query($a: String) { series(after: $a) { pageInfo { hasNextPage hasPreviousPage } edges { node { field } } } }`, "a", cursor("edge1/press/default/B")).wantData(t,
		`{"series": {"pageInfo": {"hasNextPage": false, "hasPreviousPage": true}, "edges": [{"node": {"field": "C"}}]}}`)
}

func TestSeriesFilter(t *testing.T) {
	p := newStore()
	p.ask(t, `{ series(filter: {ids: ["edge1/press/default/A"], gateway: "g", server: "s", group: "r", writer: "w", field: "A.*", path: "P.*", nodeIds: ["i=1"]}) { pageInfo { hasNextPage } } }`).
		wantData(t, `{"series": {"pageInfo": {"hasNextPage": false}}}`)
	want := model.SeriesFilter{
		IDs: []model.SeriesID{seriesID("A")}, Gateway: "g", Server: "s", Group: "r", Writer: "w", Field: "A.*", Path: "P.*",
		NodeIDs: []model.ExpandedNodeID{model.Expanded(model.NumericID(0, 1))},
	}
	if diff := cmp.Diff(want, p.store.filter, cmp.Comparer(func(a, b model.ExpandedNodeID) bool { return a == b })); diff != "" {
		t.Errorf("filter (-want +got):\n%s", diff)
	}
	for filter, field := range map[string]string{`{field: "("}`: "filter.field", `{path: "["}`: "filter.path", `{ids: ["a/b"]}`: "filter.ids"} {
		a := p.ask(t, `{ series(filter: `+filter+`) { pageInfo { hasNextPage } } }`)
		a.wantCodes(t, "BAD_USER_INPUT")
		if a.Errors[0].Extensions["field"] != field {
			t.Errorf("%s: error %v", filter, a.Errors[0])
		}
	}
	p.ask(t, `{ series(first: 1001) { pageInfo { hasNextPage } } }`).wantCodes(t, "BAD_USER_INPUT")
}

func TestHistoryQuery(t *testing.T) {
	hourAgo := testTime.Add(-time.Hour)
	for _, tt := range []struct {
		args string
		want model.HistoryQuery
	}{
		{``, model.HistoryQuery{From: hourAgo, To: testTime, Limit: 10_000}},
		{`last: "1d"`, model.HistoryQuery{From: testTime.Add(-24 * time.Hour), To: testTime, Limit: 10_000}},
		{`to: "2026-01-02T02:04:05Z", first: 7`, model.HistoryQuery{From: hourAgo.Add(-time.Hour), To: hourAgo, Limit: 7}},
		{`from: "2026-01-02T02:04:05Z", step: "1m"`, model.HistoryQuery{From: hourAgo, To: testTime, Step: time.Minute, Aggregate: "avg", Limit: 10_000}},
		{`step: "1s", aggregate: STDDEV`, model.HistoryQuery{From: hourAgo, To: testTime, Step: time.Second, Aggregate: "stddev", Limit: 10_000}},
	} {
		p := newStore()
		var got model.HistoryQuery
		p.store.HistoryFunc = func(q model.HistoryQuery) ([]model.HistoryPoint, bool, error) {
			got = q
			return nil, false, nil
		}
		a := p.ask(t, `{ history(series: "edge1/press/default/A" `+tt.args+`) { series from to step aggregate truncated points { time } } }`)
		if len(a.Errors) > 0 {
			t.Fatal(a.Errors)
		}
		tt.want.Series = seriesID("A")
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s: query (-want +got):\n%s", tt.args, diff)
		}
	}
}

func TestHistoryShowsStepAndAggregate(t *testing.T) {
	const field = `series from to step aggregate truncated points { value }`
	p := newStore()
	p.ask(t, `{ raw: history(series: "edge1/press/default/A") { `+field+` } stepped: history(series: "edge1/press/default/A", step: "5m", aggregate: MAX) { `+field+` } }`).wantData(t,
		fmt.Sprintf(`{"raw": {%s, "step": null, "aggregate": null}, "stepped": {%[1]s, "step": "5m", "aggregate": "MAX"}}`,
			`"series": "edge1/press/default/A", "from": "2026-01-02T02:04:05Z", "to": "2026-01-02T03:04:05Z", "truncated": true, "points": [{"value": 1.5}, {"value": null}]`))
}

func TestHistoryRefusesBadArguments(t *testing.T) {
	for args, field := range map[string]string{
		`from: "2026-01-02T02:04:05Z", last: "1h"`: "last", `from: "2027-01-01T00:00:00Z"`: "from", `last: "0s"`: "from", `aggregate: MAX`: "aggregate",
		`step: "1us"`: "step", `first: 0`: "first", `first: 100001`: "first",
	} {
		a := newStore().ask(t, `{ history(series: "edge1/press/default/A" `+args+`) { series } }`)
		a.wantCodes(t, "BAD_USER_INPUT")
		if a.Errors[0].Extensions["field"] != field {
			t.Errorf("%s: error %v", args, a.Errors[0])
		}
	}
	newStore().ask(t, `{ history(series: "A") { series } }`).wantCodes(t, "BAD_USER_INPUT")
	newStore().ask(t, `{ history(series: "edge1/press/default/A", from: "yesterday") { series } }`).wantCodes(t, "BAD_USER_INPUT")
}

// TestHistoryOfExactValues has values that are no numbers beside those that are.
func TestHistoryOfExactValues(t *testing.T) {
	p := newStore()
	at := model.DateTimeOf(testTime.Add(100))
	order := model.ExtensionObject{TypeID: model.Expanded(model.NumericID(2, 7)), Encoding: model.ExtensionBinary, Body: []byte{1}}
	p.store.HistoryFunc = func(model.HistoryQuery) ([]model.HistoryPoint, bool, error) {
		points := []model.HistoryPoint{{Time: testTime.UnixMilli(), Number: 0.5}}
		for _, v := range []model.DataValue{
			{Value: model.StringValue("B-7"), SourceTimestamp: at, ServerTimestamp: at + 1},
			{Value: model.Int64Value(1<<53 + 1), Status: model.StatusUncertain},
			{Value: model.ArrayValue([]string{"a", "b"})},
			{Value: model.ExtensionObjectValue(&order)},
			{Status: model.StatusBadSensorFailure},
		} {
			points = append(points, model.ExactPoint(testTime.UnixMilli(), &v))
		}
		return points, false, nil
	}
	p.ask(t, `{ history(series: "edge1/press/default/A") { points { time value data { value dataType status { name } sourceTimestamp serverTimestamp } } } }`).wantData(t, `{"history": {"points": [
		{"time": "2026-01-02T03:04:05Z", "value": 0.5, "data": null},
		{"time": "2026-01-02T03:04:05Z", "value": null, "data": {"value": "B-7", "dataType": "String", "status": {"name": "Good"},
			"sourceTimestamp": "2026-01-02T03:04:05.0000001Z", "serverTimestamp": "2026-01-02T03:04:05.0000002Z"}},
		{"time": "2026-01-02T03:04:05Z", "value": 9007199254740992, "data": {"value": "9007199254740993", "dataType": "Int64", "status": {"name": "Uncertain"}, "sourceTimestamp": null, "serverTimestamp": null}},
		{"time": "2026-01-02T03:04:05Z", "value": null, "data": {"value": ["a", "b"], "dataType": "String[]", "status": {"name": "Good"}, "sourceTimestamp": null, "serverTimestamp": null}},
		{"time": "2026-01-02T03:04:05Z", "value": null, "data": {"value": {"typeId": "ns=2;i=7", "encoding": "binary", "body": "AQ=="}, "dataType": "Structure", "status": {"name": "Good"}, "sourceTimestamp": null, "serverTimestamp": null}},
		{"time": "2026-01-02T03:04:05Z", "value": null, "data": {"value": null, "dataType": null, "status": {"name": "BadSensorFailure"}, "sourceTimestamp": null, "serverTimestamp": null}}]}}`)
}

// TestHistoryOfSeriesWithDefaults asks for the history of a page of series without saying how much, all of it.
func TestHistoryOfSeriesWithDefaults(t *testing.T) {
	p := newStore()
	var limit atomic.Int64 // of the series, which are asked side by side
	p.store.HistoryFunc = func(q model.HistoryQuery) ([]model.HistoryPoint, bool, error) {
		limit.Store(int64(q.Limit))
		return nil, false, nil
	}
	a := p.ask(t, `{ series { pageInfo { hasNextPage endCursor } edges { cursor node { id field unit history { truncated points {
		time value data { value dataType status { code name severity } sourceTimestamp serverTimestamp message } } } } } } }`)
	if len(a.Errors) > 0 || limit.Load() != 500 {
		t.Errorf("limit %d, errors %v", limit.Load(), a.Errors)
	}
	a = p.ask(t, `{ series { edges { node { history(first: 10000) { points { time value } } } } } }`)
	a.wantCodes(t, "COMPLEXITY_LIMIT_EXCEEDED")
	// A step says how many points there can be.
	p.ask(t, `{ series { edges { node { history(first: 10000, last: "1h", step: "1m") { points { time value } } } } } }`).wantCodes(t)
	p.ask(t, `{ series { edges { node { history(first: 10000, last: "1d", step: "1s") { points { time value } } } } } }`).wantCodes(t, "COMPLEXITY_LIMIT_EXCEEDED")
}
