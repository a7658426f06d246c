package uaserver

import (
	"crypto/rand"
	"time"

	"github.com/gopcua/opcua/id"
	"github.com/gopcua/opcua/ua"
)

// Event is what a node reports, with the fields of BaseEventType (Part 5, 6.4.2). All events are events of the Server object.
type Event struct {
	Type       uint32 // of namespace 0: BaseEventType or a subtype without fields of its own
	Source     *ua.NodeID
	SourceName string
	Message    string
	Severity   uint16 // 1 to 1000
	Time       time.Time
}

// Raise reports an event to all who monitor those of the Server object. It does not wait.
func (s *Server) Raise(e Event) {
	fields := e.fields()
	for _, sess := range s.sessions.list() {
		sess.mu.Lock()
		for _, sub := range sess.subscriptions {
			for _, m := range sub.items {
				if m.selects != nil && m.mode != ua.MonitoringModeDisabled && s.passes(m.where, e.Type) {
					m.enqueueEvent(fields)
				}
			}
		}
		sess.mu.Unlock()
	}
}

func (e *Event) fields() map[string]any {
	eventID := make([]byte, 16)
	_, _ = rand.Read(eventID) // never fails
	return map[string]any{
		"EventId": eventID, "EventType": ua.NewNumericNodeID(0, e.Type), "SourceNode": e.Source, "SourceName": e.SourceName, "Time": e.Time,
		"ReceiveTime": e.Time, "Message": ua.NewLocalizedTextWithLocale(e.Message, "en"), "Severity": e.Severity,
	}
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
		if len(sel.BrowsePath) == 1 && sel.BrowsePath[0].NamespaceIndex == 0 && sel.AttributeID == ua.AttributeIDValue {
			if v, ok := fields[sel.BrowsePath[0].Name]; ok {
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

// configureEvents applies requested parameters. Of where clauses those are known that ask for a type.
func (s *Server) configureEvents(m *monitoredItem, p *ua.MonitoringParameters) ua.StatusCode {
	if p.Filter == nil {
		return ua.StatusBadEventFilterInvalid
	}
	f, ok := p.Filter.Value.(*ua.EventFilter)
	if !ok || len(f.SelectClauses) == 0 || len(f.SelectClauses) > maxOperations {
		return ua.StatusBadEventFilterInvalid
	}
	var where *ua.NodeID
	if f.WhereClause != nil && len(f.WhereClause.Elements) > 0 {
		if where = typeOf(f.WhereClause.Elements); where == nil {
			return ua.StatusBadMonitoredItemFilterUnsupported
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

// typeOf is the type that a where clause of one element OfType asks for, nil for any other clause.
func typeOf(elements []*ua.ContentFilterElement) *ua.NodeID {
	if len(elements) != 1 || elements[0].FilterOperator != ua.FilterOperatorOfType || len(elements[0].FilterOperands) != 1 {
		return nil
	}
	literal, ok := elements[0].FilterOperands[0].Value.(*ua.LiteralOperand)
	if !ok || literal.Value == nil {
		return nil
	}
	nodeID, _ := literal.Value.Value().(*ua.NodeID)
	return nodeID
}

// passes tells whether events of a type are those of another one, or of a subtype of it.
func (s *Server) passes(where *ua.NodeID, eventType uint32) bool {
	if where == nil {
		return true
	}
	for n := s.space.Standard(eventType); n != nil; n = n.supertype() {
		if n.ID.Equal(where) {
			return true
		}
	}
	return where.Equal(ua.NewNumericNodeID(0, eventType)) || where.Equal(ua.NewNumericNodeID(0, id.BaseEventType))
}
