package uadp

import (
	"encoding/binary"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// This file is the short way for what nearly all fields are: scalar numbers with at most a status and timestamps. It
// reads and writes them at once where encoder and reader go part by part; for all else it steps aside. The tests hold it
// against the long way.

const (
	// maxNumberField is the most bytes that a field takes the short way: index, mask, type, number, status, two timestamps.
	maxNumberField = 2 + 1 + 1 + 8 + 4 + 8 + 8
	// numberParts are the parts of a DataValue besides the value that go the short way.
	numberParts = dataValueStatus | dataValueSourceTimestamp | dataValueServerTimestamp
)

// putNumber writes a field to the beginning of b if it goes the short way, and returns its size, else 0. It uses more of b than that.
func putNumber(b *[maxNumberField]byte, v *model.DataValue, enc FieldEncoding) int {
	word, size := v.Value.Word()
	switch {
	case size == 0:
		return 0
	case enc == EncodingDataValue && v.SourcePicoseconds|v.ServerPicoseconds == 0:
		b[0], b[1] = dataValueValue, uint8(v.Value.Type())
		binary.LittleEndian.PutUint64(b[2:], word)
		size += 2
		if v.Status != 0 {
			b[0] |= dataValueStatus
			binary.LittleEndian.PutUint32(b[size&15:], uint32(v.Status))
			size += 4
		}
		if v.SourceTimestamp != 0 {
			b[0] |= dataValueSourceTimestamp
			binary.LittleEndian.PutUint64(b[size&15:], uint64(v.SourceTimestamp))
			size += 8
		}
		if v.ServerTimestamp != 0 {
			b[0] |= dataValueServerTimestamp
			binary.LittleEndian.PutUint64(b[size:], uint64(v.ServerTimestamp))
			size += 8
		}
		return size
	case enc == EncodingVariant && v.Status.IsGood():
		b[0] = uint8(v.Value.Type())
		binary.LittleEndian.PutUint64(b[1:], word)
		return 1 + size
	case enc == EncodingRawData:
		binary.LittleEndian.PutUint64(b[:], word)
		return size
	}
	return 0
}

// numbers reads fields that go the short way into dst, until one does not, and returns how many it read. Of delta frames it reads the
// index of each before it.
func (d *Decoder) numbers(dst []Field) int {
	dst = dst[:min(len(dst), d.fields-d.next)]
	var n int
	switch {
	case d.head.Kind == DeltaFrame && d.head.Encoding == EncodingRawData:
		return 0
	case d.head.Encoding == EncodingDataValue:
		n = d.dataValueNumbers(dst)
	case d.head.Encoding == EncodingRawData:
		n = d.rawNumbers(dst)
	default:
		n = d.variantNumbers(dst)
	}
	d.next += n
	return n
}

// dataValueNumbers is numbers for DataValues.
//
// Most fields have the form of the one before them. Its size is kept, so that the place of the next field is known before this one
// is read.
func (d *Decoder) dataValueNumbers(dst []Field) (n int) {
	buf, off, first, indexSize := d.r.buf, d.r.off, d.next, d.indexSize()
	last, size := uint16(0), 0
	for ; n < len(dst) && len(buf)-off >= maxNumberField; n++ {
		b := (*[maxNumberField]byte)(buf[off:])
		index, at := uint16(first+n), indexSize
		if indexSize != 0 {
			index = binary.LittleEndian.Uint16(b[:])
		}
		head := binary.LittleEndian.Uint16(b[at:])
		form := model.NumberFormOf(model.BuiltInType(head >> 8))
		if head != last {
			last, size = head, dataValueSize(uint8(head), form.Size())
		}
		if size == 0 {
			break
		}
		f := &dst[n]
		f.Index = index
		v := &f.Value
		v.Value = form.Value(binary.LittleEndian.Uint64(b[at+2:]))
		v.Status, v.SourceTimestamp, v.ServerTimestamp, v.SourcePicoseconds, v.ServerPicoseconds = 0, 0, 0, 0, 0
		at += size
		off += at
		if head&dataValueServerTimestamp != 0 {
			at -= 8
			v.ServerTimestamp = model.DateTime(binary.LittleEndian.Uint64(b[at:]))
		}
		if head&dataValueSourceTimestamp != 0 {
			at -= 8
			v.SourceTimestamp = model.DateTime(binary.LittleEndian.Uint64(b[at:]))
		}
		if head&dataValueStatus != 0 {
			v.Status = model.StatusCode(binary.LittleEndian.Uint32(b[at-4:]))
		}
	}
	d.r.off = off
	return n
}

// dataValueSize is the size of a DataValue of a number that goes the short way, else 0.
func dataValueSize(mask uint8, number int) int {
	if number == 0 || mask&^numberParts != dataValueValue {
		return 0
	}
	size := 2 + number
	if mask&dataValueStatus != 0 {
		size += 4
	}
	if mask&dataValueSourceTimestamp != 0 {
		size += 8
	}
	if mask&dataValueServerTimestamp != 0 {
		size += 8
	}
	return size
}

// variantNumbers is numbers for Variants.
func (d *Decoder) variantNumbers(dst []Field) (n int) {
	buf, off, first, indexSize := d.r.buf, d.r.off, d.next, d.indexSize()
	last, size := uint8(0), 0
	for ; n < len(dst) && len(buf)-off >= maxNumberField; n++ {
		b := (*[maxNumberField]byte)(buf[off:])
		index, at := uint16(first+n), indexSize
		if indexSize != 0 {
			index = binary.LittleEndian.Uint16(b[:])
		}
		form := model.NumberFormOf(model.BuiltInType(b[at]))
		if b[at] != last {
			last, size = b[at], form.Size()
		}
		if size == 0 {
			break
		}
		f := &dst[n]
		f.Index = index
		v := &f.Value
		v.Value = form.Value(binary.LittleEndian.Uint64(b[at+1:]))
		v.Status, v.SourceTimestamp, v.ServerTimestamp, v.SourcePicoseconds, v.ServerPicoseconds = 0, 0, 0, 0, 0
		off += at + 1 + size
	}
	d.r.off = off
	return n
}

// rawNumbers is numbers for key frames in RawData.
func (d *Decoder) rawNumbers(dst []Field) (n int) {
	buf, off, first := d.r.buf, d.r.off, d.next
	layout := d.layout[first:]
	layout = layout[:min(len(layout), len(dst))]
	for i := range layout {
		form := model.NumberFormOf(layout[i].Type)
		if form.Size() == 0 || layout[i].ValueRank != model.ValueRankScalar || len(buf)-off < 8 {
			d.r.off = off
			return i
		}
		f := &dst[i]
		f.Index = uint16(first + i)
		v := &f.Value
		v.Value = form.Value(binary.LittleEndian.Uint64(buf[off:]))
		v.Status, v.SourceTimestamp, v.ServerTimestamp, v.SourcePicoseconds, v.ServerPicoseconds = 0, 0, 0, 0, 0
		off += form.Size()
	}
	d.r.off = off
	return len(layout)
}

// indexSize is the number of bytes of the index before each field.
func (d *Decoder) indexSize() int {
	if d.head.Kind == DeltaFrame {
		return 2
	}
	return 0
}
