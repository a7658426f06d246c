package uadp

import "github.com/shopfloor-iiot/shopfloor/model"

// The bits of the encoding bytes of the binary encoding (Part 6, 5.2.2).
const (
	variantTypeMask   = 0x3F
	variantDimensions = 0x40
	variantArray      = 0x80

	dataValueValue             = 0x01
	dataValueStatus            = 0x02
	dataValueSourceTimestamp   = 0x04
	dataValueServerTimestamp   = 0x08
	dataValueSourcePicoSeconds = 0x10
	dataValueServerPicoSeconds = 0x20
	dataValueReserved          = 0xC0

	nodeIDTwoByte      = 0x00
	nodeIDFourByte     = 0x01
	nodeIDNumeric      = 0x02
	nodeIDString       = 0x03
	nodeIDGUID         = 0x04
	nodeIDOpaque       = 0x05
	nodeIDServerIndex  = 0x40
	nodeIDNamespaceURI = 0x80

	localizedTextLocale = 0x01
	localizedTextText   = 0x02

	diagnosticSymbolicID      = 0x01
	diagnosticNamespaceURI    = 0x02
	diagnosticLocalizedText   = 0x04
	diagnosticLocale          = 0x08
	diagnosticAdditionalInfo  = 0x10
	diagnosticInnerStatusCode = 0x20
	diagnosticInner           = 0x40

	maxPicoSeconds = 9999
	// lastReservedType is the last type number that stands for a ByteString of a later version (Part 6, 5.2.2.16).
	lastReservedType = 31
)

// variant reads a Variant (Part 6, 5.2.2.16).
func (r *reader) variant() model.Variant {
	enc := r.uint8()
	t := model.BuiltInType(enc & variantTypeMask)
	switch {
	case enc == 0:
		return model.Variant{}
	case t > lastReservedType:
		r.failf(ErrMalformed, "variant of type %d", t)
		return model.Variant{}
	case t > model.TypeDiagnosticInfo:
		t = model.TypeByteString
	}
	switch {
	case enc&variantArray != 0 && t != model.TypeNull:
		return r.variantArray(t, enc&variantDimensions != 0)
	case enc&(variantArray|variantDimensions) != 0:
		r.failf(ErrMalformed, "variant encoding byte 0x%02x", enc)
		return model.Variant{}
	}
	return r.scalar(t)
}

// scalar reads one value of type t.
func (r *reader) scalar(t model.BuiltInType) model.Variant {
	switch t {
	case model.TypeBoolean:
		return model.BooleanValue(r.bool())
	case model.TypeSByte:
		return model.SByteValue(int8(r.uint8()))
	case model.TypeByte:
		return model.ByteValue(r.uint8())
	case model.TypeInt16:
		return model.Int16Value(int16(r.uint16()))
	case model.TypeUInt16:
		return model.UInt16Value(r.uint16())
	case model.TypeInt32:
		return model.Int32Value(int32(r.uint32()))
	case model.TypeUInt32:
		return model.UInt32Value(r.uint32())
	case model.TypeInt64:
		return model.Int64Value(int64(r.uint64()))
	case model.TypeUInt64:
		return model.UInt64Value(r.uint64())
	case model.TypeFloat:
		return model.FloatValue(r.float32())
	case model.TypeDouble:
		return model.DoubleValue(r.float64())
	case model.TypeDateTime:
		return model.DateTimeValue(model.DateTime(r.uint64()))
	case model.TypeStatusCode:
		return model.StatusCodeValue(model.StatusCode(r.uint32()))
	case model.TypeString:
		b := r.bytes()
		if b == nil {
			return model.NullStringValue()
		}
		return model.StringValue(alias(b))
	case model.TypeByteString:
		return model.ByteStringValue(r.bytes())
	case model.TypeXMLElement:
		b := r.bytes()
		if b == nil {
			return model.NullXMLElementValue()
		}
		return model.XMLElementValue(model.XMLElement(alias(b)))
	}
	return r.composite(t)
}

