package model

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strings"
)

// Clone returns v with memory of its own, so that it stays valid after the decoder that made it goes on.
func (v Variant) Clone() Variant {
	switch {
	case v.ptr == nil:
		return v
	case v.arr:
		return v.cloneArray(nil, slices.Clone(v.Dimensions()))
	}
	switch v.typ {
	case TypeString:
		return StringValue(strings.Clone(v.Text()))
	case TypeXMLElement:
		return XMLElementValue(XMLElement(strings.Clone(v.Text())))
	case TypeByteString:
		return ByteStringValue(append([]byte{}, v.Bytes()...))
	case TypeGUID:
		return GUIDValue(ptr(v.GUID()))
	case TypeNodeID:
		return NodeIDValue(ptr(v.NodeID().Clone()))
	case TypeExpandedNodeID:
		return ExpandedNodeIDValue(ptr(v.ExpandedNodeID().Clone()))
	case TypeQualifiedName:
		return QualifiedNameValue(ptr(v.QualifiedName().clone()))
	case TypeLocalizedText:
		return LocalizedTextValue(ptr(v.LocalizedText().clone()))
	case TypeExtensionObject:
		return ExtensionObjectValue(ptr(v.ExtensionObject().clone()))
	case TypeDataValue:
		return DataValueValue(ptr(v.DataValue().Clone()))
	case TypeDiagnosticInfo:
		return DiagnosticInfoValue(ptr(v.DiagnosticInfo().clone()))
	}
	return v
}

func ptr[T any](v T) *T { return &v }

// cloneArray copies the elements with these indices, all when at is nil.
func (v Variant) cloneArray(at []int, dims []int32) Variant {
	switch v.typ {
	case TypeBoolean:
		return cloneElements(v, at, dims, same[bool])
	case TypeSByte:
		return cloneElements(v, at, dims, same[int8])
	case TypeByte:
		return cloneElements(v, at, dims, same[uint8])
	case TypeInt16:
		return cloneElements(v, at, dims, same[int16])
	case TypeUInt16:
		return cloneElements(v, at, dims, same[uint16])
	case TypeInt32:
		return cloneElements(v, at, dims, same[int32])
	case TypeUInt32:
		return cloneElements(v, at, dims, same[uint32])
	case TypeInt64:
		return cloneElements(v, at, dims, same[int64])
	case TypeUInt64:
		return cloneElements(v, at, dims, same[uint64])
	case TypeFloat:
		return cloneElements(v, at, dims, same[float32])
	case TypeDouble:
		return cloneElements(v, at, dims, same[float64])
	case TypeString:
		return cloneElements(v, at, dims, strings.Clone)
	case TypeDateTime:
		return cloneElements(v, at, dims, same[DateTime])
	case TypeGUID:
		return cloneElements(v, at, dims, same[GUID])
	case TypeByteString:
		return cloneElements(v, at, dims, bytes.Clone)
	case TypeXMLElement:
		return cloneElements(v, at, dims, func(x XMLElement) XMLElement { return XMLElement(strings.Clone(string(x))) })
	case TypeNodeID:
		return cloneElements(v, at, dims, NodeID.Clone)
	case TypeExpandedNodeID:
		return cloneElements(v, at, dims, ExpandedNodeID.Clone)
	case TypeStatusCode:
		return cloneElements(v, at, dims, same[StatusCode])
	case TypeQualifiedName:
		return cloneElements(v, at, dims, QualifiedName.clone)
	case TypeLocalizedText:
		return cloneElements(v, at, dims, LocalizedText.clone)
	case TypeExtensionObject:
		return cloneElements(v, at, dims, ExtensionObject.clone)
	case TypeDataValue:
		return cloneElements(v, at, dims, DataValue.Clone)
	case TypeVariant:
		return cloneElements(v, at, dims, Variant.Clone)
	}
	return cloneElements(v, at, dims, DiagnosticInfo.clone)
}

func same[T any](v T) T { return v }

func cloneElements[T Element](v Variant, at []int, dims []int32, clone func(T) T) Variant {
	from := Elements[T](v)
	if at == nil {
		to := make([]T, len(from))
		for i := range from {
			to[i] = clone(from[i])
		}
		return ArrayValue(to, dims...)
	}
	to := make([]T, len(at))
	for i, n := range at {
		to[i] = clone(from[n])
	}
	return ArrayValue(to, dims...)
}

// Pick returns an array of its own with the elements of v at these indices, counted row by row in a matrix; with dims it is a matrix. An index out of range
// panics, as that of a slice does.
func (v Variant) Pick(at []int, dims ...int32) Variant {
	if at == nil {
		at = []int{}
	}
	return v.cloneArray(at, dims)
}

