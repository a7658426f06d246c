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
	// maxNumber is the most bytes that a number takes.
	maxNumber = 8
	// maxNumberField is the most bytes that a field takes the short way: mask, type, number, status, source timestamp.
	maxNumberField = 1 + 1 + maxNumber + 4 + 8
	// numberMask are the parts of a DataValue that go the short way.
	numberMask = dataValueValue | dataValueStatus | dataValueSourceTimestamp
)

// numberBits returns the bits of a scalar number and how many bytes it takes on the wire; 0 bytes if v is none.
func numberBits(v model.Variant) (bits uint64, size int) {
	if v.IsArray() {
		return 0, 0
	}
	switch v.Type() {
	case model.TypeBoolean:
		if v.Bool() {
			return 1, 1
		}
		return 0, 1
	case model.TypeSByte:
		return uint64(v.Int()), 1
	case model.TypeByte:
		return v.Uint(), 1
	case model.TypeInt16:
		return uint64(v.Int()), 2
	case model.TypeUInt16:
		return v.Uint(), 2
	case model.TypeInt32:
		return uint64(v.Int()), 4
	case model.TypeUInt32:
		return v.Uint(), 4
	case model.TypeInt64:
		return uint64(v.Int()), 8
	case model.TypeUInt64:
		return v.Uint(), 8
	case model.TypeFloat:
		return uint64(math.Float32bits(float32(v.Float()))), 4
	case model.TypeDouble:
		return math.Float64bits(v.Float()), 8
	case model.TypeDateTime:
		return uint64(v.DateTime()), 8
	}
	return 0, 0
}

// numberValue makes the number of type t from the first of the bytes b and returns how many; 0 bytes if t is none.
func numberValue(t model.BuiltInType, b *[maxNumber]byte) (v model.Variant, size int) {
	switch t {
	case model.TypeBoolean:
		return model.BooleanValue(b[0] != 0), 1
	case model.TypeSByte:
		return model.SByteValue(int8(b[0])), 1
	case model.TypeByte:
		return model.ByteValue(b[0]), 1
	case model.TypeInt16:
		return model.Int16Value(int16(binary.LittleEndian.Uint16(b[:]))), 2
	case model.TypeUInt16:
		return model.UInt16Value(binary.LittleEndian.Uint16(b[:])), 2
	case model.TypeInt32:
		return model.Int32Value(int32(binary.LittleEndian.Uint32(b[:]))), 4
	case model.TypeUInt32:
		return model.UInt32Value(binary.LittleEndian.Uint32(b[:])), 4
	case model.TypeInt64:
		return model.Int64Value(int64(binary.LittleEndian.Uint64(b[:]))), 8
	case model.TypeUInt64:
		return model.UInt64Value(binary.LittleEndian.Uint64(b[:])), 8
	case model.TypeFloat:
		return model.FloatValue(math.Float32frombits(binary.LittleEndian.Uint32(b[:]))), 4
	case model.TypeDouble:
		return model.DoubleValue(math.Float64frombits(binary.LittleEndian.Uint64(b[:]))), 8
	case model.TypeDateTime:
		return model.DateTimeValue(model.DateTime(binary.LittleEndian.Uint64(b[:]))), 8
	}
	return model.Variant{}, 0
}

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

// appendNumber appends a field that goes the short way: the size low bytes of bits with what is around them in enc. It
// writes beyond what it appends, into dst's spare capacity.
func appendNumber(dst []byte, bits uint64, size int, v *model.DataValue, enc FieldEncoding) []byte {
	n := len(dst)
	if cap(dst)-n < maxNumberField {
		dst = slices.Grow(dst, maxNumberField)
	}
	b := (*[maxNumberField]byte)(dst[n : n+maxNumberField])
	switch enc {
	case EncodingRawData:
		binary.LittleEndian.PutUint64(b[:], bits)
		return dst[:n+size]
	case EncodingVariant:
		b[0] = uint8(v.Value.Type())
		binary.LittleEndian.PutUint64(b[1:], bits)
		return dst[:n+1+size]
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
	b[0], b[1] = mask, uint8(v.Value.Type())
	return dst[:n+at]
}

// numberDataValue reads a DataValue if it can go the short way.
func (r *reader) numberDataValue(v *model.DataValue) bool {
	if len(r.buf)-r.off < maxNumberField {
		return false
	}
	b := (*[maxNumberField]byte)(r.buf[r.off:])
	mask := b[0]
	if mask&dataValueValue == 0 || mask&^numberMask != 0 {
		return false
	}
	value, size := numberValue(model.BuiltInType(b[1]), (*[maxNumber]byte)(b[2:]))
	if size == 0 {
		return false
	}
	at := 2 + size
	v.Value = value
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

// numberVariant reads a Variant if it can go the short way.
func (r *reader) numberVariant(v *model.DataValue) bool {
	if len(r.buf)-r.off < 1+maxNumber {
		return false
	}
	b := (*[1 + maxNumber]byte)(r.buf[r.off:])
	value, size := numberValue(model.BuiltInType(b[0]), (*[maxNumber]byte)(b[1:]))
	if size == 0 {
		return false
	}
	v.Value = value
	v.Status, v.SourceTimestamp, v.ServerTimestamp, v.SourcePicoseconds, v.ServerPicoseconds = 0, 0, 0, 0, 0
	r.off += 1 + size
	return true
}

// numberRaw reads a field of type t from RawData if it can go the short way.
func (r *reader) numberRaw(v *model.DataValue, f *RawField) bool {
	if f.ValueRank != model.ValueRankScalar || len(r.buf)-r.off < maxNumber {
		return false
	}
	value, size := numberValue(f.Type, (*[maxNumber]byte)(r.buf[r.off:]))
	if size == 0 {
		return false
	}
	v.Value = value
	v.Status, v.SourceTimestamp, v.ServerTimestamp, v.SourcePicoseconds, v.ServerPicoseconds = 0, 0, 0, 0, 0
	r.off += size
	return true
}
