package graph

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/shopfloor-iiot/shopfloor/model"
)

func TestRegisterNodes(t *testing.T) {
	p := newPlatform(HandlerConfig{})
	var mu sync.Mutex
	var asked []string
	p.commands.RegisterFunc = func(server string, register bool, nodes []model.ExpandedNodeID) ([]model.RegisterResult, error) {
		if server == "oven" {
			return nil, fmt.Errorf("%w: no connection", ErrUnavailable)
		}
		mu.Lock()
		defer mu.Unlock()
		asked = append(asked, fmt.Sprint(server, register, nodes))
		results := make([]model.RegisterResult, len(nodes))
		results[len(nodes)-1] = model.RegisterResult{Status: model.StatusBadNodeIdUnknown, Message: "no such node"}
		return results, nil
	}
	const input = `(input: [{server: "press", nodeId: "i=1"}, {server: "oven", nodeId: "i=2"}, {server: "press", nodeId: "i=3"}, {server: "no", nodeId: "i=4"}]) { nodeId status { name } message } }`
	for _, field := range []string{"registerNodes", "unregisterNodes"} {
		p.ask(t, `mutation { r: `+field+input).wantData(t, `{"r": [
			{"nodeId": "i=1", "status": {"name": "Good"}, "message": null},
			{"nodeId": "i=2", "status": {"name": "BadServerNotConnected"}, "message": "register nodes of server \"oven\": unavailable: no connection"},
			{"nodeId": "i=3", "status": {"name": "BadNodeIdUnknown"}, "message": "no such node"},
			{"nodeId": "i=4", "status": {"name": "BadNotFound"}, "message": "server \"no\": not found"}]}`)
	}
	if want := []string{"presstrue [i=1 i=3]", "pressfalse [i=1 i=3]"}; !slices.Equal(asked, want) {
		t.Errorf("asked %q, want %q", asked, want)
	}
	p.commands.registered = []model.ExpandedNodeID{model.Expanded(model.NumericID(0, 7))}
	p.ask(t, `{ server(id: "press") { registeredNodes } }`).wantData(t, `{"server": {"registeredNodes": ["i=7"]}}`)
}
