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
