package graph

import (
	"context"
	"fmt"

	"github.com/shopfloor-iiot/shopfloor/graph/typed"
	"github.com/shopfloor-iiot/shopfloor/model"
)

// serverAggregates are the aggregates of servers (Part 13, 4.2.2) that stand for those of the store.
var serverAggregates = map[string]HistoryAggregate{
	"avg": HistoryAggregateAverage, "min": HistoryAggregateMinimum, "max": HistoryAggregateMaximum, "count": HistoryAggregateCount,
	"first": HistoryAggregateStart, "last": HistoryAggregateEnd, "delta": HistoryAggregateDelta, "stddev": HistoryAggregateStandardDeviationPopulation,
}

// ServerHistory reads what a server keeps of variables, in as few requests as it takes.
func (s typedServices) ServerHistory(ctx context.Context, server string, q model.NodeHistoryQuery) ([]model.NodeHistory, error) {
	if _, err := s.r.Registry.Server(server); err != nil {
		return nil, fmt.Errorf("server %q: %w", server, err)
	}
	read := model.HistoryRead{Kind: model.HistoryRaw, Start: model.DateTimeOf(q.From), End: model.DateTimeOf(q.To), Limit: q.Limit}
	if q.Step > 0 {
		aggregate, ok := serverAggregates[q.Aggregate]
		if !ok {
			return nil, fieldError("aggregate", "servers have no such aggregate over raw values as SUM; take another, or source PLATFORM")
		}
		read.Kind, read.Interval, read.Aggregate = model.HistoryProcessed, q.Step, model.Expanded(model.NumericID(0, aggregateNodes[aggregate]))
	}
	items := make([]model.HistoryRead, len(q.Nodes))
	for i := range q.Nodes {
		items[i] = read
		items[i].NodeID = q.Nodes[i].NodeID
	}
	results, err := readHistory(ctx, s.r.Commands, server, items)
	if err != nil {
		return nil, err
	}
	out := make([]model.NodeHistory, len(results))
	for i := range results {
		out[i] = serverHistory(server, &q, q.Nodes[i].NodeID, &results[i])
	}
	return out, nil
}

// serverHistory shows what a server keeps of a variable as what the store does.
func serverHistory(server string, q *model.NodeHistoryQuery, node model.ExpandedNodeID, result *model.HistoryReadResult) model.NodeHistory {
	if historyFailed(result.Status) {
		return model.NodeHistory{Err: &typed.StatusError{About: fmt.Sprintf("history of %s of server %q", node, server), Status: result.Status, Message: result.Message}}
	}
	out := model.NodeHistory{More: result.More}
	// Others than these aggregates have values of types of their own.
	exact := q.Step == 0 || q.Aggregate == "first" || q.Aggregate == "last" || q.Aggregate == "min" || q.Aggregate == "max"
	for i := range result.Values {
		v := &result.Values[i]
		p := model.ExactPoint(v.Time().Time().UnixMilli(), v)
		if !exact {
			p.Value = nil
			out.Statuses = append(out.Statuses, model.Sample{Time: p.Time, Value: float64(v.Status)})
		}
		out.Points = append(out.Points, p)
	}
	return out
}
