package uajson

import (
	"net/url"
	"strings"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// guid reads a Guid.
func (r *reader) guid(i uint32) (model.GUID, bool) {
	switch r.kind(i) {
	case kindNull:
		return model.GUID{}, true
	case kindString:
		g, err := model.ParseGUID(r.text(i))
		return g, err == nil
	}
	return model.GUID{}, false
}

// nodeID reads a NodeId that has no URI.
func (r *reader) nodeID(i uint32) (model.NodeID, bool) {
	id, ok := r.expandedNodeID(i)
	return id.NodeID, ok && id.NamespaceURI == "" && id.ServerIndex == 0
}

// expandedNodeID reads an identifier: the text of 1.05, the object of 1.04, or the URI with a fragment of OPC Publisher. A text that is
// none of them names a node by itself (Part 6, 5.4.2.10).
func (r *reader) expandedNodeID(i uint32) (id model.ExpandedNodeID, ok bool) {
	switch r.kind(i) {
	case kindNull:
		return id, true
	case kindString:
		return r.identifier(r.text(i)), true
	case kindObject:
		return r.identifierObject(i)
	}
	return id, false
}

// maxIDs bounds the identifiers that a reader keeps.
const maxIDs = 4096

// join returns a and b in the pool's memory.
func (r *reader) join(a, b string) string {
	s := r.pool.bytes.take(len(a) + len(b))
	copy(s[copy(s, a):], b)
	return alias(s)
}

// identifier reads the text of an identifier. Those with a GUID, bytes or escapes need memory of their own and come again, so that they
// are kept.
func (r *reader) identifier(s string) model.ExpandedNodeID {
	if !strings.Contains(s, "g=") && !strings.Contains(s, "b=") && !strings.Contains(s, "%") {
		return parseIdentifier(s)
	}
	id, ok := r.ids[s]
	if !ok {
		if r.ids == nil || len(r.ids) >= maxIDs {
			r.ids = make(map[string]model.ExpandedNodeID)
		}
		s = strings.Clone(s)
		id = parseIdentifier(s)
		r.ids[s] = id
	}
	return id
}

func parseIdentifier(s string) model.ExpandedNodeID {
	if s == "" {
		return model.ExpandedNodeID{}
	}
	if prefixed(s) {
		if id, err := model.ParseExpandedNodeID(s); err == nil {
			return id
		}
	}
	if id, ok := parseFragment(s); ok {
		return id
	}
	return model.Expanded(model.StringID(0, s))
}

// prefixed tells whether s begins like the text of an identifier, so that trying to read it is worth the error.
func prefixed(s string) bool {
	if len(s) > 1 && s[1] == '=' {
		return true
	}
	return strings.HasPrefix(s, "ns=") || strings.HasPrefix(s, "nsu=") || strings.HasPrefix(s, "svr=")
}

// parseFragment reads "http://opcfoundation.org/SimpleEvents#i=183", the form that OPC Publisher prefers.
func parseFragment(s string) (id model.ExpandedNodeID, ok bool) {
	uri, rest, ok := strings.Cut(s, "#")
	if !ok || uri == "" || len(rest) < 2 || rest[1] != '=' {
		return id, false
	}
	if strings.Contains(rest, "%") {
		if plain, err := url.PathUnescape(rest); err == nil {
			rest = plain
		}
	}
	id, err := model.ParseExpandedNodeID(rest)
	if err != nil {
		return id, false
	}
	if uri != namespaceZero {
		id.NamespaceURI = uri
	}
	return id, true
}

// identifierObject reads {"IdType":1,"Id":"Temp","Namespace":2} (Part 6, H.2 and H.3).
func (r *reader) identifierObject(i uint32) (e model.ExpandedNodeID, ok bool) {
	id, typ, ns, server := r.named(i, "Id"), r.named(i, "IdType"), r.named(i, "Namespace"), r.named(i, "ServerUri")
	if r.next(i) == i+1 {
		return e, true
	}
	kind, index := uint64(0), uint64(0)
	if typ != 0 {
		if kind, ok = r.idType(typ); !ok {
			return e, false
		}
	}
	if ns != 0 && r.kind(ns) == kindString {
		if e.NamespaceURI = r.text(ns); e.NamespaceURI == namespaceZero {
			e.NamespaceURI = ""
		}
	} else if ns != 0 {
		if index, ok = r.unsigned(ns); !ok || index > 65535 {
			return e, false
		}
	}
	if server != 0 && r.kind(server) != kindString { // the name of a server has no place in the model
		n, ok := r.unsigned(server)
		if !ok || n>>32 != 0 {
			return e, false
		}
		e.ServerIndex = uint32(n)
	}
	e.NodeID, ok = r.identifierOf(id, kind, uint16(index))
	return e, ok
}

// idType reads the number of an identifier's type, or its name as some write it.
func (r *reader) idType(i uint32) (uint64, bool) {
	switch alias(r.raw(i)) {
	case "0", "Numeric":
		return 0, true
	case "1", "String":
		return 1, true
	case "2", "Guid":
		return 2, true
	case "3", "Opaque", "ByteString":
		return 3, true
	}
	return 0, false
}

func (r *reader) identifierOf(id uint32, kind uint64, ns uint16) (model.NodeID, bool) {
	if id == 0 { // the default is left out
		return model.NumericID(ns, 0), kind == 0
	}
	if kind == 0 {
		if r.kind(id) == kindString { // a string tells itself
			return model.StringID(ns, r.text(id)), true
		}
		n, ok := r.unsigned(id)
		return model.NumericID(ns, uint32(n)), ok && n>>32 == 0
	}
	if r.kind(id) != kindString {
		return model.NodeID{}, false
	}
	s := r.text(id)
	switch kind {
	case 1:
		return model.StringID(ns, s), true
	case 2:
		e := r.identifier(r.join("g=", s))
		return e.WithNamespace(ns), e.Type() == model.IDGUID
	}
	e := r.identifier(r.join("b=", s))
	return e.WithNamespace(ns), e.Type() == model.IDOpaque
}

// qualifiedName reads the text of 1.05, "2:Name" or "nsu=urn:acme;Name", or the object of 1.04.
func (r *reader) qualifiedName(i uint32) (q model.QualifiedName, ok bool) {
	switch r.kind(i) {
	case kindNull:
		return q, true
	case kindString:
		return parseQualifiedName(r.text(i)), true
	case kindObject:
	default:
		return q, false
	}
	if j := r.named(i, "Name"); j != 0 {
		if q.Name, ok = r.string(j); !ok {
			return q, false
		}
	}
	j := r.named(i, "Uri")
	switch {
	case j == 0:
	case r.kind(j) == kindString:
		q.NamespaceURI = r.text(j)
	default:
		n, ok := r.unsigned(j)
		q.Namespace = uint16(n)
		return q, ok && n <= 65535
	}
	return q, true
}

func parseQualifiedName(s string) model.QualifiedName {
	if rest, ok := strings.CutPrefix(s, "nsu="); ok {
		if uri, name, ok := strings.Cut(rest, ";"); ok {
			return model.QualifiedName{Name: name, NamespaceURI: unescapeURI(uri)}
		}
	}
	q, err := model.ParseQualifiedName(s)
	if err != nil {
		return model.QualifiedName{Name: s}
	}
	return q
}

func unescapeURI(s string) string {
	if !strings.Contains(s, "%") {
		return s
	}
	return strings.NewReplacer("%3B", ";", "%3b", ";", "%25", "%").Replace(s)
}

// localizedText reads the object, or the text alone (Part 6, H.6).
func (r *reader) localizedText(i uint32) (t model.LocalizedText, ok bool) {
	switch r.kind(i) {
	case kindNull:
		return t, true
	case kindString:
		return model.LocalizedText{Text: r.text(i)}, true
	case kindObject:
	default:
		return t, false
	}
	if j := r.named(i, "Locale"); j != 0 {
		if t.Locale, ok = r.string(j); !ok {
			return t, false
		}
	}
	if j := r.named(i, "Text"); j != 0 {
		if t.Text, ok = r.string(j); !ok {
			return t, false
		}
	}
	return t, true
}
