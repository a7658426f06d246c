package uadp

import (
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/shopfloor-iiot/shopfloor/model"
)

func TestDecodeRefuses(t *testing.T) {
	f := func(frame string, want error, message string) {
		t.Helper()
		_, err := ParseMessage(unspaced(t, frame), goldenLayout)
		if !errors.Is(err, want) {
			t.Errorf("%s: error %v; want %v", frame, err, want)
			return
		}
		if err.Error() != message {
			t.Errorf("%s: error\n%q, want\n%q", frame, err, message)
		}
	}
	const end = "the frame ends too early"
	// headers
	f("", ErrTruncated, "uadp: offset 0: "+end)
	f("02", ErrUnsupportedVersion, "uadp: offset 1: UADP version other than 1: not supported")
	f("81 10 01 01000000 00 00", ErrUnsupportedSecurity, "uadp: offset 8: secured message without keys: not supported")
	f("81 10 02 01000000 00 00", ErrReserved, "uadp: offset 8: reserved value: SecurityFlags 0x02")
	f("81 10 11 01000000 00 00", ErrReserved, "uadp: offset 8: reserved value: SecurityFlags 0x11")
	f("81 10 01 01000000 02 00", ErrTruncated, "uadp: offset 8: "+end)
	f("81 80 01", ErrUnsupportedChunk, "uadp: offset 3: chunk message: not supported")
	f("81 80 04", ErrUnsupportedDiscovery, "uadp: offset 3: discovery message: not supported")
	f("81 80 08", ErrUnsupportedDiscovery, "uadp: offset 3: discovery message: not supported")
	f("81 80 20", ErrUnsupportedAction, "uadp: offset 3: action message: not supported")
	f("81 80 0c", ErrReserved, "uadp: offset 3: reserved value")
	f("81 80 40", ErrReserved, "uadp: offset 3: reserved value: ExtendedFlags2 0x40")
	f("91 05 00", ErrReserved, "uadp: offset 2: reserved value: publisher id type 5")
	f("21 10", ErrReserved, "uadp: offset 2: reserved value: GroupFlags 0x10")
	f("81 40 0000", ErrMalformed, "uadp: offset 2: malformed: PicoSeconds without a timestamp")
	f("81 80 02 0400 00", ErrTruncated, "uadp: offset 5: "+end)
	f("81 80 02 0200 0b00 01 0000", ErrTruncated, "uadp: offset 6: "+end)
	f("41 02 0100 0200 0500 0500 01 0000", ErrTruncated, "uadp: offset 10: the frame ends too early: data sets of 10 bytes with 3 left")
	// data set headers
	f("01 07 0000", ErrReserved, "uadp: data set 0: offset 2: reserved value: DataSetFlags1 0x07, DataSetFlags2 0x00")
	f("01 81 04 0000", ErrReserved, "uadp: data set 0: offset 3: reserved value: DataSetFlags1 0x81, DataSetFlags2 0x04")
	f("01 81 40 0000", ErrReserved, "uadp: data set 0: offset 3: reserved value: DataSetFlags1 0x81, DataSetFlags2 0x40")
	f("01 81 20 0000 0000", ErrMalformed, "uadp: data set 0: offset 3: malformed: PicoSeconds without a timestamp")
	// fields
	f("41 02 0100 0200 0500 0500 01 0100 0101 01 0100 0b00", ErrTruncated, "uadp: field 0 of data set 1: offset 19: "+end)
	f("01 01 0200 0101 01", ErrTruncated, "uadp: field 1 of data set 0: offset 7: "+end)
	f("01 01 0100 0c 00000080", ErrMalformed, "uadp: field 0 of data set 0: offset 9: malformed: length -2147483648")
	f("01 01 0100 0c ffffff7f", ErrTruncated, "uadp: field 0 of data set 0: offset 9: the frame ends too early: length 2147483647 with 0 bytes left")
	f("01 01 0100 20", ErrMalformed, "uadp: field 0 of data set 0: offset 5: malformed: variant of type 32")
	f("01 01 0100 18", ErrMalformed, "uadp: field 0 of data set 0: offset 5: malformed: a single value of type BaseDataType")
	f("01 01 0100 80", ErrMalformed, "uadp: field 0 of data set 0: offset 5: malformed: variant encoding byte 0x80")
	f("01 01 0100 4b", ErrMalformed, "uadp: field 0 of data set 0: offset 5: malformed: variant encoding byte 0x4b")
	f("01 01 0100 c3 02000000 0101 01000000 03000000", ErrMalformed, "uadp: field 0 of data set 0: offset 19: malformed: 1 dimensions of 2 elements do not match")
	f("01 01 0100 c3 00000000 02000000 00000030 00000000", ErrMalformed, "uadp: field 0 of data set 0: offset 21: malformed: 2 dimensions of 0 elements do not match")
	f("01 01 0100 11 06 0000", ErrMalformed, "uadp: field 0 of data set 0: offset 8: malformed: node id encoding byte 0x06")
	f("01 01 0100 11 80 0000", ErrMalformed, "uadp: field 0 of data set 0: offset 6: malformed: node id encoding byte 0x80")
	f("01 01 0100 15 04", ErrMalformed, "uadp: field 0 of data set 0: offset 6: malformed: localized text encoding mask 0x04")
	f("01 01 0100 16 0000 03", ErrMalformed, "uadp: field 0 of data set 0: offset 8: malformed: extension object encoding 3")
	f("01 05 0100 80", ErrReserved, "uadp: field 0 of data set 0: offset 5: reserved value: data value encoding mask 0x80")
	f("01 83 01 0100 0900 00", ErrMalformed, "uadp: field 9 of data set 0: offset 7: malformed: field 9 of a DataSet of 6")
	f("01 81 01 0100 09", ErrTruncated, "uadp: field 0 of data set 0: offset 5: "+end)
}

