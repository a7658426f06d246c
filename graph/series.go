package graph

import (
	"context"
	"fmt"
	"math"
	"regexp"
	"strings"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// Series shows a stored series.
type Series struct{ series model.Series }

func keyOfSeries(s *model.Series) string { return s.ID.String() }

// ID is "gateway/group/writer/field", each part percent-escaped.
func (s *Series) ID() string { return keyOfSeries(&s.series) }

// Gateway is the gateway that the values came through.
func (s *Series) Gateway() string { return s.series.ID.Gateway }

// Server is the server that the values came from.
func (s *Series) Server() string { return s.series.Server }

// Group is the group of the writer.
func (s *Series) Group() string { return s.series.ID.Group }

// Writer is the writer in the group.
func (s *Series) Writer() string { return s.series.ID.Writer }

// Field is the field in the writer.
func (s *Series) Field() string { return s.series.ID.Field }

// NodeID is the published node, nil when the store does not know it.
func (s *Series) NodeID() *model.ExpandedNodeID {
	id, err := model.ParseExpandedNodeID(s.series.NodeID)
	if err != nil {
		return nil
	}
	return &id
}

// Path is the browse path of the node.
func (s *Series) Path() *string { return optional(s.series.Path) }

// Unit is the name of the engineering unit.
func (s *Series) Unit() *string { return optional(s.series.Unit) }

// Numeric tells whether there are numbers among the values.
func (s *Series) Numeric() bool { return s.series.Numeric }

// Labels are all labels in the store.
func (s *Series) Labels() map[string]string { return s.series.Labels }

// filter checks the input and makes the store's filter of it; nil selects all.
func (f *SeriesFilter) filter() (model.SeriesFilter, error) {
	if f == nil {
		return model.SeriesFilter{}, nil
	}
	out := model.SeriesFilter{NodeIDs: f.NodeIds}
	out.Gateway, out.Server, out.Group = valueOrZero(f.Gateway), valueOrZero(f.Server), valueOrZero(f.Group)
	out.Writer, out.Field, out.Path = valueOrZero(f.Writer), valueOrZero(f.Field), valueOrZero(f.Path)
	if err := checkExpression("filter.field", out.Field); err != nil {
		return out, err
	}
	if err := checkExpression("filter.path", out.Path); err != nil {
		return out, err
	}
	if err := checkCount("filter.ids", len(f.Ids), maxBatch); err != nil {
		return out, err
	}
	if err := checkCount("filter.nodeIds", len(f.NodeIds), maxBatch); err != nil {
		return out, err
	}
	for _, id := range f.Ids {
		s, err := parseSeriesID("filter.ids", id)
		if err != nil {
			return out, err
		}
		out.IDs = append(out.IDs, s)
	}
	return out, nil
}

func checkExpression(field, expression string) error {
	if _, err := regexp.Compile(expression); err != nil {
		return fieldError(field, "%v; want an RE2 expression", err)
	}
	return nil
}

func parseSeriesID(field, id string) (model.SeriesID, error) {
	s, err := model.ParseSeriesID(id)
	if err != nil {
		return s, fieldError(field, "%v", err)
	}
	return s, nil
}

// seriesConnection makes a page of what is stored.
func (r *Resolver) seriesConnection(ctx context.Context, f *SeriesFilter, first *int, after *string) (*SeriesConnection, error) {
	filter, err := f.filter()
	if err != nil {
		return nil, err
	}
	limit, err := pageSize(first)
	if err != nil {
		return nil, err
	}
	var last model.SeriesID
	if after != nil {
		key, err := cursorKey(*after)
		if err != nil {
			return nil, err
		}
		if last, err = parseSeriesID("after", key); err != nil {
			return nil, err
		}
	}
	list, err := r.History.Series(ctx, filter, last, limit+1)
	if err != nil {
		return nil, fmt.Errorf("list series: %w", err)
	}
	next := len(list) > limit
	p := newPage(list[:min(limit, len(list))], keyOfSeries, after != nil, next)
	c := &SeriesConnection{PageInfo: p.info, Edges: make([]SeriesEdge, len(p.items))}
	for i, s := range p.items {
		c.Edges[i] = SeriesEdge{Cursor: p.cursors[i], Node: Series{s}}
	}
	return c, nil
}

// The bounds of history.
const (
	defaultHistorySpan   = time.Hour
	defaultHistoryPoints = 10_000
	maxHistoryPoints     = 100_000
)

// historyArgs are the arguments of a history field.
type historyArgs struct {
	from, to   *time.Time
	last, step *time.Duration
	aggregate  *Aggregate
	first      *int
}

// historyArgsOf reads arguments that generated code has not read.
func historyArgsOf(args map[string]any) (a historyArgs, err error) {
	if a.from, err = plainArgument(args, "from", UnmarshalTime); err != nil {
		return a, err
	}
	if a.to, err = plainArgument(args, "to", UnmarshalTime); err != nil {
		return a, err
	}
	if a.last, err = plainArgument(args, "last", UnmarshalDuration); err != nil {
		return a, err
	}
	if a.step, err = plainArgument(args, "step", UnmarshalDuration); err != nil {
		return a, err
	}
	if a.first, err = plainArgument(args, "first", graphql.UnmarshalInt); err != nil {
		return a, err
	}
	a.aggregate, err = plainArgument(args, "aggregate", func(v any) (Aggregate, error) { return Aggregate(fmt.Sprint(v)), nil })
	return a, err
}

// plainArgument reads an argument with the function of its scalar; nil when it is not given.
func plainArgument[T any](args map[string]any, name string, read func(any) (T, error)) (*T, error) {
	v := args[name]
	if v == nil {
		return nil, nil
	}
	out, err := read(v)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return &out, nil
}

// query checks the arguments and makes the store's query of them.
func (a *historyArgs) query(id model.SeriesID, now time.Time) (model.HistoryQuery, error) {
	q := model.HistoryQuery{Series: id, To: now, Limit: defaultHistoryPoints}
	if a.to != nil {
		q.To = *a.to
	}
	q.From = q.To.Add(-defaultHistorySpan)
	switch {
	case a.from != nil && a.last != nil:
		return q, fieldError("last", "from is given as well; give one of them")
	case a.from != nil:
		q.From = *a.from
	case a.last != nil:
		q.From = q.To.Add(-*a.last)
	}
	if !q.From.Before(q.To) {
		return q, fieldError("from", "%s is not before to, %s", q.From.Format(time.RFC3339Nano), q.To.Format(time.RFC3339Nano))
	}
	if a.step != nil {
		if q.Step = *a.step; q.Step < time.Millisecond {
			return q, fieldError("step", "%s is below 1ms; leave it out for raw values", q.Step)
		}
		q.Aggregate = "avg"
	}
	if a.aggregate != nil {
		if a.step == nil {
			return q, fieldError("aggregate", "step is missing; raw values are not aggregated")
		}
		q.Aggregate = strings.ToLower(string(*a.aggregate))
	}
	if a.first != nil {
		if q.Limit = *a.first; q.Limit < 1 || q.Limit > maxHistoryPoints {
			return q, fieldError("first", "%d is not from 1 to %d; use step, or ask again from the last point's time", q.Limit, maxHistoryPoints)
		}
	}
	return q, nil
}

// history answers a history field.
func (r *Resolver) history(ctx context.Context, id model.SeriesID, a historyArgs) (*SeriesHistory, error) {
	q, err := a.query(id, r.now())
	if err != nil {
		return nil, err
	}
	points, more, err := r.History.History(ctx, q)
	if err != nil {
		return nil, fmt.Errorf("history of %s: %w", id, err)
	}
	h := &SeriesHistory{Series: id.String(), From: q.From, To: q.To, Truncated: more, Points: make([]HistoryPoint, len(points))}
	if q.Step > 0 {
		aggregate := Aggregate(strings.ToUpper(q.Aggregate))
		h.Step, h.Aggregate = &q.Step, &aggregate
	}
	for i, p := range points {
		h.Points[i] = HistoryPoint{p}
	}
	return h, nil
}

// SeriesHistory is what is stored of one series between two times.
type SeriesHistory struct {
	Series   string
	From, To time.Time
	// Step and Aggregate are nil for raw values.
	Step      *time.Duration
	Aggregate *Aggregate
	Points    []HistoryPoint
	// Truncated tells that there are more points than were asked for.
	Truncated bool
}

// HistoryPoint shows one point of history.
type HistoryPoint struct{ point model.HistoryPoint }

// Time is the time of the value, or the beginning of its step.
func (p HistoryPoint) Time() model.DateTime { return model.DateTimeOfMilli(p.point.Time) }

// Value is nil for a value that is no number, and where the source was Bad or away.
func (p HistoryPoint) Value() *float64 {
	if math.IsNaN(p.point.Number) || math.IsInf(p.point.Number, 0) {
		return nil
	}
	return &p.point.Number
}

// Data is the exact value, nil where only the number is stored.
func (p HistoryPoint) Data() *DataValue {
	if p.point.Value == nil {
		return nil
	}
	return &DataValue{value: *p.point.Value}
}
