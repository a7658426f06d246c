package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const boilerTemperature = "nsu=urn:shopfloor:demo-plant;s=Boiler1.Temperature"

// plantHistory is the history of the demo plant's boiler, in GraphQL, through the whole platform. The times are of a minute an hour ago, of which the plant has nothing by
// itself.
type plantHistory struct {
	*process
	base time.Time
}

// at is the time of a second of that minute.
func (h *plantHistory) at(second float64) string {
	return h.base.Add(time.Duration(second * float64(time.Second))).Format(time.RFC3339Nano)
}

// values are input values, second and value by turns.
func (h *plantHistory) values(pairs ...float64) []map[string]any {
	var list []map[string]any
	for i := 0; i < len(pairs); i += 2 {
		list = append(list, map[string]any{"value": pairs[i+1], "sourceTimestamp": h.at(pairs[i])})
	}
	return list
}

// update runs a mutation for the boiler and returns the statuses of its entries, or that of the item.
func (h *plantHistory) update(mutation, inputType string, input map[string]any) string {
	h.t.Helper()
	input["server"], input["nodeId"] = "demo", boilerTemperature
	var out map[string][]struct {
		Status  struct{ Name string }
		Message string
		Results []struct {
			Status  struct{ Name string }
			Message string
		}
	}
	h.MustQuery(&out, `mutation($input: [`+inputType+`!]!) { `+mutation+`(input: $input) { status { name } message results { status { name } message } } }`,
		map[string]any{"input": []any{input}})
	r := out[mutation][0]
	if len(r.Results) == 0 {
		return r.Status.Name
	}
	var names []string
	for _, e := range r.Results {
		names = append(names, e.Status.Name)
		if strings.HasPrefix(e.Status.Name, "Bad") && e.Message == "" {
			h.t.Errorf("%s: %s has no message", mutation, e.Status.Name)
		}
	}
	return strings.Join(names, " ")
}

// read asks for fields of the boiler and compares them as JSON.
func (h *plantHistory) read(fields, want string) {
	h.t.Helper()
	fields = strings.NewReplacer("FROM", `"`+h.at(0)+`"`, "TO", `"`+h.at(60)+`"`).Replace(fields)
	var got struct{ Node any }
	h.MustQuery(&got, `query($id: NodeId!) { node(server: "demo", nodeId: $id) { ... on VariableNode { `+fields+` } } }`, map[string]any{"id": boilerTemperature})
	var w any
	if err := json.Unmarshal([]byte(want), &w); err != nil {
		h.t.Fatal(err)
	}
	if diff := cmp.Diff(w, got.Node); diff != "" {
		h.t.Errorf("%s (-want +got):\n%s", fields, diff)
	}
}

func TestPlantHistory(t *testing.T) {
	h := &plantHistory{startProcess(t, "--demo"), time.Now().UTC().Truncate(time.Minute).Add(-time.Hour)}
	h.waitFor(time.Minute, "the plant has recorded values", func() error {
		var got struct {
			ServerHistory []struct {
				Status struct{ Name string }
				Values struct{ Edges []any }
			}
		}
		errs, err := h.Query(&got, `query($ids: [NodeId!]!) { serverHistory(server: "demo", nodeIds: $ids, last: "1m") { status { name } values { edges { cursor } } } }`,
			map[string]any{"ids": []string{boilerTemperature, strings.Replace(boilerTemperature, "Temperature", "Pressure", 1)}})
		switch {
		case err != nil || len(errs) > 0:
			return fmt.Errorf("%v %v", err, errs)
		case len(got.ServerHistory) != 2 || len(got.ServerHistory[0].Values.Edges) < 2 || len(got.ServerHistory[1].Values.Edges) < 2:
			return fmt.Errorf("history %+v", got)
		}
		return nil
	})
	t.Run("update", func(t *testing.T) { testPlantUpdates(t, h) })
	t.Run("read", func(t *testing.T) { testPlantReads(h) })
	t.Run("errors", func(t *testing.T) { testPlantHistoryErrors(t, h) })
	t.Run("delete", func(t *testing.T) { testPlantDeletes(t, h) })
}

func testPlantUpdates(t *testing.T, h *plantHistory) {
	for _, c := range []struct {
		mutation string
		values   []map[string]any
		want     string
	}{
		{"historyInsert", h.values(1, 10, 2, 20, 3, 30, 5, 50), "GoodEntryInserted GoodEntryInserted GoodEntryInserted GoodEntryInserted"},
		{"historyInsert", h.values(4, 40, 5, 51), "GoodEntryInserted BadEntryExists"},
		{"historyReplace", h.values(5, 52, 6, 60), "GoodEntryReplaced BadNoEntryExists"},
		{"historyUpsert", h.values(5, 53, 6, 60), "GoodEntryReplaced GoodEntryInserted"},
		{"historyUpsert", []map[string]any{{"value": "hot", "sourceTimestamp": h.at(7)}}, "BadTypeMismatch"},
	} {
		if got := h.update(c.mutation, "HistoryUpdateInput", map[string]any{"values": c.values}); got != c.want {
			t.Errorf("%s %v: %s, want %s", c.mutation, c.values, got, c.want)
		}
	}
}

