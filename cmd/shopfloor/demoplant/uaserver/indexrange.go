package uaserver

import (
	"reflect"
	"strconv"
	"strings"

	"github.com/gopcua/opcua/ua"
)

// indexRange is a parsed NumericRange of one dimension (Part 4, 7.27), both ends inclusive.
type indexRange struct{ first, last int }

// parseIndexRange parses "3" or "1:4"; nil stands for the whole value.
func parseIndexRange(text string) (*indexRange, ua.StatusCode) {
	if text == "" {
		return nil, ua.StatusOK
	}
	low, high, isSpan := strings.Cut(text, ":")
	first, err := strconv.ParseUint(low, 10, 31)
	if err != nil {
		return nil, ua.StatusBadIndexRangeInvalid
	}
	if !isSpan {
		return &indexRange{int(first), int(first)}, ua.StatusOK
	}
	last, err := strconv.ParseUint(high, 10, 31)
	if err != nil || last <= first {
		return nil, ua.StatusBadIndexRangeInvalid
	}
	return &indexRange{int(first), int(last)}, ua.StatusOK
}

// cut returns the part of dv inside the range; a range that ends past the value is cut short (Part 4, 7.27).
func (r *indexRange) cut(dv *ua.DataValue) *ua.DataValue {
	if r == nil || dv.Value == nil || dv.Status != ua.StatusOK {
		return dv
	}
	v := reflect.ValueOf(dv.Value.Value())
	if !v.IsValid() || (v.Kind() != reflect.Slice && v.Kind() != reflect.String) || r.first >= v.Len() {
		return &ua.DataValue{EncodingMask: ua.DataValueStatusCode, Status: ua.StatusBadIndexRangeNoData}
	}
	out := *dv
	out.Value = ua.MustVariant(v.Slice(r.first, min(r.last+1, v.Len())).Interface())
	return &out
}
