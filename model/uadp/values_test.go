package uadp

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// forms are the arrays of a type: one element, many, a matrix, a cube, empty and null.
func forms[T model.Element](e ...T) []model.Variant {
	four := []T{e[0], e[len(e)-1], e[0], e[len(e)/2]}
	cube := append(append([]T{}, four...), four...)
	return []model.Variant{
		model.ArrayValue(e[:1]), model.ArrayValue(e), model.ArrayValue(four, 2, 2), model.ArrayValue(cube, 2, 1, 4),
		model.ArrayValue([]T{}), model.ArrayValue([]T{}, 3, 0), model.ArrayValue[T](nil),
	}
}

// sampleValues are values of all types and forms.
func sampleValues() []model.Variant {
	guid := model.GUID{0x72, 0x96, 0x2b, 0x91, 0xfa, 0x75, 0x4a, 0xe6, 0x8d, 0x28, 0xb4, 4, 0xdc, 0x7d, 0xaf, 0x63}
	ids := []model.NodeID{
		{},
		model.NumericID(0, 255), model.NumericID(0, 256), model.NumericID(255, 65535), model.NumericID(256, 1), model.NumericID(3, 65536),
		model.StringID(2, "Temp"), model.StringID(1, ""), model.GUIDID(7, guid), model.OpaqueID(2, "\x00\x01\xff"),
	}
	expanded := []model.ExpandedNodeID{
		{},
		model.Expanded(model.NumericID(2, 7)),
		{NodeID: model.StringID(0, "Temp"), NamespaceURI: "urn:acme:boiler"},
		{NodeID: model.NumericID(0, 9), ServerIndex: 4},
		{NodeID: model.GUIDID(0, guid), NamespaceURI: "urn:acme", ServerIndex: math.MaxUint32},
	}
	names := []model.QualifiedName{{}, {Namespace: 2, Name: "Temperature"}}
	texts := []model.LocalizedText{{}, {Text: "heiß"}, {Locale: "de"}, {Locale: "de", Text: "heiß"}}
	objects := []model.ExtensionObject{
		{},
		{TypeID: model.Expanded(model.NumericID(5, 5002)), Encoding: model.ExtensionBinary, Body: []byte{1, 2, 3}},
		{TypeID: expanded[2], Encoding: model.ExtensionXML, Body: []byte("<a/>")},
		{TypeID: model.Expanded(model.NumericID(0, 1)), Encoding: model.ExtensionBinary},
	}
	values := []model.DataValue{
		{},
		{Value: model.DoubleValue(1.5), Status: 0x80340000, SourceTimestamp: goldenTime, ServerTimestamp: goldenTime + 1, SourcePicoseconds: 9999, ServerPicoseconds: 1},
		{Value: model.ArrayValue([]string{"a", ""}), ServerTimestamp: goldenTime},
	}
	infos := []model.DiagnosticInfo{
		{SymbolicID: -1, NamespaceURI: -1, Locale: -1, LocalizedText: -1},
		{
			SymbolicID: 1, NamespaceURI: 2, Locale: 3, LocalizedText: 0, AdditionalInfo: "more", InnerStatusCode: 0x80340000,
			InnerDiagnosticInfo: &model.DiagnosticInfo{SymbolicID: 5, NamespaceURI: -1, Locale: -1, LocalizedText: -1},
		},
	}
	variants := []model.Variant{
		{},
		model.DoubleValue(math.Inf(-1)), model.StringValue("x"), model.ArrayValue([]model.Variant{model.Int32Value(1), {}}),
		model.ArrayValue([]int16{1, 2, 3, 4}, 2, 2), model.DataValueValue(&values[1]),
	}
	return append(join(
		scalars(guid, ids, expanded, names, texts, objects, infos),
		forms(true, false, true), forms[int8](-128, 0, 127), forms[uint8](0, 1, 255), forms[int16](math.MinInt16, math.MaxInt16),
		forms[uint16](0, math.MaxUint16), forms[int32](math.MinInt32, math.MaxInt32), forms[uint32](0, math.MaxUint32),
		forms[int64](math.MinInt64, math.MaxInt64), forms[uint64](0, math.MaxUint64), forms[float32](1.5, float32(math.NaN()), 0),
		forms(1.5, math.NaN(), math.Inf(1)), forms("", "pump-1", "heiß"), forms[model.DateTime](0, goldenTime, model.MaxDateTime, -1),
		forms(guid, model.GUID{}), forms([]byte{}, []byte{1, 2}, nil), forms[model.XMLElement]("<a/>", ""), forms(ids...), forms(expanded...),
		forms[model.StatusCode](0, 0x80340000), forms(names...), forms(texts...), forms(objects...), forms(values...), forms(variants...),
		forms(infos...),
	), model.Variant{})
}

