package uadp

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// MaxDataSets is the number of DataSetMessages that a NetworkMessage can have (Part 14, 7.2.4.5.2).
const MaxDataSets = math.MaxUint8

// AppendNetworkMessage appends a NetworkMessage (Part 14, 7.2.4.4) to dst and returns the result: h, then the DataSetMessages
// whose encoded forms are bodies and whose writers are writerIDs, in this order. Without ContentPayloadHeader there must be
// one body, and writerIDs is ignored. On an error, ErrLimit or ErrType, dst is returned as it was.
func AppendNetworkMessage(dst []byte, h *Header, writerIDs []uint16, bodies [][]byte) ([]byte, error) {
	payloadHeader := h.Content.Has(ContentPayloadHeader)
	switch {
	case !payloadHeader && len(bodies) != 1:
		return dst, frameErrorf(ErrType, "%d data sets without a payload header; want 1", len(bodies))
	case payloadHeader && len(writerIDs) != len(bodies):
		return dst, frameErrorf(ErrType, "%d writer ids for %d data sets", len(writerIDs), len(bodies))
	case len(bodies) > MaxDataSets:
		return dst, frameErrorf(ErrLimit, "%d data sets; a network message has room for %d", len(bodies), MaxDataSets)
	}
	e := encoder{buf: dst}
	e.publisherHeader(h)
	e.groupHeader(h)
	if payloadHeader {
		e.uint8(uint8(len(bodies)))
		for _, id := range writerIDs {
			e.uint16(id)
		}
	}
	e.extendedHeader(h)
	if e.err != nil {
		return dst, &Error{DataSet: -1, Field: -1, Offset: -1, Err: e.err}
	}
	if len(bodies) > 1 {
		for i, b := range bodies {
			if len(b) > math.MaxUint16 {
				return dst, &Error{i, -1, -1, fmt.Errorf("%w: %d bytes; more than one data set in a network message may have 65535 bytes each", ErrLimit, len(b))}
			}
			e.uint16(uint16(len(b)))
		}
	}
	for _, b := range bodies {
		e.buf = append(e.buf, b...)
	}
	return e.buf, nil
}

func frameErrorf(reason error, format string, args ...any) error {
	return &Error{-1, -1, -1, fmt.Errorf("%w: "+format, append([]any{reason}, args...)...)}
}

// publisherHeader appends the flags, the publisher id and the DataSetClassId.
func (e *encoder) publisherHeader(h *Header) {
	var ext1, ext2 uint8
	if h.Content.Has(ContentPublisherID) {
		ext1 |= uint8(h.PublisherID.typ)
	}
	if h.Content.Has(ContentDataSetClassID) {
		ext1 |= ext1DataSetClassID
	}
	if h.Content.Has(ContentTimestamp) {
		ext1 |= ext1Timestamp
		if h.Content.Has(ContentPicoSeconds) {
			ext1 |= ext1PicoSeconds
		}
	}
	if h.Content.Has(ContentPromotedFields) {
		ext1 |= ext1Extended2
		ext2 |= ext2PromotedFields
	}
	flags := uint8(version)
	if h.Content.Has(ContentPublisherID) {
		flags |= flagPublisherID
	}
	if h.Content.Has(ContentGroupHeader) {
		flags |= flagGroupHeader
	}
	if h.Content.Has(ContentPayloadHeader) {
		flags |= flagPayloadHeader
	}
	if ext1 != 0 {
		flags |= flagExtended1
	}
	e.uint8(flags)
	if ext1 != 0 {
		e.uint8(ext1)
	}
	if ext2 != 0 {
		e.uint8(ext2)
	}
	if h.Content.Has(ContentPublisherID) {
		e.publisherID(h.PublisherID)
	}
	if h.Content.Has(ContentDataSetClassID) {
		e.buf = h.DataSetClassID.AppendWire(e.buf)
	}
}

