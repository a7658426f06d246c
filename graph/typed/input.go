package typed

import (
	"encoding/json"
	"fmt"
	"math"

	"github.com/99designs/gqlgen/graphql"
)

// input makes an argument the plain JSON that the gateway takes: enumerations become numbers, option sets the sum of their bits, fields of
// structures get their own names back. The rest the engine has checked by the schema.
func (x *Executable) input(f *Field, v any) (json.RawMessage, error) {
	value, err := x.inputValue(f.Type, v)
	if err != nil {
		return nil, err
	}
	return json.Marshal(value)
}

func (x *Executable) inputValue(typ Ref, v any) (any, error) {
	if v == nil {
		return nil, nil
	}
	t := x.typed.Type(typ.Name)
	if t == nil {
		return x.inputScalar(typ, v)
	}
	if t.Kind == Enum && typ.ItemNonNull {
		return inputOptionSet(t, v)
	}
	if typ.List {
		list := []any{}
		for i, item := range graphql.CoerceList(v) {
			one, err := x.inputValue(typ.unlisted(), item)
			if err != nil {
				return nil, fmt.Errorf("[%d]: %w", i, err)
			}
			list = append(list, one)
		}
		return list, nil
	}
	if t.Kind == Enum {
		return inputEnum(t, v)
	}
	given, ok := v.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("want an object of type %s", typ.Name)
	}
	out := map[string]any{}
	for _, f := range t.Fields {
		member, has := given[f.Name]
		if !has || f.Role != RoleStructure {
			continue
		}
		value, err := x.inputValue(f.Type, member)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.Name, err)
		}
		out[f.Key.Name] = value
	}
	return out, nil
}

// inputScalar passes scalars on, and lists of them. UInt32 has no check by the engine.
func (x *Executable) inputScalar(typ Ref, v any) (any, error) {
	if typ.List {
		list := []any{}
		for i, item := range graphql.CoerceList(v) {
			one, err := x.inputScalar(typ.unlisted(), item)
			if err != nil {
				return nil, fmt.Errorf("[%d]: %w", i, err)
			}
			list = append(list, one)
		}
		return list, nil
	}
	if typ.Name == "UInt32" && v != nil {
		n, err := graphql.UnmarshalInt64(v)
		if err != nil || n < 0 || n > math.MaxUint32 {
			return nil, fmt.Errorf("%v is no integer from 0 to 4294967295", v)
		}
		return n, nil
	}
	return v, nil
}

func inputEnum(t *Type, v any) (any, error) {
	for _, e := range t.Values {
		if e.Name == v {
			return e.Value, nil
		}
	}
	return nil, fmt.Errorf("%v is no value of %s", v, t.Name)
}

func inputOptionSet(t *Type, v any) (any, error) {
	var sum uint64
	for _, name := range graphql.CoerceList(v) {
		bit, err := inputEnum(t, name)
		if err != nil {
			return nil, err
		}
		sum |= 1 << (bit.(int64) & 63)
	}
	return sum, nil
}
