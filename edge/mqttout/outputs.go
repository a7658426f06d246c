package mqttout

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/sync/errgroup"

	"github.com/shopfloor-iiot/shopfloor/edge"
	"github.com/shopfloor-iiot/shopfloor/model"
)

// Outputs are the brokers of a gateway. Its methods may be called from several goroutines.
type Outputs struct {
	brokers []*Broker // in the order of the configuration
}

var _ edge.Outputs = (*Outputs)(nil)

// New makes the outputs of a gateway, or says what is wrong with the configuration. Nothing is connected before Run; frames that come
// earlier wait.
func New(gateway string, brokers []Config, log zerolog.Logger) (*Outputs, error) {
	if err := Validate(brokers); err != nil {
		return nil, err
	}
	o := &Outputs{}
	for i := range brokers {
		b, err := newBroker(brokers[i], gateway, log)
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

// Open implements edge.Outputs.
func (o *Outputs) Open(w *model.DataSetWriter, m *model.DataSetMetaData) (edge.Output, error) {
	if err := w.Output.Validate(); err != nil {
		return nil, fmt.Errorf("output of %s: %w", w.Key(), err)
	}
	i := slices.IndexFunc(o.brokers, func(b *Broker) bool { return b.cfg.Name == w.Output.Broker })
	if i < 0 {
		return nil, fmt.Errorf("output of %s: broker %q is not in the gateway's configuration: add it to brokers", w.Key(), w.Output.Broker)
	}
	return o.brokers[i].open(w, m)
}

// Run sends until ctx ends, and then for at most grace what still waits. What can not be sent by then is dropped and counted. Called once.
func (o *Outputs) Run(ctx context.Context, grace time.Duration) error {
	var g errgroup.Group
	for _, b := range o.brokers {
		g.Go(func() error { return b.run(ctx, grace) })
	}
	return g.Wait()
}
