package bus

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// An upload is what a gateway's Forwarder sends to the core's Receiver at a time: entries in the order in which they were buffered, behind a
// head: a byte for the version, a byte with flags, and the numbers between which there are no frames but these, the first one without, the second
// with itself, each as 8 bytes, big-endian. The core refuses what does not follow on what it has: it was restarted, and a power failure took some
// of that. An entry is its content type, number, group, writer and data; numbers are uvarints, texts and data have their length as a uvarint before
// them.

const (
	uploadVersion = 2
	uploadHead    = 18
	// uploadAhead is the flag of an upload that goes before a backlog: what lies between it and what the core has comes later.
	uploadAhead = 1
	// maxUploadEntries is the most entries of one upload.
	maxUploadEntries = 1000
	// contentMeta marks a document with DataSetMetaData in a buffer and an upload.
	contentMeta = "application/opcua+json;metadata"
	// uploadRoom is what an upload may take of a message besides the data of its entries.
	uploadRoom = 2 << 10
)

var errUpload = errors.New("upload cannot be read")

// upload is one that was read.
type upload struct {
	span
	ahead   bool
	entries []Frame
}

// uploadSize is the most that appendUpload adds for f.
func uploadSize(f *Frame) int {
	return len(f.ContentType) + len(f.Group) + len(f.Writer) + len(f.Data) + 5*binary.MaxVarintLen64
}

// beginUpload begins an upload without entries.
func beginUpload(dst []byte, covers span, ahead bool) []byte {
	flags := byte(0)
	if ahead {
		flags = uploadAhead
	}
	dst = binary.BigEndian.AppendUint64(append(dst, uploadVersion, flags), covers.From)
	return binary.BigEndian.AppendUint64(dst, covers.To)
}

// endUpload sets the number up to which the upload that begins with dst has all frames.
func endUpload(dst []byte, to uint64) { binary.BigEndian.PutUint64(dst[uploadHead-8:], to) }

// appendUpload appends an entry with the frame's number, names, content type and data.
func appendUpload(dst []byte, f *Frame, number uint64) []byte {
	dst = appendField(dst, f.ContentType)
	dst = binary.AppendUvarint(dst, number)
	dst = appendField(dst, f.Group)
	dst = appendField(dst, f.Writer)
	dst = binary.AppendUvarint(dst, uint64(len(f.Data)))
	return append(dst, f.Data...)
}

func appendField(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

// parseUpload reads an upload, whose entries are appended to dst. Their data are parts of body. Numbers rise from one to the next.
func parseUpload(dst []Frame, body []byte) (u upload, err error) {
	if len(body) < uploadHead || body[0] != uploadVersion {
		return u, fmt.Errorf("%w: version is not %d: gateway and core are not of the same version, update both", errUpload, uploadVersion)
	}
	u = upload{
		span:  span{binary.BigEndian.Uint64(body[2:]), binary.BigEndian.Uint64(body[10:])},
		ahead: body[1]&uploadAhead != 0, entries: dst,
	}
	if u.From > u.To {
		return u, fmt.Errorf("%w: it has frames from %d up to %d", errUpload, u.From, u.To)
	}
	r := uploadReader{rest: body[uploadHead:]}
	last := u.From
	for n := 0; len(r.rest) > 0; n++ {
		if n == maxUploadEntries {
			return u, fmt.Errorf("%w: more than %d entries", errUpload, maxUploadEntries)
		}
		f := Frame{ContentType: string(r.bytes()), Number: r.number(), Group: string(r.name()), Writer: string(r.name()), Data: r.bytes()}
		switch {
		case r.failed:
			return u, fmt.Errorf("%w: entry %d is cut off or has a name that is too long", errUpload, n+1)
		case f.Number <= last || f.Number > u.To:
			return u, fmt.Errorf("%w: entry %d has number %d, behind %d and up to %d it may be", errUpload, n+1, f.Number, last, u.To)
		}
		last = f.Number
		u.entries = append(u.entries, f)
	}
	return u, nil
}

// uploadReader reads the parts of an upload. After the first fault all it reads is empty.
type uploadReader struct {
	rest   []byte
	failed bool
}

func (r *uploadReader) number() uint64 {
	v, n := binary.Uvarint(r.rest)
	if n <= 0 || r.failed {
		r.failed, r.rest = true, nil
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

func (r *uploadReader) bytes() []byte {
	n := r.number()
	if n > uint64(len(r.rest)) {
		r.failed, r.rest = true, nil
		return nil
	}
	b := r.rest[:n:n]
	r.rest = r.rest[n:]
	return b
}

// name reads a name as subjects take it.
func (r *uploadReader) name() []byte {
	b := r.bytes()
	if len(b) > maxName {
		r.failed, r.rest = true, nil
		return nil
	}
	return b
}
