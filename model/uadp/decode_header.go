package uadp

import (
	"encoding/binary"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// networkMessage reads what stands before the payload (Part 14, 7.2.4.4.2).
func (d *Decoder) networkMessage() {
	r, h := &d.r, &d.header
	flags := r.uint8()
	if r.err == nil && flags&versionMask != version {
		r.fail(ErrUnsupportedVersion)
		return
	}
	var ext1, ext2 uint8
	if flags&flagExtended1 != 0 {
		ext1 = r.uint8()
	}
	if ext1&ext1Extended2 != 0 {
		ext2 = r.uint8()
	}
	if ext2&ext2Reserved != 0 {
		r.failf(ErrReserved, "ExtendedFlags2 0x%02x", ext2)
	}
	if flags&flagPublisherID != 0 {
		h.Content |= ContentPublisherID
		h.PublisherID = r.publisherID(PublisherIDType(ext1 & ext1PublisherIDMask))
	}
	if ext1&ext1DataSetClassID != 0 {
		h.Content |= ContentDataSetClassID
		h.DataSetClassID = r.guid()
	}
	if flags&flagGroupHeader != 0 {
		d.groupHeader()
	}
	d.messageKind(ext2)
	d.payloadHeader(flags)
	d.extendedHeader(ext1, ext2)
	d.securityHeader(ext1&ext1Security != 0)
	d.payloadAt = r.off
	if d.kind == KindData && d.count > 1 {
		d.sizes = r.take(2 * d.count)
	}
}

// messageKind fails when what follows has a form that this package does not read.
func (d *Decoder) messageKind(ext2 uint8) {
	switch ext2 & ext2TypeMask {
	case 0:
		d.kind = KindData
	case ext2DiscoveryProbe:
		d.kind = KindProbe
	case ext2DiscoveryAnnouncement:
		d.kind = KindAnnouncement
	default:
		d.r.fail(ErrReserved)
	}
	d.chunkOf = d.kind
	if ext2&ext2Chunk != 0 {
		if d.kind == KindProbe {
			d.r.failf(ErrMalformed, "a probe in chunks")
		}
		d.kind = KindChunk
	}
	if ext2&ext2Action != 0 {
		d.r.fail(ErrUnsupportedAction)
	}
}

// groupHeader reads the group header (Part 14, 7.2.4.4.3).
func (d *Decoder) groupHeader() {
	r, h := &d.r, &d.header
	h.Content |= ContentGroupHeader
	flags := r.uint8()
	if flags&groupReserved != 0 {
		r.failf(ErrReserved, "GroupFlags 0x%02x", flags)
	}
	if flags&groupWriterGroupID != 0 {
		h.Content |= ContentWriterGroupID
		h.WriterGroupID = r.uint16()
	}
	if flags&groupVersion != 0 {
		h.Content |= ContentGroupVersion
		h.GroupVersion = r.uint32()
	}
	if flags&groupNetworkMessageNumber != 0 {
		h.Content |= ContentNetworkMessageNumber
		h.NetworkMessageNumber = r.uint16()
	}
	if flags&groupSequenceNumber != 0 {
		h.Content |= ContentSequenceNumber
		h.SequenceNumber = r.uint16()
	}
}

// payloadHeader reads the ids of the DataSetWriters (Part 14, 7.2.4.5.2), in a chunk that of the one DataSetWriter (7.2.4.4.4).
func (d *Decoder) payloadHeader(flags uint8) {
	switch {
	case flags&flagPayloadHeader == 0:
		d.count = 1
	case d.chunkOf != KindData:
		d.r.failf(ErrMalformed, "a discovery message with a payload header")
	case d.kind == KindChunk:
		d.header.Content |= ContentPayloadHeader
		d.count, d.writerIDs = 1, d.r.take(2)
	default:
		d.header.Content |= ContentPayloadHeader
		d.count = int(d.r.uint8())
		d.writerIDs = d.r.take(2 * d.count)
	}
}

// extendedHeader reads the timestamp and the promoted fields (Part 14, 7.2.4.4.2).
func (d *Decoder) extendedHeader(ext1, ext2 uint8) {
	r, h := &d.r, &d.header
	if ext1&ext1Timestamp != 0 {
		h.Content |= ContentTimestamp
		h.Timestamp = model.DateTime(r.uint64())
	}
	if ext1&ext1PicoSeconds != 0 {
		if ext1&ext1Timestamp == 0 {
			r.failf(ErrMalformed, "PicoSeconds without a timestamp")
		}
		h.Content |= ContentPicoSeconds
		h.PicoSeconds = min(r.uint16(), maxPicoSeconds)
	}
	if ext2&ext2PromotedFields == 0 {
		return
	}
	h.Content |= ContentPromotedFields
	size := int(r.uint16())
	end := r.off + size
	if size > r.left() {
		r.truncated()
		return
	}
	r.buf = d.frame[:end]
	for r.off < end && r.err == nil {
		h.PromotedFields = append(h.PromotedFields, r.variant())
	}
	r.buf = d.frame
}

// dataSetHeader reads the header of a DataSetMessage (Part 14, 7.2.4.5.4) and its count of fields.
func (d *Decoder) dataSetHeader() {
	r, h := &d.r, &d.head
	*h = DataSetHeader{}
	d.fields, d.rawFields, d.next = 0, 0, 0
	switch {
	case d.writerIDs != nil:
		h.WriterID = binary.LittleEndian.Uint16(d.writerIDs[2*d.dataSet:])
	case d.fixed != nil:
		h.WriterID = d.fixed[d.dataSet].WriterID
	}
	flags1 := r.uint8()
	h.Encoding = FieldEncoding(flags1 >> flags1EncodingShift & flags1EncodingMask)
	if flags1&flags1Valid == 0 {
		h.Invalid = r.err == nil
		return
	}
	var flags2 uint8
	if flags1&flags1Flags2 != 0 {
		flags2 = r.uint8()
	}
	h.Kind = DataSetMessageKind(flags2 & flags2KindMask)
	if h.Encoding > EncodingDataValue || h.Kind > KeepAlive || flags2&flags2Reserved != 0 {
		r.failf(ErrReserved, "DataSetFlags1 0x%02x, DataSetFlags2 0x%02x", flags1, flags2)
		return
	}
	if flags1&flags1SequenceNumber != 0 {
		h.Content |= DataSetSequenceNumber
		h.SequenceNumber = r.uint16()
	}
	if flags2&flags2Timestamp != 0 {
		h.Content |= DataSetTimestamp
		h.Timestamp = model.DateTime(r.uint64())
	}
	if flags2&flags2PicoSeconds != 0 {
		if flags2&flags2Timestamp == 0 {
			r.failf(ErrMalformed, "PicoSeconds without a timestamp")
		}
		h.Content |= DataSetPicoSeconds
		h.PicoSeconds = min(r.uint16(), maxPicoSeconds)
	}
	if flags1&flags1Status != 0 {
		h.Content |= DataSetStatus
		h.Status = model.StatusCode(r.uint16()) << 16
	}
	if flags1&flags1MajorVersion != 0 {
		h.Content |= DataSetMajorVersion
		h.Version.Major = r.uint32()
	}
	if flags1&flags1MinorVersion != 0 {
		h.Content |= DataSetMinorVersion
		h.Version.Minor = r.uint32()
	}
	if h.hasFieldCount() {
		d.fields = int(r.uint16())
	}
	if h.Encoding == EncodingRawData {
		d.fields, d.rawFields = 0, d.fields
	}
}
