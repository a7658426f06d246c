package uaserver

import (
	"time"

	"github.com/gopcua/opcua/id"
	"github.com/gopcua/opcua/ua"
)

// Constant returns a Read function for a value that never changes. v must be of a type that ua.NewVariant takes.
func Constant(v any) func() *ua.DataValue {
	dv := &ua.DataValue{EncodingMask: ua.DataValueValue | ua.DataValueSourceTimestamp, Value: ua.MustVariant(v), SourceTimestamp: time.Now()}
	return func() *ua.DataValue { return dv }
}

// attribute returns the value of one attribute (Part 3, 5.9). The result is shared: copy it before changing it.
func (n *Node) attribute(attr ua.AttributeID) *ua.DataValue {
	if attr == ua.AttributeIDValue {
		return n.value()
	}
	v := n.baseAttribute(attr)
	if v == nil {
		v = n.classAttribute(attr)
	}
	if v == nil {
		return &ua.DataValue{EncodingMask: ua.DataValueStatusCode, Status: ua.StatusBadAttributeIDInvalid}
	}
	return &ua.DataValue{EncodingMask: ua.DataValueValue, Value: ua.MustVariant(v)}
}

func (n *Node) value() *ua.DataValue {
	if n.Variable == nil || (n.Class == ua.NodeClassVariableType && n.Variable.Read == nil) {
		return &ua.DataValue{EncodingMask: ua.DataValueStatusCode, Status: ua.StatusBadAttributeIDInvalid}
	}
	if n.Variable.Read == nil {
		return &ua.DataValue{EncodingMask: ua.DataValueValue, Value: &ua.Variant{}}
	}
	return n.Variable.Read()
}

// baseAttribute returns an attribute that every node has, nil when attr is none of them.
func (n *Node) baseAttribute(attr ua.AttributeID) any {
	switch attr {
	case ua.AttributeIDNodeID:
		return n.ID
	case ua.AttributeIDNodeClass:
		return int32(n.Class)
	case ua.AttributeIDBrowseName:
		return n.BrowseName
	case ua.AttributeIDDisplayName:
		return n.DisplayName
	case ua.AttributeIDDescription:
		return textOrEmpty(n.Description)
	case ua.AttributeIDWriteMask, ua.AttributeIDUserWriteMask:
		return uint32(0)
	}
	return nil
}

// classAttribute returns an attribute of the node's class, nil when the class or this node does not have it.
func (n *Node) classAttribute(attr ua.AttributeID) any {
	switch n.Class {
	case ua.NodeClassObject:
		if attr == ua.AttributeIDEventNotifier {
			if n.ID.Equal(ua.NewNumericNodeID(0, id.Server)) {
				return byte(1) // SubscribeToEvents
			}
			return byte(0)
		}
	case ua.NodeClassVariable, ua.NodeClassVariableType:
		return n.variableAttribute(attr)
	case ua.NodeClassMethod:
		if attr == ua.AttributeIDExecutable || attr == ua.AttributeIDUserExecutable {
			return n.Method != nil
		}
	case ua.NodeClassObjectType, ua.NodeClassDataType, ua.NodeClassReferenceType:
		return n.typeAttribute(attr)
	}
	return nil
}

func (n *Node) typeAttribute(attr ua.AttributeID) any {
	isReference := n.Class == ua.NodeClassReferenceType
	switch {
	case attr == ua.AttributeIDIsAbstract:
		return n.IsAbstract
	case attr == ua.AttributeIDSymmetric && isReference:
		return n.Symmetric
	case attr == ua.AttributeIDInverseName && isReference && n.InverseName != nil:
		return n.InverseName
	case attr == ua.AttributeIDDataTypeDefinition && n.Definition != nil:
		return n.Definition
	}
	return nil
}

func (n *Node) variableAttribute(attr ua.AttributeID) any {
	v, isType := n.Variable, n.Class == ua.NodeClassVariableType
	switch attr {
	case ua.AttributeIDDataType:
		return v.DataType
	case ua.AttributeIDValueRank:
		return v.ValueRank
	case ua.AttributeIDArrayDimensions:
		if v.ValueRank > 0 && len(v.ArrayDimensions) > 0 {
			return v.ArrayDimensions
		}
	case ua.AttributeIDIsAbstract:
		if isType {
			return n.IsAbstract
		}
	}
	if isType {
		return nil
	}
	switch attr {
	case ua.AttributeIDAccessLevel, ua.AttributeIDUserAccessLevel:
		return v.accessLevel()
	case ua.AttributeIDMinimumSamplingInterval:
		return float64(v.MinimumSamplingInterval) / float64(time.Millisecond)
	case ua.AttributeIDHistorizing:
		return v.History != nil
	}
	return nil
}

// stamped returns a copy of dv with the timestamps the client asked for (Part 4, 7.40). Only Values have a source time.
func stamped(dv *ua.DataValue, attr ua.AttributeID, which ua.TimestampsToReturn, now time.Time) *ua.DataValue {
	out := *dv
	out.EncodingMask &^= ua.DataValueServerTimestamp | ua.DataValueServerPicoseconds
	if which == ua.TimestampsToReturnServer || which == ua.TimestampsToReturnBoth {
		out.EncodingMask |= ua.DataValueServerTimestamp
		out.ServerTimestamp = now
	}
	if which == ua.TimestampsToReturnServer || which == ua.TimestampsToReturnNeither || attr != ua.AttributeIDValue {
		out.EncodingMask &^= ua.DataValueSourceTimestamp
	}
	return &out
}
