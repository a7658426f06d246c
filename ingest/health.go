package ingest

import (
	"errors"
	"fmt"
	"sync"
)

// part is something that the Core depends on.
type part string

const (
	partStart      part = "ingest"
	partBusy       part = "disk"
	partReach      part = "bus"
	partStream     part = "stream"
	partMetadata   part = "metadata"
	partStore      part = "store"
	partCheckpoint part = "checkpoint"
	partText       part = "text"
	partEvents     part = "events"
)

// parts is their order in messages.
var parts = [...]part{partStart, partBusy, partReach, partStream, partMetadata, partStore, partText, partEvents, partCheckpoint}

// health remembers what is wrong now.
type health struct {
	mu   sync.Mutex
	errs map[part]error
}

// set keeps err as the state of p, nil for well, and tells whether p changed between well and not well.
func (h *health) set(p part, err error) (changed bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	changed = (h.errs[p] == nil) != (err == nil)
	if err == nil {
		delete(h.errs, p)
		return changed
	}
	if h.errs == nil {
		h.errs = map[part]error{}
	}
	h.errs[p] = err
	return changed
}

// err joins all that is wrong, or returns nil.
func (h *health) err() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	var errs []error
	for _, p := range parts {
		if err := h.errs[p]; err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", p, err))
		}
	}
	return errors.Join(errs...)
}
