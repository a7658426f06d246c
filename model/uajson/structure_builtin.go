package uajson

import (
	"math"
	"strconv"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// style is how identifiers and the like stand in the JSON of a structure: with the URIs of their namespaces.
func (r *structureReader) style() style { return style{form: Verbose, ns: r.codec.ns} }

// scalar reads one value of a built-in type (Part 6, 5.2.2).
func (r *structureReader) scalar(t model.BuiltInType) {
	switch t {
	case model.TypeBoolean:
		r.out = strconv.AppendBool(r.out, r.uint8() != 0)
	case model.TypeSByte:
		r.int(int64(int8(r.uint8())))
	case model.TypeByte:
		r.int(int64(r.uint8()))
	case model.TypeInt16:
		r.int(int64(int16(r.uint16())))
	case model.TypeUInt16:
		r.int(int64(r.uint16()))
	case model.TypeInt32:
		r.int(int64(int32(r.uint32())))
	case model.TypeUInt32:
		r.int(int64(r.uint32()))
	case model.TypeInt64:
		r.int(int64(r.uint64()))
	case model.TypeUInt64:
		r.out = strconv.AppendUint(r.out, r.uint64(), 10)
	case model.TypeFloat:
		r.out = appendFloat(r.out, float64(math.Float32frombits(r.uint32())), 32)
	case model.TypeDouble:
		r.out = appendFloat(r.out, math.Float64frombits(r.uint64()), 64)
	case model.TypeString, model.TypeXMLElement:
		if b := r.bytes(); b != nil {
			r.out = appendText(r.out, alias(b))
		} else {
			r.text("null")
		}
	case model.TypeByteString:
		r.out = appendBytes(r.out, r.bytes())
	case model.TypeDateTime:
		if d := model.DateTime(r.uint64()); d.IsZero() {
			r.text("null")
		} else {
			r.out = appendDateTime(r.out, d)
		}
	default:
		r.composite(t)
	}
}

func (r *structureReader) int(n int64) { r.out = strconv.AppendInt(r.out, n, 10) }

// composite reads one value of the other built-in types.
func (r *structureReader) composite(t model.BuiltInType) {
	s := r.style()
	switch t {
	case model.TypeGUID:
		r.out = s.guid(r.out, r.guid())
	case model.TypeNodeID, model.TypeExpandedNodeID:
		r.out = s.expandedNodeID(r.out, r.expandedNodeID())
	case model.TypeStatusCode:
		r.out = s.statusCode(r.out, model.StatusCode(r.uint32()))
	case model.TypeQualifiedName:
		ns := r.uint16()
		r.out = s.qualifiedName(r.out, model.QualifiedName{Namespace: ns, Name: alias(r.bytes())})
	case model.TypeLocalizedText:
		r.out = s.localizedText(r.out, r.localizedText())
	case model.TypeExtensionObject:
		r.object()
	case model.TypeDataValue:
		r.nested((*structureReader).dataValue)
	case model.TypeVariant:
		r.nested((*structureReader).variant)
	case model.TypeDiagnosticInfo:
		r.nested((*structureReader).diagnosticInfo)
	default:
		r.failf(ErrType, "a value of type %v", t)
	}
}

func (r *structureReader) nested(read func(*structureReader)) {
	if r.enter() {
		read(r)
		r.leave()
	}
}

func (r *structureReader) guid() model.GUID {
	if b := r.take(16); len(b) == 16 {
		return model.GUIDFromWire((*[16]byte)(b))
	}
	return model.GUID{}
}

// expandedNodeID reads an ExpandedNodeId, or a NodeId, which is the same without its two flags (Part 6, 5.2.2.9 and 5.2.2.10).
func (r *structureReader) expandedNodeID() (e model.ExpandedNodeID) {
	const uri, server = 0x80, 0x40
	enc := r.uint8()
	switch kind := enc &^ (uri | server); kind {
	case 0:
		e.NodeID = model.NumericID(0, uint32(r.uint8()))
	case 1:
		ns := uint16(r.uint8())
		e.NodeID = model.NumericID(ns, uint32(r.uint16()))
	case 2, 3, 4, 5:
		ns := r.uint16()
		switch kind {
		case 2:
			e.NodeID = model.NumericID(ns, r.uint32())
		case 3:
			e.NodeID = model.StringID(ns, alias(r.bytes()))
		case 4:
			e.NodeID = model.GUIDID(ns, r.guid())
		case 5:
			e.NodeID = model.OpaqueID(ns, alias(r.bytes()))
		}
	default:
		r.failf(ErrMalformed, "node id encoding byte 0x%02x", enc)
	}
	if enc&uri != 0 {
		e.NamespaceURI = alias(r.bytes())
	}
	if enc&server != 0 {
		e.ServerIndex = r.uint32()
	}
	return e
}

func (r *structureReader) localizedText() (t model.LocalizedText) {
	mask := r.uint8()
	if mask&^3 != 0 {
		r.failf(ErrMalformed, "localized text encoding mask 0x%02x", mask)
	}
	if mask&1 != 0 {
		t.Locale = alias(r.bytes())
	}
	if mask&2 != 0 {
		t.Text = alias(r.bytes())
	}
	return t
}

// variant reads a Variant (Part 6, 5.2.2.16).
func (r *structureReader) variant() {
	const typeMask, matrix, array = 0x3F, 0x40, 0x80
	enc := r.uint8()
	t := model.BuiltInType(enc & typeMask)
	switch {
	case enc == 0 || r.err != nil:
		r.text("null")
		return
	case !t.Valid() || enc&matrix != 0 && enc&array == 0 || t == model.TypeVariant && enc&array == 0:
		r.failf(ErrMalformed, "variant encoding byte 0x%02x", enc)
		return
	}
	r.out = strconv.AppendUint(append(r.out, `{"UaType":`...), uint64(t), 10)
	r.variantValue(t, enc&array != 0, enc&matrix != 0)
	r.out = append(r.out, '}')
}

// variantValue reads what a Variant holds.
func (r *structureReader) variantValue(t model.BuiltInType, array, matrix bool) {
	r.text(`,"Value":`)
	if !array {
		r.scalar(t)
		return
	}
	m := structureMember{builtIn: t}
	r.array(&m)
	if !matrix {
		return
	}
	r.text(`,"Dimensions":`)
	m.builtIn = model.TypeInt32
	r.array(&m)
}

// dataValue reads a DataValue (Part 6, 5.2.2.17).
func (r *structureReader) dataValue() {
	mask := r.uint8()
	if mask&0xC0 != 0 {
		r.failf(ErrMalformed, "data value encoding mask 0x%02x", mask)
	}
	r.out = append(r.out, '{')
	if mask&0x01 != 0 {
		enc := r.uint8()
		t := model.BuiltInType(enc & 0x3F)
		switch {
		case enc == 0 || r.err != nil:
		case !t.Valid() || enc&0xC0 == 0x40 || t == model.TypeVariant && enc&0x80 == 0:
			r.failf(ErrMalformed, "variant encoding byte 0x%02x", enc)
		default:
			r.out = strconv.AppendUint(append(r.out, `"UaType":`...), uint64(t), 10)
			r.variantValue(t, enc&0x80 != 0, enc&0x40 != 0)
		}
	}
	var d model.DataValue
	if mask&0x02 != 0 {
		d.Status = model.StatusCode(r.uint32())
	}
	if mask&0x04 != 0 {
		d.SourceTimestamp = model.DateTime(r.uint64())
	}
	if mask&0x10 != 0 {
		d.SourcePicoseconds = min(r.uint16(), maxPicoseconds)
	}
	if mask&0x08 != 0 {
		d.ServerTimestamp = model.DateTime(r.uint64())
	}
	if mask&0x20 != 0 {
		d.ServerPicoseconds = min(r.uint16(), maxPicoseconds)
	}
	r.out = append(r.style().quality(r.out, &d, fieldDataValue, &clock{}), '}')
}

// diagnosticInfo reads a DiagnosticInfo (Part 6, 5.2.2.12).
func (r *structureReader) diagnosticInfo() {
	mask := r.uint8()
	r.out = append(r.out, '{')
	for _, index := range [...]struct {
		bit  uint8
		name string
	}{{0x01, `"SymbolicId":`}, {0x02, `"NamespaceUri":`}, {0x08, `"Locale":`}, {0x04, `"LocalizedText":`}} {
		if mask&index.bit != 0 {
			r.out = appendIndex(r.out, index.name, int32(r.uint32()))
		}
	}
	if mask&0x10 != 0 {
		r.out = appendText(append(comma(r.out), `"AdditionalInfo":`...), alias(r.bytes()))
	}
	if mask&0x20 != 0 {
		r.out = r.style().statusCode(append(comma(r.out), `"InnerStatusCode":`...), model.StatusCode(r.uint32()))
	}
	if mask&0x40 != 0 {
		r.out = append(comma(r.out), `"InnerDiagnosticInfo":`...)
		r.nested((*structureReader).diagnosticInfo)
	}
	r.out = append(r.out, '}')
}
