package model

import "time"

// DataChangeTrigger tells which changes the server reports (Part 4, 7.22.2). Empty stands for TriggerStatusValue.
type DataChangeTrigger string

// The triggers.
const (
	TriggerStatus               DataChangeTrigger = "Status"
	TriggerStatusValue          DataChangeTrigger = "StatusValue"
	TriggerStatusValueTimestamp DataChangeTrigger = "StatusValueTimestamp"
)

// DeadbandType tells how a Deadband is measured (Part 4, 7.22.2).
type DeadbandType string

// The types of deadbands.
const (
	DeadbandAbsolute DeadbandType = "Absolute"
	// DeadbandPercent is in percent of the node's EURange, 0 to 100.
	DeadbandPercent DeadbandType = "Percent"
)

// Deadband keeps changes back that are not larger than Value.
type Deadband struct {
	Type  DeadbandType `json:"type"`
	Value float64      `json:"value"`
}

// HeartbeatBehavior tells when a heartbeat is sent and what is in it. The names are OPC Publisher's. LKV is the last known value, LKG the
// last one that was Good.
type HeartbeatBehavior string

// The behaviours. Empty stands for HeartbeatWatchdogLKV.
const (
	// The watchdogs send when no value came for the interval, with the timestamps of the value.
	HeartbeatWatchdogLKV HeartbeatBehavior = "WatchdogLKV"
	HeartbeatWatchdogLKG HeartbeatBehavior = "WatchdogLKG"
	// The periodic ones send at each interval, whatever came.
	HeartbeatPeriodicLKV HeartbeatBehavior = "PeriodicLKV"
	HeartbeatPeriodicLKG HeartbeatBehavior = "PeriodicLKG"
	// These send nothing else.
	HeartbeatPeriodicLKVDropValue HeartbeatBehavior = "PeriodicLKVDropValue"
	HeartbeatPeriodicLKGDropValue HeartbeatBehavior = "PeriodicLKGDropValue"
	// HeartbeatUpdatedTimestamps is WatchdogLKV with timestamps moved on by the time that went by.
	HeartbeatUpdatedTimestamps HeartbeatBehavior = "WatchdogLKVWithUpdatedTimestamps"
	// HeartbeatDiagnosticsOnly counts and sends nothing.
	HeartbeatDiagnosticsOnly HeartbeatBehavior = "WatchdogLKVDiagnosticsOnly"
)

// Heartbeat sends the last value of a field again, so that a receiver sees that nothing changed. It goes on without a connection, with
// status BadNoCommunication.
type Heartbeat struct {
	Interval time.Duration     `json:"interval"`
	Behavior HeartbeatBehavior `json:"behavior,omitempty"`
}

// CyclicRead is how a node is read cyclically.
type CyclicRead struct {
	// MaxAge is how old a value the server may answer with (Part 4, 5.11.2); 0 has it read the device.
	MaxAge time.Duration `json:"maxAge,omitempty"`
	// RegisterNode has the node registered before it is read (Part 4, 5.9.5).
	RegisterNode bool `json:"registerNode,omitempty"`
}

// WatchdogCondition tells when a Watchdog acts.
type WatchdogCondition string

// The conditions. Empty stands for WatchdogAllLate.
const (
	WatchdogAllLate WatchdogCondition = "WhenAllAreLate"
	WatchdogAnyLate WatchdogCondition = "WhenAnyIsLate"
)

// WatchdogBehavior tells what a Watchdog does. The names are OPC Publisher's.
type WatchdogBehavior string

// The behaviours. Empty stands for WatchdogDiagnostic.
const (
	// WatchdogDiagnostic counts, logs and shows the late fields.
	WatchdogDiagnostic WatchdogBehavior = "Diagnostic"
	// WatchdogReset makes the subscription anew as well.
	WatchdogReset WatchdogBehavior = "Reset"
	// WatchdogFailFast and WatchdogExitProcess end the gateway's process, the first at once and the second after it was stopped in order, for a
	// supervisor to start it again.
	WatchdogFailFast    WatchdogBehavior = "FailFast"
	WatchdogExitProcess WatchdogBehavior = "ExitProcess"
)

// Watchdog looks after fields whose values stop coming. A field is late when no value came for Timeout.
type Watchdog struct {
	Timeout   time.Duration     `json:"timeout"`
	Condition WatchdogCondition `json:"condition,omitempty"`
	Behavior  WatchdogBehavior  `json:"behavior,omitempty"`
}
