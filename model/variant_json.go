package model

import (
	"encoding/base64"
	"encoding/json"
	"math"
	"strconv"
	"unicode/utf8"
)

// AppendJSON appends the plain value as JSON to dst: numbers and texts as such, 64-bit integers and the numbers that JSON
// lacks as strings, DateTime as RFC 3339, ByteString as base64, identifiers in their text form, a matrix as arrays of arrays. A
// structure is an object with its typeId and its encoded body. ParseVariant reads this form.
func (v Variant) AppendJSON(dst []byte) []byte { return v.appendJSON(dst, false) }

// appendJSON writes Variants and DataValues within v with their types when typed is true.
func (v Variant) appendJSON(dst []byte, typed bool) []byte {
	if v.IsNull() {
		return append(dst, "null"...)
	}
	if v.arr {
		return v.appendArray(dst, typed)
	}
	switch v.typ {
	case TypeBoolean:
		return strconv.AppendBool(dst, v.num != 0)
	case TypeSByte, TypeInt16, TypeInt32:
		return strconv.AppendInt(dst, int64(v.num), 10)
	case TypeByte, TypeUInt16, TypeUInt32:
		return strconv.AppendUint(dst, v.num, 10)
	case TypeInt64:
		return appendInt64(dst, int64(v.num))
	case TypeUInt64:
		return appendUInt64(dst, v.num)
	case TypeFloat:
		return appendFloat(dst, v.Float(), 32)
	case TypeDouble:
		return appendFloat(dst, v.Float(), 64)
	case TypeString, TypeXMLElement:
		return appendText(dst, v.Text())
	case TypeDateTime:
		return appendDateTime(dst, v.DateTime())
	case TypeStatusCode:
		return appendStatus(dst, v.StatusCode())
	case TypeGUID:
		return appendText(dst, v.GUID().String())
	case TypeByteString:
		return appendBytes(dst, v.Bytes())
	case TypeNodeID:
		return appendText(dst, v.NodeID().String())
	case TypeExpandedNodeID:
		return appendText(dst, v.ExpandedNodeID().String())
	case TypeQualifiedName:
		return appendQualifiedName(dst, v.QualifiedName())
	case TypeLocalizedText:
		return appendLocalizedText(dst, v.LocalizedText())
	case TypeExtensionObject:
		return appendExtensionObject(dst, v.ExtensionObject(), typed)
	case TypeDataValue:
		d := v.DataValue()
		return d.appendJSON(dst, typed)
	}
	return appendDiagnosticInfo(dst, v.DiagnosticInfo())
}

