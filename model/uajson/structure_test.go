package uajson

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/segmentio/encoding/json"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// motor is a structure with members of all kinds.
func motor() model.StructureDescription {
	member := func(name string, ns uint16, id uint32, rank int32) model.StructureField {
		return model.StructureField{Name: name, DataType: model.NumericID(ns, id), ValueRank: rank}
	}
	optional := func(f model.StructureField) model.StructureField {
		f.Optional = true
		return f
	}
	return model.StructureDescription{
		DataType: model.NumericID(1, 30), EncodingID: model.NumericID(1, 31), Name: model.QualifiedName{Namespace: 1, Name: "Motor"}, BaseDataType: model.NumericID(0, 22),
		Type: model.StructureWithOptionalFields,
		Fields: []model.StructureField{
			member("Speed", 0, 11, -1), optional(member("Torque", 0, 10, -1)), optional(member("Count", 0, 8, -1)), member("State", 1, 40, -1), member("Temps", 1, 41, 1),
			member("Limits", 0, 884, -1), member("Name", 0, 12, -1), member("Matrix", 0, 4, 2),
		},
	}
}

func motorCodec() *StructureCodec {
	return NewStructureCodec(&sampleMetaData().DataSet.DataTypeSchema)
}

// wire writes the binary encoding in tests.
type wire []byte

func (w wire) u8(n uint8) wire                 { return append(w, n) }
func (w wire) u16(n uint16) wire               { return binary.LittleEndian.AppendUint16(w, n) }
func (w wire) u32(n uint32) wire               { return binary.LittleEndian.AppendUint32(w, n) }
func (w wire) u64(n uint64) wire               { return binary.LittleEndian.AppendUint64(w, n) }
func (w wire) f64(x float64) wire              { return w.u64(math.Float64bits(x)) }
func (w wire) text(s string) wire              { return append(w.u32(uint32(len(s))), s...) }
func (w wire) bytes(b []byte) wire             { return append(w.u32(uint32(len(b))), b...) }
func (w wire) nodeID(ns uint8, id uint16) wire { return w.u8(1).u8(ns).u16(id) }

// motorBody is a Motor with the second of its optional members.
func motorBody() []byte {
	return wire{}.u32(2).f64(1480.5).u64(1 << 60).u32(3).u32(2).f64(20).f64(21.5).f64(-1).f64(1).text("M1 \"a\"").u32(2).u32(2).u32(2).u16(1).u16(2).u16(3).u16(0xFFFF)
}

// TestStructuresBecomeJSON: a structure with optional members, enumeration, simple type, arrays, a structure of the standard.
func TestStructuresBecomeJSON(t *testing.T) {
	want := `{"Speed":1480.5,"Count":1152921504606846976,"State":3,"Temps":[20,21.5],"Limits":{"Low":-1,"High":1},"Name":"M1 \"a\"","Matrix":{"Array":[1,2,3,-1],"Dimensions":[2,2]}}`
	c := motorCodec()
	for _, id := range []model.ExpandedNodeID{
		model.Expanded(model.NumericID(1, 30)), model.Expanded(model.NumericID(1, 31)), {NodeID: model.NumericID(0, 31), NamespaceURI: "urn:acme"},
	} {
		got, err := c.AppendJSON([]byte("x"), id, motorBody())
		if err != nil || string(got) != "x"+want || !c.Knows(id) {
			t.Errorf("%s: %s, %v; want %s", id, got, err, want)
		}
	}
	if _, err := c.AppendJSON(nil, model.Expanded(model.NumericID(1, 99)), nil); !errors.Is(err, ErrType) {
		t.Errorf("an unknown type: %v", err)
	}
}

// TestEveryTruncationIsAnError: no prefix of a body is a structure, and nothing is written for it.
func TestEveryTruncationIsAnError(t *testing.T) {
	c, body := motorCodec(), motorBody()
	for i := range body {
		got, err := c.AppendJSON([]byte("x"), model.Expanded(model.NumericID(1, 30)), body[:i])
		if err == nil || string(got) != "x" {
			t.Errorf("%d bytes: %s, %v", i, got, err)
		}
	}
	if _, err := c.AppendJSON(nil, model.Expanded(model.NumericID(1, 30)), append(body, 0)); !errors.Is(err, ErrMalformed) {
		t.Errorf("a byte too many: %v", err)
	}
}

// oneMember is a codec for a structure with one member.
func oneMember(f model.StructureField, form model.StructureType) (*StructureCodec, model.ExpandedNodeID) {
	schema := sampleMetaData().DataSet.DataTypeSchema
	schema.Structures = append(schema.Structures, model.StructureDescription{DataType: model.NumericID(1, 77), Type: form, Fields: []model.StructureField{f}, Name: model.QualifiedName{Name: "One"}})
	return NewStructureCodec(&schema), model.Expanded(model.NumericID(1, 77))
}

