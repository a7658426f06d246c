package model

import (
	"math"
	"unsafe"
)

// Variant is a value of any built-in type, scalar or array (Part 6, 5.2.2.16). It is a union of 24 bytes: numbers lie in it,
// strings and bytes are pointed to, all else is behind a pointer, so that passing a Variant on never allocates.
//
// A Variant is read-only. What a decoder made may point into the decoder's buffers: it is valid as long as the decoder says;
// Clone makes it independent. The zero Variant is null.
type Variant struct {
	num uint64         // bits of a scalar number; length of a string or of bytes, nullLength for a null one
	ptr unsafe.Pointer // string or byte data; *T of any other scalar; *array
	typ BuiltInType
	arr bool
}

const nullLength = math.MaxUint64

// array is what ptr of an array points to.
type array struct {
	data unsafe.Pointer // first element
	len  int
	dims []int32 // of a matrix, else nil
}

// Element is the Go type of each built-in type in an array. Two have a type of their own besides: bytes are Byte, []byte is
// ByteString.
type Element interface {
	bool | int8 | uint8 | int16 | uint16 | int32 | uint32 | int64 | uint64 | float32 | float64 | string | DateTime | GUID | []byte |
		XMLElement | NodeID | ExpandedNodeID | StatusCode | QualifiedName | LocalizedText | ExtensionObject | DataValue | Variant | DiagnosticInfo
}

// typeOf returns the built-in type whose elements are T.
func typeOf[T Element]() BuiltInType {
	switch any((*T)(nil)).(type) {
	case *bool:
		return TypeBoolean
	case *int8:
		return TypeSByte
	case *uint8:
		return TypeByte
	case *int16:
		return TypeInt16
	case *uint16:
		return TypeUInt16
	case *int32:
		return TypeInt32
	case *uint32:
		return TypeUInt32
	case *int64:
		return TypeInt64
	case *uint64:
		return TypeUInt64
	case *float32:
		return TypeFloat
	case *float64:
		return TypeDouble
	case *string:
		return TypeString
	case *DateTime:
		return TypeDateTime
	case *GUID:
		return TypeGUID
	case *[]byte:
		return TypeByteString
	case *XMLElement:
		return TypeXMLElement
	case *NodeID:
		return TypeNodeID
	case *ExpandedNodeID:
		return TypeExpandedNodeID
	case *StatusCode:
		return TypeStatusCode
	case *QualifiedName:
		return TypeQualifiedName
	case *LocalizedText:
		return TypeLocalizedText
	case *ExtensionObject:
		return TypeExtensionObject
	case *DataValue:
		return TypeDataValue
	case *Variant:
		return TypeVariant
	}
	return TypeDiagnosticInfo
}

// BooleanValue makes a Boolean.
func BooleanValue(v bool) Variant {
	var n uint64
	if v {
		n = 1
	}
	return Variant{typ: TypeBoolean, num: n}
}

// SByteValue makes an SByte.
func SByteValue(v int8) Variant { return Variant{typ: TypeSByte, num: uint64(v)} }

// ByteValue makes a Byte.
func ByteValue(v uint8) Variant { return Variant{typ: TypeByte, num: uint64(v)} }

// Int16Value makes an Int16.
func Int16Value(v int16) Variant { return Variant{typ: TypeInt16, num: uint64(v)} }

// UInt16Value makes a UInt16.
func UInt16Value(v uint16) Variant { return Variant{typ: TypeUInt16, num: uint64(v)} }

// Int32Value makes an Int32.
func Int32Value(v int32) Variant { return Variant{typ: TypeInt32, num: uint64(v)} }

// UInt32Value makes a UInt32.
func UInt32Value(v uint32) Variant { return Variant{typ: TypeUInt32, num: uint64(v)} }

// Int64Value makes an Int64.
func Int64Value(v int64) Variant { return Variant{typ: TypeInt64, num: uint64(v)} }

// UInt64Value makes a UInt64.
func UInt64Value(v uint64) Variant { return Variant{typ: TypeUInt64, num: v} }

// FloatValue makes a Float.
func FloatValue(v float32) Variant {
	return Variant{typ: TypeFloat, num: uint64(math.Float32bits(v))}
}

// DoubleValue makes a Double.
func DoubleValue(v float64) Variant { return Variant{typ: TypeDouble, num: math.Float64bits(v)} }

// StringValue makes a String; the Variant points to the bytes of v.
func StringValue(v string) Variant {
	return Variant{typ: TypeString, num: uint64(len(v)), ptr: unsafe.Pointer(unsafe.StringData(v))}
}

// NullStringValue makes the null String, which is not the empty one.
func NullStringValue() Variant { return Variant{typ: TypeString, num: nullLength} }

// XMLElementValue makes an XmlElement; the Variant points to the bytes of v.
func XMLElementValue(v XMLElement) Variant {
	return Variant{typ: TypeXMLElement, num: uint64(len(v)), ptr: unsafe.Pointer(unsafe.StringData(string(v)))}
}

