package graph

import (
	"fmt"
	"strings"
	"testing"

	"github.com/shopfloor-iiot/shopfloor/model"
)

func TestSendKeyFrame(t *testing.T) {
	p := newPlatform(HandlerConfig{})
	p.commands.KeyFrameFunc = func(server string, requests []model.KeyFrameRequest) ([]model.KeyFrameResult, error) {
		if server != "press" || len(requests) != 1 || requests[0] != (model.KeyFrameRequest{Group: "press", Writer: "default"}) {
			return nil, fmt.Errorf("asked %q for %v", server, requests)
		}
		return []model.KeyFrameResult{{Fields: 3, Missing: 1}}, nil
	}
	const query = `mutation($w: [ID!]!) { sendKeyFrame(writers: $w) { writer status { name } message fields missing } }`
	p.ask(t, query, "w", []string{"edge1/press/default"}).wantData(t,
		`{"sendKeyFrame": [{"writer": "edge1/press/default", "status": {"name": "Good"}, "message": null, "fields": 3, "missing": 1}]}`)

	a := p.ask(t, query, "w", []string{"press", "edge1/press/default", "edge1/press/gone"})
	results, _ := a.Data.(map[string]any)["sendKeyFrame"].([]any)
	if len(results) != 3 {
		t.Fatalf("%v, want three results", a)
	}
	for i, want := range []string{"gateway/group/writer", "", "not found"} {
		message, _ := results[i].(map[string]any)["message"].(string)
		if !strings.Contains(message, want) || (want == "") != (message == "") {
			t.Errorf("message %d is %q, want %q", i, message, want)
		}
	}
	p.commands.KeyFrameFunc = func(string, []model.KeyFrameRequest) ([]model.KeyFrameResult, error) {
		return nil, fmt.Errorf("%w: gateway \"edge1\" is not connected", ErrUnavailable)
	}
	a = p.ask(t, query, "w", []string{"edge1/press/default"})
	if text := fmt.Sprint(a.Data); !strings.Contains(text, "not connected") {
		t.Errorf("gateway away: %s", text)
	}
	if codes := p.ask(t, query, "w", make([]string, maxKeyFrames+1)).codes(); len(codes) != 1 {
		t.Errorf("too many writers: %v", codes)
	}
}
