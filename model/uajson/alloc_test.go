package uajson

import (
	"fmt"
	"testing"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// TestNothingIsAllocatedPerValue: values of all types and forms, with statuses and times, in all encodings, written and read.
func TestNothingIsAllocatedPerValue(t *testing.T) {
	for i, v := range sampleValues() {
		if len(v.Text()) > 100 || isNull(v) {
			continue
		}
		for form := NonReversible; form <= Compact; form++ {
			for _, content := range []FieldContentMask{0, fieldDataValue, FieldRawData} {
				d := model.DataValue{Value: v, Status: 0x40000000, SourceTimestamp: goldenTime, ServerTimestamp: goldenTime}
				testAllocs(t, fmt.Sprintf("value %d of type %s in %v of 0x%x", i, v.TypeName(), form, content), d, form, content)
			}
		}
	}
}

func testAllocs(t *testing.T, what string, v model.DataValue, form Form, content FieldContentMask) {
	t.Helper()
	enc := FieldEncoding{Form: form, Content: content}
	buf := AppendField([]byte("{"), "field", &v, &enc, false)
	if n := testing.AllocsPerRun(5, func() { buf = AppendField(buf[:1], "field", &v, &enc, false) }); n != 0 {
		t.Errorf("%s: %v allocations to write %.200s", what, n, buf)
	}
	frame := append(buf, '}')
	types := &Types{}
	types.Add("field", FieldType{v.Value.Type(), rankOf(v.Value)})
	var d Decoder
	var f Field
	read := func() {
		if decodeFields(&d, &f, frame, types) != 1 {
			t.Errorf("%s: %v", what, d.Err())
		}
	}
	for range 5 { // until its memory is large enough
		read()
	}
	if n := testing.AllocsPerRun(5, read); n != 0 {
		t.Errorf("%s: %v allocations to read %.200s", what, n, frame)
	}
}

// TestFramesAreWrittenWithoutAllocation: headers of all kinds and the joining of a frame.
func TestFramesAreWrittenWithoutAllocation(t *testing.T) {
	h := Header{Content: ^ContentSingleDataSetMessage, MessageID: "m", PublisherID: "p", WriterGroupName: "g", DataSetClassID: goldenGUID()}
	d := DataSetHeader{
		Content: ^DataSetMessageContentMask(0), WriterID: 1, WriterName: "w\n", SequenceNumber: 5, Timestamp: goldenTime, Status: 0x80340000, Kind: DeltaFrame,
	}
	enc := FieldEncoding{Form: d.Content.Form(), Content: FieldSourceTimestamp}
	v := model.DataValue{Value: model.DoubleValue(21.5), SourceTimestamp: goldenTime}
	var body, frame []byte
	bodies := make([][]byte, 2)
	write := func() {
		body = AppendField(AppendDataSetHeader(body[:0], &h, &d), "a", &v, &enc, false)
		body = AppendDataSetEnd(AppendField(body, "b", &v, &enc, true), &h, &d)
		bodies[0], bodies[1] = body, body
		frame, _ = AppendNetworkMessage(frame[:0], &h, bodies)
	}
	write()
	if n := testing.AllocsPerRun(10, write); n != 0 {
		t.Errorf("%v allocations to write %s", n, frame)
	}
}

// TestOPCPublisherIsReadWithoutAllocation: the messages of OPC Publisher, once the Decoder's memory is large enough.
func TestOPCPublisherIsReadWithoutAllocation(t *testing.T) {
	var d Decoder
	var f Field
	for _, frame := range []string{strictMessage, compatMessage(), eventMessage, keepAliveMessage, rawMessage, sampleMessage, fullSampleMessage} {
		bytes := []byte(frame)
		read := func() {
			if decodeFields(&d, &f, bytes, nil); d.Err() != nil {
				t.Error(d.Err())
			}
		}
		for range 5 {
			read()
		}
		if n := testing.AllocsPerRun(10, read); n != 0 {
			t.Errorf("%v allocations to read %s", n, frame)
		}
	}
}
