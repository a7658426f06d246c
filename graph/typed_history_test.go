package graph

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// pressHistories has history of the presses of a pressPlant: the values of Force and State are numbers, those of Serial text.
func pressHistories(asked *[]model.NodeHistoryQuery) func(model.NodeHistoryQuery) ([]model.NodeHistory, error) {
	return func(q model.NodeHistoryQuery) ([]model.NodeHistory, error) {
		*asked = append(*asked, q)
		out := make([]model.NodeHistory, len(q.Nodes))
		for i, n := range q.Nodes {
			text := n.NodeID.String()
			at := func(second int64, v float64) model.HistoryPoint {
				return model.NumberPoint(model.Sample{Time: testTime.UnixMilli() + 1000*second, Value: v})
			}
			out[i].Series = model.SeriesID{Gateway: "edge1", Group: "g", Writer: "w", Field: text[strings.LastIndex(text, "=")+1:]}
			switch {
			case strings.HasSuffix(text, "Force"):
				out[i].Points = []model.HistoryPoint{at(1, 1.5), at(2, stale), at(3, 2)}
				out[i].Statuses = []model.Sample{{Time: testTime.UnixMilli(), Value: 0}, {Time: testTime.UnixMilli() + 2000, Value: float64(model.StatusBadSensorFailure)}, {Time: testTime.UnixMilli() + 3000, Value: 0x40000000}}
			case strings.HasSuffix(text, "State"):
				out[i].Points, out[i].More = []model.HistoryPoint{at(1, 1), at(2, 0.5), at(3, 77)}, true
			case strings.HasSuffix(text, ".value"):
				out[i].Points = []model.HistoryPoint{at(1, 9)}
			case strings.HasSuffix(text, "Pressure"):
				out[i] = model.NodeHistory{Err: fmt.Errorf("%w: too long", ErrInvalid)}
			default:
				out[i] = model.NodeHistory{}
			}
		}
		return out, nil
	}
}

var stale = math.NaN()

func TestTypedHistory(t *testing.T) {
	p, _ := pressPlatform(t, 1)
	var asked []model.NodeHistoryQuery
	p.store.NodeHistoryFunc = pressHistories(&asked)
	data, errs := p.data(t, `query($last: Duration = "1h") { Plant_PressType(server: "press") { nodes {
		Force { __typename history(last: $last) { __typename series from to step aggregate truncated points { __typename time value number status { name } } } }
		State { history(last: "1h") { truncated points { value number } } }
		value { history(last: "1h") { points { value } } }
		Parameters { ... on Plant_PressType_Parameters { Pressure { history(last: "1h") { truncated } } } } } } }`, nil)
	const force = `"Force":{"__typename":"Plant_PressType_Force","history":{"__typename":"TypedHistory_of_Float","series":"edge1/g/w/P001.Force","from":"2026-01-02T02:04:05Z","to":"2026-01-02T03:04:05Z",
"step":null,"aggregate":null,"truncated":false,"points":[
{"__typename":"TypedHistoryPoint_of_Float","time":"2026-01-02T03:04:06Z","value":1.5,"number":1.5,"status":{"name":"Good"}},
{"__typename":"TypedHistoryPoint_of_Float","time":"2026-01-02T03:04:07Z","value":null,"number":null,"status":{"name":"BadSensorFailure"}},
{"__typename":"TypedHistoryPoint_of_Float","time":"2026-01-02T03:04:08Z","value":2,"number":2,"status":{"name":"Uncertain"}}]}}`
	const point = "[Plant_PressType nodes 0 "
	wantAnswer(t, data, errs, `{"Plant_PressType":{"nodes":[{`+force+`,
"State":{"history":{"truncated":true,"points":[{"value":"true_1","number":1},{"value":null,"number":0.5},{"value":null,"number":77}]}},
"value":{"history":{"points":[{"value":["Overheat","Leak"]}]}},
"Parameters":{"Pressure":{"history":null}}}]}}`,
		point+"Parameters Pressure history] BAD_USER_INPUT: invalid input: too long",
		point+"State history points 2 value] UNEXPECTED_VALUE: unexpected value: 77 is no value of Plant_Mode")
	// The same arguments are one question, whatever they are written as.
	if len(asked) != 1 || len(asked[0].Nodes) != 4 || !asked[0].Statuses || asked[0].Limit != 500 || asked[0].Nodes[0].Exact || p.commands.reads.Load() != 0 {
		t.Errorf("asked %+v, %d reads", asked, p.commands.reads.Load())
	}
}

