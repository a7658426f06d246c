package contentfilter

import (
	"cmp"
	"math"
	"math/big"
	"strconv"
	"strings"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// truth is a value as a Boolean, null when it is none.
func truth(v model.Variant) model.Variant {
	if v.Type() == model.TypeBoolean && !v.IsArray() {
		return v
	}
	return model.Variant{}
}

// textOf is the text of a String, XmlElement, LocalizedText or QualifiedName.
func textOf(v model.Variant) (string, bool) {
	if v.IsArray() || v.IsNull() {
		return "", false
	}
	switch v.Type() {
	case model.TypeString, model.TypeXMLElement:
		return v.Text(), true
	case model.TypeLocalizedText:
		return v.LocalizedText().Text, true
	case model.TypeQualifiedName:
		return v.QualifiedName().Name, true
	}
	return "", false
}

func isNode(v model.Variant) bool {
	return !v.IsArray() && (v.Type() == model.TypeNodeID || v.Type() == model.TypeExpandedNodeID)
}

// node is the id that a value names.
func node(v model.Variant) model.ExpandedNodeID {
	if v.Type() == model.TypeNodeID {
		return model.Expanded(v.NodeID())
	}
	return v.ExpandedNodeID()
}

// equal compares values of one type, or of types that convert to each other without being asked (Part 4, 7.7.3): numbers, texts, ids. What does not convert is
// not equal.
func equal(a, b model.Variant) bool {
	if c, ok := compare(a, b); ok {
		return c == 0
	}
	if isNode(a) && isNode(b) {
		return node(a) == node(b)
	}
	return a.Equal(b)
}

// ordered tells whether a is in the order to b that the operator wants. What has no order is in none.
func ordered(operator Operator, a, b model.Variant) bool {
	c, ok := compare(a, b)
	if !ok {
		return false
	}
	switch operator {
	case GreaterThan:
		return c > 0
	case GreaterThanOrEqual:
		return c >= 0
	case LessThan:
		return c < 0
	}
	return c <= 0
}

// compare tells the order of numbers, texts and times; ok is false for all else, and for NaN. A text is compared with a number as the number that it writes.
func compare(a, b model.Variant) (c int, ok bool) {
	if a.IsArray() || b.IsArray() {
		return 0, false
	}
	if a.Type() == model.TypeDateTime && b.Type() == model.TypeDateTime {
		return cmp.Compare(a.DateTime(), b.DateTime()), true
	}
	ta, isText := textOf(a)
	tb, isText2 := textOf(b)
	switch {
	case isText && isText2:
		return strings.Compare(ta, tb), true
	case isText:
		a = numberIn(ta)
	case isText2:
		b = numberIn(tb)
	}
	if !isNumber(a) || !isNumber(b) {
		return 0, false
	}
	if whole(a) && whole(b) {
		return compareWhole(a, b), true
	}
	x, _ := a.Number()
	y, _ := b.Number()
	return cmp.Compare(x, y), !math.IsNaN(x) && !math.IsNaN(y)
}

func isNumber(v model.Variant) bool {
	switch v.Type() {
	case model.TypeBoolean, model.TypeFloat, model.TypeDouble, model.TypeStatusCode:
		return !v.IsNull()
	}
	return whole(v)
}

// whole tells whether v is an integer.
func whole(v model.Variant) bool {
	return v.Type() >= model.TypeSByte && v.Type() <= model.TypeUInt64 && !v.IsArray()
}

func signed(v model.Variant) bool {
	switch v.Type() {
	case model.TypeSByte, model.TypeInt16, model.TypeInt32, model.TypeInt64:
		return true
	}
	return false
}

// compareWhole compares integers exactly, also a UInt64 with an Int64.
func compareWhole(a, b model.Variant) int {
	switch {
	case signed(a) && signed(b):
		return cmp.Compare(a.Int(), b.Int())
	case signed(a):
		if a.Int() < 0 {
			return -1
		}
		return cmp.Compare(uint64(a.Int()), b.Uint())
	case signed(b):
		return -compareWhole(b, a)
	}
	return cmp.Compare(a.Uint(), b.Uint())
}

// numberIn is the number that a text writes, null when it writes none. "true" and "false" are Booleans.
func numberIn(text string) model.Variant {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return model.Int64Value(n)
	}
	if n, err := strconv.ParseUint(text, 10, 64); err == nil {
		return model.UInt64Value(n)
	}
	if x, err := strconv.ParseFloat(text, 64); err == nil {
		return model.DoubleValue(x)
	}
	switch text {
	case "true":
		return model.BooleanValue(true)
	case "false":
		return model.BooleanValue(false)
	}
	return model.Variant{}
}

