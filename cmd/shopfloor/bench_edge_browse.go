package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/rs/zerolog"

	"github.com/shopfloor-iiot/shopfloor/edge"
	"github.com/shopfloor-iiot/shopfloor/edge/opcua"
	"github.com/shopfloor-iiot/shopfloor/model"
)

// browseAtOnce is how many nodes are browsed in one call.
const browseAtOnce = 1000

// variables are the nodes of a server that is not our own.
func (c *benchEdgeConfig) variables(ctx context.Context, progress io.Writer) ([]model.ExpandedNodeID, error) {
	if c.nodeID == "" {
		return findVariables(ctx, c, progress)
	}
	nodes := make([]model.ExpandedNodeID, c.nodes)
	for i := range nodes {
		var err error
		if nodes[i], err = model.ParseExpandedNodeID(fmt.Sprintf(c.nodeID, i)); err != nil {
			return nil, fmt.Errorf("node-id: %w", err)
		}
	}
	return nodes, nil
}

// findVariables browses a server from Objects down for as many variables as are to be measured. Those of the Server object are left out: they tell
// of the server itself.
func findVariables(ctx context.Context, cfg *benchEdgeConfig, progress io.Writer) ([]model.ExpandedNodeID, error) {
	source, err := opcua.New(opcua.Config{
		Server: model.Server{ID: benchServerID, EndpointURL: cfg.endpoint, SecurityMode: model.SecurityNone}, DataSets: noDataSets{},
	}, zerolog.New(progress).Level(zerolog.ErrorLevel))
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- source.Run(ctx) }()
	nodes, err := searchVariables(ctx, source, cfg.nodes)
	cancel()
	return nodes, errors.Join(err, <-ended)
}

// noDataSets are those of a source that publishes nothing.
type noDataSets struct{}

// Open implements edge.DataSets.
func (noDataSets) Open(context.Context, model.DataSetWriter, []model.FieldMetaData, *model.DataTypeSchema) (edge.DataSet, error) {
	return nil, errors.New("nothing is published")
}

func searchVariables(ctx context.Context, source *opcua.Source, want int) ([]model.ExpandedNodeID, error) {
	objects, server := model.Expanded(model.NumericID(0, 85)), model.Expanded(model.NumericID(0, 2253))
	hierarchical := model.Expanded(model.NumericID(0, 33))
	var found []model.ExpandedNodeID
	seen := map[model.ExpandedNodeID]bool{objects: true, server: true}
	for next := []model.ExpandedNodeID{objects}; len(next) > 0; {
		part := next[:min(len(next), browseAtOnce)]
		next = next[len(part):]
		ask := make([]model.BrowseDescription, len(part))
		for i, node := range part {
			ask[i] = model.BrowseDescription{
				NodeID: node, ReferenceType: hierarchical, IncludeSubtypes: true, NodeClassMask: model.NodeClassObject | model.NodeClassVariable,
			}
		}
		results, err := source.Browse(ctx, ask)
		if err != nil {
			return nil, fmt.Errorf("find variables: %w", err)
		}
		for _, r := range results {
			for _, ref := range r.References {
				if seen[ref.NodeID] {
					continue
				}
				seen[ref.NodeID] = true
				next = append(next, ref.NodeID)
				if ref.NodeClass == model.NodeClassVariable {
					found = append(found, ref.NodeID)
				}
				if len(found) == want {
					return found, nil
				}
			}
		}
	}
	return nil, fmt.Errorf("nodes: %d are more than the %d variables below the server's Objects", want, len(found))
}
