package graph

import (
	"encoding/base64"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// HistoricalEvent shows an event of a server's history.
type HistoricalEvent struct{ event model.Event }

// EventID is the server's own name for it, nil if it was not selected.
func (e *HistoricalEvent) EventID() *string {
	return optional(base64.StdEncoding.EncodeToString(e.event.EventID))
}

// EventType is its type.
func (e *HistoricalEvent) EventType() *model.ExpandedNodeID { return &e.event.EventType }

// EventTypeName is the name of a type of the standard, nil for others.
func (e *HistoricalEvent) EventTypeName() *string {
	return optional(model.EventTypeName(e.event.EventType))
}

// SourceNode is the node that it is about.
func (e *HistoricalEvent) SourceNode() *model.ExpandedNodeID { return &e.event.SourceNode }

// SourceName is the name of that.
func (e *HistoricalEvent) SourceName() *string { return optional(e.event.SourceName) }

// Time is when it happened, 0 if not given.
func (e *HistoricalEvent) Time() model.DateTime { return e.event.Time }

// ReceiveTime is when the server learnt of it, 0 if not given.
func (e *HistoricalEvent) ReceiveTime() model.DateTime { return e.event.ReceiveTime }

// Message is nil if it was not selected.
func (e *HistoricalEvent) Message() *model.LocalizedText { return optional(e.event.Message) }

// Severity is 1 to 1000, nil if it was not selected.
func (e *HistoricalEvent) Severity() *int { return optional(int(e.event.Severity)) }

// Fields are all fields.
func (e *HistoricalEvent) Fields() []EventField {
	fields := make([]EventField, len(e.event.Fields))
	for i := range fields {
		fields[i] = EventField{name: e.event.Fields[i].Name, value: DataValue{value: e.event.Fields[i].Value}}
	}
	return fields
}
