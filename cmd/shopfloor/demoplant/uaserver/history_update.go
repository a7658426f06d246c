package uaserver

import (
	"time"

	"github.com/gopcua/opcua/ua"
)

// historyUpdate implements HistoryUpdate (Part 4, 5.11.5; Part 11, 6.9) of values.
func (s *Server) historyUpdate(req *ua.HistoryUpdateRequest) (ua.Response, ua.StatusCode) {
	if status := checkCount(len(req.HistoryUpdateDetails)); status != ua.StatusOK {
		return nil, status
	}
	results := make([]*ua.HistoryUpdateResult, len(req.HistoryUpdateDetails))
	for i, details := range req.HistoryUpdateDetails {
		results[i] = &ua.HistoryUpdateResult{StatusCode: ua.StatusBadHistoryOperationInvalid}
		if details != nil {
			results[i] = s.updateOne(details.Value, time.Now())
		}
	}
	return &ua.HistoryUpdateResponse{ResponseHeader: responseHeader(req.RequestHeader, ua.StatusOK), Results: results}, ua.StatusOK
}

func (s *Server) updateOne(details any, now time.Time) *ua.HistoryUpdateResult {
	switch d := details.(type) {
	case *ua.UpdateDataDetails:
		return s.updateEach(d.NodeID, len(d.UpdateValues), func(v *Variable, i int) ua.StatusCode {
			value := d.UpdateValues[i]
			if value == nil || value.SourceTimestamp.IsZero() || knownTime(value.SourceTimestamp).IsZero() {
				return ua.StatusBadInvalidTimestamp
			}
			if !s.fits(value.Value, v.DataType, v.ValueRank) {
				return ua.StatusBadTypeMismatch
			}
			return v.History.Update(d.PerformInsertReplace, value, now)
		})
	case *ua.DeleteAtTimeDetails:
		return s.updateEach(d.NodeID, len(d.ReqTimes), func(v *Variable, i int) ua.StatusCode { return v.History.DeleteAt(d.ReqTimes[i], now) })
	case *ua.DeleteRawModifiedDetails:
		v, status := s.historized(d.NodeID)
		if status != ua.StatusOK {
			return &ua.HistoryUpdateResult{StatusCode: status}
		}
		if d.EndTime.Before(d.StartTime) {
			return &ua.HistoryUpdateResult{StatusCode: ua.StatusBadInvalidTimestampArgument}
		}
		return &ua.HistoryUpdateResult{StatusCode: v.History.Delete(d.StartTime, d.EndTime, d.IsDeleteModified, now)}
	}
	return &ua.HistoryUpdateResult{StatusCode: ua.StatusBadHistoryOperationUnsupported}
}

// updateEach does n operations on the history of a node, with a result each.
func (s *Server) updateEach(node *ua.NodeID, n int, do func(v *Variable, i int) ua.StatusCode) *ua.HistoryUpdateResult {
	v, status := s.historized(node)
	if status != ua.StatusOK {
		return &ua.HistoryUpdateResult{StatusCode: status}
	}
	if status := checkCount(n); status != ua.StatusOK {
		return &ua.HistoryUpdateResult{StatusCode: status}
	}
	result := &ua.HistoryUpdateResult{OperationResults: make([]ua.StatusCode, n)}
	for i := range result.OperationResults {
		result.OperationResults[i] = do(v, i)
	}
	return result
}

// historized is the variable of a node with history.
func (s *Server) historized(nodeID *ua.NodeID) (*Variable, ua.StatusCode) {
	node := s.space.Node(nodeID)
	switch {
	case node == nil:
		return nil, ua.StatusBadNodeIDUnknown
	case node.Class != ua.NodeClassVariable || node.Variable.History == nil:
		return nil, ua.StatusBadHistoryOperationUnsupported
	}
	return node.Variable, ua.StatusOK
}
