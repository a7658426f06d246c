package uajson

import (
	"bytes"
	"strings"
	"testing"

	"github.com/shopfloor-iiot/shopfloor/model"
)

func motorID() model.ExpandedNodeID { return model.Expanded(model.NumericID(1, 30)) }

// What is read is written again as it was.
func TestJSONBecomesStructures(t *testing.T) {
	c := motorCodec()
	text, err := c.AppendJSON(nil, motorID(), motorBody())
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		string(text),
		`{"Name":"M1 \"a\"","Speed":1480.5,"Count":"1152921504606846976","State":3,"Torque":null,"Temps":[20,21.5],"Limits":{"High":1,"Low":-1},"Matrix":[[1,2],[3,-1]]}`,
	} {
		got, err := c.AppendBinary([]byte("x"), motorID(), []byte(text))
		if err != nil || string(got) != "x"+string(motorBody()) {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
}

func TestRefusedStructures(t *testing.T) {
	const whole = `{"Speed":1480.5,"State":3,"Temps":[20,21.5],"Limits":{"Low":-1,"High":1},"Name":"M1","Matrix":[[1]]}`
	f := func(text, path, message string) {
		t.Helper()
		got, err := motorCodec().AppendBinary([]byte("x"), motorID(), []byte(text))
		if err == nil || string(got) != "x" || !strings.Contains(err.Error(), message) || !strings.HasPrefix(err.Error(), "uajson: "+path+": ") {
			t.Errorf("%s: %q, %v; want %s: %s", text, got, err, path, message)
		}
	}
	if _, err := motorCodec().AppendBinary(nil, motorID(), []byte(whole)); err != nil {
		t.Fatal(err)
	}
	with := func(old, other string) string { return strings.Replace(whole, old, other, 1) }
	f(`[]`, "Motor", `want an object with the members of Motor, got []`)
	f(`null`, "Motor", `want an object`)
	f(with(`"Name":"M1",`, ``), "Motor", `member "Name" of Motor is missing`)
	f(with(`"Name"`, `"name":1,"Name"`), "Motor", `Motor has no member "name", want "Speed", "Torque"`)
	f(with(`1480.5`, `"fast"`), "Motor.Speed", `want Double, got the string "fast"`)
	f(with(`1480.5`, `null`), "Motor.Speed", `want Double, got null`)
	f(with(`"High":1`, `"High":true`), "Motor.Limits.High", `want Double, got true`)
	f(with(`"State":3`, `"State":"Flying"`), "Motor.State", `want Int32, got the string "Flying"`)
	f(with(`[20,21.5]`, `7`), "Motor.Temps", `want an array, got 7`)
	f(with(`[20,21.5]`, `[20,"x"]`), "Motor.Temps[1]", `want Double, got the string "x"`)
	f(with(`[[1]]`, `[[1],[2,3]]`), "Motor.Matrix", `row 1 of a matrix has the dimensions [2], the first has [1]`)
	f(with(`[[1]]`, `[1]`), "Motor.Matrix", `want arrays of arrays, 1 deep, got 1`)
	f(with(`[[1]]`, `{"Array":[1,2],"Dimensions":[1,1]}`), "Motor.Matrix", `2 elements do not fill the dimensions [1 1]`)
	if _, err := motorCodec().AppendBinary(nil, model.Expanded(model.NumericID(1, 99)), nil); err == nil || !strings.Contains(err.Error(), "no description of the type ns=1;i=99") {
		t.Errorf("an unknown type: %v", err)
	}
}

// Enumerations are taken by the names of their values as well.
func TestEnumerationsByName(t *testing.T) {
	c := motorCodec()
	names := valueNames(&sampleMetaData().DataSet.DataTypeSchema)[model.NumericID(1, 40)]
	for name, n := range names {
		text := strings.Replace(`{"Speed":1,"State":"?","Temps":[],"Limits":{"Low":-1,"High":1},"Name":"","Matrix":null}`, "?", name, 1)
		got, err := c.AppendBinary(nil, motorID(), []byte(text))
		want := wire{}.u32(0).f64(1).u32(uint32(n)).u32(0).f64(-1).f64(1).u32(0).u32(1<<32 - 1)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	if len(names) == 0 {
		t.Error("the sample has no names")
	}
}

// TestEveryFormIsWritten: all built-in types and all forms of structures, from what AppendJSON makes of them.
func TestEveryFormIsWritten(t *testing.T) {
	f := func(field model.StructureField, form model.StructureType, body wire) {
		t.Helper()
		c, id := oneMember(field, form)
		text, err := c.AppendJSON(nil, id, body)
		if err != nil {
			t.Fatal(err)
		}
		got, err := c.AppendBinary(nil, id, text)
		if err != nil || !bytes.Equal(got, body) {
			t.Errorf("%s: % x, %v; want % x", text, got, err, []byte(body))
		}
	}
	w := wire{}
	scalar := func(id uint32, body wire) {
		t.Helper()
		f(model.StructureField{Name: "B", DataType: model.NumericID(0, id), ValueRank: -1}, model.StructurePlain, body)
		f(model.StructureField{Name: "B", DataType: model.NumericID(0, id), ValueRank: 1}, model.StructurePlain, append(w.u32(2), append(body, body...)...))
	}
	scalar(1, w.u8(1))
	scalar(2, w.u8(0xFE))
	scalar(3, w.u8(200))
	scalar(4, w.u16(0xFFFE))
	scalar(5, w.u16(0xFFFE))
	scalar(6, w.u32(0xFFFFFFFE))
	scalar(7, w.u32(0xFFFFFFFE))
	scalar(8, w.u64(1<<63+1))
	scalar(9, w.u64(1<<63+1))
	scalar(10, w.u32(0x3FC00000))
	scalar(11, w.f64(1.5))
	scalar(12, w.text("a\"b"))
	scalar(13, w.u64(uint64(goldenTime)))
	scalar(14, append(w, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16))
	scalar(15, w.bytes([]byte{1, 2, 3}))
	scalar(16, w.text("<a/>"))
	scalar(17, w.u8(3).u16(1).text("x"))
	scalar(17, w.u8(0).u8(84))
	scalar(18, w.u8(0x80|3).u16(0).text("x").text("urn:elsewhere"))
	scalar(19, w.u32(0x80340000))
	scalar(19, w.u32(0))
	scalar(20, w.u16(1).text("n"))
	scalar(21, w.u8(3).text("de").text("Pumpe"))
	scalar(21, w.u8(2).text("Pumpe"))
	scalar(22, w.u8(0).u8(0).u8(0))
	scalar(22, w.nodeID(0, 886).u8(1).bytes(w.f64(1).f64(2)))
	scalar(24, w.u8(0))
	scalar(24, w.u8(6).u32(5))
	scalar(24, w.u8(0xC6).u32(2).u32(5).u32(6).u32(2).u32(1).u32(2))
	scalar(24, w.u8(0x98).u32(2).u8(1).u8(0).u8(21).u8(2).text("x"))
	number := model.StructureField{Name: "B", DataType: model.NumericID(0, 11), ValueRank: -1}
	f(number, model.StructureUnion, w.u32(1).f64(3.1415))
	f(number, model.StructureUnion, w.u32(0))
	f(model.StructureField{Name: "B", DataType: model.NumericID(0, 884), ValueRank: -1, Optional: true}, model.StructureWithSubtypedValues,
		w.nodeID(0, 886).u8(1).bytes(w.f64(1).f64(2)))
	number.Optional = true
	f(number, model.StructureWithSubtypedValues, w.u8(6).u32(5))
	f(number, model.StructureWithOptionalFields, w.u32(0))
	f(number, model.StructureWithOptionalFields, w.u32(1).f64(2))
}
