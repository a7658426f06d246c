package graph

import (
	"fmt"
	"strings"
	"testing"

	"github.com/shopfloor-iiot/shopfloor/model"
)

func wantAnswer(t *testing.T, data string, errs []string, want string, wantErrors ...string) {
	t.Helper()
	if data != strings.ReplaceAll(want, "\n", "") {
		t.Errorf("data\n%s\nwant\n%s", data, want)
	}
	for i := range max(len(errs), len(wantErrors)) {
		if i >= len(errs) || i >= len(wantErrors) || !strings.Contains(errs[i], wantErrors[i]) {
			t.Fatalf("errors %q, want %q", errs, wantErrors)
		}
	}
}

func TestTypedQuery(t *testing.T) {
	p, _ := pressPlatform(t, 2)
	const query = `query($path: String!, $no: Boolean = false) {
		one: Plant_PressType(server: "press", path: $path) { nodes {
			__typename id browseName { name namespaceUri } displayName { text locale } typeDefinition
			Serial Serial_Plant State { value dataType status { name severity } sourceTimestamp }
			value { value rawValue }
			Force { value Limit { __typename dataTypeId Number Text } }
			Parameters { __typename ... on Plant_PressType_Parameters { Pressure { value EURange { low: Low High } } } }
			Tool { browseName { name } ... on Plant_PressType { never: Serial_Plant } }
			LastService skipped: id @include(if: $no)
		} pageInfo { hasNextPage hasPreviousPage startCursor } }
		...rest
	}
	fragment rest on Query { machines: Acme_MachineType(server: "press", filter: {browseName: "Press2"}) { nodes { Serial ... on Plant_PressType { Force { value } } } } }`
	variables := map[string]any{"path": "Objects/Hall/Press1"}
	data, errs := p.data(t, query, variables)
	wantAnswer(t, data, errs, `{"one":{"nodes":[{"__typename":"Plant_PressType_Object","id":"press/nsu=urn:press;s=P001","browseName":{"name":"Press1","namespaceUri":"urn:press"},
"displayName":{"text":"Press1","locale":null},"typeDefinition":"nsu=http://acme.com/UA/Plant/;i=100",
"Serial":"SN-P001","Serial_Plant":4000000001,"State":{"value":"true_1","dataType":"Int32","status":{"name":"Good","severity":"GOOD"},"sourceTimestamp":"2026-01-02T03:04:05Z"},
"value":{"value":["Overheat","Leak"],"rawValue":9},
"Force":{"value":1.5,"Limit":{"__typename":"Plant_Reading","dataTypeId":"nsu=http://acme.com/UA/Plant/;i=5","Number":99.5,"Text":null}},
"Parameters":{"__typename":"Plant_PressType_Parameters_Object","Pressure":{"value":1,"EURange":{"low":0,"High":200}}},
"Tool":[{"browseName":{"name":"Tool1"}},{"browseName":{"name":"Tool2"}}],"LastService":null}],
"pageInfo":{"hasNextPage":false,"hasPreviousPage":false,"startCursor":"press/nsu=urn:press;s=P001"}},
"machines":{"nodes":[{"Serial":"SN-P002","Force":{"value":2.5}}]}}`)
	// All values of all root fields in one Read. What stands at the path may have to be read before, once.
	before := p.commands.reads.Load()
	if _, errs := p.data(t, query, variables); len(errs) > 0 {
		t.Fatal(errs)
	}
	if n := p.commands.reads.Load() - before; n != 1 || before > 2 {
		t.Errorf("%d reads, and %d the second time", before, n)
	}
}

