package edge

import (
	"slices"
	"testing"
)

// Whoever waits for values is told when all of them are stored, in the order of the frames.
func TestFlights(t *testing.T) {
	var f flights
	var told []string
	wait := func(name string, open bool) {
		f.wait(open, func(stored bool) {
			if !stored {
				name += " lost"
			}
			told = append(told, name)
		})
	}
	want := func(names ...string) {
		t.Helper()
		if !slices.Equal(told, names) {
			t.Errorf("told %q, want %q", told, names)
		}
		told = nil
	}
	wait("nothing", false)
	want("nothing")

	wait("a", true)
	first := f.start()
	wait("a too", false)
	wait("b", true)
	second := f.start()
	f.land(second, true)
	want()
	f.land(first, true)
	want("a", "a too", "b")

	wait("c", true)
	first = f.start()
	wait("d", true)
	second = f.start()
	f.land(first, false)
	f.land(second, true)
	want("c lost", "d lost")
	wait("e began in c", true)
	wait("f", true)
	f.land(f.start(), true)
	want("e began in c lost", "f")
	if len(f.queue) != 0 || len(f.waiting) != 0 {
		t.Errorf("left: %+v", &f)
	}
}

func TestFlightsDoNotAllocate(t *testing.T) {
	var f flights
	n := 0
	done := func(bool) { n++ }
	if allocs := testing.AllocsPerRun(100, func() {
		f.wait(true, done)
		a := f.start()
		f.wait(true, done)
		b := f.start()
		f.land(a, true)
		f.land(b, true)
	}); allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
	if n == 0 {
		t.Error("nobody was told")
	}
}
