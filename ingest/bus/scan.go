package bus

import (
	"context"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"
)

// scan calls yield for each message that a stream holds now and cfg selects, in order, until yield returns false.
func (c *Conn) scan(ctx context.Context, stream string, cfg jetstream.OrderedConsumerConfig, yield func(m jetstream.Msg, d delivery) bool) error {
	ctx, cancel := context.WithTimeout(ctx, requestWait)
	defer cancel()
	cons, err := c.js.OrderedConsumer(ctx, stream, cfg)
	if err != nil {
		return fmt.Errorf("scan stream %s: %w", stream, err)
	}
	defer c.forget(cons, stream)
	if cons.CachedInfo().NumPending == 0 {
		return nil
	}
	messages, err := cons.Messages(jetstream.PullMaxMessagesWithBytesLimit(pullFrames, pullBytes))
	if err != nil {
		return fmt.Errorf("scan stream %s: %w", stream, err)
	}
	defer messages.Stop()
	for untilDone := jetstream.NextContext(ctx); ; {
		m, err := messages.Next(untilDone)
		if err != nil {
			return fmt.Errorf("scan stream %s: %w", stream, err)
		}
		d, err := parseDelivery(m.Reply())
		if err != nil {
			return fmt.Errorf("scan stream %s: %w", stream, err)
		}
		if !yield(m, d) || d.pending == 0 {
			return nil
		}
	}
}
