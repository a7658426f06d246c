package inlet

import (
	"context"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/model/uadp"
)

// FuzzTake: no message makes the Inlet panic, call done other than once, or store something under a name that is none.
func FuzzTake(f *testing.F) {
	f.Add("p", "g", "w", uint8(0), []byte(publisherMetaData))
	f.Add("", "", "", uint8(1), []byte(`{"MessageType":"ua-data","PublisherId":"p","WriterGroupName":"g","Messages":[]}`))
	f.Add("", "", "", uint8(1), []byte(`[{"PublisherId":"\ud800"},[[[[`))
	f.Add("", "", "", uint8(2), []byte(uadpFrame(f, uadp.Header{Content: uadp.ContentPublisherID | uadp.ContentPayloadHeader, PublisherID: uadp.StringPublisherID("x")}, 1)))
	f.Add("", "", "", uint8(0), []byte(compressed(f, `{"PublisherId":"p"}`)))
	f.Add(strings.Repeat("x", 200), "", "", uint8(0), []byte("{}"))
	f.Add("", "", "", uint8(0), []byte{0x91, 0x80, 0x08, 1, 2, 0, 0, 1, 0})
	f.Add("", "", "", uint8(2), announced(f))
	f.Fuzz(func(t *testing.T, publisher, group, writer string, encoding uint8, payload []byte) {
		s := &fake{}
		in, err := New(Config{}, s, s, s, zerolog.Nop())
		if err != nil {
			t.Fatal(err)
		}
		calls := 0
		var fate error
		m := Message{Way: "mqtt", PublisherID: publisher, Group: group, Writer: writer, Encoding: Encoding(encoding % 3), Payload: payload}
		if err := in.Take(context.Background(), &m, func(err error) { calls++; fate = err }); err != nil || calls != 1 {
			t.Fatalf("error %v, done called %d times", err, calls)
		}
		if refused := errors.Is(fate, ErrRefused); refused != (len(s.dead) == 1) {
			t.Fatalf("fate %v, but %d dead letters", fate, len(s.dead))
		}
		for _, fr := range s.frames {
			for _, name := range []string{fr.Key.Gateway, fr.Key.Group, fr.Key.Writer} {
				if len(name) > maxName || !utf8.ValidString(name) {
					t.Fatalf("bad name %q", name)
				}
			}
			if !strings.HasPrefix(fr.Key.Gateway, "mqtt:") || fr.Key.Gateway == "mqtt:" || fr.Data != string(payload) {
				t.Fatalf("frame of %q", fr.Key.Gateway)
			}
		}
	})
}
