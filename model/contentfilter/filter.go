// Package contentfilter evaluates ContentFilters (Part 4, 7.7): the where clause of an EventFilter, by a server for its clients, or by the client of a
// server that has no where clauses. All operators but InView and RelatedTo are known, which need an address space and are of no use for events.
package contentfilter

import (
	"fmt"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// Operator is a FilterOperator (Part 4, 7.7.3), with the number that it has on the wire.
type Operator uint32

// The operators.
const (
	Equals Operator = iota
	IsNull
	GreaterThan
	LessThan
	GreaterThanOrEqual
	LessThanOrEqual
	Like
	Not
	Between
	InList
	And
	Or
	Cast
	InView
	OfType
	RelatedTo
	BitwiseAnd
	BitwiseOr
)

// arity is how many operands an operator has; a negative one takes more.
var arity = [...]int{
	Equals: 2, IsNull: 1, GreaterThan: 2, LessThan: 2, GreaterThanOrEqual: 2, LessThanOrEqual: 2, Like: 2, Not: 1, Between: 3, InList: -2, And: 2, Or: 2,
	Cast: 2, InView: 0, OfType: 1, RelatedTo: 0, BitwiseAnd: 2, BitwiseOr: 2,
}

// Element is a ContentFilterElement.
type Element struct {
	Operator Operator
	Operands []Operand
}

// Operand is one of an element.
type Operand struct {
	Kind OperandKind
	// Index is that of the element, or of the field.
	Index int
	// Value is that of a literal; its memory must remain unchanged.
	Value model.Variant
}

// OperandKind tells operands apart.
type OperandKind uint8

// The kinds of operands.
const (
	Literal     OperandKind = iota
	ElementAt               // the result of the element Index, which comes behind the one that has the operand
	EventsField             // the field Index of the event
)

// Event is what a filter looks at.
type Event interface {
	// Field is the value of a field, null for one that the event does not have. It is valid during the evaluation.
	Field(index int) model.Variant
	// IsOfType tells whether the event's type is the node that id names, a NodeId or ExpandedNodeId, or a subtype of it.
	IsOfType(id model.Variant) bool
}

// Filter is a ContentFilter. It may be used by several goroutines. The zero Filter lets all events pass.
type Filter struct {
	elements []Element
	patterns map[string]*pattern // of the literals of Like
}

// FilterError says what is wrong with an element of a filter.
type FilterError struct {
	// Element is its index, Operand that of the operand or -1 when all of the element is meant.
	Element, Operand int
	Status           model.StatusCode
	Text             string
}

func (e *FilterError) Error() string {
	at := fmt.Sprintf("element %d", e.Element)
	if e.Operand >= 0 {
		at += fmt.Sprintf(", operand %d", e.Operand)
	}
	return fmt.Sprintf("%s: %s: %s", at, e.Status.Name(), e.Text)
}

// Unwrap gives the status.
func (e *FilterError) Unwrap() error { return e.Status }

// New makes a filter, whose result is that of its first element. fields is how many fields an event has. The error is a *FilterError.
func New(elements []Element, fields int) (*Filter, error) {
	f := &Filter{elements: elements, patterns: map[string]*pattern{}}
	for i := range elements {
		e := &elements[i]
		if int(e.Operator) >= len(arity) {
			return nil, &FilterError{i, -1, model.StatusBadFilterOperatorInvalid, fmt.Sprintf("there is no operator %d", e.Operator)}
		}
		switch n := arity[e.Operator]; {
		case n == 0:
			return nil, &FilterError{i, -1, model.StatusBadFilterOperatorUnsupported, "InView and RelatedTo need the address space"}
		case n > 0 && len(e.Operands) != n, len(e.Operands) < -n:
			return nil, &FilterError{i, -1, model.StatusBadFilterOperandCountMismatch, fmt.Sprintf("it has %d operands, want %d", len(e.Operands), max(n, -n))}
		}
		for j := range e.Operands {
			if err := f.check(i, j, fields); err != nil {
				return nil, err
			}
		}
	}
	if n := f.evaluations(); n > maxEvaluations {
		return nil, &FilterError{0, -1, model.StatusBadContentFilterInvalid, fmt.Sprintf("its elements name others so often that an event could take more than %d evaluations", maxEvaluations)}
	}
	return f, nil
}

// maxEvaluations bounds what one event takes: elements that several others name are evaluated for each of them, which doubles with each step.
const maxEvaluations = 10_000

// evaluations is how many elements one event takes at most, or more than maxEvaluations.
func (f *Filter) evaluations() int {
	counts := make([]int, len(f.elements))
	for i := len(f.elements) - 1; i >= 0; i-- { // elements name only those behind them
		counts[i] = 1
		for _, o := range f.elements[i].Operands {
			if o.Kind == ElementAt {
				counts[i] = min(counts[i]+counts[o.Index], maxEvaluations+1)
			}
		}
	}
	if len(counts) == 0 {
		return 0
	}
	return counts[0]
}

// check checks an operand, and compiles the pattern of a Like. That elements refer only to those behind them keeps the evaluation from going round.
func (f *Filter) check(i, j, fields int) error {
	e := &f.elements[i]
	switch o := &e.Operands[j]; o.Kind {
	case ElementAt:
		if o.Index <= i || o.Index >= len(f.elements) {
			return &FilterError{i, j, model.StatusBadFilterOperandInvalid, fmt.Sprintf("it names element %d: name one behind it", o.Index)}
		}
	case EventsField:
		if o.Index < 0 || o.Index >= fields {
			return &FilterError{i, j, model.StatusBadFilterOperandInvalid, fmt.Sprintf("there is no field %d", o.Index)}
		}
	case Literal:
		if e.Operator == OfType && !isNode(o.Value) {
			return &FilterError{i, j, model.StatusBadFilterLiteralInvalid, "OfType takes the NodeId of a type"}
		}
		if text, ok := textOf(o.Value); ok && e.Operator == Like && j == 1 {
			p, err := compilePattern(text)
			if err != nil {
				return &FilterError{i, j, model.StatusBadFilterLiteralInvalid, err.Error()}
			}
			f.patterns[text] = p
		}
	}
	return nil
}

// Passes tells whether an event passes: the first element is true, neither false nor null.
func (f *Filter) Passes(e Event) bool {
	if len(f.elements) == 0 {
		return true
	}
	return f.element(0, e).Bool()
}

// element is the result of an element, null where it cannot be told.
func (f *Filter) element(i int, e Event) model.Variant {
	x := &f.elements[i]
	switch x.Operator {
	case And, Or:
		return f.join(x, e)
	case Not:
		if t := truth(f.operand(x, 0, e)); !t.IsNull() {
			return model.BooleanValue(!t.Bool())
		}
		return model.Variant{}
	case IsNull:
		return model.BooleanValue(f.operand(x, 0, e).IsNull())
	case OfType:
		return model.BooleanValue(e.IsOfType(f.operand(x, 0, e)))
	case InList:
		return f.inList(x, e)
	}
	a, b := f.operand(x, 0, e), f.operand(x, 1, e)
	if a.IsNull() || b.IsNull() {
		return model.Variant{}
	}
	switch x.Operator {
	case Like:
		return f.like(a, b)
	case Cast:
		return cast(a, b)
	case BitwiseAnd, BitwiseOr:
		return bitwise(x.Operator, a, b)
	case Between:
		c := f.operand(x, 2, e)
		if c.IsNull() {
			return model.Variant{}
		}
		return model.BooleanValue(ordered(GreaterThanOrEqual, a, b) && ordered(LessThanOrEqual, a, c))
	case Equals:
		return model.BooleanValue(equal(a, b))
	}
	return model.BooleanValue(ordered(x.Operator, a, b))
}

func (f *Filter) operand(x *Element, j int, e Event) model.Variant {
	switch o := &x.Operands[j]; o.Kind {
	case ElementAt:
		return f.element(o.Index, e)
	case EventsField:
		return e.Field(o.Index)
	default:
		return o.Value
	}
}

// join is And or Or (Part 4, tables of the logical operators): what is null decides only when the other operand does not.
func (f *Filter) join(x *Element, e Event) model.Variant {
	decisive := x.Operator == Or
	a := truth(f.operand(x, 0, e))
	if !a.IsNull() && a.Bool() == decisive {
		return a
	}
	b := truth(f.operand(x, 1, e))
	switch {
	case !b.IsNull() && b.Bool() == decisive:
		return b
	case a.IsNull() || b.IsNull():
		return model.Variant{}
	}
	return model.BooleanValue(!decisive)
}

func (f *Filter) inList(x *Element, e Event) model.Variant {
	a := f.operand(x, 0, e)
	if a.IsNull() {
		return model.Variant{}
	}
	for j := 1; j < len(x.Operands); j++ {
		if b := f.operand(x, j, e); !b.IsNull() && equal(a, b) {
			return model.BooleanValue(true)
		}
	}
	return model.BooleanValue(false)
}

func (f *Filter) like(a, b model.Variant) model.Variant {
	text, ok := textOf(a)
	want, ok2 := textOf(b)
	if !ok || !ok2 {
		return model.BooleanValue(false)
	}
	p := f.patterns[want]
	if p == nil { // it is a field
		var err error
		if p, err = compilePattern(want); err != nil {
			return model.BooleanValue(false)
		}
	}
	return model.BooleanValue(p.match(text))
}
