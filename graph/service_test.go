package graph

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// Attributes of several servers are read in one command each; what is wrong with one item or one server is its own result.
func TestRead(t *testing.T) {
	p := newPlatform(HandlerConfig{})
	p.commands.ReadFunc = func(_ context.Context, ids []model.ReadValueID) ([]model.ReadResult, error) {
		var results []model.ReadResult
		for _, id := range ids {
			if id.MaxAge != 2*time.Second || id.Timestamps != model.TimestampsSource {
				return nil, fmt.Errorf("asked for %+v", id)
			}
			switch {
			case id.Attribute == model.AttributeDisplayName:
				results = append(results, model.ReadResult{DataValue: model.DataValue{Value: model.LocalizedTextValue(&model.LocalizedText{Text: "Level"})}})
			case id.IndexRange == "1:2":
				results = append(results, model.ReadResult{DataValue: model.DataValue{Value: model.ArrayValue([]int32{7, 8})}})
			case id.Attribute != model.AttributeValue:
				results = append(results, model.ReadResult{DataValue: model.DataValue{Status: model.StatusBadAttributeIdInvalid}, Message: "no such attribute"})
			default:
				results = append(results, model.ReadResult{DataValue: model.DataValue{Value: model.DoubleValue(2.5), SourceTimestamp: model.DateTimeOf(testTime)}})
			}
		}
		return results, nil
	}
	p.commands.AwayFunc = func(server string) error {
		if server == "oven" {
			return fmt.Errorf("%w: server oven is away", ErrUnavailable)
		}
		return nil
	}
	p.ask(t, `{ read(maxAge: "2s", timestamps: SOURCE, input: [
		{server: "press", nodeId: "i=1"}, {server: "no", nodeId: "i=2"}, {server: "press", nodeId: "i=3", attribute: DISPLAY_NAME},
		{server: "oven", nodeId: "i=4"}, {server: "press", nodeId: "i=5", indexRange: "1:2"}, {server: "press", nodeId: "i=6", attribute: INVERSE_NAME}
	]) { nodeId attribute value { value dataType message status { name } } remedy } }`).wantPartial(t, `{"read": [
		{"nodeId": "i=1", "attribute": "VALUE", "value": {"value": 2.5, "dataType": "Double", "message": null, "status": {"name": "Good"}}, "remedy": null},
		{"nodeId": "i=2", "attribute": "VALUE", "value": {"value": null, "dataType": null, "message": "server \"no\": not found", "status": {"name": "BadNotFound"}},
			"remedy": "Name a server that there is: the query servers lists them."},
		{"nodeId": "i=3", "attribute": "DISPLAY_NAME", "value": {"value": {"text": "Level"}, "dataType": "LocalizedText", "message": null, "status": {"name": "Good"}}, "remedy": null},
		{"nodeId": "i=4", "attribute": "VALUE", "value": {"value": null, "dataType": null, "message": "read from server \"oven\": unavailable: server oven is away", "status": {"name": "BadServerNotConnected"}},
			"remedy": "The gateway has no connection to the server. server { connection { error } } tells why, and the mutation testConnection where it fails."},
		{"nodeId": "i=5", "attribute": "VALUE", "value": {"value": [7, 8], "dataType": "Int32[]", "message": null, "status": {"name": "Good"}}, "remedy": null},
		{"nodeId": "i=6", "attribute": "INVERSE_NAME", "value": {"value": null, "dataType": null, "message": "no such attribute", "status": {"name": "BadAttributeIdInvalid"}},
			"remedy": "Nodes of this class, or this node, lack the attribute. Values are attributes of variables: ask a variable below the node."}]}`)

	many := make([]any, maxBatch+1)
	for i := range many {
		many[i] = map[string]any{"server": "press", "nodeId": "i=1"}
	}
	const query = `query($in: [ReadInput!]!) { read(input: $in) { nodeId } }`
	p.ask(t, query, "in", many).wantCodes(t, "BAD_USER_INPUT")
	p.ask(t, `{ read(maxAge: "-1s", input: [{server: "press", nodeId: "i=1"}]) { nodeId } }`).wantCodes(t, "BAD_USER_INPUT")
	p.ask(t, `{ read(input: [{server: "press", nodeId: "i=1", attribute: COLOUR}]) { nodeId } }`).wantCodes(t, "GRAPHQL_VALIDATION_FAILED")
}