// TestMembersOfEveryType: each built-in type within a structure.
func TestMembersOfEveryType(t *testing.T) {
	f := func(dataType uint32, body wire, want string) {
		t.Helper()
		c, id := oneMember(model.StructureField{Name: "v", DataType: model.NumericID(0, dataType), ValueRank: -1}, model.StructurePlain)
		got, err := c.AppendJSON(nil, id, body)
		if err != nil || string(got) != `{"v":`+want+`}` || !json.Valid(got) {
			t.Errorf("type %d: %s, %v; want %s", dataType, got, err, want)
		}
	}
	w := wire{}
	f(1, w.u8(1), `true`)
	f(2, w.u8(0x80), `-128`)
	f(3, w.u8(255), `255`)
	f(4, w.u16(0x8000), `-32768`)
	f(5, w.u16(65535), `65535`)
	f(6, w.u32(1<<31), `-2147483648`)
	f(7, w.u32(1<<32-1), `4294967295`)
	f(8, w.u64(1<<63), `-9223372036854775808`)
	f(9, w.u64(1<<64-1), `18446744073709551615`)
	f(10, w.u32(math.Float32bits(0.1)), `0.1`)
	f(11, w.f64(math.NaN()), `"NaN"`)
	f(12, w.text("a\n"), `"a\n"`)
	f(12, w.u32(1<<32-1), `null`)
	f(13, w.u64(uint64(goldenTime)), `"2022-03-18T16:55:20.9313098Z"`)
	f(13, w.u64(0), `null`)
	f(14, model.GUID.AppendWire(goldenGUID(), nil), `"72962b91-fa75-4ae6-8d28-b404dc7daf63"`)
	f(15, w.bytes([]byte{1, 2}), `"AQI="`)
	f(16, w.text("<a/>"), `"<a/>"`)
	f(17, w.u8(0).u8(9), `"i=9"`)
	f(17, w.u8(3).u16(2).text("T"), `"nsu=urn:other%3B1;s=T"`)
	f(18, w.u8(0xC1).u8(0).u16(5).text("urn:a").u32(3), `"svr=3;nsu=urn:a;i=5"`)
	f(19, w.u32(0x80340000), `{"Code":2150891520,"Symbol":"BadNodeIdUnknown"}`)
	f(20, w.u16(2).text("T"), `"nsu=urn:other%3B1;T"`)
	f(21, w.u8(3).text("de").text("warm"), `{"Locale":"de","Text":"warm"}`)
	f(22, w.nodeID(1, 500).u8(1).bytes([]byte{7}), `{"UaTypeId":"nsu=urn:acme;i=500","UaEncoding":1,"UaBody":"Bw=="}`)
	f(22, w.u8(0).u8(0).u8(0), `{}`)
	f(22, w.nodeID(0, 886).u8(1).bytes(w.f64(1).f64(2)), `{"UaTypeId":"i=886","Low":1,"High":2}`)
	f(23, w.u8(0x3F).u8(11).f64(1.5).u32(1<<30).u64(uint64(goldenTime)).u16(1).u64(uint64(goldenTime)).u16(2),
		`{"UaType":11,"Value":1.5,"Status":{"Code":1073741824,"Symbol":"Uncertain"},"SourceTimestamp":"2022-03-18T16:55:20.9313098Z","SourcePicoseconds":1,"ServerTimestamp":"2022-03-18T16:55:20.9313098Z","ServerPicoseconds":2}`)
	f(24, w.u8(0), `null`)
	f(24, w.u8(6).u32(5), `{"UaType":6,"Value":5}`)
	f(24, w.u8(0xC6).u32(2).u32(5).u32(6).u32(2).u32(1).u32(2), `{"UaType":6,"Value":[5,6],"Dimensions":[1,2]}`)
	f(24, w.u8(0x98).u32(1).u8(1).u8(0), `{"UaType":24,"Value":[{"UaType":1,"Value":false}]}`)
	f(25, w.u8(0x7F).u32(1).u32(2).u32(3).u32(4).text("x").u32(1<<31).u8(0), `{"SymbolicId":1,"NamespaceUri":2,"Locale":3,"LocalizedText":4,"AdditionalInfo":"x","InnerStatusCode":{"Code":2147483648,"Symbol":"Bad"},"InnerDiagnosticInfo":{}}`)
	f(290, w.f64(5), `5`)
	f(294, w.u64(uint64(goldenTime)), `"2022-03-18T16:55:20.9313098Z"`)
}