func (q QualifiedName) clone() QualifiedName {
	return QualifiedName{q.Namespace, strings.Clone(q.Name), strings.Clone(q.NamespaceURI)}
}

func (t LocalizedText) clone() LocalizedText {
	return LocalizedText{strings.Clone(t.Locale), strings.Clone(t.Text)}
}

func (e ExtensionObject) clone() ExtensionObject {
	return ExtensionObject{TypeID: e.TypeID.Clone(), Encoding: e.Encoding, Body: bytes.Clone(e.Body)}
}

func (d DiagnosticInfo) clone() DiagnosticInfo {
	d.AdditionalInfo = strings.Clone(d.AdditionalInfo)
	if d.InnerDiagnosticInfo != nil {
		d.InnerDiagnosticInfo = ptr(d.InnerDiagnosticInfo.clone())
	}
	return d
}

// Clone returns d with memory of its own.
func (d DataValue) Clone() DataValue {
	d.Value = d.Value.Clone()
	return d
}

// Equal tells whether v and w hold the same type, dimensions and value. NaN equals NaN; a null is not an empty one.
func (v Variant) Equal(w Variant) bool {
	if v.typ != w.typ || v.arr != w.arr || v.IsNull() != w.IsNull() {
		return false
	}
	if v.IsNull() {
		return true
	}
	if v.arr {
		return slices.Equal(v.Dimensions(), w.Dimensions()) && v.equalElements(w)
	}
	switch v.typ {
	case TypeString, TypeXMLElement:
		return v.Text() == w.Text()
	case TypeByteString:
		return bytes.Equal(v.Bytes(), w.Bytes())
	case TypeFloat, TypeDouble:
		return sameFloat(v.Float(), w.Float())
	case TypeGUID:
		return v.GUID() == w.GUID()
	case TypeNodeID:
		return v.NodeID() == w.NodeID()
	case TypeExpandedNodeID:
		return v.ExpandedNodeID() == w.ExpandedNodeID()
	case TypeQualifiedName:
		return v.QualifiedName() == w.QualifiedName()
	case TypeLocalizedText:
		return v.LocalizedText() == w.LocalizedText()
	case TypeExtensionObject:
		return v.ExtensionObject().equal(w.ExtensionObject())
	case TypeDataValue:
		return v.DataValue().Equal(w.DataValue())
	case TypeDiagnosticInfo:
		return v.DiagnosticInfo().equal(w.DiagnosticInfo())
	}
	return v.num == w.num
}

func (v Variant) equalElements(w Variant) bool {
	switch v.typ {
	case TypeFloat:
		return slices.EqualFunc(Elements[float32](v), Elements[float32](w), func(a, b float32) bool { return sameFloat(float64(a), float64(b)) })
	case TypeDouble:
		return slices.EqualFunc(Elements[float64](v), Elements[float64](w), sameFloat)
	case TypeByteString:
		return slices.EqualFunc(Elements[[]byte](v), Elements[[]byte](w), bytes.Equal)
	case TypeExtensionObject:
		return slices.EqualFunc(Elements[ExtensionObject](v), Elements[ExtensionObject](w), ExtensionObject.equal)
	case TypeDataValue:
		return slices.EqualFunc(Elements[DataValue](v), Elements[DataValue](w), DataValue.Equal)
	case TypeVariant:
		return slices.EqualFunc(Elements[Variant](v), Elements[Variant](w), Variant.Equal)
	case TypeDiagnosticInfo:
		return slices.EqualFunc(Elements[DiagnosticInfo](v), Elements[DiagnosticInfo](w), DiagnosticInfo.equal)
	}
	return fmt.Sprint(v.Any()) == fmt.Sprint(w.Any())
}

func sameFloat(a, b float64) bool { return a == b || math.IsNaN(a) && math.IsNaN(b) }

func (e ExtensionObject) equal(f ExtensionObject) bool {
	return e.TypeID == f.TypeID && e.Encoding == f.Encoding && bytes.Equal(e.Body, f.Body)
}

func (d DiagnosticInfo) equal(e DiagnosticInfo) bool {
	inner, other := d.InnerDiagnosticInfo, e.InnerDiagnosticInfo
	d.InnerDiagnosticInfo, e.InnerDiagnosticInfo = nil, nil
	return d == e && (inner == nil) == (other == nil) && (inner == nil || inner.equal(*other))
}

// Equal tells whether d and e hold the same value, status and times.
func (d DataValue) Equal(e DataValue) bool {
	v, w := d.Value, e.Value
	d.Value, e.Value = Variant{}, Variant{}
	return d == e && v.Equal(w)
}
