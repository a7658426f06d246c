package model

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
)

// IDType tells which form the identifier of a NodeID has (Part 3, 8.2.3).
type IDType uint8

// The forms of identifiers.
const (
	IDNumeric IDType = 0
	IDString  IDType = 1
	IDGUID    IDType = 2
	IDOpaque  IDType = 3
)

// NodeID names a node within one server, by the index of its namespace there (Part 3, 8.2). It is comparable and can be a
// map key. The zero value is the null NodeID "i=0".
type NodeID struct {
	ns   uint16
	typ  IDType
	num  uint32
	text string // a string identifier, the 16 bytes of a GUID, or opaque bytes
}

// NumericID makes "ns=<ns>;i=<n>".
func NumericID(ns uint16, n uint32) NodeID { return NodeID{ns: ns, num: n} }

// StringID makes "ns=<ns>;s=<s>". The NodeID keeps s.
func StringID(ns uint16, s string) NodeID { return NodeID{ns: ns, typ: IDString, text: s} }

// GUIDID makes "ns=<ns>;g=<g>".
func GUIDID(ns uint16, g GUID) NodeID { return NodeID{ns: ns, typ: IDGUID, text: string(g[:])} }

// OpaqueID makes "ns=<ns>;b=<base64 of b>". The NodeID keeps b, the bytes as a string.
func OpaqueID(ns uint16, b string) NodeID { return NodeID{ns: ns, typ: IDOpaque, text: b} }

// Namespace is the index of the namespace in the server's NamespaceArray.
func (n NodeID) Namespace() uint16 { return n.ns }

// Type is the form of the identifier.
func (n NodeID) Type() IDType { return n.typ }

// Numeric is the identifier of type IDNumeric, else 0.
func (n NodeID) Numeric() uint32 { return n.num }

// Text is the identifier of type IDString, or the bytes of an IDOpaque one, else "".
func (n NodeID) Text() string {
	if n.typ == IDGUID {
		return ""
	}
	return n.text
}

// GUID is the identifier of type IDGUID, else all zero.
func (n NodeID) GUID() GUID {
	var g GUID
	if n.typ == IDGUID {
		copy(g[:], n.text)
	}
	return g
}

// IsNull tells whether n is a null NodeID (Part 3, 8.2.4).
func (n NodeID) IsNull() bool {
	return n.ns == 0 && n.num == 0 && (n.text == "" || n.typ == IDGUID && n.GUID() == GUID{})
}

// WithNamespace returns n in another namespace.
func (n NodeID) WithNamespace(ns uint16) NodeID {
	n.ns = ns
	return n
}

// Clone returns n with memory of its own.
func (n NodeID) Clone() NodeID {
	n.text = strings.Clone(n.text)
	return n
}

// String prints "i=2258" or "ns=2;s=Temp" (Part 6, 5.3.1.10).
func (n NodeID) String() string {
	if n.ns == 0 {
		return n.identifier()
	}
	return "ns=" + strconv.Itoa(int(n.ns)) + ";" + n.identifier()
}

func (n NodeID) identifier() string {
	switch n.typ {
	case IDString:
		return "s=" + n.text
	case IDGUID:
		return "g=" + n.GUID().String()
	case IDOpaque:
		return "b=" + base64.StdEncoding.EncodeToString([]byte(n.text))
	}
	return "i=" + strconv.FormatUint(uint64(n.num), 10)
}

// ParseNodeID reads "i=2258", "ns=2;s=Temp", "ns=1;g=…", "ns=1;b=…". The nsu= form needs a namespace table: see
// ParseExpandedNodeID.
func ParseNodeID(s string) (NodeID, error) {
	e, err := ParseExpandedNodeID(s)
	if err != nil {
		return NodeID{}, err
	}
	if e.NamespaceURI != "" || e.ServerIndex != 0 {
		return NodeID{}, fmt.Errorf("node id %q: want the form ns=2;s=Temp without nsu= and svr=", s)
	}
	return e.NodeID, nil
}

// ExpandedNodeID names a node by the URI of its namespace, so that it means the same in every session and server
// (Part 6, 5.2.2.10). It is comparable. With a NamespaceURI the index in NodeID is 0 and without meaning.
type ExpandedNodeID struct {
	NodeID
	NamespaceURI string
	ServerIndex  uint32
}

// Expanded makes an ExpandedNodeID that is just id.
func Expanded(id NodeID) ExpandedNodeID { return ExpandedNodeID{NodeID: id} }

// IsNull tells whether e names no node.
func (e ExpandedNodeID) IsNull() bool { return e.NamespaceURI == "" && e.NodeID.IsNull() }

