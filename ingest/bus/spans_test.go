package bus

import (
	"encoding/json"
	"math/rand/v2"
	"testing"
)

func TestSpansCover(t *testing.T) {
	f := func(s spans, after, through uint64, want string) {
		t.Helper()
		got, err := json.Marshal(s.cover(after, through))
		if err != nil || string(got) != want {
			t.Errorf("%v with %d to %d: %s, %v, want %s", s, after, through, got, err, want)
		}
	}
	f(spans{{0, 0}}, 0, 5, "[[0,5]]")
	f(spans{{0, 5}}, 5, 6, "[[0,6]]")
	f(spans{{0, 5}}, 5, 5, "[[0,5]]")
	f(spans{{0, 5}}, 2, 4, "[[0,5]]")
	f(spans{{0, 5}}, 8, 9, "[[0,5],[8,9]]")
	f(spans{{0, 5}, {8, 9}}, 5, 7, "[[0,7],[8,9]]")
	f(spans{{0, 5}, {8, 9}}, 5, 8, "[[0,9]]")
	f(spans{{0, 5}, {8, 9}, {20, 30}}, 9, 12, "[[0,5],[8,12],[20,30]]")
	f(spans{{0, 5}, {8, 9}, {20, 30}}, 3, 25, "[[0,30]]")
}

// TestSpansAgainstASet compares spans with the plain set of numbers.
func TestSpansAgainstASet(t *testing.T) {
	for range 200 {
		s, set := spans{{0, 0}}, map[uint64]bool{}
		for range 30 {
			after := rand.Uint64N(100)
			through := after + rand.Uint64N(10)
			s = s.cover(after, through)
			for n := after + 1; n <= through; n++ {
				set[n] = true
			}
			for n := uint64(1); n < 120; n++ {
				if s.has(n) != set[n] {
					t.Fatalf("%v has %d: %v", s, n, s.has(n))
				}
			}
			if _, err := spansOf(s.last(), s.ahead()); err != nil || s[0].From != 0 {
				t.Fatalf("%v: %v", s, err)
			}
		}
	}
}
