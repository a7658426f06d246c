package uajson

import (
	"errors"
	"testing"
	"unsafe"

	"github.com/segmentio/encoding/json"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// sampleFrames are messages of all kinds.
func sampleFrames(tb testing.TB) [][]byte {
	tb.Helper()
	var frames [][]byte
	for _, s := range []string{
		strictMessage, compatMessage(), metadataMessage, eventMessage, keepAliveMessage, rawMessage, sampleMessage, fullSampleMessage, telemetryMessage, "23305",
		`[[1,2],[3]]`, `{"a":[[[1],[2]],[[3],[4]]],"b":{"Array":[],"Dimensions":[0,5]}}`,
	} {
		frames = append(frames, []byte(s))
	}
	for form := NonReversible; form <= Compact; form++ {
		frames = append(frames, AppendMetaData(nil, sampleMetaData(), form))
		for i, v := range sampleValues() {
			if len(v.Text()) < 100 && i%5 == int(form) {
				enc := FieldEncoding{Form: form, Content: fieldDataValue}
				frames = append(frames, append(AppendField([]byte("{"), "a", &model.DataValue{Value: v, Status: 5, SourceTimestamp: goldenTime}, &enc, false), '}'))
			}
		}
	}
	return append(frames, compress(tb, []byte(strictMessage)))
}

// heldBytes is the memory of a Decoder.
func heldBytes(d *Decoder) int {
	p := &d.r.pool
	return size(p.headers) + size(p.dims) + size(p.bytes) + size(p.booleans) + size(p.sbytes) + size(p.int16s) + size(p.uint16s) + size(p.int32s) + size(p.uint32s) +
		size(p.int64s) + size(p.uint64s) + size(p.floats) + size(p.doubles) + size(p.strings) + size(p.dateTimes) + size(p.guids) + size(p.byteStrings) +
		size(p.xmlElements) + size(p.nodeIDs) + size(p.expandedNodeIDs) + size(p.statusCodes) + size(p.qualifiedNames) + size(p.localizedTexts) +
		size(p.extensionObjects) + size(p.dataValues) + size(p.variants) + size(p.diagnosticInfos) + cap(d.r.scan.nodes)*int(unsafe.Sizeof(node{}))
}

func size[T any](a arena[T]) int {
	var t T
	return len(a.chunk) * int(unsafe.Sizeof(t))
}

// firstChunks is more than the memory that all arenas begin with.
const firstChunks = 64 << 10

// FuzzDecode: whatever the bytes are, the Decoder neither panics nor takes more memory than its documentation says, its error names a place
// within the frame, and what it hands out can be printed and written as JSON.
func FuzzDecode(f *testing.F) {
	for _, frame := range sampleFrames(f) {
		f.Add(frame)
	}
	types := &Types{}
	for i, name := range []string{"a", "StepUp", "b", "AlternatingBoolean", "EventId", ""} {
		types.Add(name, FieldType{model.BuiltInType(6 + 5*i), int32(i%3 - 1)})
	}
	f.Fuzz(func(t *testing.T, frame []byte) {
		d := Decoder{MaxInflated: 1 << 16}
		var field Field
		err := d.Decode(frame)
		for d.Next() {
			if len(frame)%2 == 0 {
				d.SetTypes(types)
			}
			if d.DataSet().Kind == MetaDataOf {
				_ = d.MetaData(&MetaData{})
			}
			for d.Field(&field) {
				_ = field.Value.Value.String()
				enc := FieldEncoding{Form: Form(len(frame) % 4), Content: fieldDataValue}
				if out := append(AppendField([]byte("{"), field.Name, &field.Value, &enc, false), '}'); !json.Valid(out) {
					t.Errorf("%s is written as %s", field.Name, out)
				}
			}
		}
		if err == nil {
			err = d.Err()
		}
		var place *Error
		size := max(len(frame), len(d.r.scan.buf), d.MaxInflated*int(min(d.inflate.total, 1)))
		if err != nil && (!errors.As(err, &place) || place.Offset < 0 || place.Offset > size || place.Error() == "") {
			t.Errorf("error without a place in the frame: %v", err)
		}
		if n := heldBytes(&d); n > 100*size+firstChunks {
			t.Errorf("%d bytes held for a frame of %d", n, size)
		}
	})
}

// FuzzValue: what was read as a value is written, in every form that keeps types, to what is read as the same.
func FuzzValue(f *testing.F) {
	for i, v := range sampleValues() {
		if len(v.Text()) < 100 {
			f.Add(AppendValue(nil, v, Form(i%4)), uint8(v.Type()))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte, hint uint8) {
		v, err := ParseValue(data, FieldType{model.BuiltInType(hint % 26), -1})
		if err != nil {
			return
		}
		for _, form := range []Form{Reversible, Verbose, Compact} {
			text := AppendValue(nil, v, form)
			if !json.Valid(text) {
				t.Fatalf("%v is written as %s", v, text)
			}
			w, err := ParseValue(text, FieldType{})
			if err != nil || w.Type() != v.Type() {
				t.Errorf("%v: %s is read as %v, error %v; want %v", form, text, w, err, v)
				continue
			}
			// What the first writing smooths (times out of range, texts that are no UTF-8, null arrays) stays as it is from then on.
			smooth := AppendValue(nil, w, form)
			if w, err = ParseValue(smooth, FieldType{}); err != nil {
				t.Errorf("%v: %s: %v", form, smooth, err)
			} else if again := AppendValue(nil, w, form); string(again) != string(smooth) {
				t.Errorf("%v: %s is written again as %s", form, smooth, again)
			}
		}
	})
}

// FuzzMetaData: what was read as metadata is written to what is read as the same.
func FuzzMetaData(f *testing.F) {
	f.Add([]byte(metadataMessage))
	for form := NonReversible; form <= Compact; form++ {
		f.Add(AppendMetaData(nil, sampleMetaData(), form))
	}
	f.Fuzz(func(t *testing.T, frame []byte) {
		m, err := readMetaData(t, frame)
		if err != nil || m == nil {
			return
		}
		first := AppendMetaData(nil, m, Reversible)
		n, err := readMetaData(t, first)
		if err != nil {
			t.Fatalf("%v: %s", err, first)
		}
		if second := AppendMetaData(nil, n, Reversible); string(first) != string(second) {
			t.Errorf("%s\nis written again as\n%s", first, second)
		}
		NewStructureCodec(&m.DataSet.DataTypeSchema)
	})
}

// FuzzStructure: whatever the metadata and the body are, the codec does not panic, and what it writes is JSON.
func FuzzStructure(f *testing.F) {
	meta := AppendMetaData(nil, sampleMetaData(), Compact)
	f.Add(meta, motorBody(), uint16(1), uint32(30))
	f.Add(meta, []byte(wire{}.u32(1).u32(2).u32(2).u32(1).u32(5).u32(6)), uint16(2), uint32(0))
	f.Add(meta, []byte(wire{}.text("n").u8(0).u8(5).u32(0).u32(1).u32(7).u8(2).text("d")), uint16(0), uint32(296))
	f.Add(meta, []byte(wire{}.u16(1).text("k").u8(0x96).u32(1).u8(1).u8(0).u16(886).u8(1).bytes(wire{}.f64(1).f64(2))), uint16(0), uint32(14533))
	f.Fuzz(func(t *testing.T, meta, body []byte, ns uint16, id uint32) {
		m, err := readMetaData(t, meta)
		if err != nil || m == nil {
			m = sampleMetaData()
		}
		c := NewStructureCodec(&m.DataSet.DataTypeSchema)
		ids := []model.NodeID{model.NumericID(ns, id)}
		for i := range m.DataSet.Structures {
			ids = append(ids, m.DataSet.Structures[i].DataType)
		}
		for _, n := range ids {
			text, err := c.AppendJSON([]byte("x"), model.Expanded(n), body)
			if err != nil {
				if string(text) != "x" {
					t.Errorf("%v, and yet %q is written", err, text)
				}
				continue
			}
			if !json.Valid(text[1:]) {
				t.Errorf("%q is no JSON", text[1:])
			}
			NumericMembers(text[1:], 1000, func(string, float64) {})
			written, err := c.AppendBinary(nil, model.Expanded(n), text[1:])
			if err != nil {
				continue // not every text that a server may send is one that may be sent to it
			}
			if again, err := c.AppendJSON([]byte("x"), model.Expanded(n), written); err != nil || string(again) != string(text) {
				t.Errorf("%s is written as % x, which is %s, %v", text[1:], written, again, err)
			}
		}
	})
}

// FuzzStructureText: whatever the text is, the codec does not panic, and what it writes can be read.
func FuzzStructureText(f *testing.F) {
	f.Add([]byte(`{"Speed":1480.5,"State":"On","Temps":[20,21.5],"Limits":{"Low":-1,"High":1},"Name":"M1","Matrix":[[1,2],[3,4]]}`), uint16(1), uint32(30))
	f.Add([]byte(`{"Key":"1:k","Value":{"UaType":24,"Value":[{"UaType":1,"Value":false},{"UaType":22,"Value":{"UaTypeId":"i=886","Low":1,"High":2}}]}}`), uint16(0), uint32(14533))
	f.Add([]byte(`{"Name":"n","DataType":"i=5","ValueRank":1,"ArrayDimensions":[7],"Description":{"Text":"d"}}`), uint16(0), uint32(296))
	c := motorCodec()
	f.Fuzz(func(t *testing.T, text []byte, ns uint16, id uint32) {
		n := model.Expanded(model.NumericID(ns, id))
		body, err := c.AppendBinary([]byte("x"), n, text)
		if err != nil {
			if string(body) != "x" {
				t.Errorf("%v, and yet % x is written", err, body)
			}
			return
		}
		if _, err := c.AppendJSON(nil, n, body[1:]); err != nil {
			t.Errorf("%s is written as % x: %v", text, body, err)
		}
	})
}
