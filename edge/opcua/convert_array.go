package opcua

import (
	"reflect"

	"github.com/gopcua/opcua/ua"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// array converts an array or matrix.
func (c *converter) array(v *ua.Variant) (_ model.Variant, known bool) {
	dims := v.ArrayDimensions()
	if len(dims) < 2 {
		dims = nil
	}
	switch v.Type() {
	case ua.TypeIDBoolean:
		return same[bool](v, dims), true
	case ua.TypeIDSByte:
		return same[int8](v, dims), true
	case ua.TypeIDByte:
		return same[uint8](v, dims), true
	case ua.TypeIDInt16:
		return same[int16](v, dims), true
	case ua.TypeIDUint16:
		return same[uint16](v, dims), true
	case ua.TypeIDInt32:
		return same[int32](v, dims), true
	case ua.TypeIDUint32:
		return same[uint32](v, dims), true
	case ua.TypeIDInt64:
		return same[int64](v, dims), true
	case ua.TypeIDUint64:
		return same[uint64](v, dims), true
	case ua.TypeIDFloat:
		return same[float32](v, dims), true
	case ua.TypeIDDouble:
		return same[float64](v, dims), true
	case ua.TypeIDString:
		return same[string](v, dims), true
	case ua.TypeIDByteString:
		return same[[]byte](v, dims), true
	}
	return c.structuredArray(v, dims)
}

// structuredArray converts arrays whose elements are other Go types than in the model.
func (c *converter) structuredArray(v *ua.Variant, dims []int32) (_ model.Variant, known bool) {
	known = true
	switch v.Type() {
	case ua.TypeIDDateTime:
		return each(v, dims, dateTime), true
	case ua.TypeIDStatusCode:
		return each(v, dims, func(s ua.StatusCode) model.StatusCode { return model.StatusCode(s) }), true
	case ua.TypeIDXMLElement:
		return each(v, dims, func(x ua.XMLElement) model.XMLElement { return model.XMLElement(x) }), true
	case ua.TypeIDGUID:
		return each(v, dims, guid), true
	case ua.TypeIDNodeID:
		return each(v, dims, func(n *ua.NodeID) model.ExpandedNodeID { return c.namespaces.Expand(nodeID(n)) }), true
	case ua.TypeIDExpandedNodeID:
		return each(v, dims, func(n *ua.ExpandedNodeID) model.ExpandedNodeID { return expandExpanded(c.namespaces, n) }), true
	case ua.TypeIDQualifiedName:
		return each(v, dims, func(q *ua.QualifiedName) model.QualifiedName { return qualifiedName(c.namespaces, q) }), true
	case ua.TypeIDLocalizedText:
		return each(v, dims, localizedText), true
	case ua.TypeIDDiagnosticInfo:
		return each(v, dims, func(d *ua.DiagnosticInfo) model.DiagnosticInfo { return diagnosticInfo(d, 0) }), true
	case ua.TypeIDExtensionObject:
		r := each(v, dims, func(e *ua.ExtensionObject) model.ExtensionObject {
			x, ok := c.extensionObject(e)
			known = known && ok
			return x
		})
		return r, known
	case ua.TypeIDDataValue:
		r := each(v, dims, func(e *ua.DataValue) (d model.DataValue) {
			known = c.dataValue(e, &d) && known
			return d
		})
		return r, known
	case ua.TypeIDVariant:
		r := each(v, dims, func(e *ua.Variant) model.Variant {
			x, ok := c.variant(e)
			known = known && ok
			return x
		})
		return r, known
	}
	return model.Variant{}, true
}

// same takes over an array whose elements are the same Go type in the model.
func same[T model.Element](v *ua.Variant, dims []int32) model.Variant {
	return model.ArrayValue(elements[T](v), dims...)
}

// each converts element by element.
func each[F any, T model.Element](v *ua.Variant, dims []int32, convert func(F) T) model.Variant {
	from := elements[F](v)
	if from == nil {
		return model.ArrayValue[T](nil)
	}
	to := make([]T, len(from))
	for i := range from {
		to[i] = convert(from[i])
	}
	return model.ArrayValue(to, dims...)
}

// elements returns the elements in a row. gopcua decodes a matrix to slices of slices.
func elements[T any](v *ua.Variant) []T {
	switch x := v.Value().(type) {
	case []T:
		return x
	case nil:
		return nil
	default:
		return flatten[T](reflect.ValueOf(x), nil)
	}
}

func flatten[T any](v reflect.Value, to []T) []T {
	if v.Kind() != reflect.Slice {
		return to
	}
	if v.Type().ConvertibleTo(reflect.TypeFor[[]T]()) { // ua.ByteArray is no []byte
		row, _ := v.Convert(reflect.TypeFor[[]T]()).Interface().([]T)
		if to == nil {
			return row
		}
		return append(to, row...)
	}
	if to == nil {
		to = []T{}
	}
	for i := range v.Len() {
		to = flatten(v.Index(i), to)
	}
	return to
}
