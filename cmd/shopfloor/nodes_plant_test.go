//go:build unix

package main

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/shopfloor-iiot/shopfloor/edge/opcua/opcuatest"
)

// TestNodesOfPlant asks a real server of 10,000 variables for what the generic model tells of nodes.
func TestNodesOfPlant(t *testing.T) {
	t.Parallel()
	peer := opcuatest.Start(t, opcuatest.Options{Vars: 10_000, Period: -1})
	p := startProcess(t)
	p.MustQuery(nil, `mutation($url: String!) { addServer(input: {id: "plant", name: "Plant", endpointUrl: $url, securityMode: NONE}) { id } }`, map[string]any{"url": peer.Endpoint()})
	p.waitFor(time.Minute, "the server is connected", func() error {
		var got struct{ Server struct{ State string } }
		p.MustQuery(&got, `{ server(id: "plant") { state } }`, nil)
		if got.Server.State != "CONNECTED" {
			return fmt.Errorf("state %s", got.Server.State)
		}
		return nil
	})
	t.Run("walk", func(t *testing.T) { walksManyNodes(t, p) })
	for _, c := range nodeCases {
		t.Run(c.name, func(t *testing.T) {
			var got, want any
			p.MustQuery(&got, c.query, nil)
			if err := json.Unmarshal([]byte(c.want), &want); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("data (-want +got):\n%s", diff)
			}
		})
	}
}

// walksManyNodes reads the values of all variables of a folder page by page: a request for the references and one for the values of each page.
func walksManyNodes(t *testing.T, p *process) {
	const nodes, page = 10_000, 1000
	begin := time.Now()
	seen := map[string]bool{}
	requests := map[string]uint64{}
	var after any
	for more := true; more; {
		var got struct {
			Path struct {
				Children struct {
					Edges []struct {
						Node struct {
							NodeID string
							Value  struct{ Status struct{ Name string } }
						}
					}
					PageInfo struct {
						HasNextPage bool
						EndCursor   string
					}
				}
			}
		}
		cost := p.counted(&got, `query($after: String, $n: Int) { path(server: "plant", path: "/0:Objects/1:Plant/1:Fast") { children(first: $n, after: $after) {
			edges { node { nodeId ... on VariableNode { value { value status { name } } } } } pageInfo { hasNextPage endCursor } } } }`, map[string]any{"after": after, "n": page})
		for service, c := range cost.Services {
			requests[service] += c.Requests
		}
		c := got.Path.Children
		for _, e := range c.Edges {
			if seen[e.Node.NodeID] || e.Node.Value.Status.Name != "Good" {
				t.Fatalf("%+v comes twice or has no value", e.Node)
			}
			seen[e.Node.NodeID] = true
		}
		more, after = c.PageInfo.HasNextPage, c.PageInfo.EndCursor
	}
	t.Logf("%d nodes with their values in %v: %v", len(seen), time.Since(begin), requests)
	// The folder itself is found and read anew for each page.
	if len(seen) != nodes || requests["Browse"] != 1 || requests["BrowseNext"] > nodes/page || requests["Read"] > 2*nodes/page+2 {
		t.Errorf("%d nodes took %v", len(seen), requests)
	}
}

