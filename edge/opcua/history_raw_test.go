package opcua

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gopcua/opcua/ua"

	"github.com/shopfloor-iiot/shopfloor/edge/opcua/opcuatest"
	"github.com/shopfloor-iiot/shopfloor/model"
)

// rawHistorian is a server whose node n has the values 0 to 19, one a second, and which misbehaves in history as it is told.
type rawHistorian struct {
	page       int  // values in an answer at most
	points     int  // continuation points at a time; 0 is no limit
	forgetful  bool // gives a continuation point up when it is used
	endless    bool // has a continuation point and nothing else
	onlyFirst  bool // reverses the time of the first node only
	unreadable int  // the node whose values do not decode

	mu       sync.Mutex
	open     map[string]bool // continuation points
	most     int             // of them at a time
	requests int
	updates  []*ua.ExtensionObject
	results  []*ua.HistoryUpdateResult
}

func (h *rawHistorian) answer(req ua.Request) []byte {
	h.mu.Lock()
	defer h.mu.Unlock()
	header := &ua.ResponseHeader{}
	switch r := req.(type) {
	case *ua.ReadRequest:
		if r.NodesToRead[0].AttributeID != ua.AttributeIDDataType {
			return nil
		}
		results := make([]*ua.DataValue, len(r.NodesToRead))
		for i, n := range r.NodesToRead {
			value := any(ua.NewNumericNodeID(0, 11))
			if n.AttributeID == ua.AttributeIDValueRank {
				value = int32(-1)
			}
			results[i] = &ua.DataValue{EncodingMask: ua.DataValueValue, Value: ua.MustVariant(value)}
		}
		return opcuatest.RawResponse(req, &ua.ReadResponse{ResponseHeader: header, Results: results, DiagnosticInfos: []*ua.DiagnosticInfo{}})
	case *ua.HistoryUpdateRequest:
		h.updates = append(h.updates, r.HistoryUpdateDetails...)
		return opcuatest.RawResponse(req, &ua.HistoryUpdateResponse{ResponseHeader: header, Results: h.results[:len(r.HistoryUpdateDetails)], DiagnosticInfos: []*ua.DiagnosticInfo{}})
	case *ua.HistoryReadRequest:
		h.requests++
		results := make([]*ua.HistoryReadResult, len(r.NodesToRead))
		for i, n := range r.NodesToRead {
			results[i] = h.read(r, i, n)
		}
		return opcuatest.RawResponse(req, &ua.HistoryReadResponse{ResponseHeader: header, Results: results, DiagnosticInfos: []*ua.DiagnosticInfo{}})
	}
	return nil
}

func (h *rawHistorian) read(req *ua.HistoryReadRequest, i int, n *ua.HistoryReadValueID) *ua.HistoryReadResult {
	nothing := ua.NewExtensionObject(nil)
	from := 0
	if key := string(n.ContinuationPoint); key != "" {
		known := h.open[key]
		if delete(h.open, key); !known || req.ReleaseContinuationPoints || h.forgetful {
			return &ua.HistoryReadResult{StatusCode: ua.StatusBadContinuationPointInvalid, HistoryData: nothing}
		}
		from = int(n.ContinuationPoint[0])
	}
	if h.endless {
		return &ua.HistoryReadResult{ContinuationPoint: h.point(0, n), HistoryData: ua.NewExtensionObject(&ua.HistoryData{DataValues: []*ua.DataValue{}})}
	}
	d := req.HistoryReadDetails.Value.(*ua.ReadRawModifiedDetails)
	values := historianValues(d, h.onlyFirst && i > 0)
	end := min(from+h.page, len(values))
	result := &ua.HistoryReadResult{HistoryData: ua.NewExtensionObject(&ua.HistoryData{DataValues: values[from:end]})}
	if int(n.NodeID.IntID()) == h.unreadable {
		result.HistoryData = &ua.ExtensionObject{TypeID: result.HistoryData.TypeID, EncodingMask: 1, Value: &rawBody{[]byte{1, 0, 0, 0, 0xFF}}}
		return result
	}
	if end < len(values) {
		if h.points > 0 && len(h.open) >= h.points {
			return &ua.HistoryReadResult{StatusCode: ua.StatusBadNoContinuationPoints, HistoryData: nothing}
		}
		result.ContinuationPoint = h.point(end, n)
	}
	return result
}

