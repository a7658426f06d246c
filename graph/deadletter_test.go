package graph

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/shopfloor-iiot/shopfloor/model"
)

func newDeadLetters(count int) *platform {
	p := newPlatform(HandlerConfig{})
	for i := range count {
		p.dead.letters = append(p.dead.letters, model.DeadLetter{
			ID: uint64(i + 1), Time: testTime.Add(time.Duration(i) * time.Second), Reason: fmt.Sprintf("reason %d", i+1), Gateway: "edge1", Group: "press",
			Writer: "default", ContentType: "application/opcua+uadp", Sequence: 1<<60 + uint64(i), Size: 3, Head: []byte{0xf1, 0, byte(i)},
		})
	}
	return p
}

func TestDeadLetters(t *testing.T) {
	p := newDeadLetters(2)
	p.ask(t, `{ deadLetters { pageInfo { hasNextPage hasPreviousPage endCursor } edges { cursor node { id time reason gateway group writer contentType size sequence head text } } } }`).wantData(t,
		`{"deadLetters": {"pageInfo": {"hasNextPage": false, "hasPreviousPage": false, "endCursor": "`+cursor("1")+`"}, "edges": [
		{"cursor": "`+cursor("2")+`", "node": {"id": "2", "time": "2026-01-02T03:04:06Z", "reason": "reason 2", "gateway": "edge1", "group": "press", "writer": "default",
			"contentType": "application/opcua+uadp", "size": 3, "sequence": "1152921504606846977", "head": "f10001", "text": null}},
		{"cursor": "`+cursor("1")+`", "node": {"id": "1", "time": "2026-01-02T03:04:05Z", "reason": "reason 1", "gateway": "edge1", "group": "press", "writer": "default",
			"contentType": "application/opcua+uadp", "size": 3, "sequence": "1152921504606846976", "head": "f10000", "text": null}}]}}`)
	newDeadLetters(0).ask(t, `{ deadLetters { pageInfo { hasNextPage endCursor } edges { cursor } } }`).wantData(t,
		`{"deadLetters": {"pageInfo": {"hasNextPage": false, "endCursor": null}, "edges": []}}`)
}

func TestDeadLettersByPages(t *testing.T) {
	p := newDeadLetters(120)
	var after any
	for _, want := range []struct {
		first string
		count int
		next  bool
	}{{"120", 50, true}, {"70", 50, true}, {"20", 20, false}} {
		a := p.ask(t, `query($a: String) { deadLetters(after: $a) { pageInfo { hasNextPage endCursor } edges { node { id } } } }`, "a", after)
		if len(a.Errors) > 0 {
			t.Fatal(a.Errors)
		}
		c := a.Data.(map[string]any)["deadLetters"].(map[string]any)
		edges, info := c["edges"].([]any), c["pageInfo"].(map[string]any)
		first := edges[0].(map[string]any)["node"].(map[string]any)["id"]
		if first != want.first || len(edges) != want.count || info["hasNextPage"] != want.next {
			t.Fatalf("page from %v with %d, next %v; want %+v", first, len(edges), info["hasNextPage"], want)
		}
		after = info["endCursor"]
	}
	p.ask(t, `{ deadLetters(filter: {gateway: "g", group: "r", writer: "w"}, first: 1) { pageInfo { hasNextPage } } }`).wantData(t, `{"deadLetters": {"pageInfo": {"hasNextPage": true}}}`)
	if diff := cmp.Diff(model.DeadLetterFilter{Gateway: "g", Group: "r", Writer: "w"}, p.dead.filter); diff != "" {
		t.Errorf("filter (-want +got):\n%s", diff)
	}
	for args, field := range map[string]string{
		`first: 501`: "first", `first: 1001`: "first", `after: "1"`: "after", `after: "` + cursor("x") + `"`: "after", `after: "` + cursor("0") + `"`: "after",
	} {
		a := p.ask(t, `{ deadLetters(`+args+`) { pageInfo { hasNextPage } } }`)
		a.wantCodes(t, "BAD_USER_INPUT")
		if a.Errors[0].Extensions["field"] != field {
			t.Errorf("%s: error %v", args, a.Errors[0])
		}
	}
}

// TestDeadLetterHead bounds what is shown of a frame, whatever the implementation gives and the frame is.
func TestDeadLetterHead(t *testing.T) {
	long := bytes.Repeat([]byte("{\"ä\":1}\n"), 1000)
	for _, tt := range []struct {
		contentType string
		head        []byte
		hex, text   string
	}{
		{"application/opcua+json", []byte(`{"a":"ö"}`), "7b2261223a22c3b6227d", `{"a":"ö"}`},
		{"Application/JSON; charset=utf-8", []byte("\xff\x00{"), "ff007b", "\ufffd\x00{"},
		{"application/opcua+json", nil, "", ""},
		{"application/opcua+json", long, fmt.Sprintf("%x", long[:256]), strings.ToValidUTF8(string(long[:4096]), "\ufffd")},
	} {
		p := newDeadLetters(1)
		l := &p.dead.letters[0]
		l.ContentType, l.Head, l.Size = tt.contentType, tt.head, len(tt.head)
		a := p.ask(t, `{ deadLetters { edges { node { head text size } } } }`)
		want := map[string]any{"head": tt.hex, "text": tt.text, "size": float64(len(tt.head))}
		got := a.Data.(map[string]any)["deadLetters"].(map[string]any)["edges"].([]any)[0].(map[string]any)["node"]
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.contentType, diff)
		}
	}
}

func TestDeadLettersFail(t *testing.T) {
	const query = `{ deadLetters { pageInfo { hasNextPage } } }`
	p := newDeadLetters(1)
	p.dead.err = fmt.Errorf("stream UA_DEAD: %w", ErrUnavailable)
	p.ask(t, query).wantCodes(t, "UNAVAILABLE")
	p.dead.err = errors.New("secret detail")
	a := p.ask(t, query)
	a.wantCodes(t, "INTERNAL")
	if a.Errors[0].Message != "internal error" {
		t.Errorf("message %q", a.Errors[0].Message)
	}
	p.resolver.DeadLetters = nil
	p.ask(t, query).wantCodes(t, "UNAVAILABLE")
}
