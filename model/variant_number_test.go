package model

import (
	"math"
	"testing"
)

// TestNumberFormsAreTheValues: a number and its word are the same both ways, whatever stands above it in the word.
func TestNumberFormsAreTheValues(t *testing.T) {
	f := func(v Variant, wantSize int, low uint64) {
		t.Helper()
		word, size := v.Word()
		mask := uint64(math.MaxUint64) >> (64 - 8*size)
		if size != wantSize || word&mask != low {
			t.Errorf("%v: word %#x of %d bytes; want %#x of %d", v, word, size, low, wantSize)
		}
		form := NumberFormOf(v.Type())
		for _, above := range []uint64{0, math.MaxUint64} {
			if got := form.Value(low | above&^mask); got != v || form.Size() != size {
				t.Errorf("%v: came back as %v", v, got)
			}
		}
	}
	f(BooleanValue(true), 1, 1)
	f(BooleanValue(false), 1, 0)
	f(SByteValue(-128), 1, 0x80)
	f(SByteValue(127), 1, 0x7F)
	f(ByteValue(255), 1, 0xFF)
	f(Int16Value(-2), 2, 0xFFFE)
	f(UInt16Value(0xFFFE), 2, 0xFFFE)
	f(Int32Value(math.MinInt32), 4, 1<<31)
	f(UInt32Value(1<<31), 4, 1<<31)
	f(Int64Value(-1), 8, math.MaxUint64)
	f(UInt64Value(math.MaxUint64), 8, math.MaxUint64)
	f(FloatValue(-1.5), 4, uint64(math.Float32bits(-1.5)))
	f(DoubleValue(math.Inf(-1)), 8, math.Float64bits(math.Inf(-1)))
	f(DateTimeValue(MaxDateTime), 8, math.MaxInt64)
	if got := NumberFormOf(TypeBoolean).Value(0x42); got != BooleanValue(true) {
		t.Errorf("Boolean 0x42 is %v; want true", got)
	}
}

func TestOtherTypesHaveNoNumberForm(t *testing.T) {
	for n := range 256 {
		typ := BuiltInType(n)
		form := NumberFormOf(typ)
		if want := typ.Numeric() || typ == TypeBoolean || typ == TypeDateTime; want != (form.Size() > 0) {
			t.Errorf("%v: size %d", typ, form.Size())
		}
		if form.Size() == 0 && form.Value(math.MaxUint64) != (Variant{}) {
			t.Errorf("%v makes %v; want null", typ, form.Value(math.MaxUint64))
		}
	}
	for _, v := range []Variant{{}, StringValue("1"), NullStringValue(), StatusCodeValue(1), ArrayValue([]float64{1}), NullArrayValue(TypeDouble)} {
		if word, size := v.Word(); size != 0 {
			t.Errorf("%v has the word %#x of %d bytes; want none", v, word, size)
		}
	}
}