// composite reads one value of a type that a Variant points to.
func (r *reader) composite(t model.BuiltInType) model.Variant {
	switch t {
	case model.TypeGUID:
		v := r.pool.guids.one()
		*v = r.guid()
		return model.GUIDValue(v)
	case model.TypeNodeID:
		if r.namespaces != nil {
			v := r.pool.expandedNodeIDs.one()
			*v = r.expandedFromNodeID()
			return model.ExpandedNodeIDValue(v)
		}
		v := r.pool.nodeIDs.one()
		*v = r.nodeID()
		return model.NodeIDValue(v)
	case model.TypeExpandedNodeID:
		v := r.pool.expandedNodeIDs.one()
		*v = r.expandedNodeID()
		return model.ExpandedNodeIDValue(v)
	case model.TypeQualifiedName:
		v := r.pool.qualifiedNames.one()
		*v = r.qualifiedName()
		return model.QualifiedNameValue(v)
	case model.TypeLocalizedText:
		v := r.pool.localizedTexts.one()
		*v = r.localizedText()
		return model.LocalizedTextValue(v)
	case model.TypeExtensionObject:
		v := r.pool.extensionObjects.one()
		*v = r.extensionObject()
		return model.ExtensionObjectValue(v)
	case model.TypeDataValue:
		v := r.pool.dataValues.one()
		r.nestedDataValue(v)
		return model.DataValueValue(v)
	case model.TypeDiagnosticInfo:
		v := r.pool.diagnosticInfos.one()
		r.diagnosticInfo(v)
		return model.DiagnosticInfoValue(v)
	}
	r.failf(ErrMalformed, "a single value of type %v", t) // a Variant holds no Variant but in an array
	return model.Variant{}
}

// dataValue reads a DataValue (Part 6, 5.2.2.17).
func (r *reader) dataValue(v *model.DataValue) {
	mask := r.uint8()
	*v = model.DataValue{}
	if mask&dataValueReserved != 0 {
		r.failf(ErrReserved, "data value encoding mask 0x%02x", mask)
		return
	}
	if mask&dataValueValue != 0 {
		v.Value = r.variant()
	}
	if mask&dataValueStatus != 0 {
		v.Status = model.StatusCode(r.uint32())
	}
	if mask&dataValueSourceTimestamp != 0 {
		v.SourceTimestamp = model.DateTime(r.uint64())
	}
	if mask&dataValueSourcePicoSeconds != 0 {
		v.SourcePicoseconds = min(r.uint16(), maxPicoSeconds)
	}
	if mask&dataValueServerTimestamp != 0 {
		v.ServerTimestamp = model.DateTime(r.uint64())
	}
	if mask&dataValueServerPicoSeconds != 0 {
		v.ServerPicoseconds = min(r.uint16(), maxPicoSeconds)
	}
}

// nestedDataValue reads a DataValue within a Variant.
func (r *reader) nestedDataValue(v *model.DataValue) {
	if r.enter() {
		r.dataValue(v)
		r.leave()
	}
}

// guid reads a Guid (Part 6, 5.2.2.6).
func (r *reader) guid() model.GUID {
	if b := r.take(16); b != nil {
		return model.GUIDFromWire((*[16]byte)(b))
	}
	return model.GUID{}
}

// nodeID reads a NodeId (Part 6, 5.2.2.9).
func (r *reader) nodeID() model.NodeID {
	enc := r.uint8()
	if enc&(nodeIDNamespaceURI|nodeIDServerIndex) != 0 {
		r.failf(ErrMalformed, "node id encoding byte 0x%02x", enc)
		return model.NodeID{}
	}
	return r.identifier(enc)
}

func (r *reader) identifier(enc uint8) model.NodeID {
	switch enc {
	case nodeIDTwoByte:
		return model.NumericID(0, uint32(r.uint8()))
	case nodeIDFourByte:
		ns := uint16(r.uint8())
		return model.NumericID(ns, uint32(r.uint16()))
	}
	ns := r.uint16()
	switch enc {
	case nodeIDNumeric:
		return model.NumericID(ns, r.uint32())
	case nodeIDString:
		return model.StringID(ns, r.string())
	case nodeIDGUID:
		g := r.guid()
		if r.err != nil {
			return model.NodeID{}
		}
		return r.pool.guidIDs.get(ns, g)
	case nodeIDOpaque:
		return model.OpaqueID(ns, r.string())
	}
	r.failf(ErrMalformed, "node id encoding byte 0x%02x", enc)
	return model.NodeID{}
}

