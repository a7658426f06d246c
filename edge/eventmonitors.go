package edge

import (
	"context"
	"errors"
	"fmt"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// startEventMonitors starts the monitorings of events that a command asks for.
func (g *Gateway) startEventMonitors(body []byte) error {
	cmd, source, err := command[model.EventMonitorRequest](g, body)
	if err != nil {
		return err
	}
	m, ok := source.(EventMonitor)
	if !ok {
		return fmt.Errorf("server %q has no events: %w", cmd.Server, model.StatusBadServiceUnsupported)
	}
	a := g.asset(cmd.Server)
	for _, r := range cmd.Items {
		d := &parts[model.MonitoredEvents]{monitors: &g.monitors, id: r.ID, number: numberEvents, halve: halveEvents}
		err := g.monitors.start(a, r.ID, func(ctx context.Context) {
			if err := m.MonitorEvents(ctx, r, d.deliver); err != nil && ctx.Err() == nil {
				d.deliver(model.MonitoredEvents{Status: statusOf(err), Message: err.Error(), Ended: true})
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// statusOf is the status of an error, BadUnexpectedError where it has none.
func statusOf(err error) model.StatusCode {
	var status model.StatusCode
	if errors.As(err, &status) {
		return status
	}
	return model.StatusBadUnexpectedError
}

func numberEvents(e *model.MonitoredEvents, sequence uint64, lost bool) {
	e.Sequence, e.Overflow = sequence, e.Overflow || lost
}

func halveEvents(e model.MonitoredEvents) (first, second model.MonitoredEvents, ok bool) {
	n := len(e.Events) / 2
	if n == 0 {
		return e, e, false
	}
	first, second = e, e
	first.Events, first.Ended = e.Events[:n], false
	second.Events, second.Overflow = e.Events[n:], false
	return first, second, true
}
