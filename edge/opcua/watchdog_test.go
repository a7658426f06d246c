package opcua

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/shopfloor-iiot/shopfloor/edge/opcua/opcuatest"
	"github.com/shopfloor-iiot/shopfloor/model"
)

// A field of a node that stands still is late; what is done about it depends on the writer.
func testWatchdog(t *testing.T, s *opcuatest.Server) {
	f := func(d model.Watchdog, fields ...string) (*Source, chan WatchdogEvent) {
		t.Helper()
		d.Timeout = 500 * time.Millisecond
		w := dataSetWriter("w", 100*time.Millisecond, fields...)
		w.Watchdog = &d
		c := config(s.Endpoint(), &recorder{})
		events := make(chan WatchdogEvent, 10)
		c.OnWatchdog = func(e WatchdogEvent) { events <- e }
		return run(t, c, w), events
	}
	acted := func(source *Source, n uint64) {
		t.Helper()
		eventually(t, 15*time.Second, func() bool { return source.Writers()[0].WatchdogEvents >= n },
			func() string { return fmt.Sprintf("%d watchdog events: %+v", n, source.Writers()) })
	}
	any, _ := f(model.Watchdog{Condition: model.WatchdogAnyLate}, "V0", "Scalar_Guid")
	all, _ := f(model.Watchdog{Condition: model.WatchdogAllLate}, "V0", "Scalar_Guid")
	reset, _ := f(model.Watchdog{Behavior: model.WatchdogReset}, "Scalar_Guid")
	exit, events := f(model.Watchdog{Behavior: model.WatchdogExitProcess}, "Scalar_Guid")
	acted(any, 1)
	if w := any.Writers()[0]; w.Late != 1 {
		t.Errorf("%d late fields, want 1", w.Late)
	}
	acted(exit, 1)
	if e := <-events; e.Writer.Writer != "w" || e.Behavior != model.WatchdogExitProcess || !strings.Contains(e.Reason, "1 of 1 fields") || !strings.Contains(e.Reason, "Scalar_Guid") {
		t.Errorf("event %+v", e)
	}
	sub := reset.publishing.all()[0]
	sub.mu.Lock()
	id := sub.id
	sub.mu.Unlock()
	acted(reset, 2)
	eventually(t, 10*time.Second, func() bool {
		sub.mu.Lock()
		defer sub.mu.Unlock()
		return sub.id != 0 && sub.id != id
	}, func() string { return "the subscription is made anew" })
	if w := all.Writers()[0]; w.WatchdogEvents != 0 || w.Late != 1 {
		t.Errorf("a watchdog for all fields acted though one is not late: %+v", w)
	}
}
