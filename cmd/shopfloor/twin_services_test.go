//go:build unix

package main

import (
	"fmt"
	"testing"
	"time"
)

// twinServices are asked of open62541: the other stacks refuse these services.
var twinServices = []twinCase{
	{
		name: "attributes are written as WriteMask allows, and verified",
		query: `mutation { write(input: [
			{server: "plant", nodeId: "plant:Configurable", attribute: DISPLAY_NAME, value: {locale: "", text: "Set point"}, verify: true}
			{server: "plant", nodeId: "plant:Configurable", attribute: DESCRIPTION, value: {locale: "", text: "Of the press"}, verify: true}
			{server: "plant", nodeId: "plant:Configurable", attribute: HISTORIZING, value: true, verify: true}
			{server: "plant", nodeId: "plant:Machine", attribute: EVENT_NOTIFIER, value: 1, verify: true}
			{server: "plant", nodeId: "plant:Machine", attribute: WRITE_MASK, value: 0}
			{server: "plant", nodeId: "plant:ReadOnly", attribute: DISPLAY_NAME, value: {locale: "", text: "Other"}}
			{server: "plant", nodeId: "plant:Configurable", attribute: HISTORIZING, value: "perhaps"}
		]) { status { name } verification { outcome } } }`,
		want: `{"write": [
			{"status": {"name": "Good"}, "verification": {"outcome": "VERIFIED"}}, {"status": {"name": "Good"}, "verification": {"outcome": "VERIFIED"}},
			{"status": {"name": "Good"}, "verification": {"outcome": "VERIFIED"}}, {"status": {"name": "Good"}, "verification": {"outcome": "VERIFIED"}},
			{"status": {"name": "BadUserAccessDenied"}, "verification": null}, {"status": {"name": "BadUserAccessDenied"}, "verification": null},
			{"status": {"name": "BadTypeMismatch"}, "verification": null}
		]}`,
	},
	{
		name: "attributes that were written",
		query: `{ nodes(server: "plant", nodeIds: ["plant:Configurable", "plant:Machine", "plant:ReadOnly"]) {
			displayName { text } description { text } ... on VariableNode { historizing } ... on ObjectNode { eventNotifier }
		} }`,
		want: `{"nodes": [
			{"displayName": {"text": "Set point"}, "description": {"text": "Of the press"}, "historizing": true},
			{"displayName": {"text": "Machine"}, "description": null, "eventNotifier": 1},
			{"displayName": {"text": "ReadOnly"}, "description": null, "historizing": false}
		]}`,
	},
	{
		name: "history is inserted, replaced, upserted and deleted",
		query: `mutation {
			insert: historyInsert(input: [{server: "plant", nodeId: "plant:HEdited", values: [
				{value: 1, sourceTimestamp: "2026-01-02T00:00:01Z"}, {value: 2, sourceTimestamp: "2026-01-02T00:00:02Z"}, {value: 3, sourceTimestamp: "2026-01-02T00:00:03Z"}]}]) { status { name } results { status { name } } }
			again: historyInsert(input: [{server: "plant", nodeId: "plant:HEdited", values: [{value: 7, sourceTimestamp: "2026-01-02T00:00:02Z"}]}]) { results { status { name } } }
			replace: historyReplace(input: [{server: "plant", nodeId: "plant:HEdited", values: [
				{value: 20, sourceTimestamp: "2026-01-02T00:00:02Z"}, {value: 9, sourceTimestamp: "2026-01-02T00:00:09Z"}]}]) { results { status { name } } }
			upsert: historyUpsert(input: [{server: "plant", nodeId: "plant:HEdited", values: [
				{value: 30, sourceTimestamp: "2026-01-02T00:00:03Z"}, {value: 4, sourceTimestamp: "2026-01-02T00:00:04Z"}]}]) { results { status { name } } }
			delete: historyDelete(input: [{server: "plant", nodeId: "plant:HEdited", from: "2026-01-02T00:00:01Z", to: "2026-01-02T00:00:02Z"}]) { status { name } }
			times: historyDeleteAtTimes(input: [{server: "plant", nodeId: "plant:HEdited", times: ["2026-01-02T00:00:04Z"]}]) { status { name } }
			others: historyInsert(input: [{server: "plant", nodeId: "plant:V0", values: [{value: 1, sourceTimestamp: "2026-01-02T00:00:01Z"}]}]) { status { severity } }
		}`,
		want: `{
			"insert": [{"status": {"name": "Good"}, "results": [{"status": {"name": "Good"}}, {"status": {"name": "Good"}}, {"status": {"name": "Good"}}]}],
			"again": [{"results": [{"status": {"name": "BadEntryExists"}}]}],
			"replace": [{"results": [{"status": {"name": "Good"}}, {"status": {"name": "BadNoEntryExists"}}]}],
			"upsert": [{"results": [{"status": {"name": "GoodEntryReplaced"}}, {"status": {"name": "GoodEntryInserted"}}]}],
			"delete": [{"status": {"name": "Good"}}], "times": [{"status": {"name": "BadNotSupported"}}], "others": [{"status": {"severity": "BAD"}}]
		}`,
	},
	{
		name: "history after it",
		query: `{ node(server: "plant", nodeId: "plant:HEdited") { ... on VariableNode {
			serverHistory(from: "2026-01-02T00:00:00Z", to: "2026-01-03T00:00:00Z") { edges { node { value sourceTimestamp } } pageInfo { hasNextPage } }
		} } }`,
		want: `{"node": {"serverHistory": {"edges": [
			{"node": {"value": 20, "sourceTimestamp": "2026-01-02T00:00:02Z"}}, {"node": {"value": 30, "sourceTimestamp": "2026-01-02T00:00:03Z"}},
			{"node": {"value": 4, "sourceTimestamp": "2026-01-02T00:00:04Z"}}
		], "pageInfo": {"hasNextPage": false}}}}`,
	},
	{
		name: "nodes are registered, written and unregistered",
		query: `mutation {
			registerNodes(input: [{server: "plant", nodeId: "plant:V0"}, {server: "plant", nodeId: "plant:Scalar_Double"}]) { status { name } }
			write(input: [{server: "plant", nodeId: "plant:Scalar_Double", value: 3.141592653589793, verify: true}]) { verification { outcome } }
			unregisterNodes(input: [{server: "plant", nodeId: "plant:V0"}, {server: "plant", nodeId: "plant:V1"}]) { status { name } }
		}`,
		want: `{"registerNodes": [{"status": {"name": "Good"}}, {"status": {"name": "Good"}}], "write": [{"verification": {"outcome": "VERIFIED"}}],
			"unregisterNodes": [{"status": {"name": "Good"}}, {"status": {"name": "BadNodeIdUnknown"}}]}`,
	},
	{
		name: "a view and what is in it",
		query: `{
			node(server: "plant", nodeId: "plant:Maintenance") { nodeClass ... on ViewNode { containsNoLoops } references(referenceType: "i=35") { edges { node { nodeId } } } }
			server(id: "plant") { views { edges { node { nodeId } } } }
		}`,
		want: `{"node": {"nodeClass": "VIEW", "containsNoLoops": true, "references": {"edges": [{"node": {"nodeId": "plant:Machine"}}]}}, "server": {"views": {"edges": [{"node": {"nodeId": "plant:Maintenance"}}]}}}`,
	},
	{
		name: "a view that the server does not browse within",
		query: `{ nodes(server: "plant", nodeIds: ["plant:Plant"]) { children(view: "plant:Maintenance") { edges { cursor } } }
			node(server: "plant", nodeId: "plant:Maintenance") { children { edges { node { nodeId } } } } }`,
		want:   `{"nodes": [null], "node": {"children": {"edges": [{"node": {"nodeId": "plant:Machine"}}]}}}`,
		errors: []string{"nodes.0.children BadViewIdUnknown"},
	},
}

