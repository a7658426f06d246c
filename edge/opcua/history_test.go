package opcua

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/shopfloor-iiot/shopfloor/edge/opcua/opcuatest"
	"github.com/shopfloor-iiot/shopfloor/model"
)

// second is the time of a value in the fixed history of the test servers.
func second(n float64) model.DateTime {
	return model.DateTimeOf(time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC).Add(time.Duration(n * float64(time.Second))))
}

func aggregate(id uint32) model.ExpandedNodeID { return model.Expanded(model.NumericID(0, id)) }

const (
	aggregateAverage = 2342
	aggregateTotal   = 2344
	aggregateMaximum = 2347
	aggregateCount   = 2352
)

func historyRead(t *testing.T, s *Source, items ...model.HistoryRead) []model.HistoryReadResult {
	t.Helper()
	r, err := s.HistoryRead(t.Context(), items)
	if err != nil {
		t.Fatal(err)
	}
	if len(r) != len(items) {
		t.Fatalf("%d results for %d items", len(r), len(items))
	}
	return r
}

// historyCase is what both test servers answer.
type historyCase struct {
	name   string
	read   model.HistoryRead
	want   string // the values, or the texts of events
	status model.StatusCode
	more   bool
	says   string // in the message
}

// rawCases are those of raw values, which all servers with history have.
func rawCases() []historyCase {
	raw := func(start, end model.DateTime, limit int) model.HistoryRead {
		return model.HistoryRead{NodeID: plant("HFixed"), Start: start, End: end, Limit: limit}
	}
	after := func(r model.HistoryRead, at model.DateTime, n int) model.HistoryRead {
		r.After = model.HistoryPosition{At: at, N: n}
		return r
	}
	bounded := func(r model.HistoryRead) model.HistoryRead {
		r.Bounds = true
		return r
	}
	text := raw(second(998), second(1010), 10)
	text.NodeID = plant("HText")
	return []historyCase{
		{name: "forward", read: raw(second(0.5), second(4.5), 10), want: "1 2 3 4"},
		{name: "forward, limited", read: raw(second(0.5), second(4.5), 2), want: "1 2", more: true},
		{name: "forward, as many as there are", read: raw(second(0.5), second(4.5), 4), want: "1 2 3 4"},
		{name: "the next page", read: after(raw(second(0.5), second(4.5), 2), second(2), 1), want: "3 4"},
		{name: "a page from a position between values", read: after(raw(second(0.5), second(4.5), 2), second(2.00001), 1), want: "3 4"},
		{name: "the end is not included", read: raw(second(1), second(4), 10), want: "1 2 3"},
		{name: "newest first, the end is not included", read: raw(second(4), second(1), 10), want: "4 3 2"},
		{name: "newest first", read: raw(second(4.5), second(0.5), 10), want: "4 3 2 1"},
		{name: "newest first, limited", read: raw(second(4.5), second(0.5), 2), want: "4 3", more: true},
		{name: "newest first, the next page", read: after(raw(second(4.5), second(0.5), 2), second(3), 1), want: "2 1"},
		{name: "without end", read: raw(second(996.5), 0, 10), want: "997 998 999"},
		{name: "without end, with bounds", read: bounded(raw(second(997), 0, 10)), want: "997 998 999"},
		{name: "without start, newest first", read: raw(0, second(2.5), 10), want: "2 1 0"},
		{name: "texts", read: text, want: `second 998 second 999`},
		{name: "nothing in that time", read: raw(second(2000), second(2001), 10), want: ""},
		{name: "all in pages", read: raw(second(-1), second(2000), 1000), want: strings.Trim(fmt.Sprint(counting(1000)), "[]")},
	}
}

func counting(n int) []int {
	r := make([]int, n)
	for i := range r {
		r[i] = i
	}
	return r
}

func (c *historyCase) run(t *testing.T, s *Source) {
	r := historyRead(t, s, c.read)[0]
	c.check(t, &r)
}

