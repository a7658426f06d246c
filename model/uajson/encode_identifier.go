package uajson

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// namespaceZero is the URI of namespace 0 in every server.
const namespaceZero = "http://opcfoundation.org/UA/"

// uri is the name of a namespace, "" if it is not known or is that of the standard.
func (s style) uri(index uint16) string {
	if index == 0 || int(index) >= len(s.ns) {
		return ""
	}
	return s.ns[index]
}

// guid appends a Guid (Part 6, 5.4.2.7).
func (s style) guid(dst []byte, g model.GUID) []byte {
	return append(appendGUID(append(dst, '"'), g), '"')
}

func appendGUID(dst []byte, g model.GUID) []byte {
	dst = append(hex.AppendEncode(dst, g[0:4]), '-')
	dst = append(hex.AppendEncode(dst, g[4:6]), '-')
	dst = append(hex.AppendEncode(dst, g[6:8]), '-')
	dst = append(hex.AppendEncode(dst, g[8:10]), '-')
	return hex.AppendEncode(dst, g[10:16])
}

// nodeID appends a NodeId (Part 6, 5.4.2.10 and H.2).
func (s style) nodeID(dst []byte, id model.NodeID) []byte {
	if s.form.old() {
		uri := ""
		if s.form == NonReversible {
			uri = s.uri(id.Namespace())
		}
		return append(s.identifierObject(dst, id, uri), '}')
	}
	return s.identifierText(dst, id, s.uri(id.Namespace()), 0)
}

// expandedNodeID appends an ExpandedNodeId (Part 6, 5.4.2.11 and H.3).
func (s style) expandedNodeID(dst []byte, id model.ExpandedNodeID) []byte {
	uri := id.NamespaceURI
	if uri == "" && s.form != Reversible {
		uri = s.uri(id.Namespace())
	}
	if !s.form.old() {
		return s.identifierText(dst, id.NodeID, uri, id.ServerIndex)
	}
	dst = s.identifierObject(dst, id.NodeID, uri)
	if id.ServerIndex != 0 {
		dst = strconv.AppendUint(append(comma(dst), `"ServerUri":`...), uint64(id.ServerIndex), 10)
	}
	return append(dst, '}')
}

// identifierObject appends the object form of an identifier but for the brace that ends it.
func (s style) identifierObject(dst []byte, id model.NodeID, uri string) []byte {
	dst = append(dst, '{')
	switch id.Type() {
	case model.IDString:
		dst = appendText(append(dst, `"IdType":1,"Id":`...), id.Text())
	case model.IDGUID:
		dst = s.guid(append(dst, `"IdType":2,"Id":`...), id.GUID())
	case model.IDOpaque:
		dst = appendBase64(append(dst, `"IdType":3,"Id":"`...), id.Text())
		dst = append(dst, '"')
	default:
		dst = strconv.AppendUint(append(dst, `"Id":`...), uint64(id.Numeric()), 10)
	}
	switch {
	case uri != "":
		dst = appendText(append(dst, `,"Namespace":`...), uri)
	case id.Namespace() != 0:
		dst = strconv.AppendUint(append(dst, `,"Namespace":`...), uint64(id.Namespace()), 10)
	}
	return dst
}

// appendBase64 appends the bytes of s; AppendEncode would copy them first.
func appendBase64(dst []byte, s string) []byte {
	var part [3]byte
	for len(s) > 0 {
		n := copy(part[:], s)
		dst = base64.StdEncoding.AppendEncode(dst, part[:n])
		s = s[n:]
	}
	return dst
}

// identifierText appends the text form of an identifier (Part 6, 5.1.12): "svr=1;nsu=urn:acme:boiler;s=Temp".
func (s style) identifierText(dst []byte, id model.NodeID, uri string, server uint32) []byte {
	start := len(dst)
	dst = append(dst, '"')
	if server != 0 {
		dst = append(strconv.AppendUint(append(dst, "svr="...), uint64(server), 10), ';')
	}
	switch {
	case uri != "" && uri != namespaceZero:
		dst = append(appendURI(append(dst, "nsu="...), uri), ';')
	case uri == "" && id.Namespace() != 0:
		dst = append(strconv.AppendUint(append(dst, "ns="...), uint64(id.Namespace()), 10), ';')
	}
	switch id.Type() {
	case model.IDString:
		dst = append(append(dst, "s="...), id.Text()...)
	case model.IDGUID:
		dst = appendGUID(append(dst, "g="...), id.GUID())
	case model.IDOpaque:
		dst = appendBase64(append(dst, "b="...), id.Text())
	default:
		dst = strconv.AppendUint(append(dst, "i="...), uint64(id.Numeric()), 10)
	}
	return endText(dst, start)
}

// appendURI escapes the two characters that would end the URI (Part 6, 5.3.1.11).
func appendURI(dst []byte, uri string) []byte {
	for i := range len(uri) {
		switch c := uri[i]; c {
		case ';':
			dst = append(dst, "%3B"...)
		case '%':
			dst = append(dst, "%25"...)
		default:
			dst = append(dst, c)
		}
	}
	return dst
}

