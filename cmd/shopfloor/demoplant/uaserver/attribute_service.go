package uaserver

import (
	"time"

	"github.com/gopcua/opcua/ua"
)

// read implements Read (Part 4, 5.11.2).
func (s *Server) read(req *ua.ReadRequest) (ua.Response, ua.StatusCode) {
	if status := checkCount(len(req.NodesToRead)); status != ua.StatusOK {
		return nil, status
	}
	if req.TimestampsToReturn > ua.TimestampsToReturnNeither {
		return nil, ua.StatusBadTimestampsToReturnInvalid
	}
	now := time.Now()
	results := make([]*ua.DataValue, len(req.NodesToRead))
	for i, r := range req.NodesToRead {
		results[i] = stamped(s.readValue(r), r.AttributeID, req.TimestampsToReturn, now)
	}
	return &ua.ReadResponse{ResponseHeader: responseHeader(req.RequestHeader, ua.StatusOK), Results: results}, ua.StatusOK
}

func (s *Server) readValue(r *ua.ReadValueID) *ua.DataValue {
	node, span, status := s.resolve(r)
	if status != ua.StatusOK {
		return &ua.DataValue{EncodingMask: ua.DataValueStatusCode, Status: status}
	}
	return span.cut(node.attribute(r.AttributeID))
}

// resolve finds the node and the index range of a ReadValueID and checks its data encoding.
func (s *Server) resolve(r *ua.ReadValueID) (*Node, *indexRange, ua.StatusCode) {
	node := s.space.Node(r.NodeID)
	if node == nil {
		return nil, nil, ua.StatusBadNodeIDUnknown
	}
	if r.DataEncoding != nil && r.DataEncoding.Name != "" {
		if r.AttributeID != ua.AttributeIDValue {
			return nil, nil, ua.StatusBadDataEncodingInvalid
		}
		if r.DataEncoding.Name != "Default Binary" {
			return nil, nil, ua.StatusBadDataEncodingUnsupported
		}
	}
	span, status := parseIndexRange(r.IndexRange)
	return node, span, status
}

// write implements Write (Part 4, 5.11.4) for the Value attribute.
func (s *Server) write(req *ua.WriteRequest) (ua.Response, ua.StatusCode) {
	if status := checkCount(len(req.NodesToWrite)); status != ua.StatusOK {
		return nil, status
	}
	results := make([]ua.StatusCode, len(req.NodesToWrite))
	for i, w := range req.NodesToWrite {
		results[i] = s.writeValue(w)
	}
	return &ua.WriteResponse{ResponseHeader: responseHeader(req.RequestHeader, ua.StatusOK), Results: results}, ua.StatusOK
}

func (s *Server) writeValue(w *ua.WriteValue) ua.StatusCode {
	node := s.space.Node(w.NodeID)
	if node == nil {
		return ua.StatusBadNodeIDUnknown
	}
	if w.AttributeID != ua.AttributeIDValue {
		if status := node.attribute(w.AttributeID).Status; status != ua.StatusOK {
			return status
		}
		return ua.StatusBadNotWritable
	}
	if node.Class != ua.NodeClassVariable {
		return ua.StatusBadAttributeIDInvalid
	}
	v := node.Variable
	if v.Write == nil {
		return ua.StatusBadNotWritable
	}
	const settable = ua.DataValueValue
	if w.IndexRange != "" || w.Value == nil || w.Value.EncodingMask&^settable != 0 {
		return ua.StatusBadWriteNotSupported // parts of arrays, statuses and timestamps cannot be written
	}
	if !s.fits(w.Value.Value, v.DataType, v.ValueRank) {
		return ua.StatusBadTypeMismatch
	}
	return v.Write(w.Value.Value)
}

// fits reports whether a value has the built-in type of the data type and the value rank (Part 3, 5.6.2).
func (s *Server) fits(value *ua.Variant, dataType *ua.NodeID, rank int32) bool {
	if value == nil {
		return false
	}
	if want := s.space.builtinType(dataType); want != ua.TypeIDNull && value.Type() != want {
		return false
	}
	isArray := value.Has(ua.VariantArrayValues)
	switch {
	case rank == -1:
		return !isArray
	case rank == 0:
		return isArray
	case rank >= 1:
		return isArray && max(1, int32(len(value.ArrayDimensions()))) == rank
	}
	return true
}

// checkCount bounds the operations of one request (Part 4, 7.38.2).
func checkCount(n int) ua.StatusCode {
	switch {
	case n == 0:
		return ua.StatusBadNothingToDo
	case n > maxOperations:
		return ua.StatusBadTooManyOperations
	}
	return ua.StatusOK
}
