package opcua

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/gopcua/opcua/ua"

	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/uadp"
)

// Call implements edge.Caller. Arguments are coerced to the method's InputArguments before anything is sent.
func (s *Source) Call(ctx context.Context, calls []model.CallRequest) ([]model.CallResult, error) {
	ses, err := s.asks.session(ctx)
	if err != nil {
		return nil, err
	}
	c := &calling{session: ses, calls: calls, results: make([]model.CallResult, len(calls))}
	if err := c.prepare(ctx); err != nil {
		return nil, fmt.Errorf("call: %w", err)
	}
	err = ses.limits.call.each(len(c.requests), func(from, to int) error {
		results, err := ses.callBatch(ctx, c.requests[from:to])
		if err != nil && tooLarge(err) && !notTried(err) {
			c.unknown(from, to, err)
			return nil
		}
		if err != nil {
			return err
		}
		for j := range results {
			c.answer(from+j, &results[j])
		}
		return nil
	}, nil)
	if err != nil {
		return nil, fmt.Errorf("call: %w", err)
	}
	c.unfold(ctx)
	return c.results, nil
}

// unfold makes structures among the results JSON. Where that fails they stay as they came: the methods are called.
func (c *calling) unfold(ctx context.Context) {
	var outputs []*model.Variant
	for i := range c.results {
		for k := range c.results[i].OutputArguments {
			outputs = append(outputs, &c.results[i].OutputArguments[k].Value)
		}
	}
	if err := c.session.unfold(ctx, outputs); err != nil {
		for i := range c.results {
			if c.results[i].Status.IsGood() && len(c.results[i].OutputArguments) > 0 {
				c.results[i].Message = fmt.Sprintf("structures are given as their bytes: %v", err)
			}
		}
	}
}

// notTried tells whether the server refused a request before it did any of it.
func notTried(err error) bool {
	return errors.Is(err, model.StatusBadTooManyOperations) || errors.Is(err, model.StatusBadRequestTooLarge)
}

// unknown notes that requests were sent and their results cannot be had. They are not sent again: a method is not called twice.
func (c *calling) unknown(from, to int, err error) {
	for _, i := range c.whose[from:to] {
		c.fail(i, statusOf(err, model.StatusBadDecodingError), "the method may have been carried out, but its result did not come: %v", err)
	}
}

// calling is one Call.
type calling struct {
	session  *session
	calls    []model.CallRequest
	results  []model.CallResult
	requests []*callMethod
	whose    []int     // request → call
	methods  []*method // by request
}

func (c *calling) fail(i int, status model.StatusCode, format string, args ...any) {
	c.results[i].Status = status
	c.results[i].Message = fmt.Sprintf("call %s: ", c.calls[i].MethodID) + fmt.Sprintf(format, args...)
}

func (c *calling) prepare(ctx context.Context) error {
	var ids []model.NodeID
	var objects []*ua.NodeID
	var whose []int
	for i := range c.calls {
		object, err := c.session.resolve(c.calls[i].ObjectID)
		if err == nil {
			var id model.NodeID
			if id, err = c.session.namespaces.Resolve(c.calls[i].MethodID); err == nil {
				objects, ids, whose = append(objects, object), append(ids, id), append(whose, i)
				continue
			}
		}
		c.fail(i, model.StatusBadNodeIdUnknown, "%v", err)
	}
	methods, err := c.session.describeMethods(ctx, ids)
	if err != nil {
		return err
	}
	for j, i := range whose {
		c.add(ctx, i, objects[j], ids[j], methods[j])
	}
	return nil
}

