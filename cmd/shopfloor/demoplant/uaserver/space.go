package uaserver

import (
	"fmt"

	"github.com/gopcua/opcua/id"
	"github.com/gopcua/opcua/ua"
)

const (
	hasSubtypeID        = id.HasSubtype
	hasTypeDefinitionID = id.HasTypeDefinition
)

// Space is an address space: the nodes of namespace 0 and what the application adds. It is filled before the server
// runs and is safe for concurrent reads after that.
type Space struct {
	namespaces []string
	nodes      map[string]*Node
	linked     map[link]struct{}
}

type link struct{ source, refType, target *Node }

// NewSpace returns a space with the nodes of the OPC UA standard nodeset. namespaces are the URIs after namespace 0;
// the first one must be the application URI (Part 5, 6.3.1: index 1 is the local server).
func NewSpace(namespaces ...string) (*Space, error) {
	s := &Space{
		namespaces: append([]string{"http://opcfoundation.org/UA/"}, namespaces...),
		nodes:      make(map[string]*Node, 8192),
		linked:     make(map[link]struct{}, 32768),
	}
	if err := s.loadStandardNodes(); err != nil {
		return nil, fmt.Errorf("load the standard nodeset: %w", err)
	}
	return s, nil
}

// Add puts a node into the space. It fails when the id is taken.
func (s *Space) Add(n *Node) error {
	key := n.ID.String()
	if s.nodes[key] != nil {
		return fmt.Errorf("add node %s: the node id is taken", key)
	}
	if n.DisplayName == nil {
		n.DisplayName = ua.NewLocalizedText(n.BrowseName.Name)
	}
	s.nodes[key] = n
	return nil
}

// Link adds a reference of the namespace 0 type refType from source to target, in both directions (Part 3, 4.3.4).
// Linking twice changes nothing.
func (s *Space) Link(source *Node, refType uint32, target *Node) {
	s.link(source, s.Standard(refType), target)
}

func (s *Space) link(source, refType, target *Node) {
	key := link{source, refType, target}
	if _, ok := s.linked[key]; ok {
		return
	}
	s.linked[key] = struct{}{}
	source.refs = append(source.refs, Reference{Type: refType, Target: target, Forward: true})
	target.refs = append(target.refs, Reference{Type: refType, Target: source, Forward: false})
}

// Node returns the node with this id, nil when there is none. A nil id is unknown too.
func (s *Space) Node(nodeID *ua.NodeID) *Node {
	if nodeID == nil {
		return nil
	}
	return s.nodes[nodeID.String()]
}

// Standard returns a node of namespace 0 by its number, nil when the nodeset has none.
func (s *Space) Standard(number uint32) *Node {
	return s.nodes[ua.NewNumericNodeID(0, number).String()]
}

// builtinType returns the built-in type that values of a data type are encoded as (Part 6, 5.1.2), TypeIDNull when
// the type is abstract or unknown and so says nothing about the encoding.
func (s *Space) builtinType(dataType *ua.NodeID) ua.TypeID {
	for t := s.Node(dataType); t != nil; t = t.supertype() {
		if t.ID.Namespace() != 0 {
			continue
		}
		switch n := t.ID.IntID(); {
		case n == id.Enumeration:
			return ua.TypeIDInt32
		case n >= 1 && n <= 25 && n != id.BaseDataType:
			return ua.TypeID(n)
		}
	}
	return ua.TypeIDNull
}
