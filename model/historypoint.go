package model

import "math"

// HistoryPoint is one point in the history of a series: a raw value, or the aggregate of a step.
type HistoryPoint struct {
	// Time is that of the value, or the beginning of the step; milliseconds since 1970.
	Time int64
	// Number is the value as a number. It is NaN for a value that is none, and where the source reported a Bad value or went away.
	Number float64
	// Value is the exact value with its type, status and timestamps; nil when only the number is stored.
	Value *DataValue
}

// NumberPoint is the point of a value of which the number is stored.
func NumberPoint(s Sample) HistoryPoint { return HistoryPoint{Time: s.Time, Number: s.Value} }

// ExactPoint is the point of a value that is stored as it was, at ms milliseconds since 1970. A 64-bit integer over 2^53 is
// rounded in Number.
func ExactPoint(ms int64, v *DataValue) HistoryPoint {
	p := HistoryPoint{Time: ms, Number: math.NaN(), Value: v}
	if n, ok := v.Value.Number(); ok && !v.Status.IsBad() {
		p.Number = n
	}
	return p
}
