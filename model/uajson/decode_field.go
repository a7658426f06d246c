package uajson

import "github.com/shopfloor-iiot/shopfloor/model"

// field reads the value of a field in any of the forms: a DataValue, a Variant with its type, or the bare value, whose type is hint if it
// fits that.
func (r *reader) field(i uint32, hint FieldType, v *model.DataValue) {
	if r.kind(i) != kindObject {
		*v = model.DataValue{Value: r.hinted(i, hint)}
		return
	}
	m := r.members(i)
	switch {
	case m.mask == 0 && (hint.Type == model.TypeNull || hint.Type == model.TypeVariant):
		*v = model.DataValue{}
	case m.only(maskDataValue) && r.isDataValue(&m, hint):
		r.dataValue(i, &m, hint, v)
	case m.only(maskStatusCode) && m.has(memberCode) && hint.Type != model.TypeExtensionObject:
		r.badField(i, hint, v)
	case m.only(maskOldVariant) && m.has(memberType):
		r.variantField(i, &m, hint, v)
	default:
		*v = model.DataValue{Value: r.hinted(i, hint)}
	}
}

// isDataValue tells a DataValue from a structure whose members have the same names.
func (r *reader) isDataValue(m *members, hint FieldType) bool {
	if m.mask == 1<<memberDimensions {
		return false
	}
	if m.has(memberUaType) {
		_, ok := r.builtInType(m.at[memberUaType])
		return ok
	}
	if hint.Type != model.TypeExtensionObject || !m.has(memberValue) {
		return true
	}
	k := r.kind(m.at[memberValue])
	return k >= kindArray || k == kindNull
}

// hinted reads a bare value. The hint may be of metadata older than the message: a value that does not fit it is read without.
func (r *reader) hinted(i uint32, hint FieldType) model.Variant {
	if r.err != nil {
		return model.Variant{}
	}
	if r.kind(i) == kindObject {
		if v, ok := r.ownType(i, hint); ok {
			return v
		}
	}
	if k := r.kind(i); hint.Type == model.TypeDouble && (k == kindInteger || k == kindNumber) {
		f, _ := parseFloat(r.raw(i))
		return model.DoubleValue(f)
	}
	if hint.Type != model.TypeNull && hint.Type != model.TypeVariant {
		if r.kind(i) == kindNull && hint.ValueRank >= 1 {
			return model.NullArrayValue(hint.Type)
		}
		if r.kind(i) == kindNull {
			return model.Variant{}
		}
		if v, ok := r.typed(i, hint.Type, 0); ok {
			return v
		}
	}
	v, ok := r.untyped(i)
	if !ok {
		r.mismatch(i)
	}
	return v
}

// ownType reads a Variant with its type, which is better than a hint. A structure may have members of the same names.
func (r *reader) ownType(i uint32, hint FieldType) (model.Variant, bool) {
	m := r.members(i)
	v, is, ok := r.variantOf(&m)
	switch {
	case !is || hint.Type == model.TypeExtensionObject && v.Type() != hint.Type:
		return v, false
	case !ok:
		r.mismatch(i)
	}
	return v, true
}

// mismatch fails for a value within i that is not of the type that the message gives it.
func (r *reader) mismatch(i uint32) {
	if r.missed < i || r.missed >= r.next(i) {
		r.missed = i
	}
	r.failf(r.missed, ErrType, "the value is not of the type that stands with it")
}

// dataValue reads the members of a DataValue.
func (r *reader) dataValue(i uint32, m *members, hint FieldType, v *model.DataValue) {
	*v = model.DataValue{}
	value, dims := m.at[memberValue], m.at[memberDimensions]
	switch {
	case m.has(memberUaType):
		t, _ := r.builtInType(m.at[memberUaType])
		var ok bool
		if v.Value, ok = r.value(value, t, dims); !ok {
			r.mismatch(i)
		}
	case value == 0:
	case dims != 0 && r.kind(value) == kindArray:
		v.Value = r.matrix(value, dims, hint)
	default:
		v.Value = r.hinted(value, hint)
	}
	if m.mask&maskQuality != 0 {
		r.quality(m, v)
	}
}

