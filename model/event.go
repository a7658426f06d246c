package model

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Event is one event of a server (Part 5, 6.4.2), with all fields that its writer selected. A condition reports each change of its
// state as an event (Part 9, 5.5).
type Event struct {
	// ID names it among all: the same event, sent again, has the same one.
	ID string `json:"id"`
	// At is its place in time: Time, or when it arrived where Time is not given or cannot be.
	At DateTime `json:"at"`
	// Gateway, Group and Writer tell who published it, Server whose event it is.
	Gateway string `json:"gateway"`
	Group   string `json:"group"`
	Writer  string `json:"writer"`
	Server  string `json:"server,omitempty"`
	// The fields that every event has, as far as the writer selected them: see Summarize.
	EventID     []byte         `json:"eventId,omitempty"`
	EventType   ExpandedNodeID `json:"eventType,omitzero"`
	SourceNode  ExpandedNodeID `json:"sourceNode,omitzero"`
	SourceName  string         `json:"sourceName,omitempty"`
	Time        DateTime       `json:"time,omitempty"`
	ReceiveTime DateTime       `json:"receiveTime,omitempty"`
	Message     LocalizedText  `json:"message,omitzero"`
	// Severity is 1 to 1000, the most urgent; 0 when it is not given.
	Severity uint16 `json:"severity,omitempty"`
	// ConditionID and BranchID name the condition and, if it is not the current state, the branch of it that the event reports.
	ConditionID ExpandedNodeID `json:"conditionId,omitzero"`
	BranchID    ExpandedNodeID `json:"branchId,omitzero"`
	// Retain tells whether the condition is of interest still; nil for an event of no condition.
	Retain *bool `json:"retain,omitempty"`
	// Fields are all fields as they came, those above too.
	Fields []EventField `json:"fields"`
}

// EventField is one selected field of an event.
type EventField struct {
	// Name is the field's in the DataSet: browse names joined by '/', "ActiveState/Id".
	Name  string    `json:"name"`
	Value DataValue `json:"value"`
}

// EventOf is an event of these fields, of which those that are null are left out.
func EventOf(names []string, values []Variant) Event {
	e := Event{Fields: make([]EventField, 0, len(values))}
	for i := range values[:min(len(values), len(names))] {
		if !values[i].IsNull() {
			e.Fields = append(e.Fields, EventField{Name: names[i], Value: DataValue{Value: values[i]}})
		}
	}
	e.Summarize(nil)
	return e
}

// Summarize fills what every event has from Fields, by their names. namespaces are those of NodeIds in the fields.
func (e *Event) Summarize(namespaces NamespaceTable) {
	for i := range e.Fields {
		v := e.Fields[i].Value.Value
		switch standardName(e.Fields[i].Name) {
		case "EventId":
			e.EventID = v.Bytes()
		case "EventType":
			e.EventType = nodeIn(v, namespaces)
		case "SourceNode":
			e.SourceNode = nodeIn(v, namespaces)
		case "SourceName":
			e.SourceName = v.Text()
		case "Time":
			e.Time = v.DateTime()
		case "ReceiveTime":
			e.ReceiveTime = v.DateTime()
		case "Message":
			if e.Message = v.LocalizedText(); v.Type() == TypeString {
				e.Message.Text = v.Text()
			}
		case "Severity":
			if n, ok := v.Number(); ok && n >= 0 && n <= 65535 {
				e.Severity = uint16(n)
			}
		case "ConditionId":
			e.ConditionID = nodeIn(v, namespaces)
		case "BranchId":
			e.BranchID = nodeIn(v, namespaces)
		case "Retain":
			if v.Type() == TypeBoolean && !v.IsArray() {
				retain := v.Bool()
				e.Retain = &retain
			}
		}
	}
}

// standardName takes off what some publishers write before a name of the OPC UA namespace.
func standardName(name string) string {
	return strings.TrimPrefix(strings.TrimPrefix(name, "/"), "0:")
}

// nodeIn is the node that a value names, with the URI of its namespace where that is known.
func nodeIn(v Variant, namespaces NamespaceTable) ExpandedNodeID {
	switch v.Type() {
	case TypeNodeID:
		return namespaces.Expand(v.NodeID())
	case TypeExpandedNodeID:
		return namespaces.ExpandExpanded(v.ExpandedNodeID())
	case TypeString:
		id, _ := ParseExpandedNodeID(v.Text()) // else it names none
		return namespaces.ExpandExpanded(id)
	}
	return ExpandedNodeID{}
}

