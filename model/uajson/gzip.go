package uajson

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
)

// DefaultMaxInflated is the size in bytes of the largest message that a compressed frame may hold unless the Decoder says otherwise.
const DefaultMaxInflated = 16 << 20

// isGzip tells whether a frame begins like a gzip member (RFC 1952, 2.3.1).
func isGzip(frame []byte) bool { return len(frame) > 2 && frame[0] == 0x1f && frame[1] == 0x8b }

// inflater unpacks frames into memory that it keeps.
type inflater struct {
	reader *gzip.Reader
	source bytes.Reader
	buf    []byte
	total  uint64
}

// inflate returns what frame holds, if that is no more than limit.
func (f *inflater) inflate(frame []byte, limit int) ([]byte, error) {
	if limit <= 0 {
		limit = DefaultMaxInflated
	}
	f.source.Reset(frame)
	var err error
	if f.reader == nil {
		f.reader, err = gzip.NewReader(&f.source)
	} else {
		err = f.reader.Reset(&f.source)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: gzip: %w", ErrSyntax, err)
	}
	f.buf = f.buf[:0]
	for {
		if len(f.buf) == cap(f.buf) {
			f.buf = append(f.buf, make([]byte, max(4096, cap(f.buf)))...)[:len(f.buf)]
		}
		n, err := f.reader.Read(f.buf[len(f.buf):min(cap(f.buf), limit+1)])
		f.buf = f.buf[:len(f.buf)+n]
		f.total += uint64(n)
		switch {
		case len(f.buf) > limit:
			return nil, fmt.Errorf("%w: a compressed frame of %d bytes holds more than %d", ErrLimit, len(frame), limit)
		case errors.Is(err, io.EOF):
			return f.buf, nil
		case err != nil:
			return nil, fmt.Errorf("%w: gzip: %w", ErrSyntax, err)
		}
	}
}
