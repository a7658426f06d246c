package uadp

import (
	"math"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// RawField is what a reader must know of a field to read it from RawData, taken from the DataSet's metadata (Part 14,
// 7.2.4.5.11). Other than the standard demands, types without a fixed layout (NodeId, LocalizedText, DataValue …) are read and
// written too; a field of type Variant carries its type itself.
type RawField struct {
	Type model.BuiltInType
	// ValueRank is -1 for a scalar, 1 for an array, more for a matrix. Other ranks do not say what is on the wire.
	ValueRank int32
	// ArrayDimensions are the greatest lengths of an array's dimensions, to which it is padded; nil or a 0 for no padding.
	ArrayDimensions []uint32
	// MaxStringLength is the number of bytes to which a String, XmlElement or ByteString is padded; 0 for no padding.
	MaxStringLength uint32
}

// maxPadding is the most zeros that are written in one place, a bound on what wrong metadata can make of a small value.
const maxPadding = 1 << 24

// padTo is the size to which the bytes of each string of the field are padded, else 0.
func (f *RawField) padTo() int {
	switch f.Type {
	case model.TypeString, model.TypeByteString, model.TypeXMLElement:
		return int(min(f.MaxStringLength, math.MaxInt32))
	}
	return 0
}

// elementSize is the number of bytes of each element, or 0 if it varies.
func (f *RawField) elementSize() int {
	switch f.Type {
	case model.TypeString, model.TypeByteString, model.TypeXMLElement:
		if f.padTo() == 0 {
			return 0
		}
		return 4 + f.padTo()
	case model.TypeNodeID, model.TypeExpandedNodeID, model.TypeQualifiedName, model.TypeLocalizedText, model.TypeExtensionObject,
		model.TypeDataValue, model.TypeVariant, model.TypeDiagnosticInfo:
		return 0
	}
	return minSize(f.Type)
}

// capacity is the number of elements to which the array is padded, or 0 if it is not. It is no more than what fits a frame.
func (f *RawField) capacity() int {
	if len(f.ArrayDimensions) != int(f.ValueRank) || f.elementSize() == 0 {
		return 0
	}
	n := uint64(1)
	for _, d := range f.ArrayDimensions {
		if n *= uint64(d); n > math.MaxInt32 {
			return math.MaxInt32
		}
	}
	return int(n)
}

// AppendRawField appends the value of a field in RawData (Part 14, 7.2.4.5.11) to dst and returns the result. Strings and
// arrays are padded with zeros to the size that f gives; a null value goes out as its type's null or zero. A value of another
// type than f's is ErrType, one that is longer than f allows ErrLimit; dst is then returned as it was.
func AppendRawField(dst []byte, v model.Variant, f *RawField) ([]byte, error) {
	e := encoder{buf: dst}
	e.rawField(v, f)
	return e.finish(dst)
}

// rankOf is the ValueRank that v has.
func rankOf(v model.Variant) int32 {
	if !v.IsArray() {
		return model.ValueRankScalar
	}
	return int32(max(1, len(v.Dimensions())))
}

func (e *encoder) rawField(v model.Variant, f *RawField) {
	if f.Type == model.TypeVariant && f.ValueRank == model.ValueRankScalar {
		e.variant(v)
		return
	}
	null := v.Type() == model.TypeNull
	switch {
	case !f.Type.Valid():
		e.failf(ErrType, "field of type %v has no raw form", f.Type)
	case !null && v.Type() != f.Type:
		e.failf(ErrType, "value of type %v in a field of type %v", v.Type(), f.Type)
	case !null && rankOf(v) != f.ValueRank:
		e.failf(ErrType, "value of rank %d in a field of rank %d", rankOf(v), f.ValueRank)
	}
	if e.err != nil {
		return
	}
	e.padTo = f.padTo()
	switch {
	case f.ValueRank >= 1:
		e.rawArray(v, f)
	case f.ValueRank != model.ValueRankScalar:
		e.failf(ErrType, "field of rank %d has no raw form; want -1, 1 or more", f.ValueRank)
	case null:
		e.zero(f.Type)
	default:
		e.scalar(v)
	}
	e.padTo = 0
}

// zero appends the null or zero of a type.
func (e *encoder) zero(t model.BuiltInType) {
	switch t {
	case model.TypeString, model.TypeByteString, model.TypeXMLElement:
		e.nullString()
	case model.TypeQualifiedName:
		e.qualifiedName(model.QualifiedName{})
	default:
		e.zeros(minSize(t))
	}
}

// rawArray appends an array as a field of a structure (Part 6, 5.2.5) and pads it.
func (e *encoder) rawArray(v model.Variant, f *RawField) {
	n := v.Len()
	if f.ValueRank == 1 {
		e.array(v)
	} else {
		dims := v.Dimensions()
		if !v.IsNull() && !e.checkDimensions(v) {
			return
		}
		e.length(int(f.ValueRank))
		for _, d := range dims {
			e.uint32(uint32(d))
		}
		e.zeros(4 * (int(f.ValueRank) - len(dims))) // the dimensions of a null
		e.elements(v)
	}
	if c := f.capacity(); c > 0 {
		if n > c {
			e.failf(ErrLimit, "%d elements, more than the field's ArrayDimensions %v", n, f.ArrayDimensions)
			return
		}
		e.zeros((c - n) * f.elementSize())
	}
}

// rawField reads a field from RawData.
func (r *reader) rawField(f *RawField) model.Variant {
	r.padTo = f.padTo()
	var v model.Variant
	switch {
	case f.Type == model.TypeVariant && f.ValueRank == model.ValueRankScalar:
		v = r.variant()
	case !f.Type.Valid():
		r.failf(ErrType, "field of type %v has no raw form", f.Type)
	case f.ValueRank >= 1:
		v = r.rawArray(f)
	case f.ValueRank != model.ValueRankScalar:
		r.failf(ErrType, "field of rank %d has no raw form; want -1, 1 or more", f.ValueRank)
	default:
		v = r.scalar(f.Type)
	}
	r.padTo = 0
	return v
}

// rawArray reads an array as a field of a structure and skips its padding.
func (r *reader) rawArray(f *RawField) model.Variant {
	size := max(minSize(f.Type), f.elementSize())
	var s shape
	if f.ValueRank == 1 {
		s.n = r.count(size)
	} else {
		s = r.matrixShape(int(f.ValueRank), size)
	}
	if r.err != nil {
		return model.Variant{}
	}
	v := model.NullArrayValue(f.Type)
	if s.n >= 0 {
		v = r.elements(f.Type, s)
	}
	if c := f.capacity(); c > 0 {
		n := max(s.n, 0)
		if n > c {
			r.failf(ErrMalformed, "%d elements, more than the field's ArrayDimensions %v", n, f.ArrayDimensions)
			return model.Variant{}
		}
		r.take((c - n) * f.elementSize())
	}
	return v
}

// matrixShape reads the dimensions that stand before the elements of a matrix (Part 6, 5.2.5, Table 22).
func (r *reader) matrixShape(rank, size int) shape {
	count := r.count(4)
	if r.err != nil {
		return shape{}
	}
	if count != rank {
		r.failf(ErrMalformed, "%d dimensions in a field of rank %d", count, rank)
		return shape{}
	}
	dims := r.pool.dims.take(count)
	for i := range dims {
		dims[i] = max(int32(r.uint32()), 0)
	}
	n, ok := product(dims)
	if !ok || n > r.left()/size {
		r.failf(ErrTruncated, "matrix %v with %d bytes left", dims, r.left())
		return shape{}
	}
	return shape{n: n, dims: dims}
}