// bitwise joins integers, null for all else. The result is signed when both are.
func bitwise(operator Operator, a, b model.Variant) model.Variant {
	if !whole(a) || !whole(b) {
		return model.Variant{}
	}
	x, y := uint64(a.Int())|a.Uint(), uint64(b.Int())|b.Uint()
	r := x & y
	if operator == BitwiseOr {
		r = x | y
	}
	if signed(a) && signed(b) {
		return model.Int64Value(int64(r))
	}
	return model.UInt64Value(r)
}

// cast makes a value one of the built-in type that the second operand names, null where that cannot be (Part 4, 7.7.3).
func cast(v, to model.Variant) model.Variant {
	if !isNode(to) || v.IsArray() {
		return model.Variant{}
	}
	id := node(to)
	t := model.BuiltInType(id.Numeric())
	if id.NamespaceURI != "" || id.Namespace() != 0 || id.Type() != model.IDNumeric || id.Numeric() > uint32(model.TypeVariant) {
		return model.Variant{}
	}
	if v.Type() == t || isNode(v) && (t == model.TypeNodeID || t == model.TypeExpandedNodeID) {
		return v
	}
	text, isText := textOf(v)
	switch {
	case t == model.TypeString && isText:
		return model.StringValue(text)
	case t == model.TypeLocalizedText && isText:
		return model.LocalizedTextValue(&model.LocalizedText{Text: text})
	case t == model.TypeString:
		return model.StringValue(strings.Trim(string(v.AppendJSON(nil)), `"`))
	case isText:
		v = numberIn(text)
	}
	if !isNumber(v) {
		return model.Variant{}
	}
	return castNumber(v, t)
}

// castNumber converts numbers; halves go to the even one, and what is out of range is null.
func castNumber(v model.Variant, t model.BuiltInType) model.Variant {
	x, _ := v.Number()
	switch t {
	case model.TypeBoolean:
		return model.BooleanValue(x != 0)
	case model.TypeDouble:
		return model.DoubleValue(x)
	case model.TypeFloat:
		return model.FloatValue(float32(x))
	}
	span, ok := ranges[t]
	if !ok {
		return model.Variant{}
	}
	n := new(big.Int)
	switch {
	case signed(v):
		n.SetInt64(v.Int())
	case whole(v):
		n.SetUint64(v.Uint())
	case math.IsNaN(x) || math.IsInf(x, 0):
		return model.Variant{}
	default:
		big.NewFloat(math.RoundToEven(x)).Int(n)
	}
	if n.Cmp(span[0]) < 0 || n.Cmp(span[1]) > 0 {
		return model.Variant{}
	}
	if t == model.TypeStatusCode {
		return model.StatusCodeValue(model.StatusCode(n.Uint64()))
	}
	word := n.Uint64()
	if n.Sign() < 0 {
		word = uint64(n.Int64())
	}
	return model.NumberFormOf(t).Value(word)
}

func span(low int64, high uint64) [2]*big.Int {
	return [2]*big.Int{big.NewInt(low), new(big.Int).SetUint64(high)}
}

// ranges are the values of the integer types.
var ranges = map[model.BuiltInType][2]*big.Int{
	model.TypeSByte: span(math.MinInt8, math.MaxInt8), model.TypeByte: span(0, math.MaxUint8),
	model.TypeInt16: span(math.MinInt16, math.MaxInt16), model.TypeUInt16: span(0, math.MaxUint16),
	model.TypeInt32: span(math.MinInt32, math.MaxInt32), model.TypeUInt32: span(0, math.MaxUint32),
	model.TypeInt64: span(math.MinInt64, math.MaxInt64), model.TypeUInt64: span(0, math.MaxUint64),
	model.TypeStatusCode: span(0, math.MaxUint32),
}