func join(lists ...[]model.Variant) (all []model.Variant) {
	for _, l := range lists {
		all = append(all, l...)
	}
	return all
}

func scalars(guid model.GUID, ids []model.NodeID, expanded []model.ExpandedNodeID, names []model.QualifiedName, texts []model.LocalizedText,
	objects []model.ExtensionObject, infos []model.DiagnosticInfo,
) []model.Variant {
	all := []model.Variant{
		model.BooleanValue(true), model.BooleanValue(false), model.SByteValue(-128), model.ByteValue(255), model.Int16Value(math.MinInt16),
		model.UInt16Value(math.MaxUint16), model.Int32Value(math.MinInt32), model.UInt32Value(math.MaxUint32), model.Int64Value(math.MinInt64),
		model.UInt64Value(math.MaxUint64), model.FloatValue(-1.5), model.FloatValue(float32(math.NaN())), model.DoubleValue(math.Pi),
		model.DoubleValue(math.NaN()), model.StringValue("heiß"), model.StringValue(""), model.NullStringValue(), model.DateTimeValue(goldenTime),
		model.DateTimeValue(model.MaxDateTime), model.GUIDValue(&guid), model.ByteStringValue([]byte{0, 1}), model.ByteStringValue([]byte{}),
		model.ByteStringValue(nil), model.XMLElementValue("<a/>"), model.XMLElementValue(""), model.NullXMLElementValue(), model.StatusCodeValue(0x80340000),
		model.StringValue(strings.Repeat("long ", 20000)),
	}
	for i := range ids {
		all = append(all, model.NodeIDValue(&ids[i]))
	}
	for i := range expanded {
		all = append(all, model.ExpandedNodeIDValue(&expanded[i]))
	}
	for i := range names {
		all = append(all, model.QualifiedNameValue(&names[i]))
	}
	for i := range texts {
		all = append(all, model.LocalizedTextValue(&texts[i]))
	}
	for i := range objects {
		all = append(all, model.ExtensionObjectValue(&objects[i]))
	}
	for i := range infos {
		all = append(all, model.DiagnosticInfoValue(&infos[i]))
	}
	return all
}

// TestEveryTypeInEveryEncoding sends all values through key and delta frames of all encodings.
func TestEveryTypeInEveryEncoding(t *testing.T) {
	seen := make(map[model.BuiltInType]bool)
	for i, v := range sampleValues() {
		seen[v.Type()] = true
		for _, enc := range []FieldEncoding{EncodingVariant, EncodingRawData, EncodingDataValue} {
			for _, kind := range []DataSetMessageKind{KeyFrame, DeltaFrame, Event} {
				if enc == EncodingRawData && (v.Type() == model.TypeNull || kind == Event) {
					continue // have no raw form
				}
				want := model.DataValue{Value: v}
				if enc == EncodingDataValue {
					want.Status, want.SourceTimestamp, want.ServerPicoseconds = 0x40000000, goldenTime, 7
				}
				testField(t, fmt.Sprintf("value %d of type %v in a %v of %v", i, v.Type(), kind, enc), want, enc, kind)
			}
		}
	}
	for typ := model.TypeNull; typ <= model.TypeDiagnosticInfo; typ++ {
		if !seen[typ] {
			t.Errorf("no value of type %v", typ)
		}
	}
}

