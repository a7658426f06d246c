package uajson

import (
	"math"
	"strconv"
	"strings"
)

// Decoder reads messages in place. The zero Decoder is ready for use; keep it for many frames, since it reuses its memory and then does
// not allocate. It is for one goroutine at a time.
//
//	err := d.Decode(frame)
//	for d.Next() {
//		for d.Field(&f) { … }
//	}
//	err = d.Err()
//
// It takes a NetworkMessage, an array of them, DataSetMessages without a NetworkMessage around them, bare payloads, a bare value, and the
// samples of OPC Publisher, each alone or in an array, with members in any order, also compressed with gzip.
//
// All that it hands out is valid until the frame is changed or until the next Decode or Reset, whichever comes first: strings are the
// frame's memory where they have no escapes, all else the Decoder's. Clone what is to stay.
//
// A frame may be hostile. It is checked to be JSON before anything is handed out. The time to read it grows with its length, and the
// memory with at most 100 bytes for each of its bytes. Nesting is limited to 110 levels, the frame to MaxFrame, what a compressed one
// holds to MaxInflated. Strings are not checked to be UTF-8.
type Decoder struct {
	// MaxInflated is the most bytes that a compressed frame may hold; 0 stands for DefaultMaxInflated.
	MaxInflated int

	r        reader
	inflate  inflater
	types    *Types
	itemEnd  uint32 // the node after the items of the frame
	nextItem uint32 // the next item of the frame
	messages uint32 // the next DataSetMessage of the current item
	lastMsg  uint32 // the node after the last one
	current  uint32 // the node of the current DataSetMessage
	field    uint32 // the next field of the current DataSetMessage: its name
	fieldEnd uint32
	single   uint32 // the value of the one field of a sample or of a bare value, 0 if there is none
	guess    int    // the place in the types of the next field
	header   Header
	head     DataSetHeader
	meta     uint32 // the node of the metadata, 0 if there is none
}

// Reset lets go of the frame and of all values read from it.
func (d *Decoder) Reset() {
	d.r.pool.reset()
	d.r.scan.buf, d.r.scan.nodes = nil, d.r.scan.nodes[:0]
	d.r.err, d.r.at, d.r.missed = nil, 0, 0
	d.itemEnd, d.nextItem, d.messages, d.lastMsg, d.current = 0, 0, 0, 0, 0
	d.header = Header{}
	d.clearDataSet()
}

func (d *Decoder) clearDataSet() {
	d.types, d.guess, d.field, d.fieldEnd, d.single, d.meta = nil, 0, 0, 0, 0, 0
	d.head = DataSetHeader{}
}

// Decode begins a frame: it checks it and reads the header of its first NetworkMessage. The error is an *Error.
func (d *Decoder) Decode(frame []byte) error {
	d.Reset()
	if isGzip(frame) {
		var err error
		if frame, err = d.inflate.inflate(frame, d.MaxInflated); err != nil {
			return &Error{Offset: 0, Err: err}
		}
	}
	if !d.r.scan.scan(frame) {
		d.r.err = d.r.scan.err
		return &Error{Offset: d.r.scan.pos, Err: d.r.err}
	}
	d.nextItem, d.itemEnd = 0, 1
	if d.r.kind(0) == kindArray {
		d.nextItem, d.itemEnd = 1, d.r.next(0)
	} else {
		d.itemEnd = d.r.next(0)
	}
	d.openItem()
	return d.Err()
}

// Inflated is the number of bytes that the compressed frames decoded so far held.
func (d *Decoder) Inflated() uint64 { return d.inflate.total }

// Header is the header of the NetworkMessage that the current DataSetMessage is in; before Next, that of the first one.
func (d *Decoder) Header() *Header { return &d.header }

// Next goes to the next DataSetMessage, whether all fields of the last one were read or not, and reads its header. It also stops at
// metadata, whose Kind is MetaDataOf. It returns false at the end of the frame and after an error, see Err.
func (d *Decoder) Next() bool {
	d.clearDataSet()
	for d.r.err == nil {
		if d.messages < d.lastMsg {
			d.current = d.messages
			d.messages = d.r.next(d.messages)
			d.dataSet()
			return d.r.err == nil
		}
		if d.nextItem >= d.itemEnd {
			return false
		}
		d.openItem()
	}
	return false
}

// DataSet is the header of the current DataSetMessage.
func (d *Decoder) DataSet() *DataSetHeader { return &d.head }

// SetTypes tells what the fields of the current DataSetMessage are: values without a type of their own then get the type of their field,
// as far as they fit it. The Decoder keeps t until the next DataSetMessage. Call it after Next and before Field.
func (d *Decoder) SetTypes(t *Types) { d.types = t }

// Field reads the next field of the current DataSetMessage into f. It returns false when there is none and after an error, see Err; f
// then holds nothing of use.
//
// A value without a type that is known, by SetTypes or in the message, becomes a Boolean, an Int64 (a UInt64, or a Double, if it is too
// large), a Double, a String, an array of one of them or of Variants, or a structure whose Body is the compact JSON.
func (d *Decoder) Field(f *Field) bool {
	if d.r.err != nil {
		return false
	}
	value := d.single
	switch {
	case value != 0:
		value-- // it is kept as the node + 1, since the frame itself may be the value
		d.single = 0
		f.Name = d.sampleName()
	case d.field < d.fieldEnd:
		f.Name = d.r.text(d.field)
		value = d.field + 1
		d.field = d.r.next(value)
	default:
		return false
	}
	f.Index = d.types.find(f.Name, d.guess)
	var hint FieldType
	if f.Index >= 0 {
		hint = d.types.types[f.Index]
		d.guess = f.Index + 1
	}
	d.r.field(value, hint, &f.Value)
	return d.r.err == nil
}

// Err is what stopped the Decoder, an *Error, or nil. It stays until the next Decode.
func (d *Decoder) Err() error {
	if d.r.err == nil {
		return nil
	}
	if len(d.r.scan.nodes) == 0 || int(d.r.at) >= len(d.r.scan.nodes) {
		return &Error{Offset: d.r.scan.pos, Err: d.r.err}
	}
	return d.r.error()
}

// error places the error.
func (r *reader) error() *Error {
	offset := int(r.scan.nodes[r.at].start)
	if r.kind(r.at) == kindString {
		offset-- // the quote
	}
	return &Error{Path: r.path(r.at), Offset: offset, Err: r.err}
}

// maxPath is the length to which each name in a path is cut.
const maxPath = 64

// path leads from the top to a node: "Messages[2].Payload.Temperature".
func (r *reader) path(to uint32) string {
	var b strings.Builder
	for i := uint32(0); i < to; {
		k, index, found := r.kind(i), 0, uint32(math.MaxUint32)
		for j, end := i+1, r.next(i); j < end && k >= kindArray; index++ {
			name := j
			if k == kindObject {
				j++
			}
			if to < r.next(j) {
				found = j
				if k == kindArray {
					b.WriteString("[" + strconv.Itoa(index) + "]")
				} else {
					if b.Len() > 0 {
						b.WriteByte('.')
					}
					raw := r.raw(name)
					b.Write(raw[:min(len(raw), maxPath)])
				}
				break
			}
			j = r.next(j)
		}
		if found == math.MaxUint32 {
			break
		}
		i = found
	}
	return b.String()
}
