package graph

import (
	"context"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// EventServices are the events and the conditions of a server, reached through its gateway.
type EventServices interface {
	// MonitorEvents delivers events until ctx ends, or until one says that it is the last; then, or when the gateway goes away, the channel is closed.
	MonitorEvents(ctx context.Context, server string, r model.EventMonitorRequest) (<-chan model.MonitoredEvents, error)
	// Conditions answers each query, in their order.
	Conditions(ctx context.Context, server string, queries []model.ConditionQuery) ([]model.ConditionPage, error)
	// CallConditions calls methods of conditions. An error says that the batch was not tried.
	CallConditions(ctx context.Context, server string, calls []model.ConditionCall) ([]model.ConditionResult, error)
	// MonitorConditions delivers conditions as MonitorEvents does events.
	MonitorConditions(ctx context.Context, server string, r model.ConditionMonitorRequest) (<-chan model.ConditionChanges, error)
}
