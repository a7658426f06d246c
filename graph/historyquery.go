package graph

import (
	"context"
	"fmt"

	"github.com/99designs/gqlgen/graphql"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// nodeHistories reads the history of many nodes of a server for the field that is being resolved.
func (r *Resolver) nodeHistories(ctx context.Context, kind model.HistoryKind, server string, nodes []model.ExpandedNodeID) ([]NodeHistory, error) {
	if err := checkHistoryNodes(len(nodes)); err != nil {
		return nil, err
	}
	read, err := historyArguments(graphql.GetFieldContext(ctx).Args).read(kind, r.now())
	if err != nil {
		return nil, err
	}
	switch {
	case len(nodes)*read.Limit > model.MaxHistoryTotal:
		return nil, fieldError("first", "%d values of %d nodes are more than %d; ask for fewer of each, or of fewer nodes", read.Limit, len(nodes), model.MaxHistoryTotal)
	case !read.After.IsZero() && len(nodes) > 1:
		return nil, fieldError("after", "a cursor is of one node; ask for the further pages node by node")
	}
	if _, err := r.Registry.Server(server); err != nil {
		return nil, fmt.Errorf("server %q: %w", server, err)
	}
	items := make([]model.HistoryRead, len(nodes))
	for i := range nodes {
		items[i] = read
		items[i].NodeID = nodes[i]
	}
	results, err := readHistory(ctx, r.Commands, server, items)
	if err != nil {
		return nil, err
	}
	out := make([]NodeHistory, len(nodes))
	for i := range results {
		out[i] = NodeHistory{NodeID: nodes[i], Status: StatusCode{results[i].Status}, Message: optional(results[i].Message)}
		if !historyFailed(results[i].Status) {
			out[i].Values = historyConnection(&read, &results[i])
		}
	}
	return out, nil
}

func checkHistoryNodes(n int) error {
	if n > maxPageSize {
		return fieldError("nodeIds", "%d nodes are more than %d; ask in several requests", n, maxPageSize)
	}
	return nil
}

// historyCapabilities asks a server what it can do with history.
func (r *Resolver) historyCapabilities(ctx context.Context, server string) (*HistoryCapabilities, error) {
	c, err := r.Commands.HistoryCapabilities(ctx, server)
	if err != nil {
		return nil, fmt.Errorf("history capabilities of server %q: %w", server, err)
	}
	return &HistoryCapabilities{c}, nil
}

// historyPrice is what a field of history costs: each value a tenth of another item, since they come in one answer. ok is false for other fields.
func historyPrice(field string, child int, args map[string]any) (price int, ok bool) {
	_, ok = historyKinds[field]
	if ok = ok || field == "processedServerHistory"; !ok {
		return 0, false
	}
	entries := len(graphql.CoerceList(args["times"]))
	if n, err := graphql.UnmarshalInt(args["first"]); err == nil && args["first"] != nil {
		entries = min(n, model.MaxHistoryLimit)
	}
	nodes := max(len(graphql.CoerceList(args["nodeIds"])), 1)
	return saturatingPrice(max(entries/historyDiscount, 1)*min(nodes, maxPageSize), max(child, 1)), true
}
