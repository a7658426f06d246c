package graph

import "github.com/shopfloor-iiot/shopfloor/model"

// attribute is one thing to read of a node.
type attribute struct {
	id         model.AttributeID
	indexRange string
}

// attributeOfField is the attribute that a field of a node type shows. Fields that are not here need no read.
var attributeOfField = map[string]model.AttributeID{
	"description":             model.AttributeDescription,
	"eventNotifier":           model.AttributeEventNotifier,
	"value":                   model.AttributeValue,
	"dataType":                model.AttributeDataType,
	"valueRank":               model.AttributeValueRank,
	"arrayDimensions":         model.AttributeArrayDimensions,
	"accessLevel":             model.AttributeAccessLevel,
	"userAccessLevel":         model.AttributeUserAccessLevel,
	"minimumSamplingInterval": model.AttributeMinimumSamplingInterval,
	"historizing":             model.AttributeHistorizing,
	"executable":              model.AttributeExecutable,
	"userExecutable":          model.AttributeUserExecutable,
	"isAbstract":              model.AttributeIsAbstract,
	"symmetric":               model.AttributeSymmetric,
	"inverseName":             model.AttributeInverseName,
	"containsNoLoops":         model.AttributeContainsNoLoops,
}

// identity is read of nodes of which only the id is known.
var identity = []attribute{
	{id: model.AttributeNodeID}, {id: model.AttributeNodeClass}, {id: model.AttributeBrowseName}, {id: model.AttributeDisplayName},
}

// attributeValue is the attribute's value, null when the node lacks it or may not show it. The error is that of the whole read.
func attributeValue(n *node, id model.AttributeID) (model.Variant, error) {
	r, err := n.level.attribute(n, attribute{id: id})
	if err != nil || r.Status.IsBad() {
		return model.Variant{}, err
	}
	return r.Value, nil
}

func boolean(n *node, id model.AttributeID) (*bool, error) {
	v, err := attributeValue(n, id)
	if err != nil || v.Type() != model.TypeBoolean || v.IsArray() {
		return nil, err
	}
	b := v.Bool()
	return &b, nil
}

func number(n *node, id model.AttributeID) (*float64, error) {
	v, err := attributeValue(n, id)
	f, ok := v.Number()
	if err != nil || !ok {
		return nil, err
	}
	return &f, nil
}

func integer(n *node, id model.AttributeID) (*int, error) {
	f, err := number(n, id)
	if f == nil {
		return nil, err
	}
	i := int(*f)
	return &i, nil
}

func localizedText(n *node, id model.AttributeID) (*model.LocalizedText, error) {
	v, err := attributeValue(n, id)
	t := v.LocalizedText()
	if err != nil || t == (model.LocalizedText{}) {
		return nil, err
	}
	return &t, nil
}

func nodeID(n *node, id model.AttributeID) (*model.ExpandedNodeID, error) {
	v, err := attributeValue(n, id)
	e := expandedNodeID(v)
	if err != nil || e.IsNull() {
		return nil, err
	}
	return &e, nil
}

// expandedNodeID is the NodeId in v, which a gateway may have made expanded.
func expandedNodeID(v model.Variant) model.ExpandedNodeID {
	if v.Type() == model.TypeNodeID {
		return model.Expanded(v.NodeID())
	}
	return v.ExpandedNodeID()
}

func arrayDimensions(n *node) ([]int, error) {
	v, err := attributeValue(n, model.AttributeArrayDimensions)
	if err != nil || v.Type() != model.TypeUInt32 || !v.IsArray() || v.IsNull() {
		return nil, err
	}
	dims := make([]int, 0, v.Len())
	for _, d := range model.Elements[uint32](v) {
		dims = append(dims, int(d))
	}
	return dims, nil
}

func accessLevel(n *node, id model.AttributeID) ([]model.AccessLevel, error) {
	mask, err := integer(n, id)
	if mask == nil {
		return nil, err
	}
	levels := []model.AccessLevel{}
	for _, l := range []model.AccessLevel{
		model.AccessCurrentRead, model.AccessCurrentWrite, model.AccessHistoryRead, model.AccessHistoryWrite,
	} {
		if model.AccessLevel(*mask)&l != 0 {
			levels = append(levels, l)
		}
	}
	return levels, nil
}
