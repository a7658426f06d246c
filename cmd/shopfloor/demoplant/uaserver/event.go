package uaserver

import (
	"crypto/rand"
	"maps"
	"strings"
	"time"

	"github.com/gopcua/opcua/id"
	"github.com/gopcua/opcua/ua"
)

// Event is what a node reports, with the fields of BaseEventType (Part 5, 6.4.2). All events are events of the Server object.
type Event struct {
	ID         []byte // empty: one is made
	Type       uint32 // of namespace 0: BaseEventType or a subtype
	Source     *ua.NodeID
	SourceName string
	Message    string
	Severity   uint16 // 1 to 1000
	Time       time.Time
	// ConditionID is the condition whose state the event reports, nil for none (Part 9, 5.5.2).
	ConditionID *ua.NodeID
	// Fields are those that the subtype adds, by their browse names, which are of namespace 0, joined with "/".
	Fields map[string]any
}

// Raise reports an event to all who monitor those of the Server object. It does not wait.
func (s *Server) Raise(e Event) {
	fields := e.fields()
	for _, sess := range s.sessions.list() {
		sess.mu.Lock()
		for _, sub := range sess.subscriptions {
			for _, m := range sub.items {
				s.report(m, &e, fields)
			}
		}
		sess.mu.Unlock()
	}
}

// report queues an event for an item that wants it. The session's mutex is held.
func (s *Server) report(m *monitoredItem, e *Event, fields map[string]any) {
	if m.selects != nil && m.mode != ua.MonitoringModeDisabled && (isRefresh(e.Type) || s.passes(m.where, e, fields)) {
		m.enqueueEvent(fields)
	}
}

// conditionIDField is the key of the ConditionId, which has no path (Part 9, 5.5.2.13).
const conditionIDField = ""

func (e *Event) fields() map[string]any {
	eventID := e.ID
	if len(eventID) == 0 {
		eventID = newEventID()
	}
	fields := map[string]any{
		"EventId": eventID, "EventType": ua.NewNumericNodeID(0, e.Type), "SourceNode": e.Source, "SourceName": e.SourceName, "Time": e.Time,
		"ReceiveTime": e.Time, "Message": ua.NewLocalizedTextWithLocale(e.Message, "en"), "Severity": e.Severity,
	}
	maps.Copy(fields, e.Fields)
	if e.ConditionID != nil {
		fields[conditionIDField] = e.ConditionID
	}
	return fields
}

func newEventID() []byte {
	eventID := make([]byte, 16)
	_, _ = rand.Read(eventID) // never fails
	return eventID
}

// fieldOf is the key of what an operand selects; ok is false for what no event has.
func fieldOf(o *ua.SimpleAttributeOperand) (key string, ok bool) {
	if len(o.BrowsePath) == 0 {
		return conditionIDField, o.AttributeID == ua.AttributeIDNodeID
	}
	names := make([]string, len(o.BrowsePath))
	for i, q := range o.BrowsePath {
		if q.NamespaceIndex != 0 {
			return "", false
		}
		names[i] = q.Name
	}
	return strings.Join(names, "/"), o.AttributeID == ua.AttributeIDValue
}

// enqueueEvent adds the selected fields; of a full queue the oldest event, or this one, is lost.
func (m *monitoredItem) enqueueEvent(fields map[string]any) {
	if len(m.events) >= m.queueSize {
		if !m.discardOldest {
			return
		}
		m.events = m.events[1:]
	}
	list := &ua.EventFieldList{ClientHandle: m.clientHandle, EventFields: make([]*ua.Variant, len(m.selects))}
	for i, sel := range m.selects {
		list.EventFields[i] = &ua.Variant{}
		if key, ok := fieldOf(sel); ok {
			if v, ok := fields[key]; ok {
				list.EventFields[i] = ua.MustVariant(v)
			}
		}
	}
	m.events = append(m.events, list)
}

// newEventItem checks a request for the events of a node.
func (s *Server) newEventItem(m *monitoredItem, p *ua.MonitoringParameters) ua.StatusCode {
	if m.node != s.space.Standard(id.Server) {
		return ua.StatusBadAttributeIDInvalid // no other node is an event notifier
	}
	return s.configureEvents(m, p)
}

// configureEvents applies requested parameters. What is wrong with the where clause is in the item's filterResult.
func (s *Server) configureEvents(m *monitoredItem, p *ua.MonitoringParameters) ua.StatusCode {
	if p.Filter == nil {
		return ua.StatusBadEventFilterInvalid
	}
	f, ok := p.Filter.Value.(*ua.EventFilter)
	if !ok || len(f.SelectClauses) == 0 || len(f.SelectClauses) > maxOperations {
		return ua.StatusBadEventFilterInvalid
	}
	var where *whereClause
	if f.WhereClause != nil && len(f.WhereClause.Elements) > 0 {
		var result *ua.EventFilterResult
		if where, result = compileWhere(f); result != nil {
			m.filterResult = ua.NewExtensionObject(result)
			return ua.StatusBadEventFilterInvalid
		}
	}
	m.selects, m.where = f.SelectClauses, where
	m.clientHandle, m.discardOldest = p.ClientHandle, p.DiscardOldest
	m.queueSize = int(min(max(1, p.QueueSize), maxQueue))
	m.next = never
	return ua.StatusOK
}

// never is when an item of events is sampled.
var never = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
