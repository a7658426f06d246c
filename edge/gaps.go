package edge

import (
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/model"
)

const (
	// MaxGaps bounds the gaps that a gateway keeps; the oldest go.
	MaxGaps = 100
	// gapJoin is how soon after the end of a gap the next one of the same server and cause prolongs it.
	gapJoin = time.Minute
)

// GapStore keeps the gaps over restarts of the gateway. Its methods are called by one goroutine at a time.
type GapStore interface {
	// LoadGaps returns what was saved last, nil if there is nothing.
	LoadGaps() ([]byte, error)
	// SaveGaps returns when body is stored.
	SaveGaps(body []byte) error
}

// Gaps are the newest gaps of a gateway. Its methods may be called from several goroutines.
type Gaps struct {
	store GapStore
	log   zerolog.Logger

	mu      sync.Mutex
	list    []model.Gap // the oldest first
	total   uint64
	changes uint64
	saved   uint64 // the change that was saved last
}

// NewGaps makes Gaps with those that the store has; a nil store keeps nothing.
func NewGaps(store GapStore, log zerolog.Logger) *Gaps {
	g := &Gaps{store: store, log: log}
	if store == nil {
		return g
	}
	body, err := store.LoadGaps()
	if err == nil && body != nil {
		err = json.Unmarshal(body, &g.list)
	}
	if err != nil {
		log.Warn().Err(err).Msg("the gaps of earlier cannot be read; the list begins anew")
		g.list = nil
	}
	if n := len(g.list); n > 0 {
		g.total = g.list[n-1].Number
	}
	return g
}

// Add notes a gap. One that goes on where another of the same server and cause ended prolongs that.
func (g *Gaps) Add(gap model.Gap) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.changes++
	for i := len(g.list) - 1; i >= 0; i-- {
		last := &g.list[i]
		if last.Server == gap.Server && last.Cause == gap.Cause && gap.From.Sub(last.To) < gapJoin && !gap.To.Before(last.From) {
			prolong(last, &gap)
			return
		}
	}
	g.total++
	gap.Number = g.total
	gap.From, gap.To = gap.From.UTC(), gap.To.UTC()
	g.list = append(g.list, gap)
	if n := len(g.list) - MaxGaps; n > 0 {
		g.list = slices.Delete(g.list, 0, n)
	}
	g.log.Warn().Str("server", gap.Server).Str("cause", string(gap.Cause)).Time("from", gap.From).Time("to", gap.To).Int("writers", gap.WriterCount).
		Uint64("messages", gap.Messages).Uint64("values", gap.Values).Str("detail", gap.Detail).Msg("values are missing")
}

func prolong(last, gap *model.Gap) {
	if gap.From.Before(last.From) {
		last.From = gap.From.UTC()
	}
	if gap.To.After(last.To) {
		last.To = gap.To.UTC()
	}
	last.Messages += gap.Messages
	last.Values += gap.Values
	last.WriterCount = max(last.WriterCount, gap.WriterCount)
	for _, w := range gap.Writers {
		if len(last.Writers) < model.MaxGapWriters && !slices.Contains(last.Writers, w) {
			last.Writers = append(slices.Clone(last.Writers), w)
			last.WriterCount = max(last.WriterCount, len(last.Writers))
		}
	}
}

// List returns the gaps, the oldest first, and how many there were in all.
func (g *Gaps) List() (list []model.Gap, total uint64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.list), g.total
}

// save stores the gaps when they changed since the last time.
func (g *Gaps) save() error {
	g.mu.Lock()
	changes := g.changes
	if g.store == nil || changes == g.saved {
		g.mu.Unlock()
		return nil
	}
	body, err := json.Marshal(g.list)
	g.mu.Unlock()
	if err == nil {
		err = g.store.SaveGaps(body)
	}
	if err != nil {
		return fmt.Errorf("save gaps: %w", err)
	}
	g.mu.Lock()
	g.saved = changes
	g.mu.Unlock()
	return nil
}
