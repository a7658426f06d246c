package model

import (
	"encoding/json"
	"fmt"
	"strconv"
)

// This file is the typed JSON of Variant and DataValue, in which the platform's parts exchange values: MarshalJSON and
// UnmarshalJSON lose nothing but the difference between a null and an empty text within an array.

// typedVariant is the JSON of a Variant.
type typedVariant struct {
	Type       BuiltInType     `json:"type"`
	Array      bool            `json:"array,omitempty"`
	Dimensions []int32         `json:"dimensions,omitempty"`
	Value      json.RawMessage `json:"value,omitempty"`
}

// appendTyped writes {"type":11,"value":1.5}.
func (v Variant) appendTyped(dst []byte) []byte {
	dst = strconv.AppendUint(append(dst, `{"type":`...), uint64(v.typ), 10)
	if v.arr {
		dst = append(dst, `,"array":true`...)
		if dims := v.Dimensions(); len(dims) > 0 {
			dst = appendList(append(dst, `,"dimensions":`...), dims, nil, func(b []byte, n int32) []byte { return strconv.AppendInt(b, int64(n), 10) })
		}
	}
	if !v.IsNull() {
		flat := v
		if v.arr {
			flat = v.withoutDimensions()
		}
		dst = flat.appendJSON(append(dst, `,"value":`...), true)
	}
	return append(dst, '}')
}

// withoutDimensions returns the elements of v as one row.
func (v Variant) withoutDimensions() Variant {
	a := *(*array)(v.ptr)
	a.dims = nil
	h := &ArrayHeader{a}
	v.ptr = h.pointer()
	return v
}

// MarshalJSON writes type and value.
func (v Variant) MarshalJSON() ([]byte, error) { return v.appendTyped(nil), nil }

// UnmarshalJSON reads what MarshalJSON writes.
func (v *Variant) UnmarshalJSON(b []byte) error {
	var t typedVariant
	if err := json.Unmarshal(b, &t); err != nil {
		return fmt.Errorf("variant: %w", err)
	}
	if t.Type != TypeNull && !t.Type.Valid() {
		return fmt.Errorf("variant: type %d is no built-in type", t.Type)
	}
	r, err := t.variant()
	if err != nil {
		return fmt.Errorf("variant: %w", err)
	}
	*v = r
	return nil
}

func (t *typedVariant) variant() (Variant, error) {
	switch {
	case t.Type == TypeNull:
		return Variant{}, nil
	case len(t.Value) == 0 && t.Array:
		return NullArrayValue(t.Type), nil
	case len(t.Value) == 0:
		return nullOf(t.Type), nil
	}
	value, err := decodeJSON(t.Value)
	if err != nil {
		return Variant{}, err
	}
	if !t.Array {
		return parseScalar(value, t.Type, true)
	}
	list, ok := value.([]any)
	if !ok {
		return Variant{}, wrongType("an array", value)
	}
	if product(t.Dimensions) != len(list) && len(t.Dimensions) > 0 {
		return Variant{}, fmt.Errorf("dimensions %v do not fit %d elements", t.Dimensions, len(list))
	}
	return parseElements(list, t.Dimensions, t.Type, true)
}

// NullXMLElementValue makes the null XmlElement, which is not the empty one.
func NullXMLElementValue() Variant { return Variant{typ: TypeXMLElement, num: nullLength} }

// nullOf is the null scalar of type t.
func nullOf(t BuiltInType) Variant {
	switch t {
	case TypeString, TypeXMLElement, TypeByteString:
		return Variant{typ: t, num: nullLength}
	}
	return Variant{typ: t}
}

// typedDataValue is the JSON of a DataValue.
type typedDataValue struct {
	Value             Variant         `json:"value"`
	Status            json.RawMessage `json:"status,omitempty"`
	SourceTimestamp   *string         `json:"sourceTimestamp,omitempty"`
	SourcePicoseconds uint16          `json:"sourcePicoseconds,omitempty"`
	ServerTimestamp   *string         `json:"serverTimestamp,omitempty"`
	ServerPicoseconds uint16          `json:"serverPicoseconds,omitempty"`
}

// MarshalJSON writes the members that are given, the value with its type.
func (d DataValue) MarshalJSON() ([]byte, error) { return d.appendJSON(nil, true), nil }

// UnmarshalJSON reads what MarshalJSON writes.
func (d *DataValue) UnmarshalJSON(b []byte) error {
	var t typedDataValue
	if err := json.Unmarshal(b, &t); err != nil {
		return fmt.Errorf("data value: %w", err)
	}
	r := DataValue{Value: t.Value, SourcePicoseconds: t.SourcePicoseconds, ServerPicoseconds: t.ServerPicoseconds}
	if len(t.Status) > 0 {
		status, err := decodeJSON(t.Status)
		if err != nil {
			return fmt.Errorf("data value: status: %w", err)
		}
		if r.Status, err = parseStatus(status); err != nil {
			return fmt.Errorf("data value: status: %w", err)
		}
	}
	for _, m := range []struct {
		text *string
		time *DateTime
	}{{t.SourceTimestamp, &r.SourceTimestamp}, {t.ServerTimestamp, &r.ServerTimestamp}} {
		if m.text == nil {
			continue
		}
		var err error
		if *m.time, err = parseDateTime(*m.text); err != nil {
			return fmt.Errorf("data value: %w", err)
		}
	}
	*d = r
	return nil
}

// readResult is the JSON of a ReadResult, whose DataValue would otherwise marshal alone.
type readResult struct {
	Value   DataValue `json:"value"`
	Message string    `json:"message,omitempty"`
}

// MarshalJSON writes the value and the message.
func (r ReadResult) MarshalJSON() ([]byte, error) {
	return json.Marshal(readResult{r.DataValue, r.Message})
}

// UnmarshalJSON reads what MarshalJSON writes.
func (r *ReadResult) UnmarshalJSON(b []byte) error {
	var w readResult
	if err := json.Unmarshal(b, &w); err != nil {
		return err
	}
	*r = ReadResult{DataValue: w.Value, Message: w.Message}
	return nil
}
