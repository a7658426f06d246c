package graph

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// ServerHistory is the history that servers themselves keep, reached through their gateways. An error says that the batch was not tried.
type ServerHistory interface {
	// HistoryRead takes items of at most model.MaxHistoryTotal entries together.
	HistoryRead(ctx context.Context, server string, items []model.HistoryRead) ([]model.HistoryReadResult, error)
	HistoryUpdate(ctx context.Context, server string, items []model.HistoryUpdate) ([]model.HistoryUpdateResult, error)
	HistoryCapabilities(ctx context.Context, server string) (model.HistoryCapabilities, error)
	HistoryConfiguration(ctx context.Context, server string, nodes []model.ExpandedNodeID) ([]model.HistoryConfiguration, error)
}

const (
	// maxHistoryEvents bounds a page of events, which have more than values.
	maxHistoryEvents = 1000
	// clockSkew is how far ahead of the platform's clock that of a server may be for "the newest".
	clockSkew = time.Hour
)

// earliestHistory is where a history begins that has no bound: some servers take no earlier time.
var earliestHistory = model.DateTimeOf(time.Unix(0, 0))

// historyArguments are the arguments of a field that reads history, as generated code reads them.
type historyArguments map[string]any

// argument is the value of an argument, or its zero value when it is null or there is none of that name.
func argument[T any](a historyArguments, name string) T {
	if p, ok := a[name].(*T); ok {
		return valueOrZero(p)
	}
	v, _ := a[name].(T)
	return v
}

// read makes of the arguments what is read of a node. now is the time of the query.
func (a historyArguments) read(kind model.HistoryKind, now time.Time) (r model.HistoryRead, err error) {
	r = model.HistoryRead{Kind: kind, Bounds: argument[bool](a, "bounds"), IndexRange: argument[string](a, "indexRange")}
	if kind == model.HistoryAtTime {
		return r, a.times(&r)
	}
	if err := a.span(&r, now); err != nil {
		return r, err
	}
	most := model.MaxHistoryLimit
	if kind == model.HistoryEvents {
		most = maxHistoryEvents
	}
	if r.Limit = argument[int](a, "first"); r.Limit < 1 || r.Limit > most {
		return r, fieldError("first", "%d is not from 1 to %d; ask for the rest in further pages, with after", r.Limit, most)
	}
	if after, ok := a["after"].(*string); ok && after != nil {
		if r.After, err = historyPosition(*after); err != nil {
			return r, err
		}
	}
	switch kind {
	case model.HistoryProcessed:
		err = a.aggregate(&r)
	case model.HistoryEvents:
		r.Events = &model.EventSource{
			TypeDefinition: argument[model.ExpandedNodeID](a, "eventType"), Select: argument[[]model.SelectClause](a, "select"),
			Where: argument[[]model.WhereElement](a, "where"),
		}
	}
	return r, err
}

// times takes the times of historyAtTimes.
func (a historyArguments) times(r *model.HistoryRead) error {
	times := argument[[]time.Time](a, "times")
	if len(times) == 0 || len(times) > model.MaxHistoryLimit {
		return fieldError("times", "%d times are not from 1 to %d", len(times), model.MaxHistoryLimit)
	}
	for _, t := range times {
		r.Times = append(r.Times, model.DateTimeOf(t))
	}
	r.SimpleBounds = argument[bool](a, "useSimpleBounds")
	return nil
}

// span takes from, to and last.
func (a historyArguments) span(r *model.HistoryRead, now time.Time) error {
	from, to, last := argument[time.Time](a, "from"), argument[time.Time](a, "to"), argument[time.Duration](a, "last")
	newestFirst := argument[bool](a, "newestFirst")
	end := to
	if to.IsZero() {
		end = now
	}
	switch {
	case !from.IsZero() && last > 0:
		return fieldError("last", "it stands beside from; give one of them")
	case last > 0:
		from = end.Add(-last)
	case from.IsZero() && (!newestFirst || r.Kind == model.HistoryProcessed):
		from = end.Add(-defaultHistorySpan)
	}
	if !from.IsZero() && !from.Before(end) {
		return fieldError("from", "%s is not before to, %s", from.UTC().Format(time.RFC3339Nano), end.UTC().Format(time.RFC3339Nano))
	}
	if to.IsZero() && r.Kind != model.HistoryProcessed {
		if end = end.Add(clockSkew); !newestFirst {
			end = time.Time{} // what comes while it is read, too
		}
	}
	r.Start, r.End = model.DateTimeOf(from), model.DateTimeOf(end)
	if r.Start.IsZero() {
		r.Start = earliestHistory
	}
	if newestFirst {
		r.Start, r.End = r.End, r.Start
	}
	return nil
}

// aggregate takes the arguments of processedHistory.
func (a historyArguments) aggregate(r *model.HistoryRead) error {
	name, given := a["aggregate"].(*HistoryAggregate)
	given = given && name != nil
	r.Aggregate = argument[model.ExpandedNodeID](a, "aggregateType")
	switch {
	case given && !r.Aggregate.IsNull():
		return fieldError("aggregateType", "it stands beside aggregate; give one of them")
	case given:
		r.Aggregate = model.Expanded(model.NumericID(0, aggregateNodes[*name]))
	case r.Aggregate.IsNull():
		return fieldError("aggregate", "it is missing; give one, or the node of one as aggregateType")
	}
	r.Interval = argument[time.Duration](a, "interval")
	c, ok := a["configuration"].(*AggregateConfigurationInput)
	if !ok || c == nil {
		return nil
	}
	const whole = 100
	if c.PercentDataBad < 0 || c.PercentDataBad > whole {
		return fieldError("configuration.percentDataBad", "%d is not from 0 to %d", c.PercentDataBad, whole)
	}
	if c.PercentDataGood < 0 || c.PercentDataGood > whole {
		return fieldError("configuration.percentDataGood", "%d is not from 0 to %d", c.PercentDataGood, whole)
	}
	r.Configuration = &model.AggregateConfiguration{
		TreatUncertainAsBad: c.TreatUncertainAsBad, PercentDataBad: uint8(c.PercentDataBad), PercentDataGood: uint8(c.PercentDataGood),
		UseSlopedExtrapolation: c.UseSlopedExtrapolation,
	}
	return nil
}

// historyKey is what is read, whatever the node.
func historyKey(r *model.HistoryRead) (string, error) {
	b, err := json.Marshal(r)
	return string(b), err
}

// errHistoryCount says that a gateway answered what cannot be.
func errHistoryCount(server string, results, items int) error {
	return fmt.Errorf("history of server %q: %d results for %d items", server, results, items)
}
