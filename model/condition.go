package model

import "strings"

// ShelvingState is whether an alarm is shelved (Part 9, 5.8.17).
type ShelvingState string

// The states of a ShelvedStateMachine; empty when the alarm cannot be shelved.
const (
	Unshelved      ShelvingState = "UNSHELVED"
	TimedShelved   ShelvingState = "TIMED_SHELVED"
	OneShotShelved ShelvingState = "ONE_SHOT_SHELVED"
)

// LimitName is a limit of a limit alarm (Part 9, 5.8.18).
type LimitName string

// The limits.
const (
	LimitHighHigh LimitName = "HIGH_HIGH"
	LimitHigh     LimitName = "HIGH"
	LimitLow      LimitName = "LOW"
	LimitLowLow   LimitName = "LOW_LOW"
)

// The nodes of the states, by their ids in namespace 0.
var (
	shelvingStates = map[uint32]ShelvingState{2930: Unshelved, 2932: TimedShelved, 2933: OneShotShelved}
	limitVariables = map[string]LimitName{"HighHighState": LimitHighHigh, "HighState": LimitHigh, "LowState": LimitLow, "LowLowState": LimitLowLow}
	limitStates    = map[uint32]LimitName{9329: LimitHighHigh, 9331: LimitHigh, 9333: LimitLow, 9335: LimitLowLow}
)

// Condition is the state of a condition, or of a branch of it that is not the current one, as its newest event tells it (Part 9, 5.5). What is nil its
// type does not have, or the server did not tell.
type Condition struct {
	Event                                               *Event
	Name                                                string
	Enabled, Active, Acked, Confirmed                   *bool
	Suppressed, OutOfService, Silenced, Latched, Dialog *bool
	SuppressedOrShelved                                 *bool
	Shelving                                            ShelvingState
	// UnshelveTime is the time that is left of the shelving, in milliseconds, when the event was sent; 0 for none.
	UnshelveTime float64
	// Limits are those that the value is beyond.
	Limits []LimitName
}

// ConditionOf reads the state from the fields of an event, which are named as EventOf has them: "ActiveState/Id".
func ConditionOf(e *Event) Condition {
	c := Condition{Event: e}
	for i := range e.Fields {
		c.take(standardName(e.Fields[i].Name), e.Fields[i].Value.Value)
	}
	if c.Active != nil && !*c.Active {
		c.Limits = nil // some servers leave the last one
	}
	return c
}

func (c *Condition) take(name string, v Variant) {
	switch name {
	case "ConditionName":
		c.Name = v.Text()
	case "SuppressedOrShelved":
		c.SuppressedOrShelved = boolean(v)
	case "LimitState/CurrentState/Id":
		if limit := limitStates[standardID(v)]; limit != "" {
			c.Limits = append(c.Limits, limit)
		}
	case "ShelvingState/CurrentState/Id":
		c.Shelving = shelvingStates[standardID(v)]
	case "ShelvingState/UnshelveTime":
		c.UnshelveTime, _ = v.Number()
	default:
		variable, ok := strings.CutSuffix(name, "/Id")
		if !ok {
			return
		}
		if state := c.state(variable); state != nil {
			*state = boolean(v)
		} else if limit := limitVariables[variable]; limit != "" && v.Bool() {
			c.Limits = append(c.Limits, limit)
		}
	}
}

// state is where the state of a TwoStateVariable is kept, nil for one that is not.
func (c *Condition) state(variable string) **bool {
	switch variable {
	case "EnabledState":
		return &c.Enabled
	case "ActiveState":
		return &c.Active
	case "AckedState":
		return &c.Acked
	case "ConfirmedState":
		return &c.Confirmed
	case "SuppressedState":
		return &c.Suppressed
	case "OutOfServiceState":
		return &c.OutOfService
	case "SilenceState":
		return &c.Silenced
	case "LatchedState":
		return &c.Latched
	case "DialogState":
		return &c.Dialog
	}
	return nil
}

// boolean is nil for a value of another type.
func boolean(v Variant) *bool {
	if v.Type() != TypeBoolean || v.IsArray() {
		return nil
	}
	b := v.Bool()
	return &b
}

// standardID is the number of a node of namespace 0, 0 for others.
func standardID(v Variant) uint32 {
	id := nodeIn(v, nil)
	if id.NamespaceURI != "" || id.ServerIndex != 0 || id.Namespace() != 0 || id.Type() != IDNumeric {
		return 0
	}
	return id.Numeric()
}

// ConditionKey names a condition and, unless it is null, a branch of it.
type ConditionKey struct {
	Condition ExpandedNodeID `json:"condition"`
	Branch    ExpandedNodeID `json:"branch,omitzero"`
}

// ConditionKeyOf is the key of the condition of an event.
func ConditionKeyOf(e *Event) ConditionKey { return ConditionKey{e.ConditionID, e.BranchID} }

// ConditionFilter selects conditions; its empty parts select all.
type ConditionFilter struct {
	Conditions  []ExpandedNodeID `json:"conditions,omitempty"`
	EventTypes  []ExpandedNodeID `json:"eventTypes,omitempty"` // exact
	SourceNodes []ExpandedNodeID `json:"sourceNodes,omitempty"`
	// A condition that does not have a state is not selected by one.
	Active     *bool  `json:"active,omitempty"`
	Acked      *bool  `json:"acked,omitempty"`
	Confirmed  *bool  `json:"confirmed,omitempty"`
	Shelved    *bool  `json:"shelved,omitempty"`
	Suppressed *bool  `json:"suppressed,omitempty"`
	Severity   uint16 `json:"severity,omitempty"` // at least
	// Text is looked for in the message and in the names of the source and of the condition, whatever the case.
	Text string `json:"text,omitempty"`
	// Branches includes those that are not the current state.
	Branches bool `json:"branches,omitempty"`
}

// Matches tells whether f selects c.
func (f *ConditionFilter) Matches(c *Condition) bool {
	var shelved *bool
	if c.Shelving != "" {
		is := c.Shelving != Unshelved
		shelved = &is
	}
	e := c.Event
	switch {
	case !isAmong(e.ConditionID, f.Conditions), !isAmong(e.EventType, f.EventTypes), !isAmong(e.SourceNode, f.SourceNodes), e.Severity < f.Severity,
		!f.Branches && !e.BranchID.IsNull():
		return false
	}
	for _, s := range [...]struct{ want, is *bool }{
		{f.Active, c.Active}, {f.Acked, c.Acked}, {f.Confirmed, c.Confirmed}, {f.Shelved, shelved}, {f.Suppressed, c.Suppressed},
	} {
		if s.want != nil && (s.is == nil || *s.is != *s.want) {
			return false
		}
	}
	text := strings.ToLower(f.Text)
	return text == "" || strings.Contains(strings.ToLower(e.Message.Text), text) || strings.Contains(strings.ToLower(e.SourceName), text) ||
		strings.Contains(strings.ToLower(c.Name), text)
}
