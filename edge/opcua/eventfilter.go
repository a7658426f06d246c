package opcua

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gopcua/opcua/ua"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// eventFilter is an EventFilter (Part 4, 7.22.3) that holds over all sessions: nodes and names by the URIs of their namespaces.
type eventFilter struct {
	selects []attributeOperand
	where   []filterElement
	// fields is how many selects, the first ones, are fields of the DataSet. Those behind are for the gateway alone.
	fields int
	// shift is how many elements of where, the first ones, are not the user's.
	shift int
	// The places in selects of what the gateway looks at; -1 for what is not selected.
	eventID, eventType, conditionID, branchID, retain, changes int
}

// attributeOperand is a SimpleAttributeOperand (Part 4, 7.7.4.5).
type attributeOperand struct {
	name           string // of the field; empty for an operand of the where clause
	typeDefinition model.ExpandedNodeID
	path           []model.QualifiedName
	attribute      model.AttributeID
	indexRange     string
}

// filterElement is a ContentFilterElement (Part 4, 7.7.1).
type filterElement struct {
	operator ua.FilterOperator
	operands []filterOperand
}

// filterOperand is an element, an attribute or else a literal.
type filterOperand struct {
	element   *uint32
	attribute *attributeOperand
	literal   model.Variant
	// nodeID tells that the literal is a NodeId, which the model has as an ExpandedNodeId.
	nodeID bool
}

// equal tells whether two filters ask for the same.
func (f *eventFilter) equal(g *eventFilter) bool {
	return f.fields == g.fields && f.shift == g.shift && slices.EqualFunc(f.selects, g.selects, attributeOperand.equal) &&
		slices.EqualFunc(f.where, g.where, func(a, b filterElement) bool {
			return a.operator == b.operator && slices.EqualFunc(a.operands, b.operands, filterOperand.equal)
		})
}

func (o attributeOperand) equal(p attributeOperand) bool {
	return o.name == p.name && o.typeDefinition == p.typeDefinition && o.attribute == p.attribute && o.indexRange == p.indexRange && slices.Equal(o.path, p.path)
}

func (o filterOperand) equal(p filterOperand) bool {
	same := (o.element == nil) == (p.element == nil) && (o.attribute == nil) == (p.attribute == nil) && o.nodeID == p.nodeID
	return same && (o.element == nil || *o.element == *p.element) && (o.attribute == nil || o.attribute.equal(*p.attribute)) && o.literal.Equal(p.literal)
}

// String prints the operand for a message: "i=2041 /Message".
func (o *attributeOperand) String() string {
	var b strings.Builder
	b.WriteString(o.typeDefinition.String() + " ")
	for i := range o.path {
		b.WriteString("/" + o.path[i].String())
	}
	if o.attribute != model.AttributeValue {
		fmt.Fprintf(&b, " attribute %d", o.attribute)
	}
	return b.String()
}

// encode makes the filter of a request, without where clause when the gateway applies it itself. The error names what the server of the session cannot know.
func (f *eventFilter) encode(t model.NamespaceTable, local *localWhere) (*ua.ExtensionObject, error) {
	r := &ua.EventFilter{WhereClause: &ua.ContentFilter{Elements: []*ua.ContentFilterElement{}}}
	for i := range f.selects {
		o, err := f.selects[i].encode(t)
		if err != nil {
			return nil, fmt.Errorf("field %q: %w", f.selects[i].name, err)
		}
		r.SelectClauses = append(r.SelectClauses, o)
	}
	if local != nil {
		for i := range local.extra {
			o, err := local.extra[i].encode(t)
			if err != nil {
				return nil, err
			}
			r.SelectClauses = append(r.SelectClauses, o)
		}
		return ua.NewExtensionObject(r), nil
	}
	for i := range f.where {
		e := &ua.ContentFilterElement{FilterOperator: f.where[i].operator}
		for j := range f.where[i].operands {
			o, err := f.where[i].operands[j].encode(t)
			if err != nil {
				return nil, fmt.Errorf("where[%d].operands[%d]: %w", i-f.shift, j, err)
			}
			e.FilterOperands = append(e.FilterOperands, o)
		}
		r.WhereClause.Elements = append(r.WhereClause.Elements, e)
	}
	return ua.NewExtensionObject(r), nil
}

