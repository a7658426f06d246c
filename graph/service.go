package graph

import (
	"context"
	"encoding/json"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// maxCalls bounds the methods that one mutation calls.
const maxCalls = 1000

// read reads attributes of nodes.
func (r *Resolver) read(ctx context.Context, input []ReadInput, maxAge time.Duration, timestamps model.TimestampsToReturn) ([]ReadResult, error) {
	if err := checkCount("input", len(input), maxBatch); err != nil {
		return nil, err
	}
	if maxAge < 0 {
		return nil, fieldError("maxAge", "%v is negative; want 0s for the newest value, or how old it may be", maxAge)
	}
	run := func(ctx context.Context, server string, items []ReadInput) ([]ReadResult, error) {
		ids := make([]model.ReadValueID, len(items))
		for i := range items {
			ids[i] = model.ReadValueID{
				NodeID: items[i].NodeID, Attribute: items[i].attribute(), IndexRange: valueOrZero(items[i].IndexRange), MaxAge: maxAge, Timestamps: timestamps,
			}
		}
		results, err := r.Commands.Read(ctx, server, ids)
		if err != nil || len(results) != len(items) {
			return nil, batchError("read from", server, len(results), len(items), err)
		}
		out := make([]ReadResult, len(results))
		for i := range results {
			out[i] = readResult(&items[i], results[i].DataValue, results[i].Message)
		}
		return out, nil
	}
	refused := func(in *ReadInput, status model.StatusCode, message string) ReadResult {
		return readResult(in, model.DataValue{Status: status}, message)
	}
	return byServer(ctx, r, input, func(in *ReadInput) string { return in.Server }, run, refused), nil
}

func (in *ReadInput) attribute() model.AttributeID { return attributeOrValue(in.Attribute) }

func attributeOrValue(a *model.AttributeID) model.AttributeID {
	if a == nil {
		return model.AttributeValue
	}
	return *a
}

func readResult(in *ReadInput, v model.DataValue, message string) ReadResult {
	return ReadResult{NodeID: in.NodeID, Attribute: in.attribute(), Value: DataValue{value: v, message: message}, Remedy: optional(remedyOf(v.Status))}
}

// write writes attributes of nodes.
func (r *Resolver) write(ctx context.Context, input []WriteInput) ([]WriteResult, error) {
	if err := checkCount("input", len(input), maxBatch); err != nil {
		return nil, err
	}
	refused := func(in *WriteInput, status model.StatusCode, message string) WriteResult {
		return writeResult(in, &model.WriteResult{Status: status, Message: message})
	}
	run := func(ctx context.Context, server string, items []WriteInput) ([]WriteResult, error) {
		out := make([]WriteResult, len(items))
		var values []model.WriteValue
		var whose []int
		for i := range items {
			v, err := items[i].value()
			if err != nil {
				out[i] = refused(&items[i], model.StatusBadInvalidArgument, err.Error())
				continue
			}
			values, whose = append(values, v), append(whose, i)
		}
		if len(values) == 0 {
			return out, nil
		}
		results, err := r.Commands.Write(ctx, server, values)
		if err != nil || len(results) != len(values) {
			return nil, batchError("write to", server, len(results), len(values), err)
		}
		for j, i := range whose {
			out[i] = writeResult(&items[i], &results[j])
		}
		return out, nil
	}
	return byServer(ctx, r, input, func(in *WriteInput) string { return in.Server }, run, refused), nil
}

// value is what the input asks to write.
func (in *WriteInput) value() (model.WriteValue, error) {
	v := model.WriteValue{
		NodeID: in.NodeID, Attribute: attributeOrValue(in.Attribute), IndexRange: valueOrZero(in.IndexRange), Value: orNull(in.Value),
		SourceTimestamp: model.DateTimeOf(valueOrZero(in.SourceTimestamp)), Verify: valueOrZero(in.Verify),
	}
	if in.Status == nil {
		return v, nil
	}
	var err error
	if v.Quality, err = model.ParseStatusCode(*in.Status); err != nil {
		return v, fieldError("status", "%v; want a name such as UncertainLastUsableValue, or a number", err)
	}
	return v, nil
}

func writeResult(in *WriteInput, r *model.WriteResult) WriteResult {
	out := WriteResult{NodeID: in.NodeID, Status: StatusCode{r.Status}, Message: optional(r.Message), Remedy: optional(remedyOf(r.Status))}
	if v := r.Verification; v != nil {
		out.Verification = &WriteVerification{
			Outcome: v.Outcome, Difference: optional(v.Difference), Value: DataValue{value: v.Read.DataValue, message: v.Read.Message},
		}
	}
	return out
}

// call calls methods.
func (r *Resolver) call(ctx context.Context, input []CallInput) ([]CallResult, error) {
	if err := checkCount("input", len(input), maxCalls); err != nil {
		return nil, err
	}
	run := func(ctx context.Context, server string, items []CallInput) ([]CallResult, error) {
		calls := make([]model.CallRequest, len(items))
		for i, in := range items {
			calls[i] = model.CallRequest{ObjectID: in.ObjectID, MethodID: in.MethodID, InputArguments: make([]json.RawMessage, len(in.InputArguments))}
			for j, a := range in.InputArguments {
				calls[i].InputArguments[j] = orNull(a)
			}
		}
		results, err := r.Commands.Call(ctx, server, calls)
		if err != nil || len(results) != len(items) {
			return nil, batchError("call methods of", server, len(results), len(items), err)
		}
		out := make([]CallResult, len(results))
		for i := range results {
			out[i] = callResult(&results[i])
		}
		return out, nil
	}
	refused := func(_ *CallInput, status model.StatusCode, message string) CallResult {
		return callResult(&model.CallResult{Status: status, Message: message})
	}
	return byServer(ctx, r, input, func(in *CallInput) string { return in.Server }, run, refused), nil
}

func callResult(r *model.CallResult) CallResult {
	out := CallResult{Status: StatusCode{r.Status}, Message: optional(r.Message), Remedy: optional(remedyOf(r.Status))}
	for _, a := range r.InputArgumentResults {
		out.InputArgumentResults = append(out.InputArgumentResults, ArgumentResult{Status: StatusCode{a.Status}, Message: optional(a.Message)})
	}
	for _, a := range r.OutputArguments {
		v := DataValue{value: model.DataValue{Value: a.Value}}
		out.OutputArguments = append(out.OutputArguments, OutputArgument{Name: a.Name, Value: v.Value(), DataType: a.Value.TypeName()})
	}
	return out
}
