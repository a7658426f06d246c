package model

import "time"

// AlarmSeverity tells how urgent an Alarm is.
type AlarmSeverity uint8

// The severities, the least one first.
const (
	// AlarmWarning: nothing is lost yet, somebody should act soon.
	AlarmWarning AlarmSeverity = iota
	// AlarmCritical: values are being lost or held back now.
	AlarmCritical
)

// Alarm is a state of the platform that somebody has to act on. It lasts until its cause is gone.
type Alarm struct {
	// ID names the cause and is the same as long as the alarm lasts: "store.disk", "gateway.line2.buffer".
	ID       string
	Severity AlarmSeverity
	// Since is when the cause came up.
	Since time.Time
	// Message says what is wrong, Remedy what to do about it.
	Message, Remedy string
}
