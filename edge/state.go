package edge

import (
	"context"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// Desired is all that a gateway is to run.
type Desired struct {
	// Revision counts the changes of what the gateway is to run; 0 when there was none yet.
	Revision uint64
	Servers  []model.Server
	Writers  []model.DataSetWriter
}

// State is where a gateway finds what it is to run, and where it reports. Its methods may be called from several goroutines.
type State interface {
	// Watch calls apply with the whole desired state, once it is known and after each change, by one goroutine at a time, until
	// ctx ends. A gateway that is cut off keeps what it was told last.
	Watch(ctx context.Context, apply func(Desired)) error

	ReportServer(ctx context.Context, s model.ServerStatus) error
	ReportWriter(ctx context.Context, s model.WriterStatus) error
	ReportGateway(ctx context.Context, s model.GatewayStatus) error
}
