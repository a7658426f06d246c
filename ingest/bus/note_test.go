package bus

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
)

// A note comes with a reply of any size and with an error; a handler that makes none, as those of earlier versions, is heard as before.
func TestRequestNoted(t *testing.T) {
	srv, c := newBus(t)
	ctx := testContext(t)
	large := bytes.Repeat([]byte("x"), 3*partBytes)
	serve(t, srv, connectTo(t, srv), "g", 0, func(ctx context.Context, verb string, _ []byte) ([]byte, error) {
		if verb != "silent" {
			SetNote(ctx, "note of "+verb)
		}
		switch verb {
		case "large":
			return large, nil
		case "error":
			return nil, &RemoteError{Code: "BadX", Text: "text"}
		case "long":
			SetNote(ctx, strings.Repeat("x", maxNote+1))
		}
		return []byte("short"), nil
	})
	for verb, want := range map[string]struct {
		body []byte
		note string
	}{
		"small": {[]byte("short"), "note of small"}, "large": {large, "note of large"}, "silent": {[]byte("short"), ""},
		"long": {[]byte("short"), "note of long"},
	} {
		body, note, err := c.RequestNoted(ctx, "g", verb, nil)
		if err != nil || !bytes.Equal(body, want.body) || note != want.note {
			t.Errorf("%s: %d bytes, note %q, %v", verb, len(body), note, err)
		}
		if body, err := c.Request(ctx, "g", verb, nil); err != nil || !bytes.Equal(body, want.body) {
			t.Errorf("%s without its note: %d bytes, %v", verb, len(body), err)
		}
	}
	var remote *RemoteError
	if _, note, err := c.RequestNoted(ctx, "g", "error", nil); !errors.As(err, &remote) || remote.Code != "BadX" || note != "note of error" {
		t.Errorf("error %v, note %q", err, note)
	}
	SetNote(ctx, "outside of a handler nothing happens")
}
