package graph

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// fakeServerHistory has, of the variables of the plant with even numbers, a value each second of the first ten minutes of 2026, the number of the second; of Objects an
// event each second.
type fakeServerHistory struct {
	historyReads, historyItems, historyConfigurations atomic.Int64

	lastRead          model.HistoryRead // of the newest command
	updates           []model.HistoryUpdate
	HistoryUpdateFunc func(items []model.HistoryUpdate) ([]model.HistoryUpdateResult, error)
}

const fakeHistoryLength = 600

var newYear = model.DateTimeOf(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))

func newYearPlus(seconds int) model.DateTime { return newYear + model.DateTime(seconds)*10_000_000 }

func (f *fakeServerHistory) HistoryRead(_ context.Context, _ string, items []model.HistoryRead) ([]model.HistoryReadResult, error) {
	f.historyReads.Add(1)
	f.historyItems.Add(int64(len(items)))
	f.lastRead = items[len(items)-1]
	results := make([]model.HistoryReadResult, len(items))
	for i := range items {
		r, at := &items[i], 0
		if r.Kind != model.HistoryEvents && r.NodeID.Numeric()%2 == 1 {
			results[i] = model.HistoryReadResult{Status: model.StatusBadHistoryOperationUnsupported, Message: "no history here"}
			continue
		}
		if r.Kind == model.HistoryAtTime {
			for _, t := range r.Times {
				results[i].Values = append(results[i].Values, model.DataValue{Value: model.DoubleValue(7), SourceTimestamp: t, Status: historianInterpolated})
			}
			continue
		}
		for k := range fakeHistoryLength {
			if at = k; r.Start > r.End && r.End != 0 {
				at = fakeHistoryLength - 1 - k
			}
			t := newYearPlus(at)
			forward := r.Start <= t && (t < r.End || r.End == 0) && t > r.After.At
			backward := r.Start >= t && t > r.End && (t < r.After.At || r.After.At == 0)
			if !forward && !backward {
				continue
			}
			if len(results[i].Values)+len(results[i].Events) == r.Limit {
				results[i].More = true
				break
			}
			putHistory(&results[i], r.Kind, at)
		}
		if len(results[i].Values)+len(results[i].Events) == 0 {
			results[i].Status = model.StatusGoodNoData
		}
	}
	return results, nil
}

// putHistory adds the entry of a second.
func putHistory(r *model.HistoryReadResult, kind model.HistoryKind, second int) {
	t := newYearPlus(second)
	if kind == model.HistoryEvents {
		severity := uint16(500)
		r.Names = []string{"Time", "Message", "Severity"}
		message := model.LocalizedText{Text: fmt.Sprint("event ", second)}
		r.Events = append(r.Events, []model.Variant{model.DateTimeValue(t), model.LocalizedTextValue(&message), model.UInt16Value(severity)})
		r.EventTimes = append(r.EventTimes, t)
		return
	}
	v := model.DataValue{Value: model.DoubleValue(float64(second)), SourceTimestamp: t}
	if kind == model.HistoryProcessed {
		v.Status = historianCalculated | historianPartial
	}
	r.Values = append(r.Values, v)
	if kind == model.HistoryModified {
		r.Modifications = append(r.Modifications, model.HistoryModification{Time: t, Kind: model.HistoryReplace, UserName: "op"})
	}
}

func (f *fakeServerHistory) HistoryUpdate(_ context.Context, _ string, items []model.HistoryUpdate) ([]model.HistoryUpdateResult, error) {
	f.updates = append(f.updates, items...)
	return f.HistoryUpdateFunc(items)
}

func (f *fakeServerHistory) HistoryCapabilities(context.Context, string) (model.HistoryCapabilities, error) {
	yes, limit := true, uint32(100)
	return model.HistoryCapabilities{AccessHistoryData: &yes, MaxNodesPerHistoryReadData: &limit, Aggregates: []model.AggregateFunction{
		{NodeID: model.Expanded(model.NumericID(0, 2342)), Name: "Average"}, {NodeID: tag(5), Name: "Own"},
	}}, nil
}