// ByteStringValue makes a ByteString; the Variant points to v. nil makes the null ByteString.
func ByteStringValue(v []byte) Variant {
	if v == nil {
		return Variant{typ: TypeByteString, num: nullLength}
	}
	return Variant{typ: TypeByteString, num: uint64(len(v)), ptr: unsafe.Pointer(unsafe.SliceData(v))}
}

// DateTimeValue makes a DateTime.
func DateTimeValue(v DateTime) Variant { return Variant{typ: TypeDateTime, num: uint64(v)} }

// StatusCodeValue makes a StatusCode.
func StatusCodeValue(v StatusCode) Variant { return Variant{typ: TypeStatusCode, num: uint64(v)} }

// GUIDValue makes a Guid that points to v.
func GUIDValue(v *GUID) Variant { return Variant{typ: TypeGUID, ptr: unsafe.Pointer(v)} }

// NodeIDValue makes a NodeId that points to v.
func NodeIDValue(v *NodeID) Variant { return Variant{typ: TypeNodeID, ptr: unsafe.Pointer(v)} }

// ExpandedNodeIDValue makes an ExpandedNodeId that points to v.
func ExpandedNodeIDValue(v *ExpandedNodeID) Variant {
	return Variant{typ: TypeExpandedNodeID, ptr: unsafe.Pointer(v)}
}

// QualifiedNameValue makes a QualifiedName that points to v.
func QualifiedNameValue(v *QualifiedName) Variant {
	return Variant{typ: TypeQualifiedName, ptr: unsafe.Pointer(v)}
}

// LocalizedTextValue makes a LocalizedText that points to v.
func LocalizedTextValue(v *LocalizedText) Variant {
	return Variant{typ: TypeLocalizedText, ptr: unsafe.Pointer(v)}
}

// ExtensionObjectValue makes an ExtensionObject (a structure) that points to v.
func ExtensionObjectValue(v *ExtensionObject) Variant {
	return Variant{typ: TypeExtensionObject, ptr: unsafe.Pointer(v)}
}

// DataValueValue makes a DataValue that points to v.
func DataValueValue(v *DataValue) Variant { return Variant{typ: TypeDataValue, ptr: unsafe.Pointer(v)} }

// DiagnosticInfoValue makes a DiagnosticInfo that points to v.
func DiagnosticInfoValue(v *DiagnosticInfo) Variant {
	return Variant{typ: TypeDiagnosticInfo, ptr: unsafe.Pointer(v)}
}

// ArrayValue makes an array that points to the elements of v. With dims it is a matrix, row by row; their product must be
// len(v). nil makes the null array.
func ArrayValue[T Element](v []T, dims ...int32) Variant {
	if v == nil {
		return Variant{typ: typeOf[T](), arr: true}
	}
	return ArrayValueIn(&ArrayHeader{}, v, dims)
}

// ArrayHeader is the memory that an array Variant needs besides its elements; decoders keep them for reuse.
type ArrayHeader struct{ a array }

func (h *ArrayHeader) pointer() unsafe.Pointer { return unsafe.Pointer(h) }

// ArrayValueIn is ArrayValue with memory given by the caller; it does not allocate. h, v and dims belong to the Variant as
// long as it is in use.
func ArrayValueIn[T Element](h *ArrayHeader, v []T, dims []int32) Variant {
	h.a = array{data: unsafe.Pointer(unsafe.SliceData(v)), len: len(v), dims: dims}
	return Variant{typ: typeOf[T](), arr: true, ptr: h.pointer()}
}

// NullArrayValue makes the null array of type t, which is not the empty one.
func NullArrayValue(t BuiltInType) Variant { return Variant{typ: t, arr: true} }

// Type is the built-in type of the value or of the array's elements; TypeNull if v is null without a type.
func (v Variant) Type() BuiltInType { return v.typ }

// IsArray tells whether v is an array or a matrix.
func (v Variant) IsArray() bool { return v.arr }

// IsNull tells whether v holds nothing: no type, a null array, string or byte string, or a type without a value.
func (v Variant) IsNull() bool {
	switch {
	case v.typ == TypeNull:
		return true
	case v.arr:
		return v.ptr == nil
	}
	switch v.typ {
	case TypeString, TypeByteString, TypeXMLElement:
		return v.num == nullLength
	case TypeGUID, TypeNodeID, TypeExpandedNodeID, TypeQualifiedName, TypeLocalizedText, TypeExtensionObject, TypeDataValue, TypeDiagnosticInfo:
		return v.ptr == nil
	}
	return false
}

// Len is the number of elements of an array, all dimensions together; 0 for a scalar.
func (v Variant) Len() int {
	if !v.arr || v.ptr == nil {
		return 0
	}
	return (*array)(v.ptr).len
}

// Dimensions returns the lengths of a matrix's dimensions, nil for arrays of one dimension and scalars. The slice is v's.
func (v Variant) Dimensions() []int32 {
	if !v.arr || v.ptr == nil {
		return nil
	}
	return (*array)(v.ptr).dims
}

