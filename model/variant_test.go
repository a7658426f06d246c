package model

import (
	"encoding/json"
	"math"
	"testing"
	"unsafe"
)

// samples has a value of every built-in type, scalar, array, matrix, empty and null.
func samples() map[string]Variant {
	guid, _ := ParseGUID("72962b91-fa75-4ae6-8d28-b404dc7daf63")
	node := StringID(2, "Temp")
	expanded := ExpandedNodeID{NodeID: NumericID(0, 7), NamespaceURI: "urn:a;b%"}
	date := DateTime(133_000_000_000_000_007)
	ext := ExtensionObject{TypeID: Expanded(NumericID(2, 5)), Encoding: ExtensionBinary, Body: []byte{1, 2, 255}}
	extJSON := ExtensionObject{TypeID: Expanded(NumericID(2, 5)), Encoding: ExtensionJSON, Body: []byte(`{"a":[],"b":1.50}`)}
	value := DataValue{Value: DoubleValue(1.5), Status: StatusBadSensorFailure, SourceTimestamp: date, SourcePicoseconds: 17, ServerTimestamp: date}
	diag := DiagnosticInfo{SymbolicID: -1, NamespaceURI: 3, AdditionalInfo: "x", InnerDiagnosticInfo: &DiagnosticInfo{Locale: 2}}
	return map[string]Variant{
		"null": {}, "boolean": BooleanValue(true), "false": BooleanValue(false),
		"sbyte": SByteValue(-128), "byte": ByteValue(255), "int16": Int16Value(-30000), "uint16": UInt16Value(60000),
		"int32": Int32Value(math.MinInt32), "uint32": UInt32Value(math.MaxUint32), "int64": Int64Value(-9007199254740993), "uint64": UInt64Value(math.MaxUint64),
		"float": FloatValue(0.1), "double": DoubleValue(1e300), "small": DoubleValue(5e-324), "nan": DoubleValue(math.NaN()), "inf": FloatValue(float32(math.Inf(-1))),
		"string": StringValue("høj ✓ \"\\\n\x01"), "empty string": StringValue(""), "null string": NullStringValue(),
		"datetime": DateTimeValue(date), "guid": GUIDValue(&guid), "bytes": ByteStringValue([]byte{0, 1, 255}), "empty bytes": ByteStringValue([]byte{}), "null bytes": ByteStringValue(nil),
		"xml": XMLElementValue("<a>1</a>"), "nodeid": NodeIDValue(&node), "expanded": ExpandedNodeIDValue(&expanded), "status": StatusCodeValue(StatusBadNodeIdUnknown | 0x480),
		"name": QualifiedNameValue(&QualifiedName{Namespace: 3, Name: "Q"}), "text": LocalizedTextValue(&LocalizedText{Locale: "de", Text: "läuft"}),
		"structure": ExtensionObjectValue(&ext), "jsonstructure": ExtensionObjectValue(&extJSON), "datavalue": DataValueValue(&value), "diagnostics": DiagnosticInfoValue(&diag),
		"booleans": ArrayValue([]bool{true, false}), "sbytes": ArrayValue([]int8{-1}), "byte array": ArrayValue([]byte{1, 2}), "int16s": ArrayValue([]int16{-1}),
		"uint16s": ArrayValue([]uint16{1}), "int32s": ArrayValue([]int32{1, -2}), "uint32s": ArrayValue([]uint32{1}), "int64s": ArrayValue([]int64{math.MinInt64}),
		"uint64s": ArrayValue([]uint64{math.MaxUint64}), "floats": ArrayValue([]float32{1.5, 0.1}), "doubles": ArrayValue([]float64{1, math.NaN()}),
		"matrix": ArrayValue([]float64{1, 2, 3, 4, 5, 6}, 2, 3), "cube": ArrayValue([]int32{1, 2, 3, 4, 5, 6, 7, 8}, 2, 2, 2),
		"strings": ArrayValue([]string{"a", ""}), "dates": ArrayValue([]DateTime{date}), "guids": ArrayValue([]GUID{guid}), "byte strings": ArrayValue([][]byte{{1}, {}}),
		"xmls": ArrayValue([]XMLElement{"<a/>"}), "nodeids": ArrayValue([]NodeID{node}), "expandeds": ArrayValue([]ExpandedNodeID{expanded}),
		"statuses": ArrayValue([]StatusCode{0, StatusBad}), "names": ArrayValue([]QualifiedName{{Name: "a"}}), "texts": ArrayValue([]LocalizedText{{Text: "a"}}),
		"structures": ArrayValue([]ExtensionObject{ext, {TypeID: Expanded(NumericID(0, 1))}}), "datavalues": ArrayValue([]DataValue{value}),
		"variants": ArrayValue([]Variant{Int32Value(1), StringValue("two"), ArrayValue([]float64{1}), {}}), "diags": ArrayValue([]DiagnosticInfo{diag}),
		"empty array": ArrayValue([]float64{}), "null array": NullArrayValue(TypeDouble),
	}
}

