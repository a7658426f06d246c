package uadp

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/shopfloor-iiot/shopfloor/model"
)

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
	// 3 of the 5 parts may vary in the DataValue encoding, 4 in the Variant encoding, all in RawData
	if want := numbers * (8 + 16 + 32); short != want || numbers == 0 {
		t.Errorf("%d fields went the short way; want %d", short, want)
	}
}

// compareWays writes and reads a field on both ways and tells whether the short one was open both times.
func compareWays(t *testing.T, v model.DataValue, enc FieldEncoding) bool {
	t.Helper()
	want, err := appendField(nil, &v, enc)
	if err != nil {
		return false
	}
	var got [maxNumberField]byte
	written := putNumber(&got, &v, enc)
	if written > 0 && !bytes.Equal(got[:written], want) {
		t.Errorf("%+v in %v: the short way writes\n% x, want\n% x", v, enc, got[:written], want)
	}
	short, long := shortRead(want, v, enc)
	if short == nil {
		return false
	}
	if !short.Equal(long) || short.Value.Type() != long.Value.Type() {
		t.Errorf("%+v in %v: the short way reads %+v, want %+v", v, enc, short, long)
	}
	return written > 0
}

// shortRead reads a field on both ways; short is nil if the short one is not open.
func shortRead(field []byte, v model.DataValue, enc FieldEncoding) (short *model.DataValue, long model.DataValue) {
	layout := []RawField{{Type: v.Value.Type(), ValueRank: rankOf(v.Value)}}
	buf := append(field, make([]byte, maxNumberField)...)
	r := reader{buf: buf}
	long = readLong(&r, enc, &layout[0])
	d := Decoder{r: reader{buf: buf}, head: DataSetHeader{Encoding: enc}, layout: layout, fields: 1}
	fields := []Field{{7, model.DataValue{Status: 1, SourceTimestamp: 1, ServerTimestamp: 1, SourcePicoseconds: 1, ServerPicoseconds: 1}}}
	if d.numbers(fields) == 0 || d.r.off != r.off || fields[0].Index != 0 {
		return nil, long
	}
	return &fields[0].Value, long
}

// TestFieldsIsManyTimesField: in all encodings and kinds, however many fields are asked for at once, and where other values stand
// between the numbers.
func TestFieldsIsManyTimesField(t *testing.T) {
	fields := mixedFields(500)
	for kind := KeyFrame; kind <= Event; kind++ {
		for _, enc := range benchEncodings {
			if kind == DeltaFrame && enc == EncodingRawData {
				fields = fields[:100]
			}
			m := Message{Header{Content: ContentPayloadHeader}, []DataSet{{Header: DataSetHeader{Kind: kind, Encoding: enc}, Fields: fields}}}
			layout := make([]RawField, 500)
			for i, f := range fields {
				layout[i] = RawField{Type: f.Value.Value.Type(), ValueRank: rankOf(f.Value.Value)}
			}
			frame, err := m.Append(nil)
			if err != nil {
				t.Fatal(err)
			}
			want := readFields(t, frame, layout, kind, 1)
			if len(want) != len(fields) {
				t.Fatalf("%v in %v: %d of %d fields", kind, enc, len(want), len(fields))
			}
			for _, n := range []int{2, 3, 64, 500, 501} {
				if diff := cmp.Diff(want, readFields(t, frame, layout, kind, n), equalMessages); diff != "" {
					t.Errorf("%v in %v, %d at once (-want +got):\n%s", kind, enc, n, diff)
				}
			}
		}
	}
}

