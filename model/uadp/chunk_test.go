package uadp

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// largeDataSet is a data set that does not fit one frame.
func largeDataSet() DataSet {
	return DataSet{Header: DataSetHeader{WriterID: 7, Encoding: EncodingDataValue, Content: DataSetSequenceNumber, SequenceNumber: 42}, Fields: mixedFields(300)}
}

var chunkedHeader = Header{
	Content:     ContentPublisherID | ContentPayloadHeader | ContentGroupHeader | ContentWriterGroupID | ContentSequenceNumber | ContentTimestamp,
	PublisherID: StringPublisherID("gateway-7"), WriterGroupID: 3, SequenceNumber: 65535, Timestamp: goldenTime,
}

// TestChunksBecomeTheDataSet: a data set goes into chunks, whose frames come in any order and more than once, and comes out as it was.
func TestChunksBecomeTheDataSet(t *testing.T) {
	set := largeDataSet()
	body, err := set.append(nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range []int{60, 61, 500, len(body) + 100} {
		frames, err := AppendChunks(nil, &chunkedHeader, Chunk{Of: KindData, WriterID: 7, SequenceNumber: 42}, body, size)
		if err != nil {
			t.Fatal(err)
		}
		for i, f := range frames {
			if len(f) > size || i < len(frames)-1 && len(f) != size {
				t.Fatalf("frame %d of %d has %d bytes; want %d", i, len(frames), len(f), size)
			}
		}
		frames = append(frames, frames[:len(frames)/2]...)
		rand.New(rand.NewPCG(1, uint64(size))).Shuffle(len(frames), func(i, j int) { frames[i], frames[j] = frames[j], frames[i] })
		got := reassemble(t, frames)
		if len(got) == 0 {
			t.Fatalf("%d frames of %d bytes made no whole", len(frames), size)
		}
		if diff := cmp.Diff(set.Fields, got, equalMessages); diff != "" {
			t.Errorf("chunks of %d bytes (-want +got):\n%s", size, diff)
		}
	}
}

// reassemble returns the fields of the first message that the frames make.
func reassemble(t *testing.T, frames [][]byte) (fields []Field) {
	t.Helper()
	var d, whole Decoder
	r := NewReassembler(ReassemblerLimits{})
	for i, f := range frames {
		f = bytes.Clone(f)
		kind, err := d.DecodeAny(f)
		if err != nil || kind != KindChunk || d.Next() || d.Len() != 0 {
			t.Fatalf("frame %d: %v, error %v", i, kind, err)
		}
		c, err := d.Chunk()
		if err != nil {
			t.Fatal(err)
		}
		payload, err := r.Add(KeyOf("here", d.Header(), &c), &c, uint64(i))
		if err != nil {
			t.Fatal(err)
		}
		if payload == nil || fields != nil {
			clear(f) // the Reassembler keeps nothing of it
			continue
		}
		whole.DecodeDataSet(d.Header(), c.WriterID, payload)
		if !whole.Next() || whole.DataSet().WriterID != 7 || whole.DataSet().SequenceNumber != 42 || whole.Header().Timestamp != goldenTime {
			t.Fatalf("header %+v, data set %+v, error %v", whole.Header(), whole.DataSet(), whole.Err())
		}
		fields = make([]Field, whole.FieldCount())
		if n := whole.Fields(fields); n != len(fields) || whole.Next() || whole.Err() != nil {
			t.Fatalf("%d of %d fields, error %v", n, len(fields), whole.Err())
		}
		clear(f)
	}
	return fields
}

// TestChunkFrame is written by hand after Part 14, Tables 154, 159 and 160: a chunk message of one writer, its data a ByteString.
func TestChunkFrame(t *testing.T) {
	h := Header{Content: ContentPublisherID | ContentPayloadHeader, PublisherID: UInt16PublisherID(2234)}
	c := Chunk{Of: KindData, WriterID: 62541, SequenceNumber: 5, Offset: 3, TotalSize: 10, Data: []byte{1, 2}}
	f := func(h Header, c Chunk, want string) {
		t.Helper()
		frame, err := AppendChunk(nil, &h, &c)
		if err != nil || !bytes.Equal(frame, unspaced(t, want)) {
			t.Fatalf("got %x, error %v; want %s", frame, err, want)
		}
		var d Decoder
		if kind, err := d.DecodeAny(frame); kind != KindChunk || err != nil {
			t.Fatal(kind, err)
		}
		got, err := d.Chunk()
		if diff := cmp.Diff(c, got); diff != "" || err != nil {
			t.Errorf("error %v (-want +got):\n%s", err, diff)
		}
		again, err := d.Chunk()
		if err != nil || !bytes.Equal(again.Data, c.Data) {
			t.Errorf("read twice: %v, error %v", again, err)
		}
	}
	f(h, c, "d1 81 01 ba08 4df4 0500 03000000 0a000000 02000000 0102")
	c.Of, c.WriterID = KindAnnouncement, 0
	h.Content &^= ContentPayloadHeader
	f(h, c, "91 91 09 ba08 00 00000000 00 0500 03000000 0a000000 02000000 0102")
	c.Of = KindData
	f(h, c, "91 81 01 ba08 0500 03000000 0a000000 02000000 0102")
}

func TestChunkRefuses(t *testing.T) {
	f := func(frame string, want error) {
		t.Helper()
		var d Decoder
		_, err := d.DecodeAny(unspaced(t, frame))
		if err == nil {
			_, err = d.Chunk()
		}
		var place *Error
		if !errors.Is(err, want) || !errors.As(err, &place) {
			t.Errorf("%s: error %v; want %v", frame, err, want)
		}
	}
	f("81 80 01 0500 03000000 0a000000 02000000 01", ErrTruncated)
	f("81 80 01 0500 03000000 0a000000", ErrTruncated)
	f("81 80 01 0500 03000000 0a000000 02000000 010203", ErrMalformed)
	f("81 80 01 0500 03000000 0a000000 00000000", ErrMalformed)
	f("81 80 01 0500 03000000 0a000000 ffffffff", ErrMalformed)
	f("81 80 01 0500 09000000 0a000000 02000000 0102", ErrMalformed)
	f("81 80 01 0500 ffffffff 00000000 02000000 0102", ErrMalformed)
	f("81 80 05 0500 03000000 0a000000 02000000 0102", ErrMalformed) // probe
	f("c1 80 09 0500 0500 03000000 0a000000 02000000 0102", ErrMalformed)
	f("01 01 0000", ErrType)
	h := Header{}
	for _, c := range []Chunk{{}, {TotalSize: 1}, {TotalSize: 1, Offset: 1, Data: []byte{1}}, {Of: KindProbe, TotalSize: 1, Data: []byte{1}}} {
		if _, err := AppendChunk(nil, &h, &c); err == nil {
			t.Errorf("%+v was taken", c)
		}
	}
	for size, body := range map[int][]byte{17: {1}, 18: nil} {
		if frames, err := AppendChunks(nil, &h, Chunk{}, body, size); !errors.Is(err, ErrLimit) || frames != nil {
			t.Errorf("size %d: error %v; want %v", size, err, ErrLimit)
		}
	}
	if frames, err := AppendChunks(nil, &h, Chunk{}, []byte{1, 2}, 18); err != nil || len(frames) != 2 {
		t.Errorf("%d frames, error %v; want 2", len(frames), err)
	}
}

// TestFramesOfOtherKindsAreNoData: Decode is for data only.
func TestFramesOfOtherKindsAreNoData(t *testing.T) {
	var d Decoder
	if err := d.Decode(unspaced(t, "d1 81 01 ba08 4df4 0500 03000000 0a000000 02000000 0102")); !errors.Is(err, ErrUnsupportedChunk) || d.Next() {
		t.Errorf("error %v; want %v", err, ErrUnsupportedChunk)
	}
	if d.Header().PublisherID != UInt16PublisherID(2234) {
		t.Errorf("publisher %v; want 2234", d.Header().PublisherID)
	}
}

func TestBareDataSet(t *testing.T) {
	var d Decoder
	d.DecodeDataSet(nil, 1, nil)
	if d.Next() || !errors.Is(d.Err(), ErrTruncated) {
		t.Errorf("error %v; want %v", d.Err(), ErrTruncated)
	}
	h := Header{Content: ContentPublisherID | ContentPromotedFields, PublisherID: UInt16PublisherID(3), PromotedFields: []model.Variant{model.ByteValue(1)}}
	d.DecodeDataSet(&h, 1, []byte{1, 1, 0, 3, 5})
	d.DecodeDataSet(d.Header(), 2, []byte{1, 1, 0, 3, 5}) // its own header
	var f Field
	if !d.Next() || d.DataSet().WriterID != 2 || d.Header().PublisherID != h.PublisherID || len(d.Header().PromotedFields) != 0 || !d.Field(&f) || f.Value.Value != model.ByteValue(5) {
		t.Errorf("header %+v, data set %+v, field %v, error %v", d.Header(), d.DataSet(), f.Value, d.Err())
	}
}
