package uaserver

import (
	"encoding/binary"
	"time"

	"github.com/gopcua/opcua/ua"
)

// History is the recorded past of one variable. It is called from many goroutines at once.
type History interface {
	// Raw returns up to limit values with start <= source timestamp < end, oldest first, or, when newestFirst, with
	// start < source timestamp <= end, newest first. The zero time is an open end.
	Raw(start, end time.Time, newestFirst bool, limit int) []*ua.DataValue
	// Modified returns the values of a time that were modified since, as Raw does.
	Modified(start, end time.Time, newestFirst bool, limit int) []Modified
	// Update inserts, replaces or updates the value of its source timestamp (Part 11, 6.9.2).
	Update(perform ua.PerformUpdateType, v *ua.DataValue, now time.Time) ua.StatusCode
	// Delete deletes the values with start <= source timestamp < end (Part 11, 6.9.5), or their modified ones.
	Delete(start, end time.Time, modified bool, now time.Time) ua.StatusCode
	// DeleteAt deletes the value of exactly this time (Part 11, 6.9.6).
	DeleteAt(t, now time.Time) ua.StatusCode
}

// Modified is a value as it was before it was modified, or as it was inserted.
type Modified struct {
	Value *ua.DataValue
	Info  *ua.ModificationInfo
}

// historyRead implements HistoryRead (Part 4, 5.11.3; Part 11, 6.5) of values.
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
	read, status := s.reader(req)
	if status != ua.StatusOK {
		return nil, status
	}
	results := make([]*ua.HistoryReadResult, len(req.NodesToRead))
	for i, n := range req.NodesToRead {
		results[i] = s.historyOf(i, n, req.ReleaseContinuationPoints, read)
	}
	return &ua.HistoryReadResponse{ResponseHeader: responseHeader(req.RequestHeader, ua.StatusOK), Results: results}, ua.StatusOK
}

// historyReader reads the history of the i-th node of a request, from a continuation point on unless that is the zero time.
type historyReader func(i int, v *Variable, next time.Time) *ua.HistoryReadResult

// reader is what the details of a request ask for.
func (s *Server) reader(req *ua.HistoryReadRequest) (historyReader, ua.StatusCode) {
	which := req.TimestampsToReturn
	switch d := req.HistoryReadDetails.Value.(type) {
	case *ua.ReadRawModifiedDetails:
		return func(_ int, v *Variable, next time.Time) *ua.HistoryReadResult {
			return readRaw(v.History, d, which, next)
		}, ua.StatusOK
	case *ua.ReadAtTimeDetails:
		return func(_ int, v *Variable, _ time.Time) *ua.HistoryReadResult { return readAtTimes(v.History, d, which) }, ua.StatusOK
	case *ua.ReadProcessedDetails:
		if len(d.AggregateType) != len(req.NodesToRead) {
			return nil, ua.StatusBadAggregateListMismatch
		}
		return func(i int, v *Variable, next time.Time) *ua.HistoryReadResult {
			return readProcessed(v.History, d, d.AggregateType[i], which, next)
		}, ua.StatusOK
	}
	return nil, ua.StatusBadHistoryOperationUnsupported
}

func badHistory(status ua.StatusCode) *ua.HistoryReadResult {
	return &ua.HistoryReadResult{StatusCode: status}
}

// historyOf reads one node. A continuation point is the start of the next page, so none is kept and none to release.
func (s *Server) historyOf(i int, n *ua.HistoryReadValueID, release bool, read historyReader) *ua.HistoryReadResult {
	node := s.space.Node(n.NodeID)
	switch {
	case node == nil:
		return badHistory(ua.StatusBadNodeIDUnknown)
	case node.Class != ua.NodeClassVariable || node.Variable.History == nil:
		return badHistory(ua.StatusBadHistoryOperationUnsupported)
	case n.IndexRange != "":
		return badHistory(ua.StatusBadIndexRangeInvalid)
	case release:
		return &ua.HistoryReadResult{}
	}
	var next time.Time
	if len(n.ContinuationPoint) > 0 {
		if len(n.ContinuationPoint) != 8 {
			return badHistory(ua.StatusBadContinuationPointInvalid)
		}
		next = time.Unix(0, int64(binary.LittleEndian.Uint64(n.ContinuationPoint)))
	}
	return read(i, node.Variable, next)
}

