package uadp

import (
	"bytes"
	"encoding/hex"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// unspaced decodes hex with spaces.
func unspaced(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestRawFieldPadding: fields have the size that their metadata says (Part 14, 7.2.4.5.11), whatever their value.
func TestRawFieldPadding(t *testing.T) {
	f := func(v model.Variant, field RawField, wire string) {
		t.Helper()
		want := unspaced(t, wire)
		got, err := AppendRawField(nil, v, &field)
		if err != nil {
			t.Errorf("%v: %v", v, err)
			return
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%v is encoded as\n% x, want\n% x", v, got, want)
		}
		r := reader{buf: want}
		if back := r.rawField(&field); r.err != nil || !back.Equal(v) || r.left() != 0 {
			t.Errorf("%v came back as %v, error %v, %d bytes left", v, back, r.err, r.left())
		}
	}
	text := RawField{Type: model.TypeString, ValueRank: -1, MaxStringLength: 4}
	f(model.StringValue("ab"), text, "02000000 61620000")
	f(model.StringValue("abcd"), text, "04000000 61626364")
	f(model.StringValue(""), text, "00000000 00000000")
	f(model.NullStringValue(), text, "ffffffff 00000000")
	f(model.ByteStringValue([]byte{1}), RawField{Type: model.TypeByteString, ValueRank: -1, MaxStringLength: 2}, "01000000 0100")

	row := RawField{Type: model.TypeInt16, ValueRank: 1, ArrayDimensions: []uint32{3}}
	f(model.ArrayValue([]int16{1, 2}), row, "02000000 0100 0200 0000")
	f(model.ArrayValue([]int16{1, 2, 3}), row, "03000000 0100 0200 0300")
	f(model.ArrayValue([]int16{}), row, "00000000 0000 0000 0000")
	f(model.ArrayValue[int16](nil), row, "ffffffff 0000 0000 0000")
	f(model.ArrayValue([]int16{1, 2}), RawField{Type: model.TypeInt16, ValueRank: 1}, "02000000 0100 0200")
	f(model.ArrayValue([]int16{1, 2}), RawField{Type: model.TypeInt16, ValueRank: 1, ArrayDimensions: []uint32{0}}, "02000000 0100 0200")

	f(model.ArrayValue([]byte{1, 2, 3, 4}, 2, 2), RawField{Type: model.TypeByte, ValueRank: 2, ArrayDimensions: []uint32{2, 3}}, "02000000 02000000 02000000 01020304 0000")
	f(model.ArrayValue([]string{"a", ""}), RawField{Type: model.TypeString, ValueRank: 1, ArrayDimensions: []uint32{3}, MaxStringLength: 2},
		"02000000 01000000 6100 00000000 0000 00000000 0000")
	f(model.DoubleValue(1), RawField{Type: model.TypeVariant, ValueRank: -1}, "0b 000000000000f03f")
}

// TestRawFieldOfNoValue: a null value goes out as the type's null or zero, so that the fields behind it keep their place.
func TestRawFieldOfNoValue(t *testing.T) {
	f := func(field RawField, wire string) {
		t.Helper()
		got, err := AppendRawField(nil, model.Variant{}, &field)
		if want := unspaced(t, wire); err != nil || !bytes.Equal(got, want) {
			t.Errorf("null %v is encoded as % x, error %v; want % x", field.Type, got, err, want)
		}
		r := reader{buf: got}
		if r.rawField(&field); r.err != nil || r.left() != 0 {
			t.Errorf("null %v: decoding gives %v, %d bytes left", field.Type, r.err, r.left())
		}
	}
	f(RawField{Type: model.TypeDouble, ValueRank: -1}, "0000000000000000")
	f(RawField{Type: model.TypeString, ValueRank: -1, MaxStringLength: 1}, "ffffffff 00")
	f(RawField{Type: model.TypeGUID, ValueRank: -1}, "00000000000000000000000000000000")
	f(RawField{Type: model.TypeQualifiedName, ValueRank: -1}, "0000 ffffffff")
	f(RawField{Type: model.TypeExtensionObject, ValueRank: -1}, "0000 00")
	f(RawField{Type: model.TypeInt32, ValueRank: 1}, "ffffffff")
	f(RawField{Type: model.TypeInt16, ValueRank: 2, ArrayDimensions: []uint32{1, 2}}, "02000000 00000000 00000000 00000000")
	f(RawField{Type: model.TypeVariant, ValueRank: -1}, "00")
}

func TestRawFieldRefuses(t *testing.T) {
	f := func(v model.Variant, field RawField, want error) {
		t.Helper()
		before := []byte("before")
		got, err := AppendRawField(before, v, &field)
		if !errors.Is(err, want) || string(got) != "before" {
			t.Errorf("%v in %+v: got %q, error %v; want %v", v, field, got, err, want)
		}
	}
	f(model.Int32Value(1), RawField{Type: model.TypeDouble, ValueRank: -1}, ErrType)
	f(model.DoubleValue(1), RawField{Type: model.TypeDouble, ValueRank: 1}, ErrType)
	f(model.DoubleValue(1), RawField{Type: model.TypeDouble, ValueRank: model.ValueRankAny}, ErrType)
	f(model.Variant{}, RawField{Type: model.TypeDouble, ValueRank: model.ValueRankAny}, ErrType)
	f(model.Variant{}, RawField{}, ErrType)
	f(model.ArrayValue([]float64{1}), RawField{Type: model.TypeDouble, ValueRank: 2}, ErrType)
	f(model.ArrayValue([]float64{1}, 1, 2), RawField{Type: model.TypeDouble, ValueRank: 2}, ErrType)
	f(model.StringValue("abc"), RawField{Type: model.TypeString, ValueRank: -1, MaxStringLength: 2}, ErrLimit)
	f(model.StringValue("abc"), RawField{Type: model.TypeString, ValueRank: -1, MaxStringLength: math.MaxUint32}, ErrLimit)
	f(model.ArrayValue([]float64{1}), RawField{Type: model.TypeDouble, ValueRank: 1, ArrayDimensions: []uint32{math.MaxUint32}}, ErrLimit)
	f(model.Variant{}, RawField{Type: model.TypeDouble, ValueRank: math.MaxInt32}, ErrLimit)
	f(model.ArrayValue([]float64{1, 2}), RawField{Type: model.TypeDouble, ValueRank: 1, ArrayDimensions: []uint32{1}}, ErrLimit)
}

func TestRawFieldDecodingRefuses(t *testing.T) {
	f := func(wire string, field RawField, want error) {
		t.Helper()
		r := reader{buf: unspaced(t, wire)}
		if v := r.rawField(&field); !errors.Is(r.err, want) {
			t.Errorf("%s is read as %v, error %v; want %v", wire, v, r.err, want)
		}
	}
	f("02000000 6162", RawField{Type: model.TypeString, ValueRank: -1, MaxStringLength: 4}, ErrTruncated)
	f("02000000 0100 0200", RawField{Type: model.TypeInt16, ValueRank: 1, ArrayDimensions: []uint32{3}}, ErrTruncated)
	f("02000000 0100 0200", RawField{Type: model.TypeInt16, ValueRank: 1, ArrayDimensions: []uint32{1}}, ErrMalformed)
	f("03000000 01000000 01000000 01000000 01", RawField{Type: model.TypeByte, ValueRank: 2}, ErrMalformed)
	f("02000000 ffff0000 ffff0000 01", RawField{Type: model.TypeByte, ValueRank: 2}, ErrTruncated)
	f("00", RawField{Type: model.TypeByte, ValueRank: math.MaxInt32}, ErrTruncated)
	f("00", RawField{Type: model.TypeByte, ValueRank: model.ValueRankAny}, ErrType)
	f("00", RawField{}, ErrType)
	f("ffffffff", RawField{Type: model.TypeDouble, ValueRank: 1, ArrayDimensions: []uint32{math.MaxUint32}}, ErrTruncated)
}

// TestRawDataWithoutALayout: the bytes are there, the fields are not.
func TestRawDataWithoutALayout(t *testing.T) {
	frame := goldenFrames(t)["raw-keyframe"]
	var d Decoder
	if err := d.Decode(frame); err != nil || !d.Next() {
		t.Fatal(err, d.Err())
	}
	var f Field
	if d.Field(&f) {
		t.Errorf("read field %d without knowing its type", f.Index)
	}
	if got, want := hex.EncodeToString(d.Rest()), "0000000000000c40f9ffffff010600000070756d702d31f4010080209bcb82d801"; got != want {
		t.Errorf("Rest gives %s; want %s", got, want)
	}
	m, err := ParseMessage(frame, nil)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := m.Append(nil); err != nil || !bytes.Equal(again, frame) {
		t.Errorf("encoded again as %x, error %v", again, err)
	}
}
