package graph

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/shopfloor-iiot/shopfloor/model"
)

func TestApplyConfiguration(t *testing.T) {
	p := newPlatform(HandlerConfig{})
	var got model.ConfigurationChange
	p.registry.ApplyFunc = func(c model.ConfigurationChange) (model.ConfigurationOutcome, error) {
		got = c
		return model.ConfigurationOutcome{
			Revision: model.ConfigurationRevision{Revision: 8, Summary: model.ConfigurationSummary{WritersAdded: 1}},
			Problems: [][]model.ConfigurationProblem{nil, {{Field: "writer.name", Message: "is empty"}}, nil, nil, nil},
		}, nil
	}
	p.ask(t, `mutation { applyConfiguration(input: {gateway: "edge1", expectedRevision: 7, author: "ada", comment: "c", dryRun: true, items: [
		{putServer: {id: "s", name: "S", endpointUrl: "opc.tcp://s:4840", userName: "u", password: "p"}}
		{putWriter: {group: "g", name: "w", server: "s", publishingInterval: "500ms", keyFrameCount: 10, priority: 200, watchdog: {timeout: "1m"}
			fields: [{name: "a", nodeId: "ns=2;i=1", attribute: DISPLAY_NAME, deadband: {type: PERCENT, value: 5}, heartbeat: {interval: "2s", behavior: PERIODIC_LKG},
				trigger: STATUS, cyclicRead: {maxAge: "1s", registerNode: true}, queueSize: 7, triggeredBy: "b", discardNew: true, skipFirst: true, indexRange: "0:1"}]
			selections: [{include: ["**"], maxDepth: 3, field: {samplingInterval: "100ms"}}]
			output: {broker: "b", encoding: UADP, qos: 1, routing: NONE}}}
		{putWriter: {group: "g", name: "e", server: "s", events: {notifier: "i=2253", select: [{browsePath: ["EventId"]}],
			where: [{operator: "OfType", operands: [{value: "i=2041"}, {element: 3}]}], conditions: {snapshotInterval: "10s"}}}}
		{changeFields: {writer: "edge1/g/w", remove: ["x"], put: [{name: "y", browsePath: "Objects/Y"}]}}
		{removeWriter: "edge1/g/old"}]}) { applied revision { revision summary { writersAdded } } results { problems { field message } } } }`).wantData(t,
		`{"applyConfiguration": {"applied": false, "revision": {"revision": 8, "summary": {"writersAdded": 1}},
		"results": [{"problems": []}, {"problems": [{"field": "writer.name", "message": "is empty"}]}, {"problems": []}, {"problems": []}, {"problems": []}]}}`)
	expected, password, element := uint64(7), "p", uint32(3)
	want := model.ConfigurationChange{Gateway: "edge1", Expected: &expected, Author: "ada", Comment: "c", DryRun: true, Items: []model.ConfigurationItem{
		{PutServer: &model.Server{ID: "s", Name: "S", EndpointURL: "opc.tcp://s:4840", SecurityMode: model.SecurityBest, UserName: "u"}, Password: &password},
		{PutWriter: &model.DataSetWriter{
			Group: "g", Name: "w", Server: "s", SamplingInterval: time.Second, PublishingInterval: 500 * time.Millisecond, KeyFrameCount: 10, Priority: 200,
			Watchdog: &model.Watchdog{Timeout: time.Minute},
			Fields: []model.PublishedField{{
				Name: "a", NodeID: model.Expanded(model.NumericID(2, 1)), Attribute: model.AttributeDisplayName, IndexRange: "0:1", QueueSize: 7, DiscardNew: true,
				Trigger: model.TriggerStatus, Deadband: &model.Deadband{Type: model.DeadbandPercent, Value: 5}, SkipFirst: true,
				Heartbeat:  &model.Heartbeat{Interval: 2 * time.Second, Behavior: model.HeartbeatPeriodicLKG},
				CyclicRead: &model.CyclicRead{MaxAge: time.Second, RegisterNode: true}, TriggeredBy: "b",
			}},
			Selections: []model.Selection{{Include: []string{"**"}, MaxDepth: 3, Field: model.PublishedField{SamplingInterval: 100 * time.Millisecond}}},
			Output:     &model.Output{Broker: "b", Encoding: model.OutputUADP, QoS: 1},
		}},
		{PutWriter: &model.DataSetWriter{
			Group: "g", Name: "e", Server: "s", SamplingInterval: time.Second, PublishingInterval: time.Second,
			Events: &model.EventSource{
				Notifier: model.Expanded(model.NumericID(0, 2253)), Select: []model.SelectClause{{BrowsePath: []string{"EventId"}}},
				Where:      []model.WhereElement{{Operator: "OfType", Operands: []model.WhereOperand{{Value: json.RawMessage(`"i=2041"`)}, {Element: &element}}}},
				Conditions: &model.ConditionSnapshots{SnapshotInterval: 10 * time.Second},
			},
		}},
		{ChangeFields: &model.FieldsChange{
			Writer: model.WriterKey{Gateway: "edge1", Group: "g", Writer: "w"}, Remove: []string{"x"}, Put: []model.PublishedField{{Name: "y", BrowsePath: "Objects/Y"}},
		}},
		{RemoveWriter: &model.WriterKey{Gateway: "edge1", Group: "g", Writer: "old"}},
	}}
	if diff := cmp.Diff(want, got, cmpopts.EquateComparable(model.ExpandedNodeID{})); diff != "" {
		t.Error(diff)
	}
	p.registry.ApplyFunc = func(model.ConfigurationChange) (model.ConfigurationOutcome, error) {
		return model.ConfigurationOutcome{}, fmt.Errorf("%w: 7 was expected", ErrConflict)
	}
	a := p.ask(t, `mutation { applyConfiguration(input: {gateway: "edge1", expectedRevision: 7, items: [{removeServer: "s"}]}) { applied } }`)
	if codes := a.codes(); len(codes) != 1 || codes[0] != "CONFLICT" {
		t.Errorf("codes %v", codes)
	}
	a = p.ask(t, `mutation { applyConfiguration(input: {gateway: "edge1", items: [{removeWriter: "x"}]}) { applied } }`)
	if codes := a.codes(); len(codes) != 1 || codes[0] != "BAD_USER_INPUT" {
		t.Errorf("codes %v", codes)
	}
}

