package graph

import "testing"

func TestSelectionPreview(t *testing.T) {
	p := newPlatform(HandlerConfig{})
	p.ask(t, `{ selectionPreview(server: "press", selection: {include: ["**"]}) { count truncated valuesPerSecond sample { name nodeId } } }`).wantData(t,
		`{"selectionPreview": {"count": 3, "truncated": true, "valuesPerSecond": 1.5, "sample": [{"name": "V1", "nodeId": "nsu=urn:plant;i=1"}]}}`)
	for selection, want := range map[string]string{`{path: "Nowhere"}`: "NOT_FOUND", `{include: ["/(/"]}`: "BAD_USER_INPUT"} {
		if codes := p.ask(t, `{ selectionPreview(server: "press", selection: `+selection+`) { count } }`).codes(); len(codes) != 1 || codes[0] != want {
			t.Errorf("%s: codes %v, want %s", selection, codes, want)
		}
	}
}
