package ingest

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

const (
	// maxListed bounds the label sets that one listing of series looks at.
	maxListed = 200_000
	// maxLabelSets bounds the label sets of one series: each change of a unit, a path or an extension field makes one.
	maxLabelSets = 64
	// defaultHistory and maxHistory are the samples of an answer when nothing is asked for, and at most.
	defaultHistory, maxHistory = 10_000, 1_000_000
)

// History reads back what is stored. It has the methods of graph.History; they may be called from several goroutines.
//
// A series keeps its id while its labels may change: the store has one series per set of labels then, which History joins.
type History struct {
	Reader Reader
	// Text has the values that are no numbers, or that a float64 cannot hold. Without it only numbers are listed and read.
	Text TextReader
}

// Series returns at most limit series in the order of their ids, those after the given one (after may be zero). Of a series
// whose labels have changed it shows one set. Errors wrap ErrInvalid when f cannot be used or selects more than 200,000.
func (h *History) Series(ctx context.Context, f model.SeriesFilter, after model.SeriesID, limit int) ([]model.Series, error) {
	if _, err := newFilter(f); err != nil {
		return nil, err
	}
	if limit <= 0 {
		return nil, fmt.Errorf("%w: limit %d of series: ask for at least 1", ErrInvalid, limit)
	}
	numbers, err := h.list(ctx, metricValue, f, after)
	if err != nil {
		return nil, err
	}
	all := numbers
	if h.Text != nil {
		// Every field has a status, so this lists those whose values are no numbers, too. It does not list all with numbers: they
		// may outlive the last change of their status.
		if all, err = h.list(ctx, metricStatus, f, after); err != nil {
			return nil, err
		}
		maps.Copy(all, numbers)
	}
	ids := slices.SortedFunc(maps.Keys(all), compareIDs)
	series := make([]model.Series, min(limit, len(ids)))
	for i, id := range ids[:len(series)] {
		series[i] = seriesOf(id, all[id])
		_, series[i].Numeric = numbers[id]
	}
	return series, nil
}

// list returns the labels of the series of a metric that f selects and that come after the given one.
func (h *History) list(ctx context.Context, metric string, f model.SeriesFilter, after model.SeriesID) (map[model.SeriesID][]Label, error) {
	sets, err := h.Reader.Series(ctx, metric, filterMatchers(f), time.Time{}, maxListed+1)
	if err != nil {
		return nil, fmt.Errorf("list series: %w", err)
	}
	if len(sets) > maxListed {
		return nil, fmt.Errorf("%w: filter selects more than %d series: select by server, writer, field or path", ErrInvalid, maxListed)
	}
	wanted := setOf(f.IDs)
	found := make(map[model.SeriesID][]Label, len(sets))
	for _, labels := range sets {
		if id := idOf(labels); compareIDs(id, after) > 0 && (wanted == nil || wanted[id]) {
			found[id] = labels
		}
	}
	return found, nil
}

// idOf reads the id of a series from its labels.
func idOf(labels []Label) (id model.SeriesID) {
	for _, l := range labels {
		switch l.Name {
		case labelGateway:
			id.Gateway = l.Value
		case labelGroup:
			id.Group = l.Value
		case labelWriter:
			id.Writer = l.Value
		case labelField:
			id.Field = l.Value
		case labelElement:
			id.Element = l.Value
		}
	}
	return id
}

// seriesOf makes a Series of its labels.
func seriesOf(id model.SeriesID, labels []Label) model.Series {
	s := model.Series{ID: id, Labels: make(map[string]string, len(labels))}
	for _, l := range labels {
		s.Labels[l.Name] = l.Value
	}
	s.Server, s.NodeID, s.Path, s.Unit = s.Labels[labelServer], s.Labels[labelNode], s.Labels[labelPath], s.Labels[labelUnit]
	return s
}

func compareIDs(a, b model.SeriesID) int {
	return cmp.Or(cmp.Compare(a.Gateway, b.Gateway), cmp.Compare(a.Group, b.Group), cmp.Compare(a.Writer, b.Writer),
		cmp.Compare(a.Field, b.Field), cmp.Compare(a.Element, b.Element))
}

