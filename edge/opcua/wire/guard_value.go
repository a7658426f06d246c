package wire

import (
	"fmt"
	"reflect"

	"github.com/gopcua/opcua/ua"

	"github.com/shopfloor-iiot/shopfloor/model/uadp"
)

// nodeID follows (*ua.NodeID).Decode, which ignores the upper bits of the encoding byte, and returns that byte.
func (g *guard) nodeID() byte {
	encoding := g.r.Uint8()
	switch ua.NodeIDType(encoding & 0x0F) {
	case ua.NodeIDTypeTwoByte:
		g.r.Take(1)
	case ua.NodeIDTypeFourByte:
		g.r.Take(3)
	case ua.NodeIDTypeNumeric:
		g.r.Take(6)
	case ua.NodeIDTypeGUID:
		g.r.Take(18)
		g.take(structSize)
	case ua.NodeIDTypeString, ua.NodeIDTypeByteString:
		g.r.Take(2)
		g.take(len(g.r.Bytes()))
	default:
		g.r.Fail(fmt.Errorf("%w: node id encoding byte 0x%02x", uadp.ErrMalformed, encoding))
	}
	g.take(structSize)
	return encoding
}

func (g *guard) expandedNodeID() {
	encoding := g.nodeID()
	if encoding&0x80 != 0 {
		g.take(len(g.r.Bytes()))
	}
	if encoding&0x40 != 0 {
		g.r.Take(4)
	}
	g.take(structSize)
}

func (g *guard) localizedText() {
	mask := g.r.Uint8()
	if mask&ua.LocalizedTextLocale != 0 {
		g.take(len(g.r.Bytes()))
	}
	if mask&ua.LocalizedTextText != 0 {
		g.take(len(g.r.Bytes()))
	}
}

func (g *guard) diagnosticInfo() {
	if !g.r.Enter() {
		return
	}
	defer g.r.Leave()
	g.take(structSize)
	mask := g.r.Uint8()
	for _, bit := range []byte{ua.DiagnosticInfoSymbolicID, ua.DiagnosticInfoNamespaceURI, ua.DiagnosticInfoLocale, ua.DiagnosticInfoLocalizedText} {
		if mask&bit != 0 {
			g.r.Take(4)
		}
	}
	if mask&ua.DiagnosticInfoAdditionalInfo != 0 {
		g.take(len(g.r.Bytes()))
	}
	if mask&ua.DiagnosticInfoInnerStatusCode != 0 {
		g.r.Take(4)
	}
	if mask&ua.DiagnosticInfoInnerDiagnosticInfo != 0 {
		g.diagnosticInfo()
	}
}

func (g *guard) dataValue() {
	if !g.r.Enter() {
		return
	}
	defer g.r.Leave()
	g.take(variantSize)
	mask := g.r.Uint8()
	if mask&ua.DataValueValue != 0 {
		g.variant()
	}
	for _, part := range []struct {
		bit  byte
		size int
	}{
		{ua.DataValueStatusCode, 4},
		{ua.DataValueSourceTimestamp, 8},
		{ua.DataValueSourcePicoseconds, 2},
		{ua.DataValueServerTimestamp, 8},
		{ua.DataValueServerPicoseconds, 2},
	} {
		if mask&part.bit != 0 {
			g.r.Take(part.size)
		}
	}
}

// variant follows (*ua.Variant).Decode.
func (g *guard) variant() {
	if !g.r.Enter() {
		return
	}
	defer g.r.Leave()
	g.take(variantSize)
	mask := g.r.Uint8()
	t := ua.TypeID(mask & 0x3F)
	switch {
	case t == ua.TypeIDNull:
		return
	case t > ua.TypeIDDiagnosticInfo:
		g.r.Fail(fmt.Errorf("%w: a Variant of type %d", uadp.ErrMalformed, t))
		return
	case mask&ua.VariantArrayValues == 0:
		g.element(t)
		return
	}
	n := g.r.Count(1)
	if n > ua.MaxVariantArrayLength {
		g.r.Fail(fmt.Errorf("%w: an array of %d elements", ErrTooLarge, n))
	}
	for range max(n, 0) {
		if g.element(t); g.failed() {
			return
		}
	}
	if mask&ua.VariantArrayDimensions != 0 {
		g.dimensions(n)
	}
}

