package graph

import (
	"context"
	"fmt"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// selectionPreview asks the gateway of a server what a selection would publish.
func (r *Resolver) selectionPreview(ctx context.Context, server string, s *model.Selection) (*SelectionPreview, error) {
	for _, p := range s.Problems("selection") {
		return nil, fieldError(p.Field, "%s", p.Message)
	}
	results, err := r.Commands.Expand(ctx, server, []model.Selection{*s})
	if err != nil {
		return nil, fmt.Errorf("selection on server %q: %w", server, err)
	}
	if len(results) != 1 {
		return nil, fmt.Errorf("selection on server %q: %d results for one selection", server, len(results))
	}
	e := results[0]
	if e.Status.IsBad() {
		return nil, &statusError{about: "selection", status: e.Status, message: e.Message}
	}
	out := &SelectionPreview{Count: e.Count, Truncated: e.Truncated, ValuesPerSecond: e.ValuesPerSecond, Sample: make([]SelectionPreviewField, len(e.Sample))}
	for i, f := range e.Sample {
		out.Sample[i] = SelectionPreviewField{Name: f.Name, NodeID: f.NodeID}
	}
	return out, nil
}
