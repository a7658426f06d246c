package graph

import (
	"context"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// EventServices are the events and the conditions of a server, reached through its gateway.
type EventServices interface {
	// MonitorEvents delivers events until ctx ends, or until one says that it is the last; then, or when the gateway goes away, the channel is closed.
	MonitorEvents(ctx context.Context, server string, r model.EventMonitorRequest) (<-chan model.MonitoredEvents, error)
}
