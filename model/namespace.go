package model

import "fmt"

// namespaceZero is the URI of namespace 0 in every server.
const namespaceZero = "http://opcfoundation.org/UA/"

// NamespaceTable is a server's NamespaceArray: the URI of each namespace index (Part 5, 6.3.1). It is valid for one session.
type NamespaceTable []string

// Expand replaces the namespace index by its URI, outside namespace 0. An index that the table lacks is kept as ns=.
func (t NamespaceTable) Expand(id NodeID) ExpandedNodeID {
	if id.ns == 0 || int(id.ns) >= len(t) || t[id.ns] == "" {
		return ExpandedNodeID{NodeID: id}
	}
	return ExpandedNodeID{NodeID: id.WithNamespace(0), NamespaceURI: t[id.ns]}
}

// ExpandExpanded does the same for an ExpandedNodeID that may carry an index.
func (t NamespaceTable) ExpandExpanded(id ExpandedNodeID) ExpandedNodeID {
	if id.NamespaceURI != "" {
		return id
	}
	e := t.Expand(id.NodeID)
	e.ServerIndex = id.ServerIndex
	return e
}

// Resolve replaces the namespace URI by the index it has in this server.
func (t NamespaceTable) Resolve(id ExpandedNodeID) (NodeID, error) {
	if id.ServerIndex != 0 {
		return NodeID{}, fmt.Errorf("node id %q is on another server", id)
	}
	if id.NamespaceURI == "" {
		return id.NodeID, nil
	}
	for i, uri := range t {
		if uri == id.NamespaceURI {
			return id.WithNamespace(uint16(i)), nil
		}
	}
	return NodeID{}, fmt.Errorf("node id %q: the server has no namespace %q", id, id.NamespaceURI)
}