// TestUnionsAndSubtypes: the other forms of structures.
func TestUnionsAndSubtypes(t *testing.T) {
	f := func(field model.StructureField, form model.StructureType, body wire, want string) {
		t.Helper()
		c, id := oneMember(field, form)
		got, err := c.AppendJSON(nil, id, body)
		if want == "" {
			if err == nil {
				t.Errorf("%v: %s is no error", body, got)
			}
			return
		}
		if err != nil || string(got) != want {
			t.Errorf("%s, %v; want %s", got, err, want)
		}
	}
	number := model.StructureField{Name: "B", DataType: model.NumericID(0, 11), ValueRank: -1}
	w := wire{}
	f(number, model.StructureUnion, w.u32(1).f64(3.1415), `{"B":3.1415}`) // Part 6, 5.4.8
	f(number, model.StructureUnion, w.u32(0), `{}`)
	f(number, model.StructureUnion, w.u32(2).f64(3.1415), ``)
	abstract := model.StructureField{Name: "B", DataType: model.NumericID(0, 884), ValueRank: -1, Optional: true}
	f(abstract, model.StructureWithSubtypedValues, w.nodeID(0, 886).u8(1).bytes(w.f64(1).f64(2)), `{"B":{"UaTypeId":"i=886","Low":1,"High":2}}`)
	number.Optional = true
	f(number, model.StructureWithSubtypedValues, w.u8(6).u32(5), `{"B":{"UaType":6,"Value":5}}`)
	f(number, model.StructureWithOptionalFields, w.u32(0), `{}`)
	f(number, model.StructureWithOptionalFields, w.u32(1).f64(2), `{"B":2}`)
	f(number, model.StructureWithOptionalFields, w.u32(3).f64(2), ``)
	f(model.StructureField{Name: "B", DataType: model.NumericID(5, 5), ValueRank: -1}, model.StructurePlain, w.u32(1), ``)
	f(model.StructureField{Name: "B", DataType: model.NumericID(0, 3), ValueRank: 1}, model.StructurePlain, w.u32(1<<32-1), `{"B":null}`)
	f(model.StructureField{Name: "B", DataType: model.NumericID(0, 3), ValueRank: 1}, model.StructurePlain, w.u32(1<<31), ``)
	f(model.StructureField{Name: "B", DataType: model.NumericID(0, 3), ValueRank: 2}, model.StructurePlain, w.u32(3).u32(1<<30).u32(1<<30).u32(1<<30), ``)
	f(model.StructureField{Name: "B", DataType: model.NumericID(0, 3), ValueRank: 2}, model.StructurePlain, w.u32(2).u32(0).u32(1<<30), `{"B":{"Array":[],"Dimensions":[0,1073741824]}}`)
	itself := model.StructureField{Name: "B", DataType: model.NumericID(1, 77), ValueRank: -1}
	f(itself, model.StructurePlain, w, ``)                              // without end
	f(itself, model.StructureWithOptionalFields, make(wire, 4*200), ``) // more than is read
	f(model.StructureField{Name: "B", DataType: model.NumericID(1, 77), ValueRank: 1}, model.StructurePlain, w.u32(1).u32(0), `{"B":[{"B":[]}]}`)
	long := model.StructureField{Name: strings.Repeat("x", 1<<20), DataType: model.NumericID(1, 77), ValueRank: 1}
	f(long, model.StructurePlain, append(w.u32(400), make([]byte, 1600)...), ``) // names without bounds
}

// TestNumericMembers finds the numbers in the JSON of a structure.
func TestNumericMembers(t *testing.T) {
	f := func(body string, limit int, wantOK bool, want string) {
		t.Helper()
		var got []string
		ok := NumericMembers([]byte(body), limit, func(path string, v float64) { got = append(got, fmt.Sprintf("%s=%v", path, v)) })
		if s := strings.Join(got, " "); s != want || ok != wantOK {
			t.Errorf("%s: %q, %v; want %q, %v", body, s, ok, want, wantOK)
		}
	}
	f(`{"a":{"b":[1,2.5,{"c":true}]},"d":"5","e":null,"f":-1e3}`, 10, true, `a.b[0]=1 a.b[1]=2.5 a.b[2].c=1 f=-1000`)
	f(`{"a":1,"b":2,"c":3}`, 2, true, `a=1 b=2`)
	f(`[[1,2],[3]]`, 9, true, `[0][0]=1 [0][1]=2 [1][0]=3`)
	f(`{"a\n":1}`, 9, true, "a\n=1")
	f(`7`, 9, true, `=7`)
	f(`{"a":1`, 9, false, ``)
	f(`{"`+strings.Repeat("x", 2000)+`":1,"b":2}`, 9, true, `b=2`)
	body, err := motorCodec().AppendJSON(nil, model.Expanded(model.NumericID(1, 30)), motorBody())
	if err != nil {
		t.Fatal(err)
	}
	f(string(body), 100, true, `Speed=1480.5 Count=1.152921504606847e+18 State=3 Temps[0]=20 Temps[1]=21.5 Limits.Low=-1 Limits.High=1 Matrix.Array[0]=1 Matrix.Array[1]=2 Matrix.Array[2]=3 Matrix.Array[3]=-1 Matrix.Dimensions[0]=2 Matrix.Dimensions[1]=2`)
}

// BenchmarkStructure turns a Motor into JSON.
func BenchmarkStructure(b *testing.B) {
	b.ReportAllocs()
	c, body, id := motorCodec(), motorBody(), model.Expanded(model.NumericID(1, 31))
	var buf []byte
	for b.Loop() {
		var err error
		if buf, err = c.AppendJSON(buf[:0], id, body); err != nil {
			b.Fatal(err)
		}
	}
}
