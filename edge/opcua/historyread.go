package opcua

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/gopcua/opcua/id"
	"github.com/gopcua/opcua/ua"

	"github.com/shopfloor-iiot/shopfloor/model"
)

const (
	// maxHistoryBytes bounds what the server's answers to one HistoryRead of ours have, all together: as JSON they are some three times as much, and the bus
	// carries 64 MiB.
	maxHistoryBytes = 16 << 20
	// maxEmptyPages bounds the answers in a row that have a continuation point and nothing else.
	maxEmptyPages = 10
	// releaseTimeout bounds how long continuation points are released after a read failed.
	releaseTimeout = 2 * time.Second
)

// HistoryRead implements edge.HistoryReader. Items that ask the same of different nodes are one request to the server, as far as its limits allow. Continuation
// points do not outlive the call.
func (s *Source) HistoryRead(ctx context.Context, items []model.HistoryRead) ([]model.HistoryReadResult, error) {
	total := 0
	for i := range items {
		total += entries(&items[i])
	}
	if total > model.MaxHistoryTotal {
		return nil, fmt.Errorf("%d items may have %d entries, the limit is %d: %w", len(items), total, model.MaxHistoryTotal, model.StatusBadTooManyOperations)
	}
	ses, err := s.asks.session(ctx)
	if err != nil {
		return nil, err
	}
	r := &historyReading{session: ses, items: make([]historyItem, len(items)), filters: map[string]historyFilter{}}
	groups, err := r.plan(ctx, items)
	if err != nil {
		return nil, fmt.Errorf("read history: %w", err)
	}
	for _, g := range groups {
		if err := r.run(ctx, g); err != nil {
			return nil, fmt.Errorf("read history: %w", err)
		}
	}
	results := make([]model.HistoryReadResult, len(items))
	var variants []*model.Variant
	for i := range r.items {
		variants = append(variants, r.items[i].finish(&results[i])...)
	}
	if err := ses.unfold(ctx, variants); err != nil {
		return nil, fmt.Errorf("read history: %w", err)
	}
	if err := r.explain(ctx, results); err != nil {
		return nil, fmt.Errorf("read history: %w", err)
	}
	return results, nil
}

// entries is how many values or events an item may get.
func entries(r *model.HistoryRead) int {
	if r.Kind == model.HistoryAtTime {
		return len(r.Times)
	}
	return r.Limit
}

// historyReading is one HistoryRead.
type historyReading struct {
	session *session
	items   []historyItem
	bytes   int                      // of the answers so far
	filters map[string]historyFilter // of events, by what was asked for
}

// plan checks the items and groups those that fit in one request.
func (r *historyReading) plan(ctx context.Context, reads []model.HistoryRead) (groups [][]*historyItem, err error) {
	place := map[string]int{}
	for i := range reads {
		h := &r.items[i]
		h.read = &reads[i]
		if err := r.prepare(ctx, h); err != nil {
			return nil, err
		}
		if h.status.IsBad() {
			continue
		}
		same := *h
		same.aggregate = model.NodeID{}
		d, err := r.session.readDetails([]*historyItem{&same})
		if err != nil {
			h.fail(model.StatusBadInvalidArgument, err.Error())
			continue
		}
		key := fmt.Sprint(d.typeID) + string(d.body)
		at, ok := place[key]
		if !ok {
			at = len(groups)
			place[key] = at
			groups = append(groups, nil)
		}
		groups[at] = append(groups[at], h)
	}
	return groups, nil
}

