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
	// All that the consumer has or will be given, less what came of it. Frames may have come since the server answered: they are in both.
	pending := int64(info.NumPending+info.Delivered.Consumer) + int64(len(r.queue))
	if r.last.consumer == info.Name { // else the first ones of a new consumer are on their way
		pending -= int64(r.last.number)
	}
	return uint64(max(pending, 0)), nil
}
