package model

import (
	"encoding/json"
	"time"
)

// EventSource is what a DataSetWriter of events publishes (Part 14, 6.2.3.4).
type EventSource struct {
	// Notifier is the node whose events are wanted, the Server object (i=2253) for all of a server.
	Notifier ExpandedNodeID `json:"notifier"`
	// BrowsePath leads from Notifier to the node, as in PublishedField.
	BrowsePath string `json:"browsePath,omitempty"`
	// TypeDefinition is the simple form: events of this type and its subtypes, with all fields of the type. Null when Select is given.
	TypeDefinition ExpandedNodeID `json:"typeDefinition"`
	// Select are the fields of the events; Where is what the server filters by.
	Select []SelectClause `json:"select,omitempty"`
	Where  []WhereElement `json:"where,omitempty"`
	// QueueSize is the length of the queue at the server; 0 stands for 1000.
	QueueSize  uint32 `json:"queueSize,omitempty"`
	DiscardNew bool   `json:"discardNew,omitempty"`
	// Conditions keeps the state of conditions and sends snapshots of it; nil sends the events alone.
	Conditions *ConditionSnapshots `json:"conditions,omitempty"`
	// ModelChange publishes how the address space changed in place of the events of Notifier; nil publishes events.
	ModelChange *ModelChangeFeed `json:"modelChange,omitempty"`
}

// SelectClause is one field of an event: a SimpleAttributeOperand (Part 4, 7.7.4.5).
type SelectClause struct {
	// Name is the field's in the DataSet; empty stands for the last name of the path.
	Name           string         `json:"name,omitempty"`
	TypeDefinition ExpandedNodeID `json:"typeDefinition"`
	BrowsePath     []string       `json:"browsePath"` // "16:CycleId" or "nsu=urn:x;CycleId", each
	Attribute      AttributeID    `json:"attribute,omitempty"`
	IndexRange     string         `json:"indexRange,omitempty"`
	// Optional leaves the field out where the server does not tell of such a field in the type.
	Optional bool `json:"optional,omitempty"`
}

// WhereElement is one element of a ContentFilter (Part 4, 7.7.1).
type WhereElement struct {
	// Operator is the standard's name: Equals, OfType, And …
	Operator string         `json:"operator"`
	Operands []WhereOperand `json:"operands"`
}

// WhereOperand is one operand: exactly one of Element, Value and Attribute is given.
type WhereOperand struct {
	// Element is the index of another element.
	Element *uint32 `json:"element,omitempty"`
	// Value is plain JSON; DataType, a built-in type's name or a NodeId, says what it is made.
	Value    json.RawMessage `json:"value,omitempty"`
	DataType string          `json:"dataType,omitempty"`
	// Attribute is a field of the event.
	Attribute *SelectClause `json:"attribute,omitempty"`
}

// ConditionSnapshots is how the state of conditions is sent beside the events themselves (Part 9): the newest event of each once more, with the EventId
// that it had. EventId, EventType, ConditionId, BranchId and Retain are selected by themselves.
type ConditionSnapshots struct {
	// UpdateInterval sends the conditions that changed, SnapshotInterval all that are retained; 0 sends none.
	UpdateInterval   time.Duration `json:"updateInterval,omitempty"`
	SnapshotInterval time.Duration `json:"snapshotInterval,omitempty"`
	// RefreshOnStart calls ConditionRefresh at the first time, so that conditions are known that were there before. After a loss of events and when the
	// subscription is made anew it is called anyway; a condition that it does not tell any more has ended, which is sent as an event with
	// Retain false, an EventId of its own and the time of the gateway.
	RefreshOnStart bool `json:"refreshOnStart,omitempty"`
}

// ModelChangeFeed publishes what changed in the address space below the notifier, or in all of it for the Server object: changes that the server tells at
// once, the others as they are found by browsing it again each Rebrowse and whenever the server says that it changed. An event has one change: the
// fields of a BaseEventType, and Affected, AffectedType and Verb (Part 5, 12.16), BrowsePath and NodeClass. At most 200,000 nodes are
// watched. What changed while the gateway did not run is not found.
type ModelChangeFeed struct {
	Rebrowse time.Duration `json:"rebrowse,omitempty"` // 0 stands for 12 hours
}
