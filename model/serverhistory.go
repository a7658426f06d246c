package model

import (
	"encoding/json"
	"time"
)

// The types in this file are the history services of OPC UA (Part 4, 5.11.3 and 5.11.5; Part 11) as the platform's parts ask them of each other:
// what a server itself keeps of its variables and events. Like those of services.go they are answered item by item.

// The verbs of the history of servers.
const (
	VerbHistoryRead          = "historyread"          // Command[HistoryRead] → []HistoryReadResult
	VerbHistoryUpdate        = "historyupdate"        // Command[HistoryUpdate] → []HistoryUpdateResult
	VerbHistoryConfiguration = "historyconfiguration" // Command[ExpandedNodeID] → []HistoryConfiguration
	VerbHistoryCapabilities  = "historycapabilities"  // Command[HistoryCapabilitiesQuery] → []HistoryCapabilities
)

const (
	// MaxHistoryLimit is the most values or events that a HistoryRead may ask for; MaxHistoryTotal the most that all of one command may.
	MaxHistoryLimit = 10_000
	MaxHistoryTotal = 100_000
)

// HistoryKind is what is read of a history (Part 11, 6.5).
type HistoryKind uint8

// The kinds of reading.
const (
	HistoryRaw       HistoryKind = iota // values as they were stored (6.5.3)
	HistoryModified                     // values that were replaced or deleted since (6.5.3)
	HistoryAtTime                       // values at given times, interpolated where there is none (6.5.5)
	HistoryProcessed                    // aggregates over intervals (6.5.4)
	HistoryEvents                       // events (6.5.2)
)

// HistoryRead asks for the history of one node.
type HistoryRead struct {
	NodeID     ExpandedNodeID `json:"nodeId"`
	Kind       HistoryKind    `json:"kind"`
	IndexRange string         `json:"indexRange,omitempty"`
	// Start and End bound the time, Start included and End not. With Start after End, or Start 0, the newest come first; with End 0
	// there is no end (Part 11, 6.5.3.2). HistoryProcessed needs both.
	Start DateTime `json:"start,omitempty"`
	End   DateTime `json:"end,omitempty"`
	// After is where an earlier answer ended; zero for none.
	After HistoryPosition `json:"after,omitzero"`
	// Limit bounds the values or events in the answer, 1 to MaxHistoryLimit. HistoryAtTime does not look at it.
	Limit int `json:"limit,omitempty"`
	// Bounds asks for the values at Start and End, or those next to them outside (HistoryRaw).
	Bounds bool `json:"bounds,omitempty"`
	// Times are those of HistoryAtTime, at most MaxHistoryLimit; with SimpleBounds a value is interpolated from the nearest values of any quality
	// (Part 13, 3.1.9).
	Times        []DateTime `json:"times,omitempty"`
	SimpleBounds bool       `json:"simpleBounds,omitempty"`
	// Interval, Aggregate and Configuration are those of HistoryProcessed. Interval 0 makes one value of the whole time. Configuration nil
	// stands for the server's own of the node.
	Interval      time.Duration           `json:"interval,omitempty"`
	Aggregate     ExpandedNodeID          `json:"aggregate,omitzero"`
	Configuration *AggregateConfiguration `json:"configuration,omitempty"`
	// Events are the fields and the filter of HistoryEvents: TypeDefinition, Select and Where. With neither TypeDefinition nor Select the
	// fields are those of BaseEventType.
	Events *EventSource `json:"events,omitempty"`
}

// HistoryPosition is a place in a history: behind N entries of the time At. With At 0 it is behind the first N of all.
type HistoryPosition struct {
	At DateTime `json:"at,omitempty"`
	N  int      `json:"n,omitempty"`
}

// IsZero tells whether it is none.
func (p HistoryPosition) IsZero() bool { return p == HistoryPosition{} }

// Next is the position behind one more entry of the time at, 0 for one without a time.
func (p HistoryPosition) Next(at DateTime) HistoryPosition {
	switch {
	case at.IsZero() || at == p.At:
		return HistoryPosition{p.At, p.N + 1}
	}
	return HistoryPosition{at, 1}
}

