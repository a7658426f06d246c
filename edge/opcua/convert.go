package opcua

import (
	"time"

	"github.com/gopcua/opcua/ua"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// converter makes model values of gopcua's. NodeIds become ExpandedNodeIds with the namespace URI and QualifiedNames get theirs, as those who
// use the values do not know the session. Values point into what gopcua decoded, which stays as it is. Scalars of numeric types, texts and
// byte strings do not allocate.
type converter struct {
	namespaces model.NamespaceTable
	raw        *rawTypes
}

// dataValue converts from. A structure whose body was dropped makes a Good status BadDataTypeIdUnknown; known is then false, and the
// same value comes whole when it is read again.
func (c *converter) dataValue(from *ua.DataValue, to *model.DataValue) (known bool) {
	to.Value, known = c.variant(from.Value)
	to.Status = model.StatusCode(from.Status)
	if !known && !to.Status.IsBad() {
		to.Value, to.Status = model.Variant{}, model.StatusBadDataTypeIdUnknown
	}
	to.SourceTimestamp, to.ServerTimestamp = dateTime(from.SourceTimestamp), dateTime(from.ServerTimestamp)
	to.SourcePicoseconds, to.ServerPicoseconds = from.SourcePicoseconds, from.ServerPicoseconds
	return known
}

// variant converts v; nil is null.
func (c *converter) variant(v *ua.Variant) (_ model.Variant, known bool) {
	if v == nil {
		return model.Variant{}, true
	}
	switch x := v.Value().(type) {
	case float64:
		return model.DoubleValue(x), true
	case float32:
		return model.FloatValue(x), true
	case bool:
		return model.BooleanValue(x), true
	case int8:
		return model.SByteValue(x), true
	case uint8:
		return model.ByteValue(x), true
	case int16:
		return model.Int16Value(x), true
	case uint16:
		return model.UInt16Value(x), true
	case int32:
		return model.Int32Value(x), true
	case uint32:
		return model.UInt32Value(x), true
	case int64:
		return model.Int64Value(x), true
	case uint64:
		return model.UInt64Value(x), true
	case string:
		return model.StringValue(x), true
	case []byte:
		return model.ByteStringValue(x), true
	}
	if v.Has(ua.VariantArrayValues) {
		return c.array(v)
	}
	return c.scalar(v.Value())
}

// scalar converts the types that are not in variant.
func (c *converter) scalar(value any) (_ model.Variant, known bool) {
	switch x := value.(type) {
	case ua.StatusCode:
		return model.StatusCodeValue(model.StatusCode(x)), true
	case ua.XMLElement:
		return model.XMLElementValue(model.XMLElement(x)), true
	case *ua.Variant: // a Variant holds no scalar Variant (Part 6, 5.1.6): what is in it is meant
		return c.variant(x)
	case *ua.GUID:
		g := guid(x)
		return model.GUIDValue(&g), true
	case *ua.NodeID:
		id := c.namespaces.Expand(nodeID(x))
		return model.ExpandedNodeIDValue(&id), true
	case *ua.ExpandedNodeID:
		id := expandExpanded(c.namespaces, x)
		return model.ExpandedNodeIDValue(&id), true
	case *ua.QualifiedName:
		q := qualifiedName(c.namespaces, x)
		return model.QualifiedNameValue(&q), true
	case *ua.LocalizedText:
		t := localizedText(x)
		return model.LocalizedTextValue(&t), true
	case *ua.ExtensionObject:
		e, known := c.extensionObject(x)
		return model.ExtensionObjectValue(&e), known
	case *ua.DataValue:
		var d model.DataValue
		known := c.dataValue(x, &d)
		return model.DataValueValue(&d), known
	case *ua.DiagnosticInfo:
		d := diagnosticInfo(x, 0)
		return model.DiagnosticInfoValue(&d), true
	case time.Time:
		return model.DateTimeValue(dateTime(x)), true
	}
	return model.Variant{}, true
}

func guid(g *ua.GUID) model.GUID {
	var b [16]byte
	b[0], b[1], b[2], b[3] = byte(g.Data1>>24), byte(g.Data1>>16), byte(g.Data1>>8), byte(g.Data1)
	b[4], b[5], b[6], b[7] = byte(g.Data2>>8), byte(g.Data2), byte(g.Data3>>8), byte(g.Data3)
	copy(b[8:], g.Data4)
	return b
}

// maxDiagnosticDepth bounds what a server may nest.
const maxDiagnosticDepth = 16

func diagnosticInfo(d *ua.DiagnosticInfo, depth int) model.DiagnosticInfo {
	r := model.DiagnosticInfo{SymbolicID: -1, NamespaceURI: -1, Locale: -1, LocalizedText: -1}
	if d == nil {
		return r
	}
	for _, index := range []struct {
		mask byte
		from int32
		to   *int32
	}{
		{ua.DiagnosticInfoSymbolicID, d.SymbolicID, &r.SymbolicID},
		{ua.DiagnosticInfoNamespaceURI, d.NamespaceURI, &r.NamespaceURI},
		{ua.DiagnosticInfoLocale, d.Locale, &r.Locale},
		{ua.DiagnosticInfoLocalizedText, d.LocalizedText, &r.LocalizedText},
	} {
		if d.Has(index.mask) {
			*index.to = index.from
		}
	}
	r.AdditionalInfo, r.InnerStatusCode = d.AdditionalInfo, model.StatusCode(d.InnerStatusCode)
	if d.InnerDiagnosticInfo != nil && depth < maxDiagnosticDepth {
		inner := diagnosticInfo(d.InnerDiagnosticInfo, depth+1)
		r.InnerDiagnosticInfo = &inner
	}
	return r
}