func (f *fakeServerHistory) HistoryConfiguration(_ context.Context, _ string, nodes []model.ExpandedNodeID) ([]model.HistoryConfiguration, error) {
	f.historyConfigurations.Add(1)
	results := make([]model.HistoryConfiguration, len(nodes))
	for i, n := range nodes {
		switch n.Numeric() % 3 {
		case 0:
			stepped, interval, format := true, 10*time.Second, int32(3)
			results[i] = model.HistoryConfiguration{
				Stepped: &stepped, MaxTimeInterval: &interval, ExceptionDeviationFormat: &format, StartOfArchive: newYear,
				Aggregate: &model.AggregateConfiguration{PercentDataGood: 100},
			}
		case 1:
			results[i].Status = model.StatusBadNotFound
		default:
			results[i] = model.HistoryConfiguration{Status: model.StatusBadUserAccessDenied, Message: "not yours"}
		}
	}
	return results, nil
}

// All nodes and aliases of a level that ask for history are one command.
func TestServerHistoryReadOnce(t *testing.T) {
	p := newPlatform(HandlerConfig{})
	a := p.ask(t, `query($ids: [NodeId!]!) { nodes(server: "press", nodeIds: $ids) { ... on VariableNode {
		serverHistory(from: "2026-01-01T00:00:00Z", to: "2026-01-01T00:01:00Z", first: 2) { status { name } pageInfo { hasNextPage hasPreviousPage endCursor }
			edges { cursor node { value dataType sourceTimestamp origin status { name } } } }
		max: processedHistory(from: "2026-01-01T00:00:00Z", to: "2026-01-01T00:01:00Z", interval: "10s", aggregate: MAXIMUM, first: 1) { edges { node { value origin partial } } }
	} } }`, "ids", []string{tag(2).String(), tag(4).String(), tag(6).String()})
	if len(a.Errors) > 0 {
		t.Fatal(a.Errors)
	}
	nodes := a.Data.(map[string]any)["nodes"].([]any)
	a.Data = nodes[2]
	second := historyCursor(model.HistoryPosition{At: newYearPlus(1), N: 1})
	a.wantData(t, `{"serverHistory": {"status": {"name": "Good"}, "pageInfo": {"hasNextPage": true, "hasPreviousPage": false, "endCursor": "`+second+`"}, "edges": [
		{"cursor": "`+historyCursor(model.HistoryPosition{At: newYear, N: 1})+`", "node": {"value": 0, "dataType": "Double", "sourceTimestamp": "2026-01-01T00:00:00Z", "origin": "RAW", "status": {"name": "Good"}}},
		{"cursor": "`+second+`", "node": {"value": 1, "dataType": "Double", "sourceTimestamp": "2026-01-01T00:00:01Z", "origin": "RAW", "status": {"name": "Good"}}}]},
		"max": {"edges": [{"node": {"value": 0, "origin": "CALCULATED", "partial": true}}]}}`)
	if n, items := p.commands.historyReads.Load(), p.commands.historyItems.Load(); n != 1 || items != 6 {
		t.Errorf("%d commands of %d items, want 1 of 6", n, items)
	}
}

// A node is asked only for history that its class has.
func TestServerHistoryOfMixedNodes(t *testing.T) {
	p := newPlatform(HandlerConfig{})
	p.ask(t, `{ nodes(server: "press", nodeIds: ["nsu=urn:plant;i=6", "i=85"]) { nodeClass
		... on VariableNode { serverHistory(from: "2026-01-01T00:00:00Z", first: 1) { edges { node { value } } } historyConfiguration { stepped } }
		... on ObjectNode { eventHistory(from: "2026-01-01T00:00:00Z", first: 1) { edges { node { message { text } } } } }
	} }`).wantData(t, `{"nodes": [
		{"nodeClass": "VARIABLE", "serverHistory": {"edges": [{"node": {"value": 0}}]}, "historyConfiguration": {"stepped": true}},
		{"nodeClass": "OBJECT", "eventHistory": {"edges": [{"node": {"message": {"text": "event 0"}}}]}}]}`)
	if n, items := p.commands.historyReads.Load(), p.commands.historyItems.Load(); n != 1 || items != 2 {
		t.Errorf("%d commands of %d items, want 1 of 2", n, items)
	}
}

