package typed

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/99designs/gqlgen/graphql"

	"github.com/shopfloor-iiot/shopfloor/model"
	"github.com/shopfloor-iiot/shopfloor/model/typemodel"
)

// mutate calls methods and writes variables, one field after the other.
func (x *Executable) mutate(ctx context.Context, op *graphql.OperationContext, fields []graphql.CollectedField) ([]json.RawMessage, bool) {
	r := x.newRun(ctx, op)
	out, complete := make([]json.RawMessage, len(fields)), true
	for i, f := range fields {
		s := rootSlot(f)
		func() {
			defer r.recovered(s)
			if field := x.mutations[f.Name]; field.Member != nil {
				r.call(s, f, field)
			} else {
				r.writeInstances(s, f, field)
			}
		}()
		got, ok := r.finish([]*slot{s})
		out[i], complete = got[0], complete && ok
	}
	return out, complete
}

// call calls the method of an object. The object's own method node is called, not the type's: not all servers take that.
func (r *run) call(s *slot, f graphql.CollectedField, field *Field) {
	args := f.ArgumentMap(r.op.Variables)
	server, object, err := parseKey(fmt.Sprint(args["id"]))
	if err != nil {
		s.err = err
		return
	}
	request := model.CallRequest{ObjectID: object, InputArguments: []json.RawMessage{}}
	for _, a := range field.Args {
		if a.Role != RoleArgument {
			continue
		}
		value, err := r.x.input(a, args[a.Name])
		if err != nil {
			s.err = fmt.Errorf("%w: %s: %w", ErrInvalid, a.Name, err)
			return
		}
		request.InputArguments = append(request.InputArguments, value)
	}
	if request.MethodID, err = r.method(server, object, field); err != nil {
		s.err = err
		return
	}
	results, err := r.x.services.Call(r.ctx, server, []model.CallRequest{request})
	if results, err = checked(results, err, 1, "call a method of", server); err != nil {
		s.err = err
		return
	}
	r.result(s, f, &results[0])
}

// method finds the node of an object's method by its BrowseName.
func (r *run) method(server string, object model.ExpandedNodeID, field *Field) (model.ExpandedNodeID, error) {
	results, err := r.x.services.Browse(r.ctx, server, []model.BrowseDescription{{
		NodeID: object, ReferenceType: typemodel.HierarchicalReferences, IncludeSubtypes: true, NodeClassMask: model.NodeClassMethod,
	}})
	if results, err = checked(results, err, 1, "browse", server); err != nil {
		return model.ExpandedNodeID{}, err
	}
	if results[0].Status.IsBad() {
		return model.ExpandedNodeID{}, &StatusError{fmt.Sprintf("browse %s of server %q", object, server), results[0].Status, results[0].Message}
	}
	for i := range results[0].References {
		if child := instanceOf(server, &results[0].References[i]); child.browseName == field.Key && child.class == model.NodeClassMethod {
			return child.id, nil
		}
	}
	return model.ExpandedNodeID{}, fmt.Errorf("%w: %s of server %q has no method %s", ErrNotFound, object, server, browseName(field.Key))
}

// result makes the slots of what a method returned.
func (r *run) result(s *slot, f graphql.CollectedField, result *model.CallResult) {
	typ := r.x.typed.Type(s.typ.Name())
	s.object = true
	outputs := map[string]int{}
	for _, field := range typ.Fields {
		if field.Role == RoleArgument {
			outputs[field.Name] = len(outputs)
		}
	}
	for _, c := range graphql.CollectFields(r.op, f.Selections, []string{typ.Name}) {
		k := s.kid(c, c.Definition.Type)
		output, isOutput := outputs[c.Name]
		switch {
		case c.Name == "__typename":
			k.text(typ.Name)
		case isOutput:
			if output < len(result.OutputArguments) {
				k.raw = r.json(k, typ.field(c.Name).Type, c, result.OutputArguments[output].Value.AppendJSON(nil))
			}
		case c.Name == "status":
			k.raw = r.json(k, named("StatusCode"), c, model.StatusCodeValue(result.Status).AppendJSON(nil))
		case c.Name == "message":
			if result.Message != "" {
				k.raw = quoted(result.Message)
			}
		case c.Name == "inputArgumentResults":
			k.list = true
			for i := range result.InputArgumentResults {
				r.argumentResult(k.item(), c, &result.InputArgumentResults[i])
			}
		}
	}
}

func (r *run) argumentResult(s *slot, f graphql.CollectedField, result *model.WriteResult) {
	s.object = true
	for _, c := range graphql.CollectFields(r.op, f.Selections, []string{"ArgumentResult"}) {
		k := s.kid(c, c.Definition.Type)
		switch {
		case c.Name == "__typename":
			k.text("ArgumentResult")
		case c.Name == "status":
			k.raw = r.json(k, named("StatusCode"), c, model.StatusCodeValue(result.Status).AppendJSON(nil))
		case result.Message != "":
			k.raw = quoted(result.Message)
		}
	}
}
