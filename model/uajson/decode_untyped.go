package uajson

import (
	"github.com/shopfloor-iiot/shopfloor/model"
)

// untyped reads a value whose type nothing tells but itself: a Variant of 1.04 or 1.05 carries its type; else it follows the JSON.
func (r *reader) untyped(i uint32) (model.Variant, bool) {
	switch r.kind(i) {
	case kindNull:
		return model.Variant{}, true
	case kindFalse, kindTrue:
		return model.BooleanValue(r.kind(i) == kindTrue), true
	case kindInteger:
		raw := r.raw(i)
		if n, ok := parseInt(raw); ok {
			return model.Int64Value(n), true
		}
		if n, ok := parseUint(raw); ok {
			return model.UInt64Value(n), true
		}
		f, _ := parseFloat(raw)
		return model.DoubleValue(f), true
	case kindNumber:
		f, _ := parseFloat(r.raw(i))
		return model.DoubleValue(f), true
	case kindString:
		return model.StringValue(r.text(i)), true
	case kindArray:
		return r.untypedArray(i, 0)
	}
	m := r.members(i)
	return r.untypedObject(i, &m)
}

// untypedObject reads an object: a Variant, a StatusCode, a matrix or else a structure.
func (r *reader) untypedObject(i uint32, m *members) (model.Variant, bool) {
	if v, is, ok := r.variantOf(m); is {
		return v, ok
	}
	switch {
	case m.only(maskStatusCode) && m.has(memberCode) && r.kind(m.at[memberCode]) == kindInteger:
		return r.scalar(i, model.TypeStatusCode)
	case m.only(maskMatrix) && m.has(memberArray) && m.has(memberDimensions) && r.kind(m.at[memberArray]) == kindArray:
		return r.untypedArray(m.at[memberArray], m.at[memberDimensions])
	}
	return r.composite(i, model.TypeExtensionObject)
}

// variantOf reads an object that is a Variant with its type; is tells whether it is one.
func (r *reader) variantOf(m *members) (v model.Variant, is, ok bool) {
	value, typ := m.at[memberValue], m.at[memberUaType]
	switch {
	case m.has(memberUaType) && m.only(maskVariant):
	case m.has(memberType) && m.only(maskOldVariant):
		value, typ = m.at[memberBody], m.at[memberType]
	default:
		return v, false, false
	}
	t, known := r.builtInType(typ)
	if !known {
		return v, false, false
	}
	v, ok = r.value(value, t, m.at[memberDimensions])
	return v, true, ok
}

// value reads what a Variant of type t holds; i is 0 if nothing is written.
func (r *reader) value(i uint32, t model.BuiltInType, dims uint32) (model.Variant, bool) {
	switch {
	case t == model.TypeNull:
		return model.Variant{}, true
	case i != 0:
		return r.typed(i, t, dims)
	case dims != 0:
		return model.NullArrayValue(t), true
	}
	return r.zero(t), true
}

// builtInType reads the number or the name of a type, as "Double", or "Guid".
func (r *reader) builtInType(i uint32) (model.BuiltInType, bool) {
	switch r.kind(i) {
	case kindInteger:
		n, ok := parseUint(r.raw(i))
		return model.BuiltInType(n), ok && n <= uint64(model.TypeDiagnosticInfo)
	case kindString:
		switch name := alias(r.raw(i)); name {
		case "ExtensionObject":
			return model.TypeExtensionObject, true
		case "Variant":
			return model.TypeVariant, true
		default:
			for t := model.TypeNull; t <= model.TypeDiagnosticInfo; t++ {
				if t.String() == name {
					return t, true
				}
			}
		}
	}
	return 0, false
}

// kinds is a set of kinds.
type kinds uint16

func (s kinds) only(k ...kind) bool {
	for _, k := range k {
		s &^= 1 << k
	}
	return s == 0
}

// leafKinds are the kinds of the values that are rank arrays deep in i.
func (r *reader) leafKinds(i uint32, rank int) (s kinds) {
	for j, end := i+1, r.next(i); j < end; j = r.next(j) {
		if rank > 1 {
			s |= r.leafKinds(j, rank-1)
		} else {
			s |= 1 << r.kind(j)
		}
	}
	return s
}

// untypedArray reads an array of one kind of value as an array of it, any other as an array of Variants.
func (r *reader) untypedArray(i, dims uint32) (model.Variant, bool) {
	s, ok := r.shapeOf(i, dims)
	if !ok {
		return r.miss(dims)
	}
	p := &r.pool
	switch set := r.leafKinds(i, s.rank); {
	case set == 0:
		return fill(r, &p.variants, s, (*reader).untyped)
	case set.only(kindFalse, kindTrue):
		return fill(r, &p.booleans, s, (*reader).boolean)
	case set.only(kindInteger):
		return r.integers(s)
	case set.only(kindInteger, kindNumber):
		return fill(r, &p.doubles, s, (*reader).float)
	case set.only(kindString, kindNull) && !set.only(kindNull):
		return fill(r, &p.strings, s, (*reader).string)
	case set.only(kindObject) && r.allStructures(i, s.rank):
		return fill(r, &p.extensionObjects, s, (*reader).extensionObject)
	}
	return fill(r, &p.variants, s, (*reader).untyped)
}

// integers reads integers as Int64, as UInt64 if those are too small, and as Double if those are too.
func (r *reader) integers(s shape) (model.Variant, bool) {
	if v, ok := fill(r, &r.pool.int64s, s, (*reader).integer); ok {
		return v, true
	}
	if v, ok := fill(r, &r.pool.uint64s, s, (*reader).unsigned); ok {
		return v, true
	}
	return fill(r, &r.pool.doubles, s, (*reader).float)
}

// allStructures tells whether untyped would take all objects that are rank arrays deep in i for structures.
func (r *reader) allStructures(i uint32, rank int) bool {
	for j, end := i+1, r.next(i); j < end; j = r.next(j) {
		if rank > 1 {
			if !r.allStructures(j, rank-1) {
				return false
			}
			continue
		}
		m := r.members(j)
		if m.only(maskVariant) || m.only(maskOldVariant) || m.only(maskStatusCode) || m.only(maskMatrix) {
			return false
		}
	}
	return true
}
