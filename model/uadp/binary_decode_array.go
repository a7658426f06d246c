package uadp

import (
	"encoding/binary"
	"math"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// sizes are the least numbers of bytes that values of each type take on the wire; those of numbers are exact.
var sizes = [...]uint8{
	model.TypeBoolean: 1, model.TypeSByte: 1, model.TypeByte: 1, model.TypeInt16: 2, model.TypeUInt16: 2, model.TypeInt32: 4,
	model.TypeUInt32: 4, model.TypeInt64: 8, model.TypeUInt64: 8, model.TypeFloat: 4, model.TypeDouble: 8, model.TypeString: 4,
	model.TypeDateTime: 8, model.TypeGUID: 16, model.TypeByteString: 4, model.TypeXMLElement: 4, model.TypeNodeID: 2,
	model.TypeExpandedNodeID: 2, model.TypeStatusCode: 4, model.TypeQualifiedName: 6, model.TypeLocalizedText: 1,
	model.TypeExtensionObject: 3, model.TypeDataValue: 1, model.TypeVariant: 1, model.TypeDiagnosticInfo: 1,
}

// minSize is the least number of bytes that a value of a built-in type takes.
func minSize(t model.BuiltInType) int { return int(sizes[t]) }

// shape is the size of an array that is about to be read.
type shape struct {
	n int
	// dims are the dimensions of a matrix when they stand before the elements.
	dims []int32
	// dimsFollow tells that the dimensions stand after the elements.
	dimsFollow bool
}

// variantArray reads the array of a Variant: length, elements and, if it is a matrix, its dimensions (Part 6, 5.2.2.16).
func (r *reader) variantArray(t model.BuiltInType, matrix bool) model.Variant {
	n := r.count(minSize(t))
	switch {
	case r.err != nil:
		return model.Variant{}
	case n < 0 && matrix:
		r.dimensions(0)
		return model.NullArrayValue(t)
	case n < 0:
		return model.NullArrayValue(t)
	}
	return r.elements(t, shape{n: n, dimsFollow: matrix})
}

// dimensions reads the dimensions of a matrix of n elements.
func (r *reader) dimensions(n int) []int32 {
	count := r.count(4)
	if count <= 0 {
		return nil
	}
	dims := r.pool.dims.take(count)
	integers32(dims, r.take(4*count))
	if size, ok := product(dims); !ok || size != n {
		r.failf(ErrMalformed, "%d dimensions of %d elements do not match", count, n)
		return nil
	}
	return dims
}

// maxEmptyRows bounds the other dimensions of a matrix in which one is 0: no elements stand for them, but who prints the matrix
// walks through them.
const maxEmptyRows = 1 << 16

// product multiplies dimensions; ok is false if one is negative, the product is no Int32, or there are too many empty rows.
func product(dims []int32) (n int, ok bool) {
	n, rows := 1, 1
	for _, d := range dims {
		if d < 0 || rows > math.MaxInt32/int(max(d, 1)) {
			return 0, false
		}
		n *= int(d)
		rows *= int(max(d, 1))
	}
	return n, n > 0 || rows <= maxEmptyRows
}

// elements reads the elements of an array of type t. The caller has checked that s.n of the least size are there.
func (r *reader) elements(t model.BuiltInType, s shape) model.Variant {
	p, n := &r.pool, s.n
	switch t {
	case model.TypeBoolean:
		e := p.booleans.take(n)
		for i, b := range r.take(n) {
			e[i] = b != 0
		}
		return finish(r, e, s)
	case model.TypeSByte:
		e := p.sbytes.take(n)
		for i, b := range r.take(n) {
			e[i] = int8(b)
		}
		return finish(r, e, s)
	case model.TypeByte:
		return finish(r, r.take(n), s)
	case model.TypeInt16:
		return finish(r, integers16(p.int16s.take(n), r.take(2*n)), s)
	case model.TypeUInt16:
		return finish(r, integers16(p.uint16s.take(n), r.take(2*n)), s)
	case model.TypeInt32:
		return finish(r, integers32(p.int32s.take(n), r.take(4*n)), s)
	case model.TypeUInt32:
		return finish(r, integers32(p.uint32s.take(n), r.take(4*n)), s)
	case model.TypeStatusCode:
		return finish(r, integers32(p.statusCodes.take(n), r.take(4*n)), s)
	case model.TypeInt64:
		return finish(r, integers64(p.int64s.take(n), r.take(8*n)), s)
	case model.TypeUInt64:
		return finish(r, integers64(p.uint64s.take(n), r.take(8*n)), s)
	case model.TypeDateTime:
		return finish(r, integers64(p.dateTimes.take(n), r.take(8*n)), s)
	case model.TypeFloat:
		e, b := p.floats.take(n), r.take(4*n)
		for i := range e {
			e[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
		}
		return finish(r, e, s)
	case model.TypeDouble:
		e, b := p.doubles.take(n), r.take(8*n)
		for i := range e {
			e[i] = math.Float64frombits(binary.LittleEndian.Uint64(b[8*i:]))
		}
		return finish(r, e, s)
	}
	return r.compositeElements(t, s)
}

// compositeElements reads the elements of the types whose size varies, and of Guid.
func (r *reader) compositeElements(t model.BuiltInType, s shape) model.Variant {
	p, n := &r.pool, s.n
	switch t {
	case model.TypeString:
		return finish(r, fill(r, p.strings.take(n), (*reader).string), s)
	case model.TypeByteString:
		return finish(r, fill(r, p.byteStrings.take(n), (*reader).bytes), s)
	case model.TypeXMLElement:
		return finish(r, fill(r, p.xmlElements.take(n), (*reader).xmlElement), s)
	case model.TypeGUID:
		return finish(r, fill(r, p.guids.take(n), (*reader).guid), s)
	case model.TypeNodeID:
		if r.namespaces != nil {
			return finish(r, fill(r, p.expandedNodeIDs.take(n), (*reader).expandedFromNodeID), s)
		}
		return finish(r, fill(r, p.nodeIDs.take(n), (*reader).nodeID), s)
	case model.TypeExpandedNodeID:
		return finish(r, fill(r, p.expandedNodeIDs.take(n), (*reader).expandedNodeID), s)
	case model.TypeQualifiedName:
		return finish(r, fill(r, p.qualifiedNames.take(n), (*reader).qualifiedName), s)
	case model.TypeLocalizedText:
		return finish(r, fill(r, p.localizedTexts.take(n), (*reader).localizedText), s)
	case model.TypeExtensionObject:
		return finish(r, fill(r, p.extensionObjects.take(n), (*reader).extensionObject), s)
	}
	if !r.enter() {
		return model.Variant{}
	}
	defer r.leave()
	switch t {
	case model.TypeVariant:
		return finish(r, fill(r, p.variants.take(n), (*reader).variant), s)
	case model.TypeDataValue:
		e := p.dataValues.take(n)
		for i := range e {
			r.dataValue(&e[i])
		}
		return finish(r, e, s)
	}
	e := p.diagnosticInfos.take(n)
	for i := range e {
		r.diagnosticInfo(&e[i])
	}
	return finish(r, e, s)
}

// finish makes the Variant of elements that were read.
func finish[T model.Element](r *reader, elements []T, s shape) model.Variant {
	if s.dimsFollow {
		s.dims = r.dimensions(s.n)
	}
	if r.err != nil {
		return model.Variant{}
	}
	return model.ArrayValueIn(r.pool.headers.one(), elements, s.dims)
}

// fill reads elements one by one until all are read or one is wrong.
func fill[T any](r *reader, elements []T, read func(*reader) T) []T {
	for i := range elements {
		elements[i] = read(r)
		if r.err != nil {
			break
		}
	}
	return elements
}

func integers16[T ~int16 | ~uint16](e []T, b []byte) []T {
	for i := range e {
		e[i] = T(binary.LittleEndian.Uint16(b[2*i:]))
	}
	return e
}

func integers32[T ~int32 | ~uint32](e []T, b []byte) []T {
	for i := range e {
		e[i] = T(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return e
}

func integers64[T ~int64 | ~uint64](e []T, b []byte) []T {
	for i := range e {
		e[i] = T(binary.LittleEndian.Uint64(b[8*i:]))
	}
	return e
}
