package graph

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/shopfloor-iiot/shopfloor/model"
)

func TestTypedMutation(t *testing.T) {
	p, _ := pressPlatform(t, 1)
	var happened []string
	p.commands.CallFunc = func(server string, calls []model.CallRequest) ([]model.CallResult, error) {
		args, err := json.Marshal(calls[0].InputArguments)
		if err != nil {
			t.Fatal(err)
		}
		happened = append(happened, fmt.Sprintf("call %s %s %s %s", server, calls[0].ObjectID, calls[0].MethodID, args))
		if len(happened) > 3 {
			return []model.CallResult{{
				Status: model.StatusBadInvalidArgument, Message: "no", InputArgumentResults: []model.WriteResult{{}, {Status: model.StatusBadTypeMismatch, Message: "too round"}, {}},
			}}, nil
		}
		return []model.CallResult{{OutputArguments: []model.Argument{{Name: "status", Value: model.StatusCodeValue(model.StatusBadInvalidState)}}}}, nil
	}
	p.commands.WriteFunc = func(string, []model.WriteValue) ([]model.WriteResult, error) {
		happened = append(happened, "write")
		return []model.WriteResult{{}}, nil
	}
	const id = "press/nsu=urn:press;s=P001"
	data, errs := p.data(t, `mutation($id: ID!, $shapes: [Plant_Circle_Input]) {
		a: Plant_PressType_Press(id: $id, id_0: "x", Shapes: [{Name: "c", Radius: 1.5, Inner: [{Radius: 2}], Text: {text: "t"}}], Mode: true_1) { __typename status { name } status_0 { name severity } message inputArgumentResults { message } }
		write(input: [{server: "press", nodeId: "i=1", value: 1}]) { status { name } }
		b: Plant_PressType_Press(id: $id, Shapes: $shapes) { status { name } }
		c: Plant_PressType_Press(id: $id) { status { name } status_0 { name } message inputArgumentResults { status { name } message } }
	}`, map[string]any{"id": id, "shapes": []any{map[string]any{"Name": "v"}}})
	wantAnswer(t, data, errs, `{"a":{"__typename":"Plant_PressType_Press_Result","status":{"name":"Good"},"status_0":{"name":"BadInvalidState","severity":"BAD"},"message":null,"inputArgumentResults":[]},
"write":[{"status":{"name":"Good"}}],"b":{"status":{"name":"Good"}},
"c":{"status":{"name":"BadInvalidArgument"},"status_0":null,"message":"no","inputArgumentResults":[{"status":{"name":"Good"},"message":null},{"status":{"name":"BadTypeMismatch"},"message":"too round"},{"status":{"name":"Good"},"message":null}]}}`)
	// Strictly one after the other in the order of the query, also between the fixed and the typed part.
	const press = "call press nsu=urn:press;s=P001 nsu=urn:press;s=P001.Press "
	want := []string{
		press + `["x",[{"Inner":[{"Radius":2}],"Name":"c","Radius":1.5,"Text":{"text":"t"}}],1]`, "write", press + `[null,[{"Name":"v"}],null]`, press + `[null,null,null]`,
	}
	for i := range max(len(want), len(happened)) {
		if i >= len(happened) || i >= len(want) || happened[i] != want[i] {
			t.Fatalf("happened\n%q\nwant\n%q", happened, want)
		}
	}
	for args, want := range map[string]string{
		`id: "` + id + `.Force"`: `NOT_FOUND: not found: nsu=urn:press;s=P001.Force of server "press" has no method nsu=http://acme.com/UA/Plant/;Press`,
		`id: "oven/i=1"`:         `UNAVAILABLE: browse server "oven"`,
		`id: "press"`:            `BAD_USER_INPUT: invalid input: id "press" is not in the form <server>/<nodeId>`,
		`id: "press/i=4711"`:     `NOT_FOUND: browse i=4711 of server "press": BadNodeIdUnknown`,
	} {
		data, errs := p.data(t, `mutation { Plant_PressType_Press(`+args+`) { status { name } } }`, nil)
		wantAnswer(t, data, errs, `{"Plant_PressType_Press":null}`, "[Plant_PressType_Press] "+want)
	}
	// What the schema does not take never gets to a server.
	for _, args := range []string{`Mode: NoMode`, `Shapes: [{Nothing: 1}]`, `id_0: 5`} {
		if _, errs := p.data(t, `mutation { Plant_PressType_Press(id: "`+id+`", `+args+`) { status { name } } }`, nil); len(errs) != 1 {
			t.Errorf("%s: errors %v", args, errs)
		}
	}
	if len(happened) != len(want) {
		t.Errorf("%d calls", len(happened))
	}
}
