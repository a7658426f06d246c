package model

import (
	"sort"
	"testing"
)

func TestStatusCode(t *testing.T) {
	f := func(c StatusCode, name string, severity Severity, overflow bool) {
		t.Helper()
		if c.Name() != name || c.Severity() != severity || c.Overflow() != overflow {
			t.Errorf("%08X: %s %s %v, want %s %s %v", uint32(c), c.Name(), c.Severity(), c.Overflow(), name, severity, overflow)
		}
	}
	f(0, "Good", SeverityGood, false)
	f(0x0480, "Good", SeverityGood, true)
	f(StatusBadNodeIdUnknown, "BadNodeIdUnknown", SeverityBad, false)
	f(StatusUncertainLastUsableValue|0x480, "UncertainLastUsableValue", SeverityUncertain, true)
	f(0x8FFF0000, "0x8FFF0000", SeverityBad, false)
	f(0xC0000000, "0xC0000000", SeverityBad, false)
}

func TestStatusCodesAreSorted(t *testing.T) {
	if !sort.SliceIsSorted(statusCodes[:], func(i, j int) bool { return statusCodes[i].code < statusCodes[j].code }) {
		t.Error("statusCodes is not sorted: Name searches it")
	}
	for _, e := range statusCodes {
		if c, err := ParseStatusCode(e.name); err != nil || uint32(c) != e.code {
			t.Errorf("%s parses as %v, %v", e.name, c, err)
		}
	}
}
