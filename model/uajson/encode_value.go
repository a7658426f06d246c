package uajson

import (
	"encoding/base64"
	"strconv"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// style is how values are written. Its methods append one value each.
type style struct {
	form Form
	// raw leaves out the types in Verbose (Part 14, 7.2.5.4.3).
	raw bool
	// ns names the namespaces of the indices in values; without it indices are written.
	ns model.NamespaceTable
}

// variant appends a Variant (Part 6, 5.4.2.17 and H.8).
func (s style) variant(dst []byte, v model.Variant) []byte {
	t := v.Type()
	switch {
	case t == model.TypeNull:
		return append(dst, "null"...)
	case s.form == NonReversible:
		return s.inline(dst, v)
	}
	dst = append(dst, '{')
	if s.form == Reversible {
		dst = strconv.AppendUint(append(dst, `"Type":`...), uint64(t), 10)
	} else if !s.raw {
		dst = strconv.AppendUint(append(dst, `"UaType":`...), uint64(t), 10)
	}
	return append(s.variantValue(dst, v), '}')
}

// variantValue appends the members that hold the value of a Variant, as far as there is one.
func (s style) variantValue(dst []byte, v model.Variant) []byte {
	name := `"Value":`
	if s.form == Reversible {
		name = `"Body":`
	}
	switch {
	case v.IsArray() && v.IsNull(): // nothing at all would be a scalar
		return append(append(comma(dst), name...), "null"...)
	case isNull(v):
		return dst
	}
	dst = s.plain(append(comma(dst), name...), v)
	if dims := v.Dimensions(); len(dims) > 1 {
		dst = s.dimensions(append(dst, `,"Dimensions":`...), dims)
	}
	return dst
}

// comma appends a comma, but to the begin of an object or array.
func comma(dst []byte) []byte {
	if c := dst[len(dst)-1]; c != '{' && c != '[' {
		dst = append(dst, ',')
	}
	return dst
}

// isNull tells whether a scalar or an array is NULL by Part 6, Table 1: zero, for the types that are nullable.
func isNull(v model.Variant) bool {
	if v.IsNull() {
		return true
	}
	if v.IsArray() {
		return false
	}
	switch v.Type() {
	case model.TypeDateTime:
		return v.DateTime().IsZero()
	case model.TypeGUID:
		return v.GUID() == model.GUID{}
	case model.TypeNodeID:
		return v.NodeID().IsNull()
	case model.TypeExpandedNodeID:
		return v.ExpandedNodeID().IsNull()
	case model.TypeQualifiedName:
		return v.QualifiedName() == model.QualifiedName{}
	case model.TypeLocalizedText:
		return v.LocalizedText() == model.LocalizedText{}
	case model.TypeExtensionObject:
		return isNullObject(v.ExtensionObject())
	}
	return false
}

// isNullObject tells whether a structure is NULL: it has neither a type nor a member.
func isNullObject(o model.ExtensionObject) bool {
	return o.TypeID.IsNull() && (len(o.Body) == 0 || o.Encoding == model.ExtensionJSON && string(o.Body) == "{}")
}

// inline appends a value as a field of a structure: without its type, a matrix with its dimensions (Part 6, 5.4.5 and H.9).
func (s style) inline(dst []byte, v model.Variant) []byte {
	dims := v.Dimensions()
	switch {
	case isNull(v):
		return append(dst, "null"...)
	case len(dims) < 2:
		return s.plain(dst, v)
	case s.form.old():
		return s.elements(dst, v, dims)
	}
	dst = s.elements(append(dst, `{"Array":`...), v, nil)
	return append(s.dimensions(append(dst, `,"Dimensions":`...), dims), '}')
}

func (s style) dimensions(dst []byte, dims []int32) []byte {
	dst = append(dst, '[')
	for _, d := range dims {
		dst = strconv.AppendInt(comma(dst), int64(d), 10)
	}
	return append(dst, ']')
}

// plain appends a value without its type, a matrix in one row.
func (s style) plain(dst []byte, v model.Variant) []byte {
	if v.IsArray() {
		return s.elements(dst, v, nil)
	}
	switch v.Type() {
	case model.TypeBoolean:
		return strconv.AppendBool(dst, v.Bool())
	case model.TypeSByte, model.TypeInt16, model.TypeInt32:
		return strconv.AppendInt(dst, v.Int(), 10)
	case model.TypeByte, model.TypeUInt16, model.TypeUInt32:
		return strconv.AppendUint(dst, v.Uint(), 10)
	case model.TypeInt64:
		return s.int64(dst, v.Int())
	case model.TypeUInt64:
		return s.uint64(dst, v.Uint())
	case model.TypeFloat:
		return appendFloat(dst, v.Float(), 32)
	case model.TypeDouble:
		return appendFloat(dst, v.Float(), 64)
	case model.TypeString, model.TypeXMLElement:
		return appendText(dst, v.Text())
	case model.TypeDateTime:
		return appendDateTime(dst, v.DateTime())
	case model.TypeGUID:
		return s.guid(dst, v.GUID())
	case model.TypeByteString:
		return appendBytes(dst, v.Bytes())
	case model.TypeNodeID:
		return s.nodeID(dst, v.NodeID())
	case model.TypeExpandedNodeID:
		return s.expandedNodeID(dst, v.ExpandedNodeID())
	case model.TypeStatusCode:
		return s.statusCode(dst, v.StatusCode())
	case model.TypeQualifiedName:
		return s.qualifiedName(dst, v.QualifiedName())
	case model.TypeLocalizedText:
		return s.localizedText(dst, v.LocalizedText())
	case model.TypeExtensionObject:
		return s.extensionObject(dst, v.ExtensionObject())
	case model.TypeDataValue:
		return s.dataValue(dst, v.DataValue())
	case model.TypeDiagnosticInfo:
		return s.diagnosticInfo(dst, v.DiagnosticInfo())
	}
	return append(dst, "null"...)
}

// int64 and uint64 are strings, since many readers of JSON have no 64-bit integers (Part 6, 5.4.2.3).
func (s style) int64(dst []byte, n int64) []byte {
	return append(strconv.AppendInt(append(dst, '"'), n, 10), '"')
}

func (s style) uint64(dst []byte, n uint64) []byte {
	return append(strconv.AppendUint(append(dst, '"'), n, 10), '"')
}

// appendBytes appends a ByteString in base64.
func appendBytes(dst, b []byte) []byte {
	if b == nil {
		return append(dst, "null"...)
	}
	return append(base64.StdEncoding.AppendEncode(append(dst, '"'), b), '"')
}

// statusCode appends a StatusCode (Part 6, 5.4.2.12 and H.4).
func (s style) statusCode(dst []byte, c model.StatusCode) []byte {
	switch {
	case s.form == Reversible:
		return strconv.AppendUint(dst, uint64(c), 10)
	case c == 0:
		return append(dst, "{}"...)
	}
	dst = strconv.AppendUint(append(dst, `{"Code":`...), uint64(c), 10)
	if s.form != Compact {
		if name := symbol(c); name != "" {
			dst = append(append(append(dst, `,"Symbol":"`...), name...), '"')
		}
	}
	return append(dst, '}')
}

// dataValue appends a DataValue within another value (Part 6, 5.4.2.18).
func (s style) dataValue(dst []byte, d model.DataValue) []byte {
	dst = append(dst, '{')
	switch t := d.Value.Type(); {
	case t == model.TypeNull:
	case s.form.old():
		dst = s.variant(append(dst, `"Value":`...), d.Value)
	default:
		if !s.raw {
			dst = strconv.AppendUint(append(dst, `"UaType":`...), uint64(t), 10)
		}
		dst = s.variantValue(dst, d.Value)
	}
	return append(s.quality(dst, &d, fieldDataValue, &clock{}), '}')
}

// quality appends the members of a DataValue behind its value, as far as content asks for them and they are not the default.
func (s style) quality(dst []byte, d *model.DataValue, content FieldContentMask, c *clock) []byte {
	if d.Status != 0 && content&FieldStatusCode != 0 {
		dst = s.statusCode(append(comma(dst), `"Status":`...), d.Status)
	}
	if !d.SourceTimestamp.IsZero() && content&FieldSourceTimestamp != 0 {
		dst = c.append(append(comma(dst), `"SourceTimestamp":`...), d.SourceTimestamp)
		if d.SourcePicoseconds != 0 && content&FieldSourcePicoSeconds != 0 {
			dst = strconv.AppendUint(append(dst, `,"SourcePicoseconds":`...), uint64(d.SourcePicoseconds), 10)
		}
	}
	if !d.ServerTimestamp.IsZero() && content&FieldServerTimestamp != 0 {
		dst = c.append(append(comma(dst), `"ServerTimestamp":`...), d.ServerTimestamp)
		if d.ServerPicoseconds != 0 && content&FieldServerPicoSeconds != 0 {
			dst = strconv.AppendUint(append(dst, `,"ServerPicoseconds":`...), uint64(d.ServerPicoseconds), 10)
		}
	}
	return dst
}

// diagnosticInfo appends a DiagnosticInfo (Part 6, 5.4.2.13).
func (s style) diagnosticInfo(dst []byte, d model.DiagnosticInfo) []byte {
	dst = append(dst, '{')
	dst = appendIndex(dst, `"SymbolicId":`, d.SymbolicID)
	dst = appendIndex(dst, `"NamespaceUri":`, d.NamespaceURI)
	dst = appendIndex(dst, `"Locale":`, d.Locale)
	dst = appendIndex(dst, `"LocalizedText":`, d.LocalizedText)
	if d.AdditionalInfo != "" {
		dst = appendText(append(comma(dst), `"AdditionalInfo":`...), d.AdditionalInfo)
	}
	if d.InnerStatusCode != 0 {
		dst = s.statusCode(append(comma(dst), `"InnerStatusCode":`...), d.InnerStatusCode)
	}
	if d.InnerDiagnosticInfo != nil {
		dst = s.diagnosticInfo(append(comma(dst), `"InnerDiagnosticInfo":`...), *d.InnerDiagnosticInfo)
	}
	return append(dst, '}')
}

func appendIndex(dst []byte, name string, n int32) []byte {
	if n == -1 {
		return dst
	}
	return strconv.AppendInt(append(comma(dst), name...), int64(n), 10)
}