// The unit and the ranges of a variable come with its value, whether its type declares them or not, in the same Read.
func TestTypedUnitAndRange(t *testing.T) {
	p, plant := pressPlatform(t, 2)
	plant.set("P001.Pressure", func(n *pressNode) {
		plant.add(n, "P001.EngineeringUnits", "", "EngineeringUnits", model.NodeClassVariable, 68, "", standardStructure(889,
			`{"NamespaceUri":"http://www.opcfoundation.org/UA/units/un/cefact","UnitId":4342098,"DisplayName":{"Text":"bar","Locale":"en"},"Description":{"Text":""}}`))
	})
	plant.set("P001.Force", func(n *pressNode) {
		plant.add(n, "P001.InstrumentRange", "", "InstrumentRange", model.NodeClassVariable, 68, "", standardStructure(884, `{"Low":-1.5,"High":"NaN"}`))
		plant.add(n, "P001.Force.Other", acmePlant, "EngineeringUnits", model.NodeClassVariable, 68, "", model.StringValue("of another namespace"))
	})
	plant.set("P002.Pressure", func(n *pressNode) {
		unit := plant.add(n, "P002.EngineeringUnits", "", "EngineeringUnits", model.NodeClassVariable, 68, "", model.Variant{})
		unit.value.Status = model.StatusBadNotReadable
	})
	data, errs := p.data(t, `{ Plant_PressType(server: "press") { nodes {
		Force { value unit { displayName } instrumentRange { __typename low high } }
		Parameters { ... on Plant_PressType_Parameters { Pressure { range { low high } unit { u: unitId namespaceUri displayName description } instrumentRange { low } } } } } } }`, nil)
	const press = "[Plant_PressType nodes "
	wantAnswer(t, data, errs, `{"Plant_PressType":{"nodes":[
{"Force":{"value":1.5,"unit":null,"instrumentRange":{"__typename":"Range","low":-1.5,"high":null}},
"Parameters":{"Pressure":{"range":{"low":0,"high":200},"unit":{"u":4342098,"namespaceUri":"http://www.opcfoundation.org/UA/units/un/cefact","displayName":"bar","description":null},"instrumentRange":null}}},
{"Force":{"value":2.5,"unit":null,"instrumentRange":null},"Parameters":{"Pressure":{"range":{"low":0,"high":200},"unit":null,"instrumentRange":null}}}]}}`,
		press+`0 Force instrumentRange high] UNEXPECTED_VALUE: unexpected value: "NaN" is no Float`,
		press+"1 Parameters Pressure unit] UNAVAILABLE: read nsu=urn:press;s=P002.EngineeringUnits: BadNotReadable")
	if n := p.commands.reads.Load(); n != 1 {
		t.Errorf("%d reads", n)
	}
}

// 500 instances with 4 variables each are read in one go, and found without looking again.
func TestTypedQueryIsPlanned(t *testing.T) {
	p, _ := pressPlatform(t, 500)
	const query = `{ Plant_PressType(server: "press", first: 500) { nodes { Serial State { value } Force { value } value { value } } } }`
	for range 2 {
		data, errs := p.data(t, query, nil)
		if len(errs) > 0 || strings.Count(data, `"SN-P`) != 500 {
			t.Fatalf("%d presses, errors %v", strings.Count(data, `"SN-P`), errs)
		}
	}
	// The walk takes a Browse for Objects, one for Hall, one for the presses and two for what is below 500 of them; then one for each query.
	if reads, items, browses := p.commands.reads.Load(), p.commands.items.Load(), p.commands.browses.Load(); reads != 2 || items != 4000 || browses > 8 {
		t.Errorf("%d reads of %d items, %d browses", reads, items, browses)
	}
}

func TestTypedPages(t *testing.T) {
	p, _ := pressPlatform(t, 5)
	const query = `query($after: String) { Plant_PressType(server: "press", first: 2, after: $after) { nodes { browseName { name } } pageInfo { hasNextPage hasPreviousPage endCursor } } }`
	data, errs := p.data(t, query, nil)
	wantAnswer(t, data, errs, `{"Plant_PressType":{"nodes":[{"browseName":{"name":"Press1"}},{"browseName":{"name":"Press2"}}],"pageInfo":{"hasNextPage":true,"hasPreviousPage":false,"endCursor":"press/nsu=urn:press;s=P002"}}}`)
	data, errs = p.data(t, query, map[string]any{"after": "press/nsu=urn:press;s=P004"})
	wantAnswer(t, data, errs, `{"Plant_PressType":{"nodes":[{"browseName":{"name":"Press5"}}],"pageInfo":{"hasNextPage":false,"hasPreviousPage":true,"endCursor":"press/nsu=urn:press;s=P005"}}}`)
	// Below a path; those of a supertype; those of an interface of OPC UA; those that were named.
	for args, want := range map[string]string{
		`Plant_PressType(server: "press", path: "Objects/Hall")`:                             "Press1 Press2 Press3 Press4 Press5",
		`Acme_MachineType(server: "press", path: "Objects/Hall/Press3")`:                     "Press3",
		`Acme_IServiceable(server: "press", first: 3)`:                                       "Press1 Press2 Press3",
		`UA_BaseObjectType(server: "press", filter: {typeDefinition: "i=61"})`:               "Hall",
		`Plant_PressType(ids: ["press/nsu=urn:press;s=P002", "press/nsu=urn:press;s=P001"])`: "Press1 Press2",
		`UA_FolderType(server: "press")`:                                                     "Hall",
	} {
		data, errs := p.data(t, "{ f: "+args+" { nodes { browseName { name } } } }", nil)
		var got []string
		for _, part := range strings.Split(data, `"name":"`)[1:] {
			got = append(got, part[:strings.Index(part, `"`)])
		}
		if strings.Join(got, " ") != want || len(errs) > 0 {
			t.Errorf("%s: %v, want %s; errors %v", args, got, want, errs)
		}
	}
}

