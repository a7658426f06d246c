package daemon

import (
	"runtime/debug"
	"testing"
)

func TestCollectOften(t *testing.T) {
	before := debug.SetGCPercent(77)
	defer debug.SetGCPercent(before)
	CollectOften(func(string) (string, bool) { return "77", true })
	if got := debug.SetGCPercent(77); got != 77 {
		t.Errorf("the environment says 77, it is %d", got)
	}
	CollectOften(func(string) (string, bool) { return "", false })
	if got := debug.SetGCPercent(77); got != gcPercent {
		t.Errorf("it is %d, want %d", got, gcPercent)
	}
}
