package graph

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// historyTarget is an update with the server that it is for.
type historyTarget struct {
	server string
	update model.HistoryUpdate
	// invalid is why it cannot be sent; nil for one that can.
	invalid error
}

// updateHistory makes updates, those of a server in one command.
func (r *Resolver) updateHistory(ctx context.Context, targets []historyTarget) ([]HistoryUpdateResult, error) {
	entries := 0
	for i := range targets {
		u := &targets[i].update
		entries += 1 + len(u.Values) + len(u.Events) + len(u.Times) + len(u.EventIDs)
	}
	if entries > model.MaxHistoryTotal {
		return nil, fieldError("input", "%d entries are more than %d; ask in several requests", entries, model.MaxHistoryTotal)
	}
	run := func(ctx context.Context, server string, targets []historyTarget) ([]HistoryUpdateResult, error) {
		out := make([]HistoryUpdateResult, len(targets))
		var items []model.HistoryUpdate
		var places []int
		for i := range targets {
			if err := targets[i].invalid; err != nil {
				out[i] = refusedUpdate(&targets[i], model.StatusBadInvalidArgument, err.Error())
				continue
			}
			items, places = append(items, targets[i].update), append(places, i)
		}
		if len(items) == 0 {
			return out, nil
		}
		results, err := r.Commands.HistoryUpdate(ctx, server, items)
		if err != nil || len(results) != len(items) {
			return nil, batchError("update the history of", server, len(results), len(items), err)
		}
		for j, i := range places {
			out[i] = historyUpdateResult(items[j].NodeID, &results[j])
		}
		return out, nil
	}
	return byServer(ctx, r, targets, func(t *historyTarget) string { return t.server }, run, refusedUpdate), nil
}

func refusedUpdate(t *historyTarget, status model.StatusCode, message string) HistoryUpdateResult {
	return HistoryUpdateResult{NodeID: t.update.NodeID, Status: StatusCode{status}, Message: optional(message), Results: []HistoryEntryResult{}}
}

func historyUpdateResult(node model.ExpandedNodeID, r *model.HistoryUpdateResult) HistoryUpdateResult {
	out := HistoryUpdateResult{NodeID: node, Status: StatusCode{r.Status}, Message: optional(r.Message), Results: make([]HistoryEntryResult, len(r.Results))}
	for i := range r.Results {
		out.Results[i] = HistoryEntryResult{Status: StatusCode{r.Results[i].Status}, Message: optional(r.Results[i].Message)}
	}
	return out
}

// updateData inserts, replaces or upserts values.
func (r *Resolver) updateData(ctx context.Context, perform model.HistoryUpdateType, input []HistoryUpdateInput) ([]HistoryUpdateResult, error) {
	targets := make([]historyTarget, len(input))
	for i, in := range input {
		t := historyTarget{server: in.Server, update: model.HistoryUpdate{NodeID: in.NodeID, Kind: model.HistoryUpdateData, Perform: perform}}
		for j, v := range in.Values {
			value := model.HistoryValue{
				Value: orNull(v.Value), SourceTimestamp: model.DateTimeOf(v.SourceTimestamp), ServerTimestamp: model.DateTimeOf(valueOrZero(v.ServerTimestamp)),
			}
			var err error
			if v.Status != nil {
				if value.Status, err = model.ParseStatusCode(*v.Status); err != nil {
					t.invalid = fmt.Errorf("values[%d].status: %w", j, err)
				}
			}
			t.update.Values = append(t.update.Values, value)
		}
		targets[i] = t
	}
	return r.updateHistory(ctx, targets)
}

// updateEvents inserts, replaces or upserts events.
func (r *Resolver) updateEvents(ctx context.Context, perform model.HistoryUpdateType, input []HistoryEventsInput) ([]HistoryUpdateResult, error) {
	targets := make([]historyTarget, len(input))
	for i, in := range input {
		targets[i] = historyTarget{server: in.Server, update: model.HistoryUpdate{
			NodeID: in.NodeID, Kind: model.HistoryUpdateEvents, Perform: perform, Fields: in.Fields, Events: [][]json.RawMessage{},
		}}
		for _, e := range in.Events {
			event := make([]json.RawMessage, len(e))
			for j := range e {
				event[j] = orNull(e[j])
			}
			targets[i].update.Events = append(targets[i].update.Events, event)
		}
	}
	return r.updateHistory(ctx, targets)
}

// deleteHistory deletes the values of times.
func (r *Resolver) deleteHistory(ctx context.Context, input []HistoryDeleteInput) ([]HistoryUpdateResult, error) {
	targets := make([]historyTarget, len(input))
	for i, in := range input {
		targets[i] = historyTarget{server: in.Server, update: model.HistoryUpdate{
			NodeID: in.NodeID, Kind: model.HistoryDeleteRaw, Start: model.DateTimeOf(in.From), End: model.DateTimeOf(in.To), Modified: in.Modified,
		}}
		if !in.From.Before(in.To) {
			targets[i].invalid = fmt.Errorf("from: %s is not before to, %s", in.From.UTC().Format(time.RFC3339Nano), in.To.UTC().Format(time.RFC3339Nano))
		}
	}
	return r.updateHistory(ctx, targets)
}

// deleteAtTimes deletes the values at times.
func (r *Resolver) deleteAtTimes(ctx context.Context, input []HistoryDeleteAtTimesInput) ([]HistoryUpdateResult, error) {
	targets := make([]historyTarget, len(input))
	for i, in := range input {
		targets[i] = historyTarget{server: in.Server, update: model.HistoryUpdate{NodeID: in.NodeID, Kind: model.HistoryDeleteAtTimes}}
		for _, t := range in.Times {
			targets[i].update.Times = append(targets[i].update.Times, model.DateTimeOf(t))
		}
	}
	return r.updateHistory(ctx, targets)
}

// deleteEvents deletes events by their ids.
func (r *Resolver) deleteEvents(ctx context.Context, input []HistoryDeleteEventsInput) ([]HistoryUpdateResult, error) {
	targets := make([]historyTarget, len(input))
	for i, in := range input {
		targets[i] = historyTarget{server: in.Server, update: model.HistoryUpdate{NodeID: in.NodeID, Kind: model.HistoryDeleteEvents}}
		for j, text := range in.EventIds {
			id, err := base64.StdEncoding.DecodeString(text)
			if err != nil {
				targets[i].invalid = fmt.Errorf("eventIds[%d]: %q is no base64", j, text)
			}
			targets[i].update.EventIDs = append(targets[i].update.EventIDs, id)
		}
	}
	return r.updateHistory(ctx, targets)
}
