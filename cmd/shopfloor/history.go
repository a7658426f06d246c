package main

import (
	"context"
	"errors"

	"github.com/shopfloor-iiot/shopfloor/graph"
	"github.com/shopfloor-iiot/shopfloor/ingest"
	"github.com/shopfloor-iiot/shopfloor/model"
)

// graphHistory is the history with the errors that graph knows.
type graphHistory struct{ history *ingest.History }

func (h graphHistory) Series(ctx context.Context, f model.SeriesFilter, after model.SeriesID, limit int) ([]model.Series, error) {
	series, err := h.history.Series(ctx, f, after, limit)
	return series, invalid(err)
}

func (h graphHistory) History(ctx context.Context, q model.HistoryQuery) ([]model.HistoryPoint, bool, error) {
	points, more, err := h.history.History(ctx, q)
	return points, more, invalid(err)
}

func (h graphHistory) NodeHistory(ctx context.Context, q model.NodeHistoryQuery) ([]model.NodeHistory, error) {
	all, err := h.history.NodeHistory(ctx, q)
	for i := range all {
		all[i].Err = invalid(all[i].Err)
	}
	return all, invalid(err)
}

// invalid maps ingest's error for bad input to that of graph.
func invalid(err error) error {
	if errors.Is(err, ingest.ErrInvalid) {
		return &mappedError{err, graph.ErrInvalid}
	}
	return err
}