// matrix reads a matrix whose dimensions stand beside it.
func (r *reader) matrix(i, dims uint32, hint FieldType) model.Variant {
	if hint.Type != model.TypeNull && hint.Type != model.TypeVariant {
		if v, ok := r.array(i, hint.Type, dims); ok {
			return v
		}
	}
	v, ok := r.untypedArray(i, dims)
	if !ok {
		r.mismatch(dims)
	}
	return v
}

// quality reads the members of a DataValue beside its value.
func (r *reader) quality(m *members, v *model.DataValue) {
	var ok bool
	if i := m.at[memberStatus]; i != 0 {
		if v.Status, ok = r.statusCode(i); !ok {
			r.failf(i, ErrMalformed, "no status code; want a number, a name or {Code, Symbol}")
		}
	}
	if i := m.at[memberSourceTimestamp]; i != 0 {
		if v.SourceTimestamp, ok = r.dateTime(i); !ok {
			r.noTime(i)
		}
	}
	if i := m.at[memberServerTimestamp]; i != 0 {
		if v.ServerTimestamp, ok = r.dateTime(i); !ok {
			r.noTime(i)
		}
	}
	if i := m.at[memberSourcePicoseconds]; i != 0 {
		v.SourcePicoseconds = r.picoseconds(i)
	}
	if i := m.at[memberServerPicoseconds]; i != 0 {
		v.ServerPicoseconds = r.picoseconds(i)
	}
}

func (r *reader) noTime(i uint32) {
	r.failf(i, ErrMalformed, "no time; want ISO 8601 as 2026-01-02T03:04:05Z")
}

const maxPicoseconds = 9999

func (r *reader) picoseconds(i uint32) uint16 {
	n, ok := r.unsigned(i)
	if !ok && r.kind(i) != kindNull {
		r.failf(i, ErrMalformed, "no number of picoseconds")
	}
	return uint16(min(n, maxPicoseconds))
}

// badField reads a StatusCode in place of a value: what the Variant encoding makes of a Bad one, unless the field is a StatusCode.
func (r *reader) badField(i uint32, hint FieldType, v *model.DataValue) {
	c, ok := r.statusCode(i)
	if !ok || hint.Type == model.TypeNull || hint.Type == model.TypeStatusCode || hint.Type == model.TypeVariant {
		*v = model.DataValue{Value: r.hinted(i, hint)}
		return
	}
	*v = model.DataValue{Status: c}
}

// variantField reads a Variant of 1.04 and takes apart what that made of a value whose status is not Good.
func (r *reader) variantField(i uint32, m *members, hint FieldType, v *model.DataValue) {
	value, is, ok := r.variantOf(m)
	switch {
	case !is:
		*v = model.DataValue{Value: r.hinted(i, hint)}
	case !ok:
		r.mismatch(i)
	case value.IsArray() || value.Type() != model.TypeDataValue && value.Type() != model.TypeStatusCode:
		*v = model.DataValue{Value: value}
	case value.Type() == model.TypeDataValue:
		*v = value.DataValue()
	case hint.Type != model.TypeNull && hint.Type != model.TypeStatusCode && hint.Type != model.TypeVariant:
		*v = model.DataValue{Status: value.StatusCode()}
	default:
		*v = model.DataValue{Value: value}
	}
}

// dataValueOf reads a DataValue within another value.
func (r *reader) dataValueOf(i uint32) (v model.DataValue, ok bool) {
	if r.kind(i) == kindNull {
		return v, true
	}
	if r.kind(i) != kindObject {
		r.missed = i
		return v, false
	}
	m := r.members(i)
	if m.mask&^maskDataValue != 0 {
		r.missed = i
		return v, false
	}
	r.dataValue(i, &m, FieldType{}, &v)
	return v, r.err == nil
}
