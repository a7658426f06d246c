package graph

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/shopfloor-iiot/shopfloor/model"
)

func TestWriterFields(t *testing.T) {
	p := newPlatform(HandlerConfig{})
	p.ask(t, `{ writers { totalCount pageInfo { hasNextPage } edges { cursor node { id gateway { id } group name server { id } samplingInterval publishingInterval fieldCount
		extensionFields valuesPerSecond status { active badCount error bad { field nodeId message status { name } } }
		fields(first: 2) { totalCount pageInfo { hasNextPage endCursor } edges { cursor node { name nodeId samplingInterval queueSize series } } } } } } }`).wantData(t,
		`{"writers": {"totalCount": 1, "pageInfo": {"hasNextPage": false}, "edges": [{"cursor": "`+cursor("edge1/press/default")+`", "node": {"id": "edge1/press/default",
		"gateway": {"id": "edge1"}, "group": "press", "name": "default", "server": {"id": "press"}, "samplingInterval": "250ms", "publishingInterval": "1s", "fieldCount": 3,
		"extensionFields": {"line": "3"}, "valuesPerSecond": 6.25, "status": {"active": 2, "badCount": 1, "error": "one is missing",
			"bad": [{"field": "Gone", "nodeId": "nsu=urn:plant;i=9", "message": "no such node", "status": {"name": "BadNodeIdUnknown"}}]},
		"fields": {"totalCount": 3, "pageInfo": {"hasNextPage": true, "endCursor": "`+cursor("Oil/Temp")+`"}, "edges": [
			{"cursor": "`+cursor("Speed")+`", "node": {"name": "Speed", "nodeId": "nsu=urn:plant;i=1", "samplingInterval": null, "queueSize": null, "series": "edge1/press/default/Speed"}},
			{"cursor": "`+cursor("Oil/Temp")+`", "node": {"name": "Oil/Temp", "nodeId": "nsu=urn:plant;i=2", "samplingInterval": "1m", "queueSize": 4, "series": "edge1/press/default/Oil%2FTemp"}}]}}}]}}`)
	p.ask(t, `query($a: String) { writers { edges { node { fields(after: $a) { edges { node { name } } pageInfo { hasPreviousPage } } } } } }`, "a", cursor("Oil/Temp")).
		wantData(t, `{"writers": {"edges": [{"node": {"fields": {"edges": [{"node": {"name": "Gone"}}], "pageInfo": {"hasPreviousPage": true}}}}]}}`)
	// Fields have no order of names to go on by.
	p.ask(t, `query($a: String) { writers { edges { node { fields(after: $a) { totalCount } } } } }`, "a", cursor("Removed")).wantCodes(t, "BAD_USER_INPUT")
}

func TestWriterFilter(t *testing.T) {
	for filter, want := range map[string]int{
		`{}`: 1, `{gateway: "edge1", server: "press", group: "press"}`: 1, `{gateway: "x"}`: 0, `{server: "x"}`: 0, `{group: "x"}`: 0,
	} {
		newPlatform(HandlerConfig{}).ask(t, `{ writers(filter: `+filter+`) { totalCount } }`).wantData(t, fmt.Sprintf(`{"writers": {"totalCount": %d}}`, want))
	}
}

func TestPublish(t *testing.T) {
	p := newPlatform(HandlerConfig{})
	var got model.PublishRequest
	p.registry.PublishFunc = func(r model.PublishRequest) (model.DataSetWriter, []model.PublishResult, error) {
		got = r
		return p.registry.writers[0], []model.PublishResult{
			{NodeID: tag(1), Field: "Speed"}, {NodeID: tag(2), Status: model.StatusBadNodeIdUnknown, Message: "no such node"},
		}, nil
	}
	p.ask(t, `mutation($n: [PublishNodeInput!]!) { publish(input: {server: "press", nodes: $n, samplingInterval: "100ms", publishingInterval: "1m30s", extensionFields: {line: "3"}}) {
		writer { id } results { nodeId field message status { name } } } }`,
		"n", []any{map[string]any{"nodeId": tag(1).String(), "name": "Speed", "samplingInterval": "0s", "queueSize": 5}, map[string]any{"nodeId": tag(2).String()}}).wantData(t,
		`{"publish": {"writer": {"id": "edge1/press/default"}, "results": [{"nodeId": "nsu=urn:plant;i=1", "field": "Speed", "message": null, "status": {"name": "Good"}},
		{"nodeId": "nsu=urn:plant;i=2", "field": null, "message": "no such node", "status": {"name": "BadNodeIdUnknown"}}]}}`)
	sampling, publishing := 100*time.Millisecond, 90*time.Second
	want := model.PublishRequest{
		Server: "press", Group: "press", Writer: "default", Nodes: []model.PublishedField{{Name: "Speed", NodeID: tag(1), QueueSize: 5}, {NodeID: tag(2)}},
		SamplingInterval: &sampling, PublishingInterval: &publishing, ExtensionFields: map[string]string{"line": "3"},
	}
	if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b model.ExpandedNodeID) bool { return a == b })); diff != "" {
		t.Errorf("request (-want +got):\n%s", diff)
	}
}