// twinAlarms carries out the methods of alarms through GraphQL, and waits for the state after each.
func twinAlarms(t *testing.T, p *process) {
	state := func(want string) {
		t.Helper()
		p.waitFor(15*time.Second, want, func() error {
			var got struct{ Condition map[string]any }
			errs, err := p.Query(&got, `{ condition(server: "plant", id: "`+plantNodes+`TankAlarm") { active acknowledged suppressed outOfService silenced enabled } }`, nil)
			if text := fmt.Sprint(got.Condition); err != nil || len(errs) > 0 || text != want {
				return fmt.Errorf("%s %v %v", text, err, errs)
			}
			return nil
		})
	}
	do := func(mutation, more string) {
		t.Helper()
		var got map[string][]itemResult
		p.MustQuery(&got, `mutation { `+mutation+`(input: [{server: "plant", condition: "`+plantNodes+`TankAlarm"`+more+`}]) { status { name } message } }`, nil)
		if r := got[mutation]; len(r) != 1 || r[0].Status.Name != "Good" {
			t.Errorf("%s: %+v %s", mutation, r, r[0].message())
		}
	}
	p.MustQuery(nil, `mutation { write(input: [{server: "plant", nodeId: "`+plantNodes+`TankLevel", value: 99}]) { status { name } } }`, nil)
	state("map[acknowledged:false active:true enabled:true outOfService:false silenced:false suppressed:false]")
	do("acknowledge", `, comment: "seen"`)
	state("map[acknowledged:true active:true enabled:true outOfService:false silenced:false suppressed:false]")
	do("suppress", `, comment: "not now"`)
	state("map[acknowledged:true active:true enabled:true outOfService:false silenced:false suppressed:true]")
	do("unsuppress", "")
	do("removeFromService", "")
	state("map[acknowledged:true active:true enabled:true outOfService:true silenced:false suppressed:false]")
	do("placeInService", "")
	do("silence", "")
	do("reset", "")
	state("map[acknowledged:true active:true enabled:true outOfService:false silenced:true suppressed:false]")
	do("disable", "")
	state("map[acknowledged:true active:true enabled:false outOfService:false silenced:true suppressed:false]")
}