// What goes with a value and what was read back pass through; an item that cannot be asked is refused alone.
func TestWriteVerified(t *testing.T) {
	p := newPlatform(HandlerConfig{})
	var asked []string
	p.commands.WriteFunc = func(_ string, values []model.WriteValue) ([]model.WriteResult, error) {
		var results []model.WriteResult
		for _, v := range values {
			asked = append(asked, fmt.Sprintf("%s.%d %s %s %s %v", v.NodeID, v.Attribute, v.Value, v.Quality.Name(), v.SourceTimestamp, v.Verify))
			r := model.WriteResult{}
			if v.Verify {
				r.Verification = &model.Verification{
					Outcome: model.VerifiedDifferent, Difference: "wrote 2, the node has 1",
					Read: model.ReadResult{DataValue: model.DataValue{Value: model.DoubleValue(1)}},
				}
			}
			results = append(results, r)
		}
		return results, nil
	}
	p.ask(t, `mutation { write(input: [
		{server: "press", nodeId: "i=1", value: 2, verify: true, status: "UncertainLastUsableValue", sourceTimestamp: "2026-01-02T03:04:05Z"},
		{server: "press", nodeId: "i=2", value: 2, status: "Nonsense"},
		{server: "press", nodeId: "i=3", value: "x", attribute: DESCRIPTION, status: "0x40900000"}
	]) { nodeId status { name } message remedy verification { outcome difference value { value } } } }`).wantData(t, `{"write": [
		{"nodeId": "i=1", "status": {"name": "Good"}, "message": null, "remedy": null, "verification": {"outcome": "DIFFERENT", "difference": "wrote 2, the node has 1", "value": {"value": 1}}},
		{"nodeId": "i=2", "status": {"name": "BadInvalidArgument"}, "message": "status: status code \"Nonsense\" is neither a name of the standard nor a number; want a name such as UncertainLastUsableValue, or a number",
			"remedy": "Correct the argument that the message or inputArgumentResults name; the method's inputArguments describe what it takes.", "verification": null},
		{"nodeId": "i=3", "status": {"name": "Good"}, "message": null, "remedy": null, "verification": null}]}`)
	want := "i=1.13 2 UncertainLastUsableValue 2026-01-02T03:04:05Z true; i=3.5 \"x\" UncertainLastUsableValue  false"
	if got := strings.Join(asked, "; "); got != want {
		t.Errorf("asked %s\nwant  %s", got, want)
	}
}

// An answer tells how many requests servers got for it, as the gateways told.
func TestRequestCountExtension(t *testing.T) {
	p := newPlatform(HandlerConfig{})
	told := "Read 2 1500, Browse 1 3"
	p.commands.ReadFunc = func(ctx context.Context, ids []model.ReadValueID) ([]model.ReadResult, error) {
		model.TallyOf(ctx).AddTold(told)
		results := make([]model.ReadResult, len(ids))
		for i := range ids {
			results[i] = plantRead(ids[i])
		}
		return results, nil
	}
	const query = `{ a: read(input: [{server: "press", nodeId: "i=1"}]) { nodeId } b: read(input: [{server: "oven", nodeId: "i=1"}]) { nodeId } }`
	a := p.ask(t, query)
	if got, want := fmt.Sprint(a.Extensions["opcua"]), "map[commands:2 requests:6 services:map[Browse:map[items:6 requests:2] Read:map[items:3000 requests:4]]]"; got != want {
		t.Errorf("extensions %s, want %s", got, want)
	}
	told = "" // gateways of an earlier version
	if got, want := fmt.Sprint(p.ask(t, query).Extensions["opcua"]), "map[commands:2 requests:0 services:map[] uncountedCommands:2]"; got != want {
		t.Errorf("extensions %s, want %s", got, want)
	}
	if a := p.ask(t, `{ servers { totalCount } }`); a.Extensions["opcua"] != nil {
		t.Errorf("no server was asked, and the answer says %v", a.Extensions)
	}
}
