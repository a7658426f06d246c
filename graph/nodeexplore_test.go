package graph

import (
	"fmt"
	"strings"
	"testing"

	"github.com/shopfloor-iiot/shopfloor/model"
)

func exploring(t *testing.T) (*platform, *tree) {
	t.Helper()
	p, plant := newPlatform(HandlerConfig{}), boilers()
	p.commands.BrowseFunc, p.commands.ReadFunc = plant.browse, plant.read
	return p, plant
}

func TestBrowsePathsOfNodes(t *testing.T) {
	p, plant := exploring(t)
	plant.names[tag(50)], plant.class[tag(50)] = "Area", model.NodeClassObject // it organizes the boiler, and the boiler it: a loop
	p.ask(t, `{ nodes(server: "press", nodeIds: ["nsu=urn:plant;i=1", "nsu=urn:plant;i=101", "i=84", "i=58"]) { browsePaths }
		one: node(server: "press", nodeId: "nsu=urn:plant;i=1") { browsePaths(first: 1) } }`).wantData(t, `{"nodes": [
		{"browsePaths": ["/0:Objects/nsu=urn:plant;Boiler&/1"]}, {"browsePaths": ["/0:Types/0:BaseObjectType/nsu=urn:plant;DeviceType/nsu=urn:plant;BoilerType"]},
		{"browsePaths": []}, {"browsePaths": ["/0:Types/0:BaseObjectType"]}], "one": {"browsePaths": ["/0:Objects/nsu=urn:plant;Boiler&/1"]}}`)
	plant.refs = append(plant.refs, [3]model.ExpandedNodeID{objectsFolder, ns0(35), tag(50)})
	p.ask(t, `{ node(server: "press", nodeId: "nsu=urn:plant;i=1") { browsePaths } }`).wantData(t,
		`{"node": {"browsePaths": ["/0:Objects/nsu=urn:plant;Boiler&/1", "/0:Objects/nsu=urn:plant;Area/nsu=urn:plant;Boiler&/1"]}}`)
}

func TestSubtypes(t *testing.T) {
	p, _ := exploring(t)
	const edges = `totalCount edges { depth supertype node { browseName { name } ... on ObjectTypeNode { supertype { browseName { name } } } } } pageInfo { hasNextPage endCursor }`
	p.ask(t, `query($after: String!) { node(server: "press", nodeId: "i=58") { ... on ObjectTypeNode { one: subtypes { `+edges+` } all: subtypes(depth: 9) { totalCount }
		last: subtypes(depth: 9, first: 1, after: $after) { `+edges+` } } } }`, "after", cursor("1")).wantData(t, `{"node": {
		"one": {"totalCount": 1, "edges": [{"depth": 1, "supertype": "i=58", "node": {"browseName": {"name": "DeviceType"}, "supertype": {"browseName": {"name": "BaseObjectType"}}}}],
			"pageInfo": {"hasNextPage": false, "endCursor": "`+cursor("1")+`"}},
		"all": {"totalCount": 2},
		"last": {"totalCount": 2, "edges": [{"depth": 2, "supertype": "nsu=urn:plant;i=100", "node": {"browseName": {"name": "BoilerType"}, "supertype": {"browseName": {"name": "DeviceType"}}}}],
			"pageInfo": {"hasNextPage": false, "endCursor": "`+cursor("2")+`"}}}}`)
	for _, depth := range []int{0, 33} {
		a := p.ask(t, `query($d: Int) { node(server: "press", nodeId: "i=58") { ... on ObjectTypeNode { subtypes(depth: $d) { totalCount } } } }`, "d", depth)
		a.wantCodes(t, "BAD_USER_INPUT")
	}
}

// What a supertype declares comes first; Serial is overridden, Helper has no modelling rule.
func TestInstanceDeclarations(t *testing.T) {
	p, _ := exploring(t)
	p.ask(t, `{ node(server: "press", nodeId: "nsu=urn:plant;i=101") { ... on ObjectTypeNode { instanceDeclarations { totalCount
		edges { browsePath declaredBy modellingRule modellingRuleId node { nodeId nodeClass ... on VariableNode { modellingRule { browseName { name } } } } } } } } }`).wantData(t,
		`{"node": {"instanceDeclarations": {"totalCount": 3, "edges": [
		{"browsePath": "/nsu=urn:plant;Serial", "declaredBy": "nsu=urn:plant;i=101", "modellingRule": "Optional", "modellingRuleId": "i=80",
			"node": {"nodeId": "nsu=urn:plant;i=113", "nodeClass": "VARIABLE", "modellingRule": {"browseName": {"name": "Optional"}}}},
		{"browsePath": "/nsu=urn:plant;Level", "declaredBy": "nsu=urn:plant;i=100", "modellingRule": "Optional", "modellingRuleId": "i=80",
			"node": {"nodeId": "nsu=urn:plant;i=111", "nodeClass": "VARIABLE", "modellingRule": {"browseName": {"name": "Optional"}}}},
		{"browsePath": "/nsu=urn:plant;Level/nsu=urn:plant;Unit", "declaredBy": "nsu=urn:plant;i=100", "modellingRule": "Mandatory", "modellingRuleId": "i=78",
			"node": {"nodeId": "nsu=urn:plant;i=112", "nodeClass": "VARIABLE", "modellingRule": {"browseName": {"name": "Mandatory"}}}}]}}}`)
}

func TestExploringFails(t *testing.T) {
	p, plant := exploring(t)
	p.commands.BrowseFunc = func(nodes []model.BrowseDescription) ([]model.BrowseResult, error) {
		if nodes[0].NodeID == tag(1) {
			return []model.BrowseResult{{Status: model.StatusBadUserAccessDenied, Message: "not for this user"}}, nil
		}
		return nil, fmt.Errorf("gateway edge1: %w", ErrUnavailable)
	}
	a := p.ask(t, `{ one: node(server: "press", nodeId: "nsu=urn:plant;i=1") { nodeId browsePaths } }`)
	a.wantPartial(t, `{"one": {"nodeId": "nsu=urn:plant;i=1", "browsePaths": null}}`)
	if a.Errors[0].Extensions["statusCode"] != "BadUserAccessDenied" {
		t.Errorf("error %+v", a.Errors[0])
	}
	p.ask(t, `{ node(server: "press", nodeId: "i=58") { nodeId ... on ObjectTypeNode { subtypes { totalCount } } } }`).wantCodes(t, "UNAVAILABLE")

	// A server without end is given up.
	p.commands.BrowseFunc = func(nodes []model.BrowseDescription) ([]model.BrowseResult, error) {
		results := make([]model.BrowseResult, len(nodes))
		for i, d := range nodes {
			for n := range uint32(10) {
				results[i].References = append(results[i].References, model.Reference{NodeID: ns0(d.NodeID.Numeric()*10 + n), NodeClass: model.NodeClassObjectType})
			}
		}
		return results, nil
	}
	plant.class[ns0(1000)] = model.NodeClassObjectType
	a = p.ask(t, `{ node(server: "press", nodeId: "i=1000") { ... on ObjectTypeNode { subtypes(depth: 32) { totalCount } } } }`)
	a.wantPartial(t, `{"node": {"subtypes": null}}`)
	if !strings.Contains(a.Errors[0].Message, "more than 20000 nodes") || a.Errors[0].Extensions["statusCode"] != "BadTooManyOperations" {
		t.Errorf("error %+v", a.Errors[0])
	}
}