// A view that notifies of events can have a history of them.
func TestEventHistoryOfView(t *testing.T) {
	p := newPlatform(HandlerConfig{})
	p.ask(t, `{ node(server: "press", nodeId: "`+ofClass(model.NodeClassView).String()+`") { nodeClass ... on ViewNode { eventHistory(from: "2026-01-01T00:00:00Z", first: 1) { edges { node { message { text } } } } } } }`).wantData(t,
		`{"node": {"nodeClass": "VIEW", "eventHistory": {"edges": [{"node": {"message": {"text": "event 0"}}}]}}}`)
}

// Pages go on where the one before ended, both ways, without a gap.
func TestServerHistoryPages(t *testing.T) {
	for _, order := range []string{"false", "true"} {
		p := newPlatform(HandlerConfig{})
		var got []float64
		after := any(nil)
		for {
			a := p.ask(t, `query($after: String) { node(server: "press", nodeId: "nsu=urn:plant;i=2") { ... on VariableNode {
				serverHistory(from: "2026-01-01T00:00:00Z", to: "2026-01-01T00:00:10Z", newestFirst: `+order+`, first: 4, after: $after) {
					pageInfo { hasNextPage hasPreviousPage endCursor } edges { node { value } } } } } }`, "after", after)
			if len(a.Errors) > 0 {
				t.Fatal(a.Errors)
			}
			page := a.Data.(map[string]any)["node"].(map[string]any)["serverHistory"].(map[string]any)
			for _, e := range page["edges"].([]any) {
				got = append(got, e.(map[string]any)["node"].(map[string]any)["value"].(float64))
			}
			info := page["pageInfo"].(map[string]any)
			if info["hasPreviousPage"].(bool) != (after != nil) {
				t.Errorf("hasPreviousPage is %v after %v", info["hasPreviousPage"], after)
			}
			if after = info["endCursor"]; !info["hasNextPage"].(bool) {
				break
			}
		}
		want := "[0 1 2 3 4 5 6 7 8 9]"
		if order == "true" {
			want = "[10 9 8 7 6 5 4 3 2 1]"
		}
		if fmt.Sprint(got) != want {
			t.Errorf("newestFirst %s: %v, want %s", order, got, want)
		}
	}
}

