package model

import "math"

// NumberForm is how a number of one built-in type lies on the wire: little-endian, in its type's number of bytes (Part 6, 5.2.2). With
// it a codec moves numbers between Variants and the wire without a case for each type. The zero NumberForm is that of a type
// that is no number.
type NumberForm struct {
	typ  BuiltInType
	size uint8  // bytes on the wire
	mask uint64 // the bits that they have
	sign uint64 // the highest of them if it is a sign
}

// numberForms are read-only, indexed by any byte, so that looking up needs no check.
var numberForms = [256]NumberForm{
	TypeBoolean:  {TypeBoolean, 1, math.MaxUint8, 0},
	TypeSByte:    {TypeSByte, 1, math.MaxUint8, 1 << 7},
	TypeByte:     {TypeByte, 1, math.MaxUint8, 0},
	TypeInt16:    {TypeInt16, 2, math.MaxUint16, 1 << 15},
	TypeUInt16:   {TypeUInt16, 2, math.MaxUint16, 0},
	TypeInt32:    {TypeInt32, 4, math.MaxUint32, 1 << 31},
	TypeUInt32:   {TypeUInt32, 4, math.MaxUint32, 0},
	TypeInt64:    {TypeInt64, 8, math.MaxUint64, 0},
	TypeUInt64:   {TypeUInt64, 8, math.MaxUint64, 0},
	TypeFloat:    {TypeFloat, 4, math.MaxUint32, 0},
	TypeDouble:   {TypeDouble, 8, math.MaxUint64, 0},
	TypeDateTime: {TypeDateTime, 8, math.MaxUint64, 0},
}

// NumberFormOf returns the form of Boolean, the integers, Float, Double and DateTime, and the zero NumberForm for all other types.
func NumberFormOf(t BuiltInType) NumberForm { return numberForms[t] }

// Size is the number of bytes on the wire; 0 if the type is no number.
func (f NumberForm) Size() int { return int(f.size) }

// Value makes a scalar from the word that begins with the number; what is above the number is ignored. The zero NumberForm makes
// the null Variant.
func (f NumberForm) Value(word uint64) Variant {
	word = (word&f.mask ^ f.sign) - f.sign // repeats the sign in the bits above
	if word > 1 && f.typ == TypeBoolean {
		word = 1
	}
	return Variant{num: word, typ: f.typ}
}

// Word is the reverse of NumberForm.Value: size low bytes of word are the number on the wire. size is 0 when v is no scalar of a type
// that has a NumberForm.
func (v Variant) Word() (word uint64, size int) {
	if v.arr {
		return 0, 0
	}
	return v.num, int(numberForms[v.typ].size)
}