// historianValues are the values that the details ask for, as gopcua decodes them.
func historianValues(d *ua.ReadRawModifiedDetails, forward bool) (values []*ua.DataValue) {
	start, end, reverse := d.StartTime, d.EndTime, false
	if end.Before(start) {
		start, end, reverse = end, start, !forward
	}
	for k := range 20 {
		if at := second(float64(k)).Time(); !at.Before(start) && !at.After(end) {
			values = append(values, &ua.DataValue{
				EncodingMask: ua.DataValueValue | ua.DataValueSourceTimestamp, Value: ua.MustVariant(float64(k)), SourceTimestamp: at,
			})
		}
	}
	if reverse {
		slices.Reverse(values)
	}
	return values[:min(len(values), int(d.NumValuesPerNode))]
}

// point makes a continuation point.
func (h *rawHistorian) point(at int, n *ua.HistoryReadValueID) []byte {
	if h.open == nil {
		h.open = map[string]bool{}
	}
	b := binary.LittleEndian.AppendUint32([]byte{byte(at)}, n.NodeID.IntID())
	h.open[string(b)] = true
	h.most = max(h.most, len(h.open))
	return b
}

// left is how many continuation points are open.
func (h *rawHistorian) left() (open, most, requests int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.open), h.most, h.requests
}

func historian(t *testing.T, h *rawHistorian) *Source {
	source := run(t, config(opcuatest.NewRaw(t, h.answer).Endpoint(), &recorder{}))
	connected(t, source)
	return source
}

func historianReads(n int, start, end model.DateTime, limit int) []model.HistoryRead {
	reads := make([]model.HistoryRead, n)
	for i := range reads {
		reads[i] = model.HistoryRead{NodeID: rawID(uint32(i + 1)), Start: start, End: end, Limit: limit}
	}
	return reads
}

// However a server cuts its answers, all comes, in order, and no continuation point is left.
func TestHistoryContinuation(t *testing.T) {
	const all = "0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19"
	for _, c := range []struct {
		name     string
		server   *rawHistorian
		nodes    int
		reversed bool
		limit    int
		want     string
		more     bool
		status   model.StatusCode
		requests int
	}{
		{name: "in pages", server: &rawHistorian{page: 3}, nodes: 5, limit: 100, want: all, requests: 7},
		{name: "a part, in pages", server: &rawHistorian{page: 3}, nodes: 5, limit: 7, want: "0 1 2 3 4 5 6", more: true, requests: 3},
		{name: "a part that ends within a page", server: &rawHistorian{page: 5}, nodes: 2, limit: 3, want: "0 1 2", more: true, requests: 1},
		{name: "points are released", server: &rawHistorian{page: 4}, nodes: 2, limit: 3, want: "0 1 2", more: true, requests: 1},
		{name: "few continuation points", server: &rawHistorian{page: 10, points: 3}, nodes: 12, limit: 100, want: all},
		{
			name: "a continuation point that is given up", server: &rawHistorian{page: 8, forgetful: true}, nodes: 2, limit: 100,
			want: "0 1 2 3 4 5 6 7", more: true, requests: 2,
		},
		{name: "a continuation point without end", server: &rawHistorian{endless: true}, nodes: 2, limit: 100, want: "", requests: maxEmptyPages + 1},
		{
			name: "newest first, of the first node only", server: &rawHistorian{page: 30, onlyFirst: true}, nodes: 3, reversed: true, limit: 3,
			want: "19 18 17", more: true, requests: 3,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			source := historian(t, c.server)
			start, end := second(0), second(30)
			if c.reversed {
				start, end = end, second(-1)
			}
			for i, r := range historyRead(t, source, historianReads(c.nodes, start, end, c.limit)...) {
				(&historyCase{name: fmt.Sprintf("node %d", i), want: c.want, more: c.more, status: c.status}).check(t, &r)
			}
			open, most, requests := c.server.left()
			if open != 0 || c.server.points > 0 && most > c.server.points {
				t.Errorf("%d continuation points are left, there were %d at a time", open, most)
			}
			if c.requests > 0 && requests != c.requests {
				t.Errorf("%d requests, want %d", requests, c.requests)
			}
		})
	}
}