// testField sends one field, with another behind it, through a frame.
func testField(t *testing.T, what string, want model.DataValue, enc FieldEncoding, kind DataSetMessageKind) {
	t.Helper()
	last := model.DataValue{Value: model.UInt16Value(0xABCD)}
	layout := []RawField{{Type: want.Value.Type(), ValueRank: rankOf(want.Value)}, {Type: model.TypeUInt16, ValueRank: model.ValueRankScalar}}
	m := Message{Header{Content: ContentPayloadHeader}, []DataSet{{
		Header: DataSetHeader{Kind: kind, Encoding: enc}, Fields: []Field{{0, want}, {1, last}}, Layout: layout,
	}}}
	frame, err := m.Append([]byte("before"))
	if err != nil {
		t.Errorf("%s: %v", what, err)
		return
	}
	var d Decoder
	if err := d.Decode(frame[len("before"):]); err != nil || !d.Next() {
		t.Errorf("%s: %v, %v", what, err, d.Err())
		return
	}
	d.SetLayout(layout)
	var f Field
	if !d.Field(&f) || f.Index != 0 || !f.Value.Equal(want) || !sameForm(f.Value.Value, want.Value) {
		t.Errorf("%s: got %v of index %d, error %v; want %v", what, f.Value, f.Index, d.Err(), want)
		return
	}
	if !d.Field(&f) || f.Index != 1 || !f.Value.Equal(last) || d.Field(&f) || len(d.Rest()) != 0 || d.FieldCount() != 0 || d.Next() || d.FieldCount() != 0 || d.Err() != nil {
		t.Errorf("%s: the field behind it came as %v, error %v", what, f.Value, d.Err())
	}
}

// sameForm compares what Equal may not tell apart.
func sameForm(a, b model.Variant) bool {
	return a.Type() == b.Type() && a.IsArray() == b.IsArray() && a.IsNull() == b.IsNull() && fmt.Sprint(a.Dimensions()) == fmt.Sprint(b.Dimensions())
}

// TestStatusInTheVariantEncoding: a Bad value goes out as its StatusCode, an Uncertain one as DataValue (Part 14, 7.2.4.5.4).
func TestStatusInTheVariantEncoding(t *testing.T) {
	f := func(status model.StatusCode, layout []RawField, want model.DataValue, wantType model.BuiltInType) {
		t.Helper()
		sent := model.DataValue{Value: model.DoubleValue(2.5), Status: status, SourceTimestamp: goldenTime}
		m := Message{DataSets: []DataSet{{Fields: []Field{{0, sent}}}}}
		frame, err := m.Append(nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := model.BuiltInType(frame[4]); got != wantType {
			t.Errorf("on the wire is a %v; want %v", got, wantType)
		}
		got, err := ParseMessage(frame, func(uint16) []RawField { return layout })
		if err != nil {
			t.Fatal(err)
		}
		if v := got.DataSets[0].Fields[0].Value; !v.Equal(want) {
			t.Errorf("got %v; want %v", v, want)
		}
	}
	double := []RawField{{Type: model.TypeDouble, ValueRank: model.ValueRankScalar}}
	status := []RawField{{Type: model.TypeStatusCode, ValueRank: model.ValueRankScalar}}
	value := model.DoubleValue(2.5)
	f(0, nil, model.DataValue{Value: value}, model.TypeDouble)
	f(0x00A20000, nil, model.DataValue{Value: value}, model.TypeDouble)
	f(0x40000000, nil, model.DataValue{Value: value, Status: 0x40000000}, model.TypeDataValue)
	f(0x80340000, double, model.DataValue{Status: 0x80340000}, model.TypeStatusCode)
	f(0x80340000, nil, model.DataValue{Value: model.StatusCodeValue(0x80340000)}, model.TypeStatusCode)
	f(0x80340000, status, model.DataValue{Value: model.StatusCodeValue(0x80340000)}, model.TypeStatusCode)
}
