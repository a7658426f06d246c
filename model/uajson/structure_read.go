package uajson

import (
	"encoding/binary"
	"fmt"
	"math"
	"strconv"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// maxStructureDepth is how deep structures and Variants may nest (Part 6, 5.1.8).
const maxStructureDepth = 100

// maxMissing is how many types that are not described are told of one structure.
const maxMissing = 100

// structureReader reads a structure in the binary encoding and appends its JSON to out. Its error is sticky.
type structureReader struct {
	codec *StructureCodec
	buf   []byte
	off   int
	depth int
	out   []byte
	limit int // of the length of out
	// missing are the encodings of structures within that are not described, at most maxMissing.
	missing []model.ExpandedNodeID
	err     error
}

func (r *structureReader) failf(reason error, format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf("%w: "+format, append([]any{reason}, args...)...)
	}
}

// take returns the next n bytes, or nil and fails.
func (r *structureReader) take(n int) []byte {
	if r.err != nil {
		return nil
	}
	if n < 0 || n > len(r.buf)-r.off {
		r.failf(ErrMalformed, "the body ends too early")
		return nil
	}
	b := r.buf[r.off : r.off+n : r.off+n]
	r.off += n
	return b
}

func (r *structureReader) uint8() uint8 {
	if b := r.take(1); len(b) == 1 {
		return b[0]
	}
	return 0
}

func (r *structureReader) uint16() uint16 {
	if b := r.take(2); len(b) == 2 {
		return binary.LittleEndian.Uint16(b)
	}
	return 0
}

