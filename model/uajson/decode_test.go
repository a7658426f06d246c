package uajson

import (
	"bytes"
	"compress/gzip"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// TestMembersInAnyOrder: Payload before its header, Messages before PublisherId.
func TestMembersInAnyOrder(t *testing.T) {
	frame := `{"Messages":[{"Payload":{"A":{"SourceTimestamp":"2022-03-18T12:55:20Z","Value":{"Body":2,"Type":11}}},"MetaDataVersion":{"MinorVersion":4,"MajorVersion":3},"DataSetWriterId":5}],
		"PublisherId":7,"MessageType":"ua-data","WriterGroupName":"g","MessageId":"m","Extra":[{"a":1}]}`
	want := []string{`ua-keyframe: publisher "7" group "g" writer 5 "" message m version 3.4`, "A = Double 2 2022-03-18T12:55:20Z"}
	if diff := cmp.Diff(want, describe(t, frame, nil)); diff != "" {
		t.Error(diff)
	}
}

// fieldOf reads the only field of a payload.
func fieldOf(t *testing.T, value string, hint FieldType) string {
	t.Helper()
	types := &Types{}
	types.Add("f", hint)
	lines := describe(t, `{"f":`+value+`}`, types)
	return strings.TrimPrefix(lines[len(lines)-1], "f = ")
}

// TestBareValues: what a value becomes when nothing tells its type.
func TestBareValues(t *testing.T) {
	f := func(value, want string) {
		t.Helper()
		if got := fieldOf(t, value, FieldType{}); got != want {
			t.Errorf("%s is read as %s; want %s", value, got, want)
		}
	}
	f(`true`, `Boolean true`)
	f(`-5`, `Int64 "-5"`)
	f(`9223372036854775807`, `Int64 "9223372036854775807"`)
	f(`9223372036854775808`, `UInt64 "9223372036854775808"`)
	f(`18446744073709551616`, `Double 18446744073709552000`)
	f(`1.0`, `Double 1`)
	f(`1e400`, `Double "Infinity"`)
	f(`"2022-03-18T12:55:20Z"`, `String "2022-03-18T12:55:20Z"`)
	f(`"\u00df\n\ud83d\ude00\ud83d"`, "String \"ß\\n\U0001F600\ufffd\"")
	f(`null`, `null`)
	f(`{}`, `null`)
	f(`[true,false]`, `Boolean[] [true,false]`)
	f(`[1,2]`, `Int64[] ["1","2"]`)
	f(`[1,9223372036854775808]`, `UInt64[] ["1","9223372036854775808"]`)
	f(`[-1,9223372036854775808]`, `Double[] [-1,9223372036854776000]`)
	f(`[1,2.5]`, `Double[] [1,2.5]`)
	f(`["a",null]`, `String[] ["a",""]`)
	f(`[[1,2],[3,4],[5,6]]`, `Int64[] [["1","2"],["3","4"],["5","6"]]`)
	f(`[[1,2],[3]]`, `BaseDataType[] [["1","2"],["3"]]`)
	f(`[1,"a",null]`, `BaseDataType[] ["1","a",null]`)
	f(`[]`, `BaseDataType[] []`)
	f(`[{"a":1},{"b":2}]`, `Structure[] [{"typeId":"i=0","encoding":"json","body":{"a":1}},{"typeId":"i=0","encoding":"json","body":{"b":2}}]`)
	f(`[{"Type":11,"Body":1},{"UaType":6,"Value":2}]`, `BaseDataType[] [1,2]`)
	f(`{"Array":[1,2,3,4],"Dimensions":[2,2]}`, `Int64[] [["1","2"],["3","4"]]`)
	f(`{"Value":[1,2,3,4],"Dimensions":[2,2]}`, `Int64[] [["1","2"],["3","4"]]`)
	f(`{"Type":"Guid","Body":"72962B91-FA75-4AE6-8D28-B404DC7DAF63"}`, `Guid "72962b91-fa75-4ae6-8d28-b404dc7daf63"`)
	f(`{"Type":"Int64","Body":"5"}`, `Int64 "5"`)
	f(`{"Type":8,"Body":5}`, `Int64 "5"`)
	f(`{"Type":6}`, `Int32 0`)
	f(`{"Type":"pump","Body":"x"}`, `Structure {"typeId":"i=0","encoding":"json","body":{"Type":"pump","Body":"x"}}`)
	f(`{"Code":2150694912,"Symbol":"BadNoCommunication"}`, `StatusCode {"code":2150694912,"name":"BadNoCommunication"}`)
	f(`{"Value":{"X":1}}`, `Structure {"typeId":"i=0","encoding":"json","body":{"X":1}}`)
	f(`{"Status":"BadNodeIdUnknown"}`, `null BadNodeIdUnknown`)
	f(`{"Value":1,"Status":{"Symbol":"BadNodeIdUnknown"}}`, `Int64 "1" BadNodeIdUnknown`)
	f(`{"Value":1,"SourcePicoSeconds":5,"ServerTimestamp":"2022-03-18T12:55:20Z"}`, `Int64 "1" 2022-03-18T12:55:20Z`)
	f(`{"Type":23,"Body":{"Value":{"Type":11,"Body":1},"Status":1073741824}}`, `Double 1 Uncertain`)
}

// TestTypesGiveValuesTheirType: with the metadata known.
func TestTypesGiveValuesTheirType(t *testing.T) {
	f := func(typ model.BuiltInType, rank int32, value, want string) {
		t.Helper()
		if got := fieldOf(t, value, FieldType{typ, rank}); got != want {
			t.Errorf("%s of %v is read as %s; want %s", value, typ, got, want)
		}
	}
	f(model.TypeInt64, -1, `"9007199254740993"`, `Int64 "9007199254740993"`)
	f(model.TypeUInt64, -1, `{"Value":"18446744073709551615"}`, `UInt64 "18446744073709551615"`)
	f(model.TypeInt16, -1, `7`, `Int16 7`)
	f(model.TypeInt16, -1, `7.0`, `Int16 7`)
	f(model.TypeInt16, -1, `70000`, `Int64 "70000"`)
	f(model.TypeByte, -1, `-1`, `Int64 "-1"`)
	f(model.TypeByte, 1, `"AQI="`, `Byte[] [1,2]`)
	f(model.TypeInt32, -1, `"Running_2"`, `Int32 2`)
	f(model.TypeInt32, -1, `"Running"`, `String "Running"`)
	f(model.TypeFloat, -1, `0.1`, `Float 0.1`)
	f(model.TypeDouble, -1, `"NaN"`, `Double "NaN"`)
	f(model.TypeDouble, -1, `"-Infinity"`, `Double "-Infinity"`)
	f(model.TypeDateTime, -1, `"2022-03-18T12:55:20.1Z"`, `DateTime "2022-03-18T12:55:20.1Z"`)
	f(model.TypeDateTime, 1, `["2022-03-18T12:55:20.1Z",null]`, `DateTime[] ["2022-03-18T12:55:20.1Z",null]`)
	f(model.TypeByteString, -1, `"AQI="`, `ByteString "AQI="`)
	f(model.TypeByteString, -1, `"?"`, `String "?"`)
	f(model.TypeStatusCode, -1, `2150694912`, `StatusCode {"code":2150694912,"name":"BadNoCommunication"}`)
	f(model.TypeStatusCode, -1, `{"Code":2150694912}`, `StatusCode {"code":2150694912,"name":"BadNoCommunication"}`)
	f(model.TypeStatusCode, -1, `{}`, `StatusCode {"code":0,"name":"Good"}`)
	f(model.TypeDouble, -1, `{"Code":2150694912}`, `null BadNoCommunication`)
	f(model.TypeDouble, -1, `{"Type":19,"Body":2150694912}`, `null BadNoCommunication`)
	f(model.TypeDouble, -1, `{"UaType":6,"Value":3}`, `Int32 3`)
	f(model.TypeDouble, -1, `null`, `null`)
	f(model.TypeDouble, 1, `null`, `Double[] null`)
	f(model.TypeDouble, 2, `[[1,2],[3,4]]`, `Double[] [[1,2],[3,4]]`)
	f(model.TypeDouble, 2, `{"Array":[1,2,3,4],"Dimensions":[2,2]}`, `Double[] [[1,2],[3,4]]`)
	f(model.TypeDouble, 2, `{"Value":[1,2,3,4],"Dimensions":[2,2]}`, `Double[] [[1,2],[3,4]]`)
	f(model.TypeLocalizedText, -1, `"warm"`, `LocalizedText {"text":"warm"}`)
	f(model.TypeLocalizedText, -1, `{"Locale":"de","Text":"warm"}`, `LocalizedText {"locale":"de","text":"warm"}`)
	f(model.TypeNodeID, -1, `"ns=2;s=Temp"`, `NodeId "ns=2;s=Temp"`)
	f(model.TypeNodeID, -1, `"nsu=urn:a;s=Temp"`, `ExpandedNodeId "nsu=urn:a;s=Temp"`)
	f(model.TypeNodeID, -1, `"urn:a#s=T%20x"`, `ExpandedNodeId "nsu=urn:a;s=T x"`)
	f(model.TypeNodeID, -1, `{"IdType":2,"Id":"72962b91-fa75-4ae6-8d28-b404dc7daf63","Namespace":3}`, `NodeId "ns=3;g=72962b91-fa75-4ae6-8d28-b404dc7daf63"`)
	f(model.TypeNodeID, -1, `"no identifier"`, `NodeId "s=no identifier"`)
	f(model.TypeQualifiedName, -1, `"nsu=urn:a%3Bb;T"`, `QualifiedName {"namespaceUri":"urn:a;b","name":"T"}`)
	f(model.TypeExtensionObject, -1, `{"Value":5}`, `Structure {"typeId":"i=0","encoding":"json","body":{"Value":5}}`)
	f(model.TypeExtensionObject, -1, `{"Value":{"X":5}}`, `Structure {"typeId":"i=0","encoding":"json","body":{"X":5}}`)
	f(model.TypeXMLElement, -1, `"<a/>"`, `XmlElement "<a/>"`)
}

// TestStructuresKeepTheirText: the body of a structure is its JSON, compact and without the type.
func TestStructuresKeepTheirText(t *testing.T) {
	f := func(value, wantType, wantBody string) {
		t.Helper()
		v, err := ParseValue([]byte(value), FieldType{})
		o := v.ExtensionObject()
		if err != nil || o.Encoding != model.ExtensionJSON || string(o.Body) != wantBody || o.TypeID.String() != wantType {
			t.Errorf("%s: %s %d %s, error %v; want %s %s", value, o.TypeID, o.Encoding, o.Body, err, wantType, wantBody)
		}
	}
	f(`{"a": [1, {"b" : null}], "c":"x y"}`, "i=0", `{"a":[1,{"b":null}],"c":"x y"}`)
	f(`{"a":1}`, "i=0", `{"a":1}`)
	f(`{"UaTypeId":"nsu=urn:a;i=5","a":1,"b":2}`, "nsu=urn:a;i=5", `{"a":1,"b":2}`)
	f(`{"a":1,"UaTypeId":"ns=1;i=5"}`, "ns=1;i=5", `{"a":1}`)
	f(`{"UaTypeId":"ns=1;i=5"}`, "ns=1;i=5", `{}`)
	f(`{"TypeId":{"Id":5,"Namespace":1},"Body":{"a": 1}}`, "ns=1;i=5", `{"a":1}`)
	f(`{"Type":22,"Body":{"TypeId":"urn:a#i=5","Encoding":"Json","Body":{"a":1}}}`, "nsu=urn:a;i=5", `{"a":1}`)
}

// TestErrorsTellTheirPlace: path and offset of what is wrong.
func TestErrorsTellTheirPlace(t *testing.T) {
	f := func(frame string, reason error, path string, offset int) {
		t.Helper()
		var d Decoder
		err := d.Decode([]byte(frame))
		for d.Next() {
			for fld := (Field{}); d.Field(&fld); {
				_ = fld.Value
			}
		}
		if err == nil {
			err = d.Err()
		}
		var place *Error
		if !errors.Is(err, reason) || !errors.As(err, &place) || place.Path != path || place.Offset != offset {
			t.Errorf("%s: %v; want %v at %q, %d", frame, err, reason, path, offset)
		}
	}
	f(``, ErrSyntax, "", 0)
	f(`{"a":1`, ErrSyntax, "", 6)
	f(`{"a":1}x`, ErrSyntax, "", 7)
	f(`{"a":01}`, ErrSyntax, "", 6)
	f(`{"a":1.}`, ErrSyntax, "", 7)
	f(`{"a":"\x"}`, ErrSyntax, "", 6)
	f("{\"a\":\"\n\"}", ErrSyntax, "", 6)
	f(`[1,]`, ErrSyntax, "", 3)
	f(`{a:1}`, ErrSyntax, "", 1)
	f(`nul`, ErrSyntax, "", 0)
	f(strings.Repeat("[", 111), ErrLimit, "", 110)
	f(`{"MessageType":"ua-data","MessageId":"","Messages":[{},{"Payload":{"T":{"Type":6,"Body":"x"}}}]}`, ErrType, "Messages[1].Payload.T.Body", 88)
	f(`{"T":{"Type":6,"Body":[1,2,3.5]}}`, ErrType, "T.Body[2]", 27)
	f(`{"T":{"UaType":24,"Value":[{"UaType":8,"Value":true}]}}`, ErrType, "T.Value[0].Value", 47)
	f(`{"T":{"UaType":6,"Value":[1,2,3],"Dimensions":[2,2]}}`, ErrType, "T.Dimensions", 46)
	f(`{"T":{"UaTypeId":"i=1","UaTypeId":"i=2"}}`, ErrType, "T.UaTypeId", 34)
	f(`[{"T":{"Value":1,"SourceTimestamp":"today"}}]`, ErrMalformed, "[0].T.SourceTimestamp", 35)
	f(`{"T":{"Value":1,"Status":-1}}`, ErrMalformed, "T.Status", 25)
	f(`{"Payload":{},"DataSetWriterId":70000}`, ErrMalformed, "DataSetWriterId", 32)
	f(`{"Payload":{},"SequenceNumber":4294967296}`, ErrMalformed, "SequenceNumber", 31)
	f(`{"MessageType":"ua-metadata","MetaData":7}`, ErrMalformed, "MetaData", 40)
	f("\x1f\x8b\x08bad", ErrSyntax, "", 0)
}

func compress(tb testing.TB, data []byte) []byte {
	tb.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write(data)
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

// TestGzip: compressed frames are read, up to a limit, and counted.
func TestGzip(t *testing.T) {
	d := Decoder{MaxInflated: len(strictMessage)}
	for range 3 {
		if err := d.Decode(compress(t, []byte(strictMessage))); err != nil || !d.Next() || d.DataSet().SequenceNumber != 27 {
			t.Fatalf("%v, %v", err, d.DataSet())
		}
	}
	if want := uint64(3 * len(strictMessage)); d.Inflated() != want {
		t.Errorf("%d bytes counted; want %d", d.Inflated(), want)
	}
	if err := d.Decode(compress(t, []byte(strictMessage+" "))); !errors.Is(err, ErrLimit) {
		t.Errorf("one byte over the limit: %v", err)
	}
	bomb := compress(t, make([]byte, 1<<24))
	if err := d.Decode(bomb); !errors.Is(err, ErrLimit) {
		t.Errorf("a bomb: %v", err)
	}
	if cap(d.inflate.buf) > 1<<16 {
		t.Errorf("%d bytes held for a bomb", cap(d.inflate.buf))
	}
}

// TestValuesOfOneFrameDoNotMix: a Decoder's memory is used again only by the next frame.
func TestValuesOfOneFrameDoNotMix(t *testing.T) {
	frame := []byte(`{"a":{"Type":"String","Body":["x\n1","y\n2"]},"b":["x\n3","y\n4"],"c":{"Type":14,"Body":"72962b91-fa75-4ae6-8d28-b404dc7daf63"},"d":{"Type":14,"Body":"82962b91-fa75-4ae6-8d28-b404dc7daf63"}}`)
	var d Decoder
	for range 3 {
		var got []string
		var values []model.Variant
		if err := d.Decode(frame); err != nil || !d.Next() {
			t.Fatal(err)
		}
		for f := (Field{}); d.Field(&f); {
			values = append(values, f.Value.Value)
		}
		for _, v := range values {
			got = append(got, v.String())
		}
		want := []string{`String[] ["x\n1","y\n2"]`, `String[] ["x\n3","y\n4"]`, `Guid "72962b91-fa75-4ae6-8d28-b404dc7daf63"`, `Guid "82962b91-fa75-4ae6-8d28-b404dc7daf63"`}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
	d.Reset()
	if d.Next() || d.Field(&Field{}) || d.Err() != nil {
		t.Error("a Decoder that was reset has something to read")
	}
}