func TestConfigurationQueries(t *testing.T) {
	p := newPlatform(HandlerConfig{})
	p.registry.revisions = []model.ConfigurationRevision{{Revision: 3, Author: "ada", Time: testTime, Fields: 3}, {Revision: 2, RolledBackTo: 1}}
	old, fresh := p.registry.writers[0], p.registry.writers[0]
	fresh.Fields = fresh.Fields[1:]
	p.registry.diff = model.ConfigurationDiff{
		From: p.registry.revisions[1], To: p.registry.revisions[0], Summary: model.ConfigurationSummary{FieldsRemoved: 1},
		Writers: []model.WriterDiff{{From: &old, To: &fresh, Fields: []model.FieldDiff{{From: &old.Fields[0]}}}},
	}
	p.registry.gateways[0].ConfigurationRevision, p.registry.gateways[0].OutOfSyncCount = 3, 1
	p.registry.gateways[0].OutOfSync = []model.OutOfSync{{Server: "press", Writer: testWriter, Reason: "no such node"}}
	p.ask(t, `{ configuration(gateway: "edge1") { revision gateway { id configurationState { desiredRevision revision inSync outOfSyncCount outOfSync { server writer reason } } }
			servers { totalCount } writers { edges { node { id priority keepAlive fields(first: 1) { edges { node { name attribute trigger browsePath deadband { value } triggeredBy } } } } } } }
		configurationHistory(gateway: "edge1", first: 1) { totalCount pageInfo { hasNextPage } edges { node { revision author time fields rolledBackTo } } }
		configurationDiff(gateway: "edge1", from: 2) { from { revision } to { revision } summary { fieldsRemoved } servers { from { id } }
			writers { from { id } to { fieldCount } optionsChanged fieldCount fields { name from { nodeId } to { nodeId } } } } }`).wantData(t,
		`{"configuration": {"revision": 3, "gateway": {"id": "edge1", "configurationState": {"desiredRevision": 3, "revision": 3, "inSync": false, "outOfSyncCount": 1,
			"outOfSync": [{"server": "press", "writer": "edge1/press/default", "reason": "no such node"}]}},
			"servers": {"totalCount": 2}, "writers": {"edges": [{"node": {"id": "edge1/press/default", "priority": 0, "keepAlive": "0s", "fields": {"edges": [
				{"node": {"name": "Speed", "attribute": "VALUE", "trigger": "STATUS_VALUE", "browsePath": "", "deadband": null, "triggeredBy": null}}]}}}]}},
		"configurationHistory": {"totalCount": 2, "pageInfo": {"hasNextPage": true}, "edges": [{"node": {"revision": 3, "author": "ada", "time": "2026-01-02T03:04:05Z", "fields": 3, "rolledBackTo": 0}}]},
		"configurationDiff": {"from": {"revision": 2}, "to": {"revision": 3}, "summary": {"fieldsRemoved": 1}, "servers": [], "writers": [{"from": {"id": "edge1/press/default"},
			"to": {"fieldCount": 2}, "optionsChanged": false, "fieldCount": 1, "fields": [{"name": "Speed", "from": {"nodeId": "nsu=urn:plant;i=1"}, "to": null}]}]}}`)
	if codes := p.ask(t, `{ configuration(gateway: "edge1", revision: 77) { revision } }`).codes(); len(codes) != 1 || codes[0] != "NOT_FOUND" {
		t.Errorf("codes %v", codes)
	}
	p.ask(t, `mutation { rollBackConfiguration(gateway: "edge1", revision: 2, author: "ada", comment: "back") { applied revision { revision rolledBackTo author comment } } }`).wantData(t,
		`{"rollBackConfiguration": {"applied": true, "revision": {"revision": 9, "rolledBackTo": 2, "author": "ada", "comment": "back"}}}`)
}