// A server's limit of continuation points, and that it reverses one node at a time, are learnt.
func TestHistoryLearns(t *testing.T) {
	h := &rawHistorian{page: 30, onlyFirst: true}
	source := historian(t, h)
	reads := historianReads(4, second(30), second(-1), 3)
	historyRead(t, source, reads...)
	_, _, before := h.left()
	for _, r := range historyRead(t, source, reads...) {
		(&historyCase{name: "again", want: "19 18 17", more: true}).check(t, &r)
	}
	if _, _, after := h.left(); after-before != 4 {
		t.Errorf("%d requests for 4 nodes, want one each", after-before)
	}
}

// What does not decode of one node is a result of that node.
func TestHistoryUndecodable(t *testing.T) {
	source := historian(t, &rawHistorian{page: 30, unreadable: 3})
	for i, r := range historyRead(t, source, historianReads(5, second(0), second(2), 10)...) {
		c := &historyCase{name: fmt.Sprintf("node %d", i+1), want: "0 1"}
		if i+1 == 3 {
			c = &historyCase{name: "node 3", status: model.StatusBadDecodingError}
		}
		c.check(t, &r)
	}
}

func TestHistoryTooMuch(t *testing.T) {
	source := historian(t, &rawHistorian{page: 30})
	if _, err := source.HistoryRead(t.Context(), historianReads(11, second(0), second(2), model.MaxHistoryLimit)); err == nil || !strings.Contains(err.Error(), "110000") {
		t.Errorf("11 times 10,000 values: %v", err)
	}
}

// The details of updates are what gopcua reads, and each entry has its result.
func TestHistoryUpdateDetails(t *testing.T) {
	h := &rawHistorian{results: []*ua.HistoryUpdateResult{
		{OperationResults: []ua.StatusCode{ua.StatusGoodEntryInserted, ua.StatusBadEntryExists}, DiagnosticInfos: []*ua.DiagnosticInfo{}},
		{StatusCode: ua.StatusBadNoData, OperationResults: []ua.StatusCode{}, DiagnosticInfos: []*ua.DiagnosticInfo{}},
	}}
	source := historian(t, h)
	value := func(text string, at model.DateTime) model.HistoryValue {
		return model.HistoryValue{Value: []byte(text), SourceTimestamp: at, ServerTimestamp: second(9), Status: model.StatusUncertainSubNormal}
	}
	items := []model.HistoryUpdate{
		{NodeID: rawID(1), Perform: model.HistoryInsert, Values: []model.HistoryValue{value("1.5", second(1)), value(`"text"`, second(2)), value("2.5", second(3)), value("3", 0)}},
		{NodeID: rawID(2), Kind: model.HistoryDeleteRaw, Start: second(1), End: second(2), Modified: true},
		{NodeID: rawID(3), Kind: model.HistoryDeleteAtTimes, Times: []model.DateTime{second(1), second(2)}},
		{NodeID: rawID(4), Kind: model.HistoryDeleteEvents, EventIDs: [][]byte{{1, 2}, {3}}},
		{
			NodeID: rawID(5), Kind: model.HistoryUpdateEvents, Perform: model.HistoryReplace, Events: [][]json.RawMessage{{json.RawMessage(`"hi"`), json.RawMessage("null")}, {json.RawMessage(`"short"`)}},
			Fields: []model.SelectClause{{BrowsePath: []string{"SourceName"}}, {BrowsePath: []string{"Message"}}},
		},
		{NodeID: rawID(6), Kind: model.HistoryDeleteRaw, Start: second(2), End: second(1)},
		{NodeID: model.ExpandedNodeID{NodeID: model.NumericID(0, 1), NamespaceURI: "urn:nobody"}, Kind: model.HistoryDeleteRaw, Start: second(1), End: second(2)},
	}
	results, err := source.HistoryUpdate(t.Context(), items)
	if err != nil || len(results) != len(items) {
		t.Fatal(results, err)
	}
	for i, want := range []model.StatusCode{0, 0, 0, 0, 0, model.StatusBadInvalidArgument, model.StatusBadNodeIdUnknown} {
		if results[i].Status != want {
			t.Errorf("item %d: %+v, want %s", i, results[i], want)
		}
	}
	var statuses []string
	for _, r := range results[0].Results {
		statuses = append(statuses, r.Status.Name())
	}
	if got := strings.Join(statuses, " "); got != "GoodEntryInserted BadTypeMismatch BadEntryExists BadInvalidTimestamp" {
		t.Errorf("results of the values are %s", got)
	}
	if r := results[0].Results[2]; !strings.Contains(r.Message, "replace it") {
		t.Errorf("message is %q", r.Message)
	}
	if r := results[4].Results; len(r) != 2 || r[1].Status != model.StatusBadInvalidArgument {
		t.Errorf("results of the events are %+v", r)
	}
	checkHistoryUpdates(t, h.updates)
}

