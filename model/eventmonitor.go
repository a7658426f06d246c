package model

import "time"

// VerbMonitorEvents starts deliveries of MonitoredEvents under each item's ID, as JSON. It ends like VerbMonitor, or with a delivery that says so.
const VerbMonitorEvents = "monitorEvents" // Command[EventMonitorRequest] → null

// EventMonitorRequest asks for the events of a node as they come.
type EventMonitorRequest struct {
	// ID names the monitoring among all of the gateway; the asker makes it up.
	ID string `json:"id"`
	// Events says which, with which fields; ModelChange and QueueSize are not looked at. With Conditions the state of conditions that are there already
	// comes first when RefreshOnStart is set, and again after the connection was lost; there are no snapshots.
	Events EventSource `json:"events"`
	// PublishingInterval 0 stands for half a second.
	PublishingInterval time.Duration `json:"publishingInterval,omitempty"`
}

// MonitoredEvents are events that came since the last ones, in their order.
type MonitoredEvents struct {
	// Sequence counts from 1, without a gap.
	Sequence uint64 `json:"sequence"`
	// Names are those of the fields; Events has the values of all fields of each event, null for what it lacks.
	Names  []string    `json:"names"`
	Events [][]Variant `json:"events,omitempty"`
	// Overflow tells that events were left out before these: the one who takes them is too slow, or the queue at the server was full.
	Overflow bool `json:"overflow,omitempty"`
	// Status is Bad when the server does not send the events, which is tried again; Message says why.
	Status  StatusCode `json:"status,omitempty"`
	Message string     `json:"message,omitempty"`
	// Ended tells that this is the last delivery, and Status and Message why.
	Ended bool `json:"ended,omitempty"`
}