func (c *historyCase) check(t *testing.T, r *model.HistoryReadResult) {
	t.Helper()
	var got []string
	for i := range r.Values {
		got = append(got, valueText(&r.Values[i]))
	}
	for _, e := range r.Events {
		for i, name := range r.Names {
			if name == "Message" {
				got = append(got, e[i].LocalizedText().Text)
			}
		}
	}
	if s := strings.Join(got, " "); s != c.want || r.More != c.more {
		t.Errorf("%s: got %.200s, more %v (%s %s), want %.200s, more %v", c.name, s, r.More, r.Status, r.Message, c.want, c.more)
	}
	if c.status != 0 && r.Status != c.status || c.status == 0 && r.Status.IsBad() {
		t.Errorf("%s: status %s (%s), want %s", c.name, r.Status, r.Message, c.status)
	}
	if !strings.Contains(r.Message, c.says) {
		t.Errorf("%s: message %q does not say %q", c.name, r.Message, c.says)
	}
}

// valueText is a value as a test compares it.
func valueText(v *model.DataValue) string {
	switch {
	case v.Value.IsNull():
		return "null"
	case v.Value.Type() == model.TypeString:
		return v.Value.Text()
	}
	return string(v.Value.AppendJSON(nil))
}

func TestHistory(t *testing.T) {
	s := opcuatest.Start(t, opcuatest.Options{})
	source := run(t, config(s.Endpoint(), &recorder{}))
	connected(t, source)
	cases := append(rawCases(), nodeOPCUACases()...)
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
	t.Run("requests", func(t *testing.T) { testHistoryRequests(t, source) })
	t.Run("capabilities", func(t *testing.T) { testHistoryCapabilities(t, source) })
	t.Run("configuration", func(t *testing.T) { testHistoryConfiguration(t, source) })
}

func nodeOPCUACases() []historyCase {
	processed := func(function uint32, start, end model.DateTime, limit int) model.HistoryRead {
		return model.HistoryRead{
			NodeID: plant("HFixed"), Kind: model.HistoryProcessed, Start: start, End: end, Limit: limit, Interval: 10 * time.Second, Aggregate: aggregate(function),
		}
	}
	configured := processed(aggregateMaximum, second(20), second(40), 10)
	configured.Configuration = &model.AggregateConfiguration{PercentDataBad: 100, PercentDataGood: 20}
	rejected := processed(aggregateMaximum, second(20), second(40), 10)
	rejected.Configuration = &model.AggregateConfiguration{PercentDataBad: 10, PercentDataGood: 20}
	next := processed(aggregateMaximum, second(20), second(50), 2)
	next.After = model.HistoryPosition{At: second(30), N: 1}
	return []historyCase{
		{
			name: "structures", read: model.HistoryRead{NodeID: plant("HVec"), Start: second(1), End: second(9), Limit: 9},
			want: `{"typeId":"nsu=urn:shopfloor:plant:types;i=3002","encoding":"json","body":{"X":1,"Y":0,"Z":0}} {"typeId":"nsu=urn:shopfloor:plant:types;i=3002","encoding":"json","body":{"X":2,"Y":0,"Z":0}}`,
		},
		{name: "a Bad value", read: model.HistoryRead{NodeID: plant("HFixed"), Start: second(9.5), End: second(11.5), Limit: 9}, want: "10 11"},
		{name: "maximum", read: processed(aggregateMaximum, second(20), second(40), 10), want: "29 39"},
		{name: "maximum, configured", read: configured, want: "29 39"},
		{name: "count", read: processed(aggregateCount, second(20), second(40), 10), want: "10 10"},
		{name: "maximum, limited", read: processed(aggregateMaximum, second(20), second(50), 2), want: "29 39", more: true},
		{name: "maximum, the next page", read: next, want: "49"},
		{
			name: "an aggregate that is not supported", read: processed(aggregateTotal, second(20), second(40), 10),
			status: model.StatusBadAggregateNotSupported, says: "Minimum",
		},
		{name: "a configuration that is wrong", read: rejected, status: model.StatusBadAggregateInvalidInputs, says: "interval"},
		{
			name: "modified values", read: model.HistoryRead{NodeID: plant("HFixed"), Kind: model.HistoryModified, Start: second(1), End: second(9), Limit: 9},
			status: model.StatusBadUnexpectedError,
		},
		{
			name: "at times", read: model.HistoryRead{NodeID: plant("HFixed"), Kind: model.HistoryAtTime, Times: []model.DateTime{second(1.5)}},
			status: model.StatusBadHistoryOperationUnsupported, says: "does not interpolate",
		},
		{
			name: "no history", read: model.HistoryRead{NodeID: plant("Scalar_Double"), Start: second(1), End: second(9), Limit: 9},
			status: model.StatusBadHistoryOperationUnsupported, says: "it is not Historizing",
		},
		{name: "no such node", read: model.HistoryRead{NodeID: plant("Nothing"), Start: second(1), End: second(9), Limit: 9}, status: model.StatusBadNodeIdUnknown},
		{
			name: "no such namespace", read: model.HistoryRead{NodeID: rawID(1), Start: second(1), End: second(9), Limit: 9},
			status: model.StatusBadNodeIdUnknown, says: "urn:raw",
		},
		{
			name: "events of an object without", read: model.HistoryRead{NodeID: plant("Hist"), Kind: model.HistoryEvents, Start: second(1), End: second(9), Limit: 9},
			status: model.StatusBadHistoryOperationInvalid, says: "EventNotifier lacks HistoryRead",
		},
		{
			name: "no limit", read: model.HistoryRead{NodeID: plant("HFixed"), Start: second(1), End: second(9)},
			status: model.StatusBadInvalidArgument, says: "limit 0",
		},
	}
}