// dimensions of a matrix: gopcua takes none of length 0, and would multiply beyond 32 bits.
func (g *guard) dimensions(n int) {
	count := g.r.Count(4)
	if count > maxDimensions {
		g.r.Fail(fmt.Errorf("%w: a matrix of %d dimensions", ErrTooLarge, count))
	}
	product := int64(1)
	for range max(count, 0) {
		d := int64(int32(g.r.Uint32()))
		if product *= d; d < 1 || product > int64(max(n, 0)) {
			g.r.Fail(fmt.Errorf("%w: dimensions of an array of %d elements", uadp.ErrMalformed, n))
		}
		if g.failed() {
			return
		}
	}
	// Without dimensions gopcua takes it for an array.
	if count > 0 && product != int64(n) || count < 0 {
		g.r.Fail(fmt.Errorf("%w: dimensions of an array of %d elements", uadp.ErrMalformed, n))
	}
	g.take(max(n, 0) * stringSize)
}

// element is one value in a Variant.
func (g *guard) element(t ua.TypeID) {
	switch t {
	case ua.TypeIDBoolean, ua.TypeIDSByte, ua.TypeIDByte:
		g.r.Take(1)
	case ua.TypeIDInt16, ua.TypeIDUint16:
		g.r.Take(2)
	case ua.TypeIDInt32, ua.TypeIDUint32, ua.TypeIDFloat, ua.TypeIDStatusCode:
		g.r.Take(4)
	case ua.TypeIDInt64, ua.TypeIDUint64, ua.TypeIDDouble, ua.TypeIDDateTime:
		g.r.Take(8)
	case ua.TypeIDString, ua.TypeIDByteString, ua.TypeIDXMLElement:
		g.take(len(g.r.Bytes()) + stringSize)
	case ua.TypeIDGUID:
		g.r.Take(16)
		g.take(structSize)
	case ua.TypeIDNodeID:
		g.nodeID()
	case ua.TypeIDExpandedNodeID:
		g.expandedNodeID()
	case ua.TypeIDQualifiedName:
		g.r.Take(2)
		g.take(len(g.r.Bytes()) + structSize)
	case ua.TypeIDLocalizedText:
		g.localizedText()
		g.take(structSize)
	case ua.TypeIDExtensionObject:
		g.extensionObject()
	case ua.TypeIDDataValue:
		g.dataValue()
	case ua.TypeIDVariant:
		g.variant()
	case ua.TypeIDDiagnosticInfo:
		g.diagnosticInfo()
	}
}

// extensionObject follows (*ua.ExtensionObject).Decode, which decodes bodies of the types that are registered and drops the others.
func (g *guard) extensionObject() {
	if !g.r.Enter() {
		return
	}
	defer g.r.Leave()
	g.take(structSize)
	start := g.r.Rest()
	g.expandedNodeID()
	typeID := start[:len(start)-len(g.r.Rest())]
	mask := g.r.Uint8()
	if mask == ua.ExtensionObjectEmpty || g.failed() {
		return
	}
	body := g.r.Bytes()
	if len(body) == 0 || g.failed() {
		return
	}
	t := reflect.TypeFor[string]()
	if mask != ua.ExtensionObjectXML {
		if t = registered(typeID); t == nil {
			return
		}
	}
	inner := guard{memory: g.memory}
	inner.r.Nest(body, &g.r)
	inner.walk(t)
	g.memory = inner.memory
	if err := inner.r.Err(); err != nil {
		g.r.Fail(err)
	}
}

// registered returns what gopcua decodes a body of that type into, nil when it drops it. Its registry tells only by making one: so it is given an
// object with a body of one byte, which no type can do harm with.
func registered(typeID []byte) reflect.Type {
	var x ua.ExtensionObject
	probe := append(append(make([]byte, 0, len(typeID)+6), typeID...), ua.ExtensionObjectBinary, 1, 0, 0, 0, 0)
	_, _ = x.Decode(probe) // fails for most types: a byte is too short
	if x.Value == nil {
		return nil
	}
	return reflect.TypeOf(x.Value).Elem()
}
