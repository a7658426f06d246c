package opcua

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// span is one dimension of a NumericRange (Part 4, 7.27), both ends included.
type span struct{ first, last int64 }

func (s span) length() int64 { return s.last - s.first + 1 }

// parseRange reads "3", "2:5" or "0:1,3"; nil for an empty one.
func parseRange(text string) ([]span, error) {
	if text == "" {
		return nil, nil
	}
	var spans []span
	for _, part := range strings.Split(text, ",") {
		low, high, interval := strings.Cut(part, ":")
		first, err := strconv.ParseUint(low, 10, 31)
		if err != nil {
			return nil, fmt.Errorf("%q is no index, want the form 3, 2:5 or 0:1,3", low)
		}
		last := first
		if interval {
			if last, err = strconv.ParseUint(high, 10, 31); err != nil || last <= first {
				return nil, fmt.Errorf("%q is no interval, want a larger index after the colon", part)
			}
		}
		spans = append(spans, span{int64(first), int64(last)})
	}
	return spans, nil
}

// cutRange gives a value the range that was asked for, when the server took no notice of it (asyncua does not): then there is more than the range can
// select.
func cutRange(v *model.DataValue, asked []span) {
	dims := v.Value.Dimensions()
	if dims == nil {
		dims = []int32{int32(v.Value.Len())}
	}
	if !v.Value.IsArray() || len(dims) != len(asked) {
		return
	}
	more, none := false, false
	lengths := make([]int32, len(dims))
	for i, s := range asked {
		more = more || int64(dims[i]) > s.length()
		none = none || s.first >= int64(dims[i])
		s.last = min(s.last, int64(dims[i])-1)
		lengths[i] = int32(s.length())
	}
	switch {
	case !more:
	case none:
		v.Value, v.Status = model.Variant{}, model.StatusBadIndexRangeNoData
	default:
		at := []int{0}
		for i, s := range asked { // the indices so far, counted in one dimension more
			next := make([]int, 0, len(at)*int(lengths[i]))
			for _, n := range at {
				for k := range lengths[i] {
					next = append(next, n*int(dims[i])+int(s.first)+int(k))
				}
			}
			at = next
		}
		if len(lengths) == 1 {
			lengths = nil
		}
		v.Value = v.Value.Pick(at, lengths...)
	}
}
