package graph

import (
	"testing"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

func TestGaps(t *testing.T) {
	p := newPlatform(HandlerConfig{})
	g := &p.registry.gateways[0]
	g.Gaps = []model.Gap{
		{Number: 7, Server: "press", Writers: []model.WriterKey{testWriter}, WriterCount: 12, From: testTime, To: testTime.Add(time.Second), Cause: model.GapServerQueue, Values: 3, Detail: "full"},
		{Number: 8, Server: "gone", From: testTime, To: testTime, Cause: model.GapServerRestarted, Messages: 1 << 60},
		{Number: 9, From: testTime, To: testTime, Cause: model.GapBufferFull, Messages: 2},
	}
	g.GapCount = 9
	p.ask(t, `{ gateway(id: "edge1") { gapCount gaps { totalCount pageInfo { hasNextPage } edges { node {
		id gateway { id } server { id } writers { group writer } writerCount from to cause messages values detail } } } } }`).wantData(t,
		`{"gateway": {"gapCount": "9", "gaps": {"totalCount": 3, "pageInfo": {"hasNextPage": false}, "edges": [
		{"node": {"id": "edge1/9", "gateway": {"id": "edge1"}, "server": null, "writers": [], "writerCount": null, "from": "2026-01-02T03:04:05Z", "to": "2026-01-02T03:04:05Z",
			"cause": "BUFFER_FULL", "messages": "2", "values": null, "detail": null}},
		{"node": {"id": "edge1/8", "gateway": {"id": "edge1"}, "server": null, "writers": [], "writerCount": null, "from": "2026-01-02T03:04:05Z", "to": "2026-01-02T03:04:05Z",
			"cause": "SERVER_RESTARTED", "messages": "1152921504606846976", "values": null, "detail": null}},
		{"node": {"id": "edge1/7", "gateway": {"id": "edge1"}, "server": {"id": "press"}, "writers": [{"group": "press", "writer": "default"}], "writerCount": 12,
			"from": "2026-01-02T03:04:05Z", "to": "2026-01-02T03:04:06Z", "cause": "SERVER_QUEUE", "messages": null, "values": "3", "detail": "full"}}]}}}`)
	// Those of the buffer may be of any server.
	p.ask(t, `{ server(id: "press") { gaps(first: 1) { totalCount pageInfo { hasNextPage endCursor } edges { node { id } } } } }`).wantData(t,
		`{"server": {"gaps": {"totalCount": 2, "pageInfo": {"hasNextPage": true, "endCursor": "`+cursor("edge1/9")+`"}, "edges": [{"node": {"id": "edge1/9"}}]}}}`)
	p.ask(t, `query($a: String) { server(id: "press") { gaps(after: $a) { edges { node { id } } } } }`, "a", cursor("edge1/9")).wantData(t,
		`{"server": {"gaps": {"edges": [{"node": {"id": "edge1/7"}}]}}}`)
	p.ask(t, `{ server(id: "oven") { gaps { totalCount } } }`).wantData(t, `{"server": {"gaps": {"totalCount": 0}}}`)
}
