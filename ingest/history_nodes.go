package ingest

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

const (
	// maxNodes and maxNodePoints bound the nodes of one query and the steps of all of them together.
	maxNodes, maxNodePoints = 20_000, 2_000_000
	// nodesInMatcher is how many nodes one matcher names: what VictoriaMetrics looks up one by one, where it tries a longer expression on
	// every node that it knows.
	nodesInMatcher = 100
	// statusAge is how far back a status is looked for: it is stored when it changes, and when a core starts.
	statusAge = 400 * 24 * time.Hour
	// textReaders is how many series with exact values are read at a time.
	textReaders = 8
)

// NodeHistory returns what is stored of variables, in the order of q.Nodes, as History does for a series: numbers of all of them come with one
// request to the store, or a few where raw values are many; statuses with one or two more. Errors wrap ErrInvalid when q cannot be used.
func (h *History) NodeHistory(ctx context.Context, q model.NodeHistoryQuery) ([]model.NodeHistory, error) {
	one, err := h.checkNodes(&q, time.Now())
	if err != nil {
		return nil, err
	}
	found := newNodeSeries(q.Nodes)
	until, err := h.nodeNumbers(ctx, found, &q)
	if err != nil {
		return nil, fmt.Errorf("read history of %d nodes: %w", len(q.Nodes), err)
	}
	exact := h.Text != nil && slices.ContainsFunc(q.Nodes, func(n model.HistoryNode) bool { return n.Exact })
	if q.Statuses && q.Step == 0 || exact {
		if err := h.nodeStatuses(ctx, found, &q); err != nil {
			return nil, fmt.Errorf("read statuses of %d nodes: %w", len(q.Nodes), err)
		}
	}
	out := make([]model.NodeHistory, len(q.Nodes))
	var wg sync.WaitGroup
	slots := make(chan struct{}, textReaders)
	for i, n := range q.Nodes {
		s := found.best(n)
		if s == nil {
			out[i].More = until.Before(q.To)
			continue
		}
		if !n.Exact || h.Text == nil {
			out[i] = h.nodePoints(ctx, s, one, until, false)
			continue
		}
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			out[i] = h.nodePoints(ctx, s, one, until, true)
		})
	}
	wg.Wait()
	return out, ctx.Err()
}

// checkNodes fills in what q leaves open, and returns the query for one series.
func (h *History) checkNodes(q *model.NodeHistoryQuery, now time.Time) (model.HistoryQuery, error) {
	any := model.SeriesID{Gateway: "-", Group: "-", Writer: "-", Field: "-"}
	one, err := checkQuery(model.HistoryQuery{Series: any, From: q.From, To: q.To, Step: q.Step, Aggregate: q.Aggregate, Limit: q.Limit}, now)
	if err != nil {
		return one, err
	}
	q.From, q.To, q.Aggregate, q.Limit = one.From, one.To, one.Aggregate, one.Limit
	if len(q.Nodes) > maxNodes {
		return one, fmt.Errorf("%w: history of %d nodes: ask for %d at most", ErrInvalid, len(q.Nodes), maxNodes)
	}
	if q.Step > 0 {
		if steps := (q.To.Sub(q.From) + q.Step - 1) / q.Step; int64(steps)*int64(len(q.Nodes)) > maxNodePoints {
			return one, fmt.Errorf("%w: step %s: %d steps of %d nodes are more than %d: choose a longer step", ErrInvalid, q.Step, steps, len(q.Nodes), maxNodePoints)
		}
	}
	return one, nil
}

// nodeSeries are the series of nodes.
type nodeSeries struct {
	// lists name the nodes, for a Reader.
	lists  [][]Matcher
	byNode map[nodeKey]map[model.SeriesID]*seriesParts
}

// nodeKey has the values of two labels.
type nodeKey struct{ server, node string }

// seriesParts are the samples of a series, one part for each set of labels.
type seriesParts struct {
	id       model.SeriesID
	labels   [][]Label
	numbers  [][]Sample
	count    int
	statuses []Sample
}

func newNodeSeries(nodes []model.HistoryNode) *nodeSeries {
	s := &nodeSeries{byNode: map[nodeKey]map[model.SeriesID]*seriesParts{}}
	byServer := map[string][]model.ExpandedNodeID{}
	for _, n := range nodes {
		key := nodeKey{n.Server, n.NodeID.String()}
		if s.byNode[key] == nil {
			s.byNode[key] = map[model.SeriesID]*seriesParts{}
			byServer[n.Server] = append(byServer[n.Server], n.NodeID)
		}
	}
	for _, server := range slices.Sorted(maps.Keys(byServer)) {
		for ids := range slices.Chunk(byServer[server], nodesInMatcher) {
			s.lists = append(s.lists, []Matcher{
				{Name: labelServer, Value: server},
				anyOf(labelNode, ids, model.ExpandedNodeID.String),
				{Name: labelElement},
			})
		}
	}
	return s
}

