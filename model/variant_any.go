package model

import "fmt"

// TypeName is the name of the type, with [] behind it for arrays: "Double", "String[]". It is "" for a Variant without type.
func (v Variant) TypeName() string {
	switch {
	case v.typ == TypeNull:
		return ""
	case v.arr:
		return v.typ.String() + "[]"
	}
	return v.typ.String()
}

// Any returns the value as a plain Go value: nil, bool, int8 … float64, string, []byte, DateTime, GUID, NodeID and so on, or a
// slice of those for arrays. It may allocate and may point to v's memory.
func (v Variant) Any() any {
	switch {
	case v.IsNull():
		return nil
	case v.arr:
		return v.anyArray()
	}
	switch v.typ {
	case TypeBoolean:
		return v.Bool()
	case TypeSByte:
		return int8(v.num)
	case TypeByte:
		return uint8(v.num)
	case TypeInt16:
		return int16(v.num)
	case TypeUInt16:
		return uint16(v.num)
	case TypeInt32:
		return int32(v.num)
	case TypeUInt32:
		return uint32(v.num)
	case TypeInt64:
		return int64(v.num)
	case TypeUInt64:
		return v.num
	case TypeFloat:
		return float32(v.Float())
	case TypeDouble:
		return v.Float()
	case TypeString:
		return v.Text()
	case TypeXMLElement:
		return XMLElement(v.Text())
	case TypeByteString:
		return v.Bytes()
	case TypeDateTime:
		return v.DateTime()
	case TypeStatusCode:
		return v.StatusCode()
	case TypeGUID:
		return v.GUID()
	case TypeNodeID:
		return v.NodeID()
	case TypeExpandedNodeID:
		return v.ExpandedNodeID()
	case TypeQualifiedName:
		return v.QualifiedName()
	case TypeLocalizedText:
		return v.LocalizedText()
	case TypeExtensionObject:
		return v.ExtensionObject()
	case TypeDataValue:
		return v.DataValue()
	}
	return v.DiagnosticInfo()
}

func (v Variant) anyArray() any {
	switch v.typ {
	case TypeBoolean:
		return Elements[bool](v)
	case TypeSByte:
		return Elements[int8](v)
	case TypeByte:
		return Elements[uint8](v)
	case TypeInt16:
		return Elements[int16](v)
	case TypeUInt16:
		return Elements[uint16](v)
	case TypeInt32:
		return Elements[int32](v)
	case TypeUInt32:
		return Elements[uint32](v)
	case TypeInt64:
		return Elements[int64](v)
	case TypeUInt64:
		return Elements[uint64](v)
	case TypeFloat:
		return Elements[float32](v)
	case TypeDouble:
		return Elements[float64](v)
	case TypeString:
		return Elements[string](v)
	case TypeDateTime:
		return Elements[DateTime](v)
	case TypeGUID:
		return Elements[GUID](v)
	case TypeByteString:
		return Elements[[]byte](v)
	case TypeXMLElement:
		return Elements[XMLElement](v)
	case TypeNodeID:
		return Elements[NodeID](v)
	case TypeExpandedNodeID:
		return Elements[ExpandedNodeID](v)
	case TypeStatusCode:
		return Elements[StatusCode](v)
	case TypeQualifiedName:
		return Elements[QualifiedName](v)
	case TypeLocalizedText:
		return Elements[LocalizedText](v)
	case TypeExtensionObject:
		return Elements[ExtensionObject](v)
	case TypeDataValue:
		return Elements[DataValue](v)
	case TypeVariant:
		return Elements[Variant](v)
	}
	return Elements[DiagnosticInfo](v)
}

// String prints type and value for people: "Double 3.5".
func (v Variant) String() string {
	if v.typ == TypeNull {
		return "null"
	}
	return fmt.Sprintf("%s %s", v.TypeName(), v.AppendJSON(nil))
}
