package edge

import (
	"context"
	"fmt"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// startConditionMonitors starts the monitorings of conditions that a command asks for.
func (g *Gateway) startConditionMonitors(body []byte) error {
	cmd, source, err := command[model.ConditionMonitorRequest](g, body)
	if err != nil {
		return err
	}
	m, ok := source.(ConditionServer)
	if !ok {
		return fmt.Errorf("server %q has no conditions: %w", cmd.Server, model.StatusBadServiceUnsupported)
	}
	a := g.asset(cmd.Server)
	for _, r := range cmd.Items {
		d := &parts[model.ConditionChanges]{monitors: &g.monitors, id: r.ID, number: numberConditions, halve: halveConditions}
		err := g.monitors.start(a, r.ID, func(ctx context.Context) {
			if err := m.MonitorConditions(ctx, r, d.deliver); err != nil && ctx.Err() == nil {
				d.deliver(model.ConditionChanges{Status: statusOf(err), Message: err.Error(), Ended: true})
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func numberConditions(c *model.ConditionChanges, sequence uint64, lost bool) {
	c.Sequence, c.Overflow = sequence, c.Overflow || lost
}

// halveConditions splits a delivery; what was removed is in the second part, which alone can be complete.
func halveConditions(c model.ConditionChanges) (first, second model.ConditionChanges, ok bool) {
	n := len(c.Changes) / 2
	if n == 0 {
		return c, c, false
	}
	first, second = c, c
	first.Changes, first.Removed, first.Complete, first.Ended = c.Changes[:n], nil, false, false
	second.Changes, second.Overflow = c.Changes[n:], false
	return first, second, true
}