func (v Variant) appendArray(dst []byte, typed bool) []byte {
	d := v.Dimensions()
	switch v.typ {
	case TypeBoolean:
		return appendList(dst, Elements[bool](v), d, strconv.AppendBool)
	case TypeSByte:
		return appendList(dst, Elements[int8](v), d, func(b []byte, x int8) []byte { return strconv.AppendInt(b, int64(x), 10) })
	case TypeByte:
		return appendList(dst, Elements[uint8](v), d, func(b []byte, x uint8) []byte { return strconv.AppendUint(b, uint64(x), 10) })
	case TypeInt16:
		return appendList(dst, Elements[int16](v), d, func(b []byte, x int16) []byte { return strconv.AppendInt(b, int64(x), 10) })
	case TypeUInt16:
		return appendList(dst, Elements[uint16](v), d, func(b []byte, x uint16) []byte { return strconv.AppendUint(b, uint64(x), 10) })
	case TypeInt32:
		return appendList(dst, Elements[int32](v), d, func(b []byte, x int32) []byte { return strconv.AppendInt(b, int64(x), 10) })
	case TypeUInt32:
		return appendList(dst, Elements[uint32](v), d, func(b []byte, x uint32) []byte { return strconv.AppendUint(b, uint64(x), 10) })
	case TypeInt64:
		return appendList(dst, Elements[int64](v), d, appendInt64)
	case TypeUInt64:
		return appendList(dst, Elements[uint64](v), d, appendUInt64)
	case TypeFloat:
		return appendList(dst, Elements[float32](v), d, func(b []byte, x float32) []byte { return appendFloat(b, float64(x), 32) })
	case TypeDouble:
		return appendList(dst, Elements[float64](v), d, func(b []byte, x float64) []byte { return appendFloat(b, x, 64) })
	case TypeString:
		return appendList(dst, Elements[string](v), d, appendText)
	case TypeXMLElement:
		return appendList(dst, Elements[XMLElement](v), d, func(b []byte, x XMLElement) []byte { return appendText(b, string(x)) })
	case TypeDateTime:
		return appendList(dst, Elements[DateTime](v), d, appendDateTime)
	case TypeStatusCode:
		return appendList(dst, Elements[StatusCode](v), d, appendStatus)
	case TypeGUID:
		return appendList(dst, Elements[GUID](v), d, func(b []byte, x GUID) []byte { return appendText(b, x.String()) })
	case TypeByteString:
		return appendList(dst, Elements[[]byte](v), d, appendBytes)
	case TypeNodeID:
		return appendList(dst, Elements[NodeID](v), d, func(b []byte, x NodeID) []byte { return appendText(b, x.String()) })
	case TypeExpandedNodeID:
		return appendList(dst, Elements[ExpandedNodeID](v), d, func(b []byte, x ExpandedNodeID) []byte { return appendText(b, x.String()) })
	case TypeQualifiedName:
		return appendList(dst, Elements[QualifiedName](v), d, appendQualifiedName)
	case TypeLocalizedText:
		return appendList(dst, Elements[LocalizedText](v), d, appendLocalizedText)
	case TypeExtensionObject:
		return appendList(dst, Elements[ExtensionObject](v), d, func(b []byte, x ExtensionObject) []byte { return appendExtensionObject(b, x, typed) })
	case TypeDataValue:
		return appendList(dst, Elements[DataValue](v), d, func(b []byte, x DataValue) []byte { return x.appendJSON(b, typed) })
	case TypeVariant:
		return appendList(dst, Elements[Variant](v), d, func(b []byte, x Variant) []byte {
			if typed {
				return x.appendTyped(b)
			}
			return x.appendJSON(b, false)
		})
	}
	return appendList(dst, Elements[DiagnosticInfo](v), d, appendDiagnosticInfo)
}

// appendList writes elements row by row as arrays nested like dims. Dimensions that do not multiply to the number of elements,
// which only a broken source can send, make a flat array.
func appendList[T any](dst []byte, elements []T, dims []int32, one func([]byte, T) []byte) []byte {
	rows := 0
	if len(dims) > 1 && dims[0] > 0 && len(elements) > 0 && len(elements)%int(dims[0]) == 0 {
		rows = int(dims[0])
	}
	dst = append(dst, '[')
	if rows > 0 {
		size := len(elements) / rows
		for i := range rows {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendList(dst, elements[i*size:(i+1)*size], dims[1:], one)
		}
		return append(dst, ']')
	}
	for i, e := range elements {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = one(dst, e)
	}
	return append(dst, ']')
}

func appendInt64(dst []byte, n int64) []byte {
	return append(strconv.AppendInt(append(dst, '"'), n, 10), '"')
}

func appendUInt64(dst []byte, n uint64) []byte {
	return append(strconv.AppendUint(append(dst, '"'), n, 10), '"')
}

func appendFloat(dst []byte, f float64, bits int) []byte {
	switch {
	case math.IsNaN(f):
		return append(dst, `"NaN"`...)
	case math.IsInf(f, 1):
		return append(dst, `"Infinity"`...)
	case math.IsInf(f, -1):
		return append(dst, `"-Infinity"`...)
	}
	format := byte('f')
	if a := math.Abs(f); a != 0 && (a < 1e-6 || a >= 1e21) {
		format = 'e'
	}
	return strconv.AppendFloat(dst, f, format, -1, bits)
}

const hexDigits = "0123456789abcdef"