func (o *attributeOperand) encode(t model.NamespaceTable) (*ua.SimpleAttributeOperand, error) {
	id, err := t.Resolve(o.typeDefinition)
	if err != nil {
		return nil, fmt.Errorf("typeDefinition: %w", err)
	}
	r := &ua.SimpleAttributeOperand{
		TypeDefinitionID: uaNodeID(id), AttributeID: ua.AttributeID(o.attribute), IndexRange: o.indexRange, BrowsePath: []*ua.QualifiedName{},
	}
	for _, q := range o.path {
		name, err := uaQualifiedName(t, q)
		if err != nil {
			return nil, fmt.Errorf("browsePath: %w", err)
		}
		r.BrowsePath = append(r.BrowsePath, name)
	}
	return r, nil
}

func (o *filterOperand) encode(t model.NamespaceTable) (*ua.ExtensionObject, error) {
	switch {
	case o.element != nil:
		return ua.NewExtensionObject(&ua.ElementOperand{Index: *o.element}), nil
	case o.attribute != nil:
		a, err := o.attribute.encode(t)
		if err != nil {
			return nil, err
		}
		return ua.NewExtensionObject(a), nil
	}
	e := &encoder{namespaces: t, nodeIDs: o.nodeID}
	v, err := e.variant(o.literal)
	if err != nil {
		return nil, fmt.Errorf("value: %w", err)
	}
	return ua.NewExtensionObject(&ua.LiteralOperand{Value: v}), nil
}

// filterResult is what a server says of a filter that it was asked for (EventFilterResult, Part 4, 7.22.3).
type filterResult struct {
	selects []model.StatusCode // by clause; those that it does not tell are Good
	faulty  bool               // the where clause itself is wrong, not only unknown to the server
	message string             // what is wrong, for an operator; empty when nothing is
}

// result reads the server's answer; x may be of any type or nil.
func (f *eventFilter) result(x *ua.ExtensionObject) (r filterResult) {
	r.selects = make([]model.StatusCode, len(f.selects))
	if x == nil {
		return r
	}
	result, ok := x.Value.(*ua.EventFilterResult)
	if !ok || result == nil {
		return r
	}
	var reasons []string
	for i, status := range result.SelectClauseResults[:min(len(result.SelectClauseResults), len(f.selects))] {
		s := model.StatusCode(status)
		if s == model.StatusBadNothingToDo && len(f.selects[i].path) == 0 {
			s = 0 // node-opcua says so of the ConditionId, which has no path, and sends it
		}
		if r.selects[i] = s; s.IsBad() {
			reasons = append(reasons, fmt.Sprintf("field %q (%s) is %s", f.selects[i].name, &f.selects[i], s.Name()))
		}
	}
	if w := result.WhereClauseResult; w != nil {
		for i, e := range w.ElementResults[:min(len(w.ElementResults), len(f.where))] {
			if e != nil {
				reasons = append(reasons, f.elementReasons(i, e)...)
				r.faulty = r.faulty || faultyElement(e)
			}
		}
	}
	const most = 5
	if n := len(reasons); n > most {
		reasons = append(reasons[:most], fmt.Sprintf("and %d more", n-most))
	}
	r.message = strings.Join(reasons, "; ")
	return r
}

func (f *eventFilter) elementReasons(i int, e *ua.ContentFilterElementResult) (reasons []string) {
	at := fmt.Sprintf("where[%d]", i-f.shift)
	if i < f.shift {
		at = "the type of the events"
	}
	if status := model.StatusCode(e.StatusCode); status.IsBad() {
		reasons = append(reasons, fmt.Sprintf("%s (%s) is %s", at, operatorName(f.where[i].operator), status.Name()))
	}
	for j, s := range e.OperandStatusCodes {
		if status := model.StatusCode(s); status.IsBad() {
			reasons = append(reasons, fmt.Sprintf("%s.operands[%d] is %s", at, j, status.Name()))
		}
	}
	return reasons
}
