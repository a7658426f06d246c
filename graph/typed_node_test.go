package graph

import (
	"strings"
	"testing"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// A node is given as the object of its type where there is a fragment for it, and as what it is everywhere else.
func TestNodesAsTypes(t *testing.T) {
	p, _ := pressPlatform(t, 2)
	data, errs := p.data(t, `query($no: Boolean = false) {
		one: node(server: "press", nodeId: "nsu=urn:press;s=P001") {
			__typename id nodeClass description { text }
			... on Plant_PressType { serial: Serial Force { value } Tool { __typename nodeClass browseName { name } } }
			... on ObjectNode { eventNotifier }
		}
		all: nodes(server: "press", nodeIds: ["nsu=urn:press;s=P002", "nsu=urn:press;s=P001.Force", "nsu=urn:press;s=gone", "nsu=urn:press;s=P001.Other"]) {
			__typename browseName { name } ...machine
			... on VariableNode { value { value } }
		}
		same: node(server: "press", nodeId: "nsu=urn:press;s=P001") { __typename ... on ObjectNode { browseName { name } } }
		none: path(server: "press", path: "Objects/Hall") { ... on Acme_MachineType { Serial } ... on Node @include(if: $no) { id } }
		Plant_PressType(server: "press", first: 1) { nodes { Serial node { __typename ... on Plant_PressType { Serial } } } }
	}
	fragment machine on TypedNode { typeDefinition ... on Acme_MachineType { State { value } } }`, nil)
	wantAnswer(t, data, errs, `{"one":{"__typename":"Plant_PressType_Object","id":"press/nsu=urn:press;s=P001","nodeClass":"OBJECT","description":null,
"serial":"SN-P001","Force":{"value":1.5},"Tool":[{"__typename":"Acme_MachineType_Object","nodeClass":"OBJECT","browseName":{"name":"Tool1"}},{"__typename":"Acme_MachineType_Object","nodeClass":"OBJECT","browseName":{"name":"Tool2"}}]},
"all":[{"__typename":"Plant_PressType_Object","browseName":{"name":"Press2"},"typeDefinition":"nsu=http://acme.com/UA/Plant/;i=100","State":{"value":"n2nd"}},
{"__typename":"VariableNode","browseName":{"name":"Force"},"value":{"value":1.5}},null,
{"__typename":"UA_BaseObjectType_Object","browseName":{"name":"Other"},"typeDefinition":"i=58"}],
"same":{"__typename":"ObjectNode","browseName":{"name":"Press1"}},
"none":{},
"Plant_PressType":{"nodes":[{"Serial":"SN-P001","node":{"__typename":"Plant_PressType_Object","Serial":"SN-P001"}}]}}`,
		"[all 2] NOT_FOUND")
}

// Below nodes that have no type, and through generic fields of objects that have one.
func TestNodesAsTypesBelow(t *testing.T) {
	p, _ := pressPlatform(t, 500)
	const query = `{ path(server: "press", path: "Objects/Hall") { browseName { name } children(first: 500) { edges { node {
		browseName { name } ... on Plant_PressType { Serial children(nodeClasses: [OBJECT], first: 5) { edges { node { ... on Acme_MachineType { State { value } } ... on ObjectNode { nodeId } } } } }
	} } pageInfo { hasNextPage } } } }`
	data, errs := p.data(t, query, nil)
	if len(errs) > 0 || strings.Count(data, `"Serial":"SN-P`) != 500 {
		t.Fatalf("%d presses, errors %v, data %.500s", strings.Count(data, `"Serial":"SN-P`), errs, data)
	}
	const press1 = `{"node":{"browseName":{"name":"Press1"},"Serial":"SN-P001","children":{"edges":[{"node":{"nodeId":"nsu=urn:press;s=P001.Parameters"}},` +
		`{"node":{"State":null}},{"node":{"State":null}},{"node":{"nodeId":"nsu=urn:press;s=P001.Other"}}]}}}`
	if !strings.Contains(data, press1) {
		t.Errorf("answer %.1000s\ndoes not have\n%s", data, press1)
	}
	// All in a few requests, however many nodes there are: identities are browsed, values read, for all nodes of a level together.
	if reads, browses := p.commands.reads.Load(), p.commands.browses.Load(); reads > 8 || browses > 12 {
		t.Errorf("%d reads, %d browses", reads, browses)
	}
}

// Errors stand where they belong, also those of fields that are asked of generated code, and do not take the rest with them.
func TestNodesAsTypesErrors(t *testing.T) {
	p, plant := pressPlatform(t, 1)
	plant.set("P001.Serial", func(n *pressNode) { n.value.Status, n.message = model.StatusBadSensorFailure, "cable is cut" })
	data, errs := p.data(t, `{
		away: node(server: "oven", nodeId: "i=1") { ... on Plant_PressType { Serial } }
		none: node(server: "nowhere", nodeId: "i=1") { ... on Plant_PressType { Serial } }
		one: node(server: "press", nodeId: "nsu=urn:press;s=P001") { ... on Plant_PressType { Serial children(first: -1) { edges { cursor } } } }
	}`, nil)
	wantAnswer(t, data, errs, `{"away":null,"none":null,"one":null}`,
		"[away] UNAVAILABLE: ", "[none] NOT_FOUND: ", "[one Serial] UNAVAILABLE: read nsu=urn:press;s=P001.Serial: BadSensorFailure: cable is cut", "[one children] BAD_USER_INPUT: first: -1")
	for query, want := range map[string]string{
		`{ node(server: "press", nodeId: "i=1") { ... on Plant_PressType { Nothing } } }`: `Cannot query field \"Nothing\" on type \"Plant_PressType\"`,
		`{ node(server: "press", nodeId: "i=1") { ... on Plant_Reading { Number } } }`:    `can never be of type \"Plant_Reading\"`,
	} {
		if w := p.send("POST", "/graphql", []byte(`{"query": "`+strings.ReplaceAll(query, `"`, `\"`)+`"}`)); !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s: %s does not say %s", query, w.Body, want)
		}
	}
}
