package uadp

import (
	"encoding/binary"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// AppendDeltaField appends field index of a delta frame (Part 14, 7.2.4.5.6) as AppendField does.
func AppendDeltaField(dst []byte, index uint16, v *model.DataValue, enc FieldEncoding) ([]byte, error) {
	if n := len(dst); cap(dst)-n >= 2+maxNumberField {
		b := dst[n : n+2+maxNumberField]
		if size := putNumber((*[maxNumberField]byte)(b[2:]), v, enc); size > 0 {
			b[0], b[1] = byte(index), byte(index>>8)
			return dst[:n+2+size], nil
		}
	}
	buf, err := appendField(binary.LittleEndian.AppendUint16(dst, index), v, enc)
	if err != nil {
		return dst, err
	}
	return buf, nil
}

// AppendField appends a field of a key frame or an event (Part 14, 7.2.4.5.5) to dst and returns the result. On an error,
// ErrType or ErrLimit, it returns dst as it was.
//
// EncodingDataValue keeps all of v. EncodingVariant keeps the value; a Bad status goes out in place of it, an Uncertain one
// together with it in a DataValue. EncodingRawData keeps the value alone and takes its type as that of the field; see
// AppendRawField for fields with a fixed size. It may use the spare capacity of dst as scratch.
func AppendField(dst []byte, v *model.DataValue, enc FieldEncoding) ([]byte, error) {
	if n := len(dst); cap(dst)-n >= maxNumberField {
		if size := putNumber((*[maxNumberField]byte)(dst[n:n+maxNumberField]), v, enc); size > 0 {
			return dst[:n+size], nil
		}
	}
	return appendField(dst, v, enc)
}

// AppendFields appends many fields as AppendField and, in a delta frame, AppendDeltaField do; in other frames their Index is not
// looked at. On an error, an *Error that names the field by its place in fields, it returns dst as it was.
func AppendFields(dst []byte, fields []Field, kind DataSetMessageKind, enc FieldEncoding) ([]byte, error) {
	buf := dst
	for i := range fields {
		if kind == DeltaFrame {
			buf = binary.LittleEndian.AppendUint16(buf, fields[i].Index)
		}
		n := len(buf)
		if cap(buf)-n >= maxNumberField {
			if size := putNumber((*[maxNumberField]byte)(buf[n:n+maxNumberField]), &fields[i].Value, enc); size > 0 {
				buf = buf[:n+size]
				continue
			}
		}
		var err error
		if buf, err = appendField(buf, &fields[i].Value, enc); err != nil {
			return dst, &Error{-1, i, -1, err}
		}
	}
	return buf, nil
}

// appendField is AppendField for all fields.
func appendField(dst []byte, v *model.DataValue, enc FieldEncoding) ([]byte, error) {
	e := encoder{buf: dst}
	switch enc {
	case EncodingDataValue:
		e.dataValue(v)
	case EncodingVariant:
		e.variantField(v)
	case EncodingRawData:
		e.rawField(v.Value, &RawField{Type: v.Value.Type(), ValueRank: rankOf(v.Value)})
	default:
		e.failf(ErrType, "field encoding %d; want Variant, RawData or DataValue", enc)
	}
	return e.finish(dst)
}

// variantField appends a field in the Variant encoding (Part 14, 7.2.4.5.4).
func (e *encoder) variantField(v *model.DataValue) {
	switch {
	case v.Status.IsGood():
		e.variant(v.Value)
	case v.Status.IsBad():
		e.variant(model.StatusCodeValue(v.Status))
	default:
		e.uint8(uint8(model.TypeDataValue))
		e.dataValue(&model.DataValue{Value: v.Value, Status: v.Status})
	}
}
