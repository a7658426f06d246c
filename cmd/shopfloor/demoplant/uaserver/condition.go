package uaserver

import (
	"time"

	"github.com/gopcua/opcua/id"
	"github.com/gopcua/opcua/ua"
)

// isRefresh tells whether events of a type are about a refresh of conditions, which no filter holds back (Part 9, 5.11).
func isRefresh(eventType uint32) bool {
	return eventType == id.RefreshStartEventType || eventType == id.RefreshEndEventType || eventType == id.RefreshRequiredEventType
}

// conditionRefresh implements ConditionRefresh and ConditionRefresh2 (Part 9, 5.5.7 and 5.5.8): the newest events of all conditions that are retained go
// once more to the items of a subscription, or to one of them, between two events that say so. handled is false for another method.
func (s *Server) conditionRefresh(sess *session, req *ua.CallMethodRequest) (result *ua.CallMethodResult, handled bool) {
	refresh, refresh2 := s.space.Standard(id.ConditionType_ConditionRefresh), s.space.Standard(id.ConditionType_ConditionRefresh2)
	method := s.space.Node(req.MethodID)
	if s.cfg.Conditions == nil || method == nil || method != refresh && method != refresh2 {
		return nil, false
	}
	want := 1
	if method == refresh2 {
		want = 2
	}
	if status := s.refreshArguments(req, want); status != ua.StatusOK {
		return &ua.CallMethodResult{StatusCode: status}, true
	}
	subscriptionID := req.InputArguments[0].Value().(uint32)
	status := ua.StatusOK
	// What is raised meanwhile comes before or after, and not between: the application holds its conditions while it reports them.
	s.cfg.Conditions(func(retained []Event) {
		sess.mu.Lock()
		defer sess.mu.Unlock()
		sub := sess.subscriptions[subscriptionID]
		if sub == nil {
			status = ua.StatusBadSubscriptionIDInvalid
			return
		}
		items := sub.items
		if method == refresh2 {
			items = nil
			for _, m := range sub.items {
				if m.id == req.InputArguments[1].Value().(uint32) {
					items = append(items, m)
				}
			}
			if items == nil {
				status = ua.StatusBadMonitoredItemIDInvalid
				return
			}
		}
		s.refresh(items, retained)
	})
	return &ua.CallMethodResult{StatusCode: status, InputArgumentResults: make([]ua.StatusCode, want)}, true
}

func (s *Server) refreshArguments(req *ua.CallMethodRequest, want int) ua.StatusCode {
	switch {
	case req.ObjectID == nil || !req.ObjectID.Equal(ua.NewNumericNodeID(0, id.ConditionType)):
		return ua.StatusBadMethodInvalid
	case len(req.InputArguments) < want:
		return ua.StatusBadArgumentsMissing
	case len(req.InputArguments) > want:
		return ua.StatusBadTooManyArguments
	}
	for _, in := range req.InputArguments {
		if _, ok := in.Value().(uint32); !ok {
			return ua.StatusBadInvalidArgument
		}
	}
	return ua.StatusOK
}

// refresh queues the events. The session's mutex is held.
func (s *Server) refresh(items []*monitoredItem, retained []Event) {
	now := time.Now().UTC()
	bracket := func(eventType uint32, text string) Event {
		return Event{Type: eventType, Source: ua.NewNumericNodeID(0, id.Server), SourceName: "Server", Message: text, Severity: 1, Time: now}
	}
	events := append([]Event{bracket(id.RefreshStartEventType, "Refresh begins")}, retained...)
	events = append(events, bracket(id.RefreshEndEventType, "Refresh ends"))
	for i := range events {
		fields := events[i].fields()
		for _, m := range items {
			s.report(m, &events[i], fields)
		}
	}
}

// bindConditions has the methods that send the state of conditions once more be executable.
func (s *Server) bindConditions() {
	for _, number := range []uint32{id.ConditionType_ConditionRefresh, id.ConditionType_ConditionRefresh2} {
		if n := s.space.Standard(number); n != nil && s.cfg.Conditions != nil {
			n.Method = &Method{Inputs: arguments(n), Call: func([]*ua.Variant) ([]*ua.Variant, []ua.StatusCode, ua.StatusCode) {
				return nil, nil, ua.StatusBadMethodInvalid // it needs the session: see conditionRefresh
			}}
		}
	}
}