// Elements returns the elements of an array of T's type. The slice is v's memory and must not be changed. It is nil for null
// arrays and when v is no array of that type.
func Elements[T Element](v Variant) []T {
	if !v.arr || v.ptr == nil || v.typ != typeOf[T]() {
		return nil
	}
	a := (*array)(v.ptr)
	if a.len == 0 {
		return []T{}
	}
	return unsafe.Slice((*T)(a.data), a.len)
}

// Bool is the value of a Boolean, else false.
func (v Variant) Bool() bool { return v.typ == TypeBoolean && !v.arr && v.num != 0 }

// Int is the value of an SByte, Int16, Int32 or Int64, else 0.
func (v Variant) Int() int64 {
	switch v.typ {
	case TypeSByte, TypeInt16, TypeInt32, TypeInt64:
		if !v.arr {
			return int64(v.num)
		}
	}
	return 0
}

// Uint is the value of a Byte, UInt16, UInt32 or UInt64, else 0.
func (v Variant) Uint() uint64 {
	switch v.typ {
	case TypeByte, TypeUInt16, TypeUInt32, TypeUInt64:
		if !v.arr {
			return v.num
		}
	}
	return 0
}

// Float is the value of a Float or Double, else 0.
func (v Variant) Float() float64 {
	switch {
	case v.arr:
		return 0
	case v.typ == TypeDouble:
		return math.Float64frombits(v.num)
	case v.typ == TypeFloat:
		return float64(math.Float32frombits(uint32(v.num)))
	}
	return 0
}

// Number is the scalar as a sample of a series: integers and floating-point numbers as they are (64-bit integers beyond
// 2^53 rounded), Boolean 0 or 1, DateTime in seconds since 1970, StatusCode its number. ok is false for all else.
func (v Variant) Number() (n float64, ok bool) {
	if v.arr {
		return 0, false
	}
	switch v.typ {
	case TypeDouble:
		return math.Float64frombits(v.num), true
	case TypeFloat:
		return float64(math.Float32frombits(uint32(v.num))), true
	case TypeSByte, TypeInt16, TypeInt32, TypeInt64:
		return float64(int64(v.num)), true
	case TypeBoolean, TypeByte, TypeUInt16, TypeUInt32, TypeUInt64, TypeStatusCode:
		return float64(v.num), true
	case TypeDateTime:
		return float64(int64(v.num)-epochTicks) / ticksPerSecond, true
	}
	return 0, false
}

// Text is the value of a String or XmlElement, else "". It points to v's memory.
func (v Variant) Text() string {
	if v.arr || v.num == nullLength || (v.typ != TypeString && v.typ != TypeXMLElement) {
		return ""
	}
	return unsafe.String((*byte)(v.ptr), int(v.num))
}

// Bytes is the value of a ByteString, else nil. It is v's memory and must not be changed.
func (v Variant) Bytes() []byte {
	if v.arr || v.num == nullLength || v.typ != TypeByteString {
		return nil
	}
	if v.num == 0 {
		return []byte{}
	}
	return unsafe.Slice((*byte)(v.ptr), int(v.num))
}

// DateTime is the value of a DateTime, else 0.
func (v Variant) DateTime() DateTime {
	if v.typ != TypeDateTime || v.arr {
		return 0
	}
	return DateTime(v.num)
}

// StatusCode is the value of a StatusCode, else Good.
func (v Variant) StatusCode() StatusCode {
	if v.typ != TypeStatusCode || v.arr {
		return 0
	}
	return StatusCode(v.num)
}

// scalar returns what a pointer variant of type t points to, or the zero T.
func scalar[T any](v Variant, t BuiltInType) (r T) {
	if v.typ == t && !v.arr && v.ptr != nil {
		r = *(*T)(v.ptr)
	}
	return r
}

// GUID is the value of a Guid, else all zero.
func (v Variant) GUID() GUID { return scalar[GUID](v, TypeGUID) }

// NodeID is the value of a NodeId, else null.
func (v Variant) NodeID() NodeID { return scalar[NodeID](v, TypeNodeID) }

// ExpandedNodeID is the value of an ExpandedNodeId, else null.
func (v Variant) ExpandedNodeID() ExpandedNodeID {
	return scalar[ExpandedNodeID](v, TypeExpandedNodeID)
}

// QualifiedName is the value of a QualifiedName, else empty.
func (v Variant) QualifiedName() QualifiedName { return scalar[QualifiedName](v, TypeQualifiedName) }

// LocalizedText is the value of a LocalizedText, else empty.
func (v Variant) LocalizedText() LocalizedText { return scalar[LocalizedText](v, TypeLocalizedText) }

// ExtensionObject is the value of a structure, else empty. Its body is v's memory.
func (v Variant) ExtensionObject() ExtensionObject {
	return scalar[ExtensionObject](v, TypeExtensionObject)
}

// DataValue is the value of a DataValue, else empty.
func (v Variant) DataValue() DataValue { return scalar[DataValue](v, TypeDataValue) }

// DiagnosticInfo is the value of a DiagnosticInfo, else empty.
func (v Variant) DiagnosticInfo() DiagnosticInfo {
	return scalar[DiagnosticInfo](v, TypeDiagnosticInfo)
}