func checkHistoryUpdates(t *testing.T, updates []*ua.ExtensionObject) {
	t.Helper()
	if len(updates) != 5 {
		t.Fatalf("%d updates were sent, want 5", len(updates))
	}
	data, _ := updates[0].Value.(*ua.UpdateDataDetails)
	if data == nil || data.NodeID.String() != "ns=1;i=1" || data.PerformInsertReplace != ua.PerformUpdateTypeInsert || len(data.UpdateValues) != 2 {
		t.Fatalf("data are %+v", updates[0].Value)
	}
	if v := data.UpdateValues[1]; v.Value.Value() != 2.5 || !v.SourceTimestamp.Equal(second(3).Time()) || !v.ServerTimestamp.Equal(second(9).Time()) || model.StatusCode(v.Status) != model.StatusUncertainSubNormal {
		t.Errorf("the second value is %+v", v)
	}
	if d, _ := updates[1].Value.(*ua.DeleteRawModifiedDetails); d == nil || !d.IsDeleteModified || !d.StartTime.Equal(second(1).Time()) || !d.EndTime.Equal(second(2).Time()) {
		t.Errorf("range is %+v", updates[1].Value)
	}
	if d, _ := updates[2].Value.(*ua.DeleteAtTimeDetails); d == nil || len(d.ReqTimes) != 2 || !d.ReqTimes[1].Equal(second(2).Time()) {
		t.Errorf("times are %+v", updates[2].Value)
	}
	if d, _ := updates[3].Value.(*ua.DeleteEventDetails); d == nil || len(d.EventIDs) != 2 || string(d.EventIDs[0]) != "\x01\x02" {
		t.Errorf("event ids are %+v", updates[3].Value)
	}
	events, _ := updates[4].Value.(*ua.UpdateEventDetails)
	if events == nil || events.PerformInsertReplace != ua.PerformUpdateTypeReplace || len(events.Filter.SelectClauses) != 2 || len(events.EventData) != 1 ||
		events.EventData[0].EventFields[0].Value() != "hi" || events.EventData[0].EventFields[1].Value() != nil {
		t.Errorf("events are %+v", updates[4].Value)
	}
}

