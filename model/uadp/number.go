package uadp

import (
	"encoding/binary"
	"math"
	"slices"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// This file is the short way for what nearly all fields are: scalar numbers with at most a status and a source timestamp. It
// reads and writes them at once where encoder and reader go part by part; for all else it steps aside. The tests hold it
// against the long way.

const (
	// maxNumberField is the most bytes that a field takes the short way: mask, type, number, status, source timestamp.
	maxNumberField = 1 + 1 + 8 + 4 + 8
	// numberMask are the parts of a DataValue that go the short way.
	numberMask = dataValueValue | dataValueStatus | dataValueSourceTimestamp
)

// shortField tells whether a number with the status and the times of v goes the short way.
func shortField(v *model.DataValue, enc FieldEncoding) bool {
	switch enc {
	case EncodingDataValue:
		return v.ServerTimestamp == 0 && v.SourcePicoseconds|v.ServerPicoseconds == 0
	case EncodingVariant:
		return v.Status.IsGood()
	}
	return enc == EncodingRawData
}

// appendNumber appends a field if it goes the short way. It writes beyond what it appends, into dst's spare capacity.
func appendNumber(dst []byte, v *model.DataValue, enc FieldEncoding) (buf []byte, ok bool) {
	if v.Value.IsArray() || !shortField(v, enc) {
		return dst, false
	}
	t := v.Value.Type()
	var bits uint64
	var size int
	switch t {
	case model.TypeDouble:
		bits, size = math.Float64bits(v.Value.Float()), 8
	case model.TypeFloat:
		bits, size = uint64(math.Float32bits(float32(v.Value.Float()))), 4
	case model.TypeBoolean:
		if v.Value.Bool() {
			bits = 1
		}
		size = 1
	case model.TypeSByte, model.TypeInt16, model.TypeInt32, model.TypeInt64:
		bits, size = uint64(v.Value.Int()), minSize(t)
	case model.TypeByte, model.TypeUInt16, model.TypeUInt32, model.TypeUInt64:
		bits, size = v.Value.Uint(), minSize(t)
	case model.TypeDateTime:
		bits, size = uint64(v.Value.DateTime()), 8
	default:
		return dst, false
	}
	n := len(dst)
	if cap(dst)-n < maxNumberField {
		dst = slices.Grow(dst, maxNumberField)
	}
	b := (*[maxNumberField]byte)(dst[n : n+maxNumberField])
	switch enc {
	case EncodingRawData:
		binary.LittleEndian.PutUint64(b[:], bits)
		return dst[:n+size], true
	case EncodingVariant:
		b[0] = uint8(t)
		binary.LittleEndian.PutUint64(b[1:], bits)
		return dst[:n+1+size], true
	}
	mask := uint8(dataValueValue)
	binary.LittleEndian.PutUint64(b[2:], bits)
	at := 2 + size
	if v.Status != 0 {
		mask |= dataValueStatus
		binary.LittleEndian.PutUint32(b[at:], uint32(v.Status))
		at += 4
	}
	if v.SourceTimestamp != 0 {
		mask |= dataValueSourceTimestamp
		binary.LittleEndian.PutUint64(b[at:], uint64(v.SourceTimestamp))
		at += 8
	}
	b[0], b[1] = mask, uint8(t)
	return dst[:n+at], true
}

// number reads a field if it goes the short way; t is its type in RawData.
func (r *reader) number(v *model.DataValue, enc FieldEncoding, t model.BuiltInType) bool {
	if len(r.buf)-r.off < maxNumberField {
		return false
	}
	b := (*[maxNumberField]byte)(r.buf[r.off:])
	at, mask := 0, uint8(dataValueValue)
	switch enc {
	case EncodingDataValue:
		at, mask, t = 2, b[0], model.BuiltInType(b[1])
		if mask&dataValueValue == 0 || mask&^numberMask != 0 {
			return false
		}
	case EncodingVariant:
		at, t = 1, model.BuiltInType(b[0])
	}
	bits := binary.LittleEndian.Uint64(b[at:])
	switch t {
	case model.TypeDouble:
		v.Value = model.DoubleValue(math.Float64frombits(bits))
	case model.TypeFloat:
		v.Value = model.FloatValue(math.Float32frombits(uint32(bits)))
	case model.TypeBoolean:
		v.Value = model.BooleanValue(uint8(bits) != 0)
	case model.TypeSByte:
		v.Value = model.SByteValue(int8(bits))
	case model.TypeByte:
		v.Value = model.ByteValue(uint8(bits))
	case model.TypeInt16:
		v.Value = model.Int16Value(int16(bits))
	case model.TypeUInt16:
		v.Value = model.UInt16Value(uint16(bits))
	case model.TypeInt32:
		v.Value = model.Int32Value(int32(bits))
	case model.TypeUInt32:
		v.Value = model.UInt32Value(uint32(bits))
	case model.TypeInt64:
		v.Value = model.Int64Value(int64(bits))
	case model.TypeUInt64:
		v.Value = model.UInt64Value(bits)
	case model.TypeDateTime:
		v.Value = model.DateTimeValue(model.DateTime(bits))
	default:
		return false
	}
	at += int(sizes[t])
	v.Status, v.SourceTimestamp, v.ServerTimestamp, v.SourcePicoseconds, v.ServerPicoseconds = 0, 0, 0, 0, 0
	if mask&dataValueStatus != 0 {
		v.Status = model.StatusCode(binary.LittleEndian.Uint32(b[at:]))
		at += 4
	}
	if mask&dataValueSourceTimestamp != 0 {
		v.SourceTimestamp = model.DateTime(binary.LittleEndian.Uint64(b[at:]))
		at += 8
	}
	r.off += at
	return true
}
