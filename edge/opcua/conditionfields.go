package opcua

import (
	"context"
	"slices"
	"strings"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// conditionTypes are the types that tell all fields of conditionFields, the last two for servers that do not have the others.
var conditionTypes = []uint32{9341, 9906, 2830, 10637, 2915, idConditionType}

// conditionFields are what is kept of a condition: browse names, joined by "/", of the fields that ConditionType and the types of alarms have.
var conditionFields = []string{
	"EventId", "EventType", "SourceNode", "SourceName", "Time", "ReceiveTime", "Message", "Severity",
	"ConditionClassId", "ConditionClassName", "ConditionName", "BranchId", "Retain", "EnabledState", "EnabledState/Id", "EnabledState/TransitionTime", "Quality",
	"LastSeverity", "Comment", "ClientUserId",
	"AckedState", "AckedState/Id", "AckedState/TransitionTime", "ConfirmedState", "ConfirmedState/Id", "ConfirmedState/TransitionTime",
	"ActiveState", "ActiveState/Id", "ActiveState/EffectiveDisplayName", "ActiveState/TransitionTime", "InputNode",
	"SuppressedState", "SuppressedState/Id", "OutOfServiceState", "OutOfServiceState/Id", "SilenceState", "SilenceState/Id", "LatchedState", "LatchedState/Id",
	"ShelvingState/CurrentState", "ShelvingState/CurrentState/Id", "ShelvingState/UnshelveTime", "SuppressedOrShelved", "MaxTimeShelved",
	"HighHighLimit", "HighLimit", "LowLimit", "LowLowLimit", "LimitState/CurrentState", "LimitState/CurrentState/Id",
	"HighHighState", "HighHighState/Id", "HighState", "HighState/Id", "LowState", "LowState/Id", "LowLowState", "LowLowState/Id", "NormalState",
	"DialogState", "DialogState/Id", "Prompt", "ResponseOptionSet", "DefaultResponse", "OkResponse", "CancelResponse", "LastResponse",
}

// maxConditionSelects is how many select clauses servers take at least: open62541 refuses a filter with more than 64, without a word which.
const maxConditionSelects = 64

// spareFields are left out of a filter with too many clauses, from the first on: the names of states whose Id is there, and what seldom changes.
var spareFields = []string{
	"HighHighState", "HighState", "LowState", "LowLowState", "OkResponse", "CancelResponse", "LatchedState", "SilenceState", "OutOfServiceState",
	"EnabledState/TransitionTime", "ActiveState/EffectiveDisplayName", "ConfirmedState/TransitionTime",
}

// fieldsOfBase are how many of conditionFields BaseEventType declares, fieldsOfCondition those that ConditionType declares as well.
const (
	fieldsOfBase      = 8
	fieldsOfCondition = 20
)

// compileConditions makes the filter that keeps the state of all conditions of a server: those fields that the server's types have, and what its own
// types add.
func (s *session) compileConditions(ctx context.Context) (*eventFilter, error) {
	c := &eventCompiler{session: s, types: map[model.ExpandedNodeID]*eventType{}, filter: &eventFilter{}}
	known, err := c.conditionTypes(ctx)
	if err != nil {
		return nil, err
	}
	c.filter.selects = append(c.filter.selects, systemOperand("", conditionType))
	for i, name := range conditionFields {
		path := strings.Split(name, "/")
		o := attributeOperand{name: name, attribute: model.AttributeValue}
		for _, t := range known {
			if f := t.find(path, s.namespaces); f != nil {
				o.typeDefinition, o.path = f.declaredBy, f.path
				break
			}
		}
		if o.path == nil {
			if i >= fieldsOfCondition || len(known) > 0 && i >= fieldsOfBase && len(path) > 1 {
				continue // an optional one that the server does not have
			}
			o.typeDefinition = conditionType
			if i < fieldsOfBase {
				o.typeDefinition = baseEventType
			}
			for _, n := range path {
				o.path = append(o.path, model.QualifiedName{Name: n})
			}
		}
		c.filter.selects = append(c.filter.selects, o)
	}
	own, err := s.ownConditionFields(ctx)
	if err != nil {
		return nil, err
	}
	c.filter.selects = append(c.filter.selects, own...)
	f := c.filter
	f.spare(maxConditionSelects)
	f.where = typeElements(conditionType, 0)
	f.shift = len(f.where)
	f.letRefreshesPass()
	f.fields = len(f.selects)
	f.settle()
	return f, nil
}

// spare leaves out spareFields until there are no more clauses than most.
func (f *eventFilter) spare(most int) {
	for _, name := range spareFields {
		if len(f.selects) <= most {
			return
		}
		f.selects = slices.DeleteFunc(f.selects, func(o attributeOperand) bool { return o.name == name })
	}
}

// conditionTypes reads what the server tells of the types of conditions.
func (c *eventCompiler) conditionTypes(ctx context.Context) (known []*eventType, err error) {
	for _, id := range conditionTypes {
		node := model.NumericID(0, id)
		if slices.ContainsFunc(known, func(t *eventType) bool { return slices.Contains(t.chain, node) }) {
			continue
		}
		t, err := c.typeOf(ctx, model.Expanded(node))
		if err != nil {
			return nil, err
		}
		if t != nil {
			known = append(known, t)
		}
	}
	return known, nil
}
