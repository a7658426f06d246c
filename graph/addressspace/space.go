package addressspace

import (
	"slices"
	"time"
	"unsafe"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// Space is the address space of one server at one time. It does not change and may be used by several goroutines. Nodes have numbers from 0 on,
// in the order of their distance from the root: a node's parent has a lower number than the node.
type Space struct {
	names names
	// namespaces are those of ids and browse names. The first one is namespace 0.
	namespaces []namespace
	locales    []string
	nodes      []node
	// targets and kinds are the hierarchical references, those of a node after those of the node before it; a kind is an index of referenceTypes.
	targets []int32
	kinds   []uint16
	// types and referenceTypes are the type definitions of nodes and the types of references.
	types          []typeID
	referenceTypes []typeID
	slots          []int32 // of the nodes by their ids; see find

	// Version is another one when anything in the space is another.
	Version string
	// BrowsedAt is when the browsing ended.
	BrowsedAt time.Time
	// Stamp tells whether the server is still the one that was browsed; see readStamp.
	Stamp string
	// Omitted counts the nodes that are left out because of a limit, and those whose references the server did not tell. Note says why.
	Omitted int
	Note    string
}

// namespace is a URI, or the index that the server's NamespaceArray lacks.
type namespace struct {
	uri   string
	index uint16
}

// node is one node. All of its texts are numbers of names.
type node struct {
	id              uint32 // the number, or the text of the identifier
	browse, display uint32
	unit            uint32
	typ             uint32 // an index of types plus 1; 0 for none
	parent          int32  // -1 for the root
	first           uint32 // of its references
	ns, browseNS    uint16
	idType          model.IDType
	class           uint8
	depth           uint8
	locale          uint8
}

// typeID is a type with the number of its node, -1 when that is not in the space.
type typeID struct {
	id   model.ExpandedNodeID
	node int32
}

// Len is the number of nodes.
func (s *Space) Len() int { return len(s.nodes) }

// References is the number of hierarchical references.
func (s *Space) References() int { return len(s.targets) }

// Bytes is the memory that the space takes.
func (s *Space) Bytes() int {
	return len(s.names.text) + 4*len(s.names.ends) + int(unsafe.Sizeof(node{}))*len(s.nodes) + 6*len(s.targets) + 4*len(s.slots) +
		int(unsafe.Sizeof(typeID{}))*(len(s.types)+len(s.referenceTypes))
}

// TextBytes is the part of Bytes that is names.
func (s *Space) TextBytes() int { return len(s.names.text) }

// NodeID is the id of a node.
func (s *Space) NodeID(i int32) model.ExpandedNodeID {
	n := &s.nodes[i]
	text := ""
	if n.idType != model.IDNumeric {
		text = s.names.at(n.id)
	}
	return s.namespaces[n.ns].id(n, text)
}

// id is the id of a node in the namespace, of which text is the text of the identifier.
func (ns namespace) id(n *node, text string) model.ExpandedNodeID {
	id := model.NumericID(ns.index, n.id)
	switch n.idType {
	case model.IDString:
		id = model.StringID(ns.index, text)
	case model.IDGUID:
		var g model.GUID
		copy(g[:], text)
		id = model.GUIDID(ns.index, g)
	case model.IDOpaque:
		id = model.OpaqueID(ns.index, text)
	}
	return model.ExpandedNodeID{NodeID: id, NamespaceURI: ns.uri}
}

// Class is the node's class.
func (s *Space) Class(i int32) model.NodeClass { return model.NodeClass(s.nodes[i].class) }

// BrowseName is the node's name in browse paths.
func (s *Space) BrowseName(i int32) model.QualifiedName {
	n := &s.nodes[i]
	ns := s.namespaces[n.browseNS]
	return model.QualifiedName{Namespace: ns.index, Name: s.names.at(n.browse), NamespaceURI: ns.uri}
}

// DisplayName is the node's name for people.
func (s *Space) DisplayName(i int32) model.LocalizedText {
	n := &s.nodes[i]
	return model.LocalizedText{Locale: s.locales[n.locale], Text: s.names.at(n.display)}
}

// TypeDefinition is the type of an object or a variable, null for other nodes.
func (s *Space) TypeDefinition(i int32) model.ExpandedNodeID {
	if t := s.nodes[i].typ; t > 0 {
		return s.types[t-1].id
	}
	return model.ExpandedNodeID{}
}

// TypeName is the browse name of the type definition; "" where there is none, or it is not in the space.
func (s *Space) TypeName(i int32) string {
	if t := s.nodes[i].typ; t > 0 {
		if at := s.types[t-1].node; at >= 0 {
			return s.names.at(s.nodes[at].browse)
		}
	}
	return ""
}

// Unit is the display name of the node's EngineeringUnits (Part 8, 5.6.3); "" when it has none.
func (s *Space) Unit(i int32) string { return s.names.at(s.nodes[i].unit) }

// Names are the browse names from below the root down to the node: those of its shortest path.
func (s *Space) Names(i int32) []string {
	list := make([]string, 0, s.nodes[i].depth)
	for ; i > 0 && s.nodes[i].parent >= 0; i = s.nodes[i].parent {
		list = append(list, s.names.at(s.nodes[i].browse))
	}
	slices.Reverse(list)
	return list
}

// Path is the shortest browse path of the node, as path takes it: "Objects/Plant/Boiler1". It is empty for the root.
func (s *Space) Path(i int32) string { return model.JoinBrowsePath(s.Names(i)) }

// references are where those of a node begin and end.
func (s *Space) references(i int32) (from, to uint32) {
	if int(i)+1 < len(s.nodes) {
		return s.nodes[i].first, s.nodes[i+1].first
	}
	return s.nodes[i].first, uint32(len(s.targets))
}

// reference is the reference with a number as the server told it.
func (s *Space) reference(at uint32) model.Reference {
	i := s.targets[at]
	return model.Reference{
		ReferenceType: s.referenceTypes[s.kinds[at]].id, IsForward: true, NodeID: s.NodeID(i), BrowseName: s.BrowseName(i), DisplayName: s.DisplayName(i),
		NodeClass: s.Class(i), TypeDefinition: s.TypeDefinition(i),
	}
}
