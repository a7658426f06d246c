package opcua

import (
	"context"
	"fmt"

	"github.com/gopcua/opcua/ua"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// Write implements edge.Writer. A value is coerced to the DataType and ValueRank of the node, that of another attribute to the attribute's type. It is sent without
// status and timestamp, which many servers refuse to have written, unless they are given.
func (s *Source) Write(ctx context.Context, values []model.WriteValue) ([]model.WriteResult, error) {
	ses, err := s.asks.session(ctx)
	if err != nil {
		return nil, err
	}
	w := &writing{session: ses, values: values, results: make([]model.WriteResult, len(values))}
	if err := w.prepare(ctx); err != nil {
		return nil, fmt.Errorf("write: %w", err)
	}
	err = ses.limits.write.each(len(w.requests), func(from, to int) error {
		r, err := do[*ua.WriteResponse](ctx, ses, &writeRequest{NodesToWrite: w.requests[from:to]})
		if err != nil {
			return err
		}
		if len(r.Results) != to-from {
			return model.StatusBadUnknownResponse
		}
		for j, status := range r.Results {
			w.answer(w.whose[from+j], model.StatusCode(status))
		}
		return nil
	}, func(j int, err error) { w.fail(w.whose[j], statusOf(err, model.StatusBadEncodingError), nil) })
	if err != nil {
		return nil, fmt.Errorf("write: %w", err)
	}
	w.verify(ctx)
	return w.results, nil
}

// writing is one Write.
type writing struct {
	session  *session
	values   []model.WriteValue
	results  []model.WriteResult
	requests []*valueToWrite
	whose    []int // request → value
}

// fail sets the result of a value; nil as err stands for the status alone.
func (w *writing) fail(i int, status model.StatusCode, err error) {
	w.results[i].Status = status
	switch {
	case err != nil:
		w.results[i].Message = fmt.Sprintf("write %s: %v", w.values[i].NodeID, err)
	case status.IsBad():
		w.results[i].Message = fmt.Sprintf("write %s: %s", w.values[i].NodeID, status.Name())
	}
}

// answer is the status that the server has for a value.
func (w *writing) answer(i int, status model.StatusCode) {
	v := &w.values[i]
	if status == model.StatusBadWriteNotSupported && (v.Quality != 0 || v.SourceTimestamp != 0) {
		w.fail(i, status, fmt.Errorf("%s: the server does not take a status or a timestamp with the value: leave them out", status.Name()))
		return
	}
	w.fail(i, status, nil)
}

// prepare finds the types and coerces the values.
func (w *writing) prepare(ctx context.Context) error {
	var variables []model.NodeID
	var whose []int
	for i := range w.values {
		v := &w.values[i]
		id, err := w.session.namespaces.Resolve(v.NodeID)
		if err != nil {
			w.fail(i, model.StatusBadNodeIdUnknown, err)
			continue
		}
		if v.Attribute == 0 || v.Attribute == model.AttributeValue {
			variables, whose = append(variables, id), append(whose, i)
			continue
		}
		t, ok := attributeType(v.Attribute)
		if !ok {
			w.fail(i, model.StatusBadWriteNotSupported, fmt.Errorf("attribute %d cannot be written", v.Attribute))
			continue
		}
		w.add(ctx, i, id, v.Attribute, t)
	}
	types, status, err := w.session.variableTypes(ctx, variables)
	if err != nil {
		return err
	}
	for j, i := range whose {
		if status[j].IsBad() {
			w.fail(i, status[j], fmt.Errorf("%s: cannot read its DataType", status[j].Name()))
			continue
		}
		w.add(ctx, i, variables[j], model.AttributeValue, types[j])
	}
	return nil
}

// add coerces one value and puts it into the request.
func (w *writing) add(ctx context.Context, i int, id model.NodeID, attribute model.AttributeID, t variableType) {
	v := &w.values[i]
	if v.IndexRange != "" && t.builtIn != model.TypeString && t.builtIn != model.TypeByteString {
		t.rank = model.ValueRankOneOrMoreDimensions // a range of an array is an array
	}
	value, status, err := w.session.coerce(ctx, v.Value, t)
	if err != nil {
		w.fail(i, status, err)
		return
	}
	w.requests = append(w.requests, &valueToWrite{
		NodeID: w.session.aliases.of(id), AttributeID: ua.AttributeID(attribute), IndexRange: v.IndexRange,
		Value: writtenValue{value, v.Quality, v.SourceTimestamp},
	})
	w.whose = append(w.whose, i)
}