// mixedFields are n fields of which most are numbers.
func mixedFields(n int) []Field {
	values := sampleValues()
	fields := make([]Field, n)
	for i := range fields {
		v := values[i*7%len(values)]
		switch {
		case v.Type() == model.TypeNull || v.Len() > 100 || len(v.Text()) > 100:
			v = model.DoubleValue(float64(i))
		case i%3 > 0:
			v = values[i%14]
		}
		fields[i] = Field{uint16(i), model.DataValue{Value: v, SourceTimestamp: model.DateTime(i)}}
		if i%5 == 0 {
			fields[i].Value.Status = 0x40000000
		}
		if i%11 == 0 {
			fields[i].Value.ServerTimestamp = goldenTime
		}
	}
	return fields
}

// readFields reads all fields of a frame, n at once.
func readFields(t *testing.T, frame []byte, layout []RawField, kind DataSetMessageKind, n int) (all []Field) {
	t.Helper()
	var d Decoder
	if err := d.Decode(frame); err != nil || !d.Next() {
		t.Fatal(err, d.Err())
	}
	layout = slices.Clone(layout)
	d.SetLayout(layout)
	dst := make([]Field, n)
	for {
		got := d.Fields(dst)
		for _, f := range dst[:got] {
			all = append(all, Field{f.Index, f.Value.Clone()})
		}
		if got < n {
			break
		}
	}
	if d.Err() != nil || d.FieldCount() != 0 || len(d.Rest()) > 0 {
		t.Fatalf("%v: %v, %d fields left", kind, d.Err(), d.FieldCount())
	}
	return all
}

// TestFieldsStopsAtAnError: what came before is there.
func TestFieldsStopsAtAnError(t *testing.T) {
	m := Message{Header{}, []DataSet{{Fields: mixedFields(3)}}}
	for i := range m.DataSets[0].Fields {
		m.DataSets[0].Fields[i].Value = model.DataValue{Value: model.DoubleValue(1)}
	}
	frame, err := m.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	var d Decoder
	if err := d.Decode(frame[:len(frame)-1]); err != nil || !d.Next() {
		t.Fatal(err)
	}
	dst := make([]Field, 5)
	var place *Error
	if n := d.Fields(dst); n != 2 || !errors.As(d.Err(), &place) || place.Field != 2 || !errors.Is(place, ErrTruncated) {
		t.Errorf("%d fields, error %v; want 2 and an error in the third", n, d.Err())
	}
	if d.Fields(dst) != 0 || d.Field(&dst[0]) {
		t.Error("went on after the error")
	}
}

func TestAppendFieldsRefuses(t *testing.T) {
	fields := mixedFields(3)
	fields[1].Value = model.DataValue{Value: model.NullArrayValue(99)}
	dst, err := AppendFields([]byte("before"), fields, DeltaFrame, EncodingDataValue)
	var place *Error
	if string(dst) != "before" || !errors.As(err, &place) || place.Field != 1 || !errors.Is(err, ErrType) {
		t.Errorf("%q, error %v; want an error in field 1", dst, err)
	}
}

// TestAppendDeltaFieldIsAppendFields, with room for the short way and without.
func TestAppendDeltaFieldIsAppendFields(t *testing.T) {
	fields := mixedFields(200)
	for _, enc := range benchEncodings {
		want, err := AppendFields(nil, fields, DeltaFrame, enc)
		if err != nil {
			t.Fatal(err)
		}
		for _, room := range []int{0, 2 * len(want)} {
			got := make([]byte, 0, room)
			for i := range fields {
				if room == 0 {
					got = slices.Clip(got)
				}
				if got, err = AppendDeltaField(got, fields[i].Index, &fields[i].Value, enc); err != nil {
					t.Fatal(err)
				}
			}
			if !bytes.Equal(got, want) {
				t.Errorf("%v with room for %d: %d bytes differ from %d", enc, room, len(got), len(want))
			}
		}
	}
	bad := model.DataValue{Value: model.NullArrayValue(99)}
	if dst, err := AppendDeltaField([]byte("before"), 1, &bad, EncodingDataValue); !errors.Is(err, ErrType) || string(dst) != "before" {
		t.Errorf("%q, error %v; want %v", dst, err, ErrType)
	}
}