// Many nodes are one request as far as the limit of 100 allows, whatever was asked of each before.
func testHistoryRequests(t *testing.T, s *Source) {
	var reads []model.HistoryRead
	for i := range 250 {
		reads = append(reads, model.HistoryRead{NodeID: plant([]string{"HFixed", "HText"}[i%2]), Start: second(0), End: second(100), Limit: 10})
	}
	least := uint64(1000)
	for range 3 { // keep-alives come in between
		before := s.Requests()
		for i, r := range historyRead(t, s, reads...) {
			if len(r.Values) != 10 || !r.More {
				t.Fatalf("result %d has %d values, more %v (%s)", i, len(r.Values), r.More, r.Message)
			}
		}
		least = min(least, s.Requests()-before)
	}
	if want := uint64(3 + 3); least != want { // each has continuation points to release
		t.Errorf("250 nodes took %d requests, want %d", least, want)
	}
}

func testHistoryCapabilities(t *testing.T, s *Source) {
	c, err := s.HistoryCapabilities(t.Context(), []model.HistoryCapabilitiesQuery{{}})
	if err != nil || len(c) != 1 {
		t.Fatal(c, err)
	}
	names := map[string]bool{}
	for _, f := range c[0].Aggregates {
		names[f.Name] = true
	}
	if c[0].AccessHistoryData == nil || c[0].MaxNodesPerHistoryReadData == nil || *c[0].MaxNodesPerHistoryReadData != 100 || !names["Average"] || !names["Minimum"] {
		t.Errorf("capabilities are %+v", c[0])
	}
}

func testHistoryConfiguration(t *testing.T, s *Source) {
	c, err := s.HistoryConfiguration(t.Context(), []model.ExpandedNodeID{plant("HFixed"), plant("Scalar_Double"), plant("Nothing"), rawID(1)})
	if err != nil || len(c) != 4 {
		t.Fatal(c, err)
	}
	f := c[0]
	if f.Status.IsBad() || f.Stepped == nil || *f.Stepped || f.MaxTimeInterval == nil || *f.MaxTimeInterval != 10*time.Second || f.Aggregate == nil ||
		f.Aggregate.PercentDataGood != 100 || f.StartOfOnlineArchive != second(0) {
		t.Errorf("configuration is %+v", f)
	}
	for i, want := range []model.StatusCode{model.StatusBadNotFound, model.StatusBadNodeIdUnknown, model.StatusBadNodeIdUnknown} {
		if c[i+1].Status != want || c[i+1].Message == "" {
			t.Errorf("configuration of node %d is %+v, want %s", i+1, c[i+1], want)
		}
	}
}
