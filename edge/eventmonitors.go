package edge

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// maxEventDelivery is above how many bytes a delivery of several events is split.
const maxEventDelivery = 512 << 10

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
		d := &eventDelivery{monitors: &g.monitors, id: r.ID}
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

// eventDelivery sends the events of one monitoring, in parts that a message has room for, with a sequence of its own.
type eventDelivery struct {
	monitors *monitors
	id       string
	sequence uint64
	lost     bool
}

func (d *eventDelivery) deliver(e model.MonitoredEvents) {
	d.sequence++
	e.Sequence = d.sequence
	e.Overflow = e.Overflow || d.lost
	body, err := json.Marshal(e)
	if n := len(e.Events); n > 1 && err == nil && len(body) > maxEventDelivery {
		d.sequence--
		first, second := e, e
		first.Events, first.Ended = e.Events[:n/2], false
		second.Events, second.Overflow = e.Events[n/2:], false
		d.deliver(first)
		d.deliver(second)
		return
	}
	if err == nil {
		err = d.monitors.live.PublishLive(d.id, body)
	}
	if d.lost = err != nil; d.lost {
		d.monitors.lost.Add(1)
	}
}
