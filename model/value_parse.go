package model

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// This file reads single values of each built-in type from decoded JSON; ParseVariant says what is taken.

func parseBoolean(v any) (bool, error) {
	b, ok := v.(bool)
	if !ok {
		return false, wrongType("Boolean, true or false", v)
	}
	return b, nil
}

// integer returns the digits of an integral number; 64-bit integers may be strings.
func integer(v any, t BuiltInType) (string, error) {
	switch x := v.(type) {
	case json.Number:
		s := x.String()
		if strings.ContainsAny(s, ".eE") {
			f, err := x.Float64()
			if err != nil || f != math.Trunc(f) || math.Abs(f) > 1<<53 {
				return "", wrongType(t.String()+", an integer", v)
			}
			s = strconv.FormatFloat(f, 'f', 0, 64)
		}
		return s, nil
	case string:
		if t == TypeInt64 || t == TypeUInt64 {
			return x, nil
		}
	}
	return "", wrongType(t.String(), v)
}

func parseInt[T ~int8 | ~int16 | ~int32 | ~int64](v any, t BuiltInType, bits int) (T, error) {
	s, err := integer(v, t)
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseInt(s, 10, bits)
	if err != nil {
		return 0, outOfRange(err, v, t)
	}
	return T(n), nil
}

func parseUint[T ~uint8 | ~uint16 | ~uint32 | ~uint64](v any, t BuiltInType, bits int) (T, error) {
	s, err := integer(v, t)
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseUint(s, 10, bits)
	if err != nil {
		return 0, outOfRange(err, v, t)
	}
	return T(n), nil
}

func outOfRange(err error, v any, t BuiltInType) error {
	if errors.Is(err, strconv.ErrRange) || strings.HasPrefix(describe(v), "-") {
		return fmt.Errorf("%s is out of the range of %s", describe(v), t)
	}
	return wrongType(t.String(), v)
}

func parseFloat(v any, t BuiltInType, bits int) (float64, error) {
	switch x := v.(type) {
	case json.Number:
		f, err := strconv.ParseFloat(x.String(), bits)
		if err != nil {
			return 0, fmt.Errorf("%s is out of the range of %s", x, t)
		}
		return f, nil
	case string:
		switch x {
		case "NaN":
			return math.NaN(), nil
		case "Infinity":
			return math.Inf(1), nil
		case "-Infinity":
			return math.Inf(-1), nil
		}
	}
	return 0, wrongType(t.String(), v)
}

func parseFloat32(v any) (float32, error) {
	f, err := parseFloat(v, TypeFloat, 32)
	return float32(f), err
}

func parseText(v any) (string, error) {
	s, ok := v.(string)
	if !ok {
		return "", wrongType("String", v)
	}
	return s, nil
}

func parseBytes(v any) ([]byte, error) {
	s, ok := v.(string)
	if !ok {
		return nil, wrongType("ByteString in base64", v)
	}
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		return nil, wrongType("ByteString in base64", v)
	}
	return b, nil
}

func parseDateTime(v any) (DateTime, error) {
	s, ok := v.(string)
	if !ok {
		return 0, wrongType("DateTime as RFC 3339, 2026-01-02T03:04:05Z", v)
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return 0, wrongType("DateTime as RFC 3339, 2026-01-02T03:04:05Z", v)
	}
	return DateTimeOf(t), nil
}

func parseGUID(v any) (GUID, error) {
	s, ok := v.(string)
	if !ok {
		return GUID{}, wrongType("Guid", v)
	}
	return ParseGUID(s)
}

func parseID[T any](v any, parse func(string) (T, error)) (id T, err error) {
	s, ok := v.(string)
	if !ok {
		return id, wrongType("a node id as ns=2;s=Temp", v)
	}
	return parse(s)
}

func parseStatus(v any) (StatusCode, error) {
	switch x := v.(type) {
	case json.Number:
		n, err := strconv.ParseUint(x.String(), 10, 32)
		if err != nil {
			return 0, wrongType("StatusCode", v)
		}
		return StatusCode(n), nil
	case string:
		return ParseStatusCode(x)
	case map[string]any:
		if code, ok := x["code"]; ok {
			return parseStatus(code)
		}
	}
	return 0, wrongType("StatusCode as its name, its number or {code}", v)
}

func parseQualifiedName(v any) (QualifiedName, error) {
	switch x := v.(type) {
	case string:
		return ParseQualifiedName(x)
	case map[string]any:
		name, ok := x["name"].(string)
		if !ok {
			break
		}
		q := QualifiedName{Name: name}
		q.NamespaceURI, _ = x["namespaceUri"].(string)
		if index, has := x["namespaceIndex"]; has {
			n, err := parseUint[uint16](index, TypeUInt16, 16)
			if err != nil {
				return QualifiedName{}, fmt.Errorf("namespaceIndex: %w", err)
			}
			q.Namespace = n
		}
		return q, nil
	}
	return QualifiedName{}, wrongType(`QualifiedName as "2:Name" or {namespaceUri, name}`, v)
}

func parseLocalizedText(v any) (LocalizedText, error) {
	switch x := v.(type) {
	case string:
		return LocalizedText{Text: x}, nil
	case map[string]any:
		text, ok := x["text"].(string)
		if !ok {
			break
		}
		locale, _ := x["locale"].(string)
		return LocalizedText{Locale: locale, Text: text}, nil
	}
	return LocalizedText{}, wrongType("LocalizedText as a string or {locale, text}", v)
}

func parseExtensionObject(v any) (ExtensionObject, error) {
	m, ok := v.(map[string]any)
	if !ok {
		return ExtensionObject{}, wrongType("a structure as {typeId, encoding, body}", v)
	}
	id, err := parseID(m["typeId"], ParseExpandedNodeID)
	if err != nil {
		return ExtensionObject{}, fmt.Errorf("typeId: %w", err)
	}
	e := ExtensionObject{TypeID: id}
	switch m["encoding"] {
	case nil:
	case "binary":
		e.Encoding = ExtensionBinary
		if e.Body, err = orZero(m["body"], parseBytes); err != nil {
			return ExtensionObject{}, fmt.Errorf("body: %w", err)
		}
	case "xml":
		e.Encoding = ExtensionXML
		s, err := orZero(m["body"], parseText)
		if err != nil {
			return ExtensionObject{}, fmt.Errorf("body: %w", err)
		}
		e.Body = []byte(s)
	case "json":
		e.Encoding = ExtensionJSON
		if s, ok := m["body"].(string); ok {
			e.Body = []byte(s)
		} else if e.Body, err = json.Marshal(m["body"]); err != nil {
			return ExtensionObject{}, fmt.Errorf("body: %w", err)
		}
	default:
		return ExtensionObject{}, fmt.Errorf("encoding: want binary, xml or json, got %s", describe(m["encoding"]))
	}
	return e, nil
}

// parseAs reads a type that unmarshals itself.
func parseAs[T any](v any) (r T, err error) {
	b, err := json.Marshal(v)
	if err != nil {
		return r, err
	}
	err = json.Unmarshal(b, &r)
	return r, err
}