func TestVariantSize(t *testing.T) {
	if n := unsafe.Sizeof(Variant{}); n > 24 {
		t.Errorf("a Variant has %d bytes, want at most 24", n)
	}
}

func TestVariantTypedJSONRoundTrip(t *testing.T) {
	for name, v := range samples() {
		b, err := json.Marshal(v)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var got Variant
		if err := json.Unmarshal(b, &got); err != nil {
			t.Errorf("%s: %s: %v", name, b, err)
		} else if !got.Equal(v) {
			t.Errorf("%s: %s came back as %v", name, b, got)
		}
	}
}

func TestVariantPlainJSONRoundTrip(t *testing.T) {
	for name, v := range samples() {
		if v.Type() == TypeVariant || v.Type() == TypeDataValue || v.IsNull() {
			continue // their plain form does not keep the types
		}
		rank := int32(ValueRankScalar)
		if v.IsArray() {
			rank = max(1, int32(len(v.Dimensions())))
		}
		b := v.AppendJSON(nil)
		got, err := ParseVariant(b, v.Type(), rank)
		if err != nil {
			t.Errorf("%s: %s: %v", name, b, err)
		} else if !got.Equal(v) {
			t.Errorf("%s: %s came back as %v, want %v", name, b, got, v)
		}
	}
}

func TestVariantCloneIsIndependent(t *testing.T) {
	for name, v := range samples() {
		if c := v.Clone(); !c.Equal(v) || c.Type() != v.Type() || c.TypeName() != v.TypeName() {
			t.Errorf("%s: clone is %v, want %v", name, c, v)
		}
	}
	buf := []byte("frame")
	text := StringValue(unsafe.String(&buf[0], len(buf)))
	clone := text.Clone()
	copy(buf, "XXXXX")
	if clone.Text() != "frame" {
		t.Errorf("the clone changed with the buffer: %q", clone.Text())
	}
}

func TestVariantEqualTellsApart(t *testing.T) {
	all := samples()
	for a, v := range all {
		for b, w := range all {
			if got := v.Equal(w); got != (a == b) {
				t.Errorf("%s equal to %s: %v", a, b, got)
			}
		}
	}
}

func TestVariantNumber(t *testing.T) {
	f := func(v Variant, want float64, ok bool) {
		t.Helper()
		if got, gotOK := v.Number(); got != want || gotOK != ok {
			t.Errorf("%v: got %v, %v, want %v, %v", v, got, gotOK, want, ok)
		}
	}
	f(BooleanValue(true), 1, true)
	f(SByteValue(-5), -5, true)
	f(UInt64Value(1<<63), 1<<63, true)
	f(FloatValue(0.5), 0.5, true)
	f(DateTimeValue(DateTimeOfMilli(1500)), 1.5, true)
	f(StatusCodeValue(StatusBad), 0x80000000, true)
	f(StringValue("1"), 0, false)
	f(ArrayValue([]float64{1}), 0, false)
	f(Variant{}, 0, false)
}

func TestVariantAccessorsOfOtherTypesAreZero(t *testing.T) {
	v := StringValue("x")
	if v.Bool() || v.Int() != 0 || v.Uint() != 0 || v.Float() != 0 || v.Bytes() != nil || v.DateTime() != 0 || v.NodeID() != (NodeID{}) || Elements[string](v) != nil {
		t.Error("an accessor took a String for its own type")
	}
	if a := ArrayValue([]int32{1}); a.Int() != 0 || Elements[int64](a) != nil || a.Text() != "" {
		t.Error("an accessor took an array for a scalar or for another type")
	}
}

func TestVariantScalarsDoNotAllocate(t *testing.T) {
	text, h, list := "text", &ArrayHeader{}, []float64{1, 2}
	var sink float64
	n := testing.AllocsPerRun(100, func() {
		for _, v := range [...]Variant{DoubleValue(1), Int32Value(2), BooleanValue(true), StringValue(text), ArrayValueIn(h, list, nil)} {
			x, _ := v.Number()
			sink += x + float64(len(v.Text())+len(Elements[float64](v)))
		}
	})
	if n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}

