package uaserver

import "github.com/gopcua/opcua/ua"

// call implements Call (Part 4, 5.12.2).
func (s *Server) call(sess *session, req *ua.CallRequest) (ua.Response, ua.StatusCode) {
	if status := checkCount(len(req.MethodsToCall)); status != ua.StatusOK {
		return nil, status
	}
	results := make([]*ua.CallMethodResult, len(req.MethodsToCall))
	for i, m := range req.MethodsToCall {
		refreshed, ok := s.conditionRefresh(sess, m)
		if results[i] = refreshed; !ok {
			results[i] = s.callMethod(m)
		}
	}
	return &ua.CallResponse{ResponseHeader: responseHeader(req.RequestHeader, ua.StatusOK), Results: results}, ua.StatusOK
}

func (s *Server) callMethod(req *ua.CallMethodRequest) *ua.CallMethodResult {
	object := s.space.Node(req.ObjectID)
	if object == nil {
		return &ua.CallMethodResult{StatusCode: ua.StatusBadNodeIDUnknown}
	}
	node := s.space.Node(req.MethodID)
	if node != nil {
		node = s.methodOf(object, node)
	}
	if node == nil || node.Class != ua.NodeClassMethod {
		return &ua.CallMethodResult{StatusCode: ua.StatusBadMethodInvalid}
	}
	m := node.Method
	switch {
	case m == nil || m.Call == nil:
		return &ua.CallMethodResult{StatusCode: ua.StatusBadNotExecutable}
	case len(req.InputArguments) < len(m.Inputs):
		return &ua.CallMethodResult{StatusCode: ua.StatusBadArgumentsMissing}
	case len(req.InputArguments) > len(m.Inputs):
		return &ua.CallMethodResult{StatusCode: ua.StatusBadTooManyArguments}
	}
	args, ok := make([]ua.StatusCode, len(m.Inputs)), true
	for i, in := range req.InputArguments {
		if !s.fits(in, m.Inputs[i].DataType, m.Inputs[i].ValueRank) {
			args[i], ok = ua.StatusBadTypeMismatch, false
		}
	}
	if !ok {
		return &ua.CallMethodResult{StatusCode: ua.StatusBadInvalidArgument, InputArgumentResults: args}
	}
	out, argResults, status := m.Call(req.InputArguments)
	if argResults != nil {
		args = argResults
	}
	return &ua.CallMethodResult{StatusCode: status, InputArgumentResults: args, OutputArguments: out}
}
