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

// Conditions implements graph.EventServices.
func (c *commands) Conditions(ctx context.Context, server string, queries []model.ConditionQuery) ([]model.ConditionPage, error) {
	return ask[model.ConditionQuery, model.ConditionPage](ctx, c, server, model.VerbConditions, queries)
}

// CallConditions implements graph.EventServices.
func (c *commands) CallConditions(ctx context.Context, server string, calls []model.ConditionCall) ([]model.ConditionResult, error) {
	return ask[model.ConditionCall, model.ConditionResult](ctx, c, server, model.VerbCallConditions, calls)
}

// MonitorConditions implements graph.EventServices.
func (c *commands) MonitorConditions(ctx context.Context, server string, r model.ConditionMonitorRequest) (<-chan model.ConditionChanges, error) {
	r.ID = nuid.Next()
	return follow(ctx, c, server, model.VerbMonitorConditions, r.ID, r, func(d *model.ConditionChanges, lost uint64) bool {
		d.Overflow = d.Overflow || lost > 0
		return d.Ended
	})
}
