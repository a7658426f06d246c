package victoria

import (
	"context"
	"fmt"
	"time"

	"github.com/VictoriaMetrics/VictoriaMetrics/lib/storage"
)

// checkpointPause is left to a merge that holds parts in memory before the next pass.
const checkpointPause = 5 * time.Millisecond

// Checkpoint blocks until all rows appended before, and their index, are on disk. The caller keeps Append off. When ctx
// ends first, some rows may still be in memory, and the error wraps that of ctx; it is looked at between passes, each of
// which takes some 15 to 300 ms.
func (s *Store) Checkpoint(ctx context.Context) error {
	s.checkpointing.Lock()
	defer s.checkpointing.Unlock()
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return ErrClosed
	}
	var inMemory uint64
	for pass := 1; ; pass++ {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("checkpoint with %d rows and index entries in memory after %d passes: %w", inMemory, pass-1, err)
		}
		// DebugFlush waits for goroutines that took rows out of the shards and are converting them. The snapshot writes
		// the parts made of them to files, except those that a merge holds: hence the loop.
		s.storage.DebugFlush()
		if err := s.storage.DeleteSnapshot(s.storage.MustCreateSnapshot()); err != nil {
			return fmt.Errorf("checkpoint: %w", err)
		}
		if inMemory = s.inMemory(); inMemory == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
		case <-time.After(checkpointPause):
		}
	}
}

// inMemory returns how many rows and index entries are not on disk yet.
func (s *Store) inMemory() uint64 {
	var m storage.Metrics
	s.storage.UpdateMetrics(&m)
	table, index := &m.TableMetrics, &m.TableMetrics.IndexDBMetrics
	return table.PendingRows + table.InmemoryRowsCount + index.PendingItems + index.InmemoryItemsCount
}

// removeSnapshots removes what checkpoints left behind when they were killed. The hard links in them would keep the disk
// space of merged parts forever.
func (s *Store) removeSnapshots() error {
	for _, name := range s.storage.MustListSnapshots() {
		if err := s.storage.DeleteSnapshot(name); err != nil {
			return fmt.Errorf("remove snapshot: %w", err)
		}
	}
	return nil
}
