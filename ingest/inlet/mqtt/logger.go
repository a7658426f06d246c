package mqtt

import (
	"context"
	"log/slog"

	"github.com/rs/zerolog"
)

// logAttributes are what of a log entry of the broker library is kept: others hold whole packets, payloads and passwords among them.
var logAttributes = map[string]bool{"error": true, "client": true, "remote": true, "listener": true}

// slogHandler gives the entries of the broker library to zerolog. What clients do wrong is no warning of this program: all but
// errors is for debugging.
type slogHandler struct{ log zerolog.Logger }

func (h slogHandler) Enabled(_ context.Context, l slog.Level) bool {
	return l >= slog.LevelError || h.log.GetLevel() <= zerolog.DebugLevel
}

func (h slogHandler) Handle(_ context.Context, r slog.Record) error {
	e := h.log.Debug()
	if r.Level >= slog.LevelError {
		e = h.log.Error()
	}
	r.Attrs(func(a slog.Attr) bool {
		if logAttributes[a.Key] {
			e = e.Str(a.Key, a.Value.String())
		}
		return true
	})
	e.Msg("mqtt broker: " + r.Message)
	return nil
}

func (h slogHandler) WithAttrs([]slog.Attr) slog.Handler { return h }
func (h slogHandler) WithGroup(string) slog.Handler      { return h }
