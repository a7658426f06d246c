package uadp

import (
	"bytes"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// addSeeds adds the golden frames and frames with all values.
func addSeeds(f *testing.F) {
	for _, frame := range goldenFrames(f) {
		f.Add(frame)
	}
	for i, v := range sampleValues() {
		if v.Len() > 100 || len(v.Text()) > 100 {
			continue
		}
		m := Message{
			Header{Content: ContentPayloadHeader | ContentPromotedFields, PromotedFields: []model.Variant{model.Int32Value(int32(i))}},
			[]DataSet{
				{Header: DataSetHeader{}, Fields: []Field{{0, model.DataValue{Value: v}}}},
				{Header: DataSetHeader{Encoding: EncodingDataValue, Kind: DeltaFrame}, Fields: []Field{{3, model.DataValue{Value: v, ServerTimestamp: 5}}}},
			},
		}
		frame, err := m.Append(nil)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(frame)
	}
}

// sampleLayout is a layout with padding, with which any RawData may be read.
func sampleLayout(uint16) []RawField {
	return append(goldenLayout(0),
		RawField{Type: model.TypeString, ValueRank: 1, ArrayDimensions: []uint32{3}, MaxStringLength: 5},
		RawField{Type: model.TypeInt16, ValueRank: 2, ArrayDimensions: []uint32{2, 3}},
		RawField{Type: model.TypeByteString, ValueRank: model.ValueRankScalar, MaxStringLength: 8},
		RawField{Type: model.TypeVariant, ValueRank: model.ValueRankScalar},
		RawField{Type: model.TypeExtensionObject, ValueRank: 1},
	)
}

// FuzzDecode: whatever the bytes are, the Decoder neither panics nor takes more memory than its documentation says, and its
// error names a place within the frame.
func FuzzDecode(f *testing.F) {
	addSeeds(f)
	f.Fuzz(func(t *testing.T, frame []byte) {
		var d Decoder
		dst := make([]Field, 1+len(frame)%9)
		err := d.Decode(frame)
		for fields := 0; d.Next(); {
			if fields%2 == 0 {
				d.SetLayout(sampleLayout(0))
			}
			for n := len(dst); n == len(dst); {
				n = d.Fields(dst)
				for _, f := range dst[:n] {
					fields++
					_ = f.Value.Value.String()
				}
			}
			_ = d.Rest()
		}
		if err == nil {
			err = d.Err()
		}
		var place *Error
		if err != nil && (!errors.As(err, &place) || place.Offset < 0 || place.Offset > len(frame) || place.Error() == "") {
			t.Errorf("error without a place in the frame: %v", err)
		}
		if n := heldBytes(&d.r.pool); n > 100*len(frame)+arenaOverhead {
			t.Errorf("%d bytes held for a frame of %d", n, len(frame))
		}
	})
}

// FuzzRoundTrip: what was decoded is encoded to what decodes to the same.
func FuzzRoundTrip(f *testing.F) {
	addSeeds(f)
	f.Fuzz(func(t *testing.T, frame []byte) {
		first, err := ParseMessage(frame, sampleLayout)
		if err != nil {
			return
		}
		normalize(first)
		again, err := first.Append(nil)
		if err != nil {
			t.Fatalf("encode what was decoded: %v\n%#v", err, first)
		}
		second, err := ParseMessage(again, sampleLayout)
		if err != nil {
			t.Fatalf("decode what was encoded: %v\n%x", err, again)
		}
		if diff := cmp.Diff(first, second, equalMessages); diff != "" {
			t.Fatalf("changed on the way (-first +second):\n%s", diff)
		}
		third, err := second.Append(nil)
		if err != nil || !bytes.Equal(again, third) {
			t.Fatalf("encoded twice: %v\n%x\n%x", err, again, third)
		}
	})
}

// normalize takes away what the encodings do not keep.
func normalize(m *Message) {
	for i := range m.DataSets {
		s := &m.DataSets[i]
		if s.Header.Encoding != EncodingVariant {
			continue
		}
		for j := range s.Fields {
			v := &s.Fields[j].Value
			*v = model.DataValue{Value: v.Value, Status: v.Status}
			switch {
			case v.Status.IsGood():
				v.Status = 0
			case v.Status.IsBad() && j < len(s.Layout):
				v.Value = model.Variant{}
			case v.Status.IsBad():
				*v = model.DataValue{Value: model.StatusCodeValue(v.Status)}
			}
		}
	}
}