func TestServerHistoryKinds(t *testing.T) {
	p := newPlatform(HandlerConfig{})
	p.ask(t, `{ node(server: "press", nodeId: "nsu=urn:plant;i=6") { ... on VariableNode {
		modifiedHistory(from: "2026-01-01T00:00:05Z", to: "2026-01-01T00:00:06Z") { edges { node { value modification { time kind userName } } } }
		historyAtTimes(times: ["2026-01-01T00:00:00.5Z"]) { value origin sourceTimestamp modification { kind } }
		nothing: serverHistory(from: "2020-01-01T00:00:00Z", to: "2020-01-02T00:00:00Z") { edges { cursor } status { name } pageInfo { endCursor } }
		historyConfiguration { stepped definition maxTimeInterval exceptionDeviationFormat startOfArchive aggregateConfiguration { percentDataGood } aggregateFunctions { name } }
	} } }`).wantData(t, `{"node": {
		"modifiedHistory": {"edges": [{"node": {"value": 5, "modification": {"time": "2026-01-01T00:00:05Z", "kind": "REPLACE", "userName": "op"}}}]},
		"historyAtTimes": [{"value": 7, "origin": "INTERPOLATED", "sourceTimestamp": "2026-01-01T00:00:00.5Z", "modification": null}],
		"nothing": {"edges": [], "status": {"name": "GoodNoData"}, "pageInfo": {"endCursor": null}},
		"historyConfiguration": {"stepped": true, "definition": null, "maxTimeInterval": "10s", "exceptionDeviationFormat": "PERCENT_OF_EU_RANGE",
			"startOfArchive": "2026-01-01T00:00:00Z", "aggregateConfiguration": {"percentDataGood": 100}, "aggregateFunctions": []}}}`)
	p.ask(t, `{ server(id: "press") { historyCapabilities { accessHistoryData insertData maxNodesPerHistoryReadData aggregateFunctions { name aggregate nodeId } }
		objects { ... on ObjectNode { eventHistory(from: "2026-01-01T00:00:05Z", to: "2026-01-01T00:00:06Z", eventType: "i=2041", where: [{operator: "OfType", operands: [{value: "i=2041"}]}],
			select: [{browsePath: ["Message"], attribute: VALUE}]) {
			edges { node { time message { text } severity eventType fields { name dataType } } } pageInfo { hasNextPage } } } } } }`).wantData(t, `{"server": {
		"historyCapabilities": {"accessHistoryData": true, "insertData": null, "maxNodesPerHistoryReadData": 100,
			"aggregateFunctions": [{"name": "Average", "aggregate": "AVERAGE", "nodeId": "i=2342"}, {"name": "Own", "aggregate": null, "nodeId": "nsu=urn:plant;i=5"}]},
		"objects": {"eventHistory": {"edges": [{"node": {"time": "2026-01-01T00:00:05Z", "message": {"text": "event 5"}, "severity": 500, "eventType": null,
			"fields": [{"name": "Time", "dataType": "DateTime"}, {"name": "Message", "dataType": "LocalizedText"}, {"name": "Severity", "dataType": "UInt16"}]}}],
			"pageInfo": {"hasNextPage": false}}}}}`)
	e := p.commands.lastRead.Events
	if e == nil || e.TypeDefinition != model.Expanded(model.NumericID(0, 2041)) || len(e.Select) != 1 || e.Select[0].BrowsePath[0] != "Message" || len(e.Where) != 1 {
		t.Errorf("the gateway was asked for %+v", e)
	}
}

// What is wrong with one node, or with the arguments of one field, leaves the rest of the answer.
func TestServerHistoryErrors(t *testing.T) {
	p := newPlatform(HandlerConfig{})
	a := p.ask(t, `{ node(server: "press", nodeId: "nsu=urn:plant;i=7") { displayName { text } ... on VariableNode {
		serverHistory { edges { cursor } } historyConfiguration { stepped } } } }`)
	a.wantPartial(t, `{"node": {"displayName": {"text": "Variable 7"}, "serverHistory": null, "historyConfiguration": null}}`)
	a.wantCodes(t, "BAD_USER_INPUT")
	if e := a.Errors[0]; e.Extensions["statusCode"] != "BadHistoryOperationUnsupported" || !strings.Contains(e.Message, "no history here") {
		t.Errorf("error is %+v", e)
	}
	for args, want := range map[string]string{
		`serverHistory(from: "2026-01-02T00:00:00Z", to: "2026-01-01T00:00:00Z") { status { name } }`:  "from",
		`serverHistory(from: "2026-01-02T00:00:00Z", last: "1h") { status { name } }`:                  "last",
		`serverHistory(first: 0) { status { name } }`:                                                  "first",
		`serverHistory(first: 10001) { status { name } }`:                                              "first",
		`serverHistory(after: "MTox") { status { name } }`:                                             "after",
		`historyAtTimes(times: []) { value }`:                                                          "times",
		`processedHistory(interval: "1s") { status { name } }`:                                         "aggregate",
		`processedHistory(aggregate: COUNT, aggregateType: "i=1") { status { name } }`:                 "aggregateType",
		`processedHistory(aggregate: COUNT, configuration: {percentDataBad: 101}) { status { name } }`: "configuration.percentDataBad",
		`processedHistory(aggregate: COUNT, configuration: {percentDataGood: -1, percentDataBad: 1, treatUncertainAsBad: false, useSlopedExtrapolation: true}) { status { name } }`: "configuration.percentDataGood",
	} {
		a := p.ask(t, `{ node(server: "press", nodeId: "nsu=urn:plant;i=2") { displayName { text } ... on VariableNode { `+args+` } } }`)
		a.wantCodes(t, "BAD_USER_INPUT")
		if got := a.Errors[0].Extensions["field"]; got != want {
			t.Errorf("%s: field %v, want %s (%s)", args, got, want, a.Errors[0].Message)
		}
		if a.Data.(map[string]any)["node"] == nil {
			t.Errorf("%s: the rest of the answer is gone", args)
		}
	}
}

