package contentfilter

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// event has fields, and the one type 5 with the supertype 1.
type event []model.Variant

func (e event) Field(i int) model.Variant { return e[i] }

func (e event) IsOfType(id model.Variant) bool {
	n := node(id).NodeID
	return n == model.NumericID(0, 5) || n == model.NumericID(0, 1)
}

func literal(v model.Variant) Operand { return Operand{Value: v} }
func at(i int) Operand                { return Operand{Kind: ElementAt, Index: i} }
func field(i int) Operand             { return Operand{Kind: EventsField, Index: i} }
func text(s string) model.Variant     { return model.StringValue(s) }
func id(n uint32) model.Variant       { return model.NodeIDValue(new(model.NumericID(0, n))) }

var null model.Variant

// Each operator, with results that are neither true nor false (Part 4, 7.7.3).
func TestOperators(t *testing.T) {
	d, i32, u64 := model.DoubleValue, model.Int32Value, model.UInt64Value
	yes, no := model.BooleanValue(true), model.BooleanValue(false)
	localized := model.LocalizedTextValue(&model.LocalizedText{Locale: "de", Text: "Kessel"})
	expanded := model.ExpandedNodeIDValue(new(model.Expanded(model.NumericID(0, 7))))
	f := func(want model.Variant, operator Operator, operands ...model.Variant) {
		t.Helper()
		list, fields := make([]Operand, len(operands)), make([]Operand, len(operands))
		for i, v := range operands {
			list[i], fields[i] = literal(v), field(i)
		}
		for _, operands := range [][]Operand{list, fields} {
			x, err := New([]Element{{operator, operands}}, len(operands))
			if err != nil {
				t.Errorf("operator %d of %v: %v", operator, operands, err)
				return
			}
			e := make(event, len(list))
			for i := range list {
				e[i] = list[i].Value
			}
			if got := x.element(0, e); !got.Equal(want) {
				t.Errorf("operator %d of %v is %s, want %s", operator, operands, got, want)
			}
		}
	}
	f(yes, Equals, i32(5), d(5))
	f(no, Equals, i32(5), d(5.5))
	f(yes, Equals, u64(math.MaxUint64), u64(math.MaxUint64))
	f(no, Equals, model.Int64Value(-1), u64(math.MaxUint64))
	f(no, Equals, u64(math.MaxUint64), u64(math.MaxUint64-1)) // the same as Doubles
	f(yes, Equals, localized, text("Kessel"))
	f(yes, Equals, text("7"), i32(7))
	f(no, Equals, text("seven"), i32(7))
	f(yes, Equals, id(7), expanded)
	f(yes, Equals, yes, i32(1))
	f(no, Equals, d(math.NaN()), d(1))
	f(null, Equals, null, d(1))
	f(null, Equals, d(1), null)
	f(yes, Equals, model.ByteStringValue([]byte("a")), model.ByteStringValue([]byte("a")))
	f(yes, Equals, model.ArrayValue([]int32{1, 2}), model.ArrayValue([]int32{1, 2}))
	f(no, Equals, model.ArrayValue([]int32{1, 2}), i32(1))
	f(yes, IsNull, null)
	f(no, IsNull, text(""))
	f(yes, GreaterThan, i32(6), i32(5))
	f(no, GreaterThan, i32(5), i32(5))
	f(yes, GreaterThan, u64(math.MaxUint64), i32(-1))
	f(yes, LessThan, i32(-1), u64(0))
	f(yes, GreaterThanOrEqual, i32(5), i32(5))
	f(yes, LessThanOrEqual, model.DateTimeValue(5), model.DateTimeValue(6))
	f(no, LessThan, id(5), id(6)) // ids have no order
	f(no, LessThan, text("b"), text("a"))
	f(null, LessThan, null, text("a"))
	f(yes, Like, localized, text("K_ss%"))
	f(no, Like, i32(5), text("5"))
	f(null, Like, null, text("%"))
	f(no, Not, yes)
	f(yes, Not, no)
	f(null, Not, null)
	f(null, Not, i32(1))
	f(yes, Between, i32(5), i32(5), i32(6))
	f(no, Between, i32(7), i32(5), i32(6))
	f(null, Between, i32(7), i32(5), null)
	f(yes, InList, i32(2), i32(1), null, d(2))
	f(no, InList, i32(3), i32(1), d(2))
	f(null, InList, null, i32(1))
	f(yes, And, yes, yes)
	f(no, And, null, no)
	f(no, And, no, null)
	f(null, And, yes, null)
	f(null, And, null, yes)
	f(yes, Or, null, yes)
	f(yes, Or, yes, null)
	f(null, Or, no, null)
	f(no, Or, no, no)
	f(yes, OfType, id(1))
	f(no, OfType, expanded)
	f(model.Int64Value(4), BitwiseAnd, i32(6), i32(-4))
	f(model.UInt64Value(7), BitwiseOr, i32(6), u64(1))
	f(null, BitwiseAnd, d(6), i32(1))
	f(model.ByteValue(6), Cast, text("6"), id(3))
	f(null, Cast, text("256"), id(3))
	f(null, Cast, i32(-1), id(3))
	f(model.SByteValue(-4), Cast, d(-4.5), id(2))
	f(model.UInt64Value(math.MaxUint64), Cast, text("18446744073709551615"), id(9))
	f(null, Cast, d(math.Inf(1)), id(6))
	f(text("6"), Cast, i32(6), id(12))
	f(text("Kessel"), Cast, localized, id(12))
	f(yes, Cast, text("true"), id(1))
	f(d(0.5), Cast, text("0.5"), id(11))
	f(null, Cast, i32(6), id(22))
	f(null, Cast, i32(6), id(1000))
}