// Clone returns e with memory of its own.
func (e ExpandedNodeID) Clone() ExpandedNodeID {
	e.NodeID = e.NodeID.Clone()
	e.NamespaceURI = strings.Clone(e.NamespaceURI)
	return e
}

// String prints "nsu=urn:acme:boiler;s=Temp", "ns=2;i=7" or "i=2258", with "svr=1;" before it if it is on another server
// (Part 6, 5.3.1.11).
func (e ExpandedNodeID) String() string {
	var b strings.Builder
	if e.ServerIndex != 0 {
		b.WriteString("svr=" + strconv.FormatUint(uint64(e.ServerIndex), 10) + ";")
	}
	if e.NamespaceURI == "" {
		b.WriteString(e.NodeID.String())
		return b.String()
	}
	b.WriteString("nsu=" + uriEscaper.Replace(e.NamespaceURI) + ";" + e.identifier())
	return b.String()
}

// Only ';' and '%' are escaped in the URI (Part 6, 5.3.1.11).
var (
	uriEscaper   = strings.NewReplacer("%", "%25", ";", "%3B")
	uriUnescaper = strings.NewReplacer("%3B", ";", "%3b", ";", "%25", "%")
)

// ParseExpandedNodeID reads every form that String prints.
func ParseExpandedNodeID(s string) (ExpandedNodeID, error) {
	var e ExpandedNodeID
	rest := s
	if v, tail, ok := cutPart(rest, "svr="); ok {
		n, err := strconv.ParseUint(v, 10, 32)
		if err != nil {
			return ExpandedNodeID{}, fmt.Errorf("node id %q: server index %q is no number up to 4294967295", s, v)
		}
		e.ServerIndex, rest = uint32(n), tail
	}
	if v, tail, ok := cutPart(rest, "nsu="); ok {
		if v == "" {
			return ExpandedNodeID{}, fmt.Errorf("node id %q: the namespace URI after nsu= is empty", s)
		}
		e.NamespaceURI, rest = uriUnescaper.Replace(v), tail
	} else if v, tail, ok := cutPart(rest, "ns="); ok {
		n, err := strconv.ParseUint(v, 10, 16)
		if err != nil {
			return ExpandedNodeID{}, fmt.Errorf("node id %q: namespace index %q is no number up to 65535", s, v)
		}
		e.ns, rest = uint16(n), tail
	}
	if err := e.parseIdentifier(rest); err != nil {
		return ExpandedNodeID{}, fmt.Errorf("node id %q: %w", s, err)
	}
	if e.NamespaceURI == namespaceZero {
		e.NamespaceURI = ""
	}
	return e, nil
}

// cutPart splits "prefix<value>;<tail>".
func cutPart(s, prefix string) (value, tail string, ok bool) {
	s, ok = strings.CutPrefix(s, prefix)
	if !ok {
		return "", "", false
	}
	value, tail, ok = strings.Cut(s, ";")
	return value, tail, ok
}

func (n *NodeID) parseIdentifier(s string) error {
	if len(s) < 2 || s[1] != '=' {
		return fmt.Errorf("%q is no identifier; want i=, s=, g= or b=, as in ns=2;s=Temp, nsu=urn:acme;i=7 or i=2258", s)
	}
	v := s[2:]
	switch s[0] {
	case 'i':
		num, err := strconv.ParseUint(v, 10, 32)
		if err != nil {
			return fmt.Errorf("identifier i=%s is no number up to 4294967295", v)
		}
		n.typ, n.num = IDNumeric, uint32(num)
	case 's':
		n.typ, n.text = IDString, v
	case 'g':
		g, err := ParseGUID(v)
		if err != nil {
			return err
		}
		n.typ, n.text = IDGUID, string(g[:])
	case 'b':
		b, err := base64.StdEncoding.DecodeString(v)
		if err != nil {
			return fmt.Errorf("identifier b=%s is no base64", v)
		}
		n.typ, n.text = IDOpaque, string(b)
	default:
		return fmt.Errorf("identifier type %q is unknown; want i=, s=, g= or b=", s[:1])
	}
	return nil
}

// MarshalText prints as String does.
func (n NodeID) MarshalText() ([]byte, error) { return []byte(n.String()), nil }

// UnmarshalText reads as ParseNodeID does.
func (n *NodeID) UnmarshalText(b []byte) (err error) {
	*n, err = ParseNodeID(string(b))
	return err
}

// MarshalText prints as String does.
func (e ExpandedNodeID) MarshalText() ([]byte, error) { return []byte(e.String()), nil }

// UnmarshalText reads as ParseExpandedNodeID does.
func (e *ExpandedNodeID) UnmarshalText(b []byte) (err error) {
	*e, err = ParseExpandedNodeID(string(b))
	return err
}