func TestTypedHistoryAggregates(t *testing.T) {
	p, _ := pressPlatform(t, 1)
	var asked []model.NodeHistoryQuery
	p.store.NodeHistoryFunc = pressHistories(&asked)
	data, errs := p.data(t, `{ Plant_PressType(server: "press") { nodes {
		Force { history(last: "1m", step: "10s", first: 7) { step aggregate points { value } } }
		State { avg: history(last: "1m", step: "10s", first: 7) { points { value number } } last: history(last: "1m", step: "10s", aggregate: LAST) { points { value } } }
		bad: State { history(from: "2026-01-02T03:04:05Z", last: "1h") { series } nodes: rawValue } worse: Force { history(step: "x") { series } }
		Tool { browseName { name } } } } }`, nil)
	const point = "[Plant_PressType nodes 0 "
	wantAnswer(t, data, errs, `{"Plant_PressType":{"nodes":[{"Force":{"history":{"step":"10s","aggregate":"AVG","points":[{"value":1.5},{"value":null},{"value":2}]}},
"State":{"avg":{"points":[{"value":null,"number":1},{"value":null,"number":0.5},{"value":null,"number":77}]},"last":{"points":[{"value":"true_1"},{"value":null},{"value":null}]}},
"bad":{"history":null,"nodes":1},"worse":{"history":null},"Tool":[{"browseName":{"name":"Tool1"}},{"browseName":{"name":"Tool2"}}]}]}}`,
		point+"State last points 2 value] UNEXPECTED_VALUE",
		point+"bad history] BAD_USER_INPUT: last: from is given as well",
		point+"worse history] BAD_USER_INPUT: step: invalid input")
	if len(asked) != 2 {
		t.Errorf("asked %+v", asked)
	}
	for _, q := range asked {
		if q.Step != 10*time.Second || q.To.Sub(q.From) != time.Minute || q.Aggregate != "avg" && q.Aggregate != "last" {
			t.Errorf("asked %+v", q)
		}
	}
}

// History of 500 instances x 4 variables is one question.
func TestTypedHistoryIsPlanned(t *testing.T) {
	p, _ := pressPlatform(t, 500)
	var asked []model.NodeHistoryQuery
	p.store.NodeHistoryFunc = pressHistories(&asked)
	const fields = `{ value history(last: "1h", step: "15m", first: 4) { points { time number } } }`
	data, errs := p.data(t, `{ Plant_PressType(server: "press", first: 500) { nodes { State `+fields+` Force `+fields+` value `+fields+` again: Force `+fields+`
		Parameters { ... on Plant_PressType_Parameters { Pressure { value } } } } } }`, nil)
	if len(errs) > 0 || strings.Count(data, `"history":{"points":[`) != 2000 {
		t.Fatalf("%d histories, errors %v", strings.Count(data, `"history":{"points":[`), errs)
	}
	if reads, asked := p.commands.reads.Load(), p.store.nodeHistories.Load(); reads != 1 || asked != 1 {
		t.Errorf("%d reads, %d questions for history", reads, asked)
	}
}

func TestTypedHistoryOfServers(t *testing.T) {
	p, _ := pressPlatform(t, 3)
	const args = `from: "2026-01-01T00:00:00Z", to: "2026-01-01T00:00:02Z", source: SERVER`
	data, errs := p.data(t, `{ Plant_PressType(server: "press") { nodes { Force { history(`+args+`) { series from to truncated points { time value number status { name } } } } } } }`, nil)
	const press = `{"Force":{"history":{"series":null,"from":"2026-01-01T00:00:00Z","to":"2026-01-01T00:00:02Z","truncated":false,"points":[
{"time":"2026-01-01T00:00:00Z","value":0,"number":0,"status":{"name":"Good"}},{"time":"2026-01-01T00:00:01Z","value":1,"number":1,"status":{"name":"Good"}}]}}}`
	wantAnswer(t, data, errs, `{"Plant_PressType":{"nodes":[`+press+","+press+","+press+`]}}`)
	if reads, items := p.commands.historyReads.Load(), p.commands.historyItems.Load(); reads != 1 || items != 3 || p.store.nodeHistories.Load() != 0 {
		t.Errorf("%d requests for %d items, %d to the store", reads, items, p.store.nodeHistories.Load())
	}
	// A page of points, aggregates of the server, and an aggregate that it does not have.
	data, errs = p.data(t, `{ Plant_PressType(server: "press", first: 1) { nodes { Force { page: history(`+args+`, first: 1) { truncated points { value } } }
		State { avg: history(`+args+`, step: "1s") { points { value number status { name } } } last: history(`+args+`, step: "1s", aggregate: LAST) { points { value } } }
		bad: Force { history(`+args+`, step: "1s", aggregate: SUM) { series } } } } }`, nil)
	wantAnswer(t, data, errs, `{"Plant_PressType":{"nodes":[{"Force":{"page":{"truncated":true,"points":[{"value":0}]}},
"State":{"avg":{"points":[{"value":null,"number":0,"status":{"name":"Good"}},{"value":null,"number":1,"status":{"name":"Good"}}]},"last":{"points":[{"value":"Off"},{"value":"true_1"}]}},
"bad":{"history":null}}]}}`,
		`[Plant_PressType nodes 0 bad history] BAD_USER_INPUT: history of 1 variables: aggregate: servers have no such aggregate`)
}
