package opcua

import (
	"encoding/base64"
	"fmt"

	"github.com/gopcua/opcua/ua"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// nodeID converts a NodeId as it is, with its namespace index.
func nodeID(n *ua.NodeID) model.NodeID {
	if n == nil {
		return model.NodeID{}
	}
	switch n.Type() {
	case ua.NodeIDTypeString:
		return model.StringID(n.Namespace(), n.StringID())
	case ua.NodeIDTypeGUID:
		g, err := model.ParseGUID(n.StringID())
		if err != nil { // not set
			g = model.GUID{}
		}
		return model.GUIDID(n.Namespace(), g)
	case ua.NodeIDTypeByteString:
		b, err := base64.StdEncoding.DecodeString(n.StringID())
		if err != nil {
			return model.NodeID{} // cannot be: gopcua encoded it
		}
		return model.OpaqueID(n.Namespace(), string(b))
	}
	return model.NumericID(n.Namespace(), n.IntID())
}

// expand converts a NodeId to its nsu= form.
func (s *session) expand(n *ua.NodeID) model.ExpandedNodeID { return s.namespaces.Expand(nodeID(n)) }

// expandExpanded does so for an ExpandedNodeId, which may have a URI already.
func expandExpanded(t model.NamespaceTable, e *ua.ExpandedNodeID) model.ExpandedNodeID {
	if e == nil || e.NodeID == nil {
		return model.ExpandedNodeID{}
	}
	id := model.ExpandedNodeID{NodeID: nodeID(e.NodeID), NamespaceURI: e.NamespaceURI, ServerIndex: e.ServerIndex}
	if id.NamespaceURI != "" {
		id.NodeID = id.WithNamespace(0)
	}
	return t.ExpandExpanded(id)
}

// uaNodeID is the opposite of nodeID.
func uaNodeID(n model.NodeID) *ua.NodeID {
	switch n.Type() {
	case model.IDString:
		return ua.NewStringNodeID(n.Namespace(), n.Text())
	case model.IDGUID:
		return ua.NewGUIDNodeID(n.Namespace(), n.GUID().String())
	case model.IDOpaque:
		return ua.NewByteStringNodeID(n.Namespace(), []byte(n.Text()))
	}
	return ua.NewNumericNodeID(n.Namespace(), n.Numeric())
}

// resolve finds the NodeId that id has in this session. The error is a message for a result with BadNodeIdUnknown.
func (s *session) resolve(id model.ExpandedNodeID) (*ua.NodeID, error) {
	n, err := s.namespaces.Resolve(id)
	if err != nil {
		return nil, err
	}
	return uaNodeID(n), nil
}

// local returns the NodeId in this session of an ExpandedNodeId that the server gave; nil for a node on another server.
func (s *session) local(e *ua.ExpandedNodeID) *ua.NodeID {
	n, err := s.namespaces.Resolve(expandExpanded(s.namespaces, e))
	if err != nil {
		return nil
	}
	return uaNodeID(n)
}

func qualifiedName(t model.NamespaceTable, q *ua.QualifiedName) model.QualifiedName {
	if q == nil {
		return model.QualifiedName{}
	}
	r := model.QualifiedName{Namespace: q.NamespaceIndex, Name: q.Name}
	if q.NamespaceIndex != 0 && int(q.NamespaceIndex) < len(t) {
		r.NamespaceURI = t[q.NamespaceIndex]
	}
	return r
}

// uaQualifiedName prefers the URI over the index, which may be another server's.
func uaQualifiedName(t model.NamespaceTable, q model.QualifiedName) (*ua.QualifiedName, error) {
	if q.NamespaceURI == "" {
		return &ua.QualifiedName{NamespaceIndex: q.Namespace, Name: q.Name}, nil
	}
	for i, uri := range t {
		if uri == q.NamespaceURI {
			return &ua.QualifiedName{NamespaceIndex: uint16(i), Name: q.Name}, nil
		}
	}
	return nil, fmt.Errorf("qualified name %q: the server has no namespace %q", q.Name, q.NamespaceURI)
}

func localizedText(t *ua.LocalizedText) model.LocalizedText {
	if t == nil {
		return model.LocalizedText{}
	}
	return model.LocalizedText{Locale: t.Locale, Text: t.Text}
}
