package uadp

import (
	"testing"
	"unsafe"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// benchFields is the number of fields in the frames that are measured.
const benchFields = 1000

// benchValues are the hot values: numbers with a source timestamp.
func benchValues() map[string]model.DataValue {
	values := map[string]model.DataValue{
		"Double":       {Value: model.DoubleValue(21.5)},
		"Float":        {Value: model.FloatValue(21.5)},
		"Boolean":      {Value: model.BooleanValue(true)},
		"Int32":        {Value: model.Int32Value(-7)},
		"String":       {Value: model.StringValue("pump-1")},
		"Double[16]":   {Value: model.ArrayValue(make([]float64, 16))},
		"Double/both":  {Value: model.DoubleValue(21.5), Status: 0x40000000, ServerTimestamp: goldenTime},
		"Double/worst": {Value: model.DoubleValue(21.5), Status: 0x40000000, ServerTimestamp: goldenTime, SourcePicoseconds: 1, ServerPicoseconds: 1},
	}
	for name, v := range values {
		v.SourceTimestamp = goldenTime
		values[name] = v
	}
	return values
}

// benchFrame encodes benchFields times v in one DataSetMessage.
func benchFrame(tb testing.TB, v model.DataValue, enc FieldEncoding) []byte {
	tb.Helper()
	fields := make([]Field, benchFields)
	for i := range fields {
		fields[i] = Field{uint16(i), v}
	}
	m := Message{Header{Content: ContentPayloadHeader}, []DataSet{{Header: DataSetHeader{Encoding: enc}, Fields: fields}}}
	frame, err := m.Append(nil)
	if err != nil {
		tb.Fatal(err)
	}
	return frame
}

func benchLayout(v model.Variant) []RawField {
	layout := make([]RawField, benchFields)
	for i := range layout {
		layout[i] = RawField{Type: v.Type(), ValueRank: rankOf(v)}
	}
	return layout
}

var benchEncodings = []FieldEncoding{EncodingDataValue, EncodingVariant, EncodingRawData}

func BenchmarkEncode(b *testing.B) {
	for name, v := range benchValues() {
		for _, enc := range benchEncodings {
			b.Run(name+"/"+enc.String(), func(b *testing.B) {
				b.ReportAllocs()
				buf := make([]byte, 0, len(benchFrame(b, v, enc)))
				for b.Loop() {
					buf = buf[:0]
					var err error
					for range benchFields {
						if buf, err = AppendField(buf, &v, enc); err != nil {
							b.Fatal(err)
						}
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchFields, "ns/value")
			})
		}
	}
}

func BenchmarkEncodeDelta(b *testing.B) {
	for name, v := range benchValues() {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			buf := make([]byte, 0, 3*len(benchFrame(b, v, EncodingDataValue)))
			for b.Loop() {
				buf = buf[:0]
				for i := range benchFields {
					var err error
					if buf, err = AppendDeltaField(buf, uint16(i), &v, EncodingDataValue); err != nil {
						b.Fatal(err)
					}
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchFields, "ns/value")
		})
	}
}

func BenchmarkEncodeFields(b *testing.B) {
	for name, v := range benchValues() {
		for _, enc := range benchEncodings {
			b.Run(name+"/"+enc.String(), func(b *testing.B) {
				b.ReportAllocs()
				fields := make([]Field, benchFields)
				for i := range fields {
					fields[i] = Field{uint16(i), v}
				}
				buf := make([]byte, 0, len(benchFrame(b, v, enc))+maxNumberField)
				for b.Loop() {
					var err error
					if buf, err = AppendFields(buf[:0], fields, KeyFrame, enc); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchFields, "ns/value")
			})
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	for name, v := range benchValues() {
		for _, enc := range benchEncodings {
			b.Run(name+"/"+enc.String(), func(b *testing.B) {
				b.ReportAllocs()
				frame, layout := benchFrame(b, v, enc), benchLayout(v.Value)
				var d Decoder
				fields := make([]Field, benchFields)
				for b.Loop() {
					if n := decodeFields(&d, fields, frame, layout); n != benchFields {
						b.Fatalf("%d fields: %v", n, d.Err())
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchFields, "ns/value")
			})
		}
	}
}

// decodeFields reads all fields of a frame and counts them.
func decodeFields(d *Decoder, fields []Field, frame []byte, layout []RawField) (n int) {
	if d.Decode(frame) != nil {
		return 0
	}
	for d.Next() {
		d.SetLayout(layout)
		n += d.Fields(fields)
	}
	return n
}

// TestFieldFillsACacheLine: readers keep the fields of a whole frame, so that their size is what they cost.
func TestFieldFillsACacheLine(t *testing.T) {
	if n := unsafe.Sizeof(Field{}); n != 64 {
		t.Errorf("a Field has %d bytes; want 64", n)
	}
}

// TestNothingIsAllocatedPerValue: values of all types and forms, with statuses and times, in all encodings.
func TestNothingIsAllocatedPerValue(t *testing.T) {
	for i, v := range sampleValues() {
		for _, enc := range benchEncodings {
			for _, status := range []model.StatusCode{0, 0x40000000, 0x80340000} {
				testAllocs(t, i, model.DataValue{Value: v, Status: status, SourceTimestamp: goldenTime}, enc)
			}
		}
	}
}

func testAllocs(t *testing.T, i int, v model.DataValue, enc FieldEncoding) {
	t.Helper()
	if enc == EncodingRawData && v.Value.Type() == model.TypeNull {
		return // has no raw form
	}
	const fields = 20
	layout := make([]RawField, fields)
	for i := range layout {
		layout[i] = RawField{Type: v.Value.Type(), ValueRank: rankOf(v.Value)}
	}
	head := DataSetHeader{Encoding: enc, Content: DataSetSequenceNumber | DataSetTimestamp}
	many := make([]Field, fields)
	for i := range many {
		many[i] = Field{uint16(i), v}
	}
	h := Header{Content: ContentPublisherID | ContentPayloadHeader, PublisherID: StringPublisherID("gateway-7")}
	var body, frame []byte
	ids, bodies := []uint16{1}, make([][]byte, 1)
	encode := func() {
		body = AppendDataSetHeader(body[:0], &head, 0)
		at := len(body)
		for range fields {
			var err error
			if body, err = AppendField(body, &v, enc); err != nil {
				t.Fatal(err)
			}
		}
		if scratch, err := AppendFields(body[:at], many, KeyFrame, enc); err != nil || len(scratch) != len(body) {
			t.Fatalf("%d bytes at once, %d one by one: %v", len(scratch), len(body), err)
		}
		if head.hasFieldCount() {
			PatchFieldCount(body, at, fields)
		}
		bodies[0] = body
		frame, _ = AppendNetworkMessage(frame[:0], &h, ids, bodies)
	}
	if n := testing.AllocsPerRun(5, encode); n != 0 {
		t.Errorf("value %d of type %v in %v: encoding allocates %v times a frame", i, v.Value.Type(), enc, n)
	}
	var d Decoder
	got := make([]Field, fields)
	for range 12 { // until the arenas have the size that they need
		decodeFields(&d, got, frame, layout)
	}
	n := testing.AllocsPerRun(5, func() {
		if n := decodeFields(&d, got, frame, layout); n != fields {
			t.Fatalf("value %d of type %v in %v: %d fields, error %v", i, v.Value.Type(), enc, n, d.Err())
		}
	})
	if n != 0 {
		t.Errorf("value %d of type %v in %v: decoding allocates %v times a frame", i, v.Value.Type(), enc, n)
	}
}
