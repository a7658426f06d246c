package opcua

import (
	"fmt"

	"github.com/shopfloor-iiot/shopfloor/model"
)

// explain says what the server does not monitor, with the member of the field that the status is about. What to do about it is the status' Remedy.
func (i *item) explain(status model.StatusCode) string {
	return fmt.Sprintf("monitor %s%s: %s", i.node, i.about(status), status.Name())
}

// reason is explain for an item, and more for one of events, whose fields are not in the status of the writer while there are none.
func (i *item) reason(status model.StatusCode) string {
	if i.events == nil {
		return i.explain(status)
	}
	text := fmt.Sprintf("the server does not send the events of %s: %s", i.node, status.Name())
	if i.notifier.filter.message != "" {
		text += ": " + i.notifier.filter.message
	}
	switch status {
	case model.StatusBadAttributeIdInvalid, model.StatusBadNodeIdUnknown, model.StatusBadNodeIdInvalid:
		return text + "; name a node that sends events, i=2253 for all events of the server"
	case model.StatusBadEventFilterInvalid, model.StatusBadMonitoredItemFilterInvalid, model.StatusBadMonitoredItemFilterUnsupported,
		model.StatusBadFilterNotAllowed, model.StatusBadFilterOperatorUnsupported, model.StatusBadFilterOperatorInvalid,
		model.StatusBadContentFilterInvalid, model.StatusBadFilterOperandInvalid, model.StatusBadFilterElementInvalid, model.StatusBadFilterLiteralInvalid,
		model.StatusBadFilterOperandCountMismatch:
		if n := len(i.events.selects); n > maxConditionSelects && i.notifier.filter.message == "" {
			text += fmt.Sprintf(": %d fields are selected, and not all servers take more than %d", n, maxConditionSelects)
		}
		return text + "; select fewer fields, or simplify the where clause"
	}
	if remedy := status.Remedy(); remedy != "" {
		text += ". " + remedy
	}
	return text
}

func (m *itemSpec) about(status model.StatusCode) string {
	switch status {
	case model.StatusBadAttributeIdInvalid:
		return fmt.Sprintf(" with attribute %d", m.attributeOrValue())
	case model.StatusBadIndexRangeInvalid, model.StatusBadIndexRangeNoData:
		return fmt.Sprintf(" with indexRange %q", m.indexRange)
	case model.StatusBadFilterNotAllowed, model.StatusBadMonitoredItemFilterUnsupported, model.StatusBadDeadbandFilterInvalid, model.StatusBadMonitoredItemFilterInvalid:
		switch m.deadband.Type {
		case model.DeadbandPercent:
			return fmt.Sprintf(" with a deadband of %v percent of its EURange", m.deadband.Value)
		case model.DeadbandAbsolute:
			return fmt.Sprintf(" with a deadband of %v", m.deadband.Value)
		}
		return fmt.Sprintf(" with trigger %q", m.on)
	}
	return ""
}

func (m *itemSpec) attributeOrValue() model.AttributeID {
	if m.attribute == 0 {
		return model.AttributeValue
	}
	return m.attribute
}
