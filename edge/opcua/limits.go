package opcua

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/gopcua/opcua/ua"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// batchCap is the most operations in one request, also where the server has no limit.
const batchCap = 1000

// batchLimit is how many operations a request may have. It is lowered when the server says that there were too many: not all say their limit.
type batchLimit struct{ n atomic.Int64 }

// set takes the server's limit; 0 stands for none.
func (l *batchLimit) set(n int64) {
	if n <= 0 || n > batchCap {
		n = batchCap
	}
	l.n.Store(n)
}

// each calls do for parts of n operations within the limit, in order. A part that was too large or does not decode is done again in halves; a
// single operation that fails so is passed to one, if there is one, and the others go on.
func (l *batchLimit) each(n int, do func(from, to int) error, one func(i int, err error)) error {
	size := int(l.n.Load())
	for from := 0; from < n; {
		to := min(from+size, n)
		err := do(from, to)
		switch {
		case err == nil:
			from = to
		case !tooLarge(err) || to-from == 1 && one == nil:
			return err
		case to-from == 1:
			one(from, err)
			from = to
			size = int(l.n.Load())
		default:
			size = (to - from) / 2
			if learnt(err) {
				l.n.Store(int64(size))
			}
		}
	}
	return nil
}

// learnt tells whether the size of the request alone was too much for the server, whatever is in it.
func learnt(err error) bool {
	return errors.Is(err, model.StatusBadTooManyOperations) || errors.Is(err, model.StatusBadEncodingLimitsExceeded) || errors.Is(err, model.StatusBadRequestTooLarge)
}

// tooLarge tells whether the request could succeed in smaller parts.
func tooLarge(err error) bool {
	var status model.StatusCode
	if !errors.As(err, &status) { // an error of gopcua's decoder, unless we gave up
		return !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded)
	}
	switch status {
	case model.StatusBadTooManyOperations, model.StatusBadTooManyMonitoredItems, model.StatusBadRequestTooLarge, model.StatusBadResponseTooLarge,
		model.StatusBadEncodingLimitsExceeded, model.StatusBadDecodingError, model.StatusBadEncodingError:
		return true
	}
	return false
}

// limits are those of one server (Part 5, 6.3.11).
type limits struct {
	read, write, call, browse, translate, monitor, register                             batchLimit
	historyRead, historyReversed, historyReadEvents, historyUpdate, historyUpdateEvents batchLimit

	// points is how many continuation points of Browse a session has, 0 for any number; pointsKnown tells that the server says so.
	points      int
	pointsKnown bool
}

func newLimits() *limits {
	l := &limits{}
	for _, b := range []*batchLimit{&l.read, &l.write, &l.call, &l.browse, &l.translate, &l.monitor, &l.register, &l.historyRead, &l.historyReversed, &l.historyReadEvents, &l.historyUpdate, &l.historyUpdateEvents} {
		b.set(0)
	}
	return l
}

// prepare reads the namespace table, the operation limits and the start of the server for a new session.
func (s *session) prepare(ctx context.Context) error {
	targets := []struct {
		id    uint32
		limit *batchLimit
	}{
		{idMaxNodesPerRead, &s.limits.read},
		{idMaxNodesPerWrite, &s.limits.write},
		{idMaxNodesPerMethodCall, &s.limits.call},
		{idMaxNodesPerBrowse, &s.limits.browse},
		{idMaxNodesPerTranslate, &s.limits.translate},
		{idMaxMonitoredItemsPerCall, &s.limits.monitor},
		{idMaxNodesPerRegisterNodes, &s.limits.register},
		{idMaxNodesPerHistoryReadData, &s.limits.historyRead},
		{idMaxNodesPerHistoryReadEvents, &s.limits.historyReadEvents},
		{idMaxNodesPerHistoryUpdateData, &s.limits.historyUpdate},
		{idMaxNodesPerHistoryUpdateEvents, &s.limits.historyUpdateEvents},
	}
	nodes := []*ua.ReadValueID{{NodeID: ns0(idNamespaceArray), AttributeID: ua.AttributeIDValue}}
	for _, t := range targets {
		nodes = append(nodes, &ua.ReadValueID{NodeID: ns0(t.id), AttributeID: ua.AttributeIDValue})
	}
	nodes = append(nodes, &ua.ReadValueID{NodeID: ns0(idMaxBrowseContinuationPoints), AttributeID: ua.AttributeIDValue},
		&ua.ReadValueID{NodeID: ns0(idServerStatusStartTime), AttributeID: ua.AttributeIDValue})
	values, err := s.read(ctx, nodes)
	if err != nil {
		return err
	}
	uris, ok := values[0].Value.Value().([]string)
	if !ok {
		return model.StatusCode(values[0].Status)
	}
	s.namespaces = uris
	s.dataTypes.begin(s.namespaces)
	if v := values[len(values)-1]; v.Status == ua.StatusOK {
		s.started, _ = v.Value.Value().(time.Time) // zero where the server does not tell
	}
	if v := values[len(values)-2]; v.Status == ua.StatusOK {
		if n, ok := v.Value.Value().(uint16); ok {
			s.limits.points, s.limits.pointsKnown = int(n), true
		}
	}
	for i, t := range targets {
		if v := values[i+1]; v.Status == ua.StatusOK {
			if n, ok := v.Value.Value().(uint32); ok {
				t.limit.set(int64(n))
			}
		}
	}
	return nil
}

// read reads in batches. The results are never nil; one that cannot be decoded has a status that says so.
func (s *session) read(ctx context.Context, nodes []*ua.ReadValueID) ([]*ua.DataValue, error) {
	values := make([]*ua.DataValue, len(nodes))
	for _, n := range nodes { // gopcua encodes a nil pointer as nothing at all
		n.DataEncoding = &ua.QualifiedName{}
	}
	err := s.limits.read.each(len(nodes), func(from, to int) error {
		r, err := do[*ua.ReadResponse](ctx, s, &ua.ReadRequest{TimestampsToReturn: ua.TimestampsToReturnBoth, NodesToRead: nodes[from:to]})
		if err != nil {
			return err
		}
		return results(values[from:to], r.Results)
	}, func(i int, err error) {
		values[i] = &ua.DataValue{Value: &ua.Variant{}, Status: ua.StatusCode(statusOf(err, model.StatusBadDecodingError))}
	})
	return values, err
}

// results copies a response's results, of which a server may give too few or null ones.
func results[T any](to, from []*T) error {
	if len(from) != len(to) {
		return model.StatusBadUnknownResponse
	}
	for i, r := range from {
		if r == nil {
			return model.StatusBadUnknownResponse
		}
		to[i] = r
	}
	return nil
}

// statusOf is the status code in err, or otherwise.
func statusOf(err error, otherwise model.StatusCode) model.StatusCode {
	var status model.StatusCode
	if errors.As(err, &status) {
		return status
	}
	return otherwise
}
