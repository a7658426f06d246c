package uajson

import (
	"bytes"
	"math"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// extensionObject reads a structure in any of the forms; an object that is none of them is the structure itself.
func (r *reader) extensionObject(i uint32) (o model.ExtensionObject, ok bool) {
	if r.kind(i) != kindObject {
		return o, r.kind(i) == kindNull
	}
	m := r.members(i)
	switch {
	case m.twice&(1<<memberUaTypeID) != 0: // an error by Part 6, 5.4.2.16
		r.missed = m.at[memberUaTypeID]
		return o, false
	case m.has(memberUaTypeID):
		if o.TypeID, ok = r.expandedNodeID(m.at[memberUaTypeID]); !ok {
			return o, false
		}
		if m.only(maskObject) && m.has(memberUaBody) {
			return o, r.objectBody(&o, m.at[memberUaBody], m.at[memberUaEncoding])
		}
		o.Encoding, o.Body = model.ExtensionJSON, r.compact(i, m.at[memberUaTypeID])
		return o, true
	case m.has(memberTypeID) && m.only(maskOldObject):
		if o.TypeID, ok = r.expandedNodeID(m.at[memberTypeID]); ok {
			return o, !m.has(memberBody) || r.objectBody(&o, m.at[memberBody], m.at[memberEncoding])
		}
	}
	if m.mask != 0 {
		o.Encoding, o.Body = model.ExtensionJSON, r.compact(i, 0)
	}
	return o, true
}

// objectBody reads the encoded structure.
func (r *reader) objectBody(o *model.ExtensionObject, body, encoding uint32) bool {
	how := uint64(0)
	if encoding != 0 {
		switch name := alias(r.raw(encoding)); name {
		case "0", "Json", "JSON", "null":
		case "1", "Binary", "ByteString":
			how = 1
		case "2", "Xml", "XML", "XmlElement":
			how = 2
		default:
			r.missed = encoding
			return false
		}
	}
	if how == 0 {
		if r.kind(body) != kindNull {
			o.Encoding, o.Body = model.ExtensionJSON, r.compact(body, 0)
		}
		return true
	}
	var ok bool
	o.Encoding = model.ExtensionEncoding(how)
	if o.Body, ok = r.byteString(body); !ok && how == 2 && r.kind(body) == kindString {
		o.Body, ok = bytesOf(r.text(body)), true // 1.04 writes the XML as text
	}
	return ok
}

// compact is the text of a value without white space, and without the member whose value is the node without, if that is not 0. It is the
// frame's memory where that holds just this.
func (r *reader) compact(i, without uint32) []byte {
	raw := r.raw(i)
	if r.kind(i) == kindString {
		n := &r.scan.nodes[i]
		return r.scan.buf[n.start-1 : n.end+1 : n.end+1]
	}
	if without == 0 && bytes.IndexByte(raw, ' ') < 0 && bytes.IndexByte(raw, '\n') < 0 && bytes.IndexByte(raw, '\r') < 0 && bytes.IndexByte(raw, '\t') < 0 {
		return raw
	}
	b := r.appendCompact(r.pool.bytes.take(len(raw))[:0], i, without)
	return b[:len(b):len(b)]
}

func (r *reader) appendCompact(dst []byte, i, without uint32) []byte {
	k := r.kind(i)
	switch k {
	case kindString:
		n := &r.scan.nodes[i]
		return append(dst, r.scan.buf[n.start-1:n.end+1]...)
	case kindArray:
		dst = append(dst, '[')
	case kindObject:
		dst = append(dst, '{')
	default:
		return append(dst, r.raw(i)...)
	}
	first := true
	for j, end := i+1, r.next(i); j < end; j = r.next(j) {
		if k == kindObject && j+1 == without {
			j++
			continue
		}
		if !first {
			dst = append(dst, ',')
		}
		first = false
		if k == kindObject {
			dst = append(r.appendCompact(dst, j, 0), ':')
			j++
		}
		dst = r.appendCompact(dst, j, 0)
	}
	return append(dst, "]}"[k-kindArray])
}

// noDiagnostics is the empty DiagnosticInfo.
func noDiagnostics() model.DiagnosticInfo {
	return model.DiagnosticInfo{SymbolicID: -1, NamespaceURI: -1, Locale: -1, LocalizedText: -1}
}

// diagnosticInfo reads a DiagnosticInfo (Part 6, 5.4.2.13).
func (r *reader) diagnosticInfo(i uint32) (d model.DiagnosticInfo, ok bool) {
	d = noDiagnostics()
	if r.kind(i) != kindObject {
		return d, r.kind(i) == kindNull
	}
	for _, index := range [...]struct {
		name string
		to   *int32
	}{{"SymbolicId", &d.SymbolicID}, {"NamespaceUri", &d.NamespaceURI}, {"Locale", &d.Locale}, {"LocalizedText", &d.LocalizedText}} {
		if j := r.named(i, index.name); j != 0 {
			n, ok := r.integer(j)
			if !ok || n < math.MinInt32 || n > math.MaxInt32 {
				return d, false
			}
			*index.to = int32(n)
		}
	}
	if j := r.named(i, "AdditionalInfo"); j != 0 {
		if d.AdditionalInfo, ok = r.string(j); !ok {
			return d, false
		}
	}
	if j := r.named(i, "InnerStatusCode"); j != 0 {
		if d.InnerStatusCode, ok = r.statusCode(j); !ok {
			return d, false
		}
	}
	if j := r.named(i, "InnerDiagnosticInfo"); j != 0 {
		inner, ok := r.diagnosticInfo(j)
		d.InnerDiagnosticInfo = r.pool.diagnosticInfos.one(inner)
		return d, ok
	}
	return d, true
}
