package graph

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// fakeEvents keeps events, the newest first, and looks at no more than scan of them in one go.
type fakeEvents struct {
	events []model.Event
	scan   int
	query  model.EventQuery

	WatchFunc func(ctx context.Context, f model.EventFilter) <-chan model.Event
}

func (f *fakeEvents) Events(_ context.Context, q model.EventQuery) (page model.EventPage, err error) {
	f.query = q
	for i, looked := 0, 0; i < len(f.events); i++ {
		e := &f.events[i]
		if !q.After.IsZero() && e.Position().Compare(q.After) >= 0 {
			continue
		}
		if looked++; looked > f.scan && f.scan > 0 || len(page.Events) == q.Limit {
			page.Next = f.events[i-1].Position()
			return page, nil
		}
		if q.Filter.Matches(e) {
			page.Events = append(page.Events, *e)
		}
	}
	return page, nil
}

func (f *fakeEvents) Watch(ctx context.Context, filter model.EventFilter) <-chan model.Event {
	return f.WatchFunc(ctx, filter)
}

func newEvents(count int) *platform {
	p := newPlatform(HandlerConfig{})
	for i := range count {
		at := model.DateTimeOf(testTime.Add(time.Duration(i) * time.Second))
		e := model.Event{ID: fmt.Sprint("e", i), At: at, Gateway: "edge1", Group: "press", Writer: "alarms", Server: "press", Time: at, Severity: uint16(1 + i)}
		p.events.events = append(p.events.events, e)
	}
	slices.Reverse(p.events.events)
	return p
}

const eventNode = `id gateway server group writer eventId eventType eventTypeName sourceNode sourceName time receiveTime message { locale text } severity
	conditionId branchId retain fields { name value dataType status { name } }`

func TestEvents(t *testing.T) {
	p := newEvents(1)
	retain := true
	p.events.events[0] = model.Event{
		ID: "e1", At: 5, Gateway: "edge1", Group: "press", Writer: "alarms", Server: "press", EventID: []byte{1, 2},
		EventType: model.Expanded(model.NumericID(0, 9482)), SourceNode: tag(1), SourceName: "Boiler", Time: model.DateTimeOf(testTime) + 1,
		ReceiveTime: model.DateTimeOf(testTime), Message: model.LocalizedText{Locale: "en", Text: "hot"}, Severity: 900, ConditionID: tag(2), BranchID: tag(3),
		Retain: &retain, Fields: []model.EventField{
			{Name: "Count", Value: model.DataValue{Value: model.UInt64Value(1 << 63)}}, {Name: "Gone", Value: model.DataValue{Status: model.StatusBadNodeIdUnknown}},
		},
	}
	p.events.events = append(p.events.events, model.Event{ID: "e0", At: 4, Gateway: "g", Group: "r", Writer: "w"})
	p.ask(t, `{ events { pageInfo { hasNextPage hasPreviousPage startCursor endCursor } edges { cursor node { `+eventNode+` } } } }`).wantData(t,
		`{"events": {"pageInfo": {"hasNextPage": false, "hasPreviousPage": false, "startCursor": "`+cursor("5.e1")+`", "endCursor": "`+cursor("4.e0")+`"}, "edges": [
		{"cursor": "`+cursor("5.e1")+`", "node": {"id": "e1", "gateway": "edge1", "server": "press", "group": "press", "writer": "alarms", "eventId": "AQI=",
			"eventType": "i=9482", "eventTypeName": "ExclusiveLevelAlarmType", "sourceNode": "nsu=urn:plant;i=1", "sourceName": "Boiler",
			"time": "2026-01-02T03:04:05.0000001Z", "receiveTime": "2026-01-02T03:04:05Z", "message": {"locale": "en", "text": "hot"}, "severity": 900,
			"conditionId": "nsu=urn:plant;i=2", "branchId": "nsu=urn:plant;i=3", "retain": true,
			"fields": [{"name": "Count", "value": "9223372036854775808", "dataType": "UInt64", "status": {"name": "Good"}},
				{"name": "Gone", "value": null, "dataType": null, "status": {"name": "BadNodeIdUnknown"}}]}},
		{"cursor": "`+cursor("4.e0")+`", "node": {"id": "e0", "gateway": "g", "server": "", "group": "r", "writer": "w", "eventId": null, "eventType": null,
			"eventTypeName": null, "sourceNode": null, "sourceName": null, "time": null, "receiveTime": null, "message": null, "severity": null,
			"conditionId": null, "branchId": null, "retain": null, "fields": []}}]}}`)
}

