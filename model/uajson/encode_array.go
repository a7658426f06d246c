package uajson

import (
	"strconv"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// elements appends the elements of an array. With dims they are nested row by row; else they stand in one row.
func (s style) elements(dst []byte, v model.Variant, dims []int32) []byte {
	switch v.Type() {
	case model.TypeBoolean:
		return list(s, dst, model.Elements[bool](v), dims, func(_ style, b []byte, x bool) []byte { return strconv.AppendBool(b, x) })
	case model.TypeSByte:
		return list(s, dst, model.Elements[int8](v), dims, appendSigned[int8])
	case model.TypeByte:
		return list(s, dst, model.Elements[uint8](v), dims, appendUnsigned[uint8])
	case model.TypeInt16:
		return list(s, dst, model.Elements[int16](v), dims, appendSigned[int16])
	case model.TypeUInt16:
		return list(s, dst, model.Elements[uint16](v), dims, appendUnsigned[uint16])
	case model.TypeInt32:
		return list(s, dst, model.Elements[int32](v), dims, appendSigned[int32])
	case model.TypeUInt32:
		return list(s, dst, model.Elements[uint32](v), dims, appendUnsigned[uint32])
	case model.TypeInt64:
		return list(s, dst, model.Elements[int64](v), dims, style.int64)
	case model.TypeUInt64:
		return list(s, dst, model.Elements[uint64](v), dims, style.uint64)
	case model.TypeFloat:
		return list(s, dst, model.Elements[float32](v), dims, func(_ style, b []byte, x float32) []byte { return appendFloat(b, float64(x), 32) })
	case model.TypeDouble:
		return list(s, dst, model.Elements[float64](v), dims, func(_ style, b []byte, x float64) []byte { return appendFloat(b, x, 64) })
	case model.TypeString:
		return list(s, dst, model.Elements[string](v), dims, func(_ style, b []byte, x string) []byte { return appendText(b, x) })
	case model.TypeXMLElement:
		return list(s, dst, model.Elements[model.XMLElement](v), dims, func(_ style, b []byte, x model.XMLElement) []byte { return appendText(b, string(x)) })
	case model.TypeByteString:
		return list(s, dst, model.Elements[[]byte](v), dims, func(_ style, b, x []byte) []byte { return appendBytes(b, x) })
	case model.TypeStatusCode:
		return list(s, dst, model.Elements[model.StatusCode](v), dims, style.statusCode)
	case model.TypeDataValue:
		return list(s, dst, model.Elements[model.DataValue](v), dims, style.dataValue)
	case model.TypeVariant:
		return list(s, dst, model.Elements[model.Variant](v), dims, style.variant)
	case model.TypeDiagnosticInfo:
		return list(s, dst, model.Elements[model.DiagnosticInfo](v), dims, style.diagnosticInfo)
	}
	return s.nullableElements(dst, v, dims)
}

// nullableElements appends the elements of the types whose zero is NULL, which is null in an array (Part 6, 5.4.2.1).
func (s style) nullableElements(dst []byte, v model.Variant, dims []int32) []byte {
	switch v.Type() {
	case model.TypeDateTime:
		return list(s, dst, model.Elements[model.DateTime](v), dims, func(_ style, b []byte, x model.DateTime) []byte {
			if x.IsZero() {
				return append(b, "null"...)
			}
			return appendDateTime(b, x)
		})
	case model.TypeGUID:
		return list(s, dst, model.Elements[model.GUID](v), dims, orNull(style.guid))
	case model.TypeNodeID:
		return list(s, dst, model.Elements[model.NodeID](v), dims, orNull(style.nodeID))
	case model.TypeExpandedNodeID:
		return list(s, dst, model.Elements[model.ExpandedNodeID](v), dims, orNull(style.expandedNodeID))
	case model.TypeQualifiedName:
		return list(s, dst, model.Elements[model.QualifiedName](v), dims, orNull(style.qualifiedName))
	case model.TypeLocalizedText:
		return list(s, dst, model.Elements[model.LocalizedText](v), dims, orNull(style.localizedText))
	case model.TypeExtensionObject:
		return list(s, dst, model.Elements[model.ExtensionObject](v), dims, func(s style, b []byte, x model.ExtensionObject) []byte {
			if isNullObject(x) {
				return append(b, "null"...)
			}
			return s.extensionObject(b, x)
		})
	}
	return append(dst, "null"...)
}

// orNull writes null for the zero value.
func orNull[T comparable](one func(style, []byte, T) []byte) func(style, []byte, T) []byte {
	return func(s style, b []byte, x T) []byte {
		var zero T
		if x == zero {
			return append(b, "null"...)
		}
		return one(s, b, x)
	}
}

func appendSigned[T int8 | int16 | int32](_ style, dst []byte, n T) []byte {
	return strconv.AppendInt(dst, int64(n), 10)
}

func appendUnsigned[T uint8 | uint16 | uint32](_ style, dst []byte, n T) []byte {
	return strconv.AppendUint(dst, uint64(n), 10)
}

// list appends elements, nested like dims. Dimensions that do not multiply to the number of elements, which only a broken source can
// make, give one row.
func list[T any](s style, dst []byte, elements []T, dims []int32, one func(style, []byte, T) []byte) []byte {
	dst = append(dst, '[')
	if len(dims) > 1 && dims[0] > 0 && len(elements) > 0 && len(elements)%int(dims[0]) == 0 {
		size := len(elements) / int(dims[0])
		for i := range int(dims[0]) {
			dst = list(s, comma(dst), elements[i*size:(i+1)*size], dims[1:], one)
		}
		return append(dst, ']')
	}
	for i, x := range elements {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = one(s, dst, x)
	}
	return append(dst, ']')
}