// TestTypesOfLaterVersions: types 26 to 31 are read as ByteStrings (Part 6, 5.2.2.16).
func TestTypesOfLaterVersions(t *testing.T) {
	m, err := ParseMessage(unspaced(t, "01 01 0200 1a 01000000 07 9f 01000000 01000000 08"), nil)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []model.Variant{model.ByteStringValue([]byte{7}), model.ArrayValue([][]byte{{8}})} {
		if got := m.DataSets[0].Fields[i].Value.Value; !got.Equal(want) {
			t.Errorf("field %d is %v; want %v", i, got, want)
		}
	}
}

// TestInvalidDataSet: a message that says that it is not valid is passed over, and those behind it are read.
func TestInvalidDataSet(t *testing.T) {
	m, err := ParseMessage(unspaced(t, "41 02 0100 0200 0300 0500 feffff 01 0100 0101"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if first := m.DataSets[0]; !first.Header.Invalid || first.Header.WriterID != 1 || len(first.Fields) != 0 {
		t.Errorf("first is %+v; want an invalid one of writer 1", first)
	}
	if second := m.DataSets[1]; second.Header.Invalid || second.Header.WriterID != 2 || len(second.Fields) != 1 {
		t.Errorf("second is %+v; want one field of writer 2", second)
	}
}

// nested returns a field of DiagnosticInfo, DataValue or Variant[] nested n deep.
func nested(t model.BuiltInType, n int) model.Variant {
	v := model.ArrayValue([]model.Variant{{}})
	d := &model.DiagnosticInfo{}
	for range n - 1 {
		switch t {
		case model.TypeVariant:
			v = model.ArrayValue([]model.Variant{v})
		case model.TypeDataValue:
			v = model.DataValueValue(&model.DataValue{Value: v})
		default:
			d = &model.DiagnosticInfo{InnerDiagnosticInfo: d}
		}
	}
	if t == model.TypeDiagnosticInfo {
		return model.ArrayValue([]model.DiagnosticInfo{*d})
	}
	return v
}

func TestNestingIsLimited(t *testing.T) {
	for _, typ := range []model.BuiltInType{model.TypeVariant, model.TypeDataValue, model.TypeDiagnosticInfo} {
		buf, err := AppendVariant(nil, nested(typ, maxDepth))
		if err != nil {
			t.Errorf("%v nested %d deep: %v", typ, maxDepth, err)
		}
		r := reader{buf: buf}
		if r.variant(); r.err != nil || r.depth != 0 {
			t.Errorf("%v nested %d deep: error %v, depth %d after it", typ, maxDepth, r.err, r.depth)
		}
		if buf, err = AppendVariant([]byte("before"), nested(typ, maxDepth+1)); !errors.Is(err, ErrLimit) || string(buf) != "before" {
			t.Errorf("%v nested %d deep: got %d bytes, error %v; want %v", typ, maxDepth+1, len(buf), err, ErrLimit)
		}
	}
	for _, level := range []string{"98 01000000", "17 01", "97 01000000 01", "19 40"} {
		b, _ := hex.DecodeString(strings.ReplaceAll(strings.Repeat(level, 100000), " ", ""))
		if level == "19 40" {
			b = append([]byte{0x19}, strings.Repeat("\x40", 100000)...)
		}
		r := reader{buf: b}
		if r.variant(); !errors.Is(r.err, ErrLimit) {
			t.Errorf("100000 times %s: error %v; want %v", level, r.err, ErrLimit)
		}
	}
}

// TestHostileLengths: a length that the frame cannot hold takes no memory.
func TestHostileLengths(t *testing.T) {
	for typ := model.TypeBoolean; typ <= model.TypeDiagnosticInfo; typ++ {
		for _, n := range []uint32{math.MaxInt32, 1 << 20, 1001} {
			frame := append([]byte{0x01, 0x01, 1, 0, uint8(typ) | variantArray, byte(n), byte(n >> 8), byte(n >> 16), byte(n >> 24)}, make([]byte, 1000)...)
			var d Decoder
			var f Field
			if err := d.Decode(frame); err != nil || !d.Next() || d.Field(&f) || !errors.Is(d.Err(), ErrTruncated) {
				t.Errorf("%d times %v in 1000 bytes: error %v; want %v", n, typ, d.Err(), ErrTruncated)
			}
			if held := heldBytes(&d.r.pool); held > 0 {
				t.Errorf("%d times %v in 1000 bytes took %d bytes", n, typ, held)
			}
		}
	}
}

func TestEncodeRefuses(t *testing.T) {
	f := func(m Message, want error, message string) {
		t.Helper()
		got, err := m.Append([]byte("before"))
		if !errors.Is(err, want) || string(got) != "before" {
			t.Errorf("got %d bytes, error %v; want %v", len(got), err, want)
		} else if err.Error() != message {
			t.Errorf("error %q; want %q", err, message)
		}
	}
	one := func(v model.Variant, h DataSetHeader) Message {
		return Message{DataSets: []DataSet{{Header: h, Fields: []Field{{0, model.DataValue{}}, {1, model.DataValue{Value: v}}}}}}
	}
	payload := Header{Content: ContentPayloadHeader}
	big := make([]byte, math.MaxUint16)
	f(one(model.ArrayValue([]int8{1, 2}, 3), DataSetHeader{}), ErrType, "uadp: field 1 of data set 0: type mismatch: dimensions [3] of 2 elements do not match")
	f(one(model.ArrayValue([]int8{1, 2}, -1, -2), DataSetHeader{Kind: DeltaFrame}), ErrType, "uadp: field 1 of data set 0: type mismatch: dimensions [-1 -2] of 2 elements do not match")
	f(one(model.Variant{}, DataSetHeader{Encoding: 3}), ErrType, "uadp: field 0 of data set 0: type mismatch: field encoding 3; want Variant, RawData or DataValue")
	f(one(model.Variant{}, DataSetHeader{Encoding: EncodingRawData}), ErrType, "uadp: field 0 of data set 0: type mismatch: field of type Null has no raw form")
	f(one(model.ExtensionObjectValue(&model.ExtensionObject{Encoding: 3}), DataSetHeader{}), ErrType, "uadp: field 1 of data set 0: type mismatch: extension object encoding 3; want 0, 1 or 2")
	f(one(model.Variant{}, DataSetHeader{Kind: KeepAlive}), ErrType, "uadp: data set 0: type mismatch: a keep-alive with 2 fields")
	f(one(model.NullArrayValue(26), DataSetHeader{}), ErrType, "uadp: field 1 of data set 0: type mismatch: BuiltInType(26) is no built-in type")
	f(Message{}, ErrType, "uadp: type mismatch: 0 data sets without a payload header; want 1")
	f(Message{DataSets: make([]DataSet, 2)}, ErrType, "uadp: type mismatch: 2 data sets without a payload header; want 1")
	f(Message{payload, make([]DataSet, 256)}, ErrLimit, "uadp: limit exceeded: 256 data sets; a network message has room for 255")
	f(Message{payload, []DataSet{{Fields: make([]Field, 65536)}}}, ErrLimit, "uadp: data set 0: limit exceeded: 65536 fields; want up to 65535")
	f(Message{payload, []DataSet{{}, {Header: DataSetHeader{Encoding: EncodingRawData}, Raw: big}}}, ErrLimit,
		"uadp: data set 1: limit exceeded: 65536 bytes; more than one data set in a network message may have 65535 bytes each")
	f(Message{Header{Content: ContentPromotedFields, PromotedFields: []model.Variant{model.ByteStringValue(big)}}, make([]DataSet, 1)}, ErrLimit,
		"uadp: limit exceeded: promoted fields of 65540 bytes; want up to 65535")
}

// TestGreatestMessages: what the limits allow works.
func TestGreatestMessages(t *testing.T) {
	m := Message{Header{Content: ContentPayloadHeader}, make([]DataSet, MaxDataSets)}
	for i := range m.DataSets {
		m.DataSets[i] = DataSet{Header: DataSetHeader{WriterID: uint16(i), Kind: DeltaFrame}, Fields: []Field{{uint16(i), model.DataValue{Value: model.Int32Value(int32(i))}}}}
	}
	checkSame(t, m)
	fields := make([]Field, math.MaxUint16)
	for i := range fields {
		fields[i] = Field{uint16(i), model.DataValue{Value: model.BooleanValue(i%2 == 0)}}
	}
	checkSame(t, Message{Header{Content: ContentPayloadHeader}, []DataSet{{Fields: fields}}})
	checkSame(t, Message{Header{Content: ContentPayloadHeader}, []DataSet{}})
}

func checkSame(t *testing.T, m Message) {
	t.Helper()
	frame, err := m.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	got, err := ParseMessage(frame, nil)
	if err != nil {
		t.Fatal(err)
	}
	again, err := got.Append(nil)
	if err != nil || string(again) != string(frame) || fmt.Sprint(len(got.DataSets)) != fmt.Sprint(len(m.DataSets)) {
		t.Errorf("%d data sets in %d bytes came back as %d in %d, error %v", len(m.DataSets), len(frame), len(got.DataSets), len(again), err)
	}
}