// appendText writes a JSON string; bytes that are no UTF-8 become U+FFFD.
func appendText(dst []byte, s string) []byte {
	dst = append(dst, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' && c < utf8.RuneSelf {
			i++
			continue
		}
		size := 1
		if c >= utf8.RuneSelf {
			var r rune
			if r, size = utf8.DecodeRuneInString(s[i:]); r != utf8.RuneError || size > 1 {
				i += size
				continue
			}
		}
		dst = append(dst, s[start:i]...)
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		default:
			if c >= utf8.RuneSelf {
				dst = append(dst, "\ufffd"...)
			} else {
				dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
			}
		}
		i += size
		start = i
	}
	return append(append(dst, s[start:]...), '"')
}

func appendBytes(dst, b []byte) []byte {
	if b == nil {
		return append(dst, "null"...)
	}
	return append(base64.StdEncoding.AppendEncode(append(dst, '"'), b), '"')
}

func appendDateTime(dst []byte, d DateTime) []byte {
	if d.IsZero() {
		return append(dst, "null"...)
	}
	return appendText(dst, d.String())
}

func appendStatus(dst []byte, c StatusCode) []byte {
	dst = strconv.AppendUint(append(dst, `{"code":`...), uint64(c), 10)
	return append(appendText(append(dst, `,"name":`...), c.Name()), '}')
}

func appendQualifiedName(dst []byte, q QualifiedName) []byte {
	dst = append(dst, '{')
	if q.NamespaceURI != "" {
		dst = append(appendText(append(dst, `"namespaceUri":`...), q.NamespaceURI), ',')
	} else if q.Namespace != 0 {
		dst = append(strconv.AppendUint(append(dst, `"namespaceIndex":`...), uint64(q.Namespace), 10), ',')
	}
	return append(appendText(append(dst, `"name":`...), q.Name), '}')
}

func appendLocalizedText(dst []byte, t LocalizedText) []byte {
	dst = append(dst, '{')
	if t.Locale != "" {
		dst = append(appendText(append(dst, `"locale":`...), t.Locale), ',')
	}
	return append(appendText(append(dst, `"text":`...), t.Text), '}')
}

// appendExtensionObject writes a structure. A JSON body is written as what it is or, typed, as text, which keeps each byte of it.
func appendExtensionObject(dst []byte, e ExtensionObject, typed bool) []byte {
	dst = appendText(append(dst, `{"typeId":`...), e.TypeID.String())
	switch e.Encoding {
	case ExtensionBinary:
		dst = appendBytes(append(dst, `,"encoding":"binary","body":`...), e.Body)
	case ExtensionXML:
		dst = appendText(append(dst, `,"encoding":"xml","body":`...), string(e.Body))
	case ExtensionJSON:
		dst = append(dst, `,"encoding":"json","body":`...)
		if typed || !json.Valid(e.Body) {
			dst = appendText(dst, string(e.Body))
		} else {
			dst = append(dst, e.Body...)
		}
	}
	return append(dst, '}')
}

func appendDiagnosticInfo(dst []byte, d DiagnosticInfo) []byte {
	b, _ := json.Marshal(d) // a struct of numbers and strings always marshals
	return append(dst, b...)
}

// appendJSON writes the members that are given.
func (d *DataValue) appendJSON(dst []byte, typed bool) []byte {
	dst = append(dst, `{"value":`...)
	if typed {
		dst = d.Value.appendTyped(dst)
	} else {
		dst = d.Value.appendJSON(dst, false)
		if d.Value.typ != TypeNull {
			dst = appendText(append(dst, `,"dataType":`...), d.Value.TypeName())
		}
	}
	if d.Status != 0 {
		dst = appendStatus(append(dst, `,"status":`...), d.Status)
	}
	if !d.SourceTimestamp.IsZero() {
		dst = appendDateTime(append(dst, `,"sourceTimestamp":`...), d.SourceTimestamp)
	}
	if d.SourcePicoseconds != 0 {
		dst = strconv.AppendUint(append(dst, `,"sourcePicoseconds":`...), uint64(d.SourcePicoseconds), 10)
	}
	if !d.ServerTimestamp.IsZero() {
		dst = appendDateTime(append(dst, `,"serverTimestamp":`...), d.ServerTimestamp)
	}
	if d.ServerPicoseconds != 0 {
		dst = strconv.AppendUint(append(dst, `,"serverPicoseconds":`...), uint64(d.ServerPicoseconds), 10)
	}
	return append(dst, '}')
}
