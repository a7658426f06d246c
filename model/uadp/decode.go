package uadp

import (
	"encoding/binary"
	"unsafe"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// Field is one field of a DataSetMessage.
type Field struct {
	// Index is the field's place in the DataSet.
	Index uint16
	// Value holds what the field's encoding carries; in EncodingVariant and EncodingRawData that is mostly the value alone.
	Value model.DataValue
}

// Decoder reads NetworkMessages in place (Part 14, 7.2.4). The zero Decoder is ready for use; keep it for many frames, since it
// reuses its memory and then does not allocate. It is for one goroutine at a time.
//
//	err := d.Decode(frame)
//	for d.Next() {
//		n := d.Fields(fields) // until it is less than len(fields)
//	}
//	err = d.Err()
//
// All that it hands out is valid until the frame is changed or until the next Decode or Reset, whichever comes first: strings,
// byte strings and identifiers are the frame's memory (the Decoder's after decryption), arrays and composite values the Decoder's.
// Clone what is to stay. A Decoder does not write to the frame.
//
// A frame may be hostile. Lengths are checked before memory is taken, so that a Decoder keeps at most 100 bytes for each byte of
// the largest frame it saw (it grows to that within the frame and may then have taken twice as much), and nesting is limited to
// 100 levels. Strings are not checked to be UTF-8.
type Decoder struct {
	r      reader
	frame  []byte
	header Header

	writerIDs []byte // in the frame: 2 bytes each; nil without a payload header
	writerID  [2]byte
	sizes     []byte // in the frame: 2 bytes each; nil if there is one DataSetMessage
	count     int    // of DataSetMessages
	kind      MessageKind
	chunkOf   MessageKind // what the chunk is a part of
	payloadAt int         // where the payload begins

	keys       func(h *Header) *KeyGroup
	security   SecurityMode
	securityAt int    // where the security header is, or would be
	plain      []byte // the frame after decryption
	fixed      []FixedDataSet

	dataSet int // the current DataSetMessage, -1 before the first
	end     int // where it ends
	head    DataSetHeader
	layout  []RawField
	fields  int // of the current DataSetMessage
	next    int // how many of them are read
	// rawFields is the count of fields in RawData that waits for a layout.
	rawFields int
	field     int // the current field, -1 before the first
}

// alias returns b as a string without copying it.
func alias(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// Reset lets go of the frame and of all values read from it.
func (d *Decoder) Reset() {
	d.r.pool.reset()
	promoted := d.header.PromotedFields
	clear(promoted)
	d.header = Header{PromotedFields: promoted[:0]}
	d.r.buf, d.r.off, d.r.depth, d.r.padTo, d.r.err = nil, 0, 0, 0, nil
	d.frame, d.writerIDs, d.sizes, d.layout, d.fixed = nil, nil, nil, nil, nil
	d.count, d.fields, d.rawFields, d.next, d.end = 0, 0, 0, 0, 0
	d.kind, d.chunkOf, d.payloadAt = KindData, KindData, 0
	d.security, d.securityAt = SecurityNone, 0
	d.dataSet, d.field = -1, -1
	d.head = DataSetHeader{}
}

// Decode begins a frame with data: it reads the NetworkMessage's headers and the sizes of its DataSetMessages, which Next then visits.
// The error is an *Error. After an ErrUnsupported, which frames of other kinds are too, Header tells at least whose frame it was:
// publisher and group.
func (d *Decoder) Decode(frame []byte) error {
	kind, err := d.DecodeAny(frame)
	if err != nil {
		return err
	}
	switch kind {
	case KindChunk:
		d.r.fail(ErrUnsupportedChunk)
	case KindAnnouncement, KindProbe:
		d.r.fail(ErrUnsupportedDiscovery)
	}
	return d.Err()
}

// DecodeAny is Decode for frames of all kinds. Only one of KindData has DataSetMessages.
func (d *Decoder) DecodeAny(frame []byte) (MessageKind, error) {
	d.Reset()
	d.frame, d.r.buf = frame, frame
	d.networkMessage()
	d.end = d.r.off
	if d.r.err == nil {
		d.checkSizes()
	}
	if d.kind != KindData {
		d.count = 0
	}
	return d.kind, d.Err()
}

// DecodeDataSet begins a single DataSetMessage, for Next and Fields: one that was reassembled from chunks. h and writerID stand for what
// the NetworkMessage says; h may be nil, and may be this Decoder's Header. Its PromotedFields are not taken over.
func (d *Decoder) DecodeDataSet(h *Header, writerID uint16, body []byte) {
	d.resetWith(h, body)
	d.count = 1
	binary.LittleEndian.PutUint16(d.writerID[:], writerID)
	d.writerIDs = d.writerID[:]
}

// resetWith begins a payload that came without its headers.
func (d *Decoder) resetWith(h *Header, body []byte) {
	var head Header
	if h != nil {
		head = *h
	}
	d.Reset()
	head.PromotedFields = d.header.PromotedFields
	head.Content &^= ContentPromotedFields
	d.header, d.frame, d.r.buf = head, body, body
}

// checkSizes sees to it that the DataSetMessages fit the frame.
func (d *Decoder) checkSizes() {
	total := 0
	for i := range len(d.sizes) / 2 {
		total += int(binary.LittleEndian.Uint16(d.sizes[2*i:]))
	}
	if total > d.r.left() {
		d.r.failf(ErrTruncated, "data sets of %d bytes with %d left", total, d.r.left())
	}
}

// FixedDataSet is what the configuration of a DataSetReader tells of a DataSetMessage when the frame does not (Part 14, 6.3.1.4).
type FixedDataSet struct {
	WriterID uint16
	// Size is the ConfiguredSize of the DataSetMessage, or the size that follows from its layout.
	Size int
}

// SetFixed tells which DataSetMessages are in the frame, in order. It has no effect if the frame has a payload header, which says
// so itself. The Decoder keeps sets until the next Decode. Call it after Decode and before Next. The error is an *Error: ErrTruncated
// if the frame is too short for the sets, ErrMalformed if it is longer.
func (d *Decoder) SetFixed(sets []FixedDataSet) error {
	if d.r.err != nil || d.header.Content.Has(ContentPayloadHeader) {
		return d.Err()
	}
	total := 0
	for _, s := range sets {
		if s.Size < 0 || s.Size > d.r.left()-total {
			d.r.failf(ErrTruncated, "fixed data set of %d bytes with %d left", s.Size, d.r.left()-total)
			return d.Err()
		}
		total += s.Size
	}
	if total != d.r.left() {
		d.r.failf(ErrMalformed, "fixed data sets of %d bytes in a payload of %d", total, d.r.left())
		return d.Err()
	}
	d.fixed, d.count = sets, len(sets)
	return nil
}

// Header is the header of the NetworkMessage.
func (d *Decoder) Header() *Header { return &d.header }

// Len is the number of DataSetMessages in the frame.
func (d *Decoder) Len() int { return d.count }

// Next goes to the next DataSetMessage, whether all fields of the last one were read or not, and reads its header. It returns
// false at the end of the frame and after an error, see Err.
//
// A frame without a payload header is taken as one DataSetMessage, unless SetFixed tells otherwise.
func (d *Decoder) Next() bool {
	if d.r.err != nil || d.dataSet+1 >= d.count {
		d.fields, d.next = 0, 0
		return false
	}
	d.dataSet++
	d.field, d.layout = -1, nil
	d.r.off, d.end = d.end, len(d.frame)
	switch {
	case d.sizes != nil:
		d.end = d.r.off + int(binary.LittleEndian.Uint16(d.sizes[2*d.dataSet:]))
	case d.fixed != nil:
		d.end = d.r.off + d.fixed[d.dataSet].Size
	}
	d.r.buf = d.frame[:d.end:d.end]
	d.dataSetHeader()
	return d.r.err == nil
}

// DataSet is the header of the current DataSetMessage.
func (d *Decoder) DataSet() *DataSetHeader { return &d.head }

// FieldCount is the number of fields of the current DataSetMessage that Field has not read yet.
func (d *Decoder) FieldCount() int { return d.fields - d.next }

// SetLayout tells what the fields of the current DataSetMessage are, by their index. Without it Field reads none from RawData.
// With it a StatusCode in the Variant encoding is known to stand in place of a value that has another type. The Decoder keeps
// layout until the next DataSetMessage. Call it after Next and before Field.
func (d *Decoder) SetLayout(layout []RawField) {
	d.layout = layout
	switch {
	case d.head.Encoding != EncodingRawData || d.head.Invalid:
	case d.head.Kind == KeyFrame:
		d.fields = len(layout)
	default:
		d.fields = d.rawFields
	}
}

// Rest is what is not yet read of the current DataSetMessage, padding included. It is the frame's memory.
func (d *Decoder) Rest() []byte {
	if d.r.err != nil {
		return nil
	}
	return d.r.buf[d.r.off:]
}

// Fields reads the next fields of the current DataSetMessage into dst and returns how many it read. That is less than len(dst) only
// at the end of the DataSetMessage and after an error, see Err; the elements of dst beyond hold nothing of use.
func (d *Decoder) Fields(dst []Field) (n int) {
	for n < len(dst) && d.next < d.fields && d.r.err == nil {
		if n += d.numbers(dst[n:]); n == len(dst) || !d.anyField(&dst[n]) {
			break
		}
		n++
	}
	return n
}

// Field reads the next field of the current DataSetMessage into f. It returns false when there is none and after an error,
// see Err; f then holds nothing of use. For many fields Fields is faster.
func (d *Decoder) Field(f *Field) bool {
	return d.Fields(unsafe.Slice(f, 1)) == 1
}

// anyField is Field without the short way.
func (d *Decoder) anyField(f *Field) bool {
	if d.next >= d.fields || d.r.err != nil {
		return false
	}
	i := d.next
	d.next++
	if d.head.Kind == DeltaFrame {
		d.field = i // until the index is known
		if i = int(d.r.uint16()); d.r.err != nil {
			return false
		}
	}
	d.field, f.Index = i, uint16(i)
	switch d.head.Encoding {
	case EncodingDataValue:
		d.r.dataValue(&f.Value)
	case EncodingRawData:
		f.Value = model.DataValue{Value: d.rawField()}
	default:
		f.Value = model.DataValue{Value: d.r.variant()}
		d.unfold(&f.Value)
	}
	return d.r.err == nil
}

func (d *Decoder) rawField() model.Variant {
	if d.field >= len(d.layout) {
		d.r.failf(ErrMalformed, "field %d of a DataSet of %d", d.field, len(d.layout))
		return model.Variant{}
	}
	return d.r.rawField(&d.layout[d.field])
}

// unfold takes apart what the Variant encoding makes of a value whose status is not Good (Part 14, 7.2.4.5.4).
func (d *Decoder) unfold(v *model.DataValue) {
	if v.Value.IsArray() {
		return
	}
	switch v.Value.Type() {
	case model.TypeDataValue:
		*v = v.Value.DataValue()
	case model.TypeStatusCode:
		if d.field < len(d.layout) && d.layout[d.field].Type != model.TypeStatusCode && d.layout[d.field].Type != model.TypeVariant {
			*v = model.DataValue{Status: v.Value.StatusCode()}
		}
	}
}

// Err is what stopped the Decoder, an *Error, or nil. It stays until the next Decode.
func (d *Decoder) Err() error {
	if d.r.err == nil {
		return nil
	}
	return &Error{DataSet: d.dataSet, Field: d.field, Offset: d.r.off, Err: d.r.err}
}
