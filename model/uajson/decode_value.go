package uajson

import (
	"math"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// miss notes that node i is not of the type it should be, unless the reason is known to be within it.
func (r *reader) miss(i uint32) (model.Variant, bool) {
	if r.missed < i || r.missed >= r.next(i) {
		r.missed = i
	}
	return model.Variant{}, false
}

// typed reads a value of type t, scalar or array, in any of the forms; dims is the node of its Dimensions, 0 if there are none. ok is
// false if it is none, and r.missed then the place.
func (r *reader) typed(i uint32, t model.BuiltInType, dims uint32) (v model.Variant, ok bool) {
	switch k := r.kind(i); {
	case k == kindArray:
		return r.array(i, t, dims)
	case k == kindObject && t != model.TypeVariant:
		if m := r.members(i); m.only(maskMatrix) && m.has(memberArray) && r.kind(m.at[memberArray]) == kindArray {
			return r.array(m.at[memberArray], t, m.at[memberDimensions])
		}
	case k == kindNull && (dims != 0 || t <= model.TypeDouble || t == model.TypeStatusCode || t == model.TypeVariant): // which are never null alone
		return model.NullArrayValue(t), true
	case k == kindNull:
		return r.zero(t), true
	}
	return r.scalar(i, t)
}

// zero is the value of type t that is meant where none is written.
func (r *reader) zero(t model.BuiltInType) model.Variant {
	switch t {
	case model.TypeString:
		return model.NullStringValue()
	case model.TypeByteString:
		return model.ByteStringValue(nil)
	case model.TypeGUID:
		return model.GUIDValue(r.pool.guids.one(model.GUID{}))
	case model.TypeNodeID:
		return model.NodeIDValue(r.pool.nodeIDs.one(model.NodeID{}))
	case model.TypeExpandedNodeID:
		return model.ExpandedNodeIDValue(r.pool.expandedNodeIDs.one(model.ExpandedNodeID{}))
	case model.TypeQualifiedName:
		return model.QualifiedNameValue(r.pool.qualifiedNames.one(model.QualifiedName{}))
	case model.TypeLocalizedText:
		return model.LocalizedTextValue(r.pool.localizedTexts.one(model.LocalizedText{}))
	case model.TypeExtensionObject:
		return model.ExtensionObjectValue(r.pool.extensionObjects.one(model.ExtensionObject{}))
	case model.TypeDataValue:
		return model.DataValueValue(nil)
	case model.TypeDiagnosticInfo:
		return model.DiagnosticInfoValue(nil)
	case model.TypeXMLElement:
		return model.XMLElementValue("")
	case model.TypeVariant:
		return model.Variant{}
	}
	return number(t, 0, 0, 0)
}

// number makes a Variant of one of the types that are numbers.
func number(t model.BuiltInType, n int64, u uint64, f float64) model.Variant {
	switch t {
	case model.TypeBoolean:
		return model.BooleanValue(n != 0)
	case model.TypeSByte:
		return model.SByteValue(int8(n))
	case model.TypeByte:
		return model.ByteValue(uint8(u))
	case model.TypeInt16:
		return model.Int16Value(int16(n))
	case model.TypeUInt16:
		return model.UInt16Value(uint16(u))
	case model.TypeInt32:
		return model.Int32Value(int32(n))
	case model.TypeUInt32:
		return model.UInt32Value(uint32(u))
	case model.TypeInt64:
		return model.Int64Value(n)
	case model.TypeUInt64:
		return model.UInt64Value(u)
	case model.TypeFloat:
		return model.FloatValue(float32(f))
	case model.TypeDouble:
		return model.DoubleValue(f)
	case model.TypeDateTime:
		return model.DateTimeValue(model.DateTime(n))
	case model.TypeStatusCode:
		return model.StatusCodeValue(model.StatusCode(u))
	}
	return model.Variant{}
}

// signedIn reads an integer that fits bits; an enumeration may be written as its name and number, "Running_2" (Part 6, 5.4.4).
func (r *reader) signedIn(i uint32, bits uint) (n int64, ok bool) {
	if n, ok = r.integer(i); !ok && bits == 32 && r.kind(i) == kindString {
		raw := r.raw(i)
		for j := len(raw) - 1; j > 0; j-- {
			if raw[j] == '_' {
				n, ok = parseInt(raw[j+1:])
				break
			}
		}
	}
	limit := int64(math.MaxInt64 >> (64 - bits))
	return n, ok && n <= limit && n >= -limit-1
}

func (r *reader) unsignedIn(i uint32, bits uint) (n uint64, ok bool) {
	n, ok = r.unsigned(i)
	return n, ok && n <= math.MaxUint64>>(64-bits)
}

// scalar reads a single value of type t.
func (r *reader) scalar(i uint32, t model.BuiltInType) (v model.Variant, ok bool) {
	var n int64
	var u uint64
	var f float64
	switch t {
	case model.TypeBoolean:
		var b bool
		b, ok = r.boolean(i)
		v = model.BooleanValue(b)
	case model.TypeSByte, model.TypeInt16, model.TypeInt32, model.TypeInt64:
		n, ok = r.signedIn(i, bitsOf(t))
		v = number(t, n, 0, 0)
	case model.TypeByte, model.TypeUInt16, model.TypeUInt32, model.TypeUInt64:
		u, ok = r.unsignedIn(i, bitsOf(t))
		if v = number(t, 0, u, 0); !ok && t == model.TypeByte {
			return r.byteArray(i)
		}
	case model.TypeFloat, model.TypeDouble:
		f, ok = r.float(i)
		v = number(t, 0, 0, f)
	case model.TypeString:
		var s string
		s, ok = r.string(i)
		v = model.StringValue(s)
	case model.TypeXMLElement:
		var s string
		s, ok = r.string(i)
		v = model.XMLElementValue(model.XMLElement(s))
	case model.TypeDateTime:
		var d model.DateTime
		d, ok = r.dateTime(i)
		v = model.DateTimeValue(d)
	case model.TypeByteString:
		var b []byte
		b, ok = r.byteString(i)
		v = model.ByteStringValue(b)
	case model.TypeStatusCode:
		var c model.StatusCode
		c, ok = r.statusCode(i)
		v = model.StatusCodeValue(c)
	default:
		return r.composite(i, t)
	}
	if !ok {
		return r.miss(i)
	}
	return v, true
}

// byteArray reads an array of Byte that was written as ByteString, as .NET does.
func (r *reader) byteArray(i uint32) (model.Variant, bool) {
	b, ok := r.byteString(i)
	if !ok {
		return r.miss(i)
	}
	return model.ArrayValueIn(r.pool.headers.one(model.ArrayHeader{}), b, nil), true
}

// byteString reads base64; null is nil.
func (r *reader) byteString(i uint32) ([]byte, bool) {
	switch r.kind(i) {
	case kindNull:
		return nil, true
	case kindString:
		return r.base64(i)
	}
	return nil, false
}

func bitsOf(t model.BuiltInType) uint {
	switch t {
	case model.TypeSByte, model.TypeByte:
		return 8
	case model.TypeInt16, model.TypeUInt16:
		return 16
	case model.TypeInt32, model.TypeUInt32:
		return 32
	}
	return 64
}

// composite reads a single value of a type that a Variant points to.
func (r *reader) composite(i uint32, t model.BuiltInType) (model.Variant, bool) {
	p := &r.pool
	switch t {
	case model.TypeGUID:
		if g, ok := r.guid(i); ok {
			return model.GUIDValue(p.guids.one(g)), true
		}
	case model.TypeNodeID, model.TypeExpandedNodeID:
		id, ok := r.expandedNodeID(i)
		switch {
		case !ok:
		case t == model.TypeNodeID && id.NamespaceURI == "" && id.ServerIndex == 0:
			return model.NodeIDValue(p.nodeIDs.one(id.NodeID)), true
		default: // a NodeId has no room for a URI
			return model.ExpandedNodeIDValue(p.expandedNodeIDs.one(id)), true
		}
	case model.TypeQualifiedName:
		if q, ok := r.qualifiedName(i); ok {
			return model.QualifiedNameValue(p.qualifiedNames.one(q)), true
		}
	case model.TypeLocalizedText:
		if t, ok := r.localizedText(i); ok {
			return model.LocalizedTextValue(p.localizedTexts.one(t)), true
		}
	case model.TypeExtensionObject:
		if o, ok := r.extensionObject(i); ok {
			return model.ExtensionObjectValue(p.extensionObjects.one(o)), true
		}
	case model.TypeDataValue:
		if d, ok := r.dataValueOf(i); ok {
			return model.DataValueValue(p.dataValues.one(d)), true
		}
		return model.Variant{}, false
	case model.TypeVariant:
		return r.untyped(i)
	case model.TypeDiagnosticInfo:
		if d, ok := r.diagnosticInfo(i); ok {
			return model.DiagnosticInfoValue(p.diagnosticInfos.one(d)), true
		}
	}
	return r.miss(i)
}
