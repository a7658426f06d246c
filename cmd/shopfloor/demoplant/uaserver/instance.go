package uaserver

import (
	"fmt"
	"strings"

	"github.com/gopcua/opcua/id"
	"github.com/gopcua/opcua/ua"
)

// Instantiate gives an object what its type and the supertypes declare (Part 3, 6.2 and 6.4.4.4): all that is mandatory, and of what is optional that whose
// path of browse names, joined with "/", is among optional. newID makes the node id of a path. The result has the nodes by their paths, with the
// attributes of their declarations; variables have no values and methods do nothing until they are given some.
func (s *Space) Instantiate(object, objectType *Node, newID func(path string) *ua.NodeID, optional ...string) (map[string]*Node, error) {
	s.Link(object, hasTypeDefinitionID, objectType)
	b := &instance{space: s, newID: newID, optional: optional, nodes: map[string]*Node{}}
	for t := objectType; t != nil; t = t.supertype() {
		if err := b.copy(object, t, ""); err != nil {
			return nil, fmt.Errorf("instantiate %s: %w", objectType.BrowseName.Name, err)
		}
	}
	return b.nodes, nil
}

type instance struct {
	space    *Space
	newID    func(path string) *ua.NodeID
	optional []string
	nodes    map[string]*Node
}

// copy makes what a type or a declaration declares, but for what a subtype has declared anew.
func (b *instance) copy(to, from *Node, prefix string) error {
	aggregates := b.space.Standard(id.Aggregates)
	for _, r := range from.refs {
		if !r.Forward || !r.Type.isSubtypeOf(aggregates) {
			continue
		}
		path := prefix + r.Target.BrowseName.Name
		if !b.wanted(r.Target, path) {
			continue
		}
		n := b.nodes[path]
		if n == nil {
			if n = b.declared(r.Target, path); n == nil {
				continue
			}
			if err := b.space.Add(n); err != nil {
				return err
			}
			b.nodes[path] = n
			b.space.link(to, r.Type, n)
			if t := r.Target.typeDefinition(); t != nil {
				b.space.Link(n, hasTypeDefinitionID, t)
			}
		}
		if err := b.copy(n, r.Target, path+"/"); err != nil {
			return err
		}
	}
	return nil
}

// declared is a new node with the attributes of a declaration, nil for one that is neither a variable nor an object or a method.
func (b *instance) declared(from *Node, path string) *Node {
	n := &Node{ID: b.newID(path), Class: from.Class, BrowseName: from.BrowseName, DisplayName: from.DisplayName, Description: from.Description}
	switch from.Class {
	case ua.NodeClassVariable:
		v := *from.Variable
		n.Variable = &v
	case ua.NodeClassMethod:
		n.Method = &Method{Inputs: arguments(from)}
	case ua.NodeClassObject:
	default:
		return nil
	}
	return n
}

// wanted tells whether an instance has what a declaration declares.
func (b *instance) wanted(n *Node, path string) bool {
	rule := uint32(0)
	for _, r := range n.refs {
		if r.Forward && r.Type == b.space.Standard(id.HasModellingRule) && r.Target.ID.Namespace() == 0 {
			rule = r.Target.ID.IntID()
		}
	}
	if rule == id.ModellingRule_Mandatory {
		return true
	}
	for _, o := range b.optional {
		if o == path || strings.HasPrefix(o, path+"/") {
			return true
		}
	}
	return false
}

// arguments are the InputArguments of a method's declaration.
func arguments(method *Node) (list []*ua.Argument) {
	for _, r := range method.refs {
		if !r.Forward || r.Target.BrowseName.Name != "InputArguments" || r.Target.Variable == nil || r.Target.Variable.Read == nil {
			continue
		}
		objects, _ := r.Target.Variable.Read().Value.Value().([]*ua.ExtensionObject)
		for _, x := range objects {
			if a, ok := x.Value.(*ua.Argument); ok {
				list = append(list, a)
			}
		}
	}
	return list
}
