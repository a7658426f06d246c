package model

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// ParseVariant coerces plain JSON to a value of type t, as it is written to a node of that DataType and ValueRank
// (Part 3, 5.6.2: -1 scalar, -2 any, -3 scalar or one dimension, 0 one or more dimensions, n that many). It reads what AppendJSON
// prints, and takes no other type for it: no string for a number, no fraction for an integer, nothing out of range. For
// TypeVariant the type follows the JSON (Boolean, Int32, Int64, Double, String), or is given as
// {"dataType":"UInt16","value":7}. Errors say what was wanted, what came, and at which element.
func ParseVariant(data []byte, t BuiltInType, valueRank int32) (Variant, error) {
	value, err := decodeJSON(data)
	if err != nil {
		return Variant{}, err
	}
	if t == TypeVariant {
		if value, t, err = chosenType(value); err != nil {
			return Variant{}, err
		}
	}
	list, isList := value.([]any)
	switch {
	case isList && valueRank == ValueRankScalar:
		return Variant{}, fmt.Errorf("want one %s, got an array", t)
	case !isList && valueRank >= 0 && value != nil:
		return Variant{}, fmt.Errorf("want an array of %s, got %s", t, describe(value))
	case !isList && valueRank >= 0:
		return NullArrayValue(t), nil
	case !isList:
		return parseScalar(value, t, false)
	}
	list, dims, err := flatten(list)
	if err != nil {
		return Variant{}, err
	}
	if rank := max(len(dims), 1); valueRank > 0 && rank != int(valueRank) || valueRank == ValueRankScalarOrOneDimension && rank > 1 {
		return Variant{}, fmt.Errorf("want an array of %d dimensions, got %d", max(valueRank, 1), rank)
	}
	return parseElements(list, dims, t, false)
}

// decodeJSON reads one JSON value, numbers as json.Number.
func decodeJSON(data []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, fmt.Errorf("value is no JSON: %w", err)
	}
	if d.More() {
		return nil, errors.New("value is no JSON: there is more behind it")
	}
	return v, nil
}

// chosenType finds the type of a value for a node that takes any.
func chosenType(value any) (any, BuiltInType, error) {
	if m, ok := value.(map[string]any); ok {
		name, _ := m["dataType"].(string)
		inner, has := m["value"]
		if name == "" || !has {
			return nil, 0, errors.New(`the node takes any type: give an object as {"dataType":"UInt16","value":7}`)
		}
		name = strings.TrimSuffix(name, "[]")
		for t, n := range builtInTypeNames {
			if strings.EqualFold(n, name) && t != 0 {
				return inner, BuiltInType(t), nil
			}
		}
		return nil, 0, fmt.Errorf("dataType %q is no built-in type", name)
	}
	return value, guessType(value), nil
}

func guessType(value any) BuiltInType {
	switch x := value.(type) {
	case bool:
		return TypeBoolean
	case json.Number:
		n, err := strconv.ParseInt(x.String(), 10, 64)
		switch {
		case err != nil:
			return TypeDouble
		case n >= math.MinInt32 && n <= math.MaxInt32:
			return TypeInt32
		}
		return TypeInt64
	case []any:
		guess := TypeString
		for i, e := range x {
			t := guessType(e)
			if i == 0 || t == TypeDouble && guess.Numeric() || t == TypeInt64 && guess == TypeInt32 {
				guess = t
			}
		}
		return guess
	}
	return TypeString
}

// flatten makes one row of nested arrays that form a matrix.
func flatten(list []any) (elements []any, dims []int32, err error) {
	first, nested := any(nil), false
	if len(list) > 0 {
		first = list[0]
		_, nested = first.([]any)
	}
	if !nested {
		for i, e := range list {
			if _, bad := e.([]any); bad {
				return nil, nil, fmt.Errorf("[%d]: arrays and single values are mixed", i)
			}
		}
		return list, nil, nil
	}
	var inner []int32
	for i, e := range list {
		row, ok := e.([]any)
		if !ok {
			return nil, nil, fmt.Errorf("[%d]: arrays and single values are mixed", i)
		}
		part, d, err := flatten(row)
		if err != nil {
			return nil, nil, fmt.Errorf("[%d]%w", i, err)
		}
		if d == nil {
			d = []int32{int32(len(row))}
		}
		if i > 0 && fmt.Sprint(d) != fmt.Sprint(inner) {
			return nil, nil, fmt.Errorf("[%d]: rows of a matrix must be of the same length", i)
		}
		inner = d
		elements = append(elements, part...)
	}
	return elements, append([]int32{int32(len(list))}, inner...), nil
}

func product(dims []int32) int {
	n := 1
	for _, d := range dims {
		n *= int(d)
	}
	return n
}

func describe(v any) string {
	switch x := v.(type) {
	case nil:
		return "null"
	case string:
		return fmt.Sprintf("the string %q", x)
	case bool:
		return strconv.FormatBool(x)
	case json.Number:
		return x.String()
	case []any:
		return "an array"
	}
	return "an object"
}

func wrongType(want string, got any) error { return fmt.Errorf("want %s, got %s", want, describe(got)) }

