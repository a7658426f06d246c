package model

import "time"

// The verbs for conditions. VerbMonitorConditions starts deliveries of ConditionChanges as VerbMonitorEvents does of events.
const (
	VerbConditions        = "conditions"        // Command[ConditionQuery] → []ConditionPage
	VerbCallConditions    = "callConditions"    // Command[ConditionCall] → []ConditionResult
	VerbMonitorConditions = "monitorConditions" // Command[ConditionMonitorRequest] → null
)

// ConditionQuery asks for the conditions of a server that are retained. Those that its Filter names and that are not retained are read from the address
// space, as far as they are in it.
type ConditionQuery struct {
	Filter ConditionFilter `json:"filter"`
	// After is where a further page begins: the Next of the one before.
	After uint64 `json:"after,omitempty"`
	Limit int    `json:"limit"`
}

// ConditionPage answers a ConditionQuery, in the order in which the conditions became known.
type ConditionPage struct {
	// Conditions are their newest events, with all that ConditionOf reads.
	Conditions []Event `json:"conditions,omitempty"`
	// Places are what After means for each.
	Places []uint64 `json:"places,omitempty"`
	Total  int      `json:"total"`
	// Next is 0 when there are no more.
	Next uint64 `json:"next,omitempty"`
	// Complete tells that all conditions that the server retains are known; Message says why they may not be.
	Complete bool   `json:"complete,omitempty"`
	Message  string `json:"message,omitempty"`
	// Unkept counts events of conditions for which there was no room.
	Unkept uint64 `json:"unkept,omitempty"`
}

// ConditionMonitorRequest asks for the conditions of a server and how they change.
type ConditionMonitorRequest struct {
	// ID names the monitoring among all of the gateway; the asker makes it up.
	ID     string          `json:"id"`
	Filter ConditionFilter `json:"filter"`
}

// ConditionChanges is a delivery: first all conditions that the filter selects, in one or several, then what changed. Only the newest state of each is
// delivered.
type ConditionChanges struct {
	Sequence uint64 `json:"sequence"`
	// Changes are conditions that the filter selects, Removed those told before that it does not select any more, or that are not retained.
	Changes []Event        `json:"changes,omitempty"`
	Removed []ConditionKey `json:"removed,omitempty"`
	// Complete tells that all conditions that the server retains have been told.
	Complete bool `json:"complete,omitempty"`
	// Overflow tells that deliveries were lost on the way: what is known is not complete.
	Overflow bool       `json:"overflow,omitempty"`
	Status   StatusCode `json:"status,omitempty"`
	Message  string     `json:"message,omitempty"`
	// Ended tells that this is the last delivery, and Status and Message why.
	Ended bool `json:"ended,omitempty"`
}

// ConditionAction is a method of a condition (Part 9, 5.5 to 5.8).
type ConditionAction string

// The actions.
const (
	ConditionEnable            ConditionAction = "Enable"
	ConditionDisable           ConditionAction = "Disable"
	ConditionAddComment        ConditionAction = "AddComment"
	ConditionAcknowledge       ConditionAction = "Acknowledge"
	ConditionConfirm           ConditionAction = "Confirm"
	ConditionOneShotShelve     ConditionAction = "OneShotShelve"
	ConditionTimedShelve       ConditionAction = "TimedShelve"
	ConditionUnshelve          ConditionAction = "Unshelve"
	ConditionSuppress          ConditionAction = "Suppress"
	ConditionUnsuppress        ConditionAction = "Unsuppress"
	ConditionRemoveFromService ConditionAction = "RemoveFromService"
	ConditionPlaceInService    ConditionAction = "PlaceInService"
	ConditionSilence           ConditionAction = "Silence"
	ConditionReset             ConditionAction = "Reset"
	ConditionRespond           ConditionAction = "Respond"
)

// ConditionCall calls a method of a condition.
type ConditionCall struct {
	Action ConditionAction `json:"action"`
	ConditionKey
	// EventID is that of the state that a comment is about, for AddComment, Acknowledge and Confirm; nil stands for the newest of the branch.
	EventID []byte `json:"eventId,omitempty"`
	// Comment is that of AddComment, Acknowledge and Confirm. The others take one where the server has the methods for it; nil for none.
	Comment *LocalizedText `json:"comment,omitempty"`
	// ShelvingTime is that of TimedShelve, Response that of Respond.
	ShelvingTime time.Duration `json:"shelvingTime,omitempty"`
	Response     int32         `json:"response,omitempty"`
}

// ConditionResult answers one ConditionCall.
type ConditionResult struct {
	Status  StatusCode `json:"status,omitempty"`
	Message string     `json:"message,omitempty"`
	// EventID is what the method was called with, nil for methods without.
	EventID []byte `json:"eventId,omitempty"`
}
