package model

import (
	"math"
	"time"
)

// DateTime is a point in time as OPC UA carries it: 100 ns intervals since 1601-01-01 UTC (Part 6, 5.2.2.5).
// 0 stands for "not given", as do all earlier times; MaxDateTime for the end of time.
type DateTime int64

// MaxDateTime is 9999-12-31T23:59:59Z or later, "never" on the wire.
const MaxDateTime DateTime = math.MaxInt64

const (
	ticksPerSecond = 10_000_000
	// epochTicks is 1970-01-01 in ticks.
	epochTicks = 11_644_473_600 * ticksPerSecond
)

// DateTimeOf converts t; the zero time gives 0, times outside 1601..9999 the nearest bound.
func DateTimeOf(t time.Time) DateTime {
	switch {
	case t.IsZero() || t.Year() < 1601:
		return 0
	case t.Year() > 9999:
		return MaxDateTime
	}
	return DateTime(t.Unix()*ticksPerSecond + int64(t.Nanosecond()/100) + epochTicks)
}

// DateTimeOfMilli converts milliseconds since 1970.
func DateTimeOfMilli(ms int64) DateTime { return DateTime(ms*10_000 + epochTicks) }

// Time converts to UTC. 0 gives the zero time, MaxDateTime 9999-12-31T23:59:59Z.
func (d DateTime) Time() time.Time {
	if d <= 0 {
		return time.Time{}
	}
	t := int64(d) - epochTicks
	sec := t / ticksPerSecond
	if sec > maxUnixSecond {
		return time.Unix(maxUnixSecond, 0).UTC()
	}
	return time.Unix(sec, (t%ticksPerSecond)*100).UTC()
}

// maxUnixSecond is 9999-12-31T23:59:59Z.
const maxUnixSecond = 253_402_300_799

// UnixMilli returns milliseconds since 1970, rounded down.
func (d DateTime) UnixMilli() int64 {
	t := int64(d) - epochTicks
	ms := t / 10_000
	if t%10_000 < 0 {
		ms--
	}
	return ms
}

// IsZero tells whether the time was not given.
func (d DateTime) IsZero() bool { return d <= 0 }

// String prints RFC 3339 with up to 100 ns, or "" for a time that was not given.
func (d DateTime) String() string {
	if d.IsZero() {
		return ""
	}
	return d.Time().Format(time.RFC3339Nano)
}