func TestPublishTenThousandNodes(t *testing.T) {
	p := newPlatform(HandlerConfig{})
	p.registry.PublishFunc = func(r model.PublishRequest) (model.DataSetWriter, []model.PublishResult, error) {
		return p.registry.writers[0], make([]model.PublishResult, len(r.Nodes)), nil
	}
	nodes := make([]any, maxBatch)
	for i := range nodes {
		nodes[i] = map[string]any{"nodeId": tag(i + 1).String(), "name": fmt.Sprintf("Plant/Area/Line/Machine/Unit/Component/Measurement number %d", i), "samplingInterval": "100ms"}
	}
	const mutation = `mutation($n: [PublishNodeInput!]!) { publish(input: {server: "press", nodes: $n}) { results { field status { name } } } }`
	a := p.ask(t, mutation, "n", nodes)
	if n := len(a.Data.(map[string]any)["publish"].(map[string]any)["results"].([]any)); len(a.Errors) > 0 || n != maxBatch {
		t.Errorf("%d results, errors %v", n, a.Errors)
	}
	p.ask(t, mutation, "n", append(nodes, nodes[0])).wantCodes(t, "BAD_USER_INPUT")
}

func TestPublishRefusesBadInput(t *testing.T) {
	for input, field := range map[string]string{
		`nodes: []`:                         "nodes",
		`group: "", nodes: {nodeId: "i=1"}`: "group, writer",
		`publishingInterval: "10ms", nodes: {nodeId: "i=1"}`: "publishingInterval",
		`nodes: {nodeId: "i=1", queueSize: -1}`:              "nodes[0].queueSize",
	} {
		a := newPlatform(HandlerConfig{}).ask(t, `mutation { publish(input: {server: "press" `+input+`}) { writer { id } } }`)
		a.wantCodes(t, "BAD_USER_INPUT")
		if a.Errors[0].Extensions["field"] != field {
			t.Errorf("%s: error %v", input, a.Errors[0])
		}
	}
	for _, duration := range []string{`"-1s"`, `"fast"`, `"1"`, `5`, `"-1d"`} {
		newPlatform(HandlerConfig{}).ask(t, `mutation { publish(input: {server: "press", samplingInterval: `+duration+`, nodes: {nodeId: "i=1"}}) { writer { id } } }`).
			wantCodes(t, "BAD_USER_INPUT")
	}
}

func TestUnpublish(t *testing.T) {
	p := newPlatform(HandlerConfig{})
	p.ask(t, `mutation { unpublish(input: {writer: "edge1/press/default", nodeIds: ["nsu=urn:plant;i=1"]}) { writer { id } results { nodeId status { name } } } }`).wantData(t,
		`{"unpublish": {"writer": {"id": "edge1/press/default"}, "results": [{"nodeId": "nsu=urn:plant;i=1", "status": {"name": "Good"}}]}}`)
	p.ask(t, `mutation { unpublish(input: {writer: "edge1/press/default"}) { writer { id } results { nodeId } } }`).wantData(t, `{"unpublish": {"writer": null, "results": []}}`)
	p.ask(t, `mutation { unpublish(input: {writer: "edge1/press/no"}) { writer { id } } }`).wantCodes(t, "NOT_FOUND")
	p.ask(t, `mutation { unpublish(input: {writer: "edge1/press"}) { writer { id } } }`).wantCodes(t, "BAD_USER_INPUT")
	p.ask(t, `mutation { unpublish(input: {writer: "edge1/press/%zz"}) { writer { id } } }`).wantCodes(t, "BAD_USER_INPUT")
	p.ask(t, `mutation { unpublish(input: {writer: "edge1/press/default", nodeIds: []}) { writer { id } } }`).wantCodes(t, "BAD_USER_INPUT")
}

func TestWriterIDRoundTrip(t *testing.T) {
	for _, k := range []model.WriterKey{{Gateway: "g", Group: "a/b", Writer: "50 %"}, testWriter} {
		got, err := parseWriterID("writer", writerID(k))
		if err != nil || got != k {
			t.Errorf("%v came back as %v, %v", k, got, err)
		}
	}
}
