package graph

import (
	"strings"
	"testing"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// threeNodes answers as a gateway does for the platform's writer.
func threeNodes(_ string, q model.NodeQuery) model.NodePage {
	key := model.WriterKey{Gateway: "edge1", Group: "press", Writer: "default"}
	if q.After.Field == "Removed" {
		return model.NodePage{Status: model.StatusBadNotFound, Message: "field edge1/press/default/Removed is not published any more"}
	}
	page := model.NodePage{
		Totals: map[model.NodeState]int{model.NodeActive: 2, model.NodeBad: 1}, Values: 1 << 60, Overflows: 3, LastValue: testTime.Add(time.Second),
	}
	gone := model.PublishedNode{Writer: key, ItemState: model.ItemState{
		Field: "Gone", NodeID: tag(9), State: model.NodeBad, Status: model.StatusBadNodeIdUnknown, Message: "monitor: BadNodeIdUnknown", Since: testTime,
	}}
	speed := model.PublishedNode{Writer: key, ItemState: model.ItemState{
		Field: "Oil/Temp", NodeID: tag(2), State: model.NodeActive, Since: testTime, LastValue: testTime.Add(time.Second), Values: 7, Overflows: 3,
		SamplingInterval: 250 * time.Millisecond, QueueSize: 4,
	}}
	switch {
	case q.First == 0:
	case len(q.States) > 0:
		page.Nodes = []model.PublishedNode{gone}
	case q.First == 1 && q.After.Field == "":
		page.Nodes, page.More = []model.PublishedNode{speed}, true
	default:
		page.Nodes = []model.PublishedNode{speed, gone}
	}
	return page
}

func TestPublishedNodes(t *testing.T) {
	p := newPlatform(HandlerConfig{})
	var asked model.NodeQuery
	p.commands.NodesFunc = func(server string, q model.NodeQuery) model.NodePage {
		asked = q
		return threeNodes(server, q)
	}
	p.ask(t, `{ writers { edges { node { nodes(first: 1, filter: {text: "oil"}) { totalCount totals { state count } values overflows lastValueTime pageInfo { hasNextPage endCursor } edges { cursor node {
		writer { id } field nodeId state status { name } message remedy since lastValueTime values overflows samplingInterval queueSize series } } } } } } }`).wantData(t,
		`{"writers": {"edges": [{"node": {"nodes": {"totalCount": 3, "totals": [{"state": "ACTIVE", "count": 2}, {"state": "BAD", "count": 1}], "values": "1152921504606846976",
		"overflows": "3", "lastValueTime": "2026-01-02T03:04:06Z", "pageInfo": {"hasNextPage": true, "endCursor": "`+cursor("edge1/press/default/Oil%2FTemp")+`"}, "edges": [{
		"cursor": "`+cursor("edge1/press/default/Oil%2FTemp")+`", "node": {"writer": {"id": "edge1/press/default"}, "field": "Oil/Temp", "nodeId": "nsu=urn:plant;i=2", "state": "ACTIVE",
		"status": {"name": "Good"}, "message": null, "remedy": null, "since": "2026-01-02T03:04:05Z", "lastValueTime": "2026-01-02T03:04:06Z", "values": "7", "overflows": "3",
		"samplingInterval": "250ms", "queueSize": 4, "series": "edge1/press/default/Oil%2FTemp"}}]}}}]}}`)
	if asked.Writer == nil || asked.Writer.Writer != "default" || asked.Text != "oil" || asked.First != 1 {
		t.Errorf("asked %+v", asked)
	}
	p.ask(t, `query($a: String) { server(id: "press") { publishedNodes(first: 0, after: $a, filter: {states: [LATE]}) { totalCount edges { cursor } } } }`, "a", cursor("edge1/press/default/Oil%2FTemp")).
		wantData(t, `{"server": {"publishedNodes": {"totalCount": 0, "edges": []}}}`)
	if asked.Writer != nil || asked.After.Field != "Oil/Temp" || len(asked.States) != 1 || asked.States[0] != model.NodeLate {
		t.Errorf("asked %+v", asked)
	}
	for _, after := range []string{"x", cursor("edge1/press"), cursor("edge1/press/default/Removed")} {
		p.ask(t, `query($a: String) { server(id: "press") { publishedNodes(after: $a) { totalCount } } }`, "a", after).wantCodes(t, "BAD_USER_INPUT")
	}
}

// Which node failed, why and what to do is one query over all servers, and a gateway that is away spoils only its own part.
func TestBadNodes(t *testing.T) {
	p := newPlatform(HandlerConfig{})
	p.commands.NodesFunc = threeNodes
	query := `{ servers { edges { node { id badNodes { totalCount edges { node { field state status { name } remedy lastValueTime samplingInterval queueSize } } } } } } }`
	a := p.ask(t, query)
	remedy := model.StatusBadNodeIdUnknown.Remedy()
	bad := `{"totalCount": 1, "edges": [{"node": {"field": "Gone", "state": "BAD", "status": {"name": "BadNodeIdUnknown"}, "remedy": "` + remedy + `",
		"lastValueTime": null, "samplingInterval": null, "queueSize": null}}]}`
	a.wantData(t, `{"servers": {"edges": [{"node": {"id": "oven", "badNodes": `+bad+`}}, {"node": {"id": "press", "badNodes": `+bad+`}}]}}`)
	if !strings.Contains(remedy, "address space") {
		t.Errorf("remedy %q", remedy)
	}
	p.commands.NodesFunc = nil
	p.ask(t, `{ server(id: "press") { id badNodes { totalCount } } }`).wantCodes(t, "UNAVAILABLE")
}

func TestConnectionDiagnostics(t *testing.T) {
	p := newPlatform(HandlerConfig{})
	oven := p.registry.status["oven"]
	oven.Reason = model.ReasonCertificateRefused
	p.registry.status["oven"] = oven
	press := p.registry.status["press"]
	press.Figures = model.ServerFigures{
		Values: 1 << 60, ValuesPerSecond: 12.5, LastValue: testTime, Overflows: 2, LateItems: 3, Subscriptions: 4, Sessions: 7, Publishes: 5, Queued: 6,
	}
	p.registry.status["press"] = press
	p.registry.gateways[0].Reported, p.registry.gateways[0].DroppedValues, p.registry.gateways[0].LostDeliveries = testTime, 8, 9
	fields := `{ reason figures { values valuesPerSecond lastValueTime overflows lateItems subscriptions sessions publishRequests queuedValues } }`
	p.ask(t, `{ server(id: "press") { connection `+fields+` gateway { reported droppedValues refusedValues unstoredFrames lostDeliveries } } }`).wantData(t,
		`{"server": {"connection": {"reason": null, "figures": {"values": "1152921504606846976", "valuesPerSecond": 12.5, "lastValueTime": "2026-01-02T03:04:05Z",
		"overflows": "2", "lateItems": 3, "subscriptions": 4, "sessions": 7, "publishRequests": 5, "queuedValues": 6}},
		"gateway": {"reported": "2026-01-02T03:04:05Z", "droppedValues": "8", "refusedValues": "0", "unstoredFrames": "0", "lostDeliveries": "9"}}}`)
	p.ask(t, `{ server(id: "oven") { connection { reason figures { lastValueTime } } } }`).wantData(t,
		`{"server": {"connection": {"reason": "CERTIFICATE_REFUSED_BY_SERVER", "figures": {"lastValueTime": null}}}}`)
}

// Every reason and every state has a name in the schema.
func TestDiagnosticNames(t *testing.T) {
	p := newPlatform(HandlerConfig{})
	oven := p.registry.status["oven"]
	for _, oven.Reason = range model.ConnectionReasons() {
		p.registry.status["oven"] = oven
		p.ask(t, `{ server(id: "oven") { connection { reason } } }`).wantCodes(t)
	}
	for _, state := range model.NodeStates() {
		p.commands.NodesFunc = func(string, model.NodeQuery) model.NodePage {
			return model.NodePage{Totals: map[model.NodeState]int{state: 1}}
		}
		p.ask(t, `{ server(id: "oven") { publishedNodes { totalCount totals { state } } } }`).wantCodes(t)
	}
}
