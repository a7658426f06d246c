package graph

import (
	"context"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// register registers nodes at their servers, or with unregister takes that back.
func (r *Resolver) register(
	ctx context.Context, input []RegisterNodeInput, ask func(ctx context.Context, server string, nodes []model.ExpandedNodeID) ([]model.RegisterResult, error),
) ([]RegisterNodeResult, error) {
	if err := checkCount("input", len(input), maxBatch); err != nil {
		return nil, err
	}
	run := func(ctx context.Context, server string, items []RegisterNodeInput) ([]RegisterNodeResult, error) {
		nodes := make([]model.ExpandedNodeID, len(items))
		for i := range items {
			nodes[i] = items[i].NodeID
		}
		results, err := ask(ctx, server, nodes)
		if err != nil || len(results) != len(items) {
			return nil, batchError("register nodes of", server, len(results), len(items), err)
		}
		out := make([]RegisterNodeResult, len(results))
		for i := range results {
			out[i] = registerResult(&items[i], results[i].Status, results[i].Message)
		}
		return out, nil
	}
	return byServer(ctx, r, input, func(in *RegisterNodeInput) string { return in.Server }, run, registerResult), nil
}

func registerResult(in *RegisterNodeInput, status model.StatusCode, message string) RegisterNodeResult {
	return RegisterNodeResult{NodeID: in.NodeID, Status: StatusCode{status}, Message: optional(message), Remedy: optional(remedyOf(status))}
}