const (
	// MaxEventAge and MaxEventAhead bound how far from its arrival the time of an event may be to be its place among the others: what is
	// beyond says more of a clock than of the event.
	MaxEventAge   = 366 * 24 * time.Hour
	MaxEventAhead = time.Hour
)

// Place sets At: to Time, else to published, the time of its message, and to the arrival of that where neither can be. It depends on
// nothing else, so that an event that is read again has the same place.
func (e *Event) Place(published DateTime, arrival time.Time) {
	earliest, latest := DateTimeOf(arrival.Add(-MaxEventAge)), DateTimeOf(arrival.Add(MaxEventAhead))
	e.At = DateTimeOf(arrival)
	for _, t := range [...]DateTime{e.Time, published} {
		if t >= earliest && t <= latest {
			e.At = t
			return
		}
	}
}

// Position is the place of e among all events.
func (e *Event) Position() EventPosition { return EventPosition{e.At, e.ID} }

// EventPosition is a place among all events. It stays the same whatever comes and goes around it.
type EventPosition struct {
	At DateTime
	ID string
}

// IsZero tells whether it is none.
func (p EventPosition) IsZero() bool { return p == EventPosition{} }

// Compare is below 0 when p is older than q.
func (p EventPosition) Compare(q EventPosition) int {
	if p.At != q.At {
		if p.At < q.At {
			return -1
		}
		return 1
	}
	return strings.Compare(p.ID, q.ID)
}

// String prints the form that ParseEventPosition reads.
func (p EventPosition) String() string { return strconv.FormatInt(int64(p.At), 36) + "." + p.ID }

// ParseEventPosition reads the form that String prints.
func ParseEventPosition(s string) (EventPosition, error) {
	at, id, ok := strings.Cut(s, ".")
	n, err := strconv.ParseInt(at, 36, 64)
	if err != nil || !ok || n <= 0 {
		return EventPosition{}, fmt.Errorf("%q is no position of an event", s)
	}
	return EventPosition{DateTime(n), id}, nil
}

// EventFilter selects events; its empty parts select all.
type EventFilter struct {
	Gateway, Server, Group, Writer string
	// EventTypes are exact: subtypes are not included.
	EventTypes  []ExpandedNodeID
	SourceNodes []ExpandedNodeID
	SourceName  string
	// MinSeverity and MaxSeverity are both included; MaxSeverity 0 is no bound.
	MinSeverity, MaxSeverity uint16
	// Text is looked for in the message and in the name of the source, whatever the case.
	Text string
	// Condition is one condition, Retained tells the events of conditions that are of interest still.
	Condition ExpandedNodeID
	Retained  *bool
}

// Matches tells whether f selects e.
func (f *EventFilter) Matches(e *Event) bool {
	switch {
	case f.Gateway != "" && f.Gateway != e.Gateway, f.Server != "" && f.Server != e.Server,
		f.Group != "" && f.Group != e.Group, f.Writer != "" && f.Writer != e.Writer,
		f.SourceName != "" && f.SourceName != e.SourceName,
		f.MinSeverity > e.Severity, f.MaxSeverity > 0 && f.MaxSeverity < e.Severity,
		!f.Condition.IsNull() && f.Condition != e.ConditionID,
		f.Retained != nil && (e.Retain == nil || *e.Retain != *f.Retained),
		!isAmong(e.EventType, f.EventTypes), !isAmong(e.SourceNode, f.SourceNodes):
		return false
	case f.Text == "":
		return true
	}
	text := strings.ToLower(f.Text)
	return strings.Contains(strings.ToLower(e.Message.Text), text) || strings.Contains(strings.ToLower(e.SourceName), text)
}

func isAmong(id ExpandedNodeID, list []ExpandedNodeID) bool {
	for i := range list {
		if list[i] == id {
			return true
		}
	}
	return len(list) == 0
}

// EventQuery asks for stored events, the newest first.
type EventQuery struct {
	Filter EventFilter
	// From <= At < To; 0 is no bound.
	From, To DateTime
	// After is the position behind which the answer begins, zero for the newest event.
	After EventPosition
	// Limit is the largest number of events in the answer.
	Limit int
}

// EventPage is an answer to an EventQuery.
type EventPage struct {
	Events []Event
	// Next is where the following page begins; zero when there is none. An answer may be short, or empty, and have one: no more was looked
	// at in one go.
	Next EventPosition
}