// expandedFromNodeID reads a NodeId and replaces its index.
func (r *reader) expandedFromNodeID() model.ExpandedNodeID { return r.namespaces.Expand(r.nodeID()) }

// expandedNodeID reads an ExpandedNodeId and replaces an index, when there is a table.
func (r *reader) expandedNodeID() model.ExpandedNodeID {
	e := r.rawExpandedNodeID()
	if r.namespaces == nil {
		return e
	}
	if e.NamespaceURI != "" {
		e.NodeID = e.WithNamespace(0)
	}
	return r.namespaces.ExpandExpanded(e)
}

// rawExpandedNodeID reads an ExpandedNodeId (Part 6, 5.2.2.10).
func (r *reader) rawExpandedNodeID() model.ExpandedNodeID {
	enc := r.uint8()
	e := model.ExpandedNodeID{NodeID: r.identifier(enc &^ (nodeIDNamespaceURI | nodeIDServerIndex))}
	if enc&nodeIDNamespaceURI != 0 {
		e.NamespaceURI = r.string()
	}
	if enc&nodeIDServerIndex != 0 {
		e.ServerIndex = r.uint32()
	}
	return e
}

// qualifiedName reads a QualifiedName (Part 6, 5.2.2.13).
func (r *reader) qualifiedName() model.QualifiedName {
	q := model.QualifiedName{Namespace: r.uint16()}
	q.Name = r.string()
	if q.Namespace != 0 && int(q.Namespace) < len(r.namespaces) {
		q.NamespaceURI = r.namespaces[q.Namespace]
	}
	return q
}

// localizedText reads a LocalizedText (Part 6, 5.2.2.14).
func (r *reader) localizedText() (t model.LocalizedText) {
	mask := r.uint8()
	if mask&^(localizedTextLocale|localizedTextText) != 0 {
		r.failf(ErrMalformed, "localized text encoding mask 0x%02x", mask)
	}
	if mask&localizedTextLocale != 0 {
		t.Locale = r.string()
	}
	if mask&localizedTextText != 0 {
		t.Text = r.string()
	}
	return t
}

// extensionObject reads an ExtensionObject (Part 6, 5.2.2.15). The standard has a NodeId for its type; the form of an
// ExpandedNodeId, which some publishers send to name the namespace by its URI, is taken too.
func (r *reader) extensionObject() model.ExtensionObject {
	e := model.ExtensionObject{TypeID: r.expandedNodeID(), Encoding: model.ExtensionEncoding(r.uint8())}
	switch e.Encoding {
	case model.ExtensionNoBody:
	case model.ExtensionBinary, model.ExtensionXML:
		e.Body = r.bytes()
	default:
		r.failf(ErrMalformed, "extension object encoding %d", e.Encoding)
	}
	return e
}

// diagnosticInfo reads a DiagnosticInfo (Part 6, 5.2.2.12).
func (r *reader) diagnosticInfo(d *model.DiagnosticInfo) {
	mask := r.uint8()
	*d = model.DiagnosticInfo{SymbolicID: -1, NamespaceURI: -1, Locale: -1, LocalizedText: -1}
	if mask&diagnosticSymbolicID != 0 {
		d.SymbolicID = int32(r.uint32())
	}
	if mask&diagnosticNamespaceURI != 0 {
		d.NamespaceURI = int32(r.uint32())
	}
	if mask&diagnosticLocale != 0 {
		d.Locale = int32(r.uint32())
	}
	if mask&diagnosticLocalizedText != 0 {
		d.LocalizedText = int32(r.uint32())
	}
	if mask&diagnosticAdditionalInfo != 0 {
		d.AdditionalInfo = r.string()
	}
	if mask&diagnosticInnerStatusCode != 0 {
		d.InnerStatusCode = model.StatusCode(r.uint32())
	}
	if mask&diagnosticInner != 0 && r.err == nil && r.enter() {
		d.InnerDiagnosticInfo = r.pool.diagnosticInfos.one()
		r.diagnosticInfo(d.InnerDiagnosticInfo)
		r.leave()
	}
}
