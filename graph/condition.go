package graph

import (
	"encoding/base64"
	"time"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// Condition shows the state of a condition.
type Condition struct {
	server *model.Server
	state  model.Condition
	// typeName is the browse name of its type.
	typeName string
}

// newCondition shows the state that an event tells.
func (r *Resolver) newCondition(s *model.Server, e *model.Event) Condition {
	e.Gateway, e.Server = s.Gateway, s.ID
	e.ID = eventIDOf(s.ID, e)
	return Condition{s, model.ConditionOf(e), r.plantEvents.Load().typeName(e.EventType)}
}

// eventIDOf names an event that came straight from a server.
func eventIDOf(server string, e *model.Event) string {
	return server + "/" + base64.RawURLEncoding.EncodeToString(e.EventID)
}

func conditionID(server string, key model.ConditionKey) string {
	id := server + "/" + key.Condition.String()
	if !key.Branch.IsNull() {
		id += "/" + key.Branch.String()
	}
	return id
}

// value is a field of the newest event, null for none.
func (c *Condition) value(name string) model.Variant {
	for i := range c.state.Event.Fields {
		if f := &c.state.Event.Fields[i]; f.Name == name {
			return f.Value.Value
		}
	}
	return model.Variant{}
}

func (c *Condition) text(name string) *model.LocalizedText { return optional(textIn(c.value(name))) }

func (c *Condition) int(name string) *int {
	n, ok := c.value(name).Number()
	if !ok {
		return nil
	}
	i := int(n)
	return &i
}

// ID is the same for the same condition or branch.
func (c *Condition) ID() string {
	return conditionID(c.server.ID, model.ConditionKeyOf(c.state.Event))
}

// Server is whose condition it is.
func (c *Condition) Server() *model.Server { return c.server }

// ConditionID is its node.
func (c *Condition) ConditionID() model.ExpandedNodeID { return c.state.Event.ConditionID }

// BranchID is null for the current state.
func (c *Condition) BranchID() *model.ExpandedNodeID { return &c.state.Event.BranchID }

// Name is the name of the condition.
func (c *Condition) Name() *string { return optional(c.state.Name) }

// EventType is the type of the condition.
func (c *Condition) EventType() *model.ExpandedNodeID { return &c.state.Event.EventType }

// EventTypeName is the name of a type of the standard, or of one of the plant's that the schema has.
func (c *Condition) EventTypeName() *string { return optional(c.typeName) }

// SourceNode is what it is about.
func (c *Condition) SourceNode() *model.ExpandedNodeID { return &c.state.Event.SourceNode }

// SourceName is the name of that.
func (c *Condition) SourceName() *string { return optional(c.state.Event.SourceName) }

// Message is that of the newest event.
func (c *Condition) Message() *model.LocalizedText { return optional(c.state.Event.Message) }

// Severity is 1 to 1000.
func (c *Condition) Severity() *int { return optional(int(c.state.Event.Severity)) }

// LastSeverity is the one before.
func (c *Condition) LastSeverity() *int { return c.int("LastSeverity") }

// Time is when it got into the state.
func (c *Condition) Time() model.DateTime { return c.state.Event.Time }

// ReceiveTime is when the server learnt of it.
func (c *Condition) ReceiveTime() model.DateTime { return c.state.Event.ReceiveTime }

// Quality is that of the values that it goes by.
func (c *Condition) Quality() *StatusCode {
	v := c.value("Quality")
	if v.Type() != model.TypeStatusCode {
		return nil
	}
	return &StatusCode{v.StatusCode()}
}

// Comment is the last one.
func (c *Condition) Comment() *model.LocalizedText { return c.text("Comment") }

// ClientUserID is who did something last.
func (c *Condition) ClientUserID() *string { return optional(c.value("ClientUserId").Text()) }

// Retain tells whether it is of interest.
func (c *Condition) Retain() *bool { return c.state.Event.Retain }

// Enabled tells whether it is in use.
func (c *Condition) Enabled() *bool { return c.state.Enabled }

// Active tells whether what it watches for is the case.
func (c *Condition) Active() *bool { return c.state.Active }

// ActiveState is the name of that with those of substates.
func (c *Condition) ActiveState() *model.LocalizedText {
	if t := c.text("ActiveState/EffectiveDisplayName"); t != nil {
		return t
	}
	return c.text("ActiveState")
}

// ActiveSince is when it became active; 0 when it is not, or that is not known.
func (c *Condition) ActiveSince() model.DateTime {
	if c.state.Active == nil || !*c.state.Active {
		return 0
	}
	return c.value("ActiveState/TransitionTime").DateTime()
}

// Limits are those that the value is beyond.
func (c *Condition) Limits() []model.LimitName {
	if c.state.Limits == nil {
		return []model.LimitName{}
	}
	return c.state.Limits
}

// Acknowledged tells whether an operator has seen it.
func (c *Condition) Acknowledged() *bool { return c.state.Acked }

// Confirmed tells whether an operator has dealt with it.
func (c *Condition) Confirmed() *bool { return c.state.Confirmed }

// Shelving is nil for one that cannot be shelved.
func (c *Condition) Shelving() *model.ShelvingState { return optional(c.state.Shelving) }

// UnshelveTime is when a timed shelving ends, 0 for none.
func (c *Condition) UnshelveTime() model.DateTime {
	left := durationOf(c.state.UnshelveTime)
	if c.state.Shelving != model.TimedShelved || left == nil || c.state.Event.Time.IsZero() {
		return 0
	}
	return model.DateTimeOf(c.state.Event.Time.Time().Add(*left).Truncate(time.Microsecond))
}

// Suppressed tells whether the server keeps it from operators.
func (c *Condition) Suppressed() *bool { return c.state.Suppressed }

// OutOfService tells whether it is taken out of service.
func (c *Condition) OutOfService() *bool { return c.state.OutOfService }

// SuppressedOrShelved tells whether it is kept from operators for any reason.
func (c *Condition) SuppressedOrShelved() *bool { return c.state.SuppressedOrShelved }

// Silenced tells whether its sound is off.
func (c *Condition) Silenced() *bool { return c.state.Silenced }

// Latched tells whether it stays active until it is reset.
func (c *Condition) Latched() *bool { return c.state.Latched }

// Dialog is nil for one that is none.
func (c *Condition) Dialog() *ConditionDialog {
	if c.state.Dialog == nil {
		return nil
	}
	d := &ConditionDialog{
		Active: *c.state.Dialog, Prompt: c.text("Prompt"), DefaultResponse: c.int("DefaultResponse"), LastResponse: c.int("LastResponse"), Responses: []model.LocalizedText{},
	}
	options := c.value("ResponseOptionSet")
	for i := range options.Len() {
		d.Responses = append(d.Responses, textIn(options.Element(i)))
	}
	return d
}
