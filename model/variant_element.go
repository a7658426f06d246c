package model

// Element returns element i of an array as a scalar, without allocating. It points into v's memory. i counts row by row in a
// matrix; out of range it panics, as a slice does.
func (v Variant) Element(i int) Variant {
	switch v.typ {
	case TypeBoolean:
		return BooleanValue(Elements[bool](v)[i])
	case TypeSByte:
		return SByteValue(Elements[int8](v)[i])
	case TypeByte:
		return ByteValue(Elements[uint8](v)[i])
	case TypeInt16:
		return Int16Value(Elements[int16](v)[i])
	case TypeUInt16:
		return UInt16Value(Elements[uint16](v)[i])
	case TypeInt32:
		return Int32Value(Elements[int32](v)[i])
	case TypeUInt32:
		return UInt32Value(Elements[uint32](v)[i])
	case TypeInt64:
		return Int64Value(Elements[int64](v)[i])
	case TypeUInt64:
		return UInt64Value(Elements[uint64](v)[i])
	case TypeFloat:
		return FloatValue(Elements[float32](v)[i])
	case TypeDouble:
		return DoubleValue(Elements[float64](v)[i])
	case TypeString:
		return StringValue(Elements[string](v)[i])
	case TypeDateTime:
		return DateTimeValue(Elements[DateTime](v)[i])
	case TypeGUID:
		return GUIDValue(&Elements[GUID](v)[i])
	case TypeByteString:
		return ByteStringValue(Elements[[]byte](v)[i])
	case TypeXMLElement:
		return XMLElementValue(Elements[XMLElement](v)[i])
	case TypeNodeID:
		return NodeIDValue(&Elements[NodeID](v)[i])
	case TypeExpandedNodeID:
		return ExpandedNodeIDValue(&Elements[ExpandedNodeID](v)[i])
	case TypeStatusCode:
		return StatusCodeValue(Elements[StatusCode](v)[i])
	case TypeQualifiedName:
		return QualifiedNameValue(&Elements[QualifiedName](v)[i])
	case TypeLocalizedText:
		return LocalizedTextValue(&Elements[LocalizedText](v)[i])
	case TypeExtensionObject:
		return ExtensionObjectValue(&Elements[ExtensionObject](v)[i])
	case TypeDataValue:
		return DataValueValue(&Elements[DataValue](v)[i])
	case TypeVariant:
		return Elements[Variant](v)[i]
	}
	return DiagnosticInfoValue(&Elements[DiagnosticInfo](v)[i])
}