var nodeCases = []struct{ name, query, want string }{
	{
		"paths", `{ paths(server: "plant", paths: ["/0:Objects/1:Plant/1:Fast/1:V7", "Objects/Plant/Fast/V8", "<!Organizes>Plant", "/a:b"]) { status { name } node { browseName { name } } }
			path(server: "plant", path: "<!0:Organizes>0:Objects", startingNode: "nsu=urn:shopfloor:plant;s=Plant") { nodeId } }`,
		`{"paths": [{"status": {"name": "Good"}, "node": {"browseName": {"name": "V7"}}}, {"status": {"name": "Good"}, "node": {"browseName": {"name": "V8"}}},
			{"status": {"name": "BadNoMatch"}, "node": null}, {"status": {"name": "BadSyntaxError"}, "node": null}], "path": {"nodeId": "i=85"}}`,
	},
	{
		"what leads to a node", `{ node(server: "plant", nodeId: "nsu=urn:shopfloor:plant;s=V7") { browsePaths parents { edges { isForward node { browseName { name } } } }
			... on VariableNode { typeDefinition { browseName { name } } modellingRule { nodeId } userRolePermissions { roleId } } } }`,
		`{"node": {"browsePaths": ["/0:Objects/nsu=urn:shopfloor:plant;Plant/nsu=urn:shopfloor:plant;Fast/nsu=urn:shopfloor:plant;V7",
				"/0:Views/nsu=urn:shopfloor:plant;Overview/nsu=urn:shopfloor:plant;Plant/nsu=urn:shopfloor:plant;Fast/nsu=urn:shopfloor:plant;V7"],
			"parents": {"edges": [{"isForward": false, "node": {"browseName": {"name": "Fast"}}}]}, "typeDefinition": {"browseName": {"name": "BaseDataVariableType"}},
			"modellingRule": null, "userRolePermissions": null}}`,
	},
	{
		"definitions of data types", `{ nodes(server: "plant", nodeIds: ["nsu=urn:shopfloor:plant:types;i=3001", "nsu=urn:shopfloor:plant:types;i=3002", "i=12"]) { ... on DataTypeNode { isAbstract dataTypeDefinition {
			... on EnumDefinition { values: fields { value name } } ... on StructureDefinition { structureType members: fields { name dataType valueRank isOptional } } } } } }`,
		`{"nodes": [{"isAbstract": false, "dataTypeDefinition": {"values": [{"value": "0", "name": "Off"}, {"value": "1", "name": "Starting"}, {"value": "2", "name": "Running"}, {"value": "3", "name": "Tripped"}]}},
			{"isAbstract": false, "dataTypeDefinition": {"structureType": "STRUCTURE", "members": [{"name": "X", "dataType": "i=11", "valueRank": -1, "isOptional": false},
			{"name": "Y", "dataType": "i=11", "valueRank": -1, "isOptional": false}, {"name": "Z", "dataType": "i=11", "valueRank": -1, "isOptional": false}]}},
			{"isAbstract": false, "dataTypeDefinition": null}]}`,
	},
	{
		"types", `{ type: node(server: "plant", nodeId: "i=2365") { ... on VariableTypeNode { supertype { browseName { name } }
				subtypes(depth: 2, first: 2) { edges { depth node { browseName { name } } } pageInfo { hasNextPage } }
				instanceDeclarations { edges { browsePath modellingRule } } } }
			range: node(server: "plant", nodeId: "i=2368") { ... on VariableTypeNode { instanceDeclarations { edges { browsePath declaredBy modellingRule node { browseName { name } } } } } } }`,
		`{"type": {"supertype": {"browseName": {"name": "BaseDataVariableType"}}, "subtypes": {"edges": [{"depth": 1, "node": {"browseName": {"name": "BaseAnalogType"}}},
			{"depth": 1, "node": {"browseName": {"name": "DiscreteItemType"}}}], "pageInfo": {"hasNextPage": true}}, "instanceDeclarations": {"edges": [
				{"browsePath": "/0:Definition", "modellingRule": "Optional"}, {"browsePath": "/0:ValuePrecision", "modellingRule": "Optional"}]}},
			"range": {"instanceDeclarations": {"edges": [
				{"browsePath": "/0:Definition", "declaredBy": "i=2365", "modellingRule": "Optional", "node": {"browseName": {"name": "Definition"}}},
				{"browsePath": "/0:ValuePrecision", "declaredBy": "i=2365", "modellingRule": "Optional", "node": {"browseName": {"name": "ValuePrecision"}}},
				{"browsePath": "/0:InstrumentRange", "declaredBy": "i=15318", "modellingRule": "Optional", "node": {"browseName": {"name": "InstrumentRange"}}},
				{"browsePath": "/0:InstrumentNumberRange", "declaredBy": "i=15318", "modellingRule": "Optional", "node": {"browseName": {"name": "InstrumentNumberRange"}}},
				{"browsePath": "/0:EURange", "declaredBy": "i=2368", "modellingRule": "Mandatory", "node": {"browseName": {"name": "EURange"}}},
				{"browsePath": "/0:EUNumberRange", "declaredBy": "i=15318", "modellingRule": "Optional", "node": {"browseName": {"name": "EUNumberRange"}}},
				{"browsePath": "/0:EngineeringUnits", "declaredBy": "i=15318", "modellingRule": "Optional", "node": {"browseName": {"name": "EngineeringUnits"}}}]}}}`,
	},
	{
		"ranges of a matrix", `{ node(server: "plant", nodeId: "nsu=urn:shopfloor:plant;s=Matrix_Double") { ... on VariableNode { valueRank part: value(indexRange: "0:1,1:2") { value }
			cell: value(indexRange: "1,0") { value } turned: value(indexRange: "1:0") { value status { name } message } } } }`,
		`{"node": {"valueRank": 2, "part": {"value": [[2, 3], [5, 6]]}, "cell": {"value": [[4]]},
			"turned": {"value": null, "status": {"name": "BadIndexRangeInvalid"}, "message": "indexRange \"1:0\": \"1:0\" is no interval, want a larger index after the colon"}}}`,
	},
	{
		"namespaces", `{ server(id: "plant") { namespaces { index uri } views { edges { node { id } } } } }`,
		`{"server": {"namespaces": [{"index": 0, "uri": "http://opcfoundation.org/UA/"}, {"index": 1, "uri": "urn:shopfloor:plant"}, {"index": 2, "uri": "urn:shopfloor:plant:types"}],
			"views": {"edges": [{"node": {"id": "plant/nsu=urn:shopfloor:plant;s=Overview"}}]}}}`,
	},
}