// filterMatchers selects what f selects; with several ids it may select more.
func filterMatchers(f model.SeriesFilter) []Matcher {
	var match []Matcher
	for _, m := range []Matcher{
		{labelGateway, f.Gateway, false},
		{labelServer, f.Server, false},
		{labelGroup, f.Group, false},
		{labelWriter, f.Writer, false},
		{labelField, f.Field, true},
		{labelPath, f.Path, true},
	} {
		if m.Value != "" {
			match = append(match, m)
		}
	}
	if len(f.IDs) > 0 {
		match = append(match,
			anyOf(labelGateway, f.IDs, func(id model.SeriesID) string { return id.Gateway }),
			anyOf(labelGroup, f.IDs, func(id model.SeriesID) string { return id.Group }),
			anyOf(labelWriter, f.IDs, func(id model.SeriesID) string { return id.Writer }),
			anyOf(labelField, f.IDs, func(id model.SeriesID) string { return id.Field }))
	}
	if len(f.NodeIDs) > 0 {
		match = append(match, anyOf(labelNode, f.NodeIDs, model.ExpandedNodeID.String))
	}
	return match
}

// anyOf matches the label when it is the text of one of the items.
func anyOf[T any](label string, items []T, text func(T) string) Matcher {
	texts := make([]string, len(items))
	for i, item := range items {
		texts[i] = text(item)
	}
	slices.Sort(texts)
	texts = slices.Compact(texts)
	if len(texts) == 1 {
		return Matcher{Name: label, Value: texts[0]}
	}
	for i := range texts {
		texts[i] = regexp.QuoteMeta(texts[i])
	}
	return Matcher{Name: label, Value: strings.Join(texts, "|"), Regexp: true}
}

// History returns points in order of time from q.From on and before q.To, at most q.Limit (0 stands for 10,000), and whether there
// are more. Without To it ends now, without From it begins an hour before To. A series that is not stored has no points. Errors
// wrap ErrInvalid when q cannot be used.
//
// Raw points are the numbers of the store and the exact values of Text; of one millisecond the exact ones win. An answer ends early,
// with more, when its exact values take over 8 MiB as JSON. With a step only numbers count. A series that has none since q.From is
// aggregated by count, first and last, of which the latter two give exact values; values with a Bad status do not count there,
// as a stale marker does not among numbers. Other aggregates of such values are ErrInvalid.
func (h *History) History(ctx context.Context, q model.HistoryQuery) (points []model.HistoryPoint, more bool, err error) {
	if q, err = checkQuery(q, time.Now()); err != nil {
		return nil, false, err
	}
	sets, err := h.labelSets(ctx, q)
	if err != nil {
		return nil, false, err
	}
	switch {
	case q.Step > 0 && len(sets) == 0 && h.Text != nil:
		points, err = h.textSteps(ctx, q)
	case q.Step > 0 || h.Text == nil:
		points, err = h.numbers(ctx, q, sets)
	default:
		points, more, err = h.exact(ctx, q, sets)
	}
	if err != nil {
		return nil, false, fmt.Errorf("read history of %s: %w", q.Series, err)
	}
	n := min(q.Limit, len(points))
	return points[:n], more || len(points) > n, nil
}

// numbers returns what the store has, one point more than q.Limit if there is one.
func (h *History) numbers(ctx context.Context, q model.HistoryQuery, sets [][]Matcher) ([]model.HistoryPoint, error) {
	samples, err := h.samples(ctx, q, sets)
	points := make([]model.HistoryPoint, len(samples))
	for i, s := range samples {
		points[i] = model.NumberPoint(s)
	}
	return points, err
}