func (r *structureReader) uint32() uint32 {
	if b := r.take(4); len(b) == 4 {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

func (r *structureReader) uint64() uint64 {
	if b := r.take(8); len(b) == 8 {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

// bytes reads a String or ByteString, nil for a null one.
func (r *structureReader) bytes() []byte {
	n := int32(r.uint32())
	if n == -1 || r.err != nil {
		return nil
	}
	return r.take(int(n))
}

// enter goes one level deeper; leave goes back. It also sees to it that the JSON does not grow without bounds.
func (r *structureReader) enter() bool {
	switch {
	case r.err != nil:
		return false
	case r.depth >= maxStructureDepth:
		r.failf(ErrLimit, "nested over %d deep", maxStructureDepth)
		return false
	case len(r.out) > r.limit:
		r.failf(ErrLimit, "over %d bytes of JSON", maxStructureJSON)
		return false
	}
	r.depth++
	return true
}

func (r *structureReader) leave() { r.depth-- }

func (r *structureReader) text(s string) { r.out = append(r.out, s...) }

// structure reads one value of type t.
func (r *structureReader) structure(t *structureType) {
	r.out = append(r.out, '{')
	r.structureMembers(t)
	r.out = append(r.out, '}')
}

// structureMembers reads the members of a structure (Part 6, 5.2.6 to 5.2.8).
func (r *structureReader) structureMembers(t *structureType) {
	if !r.enter() {
		return
	}
	defer r.leave()
	switch t.form {
	case model.StructureUnion, model.StructureUnionSubtypedValues:
		r.union(t)
		return
	}
	var mask uint32
	if t.form == model.StructureWithOptionalFields {
		mask = r.uint32()
	}
	for i := range t.members {
		m := &t.members[i]
		if m.bit != 0 && mask&m.bit == 0 {
			continue
		}
		mask &^= m.bit
		if r.err != nil {
			return
		}
		r.member(m)
	}
	if mask != 0 {
		r.failf(ErrMalformed, "optional members 0x%x that type %s does not have", mask, t.name)
	}
}

// union reads the number of the member that is there and that member.
func (r *structureReader) union(t *structureType) {
	n := r.uint32()
	switch {
	case n == 0 || r.err != nil:
	case uint64(n) > uint64(len(t.members)):
		r.failf(ErrMalformed, "member %d of the %d of union %s", n, len(t.members), t.name)
	default:
		r.member(&t.members[n-1])
	}
}

// member reads a member with its name.
func (r *structureReader) member(m *structureMember) {
	if m.unknown != "" {
		r.failf(ErrType, "member %s has the type %s, which is not described", m.name, m.unknown)
		return
	}
	r.out = append(comma(r.out), m.name...)
	switch {
	case m.rank == model.ValueRankScalar:
		r.one(m)
	case m.rank <= 1:
		r.array(m)
	default:
		r.matrix(m)
	}
}

func (r *structureReader) one(m *structureMember) {
	if m.structure != nil {
		r.structure(m.structure)
		return
	}
	r.scalar(m.builtIn)
}

// array reads the elements of an array (Part 6, 5.2.5).
func (r *structureReader) array(m *structureMember) {
	n := int32(r.uint32())
	if n == -1 {
		r.text("null")
		return
	}
	r.elements(m, uint64(uint32(n)))
}

func (r *structureReader) elements(m *structureMember, n uint64) {
	if r.err != nil {
		return
	}
	if n > uint64(len(r.buf)-r.off) { // each takes a byte at least, or says nothing
		r.failf(ErrMalformed, "an array of %d elements with %d bytes left", n, len(r.buf)-r.off)
		return
	}
	r.out = append(r.out, '[')
	for i := uint64(0); i < n && r.err == nil; i++ {
		if i > 0 {
			r.out = append(r.out, ',')
		}
		r.one(m)
	}
	r.out = append(r.out, ']')
}

// matrix reads a matrix: its dimensions and then its elements (Part 6, 5.2.5, Table 22).
func (r *structureReader) matrix(m *structureMember) {
	count := int32(r.uint32())
	if count <= 0 || r.err != nil {
		r.text("null")
		return
	}
	dims := r.take(4 * int(min(count, math.MaxInt32/4)))
	n, ok := uint64(1), true
	for i := 0; i < len(dims); i += 4 {
		d := max(int32(binary.LittleEndian.Uint32(dims[i:])), 0)
		if n *= uint64(d); n > math.MaxInt32 {
			ok = false
			n = math.MaxInt32
		}
	}
	if n == 0 {
		ok = true
	}
	if !ok {
		r.failf(ErrMalformed, "a matrix of over %d elements", math.MaxInt32)
	}
	if r.err != nil {
		return
	}
	r.text(`{"Array":`)
	r.elements(m, n)
	r.text(`,"Dimensions":[`)
	for i := 0; i < len(dims); i += 4 {
		r.out = strconv.AppendInt(comma(r.out), int64(int32(binary.LittleEndian.Uint32(dims[i:]))), 10)
	}
	r.text("]}")
}

// object reads an ExtensionObject within a structure: a structure with its type (Part 6, 5.2.2.15). One that is not described stays as
// its bytes.
func (r *structureReader) object() {
	id, encoding := r.expandedNodeID(), r.uint8()
	if r.err != nil || !r.enter() {
		return
	}
	defer r.leave()
	r.out = append(r.out, '{')
	if !id.IsNull() {
		r.out = r.style().expandedNodeID(append(r.out, `"UaTypeId":`...), id)
	}
	switch encoding {
	case 0:
	case 1, 2:
		body := r.bytes()
		t := r.codec.find(id)
		if t == nil && encoding == 1 && len(r.missing) < maxMissing {
			r.missing = append(r.missing, id.Clone())
		}
		if t == nil || encoding == 2 {
			r.out = strconv.AppendUint(append(comma(r.out), `"UaEncoding":`...), uint64(encoding), 10)
			r.out = appendBytes(append(r.out, `,"UaBody":`...), body)
			break
		}
		r.within(body, t)
	default:
		r.failf(ErrMalformed, "encoding %d of a structure", encoding)
	}
	r.out = append(r.out, '}')
}

// within reads the members of a structure whose body is given by its length.
func (r *structureReader) within(body []byte, t *structureType) {
	if r.err != nil {
		return
	}
	outer, end := r.buf, r.off
	r.buf, r.off = r.buf[:end], end-len(body)
	r.structureMembers(t)
	if r.err == nil && r.off != end {
		r.failf(ErrMalformed, "%d bytes more than type %s has", end-r.off, t.name)
	}
	if r.buf = outer; r.err == nil {
		r.off = end
	}
}
