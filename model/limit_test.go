package model

import "testing"

func TestLimitState(t *testing.T) {
	for _, tt := range []struct {
		current, max float64
		want         LimitState
	}{
		{0, 100, LimitFar},
		{79.9, 100, LimitFar},
		{80, 100, LimitNear},
		{99.9, 100, LimitNear},
		{100, 100, LimitReached},
		{120, 100, LimitReached},
		{1e12, 0, LimitFar}, // no bound
	} {
		l := Limit{Current: tt.current, Max: tt.max}
		if got := l.State(); got != tt.want {
			t.Errorf("%v of %v: state %d, want %d", tt.current, tt.max, got, tt.want)
		}
	}
}