func TestTypedErrors(t *testing.T) {
	p, plant := pressPlatform(t, 1)
	plant.set("P001.Serial", func(n *pressNode) { n.value.Status, n.message = model.StatusBadSensorFailure, "cable is cut" })
	plant.set("P001.Force", func(n *pressNode) { n.value.Value = model.StringValue("strong") })
	plant.set("P001.State", func(n *pressNode) { n.value.Value = model.Int32Value(77) })
	plant.set("P001.value", func(n *pressNode) { n.value.Value = model.UInt16Value(2) })
	plant.set("P001.Limit", func(n *pressNode) {
		n.value.Value = model.ExtensionObjectValue(&model.ExtensionObject{TypeID: tag(7), Encoding: model.ExtensionBinary, Body: []byte{1}})
	})
	plant.set("P001.Pressure", func(n *pressNode) { n.value.Status = model.StatusBadNotConnected })
	const press = "[Plant_PressType nodes 0 "
	data, errs := p.data(t, `{ Plant_PressType(server: "press") { nodes { Serial State { value rawValue } Force { value Limit { Number } } value { value }
		Parameters { ... on Plant_PressType_Parameters { Pressure { value status { name } } } } } } platform { version } }`, nil)
	wantAnswer(t, data, errs, `{"Plant_PressType":{"nodes":[{"Serial":null,"State":{"value":null,"rawValue":77},"Force":{"value":null,"Limit":null},"value":{"value":null},
"Parameters":{"Pressure":{"value":null,"status":{"name":"BadNotConnected"}}}}]},"platform":{"version":"9.9"}}`,
		press+"Force Limit] UNEXPECTED_VALUE: unexpected value: a structure with the encoding nsu=urn:plant;i=7 was not decoded",
		press+`Force value] UNEXPECTED_VALUE: unexpected value: "strong" is no Float; ask for rawValue`,
		press+"Parameters Pressure value] UNAVAILABLE: read nsu=urn:press;s=P001.Pressure: BadNotConnected",
		press+"Serial] UNAVAILABLE: read nsu=urn:press;s=P001.Serial: BadSensorFailure: cable is cut",
		press+"State value] UNEXPECTED_VALUE: unexpected value: 77 is no value of Plant_Mode; ask for rawValue",
		press+"value value] UNEXPECTED_VALUE: unexpected value: 2 has bits that Plant_Faults does not name")

	// A server that is away takes nothing from the others, unless it was asked for alone.
	data, errs = p.data(t, `{ Plant_PressType { nodes { id } } }`, nil)
	wantAnswer(t, data, errs, `{"Plant_PressType":{"nodes":[{"id":"press/nsu=urn:press;s=P001"}]}}`, `[Plant_PressType] UNAVAILABLE: browse server "oven": unavailable: oven is not connected`)
	for args, want := range map[string]string{
		`server: "oven"`:                        `[Plant_PressType] UNAVAILABLE: browse server "oven"`,
		`server: "nowhere"`:                     `[Plant_PressType] NOT_FOUND: browse server "nowhere": not found`,
		`server: "press", path: "Objects/Shed"`: `[Plant_PressType] NOT_FOUND: path "Objects/Shed" of server "press": BadNoMatch: no Shed`,
		`first: -1`:                             `[Plant_PressType] BAD_USER_INPUT: invalid input: first: -1 is not from 0 to 1000`,
		`ids: ["x"]`:                            `[Plant_PressType] BAD_USER_INPUT: invalid input: id "x" is not in the form <server>/<nodeId>`,
		`ids: ["press/q=1"]`:                    `[Plant_PressType] BAD_USER_INPUT: invalid input: id "press/q=1"`,
		`ids: [], path: "Objects"`:              `[Plant_PressType] BAD_USER_INPUT: invalid input: path and ids are both given`,
		`filter: {typeDefinition: "x"}`:         `[Plant_PressType] BAD_USER_INPUT: invalid input: filter.typeDefinition`,
	} {
		data, errs := p.data(t, `{ Plant_PressType(`+args+`) { nodes { id } } }`, nil)
		wantAnswer(t, data, errs, `{"Plant_PressType":null}`, want)
	}
	data, errs = p.data(t, `{ Plant_PressType(ids: ["press/nsu=urn:press;s=P001", "press/nsu=urn:press;s=P009"]) { nodes { id } } }`, nil)
	wantAnswer(t, data, errs, `{"Plant_PressType":{"nodes":[{"id":"press/nsu=urn:press;s=P001"}]}}`, `[Plant_PressType] NOT_FOUND: not found: id "press/nsu=urn:press;s=P009" is no instance of Plant_PressType`)
}

