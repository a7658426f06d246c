package model

import (
	"math"
	"testing"
)

func TestExactPoint(t *testing.T) {
	for _, tt := range []struct {
		value DataValue
		want  float64
	}{
		{DataValue{Value: Int64Value(1 << 60)}, 1 << 60},
		{DataValue{Value: BooleanValue(true)}, 1},
		{DataValue{Value: StringValue("7")}, math.NaN()},
		{DataValue{Value: ArrayValue([]int32{7})}, math.NaN()},
		{DataValue{Value: Int32Value(7), Status: StatusBadSensorFailure}, math.NaN()},
	} {
		p := ExactPoint(5, &tt.value)
		if p.Time != 5 || p.Value != &tt.value || p.Number != tt.want && !(math.IsNaN(p.Number) && math.IsNaN(tt.want)) {
			t.Errorf("%v: %+v, want number %v", tt.value.Value, p, tt.want)
		}
	}
}
