package uaserver

import (
	"time"

	"github.com/gopcua/opcua/ua"
)

// Node is one node of the address space (Part 3, 5). Its fields must not change once the server runs; values change
// behind Variable.Read.
type Node struct {
	ID          *ua.NodeID
	Class       ua.NodeClass
	BrowseName  *ua.QualifiedName
	DisplayName *ua.LocalizedText
	Description *ua.LocalizedText // nil: the attribute reads as an empty text

	IsAbstract  bool              // ObjectType, VariableType, DataType, ReferenceType
	Symmetric   bool              // ReferenceType
	InverseName *ua.LocalizedText // ReferenceType that is not symmetric
	Definition  *ua.ExtensionObject
	Variable    *Variable // set for Variable and VariableType
	Method      *Method   // nil for a Method node: it is not executable

	refs []Reference
}

// Reference is one direction of a reference as its source node lists it.
type Reference struct {
	Type    *Node
	Target  *Node
	Forward bool
}

// Variable holds the attributes of Variable and VariableType nodes (Part 3, 5.6).
type Variable struct {
	DataType                *ua.NodeID
	ValueRank               int32
	ArrayDimensions         []uint32
	MinimumSamplingInterval time.Duration

	// Read returns the current value; nil means the node has none. The result is shared and must not be changed.
	// It is called from many goroutines at once.
	Read func() *ua.DataValue
	// Write takes a value whose type and rank fit already; it checks the range and applies the value. nil: read-only.
	Write func(*ua.Variant) ua.StatusCode
	// History serves HistoryRead and HistoryUpdate; nil: the variable is not historized.
	History History
}

// Method is what a Method node does (Part 3, 5.7).
type Method struct {
	Inputs, Outputs []*ua.Argument
	// Call is called with as many arguments, of the types, that Inputs asks for. Besides the status of the call it may
	// return one status per argument, or nil when all are good.
	Call func(in []*ua.Variant) (out []*ua.Variant, args []ua.StatusCode, status ua.StatusCode)
}

func (v *Variable) accessLevel() byte {
	access := ua.AccessLevelTypeCurrentRead
	if v.Write != nil {
		access |= ua.AccessLevelTypeCurrentWrite
	}
	if v.History != nil {
		access |= ua.AccessLevelTypeHistoryRead | ua.AccessLevelTypeHistoryWrite
	}
	return byte(access)
}

// child returns the target of the first forward reference of type refType (or a subtype) with this browse name.
func (n *Node) child(refType *Node, name string) *Node {
	for _, r := range n.refs {
		if r.Forward && r.Target.BrowseName.Name == name && r.Type.isSubtypeOf(refType) {
			return r.Target
		}
	}
	return nil
}

// supertype returns the node this type derives from, nil at the root of a hierarchy.
func (n *Node) supertype() *Node {
	for _, r := range n.refs {
		if !r.Forward && r.Type.ID.IntID() == hasSubtypeID && r.Type.ID.Namespace() == 0 {
			return r.Target
		}
	}
	return nil
}

// isSubtypeOf reports whether type node n is base or derives from it.
func (n *Node) isSubtypeOf(base *Node) bool {
	for t := n; t != nil; t = t.supertype() {
		if t == base {
			return true
		}
	}
	return false
}

// typeDefinition returns the type of an Object or Variable, nil for other nodes.
func (n *Node) typeDefinition() *Node {
	for _, r := range n.refs {
		if r.Forward && r.Type.ID.IntID() == hasTypeDefinitionID && r.Type.ID.Namespace() == 0 {
			return r.Target
		}
	}
	return nil
}