// endText makes a JSON string of what was appended since start, the quote and plain text. Only text that needs escapes is copied.
func endText(dst []byte, start int) []byte {
	if !isPlain(alias(dst[start+1:])) {
		return appendText(dst[:start], string(dst[start+1:]))
	}
	return append(dst, '"')
}

// qualifiedName appends a QualifiedName (Part 6, 5.4.2.14 and H.5).
func (s style) qualifiedName(dst []byte, q model.QualifiedName) []byte {
	uri := q.NamespaceURI
	if uri == "" {
		uri = s.uri(q.Namespace)
	}
	if !s.form.old() {
		return s.qualifiedText(dst, q, uri)
	}
	dst = appendText(append(dst, `{"Name":`...), q.Name)
	switch {
	case uri != "" && (s.form == NonReversible || q.Namespace == 0):
		dst = appendText(append(dst, `,"Uri":`...), uri)
	case q.Namespace != 0:
		dst = strconv.AppendUint(append(dst, `,"Uri":`...), uint64(q.Namespace), 10)
	}
	return append(dst, '}')
}

// qualifiedText appends the text form of a QualifiedName (Part 6, 5.1.13): "nsu=urn:acme;Name", "2:Name" or "Name".
func (s style) qualifiedText(dst []byte, q model.QualifiedName, uri string) []byte {
	start := len(dst)
	dst = append(dst, '"')
	switch {
	case uri != "" && uri != namespaceZero:
		dst = append(appendURI(append(dst, "nsu="...), uri), ';')
	case q.Namespace != 0:
		dst = append(strconv.AppendUint(dst, uint64(q.Namespace), 10), ':')
	case strings.HasPrefix(q.Name, "nsu=") || strings.Contains(q.Name, ":"):
		dst = append(dst, "0:"...) // else the name would be read as one with a namespace
	}
	return endText(append(dst, q.Name...), start)
}

// localizedText appends a LocalizedText (Part 6, 5.4.2.15 and H.6).
func (s style) localizedText(dst []byte, t model.LocalizedText) []byte {
	if s.form == NonReversible {
		return appendText(dst, t.Text)
	}
	dst = append(dst, '{')
	if t.Locale != "" {
		dst = appendText(append(dst, `"Locale":`...), t.Locale)
	}
	if t.Text != "" {
		dst = appendText(append(comma(dst), `"Text":`...), t.Text)
	}
	return append(dst, '}')
}

// extensionObject appends a structure (Part 6, 5.4.2.16 and H.7). A JSON body goes out as it is.
func (s style) extensionObject(dst []byte, o model.ExtensionObject) []byte {
	if isNullObject(o) {
		if s.form.old() {
			return append(dst, "null"...)
		}
		return append(dst, "{}"...)
	}
	if s.form == NonReversible {
		return s.body(dst, o)
	}
	dst = append(dst, '{')
	if s.form == Reversible {
		dst = s.expandedNodeID(append(dst, `"TypeId":`...), o.TypeID)
		switch o.Encoding {
		case model.ExtensionBinary:
			dst = append(dst, `,"Encoding":1`...)
		case model.ExtensionXML:
			dst = append(dst, `,"Encoding":2`...)
		}
		if o.Encoding != model.ExtensionNoBody {
			dst = s.body(append(dst, `,"Body":`...), o)
		}
		return append(dst, '}')
	}
	if !s.raw && !o.TypeID.IsNull() {
		dst = s.expandedNodeID(append(dst, `"UaTypeId":`...), o.TypeID)
	}
	switch o.Encoding {
	case model.ExtensionBinary:
		dst = appendBytes(append(comma(dst), `"UaEncoding":1,"UaBody":`...), o.Body)
	case model.ExtensionXML:
		dst = appendBytes(append(comma(dst), `"UaEncoding":2,"UaBody":`...), o.Body)
	case model.ExtensionJSON:
		dst = appendMembers(dst, o.Body)
	}
	return append(dst, '}')
}

// body appends the encoded structure alone.
func (s style) body(dst []byte, o model.ExtensionObject) []byte {
	switch o.Encoding {
	case model.ExtensionBinary:
		return appendBytes(dst, o.Body)
	case model.ExtensionXML:
		return appendText(dst, alias(o.Body))
	case model.ExtensionJSON:
		if len(o.Body) > 0 {
			return append(dst, o.Body...)
		}
	}
	return append(dst, "null"...)
}

// appendMembers appends the members of a JSON object behind those that are there. What is no object becomes the member UaBody.
func appendMembers(dst, body []byte) []byte {
	n := len(body)
	if n == 0 {
		return dst
	}
	if body[0] != '{' || body[n-1] != '}' {
		return append(append(comma(dst), `"UaBody":`...), body...)
	}
	if body = bytes.TrimSpace(body[1 : n-1]); len(body) == 0 {
		return dst
	}
	return append(comma(dst), body...)
}

// symbol is the name of a StatusCode, "" if the standard has none.
func symbol(c model.StatusCode) string {
	if name := c.Name(); !strings.HasPrefix(name, "0x") {
		return name
	}
	return ""
}