// The root fields answer per node, in one command.
func TestNodeHistories(t *testing.T) {
	p := newPlatform(HandlerConfig{})
	p.ask(t, `{ serverHistory(server: "press", nodeIds: ["nsu=urn:plant;i=2", "nsu=urn:plant;i=3"], from: "2026-01-01T00:00:00Z", to: "2026-01-01T00:00:02Z") {
		nodeId status { name } message values { edges { node { value } } } } }`).wantData(t, `{"serverHistory": [
		{"nodeId": "nsu=urn:plant;i=2", "status": {"name": "Good"}, "message": null, "values": {"edges": [{"node": {"value": 0}}, {"node": {"value": 1}}]}},
		{"nodeId": "nsu=urn:plant;i=3", "status": {"name": "BadHistoryOperationUnsupported"}, "message": "no history here", "values": null}]}`)
	a := p.ask(t, `query($ids: [NodeId!]!) { processedServerHistory(server: "press", nodeIds: $ids, from: "2026-01-01T00:00:00Z", to: "2026-01-01T00:10:00Z", interval: "1m",
		aggregate: AVERAGE, first: 10) { values { edges { node { value } } } } }`, "ids", tags(1000))
	if len(a.Errors) > 0 || p.commands.historyReads.Load() != 2 {
		t.Errorf("%d commands, want 2; %v", p.commands.historyReads.Load(), a.Errors)
	}
	if r := p.commands.lastRead; r.Kind != model.HistoryProcessed || r.Interval != time.Minute || r.Aggregate != model.Expanded(model.NumericID(0, 2342)) {
		t.Errorf("the gateway was asked for %+v", r)
	}
	for args, want := range map[string]string{
		`server: "press", nodeIds: $ids, first: 200`: "first",
		`server: "press", nodeIds: $ids, first: 10, after: "` + historyCursor(model.HistoryPosition{At: 1, N: 1}) + `"`: "after",
	} {
		a := p.ask(t, `query($ids: [NodeId!]!) { serverHistory(`+args+`) { nodeId } }`, "ids", tags(1000))
		a.wantCodes(t, "BAD_USER_INPUT")
		if a.Errors[0].Extensions["field"] != want {
			t.Errorf("%s: %+v", args, a.Errors)
		}
	}
	p.ask(t, `{ serverHistory(server: "nobody", nodeIds: ["i=1"]) { nodeId } }`).wantCodes(t, "NOT_FOUND")
}

// What a query costs grows with the values that it asks for.
func TestHistoryPrice(t *testing.T) {
	p := newPlatform(HandlerConfig{MaxComplexity: 5000})
	query := func(first int) *answer {
		return p.ask(t, `query($ids: [NodeId!]!) { serverHistory(server: "press", nodeIds: $ids, first: `+fmt.Sprint(first)+`) { values { edges { node { value } } } } }`, "ids", tags(10))
	}
	if a := query(100); len(a.Errors) > 0 {
		t.Errorf("10 times 100 values: %v", a.Errors)
	}
	if a := query(10_000); len(a.Errors) == 0 {
		t.Error("10 times 10,000 values passed")
	}
}
