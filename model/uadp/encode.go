package uadp

import (
	"encoding/binary"
	"fmt"
	"math"
)

// MaxDataSets is the number of DataSetMessages that a NetworkMessage can have (Part 14, 7.2.4.5.2).
const MaxDataSets = math.MaxUint8

// AppendNetworkMessage appends a NetworkMessage (Part 14, 7.2.4.4) to dst and returns the result: h, then the DataSetMessages
// whose encoded forms are bodies and whose writers are writerIDs, in this order. Without ContentPayloadHeader there must be
// one body, and writerIDs is ignored. On an error, ErrLimit or ErrType, dst is returned as it was.
func AppendNetworkMessage(dst []byte, h *Header, writerIDs []uint16, bodies [][]byte) ([]byte, error) {
	if !h.Content.Has(ContentPayloadHeader) && len(bodies) != 1 {
		return dst, frameErrorf(ErrType, "%d data sets without a payload header; want 1", len(bodies))
	}
	e := encoder{buf: dst}
	if _, err := e.networkMessage(h, writerIDs, bodies); err != nil {
		return dst, err
	}
	return e.buf, nil
}

// headerOffsets tells where the parts of a NetworkMessage that change are, from its beginning; 0 for what is not there.
type headerOffsets struct {
	sequenceNumber, timestamp, payload int
}

// networkMessage appends a NetworkMessage; without a payload header the reader must know the sizes of the bodies.
func (e *encoder) networkMessage(h *Header, writerIDs []uint16, bodies [][]byte) (at headerOffsets, err error) {
	payloadHeader, start := h.Content.Has(ContentPayloadHeader), len(e.buf)
	switch {
	case payloadHeader && len(writerIDs) != len(bodies):
		return at, frameErrorf(ErrType, "%d writer ids for %d data sets", len(writerIDs), len(bodies))
	case len(bodies) > MaxDataSets:
		return at, frameErrorf(ErrLimit, "%d data sets; a network message has room for %d", len(bodies), MaxDataSets)
	}
	e.publisherHeader(h)
	e.groupHeader(h)
	if h.Content.Has(ContentGroupHeader | ContentSequenceNumber) {
		at.sequenceNumber = len(e.buf) - 2 - start
	}
	if payloadHeader {
		e.uint8(uint8(len(bodies)))
		for _, id := range writerIDs {
			e.uint16(id)
		}
	}
	if h.Content.Has(ContentTimestamp) {
		at.timestamp = len(e.buf) - start
	}
	e.extendedHeader(h)
	if e.err != nil {
		return at, &Error{DataSet: -1, Field: -1, Offset: -1, Err: e.err}
	}
	at.payload = len(e.buf) - start
	return at, e.payload(bodies, payloadHeader && len(bodies) > 1)
}

// payload appends the DataSetMessages, and before them their sizes if the reader needs them (Part 14, 7.2.4.5.3).
func (e *encoder) payload(bodies [][]byte, sizes bool) error {
	for i, b := range bodies {
		if !sizes {
			break
		}
		if len(b) > math.MaxUint16 {
			return &Error{i, -1, -1, fmt.Errorf("%w: %d bytes; more than one data set in a network message may have 65535 bytes each", ErrLimit, len(b))}
		}
		e.uint16(uint16(len(b)))
	}
	for _, b := range bodies {
		e.buf = append(e.buf, b...)
	}
	return nil
}

func frameErrorf(reason error, format string, args ...any) error {
	return &Error{-1, -1, -1, fmt.Errorf("%w: "+format, append([]any{reason}, args...)...)}
}

// publisherHeader appends the flags, the publisher id and the DataSetClassId.
func (e *encoder) publisherHeader(h *Header) {
	var ext1 uint8
	ext2 := e.ext2
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
		ext2 |= ext2PromotedFields
	}
	if ext2 != 0 {
		ext1 |= ext1Extended2
	}
	if e.emptySecurity {
		ext1 |= ext1Security
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
