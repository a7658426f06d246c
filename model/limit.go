package model

// Limit is a bound of the platform with how much of it is used.
type Limit struct {
	// ID names it for programs: "store.disk", "stream.UA_DATA"; Name for people: "Disk of the store".
	ID, Name string
	// Current is what is used and Max the bound, both in Unit. Max 0 stands for no bound.
	Current, Max float64
	Unit         LimitUnit
	// Consequence says what happens when it is reached.
	Consequence string
}

// LimitUnit is what a Limit counts.
type LimitUnit uint8

// The units of limits.
const (
	LimitBytes LimitUnit = iota
	LimitSeries
	LimitFrames
	LimitItems
)

// LimitState tells how far a Limit is from being reached.
type LimitState uint8

// The states of a limit.
const (
	LimitFar     LimitState = iota
	LimitNear               // 80 % or more are used
	LimitReached            // all is used
)

// nearLimit is the share from which a limit is near.
const nearLimit = 0.8

// State compares what is used with the bound.
func (l *Limit) State() LimitState {
	switch {
	case l.Max <= 0 || l.Current < nearLimit*l.Max:
		return LimitFar
	case l.Current < l.Max:
		return LimitNear
	}
	return LimitReached
}
