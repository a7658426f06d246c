package model

import (
	"fmt"
	"sort"
	"strconv"
	"strings"
)

// StatusCode is the outcome of an operation or the quality of a value (Part 4, 7.39). 0 is Good.
type StatusCode uint32

// Severity is the two top bits of a StatusCode.
type Severity uint8

// The severities.
const (
	SeverityGood      Severity = 0
	SeverityUncertain Severity = 1
	SeverityBad       Severity = 2
)

// String returns "Good", "Uncertain" or "Bad".
func (s Severity) String() string {
	switch s {
	case SeverityGood:
		return "Good"
	case SeverityUncertain:
		return "Uncertain"
	}
	return "Bad"
}

const (
	// statusCodeMask keeps severity and sub-code, which the name stands for.
	statusCodeMask = 0xFFFF0000
	// overflowBits say that the value is a data value and that its queue at the server overflowed (Part 4, 7.39.1).
	overflowBits = 0x0480
)

// Severity returns Good, Uncertain or Bad; the reserved fourth value counts as Bad.
func (c StatusCode) Severity() Severity { return Severity(min(c>>30, 2)) }

// IsGood tells whether the severity is Good.
func (c StatusCode) IsGood() bool { return c>>30 == 0 }

// IsUncertain tells whether the severity is Uncertain.
func (c StatusCode) IsUncertain() bool { return c>>30 == 1 }

// IsBad tells whether the severity is Bad.
func (c StatusCode) IsBad() bool { return c>>30 >= 2 }

// Overflow tells whether the server's queue of the monitored item overflowed and values were dropped before this one.
func (c StatusCode) Overflow() bool { return c&overflowBits == overflowBits }

// Name returns the symbolic name, "BadNodeIdUnknown" for example, without regard to the information bits;
// a code that the standard does not know is printed in hexadecimal.
func (c StatusCode) Name() string {
	code := uint32(c) & statusCodeMask
	i := sort.Search(len(statusCodes), func(i int) bool { return statusCodes[i].code >= code })
	if i < len(statusCodes) && statusCodes[i].code == code {
		return statusCodes[i].name
	}
	return fmt.Sprintf("0x%08X", uint32(c))
}

// String returns Name.
func (c StatusCode) String() string { return c.Name() }

// Error makes a StatusCode an error: its name and number.
func (c StatusCode) Error() string { return fmt.Sprintf("%s (0x%08X)", c.Name(), uint32(c)) }

// ParseStatusCode reads a symbolic name, or a number in decimal or 0x form.
func ParseStatusCode(s string) (StatusCode, error) {
	for _, e := range statusCodes {
		if strings.EqualFold(e.name, s) {
			return StatusCode(e.code), nil
		}
	}
	n, err := strconv.ParseUint(s, 0, 32)
	if err != nil {
		return 0, fmt.Errorf("status code %q is neither a name of the standard nor a number", s)
	}
	return StatusCode(n), nil
}
