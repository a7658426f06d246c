package uadp

import (
	"encoding/binary"
	"fmt"
	"math"
)

// Chunk is a part of a DataSetMessage or of an announcement that is too large for one NetworkMessage (Part 14, 7.2.4.4.4).
type Chunk struct {
	// Of tells what it is a part of: KindData for a DataSetMessage, or KindAnnouncement.
	Of MessageKind
	// WriterID is that of the DataSetMessage; 0 for an announcement, and when the frame does not say it.
	WriterID uint16
	// SequenceNumber is that of the DataSetMessage or of the announcement, the same in all its chunks.
	SequenceNumber uint16
	// Offset is where Data begins in the whole, TotalSize the size of the whole.
	Offset, TotalSize uint32
	// Data is the frame's memory.
	Data []byte
}

// Chunk reads the chunk of a frame of KindChunk. The error is an *Error.
func (d *Decoder) Chunk() (Chunk, error) {
	r := &d.r
	if r.err == nil && d.kind != KindChunk {
		r.failf(ErrType, "a frame with %v; want a chunk", d.kind)
	}
	r.off = d.end
	c := Chunk{Of: d.chunkOf}
	if len(d.writerIDs) == 2 {
		c.WriterID = binary.LittleEndian.Uint16(d.writerIDs)
	}
	c.SequenceNumber, c.Offset, c.TotalSize = r.uint16(), r.uint32(), r.uint32()
	c.Data = r.bytes()
	if r.err == nil {
		r.fail(c.check())
	}
	if r.left() > 0 {
		r.failf(ErrMalformed, "%d bytes behind the chunk", r.left())
	}
	if r.err != nil {
		return Chunk{}, d.Err()
	}
	return c, nil
}

func (c *Chunk) check() error {
	if len(c.Data) == 0 || uint64(c.Offset)+uint64(len(c.Data)) > uint64(c.TotalSize) {
		return fmt.Errorf("%w: chunk of %d bytes at %d of %d", ErrMalformed, len(c.Data), c.Offset, c.TotalSize)
	}
	return nil
}

// AppendChunk appends a NetworkMessage with one chunk to dst and returns the result. A chunk of a DataSetMessage has its WriterID if h
// has ContentPayloadHeader; chunks of announcements have no payload header. On an error, an *Error, dst is returned as it was.
func AppendChunk(dst []byte, h *Header, c *Chunk) ([]byte, error) {
	if err := c.check(); err != nil {
		return dst, &Error{-1, -1, -1, err}
	}
	if c.Of != KindData && c.Of != KindAnnouncement {
		return dst, frameErrorf(ErrType, "chunk of a message with %v; want data or an announcement", c.Of)
	}
	e := encoder{buf: dst, ext2: ext2Chunk}
	head := *h
	if c.Of == KindAnnouncement {
		head = Header{Content: ContentPublisherID, PublisherID: h.PublisherID} // Part 14, 7.2.4.6.3
		e.ext2 |= ext2DiscoveryAnnouncement
		e.emptySecurity = true
	}
	e.publisherHeader(&head)
	e.groupHeader(&head)
	if head.Content.Has(ContentPayloadHeader) {
		e.uint16(c.WriterID)
	}
	e.extendedHeader(&head)
	e.securityHeader()
	e.uint16(c.SequenceNumber)
	e.uint32(c.Offset)
	e.uint32(c.TotalSize)
	e.bytes(c.Data)
	if e.err != nil {
		return dst, &Error{-1, -1, -1, e.err}
	}
	return e.buf, nil
}

// AppendChunks splits whole, an encoded DataSetMessage or announcement, into NetworkMessages of at most maxSize bytes and appends them to
// frames. c tells all but Offset, TotalSize and Data. The first frame has the group's sequence number of h, each further one the
// next. Frames that are to be secured need SecurityOverhead left of the transport's limit. The error is an *Error: ErrLimit if
// maxSize leaves no room for data or whole is larger than a UInt32.
func AppendChunks(frames [][]byte, h *Header, c Chunk, whole []byte, maxSize int) ([][]byte, error) {
	head, err := AppendChunk(nil, h, &Chunk{Of: c.Of, TotalSize: 1, Data: []byte{0}})
	if err != nil {
		return frames, err
	}
	room := maxSize - (len(head) - 1)
	switch {
	case room <= 0:
		return frames, frameErrorf(ErrLimit, "chunks of %d bytes; the headers alone take %d", maxSize, len(head)-1)
	case len(whole) == 0 || uint64(len(whole)) > math.MaxUint32:
		return frames, frameErrorf(ErrLimit, "%d bytes to split; want 1 to %d", len(whole), uint32(math.MaxUint32))
	}
	next := *h
	c.TotalSize = uint32(len(whole))
	out := frames
	for at := 0; at < len(whole); at += room {
		c.Offset, c.Data = uint32(at), whole[at:min(at+room, len(whole))]
		frame, err := AppendChunk(nil, &next, &c)
		if err != nil {
			return frames, err
		}
		out = append(out, frame)
		next.SequenceNumber++
	}
	return out, nil
}