// Fields of the fixed schema within typed ones, with their errors at their places.
func TestTypedDelegation(t *testing.T) {
	p, plant := pressPlatform(t, 2)
	delete(plant.nodes, model.ExpandedNodeID{NodeID: model.StringID(0, "P002.Force"), NamespaceURI: "urn:press"})
	data, errs := p.data(t, `query($q: String = "Press 1") { Plant_PressType(server: "press") { nodes {
		server { name gateway { id } } Force { server { id } node { nodeId ... on VariableNode { value { value } } } } } }
		servers(filter: {text: $q}) { edges { node { id } } } }`, nil)
	wantAnswer(t, data, errs, `{"Plant_PressType":{"nodes":[{"server":{"name":"Press 1","gateway":{"id":"edge1"}},"Force":{"server":{"id":"press"},"node":{"nodeId":"nsu=urn:press;s=P001.Force","value":{"value":1.5}}}},
{"server":{"name":"Press 1","gateway":{"id":"edge1"}},"Force":{"server":{"id":"press"},"node":null}}]},"servers":{"edges":[{"node":{"id":"press"}}]}}`,
		`[Plant_PressType nodes 1 Force node] NOT_FOUND: node nsu=urn:press;s=P002.Force of server "press": BadNodeIdUnknown`)
	if n := p.commands.reads.Load(); n != 1 {
		t.Errorf("%d reads for the nodes of both presses", n)
	}
}

// Servers that a page does not come to are not asked: those before its cursor, and those behind its end.
func TestTypedPagesAskFewServers(t *testing.T) {
	p, _ := pressPlatform(t, 3)
	for _, id := range []string{"q1", "q2", "q3", "q4", "q5", "q6", "q7", "zinc"} { // eight are asked at the same time
		p.registry.servers[id] = model.Server{ID: id}
	}
	p.commands.AwayFunc = func(server string) error {
		if server == "oven" || server == "zinc" {
			return fmt.Errorf("%w: %s was asked", ErrUnavailable, server)
		}
		return nil
	}
	data, errs := p.data(t, `{ Plant_PressType(first: 1, after: "press/nsu=urn:press;s=P001") { nodes { browseName { name } } pageInfo { hasNextPage hasPreviousPage } } }`, nil)
	wantAnswer(t, data, errs, `{"Plant_PressType":{"nodes":[{"browseName":{"name":"Press2"}}],"pageInfo":{"hasNextPage":true,"hasPreviousPage":true}}}`)
	data, errs = p.data(t, `{ Plant_PressType(ids: ["press/nsu=urn:press;s=P003"]) { nodes { browseName { name } } } }`, nil)
	wantAnswer(t, data, errs, `{"Plant_PressType":{"nodes":[{"browseName":{"name":"Press3"}}]}}`)
}
