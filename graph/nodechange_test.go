package graph

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/shopfloor-iiot/shopfloor/model"
)

func TestNodeChanges(t *testing.T) {
	p := newPlatform(HandlerConfig{})
	in, asked, done := make(chan model.ModelChanges), make(chan model.ModelMonitorRequest, 1), make(chan struct{})
	p.commands.ModelFunc = func(ctx context.Context, r model.ModelMonitorRequest) (<-chan model.ModelChanges, error) {
		asked <- r
		context.AfterFunc(ctx, func() { close(done) })
		return in, nil
	}
	c := connect(t, p)
	c.subscribe("1", `subscription { nodeChanges(server: "press", rebrowse: "1m", verbs: [NODE_ADDED, SEMANTIC_CHANGED]) {
		sequence reload told message status { name } changes { nodeId verbs path nodeClass typeDefinition } } }`)
	if r := <-asked; r.Rebrowse.String() != "1m0s" {
		t.Errorf("asked for %+v", r)
	}
	in <- model.ModelChanges{Sequence: 1, Told: true}
	c.want("next", `{"data":{"nodeChanges":{"sequence":"1","reload":false,"told":true,"message":null,"status":{"name":"Good"},"changes":[]}}}`)
	in <- model.ModelChanges{Sequence: 2, Told: true, Changes: []model.ModelChange{{Affected: tag(1), Verb: model.ModelNodeDeleted}}} // not asked for
	in <- model.ModelChanges{Sequence: 3, Told: true, Changes: []model.ModelChange{
		{Affected: tag(1), Verb: model.ModelReferenceAdded},
		{Affected: tag(2), AffectedType: model.Expanded(model.NumericID(0, 63)), Verb: model.ModelNodeAdded | model.ModelReferenceAdded, Path: "Objects/V2", NodeClass: model.NodeClassVariable},
		{Affected: tag(3), Verb: model.ModelSemanticChanged},
	}}
	c.want("next", `{"data":{"nodeChanges":{"sequence":"3","reload":false,"told":true,"message":null,"status":{"name":"Good"},"changes":[`+
		`{"nodeId":"nsu=urn:plant;i=2","verbs":["NODE_ADDED","REFERENCE_ADDED"],"path":"Objects/V2","nodeClass":"VARIABLE","typeDefinition":"i=63"},`+
		`{"nodeId":"nsu=urn:plant;i=3","verbs":["SEMANTIC_CHANGED"],"path":null,"nodeClass":null,"typeDefinition":null}]}}}`)
	// That the server is away is told with changes that were not asked for, too.
	in <- model.ModelChanges{
		Sequence: 4, Status: model.StatusBadServerNotConnected, Message: "no answer", Reload: true, Changes: []model.ModelChange{{Affected: tag(1), Verb: model.ModelNodeDeleted}},
	}
	c.want("next", `{"data":{"nodeChanges":{"sequence":"4","reload":true,"told":false,"message":"no answer","status":{"name":"BadServerNotConnected"},"changes":[]}}}`)
	close(in)
	if f := c.next(); f.Type != "next" || !strings.Contains(string(f.Payload), `"code":"UNAVAILABLE"`) {
		t.Errorf("got %s %s", f.Type, f.Payload)
	}
	await(t, "the end of the monitoring", done)
}

func TestNodeChangesErrors(t *testing.T) {
	p := newPlatform(HandlerConfig{})
	p.commands.ModelFunc = func(context.Context, model.ModelMonitorRequest) (<-chan model.ModelChanges, error) {
		return nil, ErrUnavailable
	}
	c := connect(t, p)
	for i, tt := range []struct{ arguments, code string }{
		{`server: "no"`, "NOT_FOUND"},
		{`server: "press"`, "UNAVAILABLE"},
		{`server: "press", rebrowse: "9s"`, "BAD_USER_INPUT"},
		{`server: "press", verbs: []`, "BAD_USER_INPUT"},
	} {
		c.subscribe(fmt.Sprint(i), `subscription { nodeChanges(`+tt.arguments+`) { sequence } }`)
		if f := c.next(); !strings.Contains(string(f.Payload), `"code":"`+tt.code+`"`) {
			t.Errorf("%s: got %s %s, want %s", tt.arguments, f.Type, f.Payload, tt.code)
		}
		c.want("complete", "")
	}
}
