package uajson

import "github.com/shopfloor-iiot/shopfloor/model"

// AppendValue appends v as a Variant in the JSON of Part 6 (5.4.2.17 and H.8) to dst and returns the result. NodeIds are written with
// the namespace indices they have.
func AppendValue(dst []byte, v model.Variant, form Form) []byte {
	return style{form: form}.variant(dst, v)
}

// ParseValue reads a Variant from the JSON of Part 6, in any of the forms. A value without its type is read as hint says or, if that is the
// zero FieldType or does not fit, as Decoder.Field does. The Variant does not share memory with data. The error is an *Error.
func ParseValue(data []byte, hint FieldType) (model.Variant, error) {
	var r reader
	if !r.scan.scan(data) {
		return model.Variant{}, &Error{Offset: r.scan.pos, Err: r.scan.err}
	}
	v := r.hinted(0, hint)
	if r.err != nil {
		return model.Variant{}, r.error()
	}
	return v.Clone(), nil
}
