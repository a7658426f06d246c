package bus

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// An upload is what a gateway's Forwarder sends to the core's Receiver at a time: entries in the order in which they were buffered, behind a
// byte for the version. An entry is its content type, number, group, writer and data; numbers are uvarints, texts and data have their length as
// a uvarint before them.

const (
	uploadVersion = 1
	// maxUploadEntries is the most entries of one upload.
	maxUploadEntries = 1000
	// contentMeta marks a document with DataSetMetaData in a buffer and an upload.
	contentMeta = "application/opcua+json;metadata"
	// uploadRoom is what an upload may take of a message besides the data of its entries.
	uploadRoom = 2 << 10
)

var errUpload = errors.New("upload cannot be read")

// uploadSize is the most that appendUpload adds for f.
func uploadSize(f *Frame) int {
	return len(f.ContentType) + len(f.Group) + len(f.Writer) + len(f.Data) + 5*binary.MaxVarintLen64
}

// appendUpload appends an entry with the frame's number, names, content type and data. The first one begins with an empty dst.
func appendUpload(dst []byte, f *Frame, number uint64) []byte {
	if len(dst) == 0 {
		dst = append(dst, uploadVersion)
	}
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

// parseUpload appends the entries of an upload to dst. Their data are parts of body. Numbers rise from one to the next.
func parseUpload(dst []Frame, body []byte) ([]Frame, error) {
	if len(body) == 0 || body[0] != uploadVersion {
		return dst, fmt.Errorf("%w: version is not %d: update the core before its gateways", errUpload, uploadVersion)
	}
	r := uploadReader{rest: body[1:]}
	last := uint64(0)
	for n := 0; len(r.rest) > 0; n++ {
		if n == maxUploadEntries {
			return dst, fmt.Errorf("%w: more than %d entries", errUpload, maxUploadEntries)
		}
		f := Frame{ContentType: string(r.bytes()), Number: r.number(), Group: string(r.name()), Writer: string(r.name()), Data: r.bytes()}
		switch {
		case r.failed:
			return dst, fmt.Errorf("%w: entry %d is cut off or has a name that is too long", errUpload, n+1)
		case f.Number <= last:
			return dst, fmt.Errorf("%w: entry %d has number %d behind %d", errUpload, n+1, f.Number, last)
		}
		last = f.Number
		dst = append(dst, f)
	}
	return dst, nil
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