func testPlantReads(h *plantHistory) {
	h.read(`serverHistory(from: FROM, to: TO) { edges { node { value origin status { name } } } pageInfo { hasNextPage } }`,
		`{"serverHistory": {"edges": [`+nodes(10, 20, 30, 40, 53, 60)+`], "pageInfo": {"hasNextPage": false}}}`)
	h.read(`serverHistory(from: FROM, to: TO, newestFirst: true, first: 2) { edges { node { value origin status { name } } } pageInfo { hasNextPage } }`,
		`{"serverHistory": {"edges": [`+nodes(60, 53)+`], "pageInfo": {"hasNextPage": true}}}`)
	h.read(`serverHistory(from: "`+h.at(2.5)+`", to: "`+h.at(4.5)+`", bounds: true) { edges { node { value } } }`,
		`{"serverHistory": {"edges": [{"node": {"value": 20}}, {"node": {"value": 30}}, {"node": {"value": 40}}, {"node": {"value": 53}}]}}`)
	h.read(`modifiedHistory(from: "`+h.at(5)+`", to: "`+h.at(5.5)+`") { edges { node { value modification { kind userName } } } }`,
		`{"modifiedHistory": {"edges": [`+
			`{"node": {"value": 52, "modification": {"kind": "REPLACE", "userName": "anonymous"}}},`+
			`{"node": {"value": 50, "modification": {"kind": "REPLACE", "userName": "anonymous"}}},`+
			`{"node": {"value": 50, "modification": {"kind": "INSERT", "userName": "anonymous"}}}]}}`)
	h.read(`historyAtTimes(times: ["`+h.at(2)+`", "`+h.at(2.5)+`", "`+h.at(-3600)+`"]) { value origin status { name } }`,
		`{"historyAtTimes": [{"value": 20, "origin": "RAW", "status": {"name": "Good"}}, {"value": 25, "origin": "INTERPOLATED", "status": {"name": "Good"}},
			{"value": null, "origin": "RAW", "status": {"name": "BadNoData"}}]}`)
	h.read(`processedHistory(from: "`+h.at(1)+`", to: "`+h.at(6)+`", interval: "2s", aggregate: AVERAGE) { edges { node { value origin partial } } }`,
		`{"processedHistory": {"edges": [{"node": {"value": 15, "origin": "CALCULATED", "partial": false}}, {"node": {"value": 35, "origin": "CALCULATED", "partial": false}},
			{"node": {"value": 53, "origin": "CALCULATED", "partial": true}}]}}`)
	h.read(`processedHistory(from: FROM, to: TO, aggregate: COUNT) { edges { node { value } } }`, `{"processedHistory": {"edges": [{"node": {"value": 6}}]}}`)
}

// nodes are edges with raw Good values.
func nodes(values ...float64) string {
	var edges []string
	for _, v := range values {
		edges = append(edges, fmt.Sprintf(`{"node": {"value": %v, "origin": "RAW", "status": {"name": "Good"}}}`, v))
	}
	return strings.Join(edges, ",")
}

// An aggregate that the plant does not have, and what it does have.
func testPlantHistoryErrors(t *testing.T, h *plantHistory) {
	errs, err := h.Query(nil, `query($id: NodeId!) { node(server: "demo", nodeId: $id) { ... on VariableNode {
		processedHistory(last: "1m", aggregate: WORST_QUALITY) { status { name } } } } }`, map[string]any{"id": boilerTemperature})
	if err != nil || len(errs) != 1 || errs[0].Extensions["statusCode"] != "BadAggregateNotSupported" || !strings.Contains(errs[0].Message, "Average, Count, Delta") {
		t.Errorf("errors %+v, %v", errs, err)
	}
	var got struct {
		Server struct {
			HistoryCapabilities struct {
				InsertData, InsertEvent bool
				AggregateFunctions      []struct{ Aggregate string }
			}
		}
	}
	h.MustQuery(&got, `{ server(id: "demo") { historyCapabilities { insertData insertEvent aggregateFunctions { aggregate } } } }`, nil)
	if c := got.Server.HistoryCapabilities; !c.InsertData || c.InsertEvent || len(c.AggregateFunctions) != 9 {
		t.Errorf("capabilities %+v", c)
	}
}

func testPlantDeletes(t *testing.T, h *plantHistory) {
	if got := h.update("historyDeleteAtTimes", "HistoryDeleteAtTimesInput", map[string]any{"times": []string{h.at(2), h.at(2.5)}}); got != "Good BadNoEntryExists" {
		t.Errorf("delete at times: %s", got)
	}
	h.read(`serverHistory(from: FROM, to: TO, first: 2) { edges { node { value } } }`, `{"serverHistory": {"edges": [{"node": {"value": 10}}, {"node": {"value": 30}}]}}`)
	span := map[string]any{"from": h.at(0), "to": h.at(60)}
	if got := h.update("historyDelete", "HistoryDeleteInput", span); got != "Good" {
		t.Errorf("delete: %s", got)
	}
	h.read(`serverHistory(from: FROM, to: TO) { edges { cursor } status { name } }`, `{"serverHistory": {"edges": [], "status": {"name": "GoodNoData"}}}`)
	span["modified"] = true
	for _, want := range []string{"Good", "BadNoData"} {
		if got := h.update("historyDelete", "HistoryDeleteInput", span); got != want {
			t.Errorf("delete modified: %s, want %s", got, want)
		}
	}
}
