package bus

import (
	"fmt"
	"sync/atomic"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/rs/zerolog"
)

var _ server.Logger = (*logger)(nil)

// logger hands the NATS server's log lines to zerolog and counts what matters. Notices are logged as debug: they are a
// server's own life (some 20 lines a start), nothing an operator of Shopfloor acts on.
type logger struct {
	log      zerolog.Logger
	warnings atomic.Uint64
	errors   atomic.Uint64
	fatal    atomic.Pointer[string]
}

func (l *logger) Noticef(format string, v ...any) { l.write(l.log.Debug(), format, v) }

func (l *logger) Warnf(format string, v ...any) {
	l.warnings.Add(1)
	l.write(l.log.Warn(), format, v)
}

func (l *logger) Errorf(format string, v ...any) {
	l.errors.Add(1)
	l.write(l.log.Error(), format, v)
}

// Fatalf keeps the process alive: Start returns the text as an error, and an embedded server has no right to more.
func (l *logger) Fatalf(format string, v ...any) {
	l.errors.Add(1)
	text := fmt.Sprintf(format, v...)
	l.fatal.Store(&text)
	l.write(l.log.Error().Bool("fatal", true), format, v)
}

func (l *logger) Debugf(format string, v ...any) { l.write(l.log.Debug(), format, v) }

func (l *logger) Tracef(format string, v ...any) { l.write(l.log.Trace(), format, v) }

func (l *logger) write(e *zerolog.Event, format string, v []any) {
	if e.Enabled() {
		e.Str("text", fmt.Sprintf(format, v...)).Msg("nats server")
	}
}