// add coerces the arguments of one call and puts it into the request.
func (c *calling) add(ctx context.Context, i int, object *ua.NodeID, id model.NodeID, m *method) {
	given := c.calls[i].InputArguments
	var names []string
	for _, a := range m.inputs {
		names = append(names, a.String())
	}
	switch {
	case m.status.IsBad():
		c.fail(i, m.status, "%s: cannot read its InputArguments", m.status.Name())
		return
	case len(given) < len(m.inputs):
		c.fail(i, model.StatusBadArgumentsMissing, "%d arguments given, want %d: (%s)", len(given), len(m.inputs), strings.Join(names, ", "))
		return
	case len(given) > len(m.inputs):
		c.fail(i, model.StatusBadTooManyArguments, "%d arguments given, want %d: (%s)", len(given), len(m.inputs), strings.Join(names, ", "))
		return
	}
	request := &callMethod{ObjectID: object, MethodID: uaNodeID(id)}
	results := make([]model.WriteResult, len(given))
	bad := false
	for k, a := range m.inputs {
		v, status, err := c.session.coerce(ctx, given[k], a.variableType)
		if err != nil {
			results[k], bad = model.WriteResult{Status: status, Message: fmt.Sprintf("argument %s: %v", a.name, err)}, true
		}
		request.InputArguments = append(request.InputArguments, v)
	}
	if bad {
		c.fail(i, model.StatusBadInvalidArgument, "an argument does not fit, want (%s)", strings.Join(names, ", "))
		c.results[i].InputArgumentResults = results
		return
	}
	c.requests, c.whose, c.methods = append(c.requests, request), append(c.whose, i), append(c.methods, m)
}

// answer converts one result of the server.
func (c *calling) answer(j int, r *callResult) {
	i, m := c.whose[j], c.methods[j]
	c.results[i].Status = r.status
	if c.results[i].Status.IsBad() {
		c.fail(i, c.results[i].Status, "%s", c.results[i].Status.Name())
	}
	var results []model.WriteResult
	bad := false
	for k, status := range r.inputs {
		result := model.WriteResult{Status: status}
		if result.Status.IsBad() && k < len(m.inputs) {
			result.Message, bad = fmt.Sprintf("argument %s: %s", m.inputs[k].name, result.Status.Name()), true
		}
		results = append(results, result)
	}
	if bad {
		c.results[i].InputArgumentResults = results
	}
	for k, v := range r.outputs {
		name := ""
		if k < len(m.outputs) {
			name = m.outputs[k].name
		}
		c.results[i].OutputArguments = append(c.results[i].OutputArguments, model.Argument{Name: name, Value: v})
	}
}

// callResult is a CallMethodResult (Part 4, 5.12.2).
type callResult struct {
	status  model.StatusCode
	inputs  []model.StatusCode
	outputs []model.Variant
}

// callBatch sends one request, and decodes its response with a decoder of our own, as readValues does.
func (s *session) callBatch(ctx context.Context, methods []*callMethod) ([]callResult, error) {
	var r uadp.Binary
	m, err := s.exchange(ctx, s.token, &callRequest{MethodsToCall: methods}, typeCallResponse, s.timeout, &r)
	if err != nil {
		if sessionGone(err) {
			s.Fail(err)
		}
		return nil, err
	}
	defer m.Release()
	r.Reset(r.Rest(), s.namespaces)
	if n := r.Count(1); n != len(methods) && r.Err() == nil {
		return nil, fmt.Errorf("%d results for %d methods: %w", n, len(methods), model.StatusBadUnknownResponse)
	}
	results := make([]callResult, len(methods))
	for i := range results {
		results[i].read(&r)
	}
	if r.Err() != nil {
		return nil, fmt.Errorf("decode call response: %w: %w", r.Err(), model.StatusBadDecodingError)
	}
	return results, nil
}

func (c *callResult) read(r *uadp.Binary) {
	c.status = r.StatusCode()
	for range max(r.Count(4), 0) {
		c.inputs = append(c.inputs, r.StatusCode())
	}
	for range max(r.Count(1), 0) {
		r.DiagnosticInfo()
	}
	for range max(r.Count(1), 0) {
		if c.outputs = append(c.outputs, r.Variant().Clone()); r.Err() != nil {
			return
		}
	}
}