// parseScalar makes a scalar of type t. typed tells that Variants and DataValues within carry their types.
func parseScalar(v any, t BuiltInType, typed bool) (Variant, error) {
	if v == nil {
		if t >= TypeBoolean && t <= TypeDouble || t == TypeStatusCode {
			return Variant{}, wrongType(t.String(), v)
		}
		return nullOf(t), nil
	}
	switch t {
	case TypeString:
		s, err := parseText(v)
		return StringValue(s), err
	case TypeByteString:
		b, err := parseBytes(v)
		return ByteStringValue(b), err
	case TypeVariant:
		return Variant{}, errors.New("a Variant within a Variant must be in an array")
	}
	a, err := parseElements([]any{v}, nil, t, typed)
	if err != nil {
		return Variant{}, unindexed(err)
	}
	return a.Element(0), nil
}

// indexedError is an error of one element.
type indexedError struct {
	index int
	err   error
}

func (e *indexedError) Error() string { return fmt.Sprintf("[%d]: %v", e.index, e.err) }
func (e *indexedError) Unwrap() error { return e.err }

// unindexed removes the index from the error of a scalar.
func unindexed(err error) error {
	var e *indexedError
	if errors.As(err, &e) {
		return e.err
	}
	return err
}

func parseList[T Element](list []any, dims []int32, one func(any) (T, error)) (Variant, error) {
	out := make([]T, len(list))
	for i, v := range list {
		var err error
		if out[i], err = one(v); err != nil {
			return Variant{}, &indexedError{i, err}
		}
	}
	return ArrayValue(out, dims...), nil
}

func parseElements(list []any, dims []int32, t BuiltInType, typed bool) (Variant, error) {
	switch t {
	case TypeBoolean:
		return parseList(list, dims, parseBoolean)
	case TypeSByte:
		return parseList(list, dims, func(v any) (int8, error) { return parseInt[int8](v, t, 8) })
	case TypeByte:
		return parseList(list, dims, func(v any) (uint8, error) { return parseUint[uint8](v, t, 8) })
	case TypeInt16:
		return parseList(list, dims, func(v any) (int16, error) { return parseInt[int16](v, t, 16) })
	case TypeUInt16:
		return parseList(list, dims, func(v any) (uint16, error) { return parseUint[uint16](v, t, 16) })
	case TypeInt32:
		return parseList(list, dims, func(v any) (int32, error) { return parseInt[int32](v, t, 32) })
	case TypeUInt32:
		return parseList(list, dims, func(v any) (uint32, error) { return parseUint[uint32](v, t, 32) })
	case TypeInt64:
		return parseList(list, dims, func(v any) (int64, error) { return parseInt[int64](v, t, 64) })
	case TypeUInt64:
		return parseList(list, dims, func(v any) (uint64, error) { return parseUint[uint64](v, t, 64) })
	case TypeFloat:
		return parseList(list, dims, parseFloat32)
	case TypeDouble:
		return parseList(list, dims, func(v any) (float64, error) { return parseFloat(v, t, 64) })
	case TypeString:
		return parseList(list, dims, func(v any) (string, error) { return orZero(v, parseText) })
	case TypeXMLElement:
		return parseList(list, dims, func(v any) (XMLElement, error) {
			s, err := orZero(v, parseText)
			return XMLElement(s), err
		})
	case TypeDateTime:
		return parseList(list, dims, func(v any) (DateTime, error) { return orZero(v, parseDateTime) })
	case TypeGUID:
		return parseList(list, dims, parseGUID)
	case TypeByteString:
		return parseList(list, dims, func(v any) ([]byte, error) { return orZero(v, parseBytes) })
	case TypeNodeID:
		return parseList(list, dims, func(v any) (NodeID, error) { return parseID(v, ParseNodeID) })
	case TypeExpandedNodeID:
		return parseList(list, dims, func(v any) (ExpandedNodeID, error) { return parseID(v, ParseExpandedNodeID) })
	case TypeStatusCode:
		return parseList(list, dims, parseStatus)
	case TypeQualifiedName:
		return parseList(list, dims, parseQualifiedName)
	case TypeLocalizedText:
		return parseList(list, dims, parseLocalizedText)
	case TypeExtensionObject:
		return parseList(list, dims, parseExtensionObject)
	case TypeDiagnosticInfo:
		return parseList(list, dims, parseAs[DiagnosticInfo])
	}
	if !typed && t == TypeVariant {
		return parseList(list, dims, parseUntyped)
	}
	if t == TypeVariant {
		return parseList(list, dims, parseAs[Variant])
	}
	return parseList(list, dims, parseAs[DataValue])
}

// parseUntyped makes a Variant whose type follows the JSON.
func parseUntyped(v any) (Variant, error) {
	inner, t, err := chosenType(v)
	if err != nil {
		return Variant{}, err
	}
	return parseScalar(inner, t, false)
}

// orZero takes null for the zero value.
func orZero[T any](v any, parse func(any) (T, error)) (r T, err error) {
	if v == nil {
		return r, nil
	}
	return parse(v)
}
