package main

import (
	"context"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// HistoryRead implements graph.ServerHistory.
func (c *commands) HistoryRead(ctx context.Context, server string, items []model.HistoryRead) ([]model.HistoryReadResult, error) {
	return ask[model.HistoryRead, model.HistoryReadResult](ctx, c, server, model.VerbHistoryRead, items)
}

// HistoryUpdate implements graph.ServerHistory.
func (c *commands) HistoryUpdate(ctx context.Context, server string, items []model.HistoryUpdate) ([]model.HistoryUpdateResult, error) {
	return ask[model.HistoryUpdate, model.HistoryUpdateResult](ctx, c, server, model.VerbHistoryUpdate, items)
}

// HistoryConfiguration implements graph.ServerHistory.
func (c *commands) HistoryConfiguration(ctx context.Context, server string, nodes []model.ExpandedNodeID) ([]model.HistoryConfiguration, error) {
	return ask[model.ExpandedNodeID, model.HistoryConfiguration](ctx, c, server, model.VerbHistoryConfiguration, nodes)
}

// HistoryCapabilities implements graph.ServerHistory.
func (c *commands) HistoryCapabilities(ctx context.Context, server string) (model.HistoryCapabilities, error) {
	r, err := ask[model.HistoryCapabilitiesQuery, model.HistoryCapabilities](
		ctx, c, server, model.VerbHistoryCapabilities, []model.HistoryCapabilitiesQuery{{}})
	if err != nil {
		return model.HistoryCapabilities{}, err
	}
	return r[0], nil
}