// samples joins the samples of all label sets, one more than q.Limit if there is one.
func (h *History) samples(ctx context.Context, q model.HistoryQuery, sets [][]Matcher) (_ []Sample, err error) {
	r := Range{From: q.From, To: q.To, Step: q.Step, Aggregate: q.Aggregate, Limit: q.Limit + 1}
	parts := make([][]Sample, len(sets))
	for i, match := range sets {
		if parts[i], err = h.Reader.Samples(ctx, metricValue, match, r); err != nil {
			return nil, err
		}
	}
	switch {
	case len(parts) == 1:
		return parts[0], nil
	case q.Step == 0:
		return mergeRaw(parts), nil
	}
	return h.mergeSteps(ctx, sets, parts, r)
}

// checkQuery fills in what q leaves open, and brings the bounds to the milliseconds of what is stored.
func checkQuery(q model.HistoryQuery, now time.Time) (model.HistoryQuery, error) {
	if q.To.IsZero() {
		q.To = now
	}
	if q.From.IsZero() {
		q.From = q.To.Add(-time.Hour)
	}
	if q.Limit == 0 {
		q.Limit = defaultHistory
	}
	if q.Aggregate == "" {
		q.Aggregate = "avg"
	}
	switch {
	case q.Series.Gateway == "" || q.Series.Group == "" || q.Series.Writer == "" || q.Series.Field == "":
		return q, fmt.Errorf("%w: series id %q: name gateway, group, writer and field", ErrInvalid, q.Series)
	case q.To.Before(q.From):
		return q, fmt.Errorf("%w: to %s is before from %s", ErrInvalid, q.To.Format(time.RFC3339), q.From.Format(time.RFC3339))
	case q.Step < 0 || q.Step%time.Millisecond != 0:
		return q, fmt.Errorf("%w: step %s: give whole milliseconds, or 0 for raw samples", ErrInvalid, q.Step)
	case q.Limit < 0 || q.Limit > maxHistory:
		return q, fmt.Errorf("%w: limit %d: ask for 1 to %d samples", ErrInvalid, q.Limit, maxHistory)
	case aggregateOf(q.Aggregate) == nil:
		return q, fmt.Errorf("%w: aggregate %q: use avg, min, max, sum, count, first, last, delta or stddev", ErrInvalid, q.Aggregate)
	}
	q.From, q.To = ceilMilli(q.From), ceilMilli(q.To)
	return q, nil
}

// ceilMilli is the first whole millisecond that is not before t.
func ceilMilli(t time.Time) time.Time {
	if ms := time.UnixMilli(t.UnixMilli()); !ms.Before(t) {
		return ms
	}
	return time.UnixMilli(t.UnixMilli() + 1)
}

// labelSets returns matchers for each set of labels that the series had since q.From; each matches one series of the store.
func (h *History) labelSets(ctx context.Context, q model.HistoryQuery) ([][]Matcher, error) {
	id := q.Series
	match := []Matcher{
		{Name: labelGateway, Value: id.Gateway},
		{Name: labelGroup, Value: id.Group},
		{Name: labelWriter, Value: id.Writer},
		{Name: labelField, Value: id.Field},
		{Name: labelElement, Value: id.Element},
	}
	sets, err := h.Reader.Series(ctx, metricValue, match, q.From, maxLabelSets+1)
	if err != nil {
		return nil, fmt.Errorf("find series %s: %w", id, err)
	}
	if len(sets) > maxLabelSets {
		return nil, fmt.Errorf("%w: series %s had more than %d sets of labels: ask for a shorter time", ErrInvalid, id, maxLabelSets)
	}
	return matchersOf(sets), nil
}

// matchersOf returns matchers for each of the sets of labels, which match none of the others.
func matchersOf(sets [][]Label) [][]Matcher {
	names := map[string]bool{}
	for _, labels := range sets {
		for _, l := range labels {
			names[l.Name] = true
		}
	}
	matchers := make([][]Matcher, len(sets))
	for i, labels := range sets {
		// A label that this set lacks and another one has must be absent, else the other one matches as well.
		absent := maps.Clone(names)
		for _, l := range labels {
			delete(absent, l.Name)
			matchers[i] = append(matchers[i], Matcher{Name: l.Name, Value: l.Value})
		}
		for _, name := range slices.Sorted(maps.Keys(absent)) {
			matchers[i] = append(matchers[i], Matcher{Name: name})
		}
	}
	return matchers
}
