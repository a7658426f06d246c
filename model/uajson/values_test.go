package uajson

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/segmentio/encoding/json"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// forms are the arrays of a type: one element, many, a matrix, a cube, empty and null.
func forms[T model.Element](e ...T) []model.Variant {
	four := []T{e[0], e[len(e)-1], e[0], e[len(e)/2]}
	cube := append(append([]T{}, four...), four...)
	return []model.Variant{
		model.ArrayValue(e[:1]), model.ArrayValue(e), model.ArrayValue(four, 2, 2), model.ArrayValue(cube, 2, 1, 4),
		model.ArrayValue([]T{}), model.ArrayValue[T](nil),
	}
}

func goldenGUID() model.GUID {
	return model.GUID{0x72, 0x96, 0x2b, 0x91, 0xfa, 0x75, 0x4a, 0xe6, 0x8d, 0x28, 0xb4, 4, 0xdc, 0x7d, 0xaf, 0x63}
}

func sampleIDs() []model.NodeID {
	return []model.NodeID{
		model.NumericID(0, 255), model.NumericID(3, 65536), model.StringID(2, `Temp "1"`), model.StringID(1, "heiß;ns=3"),
		model.GUIDID(7, goldenGUID()), model.OpaqueID(2, "\x00\x01\xff\x02"),
	}
}

func sampleExpanded() []model.ExpandedNodeID {
	return []model.ExpandedNodeID{
		model.Expanded(model.NumericID(2, 7)),
		{NodeID: model.StringID(0, "Temp"), NamespaceURI: "urn:acme;100%:boiler"},
		{NodeID: model.NumericID(0, 9), ServerIndex: 4},
		{NodeID: model.GUIDID(0, goldenGUID()), NamespaceURI: "urn:acme", ServerIndex: math.MaxUint32},
	}
}

func sampleDataValues() []model.DataValue {
	return []model.DataValue{
		{Value: model.DoubleValue(1.5), Status: 0x80340000, SourceTimestamp: goldenTime, ServerTimestamp: goldenTime + 1, SourcePicoseconds: 9999, ServerPicoseconds: 1},
		{Value: model.ArrayValue([]string{"a", ""}), ServerTimestamp: goldenTime},
		{Value: model.ArrayValue([]int32{1, 2, 3, 4}, 2, 2)},
		{},
	}
}

// sampleValues are values of all types and forms.
func sampleValues() []model.Variant {
	names := []model.QualifiedName{{Namespace: 2, Name: "Temperature"}, {Name: "0:a:b"}, {Name: "1:x"}, {Name: "urn"}}
	texts := []model.LocalizedText{{Text: "heiß \"\n\u2028"}, {Locale: "de"}, {Locale: "de", Text: "heiß"}}
	objects := []model.ExtensionObject{
		{TypeID: model.Expanded(model.NumericID(5, 5002)), Encoding: model.ExtensionBinary, Body: []byte{1, 2, 3}},
		{TypeID: sampleExpanded()[1], Encoding: model.ExtensionXML, Body: []byte("<a/>")},
		{TypeID: model.Expanded(model.NumericID(0, 1)), Encoding: model.ExtensionJSON, Body: []byte(`{"X":1,"Y":["a"]}`)},
	}
	infos := []model.DiagnosticInfo{
		{
			SymbolicID: 1, NamespaceURI: 2, Locale: 3, LocalizedText: 0, AdditionalInfo: "more", InnerStatusCode: 0x80340000,
			InnerDiagnosticInfo: &model.DiagnosticInfo{SymbolicID: 5, NamespaceURI: -1, Locale: -1, LocalizedText: -1},
		},
		noDiagnostics(),
	}
	values := sampleDataValues()
	variants := []model.Variant{
		model.DoubleValue(math.Inf(-1)), model.StringValue("x"), model.ArrayValue([]model.Variant{model.Int32Value(1), {}}),
		model.ArrayValue([]int16{1, 2, 3, 4}, 2, 2), model.DataValueValue(&values[0]),
		{},
	}
	all := sampleScalars(names, texts, objects, infos)
	for _, list := range [][]model.Variant{
		forms(true, false, true), forms[int8](-128, 0, 127), forms[uint8](0, 1, 255), forms[int16](math.MinInt16, math.MaxInt16),
		forms[uint16](0, math.MaxUint16), forms[int32](math.MinInt32, math.MaxInt32), forms[uint32](0, math.MaxUint32),
		forms[int64](math.MinInt64, math.MaxInt64), forms[uint64](0, math.MaxUint64), forms[float32](1.5, float32(math.NaN()), 0.1),
		forms(1.5, math.NaN(), math.Inf(1)), forms("", "pump-1", "heiß"), forms[model.DateTime](0, goldenTime, model.MaxDateTime),
		forms(goldenGUID(), model.GUID{}), forms([]byte{}, []byte{1, 2}, nil), forms[model.XMLElement]("<a/>", ""), forms(sampleIDs()...),
		forms(sampleExpanded()...), forms[model.StatusCode](0, 0x80340000), forms(names...), forms(texts...), forms(objects...), forms(values...),
		forms(variants...), forms(infos...),
	} {
		all = append(all, list...)
	}
	return append(all, model.Variant{})
}