func TestPatterns(t *testing.T) {
	f := func(want bool, pattern string, texts ...string) {
		t.Helper()
		p, err := compilePattern(pattern)
		if err != nil {
			t.Error(err)
			return
		}
		for _, s := range texts {
			if p.match(s) != want {
				t.Errorf("%q is like %q: %t, want %t", s, pattern, !want, want)
			}
		}
	}
	f(true, "main%", "main", "main\nline", "main.x")
	f(false, "main%", "Main", " main")
	f(true, "%en%", "en", "enter", "then")
	f(true, "_ey", "key", "öey")
	f(false, "_ey", "ey", "they")
	f(true, "abc[13-68_^]", "abc1", "abc3", "abc6", "abc8", "abc_", "abc^")
	f(false, "abc[13-68]", "abc2", "abc7", "abc-")
	f(true, "ABC[^13-5]", "ABC2", "ABC^")
	f(false, "ABC[^13-5]", "ABC1", "ABC4", "ABC")
	f(true, `5\% [\]-]`, "5% ]", "5% -")
	f(true, `a.b(c)*`, "a.b(c)*")
	f(false, `a.b`, "axb")
	for _, bad := range []string{`a\`, "[abc", "[z-a]", strings.Repeat("a", maxPattern+1)} {
		if _, err := compilePattern(bad); err == nil {
			t.Errorf("%.20q is taken for a pattern", bad)
		}
	}
}

// What is wrong is told with its place; the elements of a filter cannot go round.
func TestMalformed(t *testing.T) {
	for _, c := range []struct {
		element, operand int
		status           model.StatusCode
		elements         []Element
	}{
		{0, 0, model.StatusBadFilterOperandInvalid, []Element{{Not, []Operand{at(0)}}}},
		{1, 0, model.StatusBadFilterOperandInvalid, []Element{{Not, []Operand{at(1)}}, {Not, []Operand{at(0)}}}},
		{0, 1, model.StatusBadFilterOperandInvalid, []Element{{And, []Operand{literal(null), at(9)}}}},
		{0, 0, model.StatusBadFilterOperandInvalid, []Element{{IsNull, []Operand{field(2)}}}},
		{0, -1, model.StatusBadFilterOperandCountMismatch, []Element{{Equals, []Operand{field(1)}}}},
		{0, -1, model.StatusBadFilterOperandCountMismatch, []Element{{InList, []Operand{field(1)}}}},
		{0, -1, model.StatusBadFilterOperatorInvalid, []Element{{18, nil}}},
		{0, -1, model.StatusBadFilterOperatorInvalid, []Element{{math.MaxUint32, nil}}},
		{0, -1, model.StatusBadFilterOperatorUnsupported, []Element{{InView, []Operand{literal(id(1))}}}},
		{0, 0, model.StatusBadFilterLiteralInvalid, []Element{{OfType, []Operand{literal(text("x"))}}}},
		{0, 1, model.StatusBadFilterLiteralInvalid, []Element{{Like, []Operand{field(1), literal(text("["))}}}},
	} {
		_, err := New(c.elements, 2)
		var e *FilterError
		if !errors.As(err, &e) || e.Element != c.element || e.Operand != c.operand || !errors.Is(err, c.status) {
			t.Errorf("%v: %v, want element %d, operand %d, %s", c.elements, err, c.element, c.operand, c.status.Name())
		}
	}
}

// A filter whose elements name others again and again would take for ever: with forty of them a trillion evaluations.
func TestEvaluationsAreBounded(t *testing.T) {
	doubling := func(n int) (elements []Element) {
		for i := range n {
			elements = append(elements, Element{And, []Operand{at(i + 1), at(i + 1)}})
		}
		return append(elements, Element{IsNull, []Operand{field(0)}})
	}
	var wrong *FilterError
	if _, err := New(doubling(40), 1); !errors.As(err, &wrong) || wrong.Status != model.StatusBadContentFilterInvalid {
		t.Errorf("of forty that double: %v", err)
	}
	if _, err := New(doubling(10), 1); err != nil {
		t.Errorf("of ten that double: %v", err)
	}
	chain := make([]Element, 0, 1001)
	for i := range 1000 {
		chain = append(chain, Element{Not, []Operand{at(i + 1)}})
	}
	if _, err := New(append(chain, Element{IsNull, []Operand{field(0)}}), 1); err != nil {
		t.Errorf("of a chain: %v", err)
	}
}

// A filter of several elements, as clients write them, costs nothing for each event.
func TestPasses(t *testing.T) {
	f, err := New([]Element{
		{And, []Operand{at(1), at(2)}},
		{OfType, []Operand{literal(id(1))}},
		{Or, []Operand{at(3), at(4)}},
		{GreaterThanOrEqual, []Operand{field(0), literal(model.UInt16Value(500))}},
		{Like, []Operand{field(1), literal(text("Boiler%"))}},
	}, 2)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		e    event
		want bool
	}{
		{event{model.UInt16Value(500), text("Press")}, true},
		{event{model.UInt16Value(499), text("Boiler1")}, true},
		{event{model.UInt16Value(499), text("Press")}, false},
		{event{null, null}, false},
		{event{null, text("Boiler1")}, true},
	} {
		if got := f.Passes(c.e); got != c.want {
			t.Errorf("%v passes: %t", c.e, got)
		}
		var e Event = c.e
		if n := testing.AllocsPerRun(100, func() { f.Passes(e) }); n > 0 {
			t.Errorf("%v: %v allocations", c.e, n)
		}
	}
	if !new(Filter).Passes(event{}) {
		t.Error("a filter without elements lets nothing pass")
	}
}

// Whatever a client sends, a filter is refused or evaluated.
func FuzzPattern(f *testing.F) {
	for _, s := range []string{"%", "_", "[^a-c]", `\%`, "[]", "[\\"} {
		f.Add(s, "abc")
	}
	f.Fuzz(func(t *testing.T, pattern, s string) {
		if p, err := compilePattern(pattern); err == nil {
			p.match(s)
		}
	})
}
