package uajson

import (
	"math"
	"unsafe"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// shape is the size of an array that is about to be read.
type shape struct {
	at   uint32 // the node of the array
	n    int    // of elements, all dimensions together
	rank int    // how deep the arrays nest
	dims []int32
}

// maxRank is how many dimensions a matrix may have.
const maxRank = 32

// shapeOf finds the size of an array: nested arrays of the same lengths are a matrix, and so is one row with dims.
func (r *reader) shapeOf(i, dims uint32) (s shape, ok bool) {
	if dims != 0 {
		return r.shapeBy(i, dims)
	}
	var lengths [maxRank]int32
	rank := 0
	for j := i; rank < maxRank && r.kind(j) == kindArray; j++ {
		lengths[rank] = int32(r.count(j))
		if rank++; lengths[rank-1] == 0 {
			break
		}
	}
	s = shape{at: i, n: 1, rank: r.uniform(i, lengths[:rank])}
	for _, length := range lengths[:s.rank] {
		s.n *= int(length)
	}
	if s.rank > 1 {
		s.dims = r.pool.dims.take(s.rank)
		copy(s.dims, lengths[:s.rank])
	}
	return s, true
}

// uniform is how deep all arrays in i have these lengths. It looks at each value once.
func (r *reader) uniform(i uint32, lengths []int32) int {
	if r.kind(i) != kindArray || r.count(i) != int(lengths[0]) {
		return 0
	}
	levels := len(lengths)
	for j, end := i+1, r.next(i); j < end && levels > 1; j = r.next(j) {
		levels = min(levels, 1+r.uniform(j, lengths[1:levels]))
	}
	return levels
}

// maxEmptyRows bounds the other dimensions of a matrix in which one is 0: no elements stand for them, but who prints the matrix
// walks through them.
const maxEmptyRows = 1 << 16

// shapeBy takes the dimensions from the node dims; the elements stand in one row.
func (r *reader) shapeBy(i, dims uint32) (s shape, ok bool) {
	s = shape{at: i, n: r.count(i), rank: 1}
	switch {
	case r.kind(dims) == kindNull:
		return s, true
	case r.kind(dims) != kindArray:
		return s, false
	}
	n := r.count(dims)
	if n < 2 {
		return s, true
	}
	s.dims = r.pool.dims.take(n)
	product, rows := uint64(1), uint64(1)
	for k, j := 0, dims+1; k < n; k, j = k+1, r.next(j) {
		d, ok := r.unsigned(j)
		if !ok || d > math.MaxInt32 {
			return s, false
		}
		s.dims[k] = int32(d)
		product *= d
		if rows *= max(d, 1); rows > math.MaxInt32 {
			return s, false
		}
	}
	return s, product == uint64(s.n) && (product > 0 || rows <= maxEmptyRows)
}

// fill reads the elements of an array one by one.
func fill[T model.Element](r *reader, a *arena[T], s shape, one func(*reader, uint32) (T, bool)) (model.Variant, bool) {
	elements := a.take(s.n)
	if _, ok := fillRows(r, elements, s.at, s.rank, one); !ok {
		return model.Variant{}, false
	}
	return model.ArrayValueIn(r.pool.headers.one(model.ArrayHeader{}), elements, s.dims), true
}

func fillRows[T any](r *reader, elements []T, i uint32, rank int, one func(*reader, uint32) (T, bool)) (n int, ok bool) {
	for j, end := i+1, r.next(i); j < end; j = r.next(j) {
		if rank > 1 {
			m, ok := fillRows(r, elements[n:], j, rank-1, one)
			if !ok {
				return n, false
			}
			n += m
			continue
		}
		if elements[n], ok = one(r, j); !ok {
			r.missed = max(r.missed, j) // what is deeper within was noted already
			return n, false
		}
		n++
	}
	return n, true
}

// array reads an array of type t.
func (r *reader) array(i uint32, t model.BuiltInType, dims uint32) (model.Variant, bool) {
	s, ok := r.shapeOf(i, dims)
	if !ok {
		return r.miss(dims)
	}
	p := &r.pool
	r.missed = 0
	switch t {
	case model.TypeBoolean:
		return fill(r, &p.booleans, s, (*reader).boolean)
	case model.TypeSByte:
		return fill(r, &p.sbytes, s, signed[int8])
	case model.TypeByte:
		return fill(r, &p.bytes, s, unsigned[uint8])
	case model.TypeInt16:
		return fill(r, &p.int16s, s, signed[int16])
	case model.TypeUInt16:
		return fill(r, &p.uint16s, s, unsigned[uint16])
	case model.TypeInt32:
		return fill(r, &p.int32s, s, signed[int32])
	case model.TypeUInt32:
		return fill(r, &p.uint32s, s, unsigned[uint32])
	case model.TypeInt64:
		return fill(r, &p.int64s, s, (*reader).integer)
	case model.TypeUInt64:
		return fill(r, &p.uint64s, s, (*reader).unsigned)
	case model.TypeFloat:
		return fill(r, &p.floats, s, func(r *reader, i uint32) (float32, bool) {
			f, ok := r.float(i)
			return float32(f), ok
		})
	case model.TypeDouble:
		return fill(r, &p.doubles, s, (*reader).float)
	case model.TypeString:
		return fill(r, &p.strings, s, (*reader).string)
	case model.TypeDateTime:
		return fill(r, &p.dateTimes, s, (*reader).dateTime)
	case model.TypeByteString:
		return fill(r, &p.byteStrings, s, (*reader).byteString)
	case model.TypeStatusCode:
		return fill(r, &p.statusCodes, s, (*reader).statusCode)
	}
	return r.compositeArray(t, s)
}

// compositeArray reads an array of a type that a Variant points to.
func (r *reader) compositeArray(t model.BuiltInType, s shape) (model.Variant, bool) {
	p := &r.pool
	switch t {
	case model.TypeXMLElement:
		return fill(r, &p.xmlElements, s, func(r *reader, i uint32) (model.XMLElement, bool) {
			t, ok := r.string(i)
			return model.XMLElement(t), ok
		})
	case model.TypeGUID:
		return fill(r, &p.guids, s, (*reader).guid)
	case model.TypeNodeID:
		if v, ok := fill(r, &p.nodeIDs, s, (*reader).nodeID); ok {
			return v, true
		}
		return fill(r, &p.expandedNodeIDs, s, (*reader).expandedNodeID) // NodeIds have no room for a URI
	case model.TypeExpandedNodeID:
		return fill(r, &p.expandedNodeIDs, s, (*reader).expandedNodeID)
	case model.TypeQualifiedName:
		return fill(r, &p.qualifiedNames, s, (*reader).qualifiedName)
	case model.TypeLocalizedText:
		return fill(r, &p.localizedTexts, s, (*reader).localizedText)
	case model.TypeExtensionObject:
		return fill(r, &p.extensionObjects, s, (*reader).extensionObject)
	case model.TypeDataValue:
		return fill(r, &p.dataValues, s, (*reader).dataValueOf)
	case model.TypeVariant:
		return fill(r, &p.variants, s, (*reader).untyped)
	case model.TypeDiagnosticInfo:
		return fill(r, &p.diagnosticInfos, s, (*reader).diagnosticInfo)
	}
	return r.miss(s.at)
}

func signed[T int8 | int16 | int32](r *reader, i uint32) (T, bool) {
	var t T
	n, ok := r.signedIn(i, 8*uint(unsafe.Sizeof(t)))
	return T(n), ok
}

func unsigned[T uint8 | uint16 | uint32](r *reader, i uint32) (T, bool) {
	var t T
	n, ok := r.unsignedIn(i, 8*uint(unsafe.Sizeof(t)))
	return T(n), ok
}
