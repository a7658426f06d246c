package graph

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/shopfloor-iiot/shopfloor/model"
)

func TestWriteGroupsByServer(t *testing.T) {
	p := newPlatform(HandlerConfig{})
	p.registry.servers["mill"] = model.Server{ID: "mill"}
	var mu sync.Mutex
	asked := map[string]string{}
	p.commands.WriteFunc = func(server string, values []model.WriteValue) ([]model.WriteResult, error) {
		mu.Lock()
		defer mu.Unlock()
		var text []string
		for _, v := range values {
			text = append(text, fmt.Sprintf("%s[%s]=%s", v.NodeID, v.IndexRange, v.Value))
		}
		asked[server] += strings.Join(text, " ")
		switch server {
		case "oven":
			return nil, fmt.Errorf("gateway edge2: %w", ErrUnavailable)
		case "mill":
			return nil, errors.New("secret detail")
		}
		return []model.WriteResult{{}, {Status: model.StatusBadTypeMismatch, Message: "want Double"}}, nil
	}
	a := p.ask(t, `mutation($big: Variant) { write(input: [
		{server: "press", nodeId: "i=1", value: $big}, {server: "oven", nodeId: "i=2", value: [1, 2.5]}, {server: "press", nodeId: "i=3", value: {a: "x"}, indexRange: "1:2"},
		{server: "no", nodeId: "i=4", value: true}, {server: "mill", nodeId: "i=5"}
	]) { nodeId message status { name severity } } }`, "big", uint64(1<<63))
	if len(a.Errors) > 0 {
		t.Fatal(a.Errors)
	}
	results := a.Data.(map[string]any)["write"].([]any)
	last := results[4].(map[string]any)
	if m, _ := last["message"].(string); !strings.HasPrefix(m, "internal error, request ") || strings.Contains(m, "secret") {
		t.Errorf("message %q of an internal error", m)
	}
	if !strings.Contains(p.log.String(), "secret detail") {
		t.Errorf("log %q lacks the internal error", p.log)
	}
	last["message"] = ""
	a.wantData(t, `{"write": [
		{"nodeId": "i=1", "message": null, "status": {"name": "Good", "severity": "GOOD"}},
		{"nodeId": "i=2", "message": "write to server \"oven\": gateway edge2: unavailable", "status": {"name": "BadServerNotConnected", "severity": "BAD"}},
		{"nodeId": "i=3", "message": "want Double", "status": {"name": "BadTypeMismatch", "severity": "BAD"}},
		{"nodeId": "i=4", "message": "server \"no\": not found", "status": {"name": "BadNotFound", "severity": "BAD"}},
		{"nodeId": "i=5", "message": "", "status": {"name": "BadInternalError", "severity": "BAD"}}]}`)
	want := map[string]string{"press": `i=1[]=9223372036854775808 i=3[1:2]={"a":"x"}`, "oven": `i=2[]=[1,2.5]`, "mill": `i=5[]=null`}
	if fmt.Sprint(asked) != fmt.Sprint(want) {
		t.Errorf("asked %v, want %v", asked, want)
	}
}

func TestWriteSurvivesPanicAndShortAnswer(t *testing.T) {
	p := newPlatform(HandlerConfig{})
	p.commands.WriteFunc = func(server string, _ []model.WriteValue) ([]model.WriteResult, error) {
		if server == "press" {
			panic("boom")
		}
		return nil, nil
	}
	p.ask(t, `mutation { write(input: [{server: "press", nodeId: "i=1"}, {server: "oven", nodeId: "i=2"}]) { status { name } } }`).wantData(t,
		`{"write": [{"status": {"name": "BadInternalError"}}, {"status": {"name": "BadInternalError"}}]}`)
	if !strings.Contains(p.log.String(), "boom") || !strings.Contains(p.log.String(), "batch_test.go") {
		t.Errorf("log %q lacks the panic with its stack", p.log)
	}
}

func TestCall(t *testing.T) {
	p := newPlatform(HandlerConfig{})
	var got []model.CallRequest
	p.commands.CallFunc = func(server string, calls []model.CallRequest) ([]model.CallResult, error) {
		if server == "oven" {
			return nil, ErrUnavailable
		}
		got = calls
		return []model.CallResult{
			{OutputArguments: []model.Argument{{Name: "Sum", Value: model.DoubleValue(3)}, {Name: "Names", Value: model.ArrayValue([]string{"a"})}}},
			{Status: model.StatusBadInvalidArgument, Message: "one is wrong", InputArgumentResults: []model.WriteResult{{}, {Status: model.StatusBadTypeMismatch, Message: "want Double"}}},
		}, nil
	}
	p.ask(t, `mutation { call(input: [{server: "press", objectId: "i=1", methodId: "i=2", inputArguments: [1, null]}, {server: "press", objectId: "i=1", methodId: "i=3"},
		{server: "oven", objectId: "i=1", methodId: "i=2"}]) {
		status { name } message inputArgumentResults { status { name } message } outputArguments { name value dataType } } }`).wantData(t, `{"call": [
		{"status": {"name": "Good"}, "message": null, "inputArgumentResults": [], "outputArguments": [{"name": "Sum", "value": 3, "dataType": "Double"}, {"name": "Names", "value": ["a"], "dataType": "String[]"}]},
		{"status": {"name": "BadInvalidArgument"}, "message": "one is wrong", "outputArguments": [],
			"inputArgumentResults": [{"status": {"name": "Good"}, "message": null}, {"status": {"name": "BadTypeMismatch"}, "message": "want Double"}]},
		{"status": {"name": "BadServerNotConnected"}, "message": "call methods of server \"oven\": unavailable", "inputArgumentResults": [], "outputArguments": []}]}`)
	if fmt.Sprintf("%s %s", got[0].InputArguments, got[1].InputArguments) != "[1 null] []" {
		t.Errorf("arguments %s and %s", got[0].InputArguments, got[1].InputArguments)
	}
}

func TestBatchesAreBounded(t *testing.T) {
	p := newPlatform(HandlerConfig{})
	calls := make([]any, maxCalls+1)
	for i := range calls {
		calls[i] = map[string]any{"server": "press", "objectId": "i=1", "methodId": "i=2"}
	}
	p.ask(t, `mutation($i: [CallInput!]!) { call(input: $i) { message } }`, "i", calls).wantCodes(t, "BAD_USER_INPUT")
	writes := make([]any, maxBatch+1)
	for i := range writes {
		writes[i] = map[string]any{"server": "press", "nodeId": "i=1"}
	}
	p.ask(t, `mutation($i: [WriteInput!]!) { write(input: $i) { message } }`, "i", writes).wantCodes(t, "BAD_USER_INPUT")
}

func TestStatusOfErrors(t *testing.T) {
	for err, want := range map[error]string{
		ErrUnavailable: "BadServerNotConnected", ErrInvalid: "BadInvalidArgument", ErrNotFound: "BadNotFound", context.DeadlineExceeded: "BadTimeout",
		errors.New("x"): "BadInternalError",
	} {
		p := newPlatform(HandlerConfig{})
		p.commands.WriteFunc = func(string, []model.WriteValue) ([]model.WriteResult, error) { return nil, err }
		p.ask(t, `mutation { write(input: {server: "press", nodeId: "i=1"}) { status { name } } }`).wantData(t, `{"write": [{"status": {"name": "`+want+`"}}]}`)
	}
}
