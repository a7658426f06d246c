package graph

import (
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// GatewayOutput shows a model.OutputStatus.
type GatewayOutput struct{ status model.OutputStatus }

// Name is what writers name it by.
func (o *GatewayOutput) Name() string { return o.status.Name }

// State is that of the connection, Since the time of its last change.
func (o *GatewayOutput) State() model.ConnectionState { return o.status.State }

// Since is when State changed.
func (o *GatewayOutput) Since() time.Time { return o.status.Since }

// Error is why it is not connected, nil when it is.
func (o *GatewayOutput) Error() *string { return optional(o.status.Error) }

// Waiting is how many frames it has not passed.
func (o *GatewayOutput) Waiting() uint64 { return o.status.Waiting }

// Sent is how many messages it has.
func (o *GatewayOutput) Sent() uint64 { return o.status.Sent }

// InFlight is how many are on their way.
func (o *GatewayOutput) InFlight() int { return o.status.InFlight }

// Dropped is how many frames went before it had them.
func (o *GatewayOutput) Dropped() uint64 { return o.status.Dropped }

// Refused is how many messages are not to be had, LastRefusal why.
func (o *GatewayOutput) Refused() uint64 { return o.status.Refused }

// LastRefusal is why, nil when nothing was refused.
func (o *GatewayOutput) LastRefusal() *string { return optional(o.status.LastRefusal) }

// Reconnects is how often the connection was made anew.
func (o *GatewayOutput) Reconnects() uint64 { return o.status.Reconnects }

// gatewayOutputs shows the outputs of a gateway.
func gatewayOutputs(g *model.GatewayStatus) []GatewayOutput {
	out := make([]GatewayOutput, len(g.Outputs))
	for i := range out {
		out[i] = GatewayOutput{g.Outputs[i]}
	}
	return out
}
