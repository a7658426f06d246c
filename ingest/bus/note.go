package bus

import (
	"context"

	"github.com/nats-io/nats.go"
)

// maxNote bounds a note, in bytes.
const maxNote = 2048

// note is what a handler says beside its reply.
type note struct{ text string }

type noteKey struct{}

// SetNote has the reply to the command of ctx carry a short text beside its body or its error: a header that requesters of an earlier version do not
// see. A Handler calls it before it returns, from its own goroutine. Text over 2 KiB is left out whole.
func SetNote(ctx context.Context, text string) {
	if n, ok := ctx.Value(noteKey{}).(*note); ok && len(text) <= maxNote {
		n.text = headerText(text)
	}
}

func noted(m *nats.Msg, text string) {
	if text == "" {
		return
	}
	if m.Header == nil {
		m.Header = nats.Header{}
	}
	m.Header.Set(headerNote, text)
}
