package bus

import (
	"context"
	"fmt"
)

// Pending returns how many of the frames that this reader reads are stored and not yet returned by Next: of its partitions alone, where
// sequences would count those of others too. It asks the server, and fails for a moment after a lost connection. It may be called from
// any goroutine.
func (r *FrameReader) Pending(ctx context.Context) (uint64, error) {
	info, err := r.consumer.Info(ctx)
	if err != nil {
		return 0, fmt.Errorf("look up consumer of stream %s: %w", r.stream, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	pending := info.NumPending + uint64(len(r.queue))
	switch {
	case r.last.consumer == info.Name:
		// Sent by the server and not yet in the queue. What came since the server answered makes no difference.
		pending += info.Delivered.Consumer - min(info.Delivered.Consumer, r.last.number)
	default:
		pending += info.Delivered.Consumer // the first ones of a new consumer
	}
	return pending, nil
}
