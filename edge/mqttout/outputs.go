package mqttout

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/sync/errgroup"

	"github.com/shopfloor-iiot/shopfloor/edge"
	"github.com/shopfloor-iiot/shopfloor/model"
)

// Outputs are the brokers of a gateway. Its methods may be called from several goroutines.
type Outputs struct {
	brokers []*Broker // in the order of the configuration
	log     zerolog.Logger
	trouble atomic.Pointer[map[model.WriterKey]string] // why the outputs of writers cannot be used
}

var _ edge.Outputs = (*Outputs)(nil)

// New makes the outputs of a gateway, which read its frames, or says what is wrong with the configuration. Nothing is connected or read before Run.
func New(gateway string, brokers []Config, frames edge.FrameLog, log zerolog.Logger) (*Outputs, error) {
	if err := Validate(brokers); err != nil {
		return nil, err
	}
	o := &Outputs{log: log}
	for i := range brokers {
		b, err := newBroker(brokers[i], gateway, frames, log)
		if err != nil {
			return nil, fmt.Errorf("brokers[%d] %q: %w", i, brokers[i].Name, err)
		}
		o.brokers = append(o.brokers, b)
	}
	return o, nil
}

// Brokers returns the names of the brokers, in the order of the configuration.
func (o *Outputs) Brokers() []string {
	names := make([]string, len(o.brokers))
	for i, b := range o.brokers {
		names[i] = b.cfg.Name
	}
	return names
}

// Run sends until ctx ends, and then what is on its way for at most grace. What waits in the store is sent after the next start. Called once.
func (o *Outputs) Run(ctx context.Context, grace time.Duration) error {
	var g errgroup.Group
	for _, b := range o.brokers {
		g.Go(func() error { return b.run(ctx, grace) })
	}
	return g.Wait()
}
