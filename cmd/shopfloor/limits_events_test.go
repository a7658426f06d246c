package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/ingest/bus"
)

// TestEventsFloodRaisesAlarm: a stream of events that gets full drops its oldest, which an alarm says in time.
func TestEventsFloodRaisesAlarm(t *testing.T) {
	busURL, password, args := busArgs(t)
	p := startProcess(t, append(args, "--stream-max-bytes", fmt.Sprint(64<<20))...)
	conn, err := bus.Dial(busURL, "outside", password, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	storeEventMetadata(t, conn, eventWriter, "press")
	flooded := 0
	sender, now := eventSender(t, conn, loadGateway), time.Now().Add(-time.Minute)
	p.waitFor(2*time.Minute, "alarm", func() error {
		for range 5 {
			flooded += 200
			sendEvents(t, sender, eventWriter, flooded-200, flooded, now)
		}
		var got struct {
			Alarms []struct{ ID, Severity, Remedy string }
			Limits []struct{ ID, State string }
		}
		if errs, err := p.Query(&got, `{ alarms { id severity remedy } limits { id state } }`, nil); err != nil || len(errs) > 0 {
			return fmt.Errorf("%w %v", err, errs)
		}
		for _, a := range got.Alarms {
			if a.ID == "limit.stream.UA_EVENT" && a.Severity == "WARNING" && strings.Contains(a.Remedy, "stream.eventMaxAge") {
				return nil
			}
		}
		return fmt.Errorf("%+v", got)
	})
}