func sampleScalars(names []model.QualifiedName, texts []model.LocalizedText, objects []model.ExtensionObject, infos []model.DiagnosticInfo) []model.Variant {
	guid, ids, expanded, values := goldenGUID(), sampleIDs(), sampleExpanded(), sampleDataValues()
	all := []model.Variant{
		model.BooleanValue(true), model.BooleanValue(false), model.SByteValue(-128), model.ByteValue(255), model.Int16Value(math.MinInt16),
		model.UInt16Value(math.MaxUint16), model.Int32Value(math.MinInt32), model.UInt32Value(math.MaxUint32), model.Int64Value(math.MinInt64),
		model.UInt64Value(math.MaxUint64), model.FloatValue(-1.5), model.FloatValue(float32(math.NaN())), model.FloatValue(3.4e38), model.DoubleValue(math.Pi),
		model.DoubleValue(math.NaN()), model.DoubleValue(5e-324), model.StringValue("heiß \\ \x01 \U0001F600"), model.StringValue(""), model.NullStringValue(),
		model.DateTimeValue(goldenTime), model.DateTimeValue(model.MaxDateTime), model.DateTimeValue(0), model.GUIDValue(&guid), model.ByteStringValue([]byte{0, 1}),
		model.ByteStringValue([]byte{}), model.ByteStringValue(nil), model.XMLElementValue("<a/>"), model.StatusCodeValue(0x80340000), model.StatusCodeValue(0),
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
	for i := range values {
		all = append(all, model.DataValueValue(&values[i]))
	}
	return all
}

// lossy tells which values NonReversible and bare fields cannot bring back, even when the reader knows their type.
func lossy(v model.Variant) bool {
	switch v.Type() {
	case model.TypeVariant, model.TypeDataValue, model.TypeLocalizedText, model.TypeExtensionObject:
		return true // the types within, the locale, and the type of a structure are left out
	}
	return isNull(v)
}

// TestEveryTypeInEveryForm writes all values as Variants and reads them.
func TestEveryTypeInEveryForm(t *testing.T) {
	seen := make(map[model.BuiltInType]bool)
	for i, v := range sampleValues() {
		seen[v.Type()] = true
		for form := NonReversible; form <= Compact; form++ {
			text := AppendValue([]byte("before"), v, form)[len("before"):]
			what := fmt.Sprintf("value %d of type %s in %v: %.200s", i, v.TypeName(), form, text)
			if !json.Valid(text) {
				t.Errorf("%s: no JSON", what)
				continue
			}
			hint := FieldType{}
			if form == NonReversible {
				if lossy(v) {
					continue
				}
				hint = FieldType{v.Type(), rankOf(v)}
			}
			got, err := ParseValue(text, hint)
			if err != nil || !same(got, v) {
				t.Errorf("%s: read as %s %v, error %v", what, got.TypeName(), got, err)
			}
		}
	}
	for typ := model.TypeNull; typ <= model.TypeDiagnosticInfo; typ++ {
		if !seen[typ] {
			t.Errorf("no value of type %v", typ)
		}
	}
}

func rankOf(v model.Variant) int32 {
	if !v.IsArray() {
		return model.ValueRankScalar
	}
	return int32(max(1, len(v.Dimensions())))
}

// same compares values; an empty structure with fields of zero is a null one.
func same(a, b model.Variant) bool {
	if a.Equal(b) {
		return true
	}
	if a.Type() != b.Type() || !isNull(b) || !isNull(a) && a.Type() != model.TypeXMLElement { // which has no null but in arrays
		return false
	}
	return a.IsArray() == b.IsArray() || !a.Type().Numeric() // the null array of a nullable type is read as its null
}

// TestFieldsOfEveryTypeInEveryForm sends all values through frames in all forms and as all that a field can be.
func TestFieldsOfEveryTypeInEveryForm(t *testing.T) {
	for i, v := range sampleValues() {
		for form := NonReversible; form <= Compact; form++ {
			for _, content := range []FieldContentMask{0, fieldDataValue, FieldRawData} {
				if v.Type() == model.TypeNull || v.IsNull() || form < Compact && lossy(v) {
					continue
				}
				testField(t, fmt.Sprintf("value %d of type %s in %v of 0x%x", i, v.TypeName(), form, content), v, form, content)
			}
		}
	}
}

// testField sends one field, with another behind it, through a frame.
func testField(t *testing.T, what string, v model.Variant, form Form, content FieldContentMask) {
	t.Helper()
	want, last := model.DataValue{Value: v}, model.DataValue{Value: model.UInt16Value(0xABCD)}
	if content == fieldDataValue {
		want.Status, want.SourceTimestamp, want.SourcePicoseconds, want.ServerTimestamp = 0x40000000, goldenTime, 7, goldenTime+5
	}
	h := Header{Content: ContentNetworkMessageHeader | ContentDataSetMessageHeader}
	head := DataSetHeader{Content: DataSetWriterID.WithForm(form), WriterID: 9}
	enc := FieldEncoding{Form: head.Content.Form(), Content: content}
	body := AppendField(AppendDataSetHeader(nil, &h, &head), "a", &want, &enc, false)
	body = AppendDataSetEnd(AppendField(body, "b \"2\"", &last, &enc, false), &h, &head)
	frame, err := AppendNetworkMessage(nil, &h, [][]byte{body})
	if err != nil || !json.Valid(frame) {
		t.Errorf("%s: %v, %.200s", what, err, frame)
		return
	}
	types := &Types{}
	types.Add("a", FieldType{v.Type(), rankOf(v)})
	types.Add("b \"2\"", FieldType{model.TypeUInt16, -1})
	var d Decoder
	var f Field
	if err := d.Decode(frame); err != nil || !d.Next() {
		t.Errorf("%s: %v, %v: %.200s", what, err, d.Err(), frame)
		return
	}
	d.SetTypes(types)
	if !d.Field(&f) || f.Name != "a" || f.Index != 0 || !same(f.Value.Value, v) || f.Value.Status != want.Status || f.Value.SourceTimestamp != want.SourceTimestamp ||
		f.Value.SourcePicoseconds != want.SourcePicoseconds || f.Value.ServerTimestamp != want.ServerTimestamp {
		t.Errorf("%s: got %s %v, error %v: %.300s", what, f.Name, f.Value, d.Err(), frame)
		return
	}
	if !d.Field(&f) || f.Name != "b \"2\"" || f.Index != 1 || !f.Value.Equal(last) || d.Field(&f) || d.Next() || d.Err() != nil {
		t.Errorf("%s: the field behind it came as %q %v, error %v", what, f.Name, f.Value, d.Err())
	}
}
