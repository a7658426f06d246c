package opcua

import (
	"context"
	"fmt"
	"strings"

	"github.com/gopcua/opcua/ua"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// filterOperators are the operators of a ContentFilter (Part 4, 7.7.3).
var filterOperators = map[string]ua.FilterOperator{
	"Equals": ua.FilterOperatorEquals, "IsNull": ua.FilterOperatorIsNull, "GreaterThan": ua.FilterOperatorGreaterThan,
	"LessThan": ua.FilterOperatorLessThan, "GreaterThanOrEqual": ua.FilterOperatorGreaterThanOrEqual,
	"LessThanOrEqual": ua.FilterOperatorLessThanOrEqual, "Like": ua.FilterOperatorLike, "Not": ua.FilterOperatorNot,
	"Between": ua.FilterOperatorBetween, "InList": ua.FilterOperatorInList, "And": ua.FilterOperatorAnd, "Or": ua.FilterOperatorOr,
	"Cast": ua.FilterOperatorCast, "InView": ua.FilterOperatorInView, "OfType": ua.FilterOperatorOfType,
	"RelatedTo": ua.FilterOperatorRelatedTo, "BitwiseAnd": ua.FilterOperatorBitwiseAnd, "BitwiseOr": ua.FilterOperatorBitwiseOr,
}

func operatorName(o ua.FilterOperator) string {
	for name, other := range filterOperators {
		if o == other {
			return name
		}
	}
	return fmt.Sprintf("operator %d", o)
}

// nodeOperators take the ids of nodes for literals.
var nodeOperators = map[ua.FilterOperator]bool{ua.FilterOperatorOfType: true, ua.FilterOperatorInView: true, ua.FilterOperatorRelatedTo: true}

// typeElements are the elements that let events of a type and its subtypes pass, in front of n others.
func typeElements(id model.ExpandedNodeID, n int) []filterElement {
	ofType := filterElement{ua.FilterOperatorOfType, []filterOperand{{literal: model.ExpandedNodeIDValue(&id), nodeID: true}}}
	if n == 0 {
		return []filterElement{ofType}
	}
	first, second := uint32(1), uint32(2)
	return []filterElement{{ua.FilterOperatorAnd, []filterOperand{{element: &first}, {element: &second}}}, ofType}
}

// letRefreshesPass puts the where clause behind an Or with the events that tell where a refresh of conditions begins and ends, and that one is required (Part 9, 5.11.2
// to 5.11.4): some servers filter these like others, although they are not of the plant.
func (f *eventFilter) letRefreshesPass() {
	if len(f.where) == 0 {
		return
	}
	either := func(a, b uint32) filterElement {
		return filterElement{ua.FilterOperatorOr, []filterOperand{{element: &a}, {element: &b}}}
	}
	ofType := func(id uint32) filterElement { return typeElements(model.Expanded(model.NumericID(0, id)), 0)[0] }
	front := []filterElement{either(1, 2), either(3, 4), either(5, 6), ofType(idRefreshStart), ofType(idRefreshEnd), ofType(idRefreshRequired)}
	for i := range f.where {
		for j := range f.where[i].operands {
			if at := f.where[i].operands[j].element; at != nil {
				*at += uint32(len(front))
			}
		}
	}
	f.where, f.shift = append(front, f.where...), f.shift+len(front)
}

// where compiles the where clause. Errors name the element and the operand.
func (c *eventCompiler) where(ctx context.Context, list []model.WhereElement) error {
	for i := range list {
		e := &list[i]
		operator, ok := filterOperators[e.Operator]
		if !ok {
			return fmt.Errorf("events.where[%d].operator %q is none: %w: use one of Part 4, 7.7.3, such as Equals, OfType or And", i, e.Operator, model.StatusBadConfigurationError)
		}
		compiled := filterElement{operator: operator, operands: make([]filterOperand, len(e.Operands))}
		compared := compared{builtIn: model.TypeVariant, rank: model.ValueRankAny}
		for j := range e.Operands {
			a := e.Operands[j].Attribute
			if a == nil {
				continue
			}
			operand, t, err := c.attribute(ctx, a)
			if err != nil {
				return fmt.Errorf("events.where[%d].operands[%d].attribute: %w", i, j, err)
			}
			compiled.operands[j].attribute = operand
			if compared.builtIn == model.TypeVariant {
				compared.builtIn = t.builtIn
			}
		}
		for j := range e.Operands {
			o, to := &e.Operands[j], &compiled.operands[j]
			var err error
			switch {
			case o.Element != nil:
				at := *o.Element + uint32(c.filter.shift)
				to.element = &at
			case o.Attribute == nil:
				*to, err = c.literal(ctx, o, literalType(operator, j, compared))
			}
			if err != nil {
				return fmt.Errorf("events.where[%d].operands[%d].%w", i, j, err)
			}
		}
		c.filter.where = append(c.filter.where, compiled)
	}
	return nil
}

// compared is the type of what a literal is compared with.
type compared struct {
	builtIn model.BuiltInType
	rank    int32
}

// literalType is the type of operand j when it does not say it: that of what it is compared with, or of a node.
func literalType(operator ua.FilterOperator, j int, with compared) compared {
	switch {
	case nodeOperators[operator], operator == ua.FilterOperatorCast && j == 1:
		with.builtIn = model.TypeNodeID
	case operator == ua.FilterOperatorLike, operator == ua.FilterOperatorCast:
		with.builtIn = model.TypeVariant // Like compares texts of any type with a String
	}
	return with
}

// literal makes a typed value of JSON. Errors begin with the member of the operand.
func (c *eventCompiler) literal(ctx context.Context, o *model.WhereOperand, t compared) (filterOperand, error) {
	if o.DataType != "" {
		var err error
		if t.builtIn, err = c.dataType(ctx, o.DataType); err != nil {
			return filterOperand{}, fmt.Errorf("dataType %q: %w", o.DataType, err)
		}
	}
	r := filterOperand{nodeID: t.builtIn == model.TypeNodeID}
	builtIn := t.builtIn
	if r.nodeID {
		builtIn = model.TypeExpandedNodeID
	}
	var err error
	if r.literal, err = model.ParseVariant(o.Value, builtIn, t.rank); err != nil {
		return r, fmt.Errorf("value %.100s: %w: %w: write it as a %s, or give its dataType", o.Value, model.StatusBadConfigurationError, err, t.builtIn)
	}
	if r.nodeID && !r.literal.IsArray() {
		id := c.session.namespaces.ExpandExpanded(r.literal.ExpandedNodeID())
		r.literal = model.ExpandedNodeIDValue(&id)
	}
	return r, nil
}

// dataType is the built-in type of a name, "UInt16", or of the node of a data type, "i=5".
func (c *eventCompiler) dataType(ctx context.Context, text string) (model.BuiltInType, error) {
	for t := model.TypeBoolean; t <= model.TypeVariant; t++ {
		if strings.EqualFold(t.String(), text) {
			return t, nil
		}
	}
	id, err := model.ParseExpandedNodeID(text)
	if err != nil {
		return 0, fmt.Errorf("%w: want a built-in type, UInt16, or the id of a data type's node", model.StatusBadConfigurationError)
	}
	node, err := c.session.namespaces.Resolve(id)
	if err != nil {
		return 0, fmt.Errorf("%w: %w", model.StatusBadConfigurationError, err)
	}
	types, err := c.session.builtInTypes(ctx, []model.NodeID{node})
	return types[node], err
}
