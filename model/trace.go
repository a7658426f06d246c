package model

import "time"

// VerbTrace starts a trace of one node: TraceEvents under the item's ID, as JSON. It ends by itself, by VerbEnd, or when the asker has not renewed it
// for MonitorLease.
const VerbTrace = "trace" // Command[TraceRequest] → null

// MaxTrace is the longest time of a trace.
const MaxTrace = time.Hour

// TraceRequest asks for every notification of a published node.
type TraceRequest struct {
	ID     string         `json:"id"`
	NodeID ExpandedNodeID `json:"nodeId"`
	// Duration is after how long the trace ends, MaxTrace at most.
	Duration time.Duration `json:"duration"`
}

// TraceEvents are notifications of a node in the order of their arrival.
type TraceEvents struct {
	// Sequence counts deliveries from 1.
	Sequence uint64       `json:"sequence"`
	Events   []TraceEvent `json:"events,omitempty"`
	// Dropped counts the events since the last delivery that found no room.
	Dropped uint64 `json:"dropped,omitempty"`
	// Lost counts the deliveries since the last one that did not arrive; the receiver counts them.
	Lost uint64 `json:"-"`
	// Ended says that the time of the trace is over: this is the last delivery.
	Ended bool `json:"ended,omitempty"`
}

// TraceEvent is one value of a node as the gateway got it, and what became of it.
type TraceEvent struct {
	// Arrived is when the gateway took the value out of its notification.
	Arrived time.Time `json:"arrived"`
	Value   DataValue `json:"value"`
	// Omitted tells what the value was when it is too large to be shown, "Double[70000]" for example; Value has its status and times then.
	Omitted string `json:"omitted,omitempty"`
	// Subscription is the server's id of the subscription, Number the sequence number of the NotificationMessage (Part 4, 7.26); both are 0 for a value
	// that was read cyclically.
	Subscription uint32 `json:"subscription,omitempty"`
	Number       uint32 `json:"number,omitempty"`
	// Writer and Field are where the value goes. A node in several writers has an event for each.
	Writer WriterKey `json:"writer"`
	Field  string    `json:"field"`
	Fate   Fate      `json:"fate"`
}

// Fate is what became of a value at the gateway.
type Fate string

// The fates.
const (
	FatePublished Fate = "published" // it is in the writer's open frame, or was sent with it
	FateRepeated  Fate = "repeated"  // it is the newest value once more: status, value and source timestamp are the same
	FateSkipped   Fate = "skipped"   // it is the first one, of a field with skipFirst
	FateKept      Fate = "kept"      // the field publishes heartbeats alone, and this is what the next one has
	FateRefused   Fate = "refused"   // it cannot be encoded
	FateDropped   Fate = "dropped"   // the writer or the field is no more
)
