package opcua

import (
	"context"
	"fmt"

	"github.com/gopcua/opcua/ua"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// attributeTypes are the built-in types of attributes other than Value that may be writable (Part 3, 5.2 to 5.8).
var attributeTypes = map[model.AttributeID]variableType{
	model.AttributeBrowseName:              {builtIn: model.TypeQualifiedName, rank: model.ValueRankScalar},
	model.AttributeDisplayName:             {builtIn: model.TypeLocalizedText, rank: model.ValueRankScalar},
	model.AttributeDescription:             {builtIn: model.TypeLocalizedText, rank: model.ValueRankScalar},
	model.AttributeWriteMask:               {builtIn: model.TypeUInt32, rank: model.ValueRankScalar},
	model.AttributeUserWriteMask:           {builtIn: model.TypeUInt32, rank: model.ValueRankScalar},
	model.AttributeIsAbstract:              {builtIn: model.TypeBoolean, rank: model.ValueRankScalar},
	model.AttributeSymmetric:               {builtIn: model.TypeBoolean, rank: model.ValueRankScalar},
	model.AttributeInverseName:             {builtIn: model.TypeLocalizedText, rank: model.ValueRankScalar},
	model.AttributeContainsNoLoops:         {builtIn: model.TypeBoolean, rank: model.ValueRankScalar},
	model.AttributeEventNotifier:           {builtIn: model.TypeByte, rank: model.ValueRankScalar},
	model.AttributeDataType:                {builtIn: model.TypeNodeID, rank: model.ValueRankScalar},
	model.AttributeValueRank:               {builtIn: model.TypeInt32, rank: model.ValueRankScalar},
	model.AttributeArrayDimensions:         {builtIn: model.TypeUInt32, rank: 1},
	model.AttributeAccessLevel:             {builtIn: model.TypeByte, rank: model.ValueRankScalar},
	model.AttributeUserAccessLevel:         {builtIn: model.TypeByte, rank: model.ValueRankScalar},
	model.AttributeMinimumSamplingInterval: {builtIn: model.TypeDouble, rank: model.ValueRankScalar},
	model.AttributeHistorizing:             {builtIn: model.TypeBoolean, rank: model.ValueRankScalar},
	model.AttributeExecutable:              {builtIn: model.TypeBoolean, rank: model.ValueRankScalar},
	model.AttributeUserExecutable:          {builtIn: model.TypeBoolean, rank: model.ValueRankScalar},
}

// Write implements edge.Writer. The value is coerced to the DataType and ValueRank of the node. It is sent without status and timestamps, which many
// servers refuse to have written.
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
			w.fail(w.whose[from+j], model.StatusCode(status), nil)
		}
		return nil
	}, func(j int, err error) { w.fail(w.whose[j], statusOf(err, model.StatusBadEncodingError), nil) })
	if err != nil {
		return nil, fmt.Errorf("write: %w", err)
	}
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
		t, ok := attributeTypes[v.Attribute]
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
		NodeID: uaNodeID(id), AttributeID: ua.AttributeID(attribute), IndexRange: v.IndexRange,
		Value: plainValue{value},
	})
	w.whose = append(w.whose, i)
}