// prepare finds the ids of an item in this session, and its filter. The error is one of the connection.
func (r *historyReading) prepare(ctx context.Context, h *historyItem) error {
	ns := r.session.namespaces
	node, err := ns.Resolve(h.read.NodeID)
	if err != nil {
		h.fail(model.StatusBadNodeIdUnknown, err.Error())
		return nil
	}
	h.node = uaNodeID(node)
	if problem := invalidRead(h.read); problem != "" {
		h.fail(model.StatusBadInvalidArgument, problem)
		return nil
	}
	switch h.read.Kind {
	case model.HistoryProcessed:
		if h.aggregate, err = ns.Resolve(h.read.Aggregate); err != nil {
			h.fail(model.StatusBadAggregateNotSupported, err.Error())
		}
	case model.HistoryEvents:
		f := r.filterOf(ctx, h.read.Events)
		h.filter, h.names, err = f.filter, f.names, f.err
		switch status := statusOf(err, 0); {
		case status != 0 && !channelStatus(status) && !sessionGone(err):
			h.fail(status, err.Error())
		case err != nil && ctx.Err() == nil && status == 0:
			h.fail(model.StatusBadInvalidArgument, err.Error())
		case err != nil:
			return err
		}
	}
	return nil
}

// invalidRead tells what no server can answer; "" for nothing.
func invalidRead(r *model.HistoryRead) string {
	switch {
	case r.Kind == model.HistoryAtTime && len(r.Times) == 0:
		return "no times are given"
	case r.Kind != model.HistoryAtTime && (r.Limit < 1 || r.Limit > model.MaxHistoryLimit):
		return fmt.Sprintf("the limit %d is not from 1 to %d", r.Limit, model.MaxHistoryLimit)
	case r.After.N < 0 || r.After.N > model.MaxHistoryTotal:
		return fmt.Sprintf("%d entries of one time are more than can be paged through; narrow the time", r.After.N)
	case r.Kind == model.HistoryProcessed && (r.Start.IsZero() || r.End.IsZero() || r.Start == r.End):
		return "aggregates need a time from and a time to that differ"
	case r.Kind == model.HistoryProcessed && r.Interval < 0:
		return fmt.Sprintf("the interval %s is negative", r.Interval)
	case r.Kind > model.HistoryEvents:
		return fmt.Sprintf("there is no kind %d of reading", r.Kind)
	}
	return ""
}

// run reads the items of a group, part by part.
func (r *historyReading) run(ctx context.Context, group []*historyItem) error {
	l := r.session.limits
	limit := &l.historyRead
	switch {
	case group[0].read.Kind == model.HistoryEvents:
		limit = &l.historyReadEvents
	case group[0].newestFirst():
		limit = &l.historyReversed
		limit.n.Store(min(limit.n.Load(), l.historyRead.n.Load()))
	}
	for len(group) > 0 {
		var again []*historyItem
		err := limit.each(len(group), func(from, to int) error {
			part := group[from:to]
			err := r.exhaust(ctx, part)
			if err != nil {
				return err
			}
			if len(part) > 1 {
				again = append(again, repeated(part, limit)...)
			}
			return nil
		}, func(i int, err error) { group[i].fail(statusOf(err, model.StatusBadDecodingError), err.Error()) })
		if err != nil {
			return err
		}
		group = again
	}
	return nil
}

// repeated are the items of a part to be read again with fewer at a time, which limit learns: the server had no room for so many continuation points, or it
// reverses the time of the first item only, as node-opcua does.
func repeated(part []*historyItem, limit *batchLimit) (again []*historyItem) {
	for _, h := range part {
		switch {
		case h.status == model.StatusBadNoContinuationPoints:
			limit.n.Store(min(limit.n.Load(), int64(max(len(part)/2, 1))))
		case h.newestFirst() && h.ascends():
			limit.n.Store(1)
		default:
			continue
		}
		again = append(again, h)
	}
	return again
}

