package uajson

import (
	"testing"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// benchFrame encodes benchFields times v in one DataSetMessage.
func benchFrame(v model.DataValue, form Form, content FieldContentMask) []byte {
	h := Header{Content: ContentNetworkMessageHeader | ContentDataSetMessageHeader | ContentPublisherID, MessageID: "1", PublisherID: "gateway"}
	d := DataSetHeader{Content: DataSetWriterID | DataSetSequenceNumber | DataSetTimestamp, WriterID: 1, Timestamp: goldenTime}
	enc := FieldEncoding{Form: form, Content: content}
	body := AppendDataSetHeader(nil, &h, &d)
	for _, name := range benchNames() {
		body = AppendField(body, name, &v, &enc, false)
	}
	frame, err := AppendNetworkMessage(nil, &h, [][]byte{AppendDataSetEnd(body, &h, &d)})
	if err != nil {
		panic(err)
	}
	return frame
}

// benchTypes are the types of benchFrame's fields.
func benchTypes(v model.Variant) *Types {
	t := &Types{}
	rank := int32(-1)
	if v.IsArray() {
		rank = 1
	}
	for _, name := range benchNames() {
		t.Add(name, FieldType{v.Type(), rank})
	}
	return t
}

// decodeFields reads all fields of a frame and counts them.
func decodeFields(d *Decoder, f *Field, frame []byte, types *Types) (n int) {
	if d.Decode(frame) != nil {
		return 0
	}
	for d.Next() {
		d.SetTypes(types)
		for d.Field(f) {
			n++
		}
	}
	return n
}

func BenchmarkDecode(b *testing.B) {
	for name, v := range benchValues() {
		for _, form := range []Form{NonReversible, Reversible, Verbose, Compact} {
			b.Run(name+"/"+form.String(), func(b *testing.B) {
				b.ReportAllocs()
				frame, types := benchFrame(v, form, fieldDataValue), benchTypes(v.Value)
				var d Decoder
				var f Field
				for b.Loop() {
					if n := decodeFields(&d, &f, frame, types); n != benchFields {
						b.Fatalf("%d fields: %v", n, d.Err())
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchFields, "ns/value")
				b.SetBytes(int64(len(frame)))
			})
		}
	}
}
