package model

import (
	"slices"
	"testing"
)

func TestWritableAttributes(t *testing.T) {
	f := func(mask uint32, want ...AttributeID) {
		t.Helper()
		if got := WritableAttributes(mask); !slices.Equal(got, want) {
			t.Errorf("mask %#x: %v, want %v", mask, got, want)
		}
	}
	f(0)
	f(1<<6, AttributeDisplayName)
	f(1<<5|1<<21|1<<25, AttributeDescription, AttributeValue, AttributeAccessLevelEx)
	f(1<<26 | 1<<31) // not defined
}
