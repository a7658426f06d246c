package uadp

import (
	"bytes"
	"testing"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// appendLong is AppendField without the short way.
func appendLong(dst []byte, v *model.DataValue, enc FieldEncoding) ([]byte, error) {
	e := encoder{buf: dst}
	switch enc {
	case EncodingDataValue:
		e.dataValue(v)
	case EncodingVariant:
		e.variantField(v)
	default:
		e.rawField(v.Value, &RawField{Type: v.Value.Type(), ValueRank: rankOf(v.Value)})
	}
	return e.finish(dst)
}

// readLong is Decoder.Field without the short way.
func readLong(r *reader, enc FieldEncoding, f *RawField) (v model.DataValue) {
	switch enc {
	case EncodingDataValue:
		r.dataValue(&v)
	case EncodingVariant:
		v.Value = r.variant()
	default:
		v.Value = r.rawField(f)
	}
	return v
}

// TestShortWayIsTheLongWay: all values, with all that can stand beside them, are written and read the same on both ways, and the
// numbers do go the short way.
func TestShortWayIsTheLongWay(t *testing.T) {
	short, numbers := 0, 0
	for _, value := range sampleValues() {
		if t := value.Type(); !value.IsArray() && (t.Numeric() || t == model.TypeBoolean || t == model.TypeDateTime) {
			numbers++
		}
		for parts := range 1 << 5 {
			v := model.DataValue{Value: value}
			for i, set := range []func(){
				func() { v.Status = 0x40000000 }, func() { v.SourceTimestamp = goldenTime }, func() { v.ServerTimestamp = goldenTime },
				func() { v.SourcePicoseconds = 1 }, func() { v.ServerPicoseconds = 9999 },
			} {
				if parts>>i&1 != 0 {
					set()
				}
			}
			for _, enc := range benchEncodings {
				if compareWays(t, v, enc) {
					short++
				}
			}
		}
	}
	// 2 of the 5 parts may vary in the DataValue encoding, 4 in the Variant encoding, all in RawData
	if want := numbers * (4 + 16 + 32); short != want || numbers == 0 {
		t.Errorf("%d fields went the short way; want %d", short, want)
	}
}

// compareWays writes and reads a field on both ways and tells whether the short one was open both times.
func compareWays(t *testing.T, v model.DataValue, enc FieldEncoding) bool {
	t.Helper()
	want, err := appendLong([]byte("before"), &v, enc)
	if err != nil {
		return false
	}
	got, written := appendNumber([]byte("before"), &v, enc)
	if written && !bytes.Equal(got, want) {
		t.Errorf("%+v in %v: the short way writes\n% x, want\n% x", v, enc, got, want)
	}
	layout := RawField{Type: v.Value.Type(), ValueRank: rankOf(v.Value)}
	var raw model.BuiltInType
	if layout.ValueRank == model.ValueRankScalar {
		raw = layout.Type
	}
	buf := append(want, make([]byte, maxNumberField)...)
	a, b := reader{buf: buf, off: len("before")}, reader{buf: buf, off: len("before")}
	full := model.DataValue{Status: 1, SourceTimestamp: 1, ServerTimestamp: 1, SourcePicoseconds: 1, ServerPicoseconds: 1}
	read := a.number(&full, enc, raw)
	if long := readLong(&b, enc, &layout); read && (!full.Equal(long) || full.Value.Type() != long.Value.Type() || a.off != b.off) {
		t.Errorf("%+v in %v: the short way reads %+v to %d; want %+v to %d", v, enc, full, a.off, long, b.off)
	}
	return written && read
}
