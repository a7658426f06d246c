package uaserver

import (
	"encoding/binary"
	"time"

	"github.com/gopcua/opcua/ua"
)

// historyRead implements HistoryRead of raw values (Part 4, 5.11.3; Part 11, 6.5.3).
func (s *Server) historyRead(req *ua.HistoryReadRequest) (ua.Response, ua.StatusCode) {
	if status := checkCount(len(req.NodesToRead)); status != ua.StatusOK {
		return nil, status
	}
	if req.TimestampsToReturn >= ua.TimestampsToReturnNeither {
		return nil, ua.StatusBadTimestampsToReturnInvalid
	}
	if req.HistoryReadDetails == nil {
		return nil, ua.StatusBadHistoryOperationInvalid
	}
	details, ok := req.HistoryReadDetails.Value.(*ua.ReadRawModifiedDetails)
	if !ok || details.IsReadModified {
		return nil, ua.StatusBadHistoryOperationUnsupported
	}
	results := make([]*ua.HistoryReadResult, len(req.NodesToRead))
	for i, n := range req.NodesToRead {
		results[i] = s.historyOf(n, details, req.TimestampsToReturn, req.ReleaseContinuationPoints)
	}
	return &ua.HistoryReadResponse{ResponseHeader: responseHeader(req.RequestHeader, ua.StatusOK), Results: results}, ua.StatusOK
}

// historyOf reads one node. A continuation point is the start of the next page, so none is kept and none to release.
func (s *Server) historyOf(n *ua.HistoryReadValueID, d *ua.ReadRawModifiedDetails, which ua.TimestampsToReturn, release bool) *ua.HistoryReadResult {
	bad := func(status ua.StatusCode) *ua.HistoryReadResult { return &ua.HistoryReadResult{StatusCode: status} }
	node := s.space.Node(n.NodeID)
	switch {
	case node == nil:
		return bad(ua.StatusBadNodeIDUnknown)
	case node.Class != ua.NodeClassVariable || node.Variable.History == nil:
		return bad(ua.StatusBadHistoryOperationUnsupported)
	case n.IndexRange != "":
		return bad(ua.StatusBadIndexRangeInvalid)
	case release:
		return &ua.HistoryReadResult{}
	}
	start, end, newestFirst, status := historyWindow(d)
	if status != ua.StatusOK {
		return bad(status)
	}
	if len(n.ContinuationPoint) > 0 {
		if len(n.ContinuationPoint) != 8 {
			return bad(ua.StatusBadContinuationPointInvalid)
		}
		next := time.Unix(0, int64(binary.LittleEndian.Uint64(n.ContinuationPoint)))
		if newestFirst {
			end = next
		} else {
			start = next
		}
	}
	limit := int(d.NumValuesPerNode)
	if limit == 0 || limit > maxHistoryValues {
		limit = maxHistoryValues
	}
	return historyPage(node.Variable.History, start, end, newestFirst, limit, which)
}

// historyWindow applies the rules of Part 11, 6.5.3.2: at least two of start, end and count; end before start means
// newest first, and so does a missing start.
func historyWindow(d *ua.ReadRawModifiedDetails) (start, end time.Time, newestFirst bool, status ua.StatusCode) {
	start, end = knownTime(d.StartTime), knownTime(d.EndTime)
	if (start.IsZero() || end.IsZero()) && d.NumValuesPerNode == 0 || start.IsZero() && end.IsZero() {
		return start, end, false, ua.StatusBadHistoryOperationInvalid
	}
	if d.ReturnBounds {
		return start, end, false, ua.StatusBadBoundNotSupported
	}
	if start.IsZero() {
		return start, end, true, ua.StatusOK
	}
	if !end.IsZero() && end.Before(start) {
		return end, start, true, ua.StatusOK
	}
	return start, end, false, ua.StatusOK
}

// knownTime maps the null DateTime, and dates that no history reaches, to the zero time. A far future date ("until ever")
// comes out of the decoder as one of the 19th century and so is an open end as well.
func knownTime(t time.Time) time.Time {
	if t.Year() < 1970 {
		return time.Time{}
	}
	return t
}

func historyPage(h History, start, end time.Time, newestFirst bool, limit int, which ua.TimestampsToReturn) *ua.HistoryReadResult {
	values := h.Raw(start, end, newestFirst, limit+1)
	result := &ua.HistoryReadResult{StatusCode: ua.StatusOK}
	if len(values) == 0 {
		result.StatusCode = ua.StatusGoodNoData
	}
	if len(values) > limit {
		result.ContinuationPoint = binary.LittleEndian.AppendUint64(nil, uint64(values[limit].SourceTimestamp.UnixNano()))
		values = values[:limit]
	}
	data := &ua.HistoryData{DataValues: make([]*ua.DataValue, len(values))}
	for i, v := range values {
		data.DataValues[i] = stamped(v, ua.AttributeIDValue, which, v.SourceTimestamp)
	}
	result.HistoryData = ua.NewExtensionObject(data)
	return result
}
