package uadp

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// maxDepth is how deep Variants, DataValues and DiagnosticInfos may nest; the standard asks for 100 (Part 6, 5.1.8).
const maxDepth = 100

// reader is a cursor over a frame with a sticky error: after the first one all reads give zeros and the cursor stays.
type reader struct {
	buf   []byte
	off   int
	depth int
	// padTo is the size to which strings are padded in RawData, else 0.
	padTo int
	// namespaces, if there are any, take the place of namespace indices in values.
	namespaces model.NamespaceTable
	err        error
	pool       pool
}

// fail keeps the first error.
func (r *reader) fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

func (r *reader) failf(reason error, format string, args ...any) {
	r.fail(fmt.Errorf("%w: "+format, append([]any{reason}, args...)...))
}

func (r *reader) truncated() {
	r.fail(ErrTruncated)
}

// left is the number of bytes not yet read; 0 after an error.
func (r *reader) left() int {
	if r.err != nil {
		return 0
	}
	return len(r.buf) - r.off
}

// take returns the next n bytes, or nil and fails.
func (r *reader) take(n int) []byte {
	if n < 0 || n > r.left() {
		r.truncated()
		return nil
	}
	b := r.buf[r.off : r.off+n : r.off+n]
	r.off += n
	return b
}

func (r *reader) uint8() uint8 {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *reader) uint16() uint16 {
	if b := r.take(2); b != nil {
		return binary.LittleEndian.Uint16(b)
	}
	return 0
}

func (r *reader) uint32() uint32 {
	if b := r.take(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

func (r *reader) uint64() uint64 {
	if b := r.take(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

func (r *reader) bool() bool       { return r.uint8() != 0 }
func (r *reader) float32() float32 { return math.Float32frombits(r.uint32()) }
func (r *reader) float64() float64 { return math.Float64frombits(r.uint64()) }

// count reads the length of an array or a string. Each element takes at least size bytes, which bounds what a hostile length
// can make us allocate. -1, the null array, is returned as it is (Part 6, 5.2.5).
func (r *reader) count(size int) int {
	n := int(int32(r.uint32()))
	switch {
	case n < -1:
		r.failf(ErrMalformed, "length %d", n)
		return 0
	case n > 0 && n > r.left()/size:
		r.failf(ErrTruncated, "length %d with %d bytes left", n, r.left())
		return 0
	}
	return n
}

// bytes reads a ByteString, nil for a null one. The slice is the frame's memory.
func (r *reader) bytes() []byte {
	n := r.count(1)
	if n < 0 {
		r.take(r.padTo)
		return nil
	}
	b := r.take(n)
	if r.padTo > n {
		r.take(r.padTo - n)
	}
	return b
}

// string reads a String, "" also for a null one. It is the frame's memory.
func (r *reader) string() string { return alias(r.bytes()) }

func (r *reader) xmlElement() model.XMLElement { return model.XMLElement(r.string()) }

// enter goes one level deeper into nested values; leave goes back.
func (r *reader) enter() bool {
	if r.depth >= maxDepth {
		r.failf(ErrLimit, "nested over %d deep", maxDepth)
		return false
	}
	r.depth++
	return true
}

func (r *reader) leave() { r.depth-- }