func TestParseVariantRefuses(t *testing.T) {
	f := func(text string, typ BuiltInType, rank int32, want string) {
		t.Helper()
		v, err := ParseVariant([]byte(text), typ, rank)
		if err == nil {
			t.Errorf("%s as %s: got %v, want the error %q", text, typ, v, want)
		} else if err.Error() != want {
			t.Errorf("%s as %s: %q, want %q", text, typ, err, want)
		}
	}
	f(`"abc"`, TypeDouble, -1, `want Double, got the string "abc"`)
	f(`null`, TypeDouble, -1, `want Double, got null`)
	f(`1.5`, TypeInt32, -1, `want Int32, an integer, got 1.5`)
	f(`300`, TypeByte, -1, `300 is out of the range of Byte`)
	f(`-1`, TypeUInt16, -1, `-1 is out of the range of UInt16`)
	f(`1e400`, TypeDouble, -1, `1e400 is out of the range of Double`)
	f(`1`, TypeString, -1, `want String, got 1`)
	f(`1`, TypeBoolean, -1, `want Boolean, true or false, got 1`)
	f(`[1]`, TypeDouble, -1, `want one Double, got an array`)
	f(`1`, TypeDouble, 1, `want an array of Double, got 1`)
	f(`[[1],[2]]`, TypeDouble, 1, `want an array of 1 dimensions, got 2`)
	f(`[1,"x"]`, TypeDouble, 1, `[1]: want Double, got the string "x"`)
	f(`[[1,2],[3]]`, TypeDouble, 2, `[1]: rows of a matrix must be of the same length`)
	f(`[1,[2]]`, TypeDouble, -2, `[1]: arrays and single values are mixed`)
	f(`{"value":1}`, TypeVariant, -1, `the node takes any type: give an object as {"dataType":"UInt16","value":7}`)
	f(`"2026-13-01"`, TypeDateTime, -1, `want DateTime as RFC 3339, 2026-01-02T03:04:05Z, got the string "2026-13-01"`)
	f(`1 2`, TypeDouble, -1, `value is no JSON: there is more behind it`)
}

func TestParseVariantTakes(t *testing.T) {
	f := func(text string, typ BuiltInType, rank int32, want Variant) {
		t.Helper()
		if v, err := ParseVariant([]byte(text), typ, rank); err != nil || !v.Equal(want) {
			t.Errorf("%s as %s: got %v, %v, want %v", text, typ, v, err, want)
		}
	}
	f(`7.0`, TypeInt32, -1, Int32Value(7))
	f(`1e3`, TypeUInt16, -1, UInt16Value(1000))
	f(`"18446744073709551615"`, TypeUInt64, -1, UInt64Value(math.MaxUint64))
	f(`12`, TypeInt64, -1, Int64Value(12))
	f(`"BadNodeIdUnknown"`, TypeStatusCode, -1, StatusCodeValue(StatusBadNodeIdUnknown))
	f(`"2:Name"`, TypeQualifiedName, -1, QualifiedNameValue(&QualifiedName{Namespace: 2, Name: "Name"}))
	f(`"plain"`, TypeLocalizedText, -1, LocalizedTextValue(&LocalizedText{Text: "plain"}))
	f(`null`, TypeString, -1, NullStringValue())
	f(`null`, TypeDouble, 1, NullArrayValue(TypeDouble))
	f(`[[1,2,3],[4,5,6]]`, TypeDouble, 2, ArrayValue([]float64{1, 2, 3, 4, 5, 6}, 2, 3))
	f(`true`, TypeVariant, -1, BooleanValue(true))
	f(`5`, TypeVariant, -1, Int32Value(5))
	f(`5000000000`, TypeVariant, -1, Int64Value(5000000000))
	f(`[1,2.5]`, TypeVariant, -2, ArrayValue([]float64{1, 2.5}))
	f(`{"dataType":"UInt16","value":7}`, TypeVariant, -1, UInt16Value(7))
}

func FuzzParseVariant(f *testing.F) {
	for _, v := range samples() {
		f.Add(v.AppendJSON(nil), uint8(v.Type()), int32(-2))
	}
	f.Fuzz(func(t *testing.T, data []byte, typ uint8, rank int32) {
		if !BuiltInType(typ).Valid() {
			return
		}
		v, err := ParseVariant(data, BuiltInType(typ), rank)
		if err != nil {
			return
		}
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatalf("%v does not marshal: %v", v, err)
		}
		var back Variant
		if err := json.Unmarshal(b, &back); err != nil {
			t.Fatalf("%s does not come back: %v", b, err)
		}
	})
}
