package opcua

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/gopcua/opcua/id"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// coerce makes plain JSON a value of type t. A structure is an object with its members, or one as reading gives it: {"typeId", "encoding", "body"}.
func (s *session) coerce(ctx context.Context, data json.RawMessage, t variableType) (encodedVariant, model.StatusCode, error) {
	e := &encoder{namespaces: s.namespaces, nodeIDs: t.builtIn == model.TypeNodeID}
	builtIn := t.builtIn
	switch builtIn {
	case model.TypeNodeID:
		builtIn = model.TypeExpandedNodeID // so that the nsu= form can be given
	case model.TypeExtensionObject:
		var err error
		if data, err = withTypes(data, t.dataType); err != nil {
			return nil, model.StatusBadTypeMismatch, err
		}
	}
	v, err := model.ParseVariant(data, builtIn, t.rank)
	if err != nil {
		return nil, model.StatusBadTypeMismatch, err
	}
	if v, err = s.fold(ctx, v); err != nil {
		return nil, statusOf(err, model.StatusBadTypeMismatch), err
	}
	r, err := e.encode(v)
	if err != nil {
		return nil, model.StatusBadOutOfRange, err
	}
	return r, 0, nil
}

// withTypes gives structures that are just their members the type that a node has.
func withTypes(data json.RawMessage, of model.NodeID) (json.RawMessage, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, fmt.Errorf("value is no JSON: %w", err)
	}
	v, err := withType(v, of)
	if err != nil {
		return nil, err
	}
	return json.Marshal(v)
}

func withType(v any, of model.NodeID) (any, error) {
	switch x := v.(type) {
	case []any:
		for i := range x {
			var err error
			if x[i], err = withType(x[i], of); err != nil {
				return nil, fmt.Errorf("[%d]: %w", i, err)
			}
		}
	case map[string]any:
		if _, has := x["typeId"].(string); has {
			if _, members := x["body"].(map[string]any); members && x["encoding"] == nil {
				x["encoding"] = "json"
			}
			return x, nil
		}
		if of == model.NumericID(0, id.Structure) {
			return nil, errors.New(`the node takes structures of any type: give one as {"typeId": "nsu=…;i=…", "body": {…}}`)
		}
		return map[string]any{"typeId": of.String(), "encoding": "json", "body": x}, nil
	}
	return v, nil
}

// fold encodes the structures in v that are given as JSON.
func (s *session) fold(ctx context.Context, v model.Variant) (model.Variant, error) {
	switch {
	case v.IsNull():
	case v.Type() == model.TypeExtensionObject && v.IsArray():
		return foldEach(v, func(x model.ExtensionObject) (model.ExtensionObject, error) { return s.foldObject(ctx, x) })
	case v.Type() == model.TypeExtensionObject:
		x, err := s.foldObject(ctx, v.ExtensionObject())
		return model.ExtensionObjectValue(&x), err
	case v.Type() == model.TypeVariant && v.IsArray():
		return foldEach(v, func(x model.Variant) (model.Variant, error) { return s.fold(ctx, x) })
	}
	return v, nil
}

func foldEach[T model.Element](v model.Variant, fold func(T) (T, error)) (model.Variant, error) {
	var failed error
	folded := changed(v, func(x T) T {
		if failed == nil {
			x, failed = fold(x)
		}
		return x
	})
	return folded, failed
}

// foldObject encodes one structure by the definition of its type.
func (s *session) foldObject(ctx context.Context, x model.ExtensionObject) (model.ExtensionObject, error) {
	if x.Encoding != model.ExtensionJSON {
		return x, nil
	}
	n, err := s.namespaces.Resolve(x.TypeID)
	if err != nil {
		return x, err
	}
	types, err := s.encodedTypes(ctx, []model.NodeID{n})
	if err != nil {
		return x, err
	}
	codec, err := s.describeTypes(ctx, types)
	if err != nil {
		return x, err
	}
	t := model.Expanded(types[0])
	encoding, ok := codec.Encoding(t)
	if !ok {
		return x, fmt.Errorf("the server does not describe the structure %s, so that its members cannot be encoded; give its bytes: {\"typeId\", \"encoding\": \"binary\", \"body\": base64}", x.TypeID)
	}
	body, err := codec.AppendBinary(nil, t, x.Body)
	if err != nil {
		return x, err
	}
	return model.ExtensionObject{TypeID: s.namespaces.Expand(encoding), Encoding: model.ExtensionBinary, Body: body}, nil
}
