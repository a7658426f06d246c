package opcua

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopfloor-iiot/shopfloor/edge/opcua/opcuatest"
	"github.com/shopfloor-iiot/shopfloor/model"
)

// Registered nodes are read and written by the names that the server made for them, and still called, also in the session after a restart of the server.
func TestRegisterNodes(t *testing.T) {
	s := opcuatest.Start(t, opcuatest.Options{Limit: 3, Period: -1})
	source := run(t, config(s.Endpoint(), &recorder{}))
	connected(t, source)
	nodes := []model.ExpandedNodeID{plant("V0"), plant("V1"), plant("Scalar_Double"), plant("Add"), plant("Plant"), plant("V0"), {NodeID: model.StringID(0, "x"), NamespaceURI: "urn:nobody"}}
	ctx, tally := model.WithTally(t.Context())
	results, err := source.RegisterNodes(ctx, nodes)
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range results {
		if r.Status.IsBad() != (i == 6) || r.Status.IsBad() != (r.Message != "") {
			t.Errorf("%s: %+v", nodes[i], r)
		}
	}
	if c := tally.Counts()["RegisterNodes"]; c.Items != 5 {
		t.Errorf("registered with %+v", c)
	}
	registered := func() int {
		r, err := source.RegisteredNodes(t.Context(), []model.RegisteredQuery{{}})
		if err != nil {
			t.Fatal(err)
		}
		return len(r[0].NodeIDs)
	}
	if n := registered(); n != 5 {
		t.Errorf("%d nodes are registered", n)
	}
	use := func(when string) {
		t.Helper()
		names := 0
		if m := source.asks.now().aliases.m.Load(); m != nil {
			for own, name := range *m {
				if uaNodeID(own).String() != name.String() {
					names++
				}
			}
		}
		if names == 0 {
			t.Errorf("%s: the server made no names of its own, so that nothing is tested", when)
		}
		write, err := source.Write(t.Context(), []model.WriteValue{{NodeID: plant("Scalar_Double"), Value: json.RawMessage("4.5"), Verify: true}})
		if err != nil || write[0].Verification == nil || write[0].Verification.Outcome != model.Verified {
			t.Errorf("%s: write %v %+v", when, err, write)
		}
		if r := read(t, source, value("Scalar_Double"), value("V0"), value("V2")); r[0].Value.Float() != 4.5 || !r[1].Status.IsGood() || !r[2].Status.IsGood() {
			t.Errorf("%s: read %+v", when, r)
		}
		call, err := source.Call(t.Context(), []model.CallRequest{{ObjectID: plant("Plant"), MethodID: plant("Add"), InputArguments: []json.RawMessage{json.RawMessage("1"), json.RawMessage("2")}}})
		if err != nil || call[0].Status != 0 || call[0].OutputArguments[0].Value.Float() != 3 {
			t.Errorf("%s: call %v %+v", when, err, call)
		}
	}
	use("registered")

	before := source.asks.now()
	s.Restart()
	eventually(t, 30*time.Second, func() bool {
		now := source.asks.now()
		if now == nil || now.token.String() == before.token.String() {
			return false
		}
		m := now.aliases.m.Load()
		return m != nil && len(*m) == 5
	}, func() string { return fmt.Sprintf("nodes are registered again: %+v", source.Status()) })
	use("after a restart")

	if results, err = source.UnregisterNodes(t.Context(), []model.ExpandedNodeID{plant("V0"), plant("V9")}); err != nil || results[0].Status != 0 || results[1].Status != model.StatusBadNodeIdUnknown {
		t.Errorf("unregister: %v %+v", err, results)
	}
	if n := registered(); n != 4 {
		t.Errorf("%d nodes are registered", n)
	}
	if r := read(t, source, value("V0")); !r[0].Status.IsGood() {
		t.Errorf("V0 by its own id: %+v", r)
	}

	many := make([]model.ExpandedNodeID, maxRegistered)
	for i := range many {
		many[i] = plant(fmt.Sprintf("X%d", i))
	}
	source.registered.mu.Lock()
	for _, n := range many[:maxRegistered-4] { // as if they were registered: it takes a server long
		source.registered.wanted[n] = struct{}{}
	}
	source.registered.mu.Unlock()
	results, err = source.RegisterNodes(t.Context(), []model.ExpandedNodeID{plant("V1"), plant("V3")})
	if err != nil || results[0].Status != 0 || results[1].Status != model.StatusBadTooManyOperations {
		t.Errorf("over the bound: %v %+v", err, results)
	}
	if !slices.IsSortedFunc(source.registered.list(), func(a, b model.ExpandedNodeID) int { return strings.Compare(a.String(), b.String()) }) {
		t.Error("the nodes are not in order")
	}
}