// TestEventsByPages: also where a page is short, because the filter selects few of many.
func TestEventsByPages(t *testing.T) {
	for _, scan := range []int{0, 7} {
		p := newEvents(120)
		p.events.scan = scan
		var after any
		var ids []string
		pages := 0
		for next := true; next; pages++ {
			a := p.ask(t, `query($a: String) { events(filter: {minSeverity: 20}, first: 30, after: $a) { pageInfo { hasNextPage endCursor } edges { node { id } } } }`, "a", after)
			if len(a.Errors) > 0 {
				t.Fatal(a.Errors)
			}
			c := a.Data.(map[string]any)["events"].(map[string]any)
			for _, e := range c["edges"].([]any) {
				ids = append(ids, e.(map[string]any)["node"].(map[string]any)["id"].(string))
			}
			info := c["pageInfo"].(map[string]any)
			next, after = info["hasNextPage"].(bool), info["endCursor"]
		}
		if len(ids) != 101 || ids[0] != "e119" || ids[100] != "e19" || len(slices.Compact(ids)) != 101 {
			t.Errorf("looking at %d in one go: %d events in %d pages: %v", scan, len(ids), pages, ids)
		}
	}
}

func TestEventsFilter(t *testing.T) {
	p := newEvents(3)
	p.ask(t, `{ events(first: 10, from: "2026-01-02T03:04:05Z", to: "2026-01-02T03:04:06Z", filter: { gateway: "g", server: "s", group: "r", writer: "w",
		eventTypes: ["i=1"], sourceNodes: ["i=2"], sourceName: "n", minSeverity: 3, maxSeverity: 4, text: "t", condition: "i=5", retain: false }) { edges { cursor } } }`).
		wantData(t, `{"events": {"edges": []}}`)
	q := p.events.query
	f := q.Filter
	if q.Limit != 10 || q.From != model.DateTimeOf(testTime) || q.To != model.DateTimeOf(testTime.Add(time.Second)) || f.Gateway != "g" || f.Server != "s" ||
		f.Group != "r" || f.Writer != "w" || len(f.EventTypes) != 1 || len(f.SourceNodes) != 1 || f.SourceName != "n" || f.MinSeverity != 3 ||
		f.MaxSeverity != 4 || f.Text != "t" || f.Condition.String() != "i=5" || f.Retained == nil || *f.Retained {
		t.Errorf("asked for %+v", q)
	}
	p.ask(t, `{ events(first: 0) { edges { cursor } pageInfo { hasNextPage } } }`).wantData(t, `{"events": {"edges": [], "pageInfo": {"hasNextPage": false}}}`)
	for args, field := range map[string]string{
		`first: 501`: "first", `first: 1001`: "first", `after: "1"`: "after", `after: "` + cursor("x") + `"`: "after", `after: "` + cursor("0.a") + `"`: "after",
		`filter: {minSeverity: 0}`: "filter.minSeverity", `filter: {maxSeverity: 1001}`: "filter.maxSeverity",
		`filter: {minSeverity: 500, maxSeverity: 499}`:             "filter.maxSeverity",
		`from: "2026-01-02T03:04:05Z", to: "2026-01-02T03:04:05Z"`: "from",
	} {
		a := p.ask(t, `{ events(`+args+`) { edges { cursor } } }`)
		a.wantCodes(t, "BAD_USER_INPUT")
		if a.Errors[0].Extensions["field"] != field {
			t.Errorf("%s: error %v", args, a.Errors[0])
		}
	}
	p.resolver.Events = nil
	p.ask(t, `{ events { edges { cursor } } }`).wantCodes(t, "UNAVAILABLE")
}

func TestEventsOverWebSocket(t *testing.T) {
	p := newPlatform(HandlerConfig{})
	in, asked, done := make(chan model.Event), make(chan model.EventFilter, 1), make(chan struct{})
	p.events.WatchFunc = func(ctx context.Context, f model.EventFilter) <-chan model.Event {
		asked <- f
		context.AfterFunc(ctx, func() { close(done) })
		return in
	}
	c := connect(t, p)
	c.subscribe("1", `subscription { events(filter: {minSeverity: 500}) { id severity eventTypeName } }`)
	if f := <-asked; f.MinSeverity != 500 {
		t.Errorf("asked for %+v", f)
	}
	in <- model.Event{ID: "e1", Severity: 700, EventType: model.Expanded(model.NumericID(0, 3035))}
	c.want("next", `{"data":{"events":{"id":"e1","severity":700,"eventTypeName":"EventQueueOverflowEventType"}}}`)
	c.send(frame{ID: "1", Type: "complete"})
	await(t, "the end of the subscription", done)
	c = connect(t, p)
	c.subscribe("2", `subscription { events(filter: {minSeverity: -1}) { id } }`)
	c.want("next", `{"errors":[{"message":"filter.minSeverity: -1 is not from 1 to 1000","path":["events"],"locations":[{"line":1,"column":16}],"extensions":{"code":"BAD_USER_INPUT","field":"filter.minSeverity","remedy":"Correct the argument that the message names."}}],"data":null}`)
}