func (e *encoder) groupHeader(h *Header) {
	if !h.Content.Has(ContentGroupHeader) {
		return
	}
	at := len(e.buf)
	e.uint8(0)
	var flags uint8
	if h.Content.Has(ContentWriterGroupID) {
		flags |= groupWriterGroupID
		e.uint16(h.WriterGroupID)
	}
	if h.Content.Has(ContentGroupVersion) {
		flags |= groupVersion
		e.uint32(h.GroupVersion)
	}
	if h.Content.Has(ContentNetworkMessageNumber) {
		flags |= groupNetworkMessageNumber
		e.uint16(h.NetworkMessageNumber)
	}
	if h.Content.Has(ContentSequenceNumber) {
		flags |= groupSequenceNumber
		e.uint16(h.SequenceNumber)
	}
	e.buf[at] = flags
}

// extendedHeader appends the timestamp and the promoted fields.
func (e *encoder) extendedHeader(h *Header) {
	if h.Content.Has(ContentTimestamp) {
		e.uint64(uint64(h.Timestamp))
		if h.Content.Has(ContentPicoSeconds) {
			e.uint16(h.PicoSeconds)
		}
	}
	if !h.Content.Has(ContentPromotedFields) {
		return
	}
	at := len(e.buf)
	e.uint16(0)
	for _, v := range h.PromotedFields {
		e.variant(v)
	}
	size := len(e.buf) - at - 2
	if size > math.MaxUint16 {
		e.failf(ErrLimit, "promoted fields of %d bytes; want up to 65535", size)
		return
	}
	binary.LittleEndian.PutUint16(e.buf[at:], uint16(size))
}

// AppendDataSetHeader appends the header of a DataSetMessage (Part 14, 7.2.4.5.4) and its count of fields to dst and returns
// the result. The count is the last two bytes, see PatchFieldCount; key frames in RawData and keep-alives have none.
func AppendDataSetHeader(dst []byte, h *DataSetHeader, fieldCount uint16) []byte {
	e := encoder{buf: dst}
	flags1, flags2 := h.flags()
	e.uint8(flags1)
	if flags2 != 0 {
		e.uint8(flags2)
	}
	if flags1&flags1SequenceNumber != 0 {
		e.uint16(h.SequenceNumber)
	}
	if flags2&flags2Timestamp != 0 {
		e.uint64(uint64(h.Timestamp))
	}
	if flags2&flags2PicoSeconds != 0 {
		e.uint16(h.PicoSeconds)
	}
	if flags1&flags1Status != 0 {
		e.uint16(uint16(h.Status >> 16))
	}
	if flags1&flags1MajorVersion != 0 {
		e.uint32(h.Version.Major)
	}
	if flags1&flags1MinorVersion != 0 {
		e.uint32(h.Version.Minor)
	}
	if h.hasFieldCount() {
		e.uint16(fieldCount)
	}
	return e.buf
}

func (h *DataSetHeader) flags() (flags1, flags2 uint8) {
	flags1 = uint8(h.Encoding&flags1EncodingMask) << flags1EncodingShift
	flags2 = uint8(h.Kind) & flags2KindMask
	if !h.Invalid {
		flags1 |= flags1Valid
	}
	if h.Content.Has(DataSetSequenceNumber) {
		flags1 |= flags1SequenceNumber
	}
	if h.Content.Has(DataSetStatus) {
		flags1 |= flags1Status
	}
	if h.Content.Has(DataSetMajorVersion) {
		flags1 |= flags1MajorVersion
	}
	if h.Content.Has(DataSetMinorVersion) {
		flags1 |= flags1MinorVersion
	}
	if h.Content.Has(DataSetTimestamp) {
		flags2 |= flags2Timestamp
		if h.Content.Has(DataSetPicoSeconds) {
			flags2 |= flags2PicoSeconds
		}
	}
	if flags2 != 0 {
		flags1 |= flags1Flags2
	}
	return flags1, flags2
}

// PatchFieldCount writes the count of fields of a DataSetMessage. offset is where AppendDataSetHeader ended in buf.
func PatchFieldCount(buf []byte, offset int, n uint16) {
	binary.LittleEndian.PutUint16(buf[offset-2:offset], n)
}

// AppendDeltaField appends field index of a delta frame (Part 14, 7.2.4.5.6) as AppendField does.
func AppendDeltaField(dst []byte, index uint16, v *model.DataValue, enc FieldEncoding) ([]byte, error) {
	buf, err := AppendField(binary.LittleEndian.AppendUint16(dst, index), v, enc)
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