// AggregateConfiguration tells how aggregates treat values that are not Good (Part 13, 4.2.1.2). The percentages are 0 to 100.
type AggregateConfiguration struct {
	TreatUncertainAsBad    bool  `json:"treatUncertainAsBad,omitempty"`
	PercentDataBad         uint8 `json:"percentDataBad,omitempty"`
	PercentDataGood        uint8 `json:"percentDataGood,omitempty"`
	UseSlopedExtrapolation bool  `json:"useSlopedExtrapolation,omitempty"`
}

// HistoryReadResult answers one HistoryRead, in the order of time that it asked for. GoodNoData, and BadNoData of some servers, say that there is nothing in that
// time.
type HistoryReadResult struct {
	Status  StatusCode `json:"status,omitempty"`
	Message string     `json:"message,omitempty"`
	// Values are those of all kinds but HistoryEvents; Modifications has one for each with HistoryModified.
	Values        []DataValue           `json:"values,omitempty"`
	Modifications []HistoryModification `json:"modifications,omitempty"`
	// Names are those of the fields of events. Events has the values of each event, null for what it lacks, EventTimes its Time.
	Names      []string    `json:"names,omitempty"`
	Events     [][]Variant `json:"events,omitempty"`
	EventTimes []DateTime  `json:"eventTimes,omitempty"`
	// More tells that there is more behind the last entry.
	More bool `json:"more,omitempty"`
}

// HistoryModification tells how and by whom a value was modified (ModificationInfo, Part 11, 6.6.3).
type HistoryModification struct {
	Time     DateTime          `json:"time,omitempty"`
	Kind     HistoryUpdateType `json:"kind"`
	UserName string            `json:"userName,omitempty"`
}

// HistoryUpdateType is what was done to a value (Part 11, 6.9).
type HistoryUpdateType uint8

// The types of updates.
const (
	HistoryInsert  HistoryUpdateType = 1 // there must be no value, or event, yet
	HistoryReplace HistoryUpdateType = 2 // there must be one already
	HistoryUpsert  HistoryUpdateType = 3 // Update: insert or replace
	HistoryDelete  HistoryUpdateType = 4
)

// HistoryUpdateKind is what a HistoryUpdate works on (Part 11, 6.9.2 to 6.9.7).
type HistoryUpdateKind uint8

// The kinds of updates.
const (
	HistoryUpdateData    HistoryUpdateKind = iota // Perform with Values
	HistoryUpdateEvents                           // Perform with Fields and Events
	HistoryDeleteRaw                              // the values of Start ≤ time < End
	HistoryDeleteAtTimes                          // the values at Times
	HistoryDeleteEvents                           // the events with EventIDs
)

// HistoryUpdate changes the history of one node.
type HistoryUpdate struct {
	NodeID ExpandedNodeID    `json:"nodeId"`
	Kind   HistoryUpdateKind `json:"kind"`
	// Perform is HistoryInsert, HistoryReplace or HistoryUpsert.
	Perform HistoryUpdateType `json:"perform,omitempty"`
	Values  []HistoryValue    `json:"values,omitempty"`
	// Fields name the values of each of Events, which are plain JSON as that of WriteValue; null leaves a field out.
	Fields []SelectClause      `json:"fields,omitempty"`
	Events [][]json.RawMessage `json:"events,omitempty"`
	Start  DateTime            `json:"start,omitempty"`
	End    DateTime            `json:"end,omitempty"`
	// Modified deletes the modified values of the time instead of the current ones.
	Modified bool       `json:"modified,omitempty"`
	Times    []DateTime `json:"times,omitempty"`
	EventIDs [][]byte   `json:"eventIds,omitempty"`
}

// HistoryValue is one value to put into a history. Value is plain JSON, coerced to the node's DataType as that of WriteValue.
type HistoryValue struct {
	Value           json.RawMessage `json:"value"`
	Status          StatusCode      `json:"status,omitempty"`
	SourceTimestamp DateTime        `json:"sourceTimestamp"`
	ServerTimestamp DateTime        `json:"serverTimestamp,omitempty"`
}

// HistoryUpdateResult answers one HistoryUpdate.
type HistoryUpdateResult struct {
	Status  StatusCode `json:"status,omitempty"`
	Message string     `json:"message,omitempty"`
	// Results has one for each value, event, time or event id, in their order; empty where the item was not tried, and for HistoryDeleteRaw.
	Results []WriteResult `json:"results,omitempty"`
}
