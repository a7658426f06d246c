package opcua

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// selected adds what the selections of a writer find to its fields, and tells when to look again. What a writer that is open has found stays in its place:
// new fields come behind the others, so that the DataSet only grows until something is gone.
func (s *session) selected(ctx context.Context, want model.DataSetWriter, o *writer, log zerolog.Logger) (model.DataSetWriter, time.Time, error) {
	again := time.Now().Add(defaultRebrowse)
	found := map[model.ExpandedNodeID]model.PublishedField{}
	var order []model.ExpandedNodeID
	for i := range want.Selections {
		selection := &want.Selections[i]
		if d := selection.Rebrowse; d > 0 && time.Now().Add(d).Before(again) {
			again = time.Now().Add(d)
		}
		w, err := s.find(ctx, selection)
		if err != nil {
			return want, again, fmt.Errorf("selections[%d]: %w", i, err)
		}
		if w.truncated {
			log.Warn().Str("writer", want.Key().String()).Int("selection", i).Int("nodes", len(w.found)).
				Msg("selection finds more than its maxNodes or maxDepth, the rest is left out")
		}
		for _, f := range w.found {
			if _, ok := found[f.NodeID]; !ok {
				found[f.NodeID] = f
				order = append(order, f.NodeID)
			}
		}
	}
	names := map[string]bool{}
	fixed := want.Fields
	for i := range fixed {
		names[fixed[i].Name] = true
		delete(found, fixed[i].NodeID) // published as the user wants it
	}
	want.Fields = append([]model.PublishedField(nil), fixed...)
	add := func(id model.ExpandedNodeID) {
		f, ok := found[id]
		if !ok {
			return
		}
		delete(found, id)
		if names[f.Name] {
			f.Name = distinctName(f.Name, id)
		}
		names[f.Name] = true
		want.Fields = append(want.Fields, f)
	}
	if o != nil && len(o.config.Fields) > 0 {
		for i := range o.config.Fields {
			add(o.config.Fields[i].NodeID)
		}
	}
	for _, id := range order {
		add(id)
	}
	if n := len(want.Fields); n > model.MaxWriterFields {
		return want, again, fmt.Errorf("selections find %d nodes, more than the %d that a writer can have: %w: narrow them, or use several writers",
			n, model.MaxWriterFields, model.StatusBadTooManyMonitoredItems)
	}
	return want, again, nil
}

// distinctName tells fields of one name apart by their nodes.
func distinctName(name string, id model.ExpandedNodeID) string {
	sum := sha256.Sum256([]byte(id.String()))
	suffix := "#" + hex.EncodeToString(sum[:4])
	return name[:min(len(name), model.MaxNameBytes-len(suffix))] + suffix
}