// of returns the series that has these labels, nil if its node was not asked for.
func (s *nodeSeries) of(labels []Label) *seriesParts {
	var key nodeKey
	for _, l := range labels {
		switch l.Name {
		case labelServer:
			key.server = l.Value
		case labelNode:
			key.node = l.Value
		}
	}
	series, known := s.byNode[key]
	if !known {
		return nil
	}
	id := idOf(labels)
	if series[id] == nil {
		series[id] = &seriesParts{id: id}
	}
	return series[id]
}

// best is the series of a node with the most numbers, or else the one whose status changed last.
func (s *nodeSeries) best(n model.HistoryNode) *seriesParts {
	series := s.byNode[nodeKey{n.Server, n.NodeID.String()}]
	last := func(p *seriesParts) int64 {
		if len(p.statuses) == 0 {
			return 0
		}
		return p.statuses[len(p.statuses)-1].Time
	}
	var best *seriesParts
	for _, id := range slices.SortedFunc(maps.Keys(series), compareIDs) {
		p := series[id]
		if best == nil || cmp.Or(cmp.Compare(p.count, best.count), cmp.Compare(last(p), last(best))) > 0 {
			best = p
		}
	}
	return best
}

// nodeNumbers reads the numbers of all nodes, and returns up to where.
func (h *History) nodeNumbers(ctx context.Context, found *nodeSeries, q *model.NodeHistoryQuery) (time.Time, error) {
	r := Range{From: q.From, To: q.To, Step: q.Step, Aggregate: q.Aggregate, Limit: q.Limit + 1}
	series, until, err := h.Reader.SamplesOf(ctx, metricValue, found.lists, r)
	for _, one := range series {
		if s := found.of(one.Labels); s != nil {
			s.labels, s.numbers = append(s.labels, one.Labels), append(s.numbers, one.Samples)
			s.count += len(one.Samples)
		}
	}
	return until, err
}

// nodeStatuses reads the statuses of all nodes: the last ones before the range, and the changes within it.
func (h *History) nodeStatuses(ctx context.Context, found *nodeSeries, q *model.NodeHistoryQuery) error {
	ranges := []Range{{From: q.From.Add(-statusAge), To: q.From, Step: statusAge, Aggregate: "last"}, {From: q.From, To: q.To, Limit: q.Limit + 1}}
	for _, r := range ranges {
		series, _, err := h.Reader.SamplesOf(ctx, metricStatus, found.lists, r)
		if err != nil {
			return err
		}
		for _, one := range series {
			if s := found.of(one.Labels); s != nil {
				s.statuses = mergeRaw([][]Sample{s.statuses, one.Samples})
			}
		}
	}
	return nil
}

// nodePoints makes the answer of one series. Numbers are known up to until.
func (h *History) nodePoints(ctx context.Context, s *seriesParts, q model.HistoryQuery, until time.Time, exact bool) model.NodeHistory {
	q.Series = s.id
	out := model.NodeHistory{Series: s.id}
	if q.Step == 0 {
		out.Statuses = s.statuses
	}
	out.More = until.Before(q.To)
	numbers, err := h.nodeSamples(ctx, s, q)
	switch {
	case err != nil:
	case exact && q.Step > 0 && s.count == 0:
		out.Points, err = h.textSteps(ctx, q)
	case exact && q.Step == 0:
		var texts []TextValue
		var more bool
		if q.To = until; len(numbers) > q.Limit { // what comes after the last number would hide those that were not read
			q.To = time.UnixMilli(numbers[len(numbers)-1].Time + 1)
		}
		if texts, more, err = h.texts(ctx, q); more {
			end := texts[len(texts)-1].Time
			numbers = slices.DeleteFunc(numbers, func(n Sample) bool { return n.Time > end })
			out.More = true
		}
		out.Points = mergeExact(numbers, texts)
	default:
		out.Points = make([]model.HistoryPoint, len(numbers))
		for i, n := range numbers {
			out.Points[i] = model.NumberPoint(n)
		}
	}
	if err != nil {
		return model.NodeHistory{Series: s.id, Err: err}
	}
	n := min(q.Limit, len(out.Points))
	out.Points, out.More = out.Points[:n], out.More || len(out.Points) > n
	return out
}

// nodeSamples joins the numbers of all sets of labels.
func (h *History) nodeSamples(ctx context.Context, s *seriesParts, q model.HistoryQuery) ([]Sample, error) {
	switch {
	case len(s.numbers) == 1:
		return s.numbers[0], nil
	case len(s.numbers) == 0:
		return nil, nil
	case q.Step == 0:
		return mergeRaw(s.numbers), nil
	}
	return h.mergeSteps(ctx, matchersOf(s.labels), s.numbers, Range{From: q.From, To: q.To, Step: q.Step, Aggregate: q.Aggregate, Limit: q.Limit + 1})
}