// The filter of events is what gopcua reads: of a type, with these fields and the Time, and what the user wants besides.
func TestHistoryEventFilter(t *testing.T) {
	asked := make(chan *ua.ReadEventDetails, 1)
	source := run(t, config(opcuatest.NewRaw(t, func(req ua.Request) []byte {
		r, ok := req.(*ua.HistoryReadRequest)
		if !ok {
			return nil
		}
		asked <- r.HistoryReadDetails.Value.(*ua.ReadEventDetails)
		events := &ua.HistoryEvent{Events: []*ua.HistoryEventFieldList{{EventFields: []*ua.Variant{ua.MustVariant("hi"), ua.MustVariant(second(3).Time())}}}}
		return opcuatest.RawResponse(req, &ua.HistoryReadResponse{
			ResponseHeader: &ua.ResponseHeader{}, Results: []*ua.HistoryReadResult{{HistoryData: ua.NewExtensionObject(events)}}, DiagnosticInfos: []*ua.DiagnosticInfo{},
		})
	}).Endpoint(), &recorder{}))
	connected(t, source)
	r := historyRead(t, source, model.HistoryRead{
		NodeID: rawID(1), Kind: model.HistoryEvents, Start: second(1), End: second(9), Limit: 5, Events: &model.EventSource{
			TypeDefinition: model.ExpandedNodeID{NodeID: model.NumericID(1, 77)}, Select: []model.SelectClause{{BrowsePath: []string{"SourceName"}}},
			Where: []model.WhereElement{{Operator: "IsNull", Operands: []model.WhereOperand{{Attribute: &model.SelectClause{BrowsePath: []string{"Message"}}}}}},
		},
	})[0]
	if r.Status.IsBad() || len(r.Events) != 1 || len(r.Events[0]) != 1 || r.Events[0][0].Text() != "hi" || r.Names[0] != "SourceName" || r.EventTimes[0] != second(3) {
		t.Errorf("result %+v", r)
	}
	d := <-asked
	if d.NumValuesPerNode != 6 || !d.StartTime.Equal(second(1).Time()) || !d.EndTime.Equal(second(9).Time()) {
		t.Errorf("details %+v", d)
	}
	if s := d.Filter.SelectClauses; len(s) != 2 || s[0].BrowsePath[0].Name != "SourceName" || s[1].BrowsePath[0].Name != "Time" {
		t.Errorf("select clauses %+v", s)
	}
	w := d.Filter.WhereClause.Elements
	if len(w) != 3 || w[0].FilterOperator != ua.FilterOperatorAnd || w[1].FilterOperator != ua.FilterOperatorOfType || w[2].FilterOperator != ua.FilterOperatorIsNull {
		t.Fatalf("where clause %+v", w)
	}
	if o, ok := w[1].FilterOperands[0].Value.(*ua.LiteralOperand); !ok || fmt.Sprint(o.Value.Value()) != "ns=1;i=77" {
		t.Errorf("the type is %+v", w[1].FilterOperands[0].Value)
	}
}

// A server without the service says so for each item, with what to do.
func TestHistoryUpdateUnsupported(t *testing.T) {
	s := opcuatest.Start(t, opcuatest.Options{})
	source := run(t, config(s.Endpoint(), &recorder{}))
	connected(t, source)
	results, err := source.HistoryUpdate(t.Context(), []model.HistoryUpdate{
		{NodeID: plant("HFixed"), Perform: model.HistoryInsert, Values: []model.HistoryValue{{Value: []byte("1"), SourceTimestamp: second(0.5)}}},
		{NodeID: plant("Scalar_Double"), Kind: model.HistoryDeleteRaw, Start: second(1), End: second(2)},
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"HistoryWrite", "not Historizing"} {
		if results[i].Status != model.StatusBadServiceUnsupported || !strings.Contains(results[i].Message, want) {
			t.Errorf("item %d: %+v, want %q", i, results[i], want)
		}
		for _, r := range results[i].Results {
			if r.Status != model.StatusBadServiceUnsupported {
				t.Errorf("an entry of item %d: %+v", i, r)
			}
		}
	}
}

// A read that is given up leaves no continuation point behind, and the next one works.
func TestHistoryGivenUp(t *testing.T) {
	var once sync.Once
	entered, leave := make(chan struct{}), make(chan struct{})
	h := &rawHistorian{page: 3}
	source := run(t, config(opcuatest.NewRaw(t, func(req ua.Request) []byte {
		if r, ok := req.(*ua.HistoryReadRequest); ok && len(r.NodesToRead[0].ContinuationPoint) > 0 && !r.ReleaseContinuationPoints {
			once.Do(func() {
				close(entered)
				select {
				case <-leave:
				case <-time.After(30 * time.Second):
				}
			})
		}
		return h.answer(req)
	}).Endpoint(), &recorder{}))
	connected(t, source)
	ctx, cancel := contextWithCancel(t)
	done := make(chan error, 1)
	go func() {
		_, err := source.HistoryRead(ctx, historianReads(1, second(0), second(30), 100))
		done <- err
	}()
	<-entered
	cancel()
	close(leave)
	if err := <-done; err == nil {
		t.Error("the read that was given up has no error")
	}
	for _, r := range historyRead(t, source, historianReads(2, second(0), second(2), 10)...) {
		(&historyCase{name: "after", want: "0 1"}).check(t, &r)
	}
}