// readRaw reads raw or modified values (Part 11, 6.5.3).
func readRaw(h History, d *ua.ReadRawModifiedDetails, which ua.TimestampsToReturn, next time.Time) *ua.HistoryReadResult {
	start, end, newestFirst, status := historyWindow(d)
	if status != ua.StatusOK {
		return badHistory(status)
	}
	limit := int(d.NumValuesPerNode)
	if limit == 0 || limit > maxHistoryValues {
		limit = maxHistoryValues
	}
	if d.ReturnBounds {
		return boundedPage(h, rawWindow{start, end, newestFirst}, next, limit, which)
	}
	if !next.IsZero() && newestFirst {
		end = next
	} else if !next.IsZero() {
		start = next
	}
	if d.IsReadModified {
		return modifiedPage(h, start, end, newestFirst, limit, which)
	}
	return historyPage(h.Raw(start, end, newestFirst, limit+1), limit, which)
}

// historyWindow applies the rules of Part 11, 6.5.3.2: at least two of start, end and count; end before start means
// newest first, and so does a missing start.
func historyWindow(d *ua.ReadRawModifiedDetails) (start, end time.Time, newestFirst bool, status ua.StatusCode) {
	start, end = knownTime(d.StartTime), knownTime(d.EndTime)
	if (start.IsZero() || end.IsZero()) && d.NumValuesPerNode == 0 || start.IsZero() && end.IsZero() {
		return start, end, false, ua.StatusBadHistoryOperationInvalid
	}
	if d.ReturnBounds && d.IsReadModified {
		return start, end, false, ua.StatusBadInvalidArgument
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

// historyPage makes a page of values, of which there is one more than limit when there is a next page.
func historyPage(values []*ua.DataValue, limit int, which ua.TimestampsToReturn) *ua.HistoryReadResult {
	result := &ua.HistoryReadResult{StatusCode: ua.StatusOK}
	if len(values) == 0 {
		result.StatusCode = ua.StatusGoodNoData
	}
	if len(values) > limit {
		result.ContinuationPoint = pointAt(values[limit].SourceTimestamp)
		values = values[:limit]
	}
	result.HistoryData = ua.NewExtensionObject(&ua.HistoryData{DataValues: stampedValues(values, which)})
	return result
}

// pointAt is the continuation point of a page that begins at t.
func pointAt(t time.Time) []byte {
	return binary.LittleEndian.AppendUint64(nil, uint64(t.UnixNano()))
}

func stampedValues(values []*ua.DataValue, which ua.TimestampsToReturn) []*ua.DataValue {
	out := make([]*ua.DataValue, len(values))
	for i, v := range values {
		out[i] = stamped(v, ua.AttributeIDValue, which, v.SourceTimestamp)
	}
	return out
}

// modifiedPage makes a page of modified values. All of one time are in one page, so that the time is enough to go on from.
func modifiedPage(h History, start, end time.Time, newestFirst bool, limit int, which ua.TimestampsToReturn) *ua.HistoryReadResult {
	list := h.Modified(start, end, newestFirst, maxHistoryValues+1)
	result := &ua.HistoryReadResult{StatusCode: ua.StatusOK}
	if len(list) == 0 {
		result.StatusCode = ua.StatusGoodNoData
	}
	cut := min(limit, len(list))
	for cut > 0 && cut < len(list) && list[cut].Value.SourceTimestamp.Equal(list[cut-1].Value.SourceTimestamp) {
		cut++
	}
	if cut < len(list) {
		result.ContinuationPoint = pointAt(list[cut].Value.SourceTimestamp)
	}
	data := &ua.HistoryModifiedData{DataValues: []*ua.DataValue{}, ModificationInfos: []*ua.ModificationInfo{}}
	for _, m := range list[:cut] {
		data.DataValues = append(data.DataValues, stamped(m.Value, ua.AttributeIDValue, which, m.Value.SourceTimestamp))
		data.ModificationInfos = append(data.ModificationInfos, m.Info)
	}
	result.HistoryData = ua.NewExtensionObject(data)
	return result
}
