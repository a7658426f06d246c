package model

import (
	"testing"
	"time"
)

func TestDateTime(t *testing.T) {
	f := func(at time.Time, ticks DateTime, text string) {
		t.Helper()
		if got := DateTimeOf(at); got != ticks {
			t.Errorf("%v: got %d ticks, want %d", at, got, ticks)
		}
		if got := ticks.String(); got != text {
			t.Errorf("%d ticks print as %q, want %q", ticks, got, text)
		}
	}
	f(time.Date(2022, 6, 17, 8, 26, 40, 0, time.UTC), 132_999_280_000_000_000, "2022-06-17T08:26:40Z")
	f(time.Date(1601, 1, 1, 0, 0, 0, 100, time.UTC), 1, "1601-01-01T00:00:00.0000001Z")
	f(time.Date(1650, 1, 1, 0, 0, 0, 0, time.UTC), 15_463_008_000_000_000, "1650-01-01T00:00:00Z")
	f(time.Time{}, 0, "")
	f(time.Date(12000, 1, 1, 0, 0, 0, 0, time.UTC), MaxDateTime, "9999-12-31T23:59:59Z")
}

func TestDateTimeUnixMilli(t *testing.T) {
	for _, ms := range []int64{0, 1, -1, 1_700_000_000_123, -11_644_473_599_999} {
		if got := DateTimeOfMilli(ms).UnixMilli(); got != ms {
			t.Errorf("%d ms came back as %d", ms, got)
		}
	}
	if got := (DateTimeOfMilli(0) - 1).UnixMilli(); got != -1 {
		t.Errorf("100 ns before 1970 is %d ms, want -1", got)
	}
}
