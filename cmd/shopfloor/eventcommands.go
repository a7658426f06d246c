package main

import (
	"context"

	"github.com/nats-io/nuid"

	"github.com/shopfloor-iiot/shopfloor/graph"
	"github.com/shopfloor-iiot/shopfloor/model"
)

var _ graph.EventServices = (*commands)(nil)

// MonitorEvents implements graph.EventServices.
func (c *commands) MonitorEvents(ctx context.Context, server string, r model.EventMonitorRequest) (<-chan model.MonitoredEvents, error) {
	r.ID = nuid.Next()
	return follow(ctx, c, server, model.VerbMonitorEvents, r.ID, r, func(e *model.MonitoredEvents, lost uint64) bool {
		e.Overflow = e.Overflow || lost > 0
		return e.Ended
	})
}
