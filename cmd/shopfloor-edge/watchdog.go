package main

import (
	"context"
	"fmt"
	"os"

	"github.com/shopfloor-iiot/shopfloor/edge/opcua"
	"github.com/shopfloor-iiot/shopfloor/model"
)

// watchdog ends the process when a writer's watchdog asks for it, for whoever started it to start it again.
type watchdog struct {
	events chan opcua.WatchdogEvent // the first one counts
	exit   func(code int)
}

func newWatchdog() *watchdog {
	return &watchdog{events: make(chan opcua.WatchdogEvent, 1), exit: os.Exit}
}

// on takes an event and does not block. FailFast ends the process at once: what is stored is not lost, as with kill -9.
func (w *watchdog) on(e opcua.WatchdogEvent) {
	if e.Behavior == model.WatchdogFailFast {
		w.exit(exitFailed)
		return
	}
	select {
	case w.events <- e:
	default:
	}
}

// run returns an error when the process is to be stopped in order.
func (w *watchdog) run(ctx context.Context) error {
	select {
	case e := <-w.events:
		return fmt.Errorf("the watchdog of writer %s ends the process: %s", e.Writer, e.Reason)
	case <-ctx.Done():
		return nil
	}
}