// exhaust reads all that the items want, page by page, and releases what continuation points are left.
func (r *historyReading) exhaust(ctx context.Context, part []*historyItem) error {
	for _, h := range part { // it may be the second try
		h.status, h.message, h.page, h.skipped, h.empty, h.broken = 0, "", historyPage{}, 0, 0, false
	}
	defer func() {
		if left := open(part); len(left) > 0 {
			r.release(ctx, left)
		}
	}()
	for pending := part; len(pending) > 0; pending = unfinished(part) {
		if r.bytes > maxHistoryBytes {
			for _, h := range pending {
				h.fail(model.StatusBadResponseTooLarge, fmt.Sprintf("the values of one query are over %d MiB; ask for fewer", maxHistoryBytes>>20))
			}
			return nil
		}
		err := r.next(ctx, pending)
		if refusal(err) {
			for _, h := range pending {
				h.fail(statusOf(err, 0), "")
			}
			return nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// refusal tells whether a server refused a request of history as a whole for what it asks.
func refusal(err error) bool {
	return slices.ContainsFunc(refusals, func(s model.StatusCode) bool { return errors.Is(err, s) })
}

var refusals = []model.StatusCode{
	model.StatusBadServiceUnsupported, model.StatusBadNotSupported, model.StatusBadNotImplemented, model.StatusBadHistoryOperationUnsupported,
	model.StatusBadHistoryOperationInvalid, model.StatusBadInvalidTimestampArgument, model.StatusBadInvalidTimestamp, model.StatusBadTimestampsToReturnInvalid,
	model.StatusBadAggregateListMismatch, model.StatusBadAggregateNotSupported, model.StatusBadAggregateInvalidInputs, model.StatusBadAggregateConfigurationRejected,
	model.StatusBadUserAccessDenied, model.StatusBadInvalidArgument, model.StatusBadInternalError, model.StatusBadUnexpectedError, model.StatusBadNothingToDo,
	model.StatusBadBoundNotSupported, model.StatusBadTypeMismatch,
}

// open are the items that have a continuation point.
func open(part []*historyItem) (left []*historyItem) {
	for _, h := range part {
		if h.page.point != nil {
			left = append(left, h)
		}
	}
	return left
}

// unfinished are the items of which more is wanted.
func unfinished(part []*historyItem) (pending []*historyItem) {
	for _, h := range open(part) {
		full := h.read.Kind != model.HistoryAtTime && h.count() > h.read.Limit
		if !full && h.empty < maxEmptyPages && !h.status.IsBad() {
			pending = append(pending, h)
		}
	}
	return pending
}

// next asks for the next page of items.
func (r *historyReading) next(ctx context.Context, items []*historyItem) error {
	details, err := r.session.readDetails(items)
	if err != nil {
		return err
	}
	pages, err := r.request(ctx, details, items, false)
	if err != nil {
		return err
	}
	for i := range pages {
		items[i].take(&pages[i])
	}
	return nil
}

// release gives continuation points back, also when ctx is over. A server that cannot release them ends them with the session.
func (r *historyReading) release(ctx context.Context, items []*historyItem) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), releaseTimeout)
	defer cancel()
	if details, err := r.session.readDetails(items); err == nil {
		_, _ = r.request(ctx, details, items, true)
	}
	for _, h := range items {
		h.page.point = nil
	}
}

// request sends one HistoryRead.
func (r *historyReading) request(ctx context.Context, d historyDetails, items []*historyItem, release bool) ([]historyPage, error) {
	req := &ua.HistoryReadRequest{
		HistoryReadDetails: d.object(), TimestampsToReturn: ua.TimestampsToReturnBoth, ReleaseContinuationPoints: release,
	}
	for _, h := range items {
		req.NodesToRead = append(req.NodesToRead, &ua.HistoryReadValueID{
			NodeID: h.node, IndexRange: h.read.IndexRange, DataEncoding: &ua.QualifiedName{}, ContinuationPoint: h.page.point,
		})
	}
	var dec historyDecoder
	s := r.session
	m, err := s.exchange(ctx, s.token, req, id.HistoryReadResponse_Encoding_DefaultBinary, s.timeout, &dec.response)
	if err != nil {
		if sessionGone(err) {
			s.Fail(err)
		}
		return nil, err
	}
	defer m.Release()
	if release {
		return nil, nil // whatever it says of points that are gone
	}
	r.bytes += len(m.Body)
	dec.response.Reset(dec.response.Rest(), s.namespaces)
	return dec.pages(len(items))
}
