package uajson

import (
	"math"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// TestFloatsAreShortestAndExact compares with strconv.
func TestFloatsAreShortestAndExact(t *testing.T) {
	f := func(x float64) {
		t.Helper()
		got := string(appendFloat(nil, x, 64))
		want := strconv.FormatFloat(x, 'f', -1, 64)
		if a := math.Abs(x); a != 0 && (a < 1e-6 || a >= 1e21) {
			want = strconv.FormatFloat(x, 'e', -1, 64)
		}
		if got != want {
			t.Errorf("%v is written as %s; want %s", x, got, want)
		}
		if back, ok := parseFloat([]byte(got)); !ok || math.Float64bits(back) != math.Float64bits(x) {
			t.Errorf("%s is read as %v, %v", got, back, ok)
		}
	}
	for _, x := range []float64{0, math.Copysign(0, -1), 1, -1, 21.5, 0.1, 0.0001, 0.00001, 99999999999.9999, 1e15, 1e-7, 1e21, 123456.78901, math.MaxFloat64, 5e-324, 1e22, 1e23} {
		f(x)
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 200_000 {
		f(math.Round(r.NormFloat64()*1e8) / exact[r.IntN(9)])
		if x := math.Float64frombits(r.Uint64()); !math.IsNaN(x) && !math.IsInf(x, 0) {
			f(x)
		}
	}
}

// TestIntegers: what fits and what does not.
func TestIntegers(t *testing.T) {
	f := func(s string, wantInt int64, okInt bool, wantUint uint64, okUint bool) {
		t.Helper()
		if n, ok := parseInt([]byte(s)); n != wantInt || ok != okInt {
			t.Errorf("%q as Int64: %d, %v; want %d, %v", s, n, ok, wantInt, okInt)
		}
		if n, ok := parseUint([]byte(s)); ok != okUint || ok && n != wantUint {
			t.Errorf("%q as UInt64: %d, %v; want %d, %v", s, n, ok, wantUint, okUint)
		}
	}
	f("0", 0, true, 0, true)
	f("-1", -1, true, 0, false)
	f("9223372036854775807", math.MaxInt64, true, math.MaxInt64, true)
	f("9223372036854775808", 0, false, 1<<63, true)
	f("-9223372036854775808", math.MinInt64, true, 0, false)
	f("-9223372036854775809", 0, false, 0, false)
	f("18446744073709551615", 0, false, math.MaxUint64, true)
	f("18446744073709551616", 0, false, 0, false)
	f("28446744073709551615", 0, false, 0, false)
	f("184467440737095516150", 0, false, 0, false)
	f("", 0, false, 0, false)
	f("1.5", 0, false, 0, false)
	f("12a", 0, false, 0, false)
}

// TestDateTimes compares with package time over the whole range.
func TestDateTimes(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for i := range 200_000 {
		d := model.DateTime(r.Int64N(2_650_467_743_990_000_000))
		if i%2 == 0 {
			d -= d % 1000
		}
		want := `"` + d.Time().Format(time.RFC3339Nano) + `"`
		if d <= 0 {
			want = `"` + noTime + `"`
		}
		got := appendDateTime(nil, d)
		if string(got) != want {
			t.Fatalf("%d is written as %s; want %s", d, got, want)
		}
		if back, ok := parseDateTime(string(got[1 : len(got)-1])); !ok || back != d {
			t.Fatalf("%s is read as %d, %v; want %d", got, back, ok, d)
		}
	}
	f := func(s string, want string, ok bool) {
		t.Helper()
		d, got := parseDateTime(s)
		if got != ok || ok && d.String() != want {
			t.Errorf("%q is read as %s, %v; want %s, %v", s, d, got, want, ok)
		}
	}
	f("2022-03-18T12:55:20.9313098Z", "2022-03-18T12:55:20.9313098Z", true)
	f("2022-03-18T12:55:20+01:30", "2022-03-18T11:25:20Z", true)
	f("2022-03-18T12:55:20.123456789-01:00", "2022-03-18T13:55:20.1234567Z", true)
	f("2022-03-18T12:55:20", "2022-03-18T12:55:20Z", true)
	f("2022-03-18 12:55:20.5", "2022-03-18T12:55:20.5Z", true)
	f("0001-01-01T00:00:00Z", "", true)
	f("1600-12-31T23:59:59Z", "", true)
	f("9999-12-31T23:59:59Z", model.MaxDateTime.String(), true)
	f("2024-02-29T00:00:00Z", "2024-02-29T00:00:00Z", true)
	for _, s := range []string{
		"", "2022-03-18", "2023-02-29T00:00:00Z", "2022-13-01T00:00:00Z", "2022-00-01T00:00:00Z", "2022-01-00T00:00:00Z", "2022-01-01T24:00:00Z",
		"2022-01-01T00:60:00Z", "2022-01-01T00:00:61Z", "2022-01-01T00:00:00.Z", "2022-01-01T00:00:00X", "2022-01-01T00:00:00+1:00", "2O22-01-01T00:00:00Z",
		"2022-01-01T00:00:00+25:00", "２022-01-01T00:00:00",
	} {
		f(s, "", false)
	}
}
